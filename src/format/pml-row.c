/* SPDX-License-Identifier: MIT */
#include "format/pml-row.h"
#include <errno.h>
#include <stdio.h>
#include "format/ntstatus.h"
#include "format/pml-stack.h"
#include "model/value.h"
#include "format/procmon-op.h"

#define NO_ID      UINT32_MAX /* of users and groups: Windows has none */
#define KERNEL_PID 4          /* "System"; 0 is "Idle" */

void espy_pml_rows_begin(struct espy_pml_rows *r, struct espy_batch *b)
{
	espy_batch_reset(b);
	espy_map_done(&r->procs);
	espy_arena_reset(&r->arena);
}

void espy_pml_rows_done(struct espy_pml_rows *r)
{
	espy_pml_detail_done(&r->detail);
	espy_map_done(&r->procs);
	espy_arena_done(&r->arena);
	espy_buf_done(&r->text);
}

/* Id of a string, which is cut when it is too long; UINT32_MAX when memory is out. */
static uint32_t keep(struct espy_batch *b, struct espy_str s, bool *is_cut)
{
	if (s.n > ESPY_BATCH_STRING_MAX) {
		s.n = ESPY_BATCH_STRING_MAX;
		*is_cut = true;
	}
	return espy_dict_add(&b->dict, s);
}

static uint32_t keep_plain(struct espy_batch *b, struct espy_str s)
{
	bool is_cut;

	return keep(b, s, &is_cut);
}

/* --- processes -----------------------------------------------------------------------------------
 */

static void add_more(struct espy_buf *out, const char *name, struct espy_str value)
{
	espy_buf_add(out, name, strlen(name) + 1);
	for (size_t i = 0; i < value.n && value.p[i]; i++)
		espy_buf_putc(out, value.p[i]);
	espy_buf_putc(out, 0);
}

/* What has no place of its own: names and values, as espy_proc_more reads them. */
static uint32_t more_of(struct espy_pml_rows *r, struct espy_batch *b,
			const struct espy_pml_process *p)
{
	char auth[32];
	bool is_64 = p->is_64;

	espy_buf_reset(&r->text);
	snprintf(auth, sizeof(auth), "%08x:%08x", (uint32_t)(p->auth_id >> 32),
		 (uint32_t)p->auth_id);
	add_more(&r->text, "company", p->company);
	add_more(&r->text, "description", p->description);
	add_more(&r->text, "version", p->version);
	add_more(&r->text, "integrity", p->integrity);
	add_more(&r->text, "auth_id", espy_str0(auth));
	add_more(&r->text, "virtualized", espy_str0(p->is_virtualized ? "True" : "False"));
	add_more(&r->text, "architecture", espy_str0(is_64 ? "64-bit" : "32-bit"));
	return r->text.error ? UINT32_MAX
			     : espy_dict_add(&b->dict, (struct espy_str){r->text.p, r->text.n});
}

static int add_proc(struct espy_pml_rows *r, struct espy_batch *b, const struct espy_pml_process *p,
		    uint32_t index)
{
	static const struct espy_pml_process none;
	struct espy_proc proc = {.parent = UINT32_MAX};
	int i, *kept;

	if (!p)
		p = &none;
	proc.start = espy_pml_time(p->start);
	proc.pid = p->pid;
	proc.ppid = p->ppid;
	proc.uid = proc.gid = proc.euid = proc.egid = proc.login_uid = NO_ID;
	proc.sid = p->session;
	proc.name = keep_plain(b, p->name);
	proc.exe = keep_plain(b, p->image);
	proc.cmdline = keep_plain(b, p->cmdline);
	proc.user = keep_plain(b, p->user);
	proc.more = p == &none ? 0 : more_of(r, b, p);
	if (p->pid == KERNEL_PID || !p->pid)
		proc.flags |= ESPY_PROC_KERNEL;
	if (proc.start < r->first)
		proc.flags |= ESPY_PROC_BEFORE;
	if (proc.name == UINT32_MAX || proc.exe == UINT32_MAX || proc.cmdline == UINT32_MAX ||
	    proc.user == UINT32_MAX || proc.more == UINT32_MAX)
		return -ENOMEM;
	i = espy_batch_add_proc(b, &proc);
	if (i < 0)
		return i;
	kept = espy_arena_alloc(&r->arena, sizeof(*kept));
	if (!kept || espy_map_put(&r->procs, (uint64_t)index + 1, 0, kept) < 0)
		return -ENOMEM;
	*kept = i;
	return i;
}

