/* SPDX-License-Identifier: MIT */
/* Files of Process Monitor made byte by byte: what is wrong with them, and what real files are too
 * small or too well to show. What they mean is compared with Process Monitor in tests/procmon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "format/procmon-text.h"
#include "format/reader.h"

#define TIME_2020 0x01d656f900000000ull
#define HIGH      0x100001000ull /* an offset that 32 bits cannot hold */

struct file {
	uint8_t p[8192];
	size_t n;
	uint64_t offsets[8];
	unsigned n_events;
};

static void put(struct file *f, size_t at, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f->p[at + i] = (uint8_t)(v >> 8 * i);
	if (at + bytes > f->n)
		f->n = at + bytes;
}

static void start(struct file *f)
{
	*f = (struct file){.n = 0x3a8};
	memcpy(f->p, "PML_", 4);
	put(f, 4, 9, 4);
	put(f, 8, 1, 4);
	put(f, 0xc, 'P', 2);
	put(f, 0xe, 'C', 2);
	put(f, 0x240, 0x3a8, 8);
	put(f, 0x268, 0x7ffffffeffff, 8);
	f->n = 0x3a8;
}

/* An event at the end of what is there; `detail` is copied. */
static size_t add_event(struct file *f, unsigned class_id, unsigned operation, uint32_t status,
			const void *detail, size_t n)
{
	size_t at = f->n;

	put(f, at, 7, 4); /* process */
	put(f, at + 4, 11, 4);
	put(f, at + 8, class_id, 4);
	put(f, at + 12, operation, 4);
	put(f, at + 16, f->n_events, 4);
	put(f, at + 20, 25, 8);
	put(f, at + 28, TIME_2020 + f->n_events, 8);
	put(f, at + 36, status, 4);
	put(f, at + 40, 0, 4);
	put(f, at + 44, n, 4);
	put(f, at + 48, 0, 4);
	memcpy(f->p + at + 52, detail, n);
	f->n += n;
	f->offsets[f->n_events++] = at;
	return at;
}

static void add_thread(struct file *f, uint32_t tid)
{
	uint8_t detail[4] = {(uint8_t)tid};

	add_event(f, 1, 3, 0, detail, sizeof(detail));
}

/* Offsets, one process, no strings, icons, hosts and ports. */
static void finish(struct file *f)
{
	put(f, 0x234, f->n_events, 4);
	put(f, 0x248, f->n, 8);
	for (unsigned i = 0; i < f->n_events; i++)
		put(f, f->n, f->offsets[i], 5);
	put(f, 0x250, f->n, 8);
	put(f, f->n, 1, 4);
	put(f, f->n, 7, 4);
	put(f, f->n, 12, 4);
	put(f, f->n, 7, 4);
	put(f, f->n, 1234, 4);     /* pid */
	put(f, f->n + 0x58, 1, 8); /* the rest of the entry */
	put(f, f->n, 0, 4);        /* modules */
	put(f, 0x258, f->n, 8);
	put(f, f->n, 0, 4);
	put(f, 0x260, f->n, 8);
	put(f, f->n, 0, 4);
	put(f, 0x3a0, f->n, 8);
	put(f, f->n, 0, 8);
}

/* The first `n` bytes as a file; more may follow at HIGH. */
static int open_file(struct espy_reader **ret, const struct file *f, size_t n, struct espy_err *err)
{
	char path[64];
	int fd = memfd_create("pml", MFD_CLOEXEC), r;

	assert_int_equal(write(fd, f->p, n), n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = espy_reader_open(ret, path, espy_reader_find(ESPY_STR("pml")), err);
	close(fd);
	return r;
}

static void fails(const struct file *f, size_t n, const char *sentence)
{
	struct espy_reader *in = NULL;
	struct espy_err err = {0};

	assert_int_equal(open_file(&in, f, n, &err), -EBADMSG);
	if (!strstr(err.text, sentence))
		fail_msg("%s: not %s", err.text, sentence);
	assert_null(in);
}

static void test_refused(void **state)
{
	struct file f;

	(void)state;
	start(&f);
	add_thread(&f, 1);
	finish(&f);
	fails(&f, 100, "ends at offset 100");
	put(&f, 4, 8, 4);
	fails(&f, f.n, "version 8");
	f.p[0] = 'X';
	fails(&f, f.n, "does not begin with PML_");
}

static struct espy_batch *new_batch(void)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	return b;
}

