/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "enrich/identify.h"

#define LONG_NS 60000000000ull /* more than any answer takes */

/* "abc", from FIPS 180-4's and RFC 1321's own examples. */
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1   "a9993e364706816aba3e25717850c26c9cd0d89d"
#define ABC_MD5    "900150983cd24fb0d6963f7d28e17f72"

static char dir[] = "/tmp/espy-identify.XXXXXX";
static char path[64];

static void put(const char *content)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(content, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static struct espy_version version(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (struct espy_version){
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.mtime = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec,
		.ctime = st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec,
		.dev = (uint32_t)(major(st.st_dev) << 20 | minor(st.st_dev)),
	};
}

static struct espy_identify *start(const struct espy_identify_options *o)
{
	struct espy_identify *t = NULL;

	assert_int_equal(espy_identify_new(&t, o, NULL), 0);
	return t;
}

static const struct espy_identify_options all_kinds = {.kinds = (1u << ESPY_HASH__MAX) - 1};

/* The one answer to one question. */
static const struct espy_identity *answer(struct espy_identify *t, const struct espy_version *v)
{
	const struct espy_identity *i = espy_identify_ask(t, v, espy_str0(path), 1, 1, false);

	assert_non_null(i);
	assert_int_equal(i->status, ESPY_IDENTITY_WAITING);
	espy_identify_end(t, LONG_NS);
	assert_ptr_equal(espy_identify_next(t), i);
	assert_null(espy_identify_next(t));
	return i;
}

static void hashes(void **state)
{
	struct espy_identify *t = start(&all_kinds);
	const struct espy_identity *i;
	struct espy_buf words = {0};
	struct espy_version v;

	(void)state;
	put("abc");
	v = version();
	i = answer(t, &v);
	assert_int_equal(i->status, ESPY_IDENTITY_DONE);
	assert_string_equal(i->hashes.hex[ESPY_HASH_SHA256], ABC_SHA256);
	assert_string_equal(i->hashes.hex[ESPY_HASH_SHA1], ABC_SHA1);
	assert_string_equal(i->hashes.hex[ESPY_HASH_MD5], ABC_MD5);
	espy_identity_words(&words, i);
	assert_int_equal(words.n,
			 sizeof("sha256\0" ABC_SHA256 "\0sha1\0" ABC_SHA1 "\0md5\0" ABC_MD5));
	assert_memory_equal(words.p, "sha256\0" ABC_SHA256, 7 + 64);
	espy_buf_done(&words);
	espy_identify_free(t);
}

/* Once for each version, whoever runs it. */
static void is_asked_once(void **state)
{
	struct espy_identify *t = start(&all_kinds);
	const struct espy_identity *first, *second;
	struct espy_version v, v2;

	(void)state;
	put("abc");
	v = version();
	first = espy_identify_ask(t, &v, espy_str0(path), 1, 1, false);
	assert_ptr_equal(espy_identify_ask(t, &v, espy_str0("/other/name"), 2, 2, true), first);
	assert_ptr_equal(espy_identify_find(t, &v), first);
	v2 = v;
	v2.mtime++;
	assert_null(espy_identify_find(t, &v2));
	second = espy_identify_ask(t, &v2, espy_str0(path), 1, 1, false);
	assert_ptr_not_equal(second, first);
	espy_identify_end(t, LONG_NS);
	assert_ptr_equal(espy_identify_next(t), first);
	assert_ptr_equal(espy_identify_next(t), second);
	assert_int_equal(first->status, ESPY_IDENTITY_DONE);
	assert_int_equal(second->status, ESPY_IDENTITY_CHANGED);
	espy_identify_free(t);
}

/* Each member of the version counts. Where only the change time differs, content is as it was. */
static void is_that_version(void **state)
{
	static const struct {
		struct espy_version add;
		unsigned status;
	} cases[] = {
		{{.inode = 1}, ESPY_IDENTITY_CHANGED}, {{.size = 1}, ESPY_IDENTITY_CHANGED},
		{{.mtime = 1}, ESPY_IDENTITY_CHANGED}, {{.dev = 1u << 20}, ESPY_IDENTITY_CHANGED},
		{{.ctime = 1}, ESPY_IDENTITY_TOUCHED},
	};

	(void)state;
	put("abc");
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct espy_identify *t = start(&all_kinds);
		const struct espy_identity *i;
		struct espy_buf words = {0};
		struct espy_version v = version();

		v.inode += cases[k].add.inode;
		v.size += cases[k].add.size;
		v.mtime += cases[k].add.mtime;
		v.ctime += cases[k].add.ctime;
		v.dev += cases[k].add.dev;
		i = answer(t, &v);
		assert_int_equal(i->status, cases[k].status);
		assert_string_equal(i->hashes.hex[ESPY_HASH_MD5],
				    cases[k].status == ESPY_IDENTITY_TOUCHED ? ABC_MD5 : "");
		espy_identity_words(&words, i); /* a process only gets what is certain */
		assert_int_equal(words.n, 0);
		espy_identify_free(t);
	}
}

static void cannot_be_read(void **state)
{
	struct espy_identify_options small = {.kinds = 1, .max_bytes = 2};
	struct espy_identify *t = start(&all_kinds);
	struct espy_version v;

	(void)state;
	put("abc");
	v = version();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(answer(t, &v)->status, ESPY_IDENTITY_GONE);
	espy_identify_free(t);

	put("abc");
	v = version();
	t = start(&small);
	assert_int_equal(answer(t, &v)->status, ESPY_IDENTITY_TOO_LARGE);
	espy_identify_free(t);

	t = start(&all_kinds); /* a directory, a link */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/bin/true", path), 0);
	v = version();
	assert_int_equal(answer(t, &v)->status, ESPY_IDENTITY_CHANGED);
	espy_identify_free(t);
	assert_int_equal(unlink(path), 0);
}

