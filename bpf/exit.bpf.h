/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For programs that record the end of a call with paths and texts: begin, fill, send.
 *
 *	struct call_exit x;
 *	struct espy_ev_file_open *rec;
 *
 *	if (!exit_begin(&x))
 *		return 0;
 *	rec = EXIT_RECORD(&x, rec);
 *	exit_path(&x, &rec->path, sizeof(*rec));
 *	…
 *	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_open, ESPY_CLASS_file, ret);
 */
#pragma once

#include "object.bpf.h"
#include "plus.bpf.h"

enum shared_events {
#define SHARED_BY(program, event) SHARED_##event = 1,
#include "model/shared.def"
};

/* An event's function at the end of its call, which gave `ret`: the event that is to follow, 0 for
 * none. It must be named in model/shared.def. */
#define SHARED(event)                           \
	_Static_assert(SHARED_##event, #event); \
	static __noinline int event(long ret)

/* Objects looked up at the end of a call: functions of their own, so that the stack suffices. */
static __noinline u64 exit_file(struct file *file)
{
	return object_of_file(file, SCRATCH_EXIT);
}

__noinline u64 exit_object(u64 file)
{
	return object_of_file((void *)file, SCRATCH_EXIT);
}

__noinline u64 exit_fd(u32 fd)
{
	return object_of_fd(current_task(), fd, SCRATCH_EXIT);
}

__noinline u64 exit_cwd(void)
{
	struct fs_struct *fs = KR(current_task(), fs);

	return object_of_path(KR(fs, pwd.mnt), KR(fs, pwd.dentry), SCRATCH_EXIT);
}

__noinline u64 exit_root(void)
{
	struct fs_struct *fs = KR(current_task(), fs);

	return object_of_path(KR(fs, root.mnt), KR(fs, root.dentry), SCRATCH_EXIT);
}

/* The caller's own root directory, where paths that begin with '/' begin; 0: the machine's. */
__noinline u64 exit_own_root(void)
{
	struct fs_struct *fs = KR(current_task(), fs);
	struct dentry *dentry = KR(fs, root.dentry);
	struct vfsmount *mnt = KR(fs, root.mnt);
	struct espy_cpu *c = this_cpu();
	u32 gen = path_gen;
	u64 root;

	if (c->root_dentry == (u64)dentry && c->root_mnt == (u64)mnt && c->root_gen == gen)
		return 0;
	root = object_of_path(mnt, dentry, SCRATCH_EXIT);
	if (!(root & OBJ_ROOT))
		return root;
	c->root_dentry = (u64)dentry;
	c->root_mnt = (u64)mnt;
	c->root_gen = gen;
	return 0;
}

struct call_exit {
	struct task_state *st;
	struct scratch *s;
	const struct espy_call *c;
	u64 end;   /* when the call ended */
	u32 off;   /* end of the text so far */
	u32 flags; /* enum espy_event_flags */
};

static __always_inline u64 call_arg(const struct task_state *st, u32 n)
{
	return st->args[n & 7];
}

/*
 * A plain argument of the event, as wide as the kernel takes it. Without branches: three of them
 * with a way for each width would be a hundred ways for the verifier to go.
 */
#define WIDTH_IS(w, widths) (-(u64)((widths) >> ((w)&7) & 1))

static __always_inline u64 plain_arg(const struct task_state *st, const struct espy_call *c, u32 i)
{
	u32 w = c->width[i], n = c->arg[i];
	u64 narrow = WIDTH_IS(w, 1 << ESPY_W_U32 | 1 << ESPY_W_S32 | 1 << ESPY_W_PAIR |
					 1 << ESPY_W_PAIR_HIGH);
	u64 v = call_arg(st, n), low = v & 0xffffffff;

	v = (v & ~narrow) | (low & narrow);
	v |= (-(low >> 31) << 32) & WIDTH_IS(w, 1 << ESPY_W_S32);
	v |= call_arg(st, n + 1) << 32 & WIDTH_IS(w, 1 << ESPY_W_PAIR);
	return v | (call_arg(st, n - 1) << 32 & WIDTH_IS(w, 1 << ESPY_W_PAIR_HIGH));
}

/* What every function for an event begins with: as little as can be, since it stands in 60 of them.
 */
static __always_inline bool exit_begin(struct call_exit *x)
{
	u32 user = SCRATCH_EXIT;

	x->off = 0;
	x->flags = 0;
	x->st = state_current(false);
	x->s = bpf_map_lookup_elem(&scratches, &user);
	if (!x->st || !x->s)
		return false;
	x->end = x->st->end;
	x->c = call_of(x->st);
	return true;
}

/* The fixed part ends where the text begins. */
#define EXIT_RECORD(x, rec) ((typeof(rec))((void *)(x)->s->text - sizeof(*(rec))))

/* Behind what it refers to, which this or another CPU may have defined meanwhile. */
static __always_inline u64 exit_time(const struct call_exit *x)
{
	struct espy_cpu *c = this_cpu();

	return c->learned == c->learned_before ? x->end : bpf_ktime_get_boot_ns();
}

/* Of frequent events: what is said here is verified for each way to it. */
static __always_inline int exit_send_here(struct call_exit *x, struct espy_event *hdr, u32 fixed,
					  u16 type, u32 class_id, s64 result)
{
	header_call(hdr, x->st, type, exit_time(x), x->end, result);
	hdr->flags |= x->flags;
	x->st->entry = 0;
	if (event_on[type & (ESPY_EVENT_ID_MAX - 1)])
		record_output(hdr, fixed + (x->off & (TEXT_AREA - 1)), class_id);
	return 0;
}

/* The record before the text, `fixed` bytes, and `off` bytes of text. Global: verified once. */
__noinline int exit_output(u32 fixed, u32 type, s64 result, u32 off, u32 flags)
{
	struct call_exit x;
	u32 at;

	if (!exit_begin(&x))
		return 0;
	fixed &= sizeof(x.s->record) - 1;
	at = sizeof(x.s->record) - fixed;
	asm volatile("" : "+r"(at)); /* the bound must be seen */
	x.off = off;
	x.flags = flags;
	return exit_send_here(&x, (void *)x.s->record + (at & 1023), fixed, type, class_of(type),
			      result);
}

static __always_inline int exit_send(struct call_exit *x, struct espy_event *hdr, u32 fixed,
				     u16 type, u32 class_id, s64 result)
{
	return exit_output(fixed, type, result, x->off, x->flags);
}

/* The same for a call that may have given the caller other credentials. Only such programs take the
 * rest along: the verifier goes through it in each. */
static __always_inline int exit_send_creds(struct call_exit *x, struct espy_event *hdr, u32 fixed,
					   u16 type, u32 class_id, s64 result)
{
	exit_send(x, hdr, fixed, type, class_id, result);
	if (x->c->flags & ESPY_CALL_CREDS)
		creds_settle();
	return 0;
}

/* The call did nothing that an event tells: it was only asked what is. */
static __always_inline int exit_nothing(struct call_exit *x)
{
	x->st->entry = 0;
	return 0;
}

/* The call has another event: for the program that makes it, behind what was recorded already. */
static __always_inline void exit_again(struct task_state *st, u64 entry)
{
	st->entry = entry;
	st->end = bpf_ktime_get_boot_ns();
}

/* Does the capture want this outcome? */
static __always_inline bool exit_wanted(const struct task_state *st, long ret, u64 now)
{
	if (stacks && st->type == ESPY_EV_image_load)
		return true; /* without it no address in it has a name; user space filters again */
	if (failed_only && ret >= 0)
		return false;
	return !min_duration || (st->entry && now - st->entry >= min_duration);
}

/* What a question and its answer came to is not known from the outcome of the calls that carry
 * them. */
static __always_inline bool may_carry_dns(u32 type)
{
	return with_dns && (type == ESPY_EV_net_send || type == ESPY_EV_net_recv);
}

static __always_inline void path_of_object(struct espy_path *p, u64 obj)
{
	p->obj = obj;
	p->text.off = p->text.len = 0;
	p->source = obj ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_NONE;
	p->pad[0] = p->pad[1] = p->pad[2] = 0;
}

/* A string of the caller, at most TEXT_MAX, behind the text so far. Its length, or negative. */
static __always_inline long exit_string(struct call_exit *x, u64 user)
{
	long n;

	n = bpf_probe_read_user_str(x->s->text + (x->off & (TEXT_AREA - 1)), TEXT_MAX,
				    (void *)user);
	if (n <= 0)
		return -1;
	x->off += n & (2 * TEXT_MAX - 1); /* with its NUL */
	return n - 1;
}

/* A text field from a string of the caller; marked when it cannot be read. */
static __always_inline void exit_text(struct call_exit *x, struct espy_text *t, u32 fixed, u64 user)
{
	u32 at = x->off;
	long n = user ? exit_string(x, user) : 0;

	if (n < 0)
		x->flags |= ESPY_F_TRUNCATED;
	t->off = fixed + at;
	t->len = n > 0 ? n : 0;
}

/* Bytes of the caller of known length, at most 256 (addresses). */
static __always_inline void exit_bytes(struct call_exit *x, struct espy_text *t, u32 fixed,
				       u64 user, u32 len)
{
	t->off = fixed + x->off;
	t->len = 0;
	len &= 0xff;
	if (!user || !len)
		return;
	if (bpf_probe_read_user(x->s->text + (x->off & (TEXT_AREA - 1)), len, (void *)user)) {
		x->flags |= ESPY_F_TRUNCATED;
		return;
	}
	t->len = len;
	x->off += len;
}

/* A value of the caller, cut at DATA_MAX. */
#define DATA_MAX 1024
static __always_inline void exit_data(struct call_exit *x, struct espy_text *t, u32 fixed, u64 user,
				      u64 size)
{
	u32 len = size > DATA_MAX ? DATA_MAX : size;

	t->off = fixed + x->off;
	t->len = 0;
	if (size > DATA_MAX)
		x->flags |= ESPY_F_TRUNCATED;
	asm volatile("" : "+r"(len)); /* the bound must be seen after the truncation */
	if (len > DATA_MAX)
		len = DATA_MAX;
	if (!user || !len)
		return;
	if (bpf_probe_read_user(x->s->text + (x->off & (TEXT_AREA - 1)), len, (void *)user)) {
		x->flags |= ESPY_F_TRUNCATED;
		return;
	}
	t->len = len;
	x->off += len;
}

/* From where a path argument is taken that does not begin with '/'. */
static __always_inline u64 base_of(struct call_exit *x, u8 dir, u64 kept)
{
	u32 dirfd = call_arg(x->st, dir);

	if (kept)
		return kept;
	if (dir && dirfd != AT_FDCWD_ARG)
		return exit_fd(dirfd);
	return exit_cwd();
}

/* The path that the kernel acted on, where the plus pack noted it. */
static __always_inline bool exit_known_path(struct call_exit *x, struct espy_path *p, u32 fixed,
					    bool second)
{
	struct plus_call *c = has_plus ? plus_of(x->st, false) : NULL;
	struct plus_name *n;

	if (!c || !x->st->entry || c->entry != x->st->entry)
		return false;
	n = &c->path[second];
	if (!n->obj)
		return false;
	path_of_object(p, n->obj);
	if (bpf_probe_read_kernel(x->s->text + (x->off & (TEXT_AREA - 1)), PLUS_NAME, n->name))
		return false;
	p->text.off = fixed + x->off;
	p->text.len = n->len;
	x->off += n->len;
	return true;
}

/* Attributes from before the call are in st->old: of its descriptor, or noted by the plus pack. */
static __always_inline bool exit_has_old(struct call_exit *x, u64 obj)
{
	struct plus_call *c = has_plus ? plus_of(x->st, false) : NULL;

	return obj || (c && x->st->entry && c->entry == x->st->entry && c->has_old);
}

/*
 * A path argument, the first or the second, read at the end of the call: by then its page is surely
 * there. A working directory that the call itself changes was noted at entry. The path lies `back`
 * bytes before the text, of which there are `off`; how many there are then. Global: verified once.
 */
__noinline u32 exit_argument(u32 back, u32 off, u32 fixed, u32 second)
{
	struct espy_path *p;
	struct call_exit x;
	u64 user;
	long n;

	if (!exit_begin(&x))
		return off;
	x.off = off;
	back = sizeof(x.s->record) - (back & (sizeof(x.s->record) - 1));
	asm volatile("" : "+r"(back)); /* the bound must be seen */
	p = (void *)x.s->record + (back & 1023);
	if (exit_known_path(&x, p, fixed, second))
		return x.off;
	user = call_arg(x.st, second ? x.c->path2 : x.c->path);
	n = user ? exit_string(&x, user) : 0;
	path_of_object(p, 0);
	p->source = n < 0 ? ESPY_SOURCE_PARTIAL : ESPY_SOURCE_USER;
	p->text.off = fixed + off;
	p->text.len = n > 0 ? n : 0;
	if (n > 0 && x.s->text[off & (TEXT_AREA - 1)] == '/') {
		p->obj = exit_own_root();
		return x.off;
	}
	if (n == 0 && !(second ? x.c->dir2 : x.c->dir))
		return x.off; /* "": ENOENT */
	p->obj = base_of(&x, second ? x.c->dir2 : x.c->dir, second ? 0 : x.st->obj2);
	if (n == 0)
		p->source = ESPY_SOURCE_KERNEL; /* AT_EMPTY_PATH: the descriptor itself */
	return x.off;
}

static __always_inline void exit_user_path(struct call_exit *x, struct espy_path *p, u32 fixed,
					   bool second)
{
	x->off = exit_argument((void *)x->s->text - (void *)p, x->off, fixed, second);
}

/* The first path of the event: what the descriptor meant, or a path argument. */
static __always_inline void exit_path(struct call_exit *x, struct espy_path *p, u32 fixed)
{
	if (x->c->fd || !x->c->path)
		path_of_object(p, x->st->obj);
	else
		exit_user_path(x, p, fixed, false);
}

/* Sum of the iovecs; ~0 when there are more than the kernel takes. Global: verified once. */
#define IOVS_MAX 1024
struct lengths { /* where they lie in the caller's memory, and their sum */
	u64 at, sum;
	u32 step, size;
};

static long add_length(u32 i, struct lengths *l)
{
	u64 len = 0;

	bpf_probe_read_user(&len, l->size == 8 ? 8 : 4, (void *)l->at);
	l->sum += len;
	l->at += l->step;
	return 0;
}

static __always_inline u64 sum_lengths(struct lengths *l, u32 n)
{
	EACH(n, IOVS_MAX, add_length, l);
	return l->sum;
}

__noinline u64 iov_bytes(u64 iov, u64 n, u32 native)
{
	struct lengths l = {.step = native ? 16 : 8, .size = native ? 8 : 4};

	l.at = iov + l.size;
	return n > IOVS_MAX ? ~0ull : sum_lengths(&l, n);
}
