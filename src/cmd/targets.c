/* SPDX-License-Identifier: MIT */
#include "cmd/targets.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/vec.h"
#include "cmd/parse.h"

struct pair {
	uint32_t pid, ppid;
};

static bool has_pid(const struct espy_targets *t, uint32_t pid)
{
	for (size_t i = 0; i < t->n_pids; i++)
		if (t->pids[i] == pid)
			return true;
	return false;
}

static int add_pid(struct espy_targets *t, uint32_t pid)
{
	if (has_pid(t, pid))
		return 0;
	if (t->n_pids == t->cap_pids &&
	    espy_vec_grow(&t->pids, &t->cap_pids, t->n_pids + 1, sizeof(*t->pids)) < 0)
		return -ENOMEM;
	t->pids[t->n_pids++] = pid;
	return 1;
}

/* Field 4 of /proc/PID/stat: behind the last ')' of a name that may hold anything. */
static bool read_parent(uint32_t pid, uint32_t *ret)
{
	char path[64], text[1024], *p;
	unsigned ppid;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	p = strrchr(text, ')');
	if (!p || strlen(p) < 4)
		return false;
	ppid = (unsigned)strtoul(p + 4, NULL, 10);
	*ret = ppid;
	return true;
}

static int add_descendants(struct espy_targets *t)
{
	ESPY_VEC(struct pair) all = {0};
	DIR *d = opendir("/proc");
	struct dirent *e;
	int r = 0;
	bool grew = true;

	if (!d)
		return -errno;
	while (r >= 0 && (e = readdir(d))) {
		struct pair p;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		p.pid = (uint32_t)strtoul(e->d_name, NULL, 10);
		if (read_parent(p.pid, &p.ppid))
			r = espy_vec_push(&all, p);
	}
	closedir(d);
	while (r >= 0 && grew) {
		grew = false;
		for (size_t i = 0; i < all.n && r >= 0; i++)
			if (has_pid(t, all.v[i].ppid) && !has_pid(t, all.v[i].pid)) {
				r = add_pid(t, all.v[i].pid);
				grew = true;
			}
	}
	espy_vec_done(&all);
	return r < 0 ? r : 0;
}

int espy_targets_add_pids(struct espy_targets *t, const char *list, struct espy_err *err)
{
	while (*list) {
		size_t n = strcspn(list, ",");
		char word[32];
		uint32_t pid, ppid;

		snprintf(word, sizeof(word), "%.*s", (int)n, list);
		if (espy_parse_u32(word, &pid) < 0 || !pid)
			return espy_err_set(err, -EINVAL, "%s is not a process id", word);
		if (!read_parent(pid, &ppid))
			return espy_err_set(err, -ESRCH, "there is no process %u", pid);
		if (add_pid(t, pid) < 0)
			return -ENOMEM;
		list += n + (list[n] == ',');
	}
	return add_descendants(t);
}

int espy_targets_add_user(struct espy_targets *t, const char *name, struct espy_err *err)
{
	struct passwd *pw = getpwnam(name);
	uint32_t uid;

	if (pw)
		uid = pw->pw_uid;
	else if (espy_parse_u32(name, &uid) < 0)
		return espy_err_set(err, -ENOENT, "there is no user %s", name);
	if (t->n_uids == ESPY_TARGETS_UIDS)
		return espy_err_set(err, -E2BIG, "at most %d users", ESPY_TARGETS_UIDS);
	t->uids[t->n_uids++] = uid;
	return 0;
}

void espy_targets_done(struct espy_targets *t)
{
	free(t->pids);
	memset(t, 0, sizeof(*t));
}
