/* SPDX-License-Identifier: MIT */
/* Internet addresses and networks: RFC 4291 text forms, CIDR (RFC 4632). IPv4 is kept as an
 * IPv4-mapped IPv6 address, so that ::ffff:10.0.0.1 lies in 10.0.0.0/8. */
#pragma once

#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

struct espy_address {
	uint8_t ip[16];
	int port;                /* -1: none is given */
	struct espy_str ip_text; /* the part of the text that is the address */
};

/* 127.0.0.1, 127.0.0.1:80, ::1, [::1], [::1]:80, fe80::1%eth0; false: it is something else. */
bool espy_address_parse(struct espy_str s, struct espy_address *ret);

struct espy_network {
	uint8_t ip[16];
	unsigned bits; /* of 128 that must agree */
	int port;      /* -1: any */
};

/* An address as above, or address/bits; false: it is something else. */
bool espy_address_network(struct espy_str s, struct espy_network *ret);
bool espy_address_in(const struct espy_address *a, const struct espy_network *n);
