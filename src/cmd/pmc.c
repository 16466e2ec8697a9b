/* SPDX-License-Identifier: MIT */
/* espy pmc: the configurations of Process Monitor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/cmd.h"
#include "cmd/pmc-option.h"
#include "format/pmc-filter.h"
#include "format/procmon-csv.h"

#define RULES_MAX 4096u /* on a command line */

enum { OPTION_BASE = 256, OPTION_HIGHLIGHT = 256 + 2, OPTION_DROP = 256 + 4 };

static const struct espy_option options[] = {
	{0, "base", "FILE", "make: begin with this configuration, not with a fresh one"},
	{'r', "rule", "RULE", "make: add a rule to the filter; may be repeated"},
	{0, "highlight", "RULE",
	 "make: add a rule to the highlighting; filter: an empty RULE shows that list"},
	{'c', "columns", "LIST", "make: show these columns of Process Monitor, by commas"},
	{0, "drop", NULL, "make: throw away what the filter hides"},
	{0, NULL, NULL, NULL},
};

struct pmc {
	const char *base, *columns;
	const char *rules[RULES_MAX];
	uint8_t lists[RULES_MAX]; /* enum espy_pmc_list of each */
	unsigned n_rules;
	bool highlight, drop;
	struct espy_pmc *config;
	struct espy_buf out;
};

/* --- show ---------------------------------------------------------------------------------------
 */

static void show_rules(struct espy_buf *out, const char *title, const struct espy_pmc_rules *rules)
{
	espy_buf_printf(out, "%s: %zu rule%s\n", title, rules->n, rules->n == 1 ? "" : "s");
	for (size_t i = 0; i < rules->n; i++) {
		const struct espy_pmc_rule *r = &rules->v[i];
		const char *column = espy_pmc_column_title(r->column);
		const char *relation = espy_pmc_relation_name(r->relation);

		espy_buf_printf(out, "  %s ", r->include == 1 ? "include" : "exclude");
		if (column)
			espy_buf_puts(out, column);
		else
			espy_buf_printf(out, "column %u", r->column);
		espy_buf_printf(out, " %s ", relation ? relation : "?");
		espy_escape_text(out, r->value);
		espy_buf_putc(out, '\n');
	}
}

