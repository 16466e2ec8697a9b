/* SPDX-License-Identifier: MIT */
/*
 * Build-ids of ELF files (elf(5), NT_GNU_BUILD_ID), read from the file once it was seen mapped and
 * remembered by its identity. The file may be anybody's: only the ELF header, the program headers
 * and the note segments are read, each within a limit and never through a mapping, which a
 * truncation under us would turn into SIGBUS. libelf is not used because it sizes its tables by the
 * section count of the file before anything can be checked.
 */
#pragma once

#include <stdint.h>
#include "base/map.h"
#include "base/str.h"

#define ESPY_IMAGES_MAX        4096u  /* files remembered */
#define ESPY_IMAGE_HEADERS_MAX 128u   /* program headers of a file */
#define ESPY_IMAGE_NOTES_MAX   16384u /* bytes looked at in one note segment */
#define ESPY_BUILD_ID_MAX      64u    /* bytes */
#define ESPY_IMAGE_CODE_MAX    4u     /* segments with code of a file */

struct espy_images {
	struct espy_map map; /* (inode, device) → struct image */
};

/* Which file, and how to reach it. */
struct espy_image_key {
	uint64_t inode;
	uint32_t dev; /* as the kernel packs it */
	uint32_t pid; /* a process that sees the path, in its own mount namespace; 0 none */
	struct espy_str path;
};

/* A segment that can be run: where it is in the file, and which address its symbols give to that.
 */
struct espy_image_code {
	uint64_t offset, length, address;
};

void espy_images_done(struct espy_images *t);

/* The build-id in hexadecimal, empty when there is none or the file cannot be read any more (or is
 * not the one that was mapped). Valid until the next call. */
struct espy_str espy_image_build_id(struct espy_images *t, const struct espy_image_key *key);

/* Opens the file for reading, if the path still leads to it; negative errno otherwise. */
int espy_image_open(const struct espy_image_key *key);

/* The build-id of an open file in ret[]; its length, 0 when there is none, or -EBADMSG (not ELF, or
 * damaged) or another negative errno. */
int espy_image_read(int fd, unsigned char ret[ESPY_BUILD_ID_MAX]);

/* The address that the file's own symbols give to the byte at `offset`; `offset` where no segment
 * with code has it, or the file cannot be read. */
uint64_t espy_image_address(struct espy_images *t, const struct espy_image_key *key,
			    uint64_t offset);

/* The segments with code of an open file; how many, or negative errno as espy_image_read. */
int espy_image_code(int fd, struct espy_image_code ret[ESPY_IMAGE_CODE_MAX]);
