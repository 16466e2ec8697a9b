/* SPDX-License-Identifier: MIT */
#include "sense/exec-names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EVENT_DIR     "events/sched/sched_process_exec"
#define FILE_BYTES    8192  /* of a format file */
#define BUFFER_KB     "256" /* per processor */
#define CPUS_MAX      1024u
#define TRACEFS_MAGIC 0x74726163 /* linux/magic.h */

/* --- the format file ------------------------------------------------------------------------ */

/* "field:__data_loc char[] filename;	offset:8;	size:4;	signed:0;" */
static bool find_field(const char *text, const char *name, uint32_t want_size, uint32_t *ret)
{
	const char *at = strstr(text, name), *offset, *size, *end;

	if (!at)
		return false;
	end = strchrnul(at, '\n');
	offset = strstr(at, "offset:");
	size = strstr(at, "size:");
	if (!offset || !size || offset > end || size > end ||
	    strtoul(size + strlen("size:"), NULL, 10) != want_size)
		return false;
	*ret = (uint32_t)strtoul(offset + strlen("offset:"), NULL, 10);
	return *ret < 256; /* an event with two numbers and a place */
}

bool espy_exec_format_parse(struct espy_exec_format *ret, const char *text)
{
	const char *id = strstr(text, "ID:");
	struct espy_exec_format f = {0};

	if (!id)
		return false;
	f.id = (uint16_t)strtoul(id + strlen("ID:"), NULL, 10);
	if (!find_field(text, "__data_loc char[] filename;", 4, &f.name) ||
	    !find_field(text, " pid;", 4, &f.pid))
		return false;
	*ret = f;
	return true;
}

/* --- pages ---------------------------------------------------------------------------------- */

#define PAGE_HEAD   16u         /* time stamp, and how much is in it with two flags */
#define COMMIT_BITS 0x3fffffffu /* without RB_MISSED_EVENTS and RB_MISSED_STORED */
#define MIN_EVENT   8u          /* the types of all events, their id first */
enum { TYPE_LEN_MAX = 28, TYPE_PADDING, TYPE_TIME_EXTEND, TYPE_TIME_STAMP };

static uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void take_event(const struct espy_exec_format *f, uint64_t time, const char *p, size_t n,
		       espy_exec_fn fn, void *ctx)
{
	uint32_t place, at, len;
	uint16_t id;

	if (n < MIN_EVENT || f->name + 4 > n || f->pid + 4 > n)
		return;
	memcpy(&id, p, sizeof(id));
	if (id != f->id)
		return;
	place = get32(p + f->name); /* length above, offset below */
	at = place & 0xffff;
	len = place >> 16;
	if (at > n || len > n - at)
		return;
	fn(ctx, time, get32(p + f->pid), (struct espy_str){p + at, strnlen(p + at, len)});
}

/* Length of what is behind the head of an event; SIZE_MAX: nothing comes after it. */
static size_t event_bytes(unsigned type, const char *p, size_t left, size_t *ret_skip)
{
	*ret_skip = 0;
	if (type > 0 && type <= TYPE_LEN_MAX)
		return (size_t)type * 4;
	if (left < 4)
		return SIZE_MAX;
	if (type == TYPE_TIME_EXTEND || type == TYPE_TIME_STAMP)
		return 4;
	/* a long event, or padding: the length has itself in it */
	*ret_skip = 4;
	return get32(p) >= 4 ? get32(p) : SIZE_MAX;
}

void espy_exec_page_parse(const struct espy_exec_format *f, const void *page, size_t n,
			  espy_exec_fn fn, void *ctx)
{
	const char *p = page, *end;
	uint64_t time, commit;

	if (n < PAGE_HEAD)
		return;
	memcpy(&time, p, sizeof(time));
	memcpy(&commit, p + 8, sizeof(commit));
	commit &= COMMIT_BITS;
	p += PAGE_HEAD;
	end = p + (commit < n - PAGE_HEAD ? commit : n - PAGE_HEAD);
	while (end - p >= 4) {
		uint32_t head = get32(p), type = head & 31, delta = head >> 5;
		size_t skip, bytes = event_bytes(type, p + 4, (size_t)(end - p) - 4, &skip);

		p += 4;
		if (bytes > (size_t)(end - p) || (type == TYPE_PADDING && !delta))
			return;
		time += type == TYPE_TIME_STAMP ? 0 : delta;
		if (type == TYPE_TIME_EXTEND)
			time += (uint64_t)get32(p) << 27;
		else if (type == TYPE_TIME_STAMP) /* absolute, but for its top bits */
			time = (time & 0xf8ull << 56) | (uint64_t)get32(p) << 27 | delta;
		else if (type <= TYPE_LEN_MAX)
			take_event(f, time, p + skip, bytes - skip, fn, ctx);
		p += bytes;
	}
}

