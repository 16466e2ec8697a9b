/* SPDX-License-Identifier: MIT */
/*
 * An SQLite database. Times are ns since 1970, durations ns; what is no UTF-8 is a BLOB of its
 * bytes. https://www.sqlite.org/datatype3.html
 */
#include "format/sqlite-internal.h"
#include <errno.h>
#include <stdlib.h>
#include "format/outputs.h"
#include "format/sqlite-schema.h"

int espy_sqlite_failed(struct espy_sqlite *s, struct espy_err *err)
{
	int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM, r = -EIO;

	if (code == SQLITE_FULL)
		r = -ENOSPC;
	else if (code == SQLITE_NOMEM)
		r = -ENOMEM;
	else if (code == SQLITE_CONSTRAINT) /* blocks of a damaged trace that overlap */
		return espy_err_set(err, -EBADMSG,
				    "several events have the same number, which a database "
				    "cannot hold; a trace that is written with a filter such as "
				    "'seq > 0' numbers them anew");
	return espy_err_set(err, r, "cannot write %s: %s", s->path,
			    r == -ENOSPC ? "No space left on device"
			    : s->db      ? sqlite3_errmsg(s->db)
					 : "no memory left");
}

int espy_sqlite_bind(sqlite3_stmt *stmt, int i, struct espy_str s)
{
	if (!s.n)
		return sqlite3_bind_null(stmt, i);
	if (memchr(s.p, 0, s.n) || !espy_str_is_utf8(s))
		return sqlite3_bind_blob64(stmt, i, s.p, s.n, SQLITE_TRANSIENT);
	return sqlite3_bind_text64(stmt, i, s.p, s.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int espy_sqlite_step(struct espy_sqlite *s, sqlite3_stmt *stmt, struct espy_err *err)
{
	int r = sqlite3_step(stmt);

	sqlite3_reset(stmt);
	return r == SQLITE_DONE ? 0 : espy_sqlite_failed(s, err);
}

static int execute(struct espy_sqlite *s, const char *sql, struct espy_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								       : espy_sqlite_failed(s, err);
}

static int prepare(struct espy_sqlite *s, sqlite3_stmt **ret, const char *sql, struct espy_err *err)
{
	return sqlite3_prepare_v2(s->db, sql, -1, ret, NULL) == SQLITE_OK
		       ? 0
		       : espy_sqlite_failed(s, err);
}

/* --- the facts about the capture ---------------------------------------------------------------
 */

static int fact_text(struct espy_sqlite *s, const char *name, const char *value,
		     struct espy_err *err)
{
	espy_sqlite_bind(s->machine, 1, espy_str0(name));
	espy_sqlite_bind(s->machine, 2, espy_str0(value));
	return espy_sqlite_step(s, s->machine, err);
}

static int fact_number(struct espy_sqlite *s, const char *name, int64_t value, struct espy_err *err)
{
	espy_sqlite_bind(s->machine, 1, espy_str0(name));
	sqlite3_bind_int64(s->machine, 2, value);
	return espy_sqlite_step(s, s->machine, err);
}

static int add_machine(struct espy_sqlite *s, const struct espy_machine *m, struct espy_err *err)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"host", m->host},       {"kernel", m->kernel},   {"arch", m->arch},
		{"os", m->os},           {"boot_id", m->boot_id}, {"version", m->version},
		{"command", m->command}, {"filter", m->filter},   {"packs", m->packs},
	};
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{"cpus", m->cpus},
		{"page_size", m->page_size},
		{"target_pid", m->target_pid},
		{"utc_offset", m->utc_offset},
		{"wall_offset_ns", m->wall_offset},
		{"started_ns", (int64_t)m->started + m->wall_offset},
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && r == 0; i++)
		r = fact_text(s, texts[i].name, texts[i].value, err);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && r == 0; i++)
		r = fact_number(s, numbers[i].name, numbers[i].value, err);
	return r;
}

static int add_ending(struct espy_sqlite *s, const struct espy_ending *e, struct espy_err *err)
{
	int r = fact_number(s, "events", (int64_t)e->events, err);

	if (r == 0)
		r = fact_number(s, "lost", (int64_t)e->lost, err);
	if (r == 0)
		r = fact_number(s, "exit_status", e->exit_status, err);
	return r == 0 ? fact_text(s, "reason", e->reason, err) : r;
}

/* --- the table of chosen columns ---------------------------------------------------------------
 */

static const char *type_of(enum espy_cell_kind kind)
{
	return kind == ESPY_CELL_TEXT ? "" : " integer";
}

/* Times and durations say their unit in their name. */
static const char *unit_of(const struct espy_column *c, enum espy_cell_kind kind)
{
	return kind == ESPY_CELL_TIME || c->fmt == ESPY_FMT_NSEC ? "_ns" : "";
}

