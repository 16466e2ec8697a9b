/* SPDX-License-Identifier: MIT */
#include "trace/encode.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* From so many bytes of strings on, those of the processes have a table of their own. It costs up
 * to 300 bytes, and saves a reader little where there are few. The fuzzer's seeds are small. */
#ifdef ESPY_TRACE_PLAIN
#define OWN_TABLE_MIN 1u
#else
#define OWN_TABLE_MIN (64u << 10)
#endif

int espy_encode_init(struct espy_encode *e)
{
	*e = (struct espy_encode){0};
	return espy_build_init(&e->build);
}

void espy_encode_done(struct espy_encode *e)
{
	espy_build_done(&e->build);
	espy_buf_done(&e->numbers);
	espy_buf_done(&e->bytes);
	espy_vec_done(&e->last_seq);
	espy_vec_done(&e->ids);
}

uint64_t *espy_encode_room(struct espy_encode *e, size_t n)
{
	espy_buf_reset(&e->numbers);
	e->numbers.error = 0;
	if (espy_buf_reserve(&e->numbers, (n + 1) * sizeof(uint64_t)) < 0) {
		e->build.error = -ENOMEM;
		return NULL;
	}
	return (uint64_t *)e->numbers.p;
}

/* --- strings ---------------------------------------------------------------------------------- */

static size_t common_prefix(struct espy_str a, struct espy_str b)
{
	size_t n = a.n < b.n ? a.n : b.n, i = 0;

	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

/* The n strings whose ids in the block are from `first`; `ids` NULL: as in the dictionary. */
static void encode_table(struct espy_encode *e, const struct espy_dict *d, const uint32_t *ids,
			 uint32_t table, uint32_t first, uint32_t n)
{
	uint64_t *shared = espy_encode_room(e, 2 * (size_t)n), *more = shared + n;
	struct espy_str last = ESPY_STR_NONE;
	uint32_t i = 0;

	if (!shared)
		return;
	espy_buf_reset(&e->bytes);
	e->bytes.error = 0;
	for (uint32_t k = 1; i < n; k++) {
		struct espy_str s = d->strs[k];

		if (ids && ids[k] != first + i)
			continue;
		shared[i] = common_prefix(last, s);
		more[i] = s.n - shared[i];
		espy_buf_add(&e->bytes, s.p + shared[i], more[i]);
		last = s;
		i++;
	}
	if (e->bytes.error)
		e->build.error = -ENOMEM;
	espy_build_table(&e->build, table, n);
	espy_build_numbers(&e->build, ESPY_STRINGS_SHARED, shared, false);
	espy_build_numbers(&e->build, ESPY_STRINGS_MORE, more, false);
	espy_build_bytes(&e->build, ESPY_STRINGS_BYTES, e->bytes.p, e->bytes.n);
}

void espy_encode_strings(struct espy_encode *e, const struct espy_dict *d)
{
	encode_table(e, d, NULL, ESPY_TABLE_STRINGS, 1, d->n - 1);
}

/* --- processes -------------------------------------------------------------------------------- */

/* Members of struct espy_proc that are stored as they are; `is_text`: but for their ids. */
static const struct {
	uint16_t column, at, size;
	bool is_text;
} proc_columns[] = {
#define MEMBER(column, name)                                                                     \
	{                                                                                        \
		column, offsetof(struct espy_proc, name), sizeof(((struct espy_proc *)0)->name), \
			false                                                                    \
	}
#define TEXT(column, name)                                                       \
	{                                                                        \
		column, offsetof(struct espy_proc, name), sizeof(uint32_t), true \
	}
	MEMBER(ESPY_PROCS_START, start),
	MEMBER(ESPY_PROCS_PARENT_START, parent_start),
	MEMBER(ESPY_PROCS_CGROUP, cgroup),
	MEMBER(ESPY_PROCS_PID, pid),
	MEMBER(ESPY_PROCS_PPID, ppid),
	MEMBER(ESPY_PROCS_UID, uid),
	MEMBER(ESPY_PROCS_GID, gid),
	MEMBER(ESPY_PROCS_EUID, euid),
	MEMBER(ESPY_PROCS_EGID, egid),
	MEMBER(ESPY_PROCS_SID, sid),
	MEMBER(ESPY_PROCS_LOGIN_UID, login_uid),
	TEXT(ESPY_PROCS_NAME, name),
	TEXT(ESPY_PROCS_EXE, exe),
	TEXT(ESPY_PROCS_CMDLINE, cmdline),
	TEXT(ESPY_PROCS_USER, user),
	TEXT(ESPY_PROCS_TTY, tty),
	MEMBER(ESPY_PROCS_FLAGS, flags),
	TEXT(ESPY_PROCS_MORE, more),
#undef MEMBER
#undef TEXT
};

#define N_PROC_COLUMNS (sizeof(proc_columns) / sizeof(proc_columns[0]))

static uint64_t member(const void *p, unsigned size)
{
	return size == 8 ? *(const uint64_t *)p : *(const uint32_t *)p;
}

/* The id in the block; of a string that never came into the dictionary that of none. */
static inline uint32_t id_of(const struct espy_encode *e, uint64_t id)
{
	return id < e->ids.n ? e->ids.v[id] : 0;
}

/* Marks the strings that processes have with 1, all others with 0. */
static void mark_proc_strings(const struct espy_batch *b, uint32_t *marks)
{
	memset(marks, 0, b->dict.n * sizeof(*marks));
	for (size_t c = 0; c < N_PROC_COLUMNS; c++) {
		for (uint32_t i = 0; proc_columns[c].is_text && i < b->n_procs; i++) {
			uint64_t id = member((const char *)&b->procs[i] + proc_columns[c].at, 4);

			if (id < b->dict.n)
				marks[id] = 1;
		}
	}
	marks[0] = 0;
}

/* Gives the strings that are marked in e->ids the first ids, each half in the order of the
 * dictionary. Returns how many they are. */
static uint32_t give_ids(struct espy_encode *e)
{
	uint32_t n = 0, first = 1, rest, *ids = e->ids.v;

	for (uint32_t i = 1; i < e->ids.n; i++)
		n += ids[i];
	rest = n + 1;
	for (uint32_t i = 1; i < e->ids.n; i++)
		ids[i] = ids[i] ? first++ : rest++;
	return n;
}

/* One table of strings, or both; what follows refers to them by e->ids. */
static int encode_text(struct espy_encode *e, const struct espy_batch *b)
{
	uint32_t n = b->dict.n - 1, own;

	if (espy_vec_reserve(&e->ids, b->dict.n) < 0)
		return -ENOMEM;
	e->ids.n = b->dict.n;
	if (b->dict.bytes < OWN_TABLE_MIN) {
		memset(e->ids.v, 0, e->ids.n * sizeof(*e->ids.v));
		give_ids(e);
		espy_encode_strings(e, &b->dict);
		return 0;
	}
	mark_proc_strings(b, e->ids.v);
	own = give_ids(e);
	encode_table(e, &b->dict, e->ids.v, ESPY_TABLE_PROC_STRINGS, 1, own);
	encode_table(e, &b->dict, e->ids.v, ESPY_TABLE_STRINGS, own + 1, n - own);
	return 0;
}

static void encode_procs(struct espy_encode *e, const struct espy_batch *b)
{
	uint64_t *v = espy_encode_room(e, b->n_procs);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_PROCS, b->n_procs);
	for (size_t c = 0; c < N_PROC_COLUMNS; c++) {
		for (uint32_t i = 0; i < b->n_procs; i++)
			v[i] = member((const char *)&b->procs[i] + proc_columns[c].at,
				      proc_columns[c].size);
		for (uint32_t i = 0; proc_columns[c].is_text && i < b->n_procs; i++)
			v[i] = id_of(e, v[i]);
		espy_build_numbers(&e->build, proc_columns[c].column, v, false);
	}
	for (uint32_t i = 0; i < b->n_procs; i++)
		v[i] = (uint32_t)(b->procs[i].parent + 1);
	espy_build_numbers(&e->build, ESPY_PROCS_PARENT, v, false);
}

