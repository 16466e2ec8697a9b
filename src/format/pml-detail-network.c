/* SPDX-License-Identifier: MIT */
/* Events of the network. */
#include <arpa/inet.h>
#include <string.h>
#include "format/pml-detail.h"

enum { LOCAL_IS_V4 = 1, REMOTE_IS_V4 = 2, IS_TCP = 4 };

struct end {
	uint8_t ip[16];
	bool is_v4;
	uint16_t port;
};

static void read_ip(struct espy_pml_in *in, struct end *e)
{
	struct espy_pml_bytes b = espy_pml_in_bytes(in, sizeof(e->ip));

	memcpy(e->ip, b.p, e->is_v4 && b.n > 4 ? 4 : b.n);
}

static void add_ip(struct espy_buf *out, const struct end *e)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(e->is_v4 ? AF_INET : AF_INET6, e->ip, text, sizeof(text)))
		espy_buf_puts(out, text);
}

/* As Process Monitor shows it: names where it had found them. */
static void add_named(struct espy_pml_detail *d, const struct end *e, bool is_tcp)
{
	struct espy_str host = espy_pml_tables_host(d->tables, e->ip);
	struct espy_str port = espy_pml_tables_port(d->tables, e->port, is_tcp);

	if (host.n)
		espy_buf_str(&d->path, host);
	else
		add_ip(&d->path, e);
	espy_buf_putc(&d->path, ':');
	if (port.n)
		espy_buf_str(&d->path, port);
	else
		espy_buf_u64(&d->path, e->port);
}

/* As Espy writes addresses: 127.0.0.1:80, [::1]:80. */
static void fact_address(struct espy_pml_detail *d, const char *name, const struct end *e)
{
	espy_buf_reset(&d->scratch);
	if (!e->is_v4)
		espy_buf_putc(&d->scratch, '[');
	add_ip(&d->scratch, e);
	espy_buf_puts(&d->scratch, e->is_v4 ? ":" : "]:");
	espy_buf_u64(&d->scratch, e->port);
	if (!d->scratch.error)
		espy_pml_fact_text(d, name, d->scratch.p, d->scratch.n);
}

/* Names and values in turn, each ended by a NUL; an empty one ends the list. */
static void pairs(struct espy_pml_detail *d, struct espy_pml_bytes b)
{
	bool is_name = true;

	for (size_t i = 0; i + 2 <= b.n;) {
		size_t n = 0;

		while (i + n + 2 <= b.n && (b.p[i + n] || b.p[i + n + 1]))
			n += 2;
		if (!n)
			break;
		espy_buf_puts(&d->text, is_name ? ", " : ": ");
		espy_pml_utf16(&d->text, b.p + i, n);
		is_name = !is_name;
		i += n + 2;
	}
}

void espy_pml_detail_network(struct espy_pml_detail *d)
{
	uint16_t flags = espy_pml_in_u16(&d->in);
	struct end local = {.is_v4 = flags & LOCAL_IS_V4}, remote = {.is_v4 = flags & REMOTE_IS_V4};
	bool is_tcp = flags & IS_TCP;
	uint32_t length;

	espy_pml_in_skip(&d->in, 2);
	length = espy_pml_in_u32(&d->in);
	read_ip(&d->in, &local);
	read_ip(&d->in, &remote);
	local.port = espy_pml_in_u16(&d->in);
	remote.port = espy_pml_in_u16(&d->in);
	espy_pml_set_sub(d, is_tcp);
	add_named(d, &local, is_tcp);
	espy_buf_puts(&d->path, " -> ");
	add_named(d, &remote, is_tcp);
	espy_pml_item(d, "Length");
	espy_buf_u64(&d->text, length);
	pairs(d, espy_pml_in_bytes(&d->in, espy_pml_in_left(&d->in)));
	fact_address(d, "local", &local);
	fact_address(d, "remote", &remote);
	espy_pml_fact_text(d, "protocol", is_tcp ? "tcp" : "udp", 3);
	espy_pml_fact_num(d, "bytes", length);
	espy_pml_fact_num(d, "requested", length);
	d->result = length;
}
