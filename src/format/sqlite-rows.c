/* SPDX-License-Identifier: MIT */
/* Rows of an SQLite output: strings and processes are stored once and referred to by number. */
#include <errno.h>
#include <stdlib.h>
#include <xxhash.h>
#include "format/sqlite-internal.h"
#include "model/call.h"

#define STRINGS_MAX (1u << 20)  /* that are remembered */
#define TEXT_MAX    (64u << 20) /* bytes of them */
#define PROCS_MAX   (1u << 20)  /* processes that are remembered */

/* --- strings ---------------------------------------------------------------------------------- */

static int forget_strings(struct espy_sqlite *s)
{
	s->dict_base += s->dict.n;
	espy_dict_reset(&s->dict);
	return 0;
}

/* *ret is the row of a string that is not empty. */
static int string_row(struct espy_sqlite *s, struct espy_str str, int64_t *ret,
		      struct espy_err *err)
{
	uint32_t n, id;

	if (s->dict.n >= STRINGS_MAX || s->dict.bytes >= TEXT_MAX)
		forget_strings(s);
	n = s->dict.n;
	id = espy_dict_add(&s->dict, str);
	if (id == UINT32_MAX)
		return espy_err_set(err, -ENOMEM, "no memory left to write %s", s->path);
	*ret = s->dict_base + id;
	if (id < n)
		return 0;
	sqlite3_bind_int64(s->string, 1, *ret);
	espy_sqlite_bind(s->string, 2, str);
	return espy_sqlite_step(s, s->string, err);
}

/* Binds the row of a string, NULL for none; `id` is that of the batch, UINT32_MAX for another. */
static int bind_string(struct espy_sqlite *s, int i, uint32_t id, struct espy_str str,
		       struct espy_err *err)
{
	int64_t row = id == UINT32_MAX ? 0 : s->string_rows[id];
	int r = 0;

	if (!str.n) {
		sqlite3_bind_null(s->event, i);
		return 0;
	}
	if (!row)
		r = string_row(s, str, &row, err);
	if (r < 0)
		return r;
	if (id != UINT32_MAX)
		s->string_rows[id] = row;
	sqlite3_bind_int64(s->event, i, row);
	return 0;
}

/* --- processes -------------------------------------------------------------------------------- */

/* All that makes the entry what it is, whatever batch it stands in. */
static XXH128_hash_t hash_of(struct espy_buf *scratch, const struct espy_batch *b,
			     const struct espy_proc *p)
{
	struct espy_proc plain = *p;
	const uint32_t ids[] = {p->name, p->exe, p->cmdline, p->user, p->tty, p->more};

	plain.parent = plain.name = plain.exe = plain.cmdline = 0;
	plain.user = plain.tty = plain.more = 0;
	espy_buf_reset(scratch);
	espy_buf_add(scratch, &plain, sizeof(plain));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct espy_str str = espy_dict_get(&b->dict, ids[i]);

		espy_buf_add(scratch, &str.n, sizeof(str.n));
		espy_buf_str(scratch, str);
	}
	return XXH3_128bits(scratch->p, scratch->n);
}

static void bind_time(sqlite3_stmt *stmt, int i, const struct espy_batch *b, uint64_t boot)
{
	if (boot)
		sqlite3_bind_int64(stmt, i, (int64_t)boot + b->wall_offset);
	else
		sqlite3_bind_null(stmt, i);
}

/* Words of a command line as a JSON array; as they are when one is not UTF-8. */
static void bind_words(struct espy_sqlite *s, int i, struct espy_str words)
{
	espy_buf_reset(&s->scratch);
	if (espy_cell_array(&s->scratch, words, espy_cell_string) || s->scratch.error)
		sqlite3_bind_blob64(s->process, i, words.p, words.n, SQLITE_TRANSIENT);
	else
		espy_sqlite_bind(s->process, i, (struct espy_str){s->scratch.p, s->scratch.n});
}