/* --- rows ------------------------------------------------------------------------------------- */

#define WIDEN(from)                                 \
	do {                                        \
		for (uint32_t i = 0; i < b->n; i++) \
			v[i] = (from)[i];           \
	} while (0)

/* Many columns of small numbers have but one of them: found without making large ones of them. */
static bool is_constant(const void *from, size_t size, uint32_t n)
{
	return n && memcmp(from, (const char *)from + size, (n - 1) * size) == 0;
}

#define ENCODE_SMALL(column, from)                                                \
	do {                                                                      \
		if (is_constant(from, sizeof(*(from)), b->n)) {                   \
			espy_build_constant(&e->build, column, (from)[0], false); \
			break;                                                    \
		}                                                                 \
		WIDEN(from);                                                      \
		espy_build_numbers(&e->build, column, v, false);                  \
	} while (0)

static void encode_ids(struct espy_encode *e, uint32_t column, const uint32_t *from, uint32_t n,
		       uint64_t *v)
{
	if (is_constant(from, sizeof(*from), n)) {
		espy_build_constant(&e->build, column, id_of(e, from[0]), false);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		v[i] = id_of(e, from[i]);
	espy_build_numbers(&e->build, column, v, false);
}

static void encode_times(struct espy_encode *e, const struct espy_batch *b, uint64_t *v)
{
	for (uint32_t i = 0; i < b->n; i++)
		v[i] = b->time[i] + b->duration[i];
	espy_build_numbers(&e->build, ESPY_ROWS_END, v, false);
	espy_build_numbers(&e->build, ESPY_ROWS_DURATION, b->duration, false);
}

static void encode_threads(struct espy_encode *e, const struct espy_batch *b, uint64_t *v)
{
	ENCODE_SMALL(ESPY_ROWS_PROC, b->proc);
	for (uint32_t i = 0; i < b->n; i++) {
		assert(b->proc[i] < b->n_procs);
		v[i] = (uint64_t)b->tid[i] - b->procs[b->proc[i]].pid;
	}
	espy_build_numbers(&e->build, ESPY_ROWS_TID, v, true);
}

static void encode_cpus(struct espy_encode *e, const struct espy_batch *b, uint64_t *v)
{
	uint32_t max = 0, *last;

	for (uint32_t i = 0; i < b->n; i++)
		max = b->cpu[i] > max ? b->cpu[i] : max;
	if (espy_vec_reserve(&e->last_seq, max + 1) < 0) {
		e->build.error = -ENOMEM;
		return;
	}
	last = e->last_seq.v;
	memset(last, 0, (max + 1) * sizeof(*last));
	for (uint32_t i = 0; i < b->n; i++) {
		v[i] = (uint32_t)(b->cpu_seq[i] - last[b->cpu[i]]);
		last[b->cpu[i]] = b->cpu_seq[i];
	}
	espy_build_numbers(&e->build, ESPY_ROWS_CPU_STEP, v, false);
	ENCODE_SMALL(ESPY_ROWS_CPU, b->cpu);
}

static bool is_any(const uint32_t *from, uint32_t n)
{
	uint32_t any = 0;

	for (uint32_t i = 0; i < n; i++)
		any |= from[i];
	return any;
}

/* Columns that most captures do not have: nothing is written when all are 0. */
static void encode_imported(struct espy_encode *e, const struct espy_batch *b, uint64_t *v)
{
	uint8_t any = 0;

	if (is_any(b->stack, b->n))
		encode_ids(e, ESPY_ROWS_STACK, b->stack, b->n, v);
	if (is_any(b->detail, b->n))
		encode_ids(e, ESPY_ROWS_DETAIL, b->detail, b->n, v);
	if (is_any(b->status, b->n)) {
		WIDEN(b->status);
		espy_build_numbers(&e->build, ESPY_ROWS_STATUS, v, false);
	}
	for (uint32_t i = 0; i < b->n; i++) {
		any |= b->category[i];
		v[i] = b->category[i];
	}
	if (any)
		espy_build_numbers(&e->build, ESPY_ROWS_CATEGORY, v, false);
}

static void encode_rows(struct espy_encode *e, const struct espy_batch *b)
{
	uint64_t *v = espy_encode_room(e, b->n);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_ROWS, b->n);
	encode_times(e, b, v);
	espy_build_numbers(&e->build, ESPY_ROWS_RESULT, (const uint64_t *)b->result, true);
	encode_threads(e, b, v);
	encode_ids(e, ESPY_ROWS_PATH, b->path, b->n, v);
	encode_cpus(e, b, v);
	ENCODE_SMALL(ESPY_ROWS_TYPE, b->type);
	ENCODE_SMALL(ESPY_ROWS_CALL, b->call);
	ENCODE_SMALL(ESPY_ROWS_ABI, b->abi);
	ENCODE_SMALL(ESPY_ROWS_FLAGS, b->flags);
	ENCODE_SMALL(ESPY_ROWS_PATH_SOURCE, b->path_source);
	espy_build_constant(&e->build, ESPY_ROWS_WALL_OFFSET, (uint64_t)b->wall_offset, true);
	encode_imported(e, b, v);
}

