/* SPDX-License-Identifier: MIT */
#include "sense/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "model/schema.h"
#include "sense/calls.h"
#include "sense/percpu.h"
#include "espy.skel.h"
#include "espy_mid.skel.h"
#include "espy_old.skel.h"
#include "espy_perf.skel.h"

/* Of the tracepoint that the programs of the object espy_perf stand on; root's alone to read. */
#define PERF_HOOK "/sys/kernel/tracing/events/raw_syscalls/sys_exit/id"

#define PLUS_TASKS 16384u /* threads in a call on a path at one time */

/* --- what this kernel has ------------------------------------------------------------------- */

/* Task storage in tracing programs came in 5.13, bpf_loop in 5.17: a kernel with the one has the
 * other. */
struct features {
	bool cast, task_btf, task_storage, loop;
	bool fentry;   /* trampolines load: the plus pack */
	bool perf;     /* tp_btf programs on system calls may be preempted: 7.2 */
	int uring_req; /* arguments of the tracepoint, -1: not there */
	int uring_sqe, uring_done, uring_full, uring_failed;
	int64_t preempt, current, hot; /* per-CPU variables, from the run queue; 0: not there */
	int oom;
	int suspend;
};

static int tracepoint_args(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	const struct btf_type *t;

	if (id < 0)
		return -1;
	t = btf__type_by_id(btf, (unsigned)id); /* typedef → pointer → function */
	t = btf__type_by_id(btf, t->type);
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1;
}

static bool has_helper(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned)id) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), name))
			return true;
	return false;
}

/* By loading such a program: lockdown, LSMs and configuration all have a say. */
static bool loads_fentry(const struct btf *btf)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, "security_path_unlink", BTF_KIND_FUNC), fd, link;

	if (id < 0)
		return false;
	o.attach_btf_id = (uint32_t)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "espy_fentry", "GPL", nothing, 2, &o);
	if (fd < 0)
		return false;
	link = bpf_raw_tracepoint_open(NULL, fd);
	if (link >= 0)
		close(link);
	close(fd);
	return link >= 0;
}

/* See interrupts() in bpf/core.bpf.h. */
static int64_t from_run_queue(const struct btf *btf, const char *name)
{
	int64_t queue = espy_percpu_offset(btf, "runqueues"), at = espy_percpu_offset(btf, name);

	return queue < 0 || at < 0 ? 0 : at - queue;
}

/* Are tp_btf programs on system calls preempted? The function came with the change. */
static bool is_preempting(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "trace_call_bpf_faultable", BTF_KIND_FUNC) > 0;
}

bool espy_sense_wants_tracefs(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool wants = btf && is_preempting(btf);

	btf__free(btf);
	return wants;
}

static int probe_features(struct features *f, struct espy_err *err)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return espy_err_set(
			err, -ENOTSUP,
			"this kernel has no type information (/sys/kernel/btf/vmlinux): "
			"use one built with CONFIG_DEBUG_INFO_BTF, as distributions' are "
			"since 5.10");
	f->cast = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	f->task_btf = has_helper(btf, "BPF_FUNC_get_current_task_btf");
	f->task_storage = has_helper(btf, "BPF_FUNC_task_storage_get");
	f->loop = has_helper(btf, "BPF_FUNC_loop");
	f->uring_req = tracepoint_args(btf, "btf_trace_io_uring_submit_req");
	f->uring_sqe = tracepoint_args(btf, "btf_trace_io_uring_submit_sqe");
	f->fentry = loads_fentry(btf);
	f->perf = is_preempting(btf) && access(PERF_HOOK, R_OK) == 0;
	f->preempt = from_run_queue(btf, "__preempt_count");
	f->current = from_run_queue(btf, "current_task");
	f->hot = from_run_queue(btf, "pcpu_hot");
	f->oom = tracepoint_args(btf, "btf_trace_mark_victim");
	f->suspend = tracepoint_args(btf, "btf_trace_suspend_resume");
	f->uring_done = tracepoint_args(btf, "btf_trace_io_uring_complete");
	f->uring_full = tracepoint_args(btf, "btf_trace_io_uring_cqe_overflow");
	f->uring_failed = tracepoint_args(btf, "btf_trace_io_uring_req_failed");
	btf__free(btf);
	/* the object for older kernels is built without any of these */
	f->cast &= f->loop;
	f->task_btf &= f->loop;
	f->task_storage &= f->loop;
	return 0;
}

/* --- loading -------------------------------------------------------------------------------- */

static const struct shared {
	const char *program, *event;
} shared[] = {
#define SHARED_BY(program, event) {#program, #event},
#include "model/shared.def"
};

#define N_SHARED (sizeof(shared) / sizeof(shared[0]))

bool espy_load_is_exit(const struct bpf_program *p)
{
	return espy_str_ends(espy_str0(bpf_program__section_name(p)), ESPY_STR("/sys_exit"));
}

const char *espy_load_program(const char *event)
{
	for (size_t i = 0; i < N_SHARED; i++)
		if (!strcmp(shared[i].event, event))
			return shared[i].program;
	return NULL;
}

