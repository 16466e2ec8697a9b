/* SPDX-License-Identifier: MIT */
#include "sense/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "model/schema.h"
#include "sense/calls.h"
#include "sense/code.h"
#include "sense/excerpt.h"
#include "sense/kernel.h"
#include "sense/only.h"
#include "sense/parts.h"
#include "sense/wire.h"
#include "espy.skel.h"
#include "espy_mid.skel.h"
#include "espy_old.skel.h"
#include "espy_perf.skel.h"

#define PLUS_TASKS 16384u /* threads in a call on a path at one time */

struct espy_load {
	struct espy_bpf *skel;
	struct espy_kernel_features features;
	struct espy_kernel kernel;
	struct espy_code file, maps_file; /* with the programs; for its maps alone */
	int excerpt;                      /* of the kernel's types; 0: none */
	struct espy_parts *parts;
};

/* --- which programs, with which settings ---------------------------------------------------- */

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

/* Is any event wanted that this program at the end of calls has a function for? */
static bool is_needed(const char *program, const struct espy_sense_options *o)
{
	for (size_t i = 0; i < N_SHARED; i++) {
		const struct espy_schema *s = espy_schema_find(espy_str0(shared[i].event));

		if (!strcmp(shared[i].program, program) && s && espy_calls_wants(o->type, s->type))
			return true;
	}
	return false;
}

/* The tracepoints of io_uring by their forms; see bpf/uring.bpf.c. */
static void choose_uring(struct espy_bpf *skel, const struct espy_kernel_features *f)
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
static void choose_programs(struct espy_bpf *skel, const struct espy_kernel_features *f,
			    const struct espy_sense_options *o)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, skel->obj)
	{
		const struct espy_schema *s = event_of(p);

		if (espy_load_is_plus(p))
			bpf_program__set_autoload(p, f->fentry && (!s || o->type[s->type]));
	}
	bpf_program__set_autoload(skel->progs.rare, is_needed("rare", o));
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

/* What a filter bounds; see bpf/only.bpf.h. */
static void bounds(struct espy_bpf *skel, const struct espy_sense_options *o)
{
	skel->rodata->n_only_pids = (uint32_t)o->n_only_pids;
	for (size_t i = 0; i < o->n_only_pids && i < ESPY_ONLY_PIDS; i++)
		skel->rodata->only_pids[i] = o->only_pids[i];
	skel->rodata->n_only_paths = espy_only_paths(skel->bss->only_paths, &o->only_paths);
	skel->rodata->n_only_exes =
		espy_only_paths(skel->bss->only_paths + ESPY_ONLY_MAX, &o->only_exes);
	skel->rodata->n_only_cgroups = espy_only_words(skel->bss->only_cgroups, &o->only_cgroups);
}

static void settings(struct espy_bpf *skel, const struct espy_sense_options *o,
		     const struct espy_kernel_features *f)
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
	espy_calls_bound(skel->bss->calls, o->type, o->path_bound);
	espy_calls_numbers(skel->bss->numbers, skel->bss->calls);
	bounds(skel, o);
}

/* --- files ---------------------------------------------------------------------------------- */

/*
 * The skeleton's types come from the object for the newest kernels; those for older ones are the
 * same source, so that names and data are laid out alike and their code can be put in the place.
 */
static const void *choose_file(const struct espy_kernel_features *f, size_t *ret_n)
{
	if (!f->loop)
		return espy_old_bpf__elf_bytes(ret_n);
	if (!f->cast || !f->task_btf || !f->task_storage)
		return espy_mid_bpf__elf_bytes(ret_n);
	return f->perf ? espy_perf_bpf__elf_bytes(ret_n) : espy_bpf__elf_bytes(ret_n);
}

/* What was copied out of the program counts as resident until it is given back. */
static void give_back(const void *file, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), first = -(uintptr_t)file & (page - 1);

	if (n > first + page)
		madvise((char *)file + first, (n - first) & ~(page - 1), MADV_DONTNEED);
}

static int prepare_files(struct espy_load *l)
{
	size_t n;
	const void *file = choose_file(&l->features, &n);
	int r = espy_code_init(&l->file, file, n);

	if (r >= 0)
		r = espy_code_init(&l->maps_file, file, n);
	give_back(file, n);
	if (r < 0)
		return r;
	espy_code_drop_relocations(&l->maps_file);
	if (espy_log_level() < ESPY_LOG_DEBUG)
		espy_code_drop_lines(&l->file);
	if (l->features.cast)
		espy_code_enter_call(&l->file, ESPY_CALL_CAST, espy_kernel_cast(&l->kernel.types));
	return espy_code_enter_types(&l->file, &l->kernel.types);
}

