/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enrich/roster.h"
#include "enrich/sweep.h"
#include "record.h"

static struct record rec;
static struct espy_roster r;
static struct espy_processes *t = &r.processes;
static struct espy_batch *b;

static int setup(void **state)
{
	(void)state;
	espy_roster_init(&r, 0, true);
	return espy_batch_new(&b);
}

static int teardown(void **state)
{
	(void)state;
	espy_roster_done(&r);
	espy_batch_free(b);
	return 0;
}

static void task(uint32_t pid, uint64_t start, uint32_t ppid, uint64_t parent_start,
		 const char *comm)
{
	struct espy_ev_meta_task *m = record_begin(&rec, ESPY_EV_meta_task, start + 1);

	record_actor(&rec, pid, start);
	m->ppid = ppid;
	m->parent_start = parent_start;
	m->sid = 77;
	m->cgroup = 5;
	m->login_uid = UINT32_MAX;
	m->comm = record_text(&rec, comm);
	m->tty = record_text(&rec, "pts12");
	assert_int_equal(espy_process_task(t, m), 0);
}

static void fork_by(uint32_t pid, uint64_t start, uint32_t child, uint64_t child_start)
{
	struct espy_ev_process_fork *f = record_begin(&rec, ESPY_EV_process_fork, child_start);

	record_actor(&rec, pid, start);
	f->hdr.result = child;
	f->child_pid = child;
	f->child_start = child_start;
	f->child_ppid = pid;
	f->parent_start = start;
	assert_int_equal(espy_process_fork(t, f), 0);
}

static int exec_by(uint32_t pid, uint64_t start, const char *exe, const char *given, int result)
{
	struct espy_ev_process_exec *x = record_begin(&rec, ESPY_EV_process_exec, start + 10);

	record_actor(&rec, pid, start);
	x->hdr.result = result;
	x->given = record_text(&rec, given);
	x->argv = record_lit(&rec, "arg0\0arg 1");
	return espy_process_exec(t, x, espy_str0(exe));
}

static const struct espy_proc *put(uint32_t pid, uint64_t start)
{
	int i = espy_roster_put(&r, espy_process_get(t, pid, start), b, 1);

	assert_true(i >= 0);
	return &b->procs[i];
}

static void expect_text(uint32_t id, const char *want)
{
	struct espy_str s = espy_dict_get(&b->dict, id);

	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void announced(void **state)
{
	const struct espy_proc *p;

	(void)state;
	task(10, 1000, 1, 5, "bash");
	p = put(10, 1000);
	assert_int_equal(p->pid, 10);
	assert_int_equal(p->start, 1000);
	assert_int_equal(p->ppid, 1);
	assert_int_equal(p->parent_start, 5);
	assert_int_equal(p->parent, UINT32_MAX); /* nobody told of it */
	assert_int_equal(p->sid, 77);
	assert_int_equal(p->cgroup, 5);
	assert_int_equal(p->flags, 0);
	expect_text(p->name, "bash");
	expect_text(p->tty, "pts/12");
	expect_text(p->user, "root");
	expect_text(p->exe, "");
}

static void kernel_thread(void **state)
{
	struct espy_ev_meta_task *m = record_begin(&rec, ESPY_EV_meta_task, 9);

	(void)state;
	record_actor(&rec, 20, 8);
	m->kernel = 1;
	m->comm = record_lit(&rec, "kworker/0:1");
	assert_int_equal(espy_process_task(t, m), 0);
	assert_int_equal(put(20, 8)->flags, ESPY_PROC_KERNEL);
	expect_text(put(20, 8)->name, "kworker/0:1");
}

/* fork copies, exec replaces; each change is another entry, nothing else is. */
static void life(void **state)
{
	const struct espy_proc *p;
	uint32_t before;

	(void)state;
	task(10, 1000, 1, 5, "bash");
	assert_int_equal(exec_by(10, 1000, "/usr/bin/bash", "bash", 0), 0);
	put(10, 1000);
	fork_by(10, 1000, 11, 2000);
	p = put(11, 2000);
	assert_int_equal(b->n_procs, 2);
	expect_text(p->exe, "/usr/bin/bash");
	expect_text(p->name, "bash");
	expect_text(p->tty, "pts/12");
	assert_int_equal(b->procs[p->parent].pid, 10);
	before = (uint32_t)(p - b->procs);

	assert_int_equal(exec_by(11, 2000, "/usr/bin/make", "/usr/bin/make", 0), 0);
	p = put(11, 2000);
	assert_int_equal(b->n_procs, 3);
	assert_true(p - b->procs != before);
	expect_text(p->exe, "/usr/bin/make");
	expect_text(p->name, "make");
	assert_int_equal(espy_dict_get(&b->dict, p->cmdline).n, sizeof("arg0\0arg 1"));
	assert_int_equal(b->procs[p->parent].pid, 10);
	expect_text(b->procs[before].exe, "/usr/bin/bash");

	put(11, 2000);
	put(10, 1000);
	assert_int_equal(b->n_procs, 3);
	espy_process_exit(t, 11, 2000);
	put(11, 2000); /* late events of an ended process are its own */
	assert_int_equal(b->n_procs, 3);
}

static void failed_exec_changes_nothing(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "bash");
	assert_int_equal(exec_by(10, 1000, "/usr/bin/bash", "bash", 0), 0);
	put(10, 1000);
	assert_int_equal(exec_by(10, 1000, "/nowhere", "/nowhere", -ENOENT), 0);
	expect_text(put(10, 1000)->exe, "/usr/bin/bash");
	assert_int_equal(b->n_procs, 1);
}

