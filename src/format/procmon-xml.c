/* SPDX-License-Identifier: MIT */
/*
 * The XML of Process Monitor: a list of the processes with their modules, then the events, whose
 * elements are called as its columns with an underscore for what is no letter.
 *
 * The processes come first and are known last, so the events wait in a temporary file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "format/formats.h"
#include "format/output-file.h"
#include "format/outputs.h"
#include "format/pml-write-table.h"
#include "format/procmon-csv.h"
#include "format/procmon-detail.h"
#include "format/spool.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define REPLACEMENT     "\xef\xbf\xbd"
#define NAME_BYTES      64u /* of an element */

struct xml {
	struct espy_output_file file;
	struct espy_spool events;
	struct espy_pml_write_tables tables;
	struct espy_procmon_context context;
	const struct espy_machine *machine;
	struct espy_buf text;
	enum espy_procmon_column columns[ESPY_WRITER_COLUMNS];
	unsigned n_columns;
	bool stacks, has_context;
};

static void drop(void *state)
{
	struct xml *x = state;

	espy_output_file_done(&x->file);
	espy_spool_done(&x->events);
	espy_pml_write_tables_done(&x->tables);
	espy_buf_done(&x->text);
	free(x);
}

static void choose_columns(struct xml *x, const struct espy_column *const *list)
{
	if (!list)
		list = espy_procmon_default_columns();
	for (size_t i = 0; list[i] && x->n_columns < ESPY_WRITER_COLUMNS; i++) {
		int c = espy_procmon_column_of(list[i]);

		if (c >= 0)
			x->columns[x->n_columns++] = (enum espy_procmon_column)c;
	}
}

static int open_xml(void **ret, int fd, const struct espy_output_options *o, struct espy_err *err)
{
	struct xml *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return espy_output_failed(err, -ENOMEM, o->path);
	x->machine = o->machine;
	x->stacks = o->stacks;
	choose_columns(x, o->columns);
	r = espy_pml_write_tables_init(&x->tables, o->machine);
	if (r < 0)
		espy_output_failed(err, r, o->path);
	else
		r = espy_output_file_init(&x->file, fd, o->path, err);
	if (r >= 0)
		r = espy_spool_open(&x->events, err);
	if (r < 0)
		drop(x);
	else
		*ret = x;
	return r;
}

/* --- text ------------------------------------------------------------------------------------- */

