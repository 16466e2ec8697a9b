/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring. The kernel tells when it has taken a request and understood it (its paths are copied by
 * then), and when it has put the result into the ring: the one record is made of both, in the name
 * of the task that handed the request in, since workers of the kernel may have carried it out.
 *
 * Both tracepoints changed their names and arguments; the loader chooses by BTF:
 *	io_uring_submit_req (6.4), or io_uring_submit_sqe with two (5.19) or seven arguments; with
 *	five, before 5.13, it does not tell the request, only its opcode
 *	io_uring_complete with three (6.13), seven (5.19), five (5.16) or four arguments
 */
#include "uring-fields.bpf.h"

/* --- submission ----------------------------------------------------------------------------- */

static __always_inline bool new_begin(struct uring_new *n, struct task_state *st, u32 opcode)
{
	struct uring_req *r;

	if (!new_find(n))
		return false;
	r = n->r;
	_Static_assert(sizeof(*r) <= sizeof(n->s->record), "a request");
	__builtin_memset(r, 0, sizeof(*r) - URING_INLINE);
	n->opcode = opcode;
	r->type = urings[opcode & (ESPY_URINGS - 1)].type;
	r->opcode = opcode;
	r->time = bpf_ktime_get_boot_ns();
	if (st) {
		r->start = st->start;
		r->pid = st->pid;
		r->tid = st->tid;
	} else {
		r->flags = U_QUIET;
	}
	return true;
}

/* Its record now, because its end will not be seen or not be known from that of others. */
static __always_inline void new_send(struct uring_new *n, const struct uring_key *key, s64 res,
				     u32 event_flags)
{
	if (!(n->r->flags & U_QUIET))
		uring_send(n->r, key, res, URING_NEW | URING_FLAGS(event_flags));
}

/* Its strings: with it where they are short. */
static __always_inline void new_keep_text(struct uring_new *n)
{
	u32 len = n->r->len[0] + n->r->len[1] + n->r->len[2];
	u64 req = n->r->req;

	if (len > URING_INLINE) {
		n->r->flags |= U_LONG;
		if (!bpf_map_update_elem(&uring_texts, &req, n->s->text, BPF_ANY))
			return;
		/* no room: what comes first stays */
		n->r->flags &= ~U_LONG;
		n->r->cut = 1;
		n->r->len[0] = n->r->len[0] > URING_INLINE ? URING_INLINE : n->r->len[0];
		n->r->len[1] = n->r->len[2] = 0;
		n->r->source[0] = n->r->source[1] = ESPY_SOURCE_PARTIAL;
	}
	if (len)
		__builtin_memcpy(n->r->text, n->s->text, URING_INLINE);
}

/* What is in flight under that key: ended unseen if it was this very request, else another one. */
static __always_inline bool new_is_first(struct uring_new *n, struct uring_key *key)
{
	struct uring_req *old = bpf_map_lookup_elem(&uring_reqs, key);
	bool same;

	if (!old || old->flags & U_QUIET)
		return true;
	same = has_uring_done_req && old->req == n->r->req;
	if ((same || !has_uring_done_req) && !(old->flags & U_TOLD)) {
		uring_send(old, key, 0, URING_FLAGS(ESPY_F_PENDING));
		old->flags |= U_TOLD;
	}
	if (!same)
		old->others++;
	return same;
}

static __always_inline void new_keep(struct uring_new *n, struct uring_key *key)
{
	if (!new_is_first(n, key)) {
		if (!has_uring_done_req) {
			new_send(n, key, 0, ESPY_F_PENDING);
			return;
		}
		key->ctx = 0;
		key->tag = n->r->req;
	}
	new_keep_text(n);
	if (bpf_map_update_elem(&uring_reqs, key, n->r, BPF_ANY))
		new_send(n, key, 0, ESPY_F_PENDING);
}

static __always_inline bool moves_paths(struct io_kiocb *req, u32 opcode)
{
	struct io_unlink *unlink = (void *)req;

	if (opcode == OP_unlinkat && bpf_core_field_exists(unlink->flags))
		return KR(unlink, flags) & AT_REMOVEDIR_FLAG;
	return opcode == OP_renameat;
}

