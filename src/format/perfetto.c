/* SPDX-License-Identifier: MIT */
/*
 * A timeline for ui.perfetto.dev: a track per thread, a slice per operation, its values as
 * annotations. Times are the boot clock, which is Perfetto's own; a snapshot of clocks ties them to
 * the time of day. What is no UTF-8 has U+FFFD for its bad bytes and a second annotation NAME_hex.
 */
#include <errno.h>
#include <stdlib.h>
#include "format/output-file.h"
#include "format/output-cell.h"
#include "format/outputs.h"
#include "format/perfetto-proto.h"
#include "format/timeline.h"

#define INTERNED_MAX  (1u << 18)  /* strings that are referred to by number */
#define INTERNED_TEXT (32u << 20) /* bytes of them */
#define STRING_MAX    4096        /* bytes of one; longer ones are written where they are used */

/* Strings that stand in the file once; a number is never used again, not even after a reset. */
struct table {
	struct espy_dict dict;
	uint64_t base;  /* number of id i is base + i */
	unsigned field; /* of InternedData */
};
enum { CATEGORIES, NAMES, KEYS, STRINGS, TABLES };

struct perfetto {
	struct espy_output_file file;
	struct espy_timeline timeline;
	struct espy_cell_lists lists;
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	struct table tables[TABLES];
	struct espy_buf interned, event, scratch, hex;
	bool cleared; /* the next packet says that numbers of before are void */
};

static int out_of_memory(struct perfetto *p, struct espy_err *err)
{
	return espy_output_failed(err, -ENOMEM, p->file.path);
}

/* --- strings by number -------------------------------------------------------------------------
 */

static uint64_t intern(struct perfetto *p, unsigned which, struct espy_str s)
{
	struct table *t = &p->tables[which];
	uint32_t n = t->dict.n, id = espy_dict_add(&t->dict, s);
	size_t entry;

	if (id == UINT32_MAX) {
		p->interned.error = -ENOMEM;
		return 0;
	}
	if (id >= n) {
		entry = espy_proto_begin(&p->interned, t->field);
		espy_proto_number(&p->interned, ENTRY_IID, t->base + id);
		espy_proto_string(&p->interned, ENTRY_VALUE, s);
		espy_proto_end(&p->interned, entry);
	}
	return t->base + id;
}

/* Between packets only: numbers of one packet belong together. */
static void forget_strings(struct perfetto *p)
{
	bool is_full = false;

	for (unsigned i = 0; i < TABLES; i++)
		is_full |= p->tables[i].dict.n >= INTERNED_MAX ||
			   p->tables[i].dict.bytes >= INTERNED_TEXT;
	if (!is_full)
		return;
	for (unsigned i = 0; i < TABLES; i++) {
		p->tables[i].base += p->tables[i].dict.n;
		espy_dict_reset(&p->tables[i].dict);
	}
	p->cleared = true;
}

/* --- packets -----------------------------------------------------------------------------------
 */

static size_t begin_packet(struct perfetto *p)
{
	size_t packet = espy_proto_begin(&p->file.buf, TRACE_PACKET);

	espy_proto_number(&p->file.buf, PACKET_SEQUENCE_ID, 1);
	return packet;
}

static void end_packet(struct perfetto *p, size_t packet)
{
	espy_proto_end(&p->file.buf, packet);
}

static void add_process(struct perfetto *p, const struct espy_timeline_track *t,
			const struct espy_batch *b, const struct espy_proc *proc)
{
	struct espy_buf *out = &p->file.buf;
	size_t packet = begin_packet(p), track = espy_proto_begin(out, PACKET_TRACK), message;
	struct espy_str words = espy_dict_get(&b->dict, proc ? proc->cmdline : 0);

	espy_proto_number(out, TRACK_UUID, t->process);
	message = espy_proto_begin(out, TRACK_PROCESS);
	espy_proto_number(out, PROCESS_PID, t->pid);
	while (words.n) {
		const char *end = memchr(words.p, 0, words.n);
		size_t n = end ? (size_t)(end - words.p) : words.n;

		espy_proto_string(out, PROCESS_CMDLINE, (struct espy_str){words.p, n});
		n += end != NULL;
		words = (struct espy_str){words.p + n, words.n - n};
	}
	if (proc) {
		espy_proto_string(out, PROCESS_NAME, espy_dict_get(&b->dict, proc->name));
		espy_proto_number(out, PROCESS_START, proc->start);
	}
	espy_proto_end(out, message);
	espy_proto_end(out, track);
	end_packet(p, packet);
}

static void add_thread(struct perfetto *p, const struct espy_timeline_track *t,
		       const struct espy_batch *b, const struct espy_proc *proc)
{
	struct espy_buf *out = &p->file.buf;
	size_t packet = begin_packet(p), track = espy_proto_begin(out, PACKET_TRACK), message;

	espy_proto_number(out, TRACK_UUID, t->id);
	if (t->aside) {
		espy_proto_number(out, TRACK_PARENT_UUID, t->thread);
		espy_proto_string(out, TRACK_NAME, ESPY_STR("overlapping"));
	} else {
		espy_proto_number(out, TRACK_PARENT_UUID, t->process);
		message = espy_proto_begin(out, TRACK_THREAD);
		espy_proto_number(out, THREAD_PID, t->pid);
		espy_proto_number(out, THREAD_TID, t->tid);
		if (proc)
			espy_proto_string(out, THREAD_NAME, espy_dict_get(&b->dict, proc->name));
		espy_proto_end(out, message);
	}
	espy_proto_end(out, track);
	end_packet(p, packet);
}

