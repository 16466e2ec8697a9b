/* SPDX-License-Identifier: MIT */
#include "format/pml-write-table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "format/pmc-digits.h"
#include "format/procmon-detail.h"

#define EPOCH_AS_FILETIME 116444736000000000ll
#define NS_PER_TICK       100
#define SYSTEM_PID        4u
#define SYSTEM_LUID       0x3e7u                /* logon session of the system */
#define KERNEL_BASE       0xffffffff80000000ull /* where Linux on x86-64 maps itself */
#define KERNEL_SIZE       0x7fffffffu
#define IP_BYTES          16u

enum { INTEGRITY, USER, NAME, IMAGE, COMMAND, COMPANY, VERSION, DESCRIPTION };

uint64_t espy_pml_write_time(const struct espy_batch *b, uint64_t boot_ns)
{
	int64_t wall = (int64_t)boot_ns + b->wall_offset;

	if (!boot_ns)
		return 0;
	/* rounded down also before 1970 */
	wall = wall >= 0 ? wall / NS_PER_TICK : -((-wall + NS_PER_TICK - 1) / NS_PER_TICK);
	return wall + EPOCH_AS_FILETIME > 0 ? (uint64_t)(wall + EPOCH_AS_FILETIME) : 0;
}

static uint32_t intern(struct espy_pml_write_tables *t, struct espy_str s)
{
	return espy_dict_add(&t->strings, s);
}

/* --- processes -------------------------------------------------------------------------------- */

/* The kernel and its one module, so that its addresses resolve to something. */
static int add_system(struct espy_pml_write_tables *t, const struct espy_machine *m)
{
	struct espy_pml_write_process p = {
		.pid = SYSTEM_PID, .auth_id = SYSTEM_LUID, .is_64 = true};
	char path[320];

	snprintf(path, sizeof(path), "/boot/vmlinux-%s", m ? m->kernel : "");
	p.strings[INTEGRITY] = p.strings[NAME] = p.strings[IMAGE] = intern(t, ESPY_STR("System"));
	p.strings[USER] = intern(t, ESPY_STR("root"));
	p.strings[DESCRIPTION] = intern(t, espy_str0(m ? m->os : ""));
	p.strings[VERSION] = intern(t, espy_str0(m ? m->kernel : ""));
	if (espy_dict_add(&t->keys, ESPY_STR("\1")) != 1 || espy_vec_push(&t->processes, p) < 0)
		return -ENOMEM;
	return espy_pml_write_tables_module(t, 0, KERNEL_BASE, KERNEL_SIZE, espy_str0(path));
}

int espy_pml_write_tables_init(struct espy_pml_write_tables *t, const struct espy_machine *m)
{
	*t = (struct espy_pml_write_tables){0};
	if (espy_dict_init(&t->strings) < 0 || espy_dict_init(&t->keys) < 0 ||
	    espy_dict_init(&t->modules) < 0 || espy_dict_init(&t->hosts) < 0 ||
	    espy_dict_init(&t->ports) < 0 || add_system(t, m) < 0) {
		espy_pml_write_tables_done(t);
		return -ENOMEM;
	}
	return 0;
}

void espy_pml_write_tables_done(struct espy_pml_write_tables *t)
{
	for (size_t i = 0; i < t->processes.n; i++)
		espy_vec_done(&t->processes.v[i].modules);
	espy_vec_done(&t->processes);
	espy_dict_done(&t->strings);
	espy_dict_done(&t->keys);
	espy_dict_done(&t->modules);
	espy_vec_done(&t->module_places);
	espy_dict_done(&t->hosts);
	espy_dict_done(&t->ports);
	espy_buf_done(&t->host_rows);
	espy_buf_done(&t->port_rows);
	espy_buf_done(&t->scratch);
	free(t->of_batch);
}

int espy_pml_write_tables_batch(struct espy_pml_write_tables *t, const struct espy_batch *b)
{
	if (b->n_procs > t->of_batch_cap &&
	    espy_vec_grow(&t->of_batch, &t->of_batch_cap, b->n_procs, sizeof(t->of_batch[0])) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n_procs; i++)
		t->of_batch[i] = UINT32_MAX;
	return 0;
}

static struct espy_str text(const struct espy_batch *b, uint32_t id)
{
	return espy_dict_get(&b->dict, id);
}

/* "00000000:0001e0ac" */
static uint64_t auth_id_of(struct espy_str s)
{
	uint64_t high = 0, low = 0;
	char buf[32] = "";
	const char *at = buf;

	if (s.n < sizeof(buf))
		memcpy(buf, s.p, s.n);
	espy_take_digits(&at, 16, 8, &high);
	if (*at == ':' && *++at)
		espy_take_digits(&at, 16, 8, &low);
	return high << 32 | low;
}

/* Command lines of this machine are arguments, each ended by a NUL; those of Windows are texts. */
static uint32_t command_of(struct espy_pml_write_tables *t, const struct espy_batch *b,
			   const struct espy_proc *p)
{
	if (p->more)
		return intern(t, text(b, p->cmdline));
	espy_buf_reset(&t->scratch);
	espy_procmon_command(&t->scratch, text(b, p->cmdline));
	return intern(t, (struct espy_str){t->scratch.p, t->scratch.n});
}

