/* SPDX-License-Identifier: MIT */
/* Rows that follow others: settings beside file events, executables behind copies. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "enrich/content.h"
#include "enrich/enrich.h"
#include "record.h"

#define SUDOERS 0x20
#define PLAIN   0x40
#define SYSFS   0x60

static struct record rec;
static struct espy_enrich *e;
static struct espy_batch *b;

static void define(uint64_t id, uint32_t mode, uint64_t inode, uint32_t dev, const char *names,
		   size_t n)
{
	struct espy_ev_meta_object *o = record_begin(&rec, ESPY_EV_meta_object, 1);

	o->id = id;
	o->inode = inode;
	o->dev = dev;
	o->mode = mode;
	o->path = record_bytes(&rec, names, n);
	assert_int_equal(espy_enrich_add(e, &rec.hdr, b), 0);
}

static int open_with(const bool *type)
{
	const struct espy_enrich_options o = {.no_proc = true, .type = type};

	if (espy_enrich_new(&e, &o, NULL) < 0 || espy_batch_new(&b) < 0)
		return -1;
	define(SUDOERS, S_IFREG | 0440, 1, 0, "sudoers\0etc", 12);
	define(PLAIN, S_IFREG | 0644, 2, 0, "notes\0tmp", 10);
	define(SYSFS, S_IFREG | 0644, 3, 0, "mtu\0lo\0net\0class\0sys", 21);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	return open_with(NULL);
}

static int teardown(void **state)
{
	(void)state;
	espy_enrich_free(e);
	espy_batch_free(b);
	return 0;
}

static void *begin(unsigned type, int64_t result)
{
	struct espy_event *hdr = record_begin(&rec, type, 5000);

	record_actor(&rec, 10, 1000);
	hdr->result = result;
	hdr->call = 77;
	hdr->abi = ESPY_ABI_IA32;
	return hdr;
}

/* The row of the record is there, and behind it `more`; the index of the first of these. */
static uint32_t rows(unsigned more)
{
	uint32_t n = b->n;

	assert_int_equal(espy_enrich_add(e, &rec.hdr, b), 1);
	assert_int_equal(b->n, n + 1 + more);
	return n + 1;
}

static struct espy_value value(uint32_t at, const char *field)
{
	int f = espy_schema_field(espy_schema_get(b->type[at]), espy_str0(field));

	if (f < 0)
		fail_msg("%s has no %s", espy_schema_get(b->type[at])->name, field);
	return espy_batch_get(b, at, (unsigned)f);
}

static void text_is(uint32_t at, const char *field, const char *want)
{
	struct espy_value v = value(at, field);

	assert_true(v.is_string);
	if (!espy_str_eq(v.str, espy_str0(want)))
		fail_msg("%s: %.*s, not %s", field, (int)v.str.n, v.str.p, want);
}

static void row_is(uint32_t at, unsigned type, const char *path, unsigned change)
{
	assert_int_equal(b->type[at], type);
	text_is(at, "path", path);
	assert_int_equal(value(at, "change").num, change);
}

static void open_row(uint64_t obj, uint64_t flags, bool created, int64_t result)
{
	struct espy_ev_file_open *o = begin(ESPY_EV_file_open, result);

	o->path.obj = obj;
	o->path.source = ESPY_SOURCE_KERNEL;
	o->flags = flags;
	o->created = created;
}

static void write_row(uint64_t obj, uint32_t pid, int64_t result)
{
	struct espy_ev_file_write *w = begin(ESPY_EV_file_write, result);

	record_actor(&rec, pid, 1000);
	w->path.obj = obj;
	w->path.source = ESPY_SOURCE_KERNEL;
	w->requested = 9;
}

/* --- what a row takes over -------------------------------------------------------------------- */

static void same_operation(void **state)
{
	uint32_t at;

	(void)state;
	open_row(SUDOERS, O_WRONLY | O_CREAT, true, 7);
	rec.hdr.duration = 300;
	rec.hdr.seq = 99;
	rec.hdr.cpu = 3;
	at = rows(1);
	row_is(at, ESPY_EV_settings_create, "/etc/sudoers", ESPY_SETTING_MADE);
	text_is(at, "setting", "sudoers");
	text_is(at, "key", "/etc/sudoers");
	assert_int_equal(b->time[at], b->time[at - 1]);
	assert_int_equal(b->duration[at], 300);
	assert_int_equal(b->result[at], 7);
	assert_int_equal(b->proc[at], b->proc[at - 1]);
	assert_int_equal(b->tid[at], 10);
	assert_int_equal(b->call[at], 77);
	assert_int_equal(b->abi[at], ESPY_ABI_IA32);
	assert_int_equal(b->cpu[at], 3);
	assert_int_equal(b->cpu_seq[at], 99);
	assert_int_equal(b->path_source[at], ESPY_SOURCE_KERNEL);
}

