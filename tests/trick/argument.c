/* SPDX-License-Identifier: MIT */
/* Paths and addresses that are one thing when the kernel takes them and another when it is done. */
#include "../probe/net.h"
#include "race.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define ROUNDS 300

/* Names and addresses that race differ in one byte: whoever looks sees one or the other. */

extern char **environ;

static void make_files(void *arg)
{
	(void)arg;
	close(probe_file("true", "1"));
	close(probe_file("trug", "2"));
	MUST(mkfifo("fifo", 0600) == 0);
	MUST(symlink("true", "link") == 0);
}

/* --- open ------------------------------------------------------------------------------------ */

static void open_other_end(void *arg)
{
	(void)arg;
	MUST(open("fifo", O_WRONLY) >= 0);
}

static void interrupt(void *arg)
{
	(void)arg;
	kill(getppid(), SIGUSR1);
}

static void nothing(int sig)
{
	(void)sig;
}

/* While it waits for the other end of a FIFO, the name in memory becomes another. */
PROBE(open_stalled)
{
	struct late l = {.lie = "trug", .size = 5, .then = open_other_end};
	struct sigaction a = {.sa_handler = nothing};
	pid_t pid;
	long fd;

	SETUP(make_files);
	l.at = shared_bytes("fifo", 5);
	pid = late_begin(&l);
	fd = DO(openat, AT_FDCWD, l.at, O_RDONLY, 0);
	MUST(fd >= 0 && strcmp(l.at, "trug") == 0 && probe_wait(pid) == 0);
	WANT(file_open, PATH("fifo"), STR(source, "kernel"));
	close((int)fd);
	/* One that does not come to its end has no file to ask. */
	MUST(sigaction(SIGUSR1, &a, NULL) == 0);
	l.at = shared_bytes("fifo", 5);
	l.then = interrupt;
	pid = late_begin(&l);
	MUST(DO(openat, AT_FDCWD, l.at, O_RDONLY, 0) == -EINTR);
	MUST(strcmp(l.at, "trug") == 0 && probe_wait(pid) == 0);
	WANT(file_open, HONEST(path, probe_at("fifo"), probe_at("trug")), STR(source, "user"),
	     NUM(result, -512)); /* ERESTARTSYS: the kernel's own word for it */
}

PROBE(open_raced)
{
	struct flip f;
	unsigned won = 0;

	SETUP(make_files);
	flip_begin(&f, "true", "trug", 5);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = DO(openat, AT_FDCWD, f.at, O_RDONLY, 0);
		const char *now = probe_at(f.at);

		MUST(fd >= 0);
		won += strcmp(now, probe_fd_path(fd)) != 0;
		WANT(file_open, STR(path, probe_fd_path(fd)), STR(source, "kernel"));
		close(fd);
	}
	flip_end(&f);
	probe_note("the name was another when the call was over in %u of %u calls", won, ROUNDS);
}

static void swap_links(void *arg)
{
	(void)arg;
	for (;;) {
		symlink("trug", "next");
		rename("next", "link");
		symlink("true", "next");
		rename("next", "link");
	}
}

PROBE(open_links_swapped)
{
	pid_t pid;
	int fd;

	SETUP(make_files);
	pid = probe_child(swap_links, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		fd = DO(openat, AT_FDCWD, "link", O_RDONLY, 0);
		MUST(fd >= 0);
		WANT(file_open, STR(path, probe_fd_path(fd)), STR(source, "kernel"));
		close(fd);
	}
	kill(pid, SIGKILL);
	probe_wait(pid);
}

/* --- other calls with paths ---------------------------------------------------------------------
 */

/* One name is taken, then the other is waited for; meanwhile the first becomes another. */
static void stall_names(struct stall *s, const char *second)
{
	*s = (struct stall){.text = {"true", second}, .lie = {"trug", "moveb"}};
	stall_begin(s);
}

PROBE(names_stalled)
{
	struct stall s;

	SETUP(make_files);
	stall_names(&s, "hard");
	MUST(DO(link, s.page[0], s.page[1]) == 0);
	MUST(stall_lied(&s) && access("hard", F_OK) == 0);
	WANT(file_link, HONEST(path, probe_at("true"), probe_at("trug")),
	     HONEST(path2, probe_at("hard"), probe_at("moveb")));
	stall_names(&s, "moved");
	MUST(DO(rename, s.page[0], s.page[1]) == 0);
	MUST(stall_lied(&s) && access("moved", F_OK) == 0);
	WANT(file_rename, HONEST(path, probe_at("true"), probe_at("trug")),
	     HONEST(path2, probe_at("moved"), probe_at("moveb")));
}

static void make_pair(void *arg)
{
	(void)arg;
	close(probe_file("true", "1"));
	close(probe_file("trug", "2"));
}

/* Deletes what it is told to, and finds out afterwards what that was. */
PROBE(names_raced)
{
	struct flip f;

	flip_begin(&f, "true", "trug", 5);
	for (int i = 0; i < ROUNDS; i++) {
		SETUP(make_pair);
		MUST(DO(unlink, f.at) == 0);
		if (access("true", F_OK) == 0)
			WANT(file_unlink, HONEST(path, probe_at("trug"), probe_at("true")));
		else
			WANT(file_unlink, HONEST(path, probe_at("true"), probe_at("trug")));
	}
	flip_end(&f);
}