/* libbpf wants it under a name. */
static int write_excerpt(struct espy_load *l)
{
	struct espy_buf b = {0};
	int r = espy_excerpt(&b, &l->kernel.types, &l->file);

	if (r >= 0) {
		l->excerpt = memfd_create("espy-types", MFD_CLOEXEC);
		r = l->excerpt < 0 ? -errno : espy_buf_flush(&b, l->excerpt);
	}
	espy_buf_done(&b);
	return r;
}

/* --- loading -------------------------------------------------------------------------------- */

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

static struct espy_bpf *open_skeleton(const struct espy_code *file)
{
	struct espy_bpf *skel = calloc(1, sizeof(*skel));

	if (!skel)
		return NULL;
	if (espy_bpf__create_skeleton(skel) < 0)
		goto fail;
	skel->skeleton->data = file->p;
	skel->skeleton->data_sz = file->n;
	if (bpf_object__open_skeleton(skel->skeleton, NULL) < 0)
		goto fail;
	return skel;
fail:
	espy_bpf__destroy(skel);
	return NULL;
}

static void size_maps(struct espy_bpf *skel, unsigned cpus, const struct espy_sense_options *o,
		      const struct espy_kernel_features *f)
{
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
	bpf_map__set_max_entries(skel->maps.obj_slots, cpus * ESPY_OBJ_SLOTS);
	bpf_map__set_max_entries(skel->maps.rings, cpus);
	if (f->fentry)
		bpf_map__set_max_entries(skel->maps.plus_calls, PLUS_TASKS);
	if (!o->stacks && !o->sample_hz)
		bpf_map__set_max_entries(skel->maps.stack_sent, 1);
}

/* The first object makes the maps; which programs it would load becomes what the parts load. */
static int load_maps(struct espy_load *l, unsigned cpus, const struct espy_sense_options *o)
{
	bool *wanted;
	int n, r;

	l->skel = open_skeleton(&l->maps_file);
	if (!l->skel)
		return -EINVAL;
	choose_programs(l->skel, &l->features, o);
	settings(l->skel, o, &l->features);
	size_maps(l->skel, cpus, o, &l->features);
	n = l->skel->skeleton->prog_cnt;
	wanted = calloc((size_t)n, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		struct bpf_program *p = *l->skel->skeleton->progs[i].prog;

		wanted[i] = bpf_program__autoload(p);
		bpf_program__set_autoload(p, false);
	}
	r = espy_bpf__load(l->skel);
	if (r >= 0)
		espy_parts_go(l->parts, l->skel->skeleton, wanted);
	free(wanted);
	return r;
}

/* What is needed only until all is loaded. */
static void drop_sources(struct espy_load *l)
{
	if (l->excerpt > 0)
		close(l->excerpt);
	l->excerpt = 0;
	espy_code_done(&l->file);
	espy_code_done(&l->maps_file);
	espy_kernel_close(&l->kernel);
	malloc_trim(0);
}

static int start(struct espy_load *l, unsigned cpus, const struct espy_sense_options *o,
		 struct espy_err *err)
{
	int r = espy_kernel_open(&l->kernel, err);

	if (r < 0)
		return r;
	espy_kernel_probe(&l->features, &l->kernel.types);
	if (o->pack == ESPY_PACK_PLUS && !l->features.fentry)
		return espy_err_set(err, -ENOTSUP,
				    "the kernel takes no fentry programs: without --pack plus "
				    "everything but the kernel's own paths of rename, unlink and "
				    "the like is recorded");
	l->features.fentry &= o->pack != ESPY_PACK_BASE;
	r = prepare_files(l);
	if (r >= 0)
		r = write_excerpt(l);
	if (r >= 0)
		r = espy_parts_start(&l->parts, &l->file, &l->kernel.types, l->excerpt);
	if (r >= 0)
		r = load_maps(l, cpus, o);
	return r < 0 ? load_failed(r, err) : 0;
}

int espy_load_start(struct espy_load **ret, unsigned cpus, const struct espy_sense_options *o,
		    struct espy_err *err)
{
	struct espy_load *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	r = start(l, cpus, o, err);
	if (r < 0) {
		espy_load_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

struct espy_bpf *espy_load_skeleton(const struct espy_load *l)
{
	return l->skel;
}

int espy_load_fd(const struct espy_load *l, const struct bpf_program *p)
{
	for (int i = 0; i < l->skel->skeleton->prog_cnt; i++)
		if (*l->skel->skeleton->progs[i].prog == p)
			return espy_parts_fd(l->parts, (unsigned)i);
	return -ENOENT;
}

int espy_load_wait(struct espy_load *l, struct espy_err *err)
{
	int r = espy_parts_wait(l->parts);

	return r < 0 ? load_failed(r, err) : 0;
}

void espy_load_settle(struct espy_load *l)
{
	espy_parts_join(l->parts);
	drop_sources(l);
}

void espy_load_free(struct espy_load *l)
{
	if (!l)
		return;
	espy_parts_free(l->parts);
	drop_sources(l);
	espy_bpf__destroy(l->skel);
	free(l);
}
