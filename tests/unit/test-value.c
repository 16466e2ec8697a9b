/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "model/value.h"

/* The number as text; the same buffer each time. */
static const char *shown_as(unsigned fmt, bool is_signed, uint64_t v)
{
	static char text[512];
	struct espy_buf b = {0};

	espy_value_num(&b, fmt, is_signed, v, 0);
	assert_int_equal(b.error, 0);
	assert_in_range(b.n, 1, sizeof(text) - 1);
	memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	espy_buf_done(&b);
	return text;
}

static const char *shown_by(void (*show)(struct espy_buf *b, uint64_t v), uint64_t v)
{
	static char text[64];
	struct espy_buf b = {0};

	show(&b, v);
	assert_in_range(b.n, 1, sizeof(text) - 1);
	memcpy(text, b.p, b.n);
	text[b.n] = '\0';
	espy_buf_done(&b);
	return text;
}

/* The tables hold numbers; the system's headers say the same where they know the name. */
#define OF(fmt, name)                                   \
	{                                               \
		ESPY_FMT_##fmt, #name, (uint32_t)(name) \
	}
static const struct {
	unsigned fmt;
	const char *name;
	uint64_t value;
} known[] = {
	OF(FLAGS_open, O_CREAT),
	OF(FLAGS_open, O_EXCL),
	OF(FLAGS_open, O_NOCTTY),
	OF(FLAGS_open, O_TRUNC),
	OF(FLAGS_open, O_APPEND),
	OF(FLAGS_open, O_NONBLOCK),
	OF(FLAGS_open, O_SYNC),
	OF(FLAGS_open, O_DSYNC),
	OF(FLAGS_open, O_ASYNC),
	OF(FLAGS_open, O_DIRECT),
	OF(FLAGS_open, O_NOFOLLOW),
	OF(FLAGS_open, O_NOATIME),
	OF(FLAGS_open, O_CLOEXEC),
	OF(FLAGS_open, O_PATH),
	OF(FLAGS_open, O_TMPFILE),
	OF(FLAGS_open, O_DIRECTORY),
	OF(FLAGS_open, O_RDWR),
	OF(FLAGS_open, O_ACCMODE),
	OF(FLAGS_at, AT_SYMLINK_NOFOLLOW),
	OF(FLAGS_at, AT_EACCESS),
	OF(FLAGS_at, AT_SYMLINK_FOLLOW),
	OF(FLAGS_at, AT_NO_AUTOMOUNT),
	OF(FLAGS_at, AT_EMPTY_PATH),
	OF(FLAGS_at_remove, AT_REMOVEDIR),
	OF(FLAGS_clone, CLONE_VM),
	OF(FLAGS_clone, CLONE_THREAD),
	OF(FLAGS_clone, CLONE_NEWNS),
	OF(FLAGS_clone, CLONE_NEWUSER),
	OF(FLAGS_clone, CLONE_NEWTIME),
	OF(FLAGS_clone, CLONE_IO),
	OF(FLAGS_clone, SIGCHLD),
	OF(FLAGS_msg, MSG_DONTWAIT),
	OF(FLAGS_msg, MSG_NOSIGNAL),
	OF(FLAGS_msg, MSG_MORE),
	OF(FLAGS_msg, MSG_ZEROCOPY),
	OF(FLAGS_msg, MSG_FASTOPEN),
	OF(FLAGS_msg, MSG_CMSG_CLOEXEC),
	OF(FLAGS_mount, MS_RDONLY),
	OF(FLAGS_mount, MS_BIND),
	OF(FLAGS_mount, MS_SHARED),
	OF(FLAGS_mount, MS_LAZYTIME),
	OF(FLAGS_umount, MNT_DETACH),
	OF(FLAGS_umount, UMOUNT_NOFOLLOW),
	OF(FLAGS_fallocate, FALLOC_FL_PUNCH_HOLE),
	OF(FLAGS_rename, RENAME_EXCHANGE),
	OF(FLAGS_socket_type, SOCK_SEQPACKET),
	OF(FLAGS_socket_type, SOCK_CLOEXEC),
	OF(ENUM_address_family, AF_INET6),
	OF(ENUM_address_family, AF_XDP),
	OF(ENUM_shutdown, SHUT_RDWR),
	OF(ENUM_whence, SEEK_HOLE),
	OF(ENUM_fcntl, F_DUPFD_CLOEXEC),
	OF(ENUM_fcntl, F_ADD_SEALS),
	OF(ENUM_fcntl, F_OFD_SETLKW),
	OF(ENUM_fcntl, F_SETLEASE),
	OF(ENUM_lock, LOCK_UN),
	OF(ENUM_lock_type, F_UNLCK),
	OF(ENUM_signal, SIGKILL),
	OF(ENUM_signal, SIGSYS),
	OF(ENUM_signal, SIGSTKFLT),
	OF(ENUM_signal, SIGPWR),
	OF(ENUM_uring, IORING_OP_SENDMSG_ZC),
	OF(ENUM_ioctl, TCGETS),
	OF(ENUM_ioctl, TIOCGPTN),
	OF(ENUM_ioctl, FIONREAD),
	OF(ENUM_ioctl, FICLONE),
	OF(ENUM_ioctl, BLKGETSIZE64),
	OF(ENUM_ioctl, FS_IOC_GETFLAGS),
	OF(ENUM_ioctl, SIOCGIFCONF),
	OF(ENUM_ioctl, KVM_RUN),
	OF(ENUM_ioctl, PERF_EVENT_IOC_ENABLE),
	OF(ENUM_errno, EHWPOISON),
	OF(ENUM_errno, EWOULDBLOCK),
	OF(ENUM_errno, EDQUOT),
	OF(ENUM_errno, ENOTSUP),
};
#undef OF