static void check_tid(const struct espy_batch *b, uint32_t row, uint64_t want)
{
	int field = espy_schema_field(espy_schema_get(b->type[row]), ESPY_STR("child_tid"));

	assert_true(field >= 0);
	assert_int_equal(espy_batch_get(b, row, (unsigned)field).num, want);
}

/* What lies before and behind a damaged place is read, and the place is told once. */
static void test_damaged(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_err err = {0};
	struct espy_reader *in;
	struct file f;

	(void)state;
	start(&f);
	for (uint32_t i = 1; i <= 4; i++)
		add_thread(&f, i);
	f.offsets[1] = 0x7fffffff;
	f.offsets[2] = 0xffffffffff;
	finish(&f);
	assert_int_equal(open_file(&in, &f, f.n, &err), 0);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(espy_reader_next(in, b, &err), 1);
		assert_int_equal(b->n, 1);
		check_tid(b, 0, 1);
		assert_int_equal(espy_reader_next(in, b, &err), -EBADMSG);
		assert_non_null(strstr(err.text, "event 2 at offset 2147483647"));
		assert_non_null(strstr(err.text, "2 left out"));
		assert_int_equal(espy_reader_next(in, b, &err), 1);
		assert_int_equal(b->n, 1);
		assert_int_equal(b->first_seq, 2);
		check_tid(b, 0, 4);
		assert_int_equal(espy_reader_next(in, b, &err), 0);
		assert_int_equal(espy_reader_ending(in)->events, 2);
		espy_reader_rewind(in);
	}
	espy_reader_close(in);
	espy_batch_free(b);
}

/* Offsets have 40 bits: the same bytes 4 GiB further on. */
static void test_far(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_err err = {0};
	struct espy_reader *in;
	struct file f;
	char path[64];
	size_t at;
	int fd;

	(void)state;
	start(&f);
	add_thread(&f, 1);
	at = f.offsets[0];
	f.offsets[0] = HIGH;
	finish(&f);
	fd = memfd_create("pml", MFD_CLOEXEC);
	assert_int_equal(pwrite(fd, f.p, f.n, 0), f.n);
	f.p[at + 52] = 9;
	assert_int_equal(pwrite(fd, f.p + at, 56, HIGH), 56);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(espy_reader_open(&in, path, NULL, &err), 0);
	assert_int_equal(espy_reader_next(in, b, &err), 1);
	assert_int_equal(b->n, 1);
	check_tid(b, 0, 9);
	assert_int_equal(espy_batch_proc(b, 0)->pid, 1234);
	assert_string_equal(espy_reader_machine(in)->host, "PC");
	espy_reader_close(in);
	close(fd);
	espy_batch_free(b);
}

/* The same of a file whose end is missing. */
static void test_cut(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_err err = {0};
	struct espy_reader *in;
	struct file f;

	(void)state;
	start(&f);
	add_thread(&f, 1);
	add_thread(&f, 2);
	finish(&f);
	assert_int_equal(open_file(&in, &f, f.offsets[1] + 20, &err), 0);
	assert_int_equal(espy_reader_next(in, b, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "cut short"));
	assert_int_equal(espy_reader_next(in, b, &err), 1);
	assert_int_equal(b->n, 1);
	check_tid(b, 0, 1);
	assert_int_equal(espy_reader_next(in, b, &err), 0);
	espy_reader_close(in);
	espy_batch_free(b);
}