static void opens(void **state)
{
	(void)state;
	open_row(SUDOERS, O_RDONLY, false, 3);
	rows(0);
	open_row(SUDOERS, O_RDWR, false, 3);
	rows(0);
	open_row(SUDOERS, O_WRONLY | O_TRUNC, false, 3);
	row_is(rows(1), ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_TRUNCATED);
	open_row(PLAIN, O_WRONLY | O_TRUNC | O_CREAT, true, 3);
	rows(0);
	open_row(SUDOERS, O_WRONLY, false, -EACCES);
	row_is(rows(1), ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_ASKED);
	open_row(SUDOERS, O_WRONLY, false, -ENOENT);
	rows(0);
	open_row(SUDOERS, O_RDONLY, false, -EACCES);
	rows(0);
	open_row(SUDOERS, O_WRONLY | O_TRUNC, false, 3);
	rec.hdr.flags = ESPY_F_PENDING;
	rows(0);
	open_row(SYSFS, O_WRONLY | O_TRUNC, false, 3); /* truncates nothing */
	rows(0);
	open_row(SYSFS, O_WRONLY, false, -EPERM);
	row_is(rows(1), ESPY_EV_settings_set, "/sys/class/net/lo/mtu", ESPY_SETTING_ASKED);
}

/* Once for each time that a process opens it. */
static void writes(void **state)
{
	uint32_t at;

	(void)state;
	write_row(SUDOERS, 10, 9);
	at = rows(1);
	row_is(at, ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_CONTENT);
	assert_int_equal(value(at, "size").num, 9);
	write_row(SUDOERS, 10, 9);
	rows(0);
	write_row(SUDOERS, 11, 9);
	rows(1);
	open_row(SUDOERS, O_WRONLY, false, 3);
	rows(0);
	write_row(SUDOERS, 10, 9);
	rows(1);
	write_row(SUDOERS, 11, 9);
	rows(0);
	open_row(SUDOERS, O_WRONLY | O_TRUNC, false, 3);
	rows(1);
	write_row(SUDOERS, 10, 9); /* belongs to the truncation */
	rows(0);
	write_row(PLAIN, 10, 9);
	rows(0);
	write_row(SYSFS, 10, 9); /* comes as a record of its own */
	rows(0);
	write_row(SUDOERS, 14, 90); /* many writes in one row are no less a change */
	rec.hdr.type = ESPY_EV_file_writes;
	rec.hdr.size = sizeof(struct espy_ev_file_writes);
	((struct espy_ev_file_writes *)&rec)->times = 10;
	row_is(rows(1), ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_CONTENT);
	write_row(SUDOERS, 12, -ENOSPC);
	rows(0);
}

/* --- names -------------------------------------------------------------------------------------
 */

static void two_paths(unsigned type, const char *from, const char *to, int64_t result)
{
	struct espy_ev_file_rename *r = begin(type, result);

	r->path.source = r->path2.source = ESPY_SOURCE_USER;
	r->path.text = record_text(&rec, from);
	r->path2.text = record_text(&rec, to);
}

static void renames(void **state)
{
	uint32_t at;

	(void)state;
	two_paths(ESPY_EV_file_rename, "/tmp/a", "/etc/sudoers.d/b", 0);
	at = rows(1);
	row_is(at, ESPY_EV_settings_set, "/etc/sudoers.d/b", ESPY_SETTING_REPLACED);
	text_is(at, "content", "/tmp/a");
	text_is(at, "key", "b");
	two_paths(ESPY_EV_file_rename, "/etc/sudoers.d/b", "/etc/sudoers.d/c", 0);
	at = rows(1);
	row_is(at, ESPY_EV_settings_rename, "/etc/sudoers.d/b", ESPY_SETTING_MOVED);
	text_is(at, "path2", "/etc/sudoers.d/c");
	two_paths(ESPY_EV_file_rename, "/etc/sudoers.d/c", "/tmp/c", 0);
	at = rows(1);
	row_is(at, ESPY_EV_settings_delete, "/etc/sudoers.d/c", ESPY_SETTING_MOVED);
	text_is(at, "path2", "/tmp/c");
	two_paths(ESPY_EV_file_rename, "/tmp/a", "/tmp/b", 0);
	rows(0);
	two_paths(ESPY_EV_file_rename, "/tmp/a", "/etc/sudoers", -ENOENT);
	rows(0);
	two_paths(ESPY_EV_file_rename, "/tmp/a", "/etc/sudoers", -EPERM);
	rows(1);
	two_paths(ESPY_EV_file_link, "/etc/sudoers", "/tmp/x", 0);
	rows(0);
	two_paths(ESPY_EV_file_link, "/tmp/x", "/etc/cron.d/x", 0);
	row_is(rows(1), ESPY_EV_settings_create, "/etc/cron.d/x", ESPY_SETTING_LINKED);
}

