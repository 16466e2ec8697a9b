/* SPDX-License-Identifier: MIT */
#include "engine/why-cause.h"
#include <errno.h>
#include <stdlib.h>

#define SOON_NS        100000000ull /* one end follows from another when it comes within this */
#define SIGNAL_CODE    128u         /* added to a signal's number by shells */
#define LINK_SURE      4            /* a child's end is the reason, whatever else failed */
#define LINK_POSSIBLE  2            /* it is, unless something graver failed afterwards */
#define MODULE_SCORE   62
#define EXIT_SCORE     45
#define MORE_END       30 /* nothing is nearer to the end than the end */
#define SCORE_CAUSE    200
#define SCORE_BAD      100
#define SCORE_ANSWER   70 /* taken off a bad end that may be an answer */
#define MORE_PLACES    8  /* it was searched for */
#define MORE_ELSEWHERE 6  /* and somebody has it */
#define MORE_START     12 /* the loader looks before anything else */
#define CODE_NOT_FOUND 127u
#define CODE_NOT_RUN   126u

struct finder {
	struct espy_why_findings *f;
	struct espy_why *w;
	uint32_t *best;          /* of each process: its gravest failure of its last program */
	uint8_t *is_reason;      /* of each process: the whole ended badly because of it */
	struct espy_map healthy; /* (program, name), error: had by a process that ended well */
};

static struct espy_tree_proc *proc_at(const struct finder *x, uint32_t i)
{
	return espy_tree_proc(x->w->tree, i);
}

static bool is_bad(const struct finder *x, uint32_t i)
{
	return espy_why_is_bad_end(proc_at(x, i));
}

uint32_t espy_why_parent(const struct espy_why *w, uint32_t proc)
{
	uint32_t parent = espy_tree_proc(w->tree, proc)->parent;
	unsigned flags;

	if (parent == ESPY_TREE_NONE || parent >= espy_tree_n(w->tree))
		return ESPY_WHY_NONE;
	flags = espy_tree_proc(w->tree, parent)->flags;
	return flags & ESPY_TREE_BEFORE && !(flags & ESPY_TREE_EXECED) ? ESPY_WHY_NONE : parent;
}

/* --- failures -----------------------------------------------------------------------------------
 */

static uint64_t healthy_key(const struct espy_why_failure *f)
{
	return (uint64_t)f->program << 32 | f->name;
}

/* What a program also had in a process that ended well is not why another one of it did not. */
static int note_healthy(struct finder *x)
{
	int r = 0;

	for (size_t i = 0; i < x->w->failures.n && r == 0; i++) {
		const struct espy_why_failure *f = &x->w->failures.v[i];
		const struct espy_tree_proc *p = proc_at(x, f->proc);

		if (p->flags & ESPY_TREE_EXITED && !espy_why_is_bad_end(p))
			r = espy_map_put(&x->healthy, healthy_key(f), (uint64_t)f->error, x);
	}
	return r;
}

/* How near the end of its process it was: what was asked last was asked in vain. */
static int nearness(const struct finder *x, const struct espy_why_failure *f)
{
	static const struct {
		uint64_t rows;
		int score;
	} steps[] = {{8, 40}, {16, 36}, {32, 30}, {64, 22}, {256, 12}, {1024, 6}};
	uint64_t gap = x->w->procs.v[f->proc].rows - f->at;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (gap <= steps[i].rows)
			return steps[i].score;
	return 0;
}

static bool is_last_program(const struct finder *x, const struct espy_why_failure *f)
{
	return f->image == x->w->procs.v[f->proc].image;
}

/* A shell that asks for a file in its search path and then ends with 127 wanted to start it. */
static enum espy_why_kind kind_of(const struct finder *x, const struct espy_why_failure *f)
{
	enum espy_why_kind kind = espy_why_kind_of(x->w, f);
	bool is_asked = f->type == ESPY_EV_file_stat || f->type == ESPY_EV_file_access;

