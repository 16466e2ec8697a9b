/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: events with more than a path and plain values. All at sys_exit: the result is known there,
 * the caller's strings are resident, and an opened file has a kernel object to take the path from.
 */
#include "exit.bpf.h"

#define FMODE_CREATED 0x100000

struct open_how {
	u64 flags, mode, resolve;
};

#define S_IFCHR   0020000
#define O_PATH    010000000
#define MEM_MAJOR 1
#define RAW_MAJOR 162

enum raw_kind { RAW_BLOCK, RAW_MEMORY, RAW_KERNEL, RAW_PORTS, RAW_DEVICE, RAW_NOT };

static __always_inline u32 raw_kind(u32 mode, u32 rdev)
{
	u32 major = rdev >> 20, minor = rdev & 0xfffff;

	if ((mode & S_IFMT) == S_IFBLK)
		return RAW_BLOCK;
	if (major == RAW_MAJOR)
		return RAW_DEVICE;
	if (major != MEM_MAJOR)
		return RAW_NOT;
	return minor == 1 ? RAW_MEMORY : minor == 2 ? RAW_KERNEL : minor == 4 ? RAW_PORTS : RAW_NOT;
}

/* A device under a file system, or memory, was opened: an event beside file_open. Only of what the
 * kernel opened, so the device is certain whatever name it went by. */
static __noinline int open_raw(struct call_exit *x, struct file *file, u64 obj, long ret)
{
	struct espy_ev_system_raw_access *rec;
	struct inode *inode = KR(file, f_inode);
	u32 rdev = KR(inode, i_rdev), kind = raw_kind(KR(inode, i_mode), rdev), seq;

	if (kind == RAW_NOT || KR(file, f_flags) & O_PATH)
		return 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_system, &seq);
	if (!rec)
		return 0;
	header_call(&rec->hdr, x->st, ESPY_EV_system_raw_access, bpf_ktime_get_boot_ns(), x->end,
		    ret);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, obj);
	rec->flags = KR(file, f_flags);
	rec->device_number = (rdev & 0xff) | (rdev >> 20) << 8 | (rdev & 0xfff00) << 12;
	rec->raw = kind;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline bool is_device(struct file *file)
{
	u32 kind = KR((struct inode *)KR(file, f_inode), i_mode) & S_IFMT;

	return kind == S_IFBLK || kind == S_IFCHR;
}

static __always_inline void open_how(struct call_exit *x, struct espy_ev_file_open *rec)
{
	struct open_how *how = (void *)x->s->text; /* not used yet, and the stack is short */

	rec->resolve = 0;
	rec->flags = (u32)call_arg(x->st, x->c->arg[0]);
	rec->mode = (u16)call_arg(x->st, x->c->arg[2]);
	if (x->c->form == ESPY_FORM_HOW &&
	    !bpf_probe_read_user(how, sizeof(*how), (void *)call_arg(x->st, 3))) {
		rec->flags = how->flags;
		rec->mode = how->mode;
		rec->resolve = how->resolve;
	}
}

/* Can it be a file of a process, or have been meant to be one? (EPERM, EACCES) */
static __always_inline bool opens_process(struct file *file, long ret)
{
	if (!file)
		return ret == -1 || ret == -13;
	return KR(KR(KR(file, f_inode), i_sb), s_magic) == PROC_SUPER_MAGIC;
}

SHARED(file_open)
{
	struct espy_ev_file_open *rec;
	struct file *file = NULL;
	struct call_exit x;
	u64 entry;

	if (!exit_begin(&x))
		return 0;
	entry = x.st->entry;
	rec = EXIT_RECORD(&x, rec);
	open_how(&x, rec);
	if (x.c->form == ESPY_FORM_CREAT)
		rec->flags = 01 | 0100 | 01000; /* O_WRONLY|O_CREAT|O_TRUNC */
	if (!(rec->flags & 020000100))          /* O_CREAT, __O_TMPFILE */
		rec->mode = 0;
	rec->created = 0;
	if (ret >= 0) {
		file = file_of_fd(current_task(), ret);
		path_of_object(&rec->path, exit_file(file));
		if (file)
			rec->created = !!(KR(file, f_mode) & FMODE_CREATED);
		if (file && event_on[ESPY_EV_system_raw_access] && is_device(file))
			open_raw(&x, file, rec->path.obj, ret);
	} else {
		exit_path(&x, &rec->path, sizeof(*rec));
	}
	if (x.c->on & ESPY_ON_INSIDE && rec->path.obj & OBJ_OUTSIDE)
		exit_nothing(&x);
	else
		exit_send_here(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_open, ESPY_CLASS_file,
			       ret);
	if (event_on[ESPY_EV_process_access] && opens_process(file, ret)) {
		exit_again(x.st, entry);
		return ESPY_EV_process_access;
	}
	return 0;
}

