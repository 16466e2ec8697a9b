/* SPDX-License-Identifier: MIT */
#include "engine/why-say.h"
#include <errno.h>
#include "engine/table.h"
#include "model/value.h"

#define EFFECTS_MAX 4u /* programs named that ended because of another */

static const struct espy_why_failure *failure_of(const struct espy_why *w,
						 const struct espy_why_finding *f)
{
	return f->failure == ESPY_WHY_NONE ? NULL : &w->failures.v[f->failure];
}

static struct espy_str path_of(const struct espy_why *w, const struct espy_why_failure *f)
{
	return espy_why_str(w, f->rows[0].path);
}

/* The name of what was looked for, as it was asked for. */
static struct espy_str name_of(const struct espy_why *w, const struct espy_why_failure *f)
{
	return espy_str_basename(path_of(w, f));
}

/* "No such file or directory (ENOENT)" */
static void put_error(struct espy_buf *out, int error)
{
	const char *name = espy_errno_name(error);

	espy_buf_puts(out, strerror(error));
	if (name)
		espy_buf_printf(out, " (%s)", name);
}

void espy_why_say_end(struct espy_buf *out, const struct espy_tree_proc *p)
{
	if (p->signal)
		espy_value_num(out, ESPY_FMT_ENUM_signal, false, p->signal, 0);
	else
		espy_buf_printf(out, "exit code %u", p->code);
}

/* " in none of 5 places" */
static void put_places(struct espy_buf *out, const struct espy_why_failure *f)
{
	espy_buf_puts(out, " in ");
	espy_table_things(out, f->places, "place", "places");
	espy_buf_puts(out, " and found it in none");
}

/* --- sentences, one for each kind --------------------------------------------------------------
 */

typedef void (*say_fn)(struct espy_buf *out, const struct espy_why *w,
		       const struct espy_why_failure *f);

static void say_missing(struct espy_buf *out, const struct espy_why *w,
			const struct espy_why_failure *f)
{
	espy_buf_puts(out, f->type == ESPY_EV_process_exec ? "tried to start " : "looked for ");
	if (f->places > 1) {
		espy_buf_str(out, name_of(w, f));
		put_places(out, f);
		return;
	}
	espy_buf_str(out, path_of(w, f));
	espy_buf_puts(out, ", which is not there");
}

static void say_library(struct espy_buf *out, const struct espy_why *w,
			const struct espy_why_failure *f)
{
	espy_buf_puts(out, "looked for the shared library ");
	espy_buf_str(out, name_of(w, f));
	put_places(out, f);
}

static void say_program(struct espy_buf *out, const struct espy_why *w,
			const struct espy_why_failure *f)
{
	if (f->error == ENOENT && f->places > 1) {
		espy_buf_puts(out, "looked for the program ");
		espy_buf_str(out, name_of(w, f));
		put_places(out, f);
		return;
	}
	espy_buf_puts(out, "could not start ");
	espy_buf_str(out, path_of(w, f));
	espy_buf_puts(out, ": ");
	put_error(out, f->error);
}

/* What could not be done: "open", "connect to". */
static const char *verb_of(unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);

	switch (type) {
	case ESPY_EV_net_connect:
	case ESPY_EV_net_tcp: /* the answer to a connect that did not wait for it */
		return "connect to";
	case ESPY_EV_net_bind:
	case ESPY_EV_net_listen:
		return "listen on";
	case ESPY_EV_net_send:
		return "send to";
	case ESPY_EV_net_recv:
		return "receive from";
	case ESPY_EV_file_read:
	case ESPY_EV_file_reads:
		return "read from";
	case ESPY_EV_file_write:
	case ESPY_EV_file_writes:
		return "write to";
	case ESPY_EV_file_unlink:
	case ESPY_EV_file_rmdir:
		return "delete";
	case ESPY_EV_file_mkdir:
	case ESPY_EV_file_mknod:
	case ESPY_EV_file_symlink:
		return "create";
	case ESPY_EV_file_chdir:
		return "go into";
	case ESPY_EV_process_fork:
		return "make another process";
	}
	return s ? s->op : "do something";
}

static void say_failed(struct espy_buf *out, const struct espy_why *w,
		       const struct espy_why_failure *f)
{
	struct espy_str path = path_of(w, f);

	espy_buf_printf(out, "could not %s", verb_of(f->type));
	if (path.n) {
		espy_buf_putc(out, ' ');
		espy_buf_str(out, path);
	}
	espy_buf_puts(out, ": ");
	put_error(out, f->error);
}

static void say_refused(struct espy_buf *out, const struct espy_why *w,
			const struct espy_why_failure *f)
{
	const struct espy_tree_proc *p = espy_tree_proc(w->tree, f->proc);
	struct espy_str path = path_of(w, f), user = espy_tree_str(w->tree, p->user);
	const char *name = espy_errno_name(f->error);

	espy_buf_printf(out, "was not allowed to %s", verb_of(f->type));
	if (path.n) {
		espy_buf_putc(out, ' ');
		espy_buf_str(out, path);
	}
	if (user.n) {
		espy_buf_puts(out, " as user ");
		espy_buf_str(out, user);
	}
	espy_buf_printf(out, " (%s)", name ? name : "?");
}

static void say_no_answer(struct espy_buf *out, const struct espy_why *w,
			  const struct espy_why_failure *f)
{
	espy_buf_puts(out, "began to connect to ");
	espy_buf_str(out, path_of(w, f));
	espy_buf_puts(out, ", and nothing ever came or went over that connection");
}

