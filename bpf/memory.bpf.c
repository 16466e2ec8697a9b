/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory. What becomes executable is taken from the kernel's own mappings, before the call
 * (note_protect, at its entry) and after it, not from what the call asked for: a range can span
 * several, another thread can change them, and READ_IMPLIES_EXEC makes a readable one executable.
 *
 * mmap has three events, one behind the other: image_load, memory_exec, memory_map.
 * mprotect has two: memory_protect, memory_exec.
 */
#include "target.bpf.h"

/* An address or a size as the call has it, of either table. */
static __always_inline u64 map_offset(const struct call_exit *x)
{
	u64 offset = call_arg(x->st, 6);

	return x->c->form == ESPY_FORM_PAGES ? offset << PAGE_SHIFT : offset;
}

/* By mmap: what lies there now, or what was refused. */
static __always_inline bool exec_by_map(struct call_exit *x, struct espy_ev_memory_exec *rec,
					long ret)
{
	struct task_struct *t = current_task();
	u64 mm = KNUM(t, mm);
	u64 asked = effective_prot(t, call_arg(x->st, 3));
	struct mapping m = {};

	rec->address = ret > 0 ? ret : call_arg(x->st, 1);
	rec->length = call_arg(x->st, 2);
	rec->flags = call_arg(x->st, 4);
	rec->old_prot = 0;
	if (ret < 0 && ret != -1 && ret != -13) /* EPERM, EACCES: forbidden, not mistaken */
		return false;
	if (ret > 0)
		mapping_at(mm, ret, &m);
	rec->memory = memory_of(mm, &m);
	rec->prot = m.vma ? m.flags & PROT_BITS : asked;
	if (!(rec->prot & VM_EXEC))
		return false;
	rec->cause = exec_reason(&m, rec->memory, 0, rec->prot);
	if (!m.vma && !x->st->obj)
		rec->cause |= REASON_NO_FILE;
	if (!m.vma && ret > 0)
		rec->cause |= REASON_UNKNOWN;
	path_of_object(&rec->path, m.file ? exit_object(m.file) : x->st->obj);
	return rec->cause;
}

/* By mprotect: what was there before was looked at when it began. */
static __always_inline bool exec_by_protect(struct call_exit *x, struct espy_ev_memory_exec *rec)
{
	u64 old = x->st->old[0];

	rec->address = call_arg(x->st, 1);
	rec->length = call_arg(x->st, 2);
	rec->prot = effective_prot(current_task(), call_arg(x->st, 3));
	rec->old_prot = old & PROT_BITS;
	rec->flags = 0;
	rec->cause = old >> 16;
	rec->memory = old >> 8 & 0xff;
	path_of_object(&rec->path, x->st->obj);
	return rec->cause && rec->prot & VM_EXEC;
}

SHARED(memory_exec)
{
	struct espy_ev_memory_exec *rec;
	struct call_exit x;
	u64 entry;
	bool map;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	entry = x.st->entry;
	map = x.st->type == ESPY_EV_image_load;
	if (map ? exec_by_map(&x, rec, ret) : exec_by_protect(&x, rec))
		exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_memory_exec, ESPY_CLASS_memory, ret);
	exit_again(x.st, entry);
	if (map && event_on[ESPY_EV_memory_map])
		return ESPY_EV_memory_map;
	x.st->entry = 0;
	return 0;
}

SHARED(memory_map)
{
	struct espy_ev_memory_map *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, call_arg(x.st, 4) & 0x20 ? 0 : x.st->obj); /* MAP_ANONYMOUS */
	rec->hint = call_arg(x.st, 1);
	rec->address = ret > 0 ? ret : rec->hint;
	rec->length = call_arg(x.st, 2);
	rec->offset = map_offset(&x);
	rec->prot = call_arg(x.st, 3);
	rec->flags = call_arg(x.st, 4);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_memory_map, ESPY_CLASS_memory, ret);
}

SHARED(memory_protect)
{
	struct espy_ev_memory_protect *rec;
	struct call_exit x;
	u64 entry;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	entry = x.st->entry;
	if (event_on[ESPY_EV_memory_protect]) {
		path_of_object(&rec->path, x.st->obj);
		rec->address = call_arg(x.st, 1);
		rec->length = call_arg(x.st, 2);
		rec->prot = call_arg(x.st, 3);
		rec->old_prot = x.st->old[0] & PROT_BITS;
		rec->pkey = x.c->form == ESPY_FORM_PROTECT_KEY ? (s32)call_arg(x.st, 4) : -1;
		rec->memory = x.st->old[0] >> 8 & 0xff;
		exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_memory_protect, ESPY_CLASS_memory,
			  ret);
	}
	exit_again(x.st, entry);
	if (event_on[ESPY_EV_memory_exec] && x.st->old[0] >> 16)
		return ESPY_EV_memory_exec;
	x.st->entry = 0;
	return 0;
}

SHARED(memory_remap)
{
	struct espy_ev_memory_remap *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->address = call_arg(x.st, 1);
	rec->length = call_arg(x.st, 2);
	rec->new_length = call_arg(x.st, 3);
	rec->flags = call_arg(x.st, 4);
	rec->hint = rec->flags & 6 ? call_arg(x.st, 5) : 0; /* MREMAP_FIXED, MREMAP_DONTUNMAP */
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_memory_remap, ESPY_CLASS_memory, ret);
}
