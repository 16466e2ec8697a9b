/* SPDX-License-Identifier: MIT */
#include "sense/pieces.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PROGRAMS_MAX 512u
#define SHARE        500u /* of a program's size: what it has in common with the others */

struct work {
	pthread_t thread;
	struct bpf_object *object;
	bool has_thread;
	int r;
};

/* Which part each program goes to, by its place in the file; the largest part is kept small. */
static unsigned assign(const struct bpf_object *whole, uint8_t *part, unsigned n)
{
	size_t size[ESPY_PIECES_MAX] = {0};
	struct bpf_program *p;
	unsigned i = 0;

	bpf_object__for_each_program(p, whole)
	{
		unsigned least = 0;

		if (i == PROGRAMS_MAX)
			break;
		for (unsigned k = 1; k < n; k++)
			if (size[k] < size[least])
				least = k;
		part[i] = ESPY_PIECES_MAX;
		if (bpf_program__autoload(p)) {
			part[i] = (uint8_t)least;
			size[least] += bpf_program__insn_cnt(p) + SHARE;
		}
		i++;
	}
	return i;
}

static int use_maps(struct bpf_object *part, const struct bpf_object *whole)
{
	struct bpf_map *m;
	int r = 0;

	bpf_object__for_each_map(m, part)
	{
		const struct bpf_map *from = bpf_object__find_map_by_name(whole, bpf_map__name(m));

		if (!from || bpf_map__fd(from) < 0)
			r = bpf_map__set_autocreate(m, false);
		else
			r = bpf_map__reuse_fd(m, bpf_map__fd(from));
		if (r < 0)
			break;
	}
	return r;
}

static int open_piece(struct bpf_object **ret, const struct bpf_object_skeleton *whole,
		      const uint8_t *part, unsigned n_programs, unsigned number)
{
	LIBBPF_OPTS(bpf_object_open_opts, o, .object_name = whole->name);
	struct bpf_object *object = bpf_object__open_mem(whole->data, whole->data_sz, &o);
	struct bpf_program *p;
	unsigned i = 0;

	if (!object)
		return -errno;
	*ret = object;
	bpf_object__for_each_program(p, object)
	{
		bpf_program__set_autoload(p, i < n_programs && part[i] == number);
		i++;
	}
	return use_maps(object, *whole->obj);
}

static void *load_piece(void *arg)
{
	struct work *w = arg;

	w->r = bpf_object__load(w->object);
	return NULL;
}

static int load_all(struct work *work, unsigned n)
{
	int r = 0;

	for (unsigned i = 1; i < n; i++)
		work[i].has_thread =
			pthread_create(&work[i].thread, NULL, load_piece, &work[i]) == 0;
	for (unsigned i = 0; i < n; i++)
		if (!work[i].has_thread)
			load_piece(&work[i]);
	for (unsigned i = 0; i < n; i++) {
		if (work[i].has_thread)
			pthread_join(work[i].thread, NULL);
		if (r == 0)
			r = work[i].r;
	}
	return r;
}

int espy_pieces_load(struct espy_pieces *ret, struct bpf_object_skeleton *whole, unsigned n)
{
	struct work work[ESPY_PIECES_MAX] = {0};
	uint8_t part[PROGRAMS_MAX];
	struct bpf_program *p;
	unsigned n_programs;
	int r;

	*ret = (struct espy_pieces){0};
	n = n > ESPY_PIECES_MAX ? ESPY_PIECES_MAX : n ? n : 1;
	n_programs = assign(*whole->obj, part, n);
	bpf_object__for_each_program(p, *whole->obj) bpf_program__set_autoload(p, false);
	r = bpf_object__load_skeleton(whole);
	for (; ret->n < n && r == 0; ret->n++) {
		r = open_piece(&ret->objects[ret->n], whole, part, n_programs, ret->n);
		work[ret->n].object = ret->objects[ret->n];
	}
	return r < 0 ? r : load_all(work, n);
}

void espy_pieces_done(struct espy_pieces *p)
{
	for (unsigned i = 0; i < ESPY_PIECES_MAX; i++)
		bpf_object__close(p->objects[i]);
	*p = (struct espy_pieces){0};
}

struct bpf_program *espy_pieces_next(const struct espy_pieces *p, struct bpf_program *last,
				     unsigned *at)
{
	for (; *at < p->n; (*at)++, last = NULL)
		while ((last = bpf_object__next_program(p->objects[*at], last)))
			if (bpf_program__fd(last) >= 0)
				return last;
	return NULL;
}

struct bpf_program *espy_pieces_find(const struct espy_pieces *p, const char *name)
{
	struct bpf_program *program = NULL;
	unsigned at = 0;

	while ((program = espy_pieces_next(p, program, &at)))
		if (!strcmp(bpf_program__name(program), name))
			return program;
	return NULL;
}
