/* SPDX-License-Identifier: MIT */
#include "format/outputs.h"
#include <pthread.h>

#define LINES_MAX 32 /* formats of lines */

const struct espy_output_format *const espy_outputs[] = {
	&espy_output_espy,     &espy_output_sqlite,      &espy_output_parquet,
	&espy_output_perfetto, &espy_output_chrome,      &espy_output_folded,
	&espy_output_pml,      &espy_output_procmon_xml, NULL,
};

static struct {
	pthread_once_t once;
	unsigned n;
	struct espy_output_format formats[LINES_MAX];
} lines = {.once = PTHREAD_ONCE_INIT};

static void make_lines(void)
{
	for (; lines.n < LINES_MAX && espy_formats[lines.n]; lines.n++)
		espy_output_lines(&lines.formats[lines.n], espy_formats[lines.n]);
}

const struct espy_output_format *espy_output_at(unsigned i)
{
	pthread_once(&lines.once, make_lines);
	return i < lines.n ? &lines.formats[i] : espy_outputs[i - lines.n];
}

const struct espy_output_format *espy_output_find(struct espy_str name)
{
	const struct espy_output_format *f;

	for (unsigned i = 0; (f = espy_output_at(i)); i++)
		if (espy_str_eq(espy_str0(f->name), name))
			return f;
	return NULL;
}

/* Length of the longest suffix that the path ends with and is longer than. */
static size_t longest_suffix(const struct espy_output_format *f, struct espy_str path)
{
	size_t longest = 0;

	for (const char *at = f->suffixes; *at;) {
		struct espy_str suffix = {at, strcspn(at, " ")};

		if (suffix.n > longest && suffix.n < path.n && espy_str_ends(path, suffix))
			longest = suffix.n;
		at += suffix.n + (at[suffix.n] == ' ');
	}
	return longest;
}

const struct espy_output_format *espy_output_of_path(struct espy_str path)
{
	const struct espy_output_format *f, *best = NULL;
	size_t longest = 0;

	for (unsigned i = 0; (f = espy_output_at(i)); i++) {
		size_t n = longest_suffix(f, path);

		if (n > longest) {
			longest = n;
			best = f;
		}
	}
	return best;
}
