/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that reach into others. The target is found when the call begins (target.bpf.h); the
 * events are made at its end, where its result is known.
 *
 * Injection is told when what was changed runs: at the request that lets a stopped thread go on, at
 * the end of a tracer, which lets them all go on, or at once where executable memory of a running
 * process was written. What is left undecided: memory that is not executable (a return address on a
 * stack) without a change of registers, and stores into memory that is shared.
 */
#include "target.bpf.h"

#define GRANT_OPERATION 8
#define GRANT_READ      0x10
#define GRANT_WRITE     0x20
#define GRANT_DUP       0x40
#define GRANT_SET       0x200
#define GRANT_QUERY     0x400
#define GRANT_STOP      0x800

/* Beside what mapping_pack() puts into args[7]: the target is being traced. */
#define MAPPING_TRACED 0x10000

#define FMODE_READ  1
#define FMODE_WRITE 2

/* The fields that all of these events have. */
#define TARGET_FILL(rec, st)                             \
	do {                                             \
		path_of_object(&(rec)->path, (st)->obj); \
		(rec)->target_start = target_start(st);  \
		(rec)->target_pid = target_pid(st);      \
		(rec)->target_tid = target_tid(st);      \
	} while (0)

/* --- injection ------------------------------------------------------------------------------ */

/* Of the state: pos where, args[7] and obj2 what lies there. */
static __always_inline int send_inject(struct task_state *st, const struct tamper *done,
				       long result)
{
	struct espy_ev_process_inject *rec;
	u32 seq;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_process, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_process_inject);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	rec->hdr.result = result;
	TARGET_FILL(rec, st);
	path_of_object(&rec->path2, st->obj2);
	rec->address = st->pos;
	rec->prot = st->args[7] & PROT_BITS;
	rec->memory = st->args[7] >> 8 & 0xff;
	rec->method = done->method;
	rec->written = done->written;
	rec->code_address = done->address;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Does what was done to it decide what it runs? */
static __always_inline bool is_injection(u64 method)
{
	return method & (TAMPER_CODE | TAMPER_IP | TAMPER_SP);
}

static __always_inline void tamper_note(const struct task_state *st, u64 method, u64 written,
					u64 address)
{
	struct tamper_key key = {.start = target_start(st), .pid = target_pid(st)};
	struct tamper *old = bpf_map_lookup_elem(&tampered, &key);
	struct tamper now = {.method = method, .written = written, .address = address};

	if (old) {
		now.method |= old->method;
		now.written += old->written;
		if (!address)
			now.address = old->address;
	}
	bpf_map_update_elem(&tampered, &key, &now, BPF_ANY);
}

static __always_inline void tamper_forget(const struct task_state *st)
{
	struct tamper_key key = {.start = target_start(st), .pid = target_pid(st)};

	bpf_map_delete_elem(&tampered, &key);
}

/* A word was written to a stopped thread. */
static __always_inline void inject_poke(struct task_state *st, struct task_struct *t)
{
	u64 at = call_arg(st, 3);
	struct mapping m;
	bool code;

	mapping_at(KNUM(t, mm), at, &m);
	code = m.flags & VM_EXEC;
	tamper_note(st, TAMPER_MEMORY | (code ? TAMPER_CODE : 0), st->abi == ESPY_ABI_IA32 ? 4 : 8,
		    code ? at : 0);
}

/* Its registers were set: does it go on elsewhere, or with another stack? */
static __always_inline void inject_registers(struct task_state *st, struct task_struct *t)
{
	u64 sp = 0, ip = stopped_ip(t, &sp), method = TAMPER_REGISTERS;

	if (ip != (u64)st->pos)
		method |= TAMPER_IP;
	if (sp != st->args[7])
		method |= TAMPER_SP;
	tamper_note(st, method, 0, 0);
}

static __always_inline void inject_ptrace(struct task_state *st)
{
	u32 request = call_arg(st, 1);
	struct tamper *done, copy;
	struct task_struct *t;

	if (ptrace_resumes(request)) {
		done = tamper_of(st);
		if (!done)
			return;
		copy = *done;
		tamper_forget(st);
		if (is_injection(copy.method))
			send_inject(st, &copy, 0);
		return;
	}
	t = target_again(st, call_arg(st, 2));
	if (!t)
		return;
	if (request == PTRACE_POKETEXT || request == PTRACE_POKEDATA)
		inject_poke(st, t);
	else if (ptrace_sets(request))
		inject_registers(st, t);
}

