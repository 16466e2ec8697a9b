/* SPDX-License-Identifier: GPL-2.0-only */
/* What is mapped to be executed: images at an exec and by mmap, memory that is writable as well. */
#include "exit.bpf.h"

#define AT_BASE_AUX 7
#define AT_NULL_AUX 0

enum image_kind { IMAGE_MAIN, IMAGE_INTERPRETER, IMAGE_LIBRARY };

static __always_inline int send_image(struct task_state *st, const struct mapping *m, u32 kind,
				      u32 user)
{
	struct espy_ev_image_load *rec;
	u64 obj;
	u32 seq;

	if (!m->file)
		return 0;
	obj = object_of_file((void *)m->file, user);
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_image, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_image_load);
	if (st->entry) /* by mmap, not by exec */
		rec->hdr.result = m->start;
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, obj);
	rec->address = m->start;
	rec->length = m->end - m->start;
	rec->offset = m->pgoff << PAGE_SHIFT;
	rec->kind = kind;
	rec->memory = memory_unusual(m->file);
	rec->build_id.off = rec->build_id.len = 0;
	FILL_IMAGE(rec, m->file);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Where the ELF interpreter was put: AT_BASE of the new program's auxiliary vector. Global: a loop
 * of its own. */
__noinline u64 interpreter_base(u64 mm_address)
{
	struct mm_struct *mm = (void *)mm_address;
	u64 at = (u64)&mm->saved_auxv, aux[2];

	for (u64 i = 0; i < 24; i++) {
		if (bpf_probe_read_kernel(aux, sizeof(aux), (void *)at) || aux[0] == AT_NULL_AUX)
			return 0;
		if (aux[0] == AT_BASE_AUX)
			return aux[1];
		at += sizeof(aux);
	}
	return 0;
}

/* The image at an address of the program that was just begun. Global: verified once. */
__noinline int exec_image(u64 mm, u64 at, u32 kind)
{
	struct task_state *st = state_current(false);
	struct mapping m;

	if (!st)
		return 0;
	mapping_at(mm, at, &m);
	return m.file ? send_image(st, &m, kind, SCRATCH_SCHED) : 0;
}

/* What an exec mapped: the program's code and its interpreter's. */
static __always_inline void exec_images(struct task_struct *t)
{
	u64 mm = KNUM(t, mm), at, next;

	exec_image(mm, KR(KR(t, mm), start_code), IMAGE_MAIN);
	at = interpreter_base(mm);
	for (u64 i = 0; at && i < 4; i++) {
		next = exec_or_end(mm, at);
		if (next == at) {
			exec_image(mm, at, IMAGE_INTERPRETER);
			break;
		}
		at = next;
	}
}

/* Memory that the file of an exec wants writable and executable at once. Its start, `done` when
 * that was looked at already. Global: verified once. */
__noinline u64 exec_memory_at(u64 mm, u64 at, u64 done)
{
	struct task_state *st = state_current(false);
	struct espy_ev_memory_exec *rec;
	struct mapping m;
	u64 obj, reason;
	u32 seq, memory;

	if (!st)
		return done;
	mapping_at(mm, at, &m);
	if (!(m.flags & VM_EXEC) || m.start == done)
		return done;
	memory = memory_of(mm, &m);
	reason = exec_reason(&m, memory, 0, m.flags & PROT_BITS);
	if (!reason)
		return m.start;
	obj = m.file ? object_of_file((void *)m.file, SCRATCH_SCHED) : 0;
	rec = record_reserve(sizeof(*rec), ESPY_CLASS_memory, &seq);
	if (!rec)
		return m.start;
	header_in_call(&rec->hdr, st, ESPY_EV_memory_exec);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, obj);
	rec->address = m.start;
	rec->length = m.end - m.start;
	rec->prot = m.flags & PROT_BITS;
	rec->old_prot = rec->flags = 0;
	rec->cause = reason;
	rec->memory = memory;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return m.start;
}

/* An executable stack, and segments of code and of data that are both. */
static __always_inline void exec_memory(struct task_struct *t)
{
	struct mm_struct *mm = KR(t, mm);
	u64 address = KNUM(t, mm), code;

	if (!mm)
		return;
	exec_memory_at(address, KR(mm, start_stack), 0);
	code = exec_memory_at(address, KR(mm, start_code), 0);
	exec_memory_at(address, KR(mm, start_data), code);
}

/* mmap of ia32 whose arguments could not be read when it began. */
static __always_inline void map_again(struct task_state *st)
{
	u32 args[6] = {};

	if (call_of(st)->form != ESPY_FORM_MAP_STRUCT || !st->args[7])
		return;
	bpf_probe_read_user(args, sizeof(args), (void *)st->args[7]);
	for (u32 i = 0; i < 6; i++)
		st->args[i + 1] = args[i];
	if (!(args[3] & 0x20)) /* MAP_ANONYMOUS */
		st->obj = exit_fd(args[4]);
}

static __always_inline u64 file_number(struct task_struct *t, u32 fd)
{
	struct fdtable *fdt = KR(KR(t, files), fdt);
	u64 file = 0;

	if (fd < KR(fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), KR(fdt, fd) + fd);
	return file;
}

/* The image that a mmap mapped, if it did: by the mapping itself, or where another thread has
 * changed it already, by what was asked for. */
static __always_inline void image_of_map(struct task_state *st, struct task_struct *t, u64 at)
{
	bool exec = effective_prot(t, call_arg(st, 3)) & PROT_EXEC;
	struct mapping m;

	mapping_at(KNUM(t, mm), at, &m);
	if (m.vma)
		exec = m.flags & VM_EXEC;
	else if (st->obj)
		m.file = file_number(t, call_arg(st, 5));
	if (!exec || !m.file)
		return;
	m.start = at;
	m.end = at + ((call_arg(st, 2) + 4095) & ~4095ull);
	m.pgoff = call_arg(st, 6);
	if (call_of(st)->form != ESPY_FORM_PAGES)
		m.pgoff >>= PAGE_SHIFT;
	send_image(st, &m, IMAGE_LIBRARY, SCRATCH_EXIT);
}

/* A file was mapped to be executed: shared objects, and whatever a program maps so itself. The
 * other events of mmap follow. */
SHARED(image_load)
{
	struct task_state *st = state_current(false);

	if (!st)
		return 0;
	map_again(st);
	if (event_on[ESPY_EV_image_load] && ret > 0)
		image_of_map(st, current_task(), ret);
	if (event_on[ESPY_EV_file_map_shared] && is_shared_map(st))
		send_map_shared(st, ret);
	exit_again(st, st->entry);
	if (event_on[ESPY_EV_memory_exec] &&
	    effective_prot(current_task(), call_arg(st, 3)) & PROT_EXEC)
		return ESPY_EV_memory_exec;
	if (event_on[ESPY_EV_memory_map])
		return ESPY_EV_memory_map;
	st->entry = 0;
	return 0;
}
