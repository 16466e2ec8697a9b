/* SPDX-License-Identifier: MIT */
/*
 * A file of Process Monitor (PML): its header, where its parts are, and bytes of it by their
 * offset.
 *
 * The file is mapped; nothing is read outside of it, whatever its offsets say. It must not be cut
 * short by somebody else while it is open. Layout: docs/format/pml.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define ESPY_PML_HEADER      0x3a8u
#define ESPY_PML_STRINGS_MAX (1u << 22) /* entries of the string table that are looked at */
#define ESPY_PML_STRING_MAX  (1u << 16) /* bytes of one of them, as long as Windows has any */
#define ESPY_PML_KEPT_MAX    (1u << 29) /* bytes that all tables keep; further strings are empty */

/* Offsets of the parts, 0 where the header has none. */
struct espy_pml_parts {
	uint64_t events, offsets, processes, strings, icons, hosts;
};

struct espy_pml {
	const uint8_t *p;
	void *map; /* the same, to be unmapped */
	uint64_t size;
	int fd;
	char *name; /* for errors */
	uint32_t version;
	bool is_64;
	bool is_closed;     /* Process Monitor wrote all parts, and they are there */
	bool is_cut;        /* it did, but the end of the file is missing */
	unsigned pointer;   /* bytes of an address: 4 or 8 */
	uint32_t n_events;  /* as the header says; not more than the offsets that are there */
	uint64_t last_user; /* highest address of user mode */
	struct espy_pml_parts at;

	struct espy_arena arena; /* of all that the tables keep */
	uint32_t n_strings;
	struct espy_str *strings; /* those asked for so far, in UTF-8; p is NULL before */
};

/* Is it one? `n` bytes of its head are enough from 8 on. */
bool espy_pml_probe(const uint8_t *head, size_t n);
/* Takes `fd` over, also on failure. 0, or -EBADMSG, -EINVAL (a pipe), -ENOMEM, … with a sentence.
 */
int espy_pml_open(struct espy_pml *f, int fd, const char *name, struct espy_err *err);
void espy_pml_close(struct espy_pml *f);

/* `n` bytes at `at`, or NULL when they are not in the file. */
static inline const uint8_t *espy_pml_bytes(const struct espy_pml *f, uint64_t at, uint64_t n)
{
	return at <= f->size && n <= f->size - at ? f->p + at : NULL;
}

/* Little-endian numbers in memory. */
static inline uint16_t espy_pml_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint32_t espy_pml_u32(const uint8_t *p)
{
	return espy_pml_u16(p) | (uint32_t)espy_pml_u16(p + 2) << 16;
}
static inline uint64_t espy_pml_u64(const uint8_t *p)
{
	return espy_pml_u32(p) | (uint64_t)espy_pml_u32(p + 4) << 32;
}
/* An address of the file's width. */
static inline uint64_t espy_pml_pointer(const struct espy_pml *f, const uint8_t *p)
{
	return f->is_64 ? espy_pml_u64(p) : espy_pml_u32(p);
}

/* Appends UTF-16 of `bytes` as UTF-8; a lone surrogate becomes U+FFFD. */
void espy_pml_utf16(struct espy_buf *out, const uint8_t *p, size_t bytes);
/* The same into the file's arena, without final NULs; p is NULL when memory is out. */
struct espy_str espy_pml_keep_utf16(struct espy_pml *f, const uint8_t *p, size_t bytes);

/* A string of the table by its number, kept until the file is closed; empty when there is none. */
struct espy_str espy_pml_string(struct espy_pml *f, uint32_t number);

/* FILETIME (100 ns since 1601) to ns since 1970; 0 for what lies before or too far ahead. */
uint64_t espy_pml_time(uint64_t filetime);
