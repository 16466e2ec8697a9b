/* SPDX-License-Identifier: MIT */
/* Functions of ELF files, against what the linker made of this very program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "enrich/image.h"
#include "enrich/kernel.h"
#include "enrich/symbols.h"
#include "enrich/symtab.h"

__attribute__((noinline)) int espy_test_here(int a);
__attribute__((noinline)) int espy_test_here(int a)
{
	volatile int b = a;

	return b * 3 + 1;
}

static int first_object(struct dl_phdr_info *info, size_t size, void *ret)
{
	(void)size;
	*(uint64_t *)ret = info->dlpi_addr;
	return 1;
}

/* The address that the file itself gives to the function. */
static uint64_t here(void)
{
	uint64_t base = 0;

	dl_iterate_phdr(first_object, &base);
	return (uint64_t)(uintptr_t)espy_test_here - base;
}

static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	assert_true(fd >= 0);
	return fd;
}

static void finds_a_function(void **state)
{
	struct espy_symtab *t;
	struct espy_str name;
	uint64_t offset;
	int fd = open_self();

	(void)state;
	assert_int_equal(espy_symtab_read(&t, fd), 0);
	close(fd);
	name = espy_symtab_find(t, here(), &offset);
	assert_true(espy_str_eq(name, ESPY_STR("espy_test_here")));
	assert_int_equal(offset, 0);
	name = espy_symtab_find(t, here() + 3, &offset);
	assert_true(espy_str_eq(name, ESPY_STR("espy_test_here")));
	assert_int_equal(offset, 3);
	assert_int_equal(espy_symtab_find(t, 1, &offset).n, 0);
	assert_int_equal(espy_symtab_find(t, UINT64_MAX, &offset).n, 0);
	espy_symtab_free(t);
}

static int memory_file(const void *p, size_t n)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	return fd;
}

static int read_memory(const void *p, size_t n)
{
	struct espy_symtab *t = NULL;
	int fd = memory_file(p, n), r = espy_symtab_read(&t, fd);

	close(fd);
	espy_symtab_free(t);
	return r;
}

static void refuses_what_cannot_be(void **state)
{
	Elf64_Ehdr h = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				    EV_CURRENT},
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_ehsize = sizeof(h),
			.e_shentsize = sizeof(Elf64_Shdr)};
	char page[4096] = "";

	(void)state;
	assert_int_equal(read_memory("", 0), -EBADMSG);
	assert_int_equal(read_memory("#!/bin/sh\n", 10), -EBADMSG);
	memcpy(page, &h, sizeof(h));
	assert_int_equal(read_memory(page, sizeof(page)),
			 -EBADMSG); /* number of sections elsewhere */
	h.e_shnum = UINT16_MAX;
	h.e_shoff = 64;
	memcpy(page, &h, sizeof(h));
	assert_int_equal(read_memory(page, sizeof(page)), -EBADMSG); /* more than it has room for */
	h.e_shnum = 8;
	h.e_shoff = UINT64_MAX - 8;
	memcpy(page, &h, sizeof(h));
	assert_int_equal(read_memory(page, sizeof(page)), -EBADMSG);
	h.e_shoff = 64;
	memcpy(page, &h, sizeof(h));
	assert_int_equal(read_memory(page, sizeof(page)), -ENOENT); /* sections, but no symbols */
}

/* Whatever is changed in a good file: no crash, and names within it. */
static void survives_damage(void **state)
{
	int fd = open_self();
	size_t n = 0, cap = 32u << 20;
	uint8_t *p = malloc(cap), *copy;
	ssize_t r;

	(void)state;
	assert_non_null(p);
	while ((r = read(fd, p + n, cap - n)) > 0)
		n += (size_t)r;
	close(fd);
	copy = malloc(n);
	assert_non_null(copy);
	srand(7);
	for (int i = 0; i < 60; i++) {
		Elf64_Ehdr h;

		memcpy(copy, p, n);
		memcpy(&h, p, sizeof(h));
		for (int k = 0; k < 4; k++) { /* in the section headers, and in the header */
			size_t at = i % 3 ? h.e_shoff + (size_t)rand() % (h.e_shnum * 64u)
					  : 4 + (size_t)rand() % 60;

			copy[at] = (uint8_t)rand();
		}
		read_memory(copy, i % 5 ? n : n / 2);
	}
	free(copy);
	free(p);
}

/* --- frames --------------------------------------------------------------------------------- */

static char self_path[4096], build_id[2 * ESPY_BUILD_ID_MAX + 1];