	if (kind == ESPY_WHY_MISSING && is_asked && f->places > 1 &&
	    proc_at(x, f->proc)->code == CODE_NOT_FOUND)
		return ESPY_WHY_PROGRAM;
	return kind;
}

/* A loader that does not find a library ends with 127 before its program begins; so does a shell
 * that does not find a program. */
static int fits_code(const struct finder *x, const struct espy_why_failure *f)
{
	unsigned kind = kind_of(x, f), code = proc_at(x, f->proc)->code;

	if (code == CODE_NOT_FOUND && (kind == ESPY_WHY_LIBRARY || kind == ESPY_WHY_PROGRAM))
		return MORE_START;
	if (code == CODE_NOT_RUN && kind == ESPY_WHY_PROGRAM)
		return MORE_START;
	return 0;
}

static int score_in_process(struct finder *x, const struct espy_why_failure *f)
{
	int score = espy_why_score(x->w, f);

	if (score <= ESPY_WHY_SCORE_USUAL)
		return score;
	if (is_bad(x, f->proc) && espy_map_get(&x->healthy, healthy_key(f), (uint64_t)f->error))
		return ESPY_WHY_SCORE_USUAL;
	if (!is_bad(x, f->proc) || !is_last_program(x, f))
		return score;
	if (f->places > 1)
		score += MORE_PLACES;
	if (f->error == ENOENT && espy_why_elsewhere(x->w, f).n)
		score += MORE_ELSEWHERE;
	return score + fits_code(x, f) + nearness(x, f);
}

static void find_best(struct finder *x)
{
	uint32_t n = espy_tree_n(x->w->tree);

	for (uint32_t i = 0; i < n; i++)
		x->best[i] = ESPY_WHY_NONE;
	for (uint32_t i = 0; i < x->w->failures.n; i++) {
		const struct espy_why_failure *f = &x->w->failures.v[i];
		uint32_t *best = &x->best[f->proc];

		if (!is_last_program(x, f))
			continue;
		if (*best == ESPY_WHY_NONE ||
		    score_in_process(x, f) > score_in_process(x, &x->w->failures.v[*best]))
			*best = i;
	}
}

/* --- ends ---------------------------------------------------------------------------------------
 */

/* Was a child made after this one ended? Then its end did not stop the parent. */
static bool went_on(const struct finder *x, uint32_t parent, uint32_t child)
{
	uint32_t last = proc_at(x, parent)->last_child;

	return last != ESPY_TREE_NONE && proc_at(x, last)->start > proc_at(x, child)->end;
}

/* Is the parent's code what such a child makes it? */
static bool passes_on(const struct finder *x, uint32_t parent, const struct espy_tree_proc *c)
{
	const struct espy_tree_proc *p = proc_at(x, parent);
	unsigned code = c->signal ? SIGNAL_CODE + c->signal : c->code;

	return !p->signal &&
	       (p->code == code || espy_why_is_relay(espy_why_program(x->w, parent), p->code));
}

/* How much speaks for it that the parent ended as it did because of this child. */
static int link_score(const struct finder *x, uint32_t parent, uint32_t child)
{
	const struct espy_tree_proc *p = proc_at(x, parent), *c = proc_at(x, child);
	struct espy_str program = espy_why_program(x->w, child);
	int score = 0;

	if (passes_on(x, parent, c))
		score += 3;
	if (!went_on(x, parent, child))
		score += 2;
	if (p->end >= c->end && p->end - c->end <= SOON_NS)
		score += 1;
	if (!c->signal && espy_why_is_answer(program, c->code))
		score -= 3;
	if (c->signal && espy_why_score_signal(c->signal) < ESPY_WHY_SCORE_WORTH)
		score -= 2;
	return score;
}

