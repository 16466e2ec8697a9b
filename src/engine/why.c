/* SPDX-License-Identifier: MIT */
#include "engine/why.h"
#include <errno.h>
#include <stdlib.h>
#include "engine/boxed.h"
#include "engine/diff-normal.h"
#include "engine/field.h"
#include "engine/measure.h"
#include "engine/usual.h"
#include "model/value.h"

#define NO_ID UINT32_MAX

static int take_snapshot(struct espy_sink *s, const struct espy_batch *b, struct espy_err *err)
{
	int r = espy_why_snapshot((struct espy_why *)s, b);

	return r < 0 ? espy_err_set(err, r, "no memory left for the answer") : 0;
}

static int take_batch(struct espy_sink *s, const struct espy_batch *b, const uint64_t *bits,
		      struct espy_err *err)
{
	int r = espy_why_batch((struct espy_why *)s, b, bits);

	return r < 0 ? espy_err_set(err, r, "no memory left for the answer") : 0;
}

static const struct espy_sink_ops sink_ops = {.snapshot = take_snapshot, .batch = take_batch};
static const struct espy_tree_options tree_options = {.no_files = true};

int espy_why_init(struct espy_why *w)
{
	int r;

	*w = (struct espy_why){.sink.ops = &sink_ops};
	r = espy_dict_init(&w->strings);
	if (r == 0)
		r = espy_missing_init(&w->missing);
	if (r == 0)
		r = espy_tree_new(&w->tree, &tree_options);
	return r;
}

/* What belongs to one trace. */
static void forget_trace(struct espy_why *w)
{
	espy_tree_free(w->tree);
	w->tree = NULL;
	espy_missing_done(&w->missing);
	espy_vec_done(&w->failures);
	espy_vec_done(&w->procs);
	espy_map_done(&w->index);
	espy_map_done(&w->seen);
	espy_pairs_done(&w->places);
	w->left_over = w->n_usual = 0;
}

void espy_why_done(struct espy_why *w)
{
	forget_trace(w);
	espy_map_done(&w->good);
	espy_dict_done(&w->strings);
	espy_buf_done(&w->scratch);
	free(w->numbers);
	*w = (struct espy_why){0};
}

struct espy_str espy_why_str(const struct espy_why *w, uint32_t id)
{
	return espy_dict_get(&w->strings, id);
}

bool espy_why_is_bad_end(const struct espy_tree_proc *p)
{
	return p->flags & ESPY_TREE_EXITED && (p->code || p->signal);
}

/* --- processes ----------------------------------------------------------------------------------
 */

struct espy_str espy_why_program(const struct espy_why *w, uint32_t proc)
{
	const struct espy_tree_image *i = espy_tree_program(w->tree, proc);

	return i ? espy_tree_str(w->tree, i->name ? i->name : i->exe) : ESPY_STR("?");
}

struct espy_str espy_why_elsewhere(const struct espy_why *w, const struct espy_why_failure *f)
{
	uintptr_t path = espy_unboxed(espy_map_get(&w->seen, f->name, 0), 0);

	return f->error == ENOENT ? espy_why_str(w, (uint32_t)path) : ESPY_STR_NONE;
}

struct espy_str espy_why_found(struct espy_why *w, const struct espy_why_failure *f)
{
	if (f->error != ENOENT)
		return ESPY_STR_NONE;
	/* A program was found when it runs, not when somebody looks at its file. */
	if (f->type == ESPY_EV_process_exec && w->procs.v[f->proc].image == f->image)
		return ESPY_STR_NONE;
	return espy_missing_found(&w->missing, f->proc, espy_why_str(w, f->name));
}

static int need_procs(struct espy_why *w)
{
	uint32_t n = espy_tree_n(w->tree);

	if (n > w->procs.n) {
		if (espy_vec_reserve(&w->procs, n) < 0)
			return -ENOMEM;
		memset(w->procs.v + w->procs.n, 0, (n - w->procs.n) * sizeof(w->procs.v[0]));
		w->procs.n = n;
	}
	return 0;
}

