/* SPDX-License-Identifier: MIT */
#include "sense/plain-proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "base/buf.h"

/* --- the image ------------------------------------------------------------------------------ */

enum { MEMORY_NONE = 0, MEMORY_MEMFD = 5, MEMORY_DELETED = 6 }; /* flags/memory.def */

static size_t read_link(int dir, const char *name, char *to, size_t size)
{
	ssize_t n = readlinkat(dir, name, to, size);

	return n > 0 ? (size_t)n : 0;
}

/* One byte more than there may be is asked for, to see that something was cut. */
static size_t read_words(int dir, const char *name, char *to, bool *is_cut)
{
	ssize_t n = espy_proc_file(dir, name, to, ESPY_PLAIN_ARGS + 2);

	if (n > (ssize_t)ESPY_PLAIN_ARGS) {
		*is_cut = true;
		n = ESPY_PLAIN_ARGS;
	}
	return n > 0 ? (size_t)n : 0;
}

/* The kernel's own encoding of a device, as BPF programs read it. */
static uint32_t pack_dev(dev_t dev)
{
	return major(dev) << 20 | minor(dev);
}

static int64_t ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* A file may be called "x (deleted)": only one without a name is. */
static void note_name(struct espy_plain_image *i, const struct stat *st)
{
	static const struct espy_str mark = {" (deleted)", 10}, memfd = {"/memfd:", 7};
	struct espy_str exe = {i->exe, i->n_exe};

	if (st->st_nlink > 0 || !espy_str_ends(exe, mark))
		return;
	i->is_deleted = true;
	i->memory = espy_str_starts(exe, memfd) ? MEMORY_MEMFD : MEMORY_DELETED;
	i->n_exe -= mark.n;
}

static void read_version(struct espy_plain_image *i, int dir)
{
	struct stat st;

	if (fstatat(dir, "exe", &st, 0) < 0)
		return;
	i->dev = pack_dev(st.st_dev);
	i->inode = st.st_ino;
	i->size = (uint64_t)st.st_size;
	i->mtime = ns_of(&st.st_mtim);
	i->ctime = ns_of(&st.st_ctim);
	note_name(i, &st);
}

void espy_plain_image_read(struct espy_plain_image *ret, int dir, bool with_env)
{
	ret->is_deleted = ret->is_cut = false;
	ret->memory = MEMORY_NONE;
	ret->dev = 0;
	ret->inode = ret->size = 0;
	ret->mtime = ret->ctime = 0;
	ret->n_exe = read_link(dir, "exe", ret->exe, sizeof(ret->exe));
	ret->n_argv = read_words(dir, "cmdline", ret->argv, &ret->is_cut);
	ret->n_cwd = read_link(dir, "cwd", ret->cwd, sizeof(ret->cwd));
	read_version(ret, dir);
	ret->n_env = with_env ? read_words(dir, "environ", ret->env, &ret->is_cut) : 0;
}

/* --- cgroups -------------------------------------------------------------------------------- */

#define HASHED       (1ull << 62) /* the id is not the kernel's, which counts inodes */
#define CGROUP_BYTES 8192         /* of the file: thirteen hierarchies with long paths */

const char *const espy_plain_cgroup_mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL};

/* Its inode number is the id of a cgroup of version 2 (kernfs). */
static uint64_t id_of(struct espy_str path)
{
	for (const char *const *mount = espy_plain_cgroup_mounts; *mount; mount++) {
		char full[CGROUP_BYTES + 64];
		struct stat st;

		snprintf(full, sizeof(full), "%s%.*s", *mount, (int)path.n, path.p);
		if (stat(full, &st) == 0)
			return st.st_ino;
	}
	return 0;
}

/* What follows "N:LIST:" on the line of the hierarchy that says who somebody is: version 2's, or
 * version 1's of memory where the former has only the root, as systemd's hybrid has it. */
static bool find_path(const char *text, struct espy_str *ret, bool *ret_is_v2)
{
	const char *line = text, *end, *path;
	bool found = false;

	for (; *line; line = *end ? end + 1 : end) {
		bool is_v2 = strncmp(line, "0::", 3) == 0;

		end = strchrnul(line, '\n');
		path = is_v2 ? line + 2 : strstr(line, ":memory:");
		if (!path || path > end)
			continue;
		path += is_v2 ? 1 : strlen(":memory:");
		if (found && (is_v2 ? end - path <= 1 : ret->n > 1))
			continue;
		*ret = (struct espy_str){path, (size_t)(end - path)};
		*ret_is_v2 = is_v2;
		found = true;
	}
	return found;
}

