/* SPDX-License-Identifier: MIT */
/* Counters so far become what was used since the last time, and sums of processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include "model/event.h"
#include "sense/counters.h"

typedef struct espy_ev_profile_thread thread_record;
typedef struct espy_ev_profile_process process_record;

static uint8_t on[ESPY_EVENT_ID_MAX];

/* A thread of process 10 that used so much so far, and what it adds to its process. */
static void add(struct espy_buf *b, uint32_t tid, uint64_t start, uint64_t now, uint64_t used)
{
	thread_record t = {.hdr = {.time = now, .start = 1, .pid = 10, .tid = tid}};
	process_record p = {.hdr = t.hdr};

	t.hdr.type = ESPY_EV_profile_thread;
	t.hdr.size = sizeof(t);
	t.hdr.duration = start;
	t.user_time = used;
	t.switches = used / 10;
	t.minor_faults = used / 100;
	p.hdr.type = ESPY_EV_profile_process;
	p.hdr.size = sizeof(p);
	p.user_time = used;
	p.read_bytes = used * 2;
	p.threads = 1;
	espy_buf_add(b, &t, sizeof(t));
	espy_buf_add(b, &p, sizeof(p));
}

static void take(struct espy_counters *c, struct espy_buf *b)
{
	espy_buf_reset(&c->out);
	assert_int_equal(espy_counters_take(c, b, on), 0);
	espy_buf_reset(b);
}

static void only_what_ran_is_told(void **state)
{
	struct espy_counters c = {0};
	struct espy_buf b = {0};
	const thread_record *t;
	const process_record *p;

	(void)state;
	memset(on, 1, sizeof(on));
	add(&b, 10, 1, 100, 1000);
	add(&b, 11, 2, 100, 500);
	take(&c, &b);
	assert_int_equal(c.out.n, 0); /* the first time only says where they stand */
	add(&b, 10, 1, 200, 1000);
	add(&b, 11, 2, 200, 500);
	take(&c, &b);
	assert_int_equal(c.out.n, 0);
	add(&b, 10, 1, 300, 1200);
	add(&b, 11, 2, 300, 500);
	take(&c, &b);
	assert_int_equal(c.out.n, sizeof(*t) + sizeof(*p));
	t = (const void *)c.out.p;
	p = (const void *)(c.out.p + sizeof(*t));
	assert_int_equal(t->hdr.tid, 10);
	assert_int_equal(t->hdr.duration, 0);
	assert_int_equal(t->user_time, 200);
	assert_int_equal(t->switches, 20);
	assert_int_equal(t->minor_faults, 2);
	assert_int_equal(p->hdr.type, ESPY_EV_profile_process);
	assert_int_equal(p->hdr.size, sizeof(*p));
	assert_int_equal(p->user_time, 1700);
	assert_int_equal(p->read_bytes, 3400);
	assert_int_equal(p->threads, 2);
	espy_buf_done(&b);
	espy_counters_done(&c);
}

/* One that began since then used all of it since then; of an older one nobody knows. */
static void new_threads(void **state)
{
	struct espy_counters c = {0};
	struct espy_buf b = {0};

	(void)state;
	memset(on, 1, sizeof(on));
	add(&b, 10, 1, 100, 1000);
	take(&c, &b);
	add(&b, 10, 1, 200, 1000);
	add(&b, 12, 150, 200, 70);
	add(&b, 13, 50, 200, 900);
	take(&c, &b);
	assert_int_equal(c.out.n, sizeof(thread_record) + sizeof(process_record));
	assert_int_equal(((const thread_record *)c.out.p)->hdr.tid, 12);
	assert_int_equal(((const thread_record *)c.out.p)->user_time, 70);
	/* its number is another thread's now */
	add(&b, 10, 1, 300, 1000);
	add(&b, 12, 250, 300, 30);
	take(&c, &b);
	assert_int_equal(((const thread_record *)c.out.p)->user_time, 30);
	assert_int_equal(c.threads.n, 2);
	assert_int_equal(c.processes.n, 1);
	espy_buf_done(&b);
	espy_counters_done(&c);
}

static void filter_and_damage(void **state)
{
	struct espy_counters c = {0};
	struct espy_buf b = {0};

	(void)state;
	memset(on, 0, sizeof(on));
	add(&b, 10, 1, 100, 1000);
	take(&c, &b);
	add(&b, 10, 1, 200, 2000);
	take(&c, &b);
	assert_int_equal(c.out.n, 0);
	add(&b, 10, 1, 300, 3000);
	((struct espy_event *)b.p)->size = 1 << 20;
	assert_int_equal(espy_counters_take(&c, &b, on), -EBADMSG);
	((struct espy_event *)b.p)->size = sizeof(struct espy_event) - 1;
	assert_int_equal(espy_counters_take(&c, &b, on), -EBADMSG);
	espy_buf_done(&b);
	espy_counters_done(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_ran_is_told),
		cmocka_unit_test(new_threads),
		cmocka_unit_test(filter_and_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