/* --- annotations -------------------------------------------------------------------------------
 */

static void add_hex(struct perfetto *p, const char *name, struct espy_str raw)
{
	size_t message;

	espy_buf_reset(&p->hex);
	espy_buf_puts(&p->hex, name);
	espy_buf_puts(&p->hex, "_hex");
	message = espy_proto_begin(&p->event, EVENT_ANNOTATION);
	espy_proto_number(&p->event, ANNOTATION_NAME_IID,
			  intern(p, KEYS, (struct espy_str){p->hex.p, p->hex.n}));
	espy_buf_reset(&p->hex);
	espy_cell_hex(&p->hex, raw);
	espy_proto_bytes(&p->event, ANNOTATION_STRING, (struct espy_str){p->hex.p, p->hex.n});
	espy_proto_end(&p->event, message);
}

static void add_value(struct perfetto *p, enum espy_cell_kind kind, const struct espy_cell *cell)
{
	if (kind == ESPY_CELL_TEXT && cell->str.n <= STRING_MAX)
		espy_proto_number(&p->event, ANNOTATION_STRING_IID, intern(p, STRINGS, cell->str));
	else if (kind == ESPY_CELL_TEXT)
		espy_proto_string(&p->event, ANNOTATION_STRING, cell->str);
	else if (kind == ESPY_CELL_UINT)
		espy_proto_number(&p->event, ANNOTATION_UINT, cell->num);
	else
		espy_proto_number(&p->event, ANNOTATION_INT, cell->num);
}

static void add_annotation(struct perfetto *p, const struct espy_column *c,
			   enum espy_cell_kind kind, const struct espy_batch *b, uint32_t row)
{
	struct espy_cell cell;
	size_t message;

	espy_buf_reset(&p->scratch);
	if (!espy_cell_get(c, kind, b, row, &p->scratch, &cell) ||
	    (kind == ESPY_CELL_BOOL && !cell.num))
		return;
	message = espy_proto_begin(&p->event, EVENT_ANNOTATION);
	espy_proto_number(&p->event, ANNOTATION_NAME_IID, intern(p, KEYS, espy_str0(c->name)));
	add_value(p, kind, &cell);
	espy_proto_end(&p->event, message);
	if (cell.raw.n)
		add_hex(p, c->name, cell.raw);
	else if (kind == ESPY_CELL_TEXT && !espy_str_is_utf8(cell.str))
		add_hex(p, c->name, cell.str);
}

/* --- events ------------------------------------------------------------------------------------
 */

static int make_event(struct perfetto *p, const struct espy_timeline_track *t, unsigned type,
		      const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;
	const struct espy_cell_list *list = espy_cell_list(&p->lists, b->type[row]);

	if (!list)
		return -ENOMEM;
	espy_buf_reset(&p->event);
	espy_buf_reset(&p->interned);
	espy_proto_number(&p->event, EVENT_CATEGORY_IID,
			  intern(p, CATEGORIES, espy_str0(espy_class_name(s->class_id))));
	espy_proto_number(&p->event, EVENT_TYPE, type);
	espy_proto_number(&p->event, EVENT_NAME_IID, intern(p, NAMES, espy_str0(s->op)));
	espy_proto_number(&p->event, EVENT_TRACK_UUID, t->id);
	for (size_t i = 0; i < list->n; i++)
		add_annotation(p, list->columns[i], list->kinds[i], b, row);
	if (p->event.error || p->interned.error || p->scratch.error || p->hex.error)
		return -ENOMEM;
	return 0;
}

static void add_first(struct perfetto *p, uint64_t time)
{
	struct espy_buf *out = &p->file.buf;
	size_t packet = begin_packet(p);

	espy_proto_number(out, PACKET_SEQUENCE_FLAGS,
			  p->cleared ? STATE_CLEARED | STATE_NEEDED : STATE_NEEDED);
	p->cleared = false;
	espy_proto_number(out, PACKET_TIMESTAMP, time);
	if (p->interned.n)
		espy_proto_bytes(out, PACKET_INTERNED,
				 (struct espy_str){p->interned.p, p->interned.n});
	espy_proto_bytes(out, PACKET_TRACK_EVENT, (struct espy_str){p->event.p, p->event.n});
	end_packet(p, packet);
}

static void add_end(struct perfetto *p, const struct espy_timeline_track *t, uint64_t time)
{
	struct espy_buf *out = &p->file.buf;
	size_t packet = begin_packet(p), event;

	espy_proto_number(out, PACKET_TIMESTAMP, time);
	event = espy_proto_begin(out, PACKET_TRACK_EVENT);
	espy_proto_number(out, EVENT_TYPE, EVENT_END);
	espy_proto_number(out, EVENT_TRACK_UUID, t->id);
	espy_proto_end(out, event);
	end_packet(p, packet);
}

