/* SPDX-License-Identifier: MIT */
/* Filters on addresses: IPv4, IPv6, networks, ports, sockets with a path. */
#include "test-rule.h"
#include "rule/address.h"

static void addresses_compare(void **state)
{
	matches(*state, "remote == 10.1.2.3", "h");
	matches(*state, "remote == 10.1.2.3:443", "h");
	matches(*state, "remote == 10.1.2.3:80", "");
	matches(*state, "remote != 10.1.2.3", "ij");
	matches(*state, "remote == 2001:db8::1", "i");
	matches(*state, "remote == [2001:db8::1]:80", "i");
	matches(*state, "remote == 2001:0db8:0::1", "i");
	matches(*state, "remote == ::ffff:10.1.2.3", "h");
	matches(*state, "remote == /run/x.sock", "j");
	matches(*state, "remote in (10.1.2.3, /run/x.sock)", "hj");
	matches(*state, "remote not in (10.1.2.3, /run/x.sock)", "i");
	matches(*state, "local == ::", "i");
	matches(*state, "has local and not has remote", "");
}

static void addresses_lie_in_networks(void **state)
{
	matches(*state, "remote in 10.0.0.0/8", "h");
	matches(*state, "remote == 10.0.0.0/8", "h");
	matches(*state, "remote in (10.1.2.2/31)", "h");
	matches(*state, "remote in (10.1.2.4/31)", "");
	matches(*state, "remote in 0.0.0.0/0", "h");
	matches(*state, "remote in ::/0", "hi");
	matches(*state, "remote in 2001:db8::/32", "i");
	matches(*state, "remote in 2001:db9::/32", "");
	matches(*state, "remote in 2001:db8::/33", "i");
	matches(*state, "remote not in 10.0.0.0/8", "ij");
	matches(*state, "remote in (10.0.0.0/8, 2001:db8::/32)", "hi");
}

static void addresses_have_parts(void **state)
{
	matches(*state, "remote.port == 443", "h");
	matches(*state, "remote.port != 443", "i");
	matches(*state, "port(remote) == 443", "h");
	matches(*state, "remote.port in (80, 400..500)", "hi");
	matches(*state, "remote.port < 1024", "hi");
	matches(*state, "local.port >= 1024", "h");
	matches(*state, "port == 443", "h");
	matches(*state, "port == 50000", "h");
	matches(*state, "port in (80, 443)", "hi");
	matches(*state, "port != 443", "i");
	matches(*state, "port > 40000", "h");
	matches(*state, "has port", "hi");
	matches(*state, "has remote and not has remote.port", "j");
	matches(*state, "remote.ip == 10.1.2.3", "h");
	matches(*state, "remote.ip in 10.0.0.0/8", "h");
	matches(*state, "remote.ip startswith 10.", "h");
	matches(*state, "ip in 192.168.0.0/16", "h");
	matches(*state, "ip == ::", "i");
	matches(*state, "ip != 10.1.2.3", "i");
	matches(*state, "net_connect.remote.port == 80", "i");
	matches(*state, "len(remote.ip) == 8", "h");
}

static void addresses_are_text(void **state)
{
	matches(*state, "remote startswith 10.", "h");
	matches(*state, "remote contains ::", "i");
	matches(*state, "remote endswith .sock", "j");
	matches(*state, "remote matches \":(80|443)$\"", "hi");
	matches(*state, "remote iis /RUN/X.sock", "j");
}

static void check_parse(const char *text, const char *ip, int port)
{
	struct espy_address a = {.port = 99};
	bool ok = espy_address_parse(espy_str0(text), &a);

	if (!ip) {
		assert_false(ok);
		assert_int_equal(a.port, 99);
		return;
	}
	assert_true(ok);
	assert_int_equal(a.port, port);
	assert_true(espy_str_eq(a.ip_text, espy_str0(ip)));
}

static void address_texts(void **state)
{
	(void)state;
	check_parse("127.0.0.1", "127.0.0.1", -1);
	check_parse("127.0.0.1:80", "127.0.0.1", 80);
	check_parse("127.0.0.1:0", "127.0.0.1", 0);
	check_parse("127.0.0.1:65535", "127.0.0.1", 65535);
	check_parse("127.0.0.1:65536", NULL, 0);
	check_parse("127.0.0.1:", NULL, 0);
	check_parse("127.0.0.1:8x", NULL, 0);
	check_parse("127.0.0.1.", NULL, 0);
	check_parse("256.0.0.1", NULL, 0);
	check_parse("::", "::", -1);
	check_parse("[::]", "::", -1);
	check_parse("[::1]:80", "::1", 80);
	check_parse("fe80::1%eth0", "fe80::1%eth0", -1);
	check_parse("[fe80::1%eth0]:22", "fe80::1%eth0", 22);
	check_parse("[::1", NULL, 0);
	check_parse("[::1]80", NULL, 0);
	check_parse("[]", NULL, 0);
	check_parse("/run/x.sock", NULL, 0);
	check_parse("@abstract", NULL, 0);
	check_parse("", NULL, 0);
	check_parse("%", NULL, 0);
	check_parse(":80", NULL, 0);
}

static void networks(void **state)
{
	struct espy_network n;

	(void)state;
	assert_true(espy_address_network(ESPY_STR("10.0.0.0/8"), &n));
	assert_int_equal(n.bits, 104);
	assert_true(espy_address_network(ESPY_STR("2001:db8::/32"), &n));
	assert_int_equal(n.bits, 32);
	assert_true(espy_address_network(ESPY_STR("::1"), &n));
	assert_int_equal(n.bits, 128);
	assert_false(espy_address_network(ESPY_STR("10.0.0.0/33"), &n));
	assert_false(espy_address_network(ESPY_STR("::/129"), &n));
	assert_false(espy_address_network(ESPY_STR("10.0.0.0/"), &n));
	assert_false(espy_address_network(ESPY_STR("/8"), &n));
	assert_false(espy_address_network(ESPY_STR("10.0.0.0/-1"), &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_compare),    cmocka_unit_test(addresses_lie_in_networks),
		cmocka_unit_test(addresses_have_parts), cmocka_unit_test(addresses_are_text),
		cmocka_unit_test(address_texts),        cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