static void names_at_exec(void **state)
{
	static const struct {
		const char *exe, *given, *want;
	} rows[] = {
		{"/usr/bin/dash", "./configure", "configure"}, /* a script */
		{"/usr/bin/x", "a-name-that-is-longer-than-15", "a-name-that-is-"},
		{"/usr/bin/env", "", "env"}, /* by descriptor */
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(exec_by(30, 3000, rows[i].exe, rows[i].given, 0), 0);
		expect_text(put(30, 3000)->name, rows[i].want);
	}
}

static void rename_to(uint32_t pid, uint32_t tid, const char *name)
{
	struct espy_ev_process_comm *c = record_begin(&rec, ESPY_EV_process_comm, 1);

	record_actor(&rec, pid, 1000);
	c->renamed_tid = tid;
	c->name = record_text(&rec, name);
	assert_int_equal(espy_process_comm(t, c), 0);
}

static void names_of_threads(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "java");
	put(10, 1000);
	rename_to(10, 11, "GC Thread");
	expect_text(put(10, 1000)->name, "java");
	assert_int_equal(b->n_procs, 1);
	rename_to(10, 10, "\x1b]0;evil\n");
	expect_text(put(10, 1000)->name, "\x1b]0;evil\n");
	assert_int_equal(b->n_procs, 2);
}

static void new_credentials(void **state)
{
	struct espy_ev_meta_task *m;

	(void)state;
	task(10, 1000, 1, 5, "su");
	put(10, 1000);
	task(10, 1000, 1, 5, "su"); /* says nothing new */
	put(10, 1000);
	assert_int_equal(b->n_procs, 1);
	m = record_begin(&rec, ESPY_EV_meta_task, 1);
	record_actor(&rec, 10, 1000);
	m->uid = 4294967;
	m->ppid = 1;
	assert_int_equal(espy_process_task(t, m), 0);
	expect_text(put(10, 1000)->user, "4294967");
	expect_text(put(10, 1000)->name, "su");
	assert_int_equal(b->n_procs, 2);
	expect_text(b->procs[0].user, "root");
}

/* Whoever takes over an orphan does not become the one who made it. */
static void first_parent_stays(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "sh");
	fork_by(10, 1000, 11, 2000);
	espy_process_exit(t, 10, 1000);
	task(11, 2000, 1, 5, "sh");
	assert_int_equal(put(11, 2000)->ppid, 10);
	assert_int_equal(put(11, 2000)->parent_start, 1000);
}

static void reused_pid(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "first");
	fork_by(10, 1000, 12, 1500);
	task(10, 9000, 1, 5, "second");
	expect_text(put(10, 1000)->name, "first");
	expect_text(put(10, 9000)->name, "second");
	expect_text(b->procs[put(12, 1500)->parent].name, "first");
	assert_true(espy_process_find(t, 10, 1000)->is_dead); /* its end was lost */
	assert_false(espy_process_find(t, 10, 9000)->is_dead);
	assert_ptr_equal(espy_process_find(t, 10, 0), espy_process_find(t, 10, 9000));
}

