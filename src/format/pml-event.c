/* SPDX-License-Identifier: MIT */
#include "format/pml-event.h"
#include <errno.h>

#define HEAD 52

uint64_t espy_pml_event_offset(const struct espy_pml *f, uint32_t i)
{
	const uint8_t *p = espy_pml_bytes(f, f->at.offsets + 5ull * i, 5);

	return p ? espy_pml_u32(p) | (uint64_t)p[4] << 32 : UINT64_MAX;
}

static void read_head(const uint8_t *p, struct espy_pml_event *e)
{
	e->process = espy_pml_u32(p);
	e->tid = espy_pml_u32(p + 4);
	e->class_id = espy_pml_u16(p + 8);
	e->operation = espy_pml_u16(p + 12);
	e->sequence = espy_pml_u32(p + 16);
	e->duration = espy_pml_u64(p + 20);
	e->time = espy_pml_u64(p + 28);
	e->status = espy_pml_u32(p + 36);
	e->depth = espy_pml_u16(p + 40);
	e->detail.n = espy_pml_u32(p + 44);
}

int espy_pml_event_read(const struct espy_pml *f, uint64_t at, struct espy_pml_event *ret)
{
	struct espy_pml_event e = {.at = at};
	const uint8_t *p = espy_pml_bytes(f, at, HEAD);
	uint64_t stack, extra;

	if (!p)
		return -EBADMSG;
	read_head(p, &e);
	extra = espy_pml_u32(p + 48);
	stack = (uint64_t)e.depth * f->pointer;
	e.stack = espy_pml_bytes(f, at + HEAD, stack);
	e.detail.p = espy_pml_bytes(f, at + HEAD + stack, e.detail.n);
	if (!e.stack || !e.detail.p || e.detail.n > ESPY_PML_DETAIL_MAX)
		return -EBADMSG;
	e.next = at + HEAD + stack + e.detail.n;
	if (extra) {
		p = espy_pml_bytes(f, at + extra, 2);
		e.extra.n = p ? espy_pml_u16(p) : 0;
		e.extra.p = p ? espy_pml_bytes(f, at + extra + 2, e.extra.n) : NULL;
		if (!e.extra.p)
			return -EBADMSG;
		if (at + extra + 2 + e.extra.n > e.next)
			e.next = at + extra + 2 + e.extra.n;
	}
	*ret = e;
	return 0;
}