static bool is_within(struct espy_str path, const char *only)
{
	size_t n = only ? strlen(only) : 0;

	while (n && only[n - 1] == '/')
		n--;
	return path.n >= n && (!n || memcmp(path.p, only, n) == 0) &&
	       (path.n == n || path.p[n] == '/');
}

/* Of version 2, whatever is shown. */
static bool is_below(const char *text, const char *only)
{
	const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	const char *path = line ? strchr(line, '/') : NULL;

	return path && is_within((struct espy_str){path, strcspn(path, "\n")}, only);
}

static void tell(struct espy_plain_cgroups *c, uint64_t id, struct espy_str path)
{
	if (espy_map_get(&c->told, id, 0))
		return;
	if (c->told.n >= ESPY_PLAIN_CGROUPS)
		espy_map_done(&c->told);
	c->define(c->ctx, id, path);
	(void)espy_map_put(&c->told, id, 0, c); /* without room it is told again */
}

static void read_cgroup(struct espy_plain_process *p, int dir, struct espy_plain_cgroups *c)
{
	char text[CGROUP_BYTES];
	struct espy_str path;
	bool is_v2 = false;

	if (espy_proc_file(dir, "cgroup", text, sizeof(text)) <= 0 ||
	    !find_path(text, &path, &is_v2))
		return;
	p->cgroup = is_v2 ? id_of(path) : 0;
	p->cgroup_ref = p->cgroup ? p->cgroup : espy_str_hash(path, 0) | HASHED;
	if (c->only)
		p->is_outside = !is_below(text, c->only);
	tell(c, p->cgroup_ref, path);
}

/* --- who ------------------------------------------------------------------------------------ */

static const char *const namespaces[ESPY_PLAIN_NS] = {"ns/pid",  "ns/mnt", "ns/net",
						      "ns/user", "ns/uts", "ns/ipc"};

#define INITIAL_PID_NS 0xEFFFFFFCu

/* "pid:[4026531836]" */
static void read_namespaces(struct espy_plain_process *p, int dir)
{
	for (int i = 0; i < ESPY_PLAIN_NS; i++) {
		char text[64], *at;
		size_t n = read_link(dir, namespaces[i], text, sizeof(text) - 1);

		text[n] = '\0';
		at = strchr(text, '[');
		if (at)
			p->ns[i] = (uint32_t)strtoul(at + 1, NULL, 10);
	}
}

/* The last number of its line, where the process has a namespace of its own. */
static void read_ns_pid(struct espy_plain_process *p, int dir)
{
	char text[4096], *at, *end;

	if (p->ns[0] == INITIAL_PID_NS || p->ns[0] == 0 ||
	    espy_proc_file(dir, "status", text, sizeof(text)) <= 0)
		return;
	at = strstr(text, "\nNSpid:");
	if (!at)
		return;
	end = strchrnul(at + 1, '\n');
	while (end > at && end[-1] >= '0' && end[-1] <= '9')
		end--;
	p->ns_pid = (uint32_t)strtoul(end, NULL, 10);
}

static uint32_t read_number(int dir, const char *name)
{
	char text[32], *end;
	unsigned long v;

	if (espy_proc_file(dir, name, text, sizeof(text)) <= 0)
		return UINT32_MAX;
	v = strtoul(text, &end, 10);
	return end == text ? UINT32_MAX : (uint32_t)v;
}

static void take_users(struct espy_plain_process *p, int dir, struct espy_proc_info *info)
{
	espy_proc_ids(info, dir);
	p->uid = info->uid;
	p->gid = info->gid;
	p->euid = info->euid;
	p->egid = info->egid;
	p->login_uid = info->login_uid;
	p->audit_session = read_number(dir, "sessionid");
	p->is_kernel = info->is_kernel;
}

void espy_plain_who_read(struct espy_plain_process *p, int dir, struct espy_proc_info *info,
			 bool all, struct espy_plain_cgroups *cgroups)
{
	p->sid = info->sid;
	memcpy(p->tty, info->tty, sizeof(p->tty));
	memcpy(p->comm, info->name, sizeof(p->comm));
	if (all)
		take_users(p, dir, info);
	read_cgroup(p, dir, cgroups);
	read_namespaces(p, dir);
	read_ns_pid(p, dir);
}
