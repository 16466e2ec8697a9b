/* SPDX-License-Identifier: MIT */
/*
 * Process Monitor's own CSV of a capture against what Espy says of the same capture, field by
 * field:
 *
 *   compare NAME CAPTURE CSV AGREEMENT OFFSET [COLUMN]
 *
 * OFFSET is the zone of the CSV's times, in seconds east of UTC: no capture says it.
 * Prints how many fields of each column are equal. The number of others must be what AGREEMENT says
 * for NAME and the column, 0 where it says nothing. With COLUMN the first fields that differ are
 * printed too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "csv.h"
#include "file.h"
#include "format/procmon-text.h"
#include "format/reader.h"

#define SHOWN 20 /* differences of the column that is looked at */

struct run {
	const char *name, *agreement, *look;
	struct csv csv;
	struct csv_row row;
	enum espy_procmon_column columns[CSV_FIELDS]; /* of the CSV's fields */
	size_t n_columns;
	unsigned long total, differ[ESPY_PROCMON__MAX];
	unsigned shown;
	struct espy_procmon_context ctx;
};

static void die(const char *what, const char *more)
{
	fprintf(stderr, "%s%s\n", what, more);
	exit(2);
}

static void read_header(struct run *r)
{
	if (!csv_next(&r->csv, &r->row))
		die("the CSV has no header", "");
	r->n_columns = r->row.n;
	for (size_t i = 0; i < r->row.n; i++) {
		size_t c = 0;

		while (c < ESPY_PROCMON__MAX &&
		       (strlen(espy_procmon_columns[c].title) != r->row.fields[i].n ||
			memcmp(espy_procmon_columns[c].title, r->row.fields[i].p,
			       r->row.fields[i].n) != 0))
			c++;
		if (c == ESPY_PROCMON__MAX)
			die("the CSV has a column that is not known: ", r->row.fields[i].p);
		r->columns[i] = (enum espy_procmon_column)c;
	}
}

static void show(struct run *r, const struct espy_buf *ours, const struct csv_field *theirs,
		 const struct espy_batch *b, uint32_t row)
{
	struct espy_buf op = {0};

	if (r->shown++ >= SHOWN)
		return;
	espy_procmon_text(&op, b, row, ESPY_PROCMON_operation, &r->ctx);
	printf("event %lu, %.*s\n  theirs: %.*s\n  ours:   %.*s\n", r->total, (int)op.n, op.p,
	       (int)theirs->n, theirs->p, (int)ours->n, ours->n ? ours->p : "");
	espy_buf_done(&op);
}

static void compare_row(struct run *r, const struct espy_batch *b, uint32_t row)
{
	struct espy_buf text = {0};

	r->total++;
	if (!csv_next(&r->csv, &r->row) || r->row.n != r->n_columns)
		die("the CSV ends before the capture, or a row of it is short", "");
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct csv_field *f = &r->row.fields[i];
		enum espy_procmon_column c = r->columns[i];

		espy_buf_reset(&text);
		if (espy_procmon_text(&text, b, row, c, &r->ctx) < 0)
			die("no memory left", "");
		if (text.n == f->n && (!f->n || memcmp(text.p, f->p, f->n) == 0))
			continue;
		r->differ[c]++;
		if (r->look && strcmp(r->look, espy_procmon_columns[c].title) == 0)
			show(r, &text, f, b, row);
	}
	espy_buf_done(&text);
}

static void compare_all(struct run *r, struct espy_reader *in)
{
	struct espy_err err = {0};
	struct espy_batch *b;
	int e;

	if (espy_batch_new(&b) < 0)
		die("no memory left", "");
	while ((e = espy_reader_next(in, b, &err)) > 0)
		for (uint32_t i = 0; i < b->n; i++)
			compare_row(r, b, i);
	if (e < 0)
		die("cannot read the capture: ", err.text);
	if (csv_next(&r->csv, &r->row))
		die("the capture ends before the CSV", "");
	espy_batch_free(b);
}

/* A line: NAME, column, number and reason, separated by tabs; # begins a comment. */
static unsigned long expected(const struct run *r, const char *title)
{
	FILE *f = fopen(r->agreement, "re");
	char line[1024];
	unsigned long n = 0;

	if (!f)
		die("cannot open ", r->agreement);
	while (fgets(line, sizeof(line), f)) {
		char *save = NULL, *name = strtok_r(line, "\t\n", &save);
		char *column = strtok_r(NULL, "\t\n", &save);
		char *number = strtok_r(NULL, "\t\n", &save);

		if (name && number && *name != '#' && strcmp(name, r->name) == 0 &&
		    strcmp(column, title) == 0)
			n = strtoul(number, NULL, 10);
	}
	fclose(f);
	return n;
}

static int report(const struct run *r)
{
	int bad = 0;

	printf("%-18s %9s %9s %9s\n", r->name, "equal", "total", "rate");
	for (size_t i = 0; i < r->n_columns; i++) {
		enum espy_procmon_column c = r->columns[i];
		const char *title = espy_procmon_columns[c].title;
		unsigned long want = expected(r, title), equal = r->total - r->differ[c];

		printf("%-18s %9lu %9lu %8.4f%%%s\n", title, equal, r->total,
		       r->total ? 100.0 * (double)equal / (double)r->total : 0.0,
		       r->differ[c] == want ? "" : "  <- not as agreed");
		if (r->differ[c] == want)
			continue;
		bad = 1;
		fprintf(stderr, "%s, %s: %lu fields differ, %lu were agreed on\n", r->name, title,
			r->differ[c], want);
	}
	return bad;
}

int main(int argc, char **argv)
{
	struct run r = {0};
	struct espy_err err = {0};
	struct espy_reader *in;
	size_t n;
	char *csv;
	int bad;

	if (argc < 6)
		die("usage: compare NAME CAPTURE CSV AGREEMENT OFFSET [COLUMN]", "");
	r.name = argv[1];
	r.agreement = argv[4];
	r.ctx.utc_offset = (int32_t)strtol(argv[5], NULL, 10);
	r.look = argv[6];
	csv = file_read(argv[3], &n);
	csv_open(&r.csv, csv, n);
	read_header(&r);
	if (espy_reader_open(&in, file_inflate(argv[2]), NULL, &err) < 0)
		die("cannot read the capture: ", err.text);
	r.ctx.first = espy_reader_machine(in)->started;
	compare_all(&r, in);
	bad = report(&r);
	espy_reader_close(in);
	free(csv);
	return bad;
}
