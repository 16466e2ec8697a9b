/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enrich/lookup.h"
#include "enrich/wire.h"

#define SECOND 1000000000ull

/* What came out. */
static struct {
	struct espy_ev_net_dns rec;
	char text[16384];
} out[8];
static unsigned n_out;
static struct espy_lookups *t;

static int take(void *ctx, const struct espy_event *rec)
{
	struct espy_wire_plan plan;

	(void)ctx;
	espy_wire_plan(&plan, espy_schema_get(ESPY_EV_net_dns));
	assert_int_equal(espy_wire_check(&plan, rec), 0);
	assert_true(rec->size <= sizeof(out[0]));
	if (n_out < 8)
		memcpy(&out[n_out], rec, rec->size);
	n_out++;
	return 0;
}

/* Bytes sent or received at `time` on a socket; `missing` more were not handed up. */
static void hand(uint64_t time, unsigned socket, bool sent, bool is_stream, const void *p, size_t n,
		 size_t missing)
{
	static struct {
		struct espy_ev_meta_dns rec;
		char payload[8192];
	} in;

	memset(&in.rec, 0, sizeof(in.rec));
	in.rec.hdr = (struct espy_event){.time = time,
					 .duration = sent ? 100 : 7,
					 .pid = sent ? 10 : 20,
					 .size = (uint32_t)(sizeof(in.rec) + n),
					 .type = ESPY_EV_meta_dns};
	in.rec.socket = socket;
	in.rec.sent = sent;
	in.rec.stream = is_stream;
	in.rec.bytes = n + missing;
	in.rec.payload = (struct espy_text){sizeof(in.rec), (uint16_t)n};
	memcpy(in.payload, p, n);
	assert_int_equal(espy_lookups_take(t, &in.rec, take, NULL), 0);
}

#define QUESTION(id)        "\0" id "\1\0\0\1\0\0\0\0\0\0\3www\4espy\4test\0\0\1\0\1"
#define ANSWER(id, to)      "\0" id "\x81\x80\0\1\0\1\0\0\0\0" to
#define WWW                 "\3www\4espy\4test\0\0\1\0\1"
#define FTP                 "\3ftp\4espy\4test\0\0\1\0\1"
#define ADDRESS             "\xc0\x0c\0\1\0\1\0\0\0\74\0\4\300\0\2\7"
#define ASK(time, sock, s)  hand(time, sock, true, false, s, sizeof(s) - 1, 0)
#define HEAR(time, sock, s) hand(time, sock, false, false, s, sizeof(s) - 1, 0)

static int set_up(void **state)
{
	(void)state;
	n_out = 0;
	return espy_lookups_new(&t);
}

static int tear_down(void **state)
{
	(void)state;
	espy_lookups_free(t);
	return 0;
}

static void pairs(void **state)
{
	(void)state;
	ASK(SECOND, 1, QUESTION("\1"));
	ASK(SECOND, 1, QUESTION("\2"));
	ASK(SECOND, 2, QUESTION("\1")); /* another socket's */
	HEAR(2 * SECOND, 1, ANSWER("\2", WWW ADDRESS));
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.query_id, 2);
	assert_int_equal(out[0].rec.hdr.pid, 10); /* who asked, not who heard */
	assert_int_equal(out[0].rec.hdr.time, 2 * SECOND);
	assert_int_equal(out[0].rec.hdr.duration, SECOND + 100);
	assert_int_equal(out[0].rec.hdr.result, 1);
	assert_int_equal(out[0].rec.tries, 1);
	HEAR(3 * SECOND, 2, ANSWER("\1", WWW ADDRESS));
	HEAR(3 * SECOND, 1, ANSWER("\1", WWW ADDRESS));
	assert_int_equal(n_out, 3);
	assert_int_equal(espy_lookups_end(t, 4 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, 3);
}

static void other_case(void **state)
{
	(void)state;
	ASK(SECOND, 1, QUESTION("\1"));
	HEAR(2 * SECOND, 1, ANSWER("\1", "\3WwW\4eSPy\4tESt\0\0\1\0\1" ADDRESS));
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.tries, 1);
}

/* A forged or late answer does not use a question up. */
static void wrong_name(void **state)
{
	(void)state;
	ASK(SECOND, 1, QUESTION("\1"));
	HEAR(2 * SECOND, 1, ANSWER("\1", FTP ADDRESS));
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.tries, 0);
	assert_int_equal(out[0].rec.hdr.flags, ESPY_F_NO_ENTRY);
	assert_int_equal(out[0].rec.hdr.pid, 20);
	HEAR(3 * SECOND, 1, ANSWER("\1", WWW ADDRESS));
	assert_int_equal(n_out, 2);
	assert_int_equal(out[1].rec.tries, 1);
}

/* FORMERR without the question: its number has to do. */
static void bare_answer(void **state)
{
	(void)state;
	ASK(SECOND, 1, QUESTION("\1"));
	HEAR(SECOND, 1, "\0\2\x81\x81\0\0\0\0\0\0\0\0");
	assert_int_equal(n_out, 0);
	HEAR(SECOND, 1, "\0\1\x81\x81\0\0\0\0\0\0\0\0");
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.rcode, 1);
	assert_int_equal(out[0].rec.tries, 1);
}