/* The record of the fork was lost: the child announces itself, and is still a copy of its parent.
 */
static void lost_fork(void **state)
{
	const struct espy_proc *p;

	(void)state;
	task(10, 1000, 1, 5, "bash");
	assert_int_equal(exec_by(10, 1000, "/usr/bin/bash", "bash", 0), 0);
	task(11, 2000, 10, 1000, "bash");
	p = put(11, 2000);
	expect_text(p->exe, "/usr/bin/bash");
	assert_int_equal(b->procs[p->parent].pid, 10);
	/* this one has become something else, nobody knows what */
	task(12, 3000, 10, 1000, "mystery");
	p = put(12, 3000);
	expect_text(p->exe, "");
	expect_text(p->name, "mystery");
	assert_int_equal(b->procs[p->parent].pid, 10);
}

/* meta_task may come before the record of the fork that made it. */
static void early_child(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "bash");
	assert_int_equal(exec_by(10, 1000, "/usr/bin/bash", "bash", 0), 0);
	task(11, 2000, 10, 1000, "bash");
	fork_by(10, 1000, 11, 2000);
	expect_text(put(11, 2000)->exe, "/usr/bin/bash");
	assert_int_equal(b->procs[put(11, 2000)->parent].pid, 10);
}

static void ancestors(void **state)
{
	const struct espy_proc *p;
	unsigned n = 0;

	(void)state;
	task(1, 5, 0, 0, "init");
	for (uint32_t pid = 1; pid < 40; pid++)
		fork_by(pid, pid * 5ull, pid + 1, (pid + 1) * 5ull);
	p = put(40, 200);
	assert_int_equal(b->n_procs, 40);
	for (; p->parent != UINT32_MAX; p = &b->procs[p->parent], n++)
		assert_int_equal(b->procs[p->parent].pid, p->pid - 1);
	assert_int_equal(n, 39);
	assert_int_equal(p->pid, 1);
}

/* A chain deeper than the limit ends there; nothing loops or overflows. */
static void deep_chain(void **state)
{
	(void)state;
	task(1, 5, 0, 0, "init");
	for (uint32_t pid = 1; pid < 500; pid++)
		fork_by(pid, pid * 5ull, pid + 1, (pid + 1) * 5ull);
	put(500, 2500);
	assert_int_equal(b->n_procs, ESPY_ANCESTORS_MAX);
	assert_int_equal(b->procs[0].parent, UINT32_MAX);
	assert_int_equal(b->procs[0].ppid, 500 - ESPY_ANCESTORS_MAX);
	put(200, 1000);
	assert_int_equal(b->n_procs, 2 * ESPY_ANCESTORS_MAX);
}

static void rings_of_parents(void **state)
{
	(void)state;
	task(10, 1000, 11, 1000, "a");
	task(11, 1000, 10, 1000, "b");
	task(12, 1000, 12, 1000, "self");
	task(13, 1000, 14, 2000, "older than its parent");
	task(14, 2000, 1, 5, "x");
	put(10, 1000);
	put(11, 1000);
	assert_int_equal(b->n_procs, 2);
	assert_int_equal(put(12, 1000)->parent, UINT32_MAX);
	assert_int_equal(put(13, 1000)->parent, UINT32_MAX);
}

static void batches(void **state)
{
	(void)state;
	task(10, 1000, 1, 5, "bash");
	fork_by(10, 1000, 11, 2000);
	put(11, 2000);
	espy_batch_reset(b);
	r.batch++;
	expect_text(put(11, 2000)->name, "bash");
	assert_int_equal(b->n_procs, 2);
}

static void ended_are_bounded(void **state)
{
	(void)state;
	espy_roster_done(&r);
	espy_roster_init(&r, 50, true);
	task(1, 5, 0, 0, "init");
	fork_by(1, 5, 2, 10);
	espy_process_exit(t, 2, 10);
	for (uint32_t pid = 100; pid < 1100; pid++) {
		fork_by(1, 5, pid, pid);
		espy_process_exit(t, pid, pid);
		espy_process_touch(t, espy_process_find(t, 2, 10)); /* still asked for */
	}
	assert_true(t->dead.n <= 51);
	assert_int_equal(t->map.n, t->dead.n + t->live.n);
	assert_int_equal(t->current.n, t->map.n);
	assert_non_null(espy_process_find(t, 2, 10));
	assert_null(espy_process_find(t, 100, 100));
	assert_non_null(espy_process_find(t, 1099, 1099));
	assert_non_null(espy_process_find(t, 1, 5));
}

