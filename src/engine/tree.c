/* SPDX-License-Identifier: MIT */
#include "engine/tree.h"
#include <errno.h>
#include <stdlib.h>
#include "base/map.h"
#include "engine/boxed.h"
#include "model/merged.h"
#include "engine/measure.h"
#include "engine/pairs.h"

struct espy_tree {
	struct espy_tree_options options;
	ESPY_VEC(struct espy_tree_proc) procs;
	ESPY_VEC(struct espy_tree_image) images;
	struct espy_map numbers; /* pid, start -> number + 1 */
	struct espy_dict strings;
	struct espy_dict paths; /* of files, only to tell them apart */
	struct espy_pairs files;
	uint32_t root;

	/* of the batch at hand */
	uint32_t *procmap; /* process entry -> number */
	uint32_t procmap_cap;
	uint32_t *pathmap; /* dictionary id -> id of `paths` + 1 */
	uint32_t pathmap_cap;

	uint64_t first, last, left_over;
	int64_t wall_offset;
};

int espy_tree_new(struct espy_tree **ret, const struct espy_tree_options *o)
{
	struct espy_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	if (o)
		t->options = *o;
	if (!t->options.max_procs)
		t->options.max_procs = ESPY_TREE_PROCS_MAX;
	t->root = ESPY_TREE_NONE;
	if (espy_dict_init(&t->strings) < 0 || espy_dict_init(&t->paths) < 0) {
		espy_tree_free(t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void espy_tree_free(struct espy_tree *t)
{
	if (!t)
		return;
	espy_vec_done(&t->procs);
	espy_vec_done(&t->images);
	espy_map_done(&t->numbers);
	espy_dict_done(&t->strings);
	espy_dict_done(&t->paths);
	espy_pairs_done(&t->files);
	free(t->procmap);
	free(t->pathmap);
	free(t);
}

/* --- processes ----------------------------------------------------------------------------------
 */

uint32_t espy_tree_find(const struct espy_tree *t, uint32_t pid, uint64_t start)
{
	return (uint32_t)espy_unboxed(espy_map_get(&t->numbers, pid, start), ESPY_TREE_NONE);
}

/* Number of a process, made when new. -ENOSPC past the limit, -ENOMEM. */
static int64_t need_proc(struct espy_tree *t, uint32_t pid, uint64_t start)
{
	uint32_t number = espy_tree_find(t, pid, start);
	struct espy_tree_proc p = {
		.start = start,
		.pid = pid,
		.parent = ESPY_TREE_NONE,
		.first_image = ESPY_TREE_NONE,
		.last_image = ESPY_TREE_NONE,
	};

	if (number != ESPY_TREE_NONE)
		return number;
	if (t->procs.n >= t->options.max_procs)
		return -ENOSPC;
	if (espy_vec_push(&t->procs, p) < 0)
		return -ENOMEM;
	number = (uint32_t)t->procs.n - 1;
	if (espy_map_put(&t->numbers, pid, start, espy_boxed(number)) < 0)
		return -ENOMEM;
	return number;
}

static uint32_t keep(struct espy_tree *t, struct espy_str s)
{
	uint32_t id = espy_dict_add(&t->strings, s);

	return id == UINT32_MAX ? 0 : id; /* past the limits of a dictionary: unknown */
}

static int add_image(struct espy_tree *t, struct espy_tree_proc *p, struct espy_tree_image image)
{
	uint32_t number = (uint32_t)t->images.n;

	if (p->n_images++ >= ESPY_TREE_IMAGES_MAX)
		return 0;
	image.next = ESPY_TREE_NONE;
	if (espy_vec_push(&t->images, image) < 0)
		return -ENOMEM;
	if (p->last_image == ESPY_TREE_NONE)
		p->first_image = number;
	else
		t->images.v[p->last_image].next = number;
	p->last_image = number;
	return 0;
}

static struct espy_tree_image entry_image(struct espy_tree *t, const struct espy_batch *b,
					  const struct espy_proc *e)
{
	return (struct espy_tree_image){
		.time = e->start,
		.name = keep(t, espy_dict_get(&b->dict, e->name)),
		.exe = keep(t, espy_dict_get(&b->dict, e->exe)),
		.argv = keep(t, espy_dict_get(&b->dict, e->cmdline)),
	};
}

/* What a process entry says, as far as nothing better is known. */
static int note_entry(struct espy_tree *t, const struct espy_batch *b, const struct espy_proc *e,
		      uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];

	p->uid = e->uid;
	if (e->user)
		p->user = keep(t, espy_dict_get(&b->dict, e->user));
	if (e->flags & ESPY_PROC_BEFORE)
		p->flags |= ESPY_TREE_BEFORE;
	if (e->flags & ESPY_PROC_KERNEL)
		p->flags |= ESPY_TREE_KERNEL;
	if (p->n_images || !(e->name || e->exe || e->cmdline))
		return 0;
	p->flags |= ESPY_TREE_GUESSED;
	return add_image(t, p, entry_image(t, b, e));
}

/* The parent as an entry knows it, which is who adopted the process if that happened; so it counts
 * only where the creation was not seen, and the first that is told is the nearest to it. */
static void note_parent(struct espy_tree *t, const struct espy_batch *b, const struct espy_proc *e,
			uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];

	if (p->parent != ESPY_TREE_NONE)
		return;
	if (e->parent < b->n_procs)
		p->parent = t->procmap[e->parent];
	else if (e->ppid)
		p->parent = espy_tree_find(t, e->ppid, e->parent_start);
}

static int begin_procs(struct espy_tree *t, const struct espy_batch *b)
{
	if (b->n_procs > t->procmap_cap) {
		uint32_t *map = realloc(t->procmap, b->n_procs * sizeof(*map));

		if (!map)
			return -ENOMEM;
		t->procmap = map;
		t->procmap_cap = b->n_procs;
	}
	for (uint32_t i = 0; i < b->n_procs; i++) {
		int64_t number = need_proc(t, b->procs[i].pid, b->procs[i].start);

		if (number == -ENOMEM)
			return -ENOMEM;
		t->procmap[i] = number < 0 ? ESPY_TREE_NONE : (uint32_t)number;
		if (number >= 0 && note_entry(t, b, &b->procs[i], (uint32_t)number) < 0)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < b->n_procs; i++)
		if (t->procmap[i] != ESPY_TREE_NONE)
			note_parent(t, b, &b->procs[i], t->procmap[i]);
	return 0;
}

static int begin_batch(struct espy_tree *t, const struct espy_batch *b)
{
	t->wall_offset = b->wall_offset;
	if (!t->options.no_files && b->dict.n > t->pathmap_cap) {
		uint32_t *map = realloc(t->pathmap, b->dict.n * sizeof(*map));

		if (!map)
			return -ENOMEM;
		t->pathmap = map;
		t->pathmap_cap = b->dict.n;
	}
	if (!t->options.no_files && b->dict.n)
		memset(t->pathmap, 0, b->dict.n * sizeof(*t->pathmap));
	return begin_procs(t, b);
}

static uint32_t proc_of(const struct espy_tree *t, const struct espy_batch *b, uint32_t row)
{
	return b->proc[row] < b->n_procs ? t->procmap[b->proc[row]] : ESPY_TREE_NONE;
}

/* --- life ---------------------------------------------------------------------------------------
 */

#define NUM(b, row, f) (espy_batch_get((b), (row), ESPY_FIELD_##f).num)
#define STR(b, row, f) (espy_batch_get((b), (row), ESPY_FIELD_##f).str)

/* A process of the snapshot: better than what an entry said of it. */
static int add_running(struct espy_tree *t, const struct espy_batch *b, uint32_t row,
		       uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];
	struct espy_tree_image image = {
		.time = p->start,
		.name = keep(t, STR(b, row, process_running_comm)),
		.exe = keep(t, espy_dict_get(&b->dict, b->path[row])),
		.argv = keep(t, STR(b, row, process_running_argv)),
	};
	int64_t parent;

	if (!image.argv)
		image.argv = keep(t, espy_dict_get(&b->dict, espy_batch_proc(b, row)->cmdline));
	p->flags |= ESPY_TREE_BEFORE;
	if (NUM(b, row, process_running_kernel))
		p->flags |= ESPY_TREE_KERNEL;
	p->uid = (uint32_t)NUM(b, row, process_running_uid);
	if (p->parent == ESPY_TREE_NONE && NUM(b, row, process_running_ppid)) {
		parent = need_proc(t, (uint32_t)NUM(b, row, process_running_ppid),
				   NUM(b, row, process_running_parent_start));
		if (parent == -ENOMEM)
			return -ENOMEM;
		p = &t->procs.v[number];
		p->parent = parent < 0 ? ESPY_TREE_NONE : (uint32_t)parent;
	}
	if (p->n_images == 0)
		return add_image(t, p, image);
	if (p->flags & ESPY_TREE_GUESSED) {
		image.next = t->images.v[p->first_image].next;
		t->images.v[p->first_image] = image;
		p->flags &= ~(uint32_t)ESPY_TREE_GUESSED;
	}
	return 0;
}

