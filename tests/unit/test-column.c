/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <cmocka.h>

#include "model/call.h"
#include "model/column.h"

#define WALL 1000000000000000000LL

static const struct espy_column *column(const char *name)
{
	const struct espy_column *c = espy_column_find(espy_str0(name));

	assert_non_null(c);
	return c;
}

static void set_num(struct espy_batch *b, uint32_t row, const char *name, uint64_t v)
{
	espy_batch_set_num(
		b, row, (unsigned)espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name)),
		v);
}

static void set_str(struct espy_batch *b, uint32_t row, const char *name, struct espy_str s)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	assert_int_equal(espy_batch_set_str(b, row, (unsigned)f, s), 0);
}

/* init (1) and sh (10) with a failed open, a read and an exit by signal; then a row of nobody. */
static int make_batch(void **state)
{
	struct espy_proc init = {.pid = 1, .parent = UINT32_MAX, .login_uid = UINT32_MAX};
	struct espy_proc sh = {.start = 500,
			       .pid = 10,
			       .ppid = 1,
			       .uid = 7,
			       .gid = 8,
			       .euid = 9,
			       .egid = 11,
			       .sid = 12,
			       .cgroup = 13,
			       .login_uid = 14};
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 100;
	b->wall_offset = WALL;
	init.name = espy_dict_add(&b->dict, ESPY_STR("init"));
	sh.name = espy_dict_add(&b->dict, ESPY_STR("sh"));
	sh.exe = espy_dict_add(&b->dict, ESPY_STR("/bin/sh"));
	sh.cmdline = espy_dict_add(&b->dict, ESPY_STR("sh\0-c\0a b\0"));
	sh.user = espy_dict_add(&b->dict, ESPY_STR("ada"));
	sh.tty = espy_dict_add(&b->dict, ESPY_STR("pts/1"));
	espy_batch_add_proc(b, &init);
	espy_batch_add_proc(b, &sh);
	for (unsigned i = 0; i < 4; i++) {
		static const uint16_t types[] = {ESPY_EV_file_open, ESPY_EV_file_read,
						 ESPY_EV_process_exit, ESPY_EV_system_loss};

		assert_int_equal(espy_batch_add(b, types[i]), i);
		b->time[i] = 1000 + i;
		b->duration[i] = 20;
		b->proc[i] = i < 3 ? 1 : UINT32_MAX;
		b->tid[i] = 10 + i;
		b->cpu[i] = 3;
		b->cpu_seq[i] = 77;
	}
	set_str(b, 0, "path", ESPY_STR("/etc/x\n"));
	set_num(b, 0, "flags", 0x80241);
	b->path_source[0] = ESPY_SOURCE_USER;
	b->result[0] = -ENOENT;
	b->abi[0] = ESPY_ABI_IA32;
	b->call[0] = (uint16_t)espy_call_nr(ESPY_ABI_IA32, "openat");
	b->flags[1] = ESPY_F_PENDING;
	set_num(b, 1, "offset", UINT64_MAX);
	b->result[2] = -15;
	b->flags[2] = ESPY_F_NO_ENTRY | ESPY_F_TRUNCATED;
	set_num(b, 2, "signal", 15);
	*state = b;
	return 0;
}

static int free_batch(void **state)
{
	espy_batch_free(*state);
	return 0;
}

static void assert_number(const struct espy_batch *b, uint32_t row, const char *name, int64_t want)
{
	struct espy_buf scratch = {0};
	struct espy_value v;

	if (!espy_column_get(column(name), b, row, &scratch, &v) || v.is_string ||
	    (int64_t)v.num != want)
		fail_msg("%s of row %u is not %ld", name, row, (long)want);
	assert_int_equal(v.is_signed, column(name)->type == ESPY_TYPE_INT);
	espy_buf_done(&scratch);
}

static void assert_text(const struct espy_batch *b, uint32_t row, const char *name,
			struct espy_str want)
{
	struct espy_buf scratch = {0};
	struct espy_value v;

