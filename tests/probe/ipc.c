/* SPDX-License-Identifier: MIT */
/* Pipes, descriptors of the kernel's own making, System V and POSIX queues. */
#include "probe.h"
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>

#ifdef __i386__
#define PROBE_NAME "probe-32"
#else
#define PROBE_NAME "probe"
#endif

/* ipc(2) of i386: all of System V as one call. */
#define MULTIPLEX(name, number, ...) \
	(HAVE(ipc) ? DID(name, raw_ipc((long[6]){number, ##__VA_ARGS__})) : DID(name, -ENOSYS))
#define VIA STR(syscall, PROBE_ABI "ipc")

static long raw_ipc(const long *a)
{
	long r = syscall(NR_ipc, a[0], a[1], a[2], a[3], a[4], a[5]);

	return r == -1 ? -errno : r;
}

/* --- descriptors ---------------------------------------------------------------------------- */

PROBE(ipc_pipe)
{
	int p[2] = {-1, -1};

	DO(pipe, p);
	WANT(ipc_pipe, STR(path, probe_fd_path(p[0])), NUM(read_fd, p[0]), NUM(write_fd, p[1]),
	     NUM(flags, 0), NUM(result, 0));
	DO(pipe2, p, (long)(O_CLOEXEC | O_DIRECT));
	WANT(ipc_pipe, STR(path, probe_fd_path(p[1])), NUM(read_fd, p[0]), NUM(write_fd, p[1]),
	     NUM(flags, 0x80000 | 0x4000));
	DO(pipe2, p, 1L);
	WANT(ipc_pipe, STR(path, ""), NUM(flags, 1), NUM(read_fd, -1), NUM(write_fd, -1),
	     NUM(result, -EINVAL));
	DO(pipe2, 8L, 0L);
	WANT(ipc_pipe, STR(path, ""), NUM(read_fd, -1), NUM(result, -EFAULT));
}

PROBE(ipc_memfd)
{
	int fd = DO(memfd_create, "label", 1L);

	WANT(ipc_memfd, STR(path, fd < 0 ? "" : probe_fd_path(fd)), STR(name, "label"),
	     NUM(flags, 1));
	DO(memfd_create, "", 0L);
	WANT(ipc_memfd, STR(name, ""), NUM(flags, 0));
	DO(memfd_create, "x", 0x8000L);
	WANT(ipc_memfd, STR(name, "x"), NUM(flags, 0x8000), STR(path, ""), NUM(result, -EINVAL));
	DO(memfd_create, 8L, 0L);
	WANT(ipc_memfd, STR(name, ""), NUM(result, -EFAULT));
}

PROBE(ipc_eventfd)
{
	DO(eventfd, 7L);
	WANT(ipc_eventfd, NUM(initial, 7), NUM(flags, 0));
	DO(eventfd2, 0xfffffffeL, 0x80001L);
	WANT(ipc_eventfd, NUM(initial, 0xfffffffe), NUM(flags, 0x80001));
	DO(eventfd2, 1L, 2L);
	WANT(ipc_eventfd, NUM(flags, 2), NUM(result, -EINVAL));
}

PROBE(ipc_signalfd)
{
	uint64_t two = 1ull << (SIGUSR1 - 1) | 1ull << 63, one = 1;
	int fd = DO(signalfd4, -1L, &two, 8L, (long)O_CLOEXEC);

	WANT(ipc_signalfd, NUM(signals, two), NUM(flags, O_CLOEXEC), NUM(old_fd, -1));
	DO(signalfd, (long)fd, &one, 8L);
	WANT(ipc_signalfd, NUM(signals, 1), NUM(flags, 0), NUM(old_fd, fd), NUM(result, fd));
	DO(signalfd4, 999L, &one, 8L, 0L);
	WANT(ipc_signalfd, NUM(signals, 1), NUM(old_fd, 999), NUM(result, -EBADF));
	DO(signalfd4, -1L, 8L, 8L, 0L);
	WANT(ipc_signalfd, NUM(signals, 0), NUM(result, -EFAULT));
}

PROBE(ipc_timerfd)
{
	DO(timerfd_create, 1L, (long)O_NONBLOCK);
	WANT(ipc_timerfd, NUM(clock, 1), NUM(flags, O_NONBLOCK));
	DO(timerfd_create, 99L, 0L);
	WANT(ipc_timerfd, NUM(clock, 99), NUM(flags, 0), NUM(result, -EINVAL));
}

PROBE(ipc_userfaultfd)
{
	DO(userfaultfd, 1L);
	WANT(ipc_userfaultfd, NUM(flags, 1));
	DO(userfaultfd, 4L);
	WANT(ipc_userfaultfd, NUM(flags, 4));
}

static void wait_long(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

PROBE(ipc_pidfd)
{
	pid_t pid = probe_child(wait_long, NULL);
	int fd = DO(pidfd_open, (long)pid, 0L);

	WANT(ipc_pidfd, NUM(target_pid, pid), STR(target_name, PROBE_NAME), NUM(flags, 0),
	     STR(path, probe_fd_path(fd)));
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	DO(pidfd_open, (long)pid, 0L);
	WANT(ipc_pidfd, NUM(target_pid, pid), STR(target_name, ""), NUM(result, -ESRCH),
	     STR(path, ""));
	DO(pidfd_open, (long)pid, 1L);
	WANT(ipc_pidfd, NUM(flags, 1), NUM(result, -EINVAL));
}

/* --- System V ------------------------------------------------------------------------------- */

PROBE(ipc_shmget)
{
	int id = DO(shmget, (long)IPC_PRIVATE, 5000L, (long)(IPC_CREAT | 0600));

	WANT(ipc_shmget, NUM(ipc_key, 0), NUM(size, 5000), NUM(flags, IPC_CREAT | 0600));
	MUST(shmctl(id, IPC_RMID, NULL) == 0);
	DO(shmget, 0x7e57ab1eL, 1L, 0L);
	WANT(ipc_shmget, NUM(ipc_key, 0x7e57ab1e), NUM(size, 1), NUM(flags, 0),
	     NUM(result, -ENOENT));
	DO(shmget, -559038737L, 1L, 0L);
	WANT(ipc_shmget, NUM(ipc_key, 0xdeadbeefu), NUM(result, -ENOENT));
	id = MULTIPLEX(shmget, 23, IPC_PRIVATE, 6000, IPC_CREAT | 0600);
	WANT(ipc_shmget, VIA, NUM(ipc_key, 0), NUM(size, 6000), NUM(flags, IPC_CREAT | 0600));
	if (id >= 0)
		MUST(shmctl(id, IPC_RMID, NULL) == 0);
}

PROBE(ipc_shmat)
{
	int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
	unsigned long at = 0, third = 0;

	MUST(id >= 0);
	at = (unsigned long)DO(shmat, (long)id, 0L, (long)SHM_RDONLY);
	WANT(ipc_shmat, NUM(id, id), NUM(address, at), NUM(flags, SHM_RDONLY), ANY(result));
	DO(shmat, (long)id, 0x10001L, 0L);
	WANT(ipc_shmat, NUM(id, id), NUM(address, 0x10001), NUM(result, -EINVAL));
	MULTIPLEX(shmat, 21, id, 0, (long)&third, 0);
	WANT(ipc_shmat, VIA, NUM(id, id), NUM(address, third), NUM(flags, 0), NUM(result, 0));
	MUST(shmctl(id, IPC_RMID, NULL) == 0);
	DO(shmat, 0x7fffffffL, 0L, 0L);
	WANT(ipc_shmat, NUM(id, 0x7fffffff), NUM(result, -EINVAL));
}

PROBE(ipc_shmdt)
{
	int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
	void *at = shmat(id, NULL, 0), *second = shmat(id, NULL, 0);

	MUST(at != (void *)-1 && second != (void *)-1 && shmctl(id, IPC_RMID, NULL) == 0);
	DO(shmdt, at);
	WANT(ipc_shmdt, NUM(address, (unsigned long)at), NUM(result, 0));
	DO(shmdt, at);
	WANT(ipc_shmdt, NUM(address, (unsigned long)at), NUM(result, -EINVAL));
	MULTIPLEX(shmdt, 22, 0, 0, 0, (long)second);
	WANT(ipc_shmdt, VIA, NUM(address, (unsigned long)second), NUM(result, 0));
}

PROBE(ipc_shmctl)
{
	int id = shmget(IPC_PRIVATE, 5000, IPC_CREAT | 0600);
	char out[512];

	DO(shmctl, (long)id, (long)IPC_STAT, out);
	WANT(ipc_shmctl, NUM(id, id), NUM(command, IPC_STAT), NUM(result, 0));
	MULTIPLEX(shmctl, 24, id, IPC_STAT | 0x100, 0, (long)out);
	WANT(ipc_shmctl, VIA, NUM(id, id), NUM(command, IPC_STAT), NUM(result, 0));
	DO(shmctl, (long)id, (long)IPC_RMID, 0L);
	WANT(ipc_shmctl, NUM(id, id), NUM(command, IPC_RMID), NUM(result, 0));
	DO(shmctl, (long)id, (long)IPC_RMID, 0L);
	WANT(ipc_shmctl, NUM(id, id), NUM(command, IPC_RMID), MIN(result, -200));
}

PROBE(ipc_msgget)
{
	int id = DO(msgget, (long)IPC_PRIVATE, 0600L);

	WANT(ipc_msgget, NUM(ipc_key, 0), NUM(flags, 0600));
	MUST(msgctl(id, IPC_RMID, NULL) == 0);
	DO(msgget, 0x7e57ab1fL, 0L);
	WANT(ipc_msgget, NUM(ipc_key, 0x7e57ab1f), NUM(flags, 0), NUM(result, -ENOENT));
	MULTIPLEX(msgget, 13, 0x7e57ab1f, 0);
	WANT(ipc_msgget, VIA, NUM(ipc_key, 0x7e57ab1f), NUM(flags, 0), NUM(result, -ENOENT));
}

struct message {
	long type;
	char text[64];
};

PROBE(ipc_msgsnd)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct message m = {.type = 0x12345678};

	DO(msgsnd, (long)id, &m, 13L, (long)IPC_NOWAIT);
	WANT(ipc_msgsnd, NUM(id, id), NUM(requested, 13), NUM(message_type, 0x12345678),
	     NUM(flags, IPC_NOWAIT), NUM(result, 0));
	MULTIPLEX(msgsnd, 11, id, 14, 0, (long)&m);
	WANT(ipc_msgsnd, VIA, NUM(id, id), NUM(requested, 14), NUM(message_type, 0x12345678),
	     NUM(flags, 0), NUM(result, 0));
	m.type = -5;
	DO(msgsnd, (long)id, &m, 1L, 0L);
	WANT(ipc_msgsnd, NUM(message_type, -5), NUM(result, -EINVAL));
	DO(msgsnd, (long)id, 8L, 1L, 0L);
	WANT(ipc_msgsnd, NUM(message_type, 0), NUM(result, -EFAULT));
	MUST(msgctl(id, IPC_RMID, NULL) == 0);
}

PROBE(ipc_msgrcv)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct message m = {.type = 3};
	struct {
		long at, type;
	} kludge = {(long)&m, -7};

	MUST(msgsnd(id, &m, 9, 0) == 0 && msgsnd(id, &m, 9, 0) == 0 && msgsnd(id, &m, 9, 0) == 0);
	DO(msgrcv, (long)id, &m, 64L, -4L, (long)MSG_NOERROR);
	WANT(ipc_msgrcv, NUM(id, id), NUM(requested, 64), NUM(message_type, -4),
	     NUM(flags, MSG_NOERROR), NUM(result, 9));
	MULTIPLEX(msgrcv, 12, id, 63, 0, (long)&kludge);
	WANT(ipc_msgrcv, VIA, NUM(requested, 63), NUM(message_type, -7), NUM(result, 9));
	MULTIPLEX(msgrcv, 12 | 1 << 16, id, 62, IPC_NOWAIT, (long)&m, 3);
	WANT(ipc_msgrcv, VIA, NUM(requested, 62), NUM(message_type, 3), NUM(flags, IPC_NOWAIT),
	     NUM(result, 9));
	MUST(msgctl(id, IPC_RMID, NULL) == 0);
	DO(msgrcv, (long)id, &m, 64L, 0L, (long)IPC_NOWAIT);
	WANT(ipc_msgrcv, NUM(id, id), MIN(result, -200));
}

PROBE(ipc_msgctl)
{
	int id = msgget(IPC_PRIVATE, 0600);
	char out[512];

	DO(msgctl, (long)id, (long)IPC_STAT, out);
	WANT(ipc_msgctl, NUM(id, id), NUM(command, IPC_STAT), NUM(result, 0));
	MULTIPLEX(msgctl, 14, id, IPC_STAT | 0x100, 0, (long)out);
	WANT(ipc_msgctl, VIA, NUM(id, id), NUM(command, IPC_STAT), NUM(result, 0));
	DO(msgctl, (long)id, (long)IPC_RMID, 0L);
	WANT(ipc_msgctl, NUM(command, IPC_RMID), NUM(result, 0));
	DO(msgctl, (long)id, 77L, 0L);
	WANT(ipc_msgctl, NUM(command, 77), NUM(result, -EINVAL));
}

PROBE(ipc_semget)
{
	int id = DO(semget, (long)IPC_PRIVATE, 3L, 0600L);

	WANT(ipc_semget, NUM(ipc_key, 0), NUM(members, 3), NUM(flags, 0600));
	MUST(semctl(id, 0, IPC_RMID) == 0);
	DO(semget, 0x7e57ab20L, 1L, 0L);
	WANT(ipc_semget, NUM(ipc_key, 0x7e57ab20), NUM(members, 1), NUM(result, -ENOENT));
	MULTIPLEX(semget, 2, 0x7e57ab20, 2, 0);
	WANT(ipc_semget, VIA, NUM(ipc_key, 0x7e57ab20), NUM(members, 2), NUM(result, -ENOENT));
}

PROBE(ipc_semop)
{
	struct sembuf ops[] = {{1, 5, 0}, {1, -2, SEM_UNDO}}, none = {0, -1, IPC_NOWAIT};
	int id = semget(IPC_PRIVATE, 2, 0600);

	MUST(id >= 0);
	DO(semop, (long)id, ops, 2L);
	WANT(ipc_semop, NUM(id, id), NUM(operations, 2), STR(semaphores, "1 +5, 1 -2 SEM_UNDO"),
	     NUM(result, 0));
	DO(semtimedop, (long)id, ops, 1L, 0L);
	WANT(ipc_semop, NUM(id, id), NUM(operations, 1), STR(semaphores, "1 +5"));
	DO(semtimedop_time64, (long)id, &none, 1L, 0L);
	WANT(ipc_semop, STR(semaphores, "0 -1 IPC_NOWAIT"));
	MULTIPLEX(semop, 1, id, 2, 0, (long)ops);
	WANT(ipc_semop, VIA, NUM(id, id), NUM(operations, 2),
	     STR(semaphores, "1 +5, 1 -2 SEM_UNDO"));
	MULTIPLEX(semop, 4, id, 1, 0, (long)&none, 0);
	WANT(ipc_semop, VIA, NUM(operations, 1), STR(semaphores, "0 -1 IPC_NOWAIT"),
	     NUM(result, -EAGAIN));
	MUST(semctl(id, 0, IPC_RMID) == 0);
}

PROBE(ipc_semctl)
{
	int id = semget(IPC_PRIVATE, 2, 0600), value = 5;

	DO(semctl, (long)id, 1L, (long)SETVAL, 3L);
	WANT(ipc_semctl, NUM(id, id), NUM(number, 1), NUM(command, SETVAL), NUM(result, 0));
	MULTIPLEX(semctl, 3, id, 1, SETVAL | 0x100, (long)&value);
	WANT(ipc_semctl, VIA, NUM(id, id), NUM(number, 1), NUM(command, SETVAL), NUM(result, 0));
	DO(semctl, (long)id, 0L, (long)IPC_RMID, 0L);
	WANT(ipc_semctl, NUM(number, 0), NUM(command, IPC_RMID), NUM(result, 0));
	DO(semctl, (long)id, 0L, 99L, 0L);
	WANT(ipc_semctl, NUM(command, 99), NUM(result, -EINVAL));
}

/* --- POSIX message queues ------------------------------------------------------------------- */

static const char *queue_name(void)
{
	static char name[32];

	snprintf(name, sizeof(name), "espy-probe-%d", getpid());
	return name;
}

static int make_queue(void)
{
	struct mq_attr a = {.mq_maxmsg = 2, .mq_msgsize = 64};
	int fd =
		syscall(NR_mq_open, queue_name(), O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &a);

	if (fd < 0 && errno == ENOSYS)
		probe_skip("this kernel has no POSIX message queues");
	MUST(fd >= 0);
	return fd;
}

static void drop_queue(void)
{
	syscall(NR_mq_unlink, queue_name());
}

PROBE(ipc_mq_open)
{
	int fd = DO(mq_open, queue_name(), (long)(O_RDWR | O_CREAT), 0640L, 0L);

	WANT(ipc_mq_open, STR(name, queue_name()), NUM(flags, O_RDWR | O_CREAT), NUM(mode, 0640),
	     STR(path, fd < 0 ? "" : probe_fd_path(fd)));
	drop_queue();
	DO(mq_open, queue_name(), (long)O_RDONLY, 0640L, 0L);
	WANT(ipc_mq_open, STR(name, queue_name()), NUM(mode, 0), STR(path, ""), MIN(result, -200));
}

PROBE(ipc_mq_unlink)
{
	make_queue();
	DO(mq_unlink, queue_name());
	WANT(ipc_mq_unlink, STR(name, queue_name()), NUM(result, 0));
	DO(mq_unlink, queue_name());
	WANT(ipc_mq_unlink, STR(name, queue_name()), NUM(result, -ENOENT));
}

PROBE(ipc_mq_send)
{
	int fd = make_queue();

	DO(mq_timedsend, (long)fd, "hello", 5L, 77L, 0L);
	WANT(ipc_mq_send, STR(path, probe_fd_path(fd)), NUM(requested, 5), NUM(priority, 77),
	     NUM(result, 0));
	DO(mq_timedsend_time64, (long)fd, "hello!", 6L, 78L, 0L);
	WANT(ipc_mq_send, NUM(requested, 6), NUM(priority, 78));
	DO(mq_timedsend, (long)fd, "hello", 65L, 1L, 0L);
	WANT(ipc_mq_send, NUM(requested, 65), NUM(priority, 1), NUM(result, -EMSGSIZE));
	drop_queue();
	DO(mq_timedsend, 999L, "hello", 5L, 1L, 0L);
	WANT(ipc_mq_send, STR(path, ""), NUM(result, -EBADF));
}

PROBE(ipc_mq_receive)
{
	int fd = make_queue();
	char to[64];

	MUST(syscall(NR_mq_timedsend, fd, "hello", 5, 1, NULL) == 0);
	DO(mq_timedreceive, (long)fd, to, 64L, 0L, 0L);
	WANT(ipc_mq_receive, STR(path, probe_fd_path(fd)), NUM(requested, 64), NUM(result, 5));
	DO(mq_timedreceive_time64, (long)fd, to, 64L, 0L, 0L);
	WANT(ipc_mq_receive, NUM(requested, 64));
	DO(mq_timedreceive, (long)fd, to, 64L, 0L, 0L);
	WANT(ipc_mq_receive, NUM(result, -EAGAIN));
	drop_queue();
}

PROBE(ipc_mq_notify)
{
	int fd = make_queue();
	struct sigevent s = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};

	DO(mq_notify, (long)fd, &s);
	WANT(ipc_mq_notify, STR(path, probe_fd_path(fd)), NUM(notify, SIGEV_SIGNAL),
	     NUM(signal, SIGUSR2), NUM(result, 0));
	DO(mq_notify, (long)fd, 0L);
	WANT(ipc_mq_notify, STR(path, probe_fd_path(fd)), NUM(signal, 0), NUM(result, 0));
	drop_queue();
	DO(mq_notify, 999L, &s);
	WANT(ipc_mq_notify, NUM(signal, SIGUSR2), NUM(result, -EBADF));
}

PROBE(ipc_mq_attr)
{
	int fd = make_queue();
	struct mq_attr a = {0};

	DO(mq_getsetattr, (long)fd, 0L, &a);
	WANT(ipc_mq_attr, STR(path, probe_fd_path(fd)), NUM(changes, 0), NUM(result, 0));
	DO(mq_getsetattr, (long)fd, &a, 0L);
	WANT(ipc_mq_attr, NUM(changes, (unsigned long)&a), NUM(result, 0));
	drop_queue();
	DO(mq_getsetattr, 999L, 0L, 0L);
	WANT(ipc_mq_attr, NUM(changes, 0), NUM(result, -EBADF));
}
