/* SPDX-License-Identifier: MIT */
/* A small batch in which every kind of value occurs, and filters asked of it. Rows are called by
 * letters. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "model/call.h"
#include "model/column.h"
#include "rule/rule.h"

#define SEC  1000000000ull
#define MSEC 1000000ull

/* Boot was at 2026-11-21T07:00:00Z; the capture starts 3,600 s later. */
#define SAMPLE_WALL  ((int64_t)(1795244400 * SEC))
#define SAMPLE_START (3600 * SEC)

enum sample_proc { SYSTEMD, BASH, MAKE, CC, SSHD, STRAY };

static inline uint32_t sample_str(struct espy_batch *b, const char *s)
{
	return espy_dict_add(&b->dict, espy_str0(s));
}

static inline void sample_procs(struct espy_batch *b)
{
	static const char system_args[] = "systemd\0--system", cc_args[] = "cc\0-O2\0-c\0a file.c";
	const struct {
		const char *name, *exe, *user, *tty;
		uint32_t pid, parent, ppid, uid, euid;
		struct espy_str args;
	} rows[] = {
		[SYSTEMD] = {"systemd",
			     "/usr/lib/systemd/systemd",
			     "root",
			     "",
			     1,
			     UINT32_MAX,
			     0,
			     0,
			     0,
			     {system_args, sizeof(system_args)}},
		[BASH] = {"bash", "/usr/bin/bash", "joe", "pts/0", 100, SYSTEMD, 1, 1000, 1000,
			  ESPY_STR("bash\0")},
		[MAKE] = {"make", "/usr/bin/make", "joe", "pts/0", 200, BASH, 100, 1000, 1000,
			  ESPY_STR("make\0")},
		[CC] = {"cc",
			"/usr/bin/gcc-12",
			"joe",
			"pts/0",
			300,
			MAKE,
			200,
			1000,
			1000,
			{cc_args, sizeof(cc_args)}},
		[SSHD] = {"sshd", "/usr/sbin/sshd", "root", "", 400, SYSTEMD, 1, 0, 33,
			  ESPY_STR("sshd\0")},
		[STRAY] = {"stray", "", "", "", 500, UINT32_MAX, 0, 4242, 4242, ESPY_STR("")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct espy_proc p = {
			.start = rows[i].pid * SEC,
			.pid = rows[i].pid,
			.ppid = rows[i].ppid,
			.parent = rows[i].parent,
			.uid = rows[i].uid,
			.euid = rows[i].euid,
			.name = sample_str(b, rows[i].name),
			.exe = sample_str(b, rows[i].exe),
			.user = sample_str(b, rows[i].user),
			.tty = sample_str(b, rows[i].tty),
			.cmdline = espy_dict_add(&b->dict, rows[i].args),
		};

		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
}

/* A row of the event: time after the start of the capture, result, duration. */
static inline uint32_t sample_row(struct espy_batch *b, unsigned type, enum sample_proc proc,
				  uint64_t after, int64_t result, uint64_t duration,
				  const char *path)
{
	int row = espy_batch_add(b, type);

	assert_true(row >= 0);
	b->time[row] = SAMPLE_START + after;
	b->duration[row] = duration;
	b->result[row] = result;
	b->proc[row] = proc;
	b->tid[row] = 1000 + (uint32_t)row;
	b->cpu[row] = (uint16_t)(row % 4);
	b->cpu_seq[row] = (uint32_t)row * 10;
	b->abi[row] = ESPY_ABI_NATIVE;
	if (path) {
		b->path[row] = sample_str(b, path);
		b->path_source[row] = ESPY_SOURCE_KERNEL;
	}
	return (uint32_t)row;
}

static inline unsigned sample_field(const struct espy_batch *b, uint32_t row, const char *name)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	assert_true(f >= 0);
	return (unsigned)f;
}

static inline void sample_num(struct espy_batch *b, uint32_t row, const char *name, uint64_t v)
{
	espy_batch_set_num(b, row, sample_field(b, row, name), v);
}

static inline void sample_text(struct espy_batch *b, uint32_t row, const char *name, const char *v)
{
	assert_int_equal(espy_batch_set_str(b, row, sample_field(b, row, name), espy_str0(v)), 0);
}

static inline void sample_call(struct espy_batch *b, uint32_t row, unsigned abi, const char *call)
{
	int nr = espy_call_nr(abi, call);

	assert_true(nr >= 0);
	b->abi[row] = (uint8_t)abi;
	b->call[row] = (uint16_t)nr;
}

static inline void sample_files(struct espy_batch *b)
{
	uint32_t r = sample_row(b, ESPY_EV_process_exec, CC, 0, 0, 300000, "/usr/bin/cc"); /* a */

	sample_call(b, r, ESPY_ABI_NATIVE, "execve");
	sample_text(b, r, "given", "cc");
	assert_int_equal(espy_batch_set_str(b, r, sample_field(b, r, "argv"),
					    ESPY_STR("cc\0-O2\0-c\0a file.c\0")),
			 0);
	r = sample_row(b, ESPY_EV_file_open, CC, 1 * SEC, 3, 5000, "/usr/include/stdio.h"); /* b */
	sample_call(b, r, ESPY_ABI_NATIVE, "openat");
	sample_num(b, r, "flags", 0x80000);
	r = sample_row(b, ESPY_EV_file_open, CC, 2 * SEC, -ENOENT, 4000,
		       "/usr/local/include/stdio.h"); /* c */
	sample_call(b, r, ESPY_ABI_NATIVE, "openat");
	r = sample_row(b, ESPY_EV_file_open, MAKE, 3 * SEC, 4, 90000, "/tmp/Out.TXT"); /* d */
	sample_call(b, r, ESPY_ABI_NATIVE, "openat");
	sample_num(b, r, "flags", 0x241);
	sample_num(b, r, "mode", 0644);
	sample_num(b, r, "created", 1);
	r = sample_row(b, ESPY_EV_file_read, CC, 4 * SEC, 4096, 2 * MSEC,
		       "/usr/include/stdio.h"); /* e */
	sample_call(b, r, ESPY_ABI_NATIVE, "read");
	sample_num(b, r, "requested", 4096);
	r = sample_row(b, ESPY_EV_file_write, MAKE, 5 * SEC, -EIO, 1500 * MSEC,
		       "/tmp/Out.TXT"); /* f */
	sample_call(b, r, ESPY_ABI_NATIVE, "write");
	sample_num(b, r, "requested", 8192);
	sample_num(b, r, "offset", (uint64_t)-1);
	r = sample_row(b, ESPY_EV_file_rename, MAKE, 6 * SEC, 0, 7000, "/tmp/a"); /* g */
	sample_call(b, r, ESPY_ABI_NATIVE, "renameat2");
	sample_text(b, r, "path2", "/home/joe/b.tar.gz");
	sample_num(b, r, "flags", 1);
}

static inline void sample_sockets(struct espy_batch *b)
{
	uint32_t r = sample_row(b, ESPY_EV_net_connect, SSHD, 7 * SEC, -EINPROGRESS, 8000,
				"tcp 192.168.0.5:50000 -> 10.1.2.3:443"); /* h */

	sample_call(b, r, ESPY_ABI_NATIVE, "connect");
	sample_text(b, r, "local", "192.168.0.5:50000");
	sample_text(b, r, "remote", "10.1.2.3:443");
	sample_text(b, r, "protocol", "tcp");
	r = sample_row(b, ESPY_EV_net_connect, BASH, 8 * SEC, 0, 8000,
		       "udp [::]:1000 -> [2001:db8::1]:80"); /* i */
	sample_call(b, r, ESPY_ABI_NATIVE, "connect");
	sample_text(b, r, "local", "[::]:1000");
	sample_text(b, r, "remote", "[2001:db8::1]:80");
	sample_text(b, r, "protocol", "udp");
	r = sample_row(b, ESPY_EV_net_connect, SYSTEMD, 9 * SEC, -ECONNREFUSED, 8000,
		       "unix -> /run/x.sock"); /* j */
	sample_call(b, r, ESPY_ABI_NATIVE, "connect");
	sample_text(b, r, "remote", "/run/x.sock");
	sample_text(b, r, "protocol", "unix");
}

static inline void sample_rest(struct espy_batch *b)
{
	uint32_t r = sample_row(b, ESPY_EV_process_exit, MAKE, 10 * SEC, 2, 0, NULL); /* k */

	b->abi[r] = ESPY_ABI_NONE;
	sample_num(b, r, "code", 2);
	sample_num(b, r, "lifetime", 3 * SEC);
	r = sample_row(b, ESPY_EV_process_exit, CC, 11 * SEC, -9, 0, NULL); /* l */
	b->abi[r] = ESPY_ABI_NONE;
	sample_num(b, r, "signal", 9);
	r = sample_row(b, ESPY_EV_file_stat, STRAY, 12 * SEC, -EACCES, 2000,
		       "/etc/pass\xff\nwd"); /* m */
	sample_call(b, r, ESPY_ABI_IA32, "stat64");
	b->path_source[r] = ESPY_SOURCE_USER;
	r = sample_row(b, ESPY_EV_process_fork, BASH, 13 * SEC, 200, 60000, NULL); /* n */
	sample_call(b, r, ESPY_ABI_NATIVE, "clone");
	sample_num(b, r, "flags", 0x100 | 17);
	sample_num(b, r, "child_pid", 200);
	r = sample_row(b, ESPY_EV_file_read, BASH, 14 * SEC, 0, 5 * SEC, "pipe:[1]"); /* o */
	sample_call(b, r, ESPY_ABI_NATIVE, "read");
	b->flags[r] = ESPY_F_PENDING;
	r = sample_row(b, ESPY_EV_file_close, SYSTEMD, 15 * SEC, 0, 0, NULL); /* p */
	sample_call(b, r, ESPY_ABI_NATIVE, "close");
	b->flags[r] = ESPY_F_NO_ENTRY | ESPY_F_TRUNCATED;
	sample_num(b, r, "fd", 7);
	r = sample_row(b, ESPY_EV_net_socket, SYSTEMD, 16 * SEC, 9, 1000, "icmp6"); /* q */
	sample_call(b, r, ESPY_ABI_NATIVE, "socket");
	sample_num(b, r, "family", 10);
	sample_num(b, r, "type", 0x80003);
	r = sample_row(b, ESPY_EV_file_chmod, BASH, 17 * SEC, 0, 1000, "/x.sh"); /* r */
	sample_call(b, r, ESPY_ABI_NATIVE, "chmod");
	sample_num(b, r, "mode", 0755);
	sample_num(b, r, "old_mode", 0644);
	r = sample_row(b, ESPY_EV_file_mknod, SYSTEMD, 18 * SEC, 0, 1000, "/dev/sda1"); /* s */
	sample_call(b, r, ESPY_ABI_NATIVE, "mknodat");
	sample_num(b, r, "mode", 0060640);
	sample_num(b, r, "rdev", 0x801);
	r = sample_row(b, ESPY_EV_system_loss, SYSTEMD, 19 * SEC, 0, 0, NULL); /* t */
	b->abi[r] = ESPY_ABI_NONE;
	b->proc[r] = UINT32_MAX;
	sample_num(b, r, "lost", 17);
}

#define SAMPLE_ALL "abcdefghijklmnopqrst"

static inline struct espy_batch *sample_new(void)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1001;
	b->wall_offset = SAMPLE_WALL;
	sample_procs(b);
	sample_files(b);
	sample_sockets(b);
	sample_rest(b);
	assert_int_equal(b->n, strlen(SAMPLE_ALL));
	return b;
}

