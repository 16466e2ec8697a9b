/* SPDX-License-Identifier: MIT */
/* What the tests of the trace share: batches of made-up events, files in memory, comparison. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>
#include "trace/trace.h"

static uint64_t help_random_state = 1;

__attribute__((unused)) static uint64_t help_random(void)
{
	uint64_t z = help_random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* Any size of number, the extremes among them. */
__attribute__((unused)) static uint64_t help_number(void)
{
	switch (help_random() % 8) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return 1ull << 63;
	case 3:
		return INT64_MAX;
	default:
		return help_random() >> help_random() % 64;
	}
}

/* Bytes of any kind, most of them short, some like the one before. */
__attribute__((unused)) static struct espy_str help_string(char *buf, size_t size)
{
	size_t n = help_random() % 4 ? help_random() % 24 : help_random() % size;

	for (size_t i = help_random() % 2 ? n / 2 : 0; i < n; i++)
		buf[i] = (char)help_random();
	return (struct espy_str){buf, n};
}

__attribute__((unused)) static void help_add_procs(struct espy_batch *b, unsigned n)
{
	char buf[600] = "";

	for (unsigned i = 0; i < n; i++) {
		struct espy_proc p = {0};

		for (size_t k = 0; k <= offsetof(struct espy_proc, flags) / 4; k++)
			((uint32_t *)&p)[k] = (uint32_t)help_number();
		p.parent = i && help_random() % 4 ? (uint32_t)(help_random() % i) : UINT32_MAX;
		p.name = espy_dict_add(&b->dict, help_string(buf, sizeof(buf)));
		p.exe = espy_dict_add(&b->dict, help_string(buf, sizeof(buf)));
		p.cmdline = espy_dict_add(&b->dict, help_string(buf, sizeof(buf)));
		p.user = espy_dict_add(&b->dict, help_string(buf, sizeof(buf)));
		p.tty = espy_dict_add(&b->dict, help_string(buf, sizeof(buf)));
		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
}

/* A row of that type with any values. */
__attribute__((unused)) static void help_add_row(struct espy_batch *b, unsigned type)
{
	const struct espy_schema *s = espy_schema_get(type);
	char buf[300] = "";
	int r = espy_batch_add(b, type);
	uint32_t row = (uint32_t)r;

	assert_true(r >= 0);
	b->time[row] = help_number();
	b->duration[row] = help_number();
	b->result[row] = (int64_t)help_number();
	b->proc[row] = (uint32_t)(help_random() % b->n_procs);
	b->tid[row] = (uint32_t)help_number();
	b->cpu_seq[row] = (uint32_t)help_number();
	b->call[row] = (uint16_t)help_number();
	b->cpu[row] = (uint16_t)(help_random() % 3 ? help_random() % 4 : help_number());
	b->abi[row] = (uint8_t)help_number();
	b->flags[row] = (uint8_t)help_number();
	b->path_source[row] = (uint8_t)help_number();
	for (unsigned f = 0; f < s->n_fields; f++) {
		if (!espy_kind_is_string(s->fields[f].kind))
			espy_batch_set_num(b, row, f, help_number());
		else
			assert_int_equal(
				espy_batch_set_str(b, row, f, help_string(buf, sizeof(buf))), 0);
	}
}

/* Rows of all types that can be shown, in turn. */
__attribute__((unused)) static struct espy_batch *help_batch(uint32_t rows, unsigned procs)
{
	struct espy_batch *b;
	size_t next = 0;

	assert_int_equal(espy_batch_new(&b), 0);
	b->first_seq = 1 + help_random() % 1000000;
	b->wall_offset = (int64_t)help_number();
	help_add_procs(b, procs);
	while (b->n < rows) {
		const struct espy_schema *s = &espy_schemas[next++ % espy_n_schemas];

		if (espy_schema_is_shown(s))
			help_add_row(b, s->type);
	}
	return b;
}

/* --- comparison ------------------------------------------------------------------------------- */

#define HELP_EQUAL(name) assert_memory_equal(a->name, b->name, a->n * sizeof(*a->name))

__attribute__((unused)) static void help_equal_groups(const struct espy_group *a,
						      const struct espy_group *b)
{
	if (!a || !b) {
		assert_true(!a && !b);
		return;
	}
	assert_ptr_equal(a->schema, b->schema);
	assert_int_equal(a->n, b->n);
	HELP_EQUAL(row);
	for (unsigned f = 0; f < a->schema->n_fields; f++) {
		size_t size = espy_kind_is_string(a->schema->fields[f].kind) ? 4 : 8;

		if (a->cols[f])
			assert_memory_equal(a->cols[f], b->cols[f], a->n * size);
	}
}

__attribute__((unused)) static void help_equal(const struct espy_batch *a,
					       const struct espy_batch *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->first_seq, b->first_seq);
	assert_int_equal(a->wall_offset, b->wall_offset);
	HELP_EQUAL(time);
	HELP_EQUAL(duration);
	HELP_EQUAL(result);
	HELP_EQUAL(proc);
	HELP_EQUAL(tid);
	HELP_EQUAL(path);
	HELP_EQUAL(cpu_seq);
	HELP_EQUAL(slot);
	HELP_EQUAL(type);
	HELP_EQUAL(call);
	HELP_EQUAL(cpu);
	HELP_EQUAL(abi);
	HELP_EQUAL(flags);
	HELP_EQUAL(path_source);
	assert_int_equal(a->n_procs, b->n_procs);
	assert_memory_equal(a->procs, b->procs, a->n_procs * sizeof(*a->procs));
	assert_int_equal(a->dict.n, b->dict.n);
	for (uint32_t i = 0; i < a->dict.n; i++)
		assert_true(espy_str_eq(a->dict.strs[i], b->dict.strs[i]));
	for (unsigned t = 0; t < ESPY_EVENT_ID_MAX; t++)
		help_equal_groups(a->group[t], b->group[t]);
}

