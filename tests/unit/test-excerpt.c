/* SPDX-License-Identifier: MIT */
/* Our own object's types in the place of the kernel's: all that relocations ask for is in them. */
#include "sense/excerpt.h"

#include <bpf/btf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sense/code.h"
#include "sense/wire.h"
#include "espy.skel.h"

static void open_code(struct espy_code *c)
{
	size_t n;
	const void *file = espy_bpf__elf_bytes(&n);

	assert_int_equal(espy_code_init(c, file, n), 0);
	assert_int_equal(espy_types_index(&c->types), 0);
}

static unsigned count_kind(const struct espy_code *c, bool ids)
{
	struct espy_relo_walk w = {0};
	struct espy_relo r;
	unsigned n = 0;

	while (espy_code_next(c, &w, &r))
		n += (r.core->kind == BPF_CORE_TYPE_ID_TARGET) == ids;
	return n;
}

static void test_types_are_entered(void **state)
{
	struct espy_code c;
	unsigned ids, others;

	(void)state;
	open_code(&c);
	ids = count_kind(&c, true);
	others = count_kind(&c, false);
	assert_true(ids > 100 && others > 100);
	assert_int_equal(espy_code_enter_types(&c, &c.types), 0);
	assert_int_equal(count_kind(&c, true), 0);
	assert_int_equal(count_kind(&c, false), others);
	espy_code_done(&c);
}

/* What they say is left is what is there: libbpf takes the file. */
static void test_libbpf_takes_it(void **state)
{
	struct espy_code c;
	struct bpf_object *obj;

	(void)state;
	open_code(&c);
	espy_code_drop_lines(&c);
	espy_code_enter_call(&c, ESPY_CALL_CAST, 4711);
	assert_int_equal(espy_code_enter_types(&c, &c.types), 0);
	obj = bpf_object__open_mem(c.p, c.n, NULL);
	assert_non_null(obj);
	bpf_object__close(obj);
	espy_code_drop_relocations(&c);
	assert_int_equal(count_kind(&c, false), 0);
	obj = bpf_object__open_mem(c.p, c.n, NULL);
	assert_non_null(obj);
	bpf_object__close(obj);
	espy_code_done(&c);
}

static void test_no_object_file(void **state)
{
	struct espy_code c;
	char junk[4096];
	size_t n;
	const void *file = espy_bpf__elf_bytes(&n);

	(void)state;
	memset(junk, 7, sizeof(junk));
	assert_int_equal(espy_code_init(&c, junk, sizeof(junk)), -EINVAL);
	assert_int_equal(espy_code_init(&c, junk, 3), -EINVAL);
	assert_int_equal(espy_code_init(&c, file, n / 2), -EINVAL);
}

static void test_names_without_forms(void **state)
{
	(void)state;
	assert_int_equal(espy_code_name_length("file"), 4);
	assert_int_equal(espy_code_name_length("file___old"), 4);
	assert_int_equal(espy_code_name_length("a___b___c"), 5);
	assert_int_equal(espy_code_name_length("a____b"), 6);
	assert_int_equal(espy_code_name_length("a___"), 4);
	assert_int_equal(espy_code_name_length(""), 0);
}

static const struct btf_member *member(const struct btf *btf, const struct btf_type *t,
				       const char *name)
{
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), name))
			return btf_members(t) + i;
	return NULL;
}

/* Sizes are the same, members lie where they lay, and are of the same size. */
static void check_struct(const struct espy_code *c, const struct btf *btf, const char *name)
{
	const struct btf_type *was = espy_types_get(
		&c->types, espy_types_find(&c->types, name, strlen(name), BTF_KIND_STRUCT));
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	const struct btf_type *is = btf__type_by_id(btf, id > 0 ? (unsigned)id : 0);

	assert_true(id > 0);
	assert_int_equal(is->size, was->size);
	assert_int_equal(btf_vlen(is), btf_vlen(was));
	for (int i = 0; i < btf_vlen(was); i++) {
		const struct btf_member *m = btf_members(was) + i, *now;

		now = member(btf, is, espy_types_name(&c->types, m->name_off));
		assert_non_null(now);
		assert_int_equal(now->offset, m->offset);
		assert_true(btf__resolve_size(btf, now->type) > 0);
	}
}

static void test_excerpt(void **state)
{
	static const char *const names[] = {"task_struct", "file", "inode", "dentry", "sock"};
	struct espy_buf b = {0};
	struct espy_code c;
	struct btf *btf;

	(void)state;
	open_code(&c);
	assert_int_equal(espy_excerpt(&b, &c.types, &c), 0);
	btf = btf__new(b.p, (uint32_t)b.n);
	assert_non_null(btf);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		check_struct(&c, btf, names[i]);
	assert_true(btf__find_by_name_kind(btf, "espy_ev_process_exec", BTF_KIND_STRUCT) < 0);
	assert_true(btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM) > 0);
	btf__free(btf);
	espy_buf_done(&b);
	espy_code_done(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_are_entered),
		cmocka_unit_test(test_libbpf_takes_it),
		cmocka_unit_test(test_no_object_file),
		cmocka_unit_test(test_names_without_forms),
		cmocka_unit_test(test_excerpt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
