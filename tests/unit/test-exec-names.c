/* SPDX-License-Identifier: MIT */
/* Pages of a tracing ring, taken apart, and the format file that says what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "sense/exec-names.h"

/* As Linux 6.12 has it. */
static const char format[] =
	"name: sched_process_exec\n"
	"ID: 316\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n"
	"\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;\n"
	"\n"
	"print fmt: \"filename=%s pid=%d old_pid=%d\", __get_str(filename), REC->pid, "
	"REC->old_pid\n";

struct page {
	char bytes[4096];
	size_t n;
};

static void put(struct page *p, const void *data, size_t n)
{
	assert_true(p->n + n <= sizeof(p->bytes));
	memcpy(p->bytes + p->n, data, n);
	p->n += n;
}

static void put32(struct page *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

static void begin(struct page *p, uint64_t time)
{
	uint64_t commit = 0;

	p->n = 0;
	put(p, &time, sizeof(time));
	put(p, &commit, sizeof(commit));
}

static void end(struct page *p, uint64_t flags)
{
	uint64_t commit = (p->n - 16) | flags;

	memcpy(p->bytes + 8, &commit, sizeof(commit));
}

/* The event itself, as long as a multiple of four. */
static void put_event(struct page *p, uint16_t id, uint32_t pid, const char *name, uint32_t len)
{
	static const char nothing[4];
	uint32_t loc = len << 16 | 20;

	put(p, &id, sizeof(id));
	put(p, nothing, 2);
	put32(p, pid);
	put32(p, loc);
	put32(p, pid);
	put32(p, pid);
	put(p, name, len);
	put(p, nothing, -len & 3);
}

struct got {
	unsigned n;
	uint64_t time[8];
	uint32_t pid[8];
	char name[8][64];
};

static void take(void *ctx, uint64_t time, uint32_t pid, struct espy_str name)
{
	struct got *g = ctx;

	assert_true(g->n < 8 && name.n < 64);
	g->time[g->n] = time;
	g->pid[g->n] = pid;
	memcpy(g->name[g->n], name.p, name.n);
	g->name[g->n++][name.n] = '\0';
}

static void parse(const struct page *p, struct got *g)
{
	struct espy_exec_format f;

	assert_true(espy_exec_format_parse(&f, format));
	memset(g, 0, sizeof(*g));
	espy_exec_page_parse(&f, p->bytes, p->n, take, g);
}

static void the_format(void **state)
{
	struct espy_exec_format f;

	(void)state;
	assert_true(espy_exec_format_parse(&f, format));
	assert_int_equal(f.id, 316);
	assert_int_equal(f.name, 8);
	assert_int_equal(f.pid, 12);
	assert_false(espy_exec_format_parse(&f, ""));
	assert_false(
		espy_exec_format_parse(&f, "ID: 3\n\tfield:pid_t pid;\toffset:12;\tsize:4;\n"));
	assert_false(espy_exec_format_parse(
		&f, "ID: 3\n field:__data_loc char[] filename; offset:8; size:8;\n"));
}

static void events_and_times(void **state)
{
	struct page p;
	struct got g;

	(void)state;
	begin(&p, 1000);
	put32(&p, 7 | 5 << 5); /* 28 bytes, 5 ns later */
	put_event(&p, 316, 77, "/bin/ls", 8);
	put32(&p, 30 | 1 << 5); /* a time extension */
	put32(&p, 2);
	put32(&p, 0 | 3 << 5); /* a length of its own, itself in it */
	put32(&p, 4 + 32);
	put_event(&p, 316, 78, "/bin/longer", 12);
	put32(&p, 7 | 0 << 5);
	put_event(&p, 315, 79, "another", 8);
	put32(&p, 29 | 1 << 5); /* padding in between */
	put32(&p, 8);
	put32(&p, 0);
	put32(&p, 31 | 9 << 5); /* an absolute time */
	put32(&p, 4);
	put32(&p, 6 | 1 << 5);
	put_event(&p, 316, 80, "x\n", 3);
	end(&p, 1u << 31); /* events were missed */
	parse(&p, &g);
	assert_int_equal(g.n, 3);
	assert_string_equal(g.name[0], "/bin/ls");
	assert_int_equal(g.pid[0], 77);
	assert_int_equal(g.time[0], 1005);
	assert_string_equal(g.name[1], "/bin/longer");
	assert_true(g.time[1] == 1005 + 1 + (2ull << 27) + 3);
	assert_string_equal(g.name[2], "x\n");
	assert_true(g.time[2] == (4ull << 27) + 9 + 1);
}

/* Every length that is said may be a lie. */
static void what_does_not_fit(void **state)
{
	struct page p, cut;
	struct got g;

	(void)state;
	begin(&p, 1);
	put32(&p, 7);
	put_event(&p, 316, 5, "/bin/ls", 8);
	end(&p, 0);
	for (size_t n = 0; n < p.n; n++) {
		cut = p;
		cut.n = n;
		parse(&cut, &g);
		assert_int_equal(g.n, 0);
	}
	cut = p; /* the name would be behind the event */
	memcpy(cut.bytes + 20 + 8, &(uint32_t){9 << 16 | 20}, 4);
	parse(&cut, &g);
	assert_int_equal(g.n, 0);
	memcpy(cut.bytes + 20 + 8, &(uint32_t){1 << 16 | 0xffff}, 4);
	parse(&cut, &g);
	assert_int_equal(g.n, 0);
	begin(&p, 1); /* the rest is padding */
	put32(&p, 29);
	put32(&p, 7);
	put_event(&p, 316, 5, "/bin/ls", 8);
	end(&p, 0);
	parse(&p, &g);
	assert_int_equal(g.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_format),
		cmocka_unit_test(events_and_times),
		cmocka_unit_test(what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
