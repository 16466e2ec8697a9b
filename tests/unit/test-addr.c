/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "enrich/addr.h"

static void expect(const void *sockaddr, size_t n, struct espy_str want, bool is_blank)
{
	struct espy_str s = {sockaddr, n};
	struct espy_buf b = {0};

	espy_addr_text(&b, s);
	assert_int_equal(b.n, want.n);
	assert_memory_equal(b.p ? b.p : "", want.p, want.n);
	assert_int_equal(espy_addr_is_blank(s), is_blank);
	espy_buf_done(&b);
}

static void inet4(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8080)};

	(void)state;
	a.sin_addr.s_addr = htonl(0x7f000001);
	expect(&a, sizeof(a), ESPY_STR("127.0.0.1:8080"), false);
	expect(&a, 8, ESPY_STR("127.0.0.1:8080"), false);
	a.sin_addr.s_addr = 0;
	expect(&a, sizeof(a), ESPY_STR("0.0.0.0:8080"), false);
	a.sin_port = 0;
	expect(&a, sizeof(a), ESPY_STR("0.0.0.0:0"), true);
}

static void inet6(void **state)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	(void)state;
	expect(&a, sizeof(a), ESPY_STR("[::]:443"), false);
	a.sin6_addr.s6_addr[15] = 1;
	expect(&a, sizeof(a), ESPY_STR("[::1]:443"), false);
	expect(&a, 24, ESPY_STR("[::1]:443"), false); /* as old programs give it, without scope */
	inet_pton(AF_INET6, "fe80::1", &a.sin6_addr);
	a.sin6_scope_id = 3;
	expect(&a, sizeof(a), ESPY_STR("[fe80::1%3]:443"), false);
	a = (struct sockaddr_in6){.sin6_family = AF_INET6};
	expect(&a, sizeof(a), ESPY_STR("[::]:0"), true);
}

static void local(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};

	(void)state;
	expect(&a, sizeof(a), ESPY_STR("/run/x.sock"), false);
	expect(&a, 2 + 6, ESPY_STR("/run/x"), false); /* no NUL: the length ends it */
	expect(&a, 2, ESPY_STR_NONE, true);
	memcpy(a.sun_path, "\0abs\0tract", 10);
	expect(&a, 2 + 10, ESPY_STR("@abs\0tract"), false);
	expect(&a, 2 + 4, ESPY_STR("@abs"), false);
	expect(&a, 2 + 1, ESPY_STR("@"), false);
	memcpy(a.sun_path, "rel\n\x1b[0m", 9);
	expect(&a, sizeof(a), ESPY_STR("rel\n\x1b[0m"), false);
}

static void others(void **state)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_pid = 77};
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = 2};
	struct sockaddr_vm vm = {.svm_family = AF_VSOCK, .svm_cid = 3, .svm_port = 1024};
	unsigned char odd[] = {0x2a, 0, 0xde, 0xad, 0x00};

	(void)state;
	expect(&nl, sizeof(nl), ESPY_STR("netlink:77"), false);
	nl.nl_groups = 0x11;
	expect(&nl, sizeof(nl), ESPY_STR("netlink:77/0x11"), false);
	nl.nl_pid = nl.nl_groups = 0;
	expect(&nl, sizeof(nl), ESPY_STR("netlink:0"), true);
	expect(&ll, sizeof(ll), ESPY_STR("packet:2"), false);
	ll.sll_protocol = htons(0x0800);
	expect(&ll, sizeof(ll), ESPY_STR("packet:2/0x800"), false);
	expect(&vm, sizeof(vm), ESPY_STR("vsock:3:1024"), false);
	expect(odd, sizeof(odd), ESPY_STR("af_42:dead00"), false);
}

/* Whatever the caller gave, nothing is read behind it. */
static void cut(void **state)
{
	static const unsigned char in[] = {2, 0, 0x1f};
	unsigned char *p = malloc(sizeof(in));

	(void)state;
	assert_non_null(p);
	memcpy(p, in, sizeof(in));
	expect(p, 3, ESPY_STR("af_2:1f"), false);
	expect(p, 2, ESPY_STR("af_2"), false);
	expect(p, 1, ESPY_STR_NONE, true);
	expect(p, 0, ESPY_STR_NONE, true);
	free(p);
	expect("\0\0\1\2", 4, ESPY_STR("af_0"), true);
}

/* An unknown address of any length stays a short text. */
static void long_unknown(void **state)
{
	struct espy_buf b = {0};
	char in[1000];

	(void)state;
	memset(in, 'x', sizeof(in));
	espy_addr_text(&b, (struct espy_str){in, sizeof(in)});
	assert_true(b.n < 150);
	espy_buf_done(&b);
}

static void expect_protocol(unsigned family, unsigned type, unsigned protocol, const char *want)
{
	struct espy_buf b = {0};

	espy_addr_protocol(&b, family, type, protocol);
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, want);
	espy_buf_done(&b);
}

static void protocols(void **state)
{
	(void)state;
	expect_protocol(AF_INET, SOCK_STREAM, 0, "tcp");
	expect_protocol(AF_INET6, SOCK_STREAM, 6, "tcp");
	expect_protocol(AF_INET, SOCK_STREAM, 262, "mptcp");
	expect_protocol(AF_INET, SOCK_SEQPACKET, 132, "sctp");
	expect_protocol(AF_INET6, SOCK_DGRAM, 17, "udp");
	expect_protocol(AF_INET, SOCK_DGRAM, 1, "icmp");
	expect_protocol(AF_INET6, SOCK_DGRAM, 58, "icmp6");
	expect_protocol(AF_INET, SOCK_RAW, 1, "raw-icmp");
	expect_protocol(AF_INET6, SOCK_RAW, 58, "raw-icmp6");
	expect_protocol(AF_INET, SOCK_RAW, 255, "raw");
	expect_protocol(AF_INET, SOCK_STREAM, 99, "inet");
	expect_protocol(AF_UNIX, SOCK_STREAM, 0, "unix");
	expect_protocol(AF_UNIX, SOCK_DGRAM, 0, "unix-dgram");
	expect_protocol(AF_NETLINK, SOCK_RAW, 16, "netlink-generic");
	expect_protocol(AF_NETLINK, SOCK_DGRAM, 0, "netlink-route");
	expect_protocol(AF_NETLINK, SOCK_RAW, 31, "netlink");
	expect_protocol(AF_PACKET, SOCK_RAW, 3, "packet");
	expect_protocol(AF_PACKET, SOCK_DGRAM, 3, "packet-dgram");
	expect_protocol(AF_VSOCK, SOCK_STREAM, 0, "vsock");
	expect_protocol(31, SOCK_RAW, 0, "af_31");
	expect_protocol(0, 0, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inet4),     cmocka_unit_test(inet6),
		cmocka_unit_test(local),     cmocka_unit_test(others),
		cmocka_unit_test(cut),       cmocka_unit_test(long_unknown),
		cmocka_unit_test(protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
