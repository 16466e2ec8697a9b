/* SPDX-License-Identifier: MIT */
/* Questions about a trace, answered with as little read as possible, against the same answered by
 * reading all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine/query.h"
#include "model/merged.h"
#include "rows.h"
#include "rule/rule.h"
#include "trace/layout.h"
#include "trace/trace.h"

#define BLOCKS   12u
#define FILTERS  400u
#define NO_VALUE 0x123456789abcdefull

static char path[] = "/tmp/espy-test-query-XXXXXX";
static uint64_t random_state = 7;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((random_state >> 33) % n);
}

/* --- the trace ----------------------------------------------------------------------------------
 */

static void fill_fields(struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);

	for (unsigned f = 0; f < s->n_fields; f++) {
		char text[40];
		int n = snprintf(text, sizeof(text), "/dir%u/file%u.so", below(3), below(9));

		if (!espy_kind_is_string(s->fields[f].kind))
			espy_batch_set_num(b, row, f, below(4) ? below(100000) : 0);
		else if (below(5))
			espy_batch_set_str(b, row, f, (struct espy_str){text, (size_t)n});
	}
}

/* Blocks differ in what they hold, so that each filter can pass some of them over. */
static void fill_block(struct espy_batch *b, unsigned k)
{
	static const uint16_t types[] = {ESPY_EV_file_open,    ESPY_EV_file_read,
					 ESPY_EV_file_write,   ESPY_EV_file_stat,
					 ESPY_EV_net_connect,  ESPY_EV_process_exit,
					 ESPY_EV_process_exec, ESPY_EV_file_rename};
	static char much[100000]; /* then the strings of processes lie apart */
	uint32_t procs[3];

	memset(much, '-', sizeof(much));
	if (k % 3 == 1)
		espy_dict_add(&b->dict, (struct espy_str){much, sizeof(much)});
	procs[0] = ROWS_PROC(b, 100 + k, -1, "sh", "sh\0-c");
	procs[1] = ROWS_PROC(b, 200 + k, 0, k % 3 ? "cc1" : "as", "cc1");
	procs[2] = ROWS_PROC(b, 300, 1, "ld", "ld");
	for (uint32_t i = 0; i < 300 + 50 * k; i++) {
		unsigned type = types[k % 4 ? below(3 + k % 6) : k % 8];
		bool is_io = type == ESPY_EV_file_read || type == ESPY_EV_file_write;
		uint32_t row;

		if (is_io && k % 3 == 0 && !below(3)) /* some blocks have merged ones */
			type = type == ESPY_EV_file_read ? ESPY_EV_file_reads : ESPY_EV_file_writes;
		row = rows_add(b, type, procs[below(3)], 5000 + k * 10000 + i * 7, NULL,
			       below(6) ? (int64_t)below(50) : -(int64_t)(1 + below(20)));

		b->duration[row] = below(20) ? below(1000) : below(1u << (k * 2));
		b->tid[row] += below(3);
		b->cpu[row] = (uint16_t)below(k < 6 ? 1 : 4);
		b->cpu_seq[row] = i;
		b->call[row] = (uint16_t)below(4);
		b->abi[row] = ESPY_ABI_NATIVE;
		b->flags[row] = k == 5 && !below(4) ? (uint8_t)(1u << below(3)) : 0;
		fill_fields(b, row);
	}
}

static void write_blocks(struct espy_trace_writer *w)
{
	struct espy_batch *b;
	uint64_t seq = 1;

	assert_int_equal(espy_batch_new(&b), 0);
	for (unsigned k = 0; k < BLOCKS; k++) {
		espy_batch_reset(b);
		b->first_seq = seq;
		b->wall_offset = 1000000 + (k > 7);
		fill_block(b, k);
		seq += b->n;
		assert_int_equal(espy_trace_write(w, b, NULL), 0);
	}
	espy_batch_free(b);
}

static int write_trace(void **state)
{
	struct espy_machine m = {.started = 5000, .cpus = 1, .page_size = 4096};
	struct espy_ending e = {.ended = 9000};
	struct espy_trace_writer *w;
	char name[] = "/tmp/espy-test-query-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	strcpy(path, name);
	assert_int_equal(espy_trace_create(&w, fd, path, &m, NULL), 0);
	write_blocks(w);
	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
	return 0;
}

static int remove_trace(void **state)
{
	(void)state;
	return unlink(path);
}

/* --- filters ------------------------------------------------------------------------------------
 */