	if (!espy_column_get(column(name), b, row, &scratch, &v) || !v.is_string ||
	    !espy_str_eq(v.str, want))
		fail_msg("%s of row %u is not %s", name, row, want.p);
	if (v.id != UINT32_MAX)
		assert_true(espy_str_eq(espy_dict_get(&b->dict, v.id), want));
	espy_buf_done(&scratch);
}

static void assert_none(const struct espy_batch *b, uint32_t row, const char *name)
{
	struct espy_buf scratch = {0};
	struct espy_value v;

	if (espy_column_get(column(name), b, row, &scratch, &v))
		fail_msg("row %u has a %s", row, name);
	espy_buf_done(&scratch);
}

static void columns_of_every_event(void **state)
{
	const struct espy_batch *b = *state;

	assert_number(b, 1, "seq", 101);
	assert_number(b, 1, "time", 1001);
	assert_number(b, 1, "end", 1021);
	assert_number(b, 1, "duration", 20);
	assert_text(b, 1, "class", ESPY_STR("file"));
	assert_text(b, 1, "op", ESPY_STR("read"));
	assert_text(b, 1, "event", ESPY_STR("file_read"));
	assert_text(b, 0, "syscall", ESPY_STR("ia32:openat"));
	assert_number(b, 0, "result", -ENOENT);
	assert_text(b, 0, "error", ESPY_STR("ENOENT"));
	assert_number(b, 1, "tid", 11);
	assert_number(b, 1, "cpu", 3);
	assert_number(b, 1, "cpu_seq", 77);
	assert_text(b, 0, "path", ESPY_STR("/etc/x\n"));
	assert_text(b, 0, "source", ESPY_STR("user"));
	assert_number(b, 0, "pending", 0);
	assert_number(b, 1, "pending", 1);
	assert_number(b, 2, "truncated", 1);
}

static void columns_of_the_process(void **state)
{
	const struct espy_batch *b = *state;

	assert_number(b, 0, "pid", 10);
	assert_number(b, 0, "ppid", 1);
	assert_number(b, 0, "start", 500);
	assert_text(b, 0, "process", ESPY_STR("sh"));
	assert_text(b, 0, "parent", ESPY_STR("init"));
	assert_text(b, 0, "exe", ESPY_STR("/bin/sh"));
	assert_text(b, 0, "cmdline", ESPY_STR("sh\0-c\0a b\0"));
	assert_number(b, 0, "uid", 7);
	assert_number(b, 0, "gid", 8);
	assert_number(b, 0, "euid", 9);
	assert_number(b, 0, "egid", 11);
	assert_text(b, 0, "user", ESPY_STR("ada"));
	assert_number(b, 0, "session", 12);
	assert_number(b, 0, "login_uid", 14);
	assert_text(b, 0, "tty", ESPY_STR("pts/1"));
	assert_number(b, 0, "cgroup", 13);
}

static void what_a_row_lacks(void **state)
{
	const struct espy_batch *b = *state;

	assert_none(b, 1, "error");   /* did not fail */
	assert_none(b, 1, "result");  /* not finished */
	assert_none(b, 1, "syscall"); /* none did it */
	assert_none(b, 1, "path");    /* empty */
	assert_none(b, 1, "flags");   /* a read has no such field */
	assert_none(b, 1, "remote");
	assert_none(b, 2, "duration"); /* its entry was not seen */
	assert_none(b, 2, "error");    /* -15 is a signal */
	assert_none(b, 3, "pid");      /* nobody's */
	assert_none(b, 3, "process");
	assert_none(b, 3, "parent");
}

