/* SPDX-License-Identifier: MIT */
#include "sense/excerpt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "base/vec.h"

struct excerpt {
	const struct espy_types *from;
	uint32_t *id; /* the excerpt's, by the kernel's; 0: not in it */
	ESPY_VEC(uint32_t) order;
	uint32_t roots;      /* so many of these are the object's own, whole */
	uint32_t pointer;    /* id of the one pointer, to nothing */
	const char **wanted; /* names of members, by their hash */
	uint32_t mask;
	struct espy_buf types, names;
};

#define POINTER 0 /* in `order`, where void never stands */

/* --- names of members ----------------------------------------------------------------------- */

static bool has_members(const struct btf_type *t)
{
	return btf_is_struct(t) || btf_is_union(t);
}

static uint32_t count_members(const struct espy_types *t)
{
	uint32_t n = 0;

	for (uint32_t id = 1; id <= t->n; id++) {
		const struct btf_type *s = espy_types_get(t, id);

		n += has_members(s) ? btf_vlen(s) : 0;
	}
	return n;
}

/* Where it is, or would be. */
static const char **wanted_slot(const struct excerpt *x, const char *name)
{
	uint32_t i = (uint32_t)espy_str_hash(espy_str0(name), 0) & x->mask;

	while (x->wanted[i] && strcmp(x->wanted[i], name) != 0)
		i = (i + 1) & x->mask;
	return &x->wanted[i];
}

static int want_members(struct excerpt *x, const struct espy_types *own)
{
	uint32_t cap = 64, n = count_members(own);

	while (cap < 2 * n)
		cap *= 2;
	x->wanted = calloc(cap, sizeof(*x->wanted));
	if (!x->wanted)
		return -ENOMEM;
	x->mask = cap - 1;
	for (uint32_t id = 1; id <= own->n; id++) {
		const struct btf_type *s = espy_types_get(own, id);

		for (uint32_t i = 0; has_members(s) && i < btf_vlen(s); i++) {
			const char *name = espy_types_name(own, btf_members(s)[i].name_off);

			*wanted_slot(x, name) = name;
		}
	}
	return 0;
}

/* Those without a name are looked into. */
static bool is_wanted(const struct excerpt *x, const struct btf_member *m)
{
	const char *name = espy_types_name(x->from, m->name_off);

	return !*name || *wanted_slot(x, name);
}

/* --- ids -------------------------------------------------------------------------------------- */

static uint32_t give_id(struct excerpt *x, uint32_t kernel_id)
{
	if (espy_vec_push(&x->order, kernel_id) < 0) {
		x->types.error = -ENOMEM;
		return 0;
	}
	return (uint32_t)x->order.n;
}

/* The id of a type that another one is made of; names for types and qualifiers are skipped. */
static uint32_t refer(struct excerpt *x, uint32_t id)
{
	const struct btf_type *t = espy_types_get(x->from, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = espy_types_get(x->from, id);
	}
	if (!t || btf_is_func_proto(t))
		return 0;
	if (btf_is_ptr(t)) {
		if (!x->pointer)
			x->pointer = give_id(x, POINTER);
		return x->pointer;
	}
	if (!x->id[id])
		x->id[id] = give_id(x, id);
	return x->id[id];
}

static bool is_candidate(const struct btf_type *own, const struct btf_type *t)
{
	return btf_kind(own) == btf_kind(t) || (btf_is_any_enum(own) && btf_is_any_enum(t));
}

static void add_root(struct excerpt *x, const struct espy_types *own, uint32_t own_id)
{
	const struct btf_type *t = espy_types_get(own, own_id);
	const char *name = t ? espy_types_name(own, t->name_off) : "";
	uint32_t cursor = 0, id;

	while (*name && (id = espy_types_next(x->from, name, espy_code_name_length(name), &cursor)))
		if (is_candidate(t, espy_types_get(x->from, id)) && !x->id[id])
			x->id[id] = give_id(x, id);
}

/* --- types ------------------------------------------------------------------------------------ */

static uint32_t put_name(struct excerpt *x, uint32_t name_off)
{
	const char *name = espy_types_name(x->from, name_off);
	uint32_t at = (uint32_t)x->names.n;

	if (!*name)
		return 0;
	espy_buf_add(&x->names, name, strlen(name) + 1);
	return at;
}

