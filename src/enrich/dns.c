/* SPDX-License-Identifier: MIT */
#include "enrich/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FLAG_BITS 0x07b0u /* AA TC RD RA AD CD */

/* --- text of the answers ------------------------------------------------------------------------
 */

static void add(struct espy_dns *d, const char *text, size_t n)
{
	if (n > sizeof(d->answers) - d->n_answers_text) {
		n = sizeof(d->answers) - d->n_answers_text;
		d->is_cut = true;
	}
	memcpy(d->answers + d->n_answers_text, text, n);
	d->n_answers_text += n;
}

static void add_str(struct espy_dns *d, const char *text)
{
	add(d, text, strlen(text));
}

static void add_num(struct espy_dns *d, unsigned v)
{
	char text[16];

	add(d, text, (size_t)snprintf(text, sizeof(text), "%u ", v));
}

/* An answer on its way into text: where it lies in its message, and how far it is read. */
struct rdata {
	struct espy_dns *to;
	const ns_msg *msg;
	const uint8_t *p, *end;
};

typedef bool (*put_fn)(struct rdata *r);

static bool put_inet(struct rdata *r, int family, size_t n)
{
	char text[INET6_ADDRSTRLEN];

	if ((size_t)(r->end - r->p) != n || !inet_ntop(family, r->p, text, sizeof(text)))
		return false;
	add_str(r->to, text);
	return true;
}

static bool put_a(struct rdata *r)
{
	return put_inet(r, AF_INET, 4);
}

static bool put_aaaa(struct rdata *r)
{
	return put_inet(r, AF_INET6, 16);
}

/* A name, which may lie elsewhere in the message. */
static bool put_name(struct rdata *r)
{
	char name[NS_MAXDNAME];
	int n = ns_name_uncompress(ns_msg_base(*r->msg), ns_msg_end(*r->msg), r->p, name,
				   sizeof(name));

	if (n < 0 || n > r->end - r->p)
		return false;
	r->p += n;
	add_str(r->to, name);
	return true;
}

/* Numbers of 16 bits, then a name. */
static bool put_numbers(struct rdata *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (r->end - r->p < 2)
			return false;
		add_num(r->to, ns_get16(r->p));
		r->p += 2;
	}
	return put_name(r);
}

static bool put_mx(struct rdata *r)
{
	return put_numbers(r, 1);
}

static bool put_srv(struct rdata *r)
{
	return put_numbers(r, 3);
}

/* A string in quotes; bytes that do not print, quotes and backslashes escaped as in a zone file. */
static void put_quoted(struct rdata *r, size_t n)
{
	char text[8];

	add_str(r->to, "\"");
	for (size_t i = 0; i < n; i++, r->p++) {
		if (*r->p < ' ' || *r->p > '~')
			snprintf(text, sizeof(text), "\\%03u", *r->p);
		else
			snprintf(text, sizeof(text), *r->p == '"' || *r->p == '\\' ? "\\%c" : "%c",
				 *r->p);
		add_str(r->to, text);
	}
	add_str(r->to, "\"");
}

static bool put_txt(struct rdata *r)
{
	for (bool first = true; r->p < r->end; first = false) {
		size_t n = *r->p++;

		if (n > (size_t)(r->end - r->p))
			return false;
		if (!first)
			add_str(r->to, " ");
		put_quoted(r, n);
	}
	return true;
}

/* RFC 3597: the length and the bytes in hexadecimal. */
static bool put_unknown(struct rdata *r)
{
	size_t n = (size_t)(r->end - r->p), shown = n < ESPY_DNS_DATA_MAX ? n : ESPY_DNS_DATA_MAX;
	char text[32];

	add_str(r->to, "\\# ");
	add_num(r->to, (unsigned)n);
	for (size_t i = 0; i < shown; i++) {
		snprintf(text, sizeof(text), "%02x", r->p[i]);
		add_str(r->to, text);
	}
	if (shown < n) {
		add_str(r->to, "...");
		r->to->is_cut = true;
	}
	return true;
}

/* Types that are shown otherwise than as bytes; addresses need no type before them. */
static const struct form {
	unsigned type;
	const char *name;
	put_fn put;
} forms[] = {
	{ns_t_a, NULL, put_a},
	{ns_t_aaaa, NULL, put_aaaa},
	{ns_t_cname, "CNAME ", put_name},
	{ns_t_dname, "DNAME ", put_name},
	{ns_t_ns, "NS ", put_name},
	{ns_t_ptr, "PTR ", put_name},
	{ns_t_soa, "SOA ", put_name},
	{ns_t_mx, "MX ", put_mx},
	{ns_t_srv, "SRV ", put_srv},
	{ns_t_txt, "TXT ", put_txt},
	{99 /* SPF */, "SPF ", put_txt},
};

static const struct form *form_of(unsigned type)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].type == type)
			return &forms[i];
	return NULL;
}

static void put_type(struct espy_dns *d, unsigned type, const struct form *f)
{
	char text[32];

	snprintf(text, sizeof(text), "TYPE%u ", type);
	if (!f)
		add_str(d, text);
	else if (f->name)
		add_str(d, f->name);
}

