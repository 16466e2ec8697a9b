/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_ALIGN      16U
#define ARENA_CHUNK_MIN  ((size_t)16 << 10)
#define ARENA_CHUNK_MAX  ((size_t)16 << 20) /* doubling stops here; larger requests still work */
#define ARENA_LENGTH_MAX (SIZE_MAX / 4)

struct espy_arena_chunk {
	struct espy_arena_chunk *next;
	size_t size, used;
	_Alignas(ARENA_ALIGN) char data[];
};

static size_t round_up(size_t n)
{
	return (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
}

/* Each chunk is twice the one before, so that a reset soon keeps a chunk that holds a whole round.
 */
static struct espy_arena_chunk *add_chunk(struct espy_arena *a, size_t need)
{
	size_t size = a->head ? a->head->size * 2 : ARENA_CHUNK_MIN;
	struct espy_arena_chunk *c;

	if (size > ARENA_CHUNK_MAX)
		size = ARENA_CHUNK_MAX;
	if (size < need)
		size = need;
	c = malloc(sizeof(*c) + size);
	if (!c)
		return NULL;
	*c = (struct espy_arena_chunk){.next = a->head, .size = size};
	ASAN_POISON_MEMORY_REGION(c->data, size);
	a->head = c;
	return c;
}

void *espy_arena_alloc(struct espy_arena *a, size_t size)
{
	struct espy_arena_chunk *c = a->head;
	size_t need = round_up(size ? size : 1);
	char *p;

	if (size > ARENA_LENGTH_MAX)
		return NULL;
	if (!c || c->size - c->used < need) {
		c = add_chunk(a, need);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += need;
	a->used += need;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return p;
}

void *espy_arena_zalloc(struct espy_arena *a, size_t size)
{
	void *p = espy_arena_alloc(a, size);

	return p ? memset(p, 0, size) : NULL;
}

char *espy_arena_dup(struct espy_arena *a, const void *p, size_t n)
{
	char *copy = n < ARENA_LENGTH_MAX ? espy_arena_alloc(a, n + 1) : NULL;

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *espy_arena_printf(struct espy_arena *a, const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		out = espy_arena_alloc(a, (size_t)n + 1);
	if (!out)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(out, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return out;
}

/* Frees all chunks but `keep` (which may be NULL). */
static void free_chunks(struct espy_arena *a, struct espy_arena_chunk *keep)
{
	struct espy_arena_chunk *c = a->head;

	while (c) {
		struct espy_arena_chunk *next = c->next;

		if (c != keep)
			free(c);
		c = next;
	}
	*a = (struct espy_arena){.head = keep};
}

void espy_arena_reset(struct espy_arena *a)
{
	struct espy_arena_chunk *keep = a->head;

	for (struct espy_arena_chunk *c = a->head; c; c = c->next)
		if (c->size > keep->size)
			keep = c;
	free_chunks(a, keep);
	if (!keep)
		return;
	keep->next = NULL;
	keep->used = 0;
	ASAN_POISON_MEMORY_REGION(keep->data, keep->size);
}

void espy_arena_done(struct espy_arena *a)
{
	free_chunks(a, NULL);
}
