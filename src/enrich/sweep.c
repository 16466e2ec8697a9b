/* SPDX-License-Identifier: MIT */
#include "enrich/sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/proc.h"

/* A record with its text behind it. */
struct record {
	struct espy_ev_process_running rec;
	char text[sizeof(((struct espy_proc_info *)0)->name) +
		  sizeof(((struct espy_proc_info *)0)->tty) + 4096];
};

static void put_text(struct record *r, struct espy_text *t, const char *p, size_t n)
{
	size_t at = r->rec.hdr.size - sizeof(r->rec);

	if (n > sizeof(r->text) - at)
		n = sizeof(r->text) - at;
	if (n) /* `p` may be NULL then, which memcpy must not get */
		memcpy(r->text + at, p, n);
	t->off = (uint16_t)r->rec.hdr.size;
	t->len = (uint16_t)n;
	r->rec.hdr.size += (uint32_t)n;
}

/* A child knows the exact start of its parent; /proc only the clock tick. */
static uint64_t exact_start(const struct espy_processes *t, uint32_t pid, uint64_t start)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&t->map, &i)) != NULL;) {
		const struct espy_process *p = slot->value;

		if (p->ppid == pid && p->parent_start)
			return p->parent_start;
	}
	return start;
}

static void make_record(struct record *r, const struct espy_processes *t, uint64_t now,
			const struct espy_proc_info *info)
{
	uint64_t start = exact_start(t, info->pid, info->start);

	memset(&r->rec, 0, sizeof(r->rec));
	r->rec.hdr.time = now;
	r->rec.hdr.start = start;
	r->rec.hdr.pid = r->rec.hdr.tid = info->pid;
	r->rec.hdr.type = ESPY_EV_process_running;
	r->rec.hdr.size = sizeof(r->rec);
	r->rec.ppid = info->ppid;
	r->rec.uid = info->uid;
	r->rec.gid = info->gid;
	r->rec.euid = info->euid;
	r->rec.egid = info->egid;
	r->rec.sid = info->sid;
	r->rec.login_uid = info->login_uid;
	r->rec.audit_session = UINT32_MAX;
	r->rec.kernel = info->is_kernel;
	put_text(r, &r->rec.comm, info->name, strlen(info->name));
	put_text(r, &r->rec.tty, info->tty, strlen(info->tty));
	put_text(r, &r->rec.path.text, info->exe.p, info->exe.n);
	if (info->exe.n)
		r->rec.path.source = ESPY_SOURCE_KERNEL;
}

static bool is_known(const struct espy_processes *t, uint32_t pid)
{
	return espy_map_get(&t->current, pid, 0) != NULL;
}

int espy_sweep(const struct espy_processes *t, uint64_t now, espy_sweep_fn fn, void *ctx)
{
	struct espy_proc_info info = {0};
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct record r;
	int ret = 0;

	if (!d)
		return 0; /* no /proc: what the iterator showed has to do */
	while (ret >= 0 && (e = readdir(d))) {
		uint32_t pid = (uint32_t)strtoul(e->d_name, NULL, 10);

		if (!isdigit((unsigned char)e->d_name[0]) || is_known(t, pid) ||
		    espy_proc_read(&info, pid, 0) < 0)
			continue;
		make_record(&r, t, now, &info);
		ret = fn(ctx, &r.rec.hdr);
	}
	closedir(d);
	espy_buf_done(&info.exe);
	espy_buf_done(&info.cmdline);
	return ret < 0 ? ret : 0;
}
