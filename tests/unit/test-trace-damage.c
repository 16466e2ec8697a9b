/* SPDX-License-Identifier: MIT */
/* Traces that are cut, damaged, foreign or newer than this program. */
#include "trace-help.h"
#include <errno.h>
#include <xxhash.h>
#include "trace/encode.h"
#include "trace/layout.h"

/* Under sanitizers opening is slow: then not every byte of the description of events is tried. */
#ifdef __SANITIZE_ADDRESS__
#define SCHEMA_STEP 7
#else
#define SCHEMA_STEP 1
#endif

static struct espy_batch *three[3];
static uint8_t *whole; /* the small file */
static uint64_t sizes[5];

static int make_whole(void **state)
{
	int fd;

	(void)state;
	three[0] = help_batch(3, 2);
	three[1] = help_batch(20, 3);
	three[2] = help_batch(2, 1);
	fd = help_small_file(sizes, three);
	whole = malloc(sizes[4]);
	assert_non_null(whole);
	assert_int_equal(pread(fd, whole, sizes[4], 0), sizes[4]);
	close(fd);
	return 0;
}

static int free_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		espy_batch_free(three[i]);
	free(whole);
	return 0;
}

static int file_of(const void *p, size_t n)
{
	int fd = help_memory_file();

	assert_int_equal(write(fd, p, n), n);
	return fd;
}

/* The code of opening p[n]; the trace, when it opens, in *ret. */
static int open_bytes(struct espy_trace **ret, const void *p, size_t n, struct espy_err *err)
{
	int fd = file_of(p, n);
	int r = espy_trace_open_fd(ret, help_reopen(fd, O_RDONLY), "test", err);

	close(fd);
	return r;
}

static void refused(const void *p, size_t n, int code, const char *sentence)
{
	struct espy_err err = {0};
	struct espy_trace *t;

	assert_int_equal(open_bytes(&t, p, n, &err), code);
	assert_int_equal(err.code, code);
	assert_string_equal(err.source, "test");
	if (!strstr(err.text, sentence))
		fail_msg("'%s' instead of '%s'", err.text, sentence);
}

/* A copy of the small file for changes; its header's hash can be made right again. */
static uint8_t *copy_whole(void)
{
	uint8_t *p = malloc(sizes[4]);

	assert_non_null(p);
	memcpy(p, whole, sizes[4]);
	return p;
}

static void hash_header(uint8_t *p)
{
	uint64_t hash = htole64(XXH3_64bits(p, 56));

	memcpy(p + 56, &hash, sizeof(hash));
}

/* --- files that do not open ------------------------------------------------------------------- */

static void what_is_no_trace_says_so(void **state)
{
	static const uint8_t zeros[1000];
	struct espy_err err = {0};
	struct espy_trace *t;

	(void)state;
	refused("", 0, -ENODATA, "the file is empty");
	refused("#!/bin/sh\necho this is a script, which is longer than the header of a trace\n",
		75, -EBADMSG, "not a trace");
	refused("x", 1, -EBADMSG, "not a trace");
	refused(zeros, sizeof(zeros), -EBADMSG, "not a trace");
	refused(whole, 5, -EBADMSG, "cut off within its header, after 5 bytes");
	refused(whole, 63, -EBADMSG, "cut off within its header, after 63 bytes");
	refused(whole, 64, -EBADMSG, "cut off at offset 64");
	assert_int_equal(espy_trace_open(&t, "/nonexistent/file", &err), -ENOENT);
	assert_string_equal(err.source, "/nonexistent/file");
	assert_int_equal(espy_trace_open(&t, "/tmp", &err), -EISDIR);
}

static void what_is_newer_says_so(void **state)
{
	uint8_t *p = copy_whole();
	struct espy_trace *t;

	(void)state;
	p[8] = 2;
	hash_header(p);
	refused(p, sizes[4], -EPROTONOSUPPORT, "of version 2");
	p[8] = 1;
	p[16] = 4;
	hash_header(p);
	refused(p, sizes[4], -EPROTONOSUPPORT, "newer Espy");
	p[16] = 0;
	p[24] = 4; /* a compatible flag */
	hash_header(p);
	assert_int_equal(open_bytes(&t, p, sizes[4], NULL), 0);
	espy_trace_close(t);
	free(p);
}

