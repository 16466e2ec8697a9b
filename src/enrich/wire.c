/* SPDX-License-Identifier: MIT */
#include "enrich/wire.h"

#include <errno.h>

static bool text_fits(const struct espy_schema *s, const struct espy_event *rec, struct espy_text t)
{
	return t.len == 0 || (t.off >= s->size && (uint32_t)t.off + t.len <= rec->size);
}

static bool field_fits(const struct espy_schema *s, const struct espy_event *rec,
		       const struct espy_field *f)
{
	const char *at = (const char *)rec + f->offset;

	if (f->kind == ESPY_KIND_text)
		return text_fits(s, rec, *(const struct espy_text *)at);
	if (f->kind == ESPY_KIND_path) {
		const struct espy_path *p = (const void *)at;

		return p->source < ESPY_SOURCE__MAX && text_fits(s, rec, p->text);
	}
	return true;
}

int espy_wire_check(const struct espy_schema *s, const struct espy_event *rec)
{
	if (rec->size < s->size || rec->duration > rec->time)
		return -EBADMSG;
	if (rec->abi >= ESPY_ABI__MAX || rec->abi == ESPY_ABI_PROCMON)
		return -EBADMSG;
	for (unsigned i = 0; i < s->n_fields; i++)
		if (!field_fits(s, rec, &s->fields[i]))
			return -EBADMSG;
	return 0;
}
