/* SPDX-License-Identifier: MIT */
#include "rule/fail.h"
#include <stdio.h>
#include "base/escape.h"

/* The longest head of at most `room` bytes that ends between two characters of UTF-8. */
static size_t cut(const struct espy_buf *b, size_t room)
{
	if (b->n <= room)
		return b->n;
	while (room > 0 && ((unsigned char)b->p[room] & 0xc0) == 0x80)
		room--;
	return room;
}

struct espy_shown espy_fail_show(struct espy_str s)
{
	struct espy_shown r = {""};
	struct espy_buf b = {0};
	size_t room = sizeof(r.s) - sizeof("...");

	espy_escape_text(&b, (struct espy_str){s.p, s.n < room ? s.n : room});
	if (!b.error)
		snprintf(r.s, sizeof(r.s), "%.*s%s", (int)cut(&b, room), b.n ? b.p : "",
			 s.n > room || b.n > room ? "..." : "");
	espy_buf_done(&b);
	return r;
}
