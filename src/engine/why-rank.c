/* SPDX-License-Identifier: MIT */
#include "engine/why-rank.h"
#include <errno.h>
#include <signal.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define SCORE_OTHER    25 /* an error that is not in the table */
#define SCORE_FOUND    8  /* found elsewhere afterwards */
#define LESS_OPTIONAL  30 /* taken off for what programs do without */
#define LESS_ASKED     20 /* taken off when it was only asked for, not wanted */
#define SCORE_EXEC     90
#define SCORE_NOT_EXEC 85

static const char *const kind_names[] = {
	[ESPY_WHY_MISSING] = "missing",  [ESPY_WHY_LIBRARY] = "library",
	[ESPY_WHY_PROGRAM] = "program",  [ESPY_WHY_REFUSED] = "permission",
	[ESPY_WHY_FULL] = "limit",       [ESPY_WHY_NETWORK] = "network",
	[ESPY_WHY_NO_ANSWER] = "answer", [ESPY_WHY_TAKEN] = "taken",
	[ESPY_WHY_FAILED] = "failed",    [ESPY_WHY_MODULE] = "module",
	[ESPY_WHY_SIGNAL] = "signal",    [ESPY_WHY_EXIT] = "exit",
};

static const struct {
	int error;
	uint8_t kind;
	uint8_t score;
} errors[] = {
	{ENOSPC, ESPY_WHY_FULL, 95},
	{EDQUOT, ESPY_WHY_FULL, 95},
	{EFBIG, ESPY_WHY_FULL, 92},
	{EIO, ESPY_WHY_FAILED, 90},
	{EROFS, ESPY_WHY_REFUSED, 85},
	{ENOMEM, ESPY_WHY_FULL, 85},
	{EMFILE, ESPY_WHY_FULL, 88},
	{ENFILE, ESPY_WHY_FULL, 88},
	{E2BIG, ESPY_WHY_FULL, 85},
	{EACCES, ESPY_WHY_REFUSED, 80},
	{EPERM, ESPY_WHY_REFUSED, 72},
	{ECONNREFUSED, ESPY_WHY_NETWORK, 78},
	{EHOSTUNREACH, ESPY_WHY_NETWORK, 78},
	{ETIMEDOUT, ESPY_WHY_NETWORK, 78},
	{ENETUNREACH, ESPY_WHY_NETWORK, 60}, /* IPv6 where there is none */
	{ECONNRESET, ESPY_WHY_NETWORK, 65},
	{EADDRINUSE, ESPY_WHY_TAKEN, 82},
	{EADDRNOTAVAIL, ESPY_WHY_NETWORK, 66},
	{ETXTBSY, ESPY_WHY_TAKEN, 80},
	{EBUSY, ESPY_WHY_TAKEN, 60},
	{ELOOP, ESPY_WHY_FAILED, 60},
	{ENOENT, ESPY_WHY_MISSING, 60},
	{EINPROGRESS, ESPY_WHY_NO_ANSWER, 70},
	{EPIPE, ESPY_WHY_FAILED, 45},
	{EISDIR, ESPY_WHY_FAILED, 50},
	{ENAMETOOLONG, ESPY_WHY_FAILED, 50},
	{ENOTEMPTY, ESPY_WHY_FAILED, 30},
	{EEXIST, ESPY_WHY_TAKEN, 45},
	{ENOEXEC, ESPY_WHY_PROGRAM, 45}, /* shells go on and read it as a script */
	/* Asked, and answered: it is not so. */
	{ECHILD, ESPY_WHY_FAILED, 0},
	{EAGAIN, ESPY_WHY_FAILED, 0},
	{EINTR, ESPY_WHY_FAILED, 0},
	{ENOTTY, ESPY_WHY_FAILED, 0},
	{ESPIPE, ESPY_WHY_FAILED, 0},
	{ENODATA, ESPY_WHY_FAILED, 0},
	{ENOPROTOOPT, ESPY_WHY_FAILED, 5},
	{ENOTCONN, ESPY_WHY_FAILED, 5},
	{EALREADY, ESPY_WHY_FAILED, 0},
	{ENOSYS, ESPY_WHY_FAILED, 10},
	{EOPNOTSUPP, ESPY_WHY_FAILED, 10},
	{EXDEV, ESPY_WHY_FAILED, 10},
	{ESRCH, ESPY_WHY_FAILED, 15},
	{EBADF, ESPY_WHY_FAILED, 15},
	{EINVAL, ESPY_WHY_FAILED, 20},
};

/* What programs look for and do well without. A name, or the end of one. */
static const char *const optional[] = {
	".gch",
	".pyc",
	"._pth",
	"pyvenv.cfg",
	"pybuilddir.txt",
	"Setup.local",
	".zip",
	".dylib",
	"specs",
	"RCS",
	"SCCS",
	"ld.so.cache",
	".mo",
	".cnf",
	"usercustomize",
	"sitecustomize",
	"localtime",
	"nsswitch.conf",
	"rc",
	".profile",
	"version-name",
	".python-version",
	"host.conf",
	"resolv.conf",
	".abi3.so",
	"locale-archive",
	"gai.conf",
	"include-fixed",
	"site-packages",
	"dist-packages",
	"GNUmakefile",
	"makefile",
	"openssl.cnf",
	"x86_64",
	"tls",
	"haswell",
};