static const char *const leaves[] = {
	"op == read",
	"class == file",
	"event == process_exec",
	"op in (open, stat)",
	"op != write",
	"result < 0",
	"result == -2",
	"result >= 0",
	"result != 3",
	"result == 300",
	"duration > 500",
	"duration > 5us",
	"duration < 3",
	"duration == 0",
	"seq < 1000",
	"seq >= 2000 and seq < 2500",
	"time > +50us",
	"time < +20us",
	"end >= +80us",
	"pid == 100",
	"pid in (103, 205)",
	"pid > 204",
	"uid == 1000",
	"uid == 0",
	"tid == 301",
	"cpu == 2",
	"cpu_seq < 10",
	"process == cc1",
	"process contains \"s\"",
	"user == ann",
	"path contains \"dir1\"",
	"path == \"/dir0/file3.so\"",
	"path matches \"file[0-3]\"",
	"path startswith \"/dir2\"",
	"path endswith \"8.so\"",
	"has path",
	"error == EPERM",
	"has error",
	"bytes > 50000",
	"bytes == 0",
	"requested > 99000",
	"fd < 100",
	"offset >= 90000",
	"descends(100)",
	"pending == 1",
	"truncated == 1",
	"source == kernel",
	"syscall == read",
	"detail contains \"dir\"",
	"path2 contains \"dir0\"",
	"start > 0",
	"flags has O_CREAT",
	"duration == result",
	"cpu == tid",
	"cmdline contains \"-c\"",
	"parent == sh",
	"status == 0",
	"file_read.path contains \"1\"",
	"result == 9",
};

static bool is_filter(const char *text)
{
	struct espy_rule *r;

	if (espy_rule_new(&r, text, NULL) < 0)
		return false;
	espy_rule_free(r);
	return true;
}

/* Some leaves, joined. */
static void make_filter(char *to, size_t size, unsigned i)
{
	const size_t n = sizeof(leaves) / sizeof(leaves[0]);
	unsigned more = i < n ? 0 : 1 + below(3);

	snprintf(to, size, "%s", leaves[i < n ? i : below((uint32_t)n)]);
	while (more--) {
		char old[1024];

		snprintf(old, sizeof(old), "%.1000s", to);
		snprintf(to, size, "%s(%.900s) %s %s%s", below(4) ? "" : "not ", old,
			 below(2) ? "and" : "or", below(3) ? "" : "not ",
			 leaves[below((uint32_t)n)]);
	}
}

/* --- by reading everything ----------------------------------------------------------------------
 */

struct plain {
	uint64_t matched, operations;
	uint64_t *seqs;   /* of each */
	uint64_t *times;  /* operations that it stands for */
	uint64_t *values; /* of a column of numbers */
};

static void read_all(struct plain *p, const char *filter, const struct espy_column *c)
{
	struct espy_buf scratch = {0};
	struct espy_trace *t;
	struct espy_batch *b;
	struct espy_rule *r;
	uint64_t bits[ESPY_RULE_WORDS(ESPY_BATCH_ROWS)];
	int e;

	assert_int_equal(espy_rule_new(&r, filter, NULL), 0);
	assert_int_equal(espy_trace_open(&t, path, NULL), 0);
	espy_rule_set_start(r, espy_trace_machine(t)->started);
	assert_int_equal(espy_batch_new(&b), 0);
	p->matched = p->operations = 0;
	while ((e = espy_trace_next(t, b, NULL)) != 0) {
		if (e < 0)
			continue;
		assert_true(espy_rule_match(r, b, bits) >= 0);
		for (uint32_t row = 0; row < b->n; row++) {
			struct espy_value v = {0};

			if (!espy_rule_bit(bits, row))
				continue;
			p->seqs[p->matched] = b->first_seq + row;
			p->times[p->matched] = espy_merged_times(b, row);
			p->operations += p->times[p->matched];
			if (c && !espy_column_get(c, b, row, &scratch, &v))
				v.num = NO_VALUE;
			p->values[p->matched++] = v.num;
		}
	}
	espy_buf_done(&scratch);
	espy_batch_free(b);
	espy_trace_close(t);
	espy_rule_free(r);
}

static struct plain plain;

