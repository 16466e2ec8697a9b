/* SPDX-License-Identifier: MIT */
/* A trace in parts: its bounds hold at all times, and it can be read in every state. */
#include "trace-help.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "trace/parts.h"
#include "trace/store.h"

#define SECOND 1000000000ull

static char dir[512];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/espy-test-ring-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return espy_parts_remove(dir) == 0 ? 0 : -1;
}

static struct espy_trace_writer *create(uint64_t bytes, uint64_t span_ns)
{
	struct espy_machine m = {.host = "here", .keep = "1M"};
	struct espy_trace_keep keep = {bytes, span_ns};
	struct espy_trace_writer *w;
	struct espy_err err = {0};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (espy_trace_create_ring(&w, fd, dir, &keep, &m, &err) < 0)
		fail_msg("%s", err.text);
	return w;
}

/* Random bytes in a path make a block as large as is wished. */
static struct espy_batch *batch(uint64_t seq, uint64_t end, uint32_t rows, size_t text)
{
	static char buf[1 << 16];
	struct espy_proc p = {.parent = UINT32_MAX};
	struct espy_batch *b;

	assert_true(text <= sizeof(buf));
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_batch_add_proc(b, &p), 0);
	b->first_seq = seq;
	for (uint32_t i = 0; i < rows; i++) {
		assert_int_equal(espy_batch_add(b, ESPY_EV_file_sync), i);
		b->time[i] = end - 5;
		b->duration[i] = 5;
		for (size_t k = 0; k < text; k++)
			buf[k] = (char)help_random();
		b->path[i] = espy_dict_add(&b->dict, (struct espy_str){buf, text});
	}
	return b;
}

/* The next one of a capture of which *seq rows are there. */
static void put(struct espy_trace_writer *w, uint64_t *seq, uint64_t end, uint32_t rows,
		size_t text)
{
	struct espy_batch *b = batch(*seq + 1, end, rows, text);
	struct espy_err err = {0};

	if (espy_trace_write(w, b, &err) != 0)
		fail_msg("%s", err.text);
	*seq += rows;
	espy_batch_free(b);
}

static uint64_t disk_use(void)
{
	DIR *d = opendir(dir);
	uint64_t sum = 0;
	struct dirent *e;
	struct stat st;

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, "..") == 0)
			continue;
		assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
		sum += (uint64_t)st.st_blocks * 512;
	}
	closedir(d);
	return sum;
}

static struct espy_trace *open_trace(void)
{
	struct espy_err err = {0};
	struct espy_trace *t;

