/* SPDX-License-Identifier: MIT */
/*
 * same_file(/path): what happens to the file of that name under whatever name, as far as events
 * tell. A rename (of the file or of a directory above it) and a link give it another name; a rename
 * over a name and an unlink take one away, after which descriptors show it with " (deleted)". A
 * name that the filter gives is always one.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/vec.h"
#include "rule/state.h"

#define EXCHANGE 2u /* RENAME_EXCHANGE of renameat2(2) */

struct name {
	char *p;
	size_t n;
	bool given; /* by the filter: never lost */
	bool gone;  /* shown with " (deleted)" where it is shown at all */
};

struct same_file {
	ESPY_VEC(struct name) names;
	uint32_t *known; /* by string of the batch: generation × 2, plus 1 when it is a name */
	uint32_t known_cap;
	uint32_t generation;             /* of the names, counted anew for each batch */
	int8_t path2[ESPY_EVENT_ID_MAX]; /* index of the field, -1 none */
};

static struct espy_str text_of(const struct name *n)
{
	return (struct espy_str){n->p, n->n};
}

/* "dir" and rest of a name below it; rest "" for the name itself. */
static int add(struct espy_state *s, struct espy_str head, struct espy_str rest, bool given)
{
	struct same_file *m = s->memory;
	struct name n = {.n = head.n + rest.n, .given = given};

	for (size_t i = 0; i < m->names.n; i++) {
		struct name *old = &m->names.v[i];

		if (old->n == n.n && espy_str_starts(text_of(old), head) &&
		    espy_str_ends(text_of(old), rest)) {
			m->generation += old->gone;
			old->gone = false;
			return 0;
		}
	}
	if (m->names.n >= ESPY_STATE_NAMES_MAX || n.n > ESPY_STATE_NAME_MAX) {
		s->dropped++;
		return 0;
	}
	n.p = malloc(n.n + 1);
	if (!n.p)
		return -ENOMEM;
	memcpy(n.p, head.p, head.n);
	memcpy(n.p + head.n, rest.p, rest.n);
	if (espy_vec_push(&m->names, n) < 0) {
		free(n.p);
		return -ENOMEM;
	}
	m->generation++;
	return 0;
}

static void done(struct espy_state *s)
{
	struct same_file *m = s->memory;

	for (size_t i = 0; i < m->names.n; i++)
		free(m->names.v[i].p);
	espy_vec_done(&m->names);
	free(m->known);
	free(m);
}

static int start(struct espy_state *s)
{
	struct same_file *m = calloc(1, sizeof(*m));
	int r = 0;

	if (!m)
		return -ENOMEM;
	s->memory = m;
	memset(m->path2, -1, sizeof(m->path2));
	for (size_t i = 0; i < espy_n_schemas; i++)
		m->path2[espy_schemas[i].type] =
			(int8_t)espy_schema_field(&espy_schemas[i], ESPY_STR("path2"));
	for (uint32_t i = 0; i < s->n_texts && r == 0; i++)
		r = add(s, s->texts[i].text, ESPY_STR_NONE, true);
	return r;
}

static bool is_name(const struct same_file *m, struct espy_str s)
{
	struct espy_str bare = s;
	bool deleted = espy_str_ends(s, ESPY_STATE_DELETED);

	if (deleted)
		bare.n -= ESPY_STATE_DELETED.n;
	for (size_t i = 0; i < m->names.n; i++) {
		const struct name *n = &m->names.v[i];

		if (!n->gone && espy_str_eq(text_of(n), s))
			return true;
		if (deleted && (n->gone || n->given) && espy_str_eq(text_of(n), bare))
			return true;
	}
	return false;
}

static bool is_known(struct same_file *m, const struct espy_batch *b, uint32_t id)
{
	if (!id || id >= b->dict.n)
		return false;
	if (m->known[id] / 2 != m->generation)
		m->known[id] = m->generation * 2 + is_name(m, espy_dict_get(&b->dict, id));
	return m->known[id] & 1;
}

