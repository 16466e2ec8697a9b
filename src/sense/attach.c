/* SPDX-License-Identifier: MIT */
#include "sense/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "model/schema.h"
#include "sense/calls.h"
#include "sense/load.h"
#include "espy.skel.h"

/* Programs that are reached by a tail call: everything on sys_exit but sys_exit itself. */
static bool is_tail(const struct bpf_program *p)
{
	return espy_load_is_exit(p) && strcmp(bpf_program__name(p), "sys_exit") != 0;
}

static int set_tail(struct espy_load *l, unsigned type, const char *program)
{
	struct espy_bpf *skel = espy_load_skeleton(l);
	int fd = espy_load_fd(l, bpf_object__find_program_by_name(skel->obj, program));

	return fd < 0 ? fd
		      : bpf_map_update_elem(bpf_map__fd(skel->maps.exits), &type, &fd, BPF_ANY);
}

int espy_attach_tails(struct espy_load *l, const struct espy_sense_options *o, struct espy_err *err)
{
	int r = 0;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *e = &espy_schemas[i];
		const char *own;

		if (!espy_calls_wants(o->type, e->type))
			continue;
		own = espy_load_program(e->name);
		if (!own && !e->n_calls)
			continue;
		r = set_tail(l, e->type, own ? own : "shared");
		if (r < 0)
			break;
		espy_load_skeleton(l)->bss->layouts[e->type].shared =
			!own || !strcmp(own, "shared");
	}
	if (r >= 0)
		r = set_tail(l, ESPY_TAIL_SHARED, "shared");
	return r < 0 ? espy_err_set(err, r, "the BPF programs and the event table disagree") : 0;
}

int espy_attach_targets(struct espy_bpf *skel, const struct espy_sense_options *o,
			struct espy_err *err)
{
	uint32_t one = 1, zero = 0;
	int r;

	for (size_t i = 0; i < o->n_pids; i++) {
		r = bpf_map_update_elem(bpf_map__fd(skel->maps.targets), &o->pids[i], &one, 0);
		if (r < 0)
			return espy_err_set(err, r, "too many processes to follow: %zu, at most %d",
					    o->n_pids, ESPY_SENSE_TARGETS_MAX);
	}
	for (size_t i = 0; i < o->n_uids; i++) {
		r = bpf_map_update_elem(bpf_map__fd(skel->maps.uids), &o->uids[i], &one, 0);
		if (r < 0)
			return espy_err_set(err, r, "too many users to follow: %zu", o->n_uids);
	}
	if (o->cgroup) {
		int fd = open(o->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r = fd < 0 ? -errno
			   : bpf_map_update_elem(bpf_map__fd(skel->maps.cgroups), &zero, &fd, 0);
		if (fd >= 0)
			close(fd);
		if (r < 0)
			return espy_err_set(err, r, "cgroup %s: %s", o->cgroup,
					    r == -EBADF ? "not a version 2 cgroup" : strerror(-r));
	}
	return 0;
}

/* --- hooks ---------------------------------------------------------------------------------- */

/* The number of a tracepoint, "group/name", by which perf events know it. */
static int tracepoint_id(const char *name, uint64_t *ret)
{
	char path[256], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = 0;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

/* Opened for one processor, the program runs wherever the tracepoint is. */
static int attach_tracepoint(int program, const char *name)
{
	struct perf_event_attr a = {.size = sizeof(a), .type = PERF_TYPE_TRACEPOINT};
	uint64_t id = 0;
	int r = tracepoint_id(name, &id);
	long fd;

	if (r < 0)
		return r;
	a.config = id;
	fd = syscall(SYS_perf_event_open, &a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl((int)fd, PERF_EVENT_IOC_SET_BPF, program) == 0)
		return (int)fd;
	r = -errno;
	close((int)fd);
	return r;
}

/* A descriptor; the program runs until it is closed. */
static int attach_one(int program, const char *section)
{
	static const char perf[] = "tracepoint/";

	if (!strncmp(section, perf, sizeof(perf) - 1))
		return attach_tracepoint(program, section + sizeof(perf) - 1);
	return bpf_raw_tracepoint_open(NULL, program);
}

int espy_attach(struct espy_load *l, struct espy_links *to, struct espy_err *err)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, espy_load_skeleton(l)->obj)
	{
		const char *section = bpf_program__section_name(p);
		int program = espy_load_fd(l, p), link;

		if (program < 0 || is_tail(p) || !strncmp(section, "iter", 4) ||
		    !strcmp(section, "perf_event"))
			continue;
		if (to->n == sizeof(to->v) / sizeof(*to->v))
			return espy_err_set(err, -E2BIG, "too many programs to attach");
		link = attach_one(program, section);
		if (link < 0 && espy_load_is_plus(p))
			continue; /* its paths stay the caller's, and say so */
		if (link < 0)
			return espy_err_set(err, link, "cannot attach %s to the kernel: %s",
					    bpf_program__name(p), strerror(-link));
		to->v[to->n++] = link;
	}
	return 0;
}

void espy_detach(struct espy_links *l)
{
	for (unsigned i = 0; i < l->n; i++)
		close(l->v[i]);
	l->n = 0;
}
