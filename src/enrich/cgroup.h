/* SPDX-License-Identifier: MIT */
/*
 * Cgroups: what each is called, as the kernel side defines it, and what its path says of who runs
 * there: a container, its runtime and pod, a unit and slice of systemd, a login session. A path is
 * taken apart once, when it is defined.
 *
 * Sources of the names: systemd's "Control Group APIs and Delegation" and unit naming
 * (systemd.unit(5): \xNN escapes), runc's systemd and cgroupfs drivers, Kubernetes' cgroup driver
 * (kubepods), Podman's libpod and libpod_pod, LXC's lxc.payload and lxc.cgroup.dir,
 * systemd-nspawn(1).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/map.h"
#include "base/str.h"
#include "model/event.h"

#define ESPY_CGROUPS_MAX     16384u /* remembered at once; more than the kernel side takes for told */
#define ESPY_CGROUP_NAME_MAX 255u   /* of a container, pod, unit …; a longer one is cut */

/* What a path says; empty where it says nothing. All but `path` have bytes of their own. */
struct espy_where {
	struct espy_str path;
	const char *runtime; /* docker, containerd, crio, podman, lxc, systemd-nspawn, k8s, "" */
	char container[ESPY_CGROUP_NAME_MAX + 1]; /* id, or name where the runtime has no ids */
	char pod[ESPY_CGROUP_NAME_MAX + 1];       /* Kubernetes: uid; Podman: id */
	char unit[ESPY_CGROUP_NAME_MAX + 1];      /* innermost service, scope … */
	char slice[ESPY_CGROUP_NAME_MAX + 1];     /* innermost */
	char session[ESPY_CGROUP_NAME_MAX + 1];   /* of systemd-logind */
};

/* Takes a path apart, any bytes. What is nested is told by the innermost. */
void espy_cgroup_parse(struct espy_where *ret, struct espy_str path);

/* A cgroup that was defined: its words as they go into espy_proc.more, "name NUL value NUL" each.
 */
struct espy_cgroup {
	uint64_t id;
	uint32_t refs;
	uint32_t n;
	bool has_session;
	struct espy_cgroup *prev, *next; /* in the table, the one asked for last at the end */
	char words[];
};

struct espy_cgroups {
	struct espy_map map;
	struct espy_cgroup *head, *tail;
	struct espy_buf scratch[2];
	size_t max;
};

void espy_cgroups_init(struct espy_cgroups *t, size_t max); /* 0: ESPY_CGROUPS_MAX */
void espy_cgroups_done(struct espy_cgroups *t);

/* Takes a checked record; a known id gets the new meaning. 0 or -ENOMEM. */
int espy_cgroup_define(struct espy_cgroups *t, const struct espy_ev_meta_cgroup *rec);
/* NULL when it was never defined, or forgotten. With a reference for the caller. */
struct espy_cgroup *espy_cgroup_get(struct espy_cgroups *t, uint64_t id);
struct espy_cgroup *espy_cgroup_ref(struct espy_cgroup *c);   /* NULL is taken too */
struct espy_cgroup *espy_cgroup_unref(struct espy_cgroup *c); /* NULL, always */
