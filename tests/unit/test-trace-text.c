/* SPDX-License-Identifier: MIT */
/* The strings of a block: those of its processes lie apart, and can be read without the others. */
#include "trace-help.h"
#include <errno.h>
#include "trace/decode.h"

#define ROWS 1000u
#define SEED 5u

/* A block in memory, and what came back of it. */
struct text {
	struct espy_batch *in, *out;
	struct espy_encode encode;
	struct espy_decode decode;
	struct espy_names names;
	struct espy_trace_block h;
	struct espy_buf bytes;
};

static uint32_t add(struct espy_batch *b, const char *s)
{
	return espy_dict_add(&b->dict, espy_str0(s));
}

/* Programs that are executed have the same strings as the processes, which come last, so that their
 * strings lie among those of the rows. */
static void fill(struct espy_batch *b, size_t path_bytes)
{
	char path[200];

	b->first_seq = 1;
	for (uint32_t i = 0; i < ROWS; i++) {
		int row = espy_batch_add(b, i % 9 ? ESPY_EV_file_open : ESPY_EV_file_rename);

		assert_int_equal(row, i);
		memset(path, 'x', sizeof(path));
		path[snprintf(path, 30, "/%u", i)] = '/'; /* little in common with the next */
		path[path_bytes] = '\0';
		b->path[row] = i % 7 ? add(b, path) : add(b, i % 2 ? "/bin/cc" : "/bin/ld");
		if (i % 9 == 0)
			espy_batch_set_str(b, i, 0, ESPY_STR("/to"));
		b->stack[row] = i % 5 ? 0 : add(b, "U 0x1 main\n");
		b->detail[row] = i % 6 ? 0 : add(b, "in words");
		b->status[row] = i;
		b->proc[row] = i % 2;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct espy_proc p = {.pid = 7 + i, .parent = UINT32_MAX};

		p.name = add(b, i ? "cc" : "ld");
		p.exe = add(b, i ? "/bin/cc" : "/bin/ld");
		p.cmdline = i ? add(b, "all") : 0;
		assert_int_equal(espy_batch_add_proc(b, &p), i);
	}
}

static void set_up(struct text *t, size_t path_bytes)
{
	int n;

	*t = (struct text){0};
	assert_int_equal(espy_batch_new(&t->in), 0);
	assert_int_equal(espy_batch_new(&t->out), 0);
	assert_int_equal(espy_encode_init(&t->encode), 0);
	assert_int_equal(espy_decode_init(&t->decode), 0);
	assert_int_equal(espy_names_own(&t->names), 0);
	fill(t->in, path_bytes);
	n = espy_encode_batch(&t->encode, t->in, ESPY_TRACE_EVENTS, SEED, &t->h);
	assert_true(n > 0);
	for (int i = 0; i < n; i++)
		espy_buf_add(&t->bytes, t->encode.build.part[i].iov_base,
			     t->encode.build.part[i].iov_len);
	assert_int_equal(espy_block_header(&t->h, (uint8_t *)t->bytes.p, SEED), 0);
}

static void done(struct text *t)
{
	espy_batch_free(t->in);
	espy_batch_free(t->out);
	espy_encode_done(&t->encode);
	espy_decode_done(&t->decode);
	espy_names_done(&t->names);
	espy_buf_done(&t->bytes);
}

static int decode(struct text *t, const struct espy_need *need)
{
	assert_int_equal(espy_block_load(&t->decode.block, &t->h, (uint8_t *)t->bytes.p), 0);
	return espy_decode_batch(&t->decode, &t->names, need, t->out);
}

static void check_same(const struct text *t, uint32_t in, uint32_t out)
{
	struct espy_str a = espy_dict_get(&t->in->dict, in), b = espy_dict_get(&t->out->dict, out);

	if (!espy_str_eq(a, b))
		fail_msg("\"%.*s\" became \"%.*s\"", (int)a.n, a.p, (int)b.n, b.p);
}

static void check_procs(const struct text *t)
{
	assert_int_equal(t->out->n_procs, 2);
	for (unsigned i = 0; i < 2; i++) {
		check_same(t, t->in->procs[i].name, t->out->procs[i].name);
		check_same(t, t->in->procs[i].exe, t->out->procs[i].exe);
		check_same(t, t->in->procs[i].cmdline, t->out->procs[i].cmdline);
		check_same(t, t->in->procs[i].user, t->out->procs[i].user);
	}
}

static void check_all(const struct text *t)
{
	const struct espy_group *a = t->in->group[ESPY_EV_file_rename];
	const struct espy_group *b = t->out->group[ESPY_EV_file_rename];

	assert_int_equal(t->out->dict.n, t->in->dict.n);
	assert_int_equal(t->out->n, ROWS);
	for (uint32_t i = 0; i < ROWS; i++) {
		check_same(t, t->in->path[i], t->out->path[i]);
		check_same(t, t->in->stack[i], t->out->stack[i]);
		check_same(t, t->in->detail[i], t->out->detail[i]);
		assert_int_equal(t->out->status[i], i);
	}
	assert_int_equal(a->n, b->n);
	for (unsigned f = 0; f < a->schema->n_fields; f++)
		for (uint32_t i = 0;
		     espy_kind_is_string(a->schema->fields[f].kind) && a->cols[f] && i < a->n; i++)
			check_same(t, ((uint32_t *)a->cols[f])[i], ((uint32_t *)b->cols[f])[i]);
	check_procs(t);
}