static void one_path(unsigned type, const char *path, int64_t result)
{
	struct espy_ev_file_unlink *u = begin(type, result);

	u->path.source = ESPY_SOURCE_USER;
	u->path.text = record_text(&rec, path);
}

static void removals(void **state)
{
	uint32_t at;

	(void)state;
	one_path(ESPY_EV_file_unlink, "/etc/ld.so.preload", 0);
	at = rows(1);
	row_is(at, ESPY_EV_settings_delete, "/etc/ld.so.preload", ESPY_SETTING_REMOVED);
	text_is(at, "setting", "ld.so");
	text_is(at, "path2", "");
	one_path(ESPY_EV_file_unlink, "/etc/ld.so.preload", -ENOENT);
	rows(0);
	one_path(ESPY_EV_file_rmdir, "/etc/cron.d", 0);
	rows(1);
	one_path(ESPY_EV_file_mkdir, "/sys/fs/cgroup/box", 0);
	row_is(rows(1), ESPY_EV_settings_create, "/sys/fs/cgroup/box", ESPY_SETTING_MADE);
}

static void permissions(void **state)
{
	struct espy_ev_file_chmod *m;
	struct espy_ev_file_chown *o;
	uint32_t at;

	(void)state;
	m = begin(ESPY_EV_file_chmod, 0);
	m->path.obj = SUDOERS;
	m->mode = 04755;
	m->old_mode = 0440;
	at = rows(1);
	row_is(at, ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_MODE);
	text_is(at, "value", "04755");
	text_is(at, "old_value", "0440");
	assert_int_equal(value(at, "old_from").num, ESPY_SETTING_FROM_INODE);
	o = begin(ESPY_EV_file_chown, 0);
	o->path.obj = SUDOERS;
	o->owner = -1;
	o->group = 33;
	o->old_owner = o->old_group = -1;
	at = rows(1);
	row_is(at, ESPY_EV_settings_set, "/etc/sudoers", ESPY_SETTING_OWNER);
	text_is(at, "value", ":33");
	text_is(at, "old_value", "");
	assert_int_equal(value(at, "old_from").num, ESPY_SETTING_FROM_UNKNOWN);
}

/* --- of the kernel ------------------------------------------------------------------------------
 */

static uint32_t set_row(const char *written, const void *raw, size_t raw_size, int64_t result)
{
	struct espy_ev_settings_set *s = begin(ESPY_EV_settings_set, result);
	uint32_t at;

	s->path.obj = SYSFS;
	s->value = record_text(&rec, written);
	s->old_value = record_bytes(&rec, raw, raw_size);
	at = b->n;
	assert_int_equal(espy_enrich_add(e, &rec.hdr, b), 1);
	assert_int_equal(b->n, at + 1);
	return at;
}

static void kernel_records(void **state)
{
	struct espy_setting_raw raw = {.magic = 0x62656572};
	uint32_t at = set_row("1500\n", &raw, sizeof(raw), 5);

	(void)state;
	text_is(at, "setting", "sysfs");
	text_is(at, "key", "class/net/lo/mtu");
	text_is(at, "value", "1500");
	text_is(at, "old_value", "");
	assert_int_equal(value(at, "old_from").num, ESPY_SETTING_FROM_UNKNOWN);
	at = set_row("x\ny\n\n", &raw, sizeof(raw), -EINVAL);
	text_is(at, "value", "x\ny\n");
	text_is(at, "old_value", "1500");
	assert_int_equal(value(at, "old_from").num, ESPY_SETTING_FROM_EARLIER);
	at = set_row("9000", &raw, sizeof(raw), 4); /* what failed was never its value */
	text_is(at, "old_value", "1500");
	at = set_row("", &raw, sizeof(raw), 0);
	text_is(at, "old_value", "9000");
	/* a record that is not whole tells less, and breaks nothing */
	at = set_row("1", &raw, 3, 1);
	text_is(at, "setting", "sysfs");
	at = set_row("1", &raw, 0, 1);
	text_is(at, "value", "1");
}

/* --- which rows are wanted ---------------------------------------------------------------------
 */

