/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/escape.h"
#include "sense/machine.h"

#ifndef ESPY_VERSION
#define ESPY_VERSION "0"
#endif

/* Under sudo the trace belongs to the person, not to root. */
static void give_to_caller(int fd)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");

	if (geteuid() == 0 && uid && gid &&
	    fchown(fd, (uid_t)strtoul(uid, NULL, 10), (gid_t)strtoul(gid, NULL, 10)) < 0)
		return; /* a file system without owners: still usable by root */
}

static int create(const char *path, struct espy_err *err)
{
	char old[PATH_MAX];
	int fd;

	if (strcmp(path, "-") == 0) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? espy_err_set(err, -errno, "cannot use the standard output: %s",
					     strerror(errno))
			      : fd;
	}
	if (snprintf(old, sizeof(old), "%s.old", path) >= (int)sizeof(old))
		return espy_err_set(err, -ENAMETOOLONG, "%s: name too long", path);
	if (rename(path, old) < 0 && errno != ENOENT)
		return espy_err_set(err, -errno, "cannot keep %s as %s: %s", path, old,
				    strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return espy_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	give_to_caller(fd);
	return fd;
}

int espy_output_create(struct espy_trace_writer **ret, const char *path,
		       const struct espy_machine *m, struct espy_err *err)
{
	int fd = create(path, err);

	return fd < 0 ? fd : espy_trace_create(ret, fd, path, m, err);
}

void espy_output_machine(struct espy_machine *m, int argc, char **argv, const char *filter)
{
	struct espy_buf b = {0};

	memset(m, 0, sizeof(*m));
	espy_machine_read(m);
	snprintf(m->version, sizeof(m->version), "%s", ESPY_VERSION);
	snprintf(m->packs, sizeof(m->packs), "base");
	snprintf(m->filter, sizeof(m->filter), "%s", filter ? filter : "");
	espy_buf_puts(&b, "espy");
	for (int i = 0; i < argc; i++) {
		espy_buf_putc(&b, ' ');
		espy_escape_shell(&b, espy_str0(argv[i]));
	}
	if (!b.error)
		snprintf(m->command, sizeof(m->command), "%.*s", (int)b.n, b.p);
	espy_buf_done(&b);
}
