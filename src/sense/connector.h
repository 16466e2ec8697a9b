/* SPDX-License-Identifier: MIT */
/*
 * The process connector: a netlink socket (NETLINK_CONNECTOR, group CN_IDX_PROC) on which the
 * kernel tells of every fork, exec and exit, and some more. Needs CONFIG_PROC_EVENTS, the machine's
 * own network, pid and user namespaces, and CAP_NET_ADMIN before Linux 6.6.
 *
 * Sources: linux/cn_proc.h, linux/connector.h, drivers/connector/cn_proc.c. Every message has a
 * number that counts up on its processor (send_msg in cn_proc.c), also where a listener has no room
 * for it: a gap is a loss.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define ESPY_CONNECTOR_COMM 16 /* with a NUL */

/* enum what of linux/cn_proc.h, whose place changed with Linux 6.6. */
enum espy_connector_what {
	ESPY_CONNECTOR_ACK = 0,
	ESPY_CONNECTOR_FORK = 1,
	ESPY_CONNECTOR_EXEC = 2,
	ESPY_CONNECTOR_UID = 4,
	ESPY_CONNECTOR_GID = 0x40,
	ESPY_CONNECTOR_SID = 0x80,
	ESPY_CONNECTOR_PTRACE = 0x100,
	ESPY_CONNECTOR_COMM_CHANGE = 0x200,
	ESPY_CONNECTOR_COREDUMP = 0x40000000,
	ESPY_CONNECTOR_EXIT = (int)0x80000000,
};

/* One message. Ids are those of the initial pid namespace; what an event does not have is 0. */
struct espy_connector_event {
	uint32_t what; /* enum espy_connector_what */
	uint32_t cpu, seq;
	uint64_t time; /* CLOCK_MONOTONIC ns */
	uint32_t tid, pid;
	uint32_t ack;                   /* ACK: whose, as the request had it, plus one */
	uint32_t other_tid, other_pid;  /* FORK: the child; PTRACE: the tracer, 0 on detach */
	uint32_t real, effective;       /* UID, GID; ACK: an errno */
	uint32_t exit_code;             /* EXIT: as wait(2) gives it */
	char comm[ESPY_CONNECTOR_COMM]; /* COMM_CHANGE; ended by a NUL */
};

/*
 * Takes a datagram apart; `fn` gets each message of the process connector. What is too short for
 * what it says to be, or is not ours, is left out. Returns how many were handed on.
 */
typedef void (*espy_connector_fn)(void *ctx, const struct espy_connector_event *e);
unsigned espy_connector_parse(const void *data, size_t n, espy_connector_fn fn, void *ctx);

/*
 * Opens the socket and waits until the kernel agreed. `receive_bytes` is the room for what is not
 * read yet, 0: default 8 MiB (as far as the system lets one). Descriptor or negative errno with a
 * sentence.
 */
int espy_connector_open(size_t receive_bytes, struct espy_err *err);
/* The kernel need not make messages for us any more; what is queued can still be received. */
void espy_connector_mute(int fd);
/* Asks for an answer on this processor, which has its next number. 0 or negative errno. */
int espy_connector_ping(int fd);

#define ESPY_CONNECTOR_AT_ONCE 64 /* messages of one call */

/* Receives what is there. How many messages: fewer than ESPY_CONNECTOR_AT_ONCE are all; -ENOBUFS:
 * some were lost; another negative errno. */
int espy_connector_receive(int fd, espy_connector_fn fn, void *ctx);
