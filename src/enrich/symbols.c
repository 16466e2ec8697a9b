/* SPDX-License-Identifier: MIT */
#include "enrich/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/map.h"
#include "enrich/image.h"
#include "enrich/symtab.h"

struct file {
	struct espy_symtab *table; /* NULL: there is none to be had */
};

struct espy_symbols {
	pthread_mutex_t lock;
	struct espy_dict names; /* path, blank, build-id */
	struct espy_map files;  /* id of these, 0 → struct file */
	size_t bytes;
	struct espy_buf key, text;
	uint32_t *seen; /* by id of a batch: what it became, 0 not looked at */
	size_t seen_cap;
};

int espy_symbols_new(struct espy_symbols **ret)
{
	struct espy_symbols *s = calloc(1, sizeof(*s));

	if (!s || espy_dict_init(&s->names) < 0) {
		free(s);
		return -ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	*ret = s;
	return 0;
}

static void forget_all(struct espy_symbols *s)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&s->files, &i));) {
		struct file *f = slot->value;

		espy_symtab_free(f->table);
		free(f);
	}
	espy_map_done(&s->files);
	espy_dict_reset(&s->names);
	s->bytes = 0;
}

void espy_symbols_free(struct espy_symbols *s)
{
	if (!s)
		return;
	forget_all(s);
	espy_dict_done(&s->names);
	espy_buf_done(&s->key);
	espy_buf_done(&s->text);
	pthread_mutex_destroy(&s->lock);
	free(s->seen);
	free(s);
}

/* --- files ---------------------------------------------------------------------------------- */

/* A frame's file and place. */
struct frame {
	struct espy_str head; /* "U 0x7f12a0 " */
	struct espy_str path, build_id;
	uint64_t address;
};

/* Looks first and opens then: opening a device or a FIFO could do harm or wait. */
static int open_file(const char *path)
{
	int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct stat st;
	char self[32];

	if (place < 0)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", place);
	if (fstat(place, &st) == 0 && S_ISREG(st.st_mode))
		fd = open(self, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	close(place);
	return fd;
}

static bool has_build_id(int fd, struct espy_str hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char id[ESPY_BUILD_ID_MAX] = {0};
	int n = espy_image_read(fd, id);

	if (n <= 0 || hex.n != 2 * (size_t)n)
		return false;
	for (size_t i = 0; i < (size_t)n; i++)
		if (hex.p[2 * i] != digits[id[i] >> 4] || hex.p[2 * i + 1] != digits[id[i] & 15])
			return false;
	return true;
}

/* NULL where it is not that file, or has no functions. */
static struct espy_symtab *read_file(const char *path, struct espy_str build_id)
{
	struct espy_symtab *t = NULL;
	int fd = open_file(path);

	if (fd < 0)
		return NULL;
	if (has_build_id(fd, build_id) && espy_symtab_read(&t, fd) < 0)
		t = NULL;
	close(fd);
	return t;
}

static struct espy_symtab *from_debug(const struct frame *f)
{
	char path[2 * ESPY_BUILD_ID_MAX + 64];

	if (f->build_id.n < 4)
		return NULL;
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%.*s.debug", f->build_id.p,
		 (int)f->build_id.n - 2, f->build_id.p + 2);
	return read_file(path, f->build_id);
}

static struct espy_symtab *from_itself(const struct frame *f)
{
	char path[PATH_MAX];

	if (f->path.n >= sizeof(path) || f->path.p[0] != '/')
		return NULL;
	memcpy(path, f->path.p, f->path.n);
	path[f->path.n] = '\0';
	return read_file(path, f->build_id);
}

static struct espy_symtab *from_cache(const struct frame *f)
{
	static const struct {
		const char *variable, *below;
	} places[] = {{"DEBUGINFOD_CACHE_PATH", ""},
		      {"XDG_CACHE_HOME", "/debuginfod_client"},
		      {"HOME", "/.cache/debuginfod_client"}};
	struct espy_symtab *t = NULL;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places) && !t; i++) {
		const char *at = getenv(places[i].variable);

		if (at && at[0] == '/' &&
		    snprintf(path, sizeof(path), "%s%s/%.*s/debuginfo", at, places[i].below,
			     (int)f->build_id.n, f->build_id.p) < (int)sizeof(path))
			t = read_file(path, f->build_id);
	}
	return t;
}

static struct file *add_file(struct espy_symbols *s, uint32_t id, const struct frame *f)
{
	struct file *file = calloc(1, sizeof(*file));

	if (!file || espy_map_put(&s->files, id, 0, file) < 0) {
		free(file);
		return NULL;
	}
	file->table = from_debug(f);
	if (!file->table)
		file->table = from_itself(f);
	if (!file->table)
		file->table = from_cache(f);
	if (file->table)
		s->bytes += espy_symtab_bytes(file->table);
	return file;
}

static const struct espy_symtab *table_of(struct espy_symbols *s, const struct frame *f)
{
	struct file *file;
	uint32_t id;

	if (s->files.n >= ESPY_SYMBOLS_FILES_MAX || s->bytes >= ESPY_SYMBOLS_BYTES_MAX)
		forget_all(s);
	espy_buf_reset(&s->key);
	espy_buf_str(&s->key, f->path);
	espy_buf_putc(&s->key, ' ');
	espy_buf_str(&s->key, f->build_id);
	id = s->key.error ? UINT32_MAX
			  : espy_dict_add(&s->names, (struct espy_str){s->key.p, s->key.n});
	if (id == UINT32_MAX)
		return NULL;
	file = espy_map_get(&s->files, id, 0);
	if (!file)
		file = add_file(s, id, f);
	return file ? file->table : NULL;
}