static __always_inline int uring_submit(struct io_kiocb *req)
{
	u32 opcode = KR(req, opcode);
	struct task_state *st = NULL;
	struct uring_new n = {};
	struct uring_key key;

	if (!armed)
		return 0;
	if (urings[opcode & (ESPY_URINGS - 1)].on)
		st = state_recorded(current_task());
	if ((!st && !moves_paths(req, opcode)) || !new_begin(&n, st, opcode))
		return 0;
	key.ctx = (u64)KR(req, ctx);
	key.tag = uring_user_data(req);
	n.req = req;
	n.r->req = (u64)req;
	if (KR((struct io_ring_ctx *)key.ctx, flags) & SETUP_SQPOLL)
		n.r->flags |= U_SQPOLL;
	if (st)
		new_fields();
	else
		n.r->flags |= U_MOVES;
	if (KR(req, flags) & REQ_CQE_SKIP) { /* nobody will tell its end, unless it fails */
		if (!(n.r->flags & (U_STRING | U_NO_FILE)))
			new_object(&n, file_of_request(req));
		n.r->flags |= U_NO_FILE;
		path_gen += n.r->flags & U_MOVES ? 1 : 0;
		new_send(&n, &key, 0, ESPY_F_PENDING);
		return 0;
	}
	new_keep(&n, &key);
	return 0;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(system_uring, struct io_kiocb *req)
{
	return uring_submit(req);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__2, struct io_kiocb *req, bool force)
{
	return uring_submit(req);
}

SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__7, void *ring, void *req)
{
	return uring_submit(req);
}

/* Without the request there are only its opcode and its tag. */
SEC("tp_btf/io_uring_submit_sqe")
int BPF_PROG(system_uring__5, void *ring, u8 opcode, u64 user_data, bool force, bool sq_thread)
{
	struct task_state *st = armed ? state_recorded(current_task()) : NULL;
	struct uring_key key = {.ctx = (u64)ring, .tag = user_data};
	struct uring_new n = {};

	if (!st || !new_begin(&n, st, opcode))
		return 0;
	n.r->type = ESPY_EV_system_uring;
	n.r->flags |= U_NO_FILE | (sq_thread ? U_SQPOLL : 0);
	new_send(&n, &key, 0, ESPY_F_PENDING);
	return 0;
}

/* --- completion ----------------------------------------------------------------------------- */

static __always_inline struct uring_req *find_request(struct uring_key *key, u64 req)
{
	struct uring_req *r = bpf_map_lookup_elem(&uring_reqs, key);

	if (!req || (r && r->req == req))
		return r;
	key->ctx = 0;
	key->tag = req;
	return bpf_map_lookup_elem(&uring_reqs, key);
}

/* Of several with one tag an end was told, and not of which. */
static __always_inline void end_of_any(struct uring_req *r, struct uring_key *key)
{
	if (r->others)
		r->others--;
	else
		bpf_map_delete_elem(&uring_reqs, key);
}

static __always_inline void forget(struct uring_req *r, struct uring_key *key)
{
	u64 req = r->req;

	if (r->flags & U_LONG)
		bpf_map_delete_elem(&uring_texts, &req);
	bpf_map_delete_elem(&uring_reqs, key);
}

/* Does the request go on behind this completion? A send without copying has a second one, which
 * only says that its buffer is free. */
static __always_inline bool goes_on(const struct uring_req *r, u32 cqe_flags)
{
	return cqe_flags & CQE_F_MORE && r->opcode != OP_send_zc && r->opcode != OP_sendmsg_zc;
}

