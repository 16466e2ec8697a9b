/* SPDX-License-Identifier: MIT */
#include "engine/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN UINT32_MAX

struct select {
	struct espy_batch *to;
	const struct espy_batch *from;
	uint32_t *procs; /* index in `to` of each process of `from`, UNKNOWN until copied */
};

static uint32_t copy_string(struct select *s, uint32_t id)
{
	uint32_t new_id = espy_dict_add(&s->to->dict, espy_dict_get(&s->from->dict, id));

	return new_id == UINT32_MAX ? 0 : new_id;
}

/* One entry, its parent's index left open. */
static int copy_one(struct select *s, uint32_t index)
{
	struct espy_proc p = s->from->procs[index];
	int r;

	p.name = copy_string(s, p.name);
	p.exe = copy_string(s, p.exe);
	p.cmdline = copy_string(s, p.cmdline);
	p.user = copy_string(s, p.user);
	p.tty = copy_string(s, p.tty);
	p.more = copy_string(s, p.more);
	p.parent = UNKNOWN;
	r = espy_batch_add_proc(s->to, &p);
	if (r >= 0)
		s->procs[index] = (uint32_t)r;
	return r;
}

/* A process with all its ancestors; links are set once both ends are there. */
static int copy_proc(struct select *s, uint32_t index)
{
	uint32_t at = index, below = UNKNOWN;

	while (at != UNKNOWN && at < s->from->n_procs) {
		bool there = s->procs[at] != UNKNOWN;

		if (!there) {
			int r = copy_one(s, at);

			if (r < 0)
				return r;
		}
		if (below != UNKNOWN)
			s->to->procs[below].parent = s->procs[at];
		if (there)
			break;
		below = s->procs[at];
		at = s->from->procs[at].parent;
	}
	return 0;
}

static int copy_fields(struct select *s, uint32_t row, uint32_t to_row)
{
	const struct espy_schema *schema = espy_schema_get(s->from->type[row]);

	for (unsigned f = 0; f < schema->n_fields; f++) {
		struct espy_value v = espy_batch_get(s->from, row, f);
		int r;

		if (!v.is_string) {
			espy_batch_set_num(s->to, to_row, f, v.num);
			continue;
		}
		r = espy_batch_set_str(s->to, to_row, f, v.str);
		if (r < 0)
			return r;
	}
	return 0;
}

static int copy_row(struct select *s, uint32_t row)
{
	const struct espy_batch *from = s->from;
	struct espy_batch *to = s->to;
	int r = espy_batch_add(to, from->type[row]);
	uint32_t at = (uint32_t)r;

	if (r < 0)
		return r;
	r = copy_proc(s, from->proc[row]);
	if (r < 0)
		return r;
	to->time[at] = from->time[row];
	to->duration[at] = from->duration[row];
	to->result[at] = from->result[row];
	to->proc[at] = s->procs[from->proc[row]];
	to->tid[at] = from->tid[row];
	to->cpu_seq[at] = from->cpu_seq[row];
	to->call[at] = from->call[row];
	to->cpu[at] = from->cpu[row];
	to->abi[at] = from->abi[row];
	to->flags[at] = from->flags[row];
	to->stack[at] = copy_string(s, from->stack[row]);
	to->detail[at] = copy_string(s, from->detail[row]);
	to->status[at] = from->status[row];
	to->category[at] = from->category[row];
	r = copy_fields(s, row, at);
	to->path_source[at] = from->path_source[row];
	return r;
}

int espy_select_rows(struct espy_batch *to, const struct espy_batch *from, const uint64_t *bits)
{
	struct select s = {.to = to, .from = from};
	int r = 0;

	espy_batch_reset(to);
	to->wall_offset = from->wall_offset;
	s.procs = malloc(sizeof(*s.procs) * (from->n_procs + 1));
	if (!s.procs)
		return -ENOMEM;
	memset(s.procs, 0xff, sizeof(*s.procs) * (from->n_procs + 1));
	for (uint32_t row = 0; row < from->n && r >= 0; row++)
		if (bits[row / 64] >> (row % 64) & 1)
			r = copy_row(&s, row);
	free(s.procs);
	return r;
}