/* --- files ------------------------------------------------------------------------------------ */

__attribute__((unused)) static int help_memory_file(void)
{
	int fd = memfd_create("test-trace", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Another description of the same file, at its beginning. */
__attribute__((unused)) static int help_reopen(int fd, int flags)
{
	char path[64];
	int other;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, flags | O_CLOEXEC);
	assert_true(other >= 0);
	return other;
}

__attribute__((unused)) static struct espy_trace_writer *help_create(int fd)
{
	struct espy_machine m = {
		.host = "here",
		.kernel = "6.18.0",
		.cpus = 2,
		.utc_offset = -3600,
		.wall_offset = -5,
		.started = 77,
	};
	struct espy_trace_writer *w;
	struct espy_err err = {0};

	if (espy_trace_create(&w, help_reopen(fd, O_RDWR), "test", &m, &err) < 0)
		fail_msg("%s", err.text);
	return w;
}

__attribute__((unused)) static struct espy_trace *help_open(int fd)
{
	struct espy_trace *t;
	struct espy_err err = {0};

	if (espy_trace_open_fd(&t, help_reopen(fd, O_RDONLY), "test", &err) < 0)
		fail_msg("%s", err.text);
	return t;
}

/* A snapshot, two blocks of events, an end; *sizes says where each of the five pieces ends. */
__attribute__((unused)) static int help_small_file(uint64_t *sizes, struct espy_batch **b)
{
	const struct espy_ending e = {.ended = 5, .events = 7, .exit_status = -1, .reason = "done"};
	int fd = help_memory_file();
	struct espy_trace_writer *w = help_create(fd);
	struct stat st;

	sizes[0] = espy_trace_written(w);
	assert_int_equal(espy_trace_write_snapshot(w, b[0], NULL), 0);
	sizes[1] = espy_trace_written(w);
	assert_int_equal(espy_trace_write(w, b[1], NULL), 0);
	sizes[2] = espy_trace_written(w);
	assert_int_equal(espy_trace_write(w, b[2], NULL), 0);
	sizes[3] = espy_trace_written(w);
	assert_int_equal(espy_trace_finish(w, &e, NULL), 0);
	assert_int_equal(fstat(fd, &st), 0);
	sizes[4] = (uint64_t)st.st_size;
	return fd;
}