static void only_wanted(void **state)
{
	static bool type[ESPY_EVENT_ID_MAX];

	(void)state;
	espy_enrich_sources(type);
	assert_false(type[ESPY_EV_file_unlink]);
	type[ESPY_EV_settings_delete] = true;
	assert_int_equal(open_with(type), 0);
	espy_enrich_sources(type);
	assert_true(type[ESPY_EV_file_unlink] && type[ESPY_EV_file_rename]);
	assert_true(type[ESPY_EV_file_write] && !type[ESPY_EV_file_writes]);
	assert_false(type[ESPY_EV_file_read]);
	one_path(ESPY_EV_file_unlink, "/etc/ld.so.preload", 0);
	rows(1);
	one_path(ESPY_EV_file_mkdir, "/etc/cron.d/x", 0);
	rows(0);
	teardown(NULL);
}

/* Both rows or none: the record comes again with the next batch. */
static void full_batch(void **state)
{
	uint32_t n;

	(void)state;
	one_path(ESPY_EV_file_unlink, "/etc/ld.so.preload", 0);
	while (espy_enrich_add(e, &rec.hdr, b) == 1)
		;
	assert_int_equal(espy_enrich_add(e, &rec.hdr, b), -ENOSPC);
	n = b->n;
	assert_true(n <= ESPY_BATCH_ROWS && n + 3 > ESPY_BATCH_ROWS);
	assert_int_equal(n % 2, 0);
	assert_int_equal(b->type[n - 1], ESPY_EV_settings_delete);
	espy_batch_reset(b);
	espy_enrich_batch_done(e);
	row_is(rows(1), ESPY_EV_settings_delete, "/etc/ld.so.preload", ESPY_SETTING_REMOVED);
}

/* --- executables --------------------------------------------------------------------------------
 */

static void formats(void **state)
{
	unsigned char pe[80] = {'M', 'Z'};

	(void)state;
	assert_int_equal(espy_content_format((const void *)"\177ELF", 4), ESPY_EXECUTABLE_ELF);
	assert_int_equal(espy_content_format((const void *)"\177EL", 3), 0);
	assert_int_equal(espy_content_format((const void *)"#!/b", 4), ESPY_EXECUTABLE_SCRIPT);
	assert_int_equal(espy_content_format((const void *)"# !/", 4), 0);
	assert_int_equal(espy_content_format(pe, sizeof(pe)), 0);
	pe[60] = 64;
	assert_int_equal(espy_content_format(pe, sizeof(pe)), 0);
	memcpy(pe + 64, "PE\0", 4);
	assert_int_equal(espy_content_format(pe, sizeof(pe)), ESPY_EXECUTABLE_PE);
	assert_int_equal(espy_content_format(pe, 63), 0);
	pe[60] = 78;
	assert_int_equal(espy_content_format(pe, sizeof(pe)), ESPY_EXECUTABLE_PE); /* beyond */
	pe[63] = 0xff;
	assert_int_equal(espy_content_format(pe, sizeof(pe)), 0);
}

/* A copy to a file of that content; how many rows follow. */
static unsigned copy_to(const char *content, uint64_t id, uint64_t wrong_inode)
{
	char dir[] = "/tmp/espy-unit-XXXXXX", path[64], names[64];
	struct espy_ev_file_copy *c;
	struct stat st;
	uint32_t n = b->n;
	int fd, len;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/to", dir);
	len = snprintf(names, sizeof(names), "to%c%s%ctmp", 0, dir + 5, 0) + 1;
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && write(fd, content, strlen(content)) > 0 && fstat(fd, &st) == 0);
	define(id, S_IFREG | 0600, st.st_ino + wrong_inode,
	       major(st.st_dev) << 20 | minor(st.st_dev), names, (size_t)len);
	c = begin(ESPY_EV_file_copy, 100);
	c->path.obj = PLAIN;
	c->path2.obj = id;
	assert_int_equal(espy_enrich_add(e, &rec.hdr, b), 1);
	if (b->n > n + 1) {
		text_is(n + 1, "path", path);
		assert_int_equal(value(n + 1, "seen").num, ESPY_EXECUTABLE_READ);
	}
	close(fd);
	unlink(path);
	rmdir(dir);
	return b->n - n - 1;
}

static void copies(void **state)
{
	(void)state;
	assert_int_equal(copy_to("#!/bin/sh\n", 0x100, 0), 1);
	assert_int_equal(copy_to("#!/bin/sh\n", 0x100, 0), 0); /* told */
	assert_int_equal(copy_to("#!/bin/sh\n", 0x120, 1), 0); /* another file by now */
	assert_int_equal(copy_to("plain text", 0x140, 0), 0);
	open_row(0x100, O_WRONLY, false, 3);
	rows(0);
	assert_int_equal(copy_to("#!/bin/sh\n", 0x100, 0), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(same_operation), TEST(opens),
		TEST(writes),         TEST(renames),
		TEST(removals),       TEST(permissions),
		TEST(kernel_records), cmocka_unit_test(only_wanted),
		TEST(full_batch),     TEST(formats),
		TEST(copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
