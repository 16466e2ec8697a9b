/* SPDX-License-Identifier: MIT */
/* Messages become records: of processes that nobody can look at, so that only what the messages say
 * is known. Their numbers are above every process of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "model/field.h"
#include "sense/plain-event.h"

#define PID 0x7f000000u /* beyond PID_MAX_LIMIT */

static struct espy_plain_later nothing_later(void *ctx, uint32_t pid, bool now)
{
	(void)ctx;
	(void)pid;
	(void)now;
	return (struct espy_plain_later){0};
}

static struct espy_plain_events *new_events(void)
{
	struct espy_plain_events *x = calloc(1, sizeof(*x));
	struct espy_plain_process *p;

	assert_non_null(x);
	memset(x->type, 1, sizeof(x->type));
	x->later = nothing_later;
	p = espy_plain_add(&x->tasks, PID, 1000, NULL);
	assert_non_null(p);
	p->uid = p->euid = 5;
	memcpy(p->comm, "root", 5);
	p->is_told = true;
	return x;
}

static void end(struct espy_plain_events *x)
{
	espy_plain_events_done(x);
	free(x);
}

/* The n-th record of what was made. */
static const struct espy_event *record(const struct espy_plain_events *x, unsigned n)
{
	size_t at = 0;

	for (; at < x->made.n && n > 0; n--)
		at += ((const struct espy_event *)(x->made.p + at))->size;
	assert_true(at < x->made.n);
	return (const void *)(x->made.p + at);
}

static void tell(struct espy_plain_events *x, struct espy_connector_event e)
{
	espy_buf_reset(&x->made);
	x->n_made = 0;
	espy_plain_event(x, &e);
}

static void fork_child(struct espy_plain_events *x, uint32_t pid, uint32_t child, uint64_t time)
{
	tell(x, (struct espy_connector_event){.what = ESPY_CONNECTOR_FORK,
					      .time = time,
					      .pid = pid,
					      .tid = pid,
					      .other_pid = child,
					      .other_tid = child});
}

static void leave(struct espy_plain_events *x, uint32_t pid, uint32_t tid, uint64_t time,
		  uint32_t code)
{
	tell(x, (struct espy_connector_event){.what = (uint32_t)ESPY_CONNECTOR_EXIT,
					      .time = time,
					      .pid = pid,
					      .tid = tid,
					      .exit_code = code});
}

static void a_life(void **state)
{
	struct espy_plain_events *x = new_events();
	const struct espy_ev_process_fork *fork;
	const struct espy_ev_process_exit *exit;

	(void)state;
	fork_child(x, PID, PID + 1, 2000);
	fork = (const void *)record(x, 0);
	assert_int_equal(fork->hdr.type, ESPY_EV_process_fork);
	assert_int_equal(fork->child_pid, PID + 1);
	assert_int_equal(fork->child_start, 2000);
	assert_int_equal(fork->parent_start, 1000);
	assert_true(fork->hdr.flags & ESPY_F_PLAIN && fork->hdr.flags & ESPY_F_NO_ENTRY);
	assert_int_equal(espy_plain_find(&x->tasks, PID + 1)->uid, 5);
	leave(x, PID + 1, PID + 1, 2500, 3 << 8);
	exit = (const void *)record(x, 0);
	assert_int_equal(x->n_made, 1);
	assert_int_equal(exit->hdr.start, 2000);
	assert_int_equal(exit->lifetime, 500);
	assert_int_equal(exit->code, 3);
	assert_int_equal(exit->hdr.result, 3);
	assert_null(espy_plain_find(&x->tasks, PID + 1));
	end(x);
}

/* Users by messages alone: who is gone before anybody looks still has its own. */
static void users(void **state)
{
	struct espy_plain_events *x = new_events();
	const struct espy_ev_process_setuid *set;

	(void)state;
	fork_child(x, PID, PID + 1, 2000);
	tell(x, (struct espy_connector_event){.what = ESPY_CONNECTOR_UID,
					      .time = 2100,
					      .pid = PID + 1,
					      .tid = PID + 1,
					      .real = 7,
					      .effective = 8});
	set = (const void *)record(x, 0);
	assert_int_equal(set->old_uid, 5);
	assert_int_equal(set->new_uid, 7);
	assert_int_equal(set->new_euid, 8);
	assert_int_equal(record(x, 1)->type, ESPY_EV_meta_task);
	fork_child(x, PID + 1, PID + 2, 2200);
	assert_int_equal(espy_plain_find(&x->tasks, PID + 2)->euid, 8);
	assert_int_equal(espy_plain_find(&x->tasks, PID)->uid, 5);
	end(x);
}

static void the_last_thread_is_the_end(void **state)
{
	struct espy_plain_events *x = new_events();
	const struct espy_ev_process_exit *exit;

	(void)state;
	tell(x, (struct espy_connector_event){.what = ESPY_CONNECTOR_FORK,
					      .time = 2000,
					      .pid = 1,
					      .tid = 1,
					      .other_pid = PID,
					      .other_tid = PID + 9});
	assert_int_equal(record(x, 0)->type, ESPY_EV_thread_create);
	assert_int_equal(record(x, 0)->tid, PID); /* there was no other that could make it */
	leave(x, PID, PID, 2100, 0);
	assert_int_equal(x->n_made, 0);
	leave(x, PID, PID + 9, 2200, 9);
	assert_int_equal(record(x, 0)->type, ESPY_EV_thread_exit);
	exit = (const void *)record(x, 1);
	assert_int_equal(exit->hdr.type, ESPY_EV_process_exit);
	assert_int_equal(exit->signal, 9);
	assert_int_equal(exit->hdr.result, -9);
	end(x);
}