/* Executable memory of another process was written, at `pos`: while it runs, or before it does. */
static __always_inline void inject_written(struct task_state *st, long bytes)
{
	u64 method = TAMPER_MEMORY | TAMPER_CODE;
	struct tamper done = {.written = bytes, .address = st->pos};

	method |= st->type == ESPY_EV_file_write ? TAMPER_PROC : TAMPER_VM;
	done.method = method;
	if (st->args[7] & MAPPING_TRACED)
		tamper_note(st, method, bytes, st->pos);
	else
		send_inject(st, &done, bytes);
}

SHARED(process_inject)
{
	struct task_state *st = state_current(false);

	if (!st)
		return 0;
	if (st->type == ESPY_EV_process_ptrace)
		inject_ptrace(st);
	else
		inject_written(st, ret);
	st->entry = 0;
	return 0;
}

/* A tracer ends: all that it traces goes on, unless it is to die with it. Global: verified once. */
#define TRACEES_MAX 64
#define PT_EXITKILL (0x100000 << 3)

__noinline int tracee_let_go(u64 tracee)
{
	struct task_state *st = state_current(false);
	struct task_struct *t = (void *)tracee;
	struct tamper *done, copy;
	u64 sp = 0;

	if (!st || !t)
		return 0;
	target_identify(st, t);
	done = tamper_of(st);
	if (!done)
		return 0;
	copy = *done;
	tamper_forget(st);
	copy.method |= TAMPER_EXIT;
	if (!is_injection(copy.method) || KR(t, ptrace) & PT_EXITKILL)
		return 0;
	st->obj = exit_object(exe_of(t));
	st->pos = stopped_ip(t, &sp);
	st->obj2 = exit_object(note_at(KNUM(t, mm), st->pos));
	return send_inject(st, &copy, 0);
}

struct tracees {
	u64 head, at;
};

static long tracee_step(u32 i, struct tracees *l)
{
	struct task_struct *none = NULL;

	tracee_let_go(l->at -
		      __builtin_preserve_field_info(none->ptrace_entry, BPF_FIELD_BYTE_OFFSET));
	bpf_probe_read_kernel(&l->at, sizeof(l->at), (void *)l->at);
	return !l->at || l->at == l->head;
}

__noinline int tracer_exit(void)
{
	struct tracees l = {.head = KNUM(current_task(), ptraced)};

	l.at = l.head;
	if (l.at)
		EACH(TRACEES_MAX, TRACEES_MAX, tracee_step, &l);
	return 0;
}

/* --- ptrace --------------------------------------------------------------------------------- */

static __always_inline u64 ptrace_grants(u32 request)
{
	switch (request) {
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		return GRANT_STOP | GRANT_READ | GRANT_WRITE | GRANT_OPERATION | GRANT_QUERY |
		       GRANT_SET;
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return GRANT_READ;
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return GRANT_WRITE | GRANT_OPERATION;
	}
	if (ptrace_sets(request))
		return GRANT_SET;
	return ptrace_resumes(request) ? GRANT_STOP : GRANT_QUERY;
}

SHARED(process_ptrace)
{
	struct espy_ev_process_ptrace *rec;
	struct call_exit x;
	u64 entry;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	entry = x.st->entry;
	if (event_on[ESPY_EV_process_ptrace]) {
		TARGET_FILL(rec, x.st);
		rec->request = (u32)call_arg(x.st, 1);
		rec->address = call_arg(x.st, 3);
		rec->word = call_arg(x.st, 4);
		rec->granted = ptrace_grants(rec->request);
		exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_ptrace, ESPY_CLASS_process,
			  ret);
	}
	exit_again(x.st, entry);
	if (event_on[ESPY_EV_process_inject] && ret >= 0)
		return ESPY_EV_process_inject;
	x.st->entry = 0;
	return 0;
}

/* --- memory --------------------------------------------------------------------------------- */

/* An access to memory of a process: whose, where, how much. */
struct access {
	u64 mm, address, requested;
	bool traced;
};

/* struct iovec of the caller; number `i` of those at `iov`. */
static __always_inline u64 iov_at(u64 iov, u32 i, bool native, u64 *len)
{
	u64 wide[2] = {};
	u32 narrow[2] = {};

	if (native) {
		bpf_probe_read_user(wide, sizeof(wide), (void *)(iov + i * sizeof(wide)));
		*len = wide[1];
		return wide[0];
	}
	bpf_probe_read_user(narrow, sizeof(narrow), (void *)(iov + i * sizeof(narrow)));
	*len = narrow[1];
	return narrow[0];
}

