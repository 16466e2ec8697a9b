/* SPDX-License-Identifier: MIT */
/*
 * A Parquet file: one flat table with a column for everything that an event can be asked for. Row
 * groups are written as soon as they are full. What is no UTF-8 has U+FFFD for its bad bytes, and
 * the column bytes_hex then holds {"path":"2f746d…"}.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "format/output-file.h"
#include "format/outputs.h"
#include "format/parquet-column.h"

#define GROUP_ROWS 122880u     /* what DuckDB reads at once */
#define GROUP_TEXT (32u << 20) /* bytes of strings that end a row group early */
#define LOSSY      0x80000000u /* of an id: its string is not the bytes that were traced */
#define VERSION    2           /* of the file format */

struct parquet {
	struct espy_output_file file;
	struct espy_parquet_pages pages;
	struct espy_thrift groups; /* RowGroups so far, into group_buf */
	struct espy_buf group_buf, meta_buf, scratch, hex;
	size_t n_groups;
	uint64_t rows_all;

	struct espy_parquet_column *columns;
	size_t n_columns, n_common;
	/* Of each event: its fields among the columns, ended by a 0 (which is none of a field). */
	uint16_t *fields[ESPY_EVENT_ID_MAX];

	struct espy_dict strings; /* of the row group */
	uint32_t rows;            /* in it */
	uint32_t *ids;            /* of the batch's strings in it, plus one; 0 not yet */
	uint32_t n_ids;
	struct espy_machine machine;
};

static int out_of_memory(struct parquet *p, struct espy_err *err)
{
	return espy_output_failed(err, -ENOMEM, p->file.path);
}

/* --- row groups --------------------------------------------------------------------------------
 */

static void forget_group(struct parquet *p)
{
	for (size_t i = 0; i < p->n_columns; i++)
		espy_parquet_column_reset(&p->columns[i]);
	espy_dict_reset(&p->strings);
	memset(p->ids, 0, p->n_ids * sizeof(*p->ids));
	p->rows = 0;
}

static void end_group(struct parquet *p, uint64_t start, int64_t bytes)
{
	espy_thrift_i64(&p->groups, 2, bytes);
	espy_thrift_i64(&p->groups, 3, p->rows);
	espy_thrift_i64(&p->groups, 5, (int64_t)start);
	espy_thrift_i64(&p->groups, 6, (int64_t)(espy_output_file_at(&p->file) - start));
	espy_thrift_end(&p->groups);
	p->n_groups++;
	p->rows_all += p->rows;
}

static int write_group(struct parquet *p, struct espy_err *err)
{
	uint64_t start = espy_output_file_at(&p->file);
	int64_t bytes = 0;

	if (!p->rows)
		return 0;
	p->pages.strings = &p->strings;
	espy_thrift_begin(&p->groups, 0);
	espy_thrift_list(&p->groups, 1, ESPY_THRIFT_STRUCT, p->n_columns);
	for (size_t i = 0; i < p->n_columns; i++) {
		int64_t n =
			espy_parquet_chunk(&p->columns[i], &p->pages, p->rows,
					   espy_output_file_at(&p->file), &p->file.buf, &p->groups);
		int r;

		if (n < 0)
			return espy_output_failed(err, (int)n, p->file.path);
		bytes += n;
		r = espy_output_file_full(&p->file, err);
		if (r < 0)
			return r;
	}
	end_group(p, start, bytes);
	forget_group(p);
	return p->group_buf.error ? out_of_memory(p, err) : 0;
}

/* --- values ------------------------------------------------------------------------------------
 */

static void add_replaced(struct espy_buf *out, struct espy_str s)
{
	while (s.n) {
		uint32_t cp;
		size_t n = espy_str_utf8(s, &cp);

		if (n)
			espy_buf_add(out, s.p, n);
		else
			espy_buf_puts(out, "\xef\xbf\xbd");
		n += !n;
		s = (struct espy_str){s.p + n, s.n - n};
	}
}

/* Id of the string in the row group, perhaps with LOSSY; UINT32_MAX when memory is out. */
static uint32_t string_id(struct parquet *p, struct espy_str s)
{
	uint32_t id;

	if (espy_str_is_utf8(s))
		return espy_dict_add(&p->strings, s);
	espy_buf_reset(&p->pages.page);
	add_replaced(&p->pages.page, s);
	if (p->pages.page.error)
		return UINT32_MAX;
	id = espy_dict_add(&p->strings, (struct espy_str){p->pages.page.p, p->pages.page.n});
	return id == UINT32_MAX ? id : id | LOSSY;
}

static void add_hex(struct parquet *p, const char *name, struct espy_str raw)
{
	espy_buf_putc(&p->hex, p->hex.n ? ',' : '{');
	espy_buf_printf(&p->hex, "\"%s\":\"", name);
	espy_cell_hex(&p->hex, raw);
	espy_buf_putc(&p->hex, '"');
}

