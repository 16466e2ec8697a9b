/* SPDX-License-Identifier: MIT */
#include "trace/decode.h"
#include <errno.h>
#include <stdlib.h>
#include "trace/text.h"
#include "trace/unknown.h"

#define TYPES_MAX 65536u
#define CPUS_MAX  65536u

int espy_decode_init(struct espy_decode *d)
{
	*d = (struct espy_decode){0};
	return espy_block_init(&d->block);
}

void espy_decode_done(struct espy_decode *d)
{
	espy_block_done(&d->block);
	espy_vec_done(&d->groups);
	espy_vec_done(&d->unknown);
	espy_vec_done(&d->place);
	espy_vec_done(&d->last_seq);
}

/* --- processes -------------------------------------------------------------------------------- */

/* `is_text`: the number of a string. */
static const struct {
	uint16_t column, at, size;
	bool is_text;
} proc_columns[] = {
#define MEMBER(column, name, is_text)                                                            \
	{                                                                                        \
		column, offsetof(struct espy_proc, name), sizeof(((struct espy_proc *)0)->name), \
			is_text                                                                  \
	}
	MEMBER(ESPY_PROCS_START, start, false),
	MEMBER(ESPY_PROCS_PARENT_START, parent_start, false),
	MEMBER(ESPY_PROCS_CGROUP, cgroup, false),
	MEMBER(ESPY_PROCS_PID, pid, false),
	MEMBER(ESPY_PROCS_PPID, ppid, false),
	MEMBER(ESPY_PROCS_UID, uid, false),
	MEMBER(ESPY_PROCS_GID, gid, false),
	MEMBER(ESPY_PROCS_EUID, euid, false),
	MEMBER(ESPY_PROCS_EGID, egid, false),
	MEMBER(ESPY_PROCS_SID, sid, false),
	MEMBER(ESPY_PROCS_LOGIN_UID, login_uid, false),
	MEMBER(ESPY_PROCS_NAME, name, true),
	MEMBER(ESPY_PROCS_EXE, exe, true),
	MEMBER(ESPY_PROCS_CMDLINE, cmdline, true),
	MEMBER(ESPY_PROCS_USER, user, true),
	MEMBER(ESPY_PROCS_TTY, tty, true),
	MEMBER(ESPY_PROCS_FLAGS, flags, false),
	MEMBER(ESPY_PROCS_MORE, more, true),
#undef MEMBER
};

static uint64_t largest(unsigned size)
{
	return size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
}