static int add_proc(struct espy_sqlite *s, const struct espy_batch *b, const struct espy_proc *p,
		    int64_t row, struct espy_err *err)
{
	sqlite3_stmt *q = s->process;
	const int64_t ids[] = {p->uid, p->gid, p->euid, p->egid};

	sqlite3_bind_int64(q, 1, row);
	sqlite3_bind_int64(q, 2, p->pid);
	bind_time(q, 3, b, p->start);
	sqlite3_bind_int64(q, 4, p->ppid);
	bind_time(q, 5, b, p->parent_start);
	espy_sqlite_bind(q, 6, espy_dict_get(&b->dict, p->name));
	espy_sqlite_bind(q, 7, espy_dict_get(&b->dict, p->exe));
	bind_words(s, 8, espy_dict_get(&b->dict, p->cmdline));
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(q, 9 + i, ids[i]);
	espy_sqlite_bind(q, 13, espy_dict_get(&b->dict, p->user));
	sqlite3_bind_int64(q, 14, p->sid);
	sqlite3_bind_int64(q, 15, p->login_uid);
	espy_sqlite_bind(q, 16, espy_dict_get(&b->dict, p->tty));
	sqlite3_bind_int64(q, 17, (int64_t)p->cgroup);
	sqlite3_bind_int64(q, 18, !!(p->flags & ESPY_PROC_KERNEL));
	sqlite3_bind_int64(q, 19, !!(p->flags & ESPY_PROC_BEFORE));
	return espy_sqlite_step(s, q, err);
}

static int proc_row(struct espy_sqlite *s, const struct espy_batch *b, uint32_t index,
		    struct espy_err *err)
{
	XXH128_hash_t h = hash_of(&s->scratch, b, &b->procs[index]);
	int64_t *row = espy_map_get(&s->procs, h.low64, h.high64);

	if (row) {
		s->proc_rows[index] = *row;
		return 0;
	}
	if (s->procs.n >= PROCS_MAX) {
		espy_map_done(&s->procs);
		espy_arena_reset(&s->proc_arena);
		s->procs = (struct espy_map){0};
	}
	row = espy_arena_alloc(&s->proc_arena, sizeof(*row));
	if (s->scratch.error || !row || espy_map_put(&s->procs, h.low64, h.high64, row) < 0)
		return espy_err_set(err, -ENOMEM, "no memory left to write %s", s->path);
	*row = ++s->n_procs;
	s->proc_rows[index] = *row;
	return add_proc(s, b, &b->procs[index], *row, err);
}

/* --- events ----------------------------------------------------------------------------------- */

static int need_operation(struct espy_sqlite *s, unsigned type, struct espy_err *err)
{
	const struct espy_schema *e = espy_schema_get(type);

	if (s->operations[type])
		return 0;
	s->operations[type] = true;
	sqlite3_bind_int64(s->operation, 1, type);
	espy_sqlite_bind(s->operation, 2, espy_str0(e->name));
	espy_sqlite_bind(s->operation, 3, espy_str0(espy_class_name(e->class_id)));
	espy_sqlite_bind(s->operation, 4, espy_str0(e->op));
	espy_sqlite_bind(s->operation, 5, espy_str0(e->label));
	return espy_sqlite_step(s, s->operation, err);
}

/* A column of text that is mostly the same few. */
static int bind_column(struct espy_sqlite *s, int i, const struct espy_column *c,
		       const struct espy_batch *b, uint32_t row, struct espy_err *err)
{
	struct espy_value v;

	espy_buf_reset(&s->scratch);
	if (!espy_column_get(c, b, row, &s->scratch, &v))
		v.str = ESPY_STR_NONE;
	return bind_string(s, i, v.str.n ? v.id : 0, v.str, err);
}

static int bind_strings(struct espy_sqlite *s, const struct espy_batch *b, uint32_t row,
			struct espy_err *err)
{
	int r = bind_column(s, 8, espy_column_at(ESPY_COL_syscall), b, row, err);

	if (r == 0)
		r = bind_string(s, 9, b->path[row], espy_dict_get(&b->dict, b->path[row]), err);
	if (r == 0)
		r = bind_column(s, 10, s->path2, b, row, err);
	if (r == 0)
		r = bind_string(s, 11, UINT32_MAX, espy_str0(espy_source_name(b->path_source[row])),
				err);
	if (r == 0 && s->stacks)
		r = bind_string(s, 17, b->stack[row], espy_dict_get(&b->dict, b->stack[row]), err);
	return r;
}