SHARED(file_readlink)
{
	struct espy_ev_file_readlink *rec;
	struct call_exit x;
	u64 buf;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	rec->size = plain_arg(x.st, x.c, 0);
	rec->target.off = rec->target.len = 0;
	buf = call_arg(x.st, x.c->arg[0] - 1);
	if (ret > 0 && ret <= TEXT_MAX) {
		u32 len = ret;

		asm volatile("" : "+r"(len)); /* the bound must be seen after the truncation */
		if (len > TEXT_MAX)
			len = TEXT_MAX;
		if (!bpf_probe_read_user(x.s->text + (x.off & (TEXT_AREA - 1)), len, (void *)buf)) {
			rec->target.off = sizeof(*rec) + x.off;
			rec->target.len = len;
			x.off += len;
		}
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_readlink, ESPY_CLASS_file, ret);
}

SHARED(file_symlink)
{
	struct espy_ev_file_symlink *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	exit_text(&x, &rec->target, sizeof(*rec), call_arg(x.st, x.c->path2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_symlink, ESPY_CLASS_file, ret);
}

SHARED(file_chmod)
{
	struct espy_ev_file_chmod *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	rec->mode = (u16)call_arg(x.st, x.c->arg[0]);
	rec->old_mode = exit_has_old(&x, x.c->fd ? x.st->obj : 0) ? x.st->old[0] : -1;
	rec->flags = x.c->arg[1] ? (u32)call_arg(x.st, x.c->arg[1]) : 0;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_chmod, ESPY_CLASS_file, ret);
}

/* -1 of a 32-bit id stays -1; ia32's chown and lchown take 16 bits. */
static __always_inline s64 owner_of(struct call_exit *x, u32 i)
{
	u64 v = call_arg(x->st, x->c->arg[i]);

	if (x->c->width[i] == ESPY_W_S16)
		return (u16)v == 0xffff ? -1 : (s64)(u16)v;
	return (u32)v == ~0u ? -1 : (s64)(u32)v;
}

SHARED(file_chown)
{
	struct espy_ev_file_chown *rec;
	struct call_exit x;
	bool known;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	known = exit_has_old(&x, x.c->fd ? x.st->obj : 0);
	rec->owner = owner_of(&x, 0);
	rec->group = owner_of(&x, 1);
	rec->old_owner = known ? x.st->old[0] : -1;
	rec->old_group = known ? x.st->old[1] : -1;
	rec->flags = x.c->arg[2] ? (u32)call_arg(x.st, x.c->arg[2]) : 0;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_chown, ESPY_CLASS_file, ret);
}

/* --- times ---------------------------------------------------------------------------------- */

#define UTIME_NOW    ((1l << 30) - 1l)
#define UTIME_OMIT   ((1l << 30) - 2l)
#define TIME_IS_NOW  -1
#define TIME_IS_KEPT -2
#define TIME_UNKNOWN -3

static __always_inline s64 time_value(s64 sec, s64 sub, u32 form)
{
	if (form == ESPY_FORM_SECONDS)
		return sec * NSEC_PER_SEC;
	if (form == ESPY_FORM_TIMEVAL)
		return sec * NSEC_PER_SEC + sub * 1000;
	if (sub == UTIME_NOW)
		return TIME_IS_NOW;
	if (sub == UTIME_OMIT)
		return TIME_IS_KEPT;
	return sec * NSEC_PER_SEC + sub;
}

/* utime, utimes, futimesat, utimensat: three layouts, each also in 32 bits. */
static __always_inline void read_times(struct call_exit *x, struct espy_ev_file_utime *rec)
{
	u64 user = call_arg(x->st, x->c->arg[0]);
	u32 form = x->c->form;
	s64 w[4] = {};
	s32 n[4] = {};

	rec->atime = rec->mtime = user ? TIME_UNKNOWN : TIME_IS_NOW;
	if (!user)
		return;
	if (x->c->flags & ESPY_CALL_NARROW) {
		if (bpf_probe_read_user(n, form == ESPY_FORM_SECONDS ? 8 : 16, (void *)user))
			return;
		w[0] = n[0], w[1] = n[1], w[2] = n[2], w[3] = n[3];
	} else if (bpf_probe_read_user(w, form == ESPY_FORM_SECONDS ? 16 : 32, (void *)user)) {
		return;
	}
	if (form == ESPY_FORM_SECONDS) {
		rec->atime = time_value(w[0], 0, form);
		rec->mtime = time_value(w[1], 0, form);
		return;
	}
	rec->atime = time_value(w[0], w[1], form);
	rec->mtime = time_value(w[2], w[3], form);
}

SHARED(file_utime)
{
	struct espy_ev_file_utime *rec;
	struct call_exit x;
	bool known;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	/* futimens: a descriptor and no path; it was looked at on entry */
	known = exit_has_old(&x, (x.st->obj & OBJ_KIND) == KIND_FILE && !rec->path.text.len);
	rec->old_atime = known ? x.st->old[0] : TIME_UNKNOWN;
	rec->old_mtime = known ? x.st->old[1] : TIME_UNKNOWN;
	rec->flags = x.c->arg[2] ? (u32)call_arg(x.st, x.c->arg[2]) : 0;
	read_times(&x, rec);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_utime, ESPY_CLASS_file, ret);
}

