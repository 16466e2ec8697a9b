/* SPDX-License-Identifier: MIT */
#include "enrich/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ORDER ELFDATA2LSB
#else
#define NATIVE_ORDER ELFDATA2MSB
#endif

/* What was read, and the state of the file then. The change time is asked for and not that of the
 * contents, which anybody can set back; a compiler's a.out comes again and again with one inode. */
struct image {
	int64_t ctime_ns;
	uint64_t size;
	uint32_t n; /* characters of hex */
	char hex[2 * ESPY_BUILD_ID_MAX];
	uint32_t n_code;
	struct espy_image_code code[ESPY_IMAGE_CODE_MAX];
};

/* Bytes read at `off`, fewer only at the end of the file; or negative errno. */
static ssize_t read_at(int fd, void *to, size_t size, uint64_t off)
{
	size_t n = 0;

	if (off > INT64_MAX - size)
		return -EBADMSG;
	while (n < size) {
		ssize_t r = pread(fd, (char *)to + n, size - n, (off_t)(off + n));

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			break;
		n += r > 0 ? (size_t)r : 0;
	}
	return (ssize_t)n;
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Walks the notes of one segment; length of the build-id, 0 when it is not among them. */
static int find_note(const unsigned char *p, size_t size, unsigned char *ret)
{
	Elf64_Nhdr h; /* the same in both classes */

	while (size >= sizeof(h)) {
		size_t name, desc;

		memcpy(&h, p, sizeof(h));
		name = align4(h.n_namesz);
		desc = align4(h.n_descsz);
		if (name > size - sizeof(h) || desc > size - sizeof(h) - name)
			return 0;
		p += sizeof(h);
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && memcmp(p, "GNU", 4) == 0 &&
		    h.n_descsz > 0 && h.n_descsz <= ESPY_BUILD_ID_MAX) {
			memcpy(ret, p + name, h.n_descsz);
			return (int)h.n_descsz;
		}
		p += name + desc;
		size -= sizeof(h) + name + desc;
	}
	return 0;
}

static int read_notes(int fd, uint64_t off, uint64_t size, unsigned char *ret)
{
	unsigned char notes[ESPY_IMAGE_NOTES_MAX];
	ssize_t n = read_at(fd, notes, size < sizeof(notes) ? size : sizeof(notes), off);

	return n < 0 ? (int)n : find_note(notes, (size_t)n, ret);
}

/* Where the program headers are, in terms of the 64-bit class. */
struct table {
	uint64_t off;
	unsigned n, entry;
	bool is_64;
};

static int read_header(int fd, struct table *t)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} u;
	ssize_t n = read_at(fd, &u, sizeof(u), 0);

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(u.h32) || memcmp(u.ident, ELFMAG, SELFMAG) != 0 ||
	    u.ident[EI_DATA] != NATIVE_ORDER)
		return -EBADMSG;
	if (u.ident[EI_CLASS] == ELFCLASS64 && (size_t)n == sizeof(u.h64))
		*t = (struct table){u.h64.e_phoff, u.h64.e_phnum, u.h64.e_phentsize, true};
	else if (u.ident[EI_CLASS] == ELFCLASS32)
		*t = (struct table){u.h32.e_phoff, u.h32.e_phnum, u.h32.e_phentsize, false};
	else
		return -EBADMSG;
	if (t->n > ESPY_IMAGE_HEADERS_MAX ||
	    t->entry != (t->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return -EBADMSG;
	return 0;
}

union headers {
	Elf32_Phdr h32[ESPY_IMAGE_HEADERS_MAX];
	Elf64_Phdr h64[ESPY_IMAGE_HEADERS_MAX];
};

static int read_headers(int fd, struct table *t, union headers *ret)
{
	int r = read_header(fd, t);
	ssize_t n;

	if (r < 0)
		return r;
	memset(ret, 0, sizeof(*ret));
	n = read_at(fd, ret, (size_t)t->n * t->entry, t->off);
	if (n != (ssize_t)((size_t)t->n * t->entry))
		return n < 0 ? (int)n : -EBADMSG;
	return 0;
}

static Elf64_Phdr header_at(const struct table *t, const union headers *u, unsigned i)
{
	const Elf32_Phdr *h = &u->h32[i];

	if (t->is_64)
		return u->h64[i];
	return (Elf64_Phdr){.p_type = h->p_type,
			    .p_flags = h->p_flags,
			    .p_offset = h->p_offset,
			    .p_vaddr = h->p_vaddr,
			    .p_filesz = h->p_filesz};
}

int espy_image_read(int fd, unsigned char ret[ESPY_BUILD_ID_MAX])
{
	union headers u;
	struct table t = {0};
	int r = read_headers(fd, &t, &u);

	for (unsigned i = 0; i < t.n && r == 0; i++) {
		Elf64_Phdr h = header_at(&t, &u, i);

		if (h.p_type == PT_NOTE)
			r = read_notes(fd, h.p_offset, h.p_filesz, ret);
	}
	return r;
}

int espy_image_code(int fd, struct espy_image_code ret[ESPY_IMAGE_CODE_MAX])
{
	union headers u;
	struct table t = {0};
	int r = read_headers(fd, &t, &u), n = 0;

	for (unsigned i = 0; i < t.n && r == 0 && n < (int)ESPY_IMAGE_CODE_MAX; i++) {
		Elf64_Phdr h = header_at(&t, &u, i);

		if (h.p_type == PT_LOAD && h.p_flags & PF_X)
			ret[n++] = (struct espy_image_code){h.p_offset, h.p_filesz, h.p_vaddr};
	}
	return r < 0 ? r : n;
}

/* Is it the file that was mapped? File systems of the kernel's own making (overlayfs, btrfs) may
 * give stat(2) another device than their inodes have, but both are then without a major number. */
static bool is_file(const struct stat *st, const struct espy_image_key *key)
{
	dev_t dev = makedev(key->dev >> 20, key->dev & 0xfffff);

	return S_ISREG(st->st_mode) && st->st_ino == key->inode &&
	       (st->st_dev == dev || (major(st->st_dev) == 0 && major(dev) == 0));
}

/* Looks first and opens then: opening a device or a FIFO could do harm or wait. */
static int open_at(const char *path, const struct espy_image_key *key, struct stat *st)
{
	int place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd;
	char self[32];

	if (place < 0)
		return -errno;
	if (fstat(place, st) < 0 || !is_file(st, key)) {
		close(place);
		return -ESTALE;
	}
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(place);
	return fd;
}

static void forget_all(struct espy_images *t)
{
	struct espy_map_slot *s;
	size_t i = 0;

	while ((s = espy_map_next(&t->map, &i)))
		free(s->value);
	espy_map_done(&t->map);
}

void espy_images_done(struct espy_images *t)
{
	forget_all(t);
}

static int64_t ctime_of(const struct stat *st)
{
	return st->st_ctim.tv_sec * 1000000000ll + st->st_ctim.tv_nsec;
}

static bool is_fresh(const struct image *m, const struct stat *st)
{
	return m->ctime_ns == ctime_of(st) && m->size == (uint64_t)st->st_size;
}

static void look(struct image *m, int fd, const struct stat *st)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char id[ESPY_BUILD_ID_MAX] = {0};
	int n = espy_image_read(fd, id);

	m->n = 0;
	for (int i = 0; i < n; i++) {
		m->hex[m->n++] = digits[id[i] >> 4];
		m->hex[m->n++] = digits[id[i] & 15];
	}
	n = espy_image_code(fd, m->code);
	m->n_code = n > 0 ? (uint32_t)n : 0;
	m->ctime_ns = ctime_of(st);
	m->size = (uint64_t)st->st_size;
}

