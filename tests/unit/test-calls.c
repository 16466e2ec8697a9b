/* SPDX-License-Identifier: MIT */
/* The call table that the BPF programs work by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "model/call.h"
#include "model/schema.h"
#include "sense/calls.h"

static struct espy_call calls[ESPY_ABIS][ESPY_CALLS];
static bool wanted[ESPY_EVENT_ID_MAX];

/* As in bpf/: events with paths and values only have no program. */
static bool has_program(const char *event)
{
	return !strcmp(event, "file_open") || !strcmp(event, "file_chown");
}

static void fill(unsigned type)
{
	memset(calls, 0, sizeof(calls));
	memset(wanted, type == 0, sizeof(wanted));
	wanted[type] = true;
	espy_calls_fill(calls, wanted, has_program);
}

static const struct espy_call *native(const char *name)
{
	return &calls[0][espy_call_nr(ESPY_ABI_NATIVE, name)];
}

static const struct espy_call *ia32(const char *name)
{
	return &calls[1][espy_call_nr(ESPY_ABI_IA32, name)];
}

static void test_arguments(void **state)
{
	(void)state;
	fill(0);
	assert_int_equal(native("openat")->type, ESPY_EV_file_open);
	assert_int_equal(native("openat")->dir, 1);
	assert_int_equal(native("openat")->path, 2);
	assert_int_equal(native("renameat2")->path2, 4);
	assert_int_equal(native("getppid")->type, 0);
	assert_int_equal(native("getppid")->on, 0);
}

/* What a number is in either table. */
static void test_numbers(void **state)
{
	uint8_t numbers[ESPY_CALLS];

	(void)state;
	fill(ESPY_EV_file_rename);
	espy_calls_numbers(numbers, calls);
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_NATIVE, "rename")],
			 ESPY_NUMBER_ON | ESPY_NUMBER_MOVES);
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_IA32, "rename")],
			 ESPY_NUMBER_ON | ESPY_NUMBER_MOVES);
	/* not recorded, but it changes paths */
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_NATIVE, "mount")], ESPY_NUMBER_MOVES);
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_NATIVE, "pread64")], 0);
	fill(ESPY_EV_file_seek);
	espy_calls_numbers(numbers, calls);
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_NATIVE, "lseek")], ESPY_NUMBER_ON);
	assert_int_equal(numbers[espy_call_nr(ESPY_ABI_IA32, "lseek")], ESPY_NUMBER_ON);
}

static void test_inline(void **state)
{
	(void)state;
	fill(0);
	assert_true(native("read")->flags & ESPY_CALL_INLINE);
	assert_true(native("fsync")->flags & ESPY_CALL_INLINE);
	assert_false(native("openat")->flags & ESPY_CALL_INLINE);
	assert_false(native("sendfile")->flags & ESPY_CALL_INLINE); /* two descriptors */
	assert_false(native("fchown")->flags & ESPY_CALL_INLINE);   /* has a program */
}

static void test_positions_and_vectors(void **state)
{
	(void)state;
	fill(0);
	assert_true(native("write")->flags & ESPY_CALL_POS);
	assert_true(native("readv")->flags & ESPY_CALL_VECTOR);
	assert_false(native("read")->flags & ESPY_CALL_VECTOR);
	assert_false(native("lseek")->flags & ESPY_CALL_POS);
}

static void test_widths(void **state)
{
	(void)state;
	fill(0);
	assert_int_equal(native("pread64")->width[1], ESPY_W_U64);
	assert_int_equal(ia32("pread64")->width[1], ESPY_W_PAIR);
	assert_int_equal(ia32("fallocate")->arg[2], 5);
	assert_int_equal(ia32("_llseek")->width[0], ESPY_W_PAIR_HIGH);
	assert_int_equal(native("dup3")->width[2], ESPY_W_U32);
	assert_int_equal(native("fchown")->width[0], ESPY_W_S32);
	assert_int_equal(ia32("fchown")->width[0], ESPY_W_S16);
	assert_int_equal(ia32("lseek")->width[0], ESPY_W_S32);
}

