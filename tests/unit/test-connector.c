/* SPDX-License-Identifier: MIT */
/* Messages of the process connector, taken apart: what is whole is understood, the rest left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>
#include "sense/connector.h"

#define EVENT_BYTES 40 /* of struct proc_event, as the kernel sends it */

struct datagram {
	char bytes[512];
	size_t n;
};

struct got {
	struct espy_connector_event e[8];
	unsigned n;
};

static void take(void *ctx, const struct espy_connector_event *e)
{
	struct got *g = ctx;

	assert_true(g->n < 8);
	g->e[g->n++] = *e;
}

static void add(struct datagram *d, const struct proc_event *e, uint16_t len, uint32_t seq)
{
	struct cn_msg msg = {
		.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .seq = seq, .ack = 3, .len = len};
	struct nlmsghdr head = {.nlmsg_len = (uint32_t)(sizeof(head) + sizeof(msg) + len),
				.nlmsg_type = NLMSG_DONE};

	memcpy(d->bytes + d->n, &head, sizeof(head));
	memcpy(d->bytes + d->n + sizeof(head), &msg, sizeof(msg));
	memcpy(d->bytes + d->n + sizeof(head) + sizeof(msg), e, len);
	d->n += NLMSG_ALIGN(head.nlmsg_len);
}

static unsigned parse(const struct datagram *d, struct got *ret)
{
	unsigned n;

	memset(ret, 0, sizeof(*ret));
	n = espy_connector_parse(d->bytes, d->n, take, ret);
	assert_int_equal(n, ret->n);
	return n;
}

static void every_kind(void **state)
{
	struct proc_event e = {.cpu = 7, .timestamp_ns = 0x123456789abcull};
	struct datagram d = {0};
	struct got g;

	(void)state;
	e.what = PROC_EVENT_FORK;
	e.event_data.fork.parent_pid = 11;
	e.event_data.fork.parent_tgid = 10;
	e.event_data.fork.child_pid = 21;
	e.event_data.fork.child_tgid = 20;
	add(&d, &e, EVENT_BYTES, 5);
	e.what = (unsigned)ESPY_CONNECTOR_EXIT;
	e.event_data.exit.process_pid = 31;
	e.event_data.exit.process_tgid = 30;
	e.event_data.exit.exit_code = 0x8b;
	add(&d, &e, EVENT_BYTES, 6);
	e.what = PROC_EVENT_UID;
	e.event_data.id.r.ruid = 1000;
	e.event_data.id.e.euid = 1001;
	add(&d, &e, EVENT_BYTES, 7);
	e.what = PROC_EVENT_PTRACE;
	e.event_data.ptrace.tracer_pid = 41;
	e.event_data.ptrace.tracer_tgid = 40;
	add(&d, &e, EVENT_BYTES, 8);
	assert_int_equal(parse(&d, &g), 4);
	assert_int_equal(g.e[0].what, ESPY_CONNECTOR_FORK);
	assert_int_equal(g.e[0].tid, 11);
	assert_int_equal(g.e[0].pid, 10);
	assert_int_equal(g.e[0].other_tid, 21);
	assert_int_equal(g.e[0].other_pid, 20);
	assert_int_equal(g.e[0].seq, 5);
	assert_int_equal(g.e[0].cpu, 7);
	assert_true(g.e[0].time == 0x123456789abcull);
	assert_int_equal(g.e[1].what, (uint32_t)ESPY_CONNECTOR_EXIT);
	assert_int_equal(g.e[1].tid, 31);
	assert_int_equal(g.e[1].pid, 30);
	assert_int_equal(g.e[1].exit_code, 0x8b);
	assert_int_equal(g.e[2].real, 1000);
	assert_int_equal(g.e[2].effective, 1001);
	assert_int_equal(g.e[3].other_tid, 41);
	assert_int_equal(g.e[3].other_pid, 40);
}

/* A name has 16 bytes and need not end. */
static void a_name_without_an_end(void **state)
{
	struct proc_event e = {.what = PROC_EVENT_COMM};
	struct datagram d = {0};
	struct got g;

	(void)state;
	memset(e.event_data.comm.comm, 'x', sizeof(e.event_data.comm.comm));
	add(&d, &e, EVENT_BYTES, 1);
	assert_int_equal(parse(&d, &g), 1);
	assert_string_equal(g.e[0].comm, "xxxxxxxxxxxxxxx");
}

static void the_answer(void **state)
{
	struct proc_event e = {.what = PROC_EVENT_NONE};
	struct datagram d = {0};
	struct got g;

	(void)state;
	e.event_data.ack.err = 1;
	add(&d, &e, EVENT_BYTES, 9);
	assert_int_equal(parse(&d, &g), 1);
	assert_int_equal(g.e[0].what, ESPY_CONNECTOR_ACK);
	assert_int_equal(g.e[0].ack, 3);
	assert_int_equal(g.e[0].real, 1);
	assert_int_equal(g.e[0].pid, 0);
}

/* Kernels before 4.18 have no parent in an exit, so that it may be shorter; nothing else may. */
static void what_is_too_short(void **state)
{
	struct proc_event e = {.what = (unsigned)ESPY_CONNECTOR_EXIT};
	struct got g;

	(void)state;
	for (uint16_t len = 0; len <= EVENT_BYTES; len++) {
		struct datagram d = {0};

		add(&d, &e, len, 1);
		assert_int_equal(parse(&d, &g), len >= 32);
	}
	for (size_t n = 0; n < 76; n++) { /* the datagram itself is cut */
		struct datagram d = {0};

		add(&d, &e, EVENT_BYTES, 1);
		d.n = n;
		assert_int_equal(parse(&d, &g), 0);
	}
}

static void what_is_not_ours(void **state)
{
	struct proc_event e = {.what = PROC_EVENT_EXEC};
	struct datagram d = {0};
	struct cn_msg *msg = (void *)(d.bytes + sizeof(struct nlmsghdr));
	struct nlmsghdr *head = (void *)d.bytes;
	struct got g;

	(void)state;
	add(&d, &e, EVENT_BYTES, 1);
	assert_int_equal(parse(&d, &g), 1);
	msg->id.idx = CN_IDX_CIFS;
	assert_int_equal(parse(&d, &g), 0);
	msg->id.idx = CN_IDX_PROC;
	head->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(parse(&d, &g), 0);
	head->nlmsg_type = NLMSG_DONE;
	msg->len = 0xffff; /* more than there is: what there is counts */
	assert_int_equal(parse(&d, &g), 1);
	head->nlmsg_len = 8; /* would never get on */
	assert_int_equal(parse(&d, &g), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),       cmocka_unit_test(a_name_without_an_end),
		cmocka_unit_test(the_answer),       cmocka_unit_test(what_is_too_short),
		cmocka_unit_test(what_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