static const say_fn sayers[ESPY_WHY__MAX] = {
	[ESPY_WHY_MISSING] = say_missing,     [ESPY_WHY_LIBRARY] = say_library,
	[ESPY_WHY_PROGRAM] = say_program,     [ESPY_WHY_REFUSED] = say_refused,
	[ESPY_WHY_FULL] = say_failed,         [ESPY_WHY_NETWORK] = say_failed,
	[ESPY_WHY_NO_ANSWER] = say_no_answer, [ESPY_WHY_TAKEN] = say_failed,
	[ESPY_WHY_FAILED] = say_failed,
};

/* --- findings -----------------------------------------------------------------------------------
 */

static void say_own_end(struct espy_buf *out, const struct espy_why *w,
			const struct espy_why_finding *f)
{
	const struct espy_tree_proc *p = espy_tree_proc(w->tree, f->proc);

	if (f->kind == ESPY_WHY_SIGNAL) {
		espy_buf_puts(out, "was ended by ");
		espy_why_say_end(out, p);
		espy_buf_printf(out, ": %s", espy_why_signal_means(p->signal));
	} else if (f->kind == ESPY_WHY_MODULE) {
		espy_buf_puts(out, "searched its directories of modules to the last and took "
				   "nothing from there, and then ended with ");
		espy_why_say_end(out, p);
		espy_buf_puts(out, ": a module that it imports is probably missing");
	} else {
		espy_buf_puts(out, "ended with ");
		espy_why_say_end(out, p);
		espy_buf_puts(out, ", and nothing that failed before explains it; what it printed "
				   "may");
	}
}

void espy_why_say(struct espy_buf *out, struct espy_why *w, const struct espy_why_finding *f)
{
	const struct espy_why_failure *x = failure_of(w, f);
	const struct espy_tree_proc *p = espy_tree_proc(w->tree, f->proc);

	espy_buf_str(out, x ? espy_why_str(w, x->program) : espy_why_program(w, f->proc));
	espy_buf_putc(out, ' ');
	if (!x) {
		say_own_end(out, w, f);
	} else {
		sayers[f->kind](out, w, x);
		if (f->is_bad && x->image == w->procs.v[f->proc].image) {
			espy_buf_puts(out, p->signal ? ", and then was ended by "
						     : ", and then ended with ");
			espy_why_say_end(out, p);
		} else if (p->flags & ESPY_TREE_EXITED) {
			espy_buf_puts(out, ", and went on");
		}
	}
	espy_buf_putc(out, '.');
}

void espy_why_say_effect(struct espy_buf *out, struct espy_why *w,
			 const struct espy_why_findings *all, const struct espy_why_finding *f)
{
	uint32_t child = f->proc, parent;
	unsigned n = 0;

	if (!f->is_bad || all->cause[f->proc] != ESPY_WHY_NONE)
		return;
	for (; (parent = espy_why_parent(w, child)) != ESPY_WHY_NONE; child = parent) {
		if (all->cause[parent] != child)
			break;
		if (n++ < EFFECTS_MAX) {
			espy_buf_puts(out, n == 1 ? "Because of it " : ", and then ");
			espy_buf_str(out, espy_why_program(w, parent));
			espy_buf_puts(out, n == 1 ? " ended with " : " with ");
			espy_why_say_end(out, espy_tree_proc(w->tree, parent));
		}
	}
	if (n == 0 && parent != ESPY_WHY_NONE &&
	    espy_tree_proc(w->tree, parent)->flags & ESPY_TREE_EXITED &&
	    !espy_why_is_bad_end(espy_tree_proc(w->tree, parent))) {
		espy_buf_str(out, espy_why_program(w, parent));
		espy_buf_puts(out, ", which had started it, ended well all the same.");
		return;
	}
	if (n > EFFECTS_MAX)
		espy_buf_printf(out, ", and %u more", n - EFFECTS_MAX);
	if (n)
		espy_buf_putc(out, '.');
}

/* A program that is there and yet not found lacks what runs it. */
static void hint_program(struct espy_buf *out, const struct espy_why *w,
			 const struct espy_why_failure *f)
{
	struct espy_str path = path_of(w, f);

	if (f->error != ENOENT || f->places > 1)
		return;
	if (espy_str_eq(espy_why_elsewhere(w, f), path))
		espy_buf_puts(out, "The file itself is there, so it is the interpreter that its "
				   "first line names, or its ELF loader, that is missing.");
	else
		espy_buf_puts(out,
			      "Either there is no such file, or the interpreter that its first "
			      "line names (or its ELF loader) is missing.");
}

void espy_why_say_hint(struct espy_buf *out, struct espy_why *w, const struct espy_why_finding *f)
{
	const struct espy_why_failure *x = failure_of(w, f);
	struct espy_str elsewhere;

	if (!x)
		return;
	if (f->kind == ESPY_WHY_PROGRAM) {
		hint_program(out, w, x);
		return;
	}
	elsewhere = espy_why_elsewhere(w, x);
	if (elsewhere.n && (f->kind == ESPY_WHY_MISSING || f->kind == ESPY_WHY_LIBRARY)) {
		espy_buf_puts(out, "There is a file of that name: ");
		espy_buf_str(out, elsewhere);
		espy_buf_putc(out, '.');
	}
	if (f->kind == ESPY_WHY_NO_ANSWER)
		espy_buf_puts(out, "It was refused, or nobody answered.");
}
