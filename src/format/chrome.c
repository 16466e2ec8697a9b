/* SPDX-License-Identifier: MIT */
/*
 * A timeline as JSON for chrome://tracing, ui.perfetto.dev and speedscope: the Trace Event Format,
 * whose times are microseconds. A slice is a complete event ("X"); one that would cut another slice
 * of its thread is an asynchronous one ("b", "e"). A process id that was used twice is one process
 * here, as the format knows no other identity.
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "format/output-cell.h"
#include "format/output-file.h"
#include "format/outputs.h"
#include "format/timeline.h"

struct chrome {
	struct espy_output_file file;
	struct espy_timeline timeline;
	struct espy_cell_lists lists;
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	struct espy_buf scratch;
	struct espy_machine machine;
	bool has_events;
};

static void add_string(struct espy_buf *out, struct espy_str s)
{
	espy_buf_putc(out, '"');
	espy_escape_json(out, s);
	espy_buf_putc(out, '"');
}

static void begin_event(struct chrome *c, const char *phase, uint32_t pid, uint32_t tid)
{
	espy_buf_printf(&c->file.buf, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u",
			c->has_events ? "," : "", phase, pid, tid);
	c->has_events = true;
}

static void add_time(struct espy_buf *out, const char *key, uint64_t ns)
{
	espy_buf_printf(out, ",\"%s\":%llu.%03u", key, (unsigned long long)(ns / 1000),
			(unsigned)(ns % 1000));
}

/* --- who ---------------------------------------------------------------------------------------
 */

static void add_name(struct chrome *c, const char *what, const struct espy_timeline_track *t,
		     struct espy_str name)
{
	begin_event(c, "M", t->pid, t->tid);
	espy_buf_printf(&c->file.buf, ",\"name\":\"%s\",\"args\":{\"name\":", what);
	add_string(&c->file.buf, name);
	espy_buf_puts(&c->file.buf, "}}");
}

/* --- events ------------------------------------------------------------------------------------
 */

static void add_key(struct espy_buf *out, const char *name, const char *suffix, bool *is_first)
{
	espy_buf_printf(out, "%s\"%s%s\":", *is_first ? "" : ",", name, suffix);
	*is_first = false;
}

static void add_argument(struct chrome *c, const struct espy_column *column,
			 enum espy_cell_kind kind, const struct espy_batch *b, uint32_t row,
			 bool *is_first)
{
	struct espy_buf *out = &c->file.buf;
	struct espy_cell cell;
	int replaced;

	espy_buf_reset(&c->scratch);
	if (!espy_cell_get(column, kind, b, row, &c->scratch, &cell) ||
	    (kind == ESPY_CELL_BOOL && !cell.num))
		return;
	add_key(out, column->name, "", is_first);
	replaced = espy_cell_json(out, kind, &cell);
	if (!replaced && !cell.raw.n)
		return;
	add_key(out, column->name, "_hex", is_first);
	espy_buf_putc(out, '"');
	espy_cell_hex(out, cell.raw.n ? cell.raw : cell.str);
	espy_buf_putc(out, '"');
}

static int add_arguments(struct chrome *c, const struct espy_batch *b, uint32_t row)
{
	const struct espy_cell_list *list = espy_cell_list(&c->lists, b->type[row]);
	bool is_first = true;

	if (!list)
		return -ENOMEM;
	espy_buf_puts(&c->file.buf, ",\"args\":{");
	for (size_t i = 0; i < list->n; i++)
		add_argument(c, list->columns[i], list->kinds[i], b, row, &is_first);
	espy_buf_putc(&c->file.buf, '}');
	return c->scratch.error;
}

static void add_what(struct chrome *c, const struct espy_batch *b, uint32_t row, uint64_t time)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;

	espy_buf_printf(&c->file.buf, ",\"name\":\"%s\",\"cat\":\"%s\"", s->op,
			espy_class_name(s->class_id));
	add_time(&c->file.buf, "ts", time);
}