static void numbers_agree_with_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		uint64_t v = ~0ULL;

		if (espy_value_parse_name(known[i].fmt, espy_str0(known[i].name), &v) < 0 ||
		    v != known[i].value)
			fail_msg("%s is %#lx, not %#lx", known[i].name, (unsigned long)v,
				 (unsigned long)known[i].value);
	}
}

/* Every name is a value that is shown by a name of the same value: this also fails when the rows of
 * VALUES are not sorted as they must be. */
static void every_name_goes_both_ways(void **state)
{
	(void)state;
	for (unsigned fmt = ESPY_FMT__FLAGS + 1; fmt < ESPY_FMT__MAX; fmt++) {
		const char *name;

		assert_non_null(espy_value_name(fmt, 0));
		for (unsigned i = 0; (name = espy_value_name(fmt, i)); i++) {
			uint64_t v = 0, again = 0;
			const char *text;

			assert_int_equal(espy_value_parse_name(fmt, espy_str0(name), &v), 0);
			text = shown_as(fmt, false, v);
			/* what is not a part of `open` stands behind an access mode */
			if (fmt == ESPY_FMT_FLAGS_open && strncmp(text, "O_RDONLY|", 9) == 0)
				text += 9;
			if (espy_value_parse_name(fmt, espy_str0(text), &again) < 0 || v != again)
				fail_msg("%s, %#lx, is shown as %s", name, (unsigned long)v, text);
		}
	}
}

static void names_that_are_not_there(void **state)
{
	uint64_t v = 77;

	(void)state;
	assert_int_equal(espy_value_parse_name(ESPY_FMT_ENUM_signal, ESPY_STR("SIGNOT"), &v),
			 -ENOENT);
	assert_int_equal(espy_value_parse_name(ESPY_FMT_DEC, ESPY_STR("SIGHUP"), &v), -ENOENT);
	assert_int_equal(espy_value_parse_name(9999, ESPY_STR("SIGHUP"), &v), -ENOENT);
	assert_int_equal(v, 77);
	assert_null(espy_value_name(ESPY_FMT_DEC, 0));
	assert_null(espy_value_name(ESPY_FMT_FLAGS_access, 4));
}

