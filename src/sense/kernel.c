/* SPDX-License-Identifier: MIT */
#include "sense/kernel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sense/percpu.h"
#include "sense/sense.h"

#define TYPES "/sys/kernel/btf/vmlinux"
/* Of the tracepoint that the programs of the object espy_perf stand on; root's alone to read. */
#define PERF_HOOK "/sys/kernel/tracing/events/raw_syscalls/sys_exit/id"

/* --- the kernel's types --------------------------------------------------------------------- */

/* At most a page at a time comes from this file. */
static int read_file(int fd, char *to, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = read(fd, to + at, n - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		at += (size_t)got;
	}
	return 0;
}

/* Kernels from 6.16 on let it be mapped. */
static int map_file(struct espy_kernel *k, int fd)
{
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	k->bytes = (size_t)st.st_size;
	k->map = mmap(NULL, k->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (k->map != MAP_FAILED)
		return 0;
	k->map = mmap(NULL, k->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (k->map == MAP_FAILED) {
		k->map = NULL;
		return -ENOMEM;
	}
	r = read_file(fd, k->map, k->bytes);
	return r;
}

int espy_kernel_open(struct espy_kernel *k, struct espy_err *err)
{
	int fd = open(TYPES, O_RDONLY | O_CLOEXEC), r;

	*k = (struct espy_kernel){0};
	if (fd < 0)
		return espy_err_set(
			err, -ENOTSUP,
			"this kernel has no type information (" TYPES "): "
			"use one built with CONFIG_DEBUG_INFO_BTF, as distributions' are "
			"since 5.10");
	r = map_file(k, fd);
	close(fd);
	if (r >= 0)
		r = espy_types_init(&k->types, k->map, k->bytes);
	if (r >= 0)
		r = espy_types_index(&k->types);
	if (r < 0) {
		espy_kernel_close(k);
		espy_err_set(err, r, "cannot read the kernel's type information (" TYPES "): %s",
			     strerror(-r));
	}
	return r;
}

void espy_kernel_close(struct espy_kernel *k)
{
	espy_types_done(&k->types);
	if (k->map)
		munmap(k->map, k->bytes);
	*k = (struct espy_kernel){0};
}

/* --- features ------------------------------------------------------------------------------- */

static uint32_t find(const struct espy_types *kernel, const char *name, unsigned kind)
{
	return espy_types_find(kernel, name, strlen(name), kind);
}

static int tracepoint_args(const struct espy_types *kernel, const char *name)
{
	const struct btf_type *t = espy_types_get(kernel, find(kernel, name, BTF_KIND_TYPEDEF));

	for (int i = 0; t && i < 2; i++) /* typedef → pointer → function */
		t = espy_types_get(kernel, t->type);
	return t && btf_is_func_proto(t) ? btf_vlen(t) - 1 : -1;
}

static bool has_helper(const struct espy_types *kernel, const char *name)
{
	const struct btf_type *t =
		espy_types_get(kernel, find(kernel, "bpf_func_id", BTF_KIND_ENUM));

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(espy_types_name(kernel, btf_enum(t)[i].name_off), name))
			return true;
	return false;
}

/* By loading such a program: lockdown, LSMs and configuration all have a say. */
static bool loads_fentry(const struct espy_types *kernel)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_FENTRY);
	int fd, link;

	o.attach_btf_id = find(kernel, "security_path_unlink", BTF_KIND_FUNC);
	if (!o.attach_btf_id)
		return false;
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
static int64_t from_run_queue(const struct espy_types *kernel, const char *name)
{
	int64_t queue = espy_percpu_offset(kernel, "runqueues");
	int64_t at = espy_percpu_offset(kernel, name);

	return queue < 0 || at < 0 ? 0 : at - queue;
}

/* Are tp_btf programs on system calls preempted? The function came with the change. */
static bool is_preempting(const struct espy_types *kernel)
{
	return find(kernel, "trace_call_bpf_faultable", BTF_KIND_FUNC) != 0;
}

bool espy_sense_wants_tracefs(void)
{
	struct espy_err err;
	struct espy_kernel k;
	bool wants = espy_kernel_open(&k, &err) == 0 && is_preempting(&k.types);

	espy_kernel_close(&k);
	return wants;
}

uint32_t espy_kernel_cast(const struct espy_types *kernel)
{
	return find(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC);
}

void espy_kernel_probe(struct espy_kernel_features *f, const struct espy_types *kernel)
{
	f->cast = espy_kernel_cast(kernel) != 0;
	f->task_btf = has_helper(kernel, "BPF_FUNC_get_current_task_btf");
	f->task_storage = has_helper(kernel, "BPF_FUNC_task_storage_get");
	f->loop = has_helper(kernel, "BPF_FUNC_loop");
	f->uring_req = tracepoint_args(kernel, "btf_trace_io_uring_submit_req");
	f->uring_sqe = tracepoint_args(kernel, "btf_trace_io_uring_submit_sqe");
	f->fentry = loads_fentry(kernel);
	f->perf = is_preempting(kernel) && access(PERF_HOOK, R_OK) == 0;
	f->preempt = from_run_queue(kernel, "__preempt_count");
	f->current = from_run_queue(kernel, "current_task");
	f->hot = from_run_queue(kernel, "pcpu_hot");
	f->oom = tracepoint_args(kernel, "btf_trace_mark_victim");
	f->suspend = tracepoint_args(kernel, "btf_trace_suspend_resume");
	f->uring_done = tracepoint_args(kernel, "btf_trace_io_uring_complete");
	f->uring_full = tracepoint_args(kernel, "btf_trace_io_uring_cqe_overflow");
	f->uring_failed = tracepoint_args(kernel, "btf_trace_io_uring_req_failed");
	/* the object for older kernels is built without any of these */
	f->cast &= f->loop;
	f->task_btf &= f->loop;
	f->task_storage &= f->loop;
}
