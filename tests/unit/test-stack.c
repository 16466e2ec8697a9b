/* SPDX-License-Identifier: MIT */
/* What lies where in a process, and the text that its stacks become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "enrich/stack.h"

#define PID   100
#define START 7

static struct espy_images images;

static void load(struct espy_layouts *t, uint32_t pid, uint64_t address, uint64_t length,
		 uint64_t offset, const char *path)
{
	struct espy_mapping m = {address, length, offset, {.path = espy_str0(path)}};

	espy_layouts_load(t, &images, pid, START, &m);
}

/* "/a+0x12"; "" where nothing is known. */
static const char *place(struct espy_layouts *t, uint32_t pid, uint64_t address)
{
	static char text[256];
	const struct espy_range *r = espy_layouts_find(t, &images, pid, START, address);
	struct espy_str path = r ? espy_dict_get(&t->names, r->path) : ESPY_STR_NONE;

	snprintf(text, sizeof(text), "%.*s%s%llx", (int)path.n, path.p, r ? "+" : "",
		 r ? (unsigned long long)(address - r->start + r->address) : 0);
	return r ? text : "";
}

static void later_mappings_hide_earlier_ones(void **state)
{
	struct espy_layouts t;

	(void)state;
	espy_layouts_init(&t, NULL, true);
	load(&t, PID, 0x1000, 0x9000, 0, "/a");
	load(&t, PID, 0x3000, 0x2000, 0x500, "/b");
	assert_string_equal(place(&t, PID, 0xfff), "");
	assert_string_equal(place(&t, PID, 0x1000), "/a+0");
	assert_string_equal(place(&t, PID, 0x2fff), "/a+1fff");
	assert_string_equal(place(&t, PID, 0x3000), "/b+500");
	assert_string_equal(place(&t, PID, 0x4fff), "/b+24ff");
	assert_string_equal(place(&t, PID, 0x5000), "/a+4000");
	assert_string_equal(place(&t, PID, 0x9fff), "/a+8fff");
	assert_string_equal(place(&t, PID, 0xa000), "");
	load(&t, PID, 0, 0x4000, 0, "/c"); /* over the end of one and the start of another */
	assert_string_equal(place(&t, PID, 0x3fff), "/c+3fff");
	assert_string_equal(place(&t, PID, 0x4000), "/b+1500");
	load(&t, PID, 0, 0x10000, 0, "/d"); /* over all */
	assert_string_equal(place(&t, PID, 0x9000), "/d+9000");
	load(&t, PID, 0x20000, 0, 0, "/e"); /* nothing */
	load(&t, PID, UINT64_MAX - 0xfff, 0x2000, 0, "/f");
	assert_string_equal(place(&t, PID, 0x20000), "");
	espy_layouts_done(&t);
}

static void children_have_a_copy(void **state)
{
	struct espy_layouts t;

	(void)state;
	espy_layouts_init(&t, NULL, true);
	load(&t, PID, 0x1000, 0x1000, 0, "/a");
	espy_layouts_fork(&t, &images, PID, START, PID + 1, START);
	load(&t, PID + 1, 0x1000, 0x1000, 0, "/b");
	assert_string_equal(place(&t, PID, 0x1000), "/a+0");
	assert_string_equal(place(&t, PID + 1, 0x1000), "/b+0");
	espy_layouts_fork(&t, &images, PID, START, PID + 2, START);
	espy_layouts_exit(&t, PID, START);
	assert_string_equal(place(&t, PID, 0x1000), "");
	assert_string_equal(place(&t, PID + 2, 0x1000), "/a+0");
	espy_layouts_exec(&t, PID + 2, START);
	assert_string_equal(place(&t, PID + 2, 0x1000), "");
	espy_layouts_done(&t);
}

static void ranges_are_bounded(void **state)
{
	struct espy_layouts t;

	(void)state;
	espy_layouts_init(&t, NULL, true);
	for (uint64_t i = 0; i < ESPY_LAYOUT_RANGES + 10; i++)
		load(&t, PID, i * 0x2000, 0x1000, 0, "/a");
	assert_string_equal(place(&t, PID, (ESPY_LAYOUT_RANGES - 1) * 0x2000ull), "/a+0");
	assert_string_equal(place(&t, PID, ESPY_LAYOUT_RANGES * 0x2000ull), "");
	espy_layouts_done(&t);
}

/* --- stacks --------------------------------------------------------------------------------- */

struct definition {
	struct espy_ev_meta_stack rec;
	uint64_t frames[2 * ESPY_STACK_FRAMES];
};

