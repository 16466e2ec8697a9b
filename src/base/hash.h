/* SPDX-License-Identifier: MIT */
/*
 * Hashes of the content of a file or of a stream: SHA-256 (FIPS 180-4), SHA-1 and MD5 (RFC 1321),
 * by libcrypto of OpenSSL 3. The last two name files in other people's lists; they prove nothing
 * any more.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum espy_hash_kind { ESPY_HASH_SHA256, ESPY_HASH_SHA1, ESPY_HASH_MD5, ESPY_HASH__MAX };

#define ESPY_HASH_HEX 64 /* characters of the longest */

struct espy_hashes {
	char hex[ESPY_HASH__MAX][ESPY_HASH_HEX + 1]; /* "" where it was not asked for */
};

struct espy_hasher;

extern const char *const espy_hash_names[ESPY_HASH__MAX]; /* sha256, sha1, md5 */

/* `kinds`: bits by enum espy_hash_kind. -ENOTSUP with a sentence when this system's OpenSSL does
 * not have one of them, as when its policy forbids MD5. */
int espy_hasher_new(struct espy_hasher **ret, unsigned kinds, struct espy_err *err);
void espy_hasher_free(struct espy_hasher *h);

/* Bytes as they come. False when OpenSSL fails. */
bool espy_hasher_begin(struct espy_hasher *h);
bool espy_hasher_add(struct espy_hasher *h, const void *p, size_t n);
bool espy_hasher_end(struct espy_hasher *h, struct espy_hashes *ret);

/* Reads the file from its beginning to its end, `max` bytes at the most. 0, -EFBIG (longer),
 * -ECANCELED (*stop became true), or another negative errno. */
int espy_hasher_file(struct espy_hasher *h, int fd, uint64_t max, const atomic_bool *stop,
		     struct espy_hashes *ret);
