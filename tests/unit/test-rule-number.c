/* SPDX-License-Identifier: MIT */
/* Filters on numbers: plain ones, sizes, durations, modes, flags, named values, results. */
#include "test-rule.h"

static void integers_compare(void **state)
{
	matches(*state, "pid == 300", "abcel");
	matches(*state, "pid = 0x12c", "abcel");
	matches(*state, "pid is 0454", "abcel");
	matches(*state, "pid == 0o454", "abcel");
	matches(*state, "pid != 300", "dfghijkmnopqrs");
	matches(*state, "pid <> 300", "dfghijkmnopqrs");
	matches(*state, "pid is not 300", "dfghijkmnopqrs");
	matches(*state, "pid < 200", "ijnopqrs");
	matches(*state, "pid <= 200", "dfgijknopqrs");
	matches(*state, "pid > 200", "abcehlm");
	matches(*state, "pid >= 200", "abcdefghklm");
	matches(*state, "pid less than 200", "ijnopqrs");
	matches(*state, "pid more than 400", "m");
	matches(*state, "pid greater than 400", "m");
	matches(*state, "pid > -1", "abcdefghijklmnopqrs");
	matches(*state, "pid < -1", "");
	matches(*state, "pid==500", "m");
	matches(*state, "pid>=500", "m");
}

static void integers_are_in_lists_and_ranges(void **state)
{
	matches(*state, "pid in (300, 500)", "abcelm");
	matches(*state, "pid in (500)", "m");
	matches(*state, "pid in 500", "m");
	matches(*state, "pid is in (300,500)", "abcelm");
	matches(*state, "pid not in (300, 500)", "dfghijknopqrs");
	matches(*state, "pid is not in (300, 500)", "dfghijknopqrs");
	matches(*state, "pid in 100..200", "dfgiknor");
	matches(*state, "pid in (0..50, 450..600)", "jmpqs");
	matches(*state, "pid == 100..200", "dfgiknor");
	matches(*state, "pid in 200..100", "");
	matches(*state, "offset in -1..-1", "f");
}

/* More values than the scan tries one after the other. */
static void long_lists_are_searched(void **state)
{
	char text[4096] = "result in (3", *p = text + strlen(text);

	for (int i = 20; i < 300; i += 2)
		p += sprintf(p, ", -%d", i);
	strcpy(p, ", 4096)");
	matches(*state, text, "be");
	strcpy(p, ", -13, 9)");
	matches(*state, text, "bmq");
	strcpy(strstr(text, "result"),
	       "result != 0 and result in (3, 4, 9, 2, 20, 30, 40, 50, 60, 70)");
	matches(*state, text, "bdkq");
}

static void every_row_has_its_columns(void **state)
{
	matches(*state, "seq == 1001", "a");
	matches(*state, "seq in 1002..1004", "bcd");
	matches(*state, "seq >= 1020", "t");
	matches(*state, "tid == 1007", "h");
	matches(*state, "tid != 1007", "abcdefgijklmnopqrst");
	matches(*state, "tid < 1002", "ab");
	matches(*state, "tid > 5000000000", "");
	matches(*state, "tid < 5000000000", SAMPLE_ALL);
	matches(*state, "cpu == 3", "dhlpt");
	matches(*state, "cpu > 70000", "");
	matches(*state, "cpu_seq in (10, 20)", "bc");
	matches(*state, "cpu & 1", "bdfhjlnprt");
	matches(*state, "cpu has 3", "dhlpt");
	matches(*state, "ppid == 200", "abcel");
	matches(*state, "session == 0", "abcdefghijklmnopqrs");
	matches(*state, "gid == 0 and euid == 33", "h");
}

static void sizes_have_units(void **state)
{
	matches(*state, "requested == 4k", "e");
	matches(*state, "requested == 4096", "e");
	matches(*state, "requested == 8KiB", "f");
	matches(*state, "requested > 8kB", "f");
	matches(*state, "requested < 0.5M", "efo");
	matches(*state, "requested >= 1GiB", "");
	matches(*state, "requested == 0", "o");
	matches(*state, "offset == -1", "f");
	matches(*state, "offset < 1k", "efo");
	matches(*state, "lost == 17", "t");
}

