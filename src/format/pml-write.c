/* SPDX-License-Identifier: MIT */
/*
 * Process Monitor's own log files (PML): version 9, 64 bit. docs/format/pml.md has the layout and
 * which of its rules a writer must keep: the order of the sections, times that do not decrease, the
 * kernel's process entry, the first string and icon empty.
 *
 * An event of this machine becomes the operation that procmon-map.h names; what has none travels as
 * a line of Debug Output Profiling.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/output-file.h"
#include "format/outputs.h"
#include "format/pml-event.h"
#include "format/pml-write-sort.h"
#include "format/pml-write-table.h"
#include "format/procmon-detail.h"
#include "format/procmon-map.h"
#include "format/procmon-text.h"
#include "format/spool.h"

#define HEADER_SIZE    0x3a8u
#define VERSION        9u
#define EVENT_HEAD     52u
#define STACK_MAX      512   /* frames of an event */
#define DEBUG_MAX      2048u /* characters of a line of debug output */
#define EVENTS_MAX     UINT32_MAX
#define OFFSET_BYTES   5u /* of an event's offset: 40 bits */
#define OFFSET_MAX     ((1ull << 40) - 1)
#define OS_VERSION     0x11cu /* size of OSVERSIONINFOEXW */
#define COMPUTER_BYTES 0x20u
#define ROOT_BYTES     0x208u
#define LAST_ADDRESS   0x7fffffffefffull /* of a program on x86-64 */

struct pml {
	struct espy_output_file file;
	struct espy_sort sort;
	struct espy_pml_write_tables tables;
	struct espy_pml_blob blob;
	struct espy_spool offsets; /* the array of them */
	struct espy_buf record, path, text;
	const struct espy_machine *machine; /* the caller's */
	uint32_t sequence;
	const struct espy_procmon_op *debug;
	struct {
		const char *name;
		const struct espy_procmon_op *op;
	} of_type[ESPY_EVENT_ID_MAX];
};

static void drop(void *state)
{
	struct pml *p = state;

	espy_output_file_done(&p->file);
	espy_sort_done(&p->sort);
	espy_pml_write_tables_done(&p->tables);
	espy_pml_blob_done(&p->blob);
	espy_buf_done(&p->record);
	espy_buf_done(&p->path);
	espy_buf_done(&p->text);
	espy_spool_done(&p->offsets);
	free(p);
}

/* The operation of that name; NULL when it has none. Some have two, of which the first is the rare
 * one of Fast I/O. */
static const struct espy_procmon_op *find_op(const char *name)
{
	const struct espy_procmon_op *op, *found = NULL;

	for (unsigned i = 0; (op = espy_procmon_op_get(i)); i++)
		if (strcmp(op->name, name) == 0)
			found = op;
	return found;
}

/* The same for the operation of an event, remembered by its type. */
static const struct espy_procmon_op *op_of(struct pml *p, unsigned type, const char *name)
{
	if (p->of_type[type].name != name) {
		p->of_type[type].name = name;
		p->of_type[type].op = find_op(name);
	}
	return p->of_type[type].op;
}

static int open_pml(void **ret, int fd, const struct espy_output_options *o, struct espy_err *err)
{
	struct pml *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return espy_output_failed(err, -ENOMEM, o->path);
	espy_sort_init(&p->sort);
	p->machine = o->machine;
	p->debug = find_op("Debug Output Profiling");
	r = espy_pml_write_tables_init(&p->tables, o->machine);
	if (r < 0)
		espy_output_failed(err, r, o->path);
	else
		r = espy_output_file_init(&p->file, fd, o->path, err);
	if (r >= 0)
		r = espy_spool_open(&p->offsets, err);
	if (r < 0)
		drop(p);
	else
		*ret = p;
	return r;
}

/* --- what an event is ---------------------------------------------------------------------------
 */

static struct espy_str view(const struct espy_buf *b)
{
	return (struct espy_str){b->p ? b->p : "", b->n};
}

