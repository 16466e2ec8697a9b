/* SPDX-License-Identifier: MIT */
/* Process Monitor's log files as Espy writes them: read back by Espy's own reader. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>
#include "format/output.h"
#include "format/pml-write-sort.h"
#include "format/pml-write-words.h"
#include "format/procmon-text.h"
#include "format/reader.h"

#define WALL 1600000000000000000ll

/* --- sorting ------------------------------------------------------------------------------------
 */

struct sorted {
	uint64_t last, n, last_place;
};

/* Records are their time and their place among those of one time. */
static int take(void *state, const char *p, uint32_t size)
{
	struct sorted *s = state;
	uint64_t v[2];

	assert_true(size >= sizeof(v));
	memcpy(v, p, sizeof(v));
	assert_true(v[0] >= s->last);
	if (v[0] == s->last && s->n)
		assert_true(v[1] > s->last_place);
	s->last = v[0];
	s->last_place = v[1];
	s->n++;
	return 0;
}

static void sort_with(size_t memory, size_t runs)
{
	struct espy_sort s;
	struct sorted state = {0};
	char record[200] = "";

	espy_sort_init(&s);
	s.memory = memory;
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t v[2] = {i * 7919 % 1000, i};

		memcpy(record, v, sizeof(v));
		assert_int_equal(espy_sort_add(&s, v[0], record, 16 + (uint32_t)(i % 100)), 0);
	}
	assert_true(runs ? s.runs.n >= runs : !s.runs.n);
	assert_int_equal(espy_sort_each(&s, take, &state), 0);
	assert_int_equal(state.n, 5000);
	espy_sort_done(&s);
}

static void test_sorting(void **state)
{
	(void)state;
	sort_with(64 << 20, 0);
	sort_with(20000, 10);
}

static void test_no_records(void **state)
{
	struct espy_sort s;

	(void)state;
	espy_sort_init(&s);
	assert_int_equal(espy_sort_each(&s, take, NULL), 0);
	espy_sort_done(&s);
}

/* --- words --------------------------------------------------------------------------------------
 */

static void test_items(void **state)
{
	static const char *const names[] = {"Desired Access", "Disposition", "Length", "Name",
					    NULL};
	struct espy_pml_items d = {
		ESPY_STR("Desired Access: Generic Read, Delete, Disposition: Open, "
			 "Length: -4,096, Name: a, Length: 5"),
		names};
	struct espy_str s;

	(void)state;
	assert_true(espy_pml_items_get(&d, "Desired Access", &s));
	assert_true(espy_str_eq(s, ESPY_STR("Generic Read, Delete")));
	assert_int_equal(espy_pml_bits_of(ESPY_PML_WORDS_file_access, s), 0x120089 | 0x10000);
	assert_int_equal(espy_pml_items_number(&d, "Length"), -4096);
	assert_true(espy_pml_items_get(&d, "Name", &s));
	assert_true(espy_str_eq(s, ESPY_STR("a, Length: 5")));
	d.text = ESPY_STR("Length: 3");
	assert_false(espy_pml_items_get(&d, "Name", &s));
	assert_int_equal(espy_pml_bits_of(ESPY_PML_WORDS_attributes, ESPY_STR("RANCI")),
			 0x1 | 0x20 | 0x2000);
	assert_int_equal(espy_pml_control_of(ESPY_STR("FSCTL_GET_REPARSE_POINT")), 0x900a8);
	assert_int_equal(
		espy_pml_control_of(ESPY_STR("0x5401 (Device:0x0 Function:1280 Method: 1)")),
		0x5401);
}

/* Cut and odd texts are read without looking beyond their end. */
static void test_odd_items(void **state)
{
	static const char *const names[] = {"A", "B", NULL};
	static const char text[] = "A: 99999999999999999999999999999999999999999999999999, B: ";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *exact = malloc(n ? n : 1);
		struct espy_pml_items d = {{exact, n}, names};

		memcpy(exact, text, n);
		espy_pml_items_number(&d, "A");
		espy_pml_items_number(&d, "B");
		espy_pml_items_date(&d, "A");
		espy_pml_items_ticks(&d, "B");
		free(exact);
	}
}

/* --- files --------------------------------------------------------------------------------------
 */

enum { EXEC, OPEN, READ, FAILED, SEND, LINK, EXIT, ROWS };

static void set_str(struct espy_batch *b, int row, const char *field, struct espy_str v)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	assert_true(i >= 0);
	assert_int_equal(espy_batch_set_str(b, (uint32_t)row, (unsigned)i, v), 0);
}

static void set_num(struct espy_batch *b, int row, const char *field, uint64_t v)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	assert_true(i >= 0);
	espy_batch_set_num(b, (uint32_t)row, (unsigned)i, v);
}

