/* SPDX-License-Identifier: MIT */
#include "format/pmc.h"

#include <errno.h>
#include <stdlib.h>
#include "base/vec.h"
#include "format/pml-file.h"
#include "format/pml-write-bytes.h"
#include "format/procmon-text.h"

#define RECORD_HEAD 16u /* four numbers before the name */
#define RULES_HEAD  5u  /* a byte, and how many there are */
#define RULE_HEAD   13u /* column, relation, action, length of the value */
#define RULE_TAIL   8u  /* two numbers behind the value */

static const char *const list_names[ESPY_PMC_LIST__MAX] = {
	[ESPY_PMC_FILTER] = "FilterRules",
	[ESPY_PMC_HIGHLIGHT] = "HighlightRules",
};

/* --- memory ----------------------------------------------------------------------------------- */

static struct espy_str keep(struct espy_pmc *c, const void *p, size_t n)
{
	char *copy = espy_arena_dup(&c->arena, p, n);

	return (struct espy_str){copy, copy ? n : 0};
}

/* UTF-16 as UTF-8, without final NULs; p is NULL when memory is out. */
static struct espy_str keep_utf16(struct espy_pmc *c, struct espy_str raw)
{
	struct espy_buf b = {0};
	struct espy_str s = {NULL, 0};

	espy_pml_utf16(&b, (const uint8_t *)raw.p, raw.n & ~(size_t)1);
	while (b.n && b.p[b.n - 1] == '\0')
		b.n--;
	if (!b.error)
		s = keep(c, b.p ? b.p : "", b.n);
	espy_buf_done(&b);
	return s;
}

/* The other way, with a NUL. */
static struct espy_str keep_raw(struct espy_pmc *c, struct espy_str s)
{
	struct espy_buf b = {0};
	struct espy_str raw = {NULL, 0};

	espy_put_utf16(&b, s, SIZE_MAX, NULL);
	espy_put_u16(&b, 0);
	if (!b.error)
		raw = keep(c, b.p, b.n);
	espy_buf_done(&b);
	return raw;
}

static struct espy_pmc_record *add_record(struct espy_pmc *c)
{
	if (c->n >= c->cap &&
	    espy_vec_grow(&c->records, &c->cap, c->n + 1, sizeof(*c->records)) < 0)
		return NULL;
	c->records[c->n] = (struct espy_pmc_record){.list = -1};
	return &c->records[c->n++];
}

static struct espy_pmc_rule *add_rule(struct espy_pmc_rules *rules)
{
	if (rules->n >= rules->cap &&
	    espy_vec_grow(&rules->v, &rules->cap, rules->n + 1, sizeof(*rules->v)) < 0)
		return NULL;
	rules->v[rules->n] = (struct espy_pmc_rule){0};
	return &rules->v[rules->n++];
}

