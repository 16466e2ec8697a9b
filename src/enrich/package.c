/* SPDX-License-Identifier: MIT */
#include "enrich/package.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define DPKG_LISTS "/var/lib/dpkg/info"
#define CAP_MIN    4096u

void espy_packages_init(struct espy_packages *t, const char *dir)
{
	*t = (struct espy_packages){.dir = dir ? dir : DPKG_LISTS};
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0)
		t->seed = 0; /* hits are looked up: only speed depends on it */
}

void espy_packages_done(struct espy_packages *t)
{
	for (size_t i = 0; i < t->names.n; i++)
		free(t->names.v[i]);
	espy_vec_done(&t->names);
	free(t->slots);
}

/* --- the table ------------------------------------------------------------------------------ */

/* With /usr merged, a path has two names and lists may have either. */
static struct espy_str without_usr(struct espy_str path)
{
	static const char *const merged[] = {"/usr/bin/", "/usr/sbin/", "/usr/lib"};

	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		if (espy_str_starts(path, espy_str0(merged[i])))
			return (struct espy_str){path.p + 4, path.n - 4};
	return path;
}

static uint64_t hash_of(const struct espy_packages *t, struct espy_str path)
{
	uint64_t h = espy_str_hash(without_usr(path), t->seed);

	return h ? h : 1;
}

static void insert(struct espy_packages *t, struct espy_package_slot s)
{
	size_t i = s.hash & (t->cap - 1);

	for (; t->slots[i].hash; i = (i + 1) & (t->cap - 1))
		if (t->slots[i].hash == s.hash)
			t->slots[i].next = 1;
	t->slots[i] = s;
	t->n++;
}

static bool grow(struct espy_packages *t)
{
	struct espy_package_slot *old = t->slots;
	size_t old_cap = t->cap;

	if (t->n * 2 < t->cap)
		return true;
	t->cap = old_cap ? old_cap * 2 : CAP_MIN;
	t->slots = calloc(t->cap, sizeof(*t->slots));
	if (!t->slots) {
		t->slots = old;
		t->cap = old_cap;
		return false;
	}
	t->n = 0;
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].hash)
			insert(t, old[i]);
	free(old);
	return true;
}

static void add_path(struct espy_packages *t, struct espy_str path, uint32_t package)
{
	if (path.n < 2 || t->n >= ESPY_PACKAGE_PATHS_MAX || !grow(t))
		return;
	insert(t, (struct espy_package_slot){.hash = hash_of(t, path), .package = package});
}

/* --- lists ---------------------------------------------------------------------------------- */

/* The whole list, with a NUL behind; malloc, NULL when it cannot be read. */
static char *read_list(const struct espy_packages *t, const char *name, size_t *ret_n)
{
	char path[PATH_MAX];
	struct stat st;
	char *p = NULL;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.list", t->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= (off_t)ESPY_PACKAGE_LIST_MAX)
		p = malloc((size_t)st.st_size + 1);
	if (p)
		n = read(fd, p, (size_t)st.st_size);
	close(fd);
	if (!p || n <= 0) {
		free(p);
		return NULL;
	}
	p[n] = '\0';
	*ret_n = (size_t)n;
	return p;
}

static bool next_line(struct espy_str *rest, struct espy_str *ret)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) : rest->n;

	if (!rest->n)
		return false;
	*ret = (struct espy_str){rest->p, n};
	n += end != NULL;
	*rest = (struct espy_str){rest->p + n, rest->n - n};
	return true;
}

/* A line is a directory when the next one is in it. */
static bool is_above(struct espy_str dir, struct espy_str path)
{
	return path.n > dir.n && memcmp(path.p, dir.p, dir.n) == 0 && path.p[dir.n] == '/';
}

static void add_list(struct espy_packages *t, const char *name, uint32_t package)
{
	struct espy_str rest, line, last = ESPY_STR_NONE;
	size_t n;
	char *p = read_list(t, name, &n);

	if (!p)
		return;
	rest = (struct espy_str){p, n};
	while (next_line(&rest, &line)) {
		if (last.n && !is_above(last, line))
			add_path(t, last, package);
		last = line;
	}
	add_path(t, last, package);
	free(p);
}

void espy_packages_read(struct espy_packages *t)
{
	DIR *d = t->is_read ? NULL : opendir(t->dir);
	struct dirent *e;

	t->is_read = true;
	while (d && (e = readdir(d)) && t->names.n < ESPY_PACKAGES_MAX) {
		size_t n = strlen(e->d_name);
		char *name;

		if (n < 6 || strcmp(e->d_name + n - 5, ".list") != 0 ||
		    n - 5 > ESPY_PACKAGE_NAME_MAX)
			continue;
		name = strndup(e->d_name, n - 5);
		if (!name || espy_vec_push(&t->names, name) < 0) {
			free(name);
			break;
		}
		add_list(t, name, (uint32_t)t->names.n - 1);
	}
	if (d)
		closedir(d);
}

/* --- questions ------------------------------------------------------------------------------ */

static bool list_has(const struct espy_packages *t, const char *name, struct espy_str path)
{
	struct espy_str rest, line;
	bool found = false;
	size_t n;
	char *p = read_list(t, name, &n);

	rest = (struct espy_str){p, p ? n : 0};
	path = without_usr(path);
	while (!found && next_line(&rest, &line))
		found = espy_str_eq(without_usr(line), path);
	free(p);
	return found;
}

void espy_package_of(struct espy_packages *t, struct espy_str path,
		     char ret[ESPY_PACKAGE_NAME_MAX + 1])
{
	uint64_t hash;

	ret[0] = '\0';
	espy_packages_read(t);
	if (!t->cap || path.n < 2)
		return;
	hash = hash_of(t, path);
	for (size_t i = hash & (t->cap - 1); t->slots[i].hash; i = (i + 1) & (t->cap - 1)) {
		const struct espy_package_slot *s = &t->slots[i];

		if (s->hash != hash)
			continue;
		if (list_has(t, t->names.v[s->package], path)) {
			snprintf(ret, ESPY_PACKAGE_NAME_MAX + 1, "%s", t->names.v[s->package]);
			return;
		}
		if (!s->next)
			return;
	}
}
