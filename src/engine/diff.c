/* SPDX-License-Identifier: MIT */
#include "engine/diff.h"
#include <errno.h>
#include <stdlib.h>
#include "engine/boxed.h"
#include "engine/diff-normal.h"
#include "model/merged.h"
#include "engine/measure.h"
#include "engine/usual.h"
#include "model/value.h"

#define STEPS_MAX 256u /* from a process up to the root */
#define NO_ID     UINT32_MAX
#define ARROW     " > "
#define COMM_SIZE 15u /* bytes of a process name that the kernel keeps */

static int take_batch(struct espy_sink *sink, const struct espy_batch *b, const uint64_t *bits,
		      struct espy_err *err)
{
	int r = espy_diff_batch((struct espy_diff *)sink, b, bits);

	return r < 0 ? espy_err_set(err, r, "no memory left for the comparison") : 0;
}

static const struct espy_sink_ops sink_ops = {.batch = take_batch};

int espy_diff_init(struct espy_diff *d)
{
	*d = (struct espy_diff){.sink.ops = &sink_ops};
	return espy_dict_init(&d->strings);
}

void espy_diff_done(struct espy_diff *d)
{
	espy_dict_done(&d->strings);
	espy_vec_done(&d->keys);
	espy_map_done(&d->index);
	espy_map_done(&d->execed);
	espy_map_done(&d->programs);
	espy_buf_done(&d->scratch);
	free(d->subjects);
	free(d->nodes);
	*d = (struct espy_diff){0};
}

void espy_diff_side(struct espy_diff *d, unsigned side)
{
	d->side = side;
}

bool espy_diff_is_good(const struct espy_diff_key *k)
{
	return k->op == ESPY_DIFF_EXIT ? k->result == 0 : k->result >= 0;
}

/* --- programs -----------------------------------------------------------------------------------
 */

static struct espy_str str(const struct espy_batch *b, uint32_t id)
{
	return espy_dict_get(&b->dict, id);
}

/* Is `name`, which the kernel cuts, the name of the file that this word of a command line is? */
static bool is_named_by(struct espy_str name, struct espy_str words, unsigned index)
{
	struct espy_str word;

	for (; index && words.n; index--) {
		const char *end = memchr(words.p, '\0', words.n);

		if (!end)
			return false;
		words = (struct espy_str){end + 1, words.n - (size_t)(end + 1 - words.p)};
	}
	word = espy_str_basename((struct espy_str){words.p, strnlen(words.p, words.n)});
	if (word.n > COMM_SIZE)
		word.n = COMM_SIZE;
	return name.n && espy_str_eq(name, word);
}

/* What a program is called: a script by its own name, not by its interpreter's, and anything by the
 * name it was started with, not by one that it gave itself. */
static struct espy_str program_name(const struct espy_batch *b, const struct espy_proc *p)
{
	struct espy_str name = str(b, p->name), words = str(b, p->cmdline), exe = str(b, p->exe);

	if (is_named_by(name, words, 0) || is_named_by(name, words, 1) || exe.n == 0)
		return name;
	return espy_str_basename(exe);
}

/* Since it was made it has run nothing of its own. */
static bool is_copy_of_parent(const struct espy_proc *p, const struct espy_proc *parent)
{
	return p->exe == parent->exe && p->cmdline == parent->cmdline;
}

/* What was there before the capture and runs nothing new is not what was run, but where. */
static bool is_outside(const struct espy_diff *d, const struct espy_proc *p)
{
	return p->flags & ESPY_PROC_BEFORE && !espy_map_get(&d->execed, p->pid, p->start);
}

static const struct espy_proc *parent_of(const struct espy_diff *d, const struct espy_batch *b,
					 const struct espy_proc *p)
{
	if (p->parent >= b->n_procs || is_outside(d, &b->procs[p->parent]))
		return NULL;
	return &b->procs[p->parent];
}