bool espy_load_has_program(const char *event)
{
	return espy_load_program(event) != NULL;
}

/* The event that a program is for by its name, as espy.bpf.c says; NULL when it serves others. */
static const struct espy_schema *event_of(const struct bpf_program *p)
{
	struct espy_str name = espy_str0(bpf_program__name(p));
	const char *second = strstr(name.p, "__");

	if (second)
		name.n = (size_t)(second - name.p);
	return espy_schema_find(name);
}

bool espy_load_is_plus(const struct bpf_program *p)
{
	const char *name = bpf_program__name(p), *at = strstr(name, "__plus");

	return at && !at[strlen("__plus")];
}

/* The tracepoints of io_uring by their forms; see bpf/uring.bpf.c. */
static void choose_uring(struct espy_bpf *skel, const struct features *f)
{
	bpf_program__set_autoload(skel->progs.system_uring, f->uring_req == 1);
	bpf_program__set_autoload(skel->progs.system_uring__2, f->uring_sqe == 2);
	bpf_program__set_autoload(skel->progs.system_uring__5, f->uring_sqe == 5);
	bpf_program__set_autoload(skel->progs.system_uring__7, f->uring_sqe == 7);
	bpf_program__set_autoload(skel->progs.system_uring__done3, f->uring_done == 3);
	bpf_program__set_autoload(skel->progs.system_uring__done4, f->uring_done == 4);
	bpf_program__set_autoload(skel->progs.system_uring__done5,
				  f->uring_done == 5 || f->uring_done == 7);
	bpf_program__set_autoload(skel->progs.system_uring__full, f->uring_full == 5);
	bpf_program__set_autoload(skel->progs.system_uring__failed, f->uring_failed == 3);
}

/* Programs at the end of calls are loaded when one of their events is recorded: each that is not
 * saves the kernel's verifier some milliseconds at every start. */
static void choose_programs(struct espy_bpf *skel, const struct features *f,
			    const struct espy_sense_options *o)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, skel->obj)
	{
		const struct espy_schema *s = event_of(p);

		if (espy_load_is_plus(p))
			bpf_program__set_autoload(p, f->fentry && (!s || o->type[s->type]));
	}
	bpf_program__set_autoload(skel->progs.ipc_pass,
				  o->type[ESPY_EV_ipc_pass_fd] || o->type[ESPY_EV_ipc_pass_creds]);
	bpf_program__set_autoload(skel->progs.ipc_signal, o->type[ESPY_EV_ipc_signal]);
	bpf_program__set_autoload(skel->progs.ipc_child, o->type[ESPY_EV_ipc_child]);
	bpf_program__set_autoload(skel->progs.ipc_deliver, o->type[ESPY_EV_ipc_deliver]);
	bpf_program__set_autoload(skel->progs.system_oom__1,
				  f->oom == 1 && o->type[ESPY_EV_system_oom]);
	bpf_program__set_autoload(skel->progs.system_oom,
				  f->oom == 2 && o->type[ESPY_EV_system_oom]);
	bpf_program__set_autoload(skel->progs.system_suspend,
				  f->suspend == 3 && o->type[ESPY_EV_system_suspend]);
	/* who made a connection is learned from its states, whatever else is asked of it */
	bpf_program__set_autoload(skel->progs.net_tcp, espy_calls_owners(o->type));
	bpf_program__set_autoload(skel->progs.net_retransmit, o->type[ESPY_EV_net_retransmit]);
	bpf_program__set_autoload(skel->progs.net_retransmit__synack,
				  o->type[ESPY_EV_net_retransmit]);
	bpf_program__set_autoload(skel->progs.net_reset, o->type[ESPY_EV_net_reset]);
	bpf_program__set_autoload(skel->progs.net_reset__sent, o->type[ESPY_EV_net_reset]);
	bpf_program__set_autoload(skel->progs.file_reads__waiting,
				  o->type[ESPY_EV_file_reads] || o->type[ESPY_EV_file_writes]);
	bpf_program__set_autoload(skel->progs.profile_sample, o->sample_hz);
	bpf_program__set_autoload(skel->progs.profile_process, o->counters);
	choose_uring(skel, f);
}

