/* SPDX-License-Identifier: MIT */
#include "cmd/bounds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/escape.h"
#include "cmd/parse.h"
#include "rule/rule.h"

#define LETTERS      256 /* an option without a letter comes as this and its place */
#define MAX_SIZE_MIN (1u << 20)
#define BATCHES      16 /* that fit at least into the size */
#define KEEP_TEXT    64 /* of one bound */

/* --- parsing ---------------------------------------------------------------------------------- */

static int parse_max_size(struct espy_bounds *b, const char *arg, struct espy_err *err)
{
	if (espy_parse_size(arg, &b->max_bytes) < 0)
		return espy_err_set(err, -EINVAL, "--max-size %s: that is not a size such as 2G",
				    arg);
	if (b->max_bytes < MAX_SIZE_MIN)
		return espy_err_set(err, -EINVAL, "--max-size %s: it must be at least 1M", arg);
	return 0;
}

/* 10m are minutes, 10M mebibytes: the one place where both are possible. */
static int parse_bound(struct espy_bounds *b, const char *text)
{
	size_t digits = strspn(text, "0123456789.");
	bool is_size = strcmp(text + digits, "M") == 0;
	uint64_t span;

	if (!text[digits])
		return -EINVAL;
	if (!is_size && espy_parse_duration(text, &span) == 0) {
		if (!span || b->keep.span_ns)
			return -EINVAL;
		b->keep.span_ns = span;
		return 0;
	}
	if (b->keep.bytes || espy_parse_size(text, &b->keep.bytes) < 0)
		return -EINVAL;
	return b->keep.bytes < ESPY_TRACE_KEEP_MIN ? -ERANGE : 0;
}

static int parse_keep(struct espy_bounds *b, const char *arg, struct espy_err *err)
{
	const char *p = arg;
	int r = 0;

	b->keep = (struct espy_trace_keep){0};
	b->keep_text = arg;
	for (bool more = true; r == 0 && more;) {
		char one[KEEP_TEXT];
		size_t n = strcspn(p, ",");

		if (n >= sizeof(one))
			return espy_err_set(err, -EINVAL, "--keep: that is too long");
		memcpy(one, p, n);
		one[n] = '\0';
		more = p[n] == ',';
		p += n + more;
		r = parse_bound(b, one);
	}
	if (r == -ERANGE)
		return espy_err_set(err, r, "--keep %s: the size must be at least 1M", arg);
	if (r < 0)
		return espy_err_set(err, r,
				    "--keep %s: not understood; 10m are ten minutes, 500M and 2G "
				    "sizes, 10m,2G is both",
				    arg);
	return 0;
}

static int parse_after(struct espy_bounds *b, const char *arg, struct espy_err *err)
{
	if (espy_parse_duration(arg, &b->window.after_ns) < 0)
		return espy_err_set(err, -EINVAL, "--after %s: that is not a time such as 5s", arg);
	return 0;
}

static int parse_filter(const char **to, const char *arg, struct espy_err *err)
{
	struct espy_rule *rule = NULL;
	int r = espy_rule_new(&rule, arg, err);

	espy_rule_free(rule);
	*to = arg;
	return r;
}

static int parse_from(struct espy_bounds *b, const char *arg, struct espy_err *err)
{
	return parse_filter(&b->window.from, arg, err);
}

static int parse_until(struct espy_bounds *b, const char *arg, struct espy_err *err)
{
	return parse_filter(&b->window.until, arg, err);
}

static const struct {
	const char *name;
	int (*parse)(struct espy_bounds *b, const char *arg, struct espy_err *err);
} parsers[] = {
	{"max-size", parse_max_size}, {"keep", parse_keep},   {"from", parse_from},
	{"until", parse_until},       {"after", parse_after},
};

int espy_bounds_option(struct espy_bounds *b, const struct espy_command *c, int letter,
		       const char *arg)
{
	const char *name = letter >= LETTERS ? c->options[letter - LETTERS].name : "";
	struct espy_err err = {0};

	for (size_t i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		if (strcmp(parsers[i].name, name) != 0)
			continue;
		if (parsers[i].parse(b, arg, &err) == 0)
			return 0;
		if (err.column)
			espy_cmd_fail(&err, arg);
		else
			espy_cmd_usage(c, "%s", err.text);
		return 2;
	}
	return -ENOENT;
}

int espy_bounds_check(const struct espy_bounds *b, const struct espy_command *c, const char *output)
{
	bool keeps = b->keep.bytes || b->keep.span_ns;

	if (keeps && strcmp(output, "-") == 0)
		return espy_cmd_usage(c, "--keep needs a file: what went into a pipe cannot be "
					 "dropped again");
	if (keeps && b->max_bytes)
		return espy_cmd_usage(c, "--keep and --max-size together: one throws the oldest "
					 "away, the other ends; choose one");
	if (b->window.after_ns && !b->window.until)
		return espy_cmd_usage(c, "--after goes with --until");
	return 0;
}

size_t espy_bounds_batch(const struct espy_bounds *b)
{
	return (b->keep.bytes ? b->keep.bytes : b->max_bytes) / BATCHES;
}

/* --- telling ---------------------------------------------------------------------------------- */

static void put_time(struct espy_buf *out, const struct espy_machine *m, uint64_t boot_ns)
{
	uint64_t wall = boot_ns + (uint64_t)m->wall_offset;
	time_t s = (time_t)(wall / 1000000000u) + m->utc_offset;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	espy_buf_printf(out, ", up to %s,", text);
}

void espy_bounds_tell(const struct espy_machine *m, uint64_t dropped, uint64_t until)
{
	struct espy_buf b = {0};

	if (!dropped)
		return;
	espy_buf_printf(&b, "espy: %llu older event%s", (unsigned long long)dropped,
			dropped > 1 ? "s" : "");
	if (until)
		put_time(&b, m, until);
	espy_buf_puts(&b, dropped > 1 ? " were dropped by --keep " : " was dropped by --keep ");
	espy_escape_text(&b, espy_str0(m->keep));
	if (!b.error)
		fprintf(stderr, "%.*s\n", (int)b.n, b.p);
	espy_buf_done(&b);
}