static uint32_t make_node(struct espy_diff *d, const struct espy_batch *b,
			  const struct espy_proc *p)
{
	const struct espy_proc *chain[ESPY_DIFF_DEPTH_MAX];
	unsigned n = 0;

	/* Steps are counted too: parents may go in a circle in a damaged trace. */
	for (unsigned i = 0; p && i < STEPS_MAX && n < ESPY_DIFF_DEPTH_MAX;
	     i++, p = parent_of(d, b, p)) {
		const struct espy_proc *parent = parent_of(d, b, p);

		if (!parent || !is_copy_of_parent(p, parent))
			chain[n++] = p;
	}
	espy_buf_reset(&d->scratch);
	while (n) {
		espy_buf_str(&d->scratch, program_name(b, chain[--n]));
		espy_buf_puts(&d->scratch, n ? ARROW : "");
	}
	return espy_dict_add(&d->strings, (struct espy_str){d->scratch.p, d->scratch.n});
}

static void note_program(struct espy_diff *d, uint32_t node)
{
	uintptr_t runs = espy_unboxed(espy_map_get(&d->programs, node, 0), 0);

	if (espy_map_put(&d->programs, node, 0, espy_boxed(runs | 1u << d->side)) < 0)
		d->scratch.error = -ENOMEM;
}

static uint32_t node_of(struct espy_diff *d, const struct espy_batch *b, uint32_t proc)
{
	if (proc >= b->n_procs)
		return 0;
	if (!d->nodes[proc]) {
		d->nodes[proc] = make_node(d, b, &b->procs[proc]) + 1;
		note_program(d, d->nodes[proc] - 1);
	}
	return d->nodes[proc] - 1;
}

/* Who did it. Running a program is the deed of the one who was there before. */
static uint32_t node_of_row(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
			    unsigned op)
{
	uint32_t proc = b->proc[row];

	if ((op == ESPY_DIFF_RUN || op == ESPY_DIFF_ENV) && b->result[row] >= 0 &&
	    proc < b->n_procs)
		return parent_of(d, b, &b->procs[proc]) ? node_of(d, b, b->procs[proc].parent) : 0;
	return node_of(d, b, proc);
}

/* --- subjects -----------------------------------------------------------------------------------
 */

static uint32_t add_subject(struct espy_diff *d, struct espy_str s, bool is_endpoint)
{
	if (d->exact)
		return espy_dict_add(&d->strings, s);
	espy_buf_reset(&d->scratch);
	if (is_endpoint)
		espy_diff_normal_endpoint(&d->scratch, s);
	else
		espy_diff_normal_path(&d->scratch, s);
	return espy_dict_add(&d->strings, (struct espy_str){d->scratch.p, d->scratch.n});
}

/* Of a string of the batch, 0 for none. */
static uint32_t subject_of(struct espy_diff *d, const struct espy_batch *b, uint32_t id,
			   bool is_endpoint)
{
	if (id == 0 || id >= b->dict.n)
		return 0;
	if (!d->subjects[id])
		d->subjects[id] = add_subject(d, b->dict.strs[id], is_endpoint) + 1;
	return d->subjects[id] - 1;
}

static uint32_t subject_of_field(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
				 const char *name)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	int f = s ? espy_schema_field(s, espy_str0(name)) : -1;

	return f < 0 ? 0 : subject_of(d, b, espy_batch_get(b, row, (unsigned)f).id, name[0] != 'p');
}

static uint32_t subject_of_both(struct espy_diff *d, const struct espy_batch *b, uint32_t row)
{
	struct espy_str to = espy_measure_path2(b, row);

	espy_buf_reset(&d->scratch);
	espy_diff_normal_path(&d->scratch, str(b, b->path[row]));
	espy_buf_puts(&d->scratch, " -> ");
	espy_diff_normal_path(&d->scratch, to);
	return espy_dict_add(&d->strings, (struct espy_str){d->scratch.p, d->scratch.n});
}

static uint32_t subject_of_command(struct espy_diff *d, const struct espy_batch *b, uint32_t row)
{
	struct espy_value argv = espy_batch_get(b, row, ESPY_FIELD_process_exec_argv);

	espy_buf_reset(&d->scratch);
	espy_diff_normal_command(&d->scratch, str(b, b->path[row]), argv.str);
	return espy_dict_add(&d->strings, (struct espy_str){d->scratch.p, d->scratch.n});
}