static struct image *new_image(struct espy_images *t, const struct espy_image_key *key)
{
	struct image *m;

	if (t->map.n >= ESPY_IMAGES_MAX)
		forget_all(t);
	m = calloc(1, sizeof(*m));
	if (m && espy_map_put(&t->map, key->inode, key->dev, m) < 0) {
		free(m);
		m = NULL;
	}
	return m;
}

/* NULL: the path does not lead to the file. */
static struct image *get_image(struct espy_images *t, const struct espy_image_key *key,
			       const char *path)
{
	struct image *m = espy_map_get(&t->map, key->inode, key->dev);
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !is_file(&st, key))
		return NULL;
	if (m && is_fresh(m, &st))
		return m;
	fd = open_at(path, key, &st);
	if (fd < 0)
		return NULL;
	if (!m)
		m = new_image(t, key);
	if (m)
		look(m, fd, &st);
	close(fd);
	return m;
}

/* As we see the path, or as the process does: its mount namespace may be another. False: there is
 * none to try. */
static bool path_for(char path[static PATH_MAX + 32], const struct espy_image_key *key, bool theirs)
{
	if (key->path.n == 0 || key->path.n >= PATH_MAX || key->path.p[0] != '/' ||
	    (theirs && !key->pid))
		return false;
	if (theirs)
		snprintf(path, PATH_MAX + 32, "/proc/%u/root%.*s", key->pid, (int)key->path.n,
			 key->path.p);
	else
		snprintf(path, PATH_MAX + 32, "%.*s", (int)key->path.n, key->path.p);
	return true;
}

int espy_image_open(const struct espy_image_key *key)
{
	char path[PATH_MAX + 32];
	struct stat st;
	int fd = -ENOENT;

	if (path_for(path, key, false))
		fd = open_at(path, key, &st);
	if (fd < 0 && path_for(path, key, true))
		fd = open_at(path, key, &st);
	return fd;
}

/* By the path as we see it, else as the process sees it: its mount namespace may be another. */
static struct image *find_image(struct espy_images *t, const struct espy_image_key *key)
{
	char path[PATH_MAX + 32];
	struct image *m = NULL;

	if (path_for(path, key, false))
		m = get_image(t, key, path);
	if (!m && path_for(path, key, true))
		m = get_image(t, key, path);
	return m;
}

struct espy_str espy_image_build_id(struct espy_images *t, const struct espy_image_key *key)
{
	struct image *m = find_image(t, key);

	return m ? (struct espy_str){m->hex, m->n} : ESPY_STR_NONE;
}

/* A page of a segment begins before what the segment has of it. */
#define PAGE 4096u

uint64_t espy_image_address(struct espy_images *t, const struct espy_image_key *key,
			    uint64_t offset)
{
	struct image *m = find_image(t, key);

	for (uint32_t i = 0; m && i < m->n_code; i++) {
		const struct espy_image_code *c = &m->code[i];
		uint64_t first = c->offset & ~(uint64_t)(PAGE - 1);

		if (offset >= first && offset - first < c->length + (c->offset - first))
			return offset - c->offset + c->address;
	}
	return offset;
}
