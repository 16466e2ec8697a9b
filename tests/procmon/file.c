/* SPDX-License-Identifier: MIT */
#include "file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define GROW (1u << 22)

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(2);
}

static char *more(char *p, size_t n)
{
	char *q = realloc(p, n);

	if (!q)
		fail("", "no memory left");
	return q;
}

static char *read_all(const char *path, size_t *ret_n)
{
	FILE *f = fopen(path, "re");
	char *p = NULL;
	size_t n = 0, got;

	if (!f)
		fail(path, "cannot be opened");
	do {
		p = more(p, n + GROW);
		got = fread(p + n, 1, GROW, f);
		n += got;
	} while (got);
	fclose(f);
	*ret_n = n;
	return p;
}

static char *inflate_all(const char *path, char *packed, size_t packed_n, size_t *ret_n)
{
	z_stream z = {.next_in = (Bytef *)packed, .avail_in = (uInt)packed_n};
	char *p = NULL;
	size_t n = 0;
	int r = inflateInit(&z);

	while (r == Z_OK) {
		p = more(p, n + GROW);
		z.next_out = (Bytef *)p + n;
		z.avail_out = GROW;
		r = inflate(&z, Z_NO_FLUSH);
		n += GROW - z.avail_out;
	}
	if (r != Z_STREAM_END)
		fail(path, "is not a zlib stream");
	inflateEnd(&z);
	*ret_n = n;
	return p;
}

char *file_read(const char *path, size_t *ret_n)
{
	size_t length = strlen(path), n;
	char *p = read_all(path, &n), *inflated;

	*ret_n = n;
	if (length < 5 || strcmp(path + length - 5, ".zlib") != 0)
		return p;
	inflated = inflate_all(path, p, n, ret_n);
	free(p);
	return inflated;
}

const char *file_inflate(const char *path)
{
	static char name[64];
	size_t n;
	char *p = file_read(path, &n);
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		fail(path, "cannot be copied");
	free(p);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}
