/* SPDX-License-Identifier: MIT */
#include "sense/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

#define TYPES_MAX (1u << 24)

/* What follows the common head of a type: so many bytes, and so many for each of its parts. */
static const struct tail {
	uint8_t fixed, each, known;
} tails[] = {
	[BTF_KIND_INT] = {4, 0, 1},
	[BTF_KIND_PTR] = {0, 0, 1},
	[BTF_KIND_ARRAY] = {sizeof(struct btf_array), 0, 1},
	[BTF_KIND_STRUCT] = {0, sizeof(struct btf_member), 1},
	[BTF_KIND_UNION] = {0, sizeof(struct btf_member), 1},
	[BTF_KIND_ENUM] = {0, sizeof(struct btf_enum), 1},
	[BTF_KIND_FWD] = {0, 0, 1},
	[BTF_KIND_TYPEDEF] = {0, 0, 1},
	[BTF_KIND_VOLATILE] = {0, 0, 1},
	[BTF_KIND_CONST] = {0, 0, 1},
	[BTF_KIND_RESTRICT] = {0, 0, 1},
	[BTF_KIND_FUNC] = {0, 0, 1},
	[BTF_KIND_FUNC_PROTO] = {0, sizeof(struct btf_param), 1},
	[BTF_KIND_VAR] = {sizeof(struct btf_var), 0, 1},
	[BTF_KIND_DATASEC] = {0, sizeof(struct btf_var_secinfo), 1},
	[BTF_KIND_FLOAT] = {0, 0, 1},
	[BTF_KIND_DECL_TAG] = {sizeof(struct btf_decl_tag), 0, 1},
	[BTF_KIND_TYPE_TAG] = {0, 0, 1},
	[BTF_KIND_ENUM64] = {0, sizeof(struct btf_enum64), 1},
};

/* Bytes of a type; 0: of a kind that we do not know. */
static size_t type_bytes(const struct btf_type *t)
{
	unsigned kind = btf_kind(t);

	if (kind >= sizeof(tails) / sizeof(*tails) || !tails[kind].known)
		return 0;
	return sizeof(*t) + tails[kind].fixed + (size_t)tails[kind].each * btf_vlen(t);
}

/* Tags are not looked for, and hundreds of them have one name. */
static bool is_named(const struct btf_type *t)
{
	return t->name_off && !btf_is_decl_tag(t) && !btf_is_type_tag(t);
}

/* Notes where the types in `bytes` bytes are. -EINVAL: they do not end there. */
static int walk(struct espy_types *t, size_t bytes)
{
	size_t off = 0, n;

	for (t->n = 0; off < bytes && t->n < TYPES_MAX; off += n) {
		if (bytes - off < sizeof(struct btf_type))
			return -EINVAL;
		n = type_bytes((const struct btf_type *)(t->data + off));
		if (!n || n > bytes - off)
			return -EINVAL;
		t->at[++t->n] = (uint32_t)off;
		t->n_named += is_named((const struct btf_type *)(t->data + off));
	}
	return off == bytes ? 0 : -EINVAL;
}

int espy_types_init(struct espy_types *t, const void *data, size_t size)
{
	const struct btf_header *h = data;

	*t = (struct espy_types){0};
	if (size < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len > size)
		return -EINVAL;
	size -= h->hdr_len;
	if (h->type_off > size || h->type_len > size - h->type_off || h->str_off > size ||
	    h->str_len > size - h->str_off || !h->str_len)
		return -EINVAL;
	t->data = (const uint8_t *)data + h->hdr_len + h->type_off;
	t->names = (const char *)data + h->hdr_len + h->str_off;
	t->names_bytes = h->str_len;
	if (t->names[h->str_len - 1])
		return -EINVAL;
	/* room for as many as could be: what is not written to is not there */
	t->at = malloc((h->type_len / sizeof(struct btf_type) + 1) * sizeof(*t->at));
	return t->at ? walk(t, h->type_len) : -ENOMEM;
}

void espy_types_done(struct espy_types *t)
{
	free(t->at);
	free(t->slots);
	*t = (struct espy_types){0};
}

const struct btf_type *espy_types_get(const struct espy_types *t, uint32_t id)
{
	return id && id <= t->n ? (const struct btf_type *)(t->data + t->at[id]) : NULL;
}

const char *espy_types_name(const struct espy_types *t, uint32_t name_off)
{
	return name_off < t->names_bytes ? t->names + name_off : "";
}

int espy_types_index(struct espy_types *t)
{
	uint32_t cap = 64;

	while (cap < 3 * (uint64_t)t->n_named / 2)
		cap *= 2;
	t->slots = malloc(cap * sizeof(*t->slots));
	if (!t->slots)
		return -ENOMEM;
	/* not calloc(): pages that are read first are made twice */
	memset(t->slots, 0, cap * sizeof(*t->slots));
	t->mask = cap - 1;
	for (uint32_t id = 1; id <= t->n; id++) {
		const struct btf_type *type = espy_types_get(t, id);
		const char *name;
		uint32_t i;

		if (!is_named(type))
			continue;
		name = espy_types_name(t, type->name_off);
		i = (uint32_t)espy_str_hash(espy_str0(name), 0) & t->mask;
		while (t->slots[i])
			i = (i + 1) & t->mask;
		t->slots[i] = id;
	}
	return 0;
}

/* The cursor is the number of slots that were looked at. */
uint32_t espy_types_next(const struct espy_types *t, const char *name, size_t n, uint32_t *cursor)
{
	uint32_t first = (uint32_t)espy_str_hash((struct espy_str){name, n}, 0);

	for (;;) {
		uint32_t id = t->slots[(first + *cursor) & t->mask];
		const char *other;

		if (!id)
			return 0;
		(*cursor)++;
		other = espy_types_name(t, espy_types_get(t, id)->name_off);
		if (!strncmp(other, name, n) && !other[n])
			return id;
	}
}

uint32_t espy_types_find(const struct espy_types *t, const char *name, size_t n, unsigned kind)
{
	uint32_t cursor = 0, id;

	while ((id = espy_types_next(t, name, n, &cursor)))
		if (btf_kind(espy_types_get(t, id)) == kind)
			return id;
	return 0;
}