/* What of the name lies below `path`: "" for the name itself; false: it does not. */
static bool below(const struct name *n, struct espy_str path, struct espy_str *ret_rest)
{
	*ret_rest = (struct espy_str){n->p + path.n, n->n - path.n};
	return !n->gone && path.n > 0 && espy_str_starts(text_of(n), path) &&
	       (n->n == path.n || n->p[path.n] == '/');
}

/* Another file takes the place of the name. */
static void lose(struct same_file *m, struct espy_str path)
{
	for (size_t i = 0; i < m->names.n; i++) {
		struct name *n = &m->names.v[i];

		if (n->given || n->gone || !espy_str_eq(text_of(n), path))
			continue;
		n->gone = true;
		m->generation++;
	}
}

static int rename_row(struct espy_state *s, const struct espy_batch *b, uint32_t row)
{
	struct same_file *m = s->memory;
	struct espy_str from = espy_dict_get(&b->dict, b->path[row]), rest;
	struct espy_str to = espy_state_text(b, row, "path2");
	bool exchange = espy_state_number(b, row, "flags") & EXCHANGE;
	size_t n = m->names.n;
	int r = 0;

	if (from.n == 0 || to.n == 0 || espy_str_eq(from, to))
		return 0;
	if (!exchange)
		lose(m, to);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct name old = m->names.v[i]; /* adding may move them */
		bool was_from = below(&old, from, &rest);
		bool was_to = !was_from && exchange && below(&old, to, &rest);

		if (!was_from && !was_to)
			continue;
		m->names.v[i].gone = !old.given;
		m->generation++;
		r = add(s, was_from ? to : from, rest, false);
	}
	return r;
}

/* What a successful event makes of the names. */
static int change(struct espy_state *s, const struct espy_batch *b, uint32_t row)
{
	struct same_file *m = s->memory;

	switch (b->type[row]) {
	case ESPY_EV_file_rename:
		return rename_row(s, b, row);
	case ESPY_EV_file_link:
		if (!is_known(m, b, b->path[row]))
			return 0;
		return add(s, espy_state_text(b, row, "path2"), ESPY_STR_NONE, false);
	case ESPY_EV_file_unlink:
		lose(m, espy_dict_get(&b->dict, b->path[row]));
		return 0;
	default:
		return 0;
	}
}

static bool is_about(struct same_file *m, const struct espy_batch *b, uint32_t row)
{
	const struct espy_group *g;
	int f;

	if (is_known(m, b, b->path[row]))
		return true;
	f = b->type[row] < ESPY_EVENT_ID_MAX ? m->path2[b->type[row]] : -1;
	g = f < 0 ? NULL : b->group[b->type[row]];
	return g && is_known(m, b, ((const uint32_t *)g->cols[f])[b->slot[row]]);
}

static int batch(struct espy_state *s, const struct espy_batch *b)
{
	struct same_file *m;
	int r = s->memory ? 0 : start(s);

	m = s->memory;
	if (r == 0 && b->dict.n > m->known_cap) {
		uint32_t *known = realloc(m->known, b->dict.n * sizeof(*known));

		if (!known)
			return -ENOMEM;
		m->known = known;
		m->known_cap = b->dict.n;
	}
	if (r < 0)
		return r;
	if (m->known_cap > 0)
		memset(m->known, 0, m->known_cap * sizeof(*m->known)); /* ids are the batch's own */
	m->generation = 1;
	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		if (is_about(m, b, row))
			espy_state_set(s, row);
		if (b->result[row] >= 0 && !(b->flags[row] & ESPY_F_PENDING))
			r = change(s, b, row);
	}
	return r;
}

static const uint16_t types[] = {ESPY_EV_file_rename, ESPY_EV_file_link, ESPY_EV_file_unlink, 0};
static const char *const columns[] = {"path", "path2", "result", "flags", NULL};

const struct espy_state_kind espy_state_same_file = {
	.what = "the path of a file",
	.types = types,
	.columns = columns,
	.batch = batch,
	.done = done,
};
