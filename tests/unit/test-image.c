/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enrich/image.h"

static const unsigned char id20[20] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3};

/* A small ELF file: header, program headers, then one note segment with two notes. */
struct elf64 {
	Elf64_Ehdr h;
	Elf64_Phdr p[3];
	struct {
		Elf64_Nhdr h;
		char name[8], desc[4];
	} other;
	struct {
		Elf64_Nhdr h;
		char name[4];
		unsigned char desc[20];
	} id;
};

static struct elf64 good64(void)
{
	struct elf64 e = {0};

	memcpy(e.h.e_ident, ELFMAG, SELFMAG);
	e.h.e_ident[EI_CLASS] = ELFCLASS64;
	e.h.e_ident[EI_DATA] = ELFDATA2LSB;
	e.h.e_phoff = offsetof(struct elf64, p);
	e.h.e_phentsize = sizeof(Elf64_Phdr);
	e.h.e_phnum = 3;
	e.p[0].p_type = PT_LOAD;
	e.p[2].p_type = PT_NOTE;
	e.p[2].p_offset = offsetof(struct elf64, other);
	e.p[2].p_filesz = sizeof(e.other) + sizeof(e.id);
	e.other.h = (Elf64_Nhdr){5, 4, 1};
	memcpy(e.other.name, "Test", 5);
	e.id.h = (Elf64_Nhdr){4, sizeof(id20), NT_GNU_BUILD_ID};
	memcpy(e.id.name, "GNU", 4);
	memcpy(e.id.desc, id20, sizeof(id20));
	return e;
}

static int file_of(const void *p, size_t n)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	return fd;
}

static int read_id(const void *p, size_t n, unsigned char *id)
{
	int fd = file_of(p, n), r;

	r = espy_image_read(fd, id);
	close(fd);
	return r;
}

static void reads_64(void **state)
{
	unsigned char id[ESPY_BUILD_ID_MAX];
	struct elf64 e = good64();

	(void)state;
	assert_int_equal(read_id(&e, sizeof(e), id), sizeof(id20));
	assert_memory_equal(id, id20, sizeof(id20));
	e.p[2].p_type = PT_LOAD;
	assert_int_equal(read_id(&e, sizeof(e), id), 0);
}

static void reads_32(void **state)
{
	struct {
		Elf32_Ehdr h;
		Elf32_Phdr p;
		Elf32_Nhdr n;
		char name[4];
		unsigned char desc[8];
	} e = {0};
	unsigned char id[ESPY_BUILD_ID_MAX];

	(void)state;
	memcpy(e.h.e_ident, ELFMAG, SELFMAG);
	e.h.e_ident[EI_CLASS] = ELFCLASS32;
	e.h.e_ident[EI_DATA] = ELFDATA2LSB;
	e.h.e_phoff = sizeof(e.h);
	e.h.e_phentsize = sizeof(e.p);
	e.h.e_phnum = 1;
	e.p.p_type = PT_NOTE;
	e.p.p_offset = sizeof(e.h) + sizeof(e.p);
	e.p.p_filesz = sizeof(e.n) + 12;
	e.n = (Elf32_Nhdr){4, 8, NT_GNU_BUILD_ID};
	memcpy(e.name, "GNU", 4);
	memcpy(e.desc, "\1\2\3\4\5\6\7\10", 8);
	assert_int_equal(read_id(&e, sizeof(e), id), 8);
	assert_memory_equal(id, "\1\2\3\4\5\6\7\10", 8);
}

static void refuses_damage(void **state)
{
	unsigned char id[ESPY_BUILD_ID_MAX];
	struct elf64 e = good64();

	(void)state;
	assert_int_equal(read_id("", 0, id), -EBADMSG);
	assert_int_equal(read_id("#!/bin/sh\n", 10, id), -EBADMSG);
	assert_int_equal(read_id(&e, 60, id), -EBADMSG);
	assert_int_equal(read_id(&e, offsetof(struct elf64, p[1]), id), -EBADMSG);
	assert_int_equal(read_id(&e, offsetof(struct elf64, id), id), 0);
	e.h.e_phnum = UINT16_MAX;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
	e = good64();
	e.h.e_phentsize = 1;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
	e = good64();
	e.h.e_phoff = UINT64_MAX - 8;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
	e = good64();
	e.h.e_phoff = (uint64_t)1 << 40;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
	e = good64();
	e.h.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
}

static void refuses_bad_notes(void **state)
{
	unsigned char id[ESPY_BUILD_ID_MAX];
	struct elf64 e = good64();

	(void)state;
	e.other.h.n_descsz = UINT32_MAX;
	assert_int_equal(read_id(&e, sizeof(e), id), 0);
	e.other.h.n_descsz = 4;
	e.other.h.n_namesz = UINT32_MAX - 1;
	assert_int_equal(read_id(&e, sizeof(e), id), 0);
	e = good64();
	e.id.h.n_descsz = ESPY_BUILD_ID_MAX + 1;
	assert_int_equal(read_id(&e, sizeof(e), id), 0);
	e.id.h.n_descsz = 0;
	assert_int_equal(read_id(&e, sizeof(e), id), 0);
	e = good64();
	e.p[2].p_offset = UINT64_MAX;
	assert_int_equal(read_id(&e, sizeof(e), id), -EBADMSG);
	e = good64();
	e.p[2].p_filesz = UINT64_MAX; /* only as much as there is, and as the limit says */
	assert_int_equal(read_id(&e, sizeof(e), id), sizeof(id20));
}

