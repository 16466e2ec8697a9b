/* SPDX-License-Identifier: MIT */
#include "enrich/wire.h"

#include <assert.h>
#include <errno.h>

void espy_wire_plan(struct espy_wire_plan *ret, const struct espy_schema *s)
{
	assert(s->n_fields <= ESPY_WIRE_FIELDS_MAX);
	*ret = (struct espy_wire_plan){.size = s->size};
	for (unsigned i = 0; i < s->n_fields; i++) {
		if (s->fields[i].kind == ESPY_KIND_text)
			ret->text[ret->n_texts++] = s->fields[i].offset;
		if (s->fields[i].kind == ESPY_KIND_path)
			ret->path[ret->n_paths++] = s->fields[i].offset;
	}
}

static bool text_fits(const struct espy_wire_plan *plan, const struct espy_event *rec,
		      struct espy_text t)
{
	return t.len == 0 || (t.off >= plan->size && (uint32_t)t.off + t.len <= rec->size);
}

int espy_wire_check(const struct espy_wire_plan *plan, const struct espy_event *rec)
{
	const char *at = (const char *)rec;

	if (rec->size < plan->size || rec->duration > rec->time)
		return -EBADMSG;
	if (rec->abi >= ESPY_ABI__MAX || rec->abi == ESPY_ABI_PROCMON)
		return -EBADMSG;
	for (unsigned i = 0; i < plan->n_paths; i++) {
		const struct espy_path *p = (const void *)(at + plan->path[i]);

		if (p->source >= ESPY_SOURCE__MAX || !text_fits(plan, rec, p->text))
			return -EBADMSG;
	}
	for (unsigned i = 0; i < plan->n_texts; i++)
		if (!text_fits(plan, rec, *(const struct espy_text *)(at + plan->text[i])))
			return -EBADMSG;
	return 0;
}
