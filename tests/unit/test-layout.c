/* SPDX-License-Identifier: MIT */
/* The event table against the BPF objects: the two compilers agree on every offset, and every event
 * has somebody who makes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include "model/schema.h"
#include "sense/wire.h"
#include "espy.skel.h"
#include "espy_mid.skel.h"
#include "espy_old.skel.h"
#include "espy_perf.skel.h"

/* Events that user space itself makes. */
static const uint16_t made_here[] = {
	ESPY_EV_system_loss,       ESPY_EV_system_unknown,   ESPY_EV_image_hash,
	ESPY_EV_desktop_clipboard, ESPY_EV_settings_create,  ESPY_EV_settings_delete,
	ESPY_EV_settings_rename,   ESPY_EV_process_coredump, ESPY_EV_system_hold,
#define IMPORTED(ev) ESPY_EV_##ev,
#include "model/imported.def"
};
/* Definitions and events that come from inside other programs. */
static const uint16_t made_inside[] = {ESPY_EV_meta_object,       ESPY_EV_meta_task,
				       ESPY_EV_meta_cgroup,       ESPY_EV_meta_dns,
				       ESPY_EV_meta_stack,        ESPY_EV_profile_thread,
				       ESPY_EV_thread_create,     ESPY_EV_thread_exit,
				       ESPY_EV_file_rmdir,        ESPY_EV_process_cred_change,
				       ESPY_EV_system_raw_access, ESPY_EV_file_map_shared,
				       ESPY_EV_file_reads,        ESPY_EV_file_writes,
				       ESPY_EV_system_overload,   ESPY_EV_system_isolate};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

enum { NEW, MID, OLD, PERF };

static struct bpf_object *open_object(int which)
{
	static const void *(*const elf_bytes[])(size_t *) = {
		espy_bpf__elf_bytes, espy_mid_bpf__elf_bytes, espy_old_bpf__elf_bytes,
		espy_perf_bpf__elf_bytes};
	size_t n;
	const void *elf = elf_bytes[which](&n);
	struct bpf_object *obj;

	libbpf_set_print(quiet);
	obj = bpf_object__open_mem(elf, n, NULL);
	assert_non_null(obj);
	return obj;
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	if (id < 0)
		fail_msg("%s is not in the BPF object", name);
	return btf__type_by_id(btf, (unsigned)id);
}

static void check_event(const struct btf *btf, const struct espy_schema *s)
{
	const struct btf_type *t;
	char name[128];
	unsigned seen = 0;

	snprintf(name, sizeof(name), "espy_ev_%s", s->name);
	t = find_struct(btf, name);
	assert_int_equal(t->size, s->size);
	for (unsigned m = 1; m < btf_vlen(t); m++) { /* 0 is the header */
		const char *member = btf__name_by_offset(btf, btf_members(t)[m].name_off);
		int f = espy_schema_field(s, espy_str0(member));

		if (f < 0)
			fail_msg("%s.%s is not in the schema", s->name, member);
		assert_int_equal(btf_member_bit_offset(t, m), s->fields[f].offset * 8u);
		seen++;
	}
	assert_int_equal(seen, s->n_fields);
}

static void check_layout(int which)
{
	struct bpf_object *obj = open_object(which);
	const struct btf *btf = bpf_object__btf(obj);

	for (size_t i = 0; i < espy_n_schemas; i++)
		check_event(btf, &espy_schemas[i]);
	assert_int_equal(find_struct(btf, "espy_event")->size, sizeof(struct espy_event));
	assert_int_equal(find_struct(btf, "espy_call")->size, sizeof(struct espy_call));
	assert_int_equal(find_struct(btf, "espy_cpu")->size, sizeof(struct espy_cpu));
	bpf_object__close(obj);
}

static void test_layout(void **state)
{
	(void)state;
	check_layout(NEW);
	check_layout(MID);
	check_layout(PERF);
}

static void test_layout_old(void **state)
{
	(void)state;
	check_layout(OLD);
}

