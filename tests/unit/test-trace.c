/* SPDX-License-Identifier: MIT */
/* What goes into a trace comes out of it. Damage is in test-trace-damage.c. */
#include "trace-help.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include "trace/index.h"
#include "trace/layout.h"

static void one_batch_and_back(const struct espy_batch *b)
{
	int fd = help_memory_file();
	struct espy_trace_writer *w = help_create(fd);
	struct espy_batch *back;
	struct espy_trace *t;

	assert_int_equal(espy_trace_write(w, b, NULL), 0);
	assert_int_equal(espy_trace_finish(w, NULL, NULL), 0);
	t = help_open(fd);
	assert_int_equal(espy_batch_new(&back), 0);
	assert_int_equal(espy_trace_next(t, back, NULL), 1);
	help_equal(b, back);
	assert_int_equal(espy_trace_next(t, back, NULL), 0);
	assert_int_equal(back->n, 0);
	espy_batch_free(back);
	espy_trace_close(t);
	close(fd);
}

static void every_event_comes_back(void **state)
{
	(void)state;
	for (uint32_t rows = 1; rows < 12000; rows = rows * 3 + 7) {
		struct espy_batch *b = help_batch(rows, 1 + rows / 20);

		one_batch_and_back(b);
		espy_batch_free(b);
	}
}

static void a_row_without_anything_comes_back(void **state)
{
	struct espy_proc p = {.parent = UINT32_MAX};
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_batch_add_proc(b, &p), 0);
	assert_int_equal(espy_batch_add(b, ESPY_EV_file_sync), 0);
	one_batch_and_back(b);
	espy_batch_free(b);
}

static void long_strings_come_back(void **state)
{
	char *big = malloc(ESPY_BATCH_STRING_MAX);
	struct espy_batch *b = help_batch(3, 2);

	(void)state;
	assert_non_null(big);
	for (unsigned i = 0; i < 6; i++) {
		size_t n = ESPY_BATCH_STRING_MAX - i / 3;

		for (size_t k = 0; i % 3 == 0 && k < n; k++)
			big[k] = (char)help_random();
		big[n - 1] = (char)i;
		assert_int_equal(
			espy_batch_set_str(b, help_random() % 3 * 0, 0, (struct espy_str){big, n}),
			0);
	}
	one_batch_and_back(b);
	espy_batch_free(b);
	free(big);
}

static void a_full_batch_comes_back(void **state)
{
	struct espy_batch *b = help_batch(ESPY_BATCH_ROWS, 500);

	(void)state;
	one_batch_and_back(b);
	espy_batch_free(b);
}

static void an_empty_batch_writes_nothing(void **state)
{
	int fd = help_memory_file();
	struct espy_trace_writer *w = help_create(fd);
	uint64_t before = espy_trace_written(w);
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_write(w, b, NULL), 0);
	assert_int_equal(espy_trace_written(w), before);
	assert_int_equal(espy_trace_finish(w, NULL, NULL), 0);
	espy_batch_free(b);
	close(fd);
}

/* --- the whole file --------------------------------------------------------------------------- */

static struct espy_batch *three[3];

static int make_three(void **state)
{
	(void)state;
	three[0] = help_batch(20, 9);
	three[1] = help_batch(100, 4);
	three[2] = help_batch(3, 1);
	return 0;
}

static int free_three(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		espy_batch_free(three[i]);
	return 0;
}

/* From the snapshot to the end. */
static void check_small(struct espy_trace *t)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_snapshot(t, b, NULL), 1);
	help_equal(three[0], b);
	assert_int_equal(espy_trace_snapshot(t, b, NULL), 0);
	assert_null(espy_trace_ending(t));
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[1], b);
	assert_int_equal(espy_trace_snapshot(t, b, NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[2], b);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	assert_non_null(espy_trace_ending(t));
	assert_string_equal(espy_trace_ending(t)->reason, "done");
	assert_int_equal(espy_trace_ending(t)->ended, 5);
	assert_int_equal(espy_trace_ending(t)->events, 7);
	assert_int_equal(espy_trace_ending(t)->exit_status, -1);
	espy_batch_free(b);
}

static void a_file_has_all_its_pieces(void **state)
{
	uint64_t sizes[5];
	int fd = help_small_file(sizes, three);
	struct espy_trace *t = help_open(fd);
	const struct espy_machine *m = espy_trace_machine(t);

	(void)state;
	assert_string_equal(m->host, "here");
	assert_string_equal(m->kernel, "6.18.0");
	assert_string_equal(m->filter, "");
	assert_int_equal(m->cpus, 2);
	assert_int_equal(m->utc_offset, -3600);
	assert_int_equal(m->wall_offset, -5);
	assert_int_equal(m->started, 77);
	check_small(t);
	assert_true(espy_trace_progress(t) > 0.5);
	assert_int_equal(espy_trace_rewind(t), 0);
	assert_true(espy_trace_progress(t) < 0.5);
	check_small(t);
	espy_trace_close(t);
	close(fd);
}