/* "10.0.0.1:80", "[::1]:80"; false when it is neither. */
static bool parse_end(struct espy_str s, struct espy_pml_end *ret)
{
	char text[INET6_ADDRSTRLEN + 2] = "";
	size_t colon = s.n, from = s.n && s.p[0] == '[';

	*ret = (struct espy_pml_end){.is_v4 = !from};
	while (colon && s.p[colon - 1] != ':')
		colon--;
	if (colon < 2 || colon - 1 - 2 * from >= sizeof(text))
		return false;
	memcpy(text, s.p + from, colon - 1 - 2 * from);
	for (size_t i = colon; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		ret->port = (uint16_t)(ret->port * 10 + (s.p[i] - '0'));
	return inet_pton(ret->is_v4 ? AF_INET : AF_INET6, text, ret->ip) == 1;
}

/* The names of one end that the path has instead of numbers. */
static void learn_names(struct pml *p, const struct espy_pml_end *e, bool is_tcp, struct espy_str s)
{
	char ip[INET6_ADDRSTRLEN] = "", port[8];
	size_t colon = s.n;
	struct espy_str host, name;

	while (colon && s.p[colon - 1] != ':')
		colon--;
	if (!colon)
		return;
	host = (struct espy_str){s.p, colon - 1};
	name = (struct espy_str){s.p + colon, s.n - colon};
	inet_ntop(e->is_v4 ? AF_INET : AF_INET6, e->ip, ip, sizeof(ip));
	snprintf(port, sizeof(port), "%u", e->port);
	if (!espy_str_eq(host, espy_str0(ip)))
		espy_pml_write_tables_host(&p->tables, e->ip, host);
	if (!espy_str_eq(name, espy_str0(port)))
		espy_pml_write_tables_port(&p->tables, e->port, is_tcp, name);
}

/* false: its addresses cannot be written. */
static bool set_ends(struct pml *p, const struct espy_batch *b, uint32_t row)
{
	struct espy_str local = espy_procmon_str(b, row, "local"), path = view(&p->path);
	struct espy_str remote = espy_procmon_str(b, row, "remote");
	const char *arrow = memmem(path.p, path.n, " -> ", 4);
	bool is_tcp = espy_str_starts(espy_str0(p->blob.op->name), ESPY_STR("TCP"));

	if (!local.n && espy_str_starts(remote, ESPY_STR("[")))
		local = ESPY_STR("[::]:0");
	if (!parse_end(local.n ? local : ESPY_STR("0.0.0.0:0"), &p->blob.local) ||
	    !parse_end(remote.n ? remote : ESPY_STR("0.0.0.0:0"), &p->blob.remote))
		return false;
	if (b->abi[row] != ESPY_ABI_PROCMON || !arrow)
		return true;
	learn_names(p, &p->blob.local, is_tcp, (struct espy_str){path.p, (size_t)(arrow - path.p)});
	learn_names(p, &p->blob.remote, is_tcp,
		    (struct espy_str){arrow + 4, path.n - (size_t)(arrow - path.p) - 4});
	return true;
}

/* "Output: Read Link: /a, Target: b": what it is, what it is about, and its detail. */
static void as_debug(struct pml *p, const char *label)
{
	struct espy_buf line = {0};

	espy_buf_printf(&line, "Output: %s", label);
	if (p->path.n)
		espy_buf_puts(&line, ": ");
	espy_buf_str(&line, view(&p->path));
	if (p->text.n)
		espy_buf_puts(&line, ", ");
	espy_buf_str(&line, view(&p->text));
	if (line.n > DEBUG_MAX) {
		line.n = DEBUG_MAX;
		while (line.n && ((unsigned char)line.p[line.n] & 0xc0) == 0x80)
			line.n--;
		espy_buf_puts(&line, "…");
	}
	espy_buf_reset(&p->text);
	espy_buf_str(&p->text, view(&line));
	if (line.error)
		p->text.error = line.error;
	espy_buf_done(&line);
	espy_buf_reset(&p->path);
	p->blob.op = p->debug;
}

static void own_words(struct pml *p, const struct espy_batch *b, uint32_t row,
		      const struct espy_procmon_map *m)
{
	espy_procmon_map_path(&p->path, b, row);
	espy_procmon_map_detail(&p->text, b, row);
	p->blob.op = m->is_own ? NULL : op_of(p, b->type[row], m->operation);
	if (!p->blob.op)
		as_debug(p, m->operation);
}

/* Those of a capture of Process Monitor's; an operation that we do not know is told as text. */
static void its_words(struct pml *p, const struct espy_batch *b, uint32_t row)
{
	espy_buf_str(&p->path, espy_dict_get(&b->dict, b->path[row]));
	espy_buf_str(&p->text, espy_dict_get(&b->dict, b->detail[row]));
	p->blob.op = espy_procmon_op_get(b->call[row]);
	if (!p->blob.op)
		as_debug(p, espy_schema_get(b->type[row])->label);
}

/* Operation, path, detail and status of the row; the status is returned. */
static uint32_t choose(struct pml *p, const struct espy_batch *b, uint32_t row)
{
	const struct espy_proc *proc = espy_batch_proc(b, row);
	struct espy_procmon_map m = {.status = b->status[row]};

	espy_buf_reset(&p->path);
	espy_buf_reset(&p->text);
	if (b->abi[row] == ESPY_ABI_PROCMON) {
		its_words(p, b, row);
	} else {
		espy_procmon_map(b, row, &m);
		own_words(p, b, row, &m);
	}
	if (p->blob.op->class_id == ESPY_PML_NETWORK && !set_ends(p, b, row))
		as_debug(p, p->blob.op->name);
	p->blob.ppid = proc->ppid;
	p->blob.session = proc->sid;
	p->blob.tid = b->tid[row];
	p->blob.path = view(&p->path);
	p->blob.text = view(&p->text);
	return b->flags[row] & ESPY_F_PENDING ? ESPY_PML_PENDING : m.status;
}

/* --- records ------------------------------------------------------------------------------------
 */

/* "/usr/lib/libc.so.6+0x12a0" at an address: that there is such a module. In captures of Process
 * Monitor only, which say so of every address that they can; those of this machine have the events.
 */
static int learn_module(struct pml *p, uint32_t process, uint64_t address, struct espy_str place)
{
	const char *plus = memrchr(place.p, '+', place.n);
	char text[20] = "";
	size_t n = plus ? (size_t)(plus - place.p) : 0;
	uint64_t offset;

	if (!plus || place.n - n - 1 >= sizeof(text))
		return 0;
	memcpy(text, plus + 1, place.n - n - 1);
	offset = strtoull(text, NULL, 16);
	return offset > address
		       ? 0
		       : espy_pml_write_tables_module(&p->tables, process, address - offset,
						      offset + 1, (struct espy_str){place.p, n});
}

/* One line such as "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0", K for the kernel. 1: an address was put.
 */
static int put_frame(struct pml *p, struct espy_buf *out, struct espy_str line, int64_t process)
{
	char text[24] = "";
	uint64_t address;
	const char *blank;
	int r = 0;

	if (line.n < 5 || memcmp(line.p + 1, " 0x", 3) != 0)
		return 0;
	memcpy(text, line.p + 2, line.n - 2 < sizeof(text) - 1 ? line.n - 2 : sizeof(text) - 1);
	address = strtoull(text, NULL, 16);
	espy_put_u64(out, address);
	blank = memchr(line.p + 2, ' ', line.n - 2);
	if (blank && process >= 0)
		r = learn_module(
			p, line.p[0] == 'K' ? 0 : (uint32_t)process, address,
			(struct espy_str){blank + 1, line.n - (size_t)(blank + 1 - line.p)});
	return r < 0 ? r : 1;
}

/* Returns how many frames were put, or -ENOMEM; `process` is -1 where modules are known otherwise.
 */
static int put_stack(struct pml *p, struct espy_buf *out, struct espy_str s, int64_t process)
{
	int n = 0;

	while (s.n && n < STACK_MAX) {
		const char *end = memchr(s.p, '\n', s.n);
		size_t size = end ? (size_t)(end - s.p) : s.n;
		int r = put_frame(p, out, (struct espy_str){s.p, size}, process);

		if (r < 0)
			return r;
		n += r;
		size += end != NULL;
		s = (struct espy_str){s.p + size, s.n - size};
	}
	return n;
}

static void put_record(struct pml *p, const struct espy_batch *b, uint32_t row, uint32_t process,
		       uint32_t status)
{
	struct espy_buf *out = &p->record, stack = {0};
	const struct espy_pml_blob *blob = &p->blob;
	int depth = put_stack(p, &stack, espy_dict_get(&b->dict, b->stack[row]),
			      b->abi[row] == ESPY_ABI_PROCMON ? (int64_t)process : -1);
	uint32_t extra = EVENT_HEAD + (uint32_t)(stack.n + blob->detail.n);

	espy_buf_reset(out);
	espy_put_u32(out, process);
	espy_put_u32(out, b->tid[row]);
	espy_put_u32(out, blob->op->class_id);
	espy_put_u32(out, blob->op->code);
	espy_put_u32(out, ++p->sequence);
	espy_put_u64(out, b->duration[row] / 100);
	espy_put_u64(out, espy_pml_write_time(b, b->time[row]));
	espy_put_u32(out, status);
	espy_put_u32(out, (uint32_t)depth);
	espy_put_u32(out, (uint32_t)blob->detail.n);
	espy_put_u32(out, blob->has_extra ? extra : 0);
	espy_buf_add(out, stack.p, stack.n);
	espy_buf_add(out, blob->detail.p, blob->detail.n);
	if (blob->has_extra) {
		espy_put_u16(out, (uint16_t)blob->extra.n);
		espy_buf_add(out, blob->extra.p, blob->extra.n);
	}
	if (stack.error || depth < 0)
		out->error = -ENOMEM;
	espy_buf_done(&stack);
}

/* What later events of the process refer to. */
static int note_row(struct pml *p, const struct espy_batch *b, uint32_t row, uint32_t process)
{
	if (b->type[row] == ESPY_EV_process_exit)
		p->tables.processes.v[process].end = espy_pml_write_time(b, b->time[row]);
	if (b->type[row] != ESPY_EV_image_load || b->result[row] < 0)
		return 0;
	return espy_pml_write_tables_module(&p->tables, process,
					    (uint64_t)espy_procmon_num(b, row, "address"),
					    (uint64_t)espy_procmon_num(b, row, "length"),
					    espy_dict_get(&b->dict, b->path[row]));
}

static int add_row(struct pml *p, const struct espy_batch *b, uint32_t row)
{
	int64_t process = espy_pml_write_tables_process(&p->tables, b, b->proc[row]);
	uint32_t status;
	int r;

	if (process < 0)
		return (int)process;
	if (p->sort.n >= EVENTS_MAX)
		return -EFBIG;
	status = choose(p, b, row);
	r = p->path.error || p->text.error ? -ENOMEM : espy_pml_blob_make(&p->blob);
	if (r == 0)
		r = note_row(p, b, row, (uint32_t)process);
	if (r < 0)
		return r;
	put_record(p, b, row, (uint32_t)process, status);
	if (p->record.error)
		return p->record.error;
	return espy_sort_add(&p->sort, espy_pml_write_time(b, b->time[row]), p->record.p,
			     (uint32_t)p->record.n);
}

static int failed(struct pml *p, int r, struct espy_err *err)
{
	if (r == -EFBIG || r == -E2BIG)
		return espy_err_set(err, r,
				    "%s would be too large for a file of Process Monitor; "
				    "choose fewer events with a filter",
				    p->file.path);
	return espy_output_failed(err, r, p->file.path);
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct pml *p = state;
	int r = espy_pml_write_tables_batch(&p->tables, b);

	for (uint32_t row = 0; row < b->n && r >= 0; row++)
		if (espy_output_wants(bits, row))
			r = add_row(p, b, row);
	return r < 0 ? failed(p, r, err) : 0;
}

/* Processes of which no event tells are in the table too. */
static int snapshot(void *state, const struct espy_batch *b, struct espy_err *err)
{
	struct pml *p = state;
	int64_t r = espy_pml_write_tables_batch(&p->tables, b);

	for (uint32_t i = 0; i < b->n_procs && r >= 0; i++)
		r = espy_pml_write_tables_process(&p->tables, b, i);
	return r < 0 ? failed(p, (int)r, err) : 0;
}

/* --- the file -----------------------------------------------------------------------------------
 */

struct sections {
	uint64_t offsets, processes, strings, icons, hosts;
};

/* A text in a field of fixed size, filled up with NULs. */
static void put_fixed(struct espy_buf *out, const char *s, size_t bytes)
{
	size_t n = espy_put_utf16(out, espy_str0(s), bytes / 2 - 1, NULL);

	espy_put_zeros(out, bytes - 2 * n);
}

static void put_os_version(struct espy_buf *out)
{
	size_t start = out->n;

	espy_put_u32(out, OS_VERSION);
	espy_put_u32(out, 10); /* Windows 10: what its readers expect at least */
	espy_put_u64(out, 0);
	espy_put_u32(out, 2); /* NT */
	espy_put_zeros(out, 0x100 + 6);
	espy_put_u8(out, 1); /* a workstation */
	espy_put_zeros(out, OS_VERSION - (out->n - start));
}

static void put_header(struct pml *p, const struct sections *s)
{
	struct espy_buf *out = &p->file.buf;
	const struct espy_machine *m = p->machine;

	espy_buf_add(out, "PML_", 4);
	espy_put_u32(out, VERSION);
	espy_put_u32(out, 1);
	put_fixed(out, m ? m->host : "", COMPUTER_BYTES);
	put_fixed(out, "/", ROOT_BYTES);
	espy_put_u32(out, (uint32_t)p->sort.n);
	espy_put_u64(out, 0);
	espy_put_u64(out, HEADER_SIZE);
	espy_put_u64(out, s->offsets);
	espy_put_u64(out, s->processes);
	espy_put_u64(out, s->strings);
	espy_put_u64(out, s->icons);
	espy_put_u64(out, LAST_ADDRESS);
	put_os_version(out);
	espy_put_u32(out, m ? m->cpus : 0);
	espy_put_u64(out, 0); /* memory: a trace does not say */
	espy_put_u64(out, HEADER_SIZE);
	espy_put_u64(out, s->hosts);
}

struct placing {
	struct pml *pml;
	struct espy_err *err;
	uint64_t at;
};

/* One record into the file, its offset into the array. */
static int place_record(void *state, const char *p, uint32_t size)
{
	struct placing *w = state;
	int r;

	if (w->at > OFFSET_MAX)
		return -EFBIG;
	espy_put_u32(&w->pml->offsets.file.buf, (uint32_t)w->at);
	espy_put_u8(&w->pml->offsets.file.buf, (uint8_t)(w->at >> 32));
	w->at += size;
	espy_buf_add(&w->pml->file.buf, p, size);
	r = espy_output_file_full(&w->pml->offsets.file, w->err);
	return r < 0 ? r : espy_output_file_full(&w->pml->file, w->err);
}

static int put_tables(struct pml *p, struct espy_buf *out, struct sections *s)
{
	uint64_t base = HEADER_SIZE + p->sort.bytes;
	int r;

	s->offsets = base;
	s->processes = base += (uint64_t)OFFSET_BYTES * p->sort.n;
	r = espy_pml_write_processes(&p->tables, out);
	s->strings = base + out->n;
	if (r == 0)
		r = espy_pml_write_strings(&p->tables, out);
	s->icons = base + out->n;
	espy_pml_write_icons(out);
	s->hosts = base + out->n;
	espy_pml_write_hosts(&p->tables, out);
	return r < 0 ? r : out->error;
}

static int put_file(struct pml *p, struct espy_err *err)
{
	struct placing w = {.pml = p, .err = err, .at = HEADER_SIZE};
	struct espy_buf tables = {0};
	struct sections s;
	int r = put_tables(p, &tables, &s);

	if (r == 0) {
		put_header(p, &s);
		r = espy_sort_each(&p->sort, place_record, &w);
	}
	if (r == 0) {
		r = espy_spool_copy(&p->offsets, &p->file, err);
		espy_buf_str(&p->file.buf, view(&tables));
	}
	espy_buf_done(&tables);
	return r;
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct pml *p = state;
	int r = put_file(p, err);

	(void)e;
	if (r < 0)
		failed(p, r, err);
	else
		r = espy_output_file_flush(&p->file, err);
	drop(p);
	return r;
}

const struct espy_output_format espy_output_pml = {
	.name = "pml",
	.suffixes = ".pml",
	.help = "Process Monitor's log files",
	.open = open_pml,
	.snapshot = snapshot,
	.batch = batch,
	.finish = finish,
	.drop = drop,
};