static int add_text(struct parquet *p, struct espy_parquet_column *c, const struct espy_cell *cell)
{
	bool is_stored = cell->id < p->n_ids;
	uint32_t id = is_stored ? p->ids[cell->id] : 0;

	if (!id) {
		id = string_id(p, cell->str) + 1;
		if (!id)
			return -ENOMEM;
	}
	if (is_stored)
		p->ids[cell->id] = id;
	if ((id - 1) & LOSSY || cell->raw.n)
		add_hex(p, c->name, cell->raw.n ? cell->raw : cell->str);
	return espy_parquet_string(c, p->rows, (id - 1) & ~LOSSY);
}

static int add_cell(struct parquet *p, size_t i, const struct espy_batch *b, uint32_t row)
{
	struct espy_parquet_column *c = &p->columns[i];
	struct espy_cell cell;

	espy_buf_reset(&p->scratch);
	if (!espy_cell_get(c->column, c->kind, b, row, &p->scratch, &cell))
		return p->scratch.error;
	if (c->kind == ESPY_CELL_TEXT)
		return add_text(p, c, &cell);
	return espy_parquet_number(c, p->rows, cell.num);
}

/* The exact bytes of what was not UTF-8. */
static int add_lost(struct parquet *p)
{
	uint32_t id;

	if (!p->hex.n)
		return 0;
	espy_buf_putc(&p->hex, '}');
	id = p->hex.error ? UINT32_MAX
			  : espy_dict_add(&p->strings, (struct espy_str){p->hex.p, p->hex.n});
	espy_buf_reset(&p->hex);
	return id == UINT32_MAX ? -ENOMEM
				: espy_parquet_string(&p->columns[p->n_columns - 1], p->rows, id);
}

static int add_row(struct parquet *p, const struct espy_batch *b, uint32_t row)
{
	const uint16_t *field = p->fields[b->type[row]];
	int r = 0;

	for (size_t i = 0; i < p->n_common && r == 0; i++)
		r = add_cell(p, i, b, row);
	for (; r == 0 && field && *field; field++)
		r = add_cell(p, *field, b, row);
	if (r == 0)
		r = add_lost(p);
	p->rows++;
	return r;
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct parquet *p = state;
	int r = 0;

	free(p->ids);
	p->n_ids = b->dict.n;
	p->ids = calloc(b->dict.n + 1u, sizeof(*p->ids));
	if (!p->ids)
		return out_of_memory(p, err);
	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (!espy_output_wants(bits, row))
			continue;
		if (add_row(p, b, row) < 0)
			return out_of_memory(p, err);
		if (p->rows >= GROUP_ROWS || p->strings.bytes >= GROUP_TEXT)
			r = write_group(p, err);
	}
	return r;
}

/* --- the end -----------------------------------------------------------------------------------
 */

static void add_fact(struct espy_thrift *t, const char *name, const char *value)
{
	espy_thrift_begin(t, 0);
	espy_thrift_bytes(t, 1, espy_str0(name));
	espy_thrift_bytes(t, 2, espy_str0(value));
	espy_thrift_end(t);
}

static void add_facts(struct parquet *p, const struct espy_ending *e, struct espy_thrift *t)
{
	const struct espy_machine *m = &p->machine;
	char lost[24];

	snprintf(lost, sizeof(lost), "%llu", e ? (unsigned long long)e->lost : 0ULL);
	espy_thrift_list(t, 5, ESPY_THRIFT_STRUCT, e ? 9 : 7);
	add_fact(t, "espy.host", m->host);
	add_fact(t, "espy.kernel", m->kernel);
	add_fact(t, "espy.arch", m->arch);
	add_fact(t, "espy.os", m->os);
	add_fact(t, "espy.boot_id", m->boot_id);
	add_fact(t, "espy.command", m->command);
	add_fact(t, "espy.filter", m->filter);
	if (!e)
		return;
	add_fact(t, "espy.lost", lost);
	add_fact(t, "espy.reason", e->reason);
}

static void add_footer(struct parquet *p, const struct espy_ending *e, struct espy_thrift *t)
{
	espy_thrift_begin(t, 0);
	espy_thrift_i32(t, 1, VERSION);
	espy_thrift_list(t, 2, ESPY_THRIFT_STRUCT, p->n_columns + 1);
	espy_thrift_begin(t, 0);
	espy_thrift_bytes(t, 4, ESPY_STR("events"));
	espy_thrift_i32(t, 5, (int32_t)p->n_columns);
	espy_thrift_end(t);
	for (size_t i = 0; i < p->n_columns; i++)
		espy_parquet_schema(&p->columns[i], t);
	espy_thrift_i64(t, 3, (int64_t)p->rows_all);
	espy_thrift_list(t, 4, ESPY_THRIFT_STRUCT, p->n_groups);
	espy_buf_add(t->out, p->group_buf.p, p->group_buf.n);
	add_facts(p, e, t);
	espy_thrift_bytes(t, 6, ESPY_STR("espy"));
	espy_thrift_list(t, 7, ESPY_THRIFT_STRUCT, p->n_columns);
	for (size_t i = 0; i < p->n_columns; i++) { /* least and most are ordered by their type */
		espy_thrift_begin(t, 0);
		espy_thrift_begin(t, 1);
		espy_thrift_end(t);
		espy_thrift_end(t);
	}
	espy_thrift_end(t);
}

