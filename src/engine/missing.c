/* SPDX-License-Identifier: MIT */
#include "engine/missing.h"
#include <errno.h>
#include <stdlib.h>
#include "engine/boxed.h"
#include "model/field.h"

/* The id of the empty string stands for: missed, and not found so far. */
#define NOT_FOUND 0u

int espy_missing_init(struct espy_missing *m)
{
	*m = (struct espy_missing){0};
	return espy_dict_init(&m->strings);
}

void espy_missing_done(struct espy_missing *m)
{
	espy_dict_done(&m->strings);
	espy_map_done(&m->misses);
	free(m->names);
	*m = (struct espy_missing){0};
}

int espy_missing_begin(struct espy_missing *m, const struct espy_batch *b)
{
	if (b->dict.n > m->cap_names) {
		uint32_t *names = realloc(m->names, b->dict.n * sizeof(*names));

		if (!names)
			return -ENOMEM;
		m->names = names;
		m->cap_names = b->dict.n;
	}
	m->n_names = b->dict.n;
	if (m->n_names)
		memset(m->names, 0, m->n_names * sizeof(*m->names));
	return 0;
}

/* Events that ask for a path by name, so that a failure means that it was looked for. */
static bool is_lookup(unsigned type)
{
	switch (type) {
	case ESPY_EV_file_open:
	case ESPY_EV_file_stat:
	case ESPY_EV_file_statfs:
	case ESPY_EV_file_access:
	case ESPY_EV_file_readlink:
	case ESPY_EV_file_chdir:
	case ESPY_EV_file_getxattr:
	case ESPY_EV_process_exec:
		return true;
	}
	return false;
}

bool espy_missing_is_miss(const struct espy_batch *b, uint32_t row)
{
	return (b->result[row] == -ENOENT || b->result[row] == -ENOTDIR) &&
	       is_lookup(b->type[row]) && b->path[row];
}

/* Id for a string, UINT32_MAX past the limit or without memory: it is then as if never seen. */
static uint32_t intern(struct espy_missing *m, struct espy_str s)
{
	if (m->strings.n >= ESPY_MISSING_STRINGS_MAX)
		return UINT32_MAX;
	return espy_dict_add(&m->strings, s);
}

/*
 * The name that is compared. What an open found is known by the path of the file itself, so a
 * library looked for as libz.so.1 is found as libz.so.1.2.13: versions do not count.
 */
struct espy_str espy_missing_name(struct espy_str path)
{
	struct espy_str s = espy_str_basename(path);
	const char *so = s.n ? memmem(s.p, s.n, ".so.", 4) : NULL;

	if (so && so + 4 < s.p + s.n && so[4] >= '0' && so[4] <= '9')
		s.n = (size_t)(so - s.p) + 3;
	return s;
}

/* Id of the file name of a path of the batch. */
static uint32_t name_of(struct espy_missing *m, const struct espy_batch *b, uint32_t path)
{
	uint32_t id;

	if (path >= m->n_names)
		return UINT32_MAX;
	if (m->names[path])
		return m->names[path] - 1;
	id = intern(m, espy_missing_name(espy_dict_get(&b->dict, path)));
	m->names[path] = id + 1;
	return id;
}

/* A program that runs is known by its own path too; the name it was called by is a field. */
static uint32_t name_of_row(struct espy_missing *m, const struct espy_batch *b, uint32_t row)
{
	if (b->type[row] == ESPY_EV_process_exec) {
		struct espy_str given = espy_batch_get(b, row, ESPY_FIELD_process_exec_given).str;

		if (given.n)
			return intern(m, espy_missing_name(given));
	}
	return name_of(m, b, b->path[row]);
}

/* A link that is none is there all the same. */
static bool is_there(const struct espy_batch *b, uint32_t row)
{
	return b->result[row] >= 0 ||
	       (b->type[row] == ESPY_EV_file_readlink && b->result[row] == -EINVAL);
}

static int missed(struct espy_missing *m, uint32_t proc, uint32_t name)
{
	if (m->misses.n >= ESPY_MISSING_MAX || espy_map_get(&m->misses, proc, name))
		return 0;
	return espy_map_put(&m->misses, proc, name, espy_boxed(NOT_FOUND));
}

static int found(struct espy_missing *m, uint32_t proc, uint32_t name, struct espy_str path)
{
	void *v = espy_map_get(&m->misses, proc, name);
	uint32_t id;

	if (!v || espy_unboxed(v, 0) != NOT_FOUND)
		return 0;
	id = intern(m, path);
	if (id == UINT32_MAX)
		return 0;
	return espy_map_put(&m->misses, proc, name, espy_boxed(id));
}

int espy_missing_row(struct espy_missing *m, const struct espy_batch *b, uint32_t row,
		     uint32_t proc)
{
	uint32_t name;

	if (!b->path[row] || !is_lookup(b->type[row]) || b->flags[row] & ESPY_F_PENDING)
		return 0;
	if (!espy_missing_is_miss(b, row) && (!is_there(b, row) || m->misses.n == 0))
		return 0;
	name = name_of_row(m, b, row);
	if (name == UINT32_MAX || name == 0)
		return 0;
	if (espy_missing_is_miss(b, row))
		return missed(m, proc, name);
	return found(m, proc, name, espy_dict_get(&b->dict, b->path[row]));
}

struct espy_str espy_missing_found(struct espy_missing *m, uint32_t proc, struct espy_str path)
{
	uint32_t name = espy_dict_add(&m->strings, espy_missing_name(path));

	if (name == UINT32_MAX)
		return ESPY_STR_NONE;
	return espy_dict_get(&m->strings, (uint32_t)espy_unboxed(
						  espy_map_get(&m->misses, proc, name), NOT_FOUND));
}
