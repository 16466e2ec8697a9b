/* SPDX-License-Identifier: MIT */
/* Signals: asked for, sent by others and by the kernel, taken or not. */
#include "probe.h"
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#ifdef __i386__
#define PROBE_NAME "probe-32"
#else
#define PROBE_NAME "probe"
#endif

enum { PROCESS, KERNEL, INTERRUPT };           /* origin */
enum { QUEUED, IGNORED, PENDING_ALREADY };     /* outcome */
enum { THREAD_ONLY, WHOLE_PROCESS };           /* scope */
#define CODE(sig, code) ((sig) << 16 | (code)) /* as signal_code shows a code of one signal */
#define LOW(code)       ((code)&0xffff)        /* and any other */

static void wait_long(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void reap(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
}

/* To whom it went. */
#define TO(p) NUM(target_pid, p), STR(target_name, PROBE_NAME)

PROBE(ipc_kill)
{
	pid_t pid = probe_child(wait_long, NULL), me = getpid();
	siginfo_t info = {.si_code = SI_QUEUE};
	int fd;

	info.si_pid = me;
	signal(SIGUSR1, SIG_IGN);
	DO(kill, (long)pid, 0L);
	WANT(ipc_kill, NUM(to_pid, pid), NUM(to_tid, 0), NUM(signal, 0), NUM(result, 0));
	DO(kill, 0x7ffffffeL, (long)SIGTERM);
	WANT(ipc_kill, NUM(to_pid, 0x7ffffffe), NUM(signal, SIGTERM), NUM(result, -ESRCH));
	DO(kill, -0x7ffffffeL, (long)SIGTERM);
	WANT(ipc_kill, NUM(to_pid, -0x7ffffffe), NUM(signal, SIGTERM), NUM(result, -ESRCH));
	DO(kill, (long)pid, 99L);
	WANT(ipc_kill, NUM(to_pid, pid), NUM(signal, 99), NUM(result, -EINVAL));
	DO(tkill, (long)me, (long)SIGUSR1);
	WANT(ipc_kill, NUM(to_pid, me), NUM(to_tid, me), NUM(signal, SIGUSR1), NUM(result, 0));
	DO(tgkill, (long)me, (long)me, (long)SIGUSR1);
	WANT(ipc_kill, NUM(to_pid, me), NUM(to_tid, me), NUM(signal, SIGUSR1), NUM(result, 0));
	DO(tgkill, 1L, (long)me, (long)SIGUSR1);
	WANT(ipc_kill, NUM(to_pid, 1), NUM(to_tid, me), NUM(result, -ESRCH));
	DO(rt_sigqueueinfo, (long)me, (long)SIGUSR1, &info);
	WANT(ipc_kill, NUM(to_pid, me), NUM(to_tid, 0), NUM(signal, SIGUSR1), NUM(result, 0));
	DO(rt_tgsigqueueinfo, (long)me, (long)me, (long)SIGUSR1, &info);
	WANT(ipc_kill, NUM(to_pid, me), NUM(to_tid, me), NUM(result, 0));
	fd = syscall(NR_pidfd_open, pid, 0);
	DO(pidfd_send_signal, (long)fd, (long)SIGKILL, 0L, 0L);
	WANT(ipc_kill, NUM(to_pid, pid), NUM(signal, SIGKILL), NUM(result, 0));
	reap(pid);
	DO(pidfd_send_signal, 999L, (long)SIGKILL, 0L, 0L);
	WANT(ipc_kill, NUM(to_pid, 0), NUM(signal, SIGKILL), NUM(result, -EBADF));
}

static void kill_root(void *arg)
{
	DO(kill, (long)*(pid_t *)arg, (long)SIGKILL);
	WANT(ipc_kill, NUM(to_pid, *(pid_t *)arg), NUM(signal, SIGKILL), NUM(result, -EPERM));
	WANT_NONE(ipc_signal, getpid());
}

/* --- sent and what became of it ----------------------------------------------------------------
 */

static volatile sig_atomic_t caught;

static void take(int sig)
{
	caught = sig;
}

PROBE(ipc_signal)
{
	pid_t pid = probe_child(wait_long, NULL), me = getpid();
	sigset_t set;

	DO(kill, (long)pid, (long)SIGKILL);
	WANT(ipc_signal, TO(pid), NUM(signal, SIGKILL), NUM(signal_code, SI_USER),
	     NUM(scope, WHOLE_PROCESS), NUM(origin, PROCESS), NUM(outcome, QUEUED), NUM(result, 0));
	reap(pid);
	signal(SIGUSR1, SIG_IGN);
	DO(kill, (long)me, (long)SIGUSR1);
	WANT(ipc_signal, TO(me), NUM(signal, SIGUSR1), NUM(outcome, IGNORED), NUM(origin, PROCESS));
	signal(SIGUSR2, take);
	DO(tgkill, (long)me, (long)me, (long)SIGUSR2);
	WANT(ipc_signal, TO(me), NUM(target_tid, me), NUM(signal, SIGUSR2),
	     NUM(signal_code, LOW(SI_TKILL)), NUM(scope, THREAD_ONLY), NUM(outcome, QUEUED),
	     NUM(result, 0));
	MUST(caught == SIGUSR2);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	DO(kill, (long)me, (long)SIGUSR2);
	WANT(ipc_signal, TO(me), NUM(signal, SIGUSR2), NUM(outcome, QUEUED));
	DO(kill, (long)me, (long)SIGUSR2);
	WANT(ipc_signal, TO(me), NUM(signal, SIGUSR2), NUM(outcome, PENDING_ALREADY));
	/* Those who may not are not the sender of anything. */
	MUST(probe_as_nobody(kill_root, &me) == 0);
}

static void touch(void *arg)
{
	*(volatile char *)arg = 1;
}

/* The kernel's own: a fault is the doing of the one who made it. */
PROBE(signal_kernel)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = probe_child(touch, page + 0x123);
	int p[2];

	reap(pid);
	NOTED();
	WANT(ipc_signal, OF(pid), TO(pid), NUM(signal, SIGSEGV),
	     NUM(signal_code, CODE(SIGSEGV, SEGV_ACCERR)),
	     NUM(address, (unsigned long)page + 0x123), NUM(scope, THREAD_ONLY),
	     NUM(origin, KERNEL), NUM(outcome, QUEUED));
	MUST(pipe(p) == 0 && close(p[0]) == 0);
	signal(SIGPIPE, SIG_IGN);
	DO(write, (long)p[1], "x", 1L);
	WANT(ipc_signal, TO(getpid()), NUM(signal, SIGPIPE), NUM(origin, KERNEL),
	     NUM(outcome, IGNORED), NUM(result, 0));
}

