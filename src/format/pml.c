/* SPDX-License-Identifier: MIT */
/* Captures of Process Monitor as a format among others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "format/pml-row.h"
#include "format/pml-walk.h"
#include "format/readers.h"

#define BATCH_ROWS    16384u /* their stacks take a few KiB each */
#define DAMAGE_ERRORS 16u    /* that are told one by one; the others only at the end */

struct pml {
	struct espy_pml file;
	struct espy_pml_tables tables;
	struct espy_pml_rows rows;
	struct espy_machine machine;
	struct espy_ending ending;
	uint32_t next;   /* event */
	uint64_t given;  /* rows so far */
	uint64_t errors; /* damaged parts so far */
	bool is_late;    /* `late` is still to be told */
	struct espy_err late;
	struct espy_pml_walk walk;
	uint32_t process; /* of the snapshot: the next one */
	int64_t module;   /* and of its modules, -1 for itself */
};

/* --- opening -------------------------------------------------------------------------------------
 */

static void copy_utf16(struct espy_pml *f, char *to, size_t size, uint64_t at, size_t units)
{
	const uint8_t *p = espy_pml_bytes(f, at, 2 * units);
	struct espy_buf b = {0};
	size_t n = 0;

	while (p && n < units && espy_pml_u16(p + 2 * n))
		n++;
	espy_pml_utf16(&b, p, 2 * n);
	snprintf(to, size, "%.*s", (int)b.n, b.n ? b.p : "");
	espy_buf_done(&b);
}

static void read_machine(struct pml *s)
{
	struct espy_pml *f = &s->file;
	struct espy_machine *m = &s->machine;
	char pack[128];
	uint32_t major = espy_pml_u32(f->p + 0x274), minor = espy_pml_u32(f->p + 0x278);
	uint32_t build = espy_pml_u32(f->p + 0x27c);

	copy_utf16(f, m->host, sizeof(m->host), 0xc, 16);
	copy_utf16(f, pack, sizeof(pack), 0x284, 128);
	snprintf(m->kernel, sizeof(m->kernel), "%u.%u.%u", major, minor, build);
	snprintf(m->os, sizeof(m->os), "Windows %u.%u.%u%s%s", major, minor, build,
		 *pack ? " " : "", pack);
	snprintf(m->arch, sizeof(m->arch), "%s", f->is_64 ? "64-bit" : "32-bit");
	m->cpus = espy_pml_u32(f->p + 0x38c);
	m->started = s->rows.first;
}

static uint64_t first_time(const struct espy_pml *f)
{
	struct espy_pml_walk walk = {0};
	struct espy_pml_event e;

	if (!f->is_closed)
		return espy_pml_walk_next(&walk, f, &e) ? espy_pml_time(e.time) : 0;
	for (uint32_t i = 0; i < f->n_events; i++)
		if (espy_pml_event_read(f, espy_pml_event_offset(f, i), &e) == 0)
			return espy_pml_time(e.time);
	return 0;
}

static void close_pml(void *state)
{
	struct pml *s = state;

	espy_pml_rows_done(&s->rows);
	espy_pml_tables_done(&s->tables);
	espy_pml_close(&s->file);
	free(s);
}

/* What is wrong with them is told when the events are read, which need not suffer. */
static int load_tables(struct pml *s)
{
	int r = espy_pml_tables_load(&s->tables, &s->file, &s->late);

	if (s->file.is_cut)
		r = espy_err_at(
			&s->late, -EBADMSG, s->file.name, 0, 0,
			"the file ends at offset %llu, before its tables: it was cut short, "
			"and only what the events themselves say about processes is known",
			(unsigned long long)s->file.size);
	else if (!s->file.is_closed)
		r = espy_err_at(&s->late, -EBADMSG, s->file.name, 0, 0,
				"Process Monitor did not close this file: its tables are missing, "
				"so that only what the events themselves say about processes is "
				"known");
	s->is_late = r == -EBADMSG;
	return s->is_late ? 0 : r;
}

static int open_pml(void **ret, int fd, const char *name, struct espy_err *err)
{
	struct pml *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		close(fd);
		return espy_err_set(err, -ENOMEM, "no memory left to read %s", name);
	}
	r = espy_pml_open(&s->file, fd, name, err);
	if (r == 0)
		r = load_tables(s);
	if (r < 0) {
		close_pml(s);
		return r;
	}
	s->rows.tables = &s->tables;
	s->rows.first = first_time(&s->file);
	s->module = -1;
	read_machine(s);
	*ret = s;
	return 0;
}

/* --- what was there at the start -----------------------------------------------------------------
 */

static bool was_running(const struct pml *s, const struct espy_pml_process *p)
{
	return espy_pml_time(p->start) < s->rows.first;
}

static int add_process(struct pml *s, struct espy_batch *b, const struct espy_pml_process *p)
{
	int r = 0;

	if (s->module < 0)
		r = espy_pml_rows_running(&s->rows, b, p);
	else
		r = espy_pml_rows_module(&s->rows, b, p, &p->modules[s->module]);
	if (r < 0)
		return r;
	if (++s->module == (int64_t)p->n_modules) {
		s->module = -1;
		s->process++;
	}
	return 0;
}

