/* SPDX-License-Identifier: MIT */
#include "cmd/pmc-option.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/cmd.h"
#include "format/pmc-filter.h"

#define READ_BYTES 65536u

static char *given; /* the filter of --pmc */

/* All of a file, as far as a configuration may be large. */
static int read_all(int fd, struct espy_buf *out)
{
	while (out->n <= ESPY_PMC_SIZE_MAX) {
		ssize_t n;

		if (espy_buf_reserve(out, READ_BYTES) < 0)
			return -ENOMEM;
		n = read(fd, out->p + out->n, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		out->n += (size_t)n;
	}
	return 0;
}

int espy_pmc_load(struct espy_pmc **ret, const char *path, struct espy_err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC), r;
	struct espy_buf data = {0};

	r = fd < 0 ? -errno : read_all(fd, &data);
	if (fd >= 0)
		close(fd);
	if (r < 0)
		espy_err_at(err, r, is_stdin ? "standard input" : path, 0, 0, "cannot read: %s",
			    strerror(-r));
	else
		r = espy_pmc_read(ret, data.p ? data.p : "", data.n,
				  is_stdin ? "standard input" : path, err);
	espy_buf_done(&data);
	return r;
}

int espy_pmc_option(const char *path)
{
	struct espy_buf out = {0};
	struct espy_err err = {0};
	struct espy_pmc *c;
	int r = espy_pmc_load(&c, path, &err);

	if (r < 0)
		return espy_cmd_fail(&err, NULL);
	r = espy_pmc_filter(&c->rules[ESPY_PMC_FILTER], &out, NULL);
	espy_buf_putc(&out, '\0');
	espy_pmc_free(c);
	free(given);
	given = out.p;
	if (r >= 0 && !out.error)
		return 0;
	err.code = -ENOMEM;
	return espy_cmd_fail(&err, NULL);
}

char *espy_pmc_with(char *filter)
{
	struct espy_buf b = {0};

	if (!given || !given[0])
		return filter;
	espy_buf_puts(&b, given);
	if (filter && filter[0])
		espy_buf_printf(&b, " and (%s)", filter);
	espy_buf_putc(&b, '\0');
	free(filter);
	if (!b.error)
		return b.p;
	fputs("espy: out of memory\n", stderr);
	exit(1);
}