static struct espy_pml_write_process describe(struct espy_pml_write_tables *t,
					      const struct espy_batch *b, const struct espy_proc *p)
{
	struct espy_str bits = espy_proc_more(b, p, "architecture");
	struct espy_str virtualized = espy_proc_more(b, p, "virtualized");
	struct espy_pml_write_process out = {
		.pid = p->pid,
		.ppid = p->ppid,
		.session = p->sid,
		.auth_id = auth_id_of(espy_proc_more(b, p, "auth_id")),
		.start = espy_pml_write_time(b, p->start),
		.is_virtualized = espy_str_eq(virtualized, ESPY_STR("True")),
		.is_64 = !espy_str_starts(bits, ESPY_STR("32")),
	};

	out.strings[INTEGRITY] = intern(t, espy_proc_more(b, p, "integrity"));
	out.strings[USER] = intern(t, text(b, p->user));
	out.strings[NAME] = intern(t, text(b, p->name));
	out.strings[IMAGE] = intern(t, text(b, p->exe));
	out.strings[COMMAND] = command_of(t, b, p);
	out.strings[COMPANY] = intern(t, espy_proc_more(b, p, "company"));
	out.strings[VERSION] = intern(t, espy_proc_more(b, p, "version"));
	out.strings[DESCRIPTION] = intern(t, espy_proc_more(b, p, "description"));
	return out;
}

static bool has_strings(const struct espy_pml_write_process *p)
{
	for (unsigned i = 0; i < 8; i++)
		if (p->strings[i] == UINT32_MAX)
			return false;
	return true;
}

/* The entry for these facts, a new one when there is none. */
static int64_t place(struct espy_pml_write_tables *t, const struct espy_pml_write_process *p)
{
	struct {
		uint64_t auth_id, start;
		uint32_t pid, ppid, session, strings[8];
		uint32_t bits;
	} key;
	uint32_t id;

	memset(&key, 0, sizeof(key)); /* padding too: it is compared as bytes */
	key.auth_id = p->auth_id;
	key.start = p->start;
	key.pid = p->pid;
	key.ppid = p->ppid;
	key.session = p->session;
	memcpy(key.strings, p->strings, sizeof(key.strings));
	key.bits = (uint32_t)p->is_64 | (uint32_t)p->is_virtualized << 1;
	id = espy_dict_add(&t->keys, (struct espy_str){(const char *)&key, sizeof(key)});
	if (id == UINT32_MAX)
		return -ENOMEM;
	if (id - 1 < t->processes.n)
		return id - 1;
	if (t->processes.n >= ESPY_PML_WRITE_PROCESSES_MAX)
		return -E2BIG;
	return espy_vec_push(&t->processes, *p) < 0 ? -ENOMEM : (int64_t)id - 1;
}

/* The entry of one process, without a look at its parents. */
static int64_t place_proc(struct espy_pml_write_tables *t, const struct espy_batch *b,
			  uint32_t proc)
{
	struct espy_pml_write_process entry = describe(t, b, &b->procs[proc]);
	int64_t at = has_strings(&entry) ? place(t, &entry) : -ENOMEM;

	if (at >= 0)
		t->of_batch[proc] = (uint32_t)at;
	return at;
}

/* Also places the parents, up to one that is there already. */
int64_t espy_pml_write_tables_process(struct espy_pml_write_tables *t, const struct espy_batch *b,
				      uint32_t proc)
{
	int64_t first = t->of_batch[proc], at, parent;

	if (first != UINT32_MAX)
		return first;
	first = at = place_proc(t, b, proc);
	while (at >= 0 && b->procs[proc].parent < b->n_procs) {
		proc = b->procs[proc].parent;
		parent = t->of_batch[proc];
		if (parent == UINT32_MAX)
			parent = place_proc(t, b, proc);
		else
			b = NULL;
		if (parent < 0)
			return parent;
		if (!t->processes.v[at].parent)
			t->processes.v[at].parent = (uint32_t)parent;
		if (!b)
			break;
		at = parent;
	}
	return first;
}

static int add_module(struct espy_pml_write_tables *t, struct espy_pml_write_process *p,
		      struct espy_pml_write_module m)
{
	if (m.path == UINT32_MAX || espy_vec_push(&t->module_places, (uint32_t)p->modules.n) < 0)
		return -ENOMEM;
	return espy_vec_push(&p->modules, m);
}

int espy_pml_write_tables_module(struct espy_pml_write_tables *t, uint32_t process, uint64_t base,
				 uint64_t size, struct espy_str path)
{
	struct espy_pml_write_process *p = &t->processes.v[process];
	uint64_t key[] = {process, base};
	uint32_t id = espy_dict_add(&t->modules, (struct espy_str){(char *)key, sizeof(key)});
	struct espy_pml_write_module *old;

	if (size > UINT32_MAX)
		size = UINT32_MAX;
	if (id == UINT32_MAX)
		return -ENOMEM;
	if (id - 1 >= t->module_places.n)
		return add_module(
			t, p,
			(struct espy_pml_write_module){base, (uint32_t)size, intern(t, path)});
	old = &p->modules.v[t->module_places.v[id - 1]];
	if (size > old->size)
		old->size = (uint32_t)size;
	return 0;
}