static void a_longer_header_is_read(void **state)
{
	uint8_t *p = malloc(sizes[4] + 8);
	struct espy_batch *b;
	struct espy_trace *t;
	uint64_t hash;

	(void)state;
	assert_non_null(p);
	memcpy(p, whole, 64);
	memcpy(p + 64, "newstuff", 8);
	memcpy(p + 72, whole + 64, sizes[4] - 64);
	p[12] = 72;
	hash = htole64(XXH3_64bits_withSeed(p + 64, 8, XXH3_64bits(p, 56)));
	memcpy(p + 56, &hash, sizeof(hash));
	assert_int_equal(open_bytes(&t, p, sizes[4] + 8, NULL), 0);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[1], b);
	espy_batch_free(b);
	espy_trace_close(t);
	p[70] ^= 1;
	refused(p, sizes[4] + 8, -EBADMSG, "header");
	refused(p, 68, -EBADMSG, "cut off within its header");
	free(p);
}

/* --- files that end or are wrong somewhere ---------------------------------------------------- */

static void every_cut_leaves_the_blocks_before_it(void **state)
{
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint64_t n = 0; n<sizes[4]; n += n> 400 && n + 9 < sizes[0] ? SCHEMA_STEP : 1) {
		uint8_t *p = malloc(n + 1); /* exact, so that ASan sees a step too far */
		struct espy_trace *t = NULL;
		unsigned i = 0;
		int r;

		assert_non_null(p);
		memcpy(p, whole, n);
		r = open_bytes(&t, p, n, NULL);
		assert_true(r == 0 || n < sizes[0]);
		if (r == 0 && espy_trace_snapshot(t, b, NULL) == 1)
			help_equal(three[i++], b);
		while (i && r == 0 && espy_trace_next(t, b, NULL) == 1)
			help_equal(three[i++], b);
		assert_int_equal(i, (n >= sizes[1]) + (n >= sizes[2]) + (n >= sizes[3]));
		if (r == 0) {
			assert_int_equal(espy_trace_next(t, b, NULL), 0);
			assert_null(espy_trace_ending(t));
		}
		espy_trace_close(t);
		free(p);
	}
	espy_batch_free(b);
}

/* Reads all there is; returns how many errors were told, and checks what was good. */
static unsigned read_damaged(struct espy_trace *t, struct espy_batch *b, unsigned *ret_batches)
{
	struct espy_err err = {0};
	unsigned errors = 0, batches = 0;
	int r;

	while ((r = espy_trace_snapshot(t, b, &err)) != 0) {
		assert_true(r == 1 || r == -EBADMSG);
		errors += r < 0;
		batches += r == 1;
		if (r == 1)
			help_equal(three[0], b);
	}
	while ((r = espy_trace_next(t, b, &err)) != 0) {
		assert_true(r == 1 || r == -EBADMSG);
		if (r < 0) {
			assert_int_equal(b->n, 0);
			assert_non_null(strstr(err.text, "offset"));
			assert_true(++errors < 5);
			continue;
		}
		batches++;
		help_equal(b->n == three[1]->n ? three[1] : three[2], b);
	}
	*ret_batches = batches;
	return errors;
}

static void every_flip_is_caught_or_harmless(void **state)
{
	uint8_t *p = copy_whole();
	struct espy_batch *b;
	unsigned harmless = 0;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (uint64_t at = 0; at<sizes[4]; at += at> 400 && at < sizes[0] ? SCHEMA_STEP : 1) {
		struct espy_trace *t = NULL;
		unsigned batches = 0, errors = 0;

		p[at] ^= (uint8_t)(1u << at % 8);
		if (open_bytes(&t, p, sizes[4], NULL) == 0)
			errors = read_damaged(t, b, &batches);
		else
			assert_true(at < 64);
		if (at >= 64) {
			assert_true(errors <= 1);
			assert_true(batches == 3 || errors == 1);
			assert_true(batches >= 2);
			/* Schema and machine are used without their documentation. */
			harmless += errors == 0 && at >= sizes[0];
		}
		espy_trace_close(t);
		p[at] = whole[at];
	}
	/* Padding, the block's unused bytes, the index that nobody read. */
	assert_true(harmless < 1000);
	espy_batch_free(b);
	free(p);
}

