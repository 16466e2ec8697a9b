/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The older asynchronous I/O: each request of an io_submit as the event that it is. They are the
 * caller's memory, looked at when the kernel has taken them. Their ends have no tracepoint: what
 * has ended by then (buffered files always) is found in the ring of completions, which the program
 * can write to as well; the others are recorded as pending, and their results are not known.
 */
#include "exit.bpf.h"

#define AIO_MAX     1024 /* requests of one call that are looked at; where there is bpf_loop */
#define AIO_MAX_OLD 256

/* linux/aio_abi.h; the same for 32-bit programs. */
struct aio_request {
	u64 data;
	u32 key, rw_flags;
	u16 opcode;
	s16 priority;
	u32 fd;
	u64 buf, bytes;
	s64 offset;
	u64 reserved;
	u32 flags, eventfd;
};
struct aio_event {
	u64 data, request;
	s64 res, res2;
};
struct aio_ring { /* fs/aio.c */
	u32 id, size, head, tail, magic, compat, incompat, header;
};
#define AIO_RING_MAGIC 0xa10a10a1

enum aio_opcode { AIO_PREAD = 0, AIO_PWRITE, AIO_FSYNC, AIO_FDSYNC, AIO_PREADV = 7, AIO_PWRITEV };

struct aio_call {
	long ret;
	u32 n;
};

struct aio_record {
	struct espy_event hdr;
	struct espy_path path;
	u64 word[3];
	struct espy_text none[4];
};

static __always_inline u32 aio_type(const struct aio_request *q, u64 obj)
{
	bool socket = (obj & OBJ_KIND) == KIND_SOCKET;

	switch (q->opcode) {
	case AIO_PREAD:
	case AIO_PREADV:
		return socket ? ESPY_EV_net_recv : ESPY_EV_file_read;
	case AIO_PWRITE:
	case AIO_PWRITEV:
		return socket ? ESPY_EV_net_send : ESPY_EV_file_write;
	case AIO_FSYNC:
	case AIO_FDSYNC:
		return ESPY_EV_file_sync;
	}
	return ESPY_EV_file_aio;
}

/* What is read of the caller: in the scratch area, since the stack is short before 6.13. */
struct aio_read {
	struct aio_request request;
	struct aio_ring ring;
	struct aio_event event;
};

/* Is the `back`th last completion that request's? Global: verified once. */
__noinline int aio_event_at(u64 ring, u32 back, u64 request)
{
	u32 user = SCRATCH_EXIT, at;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);
	struct aio_read *w;

	if (!s)
		return false;
	w = (void *)s->text;
	if (back > w->ring.size)
		return false;
	at = w->ring.tail >= back ? w->ring.tail - back : w->ring.tail + w->ring.size - back;
	return !bpf_probe_read_user(&w->event, sizeof(w->event),
				    (void *)(ring + sizeof(w->ring) + at * sizeof(w->event))) &&
	       w->event.request == request;
}

#define AIO_LOOK 8 /* so many of the last completions are looked at */

/* Has the request ended? Then it is the `back`th last completion, when all have ended that were
 * handed in with it and after it, or one of the last. */
static __always_inline bool aio_ended(struct aio_read *w, u64 ring, u64 request, u32 back)
{
	if (bpf_probe_read_user(&w->ring, sizeof(w->ring), (void *)ring) ||
	    w->ring.magic != AIO_RING_MAGIC)
		return false;
	if (aio_event_at(ring, back, request))
		return true;
	for (u64 i = 1; i <= AIO_LOOK; i++)
		if (aio_event_at(ring, i, request))
			return true;
	return false;
}

static __always_inline void aio_fields(struct aio_record *rec, const struct aio_request *q,
				       u32 native, u32 type, s64 res)
{
	u64 bytes = q->bytes;

	if (q->opcode == AIO_PREADV || q->opcode == AIO_PWRITEV)
		bytes = iov_bytes(q->buf, q->bytes, native);
	__builtin_memset(rec->word, 0, sizeof(rec->word) + sizeof(rec->none));
	if (type == ESPY_EV_file_aio) {
		rec->word[0] = q->opcode;
		rec->word[1] = bytes;
		rec->word[2] = q->offset;
	} else {
		rec->word[0] = bytes;
		rec->word[1] = q->offset;
	}
	if (type == ESPY_EV_net_send || type == ESPY_EV_net_recv)
		rec->word[1] = res > 0 ? res : 0;
}

/* Request `i` of `n` that were taken. Global: verified once. */
__noinline int aio_request(u32 i, u32 n, s64 ret)
{
	struct aio_request *q;
	struct aio_record *rec;
	struct aio_read *w;
	u64 request = 0, time;
	struct call_exit x;
	u32 type, native;
	s64 res = ret < 0 ? ret : 0;
	bool ended = ret < 0;

	if (!exit_begin(&x))
		return 0;
	native = x.st->abi != ESPY_ABI_IA32;
	rec = (void *)x.s->record;
	w = (void *)x.s->text;
	q = &w->request;
	bpf_probe_read_user(&request, native ? 8 : 4,
			    (void *)(call_arg(x.st, 3) + i * (native ? 8 : 4)));
	if (bpf_probe_read_user(q, sizeof(*q), (void *)request))
		q->opcode = 0xffff;
	path_of_object(&rec->path, q->opcode == 0xffff ? 0 : exit_fd(q->fd));
	x.st->next = aio_type(q, rec->path.obj);
	/* from memory it is a number like any other, not one way for each type */
	type = *(volatile u16 *)&x.st->next;
	if (!ended) {
		ended = aio_ended(w, call_arg(x.st, 1), request, n - i);
		res = ended ? w->event.res : 0;
	}
	if (!event_on[type & (ESPY_EVENT_ID_MAX - 1)] || (failed_only && !ended) ||
	    !exit_wanted(x.st, res, x.end))
		return 0;
	aio_fields(rec, q, native, type, res);
	time = exit_time(&x);
	header_call(&rec->hdr, x.st, type, time, x.end, res);
	x.st->end = time; /* the next one comes behind it */
	if (!ended)
		rec->hdr.flags |= ESPY_F_PENDING;
	record_output(&rec->hdr, sizeof(*rec), ESPY_CLASS_file);
	return 0;
}

static long aio_step(u32 i, struct aio_call *c)
{
	aio_request(i, c->n, c->ret);
	return 0;
}

SHARED(file_aio)
{
	u32 max = HAS(has_loop) ? AIO_MAX : AIO_MAX_OLD;
	struct aio_call c = {ret, ret > 0 ? ret : 1}; /* it says no only to the first */
	struct task_state *st = state_current(false);

	if (!st)
		return 0;
	if (c.n > max) { /* told as lost */
		this_cpu()->seq += c.n - max;
		this_cpu()->lost[ESPY_CLASS_file] += c.n - max;
	}
	EACH(c.n, max, aio_step, &c);
	st->entry = 0;
	return 0;
}