/* Whether credentials changed without a call is only known when each call that changes them is. */
static void test_credentials(void **state)
{
	static const char *const names[] = {"setuid", "setresgid", "capset", "prctl",    "keyctl",
					    "setns",  "unshare",   "execve", "setgroups"};

	(void)state;
	fill(ESPY_EV_process_cred_change);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_true(native(names[i])->flags & ESPY_CALL_CREDS);
		assert_true(native(names[i])->on);
		assert_true(ia32(names[i])->on);
	}
	assert_false(native("openat")->flags & ESPY_CALL_CREDS);
	assert_false(native("openat")->on);
	fill(ESPY_EV_file_read);
	assert_false(native("setuid")->on);
	fill(ESPY_EV_process_seccomp);
	assert_true(native("prctl")->on);
	fill(ESPY_EV_system_raw_access);
	assert_true(native("openat")->on);
	assert_int_equal(ia32("setresuid")->width[2], ESPY_W_S16);
	assert_int_not_equal(ia32("setresuid32")->width[2], ESPY_W_S16);
	assert_true(native("setns")->form >= ESPY_FORM_KEEP);
	assert_true(native("adjtimex")->form >= ESPY_FORM_KEEP);
	assert_true(native("clone3")->form < ESPY_FORM_KEEP);
}

/* A call is looked at when any event that it can turn out to be is wanted. */
static void test_selection(void **state)
{
	(void)state;
	fill(ESPY_EV_net_recv);
	assert_true(native("read")->on);
	assert_true(native("recvmsg")->on);
	assert_true(ia32("socketcall")->on);
	assert_false(native("write")->on);
	fill(ESPY_EV_file_lock);
	assert_true(native("fcntl")->on);
	assert_true(native("flock")->on);
	assert_false(ia32("socketcall")->on);
	fill(ESPY_EV_file_rmdir);
	assert_true(native("unlinkat")->on);
	fill(ESPY_EV_thread_create);
	assert_true(native("clone")->on);
}

/* Of mmap and mprotect only what makes something executable, unless all of it is asked for. */
static void test_executable(void **state)
{
	(void)state;
	fill(ESPY_EV_memory_exec);
	assert_true(native("mmap")->on && native("mmap")->flags & ESPY_CALL_EXEC);
	assert_true(ia32("mmap2")->flags & ESPY_CALL_EXEC);
	assert_false(ia32("mmap")->flags & ESPY_CALL_EXEC); /* argument 3 lies in memory */
	assert_int_equal(ia32("mmap")->form, ESPY_FORM_MAP_STRUCT);
	assert_int_equal(native("mmap")->form, ESPY_FORM_PLAIN);
	assert_true(native("mprotect")->on && native("mprotect")->flags & ESPY_CALL_EXEC);
	assert_false(native("munmap")->on);
	fill(ESPY_EV_memory_map);
	assert_true(native("mmap")->on);
	assert_false(native("mmap")->flags & ESPY_CALL_EXEC);
	assert_false(native("mprotect")->on);
	fill(ESPY_EV_memory_protect);
	assert_false(native("pkey_mprotect")->flags & ESPY_CALL_EXEC);
	assert_int_equal(native("pkey_mprotect")->form, ESPY_FORM_PROTECT_KEY);
}

/* Reaching into a process goes through calls of files, too. */
static void test_process_access(void **state)
{
	(void)state;
	fill(ESPY_EV_process_inject);
	assert_true(native("ptrace")->on);
	assert_true(native("process_vm_writev")->on);
	assert_true(native("pwrite64")->on);
	assert_false(native("pread64")->on);
	assert_false(native("kcmp")->on);
	fill(ESPY_EV_process_access);
	assert_true(ia32("openat")->on);
	assert_int_equal(native("ptrace")->form, ESPY_FORM_PTRACE);
	assert_int_equal(native("kcmp")->form, ESPY_FORM_TARGET);
	assert_int_equal(native("pidfd_getfd")->form, ESPY_FORM_PIDFD);
}