/* Nobody has to ask for those that one descends from who lives, however long it says nothing. */
static void ancestors_stay(void **state)
{
	(void)state;
	espy_roster_done(&r);
	espy_roster_init(&r, 50, true);
	task(1, 5, 0, 0, "init");
	fork_by(1, 5, 2, 10);
	fork_by(2, 10, 3, 20);
	fork_by(3, 20, 4, 30);
	fork_by(3, 20, 5, 40);
	espy_process_exit(t, 2, 10);
	espy_process_exit(t, 3, 20);
	espy_process_exit(t, 5, 40);
	for (uint32_t pid = 100; pid < 1100; pid++) {
		fork_by(1, 5, pid, pid);
		espy_process_exit(t, pid, pid);
	}
	assert_true(t->dead.n <= 51);
	assert_null(espy_process_find(t, 5, 40));
	assert_int_equal(put(4, 30)->parent_start, 20);
	assert_int_equal(b->n_procs, 4);
}

static void texts_are_bounded(void **state)
{
	static char argv[16000];
	struct espy_ev_process_exec *x;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		x = record_begin(&rec, ESPY_EV_process_exec, 10);
		record_actor(&rec, 100 + i, 1000 + i);
		x->argv = record_bytes(&rec, argv, sizeof(argv));
		assert_int_equal(espy_process_exec(t, x, ESPY_STR("/x")), 0);
		espy_process_exit(t, 100 + i, 1000 + i);
	}
	assert_true(t->bytes <=
		    ESPY_PROCESS_BYTES_MAX + ESPY_PROCESS_ENDED_MIN * (sizeof(argv) + 2));
	assert_true(t->map.n < 5000);
}

/* Children share the texts of their parent; the table ends with none held. */
static void texts_are_shared(void **state)
{
	size_t bytes;

	(void)state;
	assert_int_equal(exec_by(10, 1000, "/usr/bin/bash", "bash", 0), 0);
	bytes = t->bytes;
	assert_true(bytes > 0);
	for (uint32_t pid = 11; pid < 100; pid++)
		fork_by(10, 1000, pid, 2000);
	assert_int_equal(t->bytes, bytes);
	espy_processes_done(t);
	assert_int_equal(t->bytes, 0);
	espy_processes_init(t, 0);
}

/* --- /proc ---------------------------------------------------------------------------------- */

/* Start of a process in boot clock ns, to the tick, straight from the kernel's text. */
static uint64_t start_of(pid_t pid)
{
	char path[64], text[1024], *p;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')') + 1;
	for (int field = 3; field < 22; field++)
		p = strchr(p + 1, ' ');
	return strtoull(p, NULL, 10) * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void reads_proc(void **state)
{
	struct espy_proc_info info = {0};
	uint64_t start = start_of(getpid());
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	(void)state;
	assert_int_equal(espy_proc_read(&info, (uint32_t)getpid(), start), 0);
	assert_int_equal(info.ppid, getppid());
	assert_int_equal(info.sid, getsid(0));
	assert_int_equal(info.uid, getuid());
	assert_int_equal(info.egid, getegid());
	assert_false(info.is_kernel);
	assert_int_equal(info.exe.n, n);
	assert_memory_equal(info.exe.p, exe, info.exe.n);
	assert_true(info.cmdline.n > 1);
	assert_int_equal(info.cmdline.p[info.cmdline.n - 1], '\0');
	/* another process with this number, or none */
	assert_int_equal(espy_proc_read(&info, (uint32_t)getpid(), start + 1000000000), -ESRCH);
	assert_int_equal(espy_proc_read(&info, 0x7ffffff0, start), -ESRCH);
	espy_buf_done(&info.exe);
	espy_buf_done(&info.cmdline);
}

static int note_swept(void *ctx, const struct espy_event *e)
{
	const struct espy_ev_process_running *running = (const void *)e;

	if (e->pid == *(const uint32_t *)ctx)
		*(uint32_t *)ctx = 0;
	else
		return 0;
	assert_int_equal(running->ppid, getpid());
	assert_int_equal(running->comm.len, sizeof("swept") - 1);
	assert_memory_equal((const char *)e + running->comm.off, "swept", running->comm.len);
	assert_int_equal(running->path.text.len, 0);
	assert_int_equal(running->path.source, ESPY_SOURCE_NONE);
	return 0;
}

