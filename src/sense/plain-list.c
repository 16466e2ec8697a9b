/* SPDX-License-Identifier: MIT */
#include "sense/plain-list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DEPTH_MAX 4096 /* ancestors that are looked through: a ring of them ends there */

/* The number that is an entry's name, 0 for other entries. */
static uint32_t number_of(const struct dirent *e)
{
	return isdigit((unsigned char)e->d_name[0]) ? (uint32_t)strtoul(e->d_name, NULL, 10) : 0;
}

/* --- reading -------------------------------------------------------------------------------- */

/* All started with the process, as far as anybody says. */
static void read_threads(struct espy_plain_events *x, struct espy_plain_process *p, int dir)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		uint32_t tid = number_of(e);

		if (tid && tid != p->pid)
			espy_plain_add_thread(&x->tasks, p, tid, 0);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

static int read_one(struct espy_plain_events *x, uint32_t pid)
{
	struct espy_plain_process *p;
	int dir = espy_proc_open(pid), r;

	if (dir < 0)
		return 0;
	r = espy_proc_stat(&x->info, dir, 0);
	p = r == 0 ? espy_plain_add(&x->tasks, pid, x->info.start, NULL) : NULL;
	if (p) {
		p->ppid = x->info.ppid;
		espy_plain_read_who(x, p, dir, true);
		read_threads(x, p, dir);
	}
	close(dir);
	return r == 0 && !p ? -ENOMEM : 0;
}

static void set_parents(struct espy_plain_events *x)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&x->tasks.processes, &i)) != NULL;) {
		struct espy_plain_process *p = slot->value;
		struct espy_plain_process *parent = espy_plain_find(&x->tasks, p->ppid);

		p->parent_start = parent && parent->start <= p->start ? parent->start : 0;
	}
}

static bool is_below(const struct espy_plain_events *x, const struct espy_plain_process *p,
		     const uint32_t *pids, size_t n)
{
	for (int depth = 0; p && depth < DEPTH_MAX; depth++) {
		for (size_t i = 0; i < n; i++)
			if (pids[i] == p->pid)
				return true;
		p = p->ppid ? espy_plain_find(&x->tasks, p->ppid) : NULL;
	}
	return false;
}

static void set_targets(struct espy_plain_events *x, const uint32_t *pids, size_t n)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; n && (slot = espy_map_next(&x->tasks.processes, &i)) != NULL;)
		espy_plain_set_target(&x->tasks, slot->value, is_below(x, slot->value, pids, n));
}

int espy_plain_list_read(struct espy_plain_events *x, const uint32_t *pids, size_t n_pids)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (r == 0 && (e = readdir(d))) {
		uint32_t pid = number_of(e);

		r = pid ? read_one(x, pid) : 0;
	}
	closedir(d);
	set_parents(x);
	set_targets(x, pids, n_pids);
	return r;
}

/* --- telling -------------------------------------------------------------------------------- */

static void set_image(struct espy_plain_events *x, struct espy_ev_process_running *rec)
{
	const struct espy_plain_image *i = &x->image;
	struct espy_record *r = &x->record;

	espy_record_path(r, &rec->path, (struct espy_str){i->exe, i->n_exe}, ESPY_SOURCE_KERNEL);
	espy_record_path(r, &rec->cwd, (struct espy_str){i->cwd, i->n_cwd}, ESPY_SOURCE_KERNEL);
	espy_record_text(r, &rec->argv, (struct espy_str){i->argv, i->n_argv});
	ESPY_PLAIN_SET_VERSION(rec, i);
	if (i->is_deleted)
		r->hdr.flags |= ESPY_F_DELETED;
	if (i->is_cut)
		r->hdr.flags |= ESPY_F_TRUNCATED;
}

static void tell_one(struct espy_plain_events *x, struct espy_plain_process *p, uint64_t now)
{
	struct espy_ev_process_running *rec = &x->record.process_running;
	int dir = p->is_kernel ? -1 : espy_proc_open(p->pid);
	bool has_image = false;

	if (dir >= 0) {
		espy_plain_image_read(&x->image, dir, false);
		has_image = espy_proc_stat(&x->info, dir, p->start) == 0;
		close(dir);
	}
	espy_record_begin(&x->record, ESPY_EV_process_running, sizeof(*rec));
	rec->hdr.time = now;
	rec->hdr.start = p->start;
	rec->hdr.pid = rec->hdr.tid = p->pid;
	ESPY_PLAIN_SET_WHO(rec, p);
	if (has_image)
		set_image(x, rec);
	espy_record_text(&x->record, &rec->comm, espy_str0(p->comm));
	espy_record_text(&x->record, &rec->tty, espy_str0(p->tty));
	espy_plain_send(x);
	p->is_told = true;
}

void espy_plain_list_tell(struct espy_plain_events *x, uint64_t now)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&x->tasks.processes, &i)) != NULL;)
		tell_one(x, slot->value, now);
}

/* --- again ---------------------------------------------------------------------------------- */

static void set_missing(struct espy_plain_events *x, bool is)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&x->tasks.processes, &i)) != NULL;)
		((struct espy_plain_process *)slot->value)->is_missing = is;
}

/* One that has the number of another, whose end was lost, is new. */
static bool is_same(struct espy_plain_events *x, const struct espy_plain_process *p)
{
	int dir = espy_proc_open(p->pid), r = dir;

	if (dir >= 0) {
		r = espy_proc_stat(&x->info, dir, p->start);
		close(dir);
	}
	return r == 0;
}

static void look_again(struct espy_plain_events *x, uint32_t pid)
{
	struct espy_plain_process *p = espy_plain_find(&x->tasks, pid), *parent;

	if (p && is_same(x, p)) {
		p->is_missing = false;
		return;
	}
	read_one(x, pid);
	p = espy_plain_find(&x->tasks, pid);
	parent = p ? espy_plain_find(&x->tasks, p->ppid) : NULL;
	if (!parent)
		return;
	p->parent_start = parent->start <= p->start ? parent->start : 0;
	espy_plain_set_target(&x->tasks, p, parent->is_target);
}

void espy_plain_list_again(struct espy_plain_events *x)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	if (!d)
		return;
	set_missing(x, true);
	while ((e = readdir(d)))
		if (number_of(e))
			look_again(x, number_of(e));
	closedir(d);
}

void espy_plain_list_forget(struct espy_plain_events *x)
{
	struct espy_map_slot *slot;
	bool again = true;

	while (again) { /* the map must not change while it is walked through */
		struct espy_plain_process *gone[64];
		size_t n = 0;

		for (size_t i = 0; n < 64 && (slot = espy_map_next(&x->tasks.processes, &i));) {
			gone[n] = slot->value;
			n += gone[n]->is_missing;
		}
		again = n == 64;
		while (n > 0)
			espy_plain_drop(&x->tasks, gone[--n]);
	}
}
