/* SPDX-License-Identifier: MIT */
#include "probe.h"
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define BOOK_SIZE (16u << 20)
#define LINE_SIZE (256u << 10)
#define N_PATHS   16

char probe_dir[4096], probe_exe[4096], probe_bin[4096];
pid_t probe_starter;

/* Statements of all processes of a probe. */
static struct book {
	_Atomic size_t used;
	_Atomic int verdict;
	char text[];
} * book;

static __thread struct {
	const char *call;
	long result;
} last;

/* Class and operation of every event; the probes of the shown ones. */
#define EVENT(ev, ...) extern void probe_##ev(void) __attribute__((weak));
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"

static const struct event {
	const char *name, *class, *op;
	void (*fn)(void);
} events[] = {
#define EVENT(ev, id, class, op, ...) {#ev, #class, #op, probe_##ev},
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
};

/* Probes of what is not one event; another directory of workloads has a list of its own. */
#ifndef PROBE_MORE
#define PROBE_MORE "more.def"
#endif
#define MORE(x) extern void probe_##x(void);
#include PROBE_MORE
static const struct event more[] = {
#define MORE(x) {#x, NULL, NULL, probe_##x},
#include PROBE_MORE
};

static const struct event *find_event(const char *name)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i].name, name) == 0)
			return &events[i];
	return NULL;
}

static const struct event *find_probe(const char *name)
{
	const struct event *e = find_event(name);

	for (size_t i = 0; !e && i < sizeof(more) / sizeof(more[0]); i++)
		if (strcmp(more[i].name, name) == 0)
			e = &more[i];
	return e && e->fn ? e : NULL;
}

/* --- saying -------------------------------------------------------------------------------- */

struct line {
	char *p, *end;
};

static void put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->p, l->end - l->p, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= l->end - l->p)
		abort();
	l->p += n;
}

static void put_string(struct line *l, const char *s)
{
	for (const char *c = s; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') {
			put(l, "{\"hex\":\"");
			while (*s)
				put(l, "%02x", (unsigned char)*s++);
			put(l, "\"}");
			return;
		}
	put(l, "\"%s\"", s);
}

static void put_value(struct line *l, const struct probe_value *v)
{
	put(l, ",\"%s\":", v->name);
	switch (v->kind) {
	case PROBE_NUM:
		put(l, "%lld", v->num);
		return;
	case PROBE_MIN:
		put(l, "{\"min\":%lld}", v->num);
		return;
	case PROBE_MASK:
		put(l, "{\"mask\":%lld,\"value\":%lld}", v->num2, v->num);
		return;
	case PROBE_STR:
		put_string(l, v->str);
		return;
	case PROBE_EITHER:
		put(l, "{\"either\":[");
		put_string(l, v->str);
		put(l, ",");
		put_string(l, v->str2);
		put(l, "]}");
		return;
	case PROBE_HONEST:
		put(l, "{\"honest\":[");
		put_string(l, v->str);
		put(l, ",");
		put_string(l, v->str2);
		put(l, "]}");
		return;
	case PROBE_LIST:
		put(l, "[");
		for (char *const *s = v->list; *s; s++) {
			put(l, s == v->list ? "" : ",");
			put_string(l, *s);
		}
		put(l, "]");
		return;
	case PROBE_SKIP:
		put(l, "{}");
	}
}

static void commit(struct line *l, char *start)
{
	size_t n, at;

	put(l, "}\n");
	n = l->p - start;
	at = atomic_fetch_add(&book->used, n);
	if (at + n > BOOK_SIZE - sizeof(*book))
		abort();
	memcpy(book->text + at, start, n);
}

static bool is_given(const struct probe_value *v, const char *name)
{
	for (; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return true;
	return false;
}

void probe_want(const char *event, const struct probe_value *values)
{
	const struct event *e = find_event(event);
	char buf[LINE_SIZE];
	struct line l = {buf, buf + sizeof(buf)};

	if (!e)
		abort();
	put(&l, "{\"class\":\"%s\",\"op\":\"%s\"", e->class, e->op);
	if (last.call && !is_given(values, "syscall"))
		put(&l, ",\"syscall\":\"%s%s\"", PROBE_ABI, last.call);
	if (last.call && !is_given(values, "result"))
		put(&l, ",\"result\":%ld", last.result);
	if (last.call && last.result == -ENOSYS)
		put(&l, ",\"optional\":true");
	if (!is_given(values, "pid"))
		put(&l, ",\"pid\":%d", getpid());
	if (!is_given(values, "tid"))
		put(&l, ",\"tid\":%ld", syscall(SYS_gettid));
	for (; values->name; values++)
		put_value(&l, values);
	commit(&l, buf);
}

void probe_want_none(const char *event, pid_t pid)
{
	const struct event *e = find_event(event);
	char buf[256];
	struct line l = {buf, buf + sizeof(buf)};

	put(&l, "{\"class\":\"%s\",\"op\":\"%s\",\"pid\":%d,\"tid\":%d,\"count\":0", e->class,
	    e->op, pid, pid);
	commit(&l, buf);
}

void probe_identity(pid_t pid, pid_t ppid, const char *exe, unsigned uid)
{
	char buf[LINE_SIZE];
	struct line l = {buf, buf + sizeof(buf)};

	put(&l, "{\"identity\":%d,\"ppid\":%d,\"uid\":%u,\"exe\":", pid, ppid, uid);
	put_string(&l, exe);
	commit(&l, buf);
}

static void say(const char *key, const char *text)
{
	char buf[LINE_SIZE];
	struct line l = {buf, buf + sizeof(buf)};

	put(&l, "{\"%s\":", key);
	put_string(&l, text);
	commit(&l, buf);
}

void probe_note(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say("note", text);
}

void probe_skip(const char *why)
{
	say("skip", why);
	_exit(0);
}

void probe_die(const char *what)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(errno));
	say("broken", text);
	_exit(99);
}