static void define(struct espy_stacks *t, uint64_t id, unsigned n_user, unsigned n_kernel)
{
	static struct definition d;

	d.rec = (struct espy_ev_meta_stack){.hdr = {.pid = PID, .start = START, .time = 1},
					    .id = id};
	d.rec.user = (struct espy_text){sizeof(d.rec), (uint16_t)(n_user * 8)};
	d.rec.kernel = (struct espy_text){(uint16_t)(sizeof(d.rec) + n_user * 8),
					  (uint16_t)(n_kernel * 8)};
	d.rec.hdr.size = (uint32_t)(sizeof(d.rec) + (n_user + n_kernel) * 8);
	for (unsigned i = 0; i < n_user; i++)
		d.frames[i] = 0x1010 + i * 0x100;
	for (unsigned i = 0; i < n_kernel; i++)
		d.frames[n_user + i] = 0xffffffff81000010 + i * 0x100;
	assert_int_equal(espy_stack_define(t, &d.rec), 0);
}

static struct espy_batch *new_batch(void)
{
	struct espy_batch *b;

	assert_int_equal(espy_batch_new(&b), 0);
	return b;
}

/* Of our own process /proc is asked. */
int here(void);
int here(void)
{
	return 1;
}

static void asks_proc(void **state)
{
	struct espy_layouts t;
	const struct espy_range *r;
	struct espy_str path;

	(void)state;
	espy_layouts_init(&t, NULL, false);
	r = espy_layouts_find(&t, &images, (uint32_t)getpid(), 0, (uint64_t)(uintptr_t)here);
	assert_non_null(r);
	path = espy_dict_get(&t.names, r->path);
	assert_true(espy_str_ends(path, ESPY_STR("/test-stack")));
	assert_null(espy_layouts_find(&t, &images, (uint32_t)getpid(), 0, 16));
	assert_null(espy_layouts_find(&t, &images, (uint32_t)getpid(), 12345, 16)); /* another */
	espy_layouts_done(&t);
	espy_images_done(&images);
}

static void check_text(struct espy_stacks *t, struct espy_batch *b, uint64_t id, const char *want)
{
	struct espy_str s = espy_dict_get(&b->dict, espy_stack_put(t, &images, b, 1, id));
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", (int)s.n, s.p);
	assert_string_equal(text, want);
}

static void known_frames_have_files(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_stacks t;

	(void)state;
	espy_stacks_init(&t, NULL, true);
	load(&t.layouts, PID, 0x1000, 0x100, 0, "/a\nb"); /* a line stays one */
	define(&t, 5, 2, 0);
	check_text(&t, b, 5, "U 0x1010 /a\\nb+0x10\nU 0x1110\n");
	check_text(&t, b, 0, "");
	check_text(&t, b, ESPY_STACK_LOST, "U 0x0 [lost]\n");
	check_text(&t, b, 77, "U 0x0 [lost]\n"); /* its definition never came */
	assert_int_equal(espy_stack_put(&t, &images, b, 1, 5),
			 espy_stack_put(&t, &images, b, 1, 5));
	espy_stacks_done(&t);
	espy_batch_free(b);
}

static void deep_stacks_say_so(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_stacks t;
	struct espy_str s;

	(void)state;
	espy_stacks_init(&t, NULL, true);
	define(&t, 5, ESPY_STACK_FRAMES, 0);
	s = espy_dict_get(&b->dict, espy_stack_put(&t, &images, b, 1, 5));
	assert_true(espy_str_ends(s, ESPY_STR("\nU 0x0 [more]\n")));
	espy_stacks_done(&t);
	espy_batch_free(b);
}

static void old_epochs_are_forgotten(void **state)
{
	struct espy_batch *b = new_batch();
	struct espy_stacks t;

	(void)state;
	espy_stacks_init(&t, NULL, true);
	define(&t, 5, 1, 0);
	define(&t, 6, 1, 0);
	espy_stacks_new_epoch(&t, 100);
	define(&t, 6, 1, 0);
	espy_stacks_pass(&t, 100);
	check_text(&t, b, 5, "U 0x1010\n");
	espy_stacks_pass(&t, 101);
	check_text(&t, b, 5, "U 0x0 [lost]\n");
	check_text(&t, b, 6, "U 0x1010\n");
	espy_stacks_done(&t);
	assert_int_equal(t.bytes, 0);
	espy_batch_free(b);
}

static void stacks_are_bounded(void **state)
{
	struct espy_stacks t;

	(void)state;
	espy_stacks_init(&t, NULL, true);
	for (uint64_t i = 2; i < ESPY_STACKS_MAX + 1000; i++)
		define(&t, i, 3, 0);
	assert_true(t.map.n <= ESPY_STACKS_MAX);
	espy_stacks_done(&t);
	assert_int_equal(t.bytes, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_mappings_hide_earlier_ones),
		cmocka_unit_test(children_have_a_copy),
		cmocka_unit_test(ranges_are_bounded),
		cmocka_unit_test(asks_proc),
		cmocka_unit_test(known_frames_have_files),
		cmocka_unit_test(deep_stacks_say_so),
		cmocka_unit_test(old_epochs_are_forgotten),
		cmocka_unit_test(stacks_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