static __always_inline void access_by_vm(struct call_exit *x, struct access *a)
{
	struct task_struct *t = target_again(x->st, call_arg(x->st, 1));
	bool native = x->st->abi == ESPY_ABI_NATIVE;
	u64 len;

	a->mm = t ? KNUM(t, mm) : 0;
	a->traced = t && KR(t, ptrace);
	a->address = call_arg(x->st, 5) ? iov_at(call_arg(x->st, 4), 0, native, &len) : 0;
	a->requested = iov_bytes(call_arg(x->st, 4), call_arg(x->st, 5), native);
}

/* read and write of /proc/PID/mem: the position is the address. The file holds the memory that its
 * process had when it was opened; whose it is says the inode, since a number can be used again. */
static __always_inline bool access_by_mem(struct call_exit *x, struct access *a)
{
	struct file *file = file_of_fd(current_task(), call_arg(x->st, 1));
	struct task_state *st = x->st;
	struct task_struct *t;

	a->address = plain_arg(st, x->c, 1);
	a->requested = plain_arg(st, x->c, 0);
	if (!file || exit_fd(call_arg(st, 1)) != st->obj)
		return false; /* closed by another thread meanwhile */
	t = task_of_proc(KR(file, f_inode));
	if (!t)
		return false;
	target_identify(st, t);
	st->obj = exit_object(exe_of(t));
	a->mm = KNUM(file, private_data);
	a->traced = KR(t, ptrace);
	if (!x->c->arg[1] || a->address == ~0ull)
		a->address = st->pos;
	if (x->c->flags & ESPY_CALL_VECTOR)
		a->requested =
			iov_bytes(call_arg(st, 2), call_arg(st, 3), st->abi == ESPY_ABI_NATIVE);
	return true;
}

#define PIECES_MAX 16 /* of process_vm_writev, that are looked at for executable memory */

/* One piece of such a write, of which `left` bytes are left: where it is executable, and its
 * length. Global: a loop of them has no ways of its own. */
__noinline u64 piece_code(u64 mm, u64 iov, u64 left, u32 native)
{
	u64 len, at = iov_at(iov, 0, native, &len);

	return exec_in_range(mm, at, at + (len > left ? left : len));
}

__noinline u64 piece_length(u64 iov, u32 native)
{
	u64 len;

	iov_at(iov, 0, native, &len);
	return len;
}

struct pieces {
	u64 mm, iov, left, found;
	u32 native, pad;
};

/* 1: no need to go on. */
static long piece_step(u32 i, struct pieces *p)
{
	u64 len;

	p->found = p->left ? piece_code(p->mm, p->iov, p->left, p->native) : 0;
	if (p->found || !p->left)
		return 1;
	len = piece_length(p->iov, p->native);
	p->left -= len > p->left ? p->left : len;
	p->iov += p->native ? 16 : 8;
	return 0;
}

/* Where executable memory was written, 0 for nowhere. */
static __always_inline u64 code_written(struct call_exit *x, const struct access *a, long ret)
{
	struct pieces p = {.mm = a->mm,
			   .iov = call_arg(x->st, 4),
			   .left = ret,
			   .native = x->st->abi == ESPY_ABI_NATIVE};

	if (x->st->type == ESPY_EV_file_write)
		return exec_in_range(a->mm, a->address, a->address + ret);
	EACH(call_arg(x->st, 5), PIECES_MAX, piece_step, &p);
	return p.found;
}

/* Both directions; true when the record is made, and `a` says of what. */
static __always_inline bool access_memory(struct call_exit *x, struct access *a)
{
	bool by_mem = x->st->type == ESPY_EV_file_read || x->st->type == ESPY_EV_file_write;

	if (!by_mem)
		access_by_vm(x, a);
	else if (!access_by_mem(x, a))
		return false;
	x->st->args[7] = x->st->obj2 = 0;
	if (a->mm)
		x->st->obj2 = exit_object(note_at(a->mm, a->address));
	return true;
}

#define ACCESS_FILL(rec, x, a, grants)                        \
	do {                                                  \
		TARGET_FILL(rec, (x)->st);                    \
		path_of_object(&(rec)->path2, (x)->st->obj2); \
		(rec)->address = (a)->address;                \
		(rec)->requested = (a)->requested;            \
		(rec)->granted = (grants);                    \
		(rec)->memory = (x)->st->args[7] >> 8 & 0xff; \
	} while (0)

