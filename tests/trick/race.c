/* SPDX-License-Identifier: MIT */
#include "race.h"
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* --- pages that wait to be asked for --------------------------------------------------------- */

static size_t bytes_of(const struct stall *s, const char *text)
{
	return s->size ? s->size : strlen(text) + 1;
}

static void fill(struct stall *s, int i)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)s->page[i], .src = (uintptr_t)page, .len = sizeof(page)};

	memset(page, 0, sizeof(page));
	memcpy(page, s->text[i], bytes_of(s, s->text[i]));
	if (s->filled)
		memcpy(s->page[!i], s->lie[!i], bytes_of(s, s->lie[!i]));
	s->filled++;
	ioctl(s->fd, UFFDIO_COPY, &copy);
}

bool stall_lied(const struct stall *s)
{
	return s->filled == 2 && (memcmp(s->page[0], s->lie[0], bytes_of(s, s->lie[0])) == 0 ||
				  memcmp(s->page[1], s->lie[1], bytes_of(s, s->lie[1])) == 0);
}

static void *answer_faults(void *arg)
{
	struct stall *s = arg;
	struct uffd_msg m;

	while (read(s->fd, &m, sizeof(m)) == sizeof(m))
		if (m.event == UFFD_EVENT_PAGEFAULT)
			fill(s, m.arg.pagefault.address >= (uintptr_t)s->page[1]);
	return NULL;
}

void stall_begin(struct stall *s)
{
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t t;

	s->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->fd < 0)
		probe_skip("no userfaultfd here");
	s->page[0] = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(s->page[0] != MAP_FAILED && ioctl(s->fd, UFFDIO_API, &api) == 0);
	s->page[1] = s->page[0] + 4096;
	reg.range = (struct uffdio_range){(uintptr_t)s->page[0], 8192};
	MUST(ioctl(s->fd, UFFDIO_REGISTER, &reg) == 0);
	MUST(pthread_create(&t, NULL, answer_faults, s) == 0);
}

/* --- memory that changes all the time --------------------------------------------------------- */

char *shared_bytes(const void *bytes, size_t size)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	memcpy(p, bytes, size);
	return p;
}

static void copy_over(char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile char *)to)[i] = from[i];
}

static void flip_for_ever(void *arg)
{
	struct flip *f = arg;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		copy_over(f->at, f->other, f->size);
		copy_over(f->at, f->one, f->size);
	}
}

void flip_begin(struct flip *f, const void *one, const void *other, size_t size)
{
	*f = (struct flip){.one = one, .other = other, .size = size};
	f->at = shared_bytes(one, size);
	f->pid = probe_child(flip_for_ever, f);
}

void flip_end(struct flip *f)
{
	kill(f->pid, SIGKILL);
	probe_wait(f->pid);
	munmap(f->at, 4096);
}

/* --- memory that changes while a call waits ----------------------------------------------------
 */

static void wait_and_lie(void *arg)
{
	struct late *l = arg;

	probe_until_asleep(getppid());
	copy_over(l->at, l->lie, l->size);
	l->then(l->arg);
}

pid_t late_begin(struct late *l)
{
	return probe_child(wait_and_lie, l);
}