/* One that has ended and was not waited for has a name, but no executable. */
static void sweeps_the_ended(void **state)
{
	siginfo_t info;
	uint32_t left;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_NAME, "swept");
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	left = (uint32_t)pid;
	assert_int_equal(espy_sweep(t, 1, note_swept, &left), 0);
	assert_int_equal(left, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A child with the worst of names, which nothing announced. */
static void nobody_announced(void **state)
{
	const char *name = "a) R 1\n2 (b";
	const struct espy_proc *p;
	int pipes[2], status;
	pid_t pid;
	char c = 0;

	(void)state;
	r.no_proc = false;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(20); /* it must not outlive a test that fails */
		prctl(PR_SET_NAME, name);
		if (write(pipes[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(pipes[0], &c, 1), 1);
	p = put((uint32_t)pid, start_of(pid) + 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pipes[0]);
	close(pipes[1]);
	expect_text(p->name, name);
	assert_int_equal(p->ppid, getpid());
	assert_int_equal(p->uid, getuid());
	assert_int_equal(p->flags, ESPY_PROC_GUESSED);
	assert_true(p->exe != 0 && p->cmdline != 0);
}

static void nobody_knows(void **state)
{
	const struct espy_proc *p;

	(void)state;
	r.no_proc = false;
	p = put(0x7ffffff0, 12345);
	assert_int_equal(p->uid, UINT32_MAX);
	assert_int_equal(p->user, 0);
	assert_int_equal(p->name, 0);
	assert_int_equal(p->flags, 0);
	p = put(0, 0); /* of loss records */
	assert_int_equal(p->pid, 0);
	assert_int_equal(p->name, 0);
	assert_int_equal(p->user, 0);
	assert_int_equal(p->parent, UINT32_MAX);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

/* A batch is worth keeping back as long as one of its files is being looked into. */
static void awaits_what_is_open(void **state)
{
	struct espy_identity known = {.status = ESPY_IDENTITY_GONE},
			     open = {.status = ESPY_IDENTITY_WAITING};

	(void)state;
	assert_false(espy_roster_awaits(&r));
	assert_int_equal(espy_vec_push(&r.open, (struct espy_roster_open){0, &known}), 0);
	assert_false(espy_roster_awaits(&r));
	assert_int_equal(espy_vec_push(&r.open, (struct espy_roster_open){1, &open}), 0);
	assert_true(espy_roster_awaits(&r));
	open.status = ESPY_IDENTITY_DONE;
	assert_false(espy_roster_awaits(&r));
}

static int find_self(void *ctx, const struct espy_event *e)
{
	if (e->pid == (uint32_t)getpid())
		*(uint64_t *)ctx = e->start;
	return 0;
}

/* Wherever the child lies in the table, it says when its parent began. */
static void sweeps_with_the_exact_start(void **state)
{
	(void)state;
	for (uint32_t child = 1u << 23; child < (1u << 23) + 16; child++) {
		uint64_t start = 0;

		espy_roster_done(&r);
		espy_roster_init(&r, 0, true);
		for (uint32_t other = 1u << 24; other < (1u << 24) + 50; other++)
			task(other, 1000, 1u << 25, 7, "other");
		task(child, 1000, (uint32_t)getpid(), 123, "child");
		assert_int_equal(espy_sweep(t, 1, find_self, &start), 0);
		assert_int_equal(start, 123);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(announced),
		TEST(kernel_thread),
		TEST(life),
		TEST(failed_exec_changes_nothing),
		TEST(names_at_exec),
		TEST(names_of_threads),
		TEST(new_credentials),
		TEST(first_parent_stays),
		TEST(reused_pid),
		TEST(lost_fork),
		TEST(early_child),
		TEST(ancestors),
		TEST(deep_chain),
		TEST(rings_of_parents),
		TEST(batches),
		TEST(ended_are_bounded),
		TEST(ancestors_stay),
		TEST(texts_are_bounded),
		TEST(texts_are_shared),
		cmocka_unit_test(reads_proc),
		TEST(sweeps_the_ended),
		TEST(sweeps_with_the_exact_start),
		TEST(awaits_what_is_open),
		TEST(nobody_announced),
		TEST(nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