static int add_fork(struct espy_tree *t, const struct espy_batch *b, uint32_t row, uint32_t creator)
{
	uint32_t pid = (uint32_t)NUM(b, row, process_fork_child_pid);
	struct espy_tree_proc *p;
	int64_t child;

	if (pid == 0)
		return 0;
	child = need_proc(t, pid, NUM(b, row, process_fork_child_start));
	if (child == -ENOSPC) {
		t->left_over++;
		return 0;
	}
	if (child < 0)
		return (int)child;
	p = &t->procs.v[child];
	p->flags |= ESPY_TREE_CREATED;
	if (creator == ESPY_TREE_NONE)
		return 0;
	p->parent = creator;
	if (!p->n_images) {
		p->uid = t->procs.v[creator].uid;
		p->user = t->procs.v[creator].user;
	}
	return 0;
}

static bool is_same_program(const struct espy_tree_image *a, const struct espy_tree_image *b)
{
	return a->exe == b->exe && a->argv == b->argv;
}

/*
 * An exec that succeeded. The image that a forked child had before its first exec is its creator's
 * and goes; so does what an entry told too early, because the entry may be of after the exec.
 */
static int add_exec(struct espy_tree *t, const struct espy_batch *b, uint32_t row, uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];
	struct espy_str given = STR(b, row, process_exec_given);
	struct espy_str path = espy_dict_get(&b->dict, b->path[row]);
	struct espy_tree_image image = {
		.time = espy_measure_end(b, row),
		.next = ESPY_TREE_NONE,
		.name = keep(t, espy_str_basename(given.n ? given : path)),
		.exe = keep(t, path),
		.argv = keep(t, STR(b, row, process_exec_argv)),
	};
	bool is_guess = p->n_images == 1 && p->flags & ESPY_TREE_GUESSED;

	p->flags |= ESPY_TREE_EXECED;
	if (!is_guess)
		return add_image(t, p, image);
	p->flags &= ~(uint32_t)ESPY_TREE_GUESSED;
	if (p->flags & ESPY_TREE_BEFORE && !is_same_program(&t->images.v[p->first_image], &image))
		return add_image(t, p, image);
	t->images.v[p->first_image] = image;
	return 0;
}