/* --- addresses -----------------------------------------------------------------------------------
 */

static void connect_first(void *arg)
{
	union net_addr a;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	MUST(connect(fd, &a.sa, net_unix_addr(&a, arg)) == 0);
}

static void take_one(void *arg)
{
	MUST(accept(*(int *)arg, NULL, NULL) >= 0);
}

/* While it waits for room in the queue of one server, the address in memory becomes another's. */
PROBE(connect_stalled)
{
	char truth[32], lie[32];
	union net_addr a, other;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct late l = {.lie = &other, .then = take_one, .arg = &server};
	socklen_t len;
	pid_t pid;

	snprintf(truth, sizeof(truth), "@true-%d", getpid());
	snprintf(lie, sizeof(lie), "@fake-%d", getpid());
	len = net_unix_addr(&a, truth);
	MUST(bind(server, &a.sa, len) == 0 && listen(server, 0) == 0);
	MUST(probe_wait(probe_child(connect_first, truth)) == 0);
	l.size = net_unix_addr(&other, lie);
	l.at = shared_bytes(&a, len);
	pid = late_begin(&l);
	DO(connect, fd, l.at, (long)len);
	MUST(memcmp(l.at, &other, len) == 0 && probe_wait(pid) == 0);
	WANT(net_connect, STR(remote, truth), STR(path, truth), STR(source, "kernel"));
	/* One that failed has no socket to ask. */
	net_unix_addr((void *)l.at, lie);
	DO(connect, fd, l.at, (long)len);
	WANT(net_connect, STR(remote, lie), STR(source, "user"));
}

static void address_of(int server, union net_addr *ret)
{
	socklen_t len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	MUST(server >= 0 && getsockname(server, &ret->sa, &len) == 0);
}

PROBE(connect_raced)
{
	union net_addr one, two;
	socklen_t n = net_loopback(&one, AF_INET, 4711);
	unsigned won = 0;
	struct flip f;

	two = one;
	two.bytes[7] = 9; /* 127.0.0.9 */
	flip_begin(&f, &one, &two, n);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		MUST(DO(connect, fd, f.at, (long)n) == 0);
		won += strcmp(net_text((void *)f.at, n), net_remote(fd)) != 0;
		WANT(net_connect, STR(remote, net_remote(fd)), STR(path, net_path(fd)),
		     STR(source, "kernel"));
		close(fd);
	}
	flip_end(&f);
	probe_note("the address was another when the call was over in %u of %u calls", won, ROUNDS);
}

/* The address is taken, then the bytes are waited for; meanwhile the address becomes another. */
PROBE(send_stalled)
{
	int one = net_server(AF_INET, SOCK_DGRAM), two = net_server(AF_INET, SOCK_DGRAM), fd;
	union net_addr a, b;
	struct stall s = {.size = 16, .text = {a.bytes, "0123456789abcdef"}, .lie = {b.bytes, ""}};
	char buf[8];

	address_of(one, &a);
	address_of(two, &b);
	stall_begin(&s);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	MUST(DO(sendto, fd, s.page[1], 8L, 0L, s.page[0], 16L) == 8);
	MUST(stall_lied(&s) && recv(one, buf, 8, MSG_DONTWAIT) == 8);
	WANT(net_send, HONEST(remote, net_text(&a, 16), net_text(&b, 16)), STR(source, "user"));
}

/* A connection takes no other address, whatever the call says. */
PROBE(send_elsewhere)
{
	union net_addr fake;
	char buf[8] = "1234567";
	int s[2];

	MUST(net_pair(AF_INET, SOCK_STREAM, s));
	net_loopback(&fake, AF_INET, 4711);
	MUST(DO(sendto, s[0], buf, 7L, 0L, &fake, 16L) == 7);
	WANT(net_send, STR(remote, net_remote(s[0])), STR(path, net_path(s[0])),
	     STR(source, "kernel"));
	MUST(DO(recvfrom, s[1], buf, 7L, 0L, &fake, &(socklen_t){16}) == 7);
	WANT(net_recv, STR(remote, net_remote(s[1])), STR(path, net_path(s[1])),
	     STR(source, "kernel"));
}

/* --- exec --------------------------------------------------------------------------------------
 */

static void exec_with_stalled_arguments(void *arg)
{
	struct stall s = {.text = {probe_exe, "@exit"}, .lie = {"/usr/bin/true", ""}};
	char *argv[] = {(char *)"name", NULL, (char *)"7", NULL};
	char *seen[] = {(char *)"name", (char *)"@exit", (char *)"7", NULL};

	(void)arg;
	stall_begin(&s);
	argv[1] = s.page[1];
	DID(execve, 0);
	WANT(process_exec, STR(path, probe_exe), STR(given, probe_exe), LIST(argv, seen),
	     NUM(truncated, 0), STR(source, "kernel"));
	syscall(NR_execve, s.page[0], argv, environ);
	probe_die("execve");
}

/* The program is taken, then its arguments are waited for; meanwhile its name becomes another. */
PROBE(exec_stalled)
{
	int rc = probe_wait(probe_child(exec_with_stalled_arguments, NULL));

	if (rc == 99)
		_exit(99);
	MUST(rc == 0 || rc == 7);
}
