/* SPDX-License-Identifier: MIT */
/*
 * A file that is there only once it is complete: it grows as PATH.part and takes its name at the
 * end, when a file of that name becomes PATH.old. Readable by its owner only. "-" is the standard
 * output, and what is there but no regular file (a device, a pipe) is written to as it is.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include "base/err.h"

struct espy_part {
	const char *path;     /* as given; borrowed */
	char grows[PATH_MAX]; /* where it is until the end; the same as path for what is no file */
	int fd;               /* -1: not open */
	bool is_file;         /* else there is nothing to rename or to remove */
};

/* What `path` will be written as, before anything is made; 0 or -ENAMETOOLONG. */
int espy_part_init(struct espy_part *p, const char *path, struct espy_err *err);
/* Makes it; p->fd or a negative errno. */
int espy_part_open(struct espy_part *p, struct espy_err *err);
/* Closes it and gives it its name, or removes it. */
int espy_part_keep(struct espy_part *p, struct espy_err *err);
void espy_part_drop(struct espy_part *p);
