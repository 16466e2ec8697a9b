/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enrich/dns.h"

/* Bytes of a message, whose own NULs count. */
#define MESSAGE(head, body) head body, sizeof(head body) - 1
#define WWW                 "\3www\4espy\4test\0"

static struct espy_dns d;

static void answers_are(const char *text)
{
	assert_int_equal(d.n_answers_text, strlen(text));
	assert_memory_equal(d.answers, text, d.n_answers_text);
}

static void name_is(const char *text)
{
	assert_int_equal(d.n_name, strlen(text));
	assert_memory_equal(d.name, text, d.n_name);
}

static void question(void **state)
{
	(void)state;
	assert_int_equal(
		espy_dns_parse(&d, MESSAGE("\x12\x34\1\0\0\1\0\0\0\0\0\0", WWW "\0\x1c\0\1")), 0);
	assert_false(d.is_answer);
	assert_int_equal(d.id, 0x1234);
	assert_int_equal(d.type, 28);
	assert_int_equal(d.qclass, 1);
	assert_int_equal(d.flags, 0x100);
	assert_int_equal(d.edns, 0);
	name_is("www.espy.test");
}

static void edns(void **state)
{
	(void)state;
	assert_int_equal(espy_dns_parse(&d, MESSAGE("\0\1\x81\x80\0\1\0\0\0\0\0\1",
						    WWW "\0\1\0\1"
							"\0\0\51\4\xd0\1\0\0\0\0\0")),
			 0);
	assert_true(d.is_answer);
	assert_int_equal(d.edns, 1232);
	assert_int_equal(d.rcode, 16); /* BADVERS: its upper bits are in the record */
}

#define HEAD(n)            "\0\1\x81\x80\0\1\0" n "\0\0\0\0" WWW "\0\1\0\1"
#define RECORD(type, size) "\xc0\x0c\0" type "\0\1\0\0\0\74\0" size

static void types(void **state)
{
	(void)state;
	assert_int_equal(
		espy_dns_parse(
			&d,
			MESSAGE(HEAD("\3"),
				RECORD("\1", "\4") "\300\0\2\7" RECORD(
					"\17", "\4") "\0\12\xc0\x0c" RECORD("\41",
									    "\10") "\0\1\0\2\1\xbb"
										   "\xc0\x0c")),
		0);
	assert_int_equal(d.n_answers, 3);
	answers_are("192.0.2.7, MX 10 www.espy.test, SRV 1 2 443 www.espy.test");
	assert_int_equal(
		espy_dns_parse(&d, MESSAGE(HEAD("\2"), RECORD("\20", "\6") "\5a\"\\\1\xff" RECORD(
							       "\101", "\2") "\1\2")),
		0);
	answers_are("TXT \"a\\\"\\\\\\001\\255\", TYPE65 \\# 2 0102");
}

/* What is not as its type promises is shown as bytes, not left out. */
static void bent_answers(void **state)
{
	(void)state;
	assert_int_equal(espy_dns_parse(&d, MESSAGE(HEAD("\2"), RECORD("\1", "\3") "\1\2\3" RECORD(
									"\20", "\2") "\x09z")),
			 0);
	answers_are("TYPE1 \\# 3 010203, TYPE16 \\# 2 097a");
}

static void hostile_name(void **state)
{
	(void)state;
	assert_int_equal(
		espy_dns_parse(&d, MESSAGE("\0\1\1\0\0\1\0\0\0\0\0\0", "\4a.\1 \0\0\1\0\1")), 0);
	name_is("a\\.\\001\\032");
	/* a name that refers to itself */
	assert_int_equal(
		espy_dns_parse(&d, MESSAGE("\0\1\1\0\0\1\0\0\0\0\0\0", "\xc0\x0c\0\1\0\1")),
		-EBADMSG);
}

static void partial(void **state)
{
	static const char message[] =
		HEAD("\2") RECORD("\1", "\4") "\300\0\2\7" RECORD("\1", "\4") "\300\0\2\10";

	(void)state;
	assert_int_equal(espy_dns_parse(&d, message, sizeof(message) - 1), 0);
	assert_int_equal(d.flags & ESPY_DNS_PARTIAL, 0);
	assert_int_equal(espy_dns_parse(&d, message, sizeof(message) - 3), 0);
	assert_int_equal(d.flags & ESPY_DNS_PARTIAL, ESPY_DNS_PARTIAL);
	assert_int_equal(d.n_answers, 2);
	answers_are("192.0.2.7");
	name_is("www.espy.test");
	assert_int_equal(espy_dns_parse(&d, message, 20), -EBADMSG);
	assert_int_equal(espy_dns_parse(&d, message, 11), -EBADMSG);
	assert_int_equal(espy_dns_parse(&d, message, 0), -EBADMSG);
}

static void not_queries(void **state)
{
	(void)state;
	assert_int_equal(espy_dns_parse(&d, MESSAGE("\0\1\x28\0\0\1\0\0\0\0\0\0", WWW "\0\6\0\1")),
			 -EBADMSG); /* update */
	assert_int_equal(espy_dns_parse(&d, MESSAGE("\0\1\1\0\0\0\0\0\0\0", "\0\0")), -EBADMSG);
}

/* Answers of multicast DNS have no question. */
static void without_question(void **state)
{
	(void)state;
	assert_int_equal(espy_dns_parse(&d, MESSAGE("\0\0\x84\0\0\0\0\1\0\0\0\0",
						    WWW "\0\1\x80\1\0\0\0\74\0\4\300\0\2\7")),
			 0);
	assert_false(d.has_question);
	assert_int_equal(d.type, 1);
	assert_int_equal(d.qclass, 1);
	name_is("www.espy.test");
}

static void long_answers(void **state)
{
	static char message[65000] = HEAD("\0");
	size_t head = sizeof(HEAD("\0")) - 1, n = head;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		memcpy(message + n, RECORD("\20", "\100") "\77", 13);
		memset(message + n + 13, 'x', 63);
		n += 13 + 63;
	}
	message[6] = 1;
	message[7] = 44; /* 300 */
	assert_int_equal(espy_dns_parse(&d, message, n), 0);
	assert_true(d.is_cut);
	assert_int_equal(d.n_answers_text, ESPY_DNS_ANSWERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question),     cmocka_unit_test(edns),
		cmocka_unit_test(types),        cmocka_unit_test(bent_answers),
		cmocka_unit_test(hostile_name), cmocka_unit_test(partial),
		cmocka_unit_test(not_queries),  cmocka_unit_test(without_question),
		cmocka_unit_test(long_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