/* Anything may stand in the file; the sanitizers watch. */
static void survives_mutation(void **state)
{
	unsigned char id[ESPY_BUILD_ID_MAX], *bytes;
	struct elf64 e;
	unsigned found = 0;

	(void)state;
	srandom(7);
	for (int i = 0; i < 5000; i++) {
		e = good64();
		bytes = (unsigned char *)&e;
		for (int k = 0; k < 3; k++)
			bytes[(size_t)random() % sizeof(e)] = (unsigned char)random();
		found += read_id(&e, (size_t)random() % (sizeof(e) + 1), id) > 0;
	}
	assert_true(found < 5000);
}

/* --- by path -------------------------------------------------------------------------------- */

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/espy-test-image-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/l", dir);
	unlink(path);
	return rmdir(dir);
}

static void write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	close(fd);
}

static struct espy_image_key key_of(const char *path)
{
	struct espy_image_key key = {.path = espy_str0(path)};
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	key.inode = st.st_ino;
	key.dev = major(st.st_dev) << 20 | minor(st.st_dev);
	return key;
}

static void expect(struct espy_images *t, const struct espy_image_key *key, const char *want)
{
	struct espy_str s = espy_image_build_id(t, key);

	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

#define HEX20 "deadbeef01020300000000000000000000000000"

static void by_path(void **state)
{
	struct elf64 e = good64();
	struct espy_images t = {0};
	struct espy_image_key key;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, &e, sizeof(e));
	key = key_of(path);
	expect(&t, &key, HEX20);
	expect(&t, &key, HEX20); /* remembered */
	assert_int_equal(t.map.n, 1);
	key.inode++;
	expect(&t, &key, ""); /* another file has the name now */
	key.inode--;
	key.dev += 1 << 20;
	expect(&t, &key, "");
	espy_images_done(&t);
}

/* The same inode with other contents, as a compiler makes it again and again. */
static void sees_changes(void **state)
{
	struct elf64 e = good64();
	struct espy_images t = {0};
	struct espy_image_key key;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	write_file(path, &e, sizeof(e));
	key = key_of(path);
	expect(&t, &key, HEX20);
	e.id.desc[0] = 0xff;
	usleep(20000); /* the file system's clock has ticks */
	write_file(path, &e, sizeof(e));
	expect(&t, &key,
	       "ff"
	       "adbeef01020300000000000000000000000000");
	unlink(path);
	expect(&t, &key, "");
	espy_images_done(&t);
}

/* Neither followed nor opened: a link, a FIFO (which would wait), a directory, nonsense. */
static void only_plain_files(void **state)
{
	struct elf64 e = good64();
	struct espy_images t = {0};
	struct espy_image_key key;
	char path[128], link[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	snprintf(link, sizeof(link), "%s/l", dir);
	write_file(path, &e, sizeof(e));
	assert_int_equal(symlink(path, link), 0);
	key = key_of(path);
	key.path = espy_str0(link);
	expect(&t, &key, "");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	key = key_of(path);
	expect(&t, &key, "");
	key = key_of(dir);
	expect(&t, &key, "");
	key.path = ESPY_STR("relative");
	expect(&t, &key, "");
	key.path = ESPY_STR_NONE;
	expect(&t, &key, "");
	espy_images_done(&t);
}

/* In a mount namespace of its own: a file that only it can see. Ends when its input does. */
static void live_apart(int ready, int stay, const char *path, const struct elf64 *e)
{
	char c = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, NULL) < 0)
		_exit(1);
	write_file(path, e, sizeof(*e));
	if (write(ready, &c, 1) == 1 && read(stay, &c, 1) == 0)
		_exit(0);
	_exit(1);
}

static void by_process(void **state)
{
	struct elf64 e = good64();
	struct espy_images t = {0};
	struct espy_image_key key;
	char path[128], inside[160], c;
	int ready[2], stay[2], status;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(stay, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		close(stay[1]);
		live_apart(ready[1], stay[0], path, &e);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) == 1) {
		snprintf(inside, sizeof(inside), "/proc/%d/root%s", (int)pid, path);
		key = key_of(inside);
		key.path = espy_str0(path);
		expect(&t, &key, "");
		key.pid = (uint32_t)pid;
		expect(&t, &key, HEX20);
	}
	close(stay[1]);
	close(stay[0]);
	close(ready[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	espy_images_done(&t);
	if (status != 0)
		skip(); /* no mount namespaces here */
}

static void bounded(void **state)
{
	struct espy_images t = {0};
	struct elf64 e = good64();
	struct espy_image_key key;
	char path[128];

	(void)state;
	for (unsigned i = 0; i < ESPY_IMAGES_MAX + 10; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		write_file(path, &e, sizeof(e));
		key = key_of(path);
		expect(&t, &key, HEX20);
		assert_true(t.map.n <= ESPY_IMAGES_MAX);
	}
	assert_true(t.map.n > 0 && t.map.n < ESPY_IMAGES_MAX);
	for (unsigned i = 0; i < ESPY_IMAGES_MAX + 10; i++) {
		snprintf(path, sizeof(path), "%s/%u", dir, i);
		unlink(path);
	}
	espy_images_done(&t);
}

#define FILE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_64),
		cmocka_unit_test(reads_32),
		cmocka_unit_test(refuses_damage),
		cmocka_unit_test(refuses_bad_notes),
		cmocka_unit_test(survives_mutation),
		FILE_TEST(by_path),
		FILE_TEST(sees_changes),
		FILE_TEST(only_plain_files),
		FILE_TEST(by_process),
		FILE_TEST(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