static int decode_procs(struct espy_decode *d, struct espy_batch *b)
{
	const struct espy_table *t = espy_block_table(&d->block, ESPY_TABLE_PROCS);
	struct espy_target to = {.stride = sizeof(struct espy_proc)};
	int r = 0;

	if (!t || t->rows == 0 || t->rows > ESPY_BATCH_PROCS_MAX)
		return espy_block_bad(&d->block, "it has no processes, or too many");
	if (espy_batch_reserve_procs(b, t->rows) < 0)
		return -ENOMEM;
	memset(b->procs, 0, t->rows * sizeof(*b->procs));
	for (size_t c = 0; r == 0 && c < sizeof(proc_columns) / sizeof(proc_columns[0]); c++) {
		to.p = (char *)b->procs + proc_columns[c].at;
		to.size = proc_columns[c].size;
		to.max = proc_columns[c].is_text ? b->dict.n - 1 : largest(to.size);
		r = espy_block_numbers(&d->block, t, proc_columns[c].column, &to);
	}
	if (r < 0)
		return r;
	to = (struct espy_target){&b->procs->parent, sizeof(struct espy_proc), 4, t->rows};
	r = espy_block_numbers(&d->block, t, ESPY_PROCS_PARENT, &to);
	for (uint32_t i = 0; r == 0 && i < t->rows; i++)
		b->procs[i].parent--; /* 0 becomes UINT32_MAX, unknown */
	b->n_procs = t->rows;
	return r;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int load_rows(struct espy_decode *d, const struct espy_table *t, struct espy_batch *b)
{
	const struct {
		unsigned column;
		struct espy_target to;
	} columns[] = {
		{ESPY_ROWS_END, {b->time, 8, 8, UINT64_MAX}},
		{ESPY_ROWS_DURATION, {b->duration, 8, 8, UINT64_MAX}},
		{ESPY_ROWS_RESULT, {b->result, 8, 8, UINT64_MAX}},
		{ESPY_ROWS_PROC, {b->proc, 4, 4, b->n_procs - 1}},
		{ESPY_ROWS_PATH, {b->path, 4, 4, b->dict.n - 1}},
		{ESPY_ROWS_CPU_STEP, {b->cpu_seq, 4, 4, UINT32_MAX}},
		{ESPY_ROWS_TYPE, {b->type, 2, 2, TYPES_MAX - 1}},
		{ESPY_ROWS_CALL, {b->call, 2, 2, UINT16_MAX}},
		{ESPY_ROWS_CPU, {b->cpu, 2, 2, CPUS_MAX - 1}},
		{ESPY_ROWS_ABI, {b->abi, 1, 1, UINT8_MAX}},
		{ESPY_ROWS_FLAGS, {b->flags, 1, 1, UINT8_MAX}},
		{ESPY_ROWS_PATH_SOURCE, {b->path_source, 1, 1, UINT8_MAX}},
		{ESPY_ROWS_STACK, {b->stack, 4, 4, b->dict.n - 1}},
		{ESPY_ROWS_DETAIL, {b->detail, 4, 4, b->dict.n - 1}},
		{ESPY_ROWS_STATUS, {b->status, 4, 4, UINT32_MAX}},
		{ESPY_ROWS_CATEGORY, {b->category, 1, 1, UINT8_MAX}},
	};
	int r = 0;

	for (size_t c = 0; r == 0 && c < sizeof(columns) / sizeof(columns[0]); c++)
		r = espy_block_numbers(&d->block, t, columns[c].column, &columns[c].to);
	return r;
}

static int decode_tids(struct espy_decode *d, const struct espy_table *t, struct espy_batch *b)
{
	uint64_t *v = espy_arena_alloc(&d->block.arena, t->rows * sizeof(*v));
	struct espy_target to = {v, sizeof(*v), sizeof(*v), UINT64_MAX};
	int r;

	if (!v)
		return -ENOMEM;
	r = espy_block_numbers(&d->block, t, ESPY_ROWS_TID, &to);
	for (uint32_t i = 0; r == 0 && i < t->rows; i++)
		b->tid[i] = (uint32_t)(v[i] + b->procs[b->proc[i]].pid);
	return r;
}

/* The columns in the file are differences to others. */
static int undo_differences(struct espy_decode *d, struct espy_batch *b, uint32_t n)
{
	uint32_t max = 0, *last;

	for (uint32_t i = 0; i < n; i++)
		b->time[i] -= b->duration[i];
	for (uint32_t i = 0; i < n; i++)
		max = b->cpu[i] > max ? b->cpu[i] : max;
	if (espy_vec_reserve(&d->last_seq, max + 1) < 0)
		return -ENOMEM;
	last = d->last_seq.v;
	memset(last, 0, (max + 1) * sizeof(*last));
	for (uint32_t i = 0; i < n; i++)
		last[b->cpu[i]] = b->cpu_seq[i] += last[b->cpu[i]];
	return 0;
}

static int decode_rows(struct espy_decode *d, struct espy_batch *b)
{
	const struct espy_table *t = espy_block_table(&d->block, ESPY_TABLE_ROWS);
	const struct espy_pack *wall = espy_block_column(&d->block, t, ESPY_ROWS_WALL_OFFSET);
	int r;

	if (!t || t->rows == 0 || t->rows > ESPY_BATCH_ROWS || t->rows != d->block.h.rows)
		return espy_block_bad(&d->block, "its number of rows is wrong");
	if (espy_batch_reserve(b, t->rows) < 0)
		return -ENOMEM;
	r = load_rows(d, t, b);
	if (r == 0)
		r = decode_tids(d, t, b);
	if (r == 0)
		r = undo_differences(d, b, t->rows);
	if (r < 0)
		return r;
	b->n = t->rows;
	b->first_seq = d->block.h.first_seq;
	b->wall_offset = wall ? (int64_t)wall->min : 0;
	return 0;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Column of the file for field f of our schema, 0 when the file has none. */
static uint32_t column_of(const struct espy_name *name, unsigned f)
{
	for (uint32_t i = 0; i < name->n_fields; i++)
		if (name->fields[i].local == (int)f)
			return i + 1;
	return 0;
}

static int decode_fields(struct espy_decode *d, const struct espy_decode_group *in,
			 const struct espy_batch *b)
{
	const struct espy_schema *s = in->group->schema;
	int r = 0;

	for (unsigned f = 0; r == 0 && f < s->n_fields; f++) {
		bool is_text = espy_kind_is_string(s->fields[f].kind);
		uint32_t size = is_text ? sizeof(uint32_t) : sizeof(uint64_t);
		struct espy_target to = {in->group->cols[f], size, size,
					 is_text ? b->dict.n - 1 : UINT64_MAX};

		if (to.p)
			r = espy_block_numbers(&d->block, in->table, column_of(in->name, f), &to);
	}
	return r;
}

/* Room for a type of the file; it has no group so far. */
static int make_place(struct espy_decode *d, uint32_t type)
{
	if (type < d->place.n)
		return 0;
	if (espy_vec_reserve(&d->place, type + 1) < 0)
		return -ENOMEM;
	memset(d->place.v + d->place.n, 0, (type + 1 - d->place.n) * sizeof(*d->place.v));
	d->place.n = type + 1;
	return 0;
}

static int add_group(struct espy_decode *d, const struct espy_names *names,
		     const struct espy_table *t, struct espy_batch *b)
{
	struct espy_decode_group in = {.table = t, .type = t->id - ESPY_TABLE_GROUP};
	int r = make_place(d, in.type);

	if (r == 0 && (t->rows > b->n || d->place.v[in.type]))
		return espy_block_bad(&d->block, "a group of its rows is wrong");
	if (r < 0 || t->rows == 0)
		return r;
	in.name = espy_names_get(names, in.type);
	if (in.name && in.name->local) {
		unsigned type = in.name->local->type;

		r = espy_batch_reserve_group(b, type, t->rows);
		in.group = b->group[type];
	}
	if (r == 0 && in.group)
		r = decode_fields(d, &in, b);
	if (r == 0)
		r = espy_vec_push(&d->groups, in);
	if (r == 0)
		d->place.v[in.type] = (uint16_t)d->groups.n;
	return r;
}

/* Gives every row its place in its group; the rows of a type come in their order. */
static int place_rows(struct espy_decode *d, struct espy_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t place = b->type[i] < d->place.n ? d->place.v[b->type[i]] : 0;
		struct espy_decode_group *in = place ? &d->groups.v[place - 1] : NULL;

		if (!in || in->next == in->table->rows)
			return espy_block_bad(&d->block, "a row is in no group");
		b->slot[i] = in->next++;
		if (!in->group) {
			if (espy_vec_push(&d->unknown, (struct espy_decode_unknown){
							       i, place - 1, b->slot[i]}) < 0)
				return -ENOMEM;
			continue;
		}
		in->group->row[b->slot[i]] = i;
		b->type[i] = in->group->schema->type;
	}
	return 0;
}

static int decode_groups(struct espy_decode *d, const struct espy_names *names,
			 struct espy_batch *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->block.tables.n; i++) {
		const struct espy_table *t = &d->block.tables.v[i];

		if (t->id >= ESPY_TABLE_GROUP && t->id < ESPY_TABLE_GROUP_END)
			r = add_group(d, names, t, b);
	}
	if (r == 0)
		r = place_rows(d, b);
	for (size_t i = 0; r == 0 && i < d->groups.n; i++) {
		struct espy_decode_group *in = &d->groups.v[i];

		if (in->next != in->table->rows)
			r = espy_block_bad(&d->block, "a group has more rows than the block");
		else if (in->group)
			in->group->n = in->next;
	}
	return r;
}

int espy_decode_batch(struct espy_decode *d, const struct espy_names *names, struct espy_batch *b)
{
	int r;

	espy_batch_reset(b);
	d->groups.n = d->unknown.n = 0;
	r = espy_text_decode(&b->dict, &d->block);
	if (r == 0)
		r = decode_procs(d, b);
	if (r == 0)
		r = decode_rows(d, b);
	if (r == 0)
		r = decode_groups(d, names, b);
	if (r == 0 && d->unknown.n)
		r = espy_unknown_decode(d, b);
	for (size_t i = 0; i < d->groups.n; i++)
		d->place.v[d->groups.v[i].type] = 0;
	if (r < 0)
		espy_batch_reset(b);
	return r;
}