static uint32_t u32_at(struct espy_str s, size_t i)
{
	const unsigned char *p = (const unsigned char *)s.p + 4 * i;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void show_columns(struct espy_buf *out, const struct espy_pmc *c)
{
	const struct espy_pmc_record *map = espy_pmc_find(c, "ColumnMap");
	uint32_t n = espy_pmc_u32(c, "ColumnCount", 0);

	espy_buf_puts(out, "Columns:");
	for (uint32_t i = 0; map && i < n && (i + 1) * 4ull <= map->data.n; i++) {
		const char *title = espy_pmc_column_title(u32_at(map->data, i));

		espy_buf_puts(out, i ? ", " : " ");
		if (title)
			espy_buf_puts(out, title);
		else
			espy_buf_printf(out, "column %u", u32_at(map->data, i));
	}
	espy_buf_putc(out, '\n');
}

static bool is_told_apart(struct espy_str name)
{
	static const char *const names[] = {"Columns", "ColumnCount", "ColumnMap"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (espy_str_eq(name, espy_str0(names[i])))
			return true;
	return false;
}

/* Numbers, and how many bytes anything else has. */
static void show_settings(struct espy_buf *out, const struct espy_pmc *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct espy_pmc_record *r = &c->records[i];

		if (r->list >= 0 || is_told_apart(r->name))
			continue;
		espy_escape_text(out, r->name);
		if (r->data.n == 4)
			espy_buf_printf(out, ": %u\n", u32_at(r->data, 0));
		else
			espy_buf_printf(out, ": %zu bytes\n", r->data.n);
	}
}

static int show(struct pmc *p)
{
	show_columns(&p->out, p->config);
	show_settings(&p->out, p->config);
	show_rules(&p->out, "Filter", &p->config->rules[ESPY_PMC_FILTER]);
	show_rules(&p->out, "Highlight", &p->config->rules[ESPY_PMC_HIGHLIGHT]);
	return p->out.error;
}

/* --- filter -------------------------------------------------------------------------------------
 */

/* Takes a line off; without its end. */
static struct espy_str take_line(struct espy_str *text)
{
	const char *end = memchr(text->p, '\n', text->n);
	struct espy_str line = {text->p, end ? (size_t)(end - text->p) : text->n};

	text->p += line.n + (end != NULL);
	text->n -= line.n + (end != NULL);
	return line;
}

/* "rule 9 (Path is C:\): why": the part from the colon behind the rule's text on. */
static struct espy_str reason_of(struct espy_str note)
{
	static const struct espy_str mark = ESPY_STR("): ");

	for (size_t i = note.n; i-- > 0;)
		if (espy_str_starts((struct espy_str){note.p + i, note.n - i}, mark))
			return (struct espy_str){note.p + i + 1, note.n - i - 1};
	return note;
}

static size_t count_reason(struct espy_str notes, struct espy_str reason)
{
	size_t count = 0;

	while (notes.n)
		count += espy_str_eq(reason_of(take_line(&notes)), reason);
	return count;
}

/* One line for each reason: the first rule that it is said of, and how many others. */
static void put_notes(struct espy_buf *out, struct espy_str notes)
{
	for (struct espy_str left = notes; left.n;) {
		struct espy_str before = {notes.p, (size_t)(left.p - notes.p)};
		struct espy_str note = take_line(&left), reason = reason_of(note);
		size_t others = count_reason(left, reason);

		if (count_reason(before, reason))
			continue;
		espy_buf_puts(out, "espy: ");
		espy_escape_text(out, (struct espy_str){note.p, note.n - reason.n});
		if (others)
			espy_buf_printf(out, " and %zu other%s", others, others == 1 ? "" : "s");
		espy_escape_text(out, reason);
		espy_buf_putc(out, '\n');
	}
}

/* The expression to stdout, what it cannot say to stderr. */
static int filter(struct pmc *p)
{
	struct espy_buf notes = {0}, safe = {0};
	unsigned list = p->highlight ? ESPY_PMC_HIGHLIGHT : ESPY_PMC_FILTER;
	int r = espy_pmc_filter(&p->config->rules[list], &p->out, &notes);

	espy_buf_putc(&p->out, '\n');
	put_notes(&safe, (struct espy_str){notes.p, notes.n});
	espy_buf_flush(&safe, STDERR_FILENO);
	espy_buf_done(&safe);
	espy_buf_done(&notes);
	return r;
}

/* --- make ---------------------------------------------------------------------------------------
 */

static int set_columns(struct pmc *p, struct espy_err *err)
{
	uint32_t columns[ESPY_PMC_COLUMNS];
	const char *at = p->columns;
	size_t n = 0;

	while (*at) {
		struct espy_str word = {at, strcspn(at, ",")};
		const struct espy_column *c = espy_procmon_column_find(word);
		uint32_t id = c ? espy_procmon_columns[espy_procmon_column_of(c)].pmc : 0;

		if (!id)
			return espy_err_set(err, -EINVAL, "Process Monitor has no column “%.*s”",
					    (int)word.n, word.p);
		if (n >= ESPY_PMC_COLUMNS)
			return espy_err_set(err, -E2BIG, "more than %u columns", ESPY_PMC_COLUMNS);
		columns[n++] = id;
		at += word.n + (at[word.n] == ',');
	}
	return espy_pmc_set_columns(p->config, columns, n);
}

static int change(struct pmc *p, struct espy_err *err)
{
	int r = p->columns ? set_columns(p, err) : 0;

	for (unsigned i = 0; i < p->n_rules && r >= 0; i++)
		r = espy_pmc_parse_rule(p->config, (enum espy_pmc_list)p->lists[i],
					espy_str0(p->rules[i]), err);
	if (r >= 0 && p->drop)
		r = espy_pmc_set_u32(p->config, "DestructiveFilter", 1);
	return r;
}

static int write_file(struct espy_buf *out, const char *path, struct espy_err *err)
{
	bool is_stdout = strcmp(path, "-") == 0;
	int fd = is_stdout ? dup(STDOUT_FILENO)
			   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r = fd < 0 ? -errno : espy_buf_flush(out, fd);

	if (fd >= 0 && close(fd) < 0 && r >= 0)
		r = -errno;
	if (r == -EEXIST)
		return espy_err_set(err, r, "%s exists; remove it first or choose another name",
				    path);
	return r < 0 ? espy_err_set(err, r, "cannot write %s: %s", path, strerror(-r)) : 0;
}

static int make(struct pmc *p, const char *path, struct espy_err *err)
{
	int r = p->base ? espy_pmc_load(&p->config, p->base, err) : espy_pmc_new(&p->config);

	if (r >= 0)
		r = change(p, err);
	if (r >= 0)
		r = espy_pmc_write(p->config, &p->out);
	return r < 0 ? r : write_file(&p->out, path, err);
}

/* --- arguments ----------------------------------------------------------------------------------
 */

static int add_rule(struct pmc *p, enum espy_pmc_list list)
{
	if (p->n_rules >= RULES_MAX)
		return espy_cmd_usage(&espy_cmd_pmc, "more than %u rules", RULES_MAX);
	p->lists[p->n_rules] = list;
	p->rules[p->n_rules++] = optarg;
	return 0;
}

static int parse_option(struct pmc *p, int letter)
{
	switch (letter) {
	case OPTION_BASE:
		p->base = optarg;
		return 0;
	case 'r':
		return add_rule(p, ESPY_PMC_FILTER);
	case OPTION_HIGHLIGHT:
		p->highlight = true;
		return optarg[0] ? add_rule(p, ESPY_PMC_HIGHLIGHT) : 0;
	case 'c':
		p->columns = optarg;
		return 0;
	case OPTION_DROP:
		p->drop = true;
		return 0;
	default:
		return 2;
	}
}

static int do_verb(struct pmc *p, const char *verb, const char *path)
{
	struct espy_err err = {0};
	int r;

	if (strcmp(verb, "make") == 0) {
		r = make(p, path, &err);
		err.code = r;
		return r < 0 ? espy_cmd_fail(&err, NULL) : 0;
	}
	if (strcmp(verb, "show") != 0 && strcmp(verb, "filter") != 0)
		return espy_cmd_usage(&espy_cmd_pmc,
				      "there is no %s: there are show, filter and make", verb);
	r = espy_pmc_load(&p->config, path, &err);
	if (r >= 0)
		r = verb[0] == 's' ? show(p) : filter(p);
	if (r >= 0)
		r = espy_buf_flush(&p->out, STDOUT_FILENO);
	err.code = r;
	return r < 0 && r != -EPIPE ? espy_cmd_fail(&err, NULL) : 0;
}

static int pmc_main(int argc, char **argv)
{
	static struct pmc p;
	int letter, r = 0;

	while (r == 0 && (letter = espy_cmd_getopt(&espy_cmd_pmc, argc, argv, 0)) != -1)
		r = parse_option(&p, letter);
	if (r)
		return r;
	if (optind + 2 != argc)
		return espy_cmd_usage(&espy_cmd_pmc, "show, filter or make, and one file");
	r = do_verb(&p, argv[optind], argv[optind + 1]);
	espy_pmc_free(p.config);
	espy_buf_done(&p.out);
	return r;
}

const struct espy_command espy_cmd_pmc = {
	.name = "pmc",
	.usage = "show|filter|make FILE [options]",
	.help = "read and make configurations of Process Monitor",
	.detail = "show prints what a configuration (PMC) holds, filter its rules as an expression "
		  "of "
		  "Espy's filter language, make writes one. A RULE is written as Process Monitor "
		  "words it: 'exclude Path ends with .swp'.",
	.options = options,
	.run = pmc_main,
};
