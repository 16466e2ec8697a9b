/* SPDX-License-Identifier: MIT */
#include "sense/plain-record.h"

#include <assert.h>

void espy_record_begin(struct espy_record *r, unsigned type, size_t fixed)
{
	assert(fixed <= sizeof(r->bytes) && fixed % 8 == 0);
	memset(r->bytes, 0, fixed);
	r->fixed = fixed;
	r->n = 0;
	r->hdr.type = (uint16_t)type;
	r->hdr.flags = ESPY_F_PLAIN;
}

void espy_record_text(struct espy_record *r, struct espy_text *to, struct espy_str s)
{
	if (s.n > sizeof(r->text) - r->n) {
		s.n = sizeof(r->text) - r->n;
		r->hdr.flags |= ESPY_F_TRUNCATED;
	}
	if (s.n) /* `p` may be NULL then, which memcpy must not get */
		memcpy(r->text + r->n, s.p, s.n);
	to->off = (uint16_t)(r->fixed + r->n);
	to->len = (uint16_t)s.n;
	r->n += s.n;
}

void espy_record_path(struct espy_record *r, struct espy_path *to, struct espy_str s,
		      unsigned source)
{
	espy_record_text(r, &to->text, s);
	if (s.n || source == ESPY_SOURCE_PARTIAL)
		to->source = (uint8_t)source;
}

const struct espy_event *espy_record_end(struct espy_record *r)
{
	size_t size = r->fixed + r->n;
	char *whole = (char *)r; /* the text moves up to the event */

	memmove(whole + r->fixed, r->text, r->n);
	memset(whole + size, 0, -size & 7);
	r->hdr.size = (uint32_t)(size + (-size & 7));
	return &r->hdr;
}
