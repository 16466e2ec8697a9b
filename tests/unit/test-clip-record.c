/* SPDX-License-Identifier: MIT */
/* Which format of a clipboard is read, and what becomes of names and contents of any kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "sense/clip-record.h"

static struct espy_str names[8];

static unsigned offer(const char *list)
{
	unsigned n = 0;

	while (*list) {
		size_t len = strcspn(list, " ");

		names[n++] = (struct espy_str){list, len};
		list += len + (list[len] == ' ');
	}
	return n;
}

static int chosen(const char *list)
{
	return espy_clip_choose(names, offer(list));
}

static void chooses(void **state)
{
	(void)state;
	assert_int_equal(chosen("TARGETS STRING UTF8_STRING text/plain"), 2);
	assert_int_equal(chosen("text/html STRING text/plain;charset=utf-8"), 2);
	assert_int_equal(chosen("TARGETS image/png image/bmp"), 1);
	assert_int_equal(chosen("image/png text/plain"), 1);
	assert_int_equal(chosen("TARGETS TIMESTAMP MULTIPLE DELETE INSERT_SELECTION SAVE_TARGETS"),
			 -1);
	assert_int_equal(chosen("UTF8_STRIN UTF8_STRINGS"), -1);
	assert_int_equal(chosen(""), -1);
}

static void knows_secrets(void **state)
{
	(void)state;
	assert_true(espy_clip_is_secret(names, offer("TARGETS x-kde-passwordManagerHint")));
	assert_false(espy_clip_is_secret(names, offer("TARGETS x-kde-passwordManagerHint2")));
	assert_false(espy_clip_is_secret(names, 0));
}

static struct espy_str text_of(const struct espy_buf *b, size_t at, struct espy_text t)
{
	return (struct espy_str){b->p + at + t.off, t.len};
}

/* Two records one behind the other: texts lie inside theirs, the second is aligned. */
static void makes_records(void **state)
{
	struct espy_clip c = {.began = 100,
			      .ended = 250,
			      .size = 3,
			      .pid = 42,
			      .window = 0x400001,
			      .change = ESPY_CLIP_TAKEN,
			      .owner_from = ESPY_CLIP_OWNER_X_SERVER,
			      .status = ESPY_CLIP_DONE,
			      .selection = "PRIMARY",
			      .display = ":1",
			      .format = "UTF8_STRING",
			      .sha256 = "abc"};
	const struct espy_ev_desktop_clipboard *rec;
	struct espy_buf b = {0};
	size_t second;

	(void)state;
	espy_clip_add_format(&c, ESPY_STR("TARGETS"));
	espy_clip_add_format(&c, ESPY_STR("a\0b")); /* must not pass for two */
	espy_buf_add(&c.content, "x\0y", 3);
	assert_int_equal(espy_clip_record(&c, &b), 0);
	second = b.n;
	assert_int_equal(second % 8, 0);
	c.change = ESPY_CLIP_CLIENT_GONE;
	assert_int_equal(espy_clip_record(&c, &b), 0);
	rec = (const void *)b.p;
	assert_int_equal(rec->hdr.size, second);
	assert_int_equal(rec->hdr.time, 250);
	assert_int_equal(rec->hdr.duration, 150);
	assert_int_equal(rec->hdr.pid, 42);
	assert_int_equal(rec->hdr.start, 0);
	assert_int_equal(rec->hdr.flags, 0);
	assert_true(espy_str_eq(text_of(&b, 0, rec->selection), ESPY_STR("PRIMARY")));
	assert_true(espy_str_eq(text_of(&b, 0, rec->formats), ESPY_STR("TARGETS\0a\0")));
	assert_true(espy_str_eq(text_of(&b, 0, rec->clip_format), ESPY_STR("UTF8_STRING")));
	assert_true(espy_str_eq(text_of(&b, 0, rec->content_sha256), ESPY_STR("abc")));
	assert_true(espy_str_eq(text_of(&b, 0, rec->clip_content), ESPY_STR("x\0y")));
	rec = (const void *)(b.p + second);
	assert_int_equal(rec->clip_change, ESPY_CLIP_CLIENT_GONE);
	assert_true(espy_str_eq(text_of(&b, second, rec->display), ESPY_STR(":1")));
	assert_int_equal(second + rec->hdr.size, b.n);
	espy_buf_done(&b);
	espy_clip_done(&c);
}

/* As large as it may be, it still is a record: offsets are of 16 bits. */
static void bounds_records(void **state)
{
	static char name[400], content[ESPY_CLIP_CONTENT_BYTES];
	struct espy_clip c = {.selection = "CLIPBOARD", .display = ":0"};
	const struct espy_ev_desktop_clipboard *rec;
	struct espy_buf b = {0};

	(void)state;
	memset(name, 'n', sizeof(name));
	for (unsigned i = 0; i < 3 * ESPY_CLIP_FORMATS_MAX; i++)
		espy_clip_add_format(&c, (struct espy_str){name, sizeof(name)});
	assert_true(c.cut);
	assert_true(c.formats.n <= ESPY_CLIP_FORMATS_BYTES);
	assert_int_equal(c.formats.n % (ESPY_CLIP_FORMAT_NAME + 1), 0);
	memset(c.format, 'f', sizeof(c.format) - 1);
	espy_buf_add(&c.content, content, sizeof(content));
	assert_int_equal(espy_clip_record(&c, &b), 0);
	rec = (const void *)b.p;
	assert_int_equal(rec->hdr.flags, ESPY_F_TRUNCATED);
	assert_true(rec->hdr.size < 65536);
	assert_int_equal(rec->clip_content.len, sizeof(content));
	assert_true(rec->display.off + rec->display.len + 7u >= rec->hdr.size);
	espy_buf_done(&b);
	espy_clip_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses),
		cmocka_unit_test(knows_secrets),
		cmocka_unit_test(makes_records),
		cmocka_unit_test(bounds_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