void espy_pmc_free(struct espy_pmc *c)
{
	if (!c)
		return;
	espy_arena_done(&c->arena);
	for (unsigned i = 0; i < ESPY_PMC_LIST__MAX; i++)
		free(c->rules[i].v);
	free(c->records);
	free(c);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reading {
	struct espy_pmc *pmc;
	const uint8_t *p;
	size_t n, at;
	const char *name;
	struct espy_err *err;
};

static int damaged(const struct reading *r, size_t at, const char *what)
{
	return espy_err_set(r->err, -EBADMSG,
			    "%s: no configuration of Process Monitor: %s at offset %zu", r->name,
			    what, at);
}

static int no_memory(const struct reading *r)
{
	return espy_err_set(r->err, -ENOMEM, "no memory left to read %s", r->name);
}

/* One rule at *at of the record's data, which begins at `start` in the file. */
static int read_rule(const struct reading *r, struct espy_str data, size_t *at, size_t start,
		     struct espy_pmc_rules *rules)
{
	const uint8_t *p = (const uint8_t *)data.p + *at;
	size_t left = data.n - *at, bytes;
	struct espy_pmc_rule *rule;

	if (left < RULE_HEAD + RULE_TAIL)
		return damaged(r, start + *at, "a rule is cut");
	bytes = espy_pml_u32(p + 9);
	if (bytes > left - RULE_HEAD - RULE_TAIL || bytes % 2)
		return damaged(r, start + *at, "a rule's value has no valid length");
	rule = add_rule(rules);
	if (!rule)
		return no_memory(r);
	rule->column = espy_pml_u32(p);
	rule->relation = espy_pml_u32(p + 4);
	rule->include = p[8];
	rule->raw = (struct espy_str){data.p + *at + RULE_HEAD, bytes};
	rule->value = keep_utf16(r->pmc, rule->raw);
	rule->number = espy_pml_u32(p + RULE_HEAD + bytes);
	rule->zero = espy_pml_u32(p + RULE_HEAD + bytes + 4);
	*at += RULE_HEAD + bytes + RULE_TAIL;
	return rule->value.p ? 0 : no_memory(r);
}

static int read_rules(const struct reading *r, struct espy_pmc_record *rec, unsigned list,
		      size_t start)
{
	struct espy_pmc_rules *rules = &r->pmc->rules[list];
	size_t at = RULES_HEAD;
	uint32_t n;
	int e = 0;

	if (rec->data.n < RULES_HEAD)
		return damaged(r, start, "a list of rules is cut");
	rules->is_there = true;
	rules->head = (uint8_t)rec->data.p[0];
	n = espy_pml_u32((const uint8_t *)rec->data.p + 1);
	if (n > ESPY_PMC_RULES_MAX)
		return espy_err_set(r->err, -E2BIG, "%s has %u rules in one list; %u can be read",
				    r->name, n, ESPY_PMC_RULES_MAX);
	while (n-- && e == 0)
		e = read_rule(r, rec->data, &at, start, rules);
	if (e == 0 && at != rec->data.n)
		return damaged(r, start + at, "something stands behind the rules");
	rec->list = (int)list;
	return e;
}

static int read_data(const struct reading *r, struct espy_pmc_record *rec, size_t start)
{
	for (unsigned i = 0; i < ESPY_PMC_LIST__MAX; i++)
		if (espy_str_eq(rec->name, espy_str0(list_names[i])) && !r->pmc->rules[i].is_there)
			return read_rules(r, rec, i, start);
	return 0;
}

static int read_record(struct reading *r)
{
	const uint8_t *p = r->p + r->at;
	size_t left = r->n - r->at, size, head, data;
	struct espy_pmc_record *rec;
	int e;

	if (left < RECORD_HEAD)
		return damaged(r, r->at, "a record is cut");
	size = espy_pml_u32(p);
	head = espy_pml_u32(p + 8);
	data = espy_pml_u32(p + 12);
	if (espy_pml_u32(p + 4) != RECORD_HEAD || head < RECORD_HEAD || head % 2 || size > left ||
	    head > size || data != size - head)
		return damaged(r, r->at, "the sizes of a record do not fit together");
	if (r->pmc->n >= ESPY_PMC_RECORDS_MAX)
		return espy_err_set(r->err, -E2BIG, "%s has more than %u records", r->name,
				    ESPY_PMC_RECORDS_MAX);
	rec = add_record(r->pmc);
	if (!rec)
		return no_memory(r);
	rec->raw_name = keep(r->pmc, p + RECORD_HEAD, head - RECORD_HEAD);
	rec->name = keep_utf16(r->pmc, rec->raw_name);
	rec->data = keep(r->pmc, p + head, data);
	if (!rec->raw_name.p || !rec->name.p || !rec->data.p)
		return no_memory(r);
	e = read_data(r, rec, r->at + head);
	r->at += size;
	return e;
}

int espy_pmc_read(struct espy_pmc **ret, const void *p, size_t n, const char *name,
		  struct espy_err *err)
{
	struct reading r = {.p = p, .n = n, .name = name, .err = err};
	int e = 0;

	if (n > ESPY_PMC_SIZE_MAX)
		return espy_err_set(err, -E2BIG, "%s is too large for a configuration", name);
	if (!n)
		return espy_err_set(err, -EBADMSG, "%s is empty", name);
	r.pmc = calloc(1, sizeof(*r.pmc));
	if (!r.pmc)
		return no_memory(&r);
	while (r.at < n && e == 0)
		e = read_record(&r);
	if (e < 0)
		espy_pmc_free(r.pmc);
	else
		*ret = r.pmc;
	return e;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_rules(const struct espy_pmc_rules *rules, struct espy_buf *out)
{
	espy_put_u8(out, rules->head);
	espy_put_u32(out, (uint32_t)rules->n);
	for (size_t i = 0; i < rules->n; i++) {
		const struct espy_pmc_rule *r = &rules->v[i];

		espy_put_u32(out, r->column);
		espy_put_u32(out, r->relation);
		espy_put_u8(out, r->include);
		espy_put_u32(out, (uint32_t)r->raw.n);
		espy_buf_str(out, r->raw);
		espy_put_u32(out, r->number);
		espy_put_u32(out, r->zero);
	}
}

int espy_pmc_write(const struct espy_pmc *c, struct espy_buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct espy_pmc_record *rec = &c->records[i];
		size_t start = out->n, head = RECORD_HEAD + rec->raw_name.n;

		espy_put_u32(out, 0);
		espy_put_u32(out, RECORD_HEAD);
		espy_put_u32(out, (uint32_t)head);
		espy_put_u32(out, 0);
		espy_buf_str(out, rec->raw_name);
		if (rec->list >= 0)
			put_rules(&c->rules[rec->list], out);
		else
			espy_buf_str(out, rec->data);
		espy_patch_u32(out, start, (uint32_t)(out->n - start));
		espy_patch_u32(out, start + 12, (uint32_t)(out->n - start - head));
	}
	return out->error;
}

/* --- changing --------------------------------------------------------------------------------- */

struct espy_pmc_record *espy_pmc_find(const struct espy_pmc *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (espy_str_eq(c->records[i].name, espy_str0(name)))
			return &c->records[i];
	return NULL;
}

/* The record of that name, made at the end when there is none. */
static struct espy_pmc_record *have_record(struct espy_pmc *c, const char *name)
{
	struct espy_pmc_record *rec = espy_pmc_find(c, name);

	if (rec)
		return rec;
	rec = c->n < ESPY_PMC_RECORDS_MAX ? add_record(c) : NULL;
	if (!rec)
		return NULL;
	rec->name = keep(c, name, strlen(name));
	rec->raw_name = keep_raw(c, rec->name);
	rec->data = ESPY_STR_NONE;
	if (rec->raw_name.p)
		return rec;
	c->n--;
	return NULL;
}

static int set_data(struct espy_pmc *c, const char *name, const void *p, size_t n)
{
	struct espy_pmc_record *rec = have_record(c, name);
	struct espy_str data = keep(c, p, n);

	if (!rec || !data.p)
		return -ENOMEM;
	rec->data = data;
	return 0;
}

static int set_buf(struct espy_pmc *c, const char *name, struct espy_buf *b)
{
	int r = b->error ? b->error : set_data(c, name, b->p ? b->p : "", b->n);

	espy_buf_done(b);
	return r;
}

int espy_pmc_set_u32(struct espy_pmc *c, const char *name, uint32_t v)
{
	struct espy_buf b = {0};

	espy_put_u32(&b, v);
	return set_buf(c, name, &b);
}

uint32_t espy_pmc_u32(const struct espy_pmc *c, const char *name, uint32_t none)
{
	const struct espy_pmc_record *rec = espy_pmc_find(c, name);

	return rec && rec->data.n == 4 ? espy_pml_u32((const uint8_t *)rec->data.p) : none;
}

int espy_pmc_set_columns(struct espy_pmc *c, const uint32_t *columns, size_t n)
{
	struct espy_buf widths = {0}, map = {0};
	int r;

	if (n > ESPY_PMC_COLUMNS)
		return -E2BIG;
	for (size_t i = 0; i < ESPY_PMC_COLUMNS; i++) {
		espy_put_u16(&widths, i < n ? 100 : 0);
		espy_put_u32(&map, i < n ? columns[i] : 0);
	}
	r = set_buf(c, "Columns", &widths);
	if (r == 0)
		r = espy_pmc_set_u32(c, "ColumnCount", (uint32_t)n);
	if (r == 0)
		r = set_buf(c, "ColumnMap", &map);
	else
		espy_buf_done(&map);
	return r;
}

/* What stands behind the value: it as a number, where it is one. */
static uint32_t number_of(uint32_t column, struct espy_str value)
{
	uint64_t n = 0;

	if (column == espy_procmon_columns[ESPY_PROCMON_architecture].pmc)
		return espy_str_starts(value, ESPY_STR("32")) ? 32 : 64;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9' || n > UINT32_MAX)
			return 0;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	return n > UINT32_MAX ? 0 : (uint32_t)n;
}

int espy_pmc_add_rule(struct espy_pmc *c, enum espy_pmc_list list, uint32_t column,
		      enum espy_pmc_relation relation, bool include, struct espy_str value)
{
	struct espy_pmc_record *rec = have_record(c, list_names[list]);
	struct espy_pmc_rules *rules = &c->rules[list];
	struct espy_pmc_rule *rule;

	if (!rec)
		return -ENOMEM;
	rec->list = list;
	rules->is_there = true;
	rules->head = 1;
	if (rules->n >= ESPY_PMC_RULES_MAX)
		return -E2BIG;
	rule = add_rule(rules);
	if (!rule)
		return -ENOMEM;
	*rule = (struct espy_pmc_rule){
		.column = column,
		.relation = relation,
		.include = include,
		.value = keep(c, value.p, value.n),
		.raw = keep_raw(c, value),
		.number = number_of(column, value),
	};
	return rule->value.p && rule->raw.p ? 0 : -ENOMEM;
}

/* --- a fresh one ------------------------------------------------------------------------------ */

/* In the order in which Process Monitor writes them. */
static const struct {
	const char *name;
	uint32_t value;
} defaults[] = {
	{"HighlightFG", 0},       {"HighlightBG", 0xffff80}, {"AdvancedMode", 0},
	{"Autoscroll", 0},        {"HistoryDepth", 200},     {"Profiling", 0},
	{"DestructiveFilter", 0}, {"AlwaysOnTop", 0},        {"ResolveAddresses", 0},
};

static int fill_new(struct espy_pmc *c)
{
	static const enum espy_procmon_column shown[] = {
		ESPY_PROCMON_time_of_day, ESPY_PROCMON_process_name, ESPY_PROCMON_pid,
		ESPY_PROCMON_operation,   ESPY_PROCMON_path,         ESPY_PROCMON_result,
		ESPY_PROCMON_detail,
	};
	uint32_t columns[sizeof(shown) / sizeof(shown[0])];
	int r;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		columns[i] = espy_procmon_columns[shown[i]].pmc;
	r = espy_pmc_set_columns(c, columns, sizeof(shown) / sizeof(shown[0]));
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]) && r == 0; i++)
		r = espy_pmc_set_u32(c, defaults[i].name, defaults[i].value);
	for (unsigned i = 0; i < ESPY_PMC_LIST__MAX && r == 0; i++) {
		struct espy_pmc_record *rec = have_record(c, list_names[i]);

		if (!rec)
			return -ENOMEM;
		rec->list = (int)i;
		c->rules[i].is_there = true;
		c->rules[i].head = 1;
	}
	return r;
}

int espy_pmc_new(struct espy_pmc **ret)
{
	struct espy_pmc *c = calloc(1, sizeof(*c));
	int r = c ? fill_new(c) : -ENOMEM;

	if (r < 0)
		espy_pmc_free(c);
	else
		*ret = c;
	return r;
}