static void put_answer(struct espy_dns *d, const ns_msg *msg, const ns_rr *rr)
{
	const struct form *f = ns_rr_class(*rr) == ns_c_in ? form_of(ns_rr_type(*rr)) : NULL;
	struct rdata r = {d, msg, ns_rr_rdata(*rr), ns_rr_rdata(*rr) + ns_rr_rdlen(*rr)};
	size_t before = d->n_answers_text, begin;

	if (before)
		add_str(d, ", ");
	begin = d->n_answers_text;
	put_type(d, ns_rr_type(*rr), f);
	if (f && f->put(&r))
		return;
	if (f) { /* not what its type promises: the bytes */
		d->n_answers_text = begin;
		put_type(d, ns_rr_type(*rr), NULL);
		r.p = ns_rr_rdata(*rr);
	}
	put_unknown(&r);
}

/* --- the message --------------------------------------------------------------------------------
 */

/* How many records, at most `n`, lie whole from `*at` on, which moves behind them. */
static unsigned whole(const uint8_t **at, const uint8_t *end, ns_sect section, unsigned n)
{
	unsigned i = 0;

	for (; i < n; i++) {
		int skip = ns_skiprr(*at, end, section, 1);

		if (skip < 0)
			break;
		*at += skip;
	}
	return i;
}

/*
 * The library takes whole messages only. Of one whose end is missing or makes no sense it is shown
 * what is whole: a copy of the header counts that.
 */
static int parse_whole(ns_msg *msg, const uint8_t *p, size_t n, uint8_t *copy)
{
	const uint8_t *at = p + ESPY_DNS_HEADER, *end = p + n;
	bool missing = false;

	memcpy(copy, p, ESPY_DNS_HEADER);
	for (size_t s = ns_s_qd; s < ns_s_max; s++) {
		unsigned count = ns_get16(p + 4 + 2 * s);
		unsigned there = missing ? 0 : whole(&at, end, (ns_sect)s, count);

		missing |= there < count;
		ns_put16(there, copy + 4 + 2 * s);
	}
	memcpy(copy + ESPY_DNS_HEADER, p + ESPY_DNS_HEADER, (size_t)(at - p) - ESPY_DNS_HEADER);
	return ns_initparse(copy, (int)(at - p), msg);
}

/* Answers of multicast DNS come without a question: what they are about is their first record. */
static bool take_question(struct espy_dns *d, ns_msg *msg)
{
	ns_sect from = ns_msg_count(*msg, ns_s_qd) ? ns_s_qd : ns_s_an;
	ns_rr rr;

	d->has_question = from == ns_s_qd;
	if (ns_msg_count(*msg, from) < 1)
		return d->is_answer; /* FORMERR may have nothing but a header */
	if (ns_parserr(msg, from, 0, &rr) < 0)
		return false;
	d->n_name = strnlen(ns_rr_name(rr), sizeof(d->name) - 1);
	memcpy(d->name, ns_rr_name(rr), d->n_name);
	d->type = ns_rr_type(rr);
	d->qclass = ns_rr_class(rr) & 0x7fff; /* the top bit is multicast DNS's own */
	return true;
}

static void take_answers(struct espy_dns *d, ns_msg *msg)
{
	unsigned n = ns_msg_count(*msg, ns_s_an);
	ns_rr rr;

	for (unsigned i = 0; i < n && !d->is_cut; i++) {
		if (ns_parserr(msg, ns_s_an, (int)i, &rr) < 0) {
			d->flags |= ESPY_DNS_PARTIAL;
			return;
		}
		put_answer(d, msg, &rr);
	}
}

/* EDNS lies among the additional records: its class is a size, its TTL begins with the upper bits
 * of the response code. */
static void take_edns(struct espy_dns *d, ns_msg *msg)
{
	unsigned n = ns_msg_count(*msg, ns_s_ar);
	ns_rr rr;

	for (unsigned i = 0; i < n; i++) {
		if (ns_parserr(msg, ns_s_ar, (int)i, &rr) < 0)
			return;
		if (ns_rr_type(rr) != ns_t_opt)
			continue;
		d->edns = ns_rr_class(rr);
		d->rcode |= (uint32_t)(ns_rr_ttl(rr) >> 24) << 4;
		return;
	}
}

int espy_dns_parse(struct espy_dns *ret, const void *message, size_t n)
{
	uint8_t copy[NS_MAXMSG];
	const uint8_t *p = message;
	uint32_t bits;
	ns_msg msg;

	if (n < ESPY_DNS_HEADER)
		return -EBADMSG;
	if (n > sizeof(copy))
		n = sizeof(copy);
	bits = ns_get16(p + 2);
	if (bits & 0x7800) /* opcode: only queries name something */
		return -EBADMSG;
	ret->id = (uint16_t)ns_get16(p);
	ret->is_answer = bits & 0x8000;
	ret->flags = bits & FLAG_BITS;
	ret->rcode = bits & 15;
	ret->n_answers = ns_get16(p + 6);
	ret->type = ret->qclass = ret->edns = 0;
	ret->n_name = ret->n_answers_text = 0;
	ret->is_cut = false;
	if (ns_initparse(p, (int)n, &msg) < 0) {
		if (parse_whole(&msg, p, n, copy) < 0)
			return -EBADMSG;
		ret->flags |= ESPY_DNS_PARTIAL;
	}
	if (ns_msg_count(msg, ns_s_qd) < 1 && (ns_get16(p + 4) || !ret->is_answer))
		return -EBADMSG;
	if (!take_question(ret, &msg))
		return -EBADMSG;
	take_answers(ret, &msg);
	take_edns(ret, &msg);
	return 0;
}
