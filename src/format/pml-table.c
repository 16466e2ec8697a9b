/* SPDX-License-Identifier: MIT */
#include "format/pml-table.h"
#include <errno.h>
#include <stdlib.h>

#define PROCESS_HEAD 0x60 /* of a process up to the pointer before its modules */
#define HOST_HEAD    20
#define PORT_HEAD    8

static int damaged(const struct espy_pml *f, struct espy_err *err, const char *what, uint64_t at)
{
	return espy_err_at(err, -EBADMSG, f->name, 0, 0,
			   "%s at offset %llu leads outside of the file", what,
			   (unsigned long long)at);
}

static int no_memory(const struct espy_pml *f, struct espy_err *err)
{
	return espy_err_set(err, -ENOMEM, "no memory left to read %s", f->name);
}

struct espy_pml_process *espy_pml_tables_process(const struct espy_pml_tables *t, uint32_t index)
{
	return espy_map_get(&t->by_index, (uint64_t)index + 1, 0);
}

struct espy_pml_process *espy_pml_tables_add(struct espy_pml_tables *t, uint32_t index)
{
	struct espy_pml_process *p;
	static const struct espy_str none = {"", 0};

	if (t->n_processes >= ESPY_PML_PROCESSES_MAX)
		return NULL;
	if (!(t->n_processes & (t->n_processes - 1))) { /* room for the next power of two */
		size_t room = t->n_processes ? 2ul * t->n_processes : 1;
		void *more = realloc(t->processes, room * sizeof(*t->processes));

		if (!more)
			return NULL;
		t->processes = more;
	}
	p = espy_arena_zalloc(&t->file->arena, sizeof(*p));
	if (!p || espy_map_put(&t->by_index, (uint64_t)index + 1, 0, p) < 0)
		return NULL;
	p->index = index;
	p->integrity = p->user = p->name = p->image = none;
	p->cmdline = p->company = p->version = p->description = none;
	t->processes[t->n_processes++] = p;
	return p;
}

static int by_base(const void *a, const void *b)
{
	const struct espy_pml_module *x = a, *y = b;

	return x->base < y->base ? -1 : x->base > y->base;
}

static void read_module(const struct espy_pml *f, const uint8_t *p, struct espy_pml_module *m)
{
	p += f->pointer;
	m->base = espy_pml_pointer(f, p);
	p += f->pointer;
	m->size = espy_pml_u32(p);
	m->path = espy_pml_u32(p + 4);
	m->version = espy_pml_u32(p + 8);
	m->company = espy_pml_u32(p + 12);
	m->description = espy_pml_u32(p + 16);
	m->time = espy_pml_u32(p + 20);
}

static int read_modules(struct espy_pml_tables *t, struct espy_pml_process *proc, uint64_t at,
			struct espy_err *err)
{
	const struct espy_pml *f = t->file;
	uint64_t each = 2u * f->pointer + 48;
	const uint8_t *p = espy_pml_bytes(f, at, 4);
	uint32_t n = p ? espy_pml_u32(p) : 0;

	if (!p || !(p = espy_pml_bytes(f, at + 4, n * each)))
		return damaged(f, err, "the list of modules", at);
	if (n > ESPY_PML_MODULES_MAX - t->n_modules)
		return espy_err_at(err, -EBADMSG, f->name, 0, 0,
				   "more than %u modules at offset %llu", ESPY_PML_MODULES_MAX,
				   (unsigned long long)at);
	proc->modules = espy_arena_alloc(&t->file->arena, n * sizeof(*proc->modules));
	if (!proc->modules)
		return no_memory(f, err);
	for (uint32_t i = 0; i < n; i++)
		read_module(f, p + i * each, &proc->modules[i]);
	qsort(proc->modules, n, sizeof(*proc->modules), by_base);
	proc->n_modules = n;
	t->n_modules += n;
	return 0;
}

static void read_process_head(struct espy_pml *f, const uint8_t *p, struct espy_pml_process *proc)
{
	proc->pid = espy_pml_u32(p + 4);
	proc->ppid = espy_pml_u32(p + 8);
	proc->parent = espy_pml_u32(p + 12);
	proc->auth_id = espy_pml_u64(p + 16);
	proc->session = espy_pml_u32(p + 24);
	proc->start = espy_pml_u64(p + 32);
	proc->end = espy_pml_u64(p + 40);
	proc->is_virtualized = espy_pml_u32(p + 48) != 0;
	proc->is_64 = espy_pml_u32(p + 52) != 0;
	proc->integrity = espy_pml_string(f, espy_pml_u32(p + 56));
	proc->user = espy_pml_string(f, espy_pml_u32(p + 60));
	proc->name = espy_pml_string(f, espy_pml_u32(p + 64));
	proc->image = espy_pml_string(f, espy_pml_u32(p + 68));
	proc->cmdline = espy_pml_string(f, espy_pml_u32(p + 72));
	proc->company = espy_pml_string(f, espy_pml_u32(p + 76));
	proc->version = espy_pml_string(f, espy_pml_u32(p + 80));
	proc->description = espy_pml_string(f, espy_pml_u32(p + 84));
}