static int begin_batch(struct espy_why *w, const struct espy_batch *b)
{
	if (b->n_procs > w->cap_numbers) {
		uint32_t *more = realloc(w->numbers, b->n_procs * sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->numbers = more;
		w->cap_numbers = b->n_procs;
	}
	for (uint32_t i = 0; i < b->n_procs; i++)
		w->numbers[i] = espy_tree_find(w->tree, b->procs[i].pid, b->procs[i].start);
	w->wall_offset = b->wall_offset;
	return need_procs(w);
}

/* --- names --------------------------------------------------------------------------------------
 */

static uint32_t intern(struct espy_why *w, struct espy_str s)
{
	return espy_dict_add(&w->strings, s);
}

static uint32_t program_of(struct espy_why *w, const struct espy_batch *b, uint32_t row)
{
	return intern(w, espy_dict_get(&b->dict, espy_batch_proc(b, row)->name));
}

/* What the row is about: the other end of a connection, the own one that could not be had, or a
 * path; of an operation with two, the one that could not be made. */
static struct espy_str subject_of(const struct espy_batch *b, uint32_t row)
{
	struct espy_str path = espy_dict_get(&b->dict, b->path[row]), to;

	switch (b->type[row]) {
	case ESPY_EV_net_connect:
		return espy_batch_get(b, row, ESPY_FIELD_net_connect_remote).str;
	case ESPY_EV_net_tcp:
		return espy_batch_get(b, row, ESPY_FIELD_net_tcp_remote).str;
	case ESPY_EV_net_send:
		return espy_batch_get(b, row, ESPY_FIELD_net_send_remote).str;
	case ESPY_EV_net_recv:
		return espy_batch_get(b, row, ESPY_FIELD_net_recv_remote).str;
	case ESPY_EV_net_bind:
		return espy_batch_get(b, row, ESPY_FIELD_net_bind_local).str;
	case ESPY_EV_net_listen:
		return espy_batch_get(b, row, ESPY_FIELD_net_listen_local).str;
	}
	to = espy_measure_path2(b, row);
	return to.n && b->result[row] != -ENOENT ? to : path;
}

/* The file name of something that was looked for; of a program the one it was called by. */
static struct espy_str name_of(const struct espy_batch *b, uint32_t row, struct espy_str subject)
{
	if (!espy_missing_is_miss(b, row))
		return subject;
	return espy_missing_name(subject);
}

/* --- failures -----------------------------------------------------------------------------------
 */

/* The lookup that means most: who opens a file wants it, who asks for its attributes may not. */
static unsigned weight_of(unsigned type)
{
	switch (type) {
	case ESPY_EV_process_exec:
		return 3;
	case ESPY_EV_file_open:
	case ESPY_EV_file_chdir:
		return 2;
	case ESPY_EV_file_access:
		return 1;
	}
	return 0;
}

static void note_row(struct espy_why *w, struct espy_why_failure *f, const struct espy_batch *b,
		     uint32_t row, uint32_t path)
{
	struct espy_why_row r = {.seq = b->first_seq + row,
				 .time = b->time[row],
				 .path = path,
				 .type = b->type[row]};

	if (f->count == 0 || weight_of(r.type) > weight_of(f->type)) {
		f->type = r.type;
		f->n_rows = 0; /* what tells less is no evidence any more */
	}
	if (weight_of(r.type) == weight_of(f->type)) {
		f->n_rows += f->n_rows < ESPY_WHY_ROWS;
		f->rows[f->n_rows - 1] = r;
	}
	f->count += f->count < UINT32_MAX;
	f->at = w->procs.v[f->proc].rows;
}

/* The second half of the key of a failure. */
static uint64_t failure_key(const struct espy_why *w, uint32_t proc, int32_t error, unsigned kind)
{
	return (uint64_t)w->procs.v[proc].image << 32 | (uint64_t)(error & ESPY_ERRNO_MAX) << 16 |
	       kind;
}

/* The failure of this process and name, made when new; NULL: no room (*ret_error 0) or memory. */
static struct espy_why_failure *find_failure(struct espy_why *w, uint32_t proc, uint32_t name,
					     int32_t error, unsigned kind, int *ret_error)
{
	uint32_t image = w->procs.v[proc].image;
	uint64_t a = (uint64_t)proc << 32 | name;
	uint64_t b = failure_key(w, proc, error, kind);
	uintptr_t at = espy_unboxed(espy_map_get(&w->index, a, b), NO_ID);
	struct espy_why_failure f = {.proc = proc, .image = image, .name = name, .error = error};

	*ret_error = 0;
	if (at != NO_ID)
		return &w->failures.v[at];
	if (w->failures.n >= ESPY_WHY_FAILURES_MAX || name == NO_ID) {
		w->left_over++;
		return NULL;
	}
	at = w->failures.n;
	if (espy_vec_push(&w->failures, f) < 0 ||
	    espy_map_put(&w->index, a, b, espy_boxed(at)) < 0) {
		*ret_error = -ENOMEM;
		return NULL;
	}
	return &w->failures.v[at];
}

/* Lookups are one kind of failure, whatever the call. */
static unsigned kind_of(const struct espy_batch *b, uint32_t row)
{
	return espy_missing_is_miss(b, row) ? 0 : b->type[row];
}

/* EINPROGRESS and the like never come here: they are no failures to begin with. */
static bool is_usual(const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	const char *error = espy_errno_name(b->result[row]);

	return !s || !error || espy_usual(espy_str0(error), espy_str0(s->op), subject_of(b, row));
}

static int add_failure(struct espy_why *w, const struct espy_batch *b, uint32_t row, uint32_t proc)
{
	struct espy_str subject = subject_of(b, row);
	uint32_t path = intern(w, subject), name = intern(w, name_of(b, row, subject));
	int32_t error = b->result[row] == -ENOTDIR ? ENOENT : (int32_t)-b->result[row];
	struct espy_why_failure *f;
	int r;

	f = find_failure(w, proc, name, error, kind_of(b, row), &r);
	if (!f)
		return r;
	f->program = program_of(w, b, row);
	note_row(w, f, b, row, path);
	r = espy_pairs_add(&w->places, (uint32_t)(f - w->failures.v), path);
	f->places += r > 0;
	return r < 0 ? r : 0;
}

/* Something came or went over a connection, or the answer to its request was no, which is a finding
 * of its own. */
static bool is_answer(const struct espy_batch *b, uint32_t row)
{
	switch (b->type[row]) {
	case ESPY_EV_net_send:
	case ESPY_EV_net_recv:
		return b->result[row] > 0;
	case ESPY_EV_net_tcp:
		return b->result[row] < 0;
	}
	return false;
}

static uintptr_t find_noted(const struct espy_why *w, uint32_t proc, uint32_t name, int error,
			    unsigned type)
{
	return espy_unboxed(espy_map_get(&w->index, (uint64_t)proc << 32 | name,
					 failure_key(w, proc, error, type)),
			    NO_ID);
}

/* A connection that goes on is a failure until there is an answer; one from this machine may be
 * there before the call has ended. */
static int note_traffic(struct espy_why *w, const struct espy_batch *b, uint32_t row, uint32_t proc)
{
	bool is_connect = b->type[row] == ESPY_EV_net_connect;
	struct espy_why_failure *f;
	uint32_t remote;
	uintptr_t at;
	int r;

	if (is_connect ? b->result[row] != -EINPROGRESS : !is_answer(b, row))
		return 0;
	remote = intern(w, subject_of(b, row));
	if (is_connect) {
		f = find_failure(w, proc, remote, EINPROGRESS, ESPY_EV_net_connect, &r);
		if (!f)
			return r;
		f->program = program_of(w, b, row);
		f->places = 1;
		f->is_answered |=
			find_noted(w, proc, remote, ECONNREFUSED, ESPY_EV_net_tcp) != NO_ID;
		note_row(w, f, b, row, remote);
		return 0;
	}
	at = find_noted(w, proc, remote, EINPROGRESS, ESPY_EV_net_connect);
	if (at != NO_ID)
		w->failures.v[at].is_answered = true;
	return 0;
}

/* --- rows ---------------------------------------------------------------------------------------
 */

/* Directories that end the search path of Python's import. A search that comes to them and goes on
 * nowhere was in vain; there is no other trace of it, because directories are cached. */
static bool is_module_folder(struct espy_str path)
{
	static const char *const names[] = {"site-packages", "dist-packages", "lib-dynload"};
	struct espy_str name = espy_str_basename(path);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (espy_str_eq(name, espy_str0(names[i])))
			return true;
	return false;
}

static bool is_inside(struct espy_str path, struct espy_str folder)
{
	return path.n > folder.n && espy_str_starts(path, folder) && path.p[folder.n] == '/';
}

/* Anything but reading the program's own source again, for the message, ends the search. */
static void note_search(struct espy_why *w, const struct espy_batch *b, uint32_t row, uint32_t proc)
{
	struct espy_why_proc *p = &w->procs.v[proc];
	struct espy_str path = espy_dict_get(&b->dict, b->path[row]);

	if (b->type[row] == ESPY_EV_file_stat && b->result[row] == 0 && is_module_folder(path)) {
		p->search = (struct espy_why_row){.seq = b->first_seq + row,
						  .time = b->time[row],
						  .path = intern(w, path),
						  .type = b->type[row]};
		p->n_searched++;
	} else if (p->search.seq &&
		   (b->type[row] == ESPY_EV_process_fork || b->type[row] == ESPY_EV_image_load ||
		    (b->type[row] == ESPY_EV_file_stat &&
		     is_inside(path, espy_why_str(w, p->search.path))))) {
		p->search.seq = 0;
		p->n_searched = 0;
	}
}

/* A success shows that the path is there. */
static bool shows_path(unsigned type)
{
	return type == ESPY_EV_file_open || type == ESPY_EV_file_stat ||
	       type == ESPY_EV_file_access || type == ESPY_EV_file_mkdir ||
	       type == ESPY_EV_file_symlink || type == ESPY_EV_file_mknod ||
	       type == ESPY_EV_process_exec;
}

/* Where anybody had a file of this name. */
static int note_seen(struct espy_why *w, const struct espy_batch *b, uint32_t row)
{
	struct espy_str path = espy_dict_get(&b->dict, b->path[row]);
	uint32_t name;

	if (b->result[row] < 0 || !shows_path(b->type[row]) || path.n == 0 || path.p[0] != '/' ||
	    w->seen.n >= ESPY_WHY_NAMES_MAX)
		return 0;
	name = intern(w, espy_missing_name(path));
	if (name == NO_ID || espy_map_get(&w->seen, name, 0))
		return 0;
	return espy_map_put(&w->seen, name, 0, espy_boxed(intern(w, path)));
}

static void note_life(struct espy_why *w, const struct espy_batch *b, uint32_t row, uint32_t proc)
{
	struct espy_why_proc *p = &w->procs.v[proc];

	if (b->type[row] == ESPY_EV_process_exec && b->result[row] >= 0) {
		p->image++;
		p->image_time = b->time[row];
		p->search.seq = 0;
		p->n_searched = 0;
	} else if (b->type[row] == ESPY_EV_process_exit) {
		p->exit_seq = b->first_seq + row;
		p->exit_time = b->time[row];
	}
}

static int add_row(struct espy_why *w, const struct espy_batch *b, uint32_t row, bool matches)
{
	uint32_t proc = b->proc[row] < b->n_procs ? w->numbers[b->proc[row]] : ESPY_TREE_NONE;
	int r;

	if (proc == ESPY_TREE_NONE || proc >= w->procs.n)
		return 0;
	w->procs.v[proc].rows++;
	note_life(w, b, row, proc);
	note_search(w, b, row, proc);
	r = espy_missing_row(&w->missing, b, row, proc);
	if (r == 0)
		r = note_seen(w, b, row);
	if (r == 0)
		r = note_traffic(w, b, row, proc);
	if (r == 0 && matches && espy_measure_failed(b, row)) {
		if (is_usual(b, row))
			w->n_usual++;
		else
			r = add_failure(w, b, row, proc);
	}
	return r;
}

int espy_why_snapshot(struct espy_why *w, const struct espy_batch *b)
{
	int r = espy_tree_snapshot(w->tree, b);

	return r == 0 ? need_procs(w) : r; /* no batch may follow */
}

int espy_why_batch(struct espy_why *w, const struct espy_batch *b, const uint64_t *bits)
{
	int r = espy_tree_batch(w->tree, b, bits);

	if (r == 0)
		r = begin_batch(w, b);
	if (r == 0)
		r = espy_missing_begin(&w->missing, b);
	for (uint32_t row = 0; row < b->n && r == 0; row++)
		r = add_row(w, b, row, !bits || bits[row / 64] >> (row % 64) & 1);
	return r;
}

/* --- good runs ----------------------------------------------------------------------------------
 */

/* Key of the map of failures in good runs, without what is never the same. */
static uint64_t good_key(struct espy_why *w, const struct espy_why_failure *f)
{
	uint32_t name;

	espy_buf_reset(&w->scratch);
	espy_diff_normal_path(&w->scratch, espy_why_str(w, f->name));
	name = intern(w, (struct espy_str){w->scratch.p, w->scratch.n});
	return (uint64_t)f->program << 32 | name;
}

int espy_why_was_good(struct espy_why *w)
{
	int r = 0;

	for (size_t i = 0; i < w->failures.n && r == 0; i++)
		r = espy_map_put(&w->good, good_key(w, &w->failures.v[i]),
				 (uint64_t)w->failures.v[i].error, w);
	forget_trace(w);
	if (r == 0)
		r = espy_missing_init(&w->missing);
	return r == 0 ? espy_tree_new(&w->tree, &tree_options) : r;
}

bool espy_why_is_good(struct espy_why *w, const struct espy_why_failure *f)
{
	return w->good.n && espy_map_get(&w->good, good_key(w, f), (uint64_t)f->error);
}
