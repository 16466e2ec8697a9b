/* SPDX-License-Identifier: MIT */
#include "net.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

socklen_t net_loopback(union net_addr *a, int family, unsigned port)
{
	struct sockaddr_in *in = (void *)a;
	struct sockaddr_in6 *in6 = (void *)a;

	memset(a, 0, sizeof(*a));
	a->sa.sa_family = family;
	if (family == AF_INET) {
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	in6->sin6_addr = in6addr_loopback;
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

socklen_t net_unix_addr(union net_addr *a, const char *name)
{
	struct sockaddr_un *un = (void *)a;
	size_t head = offsetof(struct sockaddr_un, sun_path);

	memset(a, 0, sizeof(*a));
	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", name);
	if (name[0] == '@') {
		un->sun_path[0] = 0;
		return head + strlen(name);
	}
	return head + strlen(name) + 1;
}

static const char *unix_text(const struct sockaddr_un *un, size_t n)
{
	char text[128] = "";

	if (n > 0 && !un->sun_path[0]) {
		text[0] = '@';
		memcpy(text + 1, un->sun_path + 1, n - 1);
		text[n] = 0;
	} else if (n > 0) {
		snprintf(text, sizeof(text), "%.*s", (int)n, un->sun_path);
	}
	return strdup(text);
}

const char *net_text(const union net_addr *a, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)a;
	const struct sockaddr_in6 *in6 = (const void *)a;
	char host[64], text[128] = "";

	if (a->sa.sa_family == AF_UNIX)
		return unix_text((const void *)a, len - offsetof(struct sockaddr_un, sun_path));
	if (a->sa.sa_family == AF_INET && (in->sin_port || in->sin_addr.s_addr)) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, sizeof(text), "%s:%u", host, ntohs(in->sin_port));
	} else if (a->sa.sa_family == AF_INET6 &&
		   (in6->sin6_port || !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, sizeof(text), "[%s]:%u", host, ntohs(in6->sin6_port));
	}
	return strdup(text);
}

const char *net_local(int fd)
{
	union net_addr a;
	socklen_t len = sizeof(a);

	return getsockname(fd, &a.sa, &len) < 0 ? "" : net_text(&a, len);
}

const char *net_remote(int fd)
{
	union net_addr a;
	socklen_t len = sizeof(a);

	return getpeername(fd, &a.sa, &len) < 0 ? "" : net_text(&a, len);
}

static int family_of(int fd)
{
	int family = 0;
	socklen_t len = sizeof(family);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	return family;
}

const char *net_path(int fd)
{
	const char *local = net_local(fd), *remote = net_remote(fd), *proc = probe_fd_path(fd);
	bool is_unix = family_of(fd) == AF_UNIX;
	char text[300];

	if (!*local && !*remote)
		snprintf(text, sizeof(text), "%s%s", is_unix ? "unix" : "socket",
			 proc + strlen("socket"));
	else if (is_unix)
		snprintf(text, sizeof(text), "%s", *local ? local : remote);
	else
		snprintf(text, sizeof(text), "%s%s%s", local, *remote ? " -> " : "", remote);
	return strdup(text);
}

int net_server(int family, int type)
{
	union net_addr a;
	int fd = socket(family, type, 0);
	socklen_t len =
		family == AF_UNIX ? net_unix_addr(&a, "server") : net_loopback(&a, family, 0);

	if (family == AF_UNIX)
		unlink("server");
	if (fd < 0 || bind(fd, &a.sa, len) < 0)
		return -1;
	if (type != SOCK_DGRAM)
		MUST(listen(fd, 8) == 0);
	return fd;
}

int net_client(int server, int type)
{
	union net_addr a;
	socklen_t len = sizeof(a);
	int fd;

	MUST(getsockname(server, &a.sa, &len) == 0);
	fd = socket(a.sa.sa_family, type, 0);
	MUST(fd >= 0 && connect(fd, &a.sa, len) == 0);
	return fd;
}

bool net_pair(int family, int type, int ret[2])
{
	union net_addr a;
	socklen_t len = sizeof(a);
	int server = net_server(family, type);

	if (server < 0) {
		probe_note("address family %d is not here", family);
		return false;
	}
	ret[0] = net_client(server, type);
	if (type != SOCK_DGRAM) {
		ret[1] = accept4(server, NULL, NULL, 0);
		MUST(ret[1] >= 0); /* the server stays: closing it would be one more event */
		return true;
	}
	ret[1] = server;
	if (family != AF_UNIX) {
		MUST(getsockname(ret[0], &a.sa, &len) == 0);
		MUST(connect(server, &a.sa, len) == 0);
	}
	return true;
}