static int add_row(struct perfetto *p, const struct espy_batch *b, uint32_t row)
{
	bool is_new, is_new_process, is_slice = espy_timeline_duration(b, row) != 0;
	const struct espy_timeline_track *t =
		espy_timeline_track(&p->timeline, b, row, &is_new, &is_new_process);
	const struct espy_proc *proc;

	if (!t)
		return -ENOMEM;
	if (is_new || is_new_process) {
		proc = espy_timeline_newest(b, row);
		if (is_new_process)
			add_process(p, t, b, proc);
		if (is_new)
			add_thread(p, t, b, proc);
	}
	forget_strings(p);
	if (make_event(p, t, is_slice ? EVENT_BEGIN : EVENT_INSTANT, b, row) < 0)
		return -ENOMEM;
	add_first(p, b->time[row]);
	if (is_slice)
		add_end(p, t, b->time[row] + b->duration[row]);
	return 0;
}

/* --- the output --------------------------------------------------------------------------------
 */

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct perfetto *p = state;
	int r = 0;

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (!espy_output_wants(bits, row))
			continue;
		if (add_row(p, b, row) < 0)
			return out_of_memory(p, err);
		r = espy_output_file_full(&p->file, err);
	}
	return r;
}

static void drop(void *state)
{
	struct perfetto *p = state;

	for (unsigned i = 0; i < TABLES; i++)
		espy_dict_done(&p->tables[i].dict);
	espy_timeline_done(&p->timeline);
	espy_arena_done(&p->lists.arena);
	espy_buf_done(&p->interned);
	espy_buf_done(&p->event);
	espy_buf_done(&p->scratch);
	espy_buf_done(&p->hex);
	espy_output_file_done(&p->file);
	free(p);
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct perfetto *p = state;
	int r = espy_output_file_flush(&p->file, err);

	(void)e;
	drop(p);
	return r;
}

static void add_clock(struct espy_buf *out, unsigned id, uint64_t ns)
{
	size_t clock = espy_proto_begin(out, CLOCKS_CLOCK);

	espy_proto_number(out, CLOCK_ID, id);
	espy_proto_number(out, CLOCK_TIMESTAMP, ns);
	espy_proto_end(out, clock);
}

static void add_head(struct perfetto *p, const struct espy_machine *m)
{
	struct espy_buf *out = &p->file.buf;
	size_t packet = begin_packet(p), message, name;

	message = espy_proto_begin(out, PACKET_CLOCK_SNAPSHOT);
	add_clock(out, CLOCK_BOOT, m->started);
	add_clock(out, CLOCK_REAL, m->started + (uint64_t)m->wall_offset);
	espy_proto_number(out, CLOCKS_PRIMARY, CLOCK_BOOT);
	espy_proto_end(out, message);
	end_packet(p, packet);
	packet = begin_packet(p);
	message = espy_proto_begin(out, PACKET_SYSTEM_INFO);
	name = espy_proto_begin(out, SYSTEM_UTSNAME);
	espy_proto_string(out, UTSNAME_SYSNAME, ESPY_STR("Linux"));
	espy_proto_string(out, UTSNAME_RELEASE, espy_str0(m->kernel));
	espy_proto_string(out, UTSNAME_MACHINE, espy_str0(m->arch));
	espy_proto_end(out, name);
	espy_proto_end(out, message);
	end_packet(p, packet);
}

static int init(struct perfetto *p, int fd, const struct espy_output_options *o,
		struct espy_err *err)
{
	static const unsigned fields[TABLES] = {INTERNED_CATEGORY, INTERNED_EVENT_NAME,
						INTERNED_ANNOTATION_NAME, INTERNED_STRING};
	int r = espy_output_file_init(&p->file, fd, o->path, err);

	for (unsigned i = 0; i < TABLES && r == 0; i++) {
		p->tables[i] = (struct table){.field = fields[i], .base = 1};
		if (espy_dict_init(&p->tables[i].dict) < 0)
			return out_of_memory(p, err);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; o->columns && o->columns[i]; i++)
		p->columns[i] = o->columns[i];
	p->lists.columns = o->columns ? p->columns : NULL;
	p->lists.stacks = o->stacks;
	p->cleared = true;
	add_head(p, o->machine);
	return 0;
}

static int open_perfetto(void **ret, int fd, const struct espy_output_options *o,
			 struct espy_err *err)
{
	struct perfetto *p = calloc(1, sizeof(*p));
	int r = p ? init(p, fd, o, err) : espy_output_failed(err, -ENOMEM, o->path);

	if (r == 0)
		*ret = p;
	else if (p)
		drop(p);
	return r;
}

const struct espy_output_format espy_output_perfetto = {
	.name = "perfetto",
	.suffixes = ".perfetto .pftrace .perfetto-trace",
	.help = "a timeline for ui.perfetto.dev",
	.open = open_perfetto,
	.batch = batch,
	.finish = finish,
	.drop = drop,
};
