/* SPDX-License-Identifier: MIT */
/* Traces of other versions of Espy: other ids, other fields, events and blocks that we do not know.
 */
#include "trace-help.h"
#include <errno.h>
#include <xxhash.h>
#include "trace/encode.h"
#include "trace/layout.h"

/* A trace put together by hand. */
struct craft {
	struct espy_encode e;
	struct espy_dict d;
	struct espy_buf out;
	uint64_t seed;
};

static void craft_begin(struct craft *c)
{
	struct espy_trace_header h = {
		.magic = ESPY_TRACE_MAGIC, .version = htole32(1), .header_size = htole32(64)};

	*c = (struct craft){0};
	assert_int_equal(espy_encode_init(&c->e), 0);
	assert_int_equal(espy_dict_init(&c->d), 0);
	memset(h.id, 0x33, sizeof(h.id));
	memset(&c->seed, 0x33, sizeof(c->seed));
	h.hash = htole64(XXH3_64bits(&h, 56));
	espy_buf_add(&c->out, &h, sizeof(h));
	espy_build_begin(&c->e.build);
}

/* Ends the block that was being built. */
static void craft_block(struct craft *c, unsigned type, unsigned flags, uint32_t rows)
{
	struct espy_trace_block h = {
		.type = (uint16_t)type, .flags = (uint16_t)flags, .rows = rows, .first_seq = 10};
	int n;

	espy_encode_strings(&c->e, &c->d);
	n = espy_build_end(&c->e.build, &h, c->seed, NULL);
	assert_true(n > 0);
	for (int i = 0; i < n; i++)
		espy_buf_add(&c->out, c->e.build.part[i].iov_base, c->e.build.part[i].iov_len);
	espy_dict_reset(&c->d);
	espy_build_begin(&c->e.build);
}

static struct espy_trace *craft_open(struct craft *c)
{
	int fd = help_memory_file();
	struct espy_trace *t;

	assert_int_equal(write(fd, c->out.p, c->out.n), c->out.n);
	t = help_open(fd);
	close(fd);
	espy_encode_done(&c->e);
	espy_dict_done(&c->d);
	espy_buf_done(&c->out);
	return t;
}

#define NUMBERS(c, column, ...) \
	espy_build_numbers(&(c)->e.build, column, (const uint64_t[]){__VA_ARGS__}, false)
#define S(text) espy_dict_add(&c->d, ESPY_STR(text))

/* file_open as id 900 with its fields in another order, one of them a text now, one unknown, one
 * missing; file_teleport is new. */
static void craft_schema(struct craft *c)
{
	espy_build_table(&c->e.build, ESPY_TABLE_EVENTS, 2);
	NUMBERS(c, ESPY_EVENTS_ID, 900, 4000);
	NUMBERS(c, ESPY_EVENTS_NAME, S("file_open"), S("file_teleport"));
	NUMBERS(c, ESPY_EVENTS_FIELDS, 5, 4);
	espy_build_table(&c->e.build, ESPY_TABLE_FIELDS, 9);
	NUMBERS(c, ESPY_FIELDS_NAME, S("created"), S("path"), S("sparkle"), S("flags"), S("mode"),
		S("path"), S("distance"), S("place"), S("delta"));
	NUMBERS(c, ESPY_FIELDS_KIND, ESPY_KIND_u64, ESPY_KIND_path, ESPY_KIND_u64, ESPY_KIND_u32,
		ESPY_KIND_text, ESPY_KIND_path, ESPY_KIND_u64, ESPY_KIND_text, ESPY_KIND_s64);
	craft_block(c, ESPY_TRACE_SCHEMA, 0, 0);
	espy_build_table(&c->e.build, ESPY_TABLE_PROPERTIES, 2);
	NUMBERS(c, ESPY_PROPERTIES_NAME, S("colour"), S("host"));
	NUMBERS(c, ESPY_PROPERTIES_TEXT, S("blue"), S("far"));
	craft_block(c, ESPY_TRACE_MACHINE, 0, 0);
}