/* Something graver than an exit code failed in the process itself after its child had ended. */
static bool failed_later(struct finder *x, uint32_t proc, uint32_t child)
{
	const struct espy_why_failure *f;

	if (x->best[proc] == ESPY_WHY_NONE)
		return false;
	f = &x->w->failures.v[x->best[proc]];
	return f->n_rows && f->rows[f->n_rows - 1].time > proc_at(x, child)->end &&
	       espy_why_score(x->w, f) >= ESPY_WHY_SCORE_WORTH;
}

static uint32_t cause_of(struct finder *x, uint32_t proc)
{
	uint32_t best = ESPY_WHY_NONE;
	int score = LINK_POSSIBLE - 1;

	for (uint32_t c = proc_at(x, proc)->first_child; c != ESPY_TREE_NONE;
	     c = proc_at(x, c)->next) {
		int own = is_bad(x, c) ? link_score(x, proc, c) : 0;

		if (own >= score && is_bad(x, c) && own >= LINK_POSSIBLE) {
			score = own;
			best = c;
		}
	}
	if (best != ESPY_WHY_NONE && score < LINK_SURE && failed_later(x, proc, best))
		return ESPY_WHY_NONE;
	return best;
}

/* From the roots that ended badly down to the first who did. */
static void link_ends(struct finder *x)
{
	uint32_t n = espy_tree_n(x->w->tree);

	for (uint32_t i = 0; i < n; i++)
		x->f->cause[i] = is_bad(x, i) ? cause_of(x, i) : ESPY_WHY_NONE;
	for (uint32_t i = 0; i < n; i++) {
		bool is_root = x->f->target != ESPY_WHY_NONE
				       ? i == x->f->target
				       : espy_why_parent(x->w, i) == ESPY_WHY_NONE;

		if (!is_root || !is_bad(x, i))
			continue;
		for (uint32_t c = i; c != ESPY_WHY_NONE && !x->is_reason[c]; c = x->f->cause[c])
			x->is_reason[c] = 1;
	}
}

/* --- findings -----------------------------------------------------------------------------------
 */

static int add(struct finder *x, struct espy_why_finding finding)
{
	const struct espy_tree_proc *p = proc_at(x, finding.proc);
	bool is_first = x->f->cause[finding.proc] == ESPY_WHY_NONE;

	finding.is_bad = is_bad(x, finding.proc);
	finding.is_cause = finding.is_bad && is_first && x->is_reason[finding.proc];
	if (finding.is_bad && is_first)
		finding.score += x->is_reason[finding.proc] ? SCORE_CAUSE : SCORE_BAD;
	if (finding.is_bad && !finding.is_cause && !p->signal &&
	    espy_why_is_answer(espy_why_program(x->w, finding.proc), p->code))
		finding.score -= SCORE_ANSWER;
	return espy_vec_push(&x->f->list, finding);
}

static int add_failure(struct finder *x, uint32_t number)
{
	const struct espy_why_failure *f = &x->w->failures.v[number];
	struct espy_why_finding finding = {.proc = f->proc,
					   .failure = number,
					   .kind = (uint8_t)kind_of(x, f),
					   .score = score_in_process(x, f)};
	bool counts = is_bad(x, f->proc) && is_last_program(x, f) &&
		      x->f->cause[f->proc] == ESPY_WHY_NONE;

	if (finding.score < (counts ? ESPY_WHY_SCORE_WORTH : ESPY_WHY_SCORE_GRAVE)) {
		x->f->n_usual += f->count;
		return 0;
	}
	if (!counts) { /* it was got over, as far as can be seen */
		finding.score -= ESPY_WHY_SCORE_WORTH;
		return espy_vec_push(&x->f->list, finding);
	}
	return add(x, finding);
}

