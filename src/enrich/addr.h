/* SPDX-License-Identifier: MIT */
/* Socket addresses and protocols as text (ESPY_FMT_ADDR), from the bytes of a struct sockaddr as
 * bind(2) takes it: ip(7), ipv6(7), unix(7), netlink(7), packet(7), vsock(7). */
#pragma once

#include <stdbool.h>
#include "base/buf.h"

/*
 * Appends the address: 127.0.0.1:80, [fe80::1%2]:80, /run/x.sock, @abstract, netlink:PID,
 * packet:IFINDEX, vsock:CID:PORT, and af_N:hex for what is not known or too short for its family.
 * Nothing for an empty or unnamed one. Bytes of a Unix name stay bytes.
 */
void espy_addr_text(struct espy_buf *out, struct espy_str sockaddr);

/* Does it say nothing: no bytes, no name, or every address and port 0? */
bool espy_addr_is_blank(struct espy_str sockaddr);

/* "LOCAL -> REMOTE" or "-> REMOTE", of texts. */
void espy_addr_path(struct espy_buf *out, struct espy_str local, struct espy_str remote);
/* Is it the address of a Unix socket? */
bool espy_addr_is_unix(struct espy_str sockaddr);

/* tcp, udp, icmp, raw-icmp, unix, netlink-route …; `type` is SOCK_*, `protocol` IPPROTO_*. Appends
 * "af_N" for families that are not known, nothing for family 0. */
void espy_addr_protocol(struct espy_buf *out, unsigned family, unsigned type, unsigned protocol);