static int snapshot(void *state, struct espy_batch *b, struct espy_err *err)
{
	struct pml *s = state;
	int r = 0;

	espy_pml_rows_begin(&s->rows, b);
	b->first_seq = 1;
	while (s->process < s->tables.n_processes && b->n < BATCH_ROWS && r == 0) {
		const struct espy_pml_process *p = s->tables.processes[s->process];

		if (was_running(s, p))
			r = add_process(s, b, p);
		else
			s->process++;
	}
	if (r < 0 && !(r == -ENOSPC && b->n))
		return espy_err_set(err, r, "no memory left to read %s", s->file.name);
	return b->n > 0;
}

/* --- events --------------------------------------------------------------------------------------
 */

/* Passes over the events that cannot be read. Errors are not told without end. */
static int damaged(struct pml *s, struct espy_err *err)
{
	uint32_t first = s->next;
	uint64_t at = espy_pml_event_offset(&s->file, first);
	struct espy_pml_event e;

	while (s->next < s->file.n_events &&
	       espy_pml_event_read(&s->file, espy_pml_event_offset(&s->file, s->next), &e) < 0)
		s->next++;
	if (++s->errors > DAMAGE_ERRORS && s->next < s->file.n_events)
		return 0;
	return espy_err_at(err, -EBADMSG, s->file.name, 0, 0,
			   "event %u at offset %llu is not whole or leads outside of the file (%u "
			   "left out here, "
			   "%llu such places so far)",
			   first + 1, (unsigned long long)at, s->next - first,
			   (unsigned long long)s->errors);
}

/* The next event: 1, 0 at the end, -EBADMSG as `next` gives it. It counts when it was taken. */
static int peek(struct pml *s, struct espy_pml_event *e, struct espy_err *err)
{
	struct espy_pml_walk walk = s->walk;
	int r;

	if (!s->file.is_closed)
		return espy_pml_walk_next(&walk, &s->file, e);
	while (s->next < s->file.n_events) {
		if (espy_pml_event_read(&s->file, espy_pml_event_offset(&s->file, s->next), e) == 0)
			return 1;
		r = damaged(s, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void take(struct pml *s, const struct espy_pml_event *e)
{
	s->next++;
	s->walk.at = e->next;
	s->ending.events++;
	s->ending.ended = espy_pml_time(e->time);
}

/* An error that comes with rows waits for the next call. */
static int rows_or_error(struct pml *s, const struct espy_batch *b, int r,
			 const struct espy_err *own, struct espy_err *err)
{
	s->given += b->n;
	if (r == -ENOMEM || (r == -ENOSPC && !b->n))
		return espy_err_set(err, r, "no memory left to read %s", s->file.name);
	if (r != -EBADMSG)
		return b->n > 0;
	if (!b->n) {
		if (err)
			*err = *own;
		return r;
	}
	s->is_late = true;
	s->late = *own;
	return 1;
}

static int next(void *state, struct espy_batch *b, struct espy_err *err)
{
	struct pml *s = state;
	struct espy_err own = {0};
	struct espy_pml_event e;
	int r = 0;

	espy_pml_rows_begin(&s->rows, b);
	b->first_seq = s->given + 1;
	if (s->is_late) {
		s->is_late = false;
		if (err)
			*err = s->late;
		return -EBADMSG;
	}
	while (b->n < BATCH_ROWS && (r = peek(s, &e, &own)) > 0) {
		if (!s->file.is_closed)
			espy_pml_walk_learn(&s->tables, &e);
		r = espy_pml_rows_event(&s->rows, b, &e);
		if (r < 0)
			break;
		take(s, &e);
	}
	return rows_or_error(s, b, r, &own, err);
}

/* --- the rest ------------------------------------------------------------------------------------
 */

static bool probe(const uint8_t *head, size_t n)
{
	return espy_pml_probe(head, n);
}

static const struct espy_machine *machine(void *state)
{
	return &((struct pml *)state)->machine;
}

static const struct espy_ending *ending(void *state)
{
	struct pml *s = state;

	s->ending.exit_status = -1;
	snprintf(s->ending.reason, sizeof(s->ending.reason), "%s",
		 s->file.is_cut      ? "the file was cut short"
		 : s->file.is_closed ? "Process Monitor closed the file"
				     : "Process Monitor did not close the file");
	return &s->ending;
}

static int rewind_pml(void *state)
{
	struct pml *s = state;

	s->next = 0;
	s->given = s->errors = 0;
	s->walk = (struct espy_pml_walk){0};
	s->process = 0;
	s->module = -1;
	s->ending = (struct espy_ending){0};
	return 0;
}

static double progress(void *state)
{
	const struct pml *s = state;

	if (!s->file.is_closed)
		return (double)s->walk.at / (double)s->file.size;
	return s->file.n_events ? (double)s->next / s->file.n_events : 1;
}

const struct espy_reader_format espy_reader_pml = {
	.name = "pml",
	.suffixes = ".pml",
	.help = "captures of Process Monitor for Windows",
	.probe = probe,
	.open = open_pml,
	.close = close_pml,
	.machine = machine,
	.snapshot = snapshot,
	.next = next,
	.ending = ending,
	.rewind = rewind_pml,
	.progress = progress,
};
