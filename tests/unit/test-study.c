/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "engine/study.h"
#include "rows.h"

static char *text_of(const char *name, const struct espy_batch *b, const uint64_t *bits,
		     enum espy_view_format format, uint32_t limit)
{
	const struct espy_study *s = espy_study_find(name);
	struct espy_summary_view_options o = {.format = format, .limit = limit};
	struct espy_buf out = {0};
	void *state;

	assert_non_null(s);
	assert_int_equal(s->open(&state), 0);
	if (b)
		assert_int_equal(s->batch(state, b, bits), 0);
	assert_int_equal(s->view(state, &out, &o), 0);
	s->close(state);
	espy_buf_putc(&out, 0);
	return out.p;
}

#define HAS(text, what)   assert_non_null(strstr(text, what))
#define LACKS(text, what) assert_null(strstr(text, what))

static void stack(struct espy_batch *b, uint32_t row, const char *frames, uint64_t duration)
{
	b->stack[row] = espy_dict_add(&b->dict, espy_str0(frames));
	b->duration[row] = duration;
}

static void test_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(espy_study_find("cross"), &espy_study_crossref);
	assert_ptr_equal(espy_study_find("activity"), &espy_study_activity);
	assert_null(espy_study_find("file"));
	assert_null(espy_study_find(""));
}

static void test_stack_tree(void **state)
{
	struct espy_batch *b;
	uint32_t sh;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 100, -1, "sh", "sh");
	stack(b, rows_add(b, ESPY_EV_file_open, sh, 1, "/a", 3), "U 0x10 libc+0x1\nU 0x20 sh+0x2\n",
	      100);
	stack(b, rows_add(b, ESPY_EV_file_open, sh, 2, "/a", 3), "U 0x11 libc+0x1\nU 0x21 sh+0x2\n",
	      200);
	stack(b, rows_add(b, ESPY_EV_file_read, sh, 3, "/a", 3), "K 0x9 ext4+0x9\nU 0x20 sh+0x2",
	      5);
	rows_add(b, ESPY_EV_file_close, sh, 4, "/a", 0);
	text = text_of("stack", b, NULL, ESPY_VIEW_JSON, 0);
	/* addresses differ, the calls are the same */
	HAS(text, "{\"summary\":\"stack\",\"events\":3,\"self\":0,\"percent\":100,\"time_ns\":305,"
		  "\"depth\":1,\"call\":\"sh+0x2\"}\n"
		  "{\"summary\":\"stack\",\"events\":2,\"self\":2,\"percent\":66,\"time_ns\":300,"
		  "\"depth\":2,\"call\":\"libc+0x1\"}\n"
		  "{\"summary\":\"stack\",\"events\":1,\"self\":1,\"percent\":33,\"time_ns\":5,"
		  "\"depth\":2,\"call\":\"ext4+0x9\"}\n");
	free(text);
	text = text_of("stack", b, NULL, ESPY_VIEW_TEXT, 20);
	HAS(text, "Stacks: 3 events\n");
	HAS(text, "1 event has no stack\n");
	free(text);
	text = text_of("stack", b, (const uint64_t[]){4}, ESPY_VIEW_JSON, 0);
	HAS(text, "ext4");
	LACKS(text, "libc");
	free(text);
	espy_batch_free(b);
}

/* 100,000 calls deep, and wide: neither exhausts anything. */
static void test_hostile_stacks(void **state)
{
	struct espy_batch *b;
	struct espy_buf deep = {0};
	uint32_t sh;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 100, -1, "sh", "sh");
	for (unsigned i = 0; i < 100000; i++)
		espy_buf_printf(&deep, "U %u\n", i);
	espy_buf_putc(&deep, 0);
	stack(b, rows_add(b, ESPY_EV_file_open, sh, 1, "/a", 3), deep.p, 1);
	stack(b, rows_add(b, ESPY_EV_file_open, sh, 1, "/a", 3), "\n\n\n", 1);
	stack(b, rows_add(b, ESPY_EV_file_open, sh, 1, "/a", 3), "U\n \nU  \n\033[31m", 1);
	for (unsigned i = 0; i < 2000; i++) {
		char one[32];

		snprintf(one, sizeof(one), "U 0x%x m+0x%x", i, i);
		stack(b, rows_add(b, ESPY_EV_file_open, sh, 1, "/a", 3), one, 1);
	}
	text = text_of("stack", b, NULL, ESPY_VIEW_TEXT, 0);
	HAS(text, "2,003 events");
	HAS(text, "m+0x7cf");
	LACKS(text, "\033[31m");
	free(text);
	espy_buf_done(&deep);
	espy_batch_free(b);
}

