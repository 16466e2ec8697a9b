/* SPDX-License-Identifier: MIT */
#include "sense/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

static int set_tail(struct espy_bpf *skel, unsigned type, const char *program)
{
	struct bpf_program *p = espy_load_find(skel, program);
	int fd = p ? bpf_program__fd(p) : -1;

	if (fd < 0)
		return -ENOENT;
	return bpf_map_update_elem(bpf_map__fd(skel->maps.exits), &type, &fd, BPF_ANY);
}

int espy_attach_tails(struct espy_bpf *skel, const struct espy_sense_options *o,
		      struct espy_err *err)
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
		r = set_tail(skel, e->type, own ? own : "shared");
		if (r < 0)
			break;
		skel->bss->layouts[e->type].shared = !own || !strcmp(own, "shared");
	}
	if (r >= 0)
		r = set_tail(skel, ESPY_TAIL_SHARED, "shared");
	if (r >= 0)
		r = set_tail(skel, 0, "refused"); /* no event has this number */
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

int espy_attach(struct espy_bpf *skel, struct espy_links *to, struct espy_err *err)
{
	struct bpf_program *p;

	for (int i = 0; (p = espy_load_nth(skel, i)); i++) {
		struct bpf_link *link;

		if (bpf_program__fd(p) < 0 || is_tail(p) ||
		    !strncmp(bpf_program__section_name(p), "iter", 4) ||
		    !strcmp(bpf_program__section_name(p), "perf_event"))
			continue;
		if (to->n == sizeof(to->v) / sizeof(*to->v))
			return espy_err_set(err, -E2BIG, "too many programs to attach");
		link = bpf_program__attach(p);
		if (!link && espy_load_is_plus(p))
			continue; /* its paths stay the caller's, and say so */
		if (!link)
			return espy_err_set(err, -errno, "cannot attach %s to the kernel: %s",
					    bpf_program__name(p), strerror(errno));
		to->v[to->n++] = link;
	}
	return 0;
}

void espy_detach(struct espy_links *l)
{
	for (unsigned i = 0; i < l->n; i++)
		bpf_link__destroy(l->v[i]);
	l->n = 0;
}
