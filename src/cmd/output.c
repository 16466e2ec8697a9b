/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/escape.h"
#include "sense/machine.h"
#include "trace/parts.h"

#ifndef ESPY_VERSION
#define ESPY_VERSION "0"
#endif

void espy_output_give(int fd)
{
	const char *uid = getenv("SUDO_UID"), *gid = getenv("SUDO_GID");

	if (geteuid() == 0 && uid && gid &&
	    fchown(fd, (uid_t)strtoul(uid, NULL, 10), (gid_t)strtoul(gid, NULL, 10)) < 0)
		return; /* a file system without owners: still usable by root */
}

/* A trace that has the name moves aside, over the one that did before. */
static int keep_old(const char *path, struct espy_err *err)
{
	char old[PATH_MAX];
	struct stat now, before;
	int r = 0;

	if (snprintf(old, sizeof(old), "%s.old", path) >= (int)sizeof(old))
		return espy_err_set(err, -ENAMETOOLONG, "%s: name too long", path);
	if (lstat(path, &now) < 0 && errno == ENOENT)
		return 0;
	/* rename(2) does not put a file in the place of a directory, nor the reverse */
	if (lstat(old, &before) == 0) {
		if (S_ISDIR(before.st_mode))
			r = espy_parts_remove(old);
		else if (S_ISDIR(now.st_mode) && unlink(old) < 0)
			r = -errno;
	}
	if (r == 0 && rename(path, old) < 0)
		r = -errno;
	return r < 0 ? espy_err_set(err, r, "cannot keep %s as %s: %s", path, old, strerror(-r))
		     : 0;
}

static int create(const char *path, struct espy_err *err)
{
	int fd;

	if (strcmp(path, "-") == 0) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? espy_err_set(err, -errno, "cannot use the standard output: %s",
					     strerror(errno))
			      : fd;
	}
	fd = keep_old(path, err);
	if (fd < 0)
		return fd;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return espy_err_set(err, -errno, "cannot create %s: %s", path, strerror(errno));
	espy_output_give(fd);
	return fd;
}

static int create_directory(const char *path, struct espy_err *err)
{
	int fd = keep_old(path, err);

	if (fd < 0)
		return fd;
	fd = mkdir(path, 0700) < 0 ? -1
				   : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return espy_err_set(err, -errno, "cannot create the directory %s: %s", path,
				    strerror(errno));
	espy_output_give(fd);
	return fd;
}

int espy_output_create(struct espy_trace_writer **ret, const char *path,
		       const struct espy_bounds *b, const struct espy_machine *m,
		       struct espy_err *err)
{
	bool keeps = b->keep.bytes || b->keep.span_ns;
	int fd = keeps ? create_directory(path, err) : create(path, err);
	int r;

	if (fd < 0)
		return fd;
	if (keeps)
		return espy_trace_create_ring(ret, fd, path, &b->keep, m, err);
	r = espy_trace_create(ret, fd, path, m, err);
	if (r >= 0)
		espy_trace_set_max(*ret, b->max_bytes);
	return r;
}

void espy_output_machine(struct espy_machine *m, int argc, char **argv, const char *filter,
			 const struct espy_bounds *bounds)
{
	struct espy_buf b = {0};

	memset(m, 0, sizeof(*m));
	espy_machine_read(m);
	snprintf(m->version, sizeof(m->version), "%s", ESPY_VERSION);
	snprintf(m->filter, sizeof(m->filter), "%s", filter ? filter : "");
	snprintf(m->keep, sizeof(m->keep), "%s", bounds->keep_text ? bounds->keep_text : "");
	espy_buf_puts(&b, "espy");
	for (int i = 0; i < argc; i++) {
		espy_buf_putc(&b, ' ');
		espy_escape_shell(&b, espy_str0(argv[i]));
	}
	if (!b.error)
		snprintf(m->command, sizeof(m->command), "%.*s", (int)b.n, b.p);
	espy_buf_done(&b);
}
