/* SPDX-License-Identifier: MIT */
#include "rule/descriptors.h"
#include <stdlib.h>

static void free_set(struct espy_descriptors *d, struct espy_descriptor_set *s)
{
	if (--s->refs > 0)
		return;
	for (size_t i = 0; i < s->fds.n; i++)
		free(s->fds.v[i].path);
	d->n -= (uint32_t)s->fds.n;
	espy_vec_done(&s->fds);
	free(s);
}

void espy_descriptors_done(struct espy_descriptors *d)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&d->sets, &i));)
		free_set(d, slot->value);
	espy_map_done(&d->sets);
}

struct espy_descriptor_set *espy_descriptors_of(const struct espy_descriptors *d,
						struct espy_process_id p)
{
	return d->sets.n ? espy_map_get(&d->sets, p.pid, p.start) : NULL;
}

/* The set of the process, which is made where it has none; NULL when memory is out. */
static struct espy_descriptor_set *need_set(struct espy_descriptors *d, struct espy_process_id p)
{
	struct espy_descriptor_set *s = espy_descriptors_of(d, p);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->refs = 1;
	if (espy_map_put(&d->sets, p.pid, p.start, s) == 0)
		return s;
	free(s);
	return NULL;
}

int espy_descriptor_set_path(struct espy_descriptor *fd, struct espy_str path)
{
	char *p = malloc(path.n + 1);

	if (!p)
		return -ENOMEM;
	memcpy(p, path.p, path.n);
	free(fd->path);
	fd->path = p;
	fd->path_n = path.n;
	return 0;
}

static int push(struct espy_descriptors *d, struct espy_descriptor_set *s,
		const struct espy_descriptor *fd, struct espy_str path)
{
	struct espy_descriptor copy = *fd;

	if (d->n >= d->max) {
		d->dropped++;
		return 0;
	}
	copy.path = NULL;
	if (espy_descriptor_set_path(&copy, path) < 0)
		return -ENOMEM;
	if (espy_vec_push(&s->fds, copy) < 0) {
		free(copy.path);
		return -ENOMEM;
	}
	d->n++;
	return 0;
}

int espy_descriptors_open(struct espy_descriptors *d, struct espy_process_id p,
			  const struct espy_descriptor *fd, struct espy_str path)
{
	struct espy_descriptor_set *s;

	espy_descriptors_close(d, p, fd->fd, fd->fd);
	if (d->n >= d->max) {
		d->dropped++;
		return 0;
	}
	s = need_set(d, p);
	return s ? push(d, s, fd, path) : -ENOMEM;
}

unsigned espy_descriptors_close(struct espy_descriptors *d, struct espy_process_id p,
				uint64_t first, uint64_t last)
{
	struct espy_descriptor_set *s = espy_descriptors_of(d, p);
	size_t kept = 0, n;

	if (!s)
		return 0;
	n = s->fds.n;
	for (size_t i = 0; i < n; i++) {
		if (s->fds.v[i].fd >= first && s->fds.v[i].fd <= last)
			free(s->fds.v[i].path);
		else
			s->fds.v[kept++] = s->fds.v[i];
	}
	s->fds.n = kept;
	d->n -= (uint32_t)(n - kept);
	if (kept == 0 && s->refs == 1)
		espy_descriptors_exit(d, p);
	return (unsigned)(n - kept);
}

static int copy_set(struct espy_descriptors *d, const struct espy_descriptor_set *from,
		    struct espy_process_id p)
{
	struct espy_descriptor_set *s = need_set(d, p);
	int r = s ? 0 : -ENOMEM;

	for (size_t i = 0; i < from->fds.n && r == 0; i++)
		r = push(d, s, &from->fds.v[i], espy_descriptor_path(&from->fds.v[i]));
	return r;
}

int espy_descriptors_fork(struct espy_descriptors *d, struct espy_process_id parent,
			  struct espy_process_id child, bool shared)
{
	struct espy_descriptor_set *s = espy_descriptors_of(d, parent);

	if (!s || (parent.pid == child.pid && parent.start == child.start))
		return 0;
	espy_descriptors_exit(d, child);
	if (!shared)
		return copy_set(d, s, child);
	if (espy_map_put(&d->sets, child.pid, child.start, s) < 0)
		return -ENOMEM;
	s->refs++;
	return 0;
}

int espy_descriptors_exec(struct espy_descriptors *d, struct espy_process_id p)
{
	struct espy_descriptor_set *s = espy_descriptors_of(d, p);
	size_t i = 0;

	if (!s)
		return 0;
	if (s->refs > 1) {
		espy_map_del(&d->sets, p.pid, p.start);
		s->refs--; /* others have it still */
		if (copy_set(d, s, p) < 0)
			return -ENOMEM;
		s = espy_descriptors_of(d, p);
	}
	while (s && i < s->fds.n) {
		if (!s->fds.v[i++].cloexec)
			continue;
		espy_descriptors_close(d, p, s->fds.v[i - 1].fd, s->fds.v[i - 1].fd);
		s = espy_descriptors_of(d, p); /* gone with its last one */
		i = 0;
	}
	return 0;
}

void espy_descriptors_exit(struct espy_descriptors *d, struct espy_process_id p)
{
	struct espy_descriptor_set *s = espy_map_del(&d->sets, p.pid, p.start);

	if (s)
		free_set(d, s);
}

static int rename_one(struct espy_descriptor *fd, struct espy_str from, struct espy_str to)
{
	size_t rest = fd->path_n - from.n;
	char *p;

	if (to.n + rest > ESPY_DESCRIPTOR_PATH_MAX)
		return 0;
	p = malloc(to.n + rest + 1);
	if (!p)
		return -ENOMEM;
	memcpy(p, to.p, to.n);
	memcpy(p + to.n, fd->path + from.n, rest);
	free(fd->path);
	fd->path = p;
	fd->path_n = to.n + rest;
	return 0;
}

int espy_descriptors_rename(struct espy_descriptors *d, struct espy_str from, struct espy_str to)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&d->sets, &i));) {
		struct espy_descriptor_set *s = slot->value;

		for (size_t k = 0; k < s->fds.n; k++) {
			struct espy_descriptor *fd = &s->fds.v[k];

			if (fd->is_socket || !espy_str_starts(espy_descriptor_path(fd), from) ||
			    (fd->path_n > from.n && fd->path[from.n] != '/'))
				continue;
			if (rename_one(fd, from, to) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}
