/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include "engine/summary-view.h"
#include "rows.h"

#define HOSTILE "/tmp/\033[31mred\n\xff\xfe\"quote"

static struct espy_summary *summary_of(const char *kind, const char *by, struct espy_batch *b)
{
	const struct espy_summary_kind *k = espy_kind_find(kind, by);
	struct espy_summary *s = NULL;

	assert_non_null(k);
	assert_int_equal(espy_summary_new(&s, k, 0), 0);
	if (b)
		assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	return s;
}

/* A compiler that finds its header in the second place, a shell, a copy, a connection. */
static struct espy_batch *example(void)
{
	struct espy_batch *b;
	uint32_t sh, cc, r;

	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 100, -1, "sh", "sh\0-c\0cc a.c");
	cc = ROWS_PROC(b, 101, (int)sh, "cc", "cc\0a.c");
	rows_add(b, ESPY_EV_file_open, cc, 1000, "/usr/include/x.h", -ENOENT);
	rows_add(b, ESPY_EV_file_open, cc, 1010, "/opt/include/x.h", 3);
	rows_add(b, ESPY_EV_file_open, cc, 1020, "/usr/include/never.h", -ENOENT);
	rows_add(b, ESPY_EV_file_open, cc, 1025, "/opt/include/never.h", -ENOENT);
	rows_add(b, ESPY_EV_file_read, cc, 1030, "/opt/include/x.h", 4096);
	rows_add(b, ESPY_EV_file_read, cc, 1040, "/opt/include/x.h", 100);
	rows_add(b, ESPY_EV_file_read, cc, 1050, "/opt/include/x.h", 0);
	r = rows_add(b, ESPY_EV_file_open, sh, 1060, "/tmp/out", 4);
	rows_num(b, r, "created", 1);
	rows_add(b, ESPY_EV_file_write, sh, 1070, "/tmp/out", 10);
	rows_add(b, ESPY_EV_file_write, sh, 1080, "/tmp/out", -ENOSPC);
	r = rows_add(b, ESPY_EV_file_copy, sh, 1090, "/opt/include/x.h", 500);
	rows_str(b, r, "path2", "/tmp/copy.so.6", 14);
	rows_add(b, ESPY_EV_file_open, sh, 1100, "/etc/shadow", -EACCES);
	r = rows_add(b, ESPY_EV_net_connect, sh, 1110, "x", -EINPROGRESS);
	rows_str(b, r, "remote", "10.0.0.1:80", 11);
	rows_str(b, r, "protocol", "tcp", 3);
	r = rows_add(b, ESPY_EV_net_send, sh, 1120, "x", 1); /* sendmmsg: one message of 77 bytes */
	rows_num(b, r, "bytes", 77);
	rows_str(b, r, "remote", "10.0.0.1:80", 11);
	rows_str(b, r, "protocol", "tcp", 3);
	r = rows_add(b, ESPY_EV_process_exit, cc, 1130, NULL, -9);
	rows_num(b, r, "user_time", 1000);
	rows_num(b, r, "system_time", 500);
	rows_num(b, r, "signal", 9);
	b->duration[r] = 0;
	return b;
}

/* Number of the group whose key is `s`. */
static uint32_t group_of(struct espy_summary *s, unsigned key, const char *name)
{
	for (uint32_t g = 0; g < espy_summary_groups(s); g++)
		if (espy_str_eq(espy_summary_key(s, g, key).str, espy_str0(name)))
			return g;
	fail_msg("no group %s", name);
	return 0;
}

#define VALUE(s, g, m) ((int)espy_summary_value(s, g, ESPY_MEASURE_##m))

