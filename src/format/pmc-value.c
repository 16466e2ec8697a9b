/* SPDX-License-Identifier: MIT */
#include "format/pmc-value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "format/pmc-digits.h"
#include "format/pmc.h"
#include "format/procmon-map.h"
#include "format/procmon-op.h"
#include "format/procmon-text.h"
#include "model/value.h"

/* Operations of Process Monitor begin with a capital, system calls do not: the events of this
 * machine. */
#define OURS  "not syscall matches \"^[A-Z<]\""
#define NEVER "(ok and failed)"

void espy_pmc_quote(struct espy_buf *out, struct espy_str s)
{
	espy_buf_putc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			espy_buf_printf(out, "\\%c", c);
		else if (c < 0x20)
			espy_buf_printf(out, "\\x%02x", c);
		else
			espy_buf_putc(out, (char)c);
	}
	espy_buf_putc(out, '"');
}

/* --- tests ------------------------------------------------------------------------------------ */

static bool has_text(struct espy_str s, struct espy_str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (strncasecmp(s.p + i, part.p, part.n) == 0)
			return true;
	return false;
}

static bool passes(struct espy_pmc_test t, struct espy_str s)
{
	if (t.value.n > s.n)
		return false;
	switch (t.relation) {
	case ESPY_PMC_IS:
	case ESPY_PMC_IS_NOT:
		return s.n == t.value.n && strncasecmp(s.p, t.value.p, s.n) == 0;
	case ESPY_PMC_BEGINS_WITH:
		return strncasecmp(s.p, t.value.p, t.value.n) == 0;
	case ESPY_PMC_ENDS_WITH:
		return strncasecmp(s.p + s.n - t.value.n, t.value.p, t.value.n) == 0;
	default:
		return has_text(s, t.value);
	}
}

static bool is_order(struct espy_pmc_test t)
{
	return t.relation == ESPY_PMC_LESS_THAN || t.relation == ESPY_PMC_MORE_THAN;
}

/* Conditions that are joined by or, in parentheses; lists `name in (a, b)` among them. */
struct any {
	struct espy_buf *out;
	bool has_some, in_list;
};

static void any_begin(struct any *a)
{
	espy_buf_puts(a->out, a->has_some ? " or " : "(");
	a->has_some = true;
}

static void any_list(struct any *a, const char *column, const char *name, bool quote)
{
	if (!a->in_list) {
		any_begin(a);
		espy_buf_printf(a->out, "%s in (", column);
	} else {
		espy_buf_puts(a->out, ", ");
	}
	a->in_list = true;
	if (quote)
		espy_pmc_quote(a->out, espy_str0(name));
	else
		espy_buf_puts(a->out, name);
}

static void any_list_end(struct any *a, const char *behind)
{
	if (a->in_list)
		espy_buf_puts(a->out, behind);
	a->in_list = false;
}

static int any_end(struct any *a)
{
	espy_buf_puts(a->out, a->has_some ? ")" : NEVER);
	return 0;
}

/* --- operations ------------------------------------------------------------------------------- */

/* The i-th of names that are separated by commas; false when there are fewer. */
static bool name_at(const char *names, unsigned i, struct espy_str *ret)
{
	for (; i; i--) {
		names = strchr(names, ',');
		if (!names)
			return false;
		names++;
	}
	*ret = (struct espy_str){names, strcspn(names, ",")};
	return true;
}

static bool is_ours(const struct espy_schema *s)
{
	return s && espy_schema_is_shown(s);
}

/* Its only name passes. */
static bool is_whole(const struct espy_schema *s, struct espy_pmc_test t)
{
	const char *names = espy_procmon_map_operations(s->type);
	struct espy_str name, second;

	return name_at(names, 0, &name) && !name_at(names, 1, &second) && passes(t, name);
}

