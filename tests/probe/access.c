/* SPDX-License-Identifier: MIT */
/* Reaching into another process. */
#include "probe.h"
#include <elf.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define PAGE 4096L

/* FLAGS_inject */
enum { MEMORY = 1, CODE = 2, REGISTERS = 4, IP = 8, SP = 16, VM = 32, PROC = 64, TRACER = 128 };

#define GRANT_MEM   (0x10 | 0x20 | 8)
#define GRANT_QUERY 0x400

#define TARGET(p) STR(path, probe_exe), NUM(target_pid, p), NUM(target_tid, p)

#ifdef __i386__
#define IP_OF(r) (r).eip
#define SP_OF(r) (r).esp
#define AX_OF(r) (r).eax
#define BX_OF(r) (r).ebx
#else
#define IP_OF(r) (r).rip
#define SP_OF(r) (r).rsp
#define AX_OF(r) (r).rax
#define BX_OF(r) (r).rdi
#endif

/* Its own code, so that what is written to it is known; page aligned and alone on its page. */
__attribute__((noinline, aligned(4096))) static void spin(void)
{
	for (;;)
		pause();
}

static void wait_here(void *arg)
{
	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	spin();
}

/* A process to reach into, that does nothing but wait. */
static pid_t victim(void)
{
	pid_t pid = probe_child(wait_here, NULL);

	probe_until_asleep(pid);
	return pid;
}

static void done(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) == pid && !kill(pid, 0))
		;
}

static void stopped(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status));
}

/* --- ptrace ---------------------------------------------------------------------------------- */

static void trace_me(void *arg)
{
	(void)arg;
	DO(ptrace, (long)PTRACE_TRACEME, 0L, 0L, 0L);
	WANT(process_ptrace, NUM(request, 0), TARGET(getpid()));
}

PROBE(process_ptrace)
{
	struct user_regs_struct regs;
	struct iovec set = {&regs, sizeof(regs)};
	pid_t pid = victim();
	long word = 0;

	DO(ptrace, (long)PTRACE_SEIZE, pid, 0L, (long)PTRACE_O_TRACESYSGOOD);
	WANT(process_ptrace, NUM(request, PTRACE_SEIZE), TARGET(pid), NUM(address, 0),
	     NUM(word, 1));
	DO(ptrace, (long)PTRACE_INTERRUPT, pid, 0L, 0L);
	WANT(process_ptrace, STR(request, "PTRACE_INTERRUPT"), TARGET(pid));
	stopped(pid);
	DO(ptrace, (long)PTRACE_PEEKTEXT, pid, (long)(uintptr_t)spin, &word);
	WANT(process_ptrace, STR(request, "PTRACE_PEEKTEXT"), TARGET(pid),
	     NUM(address, (uintptr_t)spin), NUM(word, (uintptr_t)&word), NUM(granted, 0x10));
	DO(ptrace, (long)PTRACE_GETREGSET, pid, (long)NT_PRSTATUS, &set);
	WANT(process_ptrace, STR(request, "PTRACE_GETREGSET"), NUM(address, NT_PRSTATUS));
	DO(ptrace, (long)PTRACE_PEEKDATA, pid, 8L, &word);
	WANT(process_ptrace, STR(request, "PTRACE_PEEKDATA"), NUM(address, 8), NUM(result, -EIO));
	DO(ptrace, 0x7777L, pid, 1L, 2L);
	WANT(process_ptrace, NUM(request, 0x7777), NUM(address, 1), NUM(word, 2),
	     NUM(result, -EIO));
	DO(ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
	WANT(process_ptrace, STR(request, "PTRACE_DETACH"), TARGET(pid));
	DO(ptrace, (long)PTRACE_CONT, pid, 0L, 0L);
	WANT(process_ptrace, STR(request, "PTRACE_CONT"), NUM(result, -ESRCH), TARGET(pid));
	DO(ptrace, (long)PTRACE_ATTACH, 0x7ffffffL, 0L, 0L);
	WANT(process_ptrace, STR(request, "PTRACE_ATTACH"), NUM(target_pid, 0), STR(path, ""),
	     NUM(result, -ESRCH));
	probe_wait(probe_child(trace_me, NULL));
	done(pid);
}

/* --- memory ---------------------------------------------------------------------------------- */

static char data[3 * PAGE] __attribute__((aligned(4096)));

PROBE(process_vm_read)
{
	pid_t pid = victim();
	char to[64], path[64];
	struct iovec local = {to, sizeof(to)};
	struct iovec remote[2] = {{(void *)(uintptr_t)spin, 10}, {data, 20}};
	int fd;

	DO(process_vm_readv, pid, &local, 1L, remote, 2L, 0L);
	WANT(process_vm_read, TARGET(pid), STR(path2, probe_exe), NUM(address, (uintptr_t)spin),
	     NUM(requested, 30), NUM(result, 30), STR(memory, "file"), NUM(granted, 0x10));
	remote[0].iov_base = (void *)8;
	DO(process_vm_readv, pid, &local, 1L, remote, 1L, 0L);
	WANT(process_vm_read, TARGET(pid), NUM(address, 8), NUM(requested, 10), STR(path2, ""),
	     NUM(result, -EFAULT));
	DO(process_vm_readv, 0x7ffffffL, &local, 1L, remote, 1L, 0L);
	WANT(process_vm_read, NUM(target_pid, 0), NUM(result, -ESRCH));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY);
	DO(pread64, fd, to, 7L, OFF((uintptr_t)spin));
	WANT(process_vm_read, TARGET(pid), STR(path2, probe_exe), NUM(address, (uintptr_t)spin),
	     NUM(requested, 7), NUM(result, 7));
	close(fd);
	done(pid);
}

