/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request to an io_uring asks for, as fields of the event that it is: read from the kernel's
 * own form of the request, in which paths are copied already. */
#pragma once

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

/* A request under construction: in the scratch area of sys_enter, its strings in the text there, so
 * that its record, built in that of sys_exit, can be made at once. */
struct uring_new {
	struct uring_req *r;
	struct scratch *s;
	struct io_kiocb *req;
	u8 opcode;
};

static __always_inline bool new_find(struct uring_new *n)
{
	u32 user = SCRATCH_ENTER;

	n->s = bpf_map_lookup_elem(&scratches, &user);
	if (!n->s)
		return false;
	n->r = (void *)n->s->record;
	n->req = (void *)n->r->req;
	n->opcode = n->r->opcode;
	return true;
}

/* A field of what the request is about; 0 where the kernel has none. */
#define REQ(n, type, field)                            \
	({                                             \
		struct type *__r = (void *)(n)->req;   \
		typeof(__r->field) __u = 0;            \
		if (bpf_core_field_exists(__r->field)) \
			__u = KR(__r, field);          \
		__u;                                   \
	})

/* The same of a pointer, as a number. */
#define REQ_AT(n, type, field)                         \
	({                                             \
		struct type *__r = (void *)(n)->req;   \
		u64 __u = 0;                           \
		if (bpf_core_field_exists(__r->field)) \
			__u = KNUM(__r, field);        \
		__u;                                   \
	})

/* The same of a name, which is a pointer, or one in a struct of its own. */
#ifdef ESPY_NEW
#define REQ_NAME(n, type, field)                                      \
	({                                                            \
		struct type##___delayed *__d = (void *)(n)->req;      \
		u64 __f = REQ_AT(n, type, field);                     \
		if (bpf_core_field_exists(__d->field))                \
			__f = KNUM(__d, field.__incomplete_filename); \
		__f;                                                  \
	})
#else
#define REQ_NAME(n, type, field) REQ_AT(n, type, field)
#endif

#define RING_COMPAT (1u << 11) /* IO_RING_F_COMPAT, of an enum without a name */

/* --- strings: functions with numbers for arguments, verified once ---------------------------- */

/* Where the text so far ends. */
static __always_inline char *new_end(struct uring_new *n)
{
	u32 off = n->r->len[0] + n->r->len[1] + n->r->len[2];

	return n->s->text + (off & (TEXT_AREA - 1));
}

/* A string of the kernel (its addresses are negative) or of the caller, behind the text so far.
 * Its length, or negative. */
static __always_inline long new_string(char *to, u64 from)
{
	long len;

	if (!from)
		return 0;
	if ((s64)from < 0)
		len = bpf_probe_read_kernel_str(to, TEXT_MAX, (void *)from);
	else
		len = bpf_probe_read_user_str(to, TEXT_MAX, (void *)from);
	return len - 1; /* without its NUL */
}

static __always_inline u64 new_base(u32 dfd)
{
	return dfd == AT_FDCWD_ARG ? exit_cwd() : exit_fd(dfd);
}

/* Path `i` is that string, relative to `dfd`. */
__noinline int new_path(u32 i, u32 dfd, u64 from)
{
	struct uring_new n;
	char *to;
	long len;
	u64 base;

	if (!new_find(&n))
		return 0;
	to = new_end(&n);
	len = new_string(to, from);
	base = len > 0 && *to == '/' ? exit_own_root() : new_base(dfd);
	i &= 1;
	n.r->flags |= U_STRING;
	n.r->len[i] = len > 0 ? len : 0;
	n.r->source[i] = len < 0 ? ESPY_SOURCE_PARTIAL : ESPY_SOURCE_USER;
	if (!len && base) /* AT_EMPTY_PATH: the descriptor itself */
		n.r->source[i] = ESPY_SOURCE_KERNEL;
	if (i)
		n.r->obj2 = base;
	else
		n.r->obj = base;
	return 0;
}

/* struct filename: the kernel's copy of the string, which nobody changes any more. */
static __always_inline void new_filename(u32 i, u32 dfd, u64 from)
{
	struct filename *f = (void *)from; /* statx before 5.18 (1b6fe6e0dfec): the caller's own */

	if ((s64)from < 0)
		from = KNUM(f, name);
	new_path(i, dfd, from);
}

__noinline int new_text(u64 from)
{
	struct uring_new n;
	long len;

	if (!new_find(&n))
		return 0;
	len = new_string(new_end(&n), from);
	n.r->len[2] = len > 0 ? len : 0;
	return 0;
}