/* The snapshot need not be asked for. */
static void next_passes_over_the_snapshot(void **state)
{
	uint64_t sizes[5];
	int fd = help_small_file(sizes, three);
	struct espy_trace *t = help_open(fd);
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[1], b);
	espy_batch_free(b);
	espy_trace_close(t);
	close(fd);
}

static void *feed(void *arg)
{
	const int *fds = arg;
	char buf[777];
	ssize_t n;

	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		if (write(fds[1], buf, (size_t)n) != n)
			break;
	close(fds[1]);
	return NULL;
}

static void a_pipe_is_read_as_well(void **state)
{
	uint64_t sizes[5];
	int fd = help_small_file(sizes, three), ends[2], pair[2];
	struct espy_trace *t;
	struct espy_err err = {0};
	pthread_t thread;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pair[0] = help_reopen(fd, O_RDONLY);
	pair[1] = ends[1];
	assert_int_equal(pthread_create(&thread, NULL, feed, pair), 0);
	assert_int_equal(espy_trace_open_fd(&t, ends[0], "pipe", &err), 0);
	check_small(t);
	assert_int_equal(espy_trace_rewind(t), -ESPIPE);
	assert_true(espy_trace_progress(t) == 0);
	espy_trace_close(t);
	pthread_join(thread, NULL);
	close(pair[0]);
	close(fd);
}

static void a_trace_is_written_to_a_pipe(void **state)
{
	int ends[2], copy = help_memory_file();
	const struct espy_ending e = {.ended = 5, .events = 7, .exit_status = -1, .reason = "done"};
	const struct espy_machine m = {0};
	struct espy_trace_writer *w;
	struct espy_trace *t;
	int pair[2];
	pthread_t thread;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pair[0] = ends[0];
	pair[1] = help_reopen(copy, O_WRONLY);
	assert_int_equal(pthread_create(&thread, NULL, feed, pair), 0);
	assert_int_equal(espy_trace_create(&w, ends[1], "pipe", &m, NULL), 0);
	assert_int_equal(espy_trace_write_snapshot(w, three[0], NULL), 0);
	assert_int_equal(espy_trace_write(w, three[1], NULL), 0);
	assert_int_equal(espy_trace_write(w, three[2], NULL), 0);
	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
	pthread_join(thread, NULL);
	t = help_open(copy);
	check_small(t);
	espy_trace_close(t);
	close(ends[0]);
	close(copy);
}

static void a_file_is_read_while_it_grows(void **state)
{
	uint64_t sizes[5];
	int fd = help_small_file(sizes, three), copy = help_memory_file();
	struct espy_trace *t = NULL;
	struct espy_batch *b;
	unsigned blocks = 0;
	char byte;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint64_t at = 0; at < sizes[4]; at++) {
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		assert_int_equal(pwrite(copy, &byte, 1, (off_t)at), 1);
		if (at + 1 < sizes[0])
			continue;
		t = t ? t : help_open(copy);
		if (espy_trace_next(t, b, NULL) == 0)
			continue;
		help_equal(three[++blocks], b);
		assert_int_equal(at + 1, sizes[1 + blocks]);
	}
	assert_int_equal(blocks, 2);
	assert_non_null(espy_trace_ending(t));
	espy_trace_close(t);
	espy_batch_free(b);
	close(copy);
	close(fd);
}

/* --- the index -------------------------------------------------------------------------------- */

/* Reads the index block at *at; returns the offset of the one before. */
static uint64_t read_index(struct espy_index *x, int fd, uint64_t at, uint64_t seed)
{
	uint8_t *p = malloc(ESPY_TRACE_HEAD_MAX * 4);
	struct espy_trace_block h;
	struct espy_block block;

	assert_non_null(p);
	assert_true(pread(fd, p, ESPY_TRACE_HEAD_MAX * 4, (off_t)at) > 0);
	assert_int_equal(espy_block_header(&h, p, seed), 0);
	assert_int_equal(h.type, ESPY_TRACE_INDEX);
	assert_int_equal(espy_block_init(&block), 0);
	assert_int_equal(espy_block_load(&block, &h, p), 0);
	assert_int_equal(espy_index_decode(x, &block), 0);
	espy_block_done(&block);
	free(p);
	return x->previous;
}

static uint64_t file_seed(int fd)
{
	uint64_t seed;

	assert_int_equal(pread(fd, &seed, 8, 32), 8);
	return le64toh(seed);
}