	if (espy_trace_open(&t, dir, &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

struct seen {
	uint64_t rows, first, last,
		first_end; /* rows; numbers of the first and last; end of the first */
	unsigned snapshots, bad;
};

/* Reads on to the end; numbers only grow. */
static void read_on(struct espy_trace *t, struct seen *s)
{
	struct espy_batch *b;
	int r;

	assert_int_equal(espy_batch_new(&b), 0);
	while (!s->rows && (r = espy_trace_snapshot(t, b, NULL)) != 0)
		s->snapshots += r == 1;
	while ((r = espy_trace_next(t, b, NULL)) != 0) {
		assert_true(r == 1 || r == -EBADMSG);
		s->bad += r < 0;
		if (r < 0)
			continue;
		assert_true(b->first_seq > s->last);
		if (!s->first) {
			s->first = b->first_seq;
			s->first_end = b->time[0] + b->duration[0];
		}
		s->last = b->first_seq + b->n - 1;
		s->rows += b->n;
	}
	espy_batch_free(b);
}

static struct seen read_all(uint64_t *dropped)
{
	struct espy_trace *t = open_trace();
	struct seen s = {0};

	read_on(t, &s);
	if (dropped)
		*dropped = espy_trace_dropped(t);
	espy_trace_close(t);
	return s;
}

static void finish(struct espy_trace_writer *w, uint64_t seq, uint64_t ended)
{
	struct espy_ending e = {.ended = ended, .events = seq, .exit_status = -1, .reason = "done"};

	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
}

/* --- bounds ----------------------------------------------------------------------------------- */

static void size_is_never_exceeded(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = 0, most = 0;
	struct seen s;

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		put(w, &seq, SECOND + i, 1 + (uint32_t)(help_random() % 8), help_random() % 6000);
		assert_true(disk_use() <= 1 << 20);
		assert_true(espy_trace_size(w) <= 1 << 20);
		most = disk_use() > most ? disk_use() : most;
	}
	finish(w, seq, SECOND + 400);
	assert_true(disk_use() <= 1 << 20);
	assert_true(most > 900u << 10); /* and is made use of */
	s = read_all(NULL);
	assert_int_equal(s.last, seq);
	assert_int_equal(s.rows, s.last - s.first + 1);
	assert_true(s.first > 1);
}

static void time_is_kept_and_not_much_more(void **state)
{
	struct espy_trace_writer *w = create(0, 160 * SECOND);
	uint64_t seq = 0;

	(void)state;
	for (uint64_t now = 1000; now < 2000; now++) {
		struct seen s;

		put(w, &seq, now * SECOND, 1, 10);
		if (now % 97)
			continue;
		s = read_all(NULL);
		assert_int_equal(s.last, seq);
		if (now < 1161) {
			assert_int_equal(s.first, 1);
			continue;
		}
		assert_true(s.first_end <= (now - 160) * SECOND);
		assert_true(s.first_end >= (now - 160 - 12) * SECOND);
	}
	/* a quiet time before the end counts too */
	finish(w, seq, 2100 * SECOND);
	assert_true(read_all(NULL).first_end >= (2100 - 160 - 12) * SECOND);
}

static void both_bounds_hold(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 100 * SECOND);
	uint64_t seq = 0;

	(void)state;
	for (uint64_t now = 1000; now < 1100; now++) { /* much: the size decides */
		put(w, &seq, now * SECOND, 10, 5000);
		assert_true(disk_use() <= 1 << 20);
	}
	assert_true(read_all(NULL).first_end > 1010 * SECOND);
	for (uint64_t now = 1100; now < 1300; now++) /* little: the time */
		put(w, &seq, now * SECOND, 1, 10);
	finish(w, seq, 1300 * SECOND);
	assert_in_range(read_all(NULL).first_end / SECOND, 1180, 1200);
}

static void what_is_too_large_is_dropped_and_counted(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = 0, dropped;
	struct seen s;

	(void)state;
	put(w, &seq, SECOND, 3, 10);
	put(w, &seq, SECOND, 30, 60000);
	assert_true(disk_use() <= 1 << 20);
	put(w, &seq, SECOND, 4, 10);
	finish(w, seq, SECOND);
	s = read_all(&dropped);
	assert_int_equal(s.last, 37);
	assert_int_equal(s.rows + dropped, 37);
	assert_true(dropped >= 30);
}

static void a_limit_ends_a_file(void **state)
{
	int fd = help_memory_file(), r = 0;
	struct espy_trace_writer *w = help_create(fd);
	uint64_t seq = 0;
	struct stat st;

	(void)state;
	espy_trace_set_max(w, 1 << 20);
	while (r == 0) {
		struct espy_batch *b = batch(seq + 1, SECOND, 5, 5000);

		r = espy_trace_write(w, b, NULL);
		seq += r ? 0 : b->n;
		espy_batch_free(b);
	}
	assert_int_equal(r, 1);
	finish(w, seq, SECOND);
	assert_int_equal(fstat(fd, &st), 0);
	assert_in_range(st.st_size, 900 << 10, 1 << 20);
	close(fd);
}

static void a_snapshot_must_fit(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	struct espy_batch *b = batch(1, SECOND, 30, 60000);
	struct espy_err err = {0};

	(void)state;
	assert_int_equal(espy_trace_write_snapshot(w, b, &err), -EFBIG);
	assert_non_null(strstr(err.text, "does not fit"));
	espy_batch_free(b);
	espy_trace_finish(w, NULL, NULL);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Writes so much that the oldest is gone. */
static uint64_t wrap(struct espy_trace_writer *w, uint64_t seq, unsigned blocks)
{
	for (unsigned i = 0; i < blocks; i++)
		put(w, &seq, (10 + i) * SECOND, 10, 4000);
	return seq;
}

static void start_and_loss_of_the_old_are_told(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	struct espy_batch *snapshot = batch(1, SECOND, 20, 10);
	const struct espy_ending *e;
	uint64_t seq, dropped;
	struct espy_trace *t;
	struct seen s = {0};

	(void)state;
	assert_int_equal(espy_trace_write_snapshot(w, snapshot, NULL), 0);
	espy_batch_free(snapshot);
	seq = wrap(w, 0, 100);
	s = read_all(&dropped); /* while it is written */
	assert_int_equal(s.snapshots, 1);
	assert_int_equal(dropped, s.first - 1);
	finish(w, seq, 200 * SECOND);
	t = open_trace();
	memset(&s, 0, sizeof(s));
	read_on(t, &s);
	e = espy_trace_ending(t);
	assert_non_null(e);
	assert_string_equal(e->reason, "done");
	assert_int_equal(e->events, seq);
	assert_int_equal(e->dropped, s.first - 1);
	assert_int_equal(e->dropped_to, (10 + e->dropped / 10 - 1) * SECOND);
	assert_int_equal(espy_trace_dropped(t), e->dropped);
	/* once more from the start */
	assert_int_equal(espy_trace_rewind(t), 0);
	memset(&s, 0, sizeof(s));
	read_on(t, &s);
	assert_int_equal(s.rows + e->dropped, seq);
	assert_int_equal(espy_trace_dropped(t), e->dropped);
	espy_trace_close(t);
}

static void a_slow_reader_is_overtaken(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 3);
	struct espy_trace *t = open_trace();
	struct seen s = {0};

	(void)state;
	read_on(t, &s);
	assert_int_equal(s.rows, 30);
	seq = wrap(w, seq, 5);
	read_on(t, &s);
	assert_int_equal(s.rows, 80);
	assert_int_equal(espy_trace_dropped(t), 0);
	seq = wrap(w, seq, 100);
	read_on(t, &s);
	assert_int_equal(s.last, seq);
	assert_int_equal(s.rows + espy_trace_dropped(t), seq);
	assert_true(espy_trace_dropped(t) > 0);
	assert_int_equal(s.bad, 0);
	finish(w, seq, 300 * SECOND);
	read_on(t, &s);
	assert_non_null(espy_trace_ending(t));
	espy_trace_close(t);
}

/* The parts one after the other are a trace as any other. */
static void parts_make_one_file(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 100);
	struct seen s, one = {0};
	int fd = help_memory_file();
	struct dirent **list;
	struct espy_trace *t;
	int n;