/* A message that waited in the socket while another process got the number. */
static void an_older_process(void **state)
{
	struct espy_plain_events *x = new_events();

	(void)state;
	espy_plain_find(&x->tasks, PID)->start = 5000000000;
	leave(x, PID, PID, 2000, 0);
	assert_int_equal(x->n_made, 0);
	assert_non_null(espy_plain_find(&x->tasks, PID));
	end(x);
}

/* The fork of a process that the listing had found already. */
static void told_twice(void **state)
{
	struct espy_plain_events *x = new_events();
	const struct espy_ev_process_fork *fork;

	(void)state;
	assert_non_null(espy_plain_add(&x->tasks, PID + 1, 9000000, NULL));
	fork_child(x, PID, PID + 1, 12345678);
	fork = (const void *)record(x, 0);
	assert_int_equal(fork->child_start, 9000000);
	fork_child(x, PID, PID + 1, 99000000); /* and one whose end was lost */
	fork = (const void *)record(x, 0);
	assert_int_equal(fork->child_start, 99000000);
	end(x);
}

static void targets(void **state)
{
	struct espy_plain_events *x = new_events();

	(void)state;
	x->only_targets = true;
	fork_child(x, PID, PID + 1, 2000);
	assert_int_equal(x->n_made, 0);
	espy_plain_set_target(&x->tasks, espy_plain_find(&x->tasks, PID + 1), true);
	fork_child(x, PID + 1, PID + 2, 2100);
	assert_int_equal(x->tasks.targets, 2);
	assert_int_equal(record(x, x->n_made - 1)->type, ESPY_EV_process_fork);
	leave(x, PID + 1, PID + 1, 2200, 0);
	leave(x, PID + 2, PID + 2, 2300, 0);
	assert_int_equal(x->tasks.targets, 0);
	end(x);
}

/* An exec of who is gone: only that it was, and by whom. */
static void exec_of_nobody(void **state)
{
	struct espy_plain_events *x = new_events();
	const struct espy_ev_process_exec *exec;

	(void)state;
	tell(x, (struct espy_connector_event){
			.what = ESPY_CONNECTOR_EXEC, .time = 2000, .pid = PID, .tid = PID});
	exec = (const void *)record(x, 1);
	assert_int_equal(exec->hdr.type, ESPY_EV_process_exec);
	assert_int_equal(exec->path.source, ESPY_SOURCE_PARTIAL);
	assert_int_equal(exec->path.text.len, 0);
	assert_int_equal(exec->argv.len, 0);
	assert_int_equal(exec->uid, 5);
	end(x);
}

static void cgroups(void **state)
{
	struct espy_plain_process p = {0};
	struct espy_plain_events *x = new_events();
	const struct espy_ev_meta_cgroup *g;
	int dir = espy_proc_open((uint32_t)getpid());

	(void)state;
	assert_true(dir >= 0);
	assert_int_equal(espy_proc_stat(&x->info, dir, 0), 0);
	espy_plain_read_who(x, &p, dir, true);
	espy_plain_read_who(x, &p, dir, true);
	close(dir);
	assert_int_equal(p.uid, getuid());
	assert_int_equal(p.sid, getsid(0));
	assert_true(p.ns[0] != 0);
	if (p.cgroup_ref) { /* told of once */
		g = (const void *)record(x, 0);
		assert_int_equal(x->n_made, 1);
		assert_int_equal(g->hdr.type, ESPY_EV_meta_cgroup);
		assert_true(g->id == p.cgroup_ref);
		assert_int_equal(g->names.len % g->name_bytes, 0);
	}
	end(x);
}

static void a_text_that_is_too_long(void **state)
{
	static char long_text[ESPY_RECORD_TEXT + 10];
	static struct espy_record r;
	const struct espy_event *rec;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	espy_record_begin(&r, ESPY_EV_process_comm, sizeof(r.process_comm));
	espy_record_text(&r, &r.process_comm.name, (struct espy_str){long_text, 3});
	espy_record_text(&r, &r.process_comm.old_name,
			 (struct espy_str){long_text, sizeof(long_text)});
	rec = espy_record_end(&r);
	assert_true(rec->flags & ESPY_F_TRUNCATED);
	assert_int_equal(rec->size % 8, 0);
	assert_int_equal(r.process_comm.old_name.len, ESPY_RECORD_TEXT - 3);
	assert_memory_equal((const char *)rec + r.process_comm.name.off, "xxx", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life),
		cmocka_unit_test(users),
		cmocka_unit_test(the_last_thread_is_the_end),
		cmocka_unit_test(an_older_process),
		cmocka_unit_test(told_twice),
		cmocka_unit_test(targets),
		cmocka_unit_test(exec_of_nobody),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(a_text_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
