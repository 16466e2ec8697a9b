/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite output share. Functions return 0 or a negative errno, and keep a
 * sentence in *err. */
#pragma once

#include <sqlite3.h>
#include "base/err.h"
#include "base/map.h"
#include "format/output-cell.h"
#include "format/output.h"

struct espy_sqlite {
	sqlite3 *db;
	char *path;
	bool stacks;
	sqlite3_stmt *event, *string, *operation, *process, *machine;
	struct espy_buf scratch;

	/* With chosen columns there is one table of them and nothing else. */
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	enum espy_cell_kind kinds[ESPY_WRITER_COLUMNS];
	size_t n_columns;

	/* Rows of `strings` and `processes` by what they hold. When they hold too much they start
	 * anew, and what is met again gets another row. */
	struct espy_dict dict;
	int64_t dict_base; /* the row of id i is base + i */
	struct espy_map procs;
	struct espy_arena proc_arena; /* of the numbers in it */
	int64_t n_procs;
	bool operations[ESPY_EVENT_ID_MAX];

	/* Of the batch: row of each of its strings and processes, 0 until asked for. */
	int64_t *string_rows, *proc_rows;
	const struct espy_column *path2;
};

/* The error of the last call of the library. */
int espy_sqlite_failed(struct espy_sqlite *s, struct espy_err *err);
/* A text that is UTF-8 without NUL, else a BLOB of its bytes. Parameters count from 1. */
int espy_sqlite_bind(sqlite3_stmt *stmt, int i, struct espy_str s);
/* Runs and resets. */
int espy_sqlite_step(struct espy_sqlite *s, sqlite3_stmt *stmt, struct espy_err *err);

/* sqlite-rows.c: a batch into the tables, or into the one of chosen columns. */
int espy_sqlite_rows(struct espy_sqlite *s, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err);
int espy_sqlite_flat(struct espy_sqlite *s, const struct espy_batch *b, const uint64_t *bits,
		     struct espy_err *err);
/* Only the processes of the batch. */
int espy_sqlite_procs(struct espy_sqlite *s, const struct espy_batch *b, struct espy_err *err);
