/* SPDX-License-Identifier: MIT */
#include "trace/parts.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".part"
#define DIGITS 16

void espy_part_name(char name[static ESPY_PART_NAME_SIZE], uint64_t start)
{
	snprintf(name, ESPY_PART_NAME_SIZE, "%016" PRIx64 SUFFIX, start);
}

static bool is_part(const char *name, uint64_t *ret_start)
{
	uint64_t v = 0;

	for (int i = 0; i < DIGITS; i++) {
		char c = name[i];

		if (!isdigit((unsigned char)c) && (c < 'a' || c > 'f'))
			return false;
		v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret_start = v;
	return strcmp(name + DIGITS, SUFFIX) == 0;
}

/* --- the list --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* A stream of its own, so that several looks do not share a position. */
static DIR *open_list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static int look(struct espy_parts *p)
{
	DIR *d = open_list(p->dir);
	const struct dirent *e;
	uint64_t start;
	int r = 0;

	if (!d)
		return -errno;
	p->starts.n = 0;
	while (r == 0 && (e = readdir(d))) {
		if (!is_part(e->d_name, &start))
			continue;
		r = p->starts.n < ESPY_PARTS_MAX ? espy_vec_push(&p->starts, start) : -E2BIG;
	}
	closedir(d);
	if (p->starts.n)
		qsort(p->starts.v, p->starts.n, sizeof(*p->starts.v), compare);
	return r;
}

int espy_parts_open(struct espy_parts *p, int dir)
{
	int r;

	*p = (struct espy_parts){.dir = dir, .fd = -1};
	r = look(p);
	if (r == 0 && (p->starts.n == 0 || p->starts.v[0] != 0))
		r = -EISDIR;
	if (r < 0)
		espy_parts_done(p);
	return r;
}

static void close_part(struct espy_parts *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void espy_parts_done(struct espy_parts *p)
{
	close_part(p);
	if (p->dir >= 0)
		close(p->dir);
	p->dir = -1;
	espy_vec_done(&p->starts);
}

/* --- one part --------------------------------------------------------------------------------- */

static int measure(struct espy_parts *p)
{
	struct stat st;

	if (fstat(p->fd, &st) < 0)
		return -errno;
	p->size = (uint64_t)st.st_size;
	return 0;
}

/* Opens the part with that start. 1, 0: it is not there (any more), or negative errno. */
static int open_part(struct espy_parts *p, uint64_t start)
{
	char name[ESPY_PART_NAME_SIZE];
	int fd, r;

	espy_part_name(name, start);
	fd = openat(p->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	close_part(p);
	p->fd = fd;
	p->start = start;
	r = measure(p);
	return r < 0 ? r : 1;
}

/* The last part that begins at or before `at`, -1 none. */
static ptrdiff_t find(const struct espy_parts *p, uint64_t at)
{
	ptrdiff_t i = -1;

	while ((size_t)(i + 1) < p->starts.n && p->starts.v[i + 1] <= at)
		i++;
	return i;
}

static bool holds(const struct espy_parts *p, uint64_t at)
{
	return p->fd >= 0 && at >= p->start && at - p->start < p->size;
}

/* Makes the part that holds `at` the open one. 1, 0: none does, or negative errno. */
static int seek(struct espy_parts *p, uint64_t at)
{
	ptrdiff_t i;
	int r;

	if (holds(p, at))
		return 1;
	/* the open one may have grown */
	if (p->fd >= 0 && at >= p->start && measure(p) == 0 && holds(p, at))
		return 1;
	r = look(p);
	i = r < 0 ? -1 : find(p, at);
	if (i < 0)
		return r;
	r = p->fd >= 0 && p->start == p->starts.v[i] ? measure(p) : open_part(p, p->starts.v[i]);
	return r < 0 ? r : holds(p, at);
}

ssize_t espy_parts_read(struct espy_parts *p, uint64_t at, void *buf, size_t n)
{
	uint64_t left;
	ssize_t r = seek(p, at);

	if (r <= 0)
		return r;
	left = p->start + p->size - at;
	r = pread(p->fd, buf, n < left ? n : (size_t)left, (off_t)(at - p->start));
	return r < 0 ? -errno : r;
}

uint64_t espy_parts_end(struct espy_parts *p, uint64_t at)
{
	return seek(p, at) > 0 && measure(p) == 0 ? p->start + p->size : 0;
}

uint64_t espy_parts_after(struct espy_parts *p, uint64_t at)
{
	size_t i;

	/* First the list, then the size: a part is only followed by another when it is complete. */
	if (look(p) < 0)
		return 0;
	if (p->fd >= 0)
		measure(p);
	i = (size_t)(find(p, at) + 1);
	return i < p->starts.n ? p->starts.v[i] : 0;
}

uint64_t espy_parts_size(struct espy_parts *p)
{
	uint64_t last;
	struct stat st;
	char name[ESPY_PART_NAME_SIZE];

	if (look(p) < 0 || p->starts.n == 0)
		return 0;
	last = p->starts.v[p->starts.n - 1];
	espy_part_name(name, last);
	return fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? last
								   : last + (uint64_t)st.st_size;
}

/* --- removing --------------------------------------------------------------------------------- */

/* Is there anything in the directory that is not a part? 1, 0, or negative errno. */
static int has_others(int dir)
{
	DIR *d = open_list(dir);
	const struct dirent *e;
	uint64_t start;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (e = readdir(d)))
		r = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    !is_part(e->d_name, &start);
	closedir(d);
	return r;
}

int espy_parts_remove(const char *path)
{
	struct espy_parts p = {.fd = -1};
	char name[ESPY_PART_NAME_SIZE];
	int r;

	p.dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p.dir < 0)
		return -errno;
	r = has_others(p.dir);
	r = r > 0 ? -ENOTEMPTY : r < 0 ? r : look(&p);
	/* the first part goes last: what is left half done is still a trace */
	for (size_t i = p.starts.n; r == 0 && i-- > 0;) {
		espy_part_name(name, p.starts.v[i]);
		r = unlinkat(p.dir, name, 0) < 0 ? -errno : 0;
	}
	espy_parts_done(&p);
	if (r == 0 && rmdir(path) < 0)
		r = -errno;
	return r;
}