/* --- extended attributes -------------------------------------------------------------------- */

/* struct xattr_args of getxattrat and setxattrat (6.13). */
struct xattr_args {
	u64 value;
	u32 size, flags;
};

SHARED(file_getxattr)
{
	struct espy_ev_file_getxattr *rec;
	struct xattr_args a = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	rec->size = call_arg(x.st, x.c->arg[0]);
	if (x.c->form == ESPY_FORM_XATTRAT) {
		bpf_probe_read_user(&a, sizeof(a), (void *)call_arg(x.st, 5));
		rec->size = a.size;
	}
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, x.c->path2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_getxattr, ESPY_CLASS_file, ret);
}

SHARED(file_setxattr)
{
	struct espy_ev_file_setxattr *rec;
	struct xattr_args a = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	rec->size = call_arg(x.st, x.c->arg[0]);
	rec->flags = (u32)call_arg(x.st, x.c->arg[1]);
	a.value = call_arg(x.st, 3);
	if (x.c->form == ESPY_FORM_XATTRAT) {
		a.value = 0;
		bpf_probe_read_user(&a, sizeof(a), (void *)call_arg(x.st, 5));
		rec->size = a.size;
		rec->flags = a.flags;
	}
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, x.c->path2));
	exit_data(&x, &rec->value, sizeof(*rec), a.value, rec->size);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_setxattr, ESPY_CLASS_file, ret);
}

SHARED(file_removexattr)
{
	struct espy_ev_file_removexattr *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, x.c->path2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_removexattr, ESPY_CLASS_file,
			 ret);
}

/* --- locks and fcntl ------------------------------------------------------------------------ */

struct flock_native {
	s16 type, whence;
	s64 start, len;
};
struct flock_ia32 {
	s16 type, whence;
	s32 start, len;
};
struct flock64_ia32 {
	s16 type, whence;
	s64 start, len;
} __attribute__((packed));

static __always_inline bool is_lock_command(u32 cmd)
{
	/* F_GETLK F_SETLK F_SETLKW, their 64-bit forms of ia32, F_OFD_* */
	return (cmd >= 5 && cmd <= 7) || (cmd >= 12 && cmd <= 14) || (cmd >= 36 && cmd <= 38);
}

static __always_inline void read_flock(struct call_exit *x, struct espy_ev_file_lock *rec)
{
	u64 user = call_arg(x->st, 3);

	if (x->st->abi != ESPY_ABI_IA32) {
		struct flock_native f = {};

		bpf_probe_read_user(&f, sizeof(f), (void *)user);
		rec->kind = (u16)f.type, rec->whence = (u16)f.whence;
		rec->offset = f.start, rec->length = f.len;
	} else if ((u32)call_arg(x->st, 2) >= 12) {
		struct flock64_ia32 f = {};

		bpf_probe_read_user(&f, sizeof(f), (void *)user);
		rec->kind = (u16)f.type, rec->whence = (u16)f.whence;
		rec->offset = f.start, rec->length = f.len;
	} else {
		struct flock_ia32 f = {};

		bpf_probe_read_user(&f, sizeof(f), (void *)user);
		rec->kind = (u16)f.type, rec->whence = (u16)f.whence;
		rec->offset = f.start, rec->length = f.len;
	}
}

static __always_inline int send_lock(struct call_exit *x, bool with_range, long ret)
{
	struct espy_ev_file_lock *rec = EXIT_RECORD(x, rec);

	path_of_object(&rec->path, x->st->obj);
	rec->command = (u32)call_arg(x->st, 2);
	rec->offset = rec->length = -1; /* flock has none of these */
	rec->kind = rec->whence = ~0u;
	if (with_range) {
		rec->command |= ESPY_LOCK_FCNTL;
		read_flock(x, rec);
	}
	return exit_send(x, &rec->hdr, sizeof(*rec), ESPY_EV_file_lock, ESPY_CLASS_file, ret);
}

SHARED(file_lock)
{
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	return send_lock(&x, false, ret);
}

SHARED(file_fcntl)
{
	struct espy_ev_file_fcntl *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	if (is_lock_command(call_arg(x.st, 2)))
		return send_lock(&x, true, ret);
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->command = (u32)call_arg(x.st, 2);
	rec->arg = call_arg(x.st, 3);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_fcntl, ESPY_CLASS_file, ret);
}

/* --- mounts --------------------------------------------------------------------------------- */

SHARED(file_mount)
{
	struct espy_ev_file_mount *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	rec->flags = call_arg(x.st, x.c->arg[0]);
	exit_text(&x, &rec->device, sizeof(*rec), x.c->path2 ? call_arg(x.st, x.c->path2) : 0);
	exit_text(&x, &rec->fstype, sizeof(*rec), x.c->arg[1] ? call_arg(x.st, x.c->arg[1]) : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_mount, ESPY_CLASS_file, ret);
}
