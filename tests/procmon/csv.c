/* SPDX-License-Identifier: MIT */
#include "csv.h"
#include <string.h>

void csv_open(struct csv *c, char *p, size_t n)
{
	bool has_mark = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0;

	c->p = has_mark ? p + 3 : p;
	c->end = p + n;
}

/* One field in quotes; the text is moved together where quotes were doubled. */
static struct csv_field quoted(struct csv *c)
{
	char *to = ++c->p;
	struct csv_field f = {to, 0};

	while (c->p < c->end) {
		if (*c->p == '"') {
			c->p++;
			if (c->p == c->end || *c->p != '"')
				break;
		}
		*to++ = *c->p++;
	}
	f.n = (size_t)(to - f.p);
	return f;
}

bool csv_next(struct csv *c, struct csv_row *ret)
{
	ret->n = 0;
	if (c->p >= c->end || *c->p != '"')
		return false;
	while (c->p < c->end && *c->p == '"' && ret->n < CSV_FIELDS) {
		ret->fields[ret->n++] = quoted(c);
		if (c->p < c->end && *c->p == ',')
			c->p++;
	}
	while (c->p < c->end && (*c->p == '\r' || *c->p == '\n'))
		c->p++;
	return true;
}