/* Without tables: one event behind another, processes as far as events tell. */
static void test_not_closed(void **state)
{
	static const char name[] = "C:\\a\\b.exe", command[] = "b.exe -x";
	struct espy_batch *b = new_batch();
	struct espy_err err = {0};
	struct espy_reader *in;
	uint8_t detail[128] = {7, 0, 0, 0, 99};
	struct file f;

	(void)state;
	detail[46] = sizeof(name) - 1;
	detail[47] = 0x80;
	detail[48] = sizeof(command) - 1;
	detail[49] = 0x80;
	memcpy(detail + 52, name, sizeof(name) - 1);
	memcpy(detail + 52 + sizeof(name) - 1, command, sizeof(command) - 1);
	start(&f);
	add_event(&f, 1, 1, 0, detail, 52 + sizeof(name) + sizeof(command) - 2);
	f.n += 2; /* a gap, as real files have now and then */
	add_thread(&f, 5);
	f.n += 200; /* nothing more */
	assert_int_equal(open_file(&in, &f, f.n, &err), 0);
	assert_int_equal(espy_reader_next(in, b, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "did not close"));
	assert_int_equal(espy_reader_next(in, b, &err), 1);
	assert_int_equal(b->n, 2);
	assert_int_equal(b->type[0], ESPY_EV_process_fork);
	check_tid(b, 1, 5);
	assert_int_equal(espy_batch_proc(b, 1)->pid, 99);
	assert_true(espy_str_eq(espy_dict_get(&b->dict, espy_batch_proc(b, 1)->name),
				ESPY_STR("b.exe")));
	assert_true(espy_str_eq(espy_dict_get(&b->dict, espy_batch_proc(b, 1)->cmdline),
				ESPY_STR("b.exe -x")));
	assert_int_equal(espy_reader_next(in, b, &err), 0);
	espy_reader_close(in);
	espy_batch_free(b);
}

static void check_column(const struct espy_batch *b, uint32_t row, enum espy_procmon_column column,
			 const char *want)
{
	struct espy_procmon_context ctx = {.first = b->time[0]};
	struct espy_buf out = {0};

	assert_int_equal(espy_procmon_text(&out, b, row, column, &ctx), 0);
	espy_buf_putc(&out, 0);
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
}

/* 100 ns survive; a status without a name is a number; what had not ended has no end; an operation
 * that nobody knows is kept. */
static void test_texts(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_err err = {0};
	struct espy_reader *in;
	struct file f;

	(void)state;
	start(&f);
	add_thread(&f, 1);
	add_event(&f, 2, 2, 0xc0000999, "\x01\x00\x00\xd8", 4);
	add_event(&f, 2, 2, 0x103,
		  "\x02\x80"
		  "ab",
		  4);
	add_event(&f, 9, 77, 0, "", 0);
	finish(&f);
	assert_int_equal(open_file(&in, &f, f.n, &err), 0);
	assert_int_equal(espy_reader_next(in, b, &err), 1);
	assert_int_equal(b->n, 4);
	assert_int_equal(b->time[1] - b->time[0], 100);
	assert_int_equal(b->duration[0], 2500);
	check_column(b, 1, ESPY_PROCMON_relative_time, "00:00:00.0000001");
	check_column(b, 1, ESPY_PROCMON_duration, "0.0000025");
	check_column(b, 1, ESPY_PROCMON_result, "0xC0000999");
	check_column(b, 1, ESPY_PROCMON_operation, "RegCloseKey");
	check_column(b, 1, ESPY_PROCMON_path, "\xef\xbf\xbd");
	assert_int_equal(b->result[1], -EIO);
	assert_true(b->flags[2] & ESPY_F_PENDING);
	check_column(b, 2, ESPY_PROCMON_duration, "");
	check_column(b, 2, ESPY_PROCMON_completion_time, "");
	check_column(b, 2, ESPY_PROCMON_result, "");
	check_column(b, 2, ESPY_PROCMON_path, "ab");
	assert_int_equal(b->type[3], ESPY_EV_system_unknown);
	espy_reader_close(in);
	espy_batch_free(b);
}

static void words(void (*word)(struct espy_buf *, int64_t), int64_t v, const char *want)
{
	struct espy_buf out = {0};

	word(&out, v);
	espy_buf_putc(&out, 0);
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
}

static void test_words(void **state)
{
	(void)state;
	words(espy_procmon_thousands, 0, "0");
	words(espy_procmon_thousands, 999, "999");
	words(espy_procmon_thousands, 1000, "1,000");
	words(espy_procmon_thousands, -1234567, "-1,234,567");
	words(espy_procmon_thousands, INT64_MIN, "-9,223,372,036,854,775,808");
	words(espy_procmon_clock, 0, "12:00:00.0000000 AM");
	words(espy_procmon_clock, 43200000000100, "12:00:00.0000001 PM");
	words(espy_procmon_clock, -100, "11:59:59.9999999 PM");
	words(espy_procmon_date, 1596180000000000000, "7/31/2020 7:20:00 AM");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_far),     cmocka_unit_test(test_not_closed),
		cmocka_unit_test(test_cut),     cmocka_unit_test(test_texts),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
