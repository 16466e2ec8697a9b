/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "format/format.h"
#include "format/procmon-csv.h"
#include "format/procmon-map.h"
#include "format/procmon-op.h"

#define TIME 1585912345678900ull /* boot clock of the first row */
#define WALL 1600000000000000000ll

static struct espy_batch *b;

static int setup(void **state)
{
	struct espy_proc p = {.pid = 42, .ppid = 1, .parent = UINT32_MAX};

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1;
	b->wall_offset = WALL;
	p.name = espy_dict_add(&b->dict, ESPY_STR("cat"));
	p.exe = espy_dict_add(&b->dict, ESPY_STR("/usr/bin/cat"));
	p.cmdline = espy_dict_add(&b->dict, ESPY_STR("cat\0a \"b\"\0"));
	p.user = espy_dict_add(&b->dict, ESPY_STR("ann"));
	assert_int_equal(espy_batch_add_proc(b, &p), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	espy_batch_free(b);
	return 0;
}

static uint32_t add(unsigned type, const char *path, int64_t result)
{
	int row = espy_batch_add(b, type);

	assert_true(row >= 0);
	b->time[row] = TIME;
	b->duration[row] = 12345;
	b->tid[row] = 43;
	b->result[row] = result;
	if (path)
		espy_batch_set_str(b, (uint32_t)row, 0, espy_str0(path));
	return (uint32_t)row;
}

static void num(uint32_t row, const char *field, uint64_t v)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	assert_true(i >= 0);
	espy_batch_set_num(b, row, (unsigned)i, v);
}

static void str(uint32_t row, const char *field, struct espy_str v)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	assert_true(i >= 0);
	assert_int_equal(espy_batch_set_str(b, row, (unsigned)i, v), 0);
}

/* "operation|class|path|detail|status" */
static void check(uint32_t row, const char *want)
{
	struct espy_procmon_map m;
	struct espy_buf out = {0};

	espy_procmon_map(b, row, &m);
	espy_buf_printf(&out, "%s|%s|", m.operation, m.event_class);
	espy_procmon_map_path(&out, b, row);
	espy_buf_putc(&out, '|');
	espy_procmon_map_detail(&out, b, row);
	espy_buf_printf(&out, "|%x", m.status);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
}

static void test_files(void **state)
{
	uint32_t row = add(ESPY_EV_file_open, "/etc/x", 3);

	(void)state;
	num(row, "flags", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC);
	num(row, "created", 1);
	check(row,
	      "CreateFile|File System|/etc/x|Desired Access: Generic Read/Write, Disposition: "
	      "OverwriteIf, Options: Synchronous IO Non-Alert, Attributes: n/a, ShareMode: Read, "
	      "Write, Delete, AllocationSize: 0, OpenResult: Created|0");
	row = add(ESPY_EV_file_open, "/no", -EACCES);
	check(row, "CreateFile|File System|/no|Desired Access: Generic Read, Disposition: Open, "
		   "Options: Synchronous IO Non-Alert, Attributes: n/a, ShareMode: Read, Write, "
		   "Delete, AllocationSize: n/a|c0000022");
	row = add(ESPY_EV_file_read, "/etc/x", 4096);
	num(row, "requested", 8192);
	num(row, "offset", 1234567);
	check(row, "ReadFile|File System|/etc/x|Offset: 1,234,567, Length: 4,096|0");
	row = add(ESPY_EV_file_read, "/etc/x", 0);
	num(row, "requested", 8192);
	check(row, "ReadFile|File System|/etc/x|Offset: 0, Length: 8,192|c0000011");
	row = add(ESPY_EV_file_rename, "/a", 0);
	str(row, "path2", ESPY_STR("/b, c"));
	check(row,
	      "SetRenameInformationFile|File System|/a|ReplaceIfExists: True, FileName: /b, c|0");
	row = add(ESPY_EV_file_lock, "/a", 0);
	num(row, "command", 6); /* LOCK_EX|LOCK_NB */
	check(row, "LockFile|File System|/a|Exclusive: True, Offset: 0, Length: -1, Fail "
		   "Immediately: True|0");
	num(row, "command", 8); /* LOCK_UN */
	check(row, "UnlockFileSingle|File System|/a|Offset: 0, Length: -1|0");
	row = add(ESPY_EV_file_readdir, "/a", 0);
	check(row, "QueryDirectory|File System|/a||80000006");
	row = add(ESPY_EV_file_readlink, "/a", 1);
	str(row, "target", ESPY_STR("b"));
	check(row, "Read Link|File System|/a|target: b|0");
}

static void test_processes(void **state)
{
	uint32_t row = add(ESPY_EV_process_exec, "/usr/bin/cat", 0);

	(void)state;
	str(row, "argv", (struct espy_str){"cat\0a b", 8});
	str(row, "cwd", ESPY_STR("/tmp"));
	str(row, "env", (struct espy_str){"A=1\0B=2", 8});
	check(row,
	      "Process Start|Process|/usr/bin/cat|Parent PID: 1, Command line: cat a b, Current "
	      "directory: /tmp, Environment: \r;\tA=1\r;\tB=2|0");
	row = add(ESPY_EV_process_exit, NULL, -9);
	num(row, "user_time", 15625000);
	num(row, "peak_memory", 110592);
	check(row,
	      "Process Exit|Process||Exit Status: -9, User Time: 0.0156250 seconds, Kernel Time: "
	      "0.0000000 seconds, Private Bytes: 0, Peak Private Bytes: 0, Working Set: 0, Peak "
	      "Working Set: 110,592|0");
	row = add(ESPY_EV_process_fork, NULL, 99);
	num(row, "child_pid", 99);
	check(row, "Process Create|Process|/usr/bin/cat|PID: 99, Command line: cat a \"b\"|0");
	row = add(ESPY_EV_image_load, "/lib/x.so", 0);
	num(row, "address", 0x7f0012340000);
	num(row, "length", 0x204000);
	check(row,
	      "Load Image|Process|/lib/x.so|Image Base: 0x7f0012340000, Image Size: 0x204000|0");
}

