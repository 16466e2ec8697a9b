/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Settings of the kernel as they are written, beginnings of executables, and files mapped to be
 * changed. The first two are reached by a tail call at the end of a write whose own record is out
 * already. The value before is the memory behind the sysctl, read when the write began: nothing is
 * asked of the file, whose answer would depend on who asks and when.
 */
#include "written.bpf.h"

static __always_inline void setting_old(struct call_exit *x, struct espy_text *t, u32 fixed)
{
	u32 tid = x->st->tid;
	struct espy_setting_raw *raw = bpf_map_lookup_elem(&settings_before, &tid);
	u32 n;

	t->off = fixed + x->off;
	t->len = 0;
	if (!raw)
		return;
	n = setting_bytes(raw->n);
	if (n && bpf_probe_read_kernel(raw->now, n, (void *)raw->data))
		raw->n = 0;
	if (bpf_probe_read_kernel(x->s->text + (x->off & (TEXT_AREA - 1)), sizeof(*raw), raw))
		return;
	t->len = sizeof(*raw);
	x->off += sizeof(*raw);
	bpf_map_delete_elem(&settings_before, &tid);
}

SHARED(settings_set)
{
	struct espy_ev_settings_set *rec;
	struct call_exit x;
	u64 at, size;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->change = ESPY_SETTING_VALUE;
	rec->old_from = ESPY_SETTING_FROM_UNKNOWN;
	rec->setting.off = rec->setting.len = 0;
	rec->key.off = rec->key.len = 0;
	rec->content.off = rec->content.len = 0;
	at = written_from(x.st, x.c, &size);
	rec->size = size;
	if (x.c->flags & ESPY_CALL_VECTOR) {
		rec->size = iov_bytes(call_arg(x.st, 2), call_arg(x.st, 3),
				      x.st->abi == ESPY_ABI_NATIVE);
		if (rec->size > size) /* the rest is in other parts */
			x.flags |= ESPY_F_TRUNCATED;
	}
	exit_data(&x, &rec->value, sizeof(*rec), at, size);
	setting_old(&x, &rec->old_value, sizeof(*rec));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_settings_set, ESPY_CLASS_settings,
			 ret);
}

/* MZ is the beginning of much: the header that it leads to must be one, where it is at hand. */
static __always_inline bool is_pe(u64 at, u64 size)
{
	u32 where = 0, sign = 0;

	if (size < 64 || bpf_probe_read_user(&where, 4, (void *)(at + 60)))
		return false;
	if (where < 64 || where > 1 << 20)
		return false;
	if ((u64)where + 4 > size)
		return true;
	return !bpf_probe_read_user(&sign, 4, (void *)(at + where)) && sign == 0x4550;
}

SHARED(file_executable)
{
	struct espy_ev_file_executable *rec;
	struct call_exit x;
	u64 at, size;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->size = ret;
	rec->format = written_format(x.st, x.c);
	rec->seen = ESPY_EXECUTABLE_WRITTEN;
	at = written_from(x.st, x.c, &size);
	if (!rec->format || (rec->format == ESPY_EXECUTABLE_PE && !is_pe(at, size))) {
		x.st->entry = 0;
		return 0;
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_executable, ESPY_CLASS_file,
			 ret);
}

/* --- mappings that change files ------------------------------------------------------------- */

#define MAP_SHARED    1 /* also a bit of MAP_SHARED_VALIDATE */
#define MAP_ANONYMOUS 0x20

/* 32-bit mmap has its arguments in memory; programs use mmap2. */
static __always_inline bool is_shared_map(const struct task_state *st)
{
	if (st->abi == ESPY_ABI_IA32 && call_of(st)->form != ESPY_FORM_PAGES)
		return false;
	return call_arg(st, 3) & 2 &&
	       (call_arg(st, 4) & (MAP_SHARED | MAP_ANONYMOUS)) == MAP_SHARED &&
	       (st->obj & OBJ_KIND) == KIND_FILE;
}

static __noinline int send_map_shared(struct task_state *st, long ret)
{
	struct espy_ev_file_map_shared *rec;
	u64 now = bpf_ktime_get_boot_ns();
	u32 seq;

	rec = record_reserve(sizeof(*rec), ESPY_CLASS_file, &seq);
	if (!rec)
		return 0;
	header_call(&rec->hdr, st, ESPY_EV_file_map_shared, now, st->end, ret);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec);
	path_of_object(&rec->path, st->obj);
	rec->length = call_arg(st, 2);
	rec->offset = call_arg(st, 6);
	if (call_of(st)->form == ESPY_FORM_PAGES)
		rec->offset = (u64)(u32)rec->offset << 12;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}