static const struct {
	int signal;
	uint8_t score;
	const char *means;
} signals[] = {
	{SIGKILL, 100, "somebody killed it, or the kernel did because memory ran out"},
	{SIGSEGV, 100, "it touched memory that is not its own"},
	{SIGBUS, 100, "it touched memory that is not there"},
	{SIGILL, 100, "it came to an instruction that this processor does not know"},
	{SIGFPE, 100, "it divided by zero or the like"},
	{SIGSYS, 100, "a system call is not allowed to it (seccomp)"},
	{SIGXFSZ, 100, "a file grew beyond the limit on its size (RLIMIT_FSIZE, ulimit -f)"},
	{SIGXCPU, 100, "it used more processor time than it may (RLIMIT_CPU, ulimit -t)"},
	{SIGABRT, 75, "it gave up by itself: an assertion, an exception that nobody caught"},
	{SIGTRAP, 90, "it came to a breakpoint or gave up by itself"},
	{SIGTERM, 80, "somebody asked it to end"},
	{SIGINT, 80, "somebody pressed Ctrl-C or sent what that sends"},
	{SIGHUP, 80, "its terminal or session went away"},
	{SIGALRM, 80, "a timer that it set ran out"},
	{SIGPIPE, 30, "it wrote to a pipe or connection that nobody reads any more"},
};

struct program_code {
	const char *program;
	unsigned code;
};

static const struct program_code answers[] = {
	{"grep", 1},  {"egrep", 1},      {"fgrep", 1},      {"zgrep", 1},  {"rg", 1},
	{"test", 1},  {"[", 1},          {"diff", 1},       {"cmp", 1},    {"expr", 1},
	{"which", 1}, {"pgrep", 1},      {"pidof", 1},      {"git", 1},    {"tty", 1},
	{"false", 1}, {"pkg-config", 1}, {"mountpoint", 1}, {"getent", 2}, {"systemctl", 3},
};

static const struct program_code relays[] = {
	{"make", 2}, {"gmake", 2},   {"xargs", 123},  {"xargs", 124}, {"ninja", 1},
	{"find", 1}, {"cargo", 101}, {"collect2", 1}, {"gcc", 1},
};

const char *espy_why_kind_name(unsigned kind)
{
	return kind < ARRAY_SIZE(kind_names) ? kind_names[kind] : "?";
}

bool espy_why_is_library(struct espy_str name)
{
	return espy_str_ends(name, ESPY_STR(".so")) ||
	       (name.n && memmem(name.p, name.n, ".so.", 4));
}

/* Asked of a file that may as well not be there. */
static bool is_lookup(unsigned type)
{
	return type == ESPY_EV_file_stat || type == ESPY_EV_file_access ||
	       type == ESPY_EV_file_readlink || type == ESPY_EV_file_statfs ||
	       type == ESPY_EV_file_getxattr || type == ESPY_EV_file_unlink ||
	       type == ESPY_EV_file_rmdir;
}

enum espy_why_kind espy_why_kind_of(const struct espy_why *w, const struct espy_why_failure *f)
{
	if (f->type == ESPY_EV_process_exec && f->error != EINPROGRESS)
		return ESPY_WHY_PROGRAM;
	if (f->error == ENOENT && f->type == ESPY_EV_net_connect)
		return ESPY_WHY_NETWORK;
	if (f->error == ENOENT && espy_why_is_library(espy_why_str(w, f->name)))
		return ESPY_WHY_LIBRARY;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == f->error)
			return (enum espy_why_kind)errors[i].kind;
	return ESPY_WHY_FAILED;
}

static bool is_optional(struct espy_str name)
{
	if (espy_str_starts(name, ESPY_STR(".")))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		if (espy_str_ends(name, espy_str0(optional[i])))
			return true;
	return false;
}

static int score_of_error(const struct espy_why_failure *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == f->error)
			return errors[i].score;
	return SCORE_OTHER;
}

int espy_why_score(struct espy_why *w, const struct espy_why_failure *f)
{
	int score = score_of_error(f);

	if (f->is_answered)
		return 0;
	if (espy_why_found(w, f).n)
		return SCORE_FOUND;
	if (f->type == ESPY_EV_process_exec)
		score = f->error == ENOEXEC ? score : SCORE_EXEC;
	else if (is_lookup(f->type) && score > LESS_ASKED)
		score -= LESS_ASKED;
	if (f->error == ENOENT && f->type != ESPY_EV_process_exec &&
	    is_optional(espy_why_str(w, f->name)))
		score -= LESS_OPTIONAL;
	if (espy_why_is_good(w, f))
		score = 1;
	return score > 0 ? score : 0;
}

int espy_why_score_signal(unsigned signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].signal == (int)signal)
			return signals[i].score;
	return ESPY_WHY_SCORE_SIGNAL;
}

const char *espy_why_signal_means(unsigned signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].signal == (int)signal)
			return signals[i].means;
	return "nothing of it handles that signal";
}

static bool is_among(const struct program_code *table, size_t n, struct espy_str program,
		     unsigned code)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].code == code && espy_str_eq(program, espy_str0(table[i].program)))
			return true;
	return false;
}

bool espy_why_is_answer(struct espy_str program, unsigned code)
{
	return is_among(answers, ARRAY_SIZE(answers), program, code);
}

bool espy_why_is_relay(struct espy_str program, unsigned code)
{
	return is_among(relays, ARRAY_SIZE(relays), program, code);
}