static void the_index_lists_every_block(void **state)
{
	uint64_t sizes[5];
	int fd = help_small_file(sizes, three);
	struct espy_trace_trailer tail;
	struct espy_index x = {0};

	(void)state;
	assert_int_equal(pread(fd, &tail, sizeof(tail), (off_t)sizes[4] - 16), 16);
	assert_memory_equal(tail.magic, ESPY_TRACE_TRAILER, 8);
	assert_int_equal(le64toh(tail.index), sizes[3]);
	assert_int_equal(read_index(&x, fd, sizes[3], file_seed(fd)), 0);
	assert_int_equal(x.blocks.n, 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct espy_index_block *e = &x.blocks.v[i];

		assert_int_equal(e->offset, sizes[i]);
		assert_int_equal(e->length, sizes[i + 1] - sizes[i]);
		assert_int_equal(e->type, i ? ESPY_TRACE_EVENTS : ESPY_TRACE_SNAPSHOT);
		assert_int_equal(e->rows, three[i]->n);
		assert_int_equal(e->first_seq, three[i]->first_seq);
		for (unsigned k = 0; k < ESPY_EVENT_ID_MAX; k++)
			assert_int_equal(e->types[k / 64] >> k % 64 & 1,
					 three[i]->group[k] != NULL);
	}
	espy_index_done(&x);
	close(fd);
}

static void many_blocks_make_a_chain_of_indexes(void **state)
{
	const struct espy_ending e = {0};
	const unsigned blocks = 2 * ESPY_TRACE_INDEX_MAX + 10;
	int fd = help_memory_file();
	struct espy_trace_writer *w = help_create(fd);
	struct espy_trace_trailer tail;
	struct espy_index x = {0};
	uint64_t at;
	struct stat st;

	(void)state;
	for (unsigned i = 0; i < blocks; i++) {
		three[2]->first_seq = 1 + i;
		assert_int_equal(espy_trace_write(w, three[2], NULL), 0);
	}
	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, &tail, sizeof(tail), st.st_size - 16), 16);
	for (at = le64toh(tail.index); at;)
		at = read_index(&x, fd, at, file_seed(fd));
	assert_int_equal(x.blocks.n, blocks);
	for (unsigned i = 0; i < blocks; i++)
		assert_int_equal(x.blocks.v[i].first_seq, i + 1);
	espy_index_done(&x);
	close(fd);
}

/* --- failures of the writer ------------------------------------------------------------------- */

static void a_full_device_is_an_error(void **state)
{
	const struct espy_machine m = {0};
	struct espy_trace_writer *w;
	struct espy_err err = {0};

	(void)state;
	assert_int_equal(espy_trace_create(&w, open("/dev/full", O_WRONLY), "full", &m, &err),
			 -ENOSPC);
	assert_string_equal(err.source, "full");
	assert_non_null(strstr(err.text, "No space left"));
}

static void a_closed_pipe_is_an_error(void **state)
{
	const struct espy_machine m = {0};
	struct espy_trace_writer *w;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(espy_trace_create(&w, ends[1], "pipe", &m, NULL), -EPIPE);
}

/* A limit in the middle of the next block: what was there stays readable, and once there is room
 * again, writing goes on. */
static void a_full_disk_leaves_whole_blocks(void **state)
{
	char path[] = "/tmp/espy-test-XXXXXX";
	int fd = mkstemp(path);
	struct espy_trace_writer *w = help_create(fd);
	struct rlimit old, limit;
	struct espy_err err = {0};
	struct espy_batch *b;
	struct espy_trace *t;
	struct stat st;

	(void)state;
	unlink(path);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_write(w, three[1], NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = espy_trace_written(w) + 200;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(espy_trace_write(w, three[0], &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, espy_trace_written(w));
	t = help_open(fd);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	assert_int_equal(espy_trace_write(w, three[2], NULL), 0);
	assert_int_equal(espy_trace_finish(w, NULL, NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[2], b);
	espy_trace_close(t);
	espy_batch_free(b);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_comes_back),
		cmocka_unit_test(a_row_without_anything_comes_back),
		cmocka_unit_test(long_strings_come_back),
		cmocka_unit_test(a_full_batch_comes_back),
		cmocka_unit_test(an_empty_batch_writes_nothing),
		cmocka_unit_test(a_file_has_all_its_pieces),
		cmocka_unit_test(next_passes_over_the_snapshot),
		cmocka_unit_test(a_pipe_is_read_as_well),
		cmocka_unit_test(a_trace_is_written_to_a_pipe),
		cmocka_unit_test(a_file_is_read_while_it_grows),
		cmocka_unit_test(the_index_lists_every_block),
		cmocka_unit_test(many_blocks_make_a_chain_of_indexes),
		cmocka_unit_test(a_full_device_is_an_error),
		cmocka_unit_test(a_closed_pipe_is_an_error),
		cmocka_unit_test(a_full_disk_leaves_whole_blocks),
	};

	return cmocka_run_group_tests(tests, make_three, free_three);
}