static int add_exec_row(struct espy_tree *t, const struct espy_batch *b, uint32_t row,
			uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];

	if (b->result[row] >= 0)
		return add_exec(t, b, row, number);
	p->failed_exec = keep(t, espy_dict_get(&b->dict, b->path[row]));
	p->failed_errno = (int32_t)b->result[row];
	return 0;
}

static void add_exit(struct espy_tree *t, const struct espy_batch *b, uint32_t row, uint32_t number)
{
	struct espy_tree_proc *p = &t->procs.v[number];

	p->flags |= ESPY_TREE_EXITED;
	p->end = espy_measure_end(b, row);
	p->code = (uint32_t)NUM(b, row, process_exit_code);
	p->signal = (uint32_t)NUM(b, row, process_exit_signal);
	p->user_ns = NUM(b, row, process_exit_user_time);
	p->system_ns = NUM(b, row, process_exit_system_time);
	p->peak_bytes = NUM(b, row, process_exit_peak_memory);
	if (NUM(b, row, process_exit_core))
		p->flags |= ESPY_TREE_CORE;
}

static int add_life(struct espy_tree *t, const struct espy_batch *b, uint32_t row, uint32_t number)
{
	if (b->flags[row] & ESPY_F_PENDING)
		return 0;
	if (b->type[row] == ESPY_EV_process_fork)
		return b->result[row] < 0 ? 0 : add_fork(t, b, row, number);
	if (number == ESPY_TREE_NONE)
		return 0;
	if (b->type[row] == ESPY_EV_process_running)
		return add_running(t, b, row, number);
	if (b->type[row] == ESPY_EV_process_exec)
		return add_exec_row(t, b, row, number);
	if (b->type[row] == ESPY_EV_process_exit)
		add_exit(t, b, row, number);
	return 0;
}

