/* SPDX-License-Identifier: MIT */
#include "trace/decode.h"
#include <errno.h>
#include <stdlib.h>
#include "trace/text.h"
#include "trace/trace.h"
#include "trace/unknown.h"

#define TYPES_MAX 65536u
#define CPUS_MAX  65536u
#define CHUNK     64u /* rows that are looked at together */

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
	espy_vec_done(&d->local);
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
	const struct espy_table *own = espy_block_table(&d->block, ESPY_TABLE_PROC_STRINGS);
	uint32_t last = own ? own->rows : b->dict.n - 1; /* of their strings */
	int r = 0;

	if (!t || t->rows == 0 || t->rows > ESPY_BATCH_PROCS_MAX)
		return espy_block_bad(&d->block, "it has no processes, or too many");
	if (espy_batch_reserve_procs(b, t->rows) < 0)
		return -ENOMEM;
	memset(b->procs, 0, t->rows * sizeof(*b->procs));
	for (size_t c = 0; r == 0 && c < sizeof(proc_columns) / sizeof(proc_columns[0]); c++) {
		if (proc_columns[c].is_text && !d->parts.proc_text)
			continue;
		to.p = (char *)b->procs + proc_columns[c].at;
		to.size = proc_columns[c].size;
		to.max = proc_columns[c].is_text ? last : largest(to.size);
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

/* What a column must stay below. */
enum limit { LIMIT_SIZE, LIMIT_PROCS, LIMIT_STRINGS };

static const struct {
	uint8_t column, size, limit;
	uint16_t at; /* of the array's pointer in the batch */
} row_columns[] = {
#define MEMBER(column, name, limit)                                     \
	{                                                               \
		column, sizeof(*((struct espy_batch *)0)->name), limit, \
			offsetof(struct espy_batch, name)               \
	}
	MEMBER(ESPY_ROWS_END, time, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_DURATION, duration, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_RESULT, result, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_PROC, proc, LIMIT_PROCS),
	MEMBER(ESPY_ROWS_TID, tid, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_PATH, path, LIMIT_STRINGS),
	MEMBER(ESPY_ROWS_CPU_STEP, cpu_seq, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_TYPE, type, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_CALL, call, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_CPU, cpu, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_ABI, abi, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_FLAGS, flags, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_PATH_SOURCE, path_source, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_STACK, stack, LIMIT_STRINGS),
	MEMBER(ESPY_ROWS_DETAIL, detail, LIMIT_STRINGS),
	MEMBER(ESPY_ROWS_STATUS, status, LIMIT_SIZE),
	MEMBER(ESPY_ROWS_CATEGORY, category, LIMIT_SIZE),
#undef MEMBER
};

static uint64_t limit_of(const struct espy_batch *b, unsigned limit, unsigned size)
{
	if (limit == LIMIT_PROCS)
		return b->n_procs - 1;
	return limit == LIMIT_STRINGS ? b->dict.n - 1 : largest(size);
}

static void make_zero(struct espy_decode *d, unsigned column, void *p, unsigned size, uint32_t n)
{
	uint32_t from = d->zero[column];

	if (from >= n)
		return;
	memset((char *)p + (size_t)from * size, 0, (size_t)(n - from) * size);
	d->zero[column] = n;
}

static int load_rows(struct espy_decode *d, const struct espy_table *t, struct espy_batch *b)
{
	int r = 0;

	if (d->zero_of != b)
		memset(d->zero, 0, sizeof(d->zero));
	d->zero_of = b;
	for (size_t c = 0; r == 0 && c < sizeof(row_columns) / sizeof(row_columns[0]); c++) {
		unsigned column = row_columns[c].column, size = row_columns[c].size;
		struct espy_target to = {.stride = size, .size = size};

		memcpy(&to.p, (const char *)b + row_columns[c].at, sizeof(to.p));
		if (!(d->parts.rows >> column & 1)) {
			if (column != ESPY_ROWS_TYPE) /* decode_types */
				make_zero(d, column, to.p, size, t->rows);
			continue;
		}
		d->zero[column] = 0;
		if (column == ESPY_ROWS_TID)
			continue; /* decode_tids */
		to.max = limit_of(b, row_columns[c].limit, size);
		r = espy_block_numbers(&d->block, t, column, &to);
	}
	return r;
}

static int decode_tids(struct espy_decode *d, const struct espy_table *t, struct espy_batch *b)
{
	uint64_t *v;
	struct espy_target to;
	int r;

	if (!(d->parts.rows >> ESPY_ROWS_TID & 1))
		return 0;
	v = espy_arena_alloc(&d->block.arena, t->rows * sizeof(*v));
	if (!v)
		return -ENOMEM;
	to = (struct espy_target){v, sizeof(*v), sizeof(*v), UINT64_MAX};
	r = espy_block_numbers(&d->block, t, ESPY_ROWS_TID, &to);
	for (uint32_t i = 0; r == 0 && i < t->rows; i++)
		b->tid[i] = (uint32_t)(v[i] + b->procs[b->proc[i]].pid);
	return r;
}

/* The columns in the file are differences to others. */
static int add_cpu_steps(struct espy_decode *d, struct espy_batch *b, uint32_t n)
{
	uint32_t max = 0, *last;

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

static int undo_differences(struct espy_decode *d, struct espy_batch *b, uint32_t n)
{
	for (uint32_t i = 0; (d->parts.rows >> ESPY_ROWS_END & 1) && i < n; i++)
		b->time[i] -= b->duration[i];
	return d->parts.rows >> ESPY_ROWS_CPU_STEP & 1 ? add_cpu_steps(d, b, n) : 0;
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

static int decode_field(struct espy_decode *d, const struct espy_decode_group *in, unsigned f,
			const struct espy_batch *b)
{
	bool is_text = espy_kind_is_string(in->group->schema->fields[f].kind);
	uint32_t size = is_text ? sizeof(uint32_t) : sizeof(uint64_t);
	struct espy_target to = {in->group->cols[f], size, size,
				 is_text ? b->dict.n - 1 : UINT64_MAX};

	return to.p ? espy_block_numbers(&d->block, in->table, column_of(in->name, f), &to) : 0;
}

static void clear_fields(const struct espy_group *g, uint32_t n)
{
	for (unsigned f = 0; f < g->schema->n_fields; f++) {
		bool is_text = espy_kind_is_string(g->schema->fields[f].kind);

		if (g->cols[f])
			memset(g->cols[f], 0, n * (is_text ? sizeof(uint32_t) : sizeof(uint64_t)));
	}
}

static int decode_fields(struct espy_decode *d, const struct espy_decode_group *in,
			 const struct espy_batch *b)
{
	const struct espy_schema *s = in->group->schema;
	const struct espy_column *c;
	int r = 0;

	for (unsigned f = 0; r == 0 && !d->need && f < s->n_fields; f++)
		r = decode_field(d, in, f, b);
	if (d->need)
		clear_fields(in->group, in->table->rows);
	for (unsigned i = ESPY_COL__FIELDS; r == 0 && d->need && (c = espy_column_at(i)); i++) {
		int f = espy_need_has(d->need, c->id) ? espy_column_field(c, s) : -1;

		if (f >= 0)
			r = decode_field(d, in, (unsigned)f, b);
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

/* Notes a group of the directory. */
static int add_group(struct espy_decode *d, const struct espy_names *names,
		     const struct espy_table *t)
{
	struct espy_decode_group in = {.table = t, .type = t->id - ESPY_TABLE_GROUP};
	int r = make_place(d, in.type);

	if (r == 0 && (t->rows > d->block.h.rows || d->place.v[in.type]))
		return espy_block_bad(&d->block, "a group of its rows is wrong");
	if (r < 0 || t->rows == 0)
		return r;
	in.name = espy_names_get(names, in.type);
	r = espy_vec_push(&d->groups, in);
	if (r == 0)
		d->place.v[in.type] = (uint16_t)d->groups.n;
	return r;
}

static const struct espy_schema *schema_of(const struct espy_decode_group *in)
{
	return in->name ? in->name->local : NULL;
}

/* Which types are there; what else that makes necessary. */
static int find_groups(struct espy_decode *d, const struct espy_names *names)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->block.tables.n; i++) {
		const struct espy_table *t = &d->block.tables.v[i];

		if (t->id >= ESPY_TABLE_GROUP && t->id < ESPY_TABLE_GROUP_END)
			r = add_group(d, names, t);
	}
	for (size_t i = 0; i < d->groups.n; i++) {
		const struct espy_schema *s = schema_of(&d->groups.v[i]);

		if (!s && d->parts.place) { /* unknown events are made of all that they have */
			d->need = NULL;
			d->parts = espy_need_parts(NULL);
		}
		if (s && s->type == ESPY_EV_process_exit && d->parts.result && !d->parts.type) {
			d->only_exits = d->parts.type = true;
			d->parts.rows |= 1u << ESPY_ROWS_TYPE;
			d->exit_type = d->groups.v[i].type;
		}
	}
	return r;
}

static int make_groups(struct espy_decode *d, struct espy_batch *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->groups.n; i++) {
		struct espy_decode_group *in = &d->groups.v[i];
		const struct espy_schema *s = schema_of(in);

		if (!s)
			continue;
		r = espy_batch_reserve_group(b, s->type, in->table->rows);
		in->group = r == 0 ? b->group[s->type] : NULL;
		if (r == 0 && d->parts.place)
			r = decode_fields(d, in, b);
	}
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
	d->zero[0] = 0; /* slot */
	return 0;
}

static int fill_groups(struct espy_decode *d, struct espy_batch *b)
{
	int r = place_rows(d, b);

	for (size_t i = 0; r == 0 && i < d->groups.n; i++) {
		struct espy_decode_group *in = &d->groups.v[i];

		if (in->next != in->table->rows)
			r = espy_block_bad(&d->block, "a group has more rows than the block");
		else if (in->group)
			in->group->n = in->next;
	}
	return r;
}

#define NO_TYPE UINT16_MAX

/* Our type for each of the file's. */
static int map_types(struct espy_decode *d)
{
	if (espy_vec_reserve(&d->local, d->place.n + 1) < 0)
		return -ENOMEM;
	memset(d->local.v, 0xff, d->place.n * sizeof(*d->local.v));
	d->local.n = d->place.n;
	for (size_t i = 0; i < d->groups.n; i++) {
		const struct espy_schema *s = schema_of(&d->groups.v[i]);

		d->local.v[d->groups.v[i].type] = s ? s->type : ESPY_EV_system_unknown;
	}
	return 0;
}

static int translate_types(struct espy_decode *d, struct espy_batch *b)
{
	const uint16_t *local = d->local.v;
	uint16_t *type = b->type, all = 0;
	uint32_t end = (uint32_t)d->local.n;

	for (uint32_t i = 0; i < b->n; i++) {
		uint16_t own = type[i] < end ? local[type[i]] : NO_TYPE;

		type[i] = own;
		all |= own;
	}
	return all == NO_TYPE ? espy_block_bad(&d->block, "a row is in no group") : 0;
}

static int add_exit(struct espy_decode *d, struct espy_group *g, uint32_t row)
{
	if (g->n == g->cap)
		return espy_block_bad(&d->block, "a row is in no group");
	g->row[g->n++] = row;
	return 0;
}

/* The results of process_exit are read as something else than others: its rows, `type` in the
 * batch.
 */
static int find_exits(struct espy_decode *d, struct espy_batch *b, uint16_t type)
{
	struct espy_group *g = b->group[ESPY_EV_process_exit];
	int r = 0;

	for (uint32_t at = 0; r == 0 && at < b->n; at += CHUNK) {
		uint32_t end = b->n - at < CHUNK ? b->n : at + CHUNK, any = 0;

		for (uint32_t i = at; i < end; i++)
			any |= b->type[i] == type;
		for (uint32_t i = at; any && r == 0 && i < end; i++)
			if (b->type[i] == type)
				r = add_exit(d, g, i);
	}
	return r;
}

static void fill_unknown(struct espy_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		b->type[i] = ESPY_EV_system_unknown;
}

/* All rows are of system_unknown but those. */
static int decode_exits(struct espy_decode *d, struct espy_batch *b)
{
	const struct espy_group *g = b->group[ESPY_EV_process_exit];
	int r = find_exits(d, b, (uint16_t)d->exit_type);

	fill_unknown(b);
	for (uint32_t i = 0; i < g->n; i++)
		b->type[g->row[i]] = ESPY_EV_process_exit;
	return r;
}

/* Types without places: groups only tell of what schema they are. */
static int decode_types(struct espy_decode *d, struct espy_batch *b)
{
	int r = espy_batch_reserve_group(b, ESPY_EV_system_unknown, 1);

	if (r == 0 && !d->parts.type) {
		if (d->zero[ESPY_ROWS_TYPE] < b->n)
			fill_unknown(b);
		d->zero[ESPY_ROWS_TYPE] =
			b->n > d->zero[ESPY_ROWS_TYPE] ? b->n : d->zero[ESPY_ROWS_TYPE];
		return 0;
	}
	if (r == 0 && d->only_exits)
		return decode_exits(d, b);
	if (r == 0)
		r = map_types(d);
	if (r == 0)
		r = translate_types(d, b);
	if (r == 0 && d->parts.result && b->group[ESPY_EV_process_exit])
		r = find_exits(d, b, ESPY_EV_process_exit);
	return r;
}

static int decode_groups(struct espy_decode *d, struct espy_batch *b)
{
	int r = make_groups(d, b);

	if (r < 0)
		return r;
	if (!d->parts.place) {
		make_zero(d, 0, b->slot, sizeof(*b->slot), b->n);
		return decode_types(d, b);
	}
	r = fill_groups(d, b);
	return r == 0 && d->unknown.n ? espy_unknown_decode(d, b) : r;
}

static espy_stacks_fn *stacks_fn;
static void *stacks_ctx;

void espy_trace_on_stacks(espy_stacks_fn *fn, void *ctx)
{
	stacks_fn = fn;
	stacks_ctx = ctx;
}

int espy_decode_batch(struct espy_decode *d, const struct espy_names *names,
		      const struct espy_need *need, struct espy_batch *b)
{
	int r;

	espy_batch_reset(b);
	d->groups.n = d->unknown.n = 0;
	d->only_exits = false;
	d->parts = espy_need_parts(need);
	d->need = d->parts.place && d->parts.rows != UINT32_MAX ? need : NULL;
	r = find_groups(d, names);
	if (r == 0 && d->parts.rows == UINT32_MAX)
		r = espy_block_fetch(&d->block);
	if (r == 0 && d->parts.text)
		r = espy_text_decode(&b->dict, &d->block);
	else if (r == 0 && d->parts.proc_text)
		r = espy_text_decode_procs(&b->dict, &d->block);
	if (r == 0 && d->parts.procs)
		r = decode_procs(d, b);
	if (r == 0)
		r = decode_rows(d, b);
	if (r == 0)
		r = decode_groups(d, b);
	for (size_t i = 0; i < d->groups.n; i++)
		d->place.v[d->groups.v[i].type] = 0;
	if (r < 0)
		espy_batch_reset(b);
	else if (stacks_fn && d->parts.text && d->parts.rows & 1u << ESPY_ROWS_STACK)
		stacks_fn(stacks_ctx, b);
	return r;
}
