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
#include "uring.bpf.h"

#define SETUP_SQPOLL 2

#define REQ_FIXED_FILE 1u
#define REQ_CQE_SKIP   (1u << 6)
#define CQE_F_MORE     2
#define CQE_F_NOTIF    8

#define AT_REMOVEDIR_FLAG 0x200
#define MSG_CMSG_COMPAT   0x80000000u /* the kernel itself adds it */
#define O_LARGEFILE_FLAG  0100000

enum uring_opcode {
#define URING(name, opcode, ...) OP_##name = (opcode),
#include "model/uring.def"
};

/* A request under construction: in the scratch area of sys_enter, so that its record, built in that
 * of sys_exit, can be made at once. */
struct uring_new {
	struct uring_req *r;
	struct scratch *s;
	struct io_kiocb *req;
	u32 off; /* end of the text so far */
	u8 opcode;
};

/* A field of what the request is about; 0 where the kernel has none. */
#define REQ(n, type, field)                            \
	({                                             \
		struct type *__r = (void *)(n)->req;   \
		typeof(__r->field) __u = 0;            \
		if (bpf_core_field_exists(__r->field)) \
			__u = KR(__r, field);          \
		__u;                                   \
	})

/* --- strings -------------------------------------------------------------------------------- */

/* A string of the kernel (its addresses are negative) or of the caller, behind the text so far.
 * Its length, or negative. */
static __noinline long new_string(struct uring_new *n, u64 from)
{
	char *to = n->s->text + (n->off & (TEXT_AREA - 1));
	long len;

	if (!from)
		return 0;
	if ((s64)from < 0)
		len = bpf_probe_read_kernel_str(to, TEXT_MAX, (void *)from);
	else
		len = bpf_probe_read_user_str(to, TEXT_MAX, (void *)from);
	if (len <= 0)
		return -1;
	n->off += (len - 1) & (TEXT_MAX - 1); /* without its NUL */
	return len - 1;
}

static __always_inline u64 new_base(u32 dfd)
{
	return dfd == AT_FDCWD_ARG ? exit_cwd() : exit_fd(dfd);
}

/* Path `i` is that string, relative to `dfd`. */
static __noinline int new_path(struct uring_new *n, u32 i, u32 dfd, u64 from)
{
	u32 at = n->off;
	long len = new_string(n, from);
	u64 base;

	if (len > 0 && n->s->text[at & (TEXT_AREA - 1)] == '/') {
		base = exit_root();
		base = base & OBJ_ROOT ? 0 : base;
	} else {
		base = new_base(dfd);
	}
	i &= 1;
	n->r->flags |= U_STRING;
	n->r->len[i] = len > 0 ? len : 0;
	n->r->source[i] = len < 0 ? ESPY_SOURCE_PARTIAL : ESPY_SOURCE_USER;
	if (!len && base) /* AT_EMPTY_PATH: the descriptor itself */
		n->r->source[i] = ESPY_SOURCE_KERNEL;
	if (i)
		n->r->obj2 = base;
	else
		n->r->obj = base;
	return 0;
}

/* struct filename: the kernel's copy of the string, which nobody changes any more. */
static __always_inline void new_filename(struct uring_new *n, u32 i, u32 dfd, struct filename *f)
{
	u64 from = (u64)f; /* statx before 5.18 (1b6fe6e0dfec): the caller's own */

	if ((s64)from < 0)
		from = (u64)KR(f, name);
	new_path(n, i, dfd, from);
}

static __always_inline void new_text(struct uring_new *n, u64 from)
{
	long len = new_string(n, from);

	n->r->len[2] = len > 0 ? len : 0;
}

/* An address: the kernel's copy where it has one by now, else the caller's. */
static __noinline int new_address(struct uring_new *n, u64 from, u32 len)
{
	char *to = n->s->text + (n->off & (TEXT_AREA - 1));
	long r;

	if (!from || !len)
		return 0;
	len = len > ADDR_MAX ? ADDR_MAX : len;
	if ((s64)from < 0)
		r = bpf_probe_read_kernel(to, len & 0xff, (void *)from);
	else
		r = bpf_probe_read_user(to, len & 0xff, (void *)from);
	if (r)
		return 0;
	n->r->len[2] = len;
	n->off += len;
	return 0;
}

/* --- files ---------------------------------------------------------------------------------- */

/* The file that the request is going to be about. Since 5.19 it is looked up when the request is
 * carried out: until then there is its number. */