/* An address: the kernel's copy where it has one by now, else the caller's. */
__noinline int new_address(u64 from, u32 len)
{
	struct uring_new n;
	long r;

	if (!from || !len || !new_find(&n))
		return 0;
	len = len > ADDR_MAX ? ADDR_MAX : len;
	if ((s64)from < 0)
		r = bpf_probe_read_kernel(new_end(&n), len & 0xff, (void *)from);
	else
		r = bpf_probe_read_user(new_end(&n), len & 0xff, (void *)from);
	if (!r)
		n.r->len[2] = len;
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

/* The file is what the request is about. Its address becomes a number in map memory. */
static __always_inline void new_object(struct uring_new *n, const struct file *file)
{
	volatile u64 *at = &n->r->obj;

	*at = (u64)file;
	*at = exit_object(*at);
}

static __always_inline void new_slot(struct uring_new *n, u32 slot)
{
	if (!slot)
		return;
	n->r->flags |= U_DIRECT;
	n->r->slot = slot == ~0u ? slot : slot - 1;
}

/* --- operations: the event's fields, from the request --------------------------------------- */

static __always_inline bool ring_is_native(struct io_kiocb *req)
{
	struct io_ring_ctx *ctx = KR(req, ctx);

	if (bpf_core_field_exists(ctx->int_flags))
		return !(KR(ctx, int_flags) & RING_COMPAT);
	return !bpf_core_field_exists(ctx->compat) || !BPF_CORE_READ_BITFIELD_PROBED(ctx, compat);
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
		n->r->word[0] = iov_bytes(REQ_AT(n, io_rw, addr), len, ring_is_native(n->req));
	n->r->word[1] =
		new_position(n, REQ(n, io_rw, kiocb.ki_pos), n->r->type == ESPY_EV_file_write);
	return 0;
}

static __always_inline int new_open(struct uring_new *n)
{
	u64 flags = REQ(n, io_open, how.flags);

	/* the kernel itself adds O_LARGEFILE */
	n->r->word[0] = flags & ~(u64)O_LARGEFILE_FLAG;
	n->r->word[1] = REQ(n, io_open, how.resolve);
	n->r->half[0] = flags & 020000100 ? REQ(n, io_open, how.mode) : 0;
	new_slot(n, REQ(n, io_open, file_slot));
	new_filename(0, REQ(n, io_open, dfd), REQ_NAME(n, io_open, filename));
	return 0;
}

static __always_inline int new_close(struct uring_new *n)
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
	new_object(n, file);
	return 0;
}

static __always_inline int new_splice(struct uring_new *n)
{
	u32 fd = REQ(n, io_splice, splice_fd_in);
	struct io_ring_ctx *ctx = KR(n->req, ctx);
	struct file *in;

	n->r->word[0] = REQ(n, io_splice, len);
	if (REQ(n, io_splice, flags) >> 31) /* SPLICE_F_FD_IN_FIXED */
		in = uring_fixed_file(ctx, fd);
	else
		in = file_of_fd(current_task(), fd);
	new_object(n, in);
	return 0;
}

static __always_inline int new_rename(struct uring_new *n)
{
	n->r->flags |= U_MOVES;
	n->r->word[0] = (u32)REQ(n, io_rename, flags);
	new_filename(0, REQ(n, io_rename, old_dfd), REQ_NAME(n, io_rename, oldpath));
	new_filename(1, REQ(n, io_rename, new_dfd), REQ_NAME(n, io_rename, newpath));
	return 0;
}

static __always_inline int new_link(struct uring_new *n)
{
	if (bpf_core_type_exists(struct io_hardlink)) {
		n->r->word[0] = (u32)REQ(n, io_hardlink, flags);
		new_filename(0, REQ(n, io_hardlink, old_dfd), REQ_AT(n, io_hardlink, oldpath));
		new_filename(1, REQ(n, io_hardlink, new_dfd), REQ_AT(n, io_hardlink, newpath));
		return 0;
	}
	n->r->word[0] = (u32)REQ(n, io_link, flags);
	new_filename(0, REQ(n, io_link, old_dfd), REQ_NAME(n, io_link, oldpath));
	new_filename(1, REQ(n, io_link, new_dfd), REQ_NAME(n, io_link, newpath));
	return 0;
}

static __always_inline int new_symlink(struct uring_new *n)
{
	u64 target = REQ_NAME(n, io_link, oldpath);

	if (bpf_core_type_exists(struct io_symlink)) {
		target = REQ_AT(n, io_symlink, oldpath);
		new_filename(0, REQ(n, io_symlink, new_dfd), REQ_AT(n, io_symlink, newpath));
	} else {
		new_filename(0, REQ(n, io_link, new_dfd), REQ_NAME(n, io_link, newpath));
	}
	if (target)
		new_text(KNUM((struct filename *)target, name));
	return 0;
}