/* What XML 1.0 cannot hold becomes U+FFFD. */
static void add_escaped(struct espy_buf *out, struct espy_str s)
{
	static const struct {
		char c;
		const char *name;
	} entities[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\r', "&#13;"}};
	uint32_t cp = 0;

	while (s.n) {
		size_t n = espy_str_utf8(s, &cp), i = 0;

		while (i < 5 && entities[i].c != s.p[0])
			i++;
		if (i < 5)
			espy_buf_puts(out, entities[i].name);
		else if (!n || cp == 0xfffe || cp == 0xffff ||
			 (cp < 0x20 && cp != '\t' && cp != '\n'))
			espy_buf_puts(out, REPLACEMENT);
		else
			espy_buf_add(out, s.p, n);
		n += !n;
		s = (struct espy_str){s.p + n, s.n - n};
	}
}

static void element(struct espy_buf *out, const char *name, struct espy_str text)
{
	espy_buf_printf(out, "<%s>", name);
	add_escaped(out, text);
	espy_buf_printf(out, "</%s>\r\n", name);
}

static void element_number(struct espy_buf *out, const char *name, uint64_t v)
{
	espy_buf_printf(out, "<%s>%llu</%s>\r\n", name, (unsigned long long)v, name);
}

/* "Date & Time" is Date___Time. */
static void element_name(char *buf, const char *title)
{
	size_t i = 0;

	for (; title[i] && i + 1 < NAME_BYTES; i++)
		buf[i] = title[i] == ' ' || title[i] == '&' ? '_' : title[i];
	buf[i] = '\0';
}

/* --- events ----------------------------------------------------------------------------------- */

/* A line such as "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0". */
static void add_frame(struct espy_buf *out, unsigned depth, struct espy_str line)
{
	const char *address = memchr(line.p, ' ', line.n), *place = NULL;
	size_t left;

	if (!address)
		return;
	address++;
	left = line.n - (size_t)(address - line.p);
	place = memchr(address, ' ', left);
	espy_buf_printf(out, "<frame>\r\n<depth>%u</depth>\r\n", depth);
	element(out, "address",
		(struct espy_str){address, place ? (size_t)(place - address) : left});
	if (place) {
		struct espy_str where = {place + 1, left - (size_t)(place - address) - 1};
		const char *plus = memrchr(where.p, '+', where.n);

		element(out, "path",
			(struct espy_str){where.p, plus ? (size_t)(plus - where.p) : where.n});
		element(out, "location", where);
	}
	espy_buf_puts(out, "</frame>\r\n");
}

static void add_stack(struct espy_buf *out, struct espy_str s)
{
	espy_buf_puts(out, "<stack>\r\n");
	for (unsigned depth = 0; s.n; depth++) {
		const char *end = memchr(s.p, '\n', s.n);
		size_t n = end ? (size_t)(end - s.p) : s.n;

		add_frame(out, depth, (struct espy_str){s.p, n});
		n += end != NULL;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_buf_puts(out, "</stack>\r\n");
}

static int add_event(struct xml *x, const struct espy_batch *b, uint32_t row, uint32_t process)
{
	struct espy_buf *out = &x->events.file.buf;
	char name[NAME_BYTES];
	int r = 0;

	espy_buf_puts(out, "<event>\r\n");
	element_number(out, "ProcessIndex", process);
	for (unsigned i = 0; i < x->n_columns && r >= 0; i++) {
		espy_buf_reset(&x->text);
		r = espy_procmon_text(&x->text, b, row, x->columns[i], &x->context);
		element_name(name, espy_procmon_columns[x->columns[i]].title);
		element(out, name, (struct espy_str){x->text.p ? x->text.p : "", x->text.n});
	}
	if (x->stacks && b->stack[row])
		add_stack(out, espy_dict_get(&b->dict, b->stack[row]));
	espy_buf_puts(out, "</event>\r\n");
	return r;
}

static int note_image(struct xml *x, const struct espy_batch *b, uint32_t row, uint32_t process)
{
	if (b->type[row] != ESPY_EV_image_load || b->result[row] < 0)
		return 0;
	return espy_pml_write_tables_module(&x->tables, process,
					    (uint64_t)espy_procmon_num(b, row, "address"),
					    (uint64_t)espy_procmon_num(b, row, "length"),
					    espy_dict_get(&b->dict, b->path[row]));
}

static int add_row(struct xml *x, const struct espy_batch *b, uint32_t row, struct espy_err *err)
{
	int64_t process = espy_pml_write_tables_process(&x->tables, b, b->proc[row]);
	int r = process < 0 ? (int)process : note_image(x, b, row, (uint32_t)process);

	if (r >= 0)
		r = add_event(x, b, row, (uint32_t)process);
	return r < 0 ? espy_output_failed(err, r, x->file.path)
		     : espy_output_file_full(&x->events.file, err);
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct xml *x = state;
	int r = espy_pml_write_tables_batch(&x->tables, b);

	if (r < 0)
		return espy_output_failed(err, r, x->file.path);
	if (!x->has_context && b->n) {
		x->context = espy_procmon_context(x->machine, true, b);
		x->has_context = true;
	}
	for (uint32_t row = 0; row < b->n && r >= 0; row++)
		if (espy_output_wants(bits, row))
			r = add_row(x, b, row, err);
	return r;
}

/* --- the file --------------------------------------------------------------------------------- */

static void add_modules(struct xml *x, const struct espy_pml_write_process *p)
{
	struct espy_buf *out = &x->file.buf;

	espy_buf_puts(out, "<modulelist>\r\n");
	for (size_t i = 0; i < p->modules.n; i++) {
		espy_buf_printf(out,
				"<module>\r\n<Timestamp>0</Timestamp>\r\n"
				"<BaseAddress>0x%llx</BaseAddress>\r\n<Size>%u</Size>\r\n",
				(unsigned long long)p->modules.v[i].base, p->modules.v[i].size);
		element(out, "Path", espy_dict_get(&x->tables.strings, p->modules.v[i].path));
		espy_buf_puts(out, "<Version></Version>\r\n<Company></Company>\r\n"
				   "<Description></Description>\r\n</module>\r\n");
	}
	espy_buf_puts(out, "</modulelist>\r\n");
}

static void add_process(struct xml *x, uint32_t i)
{
	static const char *const names[] = {"Integrity", "Owner",       "ProcessName",
					    "ImagePath", "CommandLine", "CompanyName",
					    "Version",   "Description"};
	const struct espy_pml_write_process *p = &x->tables.processes.v[i];
	struct espy_buf *out = &x->file.buf;

	espy_buf_puts(out, "<process>\r\n");
	element_number(out, "ProcessIndex", i);
	element_number(out, "ProcessId", p->pid);
	element_number(out, "ParentProcessId", p->ppid);
	element_number(out, "ParentProcessIndex", p->parent);
	espy_buf_printf(out, "<AuthenticationId>%08x:%08x</AuthenticationId>\r\n",
			(unsigned)(p->auth_id >> 32), (unsigned)p->auth_id);
	element_number(out, "CreateTime", p->start);
	element_number(out, "FinishTime", p->end);
	element_number(out, "IsVirtualized", p->is_virtualized);
	element_number(out, "Is64bit", p->is_64);
	for (unsigned k = 0; k < 8; k++)
		element(out, names[k], espy_dict_get(&x->tables.strings, p->strings[k]));
	add_modules(x, p);
	espy_buf_puts(out, "</process>\r\n");
}

static int add_processes(struct xml *x, struct espy_err *err)
{
	int r = 0;

	espy_buf_puts(&x->file.buf, BYTE_ORDER_MARK "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
						    "<procmon><processlist>");
	for (uint32_t i = 0; i < x->tables.processes.n && r >= 0; i++) {
		add_process(x, i);
		r = espy_output_file_full(&x->file, err);
	}
	espy_buf_puts(&x->file.buf, "</processlist><eventlist>\r\n");
	return r;
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct xml *x = state;
	int r = add_processes(x, err);

	(void)e;
	if (r >= 0)
		r = espy_spool_copy(&x->events, &x->file, err);
	if (r >= 0) {
		espy_buf_puts(&x->file.buf, "</eventlist></procmon>");
		r = espy_output_file_flush(&x->file, err);
	}
	drop(x);
	return r;
}

const struct espy_output_format espy_output_procmon_xml = {
	.name = "procmon-xml",
	.suffixes = ".procmon.xml",
	.help = "the XML of Process Monitor",
	.open = open_xml,
	.batch = batch,
	.finish = finish,
	.drop = drop,
	.lines = &espy_format_procmon_csv, /* for its columns */
};