SHARED(process_vm_read)
{
	struct espy_ev_process_vm_read *rec;
	struct access a = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	if (!access_memory(&x, &a) ||
	    (x.st->type == ESPY_EV_file_read && target_pid(x.st) == x.st->pid)) {
		x.st->entry = 0;
		return 0;
	}
	ACCESS_FILL(rec, &x, &a, GRANT_READ);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_vm_read, ESPY_CLASS_process,
			 ret);
}

/* Is it an injection, and where? Leaves that in the state for process_inject. */
static __always_inline bool injects(struct call_exit *x, const struct access *a, long ret)
{
	u64 at;

	if (!event_on[ESPY_EV_process_inject] || ret <= 0 || !a->mm ||
	    target_pid(x->st) == x->st->pid)
		return false;
	at = code_written(x, a, ret);
	if (!at)
		return false;
	x->st->pos = at;
	x->st->obj2 = exit_object(note_at(a->mm, at));
	if (a->traced)
		x->st->args[7] |= MAPPING_TRACED;
	return true;
}

SHARED(process_vm_write)
{
	struct espy_ev_process_vm_write *rec;
	struct access a = {};
	struct call_exit x;
	u64 entry;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	if (!access_memory(&x, &a)) {
		x.st->entry = 0;
		return 0;
	}
	entry = x.st->entry;
	ACCESS_FILL(rec, &x, &a, GRANT_WRITE | GRANT_OPERATION);
	exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_vm_write, ESPY_CLASS_process, ret);
	exit_again(x.st, entry);
	if (injects(&x, &a, ret))
		return ESPY_EV_process_inject;
	x.st->entry = 0;
	return 0;
}

/* --- /proc ---------------------------------------------------------------------------------- */

#define NAME_MAPS     0x7370616d /* "maps" */
#define NAME_MAX_SEEN 64
#define PROC_PREFIX   6 /* strlen("/proc/") */
#define PID_DIGITS    10

/* The name of a file of /proc/PID behind the text so far; its first eight bytes. */
static __always_inline u64 proc_name(struct call_exit *x, struct espy_text *t, u32 fixed,
				     struct dentry *dentry)
{
	char *to = x->s->text + (x->off & (TEXT_AREA - 1));
	u64 first = 0;
	long n = bpf_probe_read_kernel_str(to, NAME_MAX_SEEN, KR(dentry, d_name.name));

	t->off = fixed + x->off;
	t->len = n > 0 ? n - 1 : 0;
	bpf_probe_read_kernel(&first, sizeof(first), to);
	x->off += n > 0 ? n & (2 * NAME_MAX_SEEN - 1) : 0;
	return first;
}

/* maps, smaps…, numa_maps, fdinfo: the files of /proc/PID that anybody may open, but whose reader
 * must be allowed to trace it. The others tell themselves by their mode. */
static __always_inline bool proc_is_guarded(u64 name, u32 mode)
{
	if (!(mode & 4))
		return true;
	return (u32)name == NAME_MAPS || (u32)(name >> 8) == NAME_MAPS ||
	       name == 0x70616d5f616d756eull ||                 /* "numa_map" */
	       (name & 0xffffffffffffull) == 0x6f666e696466ull; /* "fdinfo" */
}

static __always_inline u64 proc_grants(u64 name, u32 mode, u32 f_mode)
{
	bool is_mem = (u32)name == 0x006d656d;
	u64 granted = 0;

	if (f_mode & FMODE_READ)
		granted |= is_mem ? GRANT_READ : GRANT_QUERY;
	if (f_mode & FMODE_WRITE)
		granted |= is_mem ? GRANT_WRITE | GRANT_OPERATION : GRANT_SET;
	if ((mode & S_IFMT) == S_IFDIR && (u16)name == 0x6466) /* "fd" */
		granted |= GRANT_DUP;
	return granted;
}

/* By the file that was opened. */
static __always_inline bool access_by_file(struct call_exit *x, struct espy_ev_process_access *rec,
					   u32 fd)
{
	struct file *file = file_of_fd(current_task(), fd);
	struct inode *inode = file ? KR(file, f_inode) : NULL;
	struct task_struct *t = inode ? task_of_proc(inode) : NULL;
	u32 mode, f_mode;
	u64 name;

	if (!t || (u32)KR(t, tgid) == x->st->pid)
		return false;
	mode = KR(inode, i_mode);
	f_mode = KR(file, f_mode);
	name = proc_name(x, &rec->entry, sizeof(*rec), KR(file, f_path.dentry));
	if (!(f_mode & FMODE_WRITE) && !proc_is_guarded(name, mode))
		return false;
	rec->granted = proc_grants(name, mode, f_mode);
	target_identify(x->st, t);
	x->st->obj = exit_object(exe_of(t));
	return true;
}

