/* SPDX-License-Identifier: MIT */
#include "format/pml-sid.h"
#include <string.h>

#define HEAD 8  /* revision, count, authority */
#define MAX  68 /* bytes: 15 sub-authorities */

/* In the detail of Process Create. */
#define CREATE_SID  44 /* length of the SID */
#define CREATE_HEAD 52

struct sid {
	uint8_t bytes[MAX];
	size_t n;
	struct espy_str name;
};

/* A key for the map; the bytes are compared afterwards. */
static uint64_t hash(struct espy_pml_bytes sid)
{
	return espy_str_hash((struct espy_str){(const char *)sid.p, sid.n}, 0);
}

static bool is_sid(struct espy_pml_bytes sid)
{
	return sid.n >= HEAD && sid.n <= MAX && sid.p[0] == 1 && sid.n == HEAD + 4u * sid.p[1];
}

static const struct sid *find(const struct espy_pml_tables *t, struct espy_pml_bytes sid)
{
	const struct sid *s = espy_map_get(&t->sids, hash(sid), 1);

	return s && s->n == sid.n && memcmp(s->bytes, sid.p, sid.n) == 0 ? s : NULL;
}

void espy_pml_sid_learn(struct espy_pml_tables *t, struct espy_pml_bytes sid,
			const struct espy_pml_process *p)
{
	struct sid *s;

	if (!p || !p->user.n || !is_sid(sid) || find(t, sid) || t->sids.n >= ESPY_PML_SIDS_MAX)
		return;
	s = espy_arena_zalloc(&t->file->arena, sizeof(*s));
	if (!s)
		return;
	memcpy(s->bytes, sid.p, sid.n);
	s->n = sid.n;
	s->name = p->user;
	espy_map_put(&t->sids, hash(sid), 1, s); /* when memory is out, the SID is shown */
}

static void spell(struct espy_pml_bytes sid, struct espy_buf *out)
{
	uint64_t authority = 0;

	for (unsigned i = 2; i < HEAD; i++)
		authority = authority << 8 | sid.p[i];
	espy_buf_puts(out, "S-1-");
	espy_buf_u64(out, authority);
	for (unsigned i = 0; i < sid.p[1]; i++) {
		espy_buf_putc(out, '-');
		espy_buf_u64(out, espy_pml_u32(sid.p + HEAD + 4ul * i));
	}
}

/* Accounts that every Windows has, in English. */
static const struct {
	const char *sid, *name;
} known[] = {
	{"S-1-1-0", "Everyone"},
	{"S-1-5-7", "NT AUTHORITY\\ANONYMOUS LOGON"},
	{"S-1-5-18", "NT AUTHORITY\\SYSTEM"},
	{"S-1-5-19", "NT AUTHORITY\\LOCAL SERVICE"},
	{"S-1-5-20", "NT AUTHORITY\\NETWORK SERVICE"},
};

/* SID of an event that tells of a process: behind the fixed part of its detail. */
static void learn_event(struct espy_pml_tables *t, const struct espy_pml_event *e)
{
	const uint8_t *p = e->detail.p;

	if (e->class_id != ESPY_PML_PROCESS || e->operation > 1 || e->detail.n < CREATE_HEAD ||
	    e->detail.n - CREATE_HEAD < p[CREATE_SID])
		return;
	espy_pml_sid_learn(t, (struct espy_pml_bytes){p + CREATE_HEAD, p[CREATE_SID]},
			   espy_pml_tables_process(t, espy_pml_u32(p)));
}

void espy_pml_sid_learn_all(struct espy_pml_tables *t)
{
	const struct espy_pml *f = t->file;
	struct espy_pml_event e;

	if (t->has_all_sids || !f->is_closed)
		return;
	t->has_all_sids = true;
	for (uint32_t i = 0; i < f->n_events; i++)
		if (espy_pml_event_read(f, espy_pml_event_offset(f, i), &e) == 0)
			learn_event(t, &e);
}

static const char *known_name(struct espy_str text)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (espy_str_eq(text, espy_str0(known[i].sid)))
			return known[i].name;
	return NULL;
}

void espy_pml_sid_name(struct espy_pml_tables *t, struct espy_pml_bytes sid, struct espy_buf *out)
{
	size_t start = out->n;
	const struct sid *s;
	const char *name;

	if (!is_sid(sid))
		return;
	spell(sid, out);
	if (out->error)
		return;
	name = known_name((struct espy_str){out->p + start, out->n - start});
	if (!name && !find(t, sid))
		espy_pml_sid_learn_all(t);
	s = find(t, sid);
	if (!name && !s)
		return;
	out->n = start;
	espy_buf_str(out, name ? espy_str0(name) : s->name);
}