static void add_whole_events(struct any *a, struct espy_pmc_test t)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (!is_ours(s) || !is_whole(s, t))
			continue;
		if (!a->in_list) {
			any_begin(a);
			espy_buf_puts(a->out, "(" OURS " and event in (");
		} else {
			espy_buf_puts(a->out, ", ");
		}
		a->in_list = true;
		espy_buf_puts(a->out, s->name);
	}
	any_list_end(a, "))");
}

/* What tells the names of an event of several apart: the first, the second, neither. */
static const char *part_of(const struct espy_schema *s, unsigned i)
{
	static const char *const network[] = {
		"protocol startswith tcp",
		"protocol startswith udp",
		"not (protocol startswith tcp or protocol startswith udp)",
	};
	static const char *const lock[] = {
		"not (command in (8, 12) or kind == 2)",
		"(command in (8, 12) or kind == 2)",
		"command in (65541, 65548, 65572)",
	};

	return s->class_id == ESPY_CLASS_network ? network[i] : lock[i];
}

static void add_part_events(struct any *a, struct espy_pmc_test t)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		struct espy_str name;

		if (!is_ours(s) || !name_at(espy_procmon_map_operations(s->type), 1, &name))
			continue;
		for (unsigned k = 0; k < 3; k++) {
			if (!name_at(espy_procmon_map_operations(s->type), k, &name))
				name = espy_str0(s->label);
			if (!passes(t, name))
				continue;
			any_begin(a);
			espy_buf_printf(a->out, "(" OURS " and event == %s and %s)", s->name,
					part_of(s, k));
		}
	}
}

int espy_pmc_operations(struct espy_buf *out, struct espy_pmc_test t)
{
	struct any a = {.out = out};
	const struct espy_procmon_op *op;

	if (is_order(t))
		return -ENOTSUP;
	for (unsigned i = 0; (op = espy_procmon_op_get(i)); i++)
		if (passes(t, espy_str0(op->name)))
			any_list(&a, "syscall", op->name, true);
	any_list_end(&a, ")");
	add_whole_events(&a, t);
	add_part_events(&a, t);
	return any_end(&a);
}

bool espy_pmc_is_foreign(struct espy_pmc_test t)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		struct espy_str name;

		for (unsigned k = 0; is_ours(s) && k < 3; k++)
			if (name_at(espy_procmon_map_operations(s->type), k, &name) &&
			    passes(t, name) && !espy_procmon_map_is_imported(s->type))
				return false;
	}
	return true;
}

/* --- classes, categories ---------------------------------------------------------------------- */

int espy_pmc_classes(struct espy_buf *out, struct espy_pmc_test t)
{
	static const struct {
		const char *name, *procmon;
	} classes[] = {
#define CLASS(name_, procmon_, ...) {#name_, (procmon_)},
#include "model/classes.def"
	};
	struct any a = {.out = out};

	if (is_order(t))
		return -ENOTSUP;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].procmon[0] && passes(t, espy_str0(classes[i].procmon)))
			any_list(&a, "class", classes[i].name, false);
	any_list_end(&a, ")");
	return any_end(&a);
}

static const char *const categories[ESPY_CATEGORY__MAX] = {
	"", "Read", "Write", "Read Metadata", "Write Metadata",
};

/* An open counts as writing by what it did, see espy_procmon_open_writes. */
#define OPEN_WRITES                                                                \
	"(" OURS " and event == file_open and (created == 1 or flags has O_TRUNC " \
	"or failed and flags & O_CREAT|O_TRUNC))"

int espy_pmc_categories(struct espy_buf *out, struct espy_pmc_test t)
{
	struct any a = {.out = out};

	if (is_order(t))
		return -ENOTSUP;
	for (unsigned i = 1; i < ESPY_CATEGORY__MAX; i++)
		if (passes(t, espy_str0(categories[i])))
			any_list(&a, "category", categories[i], true);
	any_list_end(&a, ")");
	for (size_t i = 0; i < espy_n_schemas; i++) {
		unsigned category = espy_procmon_map_category(espy_schemas[i].type);

		if (!category || !passes(t, espy_str0(categories[category])))
			continue;
		if (!a.in_list) {
			any_begin(&a);
			espy_buf_puts(out, "(" OURS " and event in (");
		} else {
			espy_buf_puts(out, ", ");
		}
		a.in_list = true;
		espy_buf_puts(out, espy_schemas[i].name);
	}
	any_list_end(&a, "))");
	if (passes(t, espy_str0(categories[ESPY_CATEGORY_WRITE]))) {
		any_begin(&a);
		espy_buf_puts(out, OPEN_WRITES);
	}
	return any_end(&a);
}