/* cmocka's setup and teardown of a group; times are those of a zone one hour east of Greenwich. */
static inline int sample_setup(void **state)
{
	setenv("TZ", "CET-1", 1);
	tzset();
	*state = sample_new();
	return 0;
}

static inline int sample_teardown(void **state)
{
	espy_batch_free(*state);
	return 0;
}

static inline struct espy_rule *rule_of(const char *text)
{
	struct espy_err err = {0};
	struct espy_rule *r = NULL;

	if (espy_rule_new(&r, text, &err) < 0)
		fail_msg("%s: column %u: %s", text, err.column, err.text);
	return r;
}

/* The filter matches exactly the rows with these letters. */
static inline void matches(const struct espy_batch *b, const char *text, const char *letters)
{
	struct espy_rule *r = rule_of(text);
	uint64_t bits[ESPY_RULE_WORDS(64)];
	char got[65];
	size_t n = 0;
	int count = espy_rule_match(r, b, bits);

	for (uint32_t i = 0; i < b->n; i++)
		if (espy_rule_bit(bits, i))
			got[n++] = (char)('a' + i);
	got[n] = '\0';
	if (strcmp(got, letters) != 0 || count != (int)n)
		fail_msg("%s: matches \"%s\" (%d), not \"%s\"", text, got, count, letters);
	espy_rule_free(r);
}

/* The filter is wrong at this column (from 1), and the sentence has `part` in it. */
static inline void is_wrong(const char *text, unsigned column, const char *part)
{
	struct espy_rule *r = (struct espy_rule *)&column, *before = r;
	struct espy_err err = {0};
	int e = espy_rule_new(&r, text, &err);

	if (e >= 0)
		fail_msg("%s: no error", text);
	assert_ptr_equal(r, before);
	assert_int_equal(e, err.code);
	if (err.column != column || !strstr(err.text, part))
		fail_msg("%s: column %u: %s; expected column %u and \"%s\"", text, err.column,
			 err.text, column, part);
}

/* Is the text of the row within the bounds? `made` may be overwritten. */
static inline bool is_within(const struct espy_text_bounds *bounds, const char *column,
			     const struct espy_batch *b, uint32_t row, struct espy_buf *made)
{
	struct espy_value v;

	espy_buf_reset(made);
	return bounds->n == 0 ||
	       (espy_column_get(espy_column_find(espy_str0(column)), b, row, made, &v) &&
		espy_text_bounds_have(bounds, v.str));
}
