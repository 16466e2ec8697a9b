/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request to an io_uring between its submission and its end: what is kept of it, and how the one
 * record is made that tells of both.
 *
 * Requests are found by ring and tag (user_data), since that is all that some completions say:
 * those of multishot requests, those that overflow, and every one before 5.16. Where several in
 * flight have one tag the later ones are kept by the address of the request.
 */
#pragma once

#include "exit.bpf.h"

const volatile bool has_uring_done_req = 0; /* io_uring_complete says which request: 5.16 */

#define URING_INLINE 256                  /* text kept with the request itself */
#define URING_TEXT   (2 * TEXT_MAX + 256) /* two paths and a name */

enum uring_flags {
	U_QUIET = 1,    /* of a task that is not recorded */
	U_MOVES = 2,    /* a success may change paths that are known already */
	U_STRING = 4,   /* the path is a string */
	U_DIRECT = 8,   /* the result goes to a registered slot, not to a descriptor */
	U_SQPOLL = 16,  /* taken by the kernel's polling thread */
	U_TOLD = 32,    /* recorded as pending, since its completion cannot be told from others */
	U_NO_FILE = 64, /* `obj` is all that is known of its file */
	U_LONG = 128,   /* its text is in uring_texts */
};

struct uring_key {
	u64 ctx, tag;
};

struct uring_req {
	u64 req; /* address of the request */
	u64 time, start;
	u64 obj, obj2; /* what is known at submission: a directory, a file */
	u64 word[3];   /* the event's fields of 64 and of 32 bits */
	u32 half[2];
	u32 pid, tid;
	u32 slot;   /* registered slot of the result, ~0: the result says */
	u32 others; /* requests in flight with the same tag, apart from this one */
	u16 len[3]; /* of path, path2 and the event's text */
	u16 type;
	u8 opcode, flags;
	u8 source[2];
	u8 cut;       /* there was no room for all of the text */
	u8 by_object; /* at its end: the first path is an object, whatever string was given */
	u8 pad[2];
	char text[URING_INLINE];
};

/* Made when needed: who uses no io_uring pays nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct uring_key);
	__type(value, struct uring_req);
} uring_reqs SEC(".maps");

struct uring_text {
	char text[URING_TEXT];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, u64); /* address of the request */
	__type(value, struct uring_text);
} uring_texts SEC(".maps");

/* The end of a request. */
struct uring_end {
	u64 ctx, tag;
	s64 res;
	u32 event_flags; /* enum espy_event_flags */
	u32 user;        /* enum scratch_user, for the record */
};

#define URING_NEW          0x100 /* it is in the scratch area of sys_enter still */
#define URING_FLAGS(flags) ((u32)(flags) << 16)

/* A record under construction. */
struct uring_out {
	struct scratch *s;
	struct uring_req *r;
	const struct uring_end *end;
};

/* The request whose record is made: a copy behind all texts, so that there is one way to it. */
static __always_inline struct uring_req *uring_told(struct scratch *s)
{
	_Static_assert(sizeof(struct uring_req) <= TEXT_MAX, "a request");
	return (void *)s->text + TEXT_AREA;
}

/* --- what it is about, at its end ----------------------------------------------------------- */

/* The file that the request was about; it holds it until its completion is told. */
static __always_inline struct file *uring_file(const struct uring_req *r)
{
	struct io_kiocb *req = (void *)r->req;

	return r->flags & U_NO_FILE ? NULL : KR(req, file);
}

/* What a successful open, accept or socket made. */
static __always_inline struct file *uring_made(const struct uring_out *o)
{
	struct task_struct *t = current_task();
	u32 slot = o->r->slot == ~0u ? o->end->res : o->r->slot;

	if (o->end->event_flags & ESPY_F_PENDING || o->end->res < 0)
		return NULL;
	if (o->r->flags & U_DIRECT)
		return uring_fixed_file((void *)o->end->ctx, slot);
	return KR(t, tgid) == o->r->pid ? file_of_fd(t, o->end->res) : NULL;
}

#define FMODE_CREATED 0x100000

/* An address as the number that a global function takes: it comes back so from map memory. */
static __always_inline u64 number_of(struct scratch *s, const void *p)
{
	volatile u64 *at = (void *)s->record;

	*at = (u64)p;
	return *at;
}

/* Verified once. */
__noinline u64 uring_object(u64 file, u32 user)
{
	return object_of_file((void *)file, user);
}

