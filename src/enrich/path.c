/* SPDX-License-Identifier: MIT */
#include "enrich/path.h"

/* Takes the last item before *end off `s`, items being ended by NULs; *end moves to its begin. */
static struct espy_str last_item(struct espy_str s, size_t *end)
{
	size_t stop = *end, begin;

	if (stop > 0 && s.p[stop - 1] == '\0')
		stop--;
	begin = stop;
	while (begin > 0 && s.p[begin - 1] != '\0')
		begin--;
	*end = begin;
	return (struct espy_str){s.p + begin, stop - begin};
}

void espy_path_names(struct espy_buf *out, struct espy_str names, bool is_partial)
{
	size_t start = out->n, end = names.n;

	if (is_partial)
		espy_buf_str(out, ESPY_STR(ESPY_PATH_UNKNOWN));
	while (end > 0) {
		struct espy_str name = last_item(names, &end);

		/* The entry at the root of a file system has the name "/". */
		if (name.n == 0 || (name.n == 1 && name.p[0] == '/'))
			continue;
		espy_buf_putc(out, '/');
		espy_buf_str(out, name);
	}
	if (out->n == start)
		espy_buf_putc(out, '/');
}

bool espy_path_is_partial(struct espy_str path)
{
	struct espy_str mark = ESPY_STR(ESPY_PATH_UNKNOWN);

	return espy_str_starts(path, mark) && (path.n == mark.n || path.p[mark.n] == '/');
}

static void drop_component(struct espy_buf *out, size_t floor)
{
	while (out->n > floor && out->p[--out->n] != '/')
		;
}

static void add_component(struct espy_buf *out, size_t floor, struct espy_str name)
{
	if (name.n == 0 || espy_str_eq(name, ESPY_STR(".")))
		return;
	if (espy_str_eq(name, ESPY_STR(".."))) {
		drop_component(out, floor);
		return;
	}
	espy_buf_putc(out, '/');
	espy_buf_str(out, name);
}

void espy_path_join(struct espy_buf *out, struct espy_str base, struct espy_str text)
{
	bool is_absolute = text.n > 0 && text.p[0] == '/';
	size_t start = out->n, floor = start;

	if (base.n == 0 && !is_absolute)
		base = ESPY_STR(ESPY_PATH_UNKNOWN);
	if (!espy_str_eq(base, ESPY_STR("/")))
		espy_buf_str(out, base);
	if (is_absolute)
		floor = out->n;
	else if (espy_path_is_partial(base))
		floor = start + sizeof(ESPY_PATH_UNKNOWN) - 1;
	while (text.n > 0 && !out->error) {
		const char *slash = memchr(text.p, '/', text.n);
		size_t n = slash ? (size_t)(slash - text.p) : text.n;

		add_component(out, floor, (struct espy_str){text.p, n});
		n += slash != NULL;
		text.p += n;
		text.n -= n;
	}
	if (out->n == start)
		espy_buf_putc(out, '/');
}
