/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a datagram of the process connector, and as a page of a tracing ring: what is read
 * stays inside, and the records that come of the messages hold together. The first byte says which.
 */
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>
#include "model/schema.h"
#include "sense/exec-names.h"
#include "sense/plain-event.h"

static void need(int ok)
{
	if (!ok)
		abort();
}

static struct espy_plain_later nothing_later(void *ctx, uint32_t pid, bool now)
{
	(void)ctx;
	(void)now;
	return (struct espy_plain_later){.exec = pid & 1, .exit = pid & 2};
}

static bool fits(const struct espy_event *rec, struct espy_text t)
{
	return (size_t)t.off + t.len <= rec->size;
}

static void check(const struct espy_event *rec, size_t left)
{
	const struct espy_schema *s = espy_schema_get(rec->type);

	need(s && rec->size >= s->size && rec->size <= left && rec->size % 8 == 0);
	for (unsigned i = 0; i < s->n_fields; i++) {
		const char *at = (const char *)rec + s->fields[i].offset;

		if (s->fields[i].kind == ESPY_KIND_text)
			need(fits(rec, *(const struct espy_text *)at));
		else if (s->fields[i].kind == ESPY_KIND_path)
			need(fits(rec, ((const struct espy_path *)at)->text));
	}
}

/* Processes above all that there are: nobody is looked at in /proc. */
static void take_message(void *ctx, const struct espy_connector_event *given)
{
	struct espy_plain_events *x = ctx;
	struct espy_connector_event e = *given;

	need(e.comm[sizeof(e.comm) - 1] == '\0');
	e.pid |= 0x7f000000;
	e.tid |= 0x7f000000;
	e.other_pid |= e.other_pid ? 0x7f000000 : 0;
	e.other_tid |= e.other_tid ? 0x7f000000 : 0;
	espy_buf_reset(&x->made);
	espy_plain_event(x, &e);
	for (size_t at = 0; at < x->made.n;) {
		const struct espy_event *rec = (const void *)(x->made.p + at);

		check(rec, x->made.n - at);
		at += rec->size;
	}
	need(x->tasks.targets >= 0);
}

static void take_name(void *ctx, uint64_t time, uint32_t pid, struct espy_str name)
{
	const struct espy_str *page = ctx;

	(void)time;
	(void)pid;
	need(name.p >= page->p && name.p + name.n <= page->p + page->n);
	need(!memchr(name.p, 0, name.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct espy_exec_format f = {.id = 1, .name = 8, .pid = 12};
	struct espy_exec_format any;
	struct espy_plain_events *x;
	struct espy_str page;
	char text[512] = "";

	if (size < 1)
		return 0;
	page = (struct espy_str){(const char *)data + 1, size - 1};
	if (data[0] & 1) {
		espy_exec_page_parse(&f, page.p, page.n, take_name, &page);
		memcpy(text, page.p, page.n < sizeof(text) ? page.n : sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		(void)espy_exec_format_parse(&any, text);
		return 0;
	}
	x = calloc(1, sizeof(*x));
	need(x != NULL);
	memset(x->type, 1, sizeof(x->type));
	x->later = nothing_later;
	espy_connector_parse(page.p, page.n, take_message, x);
	espy_plain_events_done(x);
	free(x);
	return 0;
}