static void test_files(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s = summary_of("file", "", b);
	uint32_t g = group_of(s, ESPY_KEY_path, "/opt/include/x.h");

	(void)state;
	assert_int_equal(VALUE(s, g, opens), 1);
	assert_int_equal(VALUE(s, g, reads), 4); /* the copy reads too */
	assert_int_equal(VALUE(s, g, read), 4096 + 100 + 500);
	assert_int_equal(VALUE(s, g, written), 0);
	assert_int_equal(VALUE(s, g, processes), 2);
	g = group_of(s, ESPY_KEY_path, "/tmp/copy.so.6");
	assert_int_equal(VALUE(s, g, written), 500);
	assert_int_equal(VALUE(s, g, read), 0);
	g = group_of(s, ESPY_KEY_path, "/tmp/out");
	assert_int_equal(VALUE(s, g, written), 10);
	assert_int_equal(VALUE(s, g, writes), 2);
	assert_int_equal(VALUE(s, g, failures), 1);
	assert_int_equal(VALUE(s, g, time), 30);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_folders_and_types(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s = summary_of("file", "folder", b);
	uint32_t g = group_of(s, ESPY_KEY_folder, "/opt/include");

	(void)state;
	assert_int_equal(VALUE(s, g, events), 6);
	espy_summary_free(s);
	s = summary_of("file", "ext", b);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_ext, ".so"), written), 500);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_ext, "(none)"), writes), 2);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_processes(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s = summary_of("process", "", b);
	uint32_t g = group_of(s, ESPY_KEY_process, "cc");

	(void)state;
	assert_int_equal(espy_summary_groups(s), 2);
	assert_int_equal(VALUE(s, g, events), 8);
	assert_int_equal(VALUE(s, g, failures), 3); /* an exit by a signal is no failed operation */
	assert_int_equal(VALUE(s, g, cpu), 1500);
	assert_int_equal(VALUE(s, g, files), 1);
	g = group_of(s, ESPY_KEY_process, "sh");
	assert_int_equal(VALUE(s, g, failures), 2); /* nor is a connection in progress */
	assert_int_equal(VALUE(s, g, read), 500);
	assert_int_equal(VALUE(s, g, written), 510);
	assert_int_equal(VALUE(s, g, sent), 77);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_operations(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s;
	uint32_t g, r;

	(void)state;
	r = rows_add(b, ESPY_EV_file_open, 0, 2000, "/late", 5);
	b->duration[r] = 90;
	r = rows_add(b, ESPY_EV_file_open, 0, 2000, "/entry-unseen", 5);
	b->duration[r] = 0;
	b->flags[r] = ESPY_F_NO_ENTRY;
	s = summary_of("operation", "", b);
	g = group_of(s, ESPY_KEY_op, "open");
	assert_int_equal(VALUE(s, g, events), 8);
	assert_int_equal(VALUE(s, g, failures), 4);
	assert_int_equal(VALUE(s, g, time), 150);
	assert_int_equal(VALUE(s, g, longest), 90);
	assert_int_equal(VALUE(s, g, average), 150 / 7);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_network(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s;
	uint32_t g, r;

	(void)state;
	r = rows_add(b, ESPY_EV_net_listen, 0, 2000, "y", 0);
	rows_str(b, r, "local", "0.0.0.0:8080", 12);
	rows_str(b, r, "protocol", "tcp", 3);
	r = rows_add(b, ESPY_EV_net_recv, 0, 2000, "socketpair", 5);
	rows_str(b, r, "protocol", "unix", 4);
	rows_num(b, r, "bytes", 5);
	rows_add(b, ESPY_EV_net_socket, 0, 2000, "z", 5);
	s = summary_of("endpoint", "", b);
	assert_ptr_equal(espy_summary_kind(s), espy_kind_find("network", ""));
	assert_int_equal(espy_summary_groups(s), 3);
	g = group_of(s, ESPY_KEY_endpoint, "10.0.0.1:80");
	assert_int_equal(VALUE(s, g, connects), 1);
	assert_int_equal(VALUE(s, g, failures), 0);
	assert_int_equal(VALUE(s, g, sent), 77);
	group_of(s, ESPY_KEY_endpoint, "0.0.0.0:8080");
	g = group_of(s, ESPY_KEY_endpoint, "(unnamed)");
	assert_int_equal(VALUE(s, g, received), 5);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_changes(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s;
	uint32_t r;

	(void)state;
	r = rows_add(b, ESPY_EV_file_rename, 0, 2000, "/tmp/a", 0);
	rows_str(b, r, "path2", "/tmp/b", 6);
	rows_add(b, ESPY_EV_file_unlink, 0, 2010, "/tmp/gone", 0);
	rows_add(b, ESPY_EV_file_unlink, 0, 2010, "/tmp/kept", -EPERM);
	s = summary_of("change", "", b);
	assert_int_equal(espy_summary_groups(s), 5); /* what was only read is not among them */
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_path, "/tmp/a"), renamed_from), 1);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_path, "/tmp/a"), renamed_to), 0);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_path, "/tmp/b"), renamed_to), 1);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_path, "/tmp/gone"), deleted), 1);
	assert_int_equal(VALUE(s, group_of(s, ESPY_KEY_path, "/tmp/out"), created), 1);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_found_later(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s = summary_of("result", "", b);
	uint32_t g = group_of(s, ESPY_KEY_subject, "/usr/include/x.h"), *order;

	(void)state;
	assert_string_equal(espy_summary_key(s, g, ESPY_KEY_found).str.p, "/opt/include/x.h");
	g = group_of(s, ESPY_KEY_subject, "/usr/include/never.h");
	assert_int_equal(espy_summary_key(s, g, ESPY_KEY_found).str.n, 0);
	/* most frequent error first; in it, what was never found before what was */
	assert_int_equal(espy_summary_order(s, NULL, &order), 0);
	assert_string_equal(espy_summary_key(s, order[0], ESPY_KEY_subject).str.p,
			    "/opt/include/never.h");
	assert_string_equal(espy_summary_key(s, order[1], ESPY_KEY_subject).str.p,
			    "/usr/include/never.h");
	assert_string_equal(espy_summary_key(s, order[2], ESPY_KEY_subject).str.p,
			    "/usr/include/x.h");
	assert_string_equal(espy_summary_key(s, order[3], ESPY_KEY_error).str.p, "EACCES");
	assert_string_equal(espy_summary_key(s, order[4], ESPY_KEY_error).str.p, "ENOSPC");
	free(order);
	espy_summary_free(s);
	espy_batch_free(b);
}

