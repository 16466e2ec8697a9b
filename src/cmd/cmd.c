/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/clipboard.h"
#include "cmd/cost.h"
#include "cmd/hashes.h"
#include "cmd/merge.h"
#include "cmd/pack.h"
#include "cmd/pmc-option.h"
#include "cmd/profile.h"
#include "cmd/symbols.h"
#include "cmd/with.h"

#define OPTIONS_MAX   48 /* of one command */
#define HELP_INDENT   30 /* where an option's sentence begins */
#define LINE_WIDTH    80 /* of help */
#define DEFAULT_WIDTH 80 /* of a terminal that does not say */
#define WIDTH_MAX     4096
#define NO_LETTER     256 /* plus the index of an option without a letter */
#define EXIT_RUN      125 /* espy run, when Espy itself fails */

/* --- options ---------------------------------------------------------------------------------- */

/* getopt's view of a command's table; --help stands behind the options. */
struct getopt_tables {
	char letters[2 * OPTIONS_MAX + 4];
	struct option names[OPTIONS_MAX + 2];
};

static bool has_letter(const struct espy_command *c, char letter)
{
	for (const struct espy_option *o = c->options; o && o->name; o++)
		if (o->letter == letter)
			return true;
	return false;
}

/* "[=LIST]" may be left out. */
static int argument_of(const struct espy_option *o)
{
	if (!o->arg)
		return no_argument;
	return o->arg[0] == '[' ? optional_argument : required_argument;
}

static void fill_tables(struct getopt_tables *t, const struct espy_command *c, int posix)
{
	char *p = t->letters;
	size_t i = 0;

	*p++ = posix ? '+' : ':';
	if (posix)
		*p++ = ':';
	for (const struct espy_option *o = c->options; o && o->name && i < OPTIONS_MAX; o++, i++) {
		t->names[i] = (struct option){o->name, argument_of(o), NULL,
					      o->letter ? o->letter : NO_LETTER + (int)i};
		if (!o->letter)
			continue;
		*p++ = o->letter;
		if (o->arg)
			*p++ = ':';
	}
	t->names[i] = (struct option){"help", no_argument, NULL, NO_LETTER + OPTIONS_MAX};
	if (!has_letter(c, 'h'))
		*p++ = 'h';
	*p = '\0';
}

/* Words up to the line's end, the next lines indented; `at` is where the cursor is. */
static void print_wrapped(const char *text, size_t at, size_t indent)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (at > indent && at + 1 + n > LINE_WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)n, text);
		at += n;
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_option(char letter, const char *name, const char *arg, const char *help)
{
	char head[64];
	int n = letter ? snprintf(head, sizeof(head), "  -%c, --%s", letter, name)
		       : snprintf(head, sizeof(head), "      --%s", name);

	if (arg && n > 0 && (size_t)n < sizeof(head))
		snprintf(head + n, sizeof(head) - (size_t)n, arg[0] == '[' ? "%s" : " %s", arg);
	printf("%s", head);
	n = (int)espy_escape_width(espy_str0(head));
	if (n + 2 > HELP_INDENT)
		printf("\n%*s", HELP_INDENT, "");
	else
		printf("%*s", HELP_INDENT - n, "");
	print_wrapped(help, HELP_INDENT, HELP_INDENT);
}

static void print_help(const struct espy_command *c)
{
	printf("Usage: espy %s %s\n", c->name, c->usage);
	print_wrapped(c->help, 0, 0);
	if (c->detail) {
		putchar('\n');
		print_wrapped(c->detail, 0, 0);
	}
	printf("\nOptions:\n");
	for (const struct espy_option *o = c->options; o && o->name; o++)
		print_option(o->letter, o->name, o->arg, o->help);
	print_option(has_letter(c, 'h') ? 0 : 'h', "help", NULL, "this text");
	printf("\nespy-%s(1) says more.\n", c->name);
}

/* What the person typed: getopt keeps a letter in optopt, of a long option only the place in argv.
 */
static void tell_unknown(const struct espy_command *c, char **argv, bool is_missing)
{
	const char *word = argv[optind - 1];
	bool is_letter = optopt > 0 && optopt < NO_LETTER && strncmp(word, "--", 2) != 0;
	char letter[] = {'-', (char)optopt, '\0'};

	if (is_letter)
		word = letter;
	if (is_missing)
		espy_cmd_usage(c, "option %s needs a value", word);
	else
		espy_cmd_usage(c, "there is no option %s", word);
}

/* Options that mean the same in every command that has them in its table. Each takes its value: 0,
 * or an exit code after an error was printed. */
static const struct {
	const char *name;
	bool has_value; /* convert has a --stacks of its own, without one */
	int (*take)(const char *value);
} shared_options[] = {
	{"pmc", true, espy_pmc_option},
	{"with", true, espy_with_option},
	{"pack", true, espy_pack_option},
	{"merge", false, espy_merge_option},
	{"stacks", true, espy_stacks_option},
	{"sample", true, espy_sample_option},
	{"profile", true, espy_profile_option},
	{"no-symbols", false, espy_symbols_option},
	{"clipboard", true, espy_clipboard_option},
	{"display", true, espy_display_option},
	{"hashes", true, espy_hashes_option},
	{"cost", true, espy_cost_option},
	{"packages", false, espy_packages_option},
};