/* Rows: open, teleport, open, teleport. */
static void craft_events(struct craft *c)
{
	espy_build_table(&c->e.build, ESPY_TABLE_PROCS, 1);
	NUMBERS(c, ESPY_PROCS_PID, 55);
	NUMBERS(c, 99, 1);
	espy_build_table(&c->e.build, ESPY_TABLE_ROWS, 4);
	NUMBERS(c, ESPY_ROWS_END, 100, 200, 300, 400);
	NUMBERS(c, ESPY_ROWS_DURATION, 1, 2, 3, 4);
	NUMBERS(c, ESPY_ROWS_TYPE, 900, 4000, 900, 4000);
	NUMBERS(c, ESPY_ROWS_PATH, S("/a"), S("/b"), 0, S("/c"));
	NUMBERS(c, 99, 7, 8, 9, 10);
	espy_build_table(&c->e.build, 77, 4);
	NUMBERS(c, 1, 7, 8, 9, 10);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 900, 2);
	NUMBERS(c, 1, 1, 0);
	NUMBERS(c, 3, 11, 12);
	NUMBERS(c, 4, 0101, 0202);
	NUMBERS(c, 5, S("rw-"), S("r--"));
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 4000, 2);
	NUMBERS(c, 2, 70, 80);
	NUMBERS(c, 3, S("Mars"), 0);
	NUMBERS(c, 4, 0, (uint64_t)-3);
	craft_block(c, ESPY_TRACE_EVENTS, 0, 4);
}

static struct espy_value value(const struct espy_batch *b, uint32_t row, const char *name)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	assert_true(f >= 0);
	return espy_batch_get(b, row, (unsigned)f);
}

static void check_text(const struct espy_batch *b, uint32_t row, const char *name, const char *text)
{
	struct espy_value v = value(b, row, name);

	assert_true(v.is_string);
	if (!espy_str_eq(v.str, espy_str0(text)))
		fail_msg("'%.*s' instead of '%s'", (int)v.str.n, v.str.p, text);
}

static void fields_go_by_name_and_unknown_events_are_shown(void **state)
{
	struct espy_batch *b;
	struct espy_trace *t;
	struct craft c;

	(void)state;
	craft_begin(&c);
	craft_schema(&c);
	craft_events(&c);
	t = craft_open(&c);
	assert_string_equal(espy_trace_machine(t)->host, "far");
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	assert_int_equal(b->n, 4);
	assert_int_equal(b->first_seq, 10);
	assert_int_equal(espy_batch_proc(b, 3)->pid, 55);
	assert_int_equal(b->time[3], 396);
	assert_int_equal(b->tid[3], 55);

	assert_int_equal(b->type[0], ESPY_EV_file_open);
	assert_int_equal(b->type[2], ESPY_EV_file_open);
	check_text(b, 0, "path", "/a");
	assert_int_equal(value(b, 0, "created").num, 1);
	assert_int_equal(value(b, 2, "created").num, 0);
	assert_int_equal(value(b, 0, "flags").num, 0101);
	assert_int_equal(value(b, 2, "flags").num, 0202);
	assert_int_equal(value(b, 0, "mode").num, 0);
	assert_int_equal(value(b, 0, "resolve").num, 0);

	assert_int_equal(b->type[1], ESPY_EV_system_unknown);
	check_text(b, 1, "event", "file_teleport");
	check_text(b, 1, "values", "distance=70, place=Mars");
	check_text(b, 3, "values", "distance=80, delta=-3");
	assert_int_equal(b->group[ESPY_EV_system_unknown]->n, 2);
	assert_int_equal(b->group[ESPY_EV_system_unknown]->row[1], 3);
	assert_true(espy_str_eq(espy_dict_get(&b->dict, b->path[3]), ESPY_STR("/c")));
	espy_batch_free(b);
	espy_trace_close(t);
}