static void learn_self(void)
{
	unsigned char id[ESPY_BUILD_ID_MAX];
	ssize_t n = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);
	int fd = open_self(), size = espy_image_read(fd, id);

	close(fd);
	assert_true(n > 0);
	self_path[n] = '\0';
	for (int i = 0; i < size; i++)
		snprintf(build_id + 2 * i, 3, "%02x", id[i]);
}

static void check_stack(const char *in, const char *want)
{
	struct espy_symbols *s;
	struct espy_buf out = {0};

	assert_int_equal(espy_symbols_new(&s), 0);
	espy_symbols_stack(s, espy_str0(in), &out);
	espy_buf_putc(&out, '\0');
	assert_string_equal(out.p, want);
	espy_buf_done(&out);
	espy_symbols_free(s);
}

static void names_frames(void **state)
{
	static char in[3 * sizeof(self_path)], want[3 * sizeof(self_path)];
	unsigned long long at = here();

	(void)state;
	learn_self();
	if (!build_id[0])
		skip();
	/* the first of the user is where it is, others return there */
	snprintf(in, sizeof(in),
		 "K 0xffffffff81000000 do_it+0x1\nU 0x1 %s+0x%llx %s\nU 0x2 %s+0x%llx %s\n",
		 self_path, at, build_id, self_path, at + 4, build_id);
	snprintf(want, sizeof(want),
		 "K 0xffffffff81000000 do_it+0x1\nU 0x1 %s!espy_test_here+0x0\nU 0x2 "
		 "%s!espy_test_here+0x4\n",
		 self_path, self_path);
	check_stack(in, want);
}

static void leaves_what_it_does_not_know(void **state)
{
	static const char foreign[] =
		"U 0x7f12a0 C:\\Windows\\ntdll.dll+0x12a0\nK 0x1 x.sys+0x1\nU 0x5\n";

	(void)state;
	check_stack("", "");
	check_stack(foreign, foreign);
	check_stack("U 0x1 /not/there+0x12 0123456789abcdef\n", "U 0x1 /not/there+0x12\n");
	check_stack("U 0x1 /a b+0x12 0123456789abcdef\n", "U 0x1 /a b+0x12\n");
	check_stack("U 0x1 /dev/zero+0x12 0123456789abcdef\n", "U 0x1 /dev/zero+0x12\n");
	check_stack("U 0x1 /a+0x12 0123\n", "U 0x1 /a+0x12 0123\n");
	check_stack("U 0x1 /a+12 0123456789abcdef\n", "U 0x1 /a+12 0123456789abcdef\n");
	check_stack("U 0x1 [more]\n", "U 0x1 [more]\n");
	check_stack("\n \nU\n", "\n \nU\n");
}

static void another_build_has_no_names(void **state)
{
	char in[8192], want[8192];

	(void)state;
	learn_self();
	if (!build_id[0])
		skip();
	build_id[0] = build_id[0] == '0' ? '1' : '0';
	snprintf(in, sizeof(in), "U 0x1 %s+0x%llx %s\n", self_path, (unsigned long long)here(),
		 build_id);
	snprintf(want, sizeof(want), "U 0x1 %s+0x%llx\n", self_path, (unsigned long long)here());
	check_stack(in, want);
}

/* --- the kernel's ---------------------------------------------------------------------------- */

static void reads_kallsyms(void **state)
{
	static const char list[] = "ffffffff81000000 T _stext\n"
				   "ffffffff81000100 t do_it\n"
				   "ffffffff81000200 D data\n"
				   "garbage\n"
				   "ffffffffc0001000 t hook\t[nf_tables]\n"
				   "ffffffffc0002000 t bpf_prog_12_x\t[bpf]\n";
	char path[] = "/tmp/espy-kallsyms-XXXXXX";
	int fd = mkstemp(path);
	struct espy_kernel k = {0};
	uint64_t offset;

	(void)state;
	assert_int_equal(write(fd, list, sizeof(list) - 1), sizeof(list) - 1);
	close(fd);
	espy_kernel_read(&k, path);
	unlink(path);
	assert_int_equal(k.symbols.n, 3);
	assert_string_equal(espy_kernel_name(&k, 0xffffffff81000123, &offset), "do_it");
	assert_int_equal(offset, 0x23);
	assert_string_equal(espy_kernel_name(&k, 0xffffffffc0001000, &offset), "nf_tables!hook");
	assert_null(espy_kernel_name(&k, 0x1000, &offset));
	assert_null(espy_kernel_name(&k, 0xffffffffffffffff, &offset));
	espy_kernel_done(&k);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_function),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(survives_damage),
		cmocka_unit_test(names_frames),
		cmocka_unit_test(leaves_what_it_does_not_know),
		cmocka_unit_test(another_build_has_no_names),
		cmocka_unit_test(reads_kallsyms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
