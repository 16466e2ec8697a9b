/* SPDX-License-Identifier: MIT */
#include "rule/address.h"
#include <arpa/inet.h>

#define MAPPED_BITS 96u

/* Digits only, at most `max`; -1 otherwise. */
static int parse_number(struct espy_str s, int max)
{
	int v = 0;

	if (s.n == 0 || s.n > 5)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v <= max ? v : -1;
}

/* The address alone; *ret_v4 says of which kind. */
static bool parse_ip(struct espy_str s, uint8_t *ip, bool *ret_v4)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN];
	const char *scope = s.n > 0 ? memchr(s.p, '%', s.n) : NULL;
	size_t n = scope ? (size_t)(scope - s.p) : s.n;

	if (n == 0 || n >= sizeof(text) || memchr(s.p, '\0', n))
		return false;
	memcpy(text, s.p, n);
	text[n] = '\0';
	*ret_v4 = inet_pton(AF_INET, text, ip + sizeof(mapped)) == 1;
	if (*ret_v4)
		memcpy(ip, mapped, sizeof(mapped));
	return *ret_v4 || inet_pton(AF_INET6, text, ip) == 1;
}

static struct espy_str part(struct espy_str s, size_t from, size_t to)
{
	return (struct espy_str){s.p + from, to - from};
}

/* Takes the text apart into address and port; both are only cut out. */
static void split(struct espy_str s, struct espy_str *ip, struct espy_str *port)
{
	const char *colon = memrchr(s.p, ':', s.n), *close = memrchr(s.p, ']', s.n);
	size_t end = close ? (size_t)(close - s.p) : 0;

	*ip = s;
	*port = ESPY_STR_NONE;
	if (s.p[0] == '[' && close) {
		*ip = part(s, 1, end);
		*port = part(s, end + 1, s.n);
	} else if (colon &&
		   memchr(s.p, ':', s.n) == colon) { /* more of them: IPv6 without a port */
		*ip = part(s, 0, (size_t)(colon - s.p));
		*port = part(s, (size_t)(colon - s.p), s.n);
	}
}

bool espy_address_parse(struct espy_str s, struct espy_address *ret)
{
	struct espy_address a = {.port = -1};
	struct espy_str port;
	bool v4;

	if (s.n == 0 || !s.p)
		return false;
	split(s, &a.ip_text, &port);
	if (port.n > 0) {
		a.port = port.p[0] == ':' ? parse_number(part(port, 1, port.n), 65535) : -1;
		if (a.port < 0)
			return false;
	}
	if (!parse_ip(a.ip_text, a.ip, &v4))
		return false;
	*ret = a;
	return true;
}

bool espy_address_network(struct espy_str s, struct espy_network *ret)
{
	const char *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
	struct espy_network n = {.bits = 128, .port = -1};
	struct espy_address a;
	bool v4;
	int bits;

	if (!slash) {
		if (!espy_address_parse(s, &a))
			return false;
		memcpy(n.ip, a.ip, sizeof(n.ip));
		n.port = a.port;
		*ret = n;
		return true;
	}
	if (!parse_ip(part(s, 0, (size_t)(slash - s.p)), n.ip, &v4))
		return false;
	bits = parse_number(part(s, (size_t)(slash - s.p) + 1, s.n), v4 ? 32 : 128);
	if (bits < 0)
		return false;
	n.bits = (unsigned)bits + (v4 ? MAPPED_BITS : 0);
	*ret = n;
	return true;
}

bool espy_address_in(const struct espy_address *a, const struct espy_network *n)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (n->port >= 0 && a->port != n->port)
		return false;
	if (memcmp(a->ip, n->ip, whole) != 0)
		return false;
	return rest == 0 || (a->ip[whole] ^ n->ip[whole]) >> (8 - rest) == 0;
}