/* A program is known by its own path, a library by that of its latest version: both are found. */
static void test_found_by_other_name(void **state)
{
	struct espy_batch *b;
	struct espy_summary *s;
	uint32_t p, r;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "sh", "sh");
	r = rows_add(b, ESPY_EV_process_exec, p, 1, "/usr/local/bin/cc", -ENOENT);
	rows_str(b, r, "given", "/usr/local/bin/cc", 17);
	r = rows_add(b, ESPY_EV_process_exec, p, 2, "/usr/bin/x86_64-linux-gnu-gcc-12", 0);
	rows_str(b, r, "given", "/usr/bin/cc", 11);
	rows_add(b, ESPY_EV_file_open, p, 3, "/opt/lib/libz.so.1", -ENOENT);
	rows_add(b, ESPY_EV_file_open, p, 4, "/usr/lib/libz.so.1.2.13", 3);
	/* what looks like a version is none */
	rows_add(b, ESPY_EV_file_access, p, 5, "/etc/ld.so.preload", -ENOENT);
	rows_add(b, ESPY_EV_file_open, p, 5, "/etc/ld.so.cache", 3);
	/* readlink of what is no link: it is there */
	rows_add(b, ESPY_EV_file_readlink, p, 5, "/a/bits", -ENOENT);
	rows_add(b, ESPY_EV_file_readlink, p, 6, "/b/bits", -EINVAL);
	s = summary_of("result", "", b);
	assert_string_equal(
		espy_summary_key(s, group_of(s, ESPY_KEY_subject, "/a/bits"), ESPY_KEY_found).str.p,
		"/b/bits");
	assert_int_equal(espy_summary_key(s, group_of(s, ESPY_KEY_subject, "/etc/ld.so.preload"),
					  ESPY_KEY_found)
				 .str.n,
			 0);
	assert_int_equal(
		espy_summary_key(s, group_of(s, ESPY_KEY_subject, "/b/bits"), ESPY_KEY_found).str.n,
		0);
	assert_true(espy_summary_key(s, group_of(s, ESPY_KEY_subject, "/usr/local/bin/cc"),
				     ESPY_KEY_found)
			    .str.n > 0);
	assert_true(espy_summary_key(s, group_of(s, ESPY_KEY_subject, "/opt/lib/libz.so.1"),
				     ESPY_KEY_found)
			    .str.n > 0);
	espy_summary_free(s);
	espy_batch_free(b);
}

