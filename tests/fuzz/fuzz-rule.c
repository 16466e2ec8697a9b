/* SPDX-License-Identifier: MIT */
/* Any text as a filter: an error has a place in the text and a sentence that a terminal can take; a
 * filter without one runs over batches with every event, needs what it matches, and looks at no
 * column that it does not name. */
#include "fuzz.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/column.h"
#include "rule/macro.h"
#include "rule/rule.h"

#define ROWS_MAX 512

static const char *const texts[] = {"",         "/etc/passwd", "/usr/lib/libc.so.6",
				    "make",     "10.0.0.1:80", "[::1]:443",
				    "a\nb\xff", "/run/x.sock"};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static void need(int ok)
{
	if (!ok)
		abort();
}

static void add_procs(struct espy_batch *b)
{
	for (uint32_t i = 0; i < 4; i++) {
		struct espy_proc p = {.start = i,
				      .pid = i * 100,
				      .parent = i - 1,
				      .uid = i % 2,
				      .name = i + 1,
				      .exe = 2,
				      .user = i};

		p.cmdline = espy_dict_add(&b->dict, ESPY_STR("cc\0-O2\0a b\0"));
		need(espy_batch_add_proc(b, &p) >= 0);
	}
}

/* Two rows of every event, so that there is more than one word of bits. */
static struct espy_batch *make_batch(void)
{
	struct espy_batch *b;

	need(espy_batch_new(&b) == 0);
	for (size_t i = 1; i < TEXTS; i++)
		need(espy_dict_add(&b->dict, espy_str0(texts[i])) == i);
	add_procs(b);
	for (size_t i = 0; i < 2 * espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i / 2];
		int row = espy_schema_is_shown(s) ? espy_batch_add(b, s->type) : -1;

		for (unsigned f = 0; row >= 0 && f < s->n_fields; f++) {
			if (espy_kind_is_string(s->fields[f].kind))
				need(espy_batch_set_str(b, (uint32_t)row, f,
							espy_str0(texts[(i + f) % TEXTS])) == 0);
			else
				espy_batch_set_num(b, (uint32_t)row, f, i * f);
		}
		if (row < 0)
			continue;
		b->time[row] = i * 1000000000;
		b->duration[row] = i * 1000;
		b->result[row] = (int64_t)i - 60;
		b->proc[row] = i % 5; /* the last one does not exist */
		b->call[row] = (uint16_t)(i * 7);
		b->abi[row] = i % ESPY_ABI__MAX;
		b->flags[row] = i % 8;
		b->path_source[row] = i % ESPY_SOURCE__MAX;
	}
	return b;
}

static void check_error(const char *text, const struct espy_err *err)
{
	need(err->column >= 1 && err->column <= strlen(text) + 1);
	need(err->text[0] != '\0');
	for (const char *p = err->text; *p; p++)
		need((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void check_match(struct espy_rule *r, const struct espy_batch *b, uint64_t *bits)
{
	struct espy_rule_needs needs;
	int n = espy_rule_match(r, b, bits), count = 0;

	espy_rule_needs(r, &needs);
	for (uint32_t row = 0; row < b->n; row++) {
		if (!espy_rule_bit(bits, row))
			continue;
		count++;
		need(needs.type[b->type[row]]);
		need(!needs.failed_only || b->result[row] < 0);
		need(b->duration[row] >= needs.min_duration);
	}
	need(n == count);
}

/* --- what is not read ---------------------------------------------------------------------------
 */

static bool reads_process(const struct espy_rule_columns *c)
{
	for (unsigned id = 0; id < ESPY_COL__FIELDS; id++)
		if (id != ESPY_COL_path && id != ESPY_COL_time && id != ESPY_COL_duration &&
		    id != ESPY_COL_result && espy_rule_reads(c, id))
			return true;
	return false;
}

static void blank_fields(struct espy_batch *b, const struct espy_rule_columns *c)
{
	const struct espy_column *column;

	for (unsigned i = ESPY_COL__FIELDS; (column = espy_column_at(i)); i++) {
		for (unsigned t = 0; t < ESPY_EVENT_ID_MAX && !espy_rule_reads(c, column->id);
		     t++) {
			struct espy_group *g = b->group[t];
			int f = g ? espy_column_field(column, g->schema) : -1;

			if (f >= 0 && g->cols[f])
				memset(g->cols[f], 0,
				       g->n * (espy_kind_is_string(g->schema->fields[f].kind)
						       ? sizeof(uint32_t)
						       : sizeof(uint64_t)));
		}
	}
}

#define BLANK(b, c, column, member)                                            \
	do {                                                                   \
		if (!espy_rule_reads(c, ESPY_COL_##column))                    \
			memset((b)->member, 0, (b)->n * sizeof(*(b)->member)); \
	} while (0)

/* As a reader leaves a batch that decodes only what is asked for. */
static void blank(struct espy_batch *b, const struct espy_rule_columns *c)
{
	BLANK(b, c, time, time);
	BLANK(b, c, duration, duration);
	BLANK(b, c, result, result);
	BLANK(b, c, tid, tid);
	BLANK(b, c, cpu, cpu);
	BLANK(b, c, cpu_seq, cpu_seq);
	BLANK(b, c, path, path);
	BLANK(b, c, source, path_source);
	BLANK(b, c, syscall, call);
	BLANK(b, c, syscall, abi);
	if (!reads_process(c))
		memset(b->proc, 0, b->n * sizeof(*b->proc));
	blank_fields(b, c);
}

static struct espy_batch *make_batch(void);

static void check_columns(const char *text, struct espy_rule *first, const uint64_t *bits)
{
	uint64_t again[ESPY_RULE_WORDS(ROWS_MAX)];
	struct espy_batch *b = make_batch();
	struct espy_rule_columns c;
	struct espy_rule *r;

	espy_rule_columns(first, &c);
	need(espy_rule_new(&r, text, NULL) == 0);
	if (!c.all)
		blank(b, &c);
	espy_rule_set_start(r, 0);
	need(espy_rule_match(r, b, again) >= 0);
	need(memcmp(bits, again, ESPY_RULE_WORDS(b->n) * sizeof(*bits)) == 0);
	espy_rule_free(r);
	espy_batch_free(b);
}

static int load(struct espy_macros *m, struct espy_err *err)
{
	return espy_macros_add(
		m,
		ESPY_STR("a = open\nb(x) = path under $x\nc(x, y) = @b($x) or @b($y)\n"
			 "d = @e\ne = @d\nf = between(@a, exit)\n"),
		"saved", err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct espy_batch *batch;
	struct espy_err err = {0};
	uint64_t bits[ESPY_RULE_WORDS(ROWS_MAX)];
	struct espy_rule *r;
	char *text;
	int e;

	if (!batch) {
		batch = make_batch();
		espy_macros_set_loader(load);
	}
	need(batch->n <= ROWS_MAX);
	text = malloc(size + 1);
	need(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	e = espy_rule_new(&r, text, &err);
	if (e < 0) {
		check_error(text, &err);
	} else {
		espy_rule_set_start(r, 0);
		check_match(r, batch, bits);
		check_columns(text, r, bits);
		check_match(r, batch, bits); /* what it remembers may have changed */
		espy_rule_free(r);
	}
	free(text);
	return 0;
}