/* --- groups ----------------------------------------------------------------------------------- */

static void encode_group(struct espy_encode *e, const struct espy_group *g)
{
	uint64_t *v = espy_encode_room(e, g->n);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_GROUP + g->schema->type, g->n);
	for (unsigned f = 0; f < g->schema->n_fields; f++) {
		unsigned kind = g->schema->fields[f].kind;

		if (!g->cols[f])
			continue;
		if (espy_kind_is_string(kind))
			encode_ids(e, f + 1, g->cols[f], g->n, v);
		else
			espy_build_numbers(&e->build, f + 1, g->cols[f], espy_kind_is_signed(kind));
	}
}

static void set_range(struct espy_trace_block *h, const struct espy_batch *b)
{
	h->start = UINT64_MAX;
	h->end = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		uint64_t end = b->time[i] + b->duration[i];

		h->start = b->time[i] < h->start ? b->time[i] : h->start;
		h->end = end > h->end ? end : h->end;
	}
}

int espy_encode_batch(struct espy_encode *e, const struct espy_batch *b, unsigned type,
		      uint64_t seed, struct espy_trace_block *ret)
{
	*ret = (struct espy_trace_block){
		.type = (uint16_t)type, .first_seq = b->first_seq, .rows = b->n};
	set_range(ret, b);
	espy_build_begin(&e->build);
	if (encode_text(e, b) < 0)
		return -ENOMEM;
	encode_procs(e, b);
	encode_rows(e, b);
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++)
		if (b->group[t] && b->group[t]->n)
			encode_group(e, b->group[t]);
	return espy_build_end(&e->build, ret, seed, NULL);
}