static void sets_of_flags(void **state)
{
	(void)state;
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0), "O_RDONLY");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x80000), "O_RDONLY|O_CLOEXEC");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x241),
			    "O_WRONLY|O_CREAT|O_TRUNC");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x101002), "O_RDWR|O_SYNC");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x1002), "O_RDWR|O_DSYNC");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x410001), "O_WRONLY|O_TMPFILE");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 3), "O_ACCMODE");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_open, false, 0x40000040),
			    "O_RDONLY|O_CREAT|0x40000000");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_dup, false, 0), "0");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_access, false, 0), "F_OK");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_access, false, 7), "R_OK|W_OK|X_OK");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_clone, false, 17), "SIGCHLD");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_clone, false, 0x4111),
			    "CLONE_VM|CLONE_VFORK|SIGCHLD");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_clone, false, 0x200000091),
			    "CLONE_INTO_CGROUP|CLONE_NEWTIME|SIGCHLD");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_clone, false, 0), "0");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_socket_type, false, 0x80802),
			    "SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_socket_type, false, 9), "0x9");
	assert_string_equal(shown_as(ESPY_FMT_FLAGS_at, false, 0x40), "0x40");
}

static void single_values(void **state)
{
	(void)state;
	assert_string_equal(shown_as(ESPY_FMT_ENUM_ioctl, false, 0xffffffff80045430), "TIOCGPTN");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_ioctl, false, 0xdeadbeef), "0xdeadbeef");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_lock, false, 6), "LOCK_EX|LOCK_NB");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_lock, false, 0x10006), "F_SETLK");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_address_family, false, 1), "AF_UNIX");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_signal, false, 6), "SIGABRT");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_signal, false, 37), "SIGRTMIN+3");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_signal, false, 0), "0");
	assert_string_equal(shown_as(ESPY_FMT_ENUM_image_kind, false, 2), "library");
}

static void plain_numbers(void **state)
{
	(void)state;
	assert_string_equal(shown_as(ESPY_FMT_DEC, false, UINT64_MAX), "18446744073709551615");
	assert_string_equal(shown_as(ESPY_FMT_DEC, true, UINT64_MAX), "-1");
	assert_string_equal(shown_as(ESPY_FMT_HEX, false, 0), "0x0");
	assert_string_equal(shown_as(ESPY_FMT_HEX, true, (uint64_t)-16), "-16");
	assert_string_equal(shown_as(ESPY_FMT_OCT, false, 0), "0000");
	assert_string_equal(shown_as(ESPY_FMT_OCT, false, 04755), "04755");
	assert_string_equal(shown_as(ESPY_FMT_OCT, true, (uint64_t)-1), "-1");
	assert_string_equal(shown_as(ESPY_FMT_OCT, false, UINT64_MAX), "01777777777777777777777");
	assert_string_equal(shown_as(ESPY_FMT_MODE, false, S_IFBLK | 0660), "S_IFBLK|0660");
	assert_string_equal(shown_as(ESPY_FMT_MODE, false, S_IFSOCK | 07777), "S_IFSOCK|07777");
	assert_string_equal(shown_as(ESPY_FMT_MODE, false, 0644), "0644");
	assert_string_equal(shown_as(ESPY_FMT_MODE, false, 0x30000), "0600000");
	assert_string_equal(shown_as(ESPY_FMT_DEV, false, 0x801), "8:1");
	assert_string_equal(shown_as(ESPY_FMT_DEV, false, 0x12ABCD34), "3021:76340");
	assert_string_equal(shown_as(ESPY_FMT_BYTES, false, 4096), "4096");
	assert_string_equal(shown_as(ESPY_FMT_UID, false, UINT32_MAX), "4294967295");
}