/* Index in shared_options of the option with this letter, or -1. */
static int shared_option(const struct espy_command *c, int letter)
{
	int i = letter - NO_LETTER;

	for (size_t s = 0; s < sizeof(shared_options) / sizeof(*shared_options); s++)
		if (i >= 0 && i < OPTIONS_MAX &&
		    !c->options[i].arg == !shared_options[s].has_value &&
		    strcmp(c->options[i].name, shared_options[s].name) == 0)
			return (int)s;
	return -1;
}

int espy_cmd_getopt(const struct espy_command *c, int argc, char **argv, int posix)
{
	struct getopt_tables t = {0};
	int letter, shared;

	fill_tables(&t, c, posix);
	opterr = 0;
	letter = getopt_long(argc, argv, t.letters, t.names, NULL);
	if (letter == '?' || letter == ':') {
		tell_unknown(c, argv, letter == ':');
		return '?';
	}
	if (letter == NO_LETTER + OPTIONS_MAX || (letter == 'h' && !has_letter(c, 'h'))) {
		print_help(c);
		exit(fflush(stdout) == 0 ? 0 : 1);
	}
	shared = shared_option(c, letter);
	if (shared >= 0) {
		if (shared_options[shared].take(optarg))
			exit(posix ? EXIT_RUN : 1);
		return espy_cmd_getopt(c, argc, argv, posix);
	}
	return letter;
}

/* --- errors ----------------------------------------------------------------------------------- */

/* To stderr in one write, safe for a terminal: what went wrong often names a traced program's file.
 */
static void print_error(struct espy_buf *text)
{
	struct espy_buf safe = {0};

	espy_escape_text(&safe, (struct espy_str){text->p, text->n});
	espy_buf_putc(&safe, '\n');
	espy_buf_flush(&safe, STDERR_FILENO);
	espy_buf_done(&safe);
}

/* The text, and a caret under the wrong place. What would break the line becomes a blank. */
static void print_caret(const char *filter, unsigned column)
{
	struct espy_buf b = {0};
	size_t n = strlen(filter), at = column - 1 < n ? column - 1 : n, width;

	espy_buf_puts(&b, "  ");
	for (size_t i = 0; i < n; i++)
		espy_buf_putc(&b, (unsigned char)filter[i] < 0x20 ? ' ' : filter[i]);
	print_error(&b);
	espy_buf_reset(&b);
	espy_escape_text(&b, (struct espy_str){filter, at});
	width = espy_escape_width((struct espy_str){b.p, b.n});
	fprintf(stderr, "  %*s^\n", (int)(width < WIDTH_MAX ? width : WIDTH_MAX), "");
	espy_buf_done(&b);
}

int espy_cmd_fail(const struct espy_err *err, const char *filter)
{
	bool is_filter = filter && err->column && !err->source[0];
	bool has_caret = is_filter && strlen(filter) < WIDTH_MAX;
	struct espy_buf b = {0};

	espy_buf_puts(&b, "espy: ");
	if (err->source[0])
		espy_buf_printf(&b, "%s: ", err->source);
	if (err->source[0] && err->line)
		espy_buf_printf(&b, "line %u, column %u: ", err->line, err->column);
	espy_buf_puts(&b, err->text[0] ? err->text : strerror(-err->code));
	fflush(stdout);
	print_error(&b);
	espy_buf_done(&b);
	if (has_caret)
		print_caret(filter, err->column);
	else if (is_filter)
		fprintf(stderr, "  at byte %u of the filter\n", err->column);
	return is_filter ? 2 : 1;
}

int espy_cmd_usage(const struct espy_command *c, const char *fmt, ...)
{
	struct espy_buf b = {0};
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	espy_buf_printf(&b, "espy %s: %s; see espy %s --help", c->name, text, c->name);
	fflush(stdout);
	print_error(&b);
	espy_buf_done(&b);
	return 2;
}

char *espy_cmd_filter(int argc, char **argv, int from)
{
	struct espy_buf b = {0};

	for (int i = from; i < argc; i++) {
		if (i > from)
			espy_buf_putc(&b, ' ');
		espy_buf_puts(&b, argv[i]);
	}
	espy_buf_putc(&b, '\0');
	if (!b.error)
		return espy_pmc_with(b.p);
	fputs("espy: out of memory\n", stderr);
	exit(1);
}

/* --- the terminal ----------------------------------------------------------------------------- */

static bool is_set(const char *name)
{
	const char *v = getenv(name);

	return v && v[0];
}

static unsigned from_environment(const char *name, unsigned otherwise)
{
	const char *v = getenv(name);
	unsigned long n = v ? strtoul(v, NULL, 10) : 0;

	return n > 0 && n <= WIDTH_MAX ? (unsigned)n : otherwise;
}

struct espy_terminal espy_cmd_terminal(int fd)
{
	struct espy_terminal t = {.is_tty = isatty(fd)};
	const char *term = getenv("TERM");
	struct winsize size = {0};

	if (!t.is_tty)
		return t;
	t.colour = !is_set("NO_COLOR") && term && term[0] && strcmp(term, "dumb") != 0;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = (unsigned short)from_environment("COLUMNS", DEFAULT_WIDTH);
	t.width = size.ws_col;
	t.height = size.ws_row ? size.ws_row : from_environment("LINES", 24);
	return t;
}