/* --- results ---------------------------------------------------------------------------------- */

#define READ_NOTHING    "event in (file_read, file_reads) and result == 0 and requested > 0"
#define READDIR_NOTHING "event == file_readdir and result == 0"
#define SUCCEEDED                                                                            \
	"(" OURS " and not pending and (ok or event == process_exit) and not (" READ_NOTHING \
	") and not (" READDIR_NOTHING "))"

/* Codes that can have a name, in a few ranges. Source: ntstatus.h. */
static const struct {
	uint32_t first, last;
} ranges[] = {
	{0x100, 0x3ff},           {0x40000000, 0x400000ff}, {0x80000000, 0x800003ff},
	{0xc0000001, 0xc0000fff}, {0xc000a000, 0xc000a3ff}, {0xc0190000, 0xc01900ff},
	{0xc01c0000, 0xc01c00ff},
};

static bool status_passes(struct espy_pmc_test t, uint32_t status)
{
	struct espy_buf b = {0};
	bool r;

	espy_procmon_status(&b, status);
	r = b.n && !espy_str_starts((struct espy_str){b.p, b.n}, ESPY_STR("0x")) &&
	    passes(t, (struct espy_str){b.p, b.n});
	espy_buf_done(&b);
	return r;
}

static void add_statuses(struct any *a, struct espy_pmc_test t)
{
	char number[16];

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		for (uint32_t s = ranges[i].first; s <= ranges[i].last; s++) {
			if (!status_passes(t, s))
				continue;
			snprintf(number, sizeof(number), "0x%x", s);
			any_list(a, "status", number, false);
		}
	}
	any_list_end(a, ")");
}

static void add_errors(struct any *a, struct espy_pmc_test t)
{
	for (int e = 1; e <= ESPY_ERRNO_MAX; e++) {
		const char *name = espy_errno_name(e);

		if (!name || !status_passes(t, espy_procmon_map_status(-e)))
			continue;
		if (!a->in_list) {
			any_begin(a);
			espy_buf_puts(a->out, "(" OURS " and error in (");
		} else {
			espy_buf_puts(a->out, ", ");
		}
		a->in_list = true;
		espy_buf_puts(a->out, name);
	}
	any_list_end(a, "))");
}

static void add_when(struct any *a, bool yes, const char *condition)
{
	if (!yes)
		return;
	any_begin(a);
	espy_buf_puts(a->out, condition);
}

int espy_pmc_results(struct espy_buf *out, struct espy_pmc_test t)
{
	struct any a = {.out = out};
	bool success = passes(t, ESPY_STR("SUCCESS"));

	if (is_order(t))
		return -ENOTSUP;
	add_when(&a, success, SUCCEEDED);
	add_when(&a, success, "(syscall matches \"^[A-Z<]\" and not has status and not pending)");
	add_when(&a, passes(t, ESPY_STR("END OF FILE")), "(" OURS " and " READ_NOTHING ")");
	add_when(&a, passes(t, ESPY_STR("NO MORE FILES")), "(" OURS " and " READDIR_NOTHING ")");
	add_statuses(&a, t);
	add_errors(&a, t);
	return any_end(&a);
}

/* --- times ------------------------------------------------------------------------------------ */

struct clock {
	uint64_t part[3];         /* hour, minute, second */
	struct espy_str fraction; /* with its point, in the text */
};