static void drop(void *state)
{
	struct parquet *p = state;

	for (size_t i = 0; i < p->n_columns; i++)
		espy_parquet_column_done(&p->columns[i]);
	for (size_t i = 0; i < ESPY_EVENT_ID_MAX; i++)
		free(p->fields[i]);
	free(p->columns);
	free(p->ids);
	espy_dict_done(&p->strings);
	espy_buf_done(&p->group_buf);
	espy_buf_done(&p->meta_buf);
	espy_buf_done(&p->scratch);
	espy_buf_done(&p->hex);
	espy_buf_done(&p->pages.page);
	espy_buf_done(&p->pages.packed);
	ZSTD_freeCCtx(p->pages.zstd);
	espy_output_file_done(&p->file);
	free(p);
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct parquet *p = state;
	struct espy_thrift t = {.out = &p->meta_buf};
	int r = write_group(p, err);

	if (r == 0) {
		uint32_t length;

		add_footer(p, e, &t);
		length = htole32((uint32_t)p->meta_buf.n);
		espy_buf_add(&p->meta_buf, &length, sizeof(length));
		espy_buf_add(&p->meta_buf, "PAR1", 4);
		espy_buf_add(&p->file.buf, p->meta_buf.p, p->meta_buf.n);
		if (p->meta_buf.error)
			r = out_of_memory(p, err);
	}
	if (r == 0)
		r = espy_output_file_flush(&p->file, err);
	drop(p);
	return r;
}

/* --- the columns -------------------------------------------------------------------------------
 */

/* Can be told from others, or takes as much room as all of them. */
static bool is_left_out(const struct espy_column *c, bool stacks)
{
	switch (c->id) {
	case ESPY_COL_detail:
	case ESPY_COL_end:
		return true;
	case ESPY_COL_stack:
		return !stacks;
	default:
		return false;
	}
}

static void add_column(struct parquet *p, const struct espy_column *c, const char *name)
{
	p->columns[p->n_columns++] = (struct espy_parquet_column){
		.name = name,
		.column = c,
		.kind = c ? espy_cell_kind(c) : ESPY_CELL_TEXT,
	};
}

/* Common columns first; a chosen column that is a field counts as common. */
static int choose_columns(struct parquet *p, const struct espy_output_options *o)
{
	const struct espy_column *c;
	size_t n = 1;

	while (o->columns ? o->columns[n - 1] != NULL : espy_column_at((unsigned)n - 1) != NULL)
		n++;
	p->columns = calloc(n, sizeof(*p->columns));
	if (!p->columns)
		return -ENOMEM;
	for (size_t i = 0; i + 1 < n; i++) {
		c = o->columns ? o->columns[i] : espy_column_at((unsigned)i);
		if (!o->columns && is_left_out(c, o->stacks))
			continue;
		add_column(p, c, c->name);
		if (o->columns || c->id < ESPY_COL__FIELDS)
			p->n_common = p->n_columns;
	}
	add_column(p, NULL, "bytes_hex");
	return 0;
}

static int list_fields(struct parquet *p)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		uint16_t *list = calloc(s->n_fields + 1u, sizeof(*list));
		size_t n = 0;

		if (!list)
			return -ENOMEM;
		p->fields[s->type] = list;
		for (size_t k = p->n_common; k + 1 < p->n_columns && espy_schema_is_shown(s); k++)
			if (espy_column_field(p->columns[k].column, s) >= 0)
				list[n++] = (uint16_t)k;
	}
	return 0;
}

static int init(struct parquet *p, int fd, const struct espy_output_options *o,
		struct espy_err *err)
{
	int r = espy_output_file_init(&p->file, fd, o->path, err);

	if (r < 0)
		return r;
	p->pages.zstd = ZSTD_createCCtx();
	p->groups.out = &p->group_buf;
	p->machine = *o->machine;
	if (!p->pages.zstd || espy_dict_init(&p->strings) < 0 || choose_columns(p, o) < 0 ||
	    list_fields(p) < 0)
		return out_of_memory(p, err);
	espy_buf_add(&p->file.buf, "PAR1", 4);
	return 0;
}

static int open_parquet(void **ret, int fd, const struct espy_output_options *o,
			struct espy_err *err)
{
	struct parquet *p = calloc(1, sizeof(*p));
	int r = p ? init(p, fd, o, err) : espy_output_failed(err, -ENOMEM, o->path);

	if (r == 0)
		*ret = p;
	else if (p)
		drop(p);
	return r;
}

const struct espy_output_format espy_output_parquet = {
	.name = "parquet",
	.suffixes = ".parquet .pq",
	.help = "a Parquet table",
	.open = open_parquet,
	.batch = batch,
	.finish = finish,
	.drop = drop,
};