/* What was missed in one batch and found in the next, by another process and by the same. */
static void test_found_in_next_batch(void **state)
{
	struct espy_summary *s = summary_of("result", "", NULL);
	struct espy_batch *b;
	uint32_t p, q;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a", "a");
	rows_add(b, ESPY_EV_file_stat, p, 1, "/x/conf", -ENOENT);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	espy_batch_reset(b);
	q = ROWS_PROC(b, 8, -1, "b", "b");
	rows_add(b, ESPY_EV_file_stat, q, 2, "/y/conf", 0);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	assert_int_equal(espy_summary_key(s, 0, ESPY_KEY_found).str.n, 0);
	espy_batch_reset(b);
	ROWS_PROC(b, 8, -1, "b", "b");
	p = ROWS_PROC(b, 7, -1, "a", "a");
	rows_add(b, ESPY_EV_file_stat, p, 3, "/z/conf", 0);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	assert_string_equal(espy_summary_key(s, 0, ESPY_KEY_found).str.p, "/z/conf");
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_filter(void **state)
{
	struct espy_batch *b = example();
	struct espy_summary *s;
	uint64_t bits[ESPY_BATCH_ROWS / 64] = {1u << 1}; /* only the open that found x.h */

	(void)state;
	s = summary_of("operation", "", NULL);
	assert_int_equal(espy_summary_batch(s, b, bits), 0);
	assert_int_equal(espy_summary_groups(s), 1);
	assert_int_equal(espy_summary_operations(s), 1);
	espy_summary_free(s);
	bits[0] = 1; /* the one that did not: that it was found later is known all the same */
	s = summary_of("result", "", NULL);
	assert_int_equal(espy_summary_batch(s, b, bits), 0);
	assert_int_equal(espy_summary_groups(s), 1);
	assert_true(espy_summary_key(s, 0, ESPY_KEY_found).str.n > 0);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_limits(void **state)
{
	struct espy_summary *s;
	struct espy_batch *b;
	struct espy_buf out = {0};
	struct espy_summary_view_options o = {.limit = 2};
	uint32_t p;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a", "a");
	for (unsigned i = 0; i < 50; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/f/%02u", i);
		rows_add(b, ESPY_EV_file_stat, p, i, path, 0);
	}
	assert_int_equal(espy_summary_new(&s, espy_kind_find("file", ""), 20), 0);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	assert_int_equal(espy_summary_batch(s, b, NULL), 0);
	assert_int_equal(espy_summary_groups(s), 20);
	assert_int_equal(espy_summary_operations(s), 100);
	assert_int_equal(espy_summary_left_over(s), 60);
	assert_int_equal(espy_summary_view(s, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, "... and 18 more\n"));
	assert_non_null(strstr(out.p, "60 events of further paths are left out"));
	assert_non_null(strstr(out.p, "/f/00"));
	assert_non_null(strstr(out.p, "/f/01"));
	assert_null(strstr(out.p, "/f/02"));
	espy_buf_done(&out);
	espy_summary_free(s);
	espy_batch_free(b);
}

/* Equal groups come in the order of their names, whatever order they arrived in. */
static void test_ties(void **state)
{
	static const char *const names[] = {"/c", "/a", "/b"};
	struct espy_summary *s;
	struct espy_batch *b;
	uint32_t p, *order;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a", "a");
	for (unsigned i = 0; i < 3; i++)
		rows_add(b, ESPY_EV_file_stat, p, i, names[i], 0);
	rows_add(b, ESPY_EV_file_stat, p, 9, "/z", 0);
	rows_add(b, ESPY_EV_file_stat, p, 9, "/z", 0);
	s = summary_of("file", "", b);
	assert_int_equal(espy_summary_order(s, NULL, &order), 0);
	assert_string_equal(espy_summary_key(s, order[0], ESPY_KEY_path).str.p, "/z");
	assert_string_equal(espy_summary_key(s, order[1], ESPY_KEY_path).str.p, "/a");
	assert_string_equal(espy_summary_key(s, order[3], ESPY_KEY_path).str.p, "/c");
	free(order);
	assert_int_equal(espy_summary_order(s, "path", &order), 0);
	assert_string_equal(espy_summary_key(s, order[0], ESPY_KEY_path).str.p, "/a");
	assert_string_equal(espy_summary_key(s, order[3], ESPY_KEY_path).str.p, "/z");
	free(order);
	assert_int_equal(espy_summary_order(s, "nonsense", &order), -EINVAL);
	espy_summary_free(s);
	espy_batch_free(b);
}

static void test_hostile(void **state)
{
	struct espy_summary *s;
	struct espy_batch *b;
	struct espy_buf out = {0};
	struct espy_summary_view_options o = {.style = {.width = 60, .utf8 = true}};
	uint32_t p;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a\nb", "a\033]0;x");
	rows_add(b, ESPY_EV_file_stat, p, 1, HOSTILE, -ENOENT);
	for (unsigned i = 0; espy_kind_at(i); i++) {
		const struct espy_summary_kind *k = espy_kind_at(i);

		s = summary_of(k->name, k->by, b);
		for (unsigned f = ESPY_VIEW_TEXT; f <= ESPY_VIEW_CSV; f++) {
			unsigned lines = 0;

			o.format = (enum espy_view_format)f;
			espy_buf_reset(&out);
			assert_int_equal(espy_summary_view(s, &out, &o), 0);
			for (size_t c = 0; c < out.n; c++) {
				lines += out.p[c] == '\n';
				assert_true((unsigned char)out.p[c] >= ' ' || out.p[c] == '\n');
			}
			assert_true(lines <= 4);
			assert_true(espy_str_is_utf8((struct espy_str){out.p, out.n}));
		}
		espy_summary_free(s);
	}
	espy_buf_done(&out);
	espy_batch_free(b);
}

static void test_json(void **state)
{
	struct espy_batch *b;
	struct espy_summary *s;
	struct espy_buf out = {0};
	struct espy_summary_view_options o = {.format = ESPY_VIEW_JSON};
	uint32_t p;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	p = ROWS_PROC(b, 7, -1, "a", "a");
	rows_add(b, ESPY_EV_file_stat, p, 1, "/\xff\"", -ENOENT);
	s = summary_of("file", "", b);
	assert_int_equal(espy_summary_view(s, &out, &o), 0);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p,
			    "{\"summary\":\"file\",\"events\":1,\"time_ns\":10,\"read\":0,"
			    "\"written\":0,\"opens\":0,\"failures\":1,\"reads\":0,\"writes\":0,"
			    "\"processes\":1,\"path\":\"/\xef\xbf\xbd\\\"\","
			    "\"path_hex\":\"2fff22\"}\n");
	espy_buf_done(&out);
	espy_summary_free(s);
	espy_batch_free(b);
}