/* A type that the trace's own schema does not name. */
static void nameless_events_go_by_number(void **state)
{
	struct espy_batch *b;
	struct espy_trace *t;
	struct craft c;

	(void)state;
	craft_begin(&c);
	craft_events(&c);
	t = craft_open(&c);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	assert_int_equal(b->group[ESPY_EV_system_unknown]->n, 4);
	check_text(b, 0, "event", "#900");
	check_text(b, 1, "event", "#4000");
	check_text(b, 1, "values", "");
	espy_batch_free(b);
	espy_trace_close(t);
}

static void unknown_blocks_are_skipped(void **state)
{
	struct espy_batch *b;
	struct espy_trace *t;
	struct craft c;

	(void)state;
	craft_begin(&c);
	craft_block(&c, 77, 0, 0);
	craft_schema(&c);
	craft_block(&c, 78, 0, 0);
	craft_events(&c);
	craft_block(&c, 79, 0, 0);
	t = craft_open(&c);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_snapshot(t, b, NULL), 0);
	assert_int_equal(espy_trace_next(t, b, NULL), 1);
	assert_int_equal(espy_trace_next(t, b, NULL), 0);
	espy_batch_free(b);
	espy_trace_close(t);
}

static void unless_they_are_needed(void **state)
{
	struct espy_err err = {0};
	struct espy_batch *b;
	struct espy_trace *t;
	struct craft c;

	(void)state;
	craft_begin(&c);
	craft_schema(&c);
	craft_block(&c, 78, ESPY_TRACE_NEEDED, 0);
	craft_events(&c);
	t = craft_open(&c);
	assert_int_equal(espy_batch_new(&b), 0);
	assert_int_equal(espy_trace_next(t, b, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.text, "kind (78)"));
	assert_int_equal(espy_trace_next(t, b, &err), -EPROTONOSUPPORT);
	espy_batch_free(b);
	espy_trace_close(t);
}

/* --- blocks with right checksums that say wrong things ---------------------------------------- */

typedef void (*spoiler)(struct craft *c);

static void process_out_of_range(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_PROC, 0, 1);
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 32);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
}

static void string_out_of_range(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_PATH, 0, 1);
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 32);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
}

static void row_without_group(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 33);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
}

static void group_without_rows(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 32);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 33, 1);
}

static void group_twice(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 32);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
}

static void number_too_wide(struct craft *c)
{
	NUMBERS(c, ESPY_ROWS_CPU, 0, 65536);
	NUMBERS(c, ESPY_ROWS_TYPE, 32, 32);
	espy_build_table(&c->e.build, ESPY_TABLE_GROUP + 32, 2);
}

static void contradictions_are_told(void **state)
{
	const spoiler spoilers[] = {process_out_of_range, string_out_of_range, row_without_group,
				    group_without_rows,   group_twice,         number_too_wide};
	struct espy_batch *b;

	(void)state;
	assert_int_equal(espy_batch_new(&b), 0);
	for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
		struct espy_trace *t;
		struct craft c;

		craft_begin(&c);
		espy_build_table(&c.e.build, ESPY_TABLE_PROCS, 1);
		espy_build_table(&c.e.build, ESPY_TABLE_ROWS, 2);
		spoilers[i](&c);
		craft_block(&c, ESPY_TRACE_EVENTS, 0, 2);
		t = craft_open(&c);
		assert_int_equal(espy_trace_next(t, b, NULL), -EBADMSG);
		assert_int_equal(b->n, 0);
		assert_int_equal(espy_trace_next(t, b, NULL), 0);
		espy_trace_close(t);
	}
	espy_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_go_by_name_and_unknown_events_are_shown),
		cmocka_unit_test(nameless_events_go_by_number),
		cmocka_unit_test(unknown_blocks_are_skipped),
		cmocka_unit_test(unless_they_are_needed),
		cmocka_unit_test(contradictions_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