/* --- counts -------------------------------------------------------------------------------------
 */

static int count_file(struct espy_tree *t, const struct espy_batch *b, uint32_t row,
		      uint32_t number)
{
	uint32_t path = b->path[row];
	int r;

	if (t->options.no_files || !path || path >= b->dict.n)
		return 0;
	if (!t->pathmap[path]) {
		uint32_t id = espy_dict_add(&t->paths, espy_dict_get(&b->dict, path));

		if (id == UINT32_MAX) {
			t->files.full = true;
			return 0;
		}
		t->pathmap[path] = id + 1;
	}
	r = espy_pairs_add(&t->files, number, t->pathmap[path]);
	if (r > 0)
		t->procs.v[number].counts.files++;
	return r < 0 ? r : 0;
}

static int count_row(struct espy_tree *t, const struct espy_batch *b, uint32_t row, uint32_t number)
{
	struct espy_tree_counts *c = &t->procs.v[number].counts;
	uint64_t bytes = espy_measure_bytes(b, row);

	c->events += espy_merged_times(b, row);
	c->failures += espy_measure_failed(b, row);
	switch (b->type[row]) {
	case ESPY_EV_file_open:
		return b->result[row] < 0 ? 0 : count_file(t, b, row, number);
	case ESPY_EV_file_copy:
		c->read += bytes;
		c->written += bytes;
		break;
	case ESPY_EV_file_read:
	case ESPY_EV_file_reads:
		c->read += bytes;
		break;
	case ESPY_EV_file_write:
	case ESPY_EV_file_writes:
		c->written += bytes;
		break;
	case ESPY_EV_net_send:
		c->sent += bytes;
		break;
	case ESPY_EV_net_recv:
		c->received += bytes;
		break;
	case ESPY_EV_net_connect:
	case ESPY_EV_net_accept:
		c->connections += !espy_measure_failed(b, row);
		break;
	}
	return 0;
}

static void note_time(struct espy_tree *t, const struct espy_batch *b, uint32_t row,
		      uint32_t number)
{
	uint64_t end = espy_measure_end(b, row);

	if (t->first == 0 || b->time[row] < t->first)
		t->first = b->time[row];
	if (end > t->last)
		t->last = end;
	if (number == ESPY_TREE_NONE)
		return;
	if (!(t->procs.v[number].flags & ESPY_TREE_EXITED) && end > t->procs.v[number].end)
		t->procs.v[number].end = end;
}

int espy_tree_snapshot(struct espy_tree *t, const struct espy_batch *b)
{
	int r = begin_batch(t, b);

	for (uint32_t row = 0; row < b->n && r == 0; row++)
		r = add_life(t, b, row, proc_of(t, b, row));
	return r;
}

int espy_tree_batch(struct espy_tree *t, const struct espy_batch *b, const uint64_t *bits)
{
	int r = begin_batch(t, b);

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		uint32_t number = proc_of(t, b, row);

		note_time(t, b, row, number);
		if (espy_schema_get(b->type[row])->class_id == ESPY_CLASS_process)
			r = add_life(t, b, row, number);
		if (r == 0 && number != ESPY_TREE_NONE &&
		    (!bits || bits[row / 64] >> (row % 64) & 1))
			r = count_row(t, b, row, number);
	}
	return r;
}

