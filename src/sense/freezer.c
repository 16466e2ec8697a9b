/* SPDX-License-Identifier: MIT */
#include "sense/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct espy_freezer {
	char home[PATH_MAX], path[PATH_MAX + 32]; /* the caller's group, the one below it */
	int freeze;                               /* cgroup.freeze, for writing */
	int life;                                 /* pipe that ends with this process */
	pid_t guardian;
};

/* --- where ---------------------------------------------------------------------------------- */

/* Where the second version is mounted, to `path`. */
static bool find_mount(char *path, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m = NULL;

	while (f && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			break;
	if (m)
		snprintf(path, size, "%s", m->mnt_dir);
	if (f)
		endmntent(f);
	return m != NULL;
}

/* The caller's group: the line "0::/path" of /proc/self/cgroup, added to `path`. */
static bool add_own(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	size_t n = strlen(path);
	char line[PATH_MAX];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		found = !strncmp(line, "0::/", 4);
	}
	if (f)
		fclose(f);
	return found && (size_t)snprintf(path + n, size - n, "%s", line + 3) < size - n;
}

static int open_file(const char *folder, const char *name, int flags)
{
	char path[PATH_MAX + 64];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* --- the group ------------------------------------------------------------------------------ */

static int write_pid(const char *group, pid_t pid)
{
	int fd = open_file(group, "cgroup.procs", O_WRONLY), r;

	if (fd < 0)
		return fd;
	r = dprintf(fd, "%d\n", pid) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int espy_freezer_join(struct espy_freezer *f, pid_t pid, struct espy_err *err)
{
	int r = write_pid(f->path, pid);

	return r < 0 ? espy_err_set(err, r, "cannot move process %d into the control group %s: %s",
				    pid, f->path, strerror(-r))
		     : 0;
}

int espy_freezer_set(struct espy_freezer *f, bool frozen)
{
	return pwrite(f->freeze, frozen ? "1" : "0", 1, 0) == 1 ? 0 : -errno;
}

/* Who outlives the recording goes back to where it would have been. */
static void send_home(struct espy_freezer *f)
{
	int fd = open_file(f->path, "cgroup.procs", O_RDONLY);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	char line[32];

	while (in && fgets(line, sizeof(line), in))
		write_pid(f->home, (pid_t)strtol(line, NULL, 10));
	if (in)
		fclose(in);
}

/* A process that forks while it is moved leaves its child behind, and one that has just ended keeps
 * the group busy for a moment. */
#define TRIES   50
#define WAIT_US 2000

static void clean_up(struct espy_freezer *f)
{
	espy_freezer_set(f, false);
	for (int i = 0; i < TRIES && rmdir(f->path) < 0 && errno == EBUSY; i++) {
		send_home(f);
		usleep(i ? WAIT_US : 0);
	}
}

/* Nothing but the pipe and the group keep it: a terminal or a pipe of ours may be closed. */
static void guard(struct espy_freezer *f, int life)
{
	char c;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	dup2(life, 0);
	dup2(f->freeze, 1);
	close_range(2, ~0u, 0);
	f->freeze = 1;
	while (read(0, &c, 1) < 0 && errno == EINTR)
		;
	clean_up(f);
	_exit(0);
}

static int start_guardian(struct espy_freezer *f, struct espy_err *err)
{
	int life[2];

	if (pipe2(life, O_CLOEXEC) < 0)
		return espy_err_set(err, -errno, "no pipe: %s", strerror(errno));
	f->guardian = fork();
	if (f->guardian == 0) {
		close(life[1]);
		guard(f, life[0]);
	}
	close(life[0]);
	if (f->guardian < 0) {
		close(life[1]);
		return espy_err_set(err, -errno, "cannot fork: %s", strerror(errno));
	}
	f->life = life[1];
	return 0;
}

int espy_freezer_new(struct espy_freezer **ret, struct espy_err *err)
{
	struct espy_freezer *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	f->freeze = f->life = -1;
	f->guardian = -1;
	*ret = f;
	if (!find_mount(f->home, sizeof(f->home)) || !add_own(f->home, sizeof(f->home)))
		return espy_err_set(
			err, -ENOTSUP,
			"the command cannot be held: no control groups of version 2 are "
			"mounted (mount -t cgroup2 none /sys/fs/cgroup/unified)");
	snprintf(f->path, sizeof(f->path), "%s/espy-%d", f->home, getpid());
	if (mkdir(f->path, 0755) < 0) {
		r = -errno;
		espy_err_set(err, r,
			     "the command cannot be held: cannot make the control group %s: %s",
			     f->path, strerror(-r));
		f->path[0] = 0;
		return r;
	}
	f->freeze = open_file(f->path, "cgroup.freeze", O_WRONLY);
	if (f->freeze < 0)
		return espy_err_set(err, f->freeze,
				    "the command cannot be held: %s/cgroup.freeze: %s (Linux 5.2)",
				    f->path, strerror(-f->freeze));
	return start_guardian(f, err);
}

void espy_freezer_free(struct espy_freezer *f)
{
	if (!f)
		return;
	if (f->life >= 0)
		close(f->life);
	if (f->guardian > 0)
		while (waitpid(f->guardian, NULL, 0) < 0 && errno == EINTR)
			;
	else if (f->path[0])
		clean_up(f);
	if (f->freeze >= 0)
		close(f->freeze);
	free(f);
}