static void fill_rows(struct espy_batch *b)
{
	set_str(b, EXEC, "argv", (struct espy_str){"cat\0a, b", 8});
	set_str(b, EXEC, "cwd", ESPY_STR("/tmp"));
	set_num(b, OPEN, "flags", O_RDWR | O_CREAT | O_NOFOLLOW);
	set_num(b, READ, "requested", 1 << 20);
	set_num(b, READ, "offset", 123456789012ull);
	set_str(b, SEND, "protocol", ESPY_STR("tcp"));
	set_str(b, SEND, "local", ESPY_STR("[2001:db8::1]:50000"));
	set_str(b, SEND, "remote", ESPY_STR("[2001:db8::2]:443"));
	set_num(b, SEND, "bytes", 512);
	set_str(b, LINK, "target", ESPY_STR("b"));
	set_num(b, EXIT, "system_time", 20000000);
	b->stack[READ] =
		espy_dict_add(&b->dict, ESPY_STR("K 0xffffffff81234567 vmlinux+0x1\n"
						 "U 0x7f0012340010 /lib/libc.so.6+0x10\n"));
}

/* In the order of their ends: times go back. */
static struct espy_batch *make_batch(void)
{
	static const struct {
		unsigned type;
		const char *path;
		int64_t result;
		uint64_t time, duration;
	} rows[ROWS] = {
		[EXEC] = {ESPY_EV_process_exec, "/usr/bin/cat", 0, 1000000000, 5000},
		[OPEN] = {ESPY_EV_file_open, "/tmp/caf\xc3\xa9", 3, 1000009900, 700},
		[READ] = {ESPY_EV_file_read, "/tmp/caf\xc3\xa9", 4096, 1000008800, 90000},
		[FAILED] = {ESPY_EV_file_unlink, "/tmp/none", -ENOENT, 1000100000, 1200},
		[SEND] = {ESPY_EV_net_send, "socket", 512, 1000110000, 3400},
		[LINK] = {ESPY_EV_file_readlink, "/tmp/l", 1, 1000120000, 100},
		[EXIT] = {ESPY_EV_process_exit, NULL, 7, 1000130000, 0},
	};
	struct espy_proc p = {.pid = 4242, .ppid = 1, .start = 999000000, .parent = UINT32_MAX};
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1;
	b->wall_offset = WALL;
	p.name = espy_dict_add(&b->dict, ESPY_STR("cat"));
	p.exe = espy_dict_add(&b->dict, ESPY_STR("/usr/bin/cat"));
	p.cmdline = espy_dict_add(&b->dict, (struct espy_str){"cat\0x\0", 6});
	p.user = espy_dict_add(&b->dict, ESPY_STR("ann"));
	espy_batch_add_proc(b, &p);
	for (int i = 0; i < ROWS; i++) {
		assert_int_equal(espy_batch_add(b, rows[i].type), i);
		b->time[i] = rows[i].time;
		b->duration[i] = rows[i].duration;
		b->result[i] = rows[i].result;
		b->tid[i] = 4243;
		if (rows[i].path)
			set_str(b, i, "path", espy_str0(rows[i].path));
	}
	fill_rows(b);
	return b;
}

