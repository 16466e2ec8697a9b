/* SPDX-License-Identifier: MIT */
#include "trace/look.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "trace/reader.h"

#define HEAD_BYTES 4096u /* of a block that are read at first: most directories are shorter */

#define fail(l, err, code, ...) \
	espy_err_at(err, code, espy_trace_name((l)->trace), 0, 0, __VA_ARGS__)

static int fetch(void *ctx, uint64_t at, void *to, size_t n)
{
	struct espy_look *l = ctx;
	ssize_t r = espy_input_read(l->in, at, to, n);

	if (r < 0)
		return (int)r;
	if ((size_t)r == n)
		return 0;
	return espy_input_is_hole(l->in, at) ? -ESTALE : -EBADMSG;
}

int espy_look_init(struct espy_look *l, const struct espy_trace *t)
{
	int r = -ENOMEM;

	*l = (struct espy_look){.trace = t};
	l->in = calloc(1, sizeof(*l->in));
	if (l->in)
		r = espy_trace_reopen(t, l->in);
	if (r < 0) {
		free(l->in);
		l->in = NULL;
		return r;
	}
	r = espy_decode_init(&l->decode);
	if (r < 0)
		espy_look_done(l);
	return r;
}

void espy_look_done(struct espy_look *l)
{
	if (!l->in)
		return;
	espy_input_done(l->in);
	free(l->in);
	espy_decode_done(&l->decode);
	free(l->head);
	*l = (struct espy_look){0};
}

/* --- the open block -----------------------------------------------------------------------------
 */

static int tell(struct espy_look *l, int code, uint64_t at, struct espy_err *err)
{
	if (code == -EBADMSG)
		return fail(l, err, code, "the block at offset %" PRIu64 " is damaged: %s", at,
			    l->decode.block.why);
	if (code == -ESTALE)
		return fail(l, err, code, "the block at offset %" PRIu64 " was dropped meanwhile",
			    at);
	if (code == -ENOMEM)
		return fail(l, err, code, "out of memory");
	return fail(l, err, code, "cannot read: %s", strerror(-code));
}

/* The first n bytes of the block into l->head, of which `have` are there. */
static int read_head(struct espy_look *l, uint64_t at, size_t have, size_t n)
{
	if (n > l->head_cap) {
		uint8_t *p = realloc(l->head, n);

		if (!p)
			return -ENOMEM;
		l->head = p;
		l->head_cap = n;
	}
	return n > have ? fetch(l, at + have, l->head + have, n - have) : 0;
}

static int open_block(struct espy_look *l, const struct espy_index_block *e)
{
	struct espy_block *b = &l->decode.block;
	size_t have = e->length < HEAD_BYTES ? e->length : HEAD_BYTES;
	struct espy_trace_block h;
	int r;

	b->fetch = fetch;
	b->ctx = l;
	b->why = "its end is missing";
	r = read_head(l, e->offset, 0, have);
	if (r < 0)
		return r;
	if (have < sizeof(h) || espy_block_header(&h, l->head, espy_trace_seed(l->trace)) < 0)
		return espy_block_bad(b, "its header is wrong");
	if (h.type != e->type || h.rows != e->rows ||
	    (uint64_t)h.head_length + h.payload_length != e->length)
		return espy_block_bad(b, "it is not what the index says");
	r = read_head(l, e->offset, have, h.head_length);
	return r < 0 ? r : espy_block_open(b, &h, l->head, e->offset + h.head_length);
}

int espy_look_open(struct espy_look *l, const struct espy_index_block *e, struct espy_err *err)
{
	int r = open_block(l, e);

	return r < 0 ? tell(l, r, e->offset, err) : 0;
}

int espy_look_decode(struct espy_look *l, const struct espy_need *need, struct espy_batch *b,
		     struct espy_err *err)
{
	const struct espy_block *block = &l->decode.block;
	int r = espy_decode_batch(&l->decode, espy_trace_names(l->trace), need, b);

	return r < 0 ? tell(l, r, block->payload_at - block->h.head_length, err) : 0;
}

/* --- what the directory tells -------------------------------------------------------------------
 */

static const struct espy_name *name_of(const struct espy_look *l, const struct espy_table *t)
{
	if (t->id < ESPY_TABLE_GROUP || t->id >= ESPY_TABLE_GROUP_END)
		return NULL;
	return espy_names_get(espy_trace_names(l->trace), t->id - ESPY_TABLE_GROUP);
}

