/* SPDX-License-Identifier: MIT */
#include "cmd/saved.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "rule/rule.h"

#define SYSTEM_FILE "/etc/espy/filters"

static int read_all(int fd, struct espy_buf *ret)
{
	for (;;) {
		ssize_t n;

		if (espy_buf_reserve(ret, 4096) < 0)
			return -ENOMEM;
		n = read(fd, ret->p + ret->n, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		ret->n += (size_t)n;
		if (ret->n > ESPY_MACRO_FILE_MAX)
			return 0; /* espy_macros_add has the sentence */
	}
}

/* A file that is not there has no definitions. */
static int add_file(struct espy_macros *m, const char *path, struct espy_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct espy_buf text = {0};
	struct stat st;
	int r = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else
		r = read_all(fd, &text);
	if (fd >= 0)
		close(fd);
	if (r == -EINVAL)
		espy_err_at(err, r, path, 0, 0, "this is no file: saved filters are not read");
	else if (r < 0)
		espy_err_at(err, r, path, 0, 0, "cannot read the saved filters: %s", strerror(-r));
	else
		r = espy_macros_add(m, (struct espy_str){text.n ? text.p : "", text.n}, path, err);
	espy_buf_done(&text);
	return r;
}

/* Later definitions replace earlier ones: the user's own come last. */
static int load(struct espy_macros *m, struct espy_err *err)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
	char path[PATH_MAX] = "";
	int r = add_file(m, SYSTEM_FILE, err);

	if (config && config[0] == '/')
		snprintf(path, sizeof(path), "%s/espy/filters", config);
	else if (home && home[0] == '/')
		snprintf(path, sizeof(path), "%s/.config/espy/filters", home);
	return r == 0 && path[0] ? add_file(m, path, err) : r;
}

void espy_saved_use(void)
{
	espy_macros_set_loader(load);
}

void espy_saved_tell(void)
{
	struct espy_rule_tally t = espy_rule_tally();

	if (t.gave_up)
		fprintf(stderr,
			"espy: a regular expression took too long on %" PRIu64
			" texts, which count as not matching; a simpler one would decide them\n",
			t.gave_up);
	if (t.dropped)
		fprintf(stderr,
			"espy: same_file or follow had no room for %" PRIu64
			" names or descriptors; what they are about is missing\n",
			t.dropped);
}