/* Names of one path: unlink, mkdir, statx. */
static __always_inline int new_name(struct uring_new *n)
{
	if (n->opcode == OP_mkdirat) {
		n->r->word[0] = REQ(n, io_mkdir, mode);
		new_filename(0, REQ(n, io_mkdir, dfd), REQ_NAME(n, io_mkdir, filename));
	} else if (n->opcode == OP_statx) {
		n->r->word[0] = REQ(n, io_statx, flags);
		new_filename(0, REQ(n, io_statx, dfd), REQ_NAME(n, io_statx, filename));
	} else {
		n->r->word[0] = (u32)REQ(n, io_unlink, flags);
		if (n->r->word[0] & AT_REMOVEDIR_FLAG) {
			n->r->type = ESPY_EV_file_rmdir;
			n->r->flags |= U_MOVES;
		}
		new_filename(0, REQ(n, io_unlink, dfd), REQ_NAME(n, io_unlink, filename));
	}
	return 0;
}

static __always_inline int new_xattr(struct uring_new *n)
{
	u64 name = REQ_AT(n, io_xattr, ctx.kname);
	u64 f = REQ_NAME(n, io_xattr, filename);

	n->r->word[0] = REQ(n, io_xattr, ctx.size);
	n->r->word[1] = REQ(n, io_xattr, ctx.flags);
	if (n->opcode == OP_setxattr || n->opcode == OP_getxattr)
		new_filename(0, AT_FDCWD_ARG, f);
	if (name)
		new_text((u64) & ((struct xattr_name *)name)->name);
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
	u64 async = KNUM(n->req, async_data);
	bool bind = n->opcode == OP_bind;
	u64 from = bind ? 0 : REQ_AT(n, io_connect, addr);
	u32 len = bind ? REQ(n, io_bind, addr_len) : REQ(n, io_connect, addr_len);

	if (async && !bpf_core_type_exists(struct io_async_connect))
		from = copied_address((void *)async, from);
	new_address(from, len);
	return 0;
}

static __noinline int new_message(struct uring_new *n)
{
	bool recv = n->r->type == ESPY_EV_net_recv, native = ring_is_native(n->req);
	struct message m = {};

	n->r->word[0] = REQ(n, io_sr_msg, len);
	n->r->word[2] = REQ(n, io_sr_msg, msg_flags) & ~MSG_CMSG_COMPAT;
	if (n->opcode == OP_sendmsg || n->opcode == OP_recvmsg || n->opcode == OP_sendmsg_zc) {
		read_message(&m, REQ_AT(n, io_sr_msg, umsg), native);
		n->r->word[0] = iov_bytes(m.iov, m.iovs, native);
	} else {
		m.name = REQ_AT(n, io_sr_msg___addr, addr);
		m.name_len = REQ(n, io_sr_msg___addr, addr_len);
	}
	if (!recv)
		new_address(m.name, m.name_len);
	return 0;
}

static __always_inline int new_socket(struct uring_new *n)
{
	n->r->word[0] = (u32)REQ(n, io_socket, domain);
	n->r->word[1] = (u32)(REQ(n, io_socket, type) | REQ(n, io_socket, flags));
	n->r->word[2] = (u32)REQ(n, io_socket, protocol);
	n->r->flags |= U_NO_FILE;
	new_slot(n, REQ(n, io_socket, file_slot));
	return 0;
}

/* Numbers alone. */
static __always_inline int new_plain(struct uring_new *n)
{
	switch (n->r->type) {
	case ESPY_EV_file_fallocate:
		n->r->word[0] = (u32)REQ(n, io_sync, mode);
		n->r->word[1] = REQ(n, io_sync, off);
		n->r->word[2] = REQ(n, io_sync, len);
		break;
	case ESPY_EV_file_truncate:
		n->r->word[0] = REQ(n, io_ftrunc, len);
		break;
	case ESPY_EV_net_listen:
		n->r->word[0] = (u32)REQ(n, io_listen, backlog);
		break;
	case ESPY_EV_net_accept:
		n->r->word[0] = (u32)REQ(n, io_accept, flags);
		new_slot(n, REQ(n, io_accept, file_slot));
		break;
	case ESPY_EV_net_shutdown:
		n->r->word[0] = (u32)REQ(n, io_shutdown, how);
		break;
	}
	return 0;
}

/* What there is to say about it besides its file. Global: what follows is not verified for each
 * operation again. */
__noinline int new_fields(void)
{
	struct uring_new found, *n = &found;

	if (!new_find(n))
		return 0;
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
	case ESPY_EV_net_send:
	case ESPY_EV_net_recv:
		new_message(n);
		break;
	case ESPY_EV_net_connect:
	case ESPY_EV_net_bind:
		new_connect(n);
		break;
	case ESPY_EV_net_socket:
		new_socket(n);
		break;
	default:
		new_plain(n);
	}
	return 0;
}