static __always_inline int uring_done(u64 ctx, u64 req, u64 tag, s32 res, u32 cqe_flags)
{
	struct uring_key key = {ctx, tag}, given = key;
	struct uring_req *r;

	if (cqe_flags & CQE_F_NOTIF)
		return 0;
	r = find_request(&key, req);
	if (!r)
		return 0;
	if (r->flags & U_MOVES && res >= 0)
		path_gen++;
	if (r->flags & U_TOLD) {
		end_of_any(r, &key);
		return 0;
	}
	if (!(r->flags & U_QUIET))
		uring_send(r, &given, res, 0);
	if (goes_on(r, cqe_flags))
		r->time = bpf_ktime_get_boot_ns();
	else
		forget(r, &key);
	return 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(system_uring__done3, void *ring, void *req, struct io_uring_cqe *cqe)
{
	return uring_done((u64)ring, (u64)req, KR(cqe, user_data), KR(cqe, res), KR(cqe, flags));
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(system_uring__done5, void *ring, void *req, u64 tag, int res, unsigned int flags)
{
	return uring_done((u64)ring, (u64)req, tag, res, flags);
}

/* The ring was full. Where io_uring_complete has told it already, nothing is found any more. */
SEC("tp_btf/io_uring_cqe_overflow")
int BPF_PROG(system_uring__full, void *ring, u64 tag, s32 res, u32 flags, void *ocqe)
{
	return uring_done((u64)ring, 0, tag, res, flags);
}

/* --- refused -------------------------------------------------------------------------------- */

/* linux/io_uring.h: an entry of the submission queue. */
struct sqe {
	u8 opcode, flags;
	u16 ioprio;
	s32 fd;
	u64 off, addr;
	u32 len, op_flags;
	u64 user_data;
	u16 buf_index, personality;
	u32 file_index;
};

#define SQE_BYTES 64

/* Where the record will be built, which is later. */
static __always_inline struct sqe *sqe_room(void)
{
	u32 user = SCRATCH_EXIT;
	struct scratch *s = bpf_map_lookup_elem(&scratches, &user);

	return s ? (void *)s->record : NULL;
}

static __always_inline void refused_numbers(struct uring_req *r, const struct sqe *q)
{
	switch (q->opcode) {
	case OP_openat:
		r->word[0] = q->op_flags;
		r->half[0] = q->op_flags & 020000100 ? q->len : 0;
		break;
	case OP_statx:
	case OP_unlinkat:
	case OP_renameat:
	case OP_linkat:
		r->word[0] = q->op_flags;
		break;
	case OP_mkdirat:
	case OP_read:
	case OP_write:
	case OP_send:
	case OP_recv:
		r->word[0] = q->len;
		r->word[1] = q->off;
		break;
	}
}

/* What was asked for, from the queue itself, which is the program's memory: strings and numbers
 * may have changed since the kernel refused them. */
__noinline int refused_fields(void)
{
	const struct sqe *q = sqe_room();
	struct uring_req *r;
	struct uring_new n;

	if (!q || !new_find(&n))
		return 0;
	r = n.r;
	r->flags |= U_NO_FILE;
	refused_numbers(r, q);
	switch (r->type) {
	case ESPY_EV_file_open:
	case ESPY_EV_file_stat:
	case ESPY_EV_file_unlink:
	case ESPY_EV_file_mkdir:
		new_path(0, q->fd, q->addr);
		break;
	case ESPY_EV_file_rename:
	case ESPY_EV_file_link:
		new_path(0, q->fd, q->addr);
		new_path(1, q->len, q->off);
		break;
	case ESPY_EV_file_symlink:
		new_path(0, q->fd, q->off);
		new_text(q->addr);
		break;
	case ESPY_EV_file_close:
		r->word[0] = (u32)q->fd;
		r->obj = exit_fd(q->fd);
		break;
	case ESPY_EV_net_connect:
	case ESPY_EV_net_bind:
		new_address(q->addr, q->off);
		r->obj = q->flags & REQ_FIXED_FILE ? 0 : exit_fd(q->fd);
		break;
	case ESPY_EV_net_socket:
		r->word[0] = (u32)q->fd;
		r->word[1] = q->off;
		r->word[2] = q->len;
		break;
	default:
		if (!(q->flags & REQ_FIXED_FILE))
			r->obj = exit_fd(q->fd);
	}
	return 0;
}

/* Records a request that was refused; `req` is its address where that is known. */
static __always_inline int uring_refused(struct io_kiocb *req, u64 ctx, const struct sqe *q,
					 s64 error)
{
	struct uring_key key = {ctx, q->user_data};
	struct task_state *st;
	struct uring_new n = {};

	if (!urings[q->opcode & (ESPY_URINGS - 1)].on)
		return 0;
	st = state_recorded(current_task());
	if (!st || !new_begin(&n, st, q->opcode))
		return 0;
	n.req = req;
	n.r->req = (u64)req;
	if (q->opcode == OP_unlinkat && q->op_flags & AT_REMOVEDIR_FLAG)
		n.r->type = ESPY_EV_file_rmdir;
	refused_fields();
	if (KR((struct io_ring_ctx *)ctx, flags) & SETUP_SQPOLL)
		n.r->flags |= U_SQPOLL;
	new_send(&n, &key, error, 0);
	return 0;
}

static __always_inline bool is_kept(u64 ctx, u64 tag, u64 req)
{
	struct uring_key key = {ctx, tag};

	return find_request(&key, req) != NULL;
}

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(system_uring__failed, const void *entry, struct io_kiocb *req, int error)
{
	struct sqe *q = sqe_room();

	if (!armed || !q || bpf_probe_read_kernel(q, sizeof(*q), entry))
		return 0;
	if (is_kept((u64)KR(req, ctx), q->user_data, (u64)req))
		return 0; /* it was taken, and its end is still to come */
	return uring_refused(req, (u64)KR(req, ctx), q, error);
}

/*
 * Before 5.16 only the completion tells that a request was refused, while it is the last that was
 * taken from the queue.
 */
static __always_inline int refused_last(u64 ring, u64 tag, s32 res)
{
	struct io_ring_ctx *ctx = (void *)ring;
	u32 head, at = 0, entries;
	struct sqe *q = sqe_room();

	if (!q || !bpf_core_field_exists(ctx->sq_sqes) || !bpf_core_field_exists(ctx->sq_array) ||
	    !bpf_core_field_exists(ctx->cached_sq_head))
		return 0;
	head = BPF_CORE_READ(ctx, cached_sq_head) - 1;
	entries = BPF_CORE_READ(ctx, sq_entries);
	bpf_probe_read_kernel(&at, sizeof(at),
			      (void *)BPF_CORE_READ(ctx, sq_array) + 4 * (head & (entries - 1)));
	if (at >= entries ||
	    bpf_probe_read_kernel(q, sizeof(*q),
				  BPF_CORE_READ(ctx, sq_sqes) + (u64)at * SQE_BYTES) ||
	    q->user_data != tag)
		return 0;
	return uring_refused(NULL, ring, q, res);
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(system_uring__done4, void *ring, u64 tag, int res, unsigned int flags)
{
	if (armed && res < 0 && !is_kept((u64)ring, tag, 0))
		return refused_last((u64)ring, tag, res);
	return uring_done((u64)ring, 0, tag, res, flags);
}

/* --- requests that have not ended ----------------------------------------------------------- */

/* At the end of a capture, for every request that is still kept. */
SEC("iter/bpf_map_elem")
int system_uring__left(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct uring_key *at = ctx->key;
	struct uring_req *r = ctx->value;
	u32 user = SCRATCH_ITER, n;
	struct scratch *s;

	if (!at || !r)
		return 0;
	if (r->flags & (U_QUIET | U_TOLD))
		return 0;
	s = bpf_map_lookup_elem(&scratches, &user);
	if (!s || bpf_probe_read_kernel(uring_told(s), sizeof(*r), r))
		return 0;
	n = uring_build(at->ctx, at->tag, 0, URING_FLAGS(ESPY_F_PENDING) | SCRATCH_ITER);
	asm volatile("" : "+r"(n));
	n &= 0x3fff;
	((struct espy_event *)s->record)->size = n;
	if (n)
		bpf_seq_write(seq, s->record, n);
	return 0;
}