/* --- names of hosts and ports
 * --------------------------------------------------------------------- */

static void put_name(struct espy_buf *out, struct espy_str name)
{
	size_t at = out->n;

	espy_put_u32(out, 0);
	espy_patch_u32(out, at, espy_pml_blob_utf16z(out, name));
}

/* Is this the first time that the key is seen? */
static bool is_new(struct espy_dict *d, const void *key, size_t n)
{
	uint32_t before = d->n;

	return espy_dict_add(d, (struct espy_str){key, n}) == before;
}

void espy_pml_write_tables_host(struct espy_pml_write_tables *t, const uint8_t *ip,
				struct espy_str name)
{
	if (!is_new(&t->hosts, ip, IP_BYTES))
		return;
	espy_buf_add(&t->host_rows, ip, IP_BYTES);
	put_name(&t->host_rows, name);
	t->n_hosts++;
}

void espy_pml_write_tables_port(struct espy_pml_write_tables *t, uint16_t port, bool is_tcp,
				struct espy_str name)
{
	uint8_t key[] = {(uint8_t)port, (uint8_t)(port >> 8), is_tcp};

	if (!is_new(&t->ports, key, sizeof(key)))
		return;
	espy_put_u16(&t->port_rows, port);
	espy_put_u16(&t->port_rows, is_tcp);
	put_name(&t->port_rows, name);
	t->n_ports++;
}

void espy_pml_write_hosts(const struct espy_pml_write_tables *t, struct espy_buf *out)
{
	espy_put_u32(out, t->n_hosts);
	espy_buf_add(out, t->host_rows.p, t->host_rows.n);
	espy_put_u32(out, t->n_ports);
	espy_buf_add(out, t->port_rows.p, t->port_rows.n);
}

/* --- sections -----------------------------------------------------------------------------------
 */

static void put_process(struct espy_buf *out, uint32_t index,
			const struct espy_pml_write_process *p)
{
	espy_put_u32(out, index);
	espy_put_u32(out, p->pid);
	espy_put_u32(out, p->ppid);
	espy_put_u32(out, p->parent);
	espy_put_u64(out, p->auth_id);
	espy_put_u32(out, p->session);
	espy_put_u32(out, 0);
	espy_put_u64(out, p->start);
	espy_put_u64(out, p->end);
	espy_put_u32(out, p->is_virtualized);
	espy_put_u32(out, p->is_64);
	for (unsigned i = 0; i < 8; i++)
		espy_put_u32(out, p->strings[i]);
	espy_put_u64(out, 0); /* icons: small and big */
	espy_put_u64(out, 1); /* modules stand here as an array; Process Monitor crashes on 0 */
	espy_put_u32(out, (uint32_t)p->modules.n);
	for (size_t i = 0; i < p->modules.n; i++) {
		espy_put_u64(out, 0);
		espy_put_u64(out, p->modules.v[i].base);
		espy_put_u32(out, p->modules.v[i].size);
		espy_put_u32(out, p->modules.v[i].path);
		espy_put_zeros(out, 3 * 4 + 4 + 0x18);
	}
}

static int fits(const struct espy_buf *out, size_t start)
{
	return out->error ? out->error : out->n - start > UINT32_MAX ? -EFBIG : 0;
}

int espy_pml_write_processes(const struct espy_pml_write_tables *t, struct espy_buf *out)
{
	size_t start = out->n, n = t->processes.n;

	espy_put_u32(out, (uint32_t)n);
	for (size_t i = 0; i < n; i++)
		espy_put_u32(out, (uint32_t)i);
	espy_put_zeros(out, 4 * n);
	for (size_t i = 0; i < n; i++) {
		espy_patch_u32(out, start + 4 + 4 * (n + i), (uint32_t)(out->n - start));
		put_process(out, (uint32_t)i, &t->processes.v[i]);
	}
	return fits(out, start);
}

/* The empty string has no bytes at all, not even a NUL. */
int espy_pml_write_strings(const struct espy_pml_write_tables *t, struct espy_buf *out)
{
	size_t start = out->n, n = t->strings.n;

	espy_put_u32(out, (uint32_t)n);
	espy_put_zeros(out, 4 * n);
	for (size_t i = 0; i < n; i++) {
		struct espy_str s = espy_dict_get(&t->strings, (uint32_t)i);
		size_t at = out->n;

		espy_patch_u32(out, start + 4 + 4 * i, (uint32_t)(at - start));
		espy_put_u32(out, 0);
		if (s.n)
			espy_patch_u32(out, at, espy_pml_blob_utf16z(out, s));
	}
	return fits(out, start);
}

/* One that is empty. */
void espy_pml_write_icons(struct espy_buf *out)
{
	espy_put_u32(out, 1);
	espy_put_u32(out, 8);
	espy_put_u64(out, 0);
}
