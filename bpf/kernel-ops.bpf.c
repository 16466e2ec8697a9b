/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to the machine itself: modules, BPF, performance counters, other kernels, restarts,
 * clocks, raw devices. At sys_exit; what no call does (a process chosen to die for want of memory,
 * the machine going to sleep) from the kernel's tracepoints.
 */
#include "exit.bpf.h"

/* --- code for the kernel -------------------------------------------------------------------- */

SHARED(system_module_load)
{
	struct espy_ev_system_module_load *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->size = x.c->arg[0] ? call_arg(x.st, x.c->arg[0]) : 0;
	rec->flags = x.c->arg[1] ? (u32)call_arg(x.st, x.c->arg[1]) : 0;
	exit_text(&x, &rec->parameter, sizeof(*rec), call_arg(x.st, x.c->path2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_module_load, ESPY_CLASS_system,
			 ret);
}

SHARED(system_module_unload)
{
	struct espy_ev_system_module_unload *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->flags = (u32)call_arg(x.st, 2);
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, 1));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_module_unload,
			 ESPY_CLASS_system, ret);
}

enum bpf_commands {
	MAP_CREATE = 0,
	PROG_LOAD = 5,
	OBJ_PIN = 6,
	OBJ_GET = 7,
	PROG_ATTACH = 8,
	PROG_DETACH = 9,
	PROG_BY_ID = 13,
	MAP_BY_ID = 14,
	RAW_TRACEPOINT = 17,
	BTF_LOAD = 18,
	BTF_BY_ID = 19,
	TASK_FD_QUERY = 20,
	LINK_CREATE = 28,
	LINK_BY_ID = 30,
	ITER_CREATE = 33,
};

/* The beginning of union bpf_attr as words: layouts in linux/bpf.h, by command. */
#define ATTR_WORDS 20
#define NAME_BYTES 16

static __always_inline u64 attr_u64(const u32 *attr)
{
	return attr[0] | (u64)attr[1] << 32;
}

/* The number that the kernel gave the program just loaded. */
static __always_inline u32 loaded_id(long fd)
{
	struct file *file = fd >= 0 ? file_of_fd(current_task(), fd) : NULL;
	struct bpf_prog *prog = file ? KR(file, private_data) : NULL;

	return prog ? BPF_CORE_READ(prog, aux, id) : 0;
}

/* What a command says in its attributes: types, name, and which descriptor it is about. */
static __always_inline void bpf_attributes(struct call_exit *x, struct espy_ev_system_bpf *rec,
					   const u32 *attr, long ret)
{
	u64 at = call_arg(x->st, 2), name = 0, path = 0;
	u32 fd = attr[0];
	bool has_fd = false;

	switch (rec->command) {
	case PROG_LOAD:
		rec->prog_type = attr[0];
		rec->instructions = attr[1];
		rec->attach_type = attr[17];
		rec->id = loaded_id(ret);
		name = at + 48;
		break;
	case MAP_CREATE:
		rec->map_type = attr[0];
		name = at + 28;
		break;
	case OBJ_PIN:
	case OBJ_GET:
		path = attr_u64(attr);
		break;
	case PROG_ATTACH:
	case PROG_DETACH:
		rec->attach_to = attr[0];
		rec->attach_type = attr[2];
		fd = attr[1];
		has_fd = true;
		break;
	case LINK_CREATE:
		rec->attach_to = attr[1];
		rec->attach_type = attr[2];
		has_fd = true;
		break;
	case RAW_TRACEPOINT:
		name = attr_u64(attr);
		fd = attr[2];
		has_fd = true;
		break;
	case PROG_BY_ID:
	case MAP_BY_ID:
	case BTF_BY_ID:
	case LINK_BY_ID:
		rec->id = attr[0];
		break;
	default:
		has_fd = rec->command != BTF_LOAD && rec->command != TASK_FD_QUERY &&
			 (rec->command < 11 || rec->command > 31 || rec->command == 15 ||
			  (rec->command > 20 && rec->command < 31));
	}
	x->st->args[6] = path; /* where the row of the call says that a path is */
	exit_user_path(x, &rec->path, sizeof(*rec), false);
	if (!path)
		path_of_object(&rec->path, has_fd ? exit_fd(fd) : 0);
	exit_text(x, &rec->name, sizeof(*rec), name);
}