static void settings(struct espy_bpf *skel, const struct espy_sense_options *o,
		     const struct features *f)
{
	struct stat st;

	skel->rodata->has_cast = f->cast;
	skel->rodata->has_task_btf = f->task_btf;
	skel->rodata->has_task_storage = f->task_storage;
	skel->rodata->has_loop = f->loop;
	skel->rodata->has_plus = f->fentry;
	skel->rodata->percpu_preempt = f->preempt;
	skel->rodata->percpu_current = f->current;
	skel->rodata->percpu_hot = f->hot;
	skel->rodata->has_uring_done_req = f->uring_done != 4;
	skel->rodata->self_pid = (uint32_t)getpid();
	if (stat("/proc/self/ns/pid", &st) == 0 &&
	    st.st_ino != 0xEFFFFFFCu) { /* PROC_PID_INIT_INO */
		skel->rodata->ns_dev = st.st_dev;
		skel->rodata->ns_ino = st.st_ino;
	}
	skel->rodata->only_targets = o->n_pids > 0;
	skel->rodata->only_uids = o->n_uids > 0;
	skel->rodata->only_cgroup = o->cgroup != NULL;
	skel->rodata->failed_only = o->failed_only;
	skel->rodata->min_duration = o->min_duration;
	skel->rodata->with_env = o->environment;
	skel->rodata->merge_always = o->merge;
	skel->rodata->ring_room = o->lossless ? 0 : o->ring_bytes;
	skel->rodata->watch_creds = o->type[ESPY_EV_process_cred_change];
	skel->rodata->with_dns = o->type[ESPY_EV_net_dns];
	skel->rodata->with_owners = espy_calls_owners(o->type);
	skel->rodata->stacks = (uint8_t)o->stacks;
	skel->rodata->sample_stacks = o->sample_hz ? ESPY_STACK_USER | ESPY_STACK_KERNEL : 0;
	skel->rodata->sample_ns = o->sample_hz ? 1000000000u / o->sample_hz : 0;
	skel->bss->alive = (int64_t)o->n_pids;
	memcpy((void *)skel->rodata->event_on, o->type, sizeof(skel->rodata->event_on));
	for (size_t i = 0; i < espy_n_schemas; i++)
		skel->rodata->wanted[espy_schemas[i].type] =
			espy_calls_wants(o->type, espy_schemas[i].type);
	espy_calls_fill_urings(skel->bss->urings, skel->bss->layouts, o->type);
	espy_calls_fill(skel->bss->calls, o->type, espy_load_has_program);
}

static int load_failed(int r, struct espy_err *err)
{
	if (r == -EPERM)
		return espy_err_set(err, r,
				    "the kernel refuses to load BPF programs: run as root, or with "
				    "CAP_BPF and CAP_PERFMON; `espy doctor` says more");
	return espy_err_set(err, r,
			    "the kernel does not take the BPF programs (%s): `espy doctor` "
			    "says what this machine allows",
			    strerror(-r));
}

/*
 * The skeleton's types come from the object for the newest kernels; those for older ones are the
 * same source, so that names and data are laid out alike and their code can be put in the place.
 */
static struct espy_bpf *open_object(const struct features *f)
{
	struct espy_bpf *skel = calloc(1, sizeof(*skel));

	if (!skel)
		return NULL;
	if (espy_bpf__create_skeleton(skel) < 0)
		goto fail;
	if (!f->loop)
		skel->skeleton->data = (void *)espy_old_bpf__elf_bytes(&skel->skeleton->data_sz);
	else if (!f->cast || !f->task_btf || !f->task_storage)
		skel->skeleton->data = (void *)espy_mid_bpf__elf_bytes(&skel->skeleton->data_sz);
	else if (f->perf)
		skel->skeleton->data = (void *)espy_perf_bpf__elf_bytes(&skel->skeleton->data_sz);
	if (bpf_object__open_skeleton(skel->skeleton, NULL) < 0)
		goto fail;
	return skel;
fail:
	espy_bpf__destroy(skel);
	return NULL;
}

static int load_with(struct espy_bpf **ret, unsigned cpus, const struct espy_sense_options *o,
		     const struct features *f)
{
	struct espy_bpf *skel = open_object(f);
	int r;

	if (!skel)
		return -EINVAL;
	choose_programs(skel, f, o);
	settings(skel, o, f);
	bpf_map__set_autocreate(f->task_storage ? skel->maps.task_hash : skel->maps.task_store,
				false);
	/* old kernels look at functions whose callers are gone, and want their maps */
	if (!espy_calls_owners(o->type)) {
		bpf_map__set_max_entries(skel->maps.sock_owners, 1);
		bpf_map__set_max_entries(skel->maps.listen_owners, 1);
	}
	if (!o->type[ESPY_EV_net_dns])
		bpf_map__set_max_entries(skel->maps.dns_asked, 1);
	bpf_map__set_max_entries(skel->maps.exec_scratches, cpus);
	bpf_map__set_max_entries(skel->maps.rings, cpus);
	if (f->fentry)
		bpf_map__set_max_entries(skel->maps.plus_calls, PLUS_TASKS);
	if (!o->stacks && !o->sample_hz)
		bpf_map__set_max_entries(skel->maps.stack_sent, 1);
	r = espy_bpf__load(skel);
	if (r < 0) {
		espy_bpf__destroy(skel);
		return r;
	}
	*ret = skel;
	return 0;
}

int espy_load(struct espy_bpf **ret, unsigned cpus, const struct espy_sense_options *o,
	      struct espy_err *err)
{
	struct features f = {0};
	int r = probe_features(&f, err);

	if (r < 0)
		return r;
	if (o->pack == ESPY_PACK_PLUS && !f.fentry)
		return espy_err_set(err, -ENOTSUP,
				    "the kernel takes no fentry programs: without --pack plus "
				    "everything but the kernel's own paths of rename, unlink and "
				    "the like is recorded");
	f.fentry &= o->pack != ESPY_PACK_BASE;
	r = load_with(ret, cpus, o, &f);
	malloc_trim(0); /* the kernel's type information took megabytes */
	return r < 0 ? load_failed(r, err) : 0;
}