/* Its object and, where it made something, that one's. */
static __always_inline void uring_objects(struct uring_out *o)
{
	struct file *file = NULL;
	u64 obj;

	if (o->r->type == ESPY_EV_file_open || o->r->type == ESPY_EV_net_accept ||
	    o->r->type == ESPY_EV_net_socket) {
		file = uring_made(o);
		if (file && o->r->type == ESPY_EV_file_open)
			o->r->half[1] = !!(KR(file, f_mode) & FMODE_CREATED);
	}
	if (!file && !(o->r->flags & U_STRING))
		file = uring_file(o->r);
	if (!file)
		return;
	obj = uring_object(number_of(o->s, file), o->end->user);
	if (o->r->type == ESPY_EV_file_copy) {
		o->r->obj2 = obj;
		return;
	}
	o->r->by_object = true;
	o->r->obj = obj;
}

/* Read, write and close of a socket are events of their own. */
static __always_inline void uring_socket(struct uring_out *o)
{
	bool socket = (o->r->obj & OBJ_KIND) == KIND_SOCKET;

	if (socket && o->r->type == ESPY_EV_file_close)
		o->r->type = ESPY_EV_net_close;
	if (socket && o->r->type == ESPY_EV_file_read) {
		o->r->type = ESPY_EV_net_recv;
		o->r->word[2] = 0;
	}
	if (socket && o->r->type == ESPY_EV_file_write) {
		o->r->type = ESPY_EV_net_send;
		o->r->word[2] = 0;
	}
	if (o->r->type == ESPY_EV_net_recv || o->r->type == ESPY_EV_net_send)
		o->r->word[1] = o->end->res > 0 ? o->end->res : 0;
}

static __always_inline bool uring_out(struct uring_out *o, const struct uring_end *end)
{
	u32 user = end->user;

	o->s = bpf_map_lookup_elem(&scratches, &user);
	if (!o->s)
		return false;
	o->r = uring_told(o->s);
	o->end = end;
	return true;
}

/* Its files and what they make of it, into the request. Global: its ways end in it. */
__noinline int uring_about(u64 ctx, s64 res, u32 how)
{
	struct uring_end end = {ctx, 0, res, how >> 16, how & 0xff};
	struct uring_out o;

	if (!uring_out(&o, &end))
		return 0;
	uring_objects(&o);
	uring_socket(&o);
	return 0;
}

/* --- the record ----------------------------------------------------------------------------- */

/* sizeof(struct espy_event) in words */
#define HDR_WORDS 8
_Static_assert(sizeof(struct espy_event) == HDR_WORDS * 8, "header");
_Static_assert(sizeof(struct espy_path) == 16, "path");

static __always_inline u64 text_word(u32 off, u32 len)
{
	return (off & 0xffff) | (len & 0xffff) << 16;
}

/* A struct espy_path as two words. */
static __always_inline void put_path(struct uring_out *o, u32 at, u64 obj, u32 off, u32 len,
				     u32 source)
{
	o->s->record[at & 63] = obj;
	o->s->record[(at + 1) & 63] = text_word(off, len) | (u64)source << 32;
}

static __always_inline u32 source_of(u64 obj)
{
	return obj ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_NONE;
}

/* The file is of a slot that was filled, in the same chain, only after the request to close it. */
static __always_inline bool is_unknown_slot(const struct uring_out *o)
{
	return o->r->type == ESPY_EV_file_close && !o->r->obj && o->end->res >= 0;
}

static __always_inline void put_paths(struct uring_out *o, const struct espy_layout *l)
{
	const struct uring_req *r = o->r;
	u32 at = HDR_WORDS, off = l->size;

	if (!l->paths)
		return;
	if (r->flags & U_STRING && !o->r->by_object)
		put_path(o, at, o->r->obj, off, r->len[0], r->source[0]);
	else
		put_path(o, at, o->r->obj, 0, 0,
			 is_unknown_slot(o) ? ESPY_SOURCE_PARTIAL : source_of(o->r->obj));
	at += 2;
	if (l->paths < 2)
		return;
	if (r->flags & U_STRING)
		put_path(o, at, o->r->obj2, off + r->len[0], r->len[1], r->source[1]);
	else
		put_path(o, at, o->r->obj2, 0, 0, source_of(o->r->obj2));
}

/* Value `i` of those that there are; without a branch, which would be two ways for the verifier. */
static __always_inline u64 one_of(u64 i, u64 there, u64 value)
{
	return value & -((i - there) >> 63);
}

/* Every event but those of system_uring: paths, words, halves, as its layout says. The record is
 * zero, and so is what is put behind the last. */