static void test_network(void **state)
{
	uint32_t row = add(ESPY_EV_net_send, "socket", 512);

	(void)state;
	str(row, "protocol", ESPY_STR("tcp"));
	str(row, "local", ESPY_STR("10.0.0.1:50000"));
	str(row, "remote", ESPY_STR("10.0.0.2:443"));
	num(row, "bytes", 512);
	check(row, "TCP Send|Network|10.0.0.1:50000 -> 10.0.0.2:443|Length: 512, seqnum: 0, "
		   "connid: 0|0");
	row = add(ESPY_EV_net_recv, "socket", -EAGAIN);
	str(row, "protocol", ESPY_STR("udp6"));
	str(row, "local", ESPY_STR("[::1]:53"));
	check(row,
	      "UDP Receive|Network|::1:53 -> 0.0.0.0:0|Length: 0, seqnum: 0, connid: 0|c00000d8");
	row = add(ESPY_EV_net_connect, "/run/x.sock", -ECONNREFUSED);
	str(row, "protocol", ESPY_STR("unix"));
	check(row, "Connect|Network|/run/x.sock|protocol: unix|c0000236");
}

/* Every name is one of its operations, so that a log file can hold it. */
static void test_operations_exist(void **state)
{
	static const char *const names[] = {
#define MAP(ev, operation, other, ...) operation, other,
#include "format/procmon-map.def"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct espy_procmon_op *op;
		unsigned k = 0;

		while (names[i][0] && (op = espy_procmon_op_get(k)) && strcmp(op->name, names[i]))
			k++;
		if (names[i][0] && !espy_procmon_op_get(k))
			fail_msg("%s is no operation of procmon.def", names[i]);
	}
}

static void test_every_errno_has_a_status(void **state)
{
	(void)state;
	assert_int_equal(espy_procmon_map_status(0), 0);
	assert_int_equal(espy_procmon_map_status(5), 0);
	assert_int_equal(espy_procmon_map_status(-5000), 0); /* an address */
	assert_int_equal(espy_procmon_map_status(-ENOENT), 0xc0000034);
	for (int e = 1; e < 134; e++)
		assert_true(espy_procmon_map_status(-e) >= 0x80000000u);
}

/* --- the CSV ------------------------------------------------------------------------------------
 */

static void write_csv(const char *list, const char *want)
{
	const struct espy_column *columns[ESPY_WRITER_COLUMNS];
	const struct espy_format *f = espy_format_find(ESPY_STR("procmon-csv"));
	struct espy_writer_options o = {.utc = true};
	struct espy_buf out = {0};
	struct espy_writer w;

	assert_non_null(f);
	if (list) {
		assert_int_equal(
			espy_format_columns_of(f, list, columns, ESPY_WRITER_COLUMNS, NULL), 0);
		o.columns = columns;
	}
	assert_int_equal(espy_writer_init(&w, f, &o), 0);
	assert_int_equal(f->begin(&w, &out), 0);
	for (uint32_t row = 0; row < b->n; row++)
		assert_int_equal(f->row(&w, &out, b, row), 0);
	assert_int_equal(f->end(&w, &out), 0);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
	espy_writer_done(&w);
}

static void test_csv(void **state)
{
	uint32_t row = add(ESPY_EV_file_write, "/a\"b\xff", 5120);

	(void)state;
	num(row, "offset", (uint64_t)-1);
	write_csv(NULL,
		  "\xef\xbb\xbf\"Time of Day\",\"Process Name\",\"PID\",\"Operation\",\"Path\","
		  "\"Result\",\"Detail\"\r\n"
		  "\"8:58:32.3456789 PM\",\"cat\",\"42\",\"WriteFile\",\"/a\"\"b\xef\xbf\xbd\","
		  "\"SUCCESS\",\"Offset: -1, Length: 5,120\"\r\n");
	write_csv("Date & Time,relative_time,duration,class,TID,sequence,category,User,Parent PID",
		  "\xef\xbb\xbf\"Date & Time\",\"Relative Time\",\"Duration\",\"Event "
		  "Class\",\"TID\","
		  "\"Sequence\",\"Category\",\"User\",\"Parent PID\"\r\n"
		  "\"10/1/2020 8:58:32 PM\",\"00:00:00.0000000\",\"0.0000123\",\"File "
		  "System\",\"43\","
		  "\"n/a\",\"Write\",\"ann\",\"1\"\r\n");
}

/* Each of its columns can be chosen by its title. */
static void test_columns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ESPY_PROCMON__MAX; i++) {
		const struct espy_column *c =
			espy_procmon_column_find(espy_str0(espy_procmon_columns[i].title));

		assert_non_null(c);
		assert_int_equal(espy_procmon_column_of(c), i);
	}
	assert_null(espy_procmon_column_find(ESPY_STR("no such")));
	assert_int_equal(espy_procmon_column_of(espy_column_find(ESPY_STR("exe"))),
			 ESPY_PROCMON_image_path);
	assert_int_equal(espy_procmon_column_of(espy_column_find(ESPY_STR("cgroup"))), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_network, setup, teardown),
		cmocka_unit_test(test_operations_exist),
		cmocka_unit_test(test_every_errno_has_a_status),
		cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
