/* SPDX-License-Identifier: MIT */
#include "engine/usual.h"
#include <stdlib.h>

/* Failures that programs expect. "" matches anything; `path` may stand anywhere in the path. */
static const struct usual {
	const char *error, *op, *path;
} usual[] = {
	{"EAGAIN", "", ""},                   /* nothing there yet, asked without waiting */
	{"EINTR", "", ""},                    /* a signal came */
	{"ENOTTY", "ioctl", ""},              /* is this a terminal? */
	{"ENOTTY", "fcntl", ""},              /* the same */
	{"ESPIPE", "seek", ""},               /* is this a pipe? */
	{"EINVAL", "readlink", ""},           /* is this a symbolic link? realpath(3) */
	{"EEXIST", "mkdir", ""},              /* mkdir -p */
	{"EBADF", "fcntl", ""},               /* is this descriptor open? */
	{"EBADF", "close", ""},               /* closing whatever there may be */
	{"ENODATA", "getxattr", ""},          /* no such attribute, as of most files */
	{"EOPNOTSUPP", "getxattr", ""},       /* a file system without them */
	{"ENOENT", "", "/etc/ld.so.preload"}, /* ld.so(8), at every start of a program */
	{"ENOENT", "", "/etc/ld.so.nohwcap"}, /* the same, older */
	{"ENOENT", "", "/glibc-hwcaps/"},     /* libraries for newer processors */
	{"ENOENT", "", "/tls/"},              /* ld.so's search of old */
	{"ENOENT", "", "/locale/"},           /* translations that are not installed */
	{"ENOENT", "", "/locale-langpack/"},  /* the same on Ubuntu */
	{"ENOENT", "", "/gconv-modules"},     /* iconv(3) */
	{"ENOENT", "", "/nscd/socket"},       /* name service cache, where there is none */
	{"ENOENT", "", "/terminfo/"},         /* one of several places */
	{"ENOENT", "stat", "/__init__."},     /* Python: is it a package? */
	{"ENOENT", "", "/selinux"},           /* is it in use? */
	{"ENXIO", "open", "/dev/tty"},        /* is there a terminal? */
};

static bool contains(struct espy_str s, const char *what)
{
	return !*what || (s.n && memmem(s.p, s.n, what, strlen(what)));
}

static bool is(struct espy_str s, const char *what)
{
	return !*what || espy_str_eq(s, espy_str0(what));
}

static bool is_restart(struct espy_str error)
{
	char digits[8] = "";
	long n;

	if (error.n == 0 || error.n >= sizeof(digits))
		return espy_str_starts(error, ESPY_STR("ERESTART"));
	memcpy(digits, error.p, error.n);
	n = labs(strtol(digits, NULL, 10));
	return espy_str_starts(error, ESPY_STR("ERESTART")) ||
	       (n >= ESPY_USUAL_RESTART_FIRST && n <= ESPY_USUAL_RESTART_LAST);
}

bool espy_usual(struct espy_str error, struct espy_str op, struct espy_str path)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (is(error, usual[i].error) && is(op, usual[i].op) &&
		    contains(path, usual[i].path))
			return true;
	return is_restart(error);
}