/* The number in "/proc/NUMBER/…", and where what follows it begins; 0: it is not such a path. */
static __always_inline u32 proc_number(struct call_exit *x, u32 *at)
{
	const char *text = x->s->text;
	u32 number = 0;
	u64 i;
	u64 head;

	bpf_probe_read_kernel(&head, sizeof(head), text);
	if ((head & 0xffffffffffffull) != 0x2f636f72702full) /* "/proc/" */
		return 0;
	for (i = PROC_PREFIX; i < PROC_PREFIX + PID_DIGITS; i++) {
		char c = text[i];

		if (c < '0' || c > '9')
			break;
		number = number * 10 + (c - '0');
	}
	*at = i + 1;
	return text[i] == '/' ? number : 0;
}

/* By the path of an open that was refused: all there is. */
static __always_inline bool access_refused(struct call_exit *x, struct espy_ev_process_access *rec)
{
	long n = x->c->path ? exit_string(x, call_arg(x->st, x->c->path)) : -1;
	struct task_struct *t;
	u32 number, at = 0;

	if (n < PROC_PREFIX + 2)
		return false;
	number = proc_number(x, &at);
	t = number ? (void *)task_of_vpid(number) : NULL;
	if (!t || (u32)KR(t, tgid) == x->st->pid || at >= n)
		return false;
	rec->entry.off = sizeof(*rec) + at;
	rec->entry.len = n - at;
	rec->granted = 0;
	target_identify(x->st, t);
	x->st->obj = exit_object(exe_of(t));
	return true;
}

/* Behind file_open, for files of /proc and for what was refused. */
SHARED(process_access)
{
	struct espy_ev_process_access *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->flags = x.c->form == ESPY_FORM_HOW ? 0 : (u32)call_arg(x.st, x.c->arg[0]);
	if (x.c->form == ESPY_FORM_HOW)
		bpf_probe_read_user(&rec->flags, sizeof(rec->flags), (void *)call_arg(x.st, 3));
	if (ret >= 0 ? !access_by_file(&x, rec, ret) : !access_refused(&x, rec)) {
		x.st->entry = 0;
		return 0;
	}
	TARGET_FILL(rec, x.st);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_access, ESPY_CLASS_process,
			 ret);
}

/* --- the others ----------------------------------------------------------------------------- */

SHARED(process_getfd)
{
	struct espy_ev_process_getfd *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	TARGET_FILL(rec, x.st);
	path_of_object(&rec->path2, ret >= 0 ? exit_fd(ret) : 0);
	rec->fd = (u32)call_arg(x.st, 2);
	rec->reserved = (u32)call_arg(x.st, 3);
	rec->granted = GRANT_DUP;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_getfd, ESPY_CLASS_process,
			 ret);
}

SHARED(process_kcmp)
{
	struct espy_ev_process_kcmp *rec;
	struct task_struct *other;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	TARGET_FILL(rec, x.st);
	rec->compared = (u32)call_arg(x.st, 3);
	rec->index = call_arg(x.st, 4);
	rec->other_index = call_arg(x.st, 5);
	rec->granted = GRANT_QUERY;
	other = (void *)task_of_vpid(call_arg(x.st, 2));
	rec->other_pid = other ? KR(other, tgid) : 0;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_kcmp, ESPY_CLASS_process,
			 ret);
}

SHARED(process_advise)
{
	struct espy_ev_process_advise *rec;
	struct call_exit x;
	bool native;
	u64 len;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	TARGET_FILL(rec, x.st);
	native = x.st->abi == ESPY_ABI_NATIVE;
	rec->address = iov_at(call_arg(x.st, 2), 0, native, &len);
	rec->requested = iov_bytes(call_arg(x.st, 2), call_arg(x.st, 3), native);
	rec->advice = (u32)call_arg(x.st, 4);
	rec->reserved = (u32)call_arg(x.st, 5);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_advise, ESPY_CLASS_process,
			 ret);
}

SHARED(process_reap)
{
	struct espy_ev_process_reap *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	TARGET_FILL(rec, x.st);
	rec->reserved = (u32)call_arg(x.st, 2);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_reap, ESPY_CLASS_process,
			 ret);
}
