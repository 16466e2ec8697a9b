/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/escape.h"
#include "format/format.h"

/* What every writer says byte for byte is in tests/golden; here are the edges of its contract. */

static void formats_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; espy_formats[i]; i++) {
		const struct espy_format *f = espy_formats[i];

		assert_ptr_equal(espy_format_find(espy_str0(f->name)), f);
		assert_true(f->help[0] && f->suffixes[0] == '.');
		assert_true(f->begin && f->row && f->end);
	}
	assert_non_null(espy_format_find(ESPY_STR("json")));
	assert_null(espy_format_find(ESPY_STR("js")));
	assert_null(espy_format_find(ESPY_STR_NONE));
}

static void lists_of_columns(void **state)
{
	const struct espy_column *c[4];
	struct espy_err err = {0};

	(void)state;
	assert_int_equal(espy_format_columns("time, pid ,path", c, 4, &err), 0);
	assert_string_equal(c[0]->name, "time");
	assert_string_equal(c[1]->name, "pid");
	assert_string_equal(c[2]->name, "path");
	assert_null(c[3]);
	assert_int_equal(espy_format_columns("time,pid,path,op", c, 4, &err), -E2BIG);
	assert_int_equal(espy_format_columns("", c, 4, &err), -EINVAL);
	assert_int_equal(espy_format_columns(" , ", c, 4, &err), -EINVAL);
	assert_int_equal(espy_format_columns("time,  pidd", c, 4, &err), -EINVAL);
	assert_non_null(strstr(err.text, "pidd"));
	assert_non_null(strstr(err.text, " duration "));
	assert_int_equal(espy_format_columns("nope", c, 4, NULL), -EINVAL);
}

static void too_many_columns(void **state)
{
	const struct espy_column *c[ESPY_WRITER_COLUMNS + 1] = {0};
	struct espy_writer_options o = {.columns = c};
	struct espy_writer w = {.rows = 7};

	(void)state;
	for (size_t i = 0; i < ESPY_WRITER_COLUMNS; i++)
		c[i] = espy_column_at(0);
	assert_int_equal(espy_writer_init(&w, espy_formats[0], &o), -E2BIG);
	assert_int_equal(w.rows, 7);
	c[ESPY_WRITER_COLUMNS - 1] = NULL;
	assert_int_equal(espy_writer_init(&w, espy_formats[0], &o), 0);
	espy_writer_done(&w);
}

/* One row whose path is `path`. */
static struct espy_batch *one_row(struct espy_str path)
{
	struct espy_proc p = {.pid = 1, .parent = UINT32_MAX};
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	p.name = espy_dict_add(&b->dict, ESPY_STR("a rather long name of a process"));
	assert_int_equal(espy_batch_add_proc(b, &p), 0);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_chdir), 0);
	assert_int_equal(espy_batch_set_str(b, 0, 0, path), 0);
	b->result[0] = -ENOENT;
	return b;
}

/* Every width, down to where nothing has room: no line is wider, none has a line feed within. */
static void lines_fit_the_terminal(void **state)
{
	struct espy_batch *b = one_row(ESPY_STR(
		"/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/\xff\n/a path that is long enough/x"));

	(void)state;
	for (unsigned width = 1; width <= 200; width++) {
		struct espy_writer_options o = {.width = width};
		struct espy_buf out = {0};
		struct espy_writer w;
		size_t head;

		assert_int_equal(espy_writer_init(&w, espy_format_find(ESPY_STR("text")), &o), 0);
		assert_int_equal(w.format->begin(&w, &out), 0);
		head = out.n;
		assert_int_equal(w.format->row(&w, &out, b, 0), 0);
		assert_true(espy_escape_width((struct espy_str){out.p, head - 1}) <= width);
		assert_true(espy_escape_width((struct espy_str){out.p + head, out.n - head - 1}) <=
			    width);
		assert_ptr_equal(memchr(out.p + head, '\n', out.n - head), out.p + out.n - 1);
		espy_writer_done(&w);
		espy_buf_done(&out);
	}
	espy_batch_free(b);
}

static void a_pipe_gets_whole_names(void **state)
{
	static const char path[] =
		"/a/path/that/is/longer/than/the/usual/width/of/its/column/on/any/terminal";
	struct espy_batch *b = one_row(ESPY_STR(path));
	struct espy_writer_options o = {0};
	struct espy_buf out = {0};
	struct espy_writer w;

	(void)state;
	assert_int_equal(espy_writer_init(&w, espy_format_find(ESPY_STR("text")), &o), 0);
	assert_int_equal(w.format->begin(&w, &out), 0);
	assert_int_equal(out.n, 0); /* one event per line, no head */
	assert_int_equal(w.format->row(&w, &out, b, 0), 0);
	assert_int_equal(w.rows, 1);
	espy_buf_putc(&out, '\0');
	assert_non_null(strstr(out.p, path));
	assert_non_null(strstr(out.p, "a rather long name of a process "));
	assert_non_null(strstr(out.p, " ENOENT "));
	assert_null(strchr(out.p, '\x1b'));
	espy_writer_done(&w);
	espy_buf_done(&out);
	espy_batch_free(b);
}

/* A JSON line without any of the chosen columns is still an object. */
static void an_empty_object(void **state)
{
	const struct espy_column *c[2];
	struct espy_writer_options o = {.columns = c};
	struct espy_batch *b = one_row(ESPY_STR("/x"));
	struct espy_buf out = {0};
	struct espy_writer w;

	(void)state;
	assert_int_equal(espy_format_columns("remote", c, 2, NULL), 0);
	assert_int_equal(espy_writer_init(&w, espy_format_find(ESPY_STR("json")), &o), 0);
	assert_int_equal(w.format->begin(&w, &out), 0);
	assert_int_equal(w.format->row(&w, &out, b, 0), 0);
	assert_int_equal(out.n, 3);
	assert_memory_equal(out.p, "{}\n", 3);
	espy_writer_done(&w);
	espy_buf_done(&out);
	espy_batch_free(b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_by_name),         cmocka_unit_test(lists_of_columns),
		cmocka_unit_test(too_many_columns),        cmocka_unit_test(lines_fit_the_terminal),
		cmocka_unit_test(a_pipe_gets_whole_names), cmocka_unit_test(an_empty_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
