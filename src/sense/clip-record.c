/* SPDX-License-Identifier: MIT */
#include "sense/clip-record.h"

#include <errno.h>
#include <string.h>

void espy_clip_done(struct espy_clip *c)
{
	espy_buf_done(&c->formats);
	espy_buf_done(&c->content);
}

void espy_clip_add_format(struct espy_clip *c, struct espy_str name)
{
	name.n = strnlen(name.p, name.n); /* what follows would pass for another one */
	if (name.n > ESPY_CLIP_FORMAT_NAME) {
		name.n = ESPY_CLIP_FORMAT_NAME;
		c->cut = true;
	}
	if (c->formats.n + name.n + 1 > ESPY_CLIP_FORMATS_BYTES) {
		c->cut = true;
		return;
	}
	espy_buf_str(&c->formats, name);
	espy_buf_putc(&c->formats, '\0');
}

static int find(const struct espy_str *names, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (espy_str_eq(names[i], espy_str0(name)))
			return (int)i;
	return -1;
}

int espy_clip_choose(const struct espy_str *names, unsigned n)
{
	/* ICCCM 2.6.2, and what toolkits offer beside it. */
	static const char *const text[] = {"UTF8_STRING", "text/plain;charset=utf-8", "STRING",
					   "text/plain", "COMPOUND_TEXT"};
	int at = -1;

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]) && at < 0; i++)
		at = find(names, n, text[i]);
	for (unsigned i = 0; i < n && at < 0; i++)
		if (memchr(names[i].p, '/', names[i].n))
			at = (int)i;
	return at;
}

bool espy_clip_is_secret(const struct espy_str *names, unsigned n)
{
	return find(names, n, "x-kde-passwordManagerHint") >= 0;
}

static void add_text(struct espy_buf *to, size_t from, struct espy_text *t, struct espy_str s)
{
	t->off = (uint16_t)(to->n - from);
	t->len = (uint16_t)s.n;
	espy_buf_str(to, s);
}

int espy_clip_record(const struct espy_clip *c, struct espy_buf *to)
{
	struct espy_ev_desktop_clipboard rec = {
		.hdr = {.time = c->ended,
			.duration = c->ended - c->began,
			.pid = c->pid,
			.tid = c->pid,
			.type = ESPY_EV_desktop_clipboard,
			.flags = c->cut ? ESPY_F_TRUNCATED : 0},
		.size = c->size,
		.window = c->window,
		.clip_change = c->change,
		.owner_from = c->owner_from,
		.clip_status = c->status,
	};
	static const char pad[8];
	size_t from = to->n;

	espy_buf_add(to, &rec, sizeof(rec));
	add_text(to, from, &rec.selection, espy_str0(c->selection));
	add_text(to, from, &rec.formats, (struct espy_str){c->formats.p, c->formats.n});
	add_text(to, from, &rec.clip_format, espy_str0(c->format));
	add_text(to, from, &rec.content_sha256, espy_str0(c->sha256));
	add_text(to, from, &rec.clip_content, (struct espy_str){c->content.p, c->content.n});
	add_text(to, from, &rec.display,
		 (struct espy_str){c->display, strnlen(c->display, ESPY_CLIP_FORMAT_NAME)});
	espy_buf_add(to, pad, -(to->n - from) & 7);
	if (to->error || c->formats.error || c->content.error) {
		to->n = from;
		return -ENOMEM;
	}
	rec.hdr.size = (uint32_t)(to->n - from);
	memcpy(to->p + from, &rec, sizeof(rec));
	return 0;
}
