/* SPDX-License-Identifier: MIT */
/* espy: finds the sub-command. */
#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "cmd/cmd.h"
#include "cmd/saved.h"
#include "cmd/symbols.h"
#include "rule/suggest.h"

#define NAME_MAX_SHOWN 40

static const struct espy_command *const commands[] = {
	&espy_cmd_run,
	&espy_cmd_record,
	&espy_cmd_live,
	&espy_cmd_show,
	&espy_cmd_tree,
	&espy_cmd_summary,
	&espy_cmd_count,
	&espy_cmd_serve,
	&espy_cmd_schema,
	&espy_cmd_filters,
	&espy_cmd_doctor,
	&espy_cmd_diff,
	&espy_cmd_why,
	&espy_cmd_convert,
	&espy_cmd_pmc,
	&espy_cmd_mark,
	NULL,
};

static const struct espy_command *find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_commands(FILE *f)
{
	fprintf(f, "Usage: espy COMMAND [ARGUMENT…]\n"
		   "Shows everything that programs do on a Linux machine, live and recorded.\n\n"
		   "Commands:\n");
	for (size_t i = 0; commands[i]; i++)
		fprintf(f, "  %-9s %s\n", commands[i]->name, commands[i]->help);
	fprintf(f, "\nOptions:\n"
		   "  -h, --help     this text; “espy help COMMAND” tells about one command\n"
		   "  -V, --version  the version\n");
}

static int unknown(const char *name)
{
	struct espy_suggest s;
	struct espy_buf b = {0};
	size_t n = strlen(name);

	espy_suggest_init(&s, espy_str0(name));
	for (size_t i = 0; commands[i]; i++)
		espy_suggest_offer(&s, commands[i]->name);
	espy_escape_text(&b, (struct espy_str){name, n < NAME_MAX_SHOWN ? n : NAME_MAX_SHOWN});
	espy_buf_putc(&b, '\0');
	fprintf(stderr, "espy: there is no command %s%s (espy --help lists them all)\n",
		b.error ? "of that name" : b.p, espy_suggest_text(&s).s);
	espy_buf_done(&b);
	return 2;
}

static int run(const struct espy_command *c, int argc, char **argv)
{
	int code;

	if (c != &espy_cmd_run)           /* whose command would inherit it */
		signal(SIGPIPE, SIG_IGN); /* a reader that has seen enough: EPIPE is no error */
	optind = 0;                       /* glibc: begin anew, with this argv */
	espy_saved_use();
	espy_symbols_use();
	code = c->run(argc, argv);
	espy_saved_tell();
	return code;
}

/* espy help [COMMAND] */
static int help(const char *name)
{
	const struct espy_command *c = name ? find(name) : NULL;
	char *argv[] = {"", "--help", NULL};

	if (name && !c)
		return unknown(name);
	if (c)
		return run(c, 2, argv);
	print_commands(stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const struct espy_command *c;

	setlocale(LC_CTYPE, ""); /* how wide a character is; everything else stays C */
	if (!word) {
		print_commands(stderr);
		return 2;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return help(argc > 2 ? argv[2] : NULL);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		puts("espy " ESPY_VERSION);
		return fflush(stdout) == 0 ? 0 : 1;
	}
	c = find(word);
	return c ? run(c, argc - 1, argv + 1) : unknown(word);
}