/* What was run is told by its arguments too; what could not be, by its name. */
static uint32_t subject_of_run(struct espy_diff *d, const struct espy_batch *b, uint32_t row)
{
	return b->result[row] < 0 ? subject_of(d, b, b->path[row], false)
				  : subject_of_command(d, b, row);
}

static uint32_t subject_of_row(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
			       unsigned subject)
{
	switch (subject) {
	case ESPY_DIFF_OF_PATH2:
		return subject_of_field(d, b, row, "path2");
	case ESPY_DIFF_OF_BOTH:
		return subject_of_both(d, b, row);
	case ESPY_DIFF_OF_COMMAND:
		return subject_of_run(d, b, row);
	case ESPY_DIFF_OF_REMOTE:
		return subject_of_field(d, b, row, "remote");
	case ESPY_DIFF_OF_LOCAL:
		return subject_of_field(d, b, row, "local");
	case ESPY_DIFF_OF_PROGRAM:
		return 0;
	}
	return subject_of(d, b, b->path[row], false);
}

/* --- keys ---------------------------------------------------------------------------------------
 */

/* What row `row` did. A run of merged reads or writes is what its calls would have been. */
static int add_key(struct espy_diff *d, const struct espy_diff_key *k, const struct espy_batch *b,
		   uint32_t row)
{
	uint64_t times = espy_merged_times(b, row);
	uint64_t ka = (uint64_t)k->node << 32 | k->op;
	uint64_t kb = (uint64_t)k->subject << 32 | (uint32_t)k->result;
	uintptr_t at = espy_unboxed(espy_map_get(&d->index, ka, kb), NO_ID);
	struct espy_diff_key *own;

	if (at == NO_ID) {
		if (d->keys.n >= ESPY_DIFF_KEYS_MAX || k->node == NO_ID || k->subject == NO_ID) {
			d->left_over[d->side] += times;
			return 0;
		}
		at = d->keys.n;
		if (espy_vec_push(&d->keys, *k) < 0 ||
		    espy_map_put(&d->index, ka, kb, espy_boxed(at)) < 0)
			return -ENOMEM;
	}
	own = &d->keys.v[at];
	if (own->count[d->side] == 0)
		own->seq[d->side] = b->first_seq + row;
	if (times > UINT32_MAX - own->count[d->side])
		times = UINT32_MAX - own->count[d->side];
	own->count[d->side] += (uint32_t)times;
	return 0;
}

/* What happens or not by chance: whether something had come yet, whether a signal did. */
static bool is_chance(const struct espy_batch *b, uint32_t row)
{
	int64_t r = b->result[row];

	if (b->type[row] == ESPY_EV_process_exit)
		return false;
	return r == -EAGAIN || r == -EINTR ||
	       (r <= -ESPY_USUAL_RESTART_FIRST && r >= -ESPY_USUAL_RESTART_LAST);
}

/* A failure that every program has and none minds. What was not there stays: it may be there the
 * next time. */
static bool is_noise(const struct espy_batch *b, uint32_t row, const struct espy_schema *s)
{
	const char *error = espy_errno_name(b->result[row]);

	return espy_measure_failed(b, row) && b->result[row] != -ENOENT && error &&
	       b->type[row] != ESPY_EV_file_readlink &&
	       espy_usual(espy_str0(error), espy_str0(s->op), ESPY_STR_NONE);
}

static int32_t result_of(const struct espy_batch *b, uint32_t row)
{
	int64_t r = b->result[row];

	if (b->type[row] == ESPY_EV_process_exit)
		return (int32_t)r;
	if (b->type[row] == ESPY_EV_file_readlink && r == -EINVAL)
		return 0; /* there is something, and it is no link */
	return espy_measure_failed(b, row) && r >= INT32_MIN ? (int32_t)r : 0;
}

static int add_variables(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
			 struct espy_diff_key k)
{
	struct espy_str env = espy_batch_get(b, row, ESPY_FIELD_process_exec_env).str;
	int r = 0;