static size_t longest_line(const struct espy_buf *b)
{
	size_t longest = 0, from = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->p[i] != '\n')
			continue;
		longest = i - from > longest ? i - from : longest;
		from = i + 1;
	}
	return longest;
}

static void test_width(void **state)
{
	struct espy_batch *b = example();
	struct espy_buf out = {0};
	struct espy_summary_view_options o = {0};

	(void)state;
	rows_add(b, ESPY_EV_file_stat, 0, 1,
		 "/a/very/long/path/that/does/not/fit/on/any/line/of/a/terminal/of/usual/width/and/"
		 "goes/on/for/a/while/until/its/end.c",
		 -ENOENT);
	for (unsigned i = 0; espy_kind_at(i); i++) {
		struct espy_summary *s = summary_of(espy_kind_at(i)->name, espy_kind_at(i)->by, b);

		for (unsigned width = 72; width < 200; width += 16) {
			espy_buf_reset(&out);
			o.style.width = width;
			assert_int_equal(espy_summary_view(s, &out, &o), 0);
			assert_true(longest_line(&out) <= width);
		}
		espy_summary_free(s);
	}
	espy_buf_done(&out);
	espy_batch_free(b);
}

/* Every row of the table of summaries can be made and sorted by every column that it names. */
static void test_kinds(void **state)
{
	struct espy_batch *b = example();

	(void)state;
	for (unsigned i = 0; espy_kind_at(i); i++) {
		const struct espy_summary_kind *k = espy_kind_at(i);
		struct espy_summary *s = summary_of(k->name, k->by, b);
		struct espy_buf names = {0};
		char *name, *rest = NULL;

		assert_ptr_equal(espy_kind_find(k->name, k->by), k);
		assert_true(k->n_measures > 0 && k->n_measures <= 15);
		espy_summary_view_columns(k, &names);
		espy_buf_putc(&names, '\0');
		for (name = strtok_r(names.p, ", ", &rest); name;
		     name = strtok_r(NULL, ", ", &rest)) {
			uint32_t *order;

			assert_int_equal(espy_summary_order(s, name, &order), 0);
			free(order);
		}
		espy_buf_done(&names);
		espy_summary_free(s);
	}
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_folders_and_types),
		cmocka_unit_test(test_processes),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_found_later),
		cmocka_unit_test(test_found_by_other_name),
		cmocka_unit_test(test_found_in_next_batch),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