unsigned espy_look_types(const struct espy_look *l, struct espy_look_type *ret)
{
	const struct espy_block *b = &l->decode.block;
	uint32_t unknown = 0;
	unsigned n = 0;

	for (size_t i = 0; i < b->tables.n; i++) {
		const struct espy_table *t = &b->tables.v[i];
		const struct espy_name *name = name_of(l, t);

		if (t->id < ESPY_TABLE_GROUP || t->id >= ESPY_TABLE_GROUP_END || t->rows == 0)
			continue;
		if (name && name->local && n + 1 < ESPY_EVENT_ID_MAX)
			ret[n++] = (struct espy_look_type){name->local->type, t->rows};
		else
			unknown += t->rows;
	}
	if (unknown)
		ret[n++] = (struct espy_look_type){ESPY_EV_system_unknown, unknown};
	return n;
}

/* The group of one of our types. */
static const struct espy_table *group_of(const struct espy_look *l, unsigned type,
					 const struct espy_name **ret)
{
	const struct espy_block *b = &l->decode.block;

	for (size_t i = 0; i < b->tables.n; i++) {
		const struct espy_name *name = name_of(l, &b->tables.v[i]);

		if (name && name->local && name->local->type == type) {
			*ret = name;
			return &b->tables.v[i];
		}
	}
	return NULL;
}

uint32_t espy_look_rows(const struct espy_look *l, unsigned type)
{
	const struct espy_name *name;
	const struct espy_table *t = group_of(l, type, &name);

	return t ? t->rows : 0;
}

static bool range_of(const struct espy_pack *p, struct espy_look_range *ret)
{
	*ret = (struct espy_look_range){0};
	if (!p)
		return true; /* 0 in every row */
	*ret = (struct espy_look_range){p->min, p->min + p->range, p->is_signed};
	return p->is_signed ? (int64_t)ret->min <= (int64_t)ret->max : ret->min <= ret->max;
}

static bool range_of_field(const struct espy_look *l, const struct espy_column *c, unsigned type,
			   struct espy_look_range *ret)
{
	const struct espy_name *name;
	const struct espy_table *t = group_of(l, type, &name);
	int f = t ? espy_column_field(c, name->local) : -1;

	for (uint32_t i = 0; f >= 0 && i < name->n_fields; i++)
		if (name->fields[i].local == f)
			return range_of(espy_block_column(&l->decode.block, t, i + 1), ret);
	return false;
}

/* Columns that are as they are in the file. */
static const struct {
	uint16_t id, table, column;
} stored[] = {
	{ESPY_COL_end, ESPY_TABLE_ROWS, ESPY_ROWS_END},
	{ESPY_COL_duration, ESPY_TABLE_ROWS, ESPY_ROWS_DURATION},
	{ESPY_COL_result, ESPY_TABLE_ROWS, ESPY_ROWS_RESULT},
	{ESPY_COL_cpu, ESPY_TABLE_ROWS, ESPY_ROWS_CPU},
	{ESPY_COL_status, ESPY_TABLE_ROWS, ESPY_ROWS_STATUS},
	{ESPY_COL_pid, ESPY_TABLE_PROCS, ESPY_PROCS_PID},
	{ESPY_COL_ppid, ESPY_TABLE_PROCS, ESPY_PROCS_PPID},
	{ESPY_COL_start, ESPY_TABLE_PROCS, ESPY_PROCS_START},
	{ESPY_COL_uid, ESPY_TABLE_PROCS, ESPY_PROCS_UID},
	{ESPY_COL_gid, ESPY_TABLE_PROCS, ESPY_PROCS_GID},
	{ESPY_COL_euid, ESPY_TABLE_PROCS, ESPY_PROCS_EUID},
	{ESPY_COL_egid, ESPY_TABLE_PROCS, ESPY_PROCS_EGID},
	{ESPY_COL_session, ESPY_TABLE_PROCS, ESPY_PROCS_SID},
	{ESPY_COL_login_uid, ESPY_TABLE_PROCS, ESPY_PROCS_LOGIN_UID},
	{ESPY_COL_cgroup, ESPY_TABLE_PROCS, ESPY_PROCS_CGROUP},
};

bool espy_look_range(const struct espy_look *l, const struct espy_column *c, unsigned type,
		     struct espy_look_range *ret)
{
	const struct espy_block *b = &l->decode.block;

	if (c->id >= ESPY_COL__FIELDS)
		return range_of_field(l, c, type, ret);
	if (c->id == ESPY_COL_seq)
		*ret = (struct espy_look_range){b->h.first_seq, b->h.first_seq + b->h.rows - 1};
	else if (c->id == ESPY_COL_time)
		*ret = (struct espy_look_range){b->h.start, b->h.end};
	else
		for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++)
			if (stored[i].id == c->id)
				return range_of(
					espy_block_column(b, espy_block_table(b, stored[i].table),
							  stored[i].column),
					ret);
	return (c->id == ESPY_COL_seq || c->id == ESPY_COL_time) && ret->min <= ret->max;
}