/* --- the tree -----------------------------------------------------------------------------------
 */

static int compare_starts(const void *pa, const void *pb, void *ctx)
{
	const struct espy_tree *t = ctx;
	const struct espy_tree_proc *a = &t->procs.v[*(const uint32_t *)pa];
	const struct espy_tree_proc *b = &t->procs.v[*(const uint32_t *)pb];

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

/* A parent is older than its child, whatever a damaged trace says: so there is no way in a circle.
 */
static bool is_parent(const struct espy_tree *t, uint32_t parent, uint32_t child)
{
	return parent != ESPY_TREE_NONE && parent != child &&
	       compare_starts(&parent, &child, (void *)t) < 0;
}

static void append_child(struct espy_tree *t, uint32_t parent, uint32_t child)
{
	struct espy_tree_proc *p = &t->procs.v[parent];

	if (p->last_child == ESPY_TREE_NONE)
		p->first_child = child;
	else
		t->procs.v[p->last_child].next = child;
	p->last_child = child;
	p->n_children++;
}

int espy_tree_link(struct espy_tree *t)
{
	uint32_t *order = calloc(t->procs.n + 1, sizeof(*order)), last_root = ESPY_TREE_NONE;

	if (!order)
		return -ENOMEM;
	t->root = ESPY_TREE_NONE;
	for (uint32_t i = 0; i < t->procs.n; i++) {
		struct espy_tree_proc *p = &t->procs.v[i];

		order[i] = i;
		/* one that only its children told of */
		if (!(p->flags & ESPY_TREE_CREATED) && p->start && p->start < t->first)
			p->flags |= ESPY_TREE_BEFORE;
		p->first_child = p->last_child = p->next = ESPY_TREE_NONE;
		p->n_children = 0;
	}
	qsort_r(order, t->procs.n, sizeof(*order), compare_starts, t);
	for (uint32_t i = 0; i < t->procs.n; i++) {
		uint32_t parent = t->procs.v[order[i]].parent;

		if (is_parent(t, parent, order[i])) {
			append_child(t, parent, order[i]);
			continue;
		}
		if (last_root == ESPY_TREE_NONE)
			t->root = order[i];
		else
			t->procs.v[last_root].next = order[i];
		last_root = order[i];
	}
	free(order);
	return 0;
}

/* --- answers ------------------------------------------------------------------------------------
 */

uint32_t espy_tree_root(const struct espy_tree *t)
{
	return t->root;
}

uint32_t espy_tree_n(const struct espy_tree *t)
{
	return (uint32_t)t->procs.n;
}

struct espy_tree_proc *espy_tree_proc(struct espy_tree *t, uint32_t number)
{
	return number < t->procs.n ? &t->procs.v[number] : NULL;
}

const struct espy_tree_image *espy_tree_image(const struct espy_tree *t, uint32_t number)
{
	return number < t->images.n ? &t->images.v[number] : NULL;
}

struct espy_str espy_tree_str(const struct espy_tree *t, uint32_t id)
{
	return espy_dict_get(&t->strings, id);
}

const struct espy_tree_image *espy_tree_program(const struct espy_tree *t, uint32_t number)
{
	while (number < t->procs.n) {
		const struct espy_tree_proc *p = &t->procs.v[number];

		if (p->last_image != ESPY_TREE_NONE)
			return &t->images.v[p->last_image];
		if (!is_parent(t, p->parent, number))
			break;
		number = p->parent;
	}
	return NULL;
}

uint64_t espy_tree_left_over(const struct espy_tree *t)
{
	return t->left_over;
}

bool espy_tree_is_clipped(const struct espy_tree *t)
{
	return t->files.full;
}

uint64_t espy_tree_first(const struct espy_tree *t)
{
	return t->first;
}

uint64_t espy_tree_last(const struct espy_tree *t)
{
	return t->last;
}

int64_t espy_tree_wall_offset(const struct espy_tree *t)
{
	return t->wall_offset;
}