/* The error names the block, comes once, and the next block is read. */
static void damage_in_the_middle_costs_one_block(void **state)
{
	const uint64_t places[] = {sizes[1], sizes[1] + 9, sizes[1] + 70, sizes[2] - 60};
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t *p = copy_whole();
		struct espy_err err = {0};
		struct espy_trace *t;
		char offset[64];

		p[places[i]] ^= 0x55;
		assert_int_equal(open_bytes(&t, p, sizes[4], NULL), 0);
		assert_int_equal(espy_trace_next(t, b, &err), -EBADMSG);
		snprintf(offset, sizeof(offset),
			 "the block at offset %llu is damaged: ", (unsigned long long)sizes[1]);
		assert_non_null(strstr(err.text, offset));
		assert_int_equal(espy_trace_next(t, b, &err), 1);
		help_equal(three[2], b);
		assert_int_equal(espy_trace_next(t, b, &err), 0);
		assert_non_null(espy_trace_ending(t));
		espy_trace_close(t);
		free(p);
	}
	espy_batch_free(b);
}

/* A hole of zeros, as a crash of the machine leaves it, and nothing behind it. */
static void a_tail_of_zeros_is_told_once(void **state)
{
	uint8_t *p = copy_whole();
	struct espy_batch *b;
	struct espy_trace *t;

	(void)state;
	memset(p + sizes[2], 0, sizes[4] - sizes[2]);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(open_bytes(&t, p, sizes[4], NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	assert_int_equal(espy_trace_next(t, b, NULL), -EBADMSG);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	espy_trace_close(t);
	espy_batch_free(b);
	free(p);
}

/* Then our own names serve. */
static void a_damaged_schema_does_not_hide_the_events(void **state)
{
	uint8_t *p = copy_whole();
	struct espy_err err = {0};
	struct espy_batch *b;
	struct espy_trace *t;

	(void)state;
	p[64 + 1500] ^= 1;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(open_bytes(&t, p, sizes[4], NULL), 0);
	assert_int_equal(espy_trace_snapshot(t, b, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "offset 64 "));
	assert_int_equal(espy_trace_snapshot(t, b, NULL), 1);
	help_equal(three[0], b);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[1], b);
	assert_string_equal(espy_trace_machine(t)->host, "here");
	espy_trace_close(t);
	espy_batch_free(b);
	free(p);
}

static void damage_in_a_pipe_is_passed_too(void **state)
{
	struct espy_batch *b;
	struct espy_trace *t;
	int ends[2];
	uint8_t *p = copy_whole();

	(void)state;
	p[sizes[1] + 3] ^= 1;
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(pipe(ends), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) >= (int)sizes[4]);
	assert_int_equal(write(ends[1], p, sizes[4]), sizes[4]);
	close(ends[1]);
	assert_int_equal(espy_trace_open_fd(&t, ends[0], "pipe", NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), -EBADMSG);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	help_equal(three[2], b);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	assert_non_null(espy_trace_ending(t));
	espy_trace_close(t);
	espy_batch_free(b);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_trace_says_so),
		cmocka_unit_test(what_is_newer_says_so),
		cmocka_unit_test(a_longer_header_is_read),
		cmocka_unit_test(every_cut_leaves_the_blocks_before_it),
		cmocka_unit_test(every_flip_is_caught_or_harmless),
		cmocka_unit_test(damage_in_the_middle_costs_one_block),
		cmocka_unit_test(a_tail_of_zeros_is_told_once),
		cmocka_unit_test(a_damaged_schema_does_not_hide_the_events),
		cmocka_unit_test(damage_in_a_pipe_is_passed_too),
	};

	return cmocka_run_group_tests(tests, make_whole, free_whole);
}