static void results(void **state)
{
	(void)state;
	assert_string_equal(shown_as(ESPY_FMT_ERRNO, true, 3), "3");
	assert_string_equal(shown_as(ESPY_FMT_ERRNO, true, (uint64_t)-2), "ENOENT");
	assert_string_equal(shown_as(ESPY_FMT_ERRNO, true, (uint64_t)-512), "ERESTARTSYS");
	assert_string_equal(shown_as(ESPY_FMT_ERRNO, true, (uint64_t)-4000), "-4000");
	assert_string_equal(shown_as(ESPY_FMT_POINTER, true, (uint64_t)-12), "ENOMEM");
	assert_string_equal(shown_as(ESPY_FMT_POINTER, true, 0), "0");
	assert_string_equal(shown_as(ESPY_FMT_POINTER, true, 0x7f0000001000), "0x7f0000001000");
	assert_string_equal(shown_as(ESPY_FMT_EXIT, true, 2), "2");
	assert_string_equal(shown_as(ESPY_FMT_EXIT, true, (uint64_t)-9), "SIGKILL");
	assert_string_equal(espy_errno_name(-11), "EAGAIN");
	assert_string_equal(espy_errno_name(2), "ENOENT");
	assert_null(espy_errno_name(0));
	assert_null(espy_errno_name(INT64_MIN));
	assert_null(espy_errno_name(0x100000002));
	assert_int_equal(espy_errno_value(ESPY_STR("EWOULDBLOCK")), 11);
	assert_int_equal(espy_errno_value(ESPY_STR("ENOT")), 0);
}

static void show_time(struct espy_buf *b, uint64_t v)
{
	espy_value_time(b, (int64_t)v);
}

/* Against the C library, over leap years and both ends of the range. */
static void times_agree_with_gmtime(void **state)
{
	static const int64_t secs[] = {0,           -1,         951782399,  951782400,
				       951868800,   1709164800, 4107542400, 4107456000,
				       -2203891200, 1798704000, 9223372036, -9223372036};

	(void)state;
	for (size_t i = 0; i < sizeof(secs) / sizeof(secs[0]); i++) {
		time_t t = secs[i];
		char want[64];
		struct tm tm;
		size_t n;

		gmtime_r(&t, &tm);
		n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(want + n, sizeof(want) - n, ".000000000Z");
		assert_string_equal(shown_by(show_time, (uint64_t)secs[i] * 1000000000), want);
	}
	assert_string_equal(shown_by(show_time, (uint64_t)-1), "1969-12-31T23:59:59.999999999Z");
	assert_string_equal(shown_by(show_time, INT64_MAX), "2262-04-11T23:47:16.854775807Z");
	assert_string_equal(shown_by(show_time, (uint64_t)INT64_MIN),
			    "1677-09-21T00:12:43.145224192Z");
}

static void show_clock(struct espy_buf *b, uint64_t v)
{
	espy_value_clock(b, (int64_t)v);
}

static void show_clock_utc(struct espy_buf *b, uint64_t v)
{
	espy_value_clock_utc(b, (int64_t)v);
}

static void clocks(void **state)
{
	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	assert_string_equal(shown_by(show_clock, 86399999999999), "05:29:59.999999");
	assert_string_equal(shown_by(show_clock_utc, 86399999999999), "23:59:59.999999");
	assert_string_equal(shown_by(show_clock_utc, (uint64_t)-1000), "23:59:59.999999");
	unsetenv("TZ");
	tzset();
}

static void wall_times(void **state)
{
	struct espy_buf b = {0};

	(void)state;
	assert_string_equal(shown_as(ESPY_FMT_WALL, true, (uint64_t)-1), "now");
	assert_string_equal(shown_as(ESPY_FMT_WALL, true, (uint64_t)-2), "unchanged");
	assert_string_equal(shown_as(ESPY_FMT_WALL, true, (uint64_t)-3), "unknown");
	espy_value_num(&b, ESPY_FMT_TIME, false, 1500000000, 1000000000000000000);
	assert_int_equal(b.n, 30);
	assert_memory_equal(b.p, "2001-09-09T01:46:41.500000000Z", 30);
	espy_buf_done(&b);
}