static __noinline struct file *file_of_request(struct io_kiocb *req)
{
	u32 fd;

	if (!bpf_core_field_exists(req->cqe))
		return KR(req, file);
	fd = KR(req, cqe.fd);
	if (KR(req, flags) & REQ_FIXED_FILE)
		return uring_fixed_file(KR(req, ctx), fd);
	return file_of_fd(current_task(), fd);
}

/* Where a read or write without a position will begin. */
static __always_inline s64 new_position(struct uring_new *n, s64 given, bool write)
{
	struct file *file;

	if (given != -1)
		return given;
	file = file_of_request(n->req);
	if (!file || !(KR(file, f_mode) & FMODE_LSEEK))
		return -1;
	if (write && KR(file, f_flags) & 02000) /* O_APPEND */
		return KR((struct inode *)KR(file, f_inode), i_size);
	return KR(file, f_pos);
}

static __always_inline void new_slot(struct uring_new *n, u32 slot)
{
	if (!slot)
		return;
	n->r->flags |= U_DIRECT;
	n->r->slot = slot == ~0u ? slot : slot - 1;
}

/* --- operations: the event's fields, from the request --------------------------------------- */

static __always_inline bool is_native(struct io_kiocb *req)
{
	struct io_ring_ctx *ctx = KR(req, ctx);

	return !BPF_CORE_READ_BITFIELD_PROBED(ctx, compat);
}

static __always_inline bool is_vectored(u32 op)
{
	return op == OP_readv || op == OP_writev || op == OP_readv_fixed || op == OP_writev_fixed;
}

static __noinline int new_rw(struct uring_new *n)
{
	u32 len = REQ(n, io_rw, len);

	n->r->word[0] = len;
	if (is_vectored(n->opcode))
		n->r->word[0] = iov_bytes(REQ(n, io_rw, addr), len, is_native(n->req));
	n->r->word[1] =
		new_position(n, REQ(n, io_rw, kiocb.ki_pos), n->r->type == ESPY_EV_file_write);
	return 0;
}

static __noinline int new_open(struct uring_new *n)
{
	u64 flags = REQ(n, io_open, how.flags);

	/* the kernel itself adds O_LARGEFILE */
	n->r->word[0] = flags & ~(u64)O_LARGEFILE_FLAG;
	n->r->word[1] = REQ(n, io_open, how.resolve);
	n->r->half[0] = flags & 020000100 ? REQ(n, io_open, how.mode) : 0;
	new_slot(n, REQ(n, io_open, file_slot));
	new_filename(n, 0, REQ(n, io_open, dfd), REQ(n, io_open, filename));
	return 0;
}

static __noinline int new_close(struct uring_new *n)
{
	u32 slot = REQ(n, io_close, file_slot);
	struct io_ring_ctx *ctx = KR(n->req, ctx);
	struct file *file;

	n->r->flags |= U_NO_FILE;
	n->r->word[0] = slot ? ~0ull : (u32)REQ(n, io_close, fd);
	if (slot)
		file = uring_fixed_file(ctx, slot - 1);
	else
		file = file_of_fd(current_task(), REQ(n, io_close, fd));
	n->r->obj = exit_file(file);
	return 0;
}

static __noinline int new_splice(struct uring_new *n)
{
	u32 fd = REQ(n, io_splice, splice_fd_in);
	struct io_ring_ctx *ctx = KR(n->req, ctx);
	struct file *in;

	n->r->word[0] = REQ(n, io_splice, len);
	if (REQ(n, io_splice, flags) >> 31) /* SPLICE_F_FD_IN_FIXED */
		in = uring_fixed_file(ctx, fd);
	else
		in = file_of_fd(current_task(), fd);
	n->r->obj = exit_file(in);
	return 0;
}

static __noinline int new_rename(struct uring_new *n)
{
	n->r->flags |= U_MOVES;
	n->r->word[0] = (u32)REQ(n, io_rename, flags);
	new_filename(n, 0, REQ(n, io_rename, old_dfd), REQ(n, io_rename, oldpath));
	new_filename(n, 1, REQ(n, io_rename, new_dfd), REQ(n, io_rename, newpath));
	return 0;
}