/* A timer's comes in an interrupt, whoever is interrupted: another program keeps the processors
 * busy. */
static void spin(void *arg)
{
	(void)arg;
	for (;;)
		;
}

PROBE(signal_timer)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	struct sigevent how = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3};
	struct itimerspec later = {.it_value = {.tv_nsec = 20000000}};
	pid_t busy[2] = {probe_child(spin, NULL), probe_child(spin, NULL)};
	timer_t timer;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGRTMIN + 3);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	MUST(timer_create(CLOCK_MONOTONIC, &how, &timer) == 0);
	MUST(setitimer(ITIMER_REAL, &soon, NULL) == 0);
	MUST(sigwait(&set, &sig) == 0 && sig == SIGALRM);
	MUST(timer_settime(timer, 0, &later, NULL) == 0);
	MUST(sigwait(&set, &sig) == 0 && sig == SIGRTMIN + 3);
	NOTED();
	WANT(ipc_signal, NUM(pid, 0), NUM(tid, 0), TO(getpid()), NUM(signal, SIGALRM),
	     NUM(signal_code, SI_KERNEL), NUM(origin, INTERRUPT), NUM(outcome, QUEUED));
	WANT(ipc_signal, NUM(pid, 0), NUM(tid, 0), TO(getpid()), NUM(signal, SIGRTMIN + 3),
	     NUM(signal_code, LOW(SI_TIMER)), NUM(origin, INTERRUPT), NUM(outcome, QUEUED));
	for (int i = 0; i < 2; i++) {
		MUST(syscall(NR_kill, busy[i], SIGKILL) == 0);
		reap(busy[i]);
	}
	WANT(ipc_signal, TO(busy[0]), NUM(signal, SIGKILL), NUM(origin, PROCESS));
	WANT(ipc_signal, TO(busy[1]), NUM(signal, SIGKILL), NUM(origin, PROCESS));
}

static void leave(void *arg)
{
	_exit(*(int *)arg);
}

PROBE(ipc_child)
{
	int code = 3;
	pid_t pid = probe_child(leave, &code);

	reap(pid);
	NOTED();
	WANT(ipc_child, OF(pid), TO(getpid()), NUM(signal, SIGCHLD), NUM(origin, KERNEL),
	     NUM(signal_code, CODE(SIGCHLD, CLD_EXITED)), NUM(outcome, IGNORED));
	pid = probe_child(wait_long, NULL);
	MUST(kill(pid, SIGKILL) == 0);
	reap(pid);
	WANT(ipc_child, OF(pid), TO(getpid()), NUM(signal_code, CODE(SIGCHLD, CLD_KILLED)));
}

PROBE(ipc_deliver)
{
	pid_t pid = probe_child(wait_long, NULL), me = getpid();

	signal(SIGUSR2, take);
	DO(kill, (long)me, (long)SIGUSR2);
	NOTED();
	WANT(ipc_deliver, NUM(signal, SIGUSR2), NUM(handler, (unsigned long)take),
	     NUM(signal_code, SI_USER));
	MUST(kill(pid, SIGTERM) == 0);
	reap(pid);
	/* what ends a process without a core is turned into SIGKILL for each of its threads */
	WANT(ipc_deliver, OF(pid), NUM(signal, SIGKILL), NUM(handler, 0),
	     NUM(signal_code, SI_USER));
	signal(SIGUSR1, SIG_IGN);
	MUST(kill(me, SIGUSR1) == 0); /* never taken */
}
