/* SPDX-License-Identifier: MIT */
#include "cmd/part.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cmd/output.h"

int espy_part_init(struct espy_part *p, const char *path, struct espy_err *err)
{
	struct stat st;

	*p = (struct espy_part){.path = path, .fd = -1, .is_file = true};
	if (strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		p->is_file = false;
	if (snprintf(p->grows, sizeof(p->grows), "%s%s", path, p->is_file ? ".part" : "") <
	    (int)sizeof(p->grows))
		return 0;
	return espy_err_set(err, -ENAMETOOLONG, "%s: name too long", path);
}

int espy_part_open(struct espy_part *p, struct espy_err *err)
{
	if (strcmp(p->path, "-") == 0) {
		p->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	} else if (p->is_file) {
		unlink(p->grows); /* of a conversion that was killed */
		p->fd = open(p->grows, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} else {
		p->fd = open(p->path, O_WRONLY | O_CLOEXEC);
	}
	if (p->fd < 0)
		return espy_err_set(err, -errno, "cannot create %s: %s", p->path, strerror(errno));
	if (p->is_file)
		espy_output_give(p->fd);
	return p->fd;
}

static int rename_both(struct espy_part *p, struct espy_err *err)
{
	char old[PATH_MAX];

	if (snprintf(old, sizeof(old), "%s.old", p->path) >= (int)sizeof(old))
		return espy_err_set(err, -ENAMETOOLONG, "%s: name too long", p->path);
	if (rename(p->path, old) < 0 && errno != ENOENT)
		return espy_err_set(err, -errno, "cannot keep %s as %s: %s", p->path, old,
				    strerror(errno));
	if (rename(p->grows, p->path) < 0)
		return espy_err_set(err, -errno, "cannot name %s: %s", p->path, strerror(errno));
	return 0;
}

int espy_part_keep(struct espy_part *p, struct espy_err *err)
{
	int r = close(p->fd) < 0 ? -errno : 0;

	p->fd = -1;
	if (r < 0)
		return espy_err_set(err, r, "cannot write %s: %s", p->path, strerror(-r));
	r = p->is_file ? rename_both(p, err) : 0;
	if (r < 0)
		unlink(p->grows);
	return r;
}

void espy_part_drop(struct espy_part *p)
{
	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	if (p->is_file)
		unlink(p->grows);
}
