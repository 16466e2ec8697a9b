/* SPDX-License-Identifier: MIT */
/* Sockets for probes, and their addresses in Espy's words. */
#pragma once

#include "probe.h"
#include <sys/socket.h>

union net_addr {
	struct sockaddr sa;
	char bytes[128];
};

/* 127.0.0.1 or ::1 with that port. Length of the address. */
socklen_t net_loopback(union net_addr *a, int family, unsigned port);
/* A Unix address; a name that begins with '@' is abstract. */
socklen_t net_unix_addr(union net_addr *a, const char *name);
/* "127.0.0.1:80", "[::1]:80", "/path", "@name", "" for none; of the socket and of its peer. */
const char *net_local(int fd);
const char *net_remote(int fd);
const char *net_text(const union net_addr *a, socklen_t len);
/* What the event's path says of the socket: "local -> remote". */
const char *net_path(int fd);

/* A bound socket, listening when it can; -1 when the family is not here. */
int net_server(int family, int type);
/* A socket connected to that server. */
int net_client(int server, int type);
/* A connected pair over loopback. false: the family is not here. */
bool net_pair(int family, int type, int ret[2]);