static void fields_are_columns(void **state)
{
	const struct espy_batch *b = *state;
	const struct espy_column *flags = column("flags");

	assert_number(b, 0, "flags", 0x80241);
	assert_number(b, 1, "offset", -1);
	assert_int_equal(espy_column_fmt(flags, b, 0), ESPY_FMT_FLAGS_open);
	assert_int_equal(espy_column_fmt(column("result"), b, 0), ESPY_FMT_ERRNO);
	assert_int_equal(espy_column_fmt(column("result"), b, 2), ESPY_FMT_EXIT);
	assert_int_equal(espy_column_field(flags, espy_schema_get(ESPY_EV_file_read)), -1);
	assert_int_equal(espy_column_field(flags, espy_schema_get(ESPY_EV_file_open)),
			 espy_schema_field(espy_schema_get(ESPY_EV_file_open), ESPY_STR("flags")));
	/* a name that every event has stays that column */
	assert_int_equal(espy_column_field(column("path"), espy_schema_get(ESPY_EV_file_open)), -1);
	assert_true(column("uid")->id < ESPY_COL__FIELDS);
}

static void the_list_of_columns(void **state)
{
	const struct espy_column *c;
	unsigned n = 0;

	(void)state;
	for (; (c = espy_column_at(n)); n++) {
		assert_int_equal(c->id, n);
		assert_ptr_equal(espy_column_find(espy_str0(c->name)), c);
		assert_true(c->title[0] && c->doc[0] && c->width);
	}
	assert_true(n > ESPY_COL__FIELDS);
	assert_null(espy_column_find(ESPY_STR("no_such_column")));
	assert_null(espy_column_find(ESPY_STR_NONE));
	for (size_t i = 0; i < espy_n_schemas; i++)
		for (unsigned f = 0; f < espy_schemas[i].n_fields; f++)
			if (espy_schema_is_shown(&espy_schemas[i]))
				column(espy_schemas[i].fields[f].name);
	assert_null(espy_column_find(ESPY_STR("inode"))); /* of a definition, which is not shown */
}

static void assert_detail(const struct espy_batch *b, uint32_t row, const char *want)
{
	struct espy_buf out = {0};

	espy_column_detail(&out, b, row);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
}

static void details(void **state)
{
	struct espy_batch *b = *state;
	int row;

	assert_detail(b, 0, "flags: O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC");
	assert_detail(b, 1, "");
	assert_detail(b, 2, "signal: SIGTERM");
	row = espy_batch_add(b, ESPY_EV_process_exec);
	set_str(b, (uint32_t)row, "path", ESPY_STR("/bin/x"));
	set_str(b, (uint32_t)row, "cwd", ESPY_STR("/a\x1b"));
	set_str(b, (uint32_t)row, "argv", ESPY_STR("x\0two words\0"));
	set_num(b, (uint32_t)row, "uid", 5);
	assert_detail(b, (uint32_t)row, "argv: x 'two words', cwd: /a\\e");
	row = espy_batch_add(b, ESPY_EV_file_chown);
	set_num(b, (uint32_t)row, "owner", 0);
	set_num(b, (uint32_t)row, "group", UINT64_MAX);
	set_num(b, (uint32_t)row, "old_owner", UINT64_MAX);
	assert_detail(b, (uint32_t)row, "owner: 0, old_group: 0");
}

static void words_for_a_person(void **state)
{
	struct espy_buf out = {0};

	(void)state;
	espy_column_text(&out, ESPY_FMT_ARGV, ESPY_STR("a\0\0b c\0\xff\0cut"));
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, "a '' 'b c' $'\\377' cut");
	espy_buf_reset(&out);
	espy_column_text(&out, ESPY_FMT_PATH, ESPY_STR("/a b\n"));
	assert_int_equal(out.n, 5);
	assert_memory_equal(out.p, "/a b\n", 5);
	espy_buf_done(&out);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_batch, free_batch)
	static const struct CMUnitTest tests[] = {
		TEST(columns_of_every_event), TEST(columns_of_the_process), TEST(what_a_row_lacks),
		TEST(fields_are_columns),     TEST(the_list_of_columns),    TEST(details),
		TEST(words_for_a_person),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