static struct espy_need need_of(unsigned column)
{
	struct espy_need need = {0};

	espy_need_add(&need, column);
	return need;
}

static void all_strings_come_back(void **state)
{
	static const size_t sizes[] = {8, 150}; /* in one table, and in two */
	struct text t;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		set_up(&t, sizes[i]);
		assert_int_equal(decode(&t, NULL), 0);
		assert_int_equal(espy_block_table(&t.decode.block, ESPY_TABLE_PROC_STRINGS) != NULL,
				 i);
		check_all(&t);
		done(&t);
	}
}

static void those_of_processes_come_alone(void **state)
{
	struct espy_need need = need_of(ESPY_COL_process);
	struct text t;

	(void)state;
	set_up(&t, 150);
	assert_int_equal(decode(&t, &need), 0);
	assert_int_equal(t.out->dict.n, 1 + 5);
	check_procs(&t);
	done(&t);
	/* Where they are few anyway, they come with the others. */
	set_up(&t, 8);
	assert_int_equal(decode(&t, &need), 0);
	assert_int_equal(t.out->dict.n, t.in->dict.n);
	check_procs(&t);
	done(&t);
}

static void paths_come_with_and_without_processes(void **state)
{
	struct espy_need need = need_of(ESPY_COL_path);
	struct text t;

	(void)state;
	set_up(&t, 150);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(decode(&t, &need), 0);
		for (uint32_t k = 0; k < ROWS; k++)
			check_same(&t, t.in->path[k], t.out->path[k]);
		assert_int_equal(t.out->n_procs, i ? 2 : 0);
		espy_need_add(&need, ESPY_COL_exe);
	}
	check_procs(&t);
	done(&t);
}

/* The segment in which a table of strings has its bytes. */
static struct espy_segment *segment_of(struct text *t, uint32_t table)
{
	struct espy_block *b = &t->decode.block;

	return &b->segments.v[espy_block_column(b, espy_block_table(b, table), ESPY_STRINGS_BYTES)
				      ->segment];
}

static void others_are_not_looked_at(void **state)
{
	struct espy_need process = need_of(ESPY_COL_process), path = need_of(ESPY_COL_path);
	struct text t;

	(void)state;
	set_up(&t, 150);
	assert_int_equal(decode(&t, NULL), 0);
	t.bytes.p[t.h.head_length + segment_of(&t, ESPY_TABLE_STRINGS)->at] ^= 1;
	assert_int_equal(decode(&t, &process), 0);
	check_procs(&t);
	assert_int_equal(decode(&t, &path), -EBADMSG);
	assert_int_equal(decode(&t, NULL), -EBADMSG);
	done(&t);
}

/* Processes that refer to other strings than their own: damage however they are read. */
static void a_process_has_no_string_of_the_others(void **state)
{
	static const uint64_t name[] = {1, 2}, lengths[] = {1, 1}, shared[] = {0, 0};
	struct espy_need need = need_of(ESPY_COL_process);
	struct text t;

	(void)state;
	set_up(&t, 8);
	for (unsigned good = 0; good < 2; good++) {
		struct espy_build *b = &t.encode.build;
		struct espy_trace_block h = {.type = ESPY_TRACE_EVENTS, .rows = 1, .first_seq = 1};
		uint32_t own = good ? 2 : 1;
		int n;

		espy_build_begin(b);
		espy_build_table(b, ESPY_TABLE_PROC_STRINGS, own);
		espy_build_numbers(b, ESPY_STRINGS_SHARED, shared, false);
		espy_build_numbers(b, ESPY_STRINGS_MORE, lengths, false);
		espy_build_bytes(b, ESPY_STRINGS_BYTES, "ab", own);
		espy_build_table(b, ESPY_TABLE_STRINGS, 2);
		espy_build_numbers(b, ESPY_STRINGS_SHARED, shared, false);
		espy_build_numbers(b, ESPY_STRINGS_MORE, lengths, false);
		espy_build_bytes(b, ESPY_STRINGS_BYTES, "cd", 2);
		espy_build_table(b, ESPY_TABLE_PROCS, 2);
		espy_build_numbers(b, ESPY_PROCS_NAME, name, false);
		espy_build_table(b, ESPY_TABLE_ROWS, 1);
		espy_build_constant(b, ESPY_ROWS_TYPE, ESPY_EV_file_sync, false);
		espy_build_table(b, ESPY_TABLE_GROUP + ESPY_EV_file_sync, 1);
		n = espy_build_end(b, &h, SEED, NULL);
		assert_true(n > 0);
		espy_buf_reset(&t.bytes);
		for (int i = 0; i < n; i++)
			espy_buf_add(&t.bytes, b->part[i].iov_base, b->part[i].iov_len);
		assert_int_equal(espy_block_header(&t.h, (uint8_t *)t.bytes.p, SEED), 0);
		assert_int_equal(decode(&t, &need), good ? 0 : -EBADMSG);
		assert_int_equal(decode(&t, NULL), good ? 0 : -EBADMSG);
	}
	assert_true(espy_str_eq(espy_dict_get(&t.out->dict, t.out->procs[1].name), ESPY_STR("b")));
	assert_int_equal(t.out->dict.n, 1 + 2 + 2);
	done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_strings_come_back),
		cmocka_unit_test(those_of_processes_come_alone),
		cmocka_unit_test(paths_come_with_and_without_processes),
		cmocka_unit_test(others_are_not_looked_at),
		cmocka_unit_test(a_process_has_no_string_of_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
