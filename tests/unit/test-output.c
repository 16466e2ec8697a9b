/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "format/output-cell.h"
#include "format/output.h"
#include "format/perfetto-proto.h"
#include "format/thrift.h"
#include "rows.h"

/* What the outputs write is read by other programs in tests/golden/check-convert. */

static void outputs_by_name(void **state)
{
	const struct espy_output_format *f;
	size_t lines = 0;

	(void)state;
	for (unsigned i = 0; (f = espy_output_at(i)); i++) {
		assert_ptr_equal(espy_output_find(espy_str0(f->name)), f);
		assert_true(f->help[0]);
		assert_true(f->open && f->batch && f->finish && f->drop);
		lines += f->lines != NULL;
	}
	for (size_t i = 0; espy_formats[i]; i++)
		assert_ptr_equal(espy_output_find(espy_str0(espy_formats[i]->name))->lines,
				 espy_formats[i]);
	assert_true(lines > 0);
	assert_null(espy_output_find(ESPY_STR("sqlit")));
	assert_null(espy_output_find(ESPY_STR_NONE));
}

static void outputs_by_path(void **state)
{
	static const struct {
		const char *path, *name;
	} cases[] = {
		{"a.json", "json"},
		{"a.ecs.json", "ecs"},
		{"a.trace.json", "chrome"},
		{"/tmp/x.y/a.db", "sqlite"},
		{"a.espy", "espy"},
		{"a.parquet", "parquet"},
		{"a.pftrace", "perfetto"},
		{"a", NULL},
		{"a.", NULL},
		{".json", NULL},
		{"a.json.gz", NULL},
		{"-", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct espy_output_format *f = espy_output_of_path(espy_str0(cases[i].path));

		if (cases[i].name)
			assert_string_equal(f ? f->name : "none", cases[i].name);
		else
			assert_null(f);
	}
}

static enum espy_cell_kind kind(const char *name)
{
	return espy_cell_kind(espy_column_find(espy_str0(name)));
}

static void types_of_columns(void **state)
{
	(void)state;
	assert_int_equal(kind("seq"), ESPY_CELL_INT);
	assert_int_equal(kind("result"), ESPY_CELL_INT);
	assert_int_equal(kind("time"), ESPY_CELL_TIME);
	assert_int_equal(kind("atime"), ESPY_CELL_TIME);
	assert_int_equal(kind("path"), ESPY_CELL_TEXT);
	assert_int_equal(kind("pending"), ESPY_CELL_BOOL);
	assert_int_equal(kind("address"), ESPY_CELL_UINT);
	assert_int_equal(kind("flags"), ESPY_CELL_TEXT);
	assert_int_equal(kind("mode"), ESPY_CELL_TEXT); /* a number in file_open only */
}

static void values_of_rows(void **state)
{
	struct espy_buf scratch = {0};
	struct espy_cell cell;
	struct espy_batch *b;
	uint32_t row, proc;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	proc = ROWS_PROC(b, 7, -1, "sh", "sh\0a\xff");
	row = rows_add(b, ESPY_EV_file_open, proc, 1000, "/etc/passwd", 3);
	b->wall_offset = 500;
	assert_true(espy_cell_get(espy_column_find(ESPY_STR("time")), ESPY_CELL_TIME, b, row,
				  &scratch, &cell));
	assert_int_equal(cell.num, 1500);
	assert_true(espy_cell_get(espy_column_find(ESPY_STR("path")), ESPY_CELL_TEXT, b, row,
				  &scratch, &cell));
	assert_true(espy_str_eq(cell.str, ESPY_STR("/etc/passwd")));
	assert_int_equal(cell.id, b->path[row]);
	assert_int_equal(cell.raw.n, 0);
	assert_true(espy_cell_get(espy_column_find(ESPY_STR("cmdline")), ESPY_CELL_TEXT, b, row,
				  &scratch, &cell));
	assert_true(espy_str_eq(cell.str, ESPY_STR("[\"sh\",\"a\xef\xbf\xbd\"]")));
	assert_int_equal(cell.raw.n, 6);
	assert_false(espy_cell_get(espy_column_find(ESPY_STR("remote")), ESPY_CELL_TEXT, b, row,
				   &scratch, &cell));
	espy_buf_done(&scratch);
	espy_batch_free(b);
}

/* Examples of the two specifications. */
static void encodings(void **state)
{
	struct espy_buf out = {0};
	struct espy_thrift t = {.out = &out};
	size_t message;

	(void)state;
	espy_thrift_begin(&t, 0);
	espy_thrift_i32(&t, 1, -1);
	espy_thrift_i64(&t, 20, 300);
	espy_thrift_bool(&t, 21, true);
	espy_thrift_bytes(&t, 22, ESPY_STR("hi"));
	espy_thrift_end(&t);
	assert_int_equal(out.n, 12);
	assert_memory_equal(out.p, "\x15\x01\x06\x28\xd8\x04\x11\x18\x02hi\x00", 12);
	espy_buf_reset(&out);
	espy_proto_number(&out, 1, 150);
	message = espy_proto_begin(&out, 3);
	espy_proto_string(&out, 2, ESPY_STR("a\xff"));
	espy_proto_end(&out, message);
	assert_int_equal(out.n, 11);
	assert_memory_equal(out.p,
			    "\x08\x96\x01\x1a\x06\x12\x04"
			    "a\xef\xbf\xbd",
			    11);
	espy_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_by_name),  cmocka_unit_test(outputs_by_path),
		cmocka_unit_test(types_of_columns), cmocka_unit_test(values_of_rows),
		cmocka_unit_test(encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