static void durations_have_units(void **state)
{
	matches(*state, "duration == 2ms", "e");
	matches(*state, "duration > 1s", "fo");
	matches(*state, "duration > 1.5s", "o");
	matches(*state, "duration >= 1500ms", "fo");
	matches(*state, "duration < 2us", "klqrst");
	matches(*state, "duration == 90us", "d");
	matches(*state, "duration == 300000ns", "a");
	matches(*state, "duration in 4us..5us", "bc");
	matches(*state, "duration > 1m", "");
	matches(*state, "lifetime == 3s", "k");
	matches(*state, "lifetime < 1h", "kl");
	matches(*state, "lifetime < 1m05s", "kl");
	matches(*state, "duration == 0", "klt");
}

/* p was seen only at its end, so that it has no duration; o has not ended, so that it has no
 * result. */
static void what_is_not_known_does_not_compare(void **state)
{
	matches(*state, "duration >= 0", "abcdefghijklmnoqrst");
	matches(*state, "duration != 5us", "acdefghijklmnoqrst");
	matches(*state, "not duration >= 0", "p");
	matches(*state, "has duration", "abcdefghijklmnoqrst");
	matches(*state, "result == 0", "agiprst");
	matches(*state, "result != 0", "bcdefhjklmnq");
	matches(*state, "not has result", "o");
	matches(*state, "ok", "abdegiknpqrst");
	matches(*state, "failed", "cfhjlm");
	matches(*state, "not failed", "abdegiknopqrst");
	matches(*state, "not ok and not failed", "o");
	matches(*state, "pending", "o");
	matches(*state, "pending == 1", "o");
	matches(*state, "pending == 0 and cpu == 2", "cgks");
	matches(*state, "truncated", "p");
	matches(*state, "truncated != 1 and cpu == 3", "dhlt");
	matches(*state, "signal == 0", "k");
	matches(*state, "signal != 0", "l");
	matches(*state, "not signal != 0", "abcdefghijkmnopqrst");
}

static void results_are_numbers_or_errors(void **state)
{
	matches(*state, "result == ENOENT", "c");
	matches(*state, "result == -ENOENT", "c");
	matches(*state, "result > 2k", "e");
	matches(*state, "result == -2", "c");
	matches(*state, "result == 2", "k");
	matches(*state, "result in (EACCES, EIO)", "fm");
	matches(*state, "result not in (EACCES, EIO) and result < 0", "chj");
	matches(*state, "result < 0", "cfhjlm");
	matches(*state, "result <= -100", "hj");
	matches(*state, "result > 100", "en");
	matches(*state, "result in -20..-1", "cflm");
	matches(*state, "result == SIGKILL", "l");
	matches(*state, "result == -SIGKILL", "l");
	matches(*state, "result == -9", "l");
	matches(*state, "result == EBADF", "");
	matches(*state, "result != SIGKILL", "k");
	matches(*state, "exit and result != 0", "kl");
	matches(*state, "error == ENOENT", "c");
	matches(*state, "error == 2", "c");
	matches(*state, "error == -2", "c");
	matches(*state, "error != ENOENT", "fhjm");
	matches(*state, "error in (ENOENT, EIO)", "cf");
	matches(*state, "error not in (ENOENT, EIO)", "hjm");
	matches(*state, "not error == ENOENT", "abdefghijklmnopqrst");
	matches(*state, "error startswith E", "cfhjm");
	matches(*state, "error contains CONN", "j");
	matches(*state, "error imatches \"^e(io|acces)$\"", "fm");
	matches(*state, "has error", "cfhjm");
	matches(*state, "not has error", "abdegiklnopqrst");
	matches(*state, "error == \"\"", "abdegiklnopqrst");
	matches(*state, "error != \"\"", "cfhjm");
}

static void modes_are_octal(void **state)
{
	matches(*state, "mode == 0644", "d");
	matches(*state, "mode == 644", "d");
	matches(*state, "mode == 755", "r");
	matches(*state, "mode == 0x1ed", "r");
	matches(*state, "old_mode == 0644", "r");
	matches(*state, "mode & 0111", "r");
	matches(*state, "mode has 0700", "r");
	matches(*state, "mode has S_IFBLK", "s");
	matches(*state, "mode == S_IFBLK|0640", "s");
	matches(*state, "mode has S_IFDIR", "");
	matches(*state, "mode has S_IFCHR", "");
	matches(*state, "rdev == 8:1", "s");
	matches(*state, "rdev == 0x801", "s");
	matches(*state, "rdev in (8:0, 8:2)", "");
}

