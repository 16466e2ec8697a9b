/* SPDX-License-Identifier: MIT */
/*
 * A DNS message (RFC 1035, RFC 6891) as what an event says of it. The bytes come from anybody: they
 * are read by the C library's parser (ns_initparse and its kin, -lresolv), and what it does not
 * take is left out and said so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

#define ESPY_DNS_HEADER      12u
#define ESPY_DNS_NAME_MAX    1024u /* NS_MAXDNAME: escaped, with its NUL */
#define ESPY_DNS_ANSWERS_MAX 8192u /* bytes of the answers' text */
#define ESPY_DNS_DATA_MAX    64u   /* bytes shown of an answer of a type that is not understood */

/* Ours, beside the bits that lie in the message. */
#define ESPY_DNS_PARTIAL 0x10000u

struct espy_dns {
	uint16_t id;
	bool is_answer, has_question;
	uint32_t flags; /* FLAGS_dns: bits of the message, and ESPY_DNS_PARTIAL */
	uint32_t rcode; /* 12 bits */
	uint32_t type, qclass;
	uint32_t edns;      /* UDP size offered, 0 without EDNS */
	uint32_t n_answers; /* as the message says */
	size_t n_name, n_answers_text;
	bool is_cut; /* the text of the answers was more than there is room for */
	char name[ESPY_DNS_NAME_MAX];
	char answers[ESPY_DNS_ANSWERS_MAX];
};

/* 0, or -EBADMSG: less than a header and a whole question, or not a query (notify, update). What
 * follows may be missing: the message is then partial. */
int espy_dns_parse(struct espy_dns *ret, const void *message, size_t n);