	(void)state;
	finish(w, seq, 200 * SECOND);
	n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX + 256], buf[4096];
		ssize_t r = 0;
		int part;

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		part = list[i]->d_name[0] == '.' ? -1 : open(path, O_RDONLY);
		while (part >= 0 && (r = read(part, buf, sizeof(buf))) > 0)
			assert_int_equal(write(fd, buf, (size_t)r), r);
		close(part);
		free(list[i]);
	}
	free(list);
	s = read_all(NULL);
	t = help_open(fd);
	read_on(t, &one);
	assert_memory_equal(&one, &s, sizeof(s));
	assert_int_equal(espy_trace_dropped(t), s.first - 1);
	espy_trace_close(t);
	close(fd);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* Path of the i-th part. */
static void part_path(char *path, size_t size, unsigned i)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	assert_true(n > (int)i + 2);
	snprintf(path, size, "%s/%s", dir, list[i + 2]->d_name);
	while (n-- > 0)
		free(list[n]);
	free(list);
}

static void a_missing_part_is_a_gap(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 40), dropped;
	char path[PATH_MAX];
	struct seen s;

	(void)state;
	part_path(path, sizeof(path), 3);
	assert_int_equal(unlink(path), 0);
	finish(w, seq, 200 * SECOND);
	s = read_all(&dropped);
	assert_int_equal(s.last, seq);
	assert_int_equal(s.rows + dropped, seq);
	assert_int_equal(s.bad, 0);
}

/* Every way to cut a part off costs only blocks of that part. */
static void a_cut_part_does_not_hide_the_next(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 15);
	char path[PATH_MAX];
	struct stat st;

	(void)state;
	finish(w, seq, 200 * SECOND);
	part_path(path, sizeof(path), 2);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size > st.st_size / 3; size -= size % 7 + size / 9 + 1) {
		struct seen s;

		assert_int_equal(truncate(path, size), 0);
		s = read_all(NULL);
		assert_int_equal(s.last, seq);
		assert_int_equal(s.bad, 1);
		assert_true(s.rows < seq);
	}
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(read_all(NULL).last, seq);
}

/* Of the last part the rest may still come. */
static void half_a_block_is_waited_for(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 3);
	char path[PATH_MAX], tail[100];
	struct seen s = {0};
	struct espy_trace *t;
	struct stat st;
	int fd;

	(void)state;
	finish(w, seq, 200 * SECOND);
	part_path(path, sizeof(path), 3);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(pread(fd, tail, sizeof(tail), st.st_size - 100), sizeof(tail));
	assert_int_equal(ftruncate(fd, st.st_size - 100), 0);
	t = open_trace();
	read_on(t, &s);
	assert_int_equal(s.rows, seq);
	assert_int_equal(s.bad, 0);
	assert_null(espy_trace_ending(t));
	assert_int_equal(pwrite(fd, tail, sizeof(tail), st.st_size - 100), sizeof(tail));
	read_on(t, &s);
	assert_non_null(espy_trace_ending(t));
	assert_int_equal(s.rows, seq);
	espy_trace_close(t);
	close(fd);
}