static void flags_go_by_name(void **state)
{
	matches(*state, "flags has O_CREAT", "d");
	matches(*state, "flags has O_CREAT|O_TRUNC", "d");
	matches(*state, "flags has O_CREAT|O_EXCL", "");
	matches(*state, "flags & O_EXCL|O_CREAT", "d");
	matches(*state, "flags has O_RDONLY", "bc");
	matches(*state, "flags has O_RDONLY|O_CLOEXEC", "b");
	matches(*state, "flags has O_WRONLY", "d");
	matches(*state, "flags has O_RDWR", "");
	matches(*state, "flags == O_CLOEXEC", "b");
	matches(*state, "flags == O_WRONLY|O_CREAT|O_TRUNC", "d");
	matches(*state, "flags == 0x241", "d");
	matches(*state, "flags not has O_CREAT", "bc");
	matches(*state, "not flags has O_CREAT", "abcefghijklmnopqrst");
	/* A bit without a name is looked for wherever there are flags: 1 is RENAME_NOREPLACE too.
	 */
	matches(*state, "flags has 1", "dgn");
	matches(*state, "flags has RENAME_NOREPLACE", "g");
	matches(*state, "flags != RENAME_EXCHANGE", "g");
	matches(*state, "file_open.flags has 1", "d");
	matches(*state, "flags has SIGCHLD", "n");
	matches(*state, "flags has CLONE_VM|SIGCHLD", "n");
	matches(*state, "flags has SIGHUP", "");
	matches(*state, "type has SOCK_RAW", "q");
	matches(*state, "type has SOCK_DGRAM", "");
	matches(*state, "type has SOCK_RAW|SOCK_CLOEXEC", "q");
	matches(*state, "flags in (O_CLOEXEC, 0)", "bcmr");
	matches(*state, "flags in (O_CLOEXEC, RENAME_NOREPLACE)", "bg");
	matches(*state, "flags not in (O_CLOEXEC, RENAME_NOREPLACE)", "cd");
}

/* The kernel looks at 32 bits of these; what lies above is rubbish of the caller. */
static void only_bits_that_mean_something_count(void **state)
{
	struct espy_batch *b = sample_new();

	(void)state;
	sample_num(b, 1, "flags", 0xdead00080000);
	sample_num(b, 16, "family", 0xffffffff0000000a);
	matches(b, "flags == O_CLOEXEC", "b");
	matches(b, "family == AF_INET6", "q");
	espy_batch_free(b);
}

static void values_go_by_name(void **state)
{
	matches(*state, "signal == SIGKILL", "l");
	matches(*state, "signal in (SIGTERM, SIGKILL)", "l");
	matches(*state, "signal == 9", "l");
	matches(*state, "family == AF_INET6", "q");
	matches(*state, "family != AF_INET", "q");
}

static void users_go_by_number_or_name(void **state)
{
	matches(*state, "uid == 0", "hjpqs");
	matches(*state, "uid == root", "hjpqs");
	matches(*state, "uid == joe", "abcdefgiklnor");
	matches(*state, "uid != joe", "hjmpqs");
	matches(*state, "uid in (root, 4242)", "hjmpqs");
	matches(*state, "user == 4242", "m");
	matches(*state, "user == root", "hjpqs");
	matches(*state, "user in (joe, 0)", "abcdefghijklnopqrs");
	matches(*state, "user != root", "abcdefgiklnor");
	matches(*state, "user startswith j", "abcdefgiklnor");
	matches(*state, "euid == 33", "h");
	matches(*state, "euid == root", "jpqs");
}

static void lengths_are_numbers(void **state)
{
	matches(*state, "len(path) == 5", "qr");
	matches(*state, "len(path) < 7", "gqr");
	matches(*state, "len(process) == 2", "abcel");
	matches(*state, "len(basename(path)) == 4", "rs");
	matches(*state, "len(path) != 5", "abcdefghijmos");
	matches(*state, "len(argv) > 1k", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_compare),
		cmocka_unit_test(integers_are_in_lists_and_ranges),
		cmocka_unit_test(long_lists_are_searched),
		cmocka_unit_test(every_row_has_its_columns),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(what_is_not_known_does_not_compare),
		cmocka_unit_test(results_are_numbers_or_errors),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(flags_go_by_name),
		cmocka_unit_test(only_bits_that_mean_something_count),
		cmocka_unit_test(values_go_by_name),
		cmocka_unit_test(users_go_by_number_or_name),
		cmocka_unit_test(lengths_are_numbers),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
