/* SPDX-License-Identifier: MIT */
#include "enrich/setting.h"

const struct espy_setting_row espy_setting_rows[] = {
#define LIVE(pattern, kind, doc)    {pattern, kind, doc},
#define SETTING(pattern, kind, doc) {pattern, kind, doc},
#include "enrich/settings.def"
};
const int espy_n_setting_rows = sizeof(espy_setting_rows) / sizeof(*espy_setting_rows);

static const char live[] = {
#define LIVE(pattern, kind, doc)    1,
#define SETTING(pattern, kind, doc) 0,
#include "enrich/settings.def"
};

int espy_setting_is_live(int row)
{
	return row >= 0 && live[row];
}

/* A row is remembered in a byte, see espy_settings.known. */
_Static_assert(sizeof(live) < 250, "too many rows for a byte");

/* How many bytes of `path` the pattern takes, -1 when it does not fit. With a '/' at its end it
 * fits the directory and what is below, else the whole path. */
static long match(const char *p, struct espy_str path)
{
	const char *star = NULL;
	size_t i = 0, from = 0;

	for (;;) {
		if (*p == '*') {
			star = p++;
			from = i;
		} else if (!*p ? i == path.n || p[-1] == '/'
			       : i == path.n && p[0] == '/' && !p[1]) {
			return (long)i;
		} else if (*p && i < path.n && *p == path.p[i]) {
			p++;
			i++;
		} else if (star && from < path.n && path.p[from] != '/') {
			p = star + 1;
			i = ++from;
		} else {
			return -1;
		}
	}
}

/* "~/" stands for any directory: programs have their homes anywhere. */
static long match_home(const char *p, struct espy_str path)
{
	for (size_t i = 0; i < path.n; i++) {
		struct espy_str rest = {path.p + i, path.n - i};
		long n = path.p[i] == '/' ? match(p, rest) : -1;

		if (n >= 0)
			return (long)i + n;
	}
	return -1;
}

static long match_row(const char *p, struct espy_str path)
{
	long n;

	if (*p == '~')
		return match_home(p + 1, path);
	n = match(p, path);
	/* /lib is often a link to /usr/lib, and a path as a program says it may go through it */
	if (n < 0 && !strncmp(p, "/usr/lib/", 9))
		n = match(p + 4, path);
	return n;
}

int espy_setting_find(struct espy_str path, struct espy_str *ret_key)
{
	if (!path.n || path.p[0] != '/')
		return ESPY_SETTING_NONE;
	for (int i = 0; i < espy_n_setting_rows; i++) {
		const char *p = espy_setting_rows[i].pattern;
		long n = match_row(p, path);

		if (n < 0)
			continue;
		*ret_key = path;
		if (p[strlen(p) - 1] == '/' && (size_t)n < path.n)
			*ret_key = (struct espy_str){path.p + n, path.n - (size_t)n};
		return i;
	}
	return ESPY_SETTING_NONE;
}