static int read_process(struct espy_pml_tables *t, uint64_t at, struct espy_err *err)
{
	struct espy_pml *f = t->file;
	const uint8_t *p = espy_pml_bytes(f, at, PROCESS_HEAD + f->pointer);
	struct espy_pml_process *proc;
	uint32_t index;

	if (!p)
		return damaged(f, err, "a process", at);
	index = espy_pml_u32(p);
	proc = espy_pml_tables_process(t, index);
	if (!proc)
		proc = espy_pml_tables_add(t, index);
	if (!proc)
		return no_memory(f, err);
	read_process_head(f, p, proc);
	if (proc->pid == 4 && !t->kernel)
		t->kernel = proc;
	return read_modules(t, proc, at + PROCESS_HEAD + f->pointer, err);
}

static int load_processes(struct espy_pml_tables *t, struct espy_err *err)
{
	struct espy_pml *f = t->file;
	uint64_t at = f->at.processes;
	const uint8_t *p = espy_pml_bytes(f, at, 4);
	uint32_t n = p ? espy_pml_u32(p) : 0;
	int r = 0;

	if (!p || n > ESPY_PML_PROCESSES_MAX || !espy_pml_bytes(f, at + 4, 8ull * n))
		return damaged(f, err, "the table of processes", at);
	p = espy_pml_bytes(f, at + 4 + 4ull * n, 4ull * n);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = read_process(t, at + espy_pml_u32(p + 4ul * i), err);
	return r;
}

static int keep_name(struct espy_pml_tables *t, struct espy_map *map, uint64_t a, uint64_t b,
		     uint64_t at)
{
	const uint8_t *p = espy_pml_bytes(t->file, at, 4);
	uint32_t bytes = p ? espy_pml_u32(p) : 0;
	struct espy_str *s;

	if (!p || bytes > ESPY_PML_STRING_MAX || !(p = espy_pml_bytes(t->file, at + 4, bytes)))
		return -EBADMSG;
	s = espy_arena_alloc(&t->file->arena, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = espy_pml_keep_utf16(t->file, p, bytes);
	if (!s->p || espy_map_put(map, a, b, s) < 0)
		return -ENOMEM;
	return 4 + (int)bytes;
}

/* Hosts and ports lie behind one another: an entry is a head, of which the last four bytes are the
 * length of the name behind it. */
static int load_names(struct espy_pml_tables *t, uint64_t *at, bool is_hosts, struct espy_err *err)
{
	struct espy_pml *f = t->file;
	const uint8_t *p = espy_pml_bytes(f, *at, 4);
	uint32_t n = p ? espy_pml_u32(p) : 0;
	const char *what = is_hosts ? "the table of hosts" : "the table of ports";
	unsigned head = (is_hosts ? HOST_HEAD : PORT_HEAD) - 4;

	if (!p || n > (is_hosts ? ESPY_PML_HOSTS_MAX : ESPY_PML_PORTS_MAX))
		return damaged(f, err, what, *at);
	*at += 4;
	for (uint32_t i = 0; i < n; i++) {
		int r = -EBADMSG;

		p = espy_pml_bytes(f, *at, head);
		if (p && is_hosts)
			r = keep_name(t, &t->hosts, espy_pml_u64(p), espy_pml_u64(p + 8),
				      *at + head);
		else if (p)
			r = keep_name(t, &t->ports, espy_pml_u16(p), espy_pml_u16(p + 2) != 0,
				      *at + head);
		if (r < 0)
			return r == -ENOMEM ? no_memory(f, err) : damaged(f, err, what, *at);
		*at += head + (unsigned)r;
	}
	return 0;
}

int espy_pml_tables_load(struct espy_pml_tables *t, struct espy_pml *f, struct espy_err *err)
{
	uint64_t at = f->at.hosts;
	int r;

	*t = (struct espy_pml_tables){.file = f};
	if (!f->is_closed)
		return 0;
	r = load_processes(t, err);
	if (r == 0)
		r = load_names(t, &at, true, err);
	if (r == 0)
		r = load_names(t, &at, false, err);
	return r;
}

void espy_pml_tables_done(struct espy_pml_tables *t)
{
	free(t->processes);
	espy_map_done(&t->by_index);
	espy_map_done(&t->hosts);
	espy_map_done(&t->ports);
	espy_map_done(&t->sids);
}

struct espy_str espy_pml_tables_host(const struct espy_pml_tables *t, const uint8_t *ip)
{
	const struct espy_str *s = espy_map_get(&t->hosts, espy_pml_u64(ip), espy_pml_u64(ip + 8));

	return s ? *s : ESPY_STR_NONE;
}

struct espy_str espy_pml_tables_port(const struct espy_pml_tables *t, uint16_t port, bool is_tcp)
{
	const struct espy_str *s = espy_map_get(&t->ports, port, is_tcp);

	return s ? *s : ESPY_STR_NONE;
}

const struct espy_pml_module *espy_pml_process_module(const struct espy_pml_process *p,
						      uint64_t address)
{
	uint32_t low = 0, high = p->n_modules;

	while (low < high) { /* the last one that begins at or before the address */
		uint32_t middle = low + (high - low) / 2;

		if (p->modules[middle].base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - p->modules[low - 1].base >= p->modules[low - 1].size)
		return NULL;
	return &p->modules[low - 1];
}