SHARED(system_bpf)
{
	struct espy_ev_system_bpf *rec;
	struct call_exit x;
	u32 size, *attr;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	attr = (void *)x.s->text + TEXT_AREA; /* behind all texts: the stack has no room for it */
	__builtin_memset(attr, 0, ATTR_WORDS * 4);
	size = call_arg(x.st, 3);
	asm volatile("" : "+r"(size)); /* the bound must be seen after the truncation */
	if (size > ATTR_WORDS * 4)
		size = ATTR_WORDS * 4;
	bpf_probe_read_user(attr, size, (void *)call_arg(x.st, 2));
	rec->command = call_arg(x.st, 1);
	rec->prog_type = rec->map_type = rec->attach_type = ~0u;
	rec->instructions = rec->id = rec->attach_to = 0;
	bpf_attributes(&x, rec, attr, ret);
	if (rec->name.len >= NAME_BYTES && rec->command != RAW_TRACEPOINT)
		rec->name.len = NAME_BYTES - 1;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_bpf, ESPY_CLASS_system, ret);
}

struct user_perf_attr { /* struct perf_event_attr, its beginning */
	u32 type, size;
	u64 config, period;
};

SHARED(system_perf_event)
{
	struct espy_ev_system_perf_event *rec;
	struct user_perf_attr attr = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	bpf_probe_read_user(&attr, sizeof(attr), (void *)call_arg(x.st, 1));
	rec->config = attr.config;
	rec->period = attr.period;
	rec->flags = call_arg(x.st, 5);
	rec->perf_type = attr.type;
	rec->whom = call_arg(x.st, 2);
	rec->on_cpu = call_arg(x.st, 3);
	rec->group_fd = call_arg(x.st, 4);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_perf_event, ESPY_CLASS_system,
			 ret);
}

/* --- another kernel, a restart -------------------------------------------------------------- */

#define KEXEC_FILE_NO_INITRAMFS 4

SHARED(system_kexec)
{
	struct espy_ev_system_kexec *rec;
	struct call_exit x;
	bool file;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	file = x.c->fd;
	rec->load_flags = call_arg(x.st, x.c->arg[0]);
	rec->segments = file ? 0 : call_arg(x.st, 2);
	path_of_object(&rec->path, x.st->obj);
	path_of_object(&rec->path2, file && !(rec->load_flags & KEXEC_FILE_NO_INITRAMFS)
					    ? exit_fd(call_arg(x.st, 2))
					    : 0);
	exit_text(&x, &rec->command_line, sizeof(*rec), file ? call_arg(x.st, 4) : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_kexec, ESPY_CLASS_system, ret);
}

#define REBOOT_RESTART2 0xa1b2c3d4

SHARED(system_reboot)
{
	struct espy_ev_system_reboot *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->action = call_arg(x.st, 3);
	rec->magic = call_arg(x.st, 1);
	exit_text(&x, &rec->reason, sizeof(*rec),
		  rec->action == REBOOT_RESTART2 ? call_arg(x.st, 4) : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_reboot, ESPY_CLASS_system,
			 ret);
}

SHARED(system_hostname)
{
	struct espy_ev_system_hostname *rec;
	struct call_exit x;
	u64 size;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	size = (u32)call_arg(x.st, 2);
	rec->size = size;
	exit_bytes(&x, &rec->name, sizeof(*rec), call_arg(x.st, 1), size <= 64 ? size : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_hostname, ESPY_CLASS_system,
			 ret);
}

SHARED(system_quota)
{
	struct espy_ev_system_quota *rec;
	struct call_exit x;
	u32 command;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_path(&x, &rec->path, sizeof(*rec));
	command = call_arg(x.st, x.c->arg[0]);
	rec->quota_command = command >> 8;
	rec->quota_kind = command & 0xff;
	rec->quota_id = (u32)call_arg(x.st, x.c->arg[1]);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_quota, ESPY_CLASS_system, ret);
}

/* --- clocks --------------------------------------------------------------------------------- */

#define WALL_UNKNOWN (-3)
#define CLOCK_REAL   0

/* Two numbers of the caller's: seconds, and parts of which `unit` make a nanosecond's thousandth.
 */
static __always_inline s64 user_time(u64 at, bool narrow, s64 unit)
{
	s32 small[2] = {};
	s64 wide[2] = {};

	if (narrow) {
		if (!at || bpf_probe_read_user(small, sizeof(small), (void *)at))
			return WALL_UNKNOWN;
		return small[0] * NSEC_PER_SEC + small[1] * unit;
	}
	if (!at || bpf_probe_read_user(wide, sizeof(wide), (void *)at))
		return WALL_UNKNOWN;
	return wide[0] * NSEC_PER_SEC + wide[1] * unit;
}