static int make_flat(struct espy_sqlite *s, struct espy_err *err)
{
	struct espy_buf table = {0}, insert = {0};
	int r;

	espy_buf_puts(&table, "create table events (");
	espy_buf_puts(&insert, "insert into events values (");
	for (size_t i = 0; i < s->n_columns; i++) {
		espy_buf_printf(&table, "%s\"%s%s\"%s", i ? ", " : "", s->columns[i]->name,
				unit_of(s->columns[i], s->kinds[i]), type_of(s->kinds[i]));
		espy_buf_puts(&insert, i ? ",?" : "?");
	}
	espy_buf_add(&table, ")", 2);
	espy_buf_add(&insert, ")", 2);
	if (table.error || insert.error)
		r = espy_err_set(err, -ENOMEM, "no memory left to write %s", s->path);
	else
		r = execute(s, table.p, err);
	if (r == 0)
		r = prepare(s, &s->event, insert.p, err);
	espy_buf_done(&table);
	espy_buf_done(&insert);
	return r;
}

static int make_tables(struct espy_sqlite *s, struct espy_err *err)
{
	int r = execute(s, ESPY_SQLITE_TABLES ESPY_SQLITE_VIEWS, err);

	if (r == 0)
		r = prepare(s, &s->event, ESPY_SQLITE_EVENT, err);
	if (r == 0)
		r = prepare(s, &s->string, ESPY_SQLITE_STRING, err);
	if (r == 0)
		r = prepare(s, &s->operation, ESPY_SQLITE_OPERATION, err);
	return r == 0 ? prepare(s, &s->process, ESPY_SQLITE_PROCESS, err) : r;
}

/* --- the output ------------------------------------------------------------------------------- */

static void drop(void *state)
{
	struct espy_sqlite *s = state;
	sqlite3_stmt *all[] = {s->event, s->string, s->operation, s->process, s->machine};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(s->db);
	espy_dict_done(&s->dict);
	espy_map_done(&s->procs);
	espy_arena_done(&s->proc_arena);
	espy_buf_done(&s->scratch);
	free(s->string_rows);
	free(s->proc_rows);
	free(s->path);
	free(s);
}

static void choose_columns(struct espy_sqlite *s, const struct espy_column *const *columns)
{
	for (; columns && columns[s->n_columns]; s->n_columns++) {
		s->columns[s->n_columns] = columns[s->n_columns];
		s->kinds[s->n_columns] = espy_cell_kind(columns[s->n_columns]);
	}
}

static int begin(struct espy_sqlite *s, const struct espy_output_options *o, struct espy_err *err)
{
	int r;

	if (sqlite3_open_v2(o->path, &s->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return espy_sqlite_failed(s, err);
	r = execute(s, ESPY_SQLITE_BEGIN, err);
	if (r == 0)
		r = prepare(s, &s->machine, ESPY_SQLITE_MACHINE, err);
	if (r == 0)
		r = s->n_columns ? make_flat(s, err) : make_tables(s, err);
	return r == 0 ? add_machine(s, o->machine, err) : r;
}

static int open_database(void **ret, int fd, const struct espy_output_options *o,
			 struct espy_err *err)
{
	struct espy_sqlite *s = calloc(1, sizeof(*s));
	int r;

	(void)fd; /* the library opens the file by its name */
	if (!s)
		return espy_err_set(err, -ENOMEM, "no memory left to write %s", o->path);
	s->stacks = o->stacks;
	s->path2 = espy_column_find(ESPY_STR("path2"));
	s->path = strdup(o->path);
	choose_columns(s, o->columns);
	r = s->path ? espy_dict_init(&s->dict) : -ENOMEM;
	if (r == 0)
		r = begin(s, o, err);
	else
		espy_err_set(err, r, "no memory left to write %s", o->path);
	if (r < 0)
		drop(s);
	else
		*ret = s;
	return r;
}

static int snapshot(void *state, const struct espy_batch *b, struct espy_err *err)
{
	struct espy_sqlite *s = state;

	return s->n_columns ? 0 : espy_sqlite_procs(s, b, err);
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct espy_sqlite *s = state;

	return s->n_columns ? espy_sqlite_flat(s, b, bits, err) : espy_sqlite_rows(s, b, bits, err);
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct espy_sqlite *s = state;
	int r = e ? add_ending(s, e, err) : 0;

	if (r == 0)
		r = execute(s, "commit", err);
	drop(s);
	return r;
}

const struct espy_output_format espy_output_sqlite = {
	.name = "sqlite",
	.suffixes = ".sqlite .sqlite3 .db",
	.help = "an SQLite database",
	.open = open_database,
	.snapshot = snapshot,
	.batch = batch,
	.finish = finish,
	.drop = drop,
	.flags = ESPY_OUTPUT_SEEKS,
};