	for (size_t at = 0; at < env.n && r == 0;) {
		size_t n = strnlen(env.p + at, env.n - at);

		k.subject = add_subject(d, (struct espy_str){env.p + at, n}, false);
		r = add_key(d, &k, b, row);
		at += n + 1;
	}
	return r;
}

static int add_rule(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
		    const struct espy_diff_rule *rule)
{
	struct espy_diff_key k = {.op = rule->op, .result = result_of(b, row)};

	k.node = node_of_row(d, b, row, rule->op);
	if (rule->subject == ESPY_DIFF_OF_VARIABLES)
		return k.result < 0 ? 0 : add_variables(d, b, row, k);
	if (rule->op == ESPY_DIFF_OPEN && k.result >= 0 && espy_measure_created(b, row))
		k.op = ESPY_DIFF_CREATE;
	k.subject = subject_of_row(d, b, row, rule->subject);
	if (k.subject == 0 && rule->subject != ESPY_DIFF_OF_PROGRAM)
		return 0;
	return add_key(d, &k, b, row);
}

/* Pipes and the like have no name that two runs could share, and what goes through them is not what
 * a program did to a file. */
static bool is_nameless(const struct espy_batch *b, uint32_t row)
{
	struct espy_str path = str(b, b->path[row]);

	return path.n && path.p[0] != '/' &&
	       espy_schema_get(b->type[row])->class_id == ESPY_CLASS_file;
}

/* An event without a rule counts when it failed, and always where it comes from another system's
 * trace, whose operations have no rules. */
static int add_other(struct espy_diff *d, const struct espy_batch *b, uint32_t row,
		     const struct espy_schema *s)
{
	struct espy_diff_key k = {.op = ESPY_DIFF__MAX + s->type, .result = result_of(b, row)};

	if (k.result >= 0 && (s->class_id <= ESPY_CLASS_system || !b->path[row]))
		return 0;
	k.node = node_of_row(d, b, row, k.op);
	k.subject = subject_of_row(d, b, row, ESPY_DIFF_OF_PATH);
	return add_key(d, &k, b, row);
}

static int note_exec(struct espy_diff *d, const struct espy_batch *b, uint32_t row)
{
	const struct espy_proc *p;

	if (b->type[row] != ESPY_EV_process_exec || b->result[row] < 0 ||
	    b->proc[row] >= b->n_procs)
		return 0;
	p = espy_batch_proc(b, row);
	return p->flags & ESPY_PROC_BEFORE ? espy_map_put(&d->execed, p->pid, p->start, d) : 0;
}

static int add_row(struct espy_diff *d, const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	const struct espy_diff_rule *rules;
	unsigned n;
	int r = 0;

	d->events[d->side] += espy_merged_times(b, row);
	node_of(d, b, b->proc[row]); /* it is there, whatever it does */
	if (!s || b->flags[row] & ESPY_F_PENDING || is_chance(b, row) || is_nameless(b, row) ||
	    is_noise(b, row, s))
		return 0;
	rules = espy_diff_rules(b->type[row], &n);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = add_rule(d, b, row, &rules[i]);
	return n ? r : add_other(d, b, row, s);
}

static int need(uint32_t **p, uint32_t *cap, uint32_t n)
{
	if (n > *cap) {
		uint32_t *more = realloc(*p, n * sizeof(*more));

		if (!more)
			return -ENOMEM;
		*p = more;
		*cap = n;
	}
	if (n)
		memset(*p, 0, n * sizeof(**p));
	return 0;
}

int espy_diff_batch(struct espy_diff *d, const struct espy_batch *b, const uint64_t *bits)
{
	int r = need(&d->subjects, &d->cap_subjects, b->dict.n);

	if (r == 0)
		r = need(&d->nodes, &d->cap_nodes, b->n_procs);
	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		r = note_exec(d, b, row);
		if (r == 0 && (!bits || bits[row / 64] >> (row % 64) & 1))
			r = add_row(d, b, row);
	}
	if (r == 0 && d->scratch.error)
		r = d->scratch.error;
	return r;
}