static void bind_result(struct espy_sqlite *s, const struct espy_batch *b, uint32_t row)
{
	struct espy_value v;

	espy_buf_reset(&s->scratch);
	if (b->flags[row] & ESPY_F_PENDING)
		sqlite3_bind_null(s->event, 12);
	else
		sqlite3_bind_int64(s->event, 12, b->result[row]);
	if (espy_column_get(espy_column_at(ESPY_COL_error), b, row, &s->scratch, &v))
		sqlite3_bind_text64(s->event, 13, v.str.p, v.str.n, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(s->event, 13);
}

static int add_row(struct espy_sqlite *s, const struct espy_batch *b, uint32_t row,
		   struct espy_err *err)
{
	uint32_t proc = b->proc[row];
	int r = need_operation(s, b->type[row], err);

	if (r == 0 && proc < b->n_procs && !s->proc_rows[proc])
		r = proc_row(s, b, proc, err);
	if (r == 0)
		r = bind_strings(s, b, row, err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(s->event, 1, (int64_t)(b->first_seq + row));
	sqlite3_bind_int64(s->event, 2, (int64_t)b->time[row] + b->wall_offset);
	if (b->flags[row] & ESPY_F_NO_ENTRY)
		sqlite3_bind_null(s->event, 3);
	else
		sqlite3_bind_int64(s->event, 3, (int64_t)b->duration[row]);
	sqlite3_bind_int64(s->event, 4, b->type[row]);
	if (proc < b->n_procs)
		sqlite3_bind_int64(s->event, 5, s->proc_rows[proc]);
	else
		sqlite3_bind_null(s->event, 5);
	sqlite3_bind_int64(s->event, 6, b->tid[row]);
	sqlite3_bind_int64(s->event, 7, b->cpu[row]);
	bind_result(s, b, row);
	sqlite3_bind_int64(s->event, 14, !!(b->flags[row] & ESPY_F_PENDING));
	sqlite3_bind_int64(s->event, 15, !!(b->flags[row] & ESPY_F_TRUNCATED));
	espy_buf_reset(&s->scratch);
	espy_cell_fields(&s->scratch, b, row);
	espy_sqlite_bind(s->event, 16, (struct espy_str){s->scratch.p, s->scratch.n});
	return espy_sqlite_step(s, s->event, err);
}

static int begin_batch(struct espy_sqlite *s, const struct espy_batch *b, struct espy_err *err)
{
	free(s->string_rows);
	free(s->proc_rows);
	s->string_rows = calloc(b->dict.n + 1u, sizeof(*s->string_rows));
	s->proc_rows = calloc(b->n_procs + 1u, sizeof(*s->proc_rows));
	if (s->string_rows && s->proc_rows)
		return 0;
	return espy_err_set(err, -ENOMEM, "no memory left to write %s", s->path);
}

int espy_sqlite_rows(struct espy_sqlite *s, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err)
{
	int r = begin_batch(s, b, err);

	for (uint32_t row = 0; row < b->n && r == 0; row++)
		if (espy_output_wants(bits, row))
			r = add_row(s, b, row, err);
	return r;
}

int espy_sqlite_procs(struct espy_sqlite *s, const struct espy_batch *b, struct espy_err *err)
{
	int r = begin_batch(s, b, err);

	for (uint32_t i = 0; i < b->n_procs && r == 0; i++)
		r = proc_row(s, b, i, err);
	return r;
}

/* --- chosen columns --------------------------------------------------------------------------- */

static void bind_cell(struct espy_sqlite *s, size_t i, const struct espy_cell *cell)
{
	int at = (int)i + 1;

	if (s->kinds[i] != ESPY_CELL_TEXT)
		sqlite3_bind_int64(s->event, at, (int64_t)cell->num);
	else if (cell->raw.n)
		sqlite3_bind_blob64(s->event, at, cell->raw.p, cell->raw.n, SQLITE_TRANSIENT);
	else
		espy_sqlite_bind(s->event, at, cell->str);
}

int espy_sqlite_flat(struct espy_sqlite *s, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err)
{
	int r = 0;

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (!espy_output_wants(bits, row))
			continue;
		for (size_t i = 0; i < s->n_columns; i++) {
			struct espy_cell cell;

			espy_buf_reset(&s->scratch);
			if (espy_cell_get(s->columns[i], s->kinds[i], b, row, &s->scratch, &cell))
				bind_cell(s, i, &cell);
			else
				sqlite3_bind_null(s->event, (int)i + 1);
		}
		r = espy_sqlite_step(s, s->event, err);
	}
	return r;
}