static int find_proc(const struct espy_pml_rows *r, uint32_t index)
{
	const int *kept = espy_map_get(&r->procs, (uint64_t)index + 1, 0);

	return kept ? *kept : -1;
}

/* Entry of a process in the batch, with its ancestors. */
static int proc_of(struct espy_pml_rows *r, struct espy_batch *b, uint32_t index)
{
	int first = find_proc(r, index), child = -1;

	if (first >= 0)
		return first;
	for (unsigned depth = 0; depth < ESPY_PML_ANCESTORS_MAX; depth++) {
		const struct espy_pml_process *p = espy_pml_tables_process(r->tables, index);
		int i = find_proc(r, index), is_known = i >= 0;

		if (!p && child >= 0)
			break;
		if (!is_known)
			i = add_proc(r, b, p, index);
		if (i < 0)
			return i;
		if (child >= 0) {
			b->procs[child].parent = (uint32_t)i;
			b->procs[child].parent_start = b->procs[i].start;
		} else {
			first = i;
		}
		if (is_known || !p || p->parent == index)
			break;
		child = i;
		index = p->parent;
	}
	return first;
}

/* --- events --------------------------------------------------------------------------------------
 */

static int put_fact(struct espy_batch *b, uint32_t row, const struct espy_pml_fact *f)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	int i = espy_schema_field(s, espy_str0(f->name));
	struct espy_str str = f->str;

	if (i < 0 || espy_kind_is_string(s->fields[i].kind) != f->is_text)
		return 0;
	if (!f->is_text) {
		espy_batch_set_num(b, row, (unsigned)i, f->num);
		return 0;
	}
	if (str.n > ESPY_BATCH_STRING_MAX) {
		str.n = ESPY_BATCH_STRING_MAX;
		b->flags[row] |= ESPY_F_TRUNCATED;
	}
	return espy_batch_set_str(b, row, (unsigned)i, str);
}

static int64_t result_of(const struct espy_pml_detail *d, uint32_t status)
{
	int e = espy_ntstatus_errno(status);
	bool is_done = !(status >> 31) && status != ESPY_PML_PENDING;

	return e ? -e : is_done ? d->result : 0; /* the end of a file or of a list: 0 */
}

static void put_times(struct espy_batch *b, uint32_t row, const struct espy_pml_event *e)
{
	bool is_pending = e->status == ESPY_PML_PENDING;

	b->time[row] = espy_pml_time(e->time);
	b->duration[row] = is_pending || e->duration > INT64_MAX / 100 ? 0 : e->duration * 100;
	if (is_pending)
		b->flags[row] |= ESPY_F_PENDING;
}

static int put_texts(struct espy_pml_rows *r, struct espy_batch *b, uint32_t row)
{
	const struct espy_pml_detail *d = &r->detail;
	const struct espy_pml_event *e = d->event;
	bool is_cut = d->in.is_short;

	b->path[row] = keep(b, (struct espy_str){d->path.p, d->path.n}, &is_cut);
	b->detail[row] = keep(b, (struct espy_str){d->text.p, d->text.n}, &is_cut);
	espy_buf_reset(&r->text);
	espy_pml_stack(&r->text, r->tables, e, espy_pml_tables_process(r->tables, e->process));
	b->stack[row] = keep(b, (struct espy_str){r->text.p, r->text.n}, &is_cut);
	if (is_cut)
		b->flags[row] |= ESPY_F_TRUNCATED;
	return r->text.error || b->path[row] == UINT32_MAX || b->detail[row] == UINT32_MAX ||
			       b->stack[row] == UINT32_MAX
		       ? -ENOMEM
		       : 0;
}

/* A start has no path of its own; what runs is the process's image. */
static int put_started(struct espy_batch *b, uint32_t row)
{
	static const char *const ids[] = {"uid", "gid", "euid", "egid"};
	struct espy_pml_fact f = {.num = NO_ID};

	b->path[row] = b->procs[b->proc[row]].exe;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		f.name = ids[i];
		put_fact(b, row, &f);
	}
	return 0;
}

/* A row whose times of files are not known unless a fact says them: 0 would be 1970. */
static int new_row(struct espy_batch *b, unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);
	int row = espy_batch_add(b, type);

	for (unsigned f = 0; row >= 0 && f < s->n_fields; f++)
		if (s->fields[f].fmt == ESPY_FMT_WALL)
			espy_batch_set_num(b, (uint32_t)row, f, (uint64_t)ESPY_WALL_UNKNOWN);
	return row;
}

