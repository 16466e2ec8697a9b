/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "enrich/object.h"
#include "record.h"

static struct record rec;
static struct espy_objects t;

static int setup(void **state)
{
	(void)state;
	espy_objects_init(&t, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	espy_objects_done(&t);
	return 0;
}

static struct espy_ev_meta_object *begin(uint64_t id, uint32_t mode, uint32_t flags)
{
	struct espy_ev_meta_object *o = record_begin(&rec, ESPY_EV_meta_object, 1);

	o->id = id;
	o->inode = id + 1000;
	o->mode = mode;
	o->flags = flags;
	return o;
}

static void define(void)
{
	assert_int_equal(espy_object_define(&t, (const void *)&rec), 0);
}

static void expect(uint64_t id, enum espy_object_part part, const char *want)
{
	struct espy_object *o = espy_object_find(&t, id);
	struct espy_str s;

	assert_non_null(o);
	s = espy_object_text(o, part);
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void files(void **state)
{
	struct espy_ev_meta_object *o;

	(void)state;
	o = begin(1, S_IFREG | 0644, 0);
	o->path = record_lit(&rec, "passwd\0etc");
	define();
	expect(1, ESPY_OBJECT_PATH, "/etc/passwd");
	expect(1, ESPY_OBJECT_LOCAL, "");
	expect(1, ESPY_OBJECT_PROTOCOL, "");
	assert_int_equal(espy_object_source(espy_object_find(&t, 1)), ESPY_SOURCE_KERNEL);

	begin(2, S_IFDIR | 0755, 0);
	define();
	expect(2, ESPY_OBJECT_PATH, "/");

	o = begin(3, S_IFREG, ESPY_OBJ_UNLINKED);
	o->path = record_lit(&rec, "x\0tmp");
	define();
	expect(3, ESPY_OBJECT_PATH, "/tmp/x (deleted)");

	o = begin(4, S_IFREG, ESPY_OBJ_PARTIAL);
	o->path = record_lit(&rec, "z\0y");
	define();
	expect(4, ESPY_OBJECT_PATH, ".../y/z");
	assert_int_equal(espy_object_source(espy_object_find(&t, 4)), ESPY_SOURCE_PARTIAL);

	/* a FIFO and a socket file with names are files */
	o = begin(5, S_IFIFO | 0600, 0);
	o->path = record_lit(&rec, "fifo\0tmp");
	define();
	expect(5, ESPY_OBJECT_PATH, "/tmp/fifo");
	assert_null(espy_object_find(&t, 99));
}

static void pseudo(void **state)
{
	static const struct {
		const char *name;
		uint32_t mode;
		const char *want;
	} rows[] = {
		{"", S_IFIFO | 0600, "pipe:[1007]"},
		{"memfd:jit\nx", S_IFREG | 0777, "/memfd:jit\nx (deleted)"},
		{"[eventpoll]", 0600, "anon_inode:[eventpoll]"},
		{"anon_inode:[eventfd]", 0600, "anon_inode:[eventfd]"},
		{"mnt:[4026531840]", S_IFREG, "mnt:[4026531840]"},
		{"/", S_IFREG, "inode:[1007]"},
		{"", S_IFREG, "inode:[1007]"},
		{"SYSV00000000", S_IFREG, "/SYSV00000000 (deleted)"},
		{"TCP", S_IFSOCK | 0777, "socket:[1007]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct espy_ev_meta_object *o = begin(7, rows[i].mode, ESPY_OBJ_PSEUDO);

		o->path = record_bytes(&rec, rows[i].name, strlen(rows[i].name) + 1);
		define();
		expect(7, ESPY_OBJECT_PATH, rows[i].want);
	}
}

static struct sockaddr_in in_addr(const char *text, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	assert_int_equal(inet_pton(AF_INET, text, &a.sin_addr), 1);
	return a;
}

static void inet_socket(const struct sockaddr_in *local, const struct sockaddr_in *remote)
{
	struct espy_ev_meta_object *o = begin(9, S_IFSOCK | 0777, ESPY_OBJ_PSEUDO);

	o->family = AF_INET;
	o->protocol = SOCK_STREAM | 6 << 8;
	o->path = record_lit(&rec, "TCP");
	o->local = record_bytes(&rec, local, sizeof(*local));
	o->remote = record_bytes(&rec, remote, sizeof(*remote));
	define();
}

/* One socket through its life: made, bound, connected. Every definition replaces the last. */
static void sockets(void **state)
{
	struct sockaddr_in none = in_addr("0.0.0.0", 0), here = in_addr("127.0.0.1", 4242);
	struct sockaddr_in there = in_addr("127.0.0.1", 80), any = in_addr("0.0.0.0", 53);

	(void)state;
	inet_socket(&none, &none);
	expect(9, ESPY_OBJECT_PATH, "socket:[1009]");
	expect(9, ESPY_OBJECT_LOCAL, "");
	expect(9, ESPY_OBJECT_REMOTE, "");
	expect(9, ESPY_OBJECT_PROTOCOL, "tcp");
	inet_socket(&here, &none);
	expect(9, ESPY_OBJECT_PATH, "127.0.0.1:4242");
	inet_socket(&here, &there);
	expect(9, ESPY_OBJECT_PATH, "127.0.0.1:4242 -> 127.0.0.1:80");
	expect(9, ESPY_OBJECT_LOCAL, "127.0.0.1:4242");
	expect(9, ESPY_OBJECT_REMOTE, "127.0.0.1:80");
	inet_socket(&any, &none);
	expect(9, ESPY_OBJECT_PATH, "0.0.0.0:53");
	inet_socket(&none, &there);
	expect(9, ESPY_OBJECT_PATH, "-> 127.0.0.1:80");
	assert_int_equal(t.all.n, 1);
}

static void unix_socket(const char *local, size_t n_local, const char *remote, size_t n_remote)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct espy_ev_meta_object *o = begin(8, S_IFSOCK | 0777, ESPY_OBJ_PSEUDO);

	o->family = AF_UNIX;
	o->protocol = SOCK_STREAM;
	memcpy(a.sun_path, local, n_local);
	o->local = record_bytes(&rec, &a, n_local ? 2 + n_local : 0);
	memcpy(a.sun_path, remote, n_remote);
	o->remote = record_bytes(&rec, &a, n_remote ? 2 + n_remote : 0);
	define();
}

static void unix_sockets(void **state)
{
	(void)state;
	unix_socket("", 0, "", 0);
	expect(8, ESPY_OBJECT_PATH, "unix:[1008]");
	unix_socket("/run/s", 7, "", 0);
	expect(8, ESPY_OBJECT_PATH, "/run/s");
	expect(8, ESPY_OBJECT_LOCAL, "/run/s");
	unix_socket("", 0, "\0abs", 4);
	expect(8, ESPY_OBJECT_PATH, "@abs");
	expect(8, ESPY_OBJECT_LOCAL, "");
	expect(8, ESPY_OBJECT_REMOTE, "@abs");
	unix_socket("\0me", 3, "/run/s", 7);
	expect(8, ESPY_OBJECT_PATH, "@me");
	expect(8, ESPY_OBJECT_REMOTE, "/run/s");
	expect(8, ESPY_OBJECT_PROTOCOL, "unix");
}

static void define_file(uint64_t id, const char *name)
{
	struct espy_ev_meta_object *o = begin(id, S_IFREG, 0);

	o->path = record_bytes(&rec, name, strlen(name) + 1);
	define();
}

static void define_below(uint64_t id, uint64_t base, const char *name, uint32_t flags)
{
	struct espy_ev_meta_object *o = begin(id, S_IFDIR, flags);

	o->base = base;
	o->path = record_bytes(&rec, name, strlen(name) + 1);
	define();
}

/* A path that begins at another object, in whichever order the two come. */
static void below(void **state)
{
	(void)state;
	define_below(2, 1, "x", 0); /* before the directory is known */
	define_below(4, 3, "z", 0);
	define_below(3, 2, "y", 0);
	define_file(1, "srv");
	define_below(5, 1, "w", 0);
	expect(5, ESPY_OBJECT_PATH, "/srv/w");
	assert_int_equal(espy_object_source(espy_object_find(&t, 5)), ESPY_SOURCE_KERNEL);
	expect(4, ESPY_OBJECT_PATH, "/srv/x/y/z");
	expect(2, ESPY_OBJECT_PATH, "/srv/x");
	define_below(11, 1, "gone", ESPY_OBJ_UNLINKED);
	expect(11, ESPY_OBJECT_PATH, "/srv/gone (deleted)");

	begin(6, S_IFDIR, 0);
	define();
	define_below(7, 6, "etc", 0);
	expect(7, ESPY_OBJECT_PATH, "/etc");

	define_below(8, 99, "lost", 0); /* asked for, and the directory never came */
	expect(8, ESPY_OBJECT_PATH, ".../lost");
	assert_int_equal(espy_object_source(espy_object_find(&t, 8)), ESPY_SOURCE_PARTIAL);
	define_below(9, 8, "too", 0);
	expect(9, ESPY_OBJECT_PATH, ".../lost/too");
	assert_int_equal(espy_object_source(espy_object_find(&t, 9)), ESPY_SOURCE_PARTIAL);
	define_below(10, 10, "itself", 0);
	expect(10, ESPY_OBJECT_PATH, ".../itself");
}

/* No name is longer than 255 bytes, but nothing bounds how deep directories are. */
static void too_deep(void **state)
{
	char name[201], want[205];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	define_file(1, "top");
	for (uint64_t id = 2; id <= 42; id++)
		define_below(id, id - 1, name, 0);
	snprintf(want, sizeof(want), ".../%s", name);
	expect(42, ESPY_OBJECT_PATH, want);
	assert_int_equal(espy_object_source(espy_object_find(&t, 42)), ESPY_SOURCE_PARTIAL);
	assert_int_equal(espy_object_source(espy_object_find(&t, 41)), ESPY_SOURCE_KERNEL);
}

/* The dictionary ids that a batch has are kept as long as the text is the same. */
static void redefinition(void **state)
{
	struct espy_object *o;

	(void)state;
	define_file(1, "a");
	o = espy_object_find(&t, 1);
	o->batch = 5;
	o->part[ESPY_OBJECT_PATH].dict = 17;
	define_file(1, "a");
	o = espy_object_find(&t, 1);
	assert_int_equal(o->batch, 5);
	assert_int_equal(o->part[ESPY_OBJECT_PATH].dict, 17);
	define_file(1, "b");
	o = espy_object_find(&t, 1);
	assert_int_equal(o->batch, 0);
	expect(1, ESPY_OBJECT_PATH, "/b");
}

static void epochs(void **state)
{
	(void)state;
	define_file(1, "old");
	define_file(2, "kept");
	espy_objects_new_epoch(&t, 1000);
	define_file(2, "kept");
	define_file(3, "new");
	espy_objects_pass(&t, 1000);
	assert_int_equal(t.all.n, 3); /* records of the old epoch may still come */
	expect(1, ESPY_OBJECT_PATH, "/old");
	espy_objects_pass(&t, 1001);
	assert_int_equal(t.all.n, 2);
	assert_null(espy_object_find(&t, 1));
	expect(2, ESPY_OBJECT_PATH, "/kept");
	expect(3, ESPY_OBJECT_PATH, "/new");
	espy_objects_pass(&t, 5000);
	assert_int_equal(t.all.n, 2);
}

/* Asked again and again while one epoch ends, as by a loop that looks at the count: it still ends.
 */
static void epochs_in_a_row(void **state)
{
	(void)state;
	define_file(1, "old");
	for (uint64_t now = 100; now < 2000; now += 10) {
		espy_objects_new_epoch(&t, now + 1000);
		define_file(2, "kept");
		espy_objects_pass(&t, now);
		assert_int_equal(t.all.n, now <= 1100 ? 2 : 1);
	}
	assert_null(espy_object_find(&t, 1));
}

static void bounded_in_number(void **state)
{
	char name[32];

	(void)state;
	espy_objects_done(&t);
	espy_objects_init(&t, 100);
	for (uint64_t id = 1; id <= 1000; id++) {
		snprintf(name, sizeof(name), "f%u", (unsigned)id);
		define_file(id, name);
		assert_true(t.all.n <= 100);
		if (id > 1)
			assert_non_null(espy_object_find(&t, 1)); /* in use: stays */
	}
	assert_int_equal(t.all.n, 100);
	expect(1000, ESPY_OBJECT_PATH, "/f1000");
	assert_null(espy_object_find(&t, 2));
}

/* Much coming and going in a table whose ids crowd together: all that is there is found. */
static void churn(void **state)
{
	char name[32];

	(void)state;
	espy_objects_done(&t);
	espy_objects_init(&t, 700);
	srandom(5);
	for (int i = 0; i < 20000; i++) {
		uint64_t id = (uint64_t)random() % 3000 << (random() % 3 * 16);

		snprintf(name, sizeof(name), "f%u", (unsigned)(id % 1000));
		define_file(id, name);
		if (i % 5000 == 4999) {
			espy_objects_new_epoch(&t, 1);
			espy_objects_pass(&t, 2);
			assert_int_equal(t.all.n, 0);
		}
		if (i % 100 != 0)
			continue;
		for (size_t k = 0; k < t.all.n; k++) {
			struct espy_object *o = t.all.v[k];

			assert_int_equal(o->place, k);
			assert_ptr_equal(espy_object_find(&t, o->id), o);
			snprintf(name, sizeof(name), "/f%u", (unsigned)(o->id % 1000));
			expect(o->id, ESPY_OBJECT_PATH, name);
		}
		assert_null(espy_object_find(&t, 999999));
	}
}

static void bounded_in_bytes(void **state)
{
	static char name[60000];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	for (uint64_t id = 1; id <= 1000; id++)
		define_file(id, name);
	assert_true(t.bytes <= ESPY_OBJECT_BYTES_MAX);
	assert_true(t.all.n > 90 && t.all.n < 1000);
	assert_non_null(espy_object_find(&t, 1000));
	assert_true(t.is_short && espy_objects_are_many(&t));
}

/* What the kernel side will not define again by itself goes last, and that it went is said. */
static void old_epochs_first(void **state)
{
	char name[16];

	(void)state;
	espy_objects_done(&t);
	espy_objects_init(&t, 300);
	for (uint64_t id = 1; id <= 300; id++) {
		if (id == 101)
			espy_objects_new_epoch(&t, 1000);
		snprintf(name, sizeof(name), "f%u", (unsigned)id);
		define_file(id << 20, name);
	}
	for (uint64_t id = 301; id <= 390; id++)
		define_file(id << 20, "new");
	assert_false(t.is_short);
	for (uint64_t id = 101; id <= 390; id++)
		assert_non_null(espy_object_find(&t, id << 20));
	for (uint64_t id = 391; id <= 600; id++)
		define_file(id << 20, "newer");
	assert_true(t.is_short);
	assert_int_equal(t.all.n, 300);
	espy_objects_new_epoch(&t, 1000);
	assert_false(t.is_short);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files),
		TEST(pseudo),
		TEST(sockets),
		TEST(unix_sockets),
		TEST(below),
		TEST(too_deep),
		TEST(redefinition),
		TEST(epochs),
		TEST(epochs_in_a_row),
		TEST(bounded_in_number),
		TEST(bounded_in_bytes),
		TEST(old_epochs_first),
		TEST(churn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
