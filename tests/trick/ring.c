/* SPDX-License-Identifier: MIT */
/*
 * Programs that work through a ring alone. A seccomp filter, which does not look into rings, ends
 * them at the first other call: so nothing that is recorded of them was seen at a system call.
 */
#include "../probe/ring.h"
#include "../probe/net.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(nr)                                                  \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(nr), 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on only rings (and not even entering them), the end, and what the statements need. */
static void only_rings(bool may_enter)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(may_enter ? NR_io_uring_enter : NR_exit_group),
		ALLOW(NR_exit_group),
		ALLOW(NR_getpid),
		ALLOW(NR_gettid),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = {sizeof(code) / sizeof(code[0]), code};

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		probe_skip("no seccomp filters here");
}

static void make_files(void *arg)
{
	(void)arg;
	close(probe_file("secret", "0123456789"));
	close(probe_file("victim", "x"));
}

static char loot[16];

typedef long act_fn(struct uring *, struct io_uring_sqe);

/* Reads one file and copies it. */
static void steal(struct uring *u, act_fn *act)
{
	long fd = act(u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("secret"))), r;

	MUST(fd >= 0);
	SAID(file_open, "openat", fd, PATH("secret"), STR(source, "kernel"), ANY(tid));
	r = act(u, SQE(OP(READ), .fd = fd, .addr = AT(loot), .len = 10));
	MUST(r == 10);
	SAID(file_read, "read", 10, PATH("secret"), STR(source, "kernel"), ANY(tid));
	fd = act(u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("copy"),
			.open_flags = O_CREAT | O_WRONLY, .len = 0600));
	MUST(fd >= 0);
	SAID(file_open, "openat", fd, PATH("copy"), NUM(created, 1), ANY(tid));
	r = act(u, SQE(OP(WRITE), .fd = fd, .addr = AT(loot), .len = 10));
	MUST(r == 10);
	SAID(file_write, "write", 10, PATH("copy"), STR(source, "kernel"), ANY(tid));
}

static void rename_and_delete(struct uring *u, act_fn *act)
{
	long r = act(u, SQE(OP(RENAMEAT), .fd = AT_FDCWD, .addr = AT("copy"), .len = AT_FDCWD,
			    .addr2 = AT("kept")));

	MUST(r == 0);
	SAID(file_rename, "renameat", 0, PATH("copy"), PATH2("kept"), ANY(tid));
	r = act(u, SQE(OP(UNLINKAT), .fd = AT_FDCWD, .addr = AT("victim")));
	MUST(r == 0);
	SAID(file_unlink, "unlinkat", 0, PATH("victim"), ANY(tid));
}

/* Sends it away. The socket itself may be older than the filter: io_uring makes them since 5.19. */
static void send_away(struct uring *u, act_fn *act, int fd, const union net_addr *to,
		      const char *remote)
{
	long r = act(u, SQE(OP(CONNECT), .fd = fd, .addr = AT(to), .off = sizeof(struct sockaddr)));

	MUST(r == 0);
	SAID(net_connect, "connect", 0, STR(remote, remote), ANY(tid));
	r = act(u, SQE(OP(SEND), .fd = fd, .addr = AT(loot), .len = 10));
	MUST(r == 10);
	SAID(net_send, "send", 10, STR(remote, remote), NUM(bytes, 10), ANY(tid));
}

static void whole_program(struct uring *u, act_fn *act, bool may_enter)
{
	int server = net_server(AF_INET, SOCK_STREAM), fd = socket(AF_INET, SOCK_STREAM, 0);
	bool has_names = uring_has(u, IORING_OP_UNLINKAT);
	socklen_t len = sizeof(union net_addr);
	union net_addr to;
	const char *remote = net_local(server);

	MUST(server >= 0 && fd >= 0 && getsockname(server, &to.sa, &len) == 0);
	if (!has_names)
		probe_note("no rename and unlink by io_uring here");
	only_rings(may_enter);
	steal(u, act);
	if (has_names)
		rename_and_delete(u, act);
	send_away(u, act, fd, &to, remote);
}

PROBE(ring_alone)
{
	struct uring u;

	SETUP(make_files);
	uring_need(&u);
	whole_program(&u, uring_do, true);
}

/* The kernel's thread fetches the requests, and nobody ever waits for them: no call at all. */
static long without_a_call(struct uring *u, struct io_uring_sqe sqe)
{
	_Atomic uint32_t *tail = (void *)(u->rings + u->p.cq_off.tail);
	uint32_t before = *tail;

	uring_put(u, sqe);
	while (atomic_load_explicit(tail, memory_order_acquire) == before)
		MUST(!(*(_Atomic uint32_t *)(u->rings + u->p.sq_off.flags) &
		       IORING_SQ_NEED_WAKEUP));
	return uring_take(u).res;
}

PROBE(ring_polled)
{
	struct io_uring_params p = {.flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 600000};
	struct uring u;

	SETUP(make_files);
	if (!uring_open_params(&u, p, 16))
		probe_skip("no polling thread of io_uring here");
	/* from its first request on it stays awake for as long as it was told */
	MUST(uring_do(&u, SQE(OP(NOP))) == 0);
	whole_program(&u, without_a_call, false);
}

/* Opened into a slot, read from it and closed: one chain, and there was never a descriptor. */
PROBE(ring_linked)
{
	int none[2] = {-1, -1};
	long results[3];
	struct uring u;

	SETUP(make_files);
	uring_need(&u);
	MUST(syscall(NR_io_uring_register, u.fd, (long)IORING_REGISTER_FILES, none, 2L) == 0);
	only_rings(true);
	uring_put(&u, SQE(OP(OPENAT), .fd = AT_FDCWD, .addr = AT("secret"), .file_index = 1,
			  .flags = IOSQE_IO_LINK, .user_data = 1));
	uring_put(&u, SQE(OP(READ), .fd = 0, .flags = IOSQE_FIXED_FILE | IOSQE_IO_LINK,
			  .addr = AT(loot), .len = 10, .user_data = 2));
	uring_put(&u, SQE(OP(CLOSE), .file_index = 1, .user_data = 3));
	MUST(uring_enter(&u, 3, 3) == 3);
	for (int i = 0; i < 3; i++) {
		struct io_uring_cqe cqe = uring_take(&u);

		results[cqe.user_data - 1] = cqe.res;
	}
	/* 5.10 looks for the file of the slot at once and cancels the chain, or opens a descriptor
	 */
	if (results[0])
		probe_skip("no direct descriptors here: they came with 5.15");
	MUST(results[1] == 10 && results[2] == 0);
	SAID(file_open, "openat", 0, PATH("secret"), STR(source, "kernel"));
	SAID(file_read, "read", 10, PATH("secret"), STR(source, "kernel"));
	/* what is in the slot is known when the request comes, and there was nothing yet */
	SAID(file_close, "close", 0, STR(path, ""), STR(source, "partial"));
}