int espy_pml_rows_event(struct espy_pml_rows *r, struct espy_batch *b,
			const struct espy_pml_event *e)
{
	struct espy_pml_detail *d = &r->detail;
	int proc, i, err;
	uint32_t row;

	d->tables = r->tables;
	err = espy_pml_detail_read(d, e);
	if (err < 0)
		return err;
	i = new_row(b, d->type);
	if (i < 0)
		return i;
	row = (uint32_t)i;
	proc = proc_of(r, b, e->process);
	if (proc < 0)
		return proc;
	b->proc[row] = (uint32_t)proc;
	b->tid[row] = e->tid;
	b->cpu_seq[row] = e->sequence;
	b->status[row] = e->status;
	b->category[row] = d->category;
	b->result[row] = result_of(d, e->status);
	b->path_source[row] = d->path.n ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_NONE;
	if (d->call != UINT16_MAX) {
		b->abi[row] = ESPY_ABI_PROCMON;
		b->call[row] = d->call;
	}
	put_times(b, row, e);
	err = put_texts(r, b, row);
	for (unsigned f = 0; f < d->n_facts && err == 0; f++)
		err = put_fact(b, row, &d->facts[f]);
	if (err == 0 && d->type == ESPY_EV_process_exec)
		err = put_started(b, row);
	return err;
}

/* --- what was there at the start -----------------------------------------------------------------
 */

static int put_all(struct espy_batch *b, uint32_t row, const struct espy_pml_fact *facts, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = put_fact(b, row, &facts[i]);
	return r;
}

static int add_row(struct espy_pml_rows *r, struct espy_batch *b, unsigned type,
		   const struct espy_pml_process *p, struct espy_str path)
{
	int row = new_row(b, type), proc;

	if (row < 0)
		return row;
	proc = proc_of(r, b, p->index);
	if (proc < 0)
		return proc;
	b->proc[row] = (uint32_t)proc;
	b->tid[row] = p->pid;
	b->time[row] = r->first;
	b->path[row] = keep_plain(b, path);
	b->path_source[row] = path.n ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_NONE;
	return b->path[row] == UINT32_MAX ? -ENOMEM : row;
}

int espy_pml_rows_running(struct espy_pml_rows *r, struct espy_batch *b,
			  const struct espy_pml_process *p)
{
	int row = add_row(r, b, ESPY_EV_process_running, p, p->image);
	const struct espy_proc *proc;

	if (row < 0)
		return row;
	proc = espy_batch_proc(b, (uint32_t)row);
	const struct espy_pml_fact facts[] = {
		{.name = "parent_start", .num = proc->parent_start},
		{.name = "ppid", .num = p->ppid},
		{.name = "uid", .num = NO_ID},
		{.name = "gid", .num = NO_ID},
		{.name = "euid", .num = NO_ID},
		{.name = "egid", .num = NO_ID},
		{.name = "login_uid", .num = NO_ID},
		{.name = "sid", .num = p->session},
		{.name = "kernel", .num = p->pid == KERNEL_PID || !p->pid},
		{.name = "comm", .is_text = true, .str = p->name},
		{.name = "argv", .is_text = true, .str = p->cmdline},
	};

	return put_all(b, (uint32_t)row, facts, sizeof(facts) / sizeof(facts[0]));
}

/* In the words of Load Image, and what the table has beside. */
static void word_module(struct espy_pml_rows *r, const struct espy_pml_module *m)
{
	const struct {
		const char *name;
		uint32_t string;
	} texts[] = {
		{"Version", m->version},
		{"Company", m->company},
		{"Description", m->description},
	};

	espy_buf_reset(&r->text);
	espy_buf_printf(&r->text, "Image Base: 0x%llx, Image Size: 0x%x",
			(unsigned long long)m->base, m->size);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct espy_str s = espy_pml_string(r->tables->file, texts[i].string);

		if (!s.n)
			continue;
		espy_buf_printf(&r->text, ", %s: ", texts[i].name);
		espy_buf_str(&r->text, s);
	}
}

int espy_pml_rows_module(struct espy_pml_rows *r, struct espy_batch *b,
			 const struct espy_pml_process *p, const struct espy_pml_module *m)
{
	int row = add_row(r, b, ESPY_EV_image_load, p, espy_pml_string(r->tables->file, m->path));
	const struct espy_pml_fact facts[] = {
		{.name = "address", .num = m->base},
		{.name = "length", .num = m->size},
	};

	if (row < 0)
		return row;
	word_module(r, m);
	b->detail[row] = keep_plain(b, (struct espy_str){r->text.p, r->text.n});
	if (r->text.error || b->detail[row] == UINT32_MAX)
		return -ENOMEM;
	return put_all(b, (uint32_t)row, facts, sizeof(facts) / sizeof(facts[0]));
}