static __always_inline void put_fields(struct uring_out *o, const struct espy_layout *l)
{
	u32 off = l->size + o->r->len[0] + o->r->len[1], at = HDR_WORDS + 2 * (l->paths & 3);
	u32 *halves = (void *)o->s->record;

	put_paths(o, l);
	for (u32 i = 0; i < 3; i++)
		o->s->record[(at + i) & 63] = one_of(i, l->words, o->r->word[i]);
	at = (at + l->words) * 2;
	if (l->text && o->r->len[2])
		halves[(at + l->text - 1) & 127] = text_word(off, o->r->len[2]);
	if (l->text)
		return;
	for (u32 i = 0; i < 2; i++)
		halves[(at + i) & 127] = one_of(i, l->halves, o->r->half[i]);
}

static __always_inline void put_opcode(struct uring_out *o)
{
	struct espy_ev_system_uring *rec = (void *)o->s->record;

	rec->user_data = o->end->tag;
	rec->opcode = o->r->opcode;
	rec->sqpoll = !!(o->r->flags & U_SQPOLL);
	path_of_object(&rec->file, o->r->obj);
}

static __always_inline void put_header(struct uring_out *o, u64 now, u64 learned)
{
	struct espy_event *e = (void *)o->s->record;
	const struct uring_req *r = o->r;

	/* behind what it refers to */
	e->time = this_cpu()->learned == learned ? now : bpf_ktime_get_boot_ns();
	e->duration = now - r->time;
	e->start = r->start;
	e->result = o->end->res;
	e->pid = r->pid;
	e->tid = r->tid;
	e->type = o->r->type;
	e->call = r->opcode;
	e->cpu = bpf_get_smp_processor_id();
	e->abi = ESPY_ABI_URING;
	e->flags = o->end->event_flags | (r->cut ? ESPY_F_TRUNCATED : 0);
}

/* Is this outcome wanted? */
static __always_inline bool uring_wanted(const struct uring_out *o, u64 now)
{
	bool pending = o->end->event_flags & ESPY_F_PENDING;

	if (!event_on[o->r->type & (ESPY_EVENT_ID_MAX - 1)])
		return false;
	if (failed_only && (pending || o->end->res >= 0))
		return false;
	return pending || !min_duration || now - o->r->time >= min_duration;
}

#define URING_FIXED 256 /* no event has more: PENDING_SIZE in syscall.bpf.c */

/* Its strings: with it, behind it while it is made, or kept apart. */
static __always_inline const void *uring_text_of(struct uring_req *r, u32 how)
{
	u32 user = SCRATCH_ENTER;
	u64 req = r->req;
	struct scratch *s;
	struct uring_text *t;

	if (how & URING_NEW) {
		s = bpf_map_lookup_elem(&scratches, &user);
		return s ? s->text : NULL;
	}
	if (!(r->flags & U_LONG))
		return r->text;
	t = bpf_map_lookup_elem(&uring_texts, &req);
	return t ? t->text : NULL;
}

/* Builds the record of the request in uring_told(); its size, 0: it is not wanted. `how`: flags of
 * the event, URING_NEW, and the scratch area. Global: verified once. */
__noinline u32 uring_build(u64 ctx, u64 tag, s64 res, u32 how)
{
	struct uring_end end = {ctx, tag, res, how >> 16, how & 0xff};
	u64 now = bpf_ktime_get_boot_ns(), learned = this_cpu()->learned;
	const struct espy_layout *l;
	struct uring_out o;
	u32 fixed, len;

	uring_about(ctx, res, how);
	if (!uring_out(&o, &end) || !uring_wanted(&o, now))
		return 0;
	l = &layouts[o.r->type & (ESPY_EVENT_ID_MAX - 1)];
	__builtin_memset(o.s->record, 0, URING_FIXED);
	put_header(&o, now, learned);
	if (o.r->type == ESPY_EV_system_uring)
		put_opcode(&o);
	else
		put_fields(&o, l);
	fixed = l->size & 511;
	len = o.r->len[0] + o.r->len[1] + o.r->len[2];
	asm volatile("" : "+r"(len));
	len &= 0x3fff;
	if (len && bpf_probe_read_kernel((char *)o.s->record + fixed, len, uring_text_of(o.r, how)))
		return 0;
	return fixed + len;
}

/* Records the end of a request. */
static __always_inline int uring_send(const struct uring_req *r, const struct uring_key *at,
				      s64 res, u32 how)
{
	u32 user = SCRATCH_EXIT, n;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct espy_event *e;

	if (!s || bpf_probe_read_kernel(uring_told(s), sizeof(*r), r))
		return 0;
	n = uring_build(number_of(s, (void *)at->ctx), at->tag, res, how | SCRATCH_EXIT);
	asm volatile("" : "+r"(n));
	n &= 0x3fff;
	if (!n)
		return 0;
	e = (void *)s->record;
	return record_output(e, n, layouts[e->type & (ESPY_EVENT_ID_MAX - 1)].class_id);
}