/* Writes the batch to a file in memory, which stands at its start then. */
static int write_pml(const struct espy_batch *b)
{
	const struct espy_output_format *f = espy_output_find(ESPY_STR("pml"));
	struct espy_machine m = {.host = "box", .kernel = "6.1.0", .os = "Debian", .cpus = 2};
	struct espy_output_options o = {.path = "x.pml", .machine = &m, .stacks = true};
	struct espy_err err = {0};
	int fd = memfd_create("pml", 0);
	void *state;

	assert_non_null(f);
	assert_true(fd >= 0);
	if (f->open(&state, fd, &o, &err) < 0 || f->batch(state, b, NULL, &err) < 0)
		fail_msg("%s", err.text);
	if (f->finish(state, NULL, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void read_pml(int fd, struct espy_batch *b)
{
	const struct espy_reader_format *f = espy_reader_find(ESPY_STR("pml"));
	struct espy_err err = {0};
	void *state;

	assert_non_null(f);
	if (f->open(&state, fd, "x.pml", &err) < 0)
		fail_msg("%s", err.text);
	while (f->snapshot(state, b, &err) > 0)
		;
	assert_int_equal(f->next(state, b, &err), 1);
	f->close(state);
}

static void check_column(const struct espy_batch *b, uint32_t row, enum espy_procmon_column c,
			 const char *want)
{
	struct espy_procmon_context ctx = {0};
	struct espy_buf out = {0};

	assert_int_equal(espy_procmon_text(&out, b, row, c, &ctx), 0);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
}

static void check_row(const struct espy_batch *b, uint32_t row, const char *operation,
		      const char *path, const char *result, const char *detail)
{
	check_column(b, row, ESPY_PROCMON_operation, operation);
	check_column(b, row, ESPY_PROCMON_path, path);
	check_column(b, row, ESPY_PROCMON_result, result);
	check_column(b, row, ESPY_PROCMON_detail, detail);
	check_column(b, row, ESPY_PROCMON_pid, "4242");
	check_column(b, row, ESPY_PROCMON_tid, "4243");
	check_column(b, row, ESPY_PROCMON_parent_pid, "1");
	check_column(b, row, ESPY_PROCMON_process_name, "cat");
	check_column(b, row, ESPY_PROCMON_user, "ann");
	check_column(b, row, ESPY_PROCMON_command_line, "cat x");
}

/* The rows by their times, which is how the file has them. */
static void test_read_back(void **state)
{
	struct espy_batch *b = make_batch(), *r;

	(void)state;
	assert_int_equal(espy_batch_new(&r), 0);
	read_pml(write_pml(b), r);
	assert_int_equal(r->n, ROWS);
	check_row(r, 0, "Process Start", "", "SUCCESS",
		  "Parent PID: 1, Command line: cat a, b, Current directory: /tmp, Environment: ");
	check_row(r, 1, "ReadFile", "/tmp/caf\xc3\xa9", "SUCCESS",
		  "Offset: 123,456,789,012, Length: 4,096");
	check_row(
		r, 2, "CreateFile", "/tmp/caf\xc3\xa9", "SUCCESS",
		"Desired Access: Generic Read/Write, Disposition: OpenIf, Options: Synchronous IO "
		"Non-Alert, Open Reparse Point, Attributes: n/a, ShareMode: Read, Write, Delete, "
		"AllocationSize: 0, OpenResult: Opened");
	check_row(r, 3, "SetDispositionInformationFile", "/tmp/none", "NAME NOT FOUND",
		  "Delete: True");
	check_row(r, 4, "TCP Send", "2001:db8::1:50000 -> 2001:db8::2:443", "SUCCESS",
		  "Length: 512, seqnum: 0, connid: 0");
	check_row(r, 5, "Debug Output Profiling", "", "SUCCESS",
		  "Output: Read Link: /tmp/l, target: b");
	check_row(r, 6, "Process Exit", "", "SUCCESS",
		  "Exit Status: 7, User Time: 0.0000000 seconds, Kernel Time: 0.0200000 seconds, "
		  "Private Bytes: 0, Peak Private Bytes: 0, Working Set: 0, Peak Working Set: 0");
	check_column(r, 1, ESPY_PROCMON_duration, "0.0000900");
	check_column(r, 1, ESPY_PROCMON_time_of_day, "12:26:41.0000088 PM");
	assert_int_equal(r->time[1] + (uint64_t)r->wall_offset, 1000008800 + WALL);
	assert_true(r->stack[1]);
	espy_batch_free(r);
	espy_batch_free(b);
}

/* What was read is written as the same again. */
static void test_written_again(void **state)
{
	struct espy_batch *b = make_batch(), *first, *second;

	(void)state;
	assert_int_equal(espy_batch_new(&first), 0);
	assert_int_equal(espy_batch_new(&second), 0);
	read_pml(write_pml(b), first);
	read_pml(write_pml(first), second);
	assert_int_equal(first->n, second->n);
	for (uint32_t row = 0; row < first->n; row++) {
		assert_int_equal(first->time[row], second->time[row]);
		assert_int_equal(first->status[row], second->status[row]);
		for (unsigned c = 0; c < ESPY_PROCMON__MAX; c++) {
			struct espy_procmon_context ctx = {0};
			struct espy_buf x = {0};

			espy_procmon_text(&x, first, row, (enum espy_procmon_column)c, &ctx);
			espy_buf_putc(&x, '\0');
			check_column(second, row, (enum espy_procmon_column)c, x.p);
			espy_buf_done(&x);
		}
	}
	espy_batch_free(first);
	espy_batch_free(second);
	espy_batch_free(b);
}

static void test_long_strings_are_cut(void **state)
{
	struct espy_batch *b = make_batch(), *r;
	size_t n = 40000;
	char *path = malloc(n);

	(void)state;
	memset(path, 'x', n);
	path[0] = '/';
	set_str(b, OPEN, "path", (struct espy_str){path, n});
	assert_int_equal(espy_batch_new(&r), 0);
	read_pml(write_pml(b), r);
	assert_int_equal(espy_dict_get(&r->dict, r->path[2]).n, 0x7fff);
	free(path);
	espy_batch_free(r);
	espy_batch_free(b);
}

static void test_no_events(void **state)
{
	const struct espy_reader_format *f = espy_reader_find(ESPY_STR("pml"));
	struct espy_batch *b;
	struct espy_err err = {0};
	void *reader;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(f->open(&reader, write_pml(b), "x.pml", &err), 0);
	while (f->snapshot(reader, b, &err) > 0)
		;
	assert_int_equal(f->next(reader, b, &err), 0);
	f->close(reader);
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_no_records),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_odd_items),
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_written_again),
		cmocka_unit_test(test_long_strings_are_cut),
		cmocka_unit_test(test_no_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