static __noinline int new_link(struct uring_new *n)
{
	if (bpf_core_type_exists(struct io_hardlink)) {
		n->r->word[0] = (u32)REQ(n, io_hardlink, flags);
		new_filename(n, 0, REQ(n, io_hardlink, old_dfd), REQ(n, io_hardlink, oldpath));
		new_filename(n, 1, REQ(n, io_hardlink, new_dfd), REQ(n, io_hardlink, newpath));
		return 0;
	}
	n->r->word[0] = (u32)REQ(n, io_link, flags);
	new_filename(n, 0, REQ(n, io_link, old_dfd), REQ(n, io_link, oldpath));
	new_filename(n, 1, REQ(n, io_link, new_dfd), REQ(n, io_link, newpath));
	return 0;
}

static __noinline int new_symlink(struct uring_new *n)
{
	struct filename *target = REQ(n, io_link, oldpath);

	if (bpf_core_type_exists(struct io_symlink)) {
		target = REQ(n, io_symlink, oldpath);
		new_filename(n, 0, REQ(n, io_symlink, new_dfd), REQ(n, io_symlink, newpath));
	} else {
		new_filename(n, 0, REQ(n, io_link, new_dfd), REQ(n, io_link, newpath));
	}
	if (target)
		new_text(n, (u64)KR(target, name));
	return 0;
}

/* Names of one path: unlink, mkdir, statx. */
static __noinline int new_name(struct uring_new *n)
{
	if (n->opcode == OP_mkdirat) {
		n->r->word[0] = REQ(n, io_mkdir, mode);
		new_filename(n, 0, REQ(n, io_mkdir, dfd), REQ(n, io_mkdir, filename));
	} else if (n->opcode == OP_statx) {
		n->r->word[0] = REQ(n, io_statx, flags);
		new_filename(n, 0, REQ(n, io_statx, dfd), REQ(n, io_statx, filename));
	} else {
		n->r->word[0] = (u32)REQ(n, io_unlink, flags);
		if (n->r->word[0] & AT_REMOVEDIR_FLAG) {
			n->r->type = ESPY_EV_file_rmdir;
			n->r->flags |= U_MOVES;
		}
		new_filename(n, 0, REQ(n, io_unlink, dfd), REQ(n, io_unlink, filename));
	}
	return 0;
}

static __noinline int new_xattr(struct uring_new *n)
{
	struct xattr_name *name = REQ(n, io_xattr, ctx.kname);
	struct filename *f = REQ(n, io_xattr, filename);

	n->r->word[0] = REQ(n, io_xattr, ctx.size);
	n->r->word[1] = REQ(n, io_xattr, ctx.flags);
	if (n->opcode == OP_setxattr || n->opcode == OP_getxattr)
		new_filename(n, 0, AT_FDCWD_ARG, f);
	if (name)
		new_text(n, (u64)&name->name);
	return 0;
}

/*
 * Where the kernel has put its copy of the address: into a message header (from 6.10), or alone, as
 * 6.18 does and nothing in BTF says. The header begins with a pointer of the kernel or with none.
 */
static __always_inline u64 copied_address(struct io_async_msghdr *async, u64 user)
{
	u64 kernel = 0, given = 0;

	bpf_probe_read_kernel(&kernel, sizeof(kernel), async);
	if (kernel ? kernel >> 48 != 0xffff
		   : user && !bpf_probe_read_user(&given, sizeof(given), (void *)user) && !given)
		return (u64)async;
	return (u64)&async->addr;
}

static __noinline int new_connect(struct uring_new *n)
{
	struct io_async_msghdr *async = KR(n->req, async_data);
	bool bind = n->opcode == OP_bind;
	u64 from = bind ? 0 : (u64)REQ(n, io_connect, addr);
	u32 len = bind ? REQ(n, io_bind, addr_len) : REQ(n, io_connect, addr_len);

	if (async && !bpf_core_type_exists(struct io_async_connect))
		from = copied_address(async, from);
	new_address(n, from, len);
	return 0;
}

static __noinline int new_message(struct uring_new *n)
{
	bool recv = n->r->type == ESPY_EV_net_recv, native = is_native(n->req);
	struct message m = {};

	n->r->word[0] = REQ(n, io_sr_msg, len);
	n->r->word[2] = REQ(n, io_sr_msg, msg_flags) & ~MSG_CMSG_COMPAT;
	if (n->opcode == OP_sendmsg || n->opcode == OP_recvmsg || n->opcode == OP_sendmsg_zc) {
		read_message(&m, (u64)REQ(n, io_sr_msg, umsg), native);
		n->r->word[0] = iov_bytes(m.iov, m.iovs, native);
	} else {
		m.name = (u64)REQ(n, io_sr_msg___addr, addr);
		m.name_len = REQ(n, io_sr_msg___addr, addr_len);
	}
	if (!recv)
		new_address(n, m.name, m.name_len);
	return 0;
}

