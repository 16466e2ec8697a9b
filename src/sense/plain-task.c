/* SPDX-License-Identifier: MIT */
#include "sense/plain-task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- rooms that are used again -------------------------------------------------------------- */

static struct espy_plain_thread *take_thread(struct espy_plain_tasks *t)
{
	struct espy_plain_thread *thread = t->free_threads;

	if (!thread)
		return malloc(sizeof(*thread));
	t->free_threads = thread->next;
	return thread;
}

static struct espy_plain_process *take_process(struct espy_plain_tasks *t)
{
	struct espy_plain_process *p = t->free_processes;

	if (!p)
		return malloc(sizeof(*p));
	t->free_processes = p->next;
	return p;
}

void espy_plain_tasks_done(struct espy_plain_tasks *t)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&t->threads, &i)) != NULL;)
		free(slot->value);
	for (size_t i = 0; (slot = espy_map_next(&t->processes, &i)) != NULL;)
		free(slot->value);
	for (struct espy_plain_thread *x = t->free_threads, *next; x; x = next) {
		next = x->next;
		free(x);
	}
	for (struct espy_plain_process *x = t->free_processes, *next; x; x = next) {
		next = x->next;
		free(x);
	}
	espy_map_done(&t->threads);
	espy_map_done(&t->processes);
}

/* --- finding -------------------------------------------------------------------------------- */

struct espy_plain_process *espy_plain_find(const struct espy_plain_tasks *t, uint32_t pid)
{
	return espy_map_get(&t->processes, pid, 0);
}

struct espy_plain_thread *espy_plain_find_thread(const struct espy_plain_tasks *t, uint32_t tid)
{
	return espy_map_get(&t->threads, tid, 0);
}

/* --- coming and going ----------------------------------------------------------------------- */

void espy_plain_drop_thread(struct espy_plain_tasks *t, struct espy_plain_thread *thread)
{
	if (thread->prev)
		thread->prev->next = thread->next;
	else
		thread->of->threads = thread->next;
	if (thread->next)
		thread->next->prev = thread->prev;
	espy_map_del(&t->threads, thread->tid, 0);
	thread->next = t->free_threads;
	t->free_threads = thread;
}

void espy_plain_set_target(struct espy_plain_tasks *t, struct espy_plain_process *p, bool is)
{
	t->targets += (int)is - (int)p->is_target;
	p->is_target = is;
}

void espy_plain_drop(struct espy_plain_tasks *t, struct espy_plain_process *p)
{
	while (p->threads)
		espy_plain_drop_thread(t, p->threads);
	espy_plain_set_target(t, p, false);
	espy_map_del(&t->processes, p->pid, 0);
	p->next = t->free_processes;
	t->free_processes = p;
}

struct espy_plain_thread *espy_plain_add_thread(struct espy_plain_tasks *t,
						struct espy_plain_process *p, uint32_t tid,
						uint64_t start)
{
	struct espy_plain_thread *thread = espy_plain_find_thread(t, tid);

	if (thread && thread->of == p)
		return thread;
	if (thread) /* its end was lost */
		espy_plain_drop_thread(t, thread);
	thread = t->threads.n < ESPY_PLAIN_TASKS_MAX ? take_thread(t) : NULL;
	if (!thread)
		return NULL;
	*thread =
		(struct espy_plain_thread){.tid = tid, .start = start, .of = p, .next = p->threads};
	if (espy_map_put(&t->threads, tid, 0, thread) < 0) {
		thread->next = t->free_threads;
		t->free_threads = thread;
		return NULL;
	}
	if (thread->next)
		thread->next->prev = thread;
	p->threads = thread;
	return thread;
}

/* What nothing has told yet. */
static void set_unknown(struct espy_plain_process *p)
{
	memset(p, 0, sizeof(*p));
	p->uid = p->gid = p->euid = p->egid = p->login_uid = p->audit_session = UINT32_MAX;
}

struct espy_plain_process *espy_plain_add(struct espy_plain_tasks *t, uint32_t pid, uint64_t start,
					  const struct espy_plain_process *parent)
{
	struct espy_plain_process *p = espy_plain_find(t, pid);

	if (p && p == parent) /* what is said of it contradicts itself */
		parent = NULL;
	if (p)
		espy_plain_drop(t, p);
	p = take_process(t);
	if (!p)
		return NULL;
	if (parent)
		*p = *parent;
	else
		set_unknown(p);
	p->pid = pid;
	p->start = start;
	p->ppid = parent ? parent->pid : 0;
	p->parent_start = parent ? parent->start : 0;
	p->tracer_pid = p->tracer_tid = p->leader_code = p->ns_pid = 0;
	p->threads = NULL;
	p->is_missing = p->is_target = p->is_told = false;
	if (espy_map_put(&t->processes, pid, 0, p) < 0 ||
	    !espy_plain_add_thread(t, p, pid, start)) {
		espy_plain_drop(t, p);
		return NULL;
	}
	espy_plain_set_target(t, p, parent && parent->is_target);
	return p;
}

int espy_plain_exec(struct espy_plain_tasks *t, struct espy_plain_process *p)
{
	while (p->threads && (p->threads->next || p->threads->tid != p->pid))
		espy_plain_drop_thread(t, p->threads);
	p->leader_code = 0;
	return espy_plain_add_thread(t, p, p->pid, p->start) ? 0 : -ENOMEM;
}