/* --- the instance --------------------------------------------------------------------------- */

static int write_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int open_directory(const char *path)
{
	struct statfs st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && (fstatfs(fd, &st) < 0 || st.f_type != TRACEFS_MAGIC)) {
		close(fd);
		return -ENOENT;
	}
	return fd < 0 ? -errno : fd;
}

/* A mount in no directory; needs CAP_SYS_ADMIN. */
static int mount_apart(void)
{
	int fs = (int)syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */), fd;

	if (fs < 0)
		return -errno;
	fd = syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0
		     ? -1
		     : (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	fd = fd < 0 ? -errno : fd;
	close(fs);
	return fd;
}

static int open_tracing(void)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int fd = open_directory(places[i]);

		if (fd >= 0)
			return fd;
	}
	return mount_apart();
}

#define INSTANCE "espy-plain-"

/* Of an Espy that was killed: there is nobody with the number of its name any more. */
static void remove_old(int instances)
{
	int copy = dup(instances);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		unsigned long pid;

		if (strncmp(e->d_name, INSTANCE, strlen(INSTANCE)) != 0)
			continue;
		pid = strtoul(e->d_name + strlen(INSTANCE), NULL, 10);
		if (pid && kill((pid_t)pid, 0) < 0 && errno == ESRCH)
			unlinkat(instances, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
}

static int make_instance(struct espy_exec_names *x)
{
	int instances = openat(x->tracing, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (instances < 0)
		return -errno;
	remove_old(instances);
	snprintf(x->name, sizeof(x->name), INSTANCE "%d", (int)getpid());
	if (mkdirat(instances, x->name, 0700) < 0)
		r = -errno;
	if (r == 0)
		x->instance = openat(instances, x->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && x->instance < 0)
		r = -errno;
	close(instances);
	return r;
}

static int read_format(struct espy_exec_names *x)
{
	char text[FILE_BYTES];
	int fd = openat(x->instance, EVENT_DIR "/format", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	text[n] = '\0';
	return espy_exec_format_parse(&x->format, text) ? 0 : -ENOTSUP;
}

/* Processors have a directory each, also those that are not there yet. */
static int open_pipes(struct espy_exec_names *x)
{
	x->cpus = calloc(CPUS_MAX, sizeof(*x->cpus));
	if (!x->cpus)
		return -ENOMEM;
	for (; x->n_cpus < CPUS_MAX; x->n_cpus++) {
		char path[64];
		int fd;

		snprintf(path, sizeof(path), "per_cpu/cpu%u/trace_pipe_raw", x->n_cpus);
		fd = openat(x->instance, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			break;
		x->cpus[x->n_cpus] = fd;
	}
	return x->n_cpus ? 0 : -ENOENT;
}

static int set_up(struct espy_exec_names *x)
{
	int r;

	x->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	x->page = malloc(x->page_bytes);
	if (!x->page)
		return -ENOMEM;
	x->tracing = open_tracing();
	if (x->tracing < 0)
		return x->tracing;
	r = make_instance(x);
	if (r == 0)
		r = read_format(x);
	if (r == 0)
		r = write_file(x->instance, "trace_clock", "mono");
	if (r == 0)
		r = write_file(x->instance, "buffer_size_kb", BUFFER_KB);
	if (r == 0)
		r = open_pipes(x);
	return r < 0 ? r : write_file(x->instance, EVENT_DIR "/enable", "1");
}

int espy_exec_names_open(struct espy_exec_names *ret)
{
	int r;

	*ret = (struct espy_exec_names){.tracing = -1, .instance = -1};
	r = set_up(ret);
	if (r < 0)
		espy_exec_names_close(ret);
	return r;
}

/* The directory can go when none of its files is open any more. */
void espy_exec_names_close(struct espy_exec_names *x)
{
	char path[64];

	if (x->instance >= 0) {
		(void)write_file(x->instance, EVENT_DIR "/enable", "0");
		for (unsigned i = 0; i < x->n_cpus; i++)
			close(x->cpus[i]);
		close(x->instance);
		snprintf(path, sizeof(path), "instances/%s", x->name);
		unlinkat(x->tracing, path, AT_REMOVEDIR);
	}
	if (x->tracing >= 0)
		close(x->tracing);
	free(x->cpus);
	free(x->page);
	espy_buf_done(&x->waiting);
	*x = (struct espy_exec_names){.tracing = -1, .instance = -1};
}

/* --- names that wait ------------------------------------------------------------------------ */

/* In `waiting`, one behind the other, each with its text behind it. */
struct waiting {
	uint64_t time;
	uint32_t pid; /* 0: taken */
	uint32_t n;   /* with the padding to 8 */
	uint32_t length;
	uint32_t pad;
};

static void keep(void *ctx, uint64_t time, uint32_t pid, struct espy_str name)
{
	struct espy_exec_names *x = ctx;
	struct waiting w = {.time = time, .pid = pid};

	if (name.n > ESPY_EXEC_NAME_MAX)
		name.n = ESPY_EXEC_NAME_MAX;
	if (x->waiting.n + sizeof(w) + name.n + 8 > ESPY_EXEC_NAMES)
		espy_buf_reset(&x->waiting); /* nobody asked for so many: they are missing */
	w.length = (uint32_t)name.n;
	w.n = (w.length + 7) & ~7u;
	if (espy_buf_reserve(&x->waiting, sizeof(w) + w.n) < 0) {
		x->waiting.error = 0;
		return;
	}
	espy_buf_add(&x->waiting, &w, sizeof(w));
	espy_buf_str(&x->waiting, name);
	espy_buf_add(&x->waiting, "\0\0\0\0\0\0\0", w.n - w.length);
}

/* Takes in one page; false: there is none. */
static bool read_cpu(struct espy_exec_names *x, unsigned cpu)
{
	ssize_t n = read(x->cpus[cpu], x->page, x->page_bytes);

	if (n <= 0)
		return false;
	espy_exec_page_parse(&x->format, x->page, (size_t)n, keep, x);
	return true;
}

static struct waiting *next(struct espy_exec_names *x, size_t *at)
{
	struct waiting *w = (void *)(x->waiting.p + *at);

	if (x->waiting.n - *at < sizeof(*w))
		return NULL;
	*at += sizeof(*w) + w->n;
	return w;
}

/* The latest that is not later than the event. */
static bool take(struct espy_exec_names *x, uint32_t pid, uint64_t time, struct espy_str *ret)
{
	struct waiting *w, *found = NULL;
	bool left = false;

	for (size_t at = 0; (w = next(x, &at)) != NULL;) {
		bool is_it = w->pid == pid && w->time <= time;

		if (is_it && found && found->time > w->time) {
			w->pid = 0;
		} else if (is_it) {
			if (found)
				found->pid = 0;
			found = w;
		}
		left |= w->pid && w != found;
	}
	if (!found)
		return false;
	found->pid = 0;
	*ret = (struct espy_str){(char *)(found + 1), found->length};
	if (!left) /* its bytes stay where they are until the next is kept */
		espy_buf_reset(&x->waiting);
	return true;
}

bool espy_exec_names_find(struct espy_exec_names *x, uint32_t pid, uint64_t time, unsigned cpu,
			  struct espy_str *ret)
{
	if (take(x, pid, time, ret))
		return true;
	while (cpu < x->n_cpus && read_cpu(x, cpu))
		if (take(x, pid, time, ret))
			return true;
	for (unsigned i = 0; i < x->n_cpus; i++) /* it came to another processor meanwhile */
		while (i != cpu && read_cpu(x, i))
			;
	return take(x, pid, time, ret);
}