static __noinline int new_socket(struct uring_new *n)
{
	n->r->word[0] = (u32)REQ(n, io_socket, domain);
	n->r->word[1] = (u32)(REQ(n, io_socket, type) | REQ(n, io_socket, flags));
	n->r->word[2] = (u32)REQ(n, io_socket, protocol);
	n->r->flags |= U_NO_FILE;
	new_slot(n, REQ(n, io_socket, file_slot));
	return 0;
}

/* What there is to say about it besides its file. */
static __always_inline void new_fields(struct uring_new *n)
{
	switch (n->r->type) {
	case ESPY_EV_file_read:
	case ESPY_EV_file_write:
		new_rw(n);
		break;
	case ESPY_EV_file_open:
		new_open(n);
		break;
	case ESPY_EV_file_close:
		new_close(n);
		break;
	case ESPY_EV_file_copy:
		new_splice(n);
		break;
	case ESPY_EV_file_rename:
		new_rename(n);
		break;
	case ESPY_EV_file_link:
		new_link(n);
		break;
	case ESPY_EV_file_symlink:
		new_symlink(n);
		break;
	case ESPY_EV_file_unlink:
	case ESPY_EV_file_mkdir:
	case ESPY_EV_file_stat:
		new_name(n);
		break;
	case ESPY_EV_file_getxattr:
	case ESPY_EV_file_setxattr:
		new_xattr(n);
		break;
	case ESPY_EV_file_fallocate:
		n->r->word[0] = (u32)REQ(n, io_sync, mode);
		n->r->word[1] = REQ(n, io_sync, off);
		n->r->word[2] = REQ(n, io_sync, len);
		break;
	case ESPY_EV_file_truncate:
		n->r->word[0] = REQ(n, io_ftrunc, len);
		break;
	case ESPY_EV_net_send:
	case ESPY_EV_net_recv:
		new_message(n);
		break;
	case ESPY_EV_net_connect:
	case ESPY_EV_net_bind:
		new_connect(n);
		break;
	case ESPY_EV_net_listen:
		n->r->word[0] = (u32)REQ(n, io_listen, backlog);
		break;
	case ESPY_EV_net_accept:
		n->r->word[0] = (u32)REQ(n, io_accept, flags);
		new_slot(n, REQ(n, io_accept, file_slot));
		break;
	case ESPY_EV_net_socket:
		new_socket(n);
		break;
	case ESPY_EV_net_shutdown:
		n->r->word[0] = (u32)REQ(n, io_shutdown, how);
		break;
	}
}

/* --- submission ----------------------------------------------------------------------------- */

static __always_inline bool new_begin(struct uring_new *n, struct task_state *st, u32 opcode)
{
	u32 user = SCRATCH_ENTER;
	struct uring_req *r;

	n->s = bpf_map_lookup_elem(&scratches, &user);
	if (!n->s)
		return false;
	r = n->r = (void *)n->s->record;
	_Static_assert(sizeof(*r) <= sizeof(n->s->record), "a request");
	__builtin_memset(r, 0, sizeof(*r) - URING_INLINE);
	n->off = 0;
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
	struct uring_end end = {key->ctx,        key->tag,    res,
				(u64)n->s->text, event_flags, SCRATCH_EXIT};

	if (!(n->r->flags & U_QUIET))
		uring_send(n->r, &end);
}