/* A pair: its track is made by its id. */
static int add_aside(struct chrome *c, const struct espy_timeline_track *t,
		     const struct espy_batch *b, uint32_t row)
{
	unsigned long long id = b->first_seq + row;
	int r;

	begin_event(c, "b", t->pid, t->tid);
	add_what(c, b, row, b->time[row]);
	espy_buf_printf(&c->file.buf, ",\"id\":\"%llu\"", id);
	r = add_arguments(c, b, row);
	espy_buf_putc(&c->file.buf, '}');
	begin_event(c, "e", t->pid, t->tid);
	add_what(c, b, row, b->time[row] + b->duration[row]);
	espy_buf_printf(&c->file.buf, ",\"id\":\"%llu\"}", id);
	return r;
}

static int add_event(struct chrome *c, const struct espy_timeline_track *t,
		     const struct espy_batch *b, uint32_t row)
{
	int r;

	if (t->aside)
		return add_aside(c, t, b, row);
	begin_event(c, espy_timeline_duration(b, row) ? "X" : "i", t->pid, t->tid);
	add_what(c, b, row, b->time[row]);
	if (espy_timeline_duration(b, row))
		add_time(&c->file.buf, "dur", b->duration[row]);
	else
		espy_buf_puts(&c->file.buf, ",\"s\":\"t\""); /* an instant of its thread */
	r = add_arguments(c, b, row);
	espy_buf_putc(&c->file.buf, '}');
	return r;
}

static int add_row(struct chrome *c, const struct espy_batch *b, uint32_t row)
{
	bool is_new, is_new_process;
	const struct espy_timeline_track *t =
		espy_timeline_track(&c->timeline, b, row, &is_new, &is_new_process);
	const struct espy_proc *p;

	if (!t)
		return -ENOMEM;
	if (is_new || is_new_process) {
		p = espy_timeline_newest(b, row);
		if (is_new_process)
			add_name(c, "process_name", t, espy_dict_get(&b->dict, p ? p->name : 0));
		if (is_new && !t->aside)
			add_name(c, "thread_name", t, espy_dict_get(&b->dict, p ? p->name : 0));
	}
	return add_event(c, t, b, row);
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct chrome *c = state;
	int r = 0;

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (!espy_output_wants(bits, row))
			continue;
		if (add_row(c, b, row) < 0)
			return espy_output_failed(err, -ENOMEM, c->file.path);
		r = espy_output_file_full(&c->file, err);
	}
	return r;
}

/* --- the output --------------------------------------------------------------------------------
 */

static void drop(void *state)
{
	struct chrome *c = state;

	espy_timeline_done(&c->timeline);
	espy_arena_done(&c->lists.arena);
	espy_buf_done(&c->scratch);
	espy_output_file_done(&c->file);
	free(c);
}

static void add_fact(struct espy_buf *out, const char *name, const char *value, const char *before)
{
	espy_buf_printf(out, "%s\"%s\":", before, name);
	add_string(out, espy_str0(value));
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct chrome *c = state;
	struct espy_buf *out = &c->file.buf;
	int r;

	espy_buf_puts(out, "\n],\"displayTimeUnit\":\"ns\",\"otherData\":{");
	add_fact(out, "host", c->machine.host, "");
	add_fact(out, "kernel", c->machine.kernel, ",");
	add_fact(out, "command", c->machine.command, ",");
	add_fact(out, "filter", c->machine.filter, ",");
	if (e)
		espy_buf_printf(out, ",\"lost\":\"%llu\"", (unsigned long long)e->lost);
	espy_buf_puts(out, "}}\n");
	r = espy_output_file_flush(&c->file, err);
	drop(c);
	return r;
}

static int open_chrome(void **ret, int fd, const struct espy_output_options *o,
		       struct espy_err *err)
{
	struct chrome *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return espy_output_failed(err, -ENOMEM, o->path);
	r = espy_output_file_init(&c->file, fd, o->path, err);
	if (r < 0) {
		free(c);
		return r;
	}
	for (size_t i = 0; o->columns && o->columns[i]; i++)
		c->columns[i] = o->columns[i];
	c->lists.columns = o->columns ? c->columns : NULL;
	c->lists.stacks = o->stacks;
	c->machine = *o->machine;
	espy_buf_puts(&c->file.buf, "{\"traceEvents\":[");
	*ret = c;
	return 0;
}

const struct espy_output_format espy_output_chrome = {
	.name = "chrome",
	.suffixes = ".trace.json .chrome.json",
	.help = "a timeline as JSON, for chrome://tracing and others",
	.open = open_chrome,
	.batch = batch,
	.finish = finish,
	.drop = drop,
};
