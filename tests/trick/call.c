/* SPDX-License-Identifier: MIT */
/* System calls by other doors, and calls that are not what they seem: refused, answered by others,
 * begun twice. */
#include "../probe/probe.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* --- other tables ----------------------------------------------------------------------------- */

#ifdef __x86_64__
static long by_int80(long nr, unsigned long a, unsigned long b, unsigned long c)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static void try_int80(void *arg)
{
	(void)arg;
	by_int80(20, 0, 0, 0); /* getpid */
}

/* Numbers and registers of 32-bit programs, of which the kernel takes the lower halves. */
PROBE(call_int80)
{
	unsigned long high = 0xdeadbeefUL << 32;
	char *low;
	long r;

	if (probe_wait(probe_child(try_int80, NULL)) < 0)
		probe_skip("this kernel has no calls of 32-bit programs");
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1,
		   0);
	MUST(low != MAP_FAILED);
	strcpy(low, "by the other door");
	r = by_int80(5, high | (uintptr_t)low, high | O_CREAT | O_RDWR, high | 0640);
	MUST(r >= 0);
	NOTED();
	WANT(file_open, STR(syscall, "ia32:open"), PATH(low), STR(source, "kernel"), NUM(result, r),
	     NUM(flags, O_CREAT | O_RDWR), NUM(mode, 0640), NUM(created, 1));
	/* 10 is unlink there and mprotect here; 11 is execve there and munmap here. */
	r = by_int80(10, high | (uintptr_t)low, 0, 0);
	MUST(r == 0);
	WANT(file_unlink, STR(syscall, "ia32:unlink"), PATH(low), NUM(result, 0));
	r = by_int80(11, (uintptr_t)low, 0, 0);
	WANT(process_exec, STR(syscall, "ia32:execve"), PATH(low), NUM(result, -ENOENT));
	MUST(r == -ENOENT);
}
#else
PROBE(call_int80)
{
	probe_skip("a trick of 64-bit programs");
}
#endif

#define X32 0x40000000L

/* Either the kernel has that table and does it, or it refuses: both are visible. */
PROBE(call_x32)
{
	long r;

	if (*PROBE_ABI)
		probe_skip("a trick of 64-bit programs");
	r = syscall(X32 | NR_openat, AT_FDCWD, "x32", O_CREAT | O_RDWR, 0600);
	r = r < 0 ? -errno : r;
	NOTED();
	WANT(file_open, STR(syscall, "x32:openat"), PATH("x32"), NUM(result, r));
}

/* Numbers that no call has, and that become those of one when their upper bits are cut off. */
PROBE(call_beyond)
{
	static const long bits[] = {1L << 10, 1L << 12, 1L << 20, 1L << 29};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		MUST(syscall(bits[i] | NR_openat, AT_FDCWD, "beyond", O_CREAT | O_RDWR, 0600) < 0);
		MUST(syscall(bits[i] | NR_unlink, "beyond") < 0);
	}
	WANT_NONE(file_open, getpid());
	WANT_NONE(file_unlink, getpid());
}

/* --- what a filter does with calls ---------------------------------------------------------------
 */

static long filter(int nr, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};
	long r;

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	r = syscall(NR_seccomp, (long)SECCOMP_SET_MODE_FILTER, (long)flags, &prog);
	if (r < 0)
		probe_skip("no seccomp filters of this kind here");
	return r;
}

static volatile sig_atomic_t trapped;

static void on_trap(int sig)
{
	(void)sig;
	trapped++;
}

/*
 * The call is taken back and a signal comes instead: nothing was opened, though the register of the
 * result has the number of the call, which might be a descriptor.
 */
PROBE(call_trapped)
{
	struct sigaction a = {.sa_handler = on_trap};
	char name[] = "trapped"; /* in a page that is there: the kernel does not look at it */
	int fd = probe_file("innocent", "x");

	MUST(dup2(fd, NR_openat) == NR_openat);
	MUST(sigaction(SIGSYS, &a, NULL) == 0);
	filter(NR_openat, SECCOMP_RET_TRAP, 0);
	syscall(NR_openat, AT_FDCWD, name, O_RDONLY, 0);
	MUST(trapped == 1);
	NOTED();
	WANT(file_open, STR(syscall, PROBE_ABI "openat"), PATH("innocent"), ANY(result),
	     NUM(created, 1));
	WANT(file_open, STR(syscall, PROBE_ABI "openat"), PATH(name), STR(source, "user"),
	     NUM(result, -ENOSYS), NUM(truncated, 1));
}

static void killed_by_filter(void *arg)
{
	char name[] = "never";

	(void)arg;
	filter(NR_openat, SECCOMP_RET_KILL_PROCESS, 0);
	DID(openat, -ENOSYS);
	WANT(file_open, PATH(name), STR(source, "user"), NUM(truncated, 1));
	syscall(NR_openat, AT_FDCWD, name, O_RDONLY, 0);
}

/* The attempt is the last thing that it does. */
PROBE(call_killed)
{
	pid_t pid = probe_child(killed_by_filter, NULL);

	MUST(probe_wait(pid) == -SIGSYS);
	NOTED();
	WANT(process_exit, OF(pid), NUM(signal, SIGSYS), NUM(result, -SIGSYS));
}

/* --- calls that another process answers
 * ----------------------------------------------------------- */

/* A supervisor says what the call returns, and that is what the program saw. */
PROBE(call_answered)
{
	struct seccomp_notif_resp resp = {.error = -EXDEV};
	struct seccomp_notif req;
	char name[] = "asked for";
	long listener;
	pid_t pid;

	listener = filter(NR_mkdirat, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		DO(mkdirat, AT_FDCWD, name, 0700L);
		WANT(file_mkdir, PATH(name), STR(source, "user"), NUM(result, -EXDEV));
		_exit(0);
	}
	memset(&req, 0, sizeof(req));
	MUST(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0);
	resp.id = req.id;
	MUST(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0);
	MUST(probe_wait(pid) == 0);
}

/* --- calls that signals interrupt ----------------------------------------------------------------
 */

static void on_alarm(int sig)
{
	(void)sig;
}

static void write_late(void *arg)
{
	probe_sleep_ms(150);
	MUST(write(*(int *)arg, "abc", 3) == 3);
}

/* Begun again by the kernel after a signal: each beginning ends, only the last with bytes. */
PROBE(call_restarted)
{
	struct sigaction a = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval t = {.it_value = {.tv_usec = 50000}};
	char buf[8];
	int p[2];
	pid_t pid;

	MUST(pipe(p) == 0 && sigaction(SIGALRM, &a, NULL) == 0);
	pid = probe_child(write_late, &p[1]);
	MUST(setitimer(ITIMER_REAL, &t, NULL) == 0);
	MUST(DO(read, p[0], buf, 8L) == 3);
	WANT(file_read, NUM(result, -512), STR(path, probe_fd_path(p[0])), MIN(duration, 30000000));
	WANT(file_read, NUM(result, 3), STR(path, probe_fd_path(p[0])));
	MUST(probe_wait(pid) == 0);
}