PROBE(process_vm_write)
{
	pid_t pid = victim();
	struct iovec local = {data, 100}, remote = {data + 8, 100};
	char path[64];
	long wrote;
	int fd;

	DO(process_vm_writev, pid, &local, 1L, &remote, 1L, 0L);
	WANT(process_vm_write, TARGET(pid), NUM(address, (uintptr_t)data + 8), NUM(requested, 100),
	     NUM(result, 100), NUM(granted, 0x28));
	remote.iov_base = (void *)(uintptr_t)spin; /* not writable, and not made so */
	DO(process_vm_writev, pid, &local, 1L, &remote, 1L, 0L);
	WANT(process_vm_write, TARGET(pid), STR(path2, probe_exe), NUM(address, (uintptr_t)spin),
	     STR(memory, "file"), NUM(result, -EFAULT));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR);
	MUST(lseek(fd, (off_t)(uintptr_t)data, SEEK_SET) == (off_t)(uintptr_t)data);
	DO(write, fd, data, 9L);
	WANT(process_vm_write, TARGET(pid), NUM(address, (uintptr_t)data), NUM(requested, 9),
	     NUM(result, 9));
	close(fd);
	/* Its own, past all protection; Debian's 7.2 refuses that. */
	fd = open("/proc/self/mem", O_RDWR);
	wrote = DO(pwrite64, fd, (void *)(uintptr_t)spin, 1L, OFF((uintptr_t)spin));
	WANT(process_vm_write, TARGET(getpid()), STR(path2, probe_exe),
	     NUM(address, (uintptr_t)spin), NUM(result, wrote < 0 ? -EIO : 1));
	close(fd);
	WANT_NONE(process_inject, getpid());
	done(pid);
}

/* --- /proc ----------------------------------------------------------------------------------- */

static const char *of(pid_t pid, const char *entry)
{
	static char path[8][64];
	static unsigned n;
	char *p = path[n++ % 8];

	snprintf(p, 64, "/proc/%d/%s", pid, entry);
	return p;
}

static void refused(void *arg)
{
	pid_t pid = *(pid_t *)arg;

	DO(openat, AT_FDCWD, of(pid, "mem"), (long)O_RDWR, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "mem"), NUM(result, -EACCES), NUM(granted, 0),
	     NUM(flags, O_RDWR));
}

PROBE(process_access)
{
	pid_t pid = victim();
	char task[32];
	int fd;

	fd = DO(openat, AT_FDCWD, of(pid, "mem"), (long)O_RDWR, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "mem"), NUM(granted, GRANT_MEM),
	     NUM(flags, O_RDWR));
	close(fd);
	fd = DO(openat, AT_FDCWD, of(pid, "maps"), 0L, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "maps"), NUM(granted, GRANT_QUERY));
	close(fd);
	fd = DO(openat, AT_FDCWD, of(pid, "numa_maps"), 0L, 0L);
	if (fd >= 0)
		WANT(process_access, TARGET(pid), STR(entry, "numa_maps"));
	close(fd);
	fd = DO(open, of(pid, "environ"), 0L, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "environ"), NUM(granted, GRANT_QUERY));
	close(fd);
	fd = DO(openat, AT_FDCWD, of(pid, "fd"), (long)O_DIRECTORY, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "fd"), NUM(granted, GRANT_QUERY | 0x40));
	close(fd);
	snprintf(task, sizeof(task), "task/%d/auxv", pid);
	fd = DO(openat, AT_FDCWD, of(pid, task), 0L, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "auxv"));
	close(fd);
	fd = DO(openat, AT_FDCWD, of(pid, "oom_score_adj"), (long)O_WRONLY, 0L);
	WANT(process_access, TARGET(pid), STR(entry, "oom_score_adj"), NUM(granted, 0x200));
	close(fd);
	/* Anybody may know this, and one's own is one's own. */
	close(open(of(pid, "stat"), O_RDONLY));
	close(open("/proc/self/maps", O_RDONLY));
	MUST(probe_as_nobody(refused, &pid) == 0);
	done(pid);
}