static void durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} want[] = {
		{0, "0ns"},
		{999, "999ns"},
		{1000, "1.00us"},
		{2319, "2.31us"},
		{99999, "99.9us"},
		{999999, "999us"},
		{45100000, "45.1ms"},
		{999999999, "999ms"},
		{1204000000, "1.204s"},
		{12049000000, "12.04s"},
		{59999999999, "59.99s"},
		{60000000000, "1m00s"},
		{3599999999999, "59m59s"},
		{7380000000000, "2h03m"},
		{273600000000000, "3d04h"},
		{UINT64_MAX, "213503d23h"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_string_equal(shown_by(espy_value_duration, want[i].ns), want[i].text);
}

static void sizes(void **state)
{
	(void)state;
	assert_string_equal(shown_by(espy_value_bytes, 0), "0 B");
	assert_string_equal(shown_by(espy_value_bytes, 1023), "1023 B");
	assert_string_equal(shown_by(espy_value_bytes, 1024), "1.0 KiB");
	assert_string_equal(shown_by(espy_value_bytes, 102399), "99.9 KiB");
	assert_string_equal(shown_by(espy_value_bytes, 102400), "100 KiB");
	assert_string_equal(shown_by(espy_value_bytes, 1048575), "1023 KiB");
	assert_string_equal(shown_by(espy_value_bytes, 3565158), "3.3 MiB");
	assert_string_equal(shown_by(espy_value_bytes, UINT64_MAX), "15.9 EiB");
}

static void what_says_nothing(void **state)
{
	(void)state;
	assert_true(espy_value_says_nothing(ESPY_FMT_FLAGS_at, false, false, 0));
	assert_false(espy_value_says_nothing(ESPY_FMT_FLAGS_open, false, false, 0));
	assert_false(espy_value_says_nothing(ESPY_FMT_ENUM_whence, false, false, 0));
	assert_true(espy_value_says_nothing(ESPY_FMT_ENUM_signal, false, true, 0));
	assert_true(espy_value_says_nothing(ESPY_FMT_ENUM_lock_type, false, true, UINT32_MAX));
	assert_false(espy_value_says_nothing(ESPY_FMT_FD, false, false, 0));
	assert_true(espy_value_says_nothing(ESPY_FMT_OFFSET, true, false, (uint64_t)-1));
	assert_false(espy_value_says_nothing(ESPY_FMT_OFFSET, true, false, 0));
	assert_false(espy_value_says_nothing(ESPY_FMT_UID, false, true, 0));
	assert_true(espy_value_says_nothing(ESPY_FMT_UID, true, false, (uint64_t)-1));
	assert_true(espy_value_says_nothing(ESPY_FMT_OCT, false, true, 0));
	assert_false(espy_value_says_nothing(ESPY_FMT_OCT, false, false, 0));
	assert_false(espy_value_says_nothing(ESPY_FMT_BYTES, true, false, 0));
	assert_true(espy_value_says_nothing(ESPY_FMT_WALL, true, false, (uint64_t)-3));
	assert_false(espy_value_says_nothing(ESPY_FMT_WALL, true, false, (uint64_t)-1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_agree_with_headers),
		cmocka_unit_test(every_name_goes_both_ways),
		cmocka_unit_test(names_that_are_not_there),
		cmocka_unit_test(sets_of_flags),
		cmocka_unit_test(single_values),
		cmocka_unit_test(plain_numbers),
		cmocka_unit_test(results),
		cmocka_unit_test(times_agree_with_gmtime),
		cmocka_unit_test(clocks),
		cmocka_unit_test(wall_times),
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(what_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
