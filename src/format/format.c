/* SPDX-License-Identifier: MIT */
#include "format/format.h"

#include <errno.h>
#include <stdio.h>
#include "format/formats.h"

const struct espy_format *const espy_formats[] = {
	&espy_format_text,
	&espy_format_json,
	&espy_format_csv,
	&espy_format_ecs,
	&espy_format_tsv,
	&espy_format_procmon_csv,
	NULL,
};

const struct espy_format *espy_format_find(struct espy_str name)
{
	for (size_t i = 0; espy_formats[i]; i++)
		if (espy_str_eq(espy_str0(espy_formats[i]->name), name))
			return espy_formats[i];
	return NULL;
}

const char *espy_format_names(char *buf, size_t n)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; espy_formats[i]; i++) {
		int r = snprintf(buf + at, n - at, "%s%s", i ? ", " : "", espy_formats[i]->name);

		if (r < 0 || (size_t)r >= n - at) {
			buf[at] = '\0';
			break;
		}
		at += (size_t)r;
	}
	return buf;
}

int espy_writer_init(struct espy_writer *w, const struct espy_format *f,
		     const struct espy_writer_options *o)
{
	size_t n = 0;

	while (o && o->columns && o->columns[n])
		n++;
	if (n >= ESPY_WRITER_COLUMNS)
		return -E2BIG;
	*w = (struct espy_writer){.format = f};
	if (o)
		w->options = *o;
	if (n)
		memcpy(w->columns, o->columns, n * sizeof(w->columns[0]));
	w->options.columns = NULL; /* the caller's array need not live on */
	return 0;
}

void espy_writer_done(struct espy_writer *w)
{
	espy_buf_done(&w->scratch);
	espy_buf_done(&w->text);
}

void espy_format_default(struct espy_writer *w, const char *list)
{
	if (!w->columns[0])
		espy_format_columns(list, w->columns, ESPY_WRITER_COLUMNS, NULL);
}

/* Up to the next comma, without blanks round it. */
static struct espy_str next_word(const char **at)
{
	struct espy_str s = {*at, strcspn(*at, ",")};

	*at += s.n + ((*at)[s.n] == ',');
	for (; s.n && s.p[0] == ' '; s.n--)
		s.p++;
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* Names what every event has, and the fields that begin like the unknown word. */
static int unknown_column(struct espy_str word, struct espy_err *err)
{
	char names[512];
	struct espy_str head = {word.p, word.n < 3 ? word.n : 3};
	const struct espy_column *c;
	size_t n = 0;

	for (unsigned i = 0; (c = espy_column_at(i)); i++) {
		struct espy_str name = espy_str0(c->name);

		if (c->id >= ESPY_COL__FIELDS && !espy_str_starts(name, head))
			continue;
		if (n + name.n + 3 > sizeof(names))
			break;
		memcpy(names + n, name.p, name.n);
		n += name.n;
		names[n++] = ' ';
	}
	names[n ? n - 1 : 0] = '\0';
	return espy_err_set(
		err, -EINVAL,
		"there is no column “%.*s”; there are %s, and the fields of events that "
		"“espy schema --columns” lists",
		(int)(word.n < 40 ? word.n : 40), word.p, names);
}

static const struct espy_column *find_column(const struct espy_format *f, struct espy_str word)
{
	const struct espy_column *c = f && f->find ? f->find(word) : NULL;

	return c ? c : espy_column_find(word);
}

int espy_format_columns_of(const struct espy_format *f, const char *list,
			   const struct espy_column **columns, size_t max, struct espy_err *err)
{
	const char *at = list;
	size_t n = 0;

	while (*at) {
		struct espy_str word = next_word(&at);
		const struct espy_column *c = find_column(f, word);

		if (!word.n)
			continue;
		if (!c)
			return unknown_column(word, err);
		if (n + 1 >= max)
			return espy_err_set(err, -E2BIG, "more than %zu columns", max - 1);
		columns[n++] = c;
	}
	if (!n)
		return espy_err_set(err, -EINVAL, "the list of columns is empty");
	columns[n] = NULL;
	return 0;
}

int espy_format_columns(const char *list, const struct espy_column **columns, size_t max,
			struct espy_err *err)
{
	return espy_format_columns_of(NULL, list, columns, max, err);
}