/* A server's side is not told. */
static void server_side(void **state)
{
	(void)state;
	HEAR(SECOND, 1, QUESTION("\1"));
	ASK(SECOND, 1, ANSWER("\1", WWW ADDRESS));
	assert_int_equal(espy_lookups_end(t, 4 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, 0);
}

static void given_up(void **state)
{
	(void)state;
	assert_true(espy_lookups_deadline(t) == UINT64_MAX);
	ASK(SECOND, 1, QUESTION("\1"));
	ASK(6 * SECOND, 1, QUESTION("\1"));
	assert_int_equal(espy_lookups_expire(t, 12 * SECOND, 12 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, 0);
	assert_int_equal(espy_lookups_deadline(t), 16 * SECOND);
	assert_int_equal(espy_lookups_expire(t, 17 * SECOND, 18 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.rcode, 4096);
	assert_int_equal(out[0].rec.hdr.result, -ETIMEDOUT);
	assert_int_equal(out[0].rec.hdr.flags, 0);
	assert_int_equal(out[0].rec.tries, 2);
	assert_int_equal(out[0].rec.hdr.time, 18 * SECOND);
	assert_int_equal(out[0].rec.hdr.duration, 17 * SECOND + 100);
	assert_true(espy_lookups_deadline(t) == UINT64_MAX);
}

static void pending(void **state)
{
	(void)state;
	ASK(SECOND, 1, QUESTION("\1"));
	assert_int_equal(espy_lookups_end(t, 3 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.hdr.flags, ESPY_F_PENDING);
	assert_int_equal(out[0].rec.hdr.result, 0);
}

/* Too many questions: the oldest is told as pending, none is dropped in silence. */
static void crowded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ESPY_LOOKUPS_MAX + 3; i++)
		ASK(SECOND + i, i, QUESTION("\1"));
	assert_int_equal(n_out, 3);
	assert_int_equal(out[0].rec.hdr.flags, ESPY_F_PENDING);
	assert_int_equal(out[2].rec.hdr.time - out[2].rec.hdr.duration, SECOND + 2 - 100);
	assert_int_equal(espy_lookups_end(t, 3 * SECOND, take, NULL), 0);
	assert_int_equal(n_out, ESPY_LOOKUPS_MAX + 3);
}

static void error_codes(void **state)
{
	static const struct {
		char code;
		int64_t result;
	} cases[] = {{1, -EINVAL}, {2, -EIO}, {3, -ENOENT}, {5, -ECONNREFUSED}, {9, -EPROTO}};
	char answer[] = ANSWER("\1", WWW);

	(void)state;
	answer[7] = 0;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer[3] = (char)(0x80 | cases[i].code);
		ASK(SECOND, 1, QUESTION("\1"));
		hand(SECOND, 1, false, false, answer, sizeof(answer) - 1, 0);
		assert_int_equal(n_out, i + 1);
		assert_int_equal(out[i].rec.rcode, cases[i].code);
		assert_int_equal(out[i].rec.hdr.result, cases[i].result);
	}
}

/* --- streams ------------------------------------------------------------------------------------
 */

static const char two[] = "\0\x1f" QUESTION("\1") "\0\x1f" QUESTION("\2");
static const char both[] = "\0\x2f" ANSWER("\1", WWW ADDRESS) "\0\x2f" ANSWER("\2", WWW ADDRESS);

/* However a stream is cut, the same comes of it. */
static void any_cut(void **state)
{
	size_t n = sizeof(both) - 1;

	(void)state;
	for (size_t step = 1; step <= n; step++) {
		n_out = 0;
		hand(SECOND, 1, true, true, two, sizeof(two) - 1, 0);
		for (size_t at = 0; at < n; at += step)
			hand(2 * SECOND + at, 1, false, true, both + at,
			     n - at < step ? n - at : step, 0);
		assert_int_equal(n_out, 2);
		assert_int_equal(out[0].rec.query_id, 1);
		assert_int_equal(out[1].rec.query_id, 2);
		assert_int_equal(out[1].rec.tries, 1);
	}
}

/* A message whose end was cut off is told as partial, and the next one is found again. */
static void gap(void **state)
{
	(void)state;
	hand(SECOND, 1, true, true, two, sizeof(two) - 1, 0);
	hand(2 * SECOND, 1, false, true, both, 40, 9);
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.dns_flags & 0x10000, 0x10000);
	hand(3 * SECOND, 1, false, true, both + 49, 49, 0);
	assert_int_equal(n_out, 2);
	assert_int_equal(out[1].rec.query_id, 2);
	assert_int_equal(out[1].rec.dns_flags & 0x10000, 0);
}

/* Where the next message begins is not known any more: nothing is made up. */
static void lost(void **state)
{
	(void)state;
	hand(SECOND, 1, true, true, two, sizeof(two) - 1, 0);
	hand(2 * SECOND, 1, false, true, both, 40, 30);
	hand(3 * SECOND, 1, false, true, both, sizeof(both) - 1, 0);
	assert_int_equal(n_out, 1);
	assert_int_equal(out[0].rec.dns_flags & 0x10000, 0x10000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pairs),       TEST(other_case), TEST(wrong_name), TEST(bare_answer),
		TEST(server_side), TEST(given_up),   TEST(pending),    TEST(crowded),
		TEST(error_codes), TEST(any_cut),    TEST(gap),        TEST(lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