/* Its strings: with it where they are short. */
static __always_inline void new_keep_text(struct uring_new *n)
{
	u64 req = n->r->req;

	if (n->off > URING_INLINE) {
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
	if (n->off)
		__builtin_memcpy(n->r->text, n->s->text, URING_INLINE);
}

/* What is in flight under that key: ended unseen if it was this very request, else another one. */
static __always_inline bool new_is_first(struct uring_new *n, struct uring_key *key)
{
	struct uring_req *old = bpf_map_lookup_elem(&uring_reqs, key);
	struct uring_end end = {key->ctx, key->tag, 0, 0, ESPY_F_PENDING, SCRATCH_EXIT};
	bool same;

	if (!old || old->flags & U_QUIET)
		return true;
	same = has_uring_done_req && old->req == n->r->req;
	if ((same || !has_uring_done_req) && !(old->flags & U_TOLD)) {
		end.text = uring_text_of(old);
		uring_send(old, &end);
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
	struct file *file;

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
		new_fields(&n);
	else
		n.r->flags |= U_MOVES;
	if (KR(req, flags) & REQ_CQE_SKIP) { /* nobody will tell its end, unless it fails */
		file = n.r->flags & (U_STRING | U_NO_FILE) ? NULL : file_of_request(req);
		if (file)
			n.r->obj = exit_file(file);
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
	struct uring_end end = {ctx, tag, res, 0, 0, SCRATCH_EXIT};
	struct uring_key key = {ctx, tag};
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
	if (!(r->flags & U_QUIET)) {
		end.text = uring_text_of(r);
		uring_send(r, &end);
	}
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

SEC("tp_btf/io_uring_complete")
int BPF_PROG(system_uring__done4, void *ring, u64 tag, int res, unsigned int flags)
{
	return uring_done((u64)ring, 0, tag, res, flags);
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

/* What was asked for, from the queue itself, which is the program's memory: strings and numbers
 * may have changed since the kernel refused them. */
static __noinline int refused_fields(struct uring_new *n, const struct sqe *q)
{
	struct uring_req *r = n->r;

	r->flags |= U_NO_FILE;
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
	switch (r->type) {
	case ESPY_EV_file_open:
	case ESPY_EV_file_stat:
	case ESPY_EV_file_unlink:
	case ESPY_EV_file_mkdir:
		new_path(n, 0, q->fd, q->addr);
		break;
	case ESPY_EV_file_rename:
	case ESPY_EV_file_link:
		new_path(n, 0, q->fd, q->addr);
		new_path(n, 1, q->len, q->off);
		break;
	case ESPY_EV_file_symlink:
		new_path(n, 0, q->fd, q->off);
		new_text(n, q->addr);
		break;
	case ESPY_EV_file_close:
		r->word[0] = (u32)q->fd;
		r->obj = exit_fd(q->fd);
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

SEC("tp_btf/io_uring_req_failed")
int BPF_PROG(system_uring__failed, const void *entry, struct io_kiocb *req, int error)
{
	struct uring_key key, at;
	struct task_state *st;
	struct uring_new n = {};
	struct sqe q = {};

	if (!armed || bpf_probe_read_kernel(&q, sizeof(q), entry))
		return 0;
	key.ctx = (u64)KR(req, ctx);
	key.tag = q.user_data;
	at = key;
	if (find_request(&at, (u64)req)) /* it was taken, and its end is still to come */
		return 0;
	if (!urings[q.opcode & (ESPY_URINGS - 1)].on)
		return 0;
	st = state_recorded(current_task());
	if (!st || !new_begin(&n, st, q.opcode))
		return 0;
	n.req = req;
	n.r->req = (u64)req;
	if (q.opcode == OP_unlinkat && q.op_flags & AT_REMOVEDIR_FLAG)
		n.r->type = ESPY_EV_file_rmdir;
	refused_fields(&n, &q);
	if (KR((struct io_ring_ctx *)key.ctx, flags) & SETUP_SQPOLL)
		n.r->flags |= U_SQPOLL;
	new_send(&n, &key, error, 0);
	return 0;
}

/* --- requests that have not ended ----------------------------------------------------------- */

/* At the end of a capture, for every request that is still kept. */
SEC("iter/bpf_map_elem")
int system_uring__left(struct bpf_iter__bpf_map_elem *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct uring_end end = {.event_flags = ESPY_F_PENDING, .user = SCRATCH_ITER};
	struct uring_key *at = ctx->key;
	struct uring_req *r = ctx->value;
	u32 user = SCRATCH_ITER, n;
	struct scratch *s;

	if (!at || !r)
		return 0;
	if (r->flags & (U_QUIET | U_TOLD))
		return 0;
	s = bpf_map_lookup_elem(&scratches, &user);
	if (!s)
		return 0;
	end.ctx = at->ctx;
	end.tag = at->tag;
	end.text = uring_text_of(r);
	n = uring_build(r, &end);
	asm volatile("" : "+r"(n));
	n &= 0x3fff;
	((struct espy_event *)s->record)->size = n;
	if (n)
		bpf_seq_write(seq, s->record, n);
	return 0;
}
