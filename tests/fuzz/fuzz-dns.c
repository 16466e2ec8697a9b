/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as messages of a name server: what is read stays inside its limits, and however calls
 * cut a stream, the records that come of it hold together. The first byte of each piece says how
 * the piece is handed up, the second how long it is.
 */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include "enrich/dns.h"
#include "enrich/lookup.h"
#include "enrich/wire.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

static int take(void *ctx, const struct espy_event *rec)
{
	struct espy_wire_plan plan;
	unsigned *rows = ctx;

	need(rec->type == ESPY_EV_net_dns);
	espy_wire_plan(&plan, espy_schema_get(ESPY_EV_net_dns));
	need(espy_wire_check(&plan, rec) == 0);
	++*rows;
	return 0;
}

static void parse(const uint8_t *data, size_t size)
{
	static struct espy_dns d;

	if (espy_dns_parse(&d, data, size) < 0)
		return;
	need(size >= ESPY_DNS_HEADER);
	need(d.n_name < sizeof(d.name) && d.n_answers_text <= sizeof(d.answers));
	need(d.rcode < 4096 && !memchr(d.name, 0, d.n_name));
	for (size_t i = 0; i < d.n_answers_text; i++)
		need(d.answers[i] >= ' ' && d.answers[i] <= '~');
	for (size_t i = 0; i < d.n_name; i++)
		need(d.name[i] > ' ' && d.name[i] <= '~');
}

static void look_up(const uint8_t *data, size_t size)
{
	static struct {
		struct espy_ev_meta_dns rec;
		uint8_t payload[256];
	} in;
	struct espy_lookups *t;
	unsigned rows = 0, before;

	need(espy_lookups_new(&t) == 0);
	in.rec.hdr.type = ESPY_EV_meta_dns;
	for (uint64_t time = 1; size >= 2; time++) {
		size_t n = data[1] < size - 2 ? data[1] : size - 2;

		in.rec.hdr.time = time * 1000000000;
		in.rec.hdr.size = (uint32_t)(sizeof(in.rec) + n);
		in.rec.sent = data[0] & 1;
		in.rec.stream = data[0] >> 1 & 1;
		in.rec.socket = data[0] >> 2 & 3;
		in.rec.bytes = n + (data[0] >> 4) * (data[0] >> 4);
		in.rec.payload = (struct espy_text){sizeof(in.rec), (uint16_t)n};
		memcpy(in.payload, data + 2, n);
		before = rows;
		need(espy_lookups_take(t, &in.rec, take, &rows) == 0);
		need(rows - before <= ESPY_LOOKUP_ROWS_MAX);
		need(espy_lookups_expire(t, in.rec.hdr.time, in.rec.hdr.time, take, &rows) == 0);
		data += 2 + n;
		size -= 2 + n;
	}
	need(espy_lookups_end(t, UINT64_MAX / 2, take, &rows) == 0);
	need(espy_lookups_deadline(t) > 0);
	espy_lookups_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size);
	look_up(data, size);
	return 0;
}