/* --- frames --------------------------------------------------------------------------------- */

static bool is_hex(struct espy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!memchr("0123456789abcdef", s.p[i], 16))
			return false;
	return s.n > 0;
}

/* What is behind the last `c`, which is taken off with it; false: there is none. */
static bool take_last(struct espy_str *s, char c, struct espy_str *ret)
{
	const char *at = memrchr(s->p, c, s->n);

	if (!at)
		return false;
	*ret = (struct espy_str){at + 1, s->n - (size_t)(at + 1 - s->p)};
	s->n = (size_t)(at - s->p);
	return true;
}

/* Only lines with a build-id are ours. */
static bool parse_frame(struct espy_str line, struct frame *f)
{
	struct espy_str place;
	const char *blank;
	char digits[20];

	if (line.n < 3 || !take_last(&line, ' ', &f->build_id) || f->build_id.n < 8 ||
	    f->build_id.n > 2 * (size_t)ESPY_BUILD_ID_MAX || !is_hex(f->build_id) || line.n < 3)
		return false;
	blank = memchr(line.p + 2, ' ', line.n - 2);
	if (!blank || !take_last(&line, '+', &place) || line.p + line.n <= blank + 1)
		return false;
	if (place.n < 3 || place.n >= sizeof(digits) || memcmp(place.p, "0x", 2) != 0 ||
	    !is_hex((struct espy_str){place.p + 2, place.n - 2}))
		return false;
	memcpy(digits, place.p, place.n);
	digits[place.n] = '\0';
	f->address = strtoull(digits, NULL, 16);
	f->head = (struct espy_str){line.p, (size_t)(blank + 1 - line.p)};
	f->path = (struct espy_str){blank + 1, line.n - f->head.n};
	return true;
}

/* All but the innermost frame are return addresses, behind their call. */
static void put_frame(struct espy_symbols *s, const struct frame *f, bool is_first,
		      struct espy_buf *out)
{
	const struct espy_symtab *t = table_of(s, f);
	uint64_t offset = 0, call = f->address - !is_first;
	struct espy_str name = t ? espy_symtab_find(t, call, &offset) : ESPY_STR_NONE;

	espy_buf_str(out, f->head);
	espy_buf_str(out, f->path);
	if (!name.n) {
		espy_buf_putc(out, '+');
		espy_buf_hex(out, f->address);
		return;
	}
	if (name.n > ESPY_SYMBOLS_NAME_MAX)
		name.n = ESPY_SYMBOLS_NAME_MAX;
	espy_buf_putc(out, '!');
	for (size_t i = 0; i < name.n; i++) /* a line must stay one */
		espy_buf_putc(out, (unsigned char)name.p[i] <= ' ' ? '_' : name.p[i]);
	espy_buf_putc(out, '+');
	espy_buf_hex(out, offset + (f->address - call));
}

void espy_symbols_stack(struct espy_symbols *s, struct espy_str stack, struct espy_buf *out)
{
	bool is_first = true;

	while (stack.n) {
		const char *end = memchr(stack.p, '\n', stack.n);
		struct espy_str line = {stack.p, end ? (size_t)(end - stack.p) : stack.n};
		struct frame f;

		if (parse_frame(line, &f))
			put_frame(s, &f, is_first, out);
		else
			espy_buf_str(out, line);
		is_first &= line.n && line.p[0] != 'U';
		espy_buf_putc(out, '\n');
		line.n += end != NULL;
		stack = (struct espy_str){stack.p + line.n, stack.n - line.n};
	}
}

/* --- batches -------------------------------------------------------------------------------- */

static uint32_t name_stack(struct espy_symbols *s, struct espy_batch *b, uint32_t id)
{
	struct espy_str stack = espy_dict_get(&b->dict, id);
	uint32_t to;

	espy_buf_reset(&s->text);
	espy_symbols_stack(s, stack, &s->text);
	if (s->text.error) {
		s->text.error = 0;
		return id;
	}
	if (espy_str_eq(stack, (struct espy_str){s->text.p, s->text.n}))
		return id;
	to = espy_dict_add(&b->dict, (struct espy_str){s->text.p, s->text.n});
	return to == UINT32_MAX ? id : to;
}

static bool has_stacks(const struct espy_batch *b)
{
	for (uint32_t row = 0; row < b->n; row++)
		if (b->stack[row])
			return true;
	return false;
}

/* The strings of the batch as they are now are remembered; new ones come behind them. */
static void name_rows(struct espy_symbols *s, struct espy_batch *b)
{
	uint32_t n = b->dict.n;

	if (n > s->seen_cap) {
		uint32_t *v = realloc(s->seen, n * sizeof(*v));

		if (!v)
			return;
		s->seen = v;
		s->seen_cap = n;
	}
	memset(s->seen, 0, n * sizeof(*s->seen));
	for (uint32_t row = 0; row < b->n; row++) {
		uint32_t id = b->stack[row];

		if (!id || id >= n)
			continue;
		if (!s->seen[id])
			s->seen[id] = name_stack(s, b, id);
		b->stack[row] = s->seen[id];
	}
}

void espy_symbols_batch(struct espy_symbols *s, struct espy_batch *b)
{
	if (!has_stacks(b))
		return;
	pthread_mutex_lock(&s->lock);
	name_rows(s, b);
	pthread_mutex_unlock(&s->lock);
}
