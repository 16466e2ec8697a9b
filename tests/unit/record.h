/* SPDX-License-Identifier: MIT */
/* Records as the kernel side makes them, built by hand for tests. */
#pragma once

#include <assert.h>
#include <stdalign.h>
#include "model/schema.h"

#define RECORD_MAX 70000

struct record {
	alignas(8) union {
		struct espy_event hdr;
		char bytes[RECORD_MAX];
	};
};

/* An empty record of the type; returns its fixed part. */
static inline void *record_begin(struct record *r, unsigned type, uint64_t time)
{
	const struct espy_schema *s = espy_schema_get(type);

	assert(s);
	memset(r->bytes, 0, s->size);
	r->hdr.type = (uint16_t)type;
	r->hdr.size = s->size;
	r->hdr.time = time;
	return r->bytes;
}

static inline void record_actor(struct record *r, uint32_t pid, uint64_t start)
{
	r->hdr.pid = r->hdr.tid = pid;
	r->hdr.start = start;
}

static inline struct espy_text record_bytes(struct record *r, const void *p, size_t n)
{
	struct espy_text t = {(uint16_t)r->hdr.size, (uint16_t)n};

	assert(r->hdr.size + n <= RECORD_MAX && r->hdr.size <= UINT16_MAX && n <= UINT16_MAX);
	memcpy(r->bytes + r->hdr.size, p, n);
	r->hdr.size += (uint32_t)n;
	return t;
}

static inline struct espy_text record_text(struct record *r, const char *text)
{
	return record_bytes(r, text, strlen(text));
}

/* A string literal with NULs inside and at its end. */
#define record_lit(r, lit) record_bytes(r, lit, sizeof(lit))