static void check_rows(const char *filter)
{
	const struct espy_batch *b;
	struct espy_query *q;
	uint64_t n = 0;
	uint32_t row = 0;

	read_all(&plain, filter, NULL);
	assert_int_equal(espy_query_open(&q, path, filter, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t want = below((uint32_t)plain.matched + 2);
		int r = espy_query_row(q, want, NULL, &b, &row, NULL);

		assert_int_equal(r, want < plain.matched);
		if (r && b->first_seq + row != plain.seqs[want])
			fail_msg("%s: row %u is %u, not %u", filter, (unsigned)want,
				 (unsigned)(b->first_seq + row), (unsigned)plain.seqs[want]);
		if (i == 1)
			assert_int_equal(espy_query_count(q, NULL, &n, NULL), 0);
	}
	if (n != plain.matched)
		fail_msg("%s: %u, not %u", filter, (unsigned)n, (unsigned)plain.matched);
	espy_query_close(q);
}

/* --- tests --------------------------------------------------------------------------------------
 */

static void test_filters(void **state)
{
	char filter[2048];
	unsigned good = 0;

	(void)state;
	check_rows("");
	for (unsigned i = 0; i < FILTERS; i++) {
		make_filter(filter, sizeof(filter), i);
		if (!is_filter(filter))
			continue;
		good++;
		check_rows(filter);
	}
	assert_true(good > FILTERS / 2);
}

/* A whole row, after a part of it was decoded, has all its values. */
static void test_whole_rows(void **state)
{
	struct espy_buf a = {0}, z = {0};
	const struct espy_batch *b;
	struct espy_query *q;
	struct espy_trace *t;
	struct espy_batch *all;
	uint32_t row;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(espy_query_open(&q, path, "result < 0", NULL), 0);
	assert_int_equal(espy_trace_open(&t, path, NULL), 0);
	assert_int_equal(espy_batch_new(&all), 0);
	while (espy_trace_next(t, all, NULL) > 0) {
		for (uint32_t i = 0; i < all->n; i++) {
			if (all->result[i] >= 0 || all->flags[i] & ESPY_F_PENDING)
				continue;
			assert_int_equal(espy_query_row(q, n++, NULL, &b, &row, NULL), 1);
			espy_buf_reset(&a);
			espy_buf_reset(&z);
			espy_column_detail(&a, b, row);
			espy_column_detail(&z, all, i);
			assert_int_equal(a.n, z.n);
			if (a.n)
				assert_memory_equal(a.p, z.p, a.n);
			assert_int_equal(b->time[row], all->time[i]);
			assert_int_equal(b->tid[row], all->tid[i]);
			assert_int_equal(b->cpu_seq[row], all->cpu_seq[i]);
			assert_int_equal(espy_batch_proc(b, row)->pid,
					 espy_batch_proc(all, i)->pid);
		}
	}
	assert_true(n > 100);
	espy_buf_done(&a);
	espy_buf_done(&z);
	espy_batch_free(all);
	espy_trace_close(t);
	espy_query_close(q);
}

/* Every value with its count, for some columns and filters. */
static void check_groups(const char *name, const char *filter)
{
	const struct espy_column *c = espy_column_find(espy_str0(name));
	struct espy_query_groups g;
	struct espy_query *q;
	uint64_t sum = 0;

	read_all(&plain, filter, c);
	assert_int_equal(espy_query_open(&q, path, filter, NULL), 0);
	assert_int_equal(espy_query_group(q, c, 0, NULL, &g, NULL), 0);
	assert_int_equal(g.matched, plain.operations);
	for (size_t i = 0; i < g.n; i++) {
		char one[2048];
		uint64_t n = 0;

		sum += g.v[i].count;
		assert_true(i == 0 || g.v[i].count <= g.v[i - 1].count);
		if (g.v[i].is_string)
			snprintf(one, sizeof(one), "(%s) and %s == \"%.*s\"",
				 *filter ? filter : "seq > 0", name, (int)g.v[i].str.n,
				 g.v[i].str.p);
		for (uint64_t k = 0; !g.v[i].is_string && k < plain.matched; k++)
			n += plain.values[k] == g.v[i].num ? plain.times[k] : 0;
		if (g.v[i].is_string && i < 5) {
			struct plain again = {.seqs = malloc(8 * 20000),
					      .times = malloc(8 * 20000),
					      .values = malloc(8 * 20000)};

			read_all(&again, one, NULL);
			n = again.operations;
			free(again.seqs);
			free(again.times);
			free(again.values);
		} else if (g.v[i].is_string) {
			continue;
		}
		if (n != g.v[i].count)
			fail_msg("%s of %s: %u, not %u", name, g.v[i].is_string ? one : filter,
				 (unsigned)g.v[i].count, (unsigned)n);
	}
	assert_int_equal(sum + g.none, plain.operations);
	assert_int_equal(g.others, 0);
	espy_query_groups_done(&g);
	espy_query_close(q);
}

static void test_groups(void **state)
{
	static const char *const filters[] = {"",
					      "result < 0",
					      "op == read",
					      "class == file",
					      "path contains \"dir1\"",
					      "seq == 0",
					      "times > 100",
					      "event == file_reads"};
	static const char *const columns[] = {"op",      "event", "class",  "path",
					      "process", "pid",   "result", "error",
					      "cpu",     "bytes", "tid",    "syscall"};

	(void)state;
	for (size_t f = 0; f < sizeof(filters) / sizeof(filters[0]); f++)
		for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
			check_groups(columns[c], filters[f]);
}

/* The most frequent ones only, the rest in one number. */
static void test_top(void **state)
{
	struct espy_query_groups g;
	struct espy_query *q;

	(void)state;
	assert_int_equal(espy_query_open(&q, path, "", NULL), 0);
	assert_int_equal(espy_query_group(q, espy_column_find(ESPY_STR("path")), 3, NULL, &g, NULL),
			 0);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.v[0].count + g.v[1].count + g.v[2].count + g.none + g.others, g.matched);
	assert_true(g.others > 0 && g.is_exact && g.values > 3);
	espy_query_groups_done(&g);
	espy_query_close(q);
}

