/* SPDX-License-Identifier: MIT */
#include "format/pml-file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EPOCH_FILETIME 116444736000000000ull /* of 1970-01-01 */
#define OFFSET_BYTES   5                     /* of one entry of the event offsets */

static const char magic[4] = {'P', 'M', 'L', '_'};

bool espy_pml_probe(const uint8_t *head, size_t n)
{
	return n >= 8 && memcmp(head, magic, sizeof(magic)) == 0;
}

static int map(struct espy_pml *f, struct espy_err *err)
{
	struct stat st;
	void *p;

	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return espy_err_at(err, -EINVAL, f->name, 0, 0,
				   "a PML file can only be read from a file on disk");
	if (st.st_size < (off_t)ESPY_PML_HEADER)
		return espy_err_at(err, -EBADMSG, f->name, 0, 0,
				   "the PML header ends at offset %lld, %u bytes are needed",
				   (long long)st.st_size, ESPY_PML_HEADER);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
	if (p == MAP_FAILED) {
		int e = -errno;

		return espy_err_at(err, e, f->name, 0, 0, "cannot map: %s", strerror(-e));
	}
	f->map = p;
	f->p = p;
	f->size = (uint64_t)st.st_size;
	return 0;
}

/* Parts may end anywhere, but must begin in the file. */
static bool is_cut(const struct espy_pml *f)
{
	const struct espy_pml_parts *at = &f->at;

	return at->events > f->size || at->offsets > f->size || at->processes > f->size ||
	       at->strings > f->size || at->icons > f->size || at->hosts > f->size;
}

static int read_header(struct espy_pml *f, struct espy_err *err)
{
	const uint8_t *p = f->p;
	uint64_t room;

	if (!espy_pml_probe(p, f->size))
		return espy_err_at(err, -EBADMSG, f->name, 0, 0,
				   "not a file of Process Monitor: it does not begin with PML_");
	f->version = espy_pml_u32(p + 4);
	if (f->version != 7 && f->version != 9)
		return espy_err_at(err, -EBADMSG, f->name, 0, 0,
				   "PML version %u at offset 4 is not known, only 7 and 9 are",
				   f->version);
	f->is_64 = espy_pml_u32(p + 8) == 1;
	f->pointer = f->is_64 ? 8 : 4;
	f->at = (struct espy_pml_parts){
		.events = espy_pml_u64(p + 0x240),
		.offsets = espy_pml_u64(p + 0x248),
		.processes = espy_pml_u64(p + 0x250),
		.strings = espy_pml_u64(p + 0x258),
		.icons = espy_pml_u64(p + 0x260),
		.hosts = espy_pml_u64(p + 0x3a0),
	};
	f->last_user = espy_pml_u64(p + 0x268);
	f->is_cut = is_cut(f);
	f->is_closed =
		f->at.offsets && f->at.processes && f->at.strings && f->at.hosts && !f->is_cut;
	room = f->at.offsets <= f->size ? (f->size - f->at.offsets) / OFFSET_BYTES : 0;
	f->n_events = espy_pml_u32(p + 0x234);
	if (f->is_closed && f->n_events > room)
		f->n_events = (uint32_t)room;
	return 0;
}

static int prepare_strings(struct espy_pml *f)
{
	const uint8_t *p = f->at.strings ? espy_pml_bytes(f, f->at.strings, 4) : NULL;
	uint64_t room = p ? (f->size - f->at.strings - 4) / 4 : 0;
	uint32_t n = p && f->is_closed ? espy_pml_u32(p) : 0;

	if (n > room)
		n = (uint32_t)room;
	if (n > ESPY_PML_STRINGS_MAX)
		n = ESPY_PML_STRINGS_MAX;
	f->strings = calloc(n ? n : 1, sizeof(*f->strings));
	f->n_strings = f->strings ? n : 0;
	return f->strings ? 0 : -ENOMEM;
}

int espy_pml_open(struct espy_pml *f, int fd, const char *name, struct espy_err *err)
{
	int r;

	*f = (struct espy_pml){.fd = fd, .name = strdup(name)};
	if (!f->name) {
		espy_pml_close(f);
		return espy_err_set(err, -ENOMEM, "no memory left to read %s", name);
	}
	r = map(f, err);
	if (r == 0)
		r = read_header(f, err);
	if (r == 0 && prepare_strings(f) < 0)
		r = espy_err_set(err, -ENOMEM, "no memory left to read %s", name);
	if (r < 0)
		espy_pml_close(f);
	return r;
}

void espy_pml_close(struct espy_pml *f)
{
	if (f->map)
		munmap(f->map, f->size);
	if (f->fd >= 0)
		close(f->fd);
	espy_arena_done(&f->arena);
	free(f->strings);
	free(f->name);
	*f = (struct espy_pml){.fd = -1};
}

static void add_utf8(struct espy_buf *out, uint32_t c)
{
	if (c < 0x80) {
		espy_buf_putc(out, (char)c);
	} else if (c < 0x800) {
		espy_buf_putc(out, (char)(0xc0 | c >> 6));
		espy_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		espy_buf_putc(out, (char)(0xe0 | c >> 12));
		espy_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		espy_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		espy_buf_putc(out, (char)(0xf0 | c >> 18));
		espy_buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		espy_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		espy_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

void espy_pml_utf16(struct espy_buf *out, const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i + 2 <= bytes; i += 2) {
		uint32_t c = espy_pml_u16(p + i), low;

		if (c < 0xd800 || c > 0xdfff) {
			add_utf8(out, c);
			continue;
		}
		low = i + 4 <= bytes ? espy_pml_u16(p + i + 2) : 0;
		if (c < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
			add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			i += 2;
		} else {
			add_utf8(out, 0xfffd);
		}
	}
}

struct espy_str espy_pml_keep_utf16(struct espy_pml *f, const uint8_t *p, size_t bytes)
{
	struct espy_buf b = {0};
	struct espy_str s = {NULL, 0};

	if (f->arena.used > ESPY_PML_KEPT_MAX)
		bytes = 0;
	while (bytes >= 2 && p[bytes - 1] == 0 && p[bytes - 2] == 0)
		bytes -= 2;
	espy_pml_utf16(&b, p, bytes);
	if (!b.error)
		s = (struct espy_str){espy_arena_dup(&f->arena, b.n ? b.p : "", b.n), b.n};
	espy_buf_done(&b);
	return s;
}

struct espy_str espy_pml_string(struct espy_pml *f, uint32_t number)
{
	const uint8_t *p;
	uint64_t at;
	uint32_t bytes;

	if (number >= f->n_strings)
		return ESPY_STR_NONE;
	if (f->strings[number].p)
		return f->strings[number];
	p = espy_pml_bytes(f, f->at.strings + 4 + 4ull * number, 4);
	at = p ? f->at.strings + espy_pml_u32(p) : f->size;
	p = espy_pml_bytes(f, at, 4);
	bytes = p ? espy_pml_u32(p) : 0;
	if (bytes > ESPY_PML_STRING_MAX)
		bytes = ESPY_PML_STRING_MAX;
	p = espy_pml_bytes(f, at + 4, bytes);
	if (p)
		f->strings[number] = espy_pml_keep_utf16(f, p, bytes);
	return f->strings[number].p ? f->strings[number] : ESPY_STR_NONE;
}

uint64_t espy_pml_time(uint64_t filetime)
{
	if (filetime < EPOCH_FILETIME || filetime - EPOCH_FILETIME > INT64_MAX / 100)
		return 0;
	return (filetime - EPOCH_FILETIME) * 100;
}