/* --- injection ------------------------------------------------------------------------------- */

/* exit(42), as machine code */
#ifdef __i386__
static const unsigned char payload[] = {0x31, 0xc0, 0x40, 0xbb, 42, 0, 0, 0, 0xcd, 0x80, 0xf4};
#else
static const unsigned char payload[] = {0xb8, 60, 0, 0, 0, 0xbf, 42, 0, 0, 0, 0x0f, 0x05, 0xf4};
#endif

static void attach(pid_t pid)
{
	MUST(ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0);
	stopped(pid);
}

static void poke(pid_t pid, uintptr_t at, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += sizeof(long)) {
		long word = 0;

		memcpy(&word, bytes + i, n - i < sizeof(word) ? n - i : sizeof(word));
		MUST(ptrace(PTRACE_POKETEXT, pid, (void *)(at + i), (void *)word) == 0);
	}
}

#define POKED(n) (((n) + sizeof(long) - 1) / sizeof(long) * sizeof(long))

/* The whole of it: code is written, the thread is sent there, and it runs. */
static void inject_run(void)
{
	struct user_regs_struct regs;
	pid_t pid = victim();
	uintptr_t at = (uintptr_t)spin;

	attach(pid);
	poke(pid, at, payload, sizeof(payload));
	MUST(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
	IP_OF(regs) = at;
	AX_OF(regs) = 0; /* not a call to be started again */
#ifdef __i386__
	regs.orig_eax = -1;
#else
	regs.orig_rax = -1;
#endif
	MUST(ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0);
	DO(ptrace, (long)PTRACE_DETACH, pid, 0L, 0L);
	WANT(process_inject, TARGET(pid), STR(path2, probe_exe), NUM(address, at), NUM(prot, 5),
	     NUM(method, MEMORY | CODE | REGISTERS | IP), NUM(written, POKED(sizeof(payload))),
	     NUM(code_address, at + POKED(sizeof(payload)) - sizeof(long)), STR(memory, "file"));
	MUST(probe_wait(pid) == 42);
}

/* Only the stack is another one. */
static void inject_stack(void)
{
	struct user_regs_struct regs;
	struct iovec set = {&regs, sizeof(regs)};
	pid_t pid = victim();

	attach(pid);
	MUST(ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
	SP_OF(regs) -= 64;
	MUST(ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &set) == 0);
	DO(ptrace, (long)PTRACE_CONT, pid, 0L, 0L);
	WANT(process_inject, TARGET(pid), NUM(address, (uintptr_t)IP_OF(regs)),
	     NUM(method, REGISTERS | SP), NUM(written, 0), NUM(code_address, 0));
	done(pid);
}

/* No thread need be stopped to write to code; nor is one traced, unless the kernel asks for that
 * (CONFIG_PROC_MEM_RESTRICT_WRITE…, proc_mem.force_override): then nothing is written. */
static void inject_running(void)
{
	pid_t pid = victim();
	uintptr_t at = (uintptr_t)spin + 2048;
	int fd = open(of(pid, "mem"), O_RDWR);

	if (DO(pwrite64, fd, payload, (long)sizeof(payload), OFF(at)) > 0)
		WANT(process_inject, TARGET(pid), STR(path2, probe_exe), NUM(address, at),
		     NUM(prot, 5), NUM(method, MEMORY | CODE | PROC), NUM(written, sizeof(payload)),
		     NUM(code_address, at), STR(memory, "file"));
	close(fd);
	done(pid);
}

static char *shared_code;

static void inject_writev(void)
{
	struct iovec local = {(void *)payload, sizeof(payload)};
	struct iovec remote[2] = {{data, 4}, {NULL, 64}};
	pid_t pid;

	shared_code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	remote[1].iov_base = shared_code;
	pid = victim();
	DO(process_vm_writev, pid, &local, 1L, remote, 2L, 0L);
	WANT(process_inject, TARGET(pid), NUM(address, (uintptr_t)shared_code), NUM(prot, 7),
	     NUM(method, MEMORY | CODE | VM), NUM(written, sizeof(payload)),
	     STR(memory, "anonymous"));
	done(pid);
}

/* A tracer that just ends lets its tracee go on. */
static void inject_and_die(void *arg)
{
	struct user_regs_struct regs;
	pid_t pid = *(pid_t *)arg;

	attach(pid);
	MUST(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
	IP_OF(regs) = (uintptr_t)shared_code;
	MUST(ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0);
	DID(exit_group, 0);
	WANT(process_inject, TARGET(pid), NUM(address, (uintptr_t)shared_code),
	     NUM(method, REGISTERS | IP | TRACER), STR(memory, "anonymous"), ANY(syscall));
	_exit(0);
}

/* Nothing that decides what runs: no injection. */
static void inject_nothing(void *arg)
{
	struct user_regs_struct regs;
	pid_t pid = *(pid_t *)arg;

	attach(pid);
	MUST(ptrace(PTRACE_POKEDATA, pid, data, (void *)1L) == 0);
	MUST(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
	BX_OF(regs) = 0;
	MUST(ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0);
	MUST(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0);
	WANT_NONE(process_inject, getpid());
}

PROBE(process_inject)
{
	pid_t pid;

	inject_run();
	inject_stack();
	inject_running();
	inject_writev();
	pid = victim();
	MUST(probe_wait(probe_child(inject_nothing, &pid)) == 0);
	MUST(probe_wait(probe_child(inject_and_die, &pid)) == 0);
	done(pid);
}

/* --- the others ------------------------------------------------------------------------------ */

PROBE(process_getfd)
{
	pid_t pid;
	int fd = probe_file("a", "x"), pidfd, got;

	pid = victim();
	pidfd = syscall(NR_pidfd_open, pid, 0);
	got = DO(pidfd_getfd, pidfd, fd, 0L);
	WANT(process_getfd, TARGET(pid), PATH2("a"), NUM(fd, fd), NUM(result, got),
	     NUM(granted, 0x40));
	DO(pidfd_getfd, pidfd, 999L, 0L);
	WANT(process_getfd, TARGET(pid), NUM(fd, 999), STR(path2, ""), NUM(result, -EBADF));
	DO(pidfd_getfd, fd, 0L, 0L);
	WANT(process_getfd, NUM(target_pid, 0), STR(path, ""), NUM(result, -EBADF));
	done(pid);
}

PROBE(process_kcmp)
{
	pid_t pid = victim();

	DO(kcmp, getpid(), pid, (long)KCMP_FILE, 0L, 1L);
	WANT(process_kcmp, TARGET(getpid()), NUM(other_pid, pid), NUM(compared, KCMP_FILE),
	     NUM(index, 0), NUM(other_index, 1));
	DO(kcmp, pid, 0x7ffffffL, (long)KCMP_VM, 0L, 0L);
	WANT(process_kcmp, TARGET(pid), NUM(other_pid, 0), STR(compared, "KCMP_VM"),
	     NUM(result, -ESRCH));
	done(pid);
}

PROBE(process_advise)
{
	pid_t pid = victim();
	int pidfd = syscall(NR_pidfd_open, pid, 0);
	struct iovec range = {data, PAGE};

	DO(process_madvise, pidfd, &range, 1L, 20L, 0L);
	WANT(process_advise, TARGET(pid), NUM(address, (uintptr_t)data), NUM(requested, PAGE),
	     STR(advice, "MADV_COLD"), NUM(reserved, 0));
	DO(process_madvise, pidfd, &range, 1L, 20L, 7L);
	WANT(process_advise, TARGET(pid), NUM(reserved, 7));
	done(pid);
}

PROBE(process_reap)
{
	pid_t pid = victim();
	int pidfd = syscall(NR_pidfd_open, pid, 0);

	DO(process_mrelease, pidfd, 5L);
	WANT(process_reap, TARGET(pid), NUM(reserved, 5));
	DO(process_mrelease, pidfd, 0L); /* it is not being killed */
	WANT(process_reap, TARGET(pid), NUM(reserved, 0));
	done(pid);
}

/* --- in a pid namespace ---------------------------------------------------------------------- */

static int go[2], gone[2];

/* Process 1 there traces process 2, which is another one outside. */
static void trace_inside(void *arg)
{
	pid_t pid = probe_child(wait_here, NULL);
	char c;

	(void)arg;
	MUST(write(gone[1], "x", 1) == 1 && read(go[0], &c, 1) == 1);
	MUST(ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0);
	stopped(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void unshared(void *arg)
{
	(void)arg;
	MUST(unshare(CLONE_NEWPID) == 0);
	MUST(probe_wait(probe_child(trace_inside, NULL)) == 0);
}

static pid_t child_of(pid_t pid)
{
	char path[64];
	FILE *f;
	int child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	MUST(f && fscanf(f, "%d", &child) == 1);
	fclose(f);
	return child;
}

PROBE(access_namespace)
{
	pid_t outer, tracer, target;
	char c;

	MUST(pipe(go) == 0 && pipe(gone) == 0);
	outer = probe_child(unshared, NULL);
	MUST(read(gone[0], &c, 1) == 1);
	tracer = child_of(outer);
	target = child_of(tracer);
	DID(ptrace, 0);
	WANT(process_ptrace, OF(tracer), NUM(request, PTRACE_ATTACH), TARGET(target));
	MUST(write(go[1], "x", 1) == 1);
	MUST(probe_wait(outer) == 0);
}