static void test_cancel(void **state)
{
	const atomic_bool cancel = true;
	struct espy_query_watch w = {.cancel = &cancel};
	struct espy_query *q;
	uint64_t n;

	(void)state;
	assert_int_equal(espy_query_open(&q, path, "result < 0", NULL), 0);
	assert_int_equal(espy_query_count(q, &w, &n, NULL), -ECANCELED);
	assert_int_equal(espy_query_count(q, NULL, &n, NULL), 0);
	read_all(&plain, "result < 0", NULL);
	assert_int_equal(n, plain.matched);
	espy_query_close(q);
}

/* --- files that are not whole -------------------------------------------------------------------
 */

/* The end cut off: the index is gone, the last block perhaps too. */
static void test_cut_off(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	for (off_t cut = 100; cut < 30000 && cut < st.st_size / 2; cut += 4999) {
		assert_int_equal(truncate(path, st.st_size - cut), 0);
		check_rows("");
		check_rows("result < 0 and path contains \"dir1\"");
	}
}

static void damage(off_t at)
{
	uint8_t byte;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x55;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* A bad byte anywhere never gives more than what is there, and an index that is damaged is done
 * without. */
static void test_damage(void **state)
{
	struct stat st;
	uint64_t whole, n;

	(void)state;
	read_all(&plain, "", NULL);
	whole = plain.matched;
	assert_int_equal(stat(path, &st), 0);
	for (off_t at = 3000; at < st.st_size; at += 1733) {
		const struct espy_err *e;
		struct espy_query *q;

		damage(at);
		if (espy_query_open(&q, path, "has path or not has path", NULL) == 0) {
			assert_int_equal(espy_query_count(q, NULL, &n, NULL), 0);
			assert_true(n <= whole);
			assert_true(n == whole || espy_query_damaged(q, &e) > 0);
			espy_query_close(q);
		}
		damage(at);
	}
	for (off_t at = st.st_size - 900; at < st.st_size; at += 7) {
		struct espy_query *q;

		damage(at);
		read_all(&plain, "", NULL);
		assert_int_equal(espy_query_open(&q, path, "", NULL), 0);
		assert_int_equal(espy_query_count(q, NULL, &n, NULL), 0);
		assert_in_range(n, plain.matched, whole);
		espy_query_close(q);
		damage(at);
	}
}

/* Numbers as whoever wants to fool a reader would choose them, with a checksum that fits. */
static void test_trailer_that_lies(void **state)
{
	static const uint64_t lies[] = {0, 8, 64, 4096, 1ull << 40, UINT64_MAX, UINT64_MAX - 7};
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_RDWR);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		assert_int_equal(pwrite(fd, &lies[i], 8, st.st_size - 16), 8);
		check_rows("");
	}
	close(fd);
}

static void test_wrong_filter(void **state)
{
	struct espy_query *q = NULL;
	struct espy_err err = {0};

	(void)state;
	assert_int_equal(espy_query_open(&q, path, "result <", &err), -EINVAL);
	assert_true(err.column > 0);
	assert_null(q);
	assert_int_equal(espy_query_open(&q, "/nowhere/at all", "", &err), -ENOENT);
}

static int set_up(void **state)
{
	(void)state;
	plain.seqs = malloc(8 * 20000);
	plain.times = malloc(8 * 20000);
	plain.values = malloc(8 * 20000);
	return plain.seqs && plain.times && plain.values ? 0 : -1;
}

static int clean_up(void **state)
{
	(void)state;
	free(plain.seqs);
	free(plain.times);
	free(plain.values);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, write_trace, remove_trace)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_filters),      TEST(test_whole_rows),
		TEST(test_groups),       TEST(test_top),
		TEST(test_cancel),       TEST(test_cut_off),
		TEST(test_damage),       TEST(test_trailer_that_lies),
		TEST(test_wrong_filter),
	};

	return cmocka_run_group_tests(tests, set_up, clean_up);
}