static const struct btf_type *find_section(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_DATASEC);

	if (id < 0)
		fail_msg("%s is not in the BPF object", name);
	return btf__type_by_id(btf, (unsigned)id);
}

static const char *variable_name(const struct btf *btf, const struct btf_var_secinfo *v)
{
	return btf__name_by_offset(btf, btf__type_by_id(btf, v->type)->name_off);
}

static void check_same_data(int which)
{
	static const char *const names[] = {".rodata", ".bss", ".data"};
	struct bpf_object *new = open_object(NEW), *old = open_object(which);
	const struct btf *a = bpf_object__btf(new), *b = bpf_object__btf(old);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct btf_type *s = find_section(a, names[i]);
		const struct btf_type *t = find_section(b, names[i]);
		const struct btf_var_secinfo *v = btf_var_secinfos(s), *w = btf_var_secinfos(t);

		assert_int_equal(btf_vlen(s), btf_vlen(t));
		for (int k = 0; k < btf_vlen(s); k++) {
			assert_string_equal(variable_name(a, &v[k]), variable_name(b, &w[k]));
			assert_int_equal(v[k].offset, w[k].offset);
		}
	}
	bpf_object__close(new);
	bpf_object__close(old);
}

/* The loader sets up all objects by the layout of one. */
static void test_same_data(void **state)
{
	(void)state;
	check_same_data(MID);
	check_same_data(OLD);
	check_same_data(PERF);
}

static bool is_in(const uint16_t *list, size_t n, unsigned type)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

/* The general programs write [path, [path2]] and three numbers: the event must be just that. */
static bool is_general(const struct espy_schema *s)
{
	unsigned f = 0;

	if (!s->n_calls || !s->n_fields)
		return false;
	while (f < s->n_fields && s->fields[f].kind == ESPY_KIND_path)
		f++;
	if (f > 2 || s->n_fields - f > 3)
		return false;
	for (; f < s->n_fields; f++)
		if (s->fields[f].kind != ESPY_KIND_u64 && s->fields[f].kind != ESPY_KIND_s64)
			return false;
	return true;
}

static bool is_shared(const char *event)
{
	static const char *const events[] = {
#define SHARED_BY(program, event) #event,
#include "model/shared.def"
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (!strcmp(events[i], event))
			return true;
	return false;
}

static void test_every_event_has_a_maker(void **state)
{
	struct bpf_object *obj = open_object(NEW);

	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (is_in(made_here, sizeof(made_here) / sizeof(*made_here), s->type) ||
		    is_in(made_inside, sizeof(made_inside) / sizeof(*made_inside), s->type))
			continue;
		if (!bpf_object__find_program_by_name(obj, s->name) && !is_shared(s->name) &&
		    !is_general(s))
			fail_msg("%s has no program and does not fit the general one", s->name);
	}
	bpf_object__close(obj);
}

/* `name` or `name__more` where name is an event, and the few that serve several. */
static void test_every_program_has_an_event(void **state)
{
	static const char *const several[] = {"sys_enter", "sys_exit", "shared",  "rare",
					      "ipc_pass",  "refused",  "pending", "lookup__plus"};
	struct bpf_object *obj = open_object(NEW);
	struct bpf_program *p;

	(void)state;
	bpf_object__for_each_program(p, obj)
	{
		const char *name = bpf_program__name(p), *end = strstr(name, "__");
		struct espy_str event = {name, end ? (size_t)(end - name) : strlen(name)};
		bool known = espy_schema_find(event) != NULL;

		for (size_t i = 0; i < sizeof(several) / sizeof(*several); i++)
			known |= !strcmp(several[i], name);
		if (!known)
			fail_msg("program %s belongs to no event", name);
	}
	bpf_object__close(obj);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_layout_old),
		cmocka_unit_test(test_same_data),
		cmocka_unit_test(test_every_event_has_a_maker),
		cmocka_unit_test(test_every_program_has_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