static __always_inline s64 user_seconds(u64 at)
{
	s32 seconds;

	if (bpf_probe_read_user(&seconds, sizeof(seconds), (void *)at))
		return WALL_UNKNOWN;
	return seconds * NSEC_PER_SEC;
}

SHARED(system_clock)
{
	struct espy_ev_system_clock *rec;
	struct call_exit x;
	bool narrow;

	if (!exit_begin(&x))
		return 0;
	if (x.c->form == ESPY_FORM_TIMEX && !x.st->args[TIMEX_MODES])
		return exit_nothing(&x);
	rec = EXIT_RECORD(&x, rec);
	narrow = x.c->flags & ESPY_CALL_NARROW;
	rec->clock = x.c->arg[0] ? (u32)call_arg(x.st, x.c->arg[0]) : CLOCK_REAL;
	rec->clock_time = WALL_UNKNOWN;
	rec->shift = rec->frequency = 0;
	rec->modes = 0;
	if (x.c->form == ESPY_FORM_TIMEX) {
		rec->modes = x.st->args[TIMEX_MODES];
		rec->shift = x.st->args[TIMEX_SHIFT];
		rec->frequency = x.st->args[TIMEX_FREQUENCY];
	} else if (x.c->form == ESPY_FORM_STIME) {
		rec->clock_time = user_seconds(call_arg(x.st, 1));
	} else if (x.c->form == ESPY_FORM_SETTIME) {
		rec->clock_time = user_time(call_arg(x.st, 2), narrow, 1);
	} else {
		rec->clock_time = user_time(call_arg(x.st, 1), narrow, 1000);
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_system_clock, ESPY_CLASS_system, ret);
}

/* --- what no call does ---------------------------------------------------------------------- */

static __always_inline int send_oom(struct task_state *st, u32 pid, u32 uid,
				    struct task_struct *victim)
{
	struct espy_ev_system_oom *rec;
	long n = 0;
	u32 seq;

	rec = record_reserve(sizeof(*rec) + 16, ESPY_CLASS_system, &seq);
	if (!rec)
		return 0;
	header_now(&rec->hdr, st, ESPY_EV_system_oom);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + 16;
	rec->victim = pid;
	rec->victim_uid = uid;
	rec->victim_name.off = sizeof(*rec);
	if (victim)
		n = bpf_probe_read_kernel_str(rec + 1, 16, &victim->comm);
	rec->victim_name.len = n > 0 ? n - 1 : 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Two arguments since 6.9 (72ba14deb40a). The victim speaks where who needs memory is not recorded.
 */
SEC("tp_btf/mark_victim")
int BPF_PROG(system_oom, struct task_struct *task, u32 uid)
{
	struct task_state *st;

	if (!armed || !event_on[ESPY_EV_system_oom])
		return 0;
	st = state_told(current_task(), SEEN_INSIDE);
	if (!st) {
		st = state_of(task, false);
		if (!st || !(st->verdict & V_RECORD))
			return 0;
	}
	return send_oom(st, KR(task, tgid), uid, task);
}

SEC("tp_btf/mark_victim")
int BPF_PROG(system_oom__1, int pid)
{
	struct task_state *st;

	if (!armed || !event_on[ESPY_EV_system_oom])
		return 0;
	st = state_told(current_task(), SEEN_INSIDE);
	return st ? send_oom(st, pid, ~0u, NULL) : 0;
}

SEC("tp_btf/suspend_resume")
int BPF_PROG(system_suspend, const char *action, int val, bool start)
{
	struct espy_ev_system_suspend *rec;
	struct task_state *st;
	u32 seq;
	long n;

	if (!armed || !event_on[ESPY_EV_system_suspend] || failed_only)
		return 0;
	st = state_recorded(current_task());
	if (!st)
		return 0;
	rec = record_reserve(sizeof(*rec) + 32, ESPY_CLASS_system, &seq);
	if (!rec)
		return 0;
	header_in_call(&rec->hdr, st, ESPY_EV_system_suspend);
	rec->hdr.seq = seq;
	rec->hdr.size = sizeof(*rec) + 32;
	rec->sleep_state = val;
	rec->begin = start;
	rec->step.off = sizeof(*rec);
	n = bpf_probe_read_kernel_str(rec + 1, 32, action);
	rec->step.len = n > 0 ? n - 1 : 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}
