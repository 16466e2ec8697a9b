/* SPDX-License-Identifier: MIT */
/* What is mapped to be run. */
#include "probe.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

/* The GNU build-id among the notes of a mapped file, in hexadecimal. */
static bool note_build_id(const char *map, const ElfW(Phdr) * ph, char *ret)
{
	const char *p = map + ph->p_offset, *end = p + ph->p_filesz;

	while (p + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *n = (const void *)p;
		const char *name = p + sizeof(*n), *desc = name + ((n->n_namesz + 3) & ~3u);

		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && !memcmp(name, "GNU", 4)) {
			for (unsigned i = 0; i < n->n_descsz; i++)
				sprintf(ret + 2 * i, "%02x", (unsigned char)desc[i]);
			return true;
		}
		p = desc + ((n->n_descsz + 3) & ~3u);
	}
	return false;
}

static const char *build_id(const char *path)
{
	static char hex[256];
	int fd = open(path, O_RDONLY);
	const ElfW(Ehdr) * eh;
	struct stat st;
	char *map;

	hex[0] = 0;
	MUST(fd >= 0 && fstat(fd, &st) == 0);
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	MUST(map != MAP_FAILED);
	eh = (const void *)map;
	for (int i = 0; i < eh->e_phnum; i++) {
		const ElfW(Phdr) *ph = (const void *)(map + eh->e_phoff);

		if (ph[i].p_type == PT_NOTE && note_build_id(map, &ph[i], hex))
			break;
	}
	munmap(map, st.st_size);
	return hex;
}

static const char *interpreter(void)
{
	const char *found = "";
	char *map, *real;
	const ElfW(Ehdr) * eh;
	int fd = open(probe_exe, O_RDONLY);

	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	MUST(map != MAP_FAILED);
	eh = (const void *)map;
	for (int i = 0; i < eh->e_phnum; i++) {
		const ElfW(Phdr) *ph = (const void *)(map + eh->e_phoff);

		if (ph[i].p_type == PT_INTERP) {
			real = realpath(map + ph[i].p_offset, NULL);
			found = real ? real : "?";
		}
	}
	return found;
}

/* What one executable mapping of /proc/PID/maps must have been recorded as. */
static void mapped(pid_t pid, const char *line)
{
	unsigned long long from, to, offset;
	char perms[8], path[4096] = "";
	const char *kind = "library";

	if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %4095[^\n]", &from, &to, perms, &offset,
		   path) < 5)
		return;
	if (perms[2] != 'x' || path[0] != '/')
		return;
	if (strcmp(path, probe_exe) == 0)
		kind = "main";
	else if (strcmp(path, interpreter()) == 0)
		kind = "interpreter";
	NOTED();
	WANT(image_load, OF(pid), STR(path, path), NUM(address, from), NUM(length, to - from),
	     NUM(offset, offset), STR(kind, kind), STR(build_id, build_id(path)),
	     NUM(unordered, 1));
}

/* An executed program that has begun, so that it has mapped all it will. */
static void executed(void)
{
	char number[16], path[64], line[8192], said;
	char *argv[] = {probe_exe, (char *)"@ready", number, NULL};
	int ready[2];
	pid_t pid;
	FILE *f;

	MUST(pipe(ready) == 0);
	snprintf(number, sizeof(number), "%d", ready[1]);
	pid = fork();
	if (pid == 0) {
		execve(probe_exe, argv, environ);
		probe_die("execve");
	}
	close(ready[1]);
	MUST(read(ready[0], &said, 1) == 1);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "r");
	MUST(f);
	while (fgets(line, sizeof(line), f))
		mapped(pid, line);
	fclose(f);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#ifdef __i386__ /* linked statically */
static void loaded(const char *lib)
{
	(void)lib;
	probe_note("dlopen: no dynamic linking here");
}
#else
static void loaded(const char *lib)
{
	struct stat st;
	char *real;

	MUST(stat(lib, &st) == 0);
	real = realpath(lib, NULL);
	MUST(dlopen(lib, RTLD_NOW));
	NOTED();
	WANT(image_load, PATH(real), STR(kind, "library"), STR(build_id, build_id(real)),
	     MIN(length, 1), MIN(address, 1));
}
#endif

PROBE(image_load)
{
	int fd = open(probe_exe, O_RDONLY);
	char lib[4200];

	executed();
	snprintf(lib, sizeof(lib), "%s/probe-image.so", probe_bin);
	loaded(lib);
#ifdef __i386__
	void *p = (void *)DO(mmap2, 0L, 8192L, (long)(PROT_READ | PROT_EXEC), (long)MAP_PRIVATE, fd,
			     1L);
#else
	void *p = (void *)DO(mmap, 0L, 8192L, (long)(PROT_READ | PROT_EXEC), (long)MAP_PRIVATE, fd,
			     4096L);
#endif
	WANT(image_load, PATH(probe_exe), NUM(address, (uintptr_t)p), NUM(length, 8192),
	     NUM(offset, 4096), STR(kind, "library"), NUM(result, (uintptr_t)p));
	/* Neither of these is an image. */
	MUST(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	     MAP_FAILED);
}