/* The end itself, where nothing that failed explains it. */
static int add_end(struct finder *x, uint32_t proc)
{
	const struct espy_tree_proc *p = proc_at(x, proc);
	struct espy_why_finding finding = {
		.proc = proc, .failure = ESPY_WHY_NONE, .kind = ESPY_WHY_EXIT, .score = EXIT_SCORE};

	if (!is_bad(x, proc) || x->f->cause[proc] != ESPY_WHY_NONE)
		return 0;
	if (p->signal) {
		finding.kind = ESPY_WHY_SIGNAL;
		finding.score = espy_why_score_signal(p->signal) + MORE_END;
	} else if (p->code == 1 && x->w->procs.v[proc].search.seq &&
		   espy_str_starts(espy_why_program(x->w, proc), ESPY_STR("python"))) {
		finding.kind = ESPY_WHY_MODULE;
		finding.score = MODULE_SCORE + MORE_END;
	}
	return add(x, finding);
}

static int compare_findings(const void *pa, const void *pb, void *ctx)
{
	const struct espy_why_finding *a = pa, *b = pb;
	const struct espy_why *w = ctx;
	uint64_t ta = 0, tb = 0;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if (a->failure != ESPY_WHY_NONE && b->failure != ESPY_WHY_NONE) {
		ta = w->failures.v[a->failure].rows[0].seq;
		tb = w->failures.v[b->failure].rows[0].seq;
	}
	if (ta != tb)
		return ta > tb ? -1 : 1; /* the later one is nearer to the end */
	return (a->proc > b->proc) - (a->proc < b->proc);
}

/* An end that a failure explains well enough needs no finding of its own. */
static void drop_explained(struct finder *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->f->list.n; i++) {
		struct espy_why_finding *f = &x->f->list.v[i];
		uint32_t best = f->failure == ESPY_WHY_NONE ? x->best[f->proc] : ESPY_WHY_NONE;

		if (f->kind == ESPY_WHY_EXIT && best != ESPY_WHY_NONE &&
		    score_in_process(x, &x->w->failures.v[best]) >= ESPY_WHY_SCORE_WORTH)
			continue;
		x->f->list.v[n++] = *f;
	}
	x->f->list.n = n;
}

static int find(struct finder *x)
{
	uint32_t n = espy_tree_n(x->w->tree);
	int r = note_healthy(x);

	if (r < 0)
		return r;
	find_best(x);
	link_ends(x);
	for (uint32_t i = 0; i < x->w->failures.n && r == 0; i++)
		r = add_failure(x, i);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = add_end(x, i);
	drop_explained(x);
	if (x->f->list.n)
		qsort_r(x->f->list.v, x->f->list.n, sizeof(x->f->list.v[0]), compare_findings,
			x->w);
	return r;
}

static uint32_t find_target(const struct espy_why *w, uint32_t pid)
{
	for (uint32_t i = 0; pid && i < espy_tree_n(w->tree); i++) {
		const struct espy_tree_proc *p = espy_tree_proc(w->tree, i);

		if (p->pid == pid && !(p->flags & ESPY_TREE_BEFORE && p->flags & ESPY_TREE_KERNEL))
			return i;
	}
	return ESPY_WHY_NONE;
}

int espy_why_find(struct espy_why_findings *ret, struct espy_why *w, uint32_t target_pid)
{
	struct finder x = {.f = ret, .w = w};
	int r = espy_tree_link(w->tree);
	size_t n = espy_tree_n(w->tree) ? espy_tree_n(w->tree) : 1;

	*ret = (struct espy_why_findings){.target = find_target(w, target_pid)};
	ret->n_usual = w->n_usual;
	ret->cause = calloc(n, sizeof(*ret->cause));
	x.best = calloc(n, sizeof(*x.best));
	x.is_reason = calloc(n, 1);
	if (!ret->cause || !x.best || !x.is_reason)
		r = -ENOMEM;
	if (r == 0)
		r = find(&x);
	free(x.best);
	free(x.is_reason);
	espy_map_done(&x.healthy);
	return r;
}

void espy_why_findings_done(struct espy_why_findings *f)
{
	espy_vec_done(&f->list);
	free(f->cause);
	*f = (struct espy_why_findings){0};
}