/* "1:18:10.7752429 AM", and without the AM of a 24-hour clock. */
static bool take_clock(const char *text, struct clock *c)
{
	uint64_t digits;

	*c = (struct clock){.fraction = ESPY_STR_NONE};
	if (!espy_take_three(&text, ':', c->part))
		return false;
	if (*text == '.') {
		c->fraction.p = text++;
		espy_take_digits(&text, 10, 9, &digits);
		c->fraction.n = (size_t)(text - c->fraction.p);
	}
	text += strspn(text, " ");
	if (*text) {
		c->part[0] %= 12;
		c->part[0] += strcasecmp(text, "PM") == 0 ? 12 : 0;
	}
	return c->part[0] < 24 && c->part[1] < 60 && c->part[2] < 61;
}

/* A copy that ends with a NUL; false when it is too long. */
static bool copy(char *buf, size_t size, struct espy_str s)
{
	if (s.n >= size || memchr(s.p, '\0', s.n))
		return false;
	memcpy(buf, s.p, s.n);
	buf[s.n] = '\0';
	return true;
}

static void add_clock(struct espy_buf *out, const struct clock *c)
{
	espy_buf_printf(out, "%02u:%02u:%02u", (unsigned)c->part[0], (unsigned)c->part[1],
			(unsigned)c->part[2]);
}

int espy_pmc_clock(struct espy_buf *out, const char *column, const char *sign,
		   struct espy_str value)
{
	char text[64];
	struct clock c;

	if (!copy(text, sizeof(text), value) || !take_clock(text, &c))
		return -ENOTSUP;
	espy_buf_printf(out, "%s %s ", column, sign);
	add_clock(out, &c);
	espy_buf_str(out, c.fraction);
	return 0;
}

int espy_pmc_date(struct espy_buf *out, const char *column, const char *sign, struct espy_str value)
{
	const char *at;
	uint64_t day[3]; /* month, day, year */
	char text[64];
	struct clock c;

	if (!copy(text, sizeof(text), value))
		return -ENOTSUP;
	at = text;
	if (!espy_take_three(&at, '/', day) || *at != ' ' || !take_clock(at + 1, &c) || !day[0] ||
	    day[0] > 12 || !day[1] || day[1] > 31 || day[2] < 1900 || day[2] > 2261)
		return -ENOTSUP;
	espy_buf_printf(out, "%s %s \"%04u-%02u-%02u ", column, sign, (unsigned)day[2],
			(unsigned)day[0], (unsigned)day[1]);
	add_clock(out, &c);
	espy_buf_putc(out, '"');
	return 0;
}

int espy_pmc_relative(struct espy_buf *out, const char *column, const char *sign,
		      struct espy_str value)
{
	char text[64];
	struct clock c;

	if (!copy(text, sizeof(text), value) || !take_clock(text, &c))
		return -ENOTSUP;
	espy_buf_printf(out, "%s %s +%u%.*ss", column, sign,
			(unsigned)((c.part[0] * 60 + c.part[1]) * 60 + c.part[2]),
			(int)c.fraction.n, c.fraction.p);
	return 0;
}

#define NS_PER_SEC  1000000000ull
#define NS_PER_TICK 100u /* the last digit that it shows */

int espy_pmc_duration(struct espy_buf *out, const char *column, const char *sign,
		      struct espy_str value)
{
	char text[64], *end;
	unsigned long long seconds, ns = 0, unit = NS_PER_SEC / 10;

	if (!copy(text, sizeof(text), value) || text[0] < '0' || text[0] > '9')
		return -ENOTSUP;
	seconds = strtoull(text, &end, 10);
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && unit; end++, unit /= 10)
			ns += (unsigned long long)(*end - '0') * unit;
	if (*end || seconds > UINT32_MAX)
		return -ENOTSUP;
	ns += seconds * NS_PER_SEC;
	if (strcmp(sign, "==") == 0)
		espy_buf_printf(out, "%s in %lluns..%lluns", column, ns, ns + NS_PER_TICK - 1);
	else
		espy_buf_printf(out, "%s %s %lluns", column, sign, ns);
	return 0;
}