static void put_head(struct excerpt *x, const struct btf_type *t, uint32_t parts)
{
	struct btf_type head = *t;

	head.name_off = put_name(x, t->name_off);
	head.info = (t->info & ~0xffffu) | parts;
	if (btf_is_typedef(t))
		head.type = refer(x, t->type);
	espy_buf_add(&x->types, &head, sizeof(head));
}

static void put_members(struct excerpt *x, const struct btf_type *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < btf_vlen(t); i++)
		n += is_wanted(x, &btf_members(t)[i]);
	put_head(x, t, n);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		struct btf_member m = btf_members(t)[i];

		if (!is_wanted(x, &m))
			continue;
		m.name_off = put_name(x, m.name_off);
		m.type = refer(x, m.type);
		espy_buf_add(&x->types, &m, sizeof(m));
	}
}

static void put_array(struct excerpt *x, const struct btf_type *t)
{
	struct btf_array a = *btf_array(t);

	a.type = refer(x, a.type);
	a.index_type = refer(x, a.index_type);
	put_head(x, t, 0);
	espy_buf_add(&x->types, &a, sizeof(a));
}

/* Values are looked up only in those that the object has. */
static void put_enum(struct excerpt *x, const struct btf_type *t, bool whole)
{
	uint32_t n = whole ? btf_vlen(t) : 0;

	put_head(x, t, n);
	for (uint32_t i = 0; i < n; i++) {
		struct btf_enum64 e = {0};
		size_t bytes = btf_is_enum64(t) ? sizeof(e) : sizeof(struct btf_enum);

		memcpy(&e, (const char *)(t + 1) + i * bytes, bytes);
		e.name_off = put_name(x, e.name_off);
		espy_buf_add(&x->types, &e, bytes);
	}
}

static void put_type(struct excerpt *x, uint32_t i)
{
	static const struct btf_type pointer = {.info = BTF_KIND_PTR << 24};
	const struct btf_type *t = espy_types_get(x->from, x->order.v[i]);

	if (!t) {
		espy_buf_add(&x->types, &pointer, sizeof(pointer));
	} else if (has_members(t)) {
		put_members(x, t);
	} else if (btf_is_array(t)) {
		put_array(x, t);
	} else if (btf_is_any_enum(t)) {
		put_enum(x, t, i < x->roots);
	} else {
		put_head(x, t, btf_vlen(t));
		if (btf_is_int(t))
			espy_buf_add(&x->types, t + 1, sizeof(uint32_t));
	}
}

/* --- all of it -------------------------------------------------------------------------------- */

static void put_types(struct excerpt *x, const struct espy_code *e)
{
	struct espy_relo_walk w = {0};
	struct espy_relo r;

	espy_buf_putc(&x->names, 0);
	while (espy_code_next(e, &w, &r))
		add_root(x, &e->types, r.core->type_id);
	x->roots = (uint32_t)x->order.n;
	for (uint32_t i = 0; i < x->order.n && !x->types.error; i++)
		put_type(x, i);
}

static int put_all(struct espy_buf *ret, struct excerpt *x)
{
	struct btf_header h = {.magic = BTF_MAGIC,
			       .version = BTF_VERSION,
			       .hdr_len = sizeof(h),
			       .type_len = (uint32_t)x->types.n,
			       .str_off = (uint32_t)x->types.n,
			       .str_len = (uint32_t)x->names.n};

	espy_buf_add(ret, &h, sizeof(h));
	espy_buf_add(ret, x->types.p, x->types.n);
	espy_buf_add(ret, x->names.p, x->names.n);
	return x->types.error || x->names.error || ret->error ? -ENOMEM : 0;
}

int espy_excerpt(struct espy_buf *ret, const struct espy_types *kernel, const struct espy_code *e)
{
	struct excerpt x = {.from = kernel, .id = calloc(kernel->n + 1, sizeof(*x.id))};
	int r = x.id ? want_members(&x, &e->types) : -ENOMEM;

	if (r == 0) {
		put_types(&x, e);
		r = put_all(ret, &x);
	}
	espy_vec_done(&x.order);
	espy_buf_done(&x.types);
	espy_buf_done(&x.names);
	free(x.wanted);
	free(x.id);
	return r;
}