static void test_crossref(void **state)
{
	struct espy_batch *b;
	uint32_t cc, as, ld, r;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	cc = ROWS_PROC(b, 100, -1, "cc", "cc");
	as = ROWS_PROC(b, 101, -1, "as", "as");
	ld = ROWS_PROC(b, 102, -1, "ld", "ld");
	rows_add(b, ESPY_EV_file_write, cc, 1, "/t/x.s", 500);
	rows_add(b, ESPY_EV_file_read, as, 2, "/t/x.s", 500);
	rows_add(b, ESPY_EV_file_write, as, 3, "/t/tmp", 70);
	r = rows_add(b, ESPY_EV_file_rename, as, 4, "/t/tmp", 0);
	rows_str(b, r, "path2", "/t/x.o", 6);
	rows_add(b, ESPY_EV_file_read, ld, 5, "/t/x.o", 70);
	rows_add(b, ESPY_EV_file_write, ld, 6, "/t/own", 9);
	rows_add(b, ESPY_EV_file_read, ld, 7, "/t/own", 9);
	rows_add(b, ESPY_EV_file_write, cc, 8, "/t/failed", -ENOSPC);
	rows_add(b, ESPY_EV_file_read, ld, 9, "/t/failed", 0);
	text = text_of("crossref", b, NULL, ESPY_VIEW_CSV, 0);
	assert_string_equal(text, "written,read,writers,readers,path\n"
				  "500,500,cc[100],as[101],/t/x.s\n"
				  "70,70,as[101],ld[102],/t/x.o\n");
	free(text);
	text = text_of("crossref", b, NULL, ESPY_VIEW_TEXT, 1);
	HAS(text, "Cross reference: 2 paths");
	HAS(text, "... and 1 more\n");
	free(text);
	espy_batch_free(b);
}

static void test_crossref_names_eight(void **state)
{
	struct espy_batch *b;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t p = ROWS_PROC(b, 100 + i, -1, "p", "p");

		rows_add(b, i ? ESPY_EV_file_read : ESPY_EV_file_write, p, 1, "/f", 1);
	}
	text = text_of("crossref", b, NULL, ESPY_VIEW_CSV, 0);
	HAS(text, "1,8,p[100],\"p[101], p[102], p[103], p[104], p[105], p[106], p[107], p[108] and "
		  "more\",/f\n");
	free(text);
	espy_batch_free(b);
}

/* An hour with an event each second, then one at its end: slices grow with it, nothing is lost. */
static void test_activity(void **state)
{
	const uint64_t second = 1000000000u;
	struct espy_batch *b;
	uint32_t sh, cc, r;
	char *text;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	sh = ROWS_PROC(b, 100, -1, "sh", "sh");
	cc = ROWS_PROC(b, 101, (int)sh, "cc", "cc\0-c");
	for (unsigned i = 0; i < 3600; i++)
		rows_add(b, ESPY_EV_file_read, sh, second * (i + 1), "/f", 10);
	rows_add(b, ESPY_EV_file_write, cc, second * 3600, "/g", 7);
	r = rows_add(b, ESPY_EV_process_exit, cc, second * 3600, NULL, 0);
	rows_num(b, r, "user_time", 30);
	rows_num(b, r, "system_time", 12);
	text = text_of("activity", b, NULL, ESPY_VIEW_TEXT, 0);
	HAS(text, "Activity: 2 processes");
	HAS(text, "3,600");
	free(text);
	text = text_of("activity", b, NULL, ESPY_VIEW_JSON, 0);
	HAS(text, "\"pid\":101,\"process\":\"cc\",\"argv\":[\"cc\",\"-c\"],\"failures\":0,\"cpu_"
		  "ns\":42,");
	HAS(text, "\"slice_ns\":52428800000,");
	free(text);
	text = text_of("activity", b, NULL, ESPY_VIEW_CSV, 0);
	HAS(text, ",52428800000,53,530,0\n"); /* 52.4 s hold 52 or 53 of them */
	HAS(text, ",7\n");
	free(text);
	espy_batch_free(b);
}

static void test_empty(void **state)
{
	const struct espy_study *s;

	(void)state;
	for (unsigned i = 0; (s = espy_study_at(i)); i++)
		for (unsigned f = ESPY_VIEW_TEXT; f <= ESPY_VIEW_CSV; f++)
			free(text_of(s->name, NULL, NULL, (enum espy_view_format)f, 20));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_name),
		cmocka_unit_test(test_stack_tree),
		cmocka_unit_test(test_hostile_stacks),
		cmocka_unit_test(test_crossref),
		cmocka_unit_test(test_crossref_names_eight),
		cmocka_unit_test(test_activity),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
