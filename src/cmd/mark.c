/* SPDX-License-Identifier: MIT */
/* espy mark: puts a line into every capture that records this process. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* What the kernel side knows a mark by (bpf/syscall.bpf.c); the kernel takes paths of 4,095 bytes.
 */
#define MARK_PREFIX "/espy-mark:"
#define PATH_BYTES  4095u
#define TEXT_BYTES  (PATH_BYTES - (sizeof(MARK_PREFIX) - 1))

static const struct espy_option options[] = {
	{0, NULL, NULL, NULL},
};

/* The mark is that this fails. */
static int look(const char *path, struct espy_err *err)
{
	if (access(path, F_OK) == 0)
		return espy_err_set(err, -EEXIST,
				    "there is a file with the name that makes this mark: choose "
				    "another text");
	return 0;
}

static int mark_main(int argc, char **argv)
{
	struct espy_err err = {0};
	struct espy_buf path = {0};
	char *text;
	int r;

	if (espy_cmd_getopt(&espy_cmd_mark, argc, argv, 1) != -1)
		return 2;
	text = espy_cmd_filter(argc, argv, optind);
	if (!text)
		return 1;
	if (!*text || strlen(text) > TEXT_BYTES) {
		r = espy_cmd_usage(&espy_cmd_mark, "give a text of 1 to %zu bytes", TEXT_BYTES);
		free(text);
		return r;
	}
	espy_buf_puts(&path, MARK_PREFIX);
	espy_buf_puts(&path, text);
	espy_buf_add(&path, "", 1);
	r = path.error ? path.error : look(path.p, &err);
	espy_buf_done(&path);
	free(text);
	return r < 0 ? espy_cmd_fail(&err, NULL) : 0;
}

const struct espy_command espy_cmd_mark = {
	.name = "mark",
	.usage = "TEXT…",
	.help = "put a line into the captures that record this",
	.detail = "Whoever records the process that runs this gets the event profile_mark. Shells "
		  "do it without a program:\n"
		  "  test ! -e \"/espy-mark:TEXT\"",
	.options = options,
	.run = mark_main,
};