static void test_urings(void **state)
{
	static struct espy_uring urings[ESPY_URINGS];
	static struct espy_layout layouts[ESPY_EVENT_ID_MAX];
	const struct espy_layout *open = &layouts[ESPY_EV_file_open];
	const struct espy_layout *send = &layouts[ESPY_EV_net_send];
	int read = espy_call_nr(ESPY_ABI_URING, "read");

	(void)state;
	memset(wanted, 0, sizeof(wanted));
	wanted[ESPY_EV_net_recv] = true;
	espy_calls_fill_urings(urings, layouts, wanted);
	assert_int_equal(urings[read].type, ESPY_EV_file_read);
	assert_true(urings[read].on); /* it may be a socket */
	assert_false(urings[espy_call_nr(ESPY_ABI_URING, "openat")].on);
	assert_int_equal(urings[ESPY_URINGS - 1].type, ESPY_EV_system_uring);
	assert_false(urings[ESPY_URINGS - 1].on);
	assert_int_equal(open->size, sizeof(struct espy_ev_file_open));
	assert_int_equal(open->paths, 1);
	assert_int_equal(open->words, 2);
	assert_int_equal(open->halves, 2);
	assert_int_equal(open->text, 0);
	assert_int_equal(send->words, 3);
	assert_int_equal(send->text, 2); /* the address, behind the local one */
	assert_int_equal(layouts[ESPY_EV_file_rename].paths, 2);
	assert_int_equal(send->class_id, ESPY_CLASS_network);
}

/* Every operation's event lies as the program writes it: paths, 64 bits, 32 bits. */
static void test_uring_layouts(void **state)
{
	static const uint16_t events[] = {
#define URING(name, opcode, ev) ESPY_EV_##ev,
#include "model/uring.def"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		const struct espy_schema *s = espy_schema_get(events[i]);
		unsigned at = sizeof(struct espy_event), n[3] = {0};

		if (s->type == ESPY_EV_system_uring)
			continue;
		for (unsigned f = 0; f < s->n_fields; f++) {
			bool path = s->fields[f].kind == ESPY_KIND_path;
			bool word = s->fields[f].kind == ESPY_KIND_u64 ||
				    s->fields[f].kind == ESPY_KIND_s64;

			if ((path && n[1] + n[2]) || (word && n[2]))
				break; /* appended later */
			assert_int_equal(s->fields[f].offset, at);
			at += path ? 16 : word ? 8 : 4;
			n[path ? 0 : word ? 1 : 2]++;
		}
		assert_in_range(n[1], 0, 3);
		assert_in_range(n[2], 0, 4);
	}
}

/* What a filter of paths may leave out by the object of a descriptor, and what is told of all. */
static void test_bounds(void **state)
{
	static bool type[ESPY_EVENT_ID_MAX], bound[ESPY_EVENT_ID_MAX];
	static const uint16_t on[] = {
		ESPY_EV_file_open,    ESPY_EV_file_read,    ESPY_EV_file_write, ESPY_EV_file_close,
		ESPY_EV_process_exec, ESPY_EV_process_fork, ESPY_EV_file_stat,  ESPY_EV_net_accept};
	static const struct {
		const char *call;
		unsigned on;
	} expected[] = {
		{"read", 0},
		{"write", ESPY_ON_INSIDE},
		{"close", ESPY_ON_INSIDE},
		{"openat", ESPY_ON_INSIDE},
		{"open_by_handle_at", ESPY_ON_INSIDE},
		{"newfstatat", 0},
		{"execve", ESPY_ON_QUIET},
		{"clone3", ESPY_ON_QUIET},
		{"accept4", ESPY_ON_QUIET},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		type[on[i]] = bound[on[i]] = true;
	type[ESPY_EV_net_tcp] = true;
	type[ESPY_EV_net_recv] = true; /* a read of a socket, whatever its path */
	espy_calls_fill(calls, type, has_program);
	espy_calls_bound(calls, type, bound);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		int nr = espy_call_nr(ESPY_ABI_NATIVE, expected[i].call);

		assert_true(nr >= 0);
		if (calls[0][nr].on != (ESPY_ON | expected[i].on))
			fail_msg("%s: %u", expected[i].call, calls[0][nr].on);
	}
	memset(calls, 0, sizeof(calls));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),      cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_inline),         cmocka_unit_test(test_positions_and_vectors),
		cmocka_unit_test(test_widths),         cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_selection),      cmocka_unit_test(test_executable),
		cmocka_unit_test(test_process_access), cmocka_unit_test(test_urings),
		cmocka_unit_test(test_uring_layouts),  cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