static void flipped_bytes_cost_one_block(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	uint64_t seq = wrap(w, 0, 15);
	char path[PATH_MAX];
	struct stat st;
	int fd;

	(void)state;
	finish(w, seq, 200 * SECOND);
	part_path(path, sizeof(path), 2);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += at < 64 ? 5 : 4999) {
		char byte, wrong;
		struct seen s;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		wrong = (char)(byte ^ 0x41);
		assert_int_equal(pwrite(fd, &wrong, 1, at), 1);
		s = read_all(NULL);
		assert_true(s.bad <= 1);
		assert_true(s.rows == seq - 10 || s.rows == seq); /* padding does not matter */
		assert_int_equal(s.last, seq);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}

static void other_directories_are_refused(void **state)
{
	struct espy_err err = {0};
	struct espy_trace *t;
	char path[PATH_MAX + 8];
	int fd;

	(void)state;
	assert_int_equal(espy_trace_open(&t, dir, &err), -EISDIR);
	assert_non_null(strstr(err.text, "not a trace"));
	snprintf(path, sizeof(path), "%s/else", dir);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(espy_parts_remove(dir), -ENOTEMPTY);
	assert_int_equal(access(path, F_OK), 0);
	unlink(path);
}

/* No more room in the middle of a block: it is cut off again, and what is there can be read. */
static void a_failed_write_leaves_a_trace(void **state)
{
	struct espy_trace_writer *w = create(1 << 20, 0);
	struct rlimit old, small;
	struct espy_batch *b = batch(41, 100 * SECOND, 10, 6000);
	struct espy_err err = {0};
	struct seen s;

	(void)state;
	assert_int_equal(wrap(w, 0, 4), 40);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){20000, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(espy_trace_write(w, b, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(err.text, "cannot write the trace"));
	s = read_all(NULL);
	assert_int_equal(s.rows, 40);
	assert_int_equal(s.bad, 0);
	/* and there is room again */
	assert_int_equal(espy_trace_write(w, b, NULL), 0);
	espy_batch_free(b);
	espy_trace_finish(w, NULL, NULL);
	s = read_all(NULL);
	assert_int_equal(s.rows, 50);
	assert_int_equal(s.bad, 0);
}

/* A process that is killed while it writes as fast as it can, again and again. */
static void a_killed_writer_leaves_a_trace(void **state)
{
	unsigned wrapped = 0;

	(void)state;
	for (unsigned i = 0; i < 25; i++) {
		int pipe_fd[2], status;
		struct seen s;
		char go;
		pid_t pid;

		assert_int_equal(pipe(pipe_fd), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			struct espy_trace_writer *w = create(1 << 20, 0);
			uint64_t seq = wrap(w, 0, 40 + i);

			if (write(pipe_fd[1], "", 1) == 1)
				wrap(w, seq, 1000000);
			_exit(1);
		}
		close(pipe_fd[1]);
		assert_int_equal(read(pipe_fd[0], &go, 1), 1);
		close(pipe_fd[0]);
		for (volatile uint64_t spin = help_random() % (1u << 22); spin > 0; spin--)
			continue;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		s = read_all(NULL);
		assert_true(s.rows >= 100);
		assert_int_equal(s.bad, 0);
		assert_int_equal(s.rows, s.last - s.first + 1);
		assert_true(disk_use() <= 1 << 20);
		wrapped += s.first > 1;
		assert_int_equal(espy_parts_remove(dir), 0);
		assert_int_equal(mkdir(dir, 0700), 0);
	}
	assert_int_equal(wrapped, 25);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(size_is_never_exceeded),
		TEST(time_is_kept_and_not_much_more),
		TEST(both_bounds_hold),
		TEST(what_is_too_large_is_dropped_and_counted),
		cmocka_unit_test(a_limit_ends_a_file),
		TEST(a_snapshot_must_fit),
		TEST(start_and_loss_of_the_old_are_told),
		TEST(a_slow_reader_is_overtaken),
		TEST(parts_make_one_file),
		TEST(a_missing_part_is_a_gap),
		TEST(a_cut_part_does_not_hide_the_next),
		TEST(half_a_block_is_waited_for),
		TEST(flipped_bytes_cost_one_block),
		TEST(other_directories_are_refused),
		TEST(a_failed_write_leaves_a_trace),
		TEST(a_killed_writer_leaves_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