/* What is its own executable is found although its path has gone. */
static void by_process(void **state)
{
	struct espy_identify *t = start(&all_kinds);
	const struct espy_identity *i;
	struct espy_version v;
	char self[64];

	(void)state;
	snprintf(self, sizeof(self), "%s", path);
	snprintf(path, sizeof(path), "/proc/self/exe");
	v = version();
	snprintf(path, sizeof(path), "%s", self);
	i = espy_identify_ask(t, &v, espy_str0("/nowhere (deleted)"), (uint32_t)getpid(), 1, true);
	espy_identify_end(t, LONG_NS);
	assert_ptr_equal(espy_identify_next(t), i);
	assert_int_equal(i->status, ESPY_IDENTITY_DONE);
	assert_int_equal(strlen(i->hashes.hex[ESPY_HASH_SHA256]), 64);
	espy_identify_free(t);
}

/* After the end nothing is begun, and everything has an answer. */
static void has_an_end(void **state)
{
	struct espy_identify *t = start(&all_kinds);
	unsigned n = 0, unfinished = 0;
	const struct espy_identity *i;
	struct espy_version v;

	(void)state;
	put("abc");
	v = version();
	for (unsigned k = 0; k < 100; k++, v.mtime++)
		assert_non_null(espy_identify_ask(t, &v, espy_str0(path), 1, 1, false));
	espy_identify_end(t, 0);
	v.mtime++;
	assert_int_equal(espy_identify_ask(t, &v, espy_str0(path), 1, 1, false)->status,
			 ESPY_IDENTITY_BUSY);
	while ((i = espy_identify_next(t))) {
		assert_int_not_equal(i->status, ESPY_IDENTITY_WAITING);
		unfinished += i->status == ESPY_IDENTITY_UNFINISHED;
		n++;
	}
	assert_int_equal(n, 101);
	assert_true(unfinished <= 100);
	espy_identify_free(t);
}

/* A full queue says so, and what was refused may be asked for again. */
static void is_bounded(void **state)
{
	struct espy_identify *t = start(&all_kinds);
	const struct espy_identity *i;
	struct espy_version v;
	unsigned n = 0, asked = 2 * ESPY_IDENTITIES_MAX;

	(void)state;
	put("abc");
	v = version();
	for (unsigned k = 0; k < asked; k++, v.mtime++)
		assert_non_null(espy_identify_ask(t, &v, espy_str0(path), 1, 1, false));
	assert_null(espy_identify_ask(t, &v, espy_str0(path), 1, 1, false));
	espy_identify_forget(t); /* answers are waiting: nothing goes */
	espy_identify_end(t, LONG_NS);
	while ((i = espy_identify_next(t)))
		n++;
	assert_int_equal(n, asked);
	espy_identify_forget(t);
	assert_non_null(espy_identify_ask(t, &v, espy_str0(path), 1, 1, false));
	espy_identify_free(t);
}

/* --- packages ------------------------------------------------------------------------------- */

static void list(const char *name, const char *content)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	put(content);
}

static void packages(void **state)
{
	static const struct {
		const char *path, *package;
	} rows[] = {
		{"/usr/bin/ls", "coreutils"}, /* the list has it as /bin/ls */
		{"/bin/ls", "coreutils"},
		{"/usr/lib/x86_64-linux-gnu/libc.so.6", "libc6:amd64"},
		{"/usr/share/doc/a b", "libc6:amd64"}, /* without a newline at the end */
		{"/usr/lib", ""},                      /* directories are many packages' */
		{"/bin", ""},
		{"/usr/bin/lsx", ""},
		{"/usr/bin/l", ""},
		{"/opt/ls", ""},
		{"/", ""},
		{"", ""},
	};
	char name[ESPY_PACKAGE_NAME_MAX + 1];
	struct espy_packages t;

	(void)state;
	list("coreutils.list", "/.\n/bin\n/bin/cat\n/bin/ls\n");
	list("libc6:amd64.list", "/.\n/usr\n/usr/lib\n/usr/lib/x86_64-linux-gnu\n"
				 "/usr/lib/x86_64-linux-gnu/libc.so.6\n/usr/share/doc/a b");
	list("coreutils.md5sums", "0 usr/bin/lsx\n");
	list("empty.list", "");
	espy_packages_init(&t, dir);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("# %s\n", rows[i].path);
		espy_package_of(&t, espy_str0(rows[i].path), name);
		assert_string_equal(name, rows[i].package);
	}
	espy_packages_done(&t);
	espy_packages_init(&t, "/nonexistent");
	espy_package_of(&t, ESPY_STR("/bin/ls"), name);
	assert_string_equal(name, "");
	espy_packages_done(&t);
	for (const char *const *n = (const char *const[]){"coreutils.list", "libc6:amd64.list",
							  "coreutils.md5sums", "empty.list", NULL};
	     *n; n++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *n);
		unlink(path);
	}
}

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	unlink(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),          cmocka_unit_test(is_asked_once),
		cmocka_unit_test(is_that_version), cmocka_unit_test(cannot_be_read),
		cmocka_unit_test(by_process),      cmocka_unit_test(has_an_end),
		cmocka_unit_test(is_bounded),      cmocka_unit_test(packages),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
