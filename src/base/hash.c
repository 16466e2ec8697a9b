/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES (128u << 10)
#define LIBRARY     "libcrypto.so.3" /* its interface: OPENSSL_SHLIB_VERSION of openssl/opensslv.h */
_Static_assert(OPENSSL_SHLIB_VERSION == 3, "LIBRARY is another one");

/* What is used of it. */
#define FUNCTIONS(F)          \
	F(EVP_MD_fetch)       \
	F(EVP_MD_free)        \
	F(EVP_MD_CTX_new)     \
	F(EVP_MD_CTX_free)    \
	F(EVP_DigestInit_ex2) \
	F(EVP_DigestUpdate)   \
	F(EVP_DigestFinal_ex)

const char *const espy_hash_names[ESPY_HASH__MAX] = {"sha256", "sha1", "md5"};

struct espy_hasher {
#define F(name) __typeof__(&(name)) name;
	FUNCTIONS(F)
#undef F
	EVP_MD *md[ESPY_HASH__MAX]; /* NULL: not asked for */
	EVP_MD_CTX *ctx[ESPY_HASH__MAX];
	unsigned char chunk[CHUNK_BYTES];
};

/* A process that hashes nothing does without its megabyte and a half. It stays: it cannot be taken
 * out again once threads have used it. */
static int find_functions(struct espy_hasher *h, struct espy_err *err)
{
	static const struct {
		const char *name;
		size_t at;
	} functions[] = {
#define F(name) {#name, offsetof(struct espy_hasher, name)},
		FUNCTIONS(F)
#undef F
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *fn = library ? dlsym(library, functions[i].name) : NULL;

		if (!fn)
			return espy_err_set(err, -ENOTSUP,
					    "hashes need OpenSSL, which is not there: %s; install "
					    "it or leave out --hashes",
					    dlerror());
		memcpy((char *)h + functions[i].at, &fn, sizeof(fn));
	}
	return 0;
}

static int add_kind(struct espy_hasher *h, unsigned kind, struct espy_err *err)
{
	assert(h->EVP_MD_fetch);
	h->md[kind] = h->EVP_MD_fetch(NULL, espy_hash_names[kind], NULL);
	if (!h->md[kind])
		return espy_err_set(err, -ENOTSUP,
				    "the OpenSSL of this system does not offer %s: leave it out of "
				    "--hashes",
				    espy_hash_names[kind]);
	h->ctx[kind] = h->EVP_MD_CTX_new();
	return h->ctx[kind] ? 0 : -ENOMEM;
}

int espy_hasher_new(struct espy_hasher **ret, unsigned kinds, struct espy_err *err)
{
	struct espy_hasher *h = calloc(1, sizeof(*h));
	int r = !h ? -ENOMEM : kinds ? find_functions(h, err) : 0;

	for (unsigned k = 0; k < ESPY_HASH__MAX && r == 0; k++)
		if (kinds & 1u << k)
			r = add_kind(h, k, err);
	if (r < 0) {
		espy_hasher_free(h);
		return r;
	}
	*ret = h;
	return 0;
}

void espy_hasher_free(struct espy_hasher *h)
{
	for (unsigned k = 0; h && k < ESPY_HASH__MAX; k++) {
		if (h->ctx[k])
			h->EVP_MD_CTX_free(h->ctx[k]);
		if (h->md[k])
			h->EVP_MD_free(h->md[k]);
	}
	free(h);
}

static void to_hex(char *to, const unsigned char *p, unsigned n)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < n && i < ESPY_HASH_HEX / 2; i++) {
		*to++ = digits[p[i] >> 4];
		*to++ = digits[p[i] & 15];
	}
	*to = '\0';
}

bool espy_hasher_begin(struct espy_hasher *h)
{
	bool good = true;

	for (unsigned k = 0; k < ESPY_HASH__MAX; k++)
		good &= !h->md[k] || h->EVP_DigestInit_ex2(h->ctx[k], h->md[k], NULL) == 1;
	return good;
}

bool espy_hasher_add(struct espy_hasher *h, const void *p, size_t n)
{
	bool good = true;

	for (unsigned k = 0; k < ESPY_HASH__MAX; k++)
		good &= !h->md[k] || h->EVP_DigestUpdate(h->ctx[k], p, n) == 1;
	return good;
}

bool espy_hasher_end(struct espy_hasher *h, struct espy_hashes *ret)
{
	unsigned char value[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	for (unsigned k = 0; k < ESPY_HASH__MAX; k++) {
		ret->hex[k][0] = '\0';
		if (!h->md[k])
			continue;
		if (h->EVP_DigestFinal_ex(h->ctx[k], value, &n) != 1)
			return false;
		to_hex(ret->hex[k], value, n);
	}
	return true;
}

int espy_hasher_file(struct espy_hasher *h, int fd, uint64_t max, const atomic_bool *stop,
		     struct espy_hashes *ret)
{
	struct espy_hashes all = {0};
	uint64_t at = 0;
	ssize_t n;

	if (!espy_hasher_begin(h))
		return -EIO;
	while ((n = pread(fd, h->chunk, CHUNK_BYTES, (off_t)at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (uint64_t)n;
		if (at > max)
			return -EFBIG;
		if (atomic_load(stop))
			return -ECANCELED;
		if (!espy_hasher_add(h, h->chunk, (size_t)n))
			return -EIO;
	}
	if (!espy_hasher_end(h, &all))
		return -EIO;
	*ret = all;
	return 0;
}