/* --- doing --------------------------------------------------------------------------------- */

long probe_did_kernel(const char *call, long result)
{
	last.call = call;
	last.result = result;
	return result;
}

long probe_did(const char *call, long result)
{
	return probe_did_kernel(call, result == -1 ? -errno : result);
}

const char *probe_at(const char *rel)
{
	static __thread char paths[N_PATHS][8192];
	static __thread unsigned next;
	char *p = paths[next++ % N_PATHS];

	if (!rel[0] || rel[0] == '/')
		return rel;
	snprintf(p, sizeof(paths[0]), "%s/%s", probe_dir, rel);
	return p;
}

const char *probe_fd_path(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return "?";
	path[n] = 0;
	return strdup(path);
}

int probe_file(const char *rel, const char *content)
{
	int fd = open(rel, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd >= 0);
	MUST(pwrite(fd, content, strlen(content), 0) == (ssize_t)strlen(content));
	return fd;
}

pid_t probe_child(void (*fn)(void *), void *arg)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid)
		return pid;
	fn(arg);
	_exit(0);
}

int probe_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

struct nobody {
	void (*fn)(void *);
	void *arg;
};

static void drop_and_run(void *arg)
{
	struct nobody *n = arg;

	MUST(setresgid(65534, 65534, 65534) == 0);
	MUST(setresuid(65534, 65534, 65534) == 0);
	n->fn(n->arg);
}

int probe_as_nobody(void (*fn)(void *), void *arg)
{
	struct nobody n = {fn, arg};

	return probe_wait(probe_child(drop_and_run, &n));
}

void probe_sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

void probe_until_asleep(pid_t pid)
{
	char path[64], text[1024], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (;;) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		MUST(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		MUST(n > 0);
		text[n] = 0;
		state = strrchr(text, ')');
		MUST(state);
		if (state[2] == 'S')
			return;
		probe_sleep_ms(1);
	}
}

/* --- running ------------------------------------------------------------------------------- */

static void remove_tree(const char *dir)
{
	char *argv[] = {(char *)"rm", (char *)"-rf", (char *)dir, NULL};
	pid_t pid = fork();

	if (pid == 0) {
		execv("/bin/rm", argv);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void enter_private_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char raw[2048];

	snprintf(raw, sizeof(raw), "%s/espy-probe.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	MUST(mkdtemp(raw));
	MUST(realpath(raw, probe_dir));
	MUST(chmod(probe_dir, 0777) == 0);
	MUST(chdir(probe_dir) == 0);
}

static void run_probe(const struct event *e)
{
	char ended[64];
	pid_t pid;
	int rc;

	atomic_store(&book->used, 0);
	enter_private_dir();
	say("probe", e->name);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		probe_identity(getpid(), getppid(), probe_exe, getuid());
		e->fn();
		_exit(0);
	}
	rc = probe_wait(pid);
	if (rc != 0 && rc != 99) {
		snprintf(ended, sizeof(ended), rc < 0 ? "ended by signal %d" : "ended with code %d",
			 rc < 0 ? -rc : rc);
		say("broken", ended);
	}
	MUST(chdir("/") == 0);
	for (size_t at = 0; at < book->used;) {
		ssize_t n = write(STDOUT_FILENO, book->text + at, book->used - at);

		MUST(n > 0);
		at += n;
	}
	remove_tree(probe_dir);
}

static void list_probes(void)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i].fn)
			puts(events[i].name);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		puts(more[i].name);
}

/* What events.def and flags.def say, for whoever reads Espy's values: event, class, operation, and
 * how each field is shown; then the names of every set. */
static void list_schema(void)
{
#define EVENT(ev, id, class, op, ...)           puts("event " #ev " " #class " " #op);
#define FIELD(ev, type, name, column, fmt, ...) puts("field " #name " " #type " " #fmt);
#define CALL(ev, call, ...)                     puts("call " #call);
#define END(ev)
#include "model/events.def"
#define BITS(set, ...)         puts("set FLAGS_" #set);
#define VALUES(set, ...)       puts("set ENUM_" #set);
#define NAME(set, name, value) printf("name %s %lld\n", #name, (long long)(value));
#define SET_END(set)
#include "model/flags.def"
#define IMPORTED(ev) puts("imported " #ev);
#include "model/imported.def"
}

static void find_self(void)
{
	ssize_t n = readlink("/proc/self/exe", probe_exe, sizeof(probe_exe) - 1);

	MUST(n > 0);
	probe_exe[n] = 0;
	snprintf(probe_bin, sizeof(probe_bin), "%s", probe_exe);
	*strrchr(probe_bin, '/') = 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '@')
		return probe_helper(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		list_probes();
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--schema") == 0) {
		list_schema();
		return 0;
	}
	find_self();
	probe_starter = getppid();
	umask(022);
	book = mmap(NULL, BOOK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(book != MAP_FAILED);
	/* Orphans that a probe makes come back here, and are waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 1; i < argc; i++) {
		const struct event *e = find_probe(argv[i]);

		if (!e) {
			fprintf(stderr, "probe: there is no probe %s\n", argv[i]);
			return 2;
		}
		run_probe(e);
	}
	return 0;
}
