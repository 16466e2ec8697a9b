/* SPDX-License-Identifier: MIT */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define CMDLINE_BYTES_MAX 16384      /* as much as the kernel side sends */
#define PAGE_MIN          4096       /* some stop at a page */
#define PF_KTHREAD        0x00200000 /* include/linux/sched.h */

ssize_t espy_proc_file(int dir, const char *name, char *to, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r = 0;

	if (fd < 0)
		return -errno;
	/* these files give all that has room: less is the end */
	do
		r = read(fd, to + n, size - 1 - n);
	while (r > 0 && (n += (size_t)r) < size - 1 && r >= PAGE_MIN);
	if (r < 0)
		r = -errno;
	close(fd);
	to[n] = '\0';
	return r < 0 ? r : (ssize_t)n;
}

/* Is it the process that started then? The kernel cuts field 22 to ticks of 1/HZ. */
static bool is_same_start(uint64_t ticks, uint64_t start)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), want;

	if (hz == 0 || hz > 1000000000)
		return false;
	if (start == 0)
		return true;
	want = start / (1000000000 / hz);
	return ticks + 1 >= want && ticks <= want + 1;
}

static void name_tty(char *to, size_t size, unsigned dev)
{
	to[0] = '\0';
	if (major(dev) >= 136 && major(dev) <= 143)
		snprintf(to, size, "pts/%u", (major(dev) - 136) * 256 + minor(dev));
	else if (major(dev) == 4 && minor(dev) >= 64)
		snprintf(to, size, "ttyS%u", minor(dev) - 64);
	else if (major(dev) == 4)
		snprintf(to, size, "tty%u", minor(dev));
}

/* The next decimal number of a text; *p moves behind it. */
static bool next_number(const char **p, int64_t *ret)
{
	char *end;

	*ret = strtoll(*p, &end, 10);
	if (end == *p)
		return false;
	*p = end;
	return true;
}

/* Fields of stat that are wanted, by their numbers in proc(5). */
enum { STAT_STATE = 3, STAT_PPID, STAT_SESSION = 6, STAT_TTY, STAT_FLAGS = 9, STAT_START = 22 };

/* pid (comm) state ppid …; comm may hold anything, also parentheses and spaces. */
static int parse_stat(struct espy_proc_info *p, char *text, uint64_t start)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	int64_t field[STAT_START + 1];
	const char *at;

	if (!open || !close || close < open || close[1] != ' ' || !close[2])
		return -EBADMSG;
	at = close + 3;
	for (int i = STAT_STATE + 1; i <= STAT_START; i++)
		if (!next_number(&at, &field[i]))
			return -EBADMSG;
	if (!is_same_start((uint64_t)field[STAT_START], start))
		return -ESRCH;
	p->start = (uint64_t)field[STAT_START] * (uint64_t)(1000000000 / sysconf(_SC_CLK_TCK));
	*close = '\0';
	snprintf(p->name, sizeof(p->name), "%.*s", (int)sizeof(p->name) - 1, open + 1);
	name_tty(p->tty, sizeof(p->tty), (unsigned)field[STAT_TTY]);
	p->ppid = (uint32_t)field[STAT_PPID];
	p->sid = (uint32_t)field[STAT_SESSION];
	p->is_kernel = field[STAT_FLAGS] & PF_KTHREAD;
	return 0;
}

static void parse_ids(const char *status, const char *key, uint32_t *ret_real,
		      uint32_t *ret_effective)
{
	const char *at = strstr(status, key);
	int64_t real, effective;

	*ret_real = *ret_effective = UINT32_MAX;
	if (!at)
		return;
	at += strlen(key);
	if (next_number(&at, &real) && next_number(&at, &effective)) {
		*ret_real = (uint32_t)real;
		*ret_effective = (uint32_t)effective;
	}
}

void espy_proc_ids(struct espy_proc_info *p, int dir)
{
	char text[4096], *end;
	unsigned long login;

	p->uid = p->euid = p->gid = p->egid = p->login_uid = UINT32_MAX;
	/* Name comes first and is escaped by the kernel: a newline in it makes no line. */
	if (espy_proc_file(dir, "status", text, sizeof(text)) > 0) {
		parse_ids(text, "\nUid:", &p->uid, &p->euid);
		parse_ids(text, "\nGid:", &p->gid, &p->egid);
	}
	if (espy_proc_file(dir, "loginuid", text, sizeof(text)) > 0) {
		login = strtoul(text, &end, 10);
		if (end != text)
			p->login_uid = (uint32_t)login;
	}
}

static void read_texts(struct espy_proc_info *p, int dir)
{
	char text[CMDLINE_BYTES_MAX + 1];
	ssize_t n;

	espy_buf_reset(&p->exe);
	espy_buf_reset(&p->cmdline);
	n = readlinkat(dir, "exe", text, PATH_MAX);
	if (n > 0)
		espy_buf_add(&p->exe, text, (size_t)n);
	n = espy_proc_file(dir, "cmdline", text, sizeof(text));
	if (n > 0)
		espy_buf_add(&p->cmdline, text, (size_t)n);
}

int espy_proc_open(uint32_t pid)
{
	char path[32];
	int dir;

	snprintf(path, sizeof(path), "/proc/%" PRIu32, pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		return dir;
	return errno == ENOENT ? -ESRCH : -errno;
}

int espy_proc_stat(struct espy_proc_info *ret, int dir, uint64_t start)
{
	char text[1024];
	ssize_t n = espy_proc_file(dir, "stat", text, sizeof(text));

	return n < 0 ? (int)n : parse_stat(ret, text, start);
}

int espy_proc_read(struct espy_proc_info *ret, uint32_t pid, uint64_t start)
{
	struct espy_proc_info p = *ret;
	int dir = espy_proc_open(pid), r;

	if (dir < 0)
		return dir;
	r = espy_proc_stat(&p, dir, start);
	if (r == 0) {
		p.pid = pid;
		espy_proc_ids(&p, dir);
		read_texts(&p, dir);
		*ret = p;
	}
	close(dir);
	return r;
}
