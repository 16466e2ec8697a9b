/* SPDX-License-Identifier: MIT */
#include "enrich/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/vec.h"
#include "base/proc.h"

#define ASKS_MAX 8 /* of /proc for one process */

/* The mappings of one memory, by address; they do not overlap. */
struct memory {
	uint32_t refs;
	ESPY_VEC(struct espy_range) ranges;
};

struct process {
	struct memory *memory;
	unsigned asks;
};

void espy_layouts_init(struct espy_layouts *t, const struct espy_processes *processes, bool no_proc)
{
	*t = (struct espy_layouts){.no_proc = no_proc, .processes = processes};
	t->has_names = espy_dict_init(&t->names) == 0;
}

static void put_memory(struct memory *m)
{
	if (--m->refs)
		return;
	espy_vec_done(&m->ranges);
	free(m);
}

static void free_process(struct process *p)
{
	if (p)
		put_memory(p->memory);
	free(p);
}

static void forget_all(struct espy_layouts *t)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&t->map, &i));)
		free_process(slot->value);
	espy_map_done(&t->map);
	if (t->has_names)
		espy_dict_reset(&t->names);
}

void espy_layouts_done(struct espy_layouts *t)
{
	forget_all(t);
	if (t->has_names)
		espy_dict_done(&t->names);
}

static struct memory *new_memory(void)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (m)
		m->refs = 1;
	return m;
}

/* Takes over a reference to `m`; NULL: no room, and it is given back. */
static struct process *add_process(struct espy_layouts *t, uint32_t pid, uint64_t start,
				   struct memory *m)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p || espy_map_put(&t->map, pid, start, p) < 0) {
		free(p);
		put_memory(m);
		return NULL;
	}
	p->memory = m;
	return p;
}

static struct process *get_process(struct espy_layouts *t, uint32_t pid, uint64_t start)
{
	struct process *p = espy_map_get(&t->map, pid, start);
	struct memory *m;

	if (p || !t->has_names)
		return p;
	if (t->map.n >= ESPY_LAYOUTS_MAX || t->names.bytes >= ESPY_LAYOUT_TEXT_MAX)
		forget_all(t);
	m = new_memory();
	return m ? add_process(t, pid, start, m) : NULL;
}

/* --- ranges --------------------------------------------------------------------------------- */

