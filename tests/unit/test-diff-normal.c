/* SPDX-License-Identifier: MIT */
#include "engine/diff-normal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect(void (*fn)(struct espy_buf *, struct espy_str), const char *from, const char *to)
{
	struct espy_buf b = {0};

	fn(&b, espy_str0(from));
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, to);
	espy_buf_done(&b);
}

static void paths(void **state)
{
	static const char *const pairs[][2] = {
		{"/proc/4711/status", "/proc/PID/status"},
		{"/proc/4711", "/proc/PID"},
		{"/proc/4711/task/4712/fd/3", "/proc/PID/task/TID/fd/FD"},
		{"/proc/self/fdinfo/12", "/proc/self/fdinfo/FD"},
		{"/proc/sys/kernel/pid_max", "/proc/sys/kernel/pid_max"},
		{"/proc/4711x/a", "/proc/4711x/a"},
		{"/home/fd/3", "/home/fd/3"},
		{"/dev/pts/7", "/dev/pts/N"},
		{"/run/user/1000/bus", "/run/user/UID/bus"},
		{"pipe:[4711]", "pipe"},
		{"socket:[1]", "socket"},
		{"/a/b:[1]", "/a/b:[1]"},
		{"/tmp/x (deleted)", "/tmp/x"},
		{"/usr/lib/python3.11/os.py", "/usr/lib/python3.11/os.py"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		expect(espy_diff_normal_path, pairs[i][0], pairs[i][1]);
}

static void endpoints(void **state)
{
	(void)state;
	expect(espy_diff_normal_endpoint, "127.0.0.1:443", "127.0.0.1:443");
	expect(espy_diff_normal_endpoint, "127.0.0.1:8081", "127.0.0.1:8081");
	expect(espy_diff_normal_endpoint, "127.0.0.1:51234", "127.0.0.1:*");
	expect(espy_diff_normal_endpoint, "[::1]:0", "[::1]:*");
	expect(espy_diff_normal_endpoint, "[::1]:22", "[::1]:22");
	expect(espy_diff_normal_endpoint, "/run/x:50000", "/run/x:50000");
	expect(espy_diff_normal_endpoint, "netlink", "netlink");
	expect(espy_diff_normal_endpoint, "99999999999999999999999", "99999999999999999999999");
}

/* What two runs name differently comes out the same; what they mean differently does not. */
static void loose(void **state)
{
	static const char *const same[][2] = {
		{"/tmp/ccUnFUVB.s", "/tmp/ccGBGTLw.s"},
		{"/tmp/ccabcdef.s", "/tmp/ccUnFUVB.s"},
		{"/tmp/tmpabcdefgh/x", "/tmp/tmp_8r2k1xy/x"},
		{"/tmp/y3cvj78j", "/tmp/lrv3_ald"},
		{"/tmp/tmp.EDtpiwwGUQ", "/tmp/tmp.QPeLBKJYWr"},
		{"/var/log/app-2026-11-21.log", "/var/log/app-2026-12-01.log"},
		{"at 12:47:22", "at 08:01:59"},
		{"/var/run/app.12345", "/var/run/app.998877"},
		{"as -o /tmp/ccAbCdEf.o a.s", "as -o /tmp/ccBbCdEg.o a.s"},
		{"/x/.git/objects/tmp_obj_a1B2c3", "/x/.git/objects/tmp_obj_ZZa9b8"},
		{"/cache/0123456789abcdef", "/cache/fedcba9876543210"},
	};
	static const char *const other[][2] = {
		{"/usr/lib/libX11.so.6", "/usr/lib/libXi6.so.6"},
		{"/usr/lib/libGLESv2.so", "/usr/lib/libGLdis.so"},
		{"/usr/lib/python3.11", "/usr/lib/python3.12"},
		{"/etc/a.conf", "/etc/b.conf"},
		{"/tmp/input", "/tmp/output"},
		{"/usr/include/stdio.h", "/usr/include/stdlib.h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]) + sizeof(other) / sizeof(other[0]);
	     i++) {
		bool is_same = i < sizeof(same) / sizeof(same[0]);
		const char *const *pair =
			is_same ? same[i] : other[i - sizeof(same) / sizeof(same[0])];
		struct espy_buf a = {0}, b = {0};

		espy_diff_normal_loose(&a, espy_str0(pair[0]));
		espy_diff_normal_loose(&b, espy_str0(pair[1]));
		if (is_same !=
		    espy_str_eq((struct espy_str){a.p, a.n}, (struct espy_str){b.p, b.n}))
			fail_msg("%s and %s are %.*s and %.*s", pair[0], pair[1], (int)a.n, a.p,
				 (int)b.n, b.p);
		espy_buf_done(&a);
		espy_buf_done(&b);
	}
}

static void commands(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	espy_diff_normal_command(&b, ESPY_STR("/bin/cat"), ESPY_STR("cat\0/proc/12/stat\0a b\0"));
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, "/bin/cat /proc/PID/stat 'a b'");
	espy_buf_reset(&b);
	espy_diff_normal_command(&b, ESPY_STR("/bin/cat"), ESPY_STR("cut"));
	espy_buf_putc(&b, '\0');
	assert_string_equal(b.p, "/bin/cat");
	espy_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(endpoints),
		cmocka_unit_test(loose),
		cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