/* The first range that ends behind an address. */
static size_t find_range(const struct memory *m, uint64_t address)
{
	size_t from = 0, to = m->ranges.n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (m->ranges.v[mid].end <= address)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Puts `r` in the place of the ranges [from, to). */
static int replace(struct memory *m, size_t from, size_t to, const struct espy_range *r, size_t n)
{
	size_t tail = m->ranges.n - to;

	if (espy_vec_reserve(&m->ranges, from + n + tail) < 0)
		return -ENOMEM;
	if (!m->ranges.v || !r) /* nothing of nothing */
		return 0;
	memmove(m->ranges.v + from + n, m->ranges.v + to, tail * sizeof(*r));
	memcpy(m->ranges.v + from, r, n * sizeof(*r));
	m->ranges.n = from + n + tail;
	return 0;
}

/* The new range, and what is left of the old ones at its sides. */
static int put_range(struct memory *m, const struct espy_range *r)
{
	size_t from = find_range(m, r->start), to = from, n = 0;
	struct espy_range parts[3];

	while (to < m->ranges.n && m->ranges.v[to].start < r->end)
		to++;
	if (to > from && m->ranges.v[from].start < r->start) {
		parts[n] = m->ranges.v[from];
		parts[n++].end = r->start;
	}
	parts[n++] = *r;
	if (to > from && m->ranges.v[to - 1].end > r->end) {
		parts[n] = m->ranges.v[to - 1];
		parts[n].address += r->end - parts[n].start;
		parts[n++].start = r->end;
	}
	if (m->ranges.n - (to - from) + n > ESPY_LAYOUT_RANGES)
		return -ENOSPC;
	return replace(m, from, to, parts, n);
}

/* A memory that nobody else sees. */
static struct memory *own_memory(struct process *p)
{
	struct memory *m = p->memory, *own;

	if (m->refs == 1)
		return m;
	own = new_memory();
	if (!own)
		return NULL;
	if (replace(own, 0, 0, m->ranges.v, m->ranges.n) < 0) {
		put_memory(own);
		return NULL;
	}
	put_memory(m);
	p->memory = own;
	return own;
}

static void add_range(struct espy_layouts *t, struct espy_images *images, struct process *p,
		      struct espy_range *r, uint64_t offset, const struct espy_image_key *key)
{
	struct memory *m = own_memory(p);

	r->address = espy_image_address(images, key, offset);
	r->path = espy_dict_add(&t->names, key->path);
	r->build_id = espy_dict_add(&t->names, espy_image_build_id(images, key));
	if (m && r->end > r->start && r->path != UINT32_MAX && r->build_id != UINT32_MAX)
		put_range(m, r);
}

void espy_layouts_load(struct espy_layouts *t, struct espy_images *images, uint32_t pid,
		       uint64_t start, const struct espy_mapping *m)
{
	struct process *p = get_process(t, pid, start);
	struct espy_range r = {.start = m->address, .end = m->address + m->length};

	if (p)
		add_range(t, images, p, &r, m->offset, &m->file);
}

/* --- /proc ---------------------------------------------------------------------------------- */

/* A hexadecimal or decimal number with the character that must be behind it; *p moves behind that.
 */
static bool next_number(char **p, int base, char behind, uint64_t *ret)
{
	char *end;

	*ret = strtoull(*p, &end, base);
	if (end == *p || *end != behind)
		return false;
	*p = end + 1;
	return true;
}

/* 7f5c8e0d2000-7f5c8e228000 r-xp 00026000 fe:01 1835	/usr/lib/libc.so.6 */
static void take_line(struct espy_layouts *t, struct espy_images *images, struct process *p,
		      uint32_t pid, char *line)
{
	struct espy_image_key key = {.pid = pid};
	struct espy_range r = {0};
	uint64_t offset, major, minor;
	const char *mode;

	if (!next_number(&line, 16, '-', &r.start) || !next_number(&line, 16, ' ', &r.end))
		return;
	mode = line;
	if (strnlen(mode, 5) < 5 || mode[2] != 'x')
		return;
	line += 5;
	if (!next_number(&line, 16, ' ', &offset) || !next_number(&line, 16, ':', &major) ||
	    !next_number(&line, 16, ' ', &minor) || !next_number(&line, 10, ' ', &key.inode))
		return;
	line += strspn(line, " ");
	key.dev = (uint32_t)(major << 20 | (minor & 0xfffff));
	key.path = (struct espy_str){line, strcspn(line, "\n")};
	if (key.path.n && key.path.p[0] != '/' && !espy_str_eq(key.path, ESPY_STR("[vdso]")))
		key.path = ESPY_STR_NONE;
	add_range(t, images, p, &r, offset, &key);
}

/* /proc is asked later than the event: by then the process may run another program, in which the
 * addresses of this one mean something else. */
static bool runs_the_same(const struct espy_layouts *t, uint32_t pid, uint64_t start)
{
	const struct espy_process *p =
		t->processes ? espy_process_find(t->processes, pid, start) : NULL;
	struct espy_proc_info info = {0};
	bool same = espy_proc_read(&info, pid, start) == 0;

	if (same && p && p->exe)
		same = espy_str_eq((struct espy_str){p->exe->p, p->exe->n},
				   (struct espy_str){info.exe.p, info.exe.n});
	espy_buf_done(&info.exe);
	espy_buf_done(&info.cmdline);
	return same;
}

/* The kernel escapes newlines in paths. A process that ended meanwhile has an empty list. */
static void ask_proc(struct espy_layouts *t, struct espy_images *images, struct process *p,
		     uint32_t pid, uint64_t start)
{
	char path[32], *line = NULL;
	size_t size = 0;
	FILE *f;

	if (t->no_proc || p->asks >= ASKS_MAX)
		return;
	p->asks++;
	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/maps", pid);
	f = fopen(path, "re");
	if (f && runs_the_same(t, pid, start))
		for (unsigned n = 0; n < 16 * ESPY_LAYOUT_RANGES && getline(&line, &size, f) > 0;
		     n++)
			take_line(t, images, p, pid, line);
	if (f)
		fclose(f);
	free(line);
}

/* --- what happens to processes -------------------------------------------------------------- */

void espy_layouts_exec(struct espy_layouts *t, uint32_t pid, uint64_t start)
{
	free_process(espy_map_del(&t->map, pid, start));
	get_process(t, pid, start);
}

void espy_layouts_exit(struct espy_layouts *t, uint32_t pid, uint64_t start)
{
	free_process(espy_map_del(&t->map, pid, start));
}

void espy_layouts_fork(struct espy_layouts *t, struct espy_images *images, uint32_t pid,
		       uint64_t start, uint32_t child_pid, uint64_t child_start)
{
	struct process *p = get_process(t, pid, start);

	if (!p || !child_pid)
		return;
	if (!p->memory->ranges.n && !p->asks)
		ask_proc(t, images, p, pid, start);
	free_process(espy_map_del(&t->map, child_pid, child_start));
	p->memory->refs++;
	add_process(t, child_pid, child_start, p->memory);
}

const struct espy_range *espy_layouts_find(struct espy_layouts *t, struct espy_images *images,
					   uint32_t pid, uint64_t start, uint64_t address)
{
	struct process *p = get_process(t, pid, start);

	for (int again = 0; p && again < 2; again++) {
		const struct memory *m = p->memory;
		size_t i = find_range(m, address);

		if (i < m->ranges.n && m->ranges.v[i].start <= address)
			return &m->ranges.v[i];
		if (!again)
			ask_proc(t, images, p, pid, start);
	}
	return NULL;
}
