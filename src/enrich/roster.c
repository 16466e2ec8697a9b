/* SPDX-License-Identifier: MIT */
#include "enrich/roster.h"

#include <errno.h>

#include "enrich/more.h"

void espy_roster_init(struct espy_roster *r, size_t max_dead, bool no_proc)
{
	*r = (struct espy_roster){.batch = 1, .no_proc = no_proc};
	espy_processes_init(&r->processes, max_dead);
}

void espy_roster_done(struct espy_roster *r)
{
	espy_processes_done(&r->processes);
	espy_users_done(&r->users);
	espy_buf_done(&r->info.exe);
	espy_buf_done(&r->info.cmdline);
	espy_buf_done(&r->more);
	espy_vec_done(&r->open);
}

/* /proc is slow and late: a fresh copy of a known parent is not looked up there. */
static void complete(struct espy_roster *r, struct espy_process *p)
{
	struct espy_process *parent = espy_process_parent(&r->processes, p);
	bool is_copy = !(p->lacks & (ESPY_LACKS_WHO | ESPY_LACKS_CMDLINE)) && parent &&
		       espy_process_is_copy(p, parent);
	bool has_info = false;

	if (!is_copy && !r->no_proc)
		has_info = espy_proc_read(&r->info, p->pid, p->start) == 0;
	espy_process_complete(&r->processes, p, has_info ? &r->info : NULL);
}

static struct espy_str shared_text(const struct espy_shared *s)
{
	return s ? (struct espy_str){s->p, s->n} : ESPY_STR_NONE;
}

static void add_identity(struct espy_roster *r, const struct espy_process *p, uint32_t index)
{
	const struct espy_identity *i;

	if (!r->identify || !p->version.inode)
		return;
	i = r->asks ? espy_identify_ask(r->identify, &p->version, shared_text(p->exe), p->pid,
					p->start, true)
		    : espy_identify_find(r->identify, &p->version);
	if (i && i->status == ESPY_IDENTITY_WAITING) /* without room it stays without its words */
		(void)espy_vec_push(&r->open, (struct espy_roster_open){index, i});
	else if (i)
		espy_identity_words(&r->more, i);
}

bool espy_roster_awaits(const struct espy_roster *r)
{
	for (size_t k = 0; k < r->open.n; k++)
		if (r->open.v[k].identity->status == ESPY_IDENTITY_WAITING)
			return true;
	return false;
}

int espy_roster_finish(struct espy_roster *r, struct espy_batch *b)
{
	for (size_t k = 0; k < r->open.n; k++) {
		struct espy_proc *p = &b->procs[r->open.v[k].index];
		uint32_t id;

		espy_buf_reset(&r->more);
		espy_buf_str(&r->more, espy_dict_get(&b->dict, p->more));
		espy_identity_words(&r->more, r->open.v[k].identity);
		id = espy_dict_add(&b->dict, (struct espy_str){r->more.p, r->more.n});
		if (id == UINT32_MAX || r->more.error)
			return -ENOMEM;
		p->more = id;
	}
	r->open.n = 0;
	return 0;
}

/* The strings of an entry; 0 or -ENOMEM. */
static int put_texts(struct espy_roster *r, const struct espy_process *p, struct espy_batch *b,
		     uint64_t now, struct espy_proc *to)
{
	struct espy_str user = ESPY_STR_NONE;

	if (p->pid != 0 && p->uid != UINT32_MAX)
		user = espy_user_name(&r->users, p->uid, now);
	espy_buf_reset(&r->more);
	if (p->pid != 0)
		espy_more_add(&r->more, p, &r->users, now);
	add_identity(r, p, b->n_procs);
	to->more = espy_dict_add(&b->dict, (struct espy_str){r->more.p, r->more.n});
	to->name = espy_dict_add(&b->dict, (struct espy_str){p->name, p->n_name});
	to->exe = espy_dict_add(&b->dict, shared_text(p->exe));
	to->cmdline = espy_dict_add(&b->dict, shared_text(p->cmdline));
	to->tty = espy_dict_add(&b->dict, (struct espy_str){p->tty, p->n_tty});
	to->user = espy_dict_add(&b->dict, user);
	if (to->name == UINT32_MAX || to->exe == UINT32_MAX || to->cmdline == UINT32_MAX ||
	    to->tty == UINT32_MAX || to->user == UINT32_MAX || to->more == UINT32_MAX ||
	    r->more.error)
		return -ENOMEM;
	return 0;
}

static int put_entry(struct espy_roster *r, struct espy_process *p, struct espy_batch *b,
		     uint64_t now, uint32_t parent)
{
	struct espy_proc entry = {
		.start = p->start,
		.parent_start = p->parent_start,
		.cgroup = p->cgroup,
		.pid = p->pid,
		.ppid = p->ppid,
		.parent = parent,
		.uid = p->uid,
		.gid = p->gid,
		.euid = p->euid,
		.egid = p->egid,
		.sid = p->sid,
		.login_uid = p->login_uid,
		.flags = p->flags,
	};
	int index = put_texts(r, p, b, now, &entry);

	if (entry.parent_start == 0 && parent != UINT32_MAX)
		entry.parent_start = b->procs[parent].start;
	if (index == 0)
		index = espy_batch_add_proc(b, &entry);
	if (index < 0)
		return index;
	espy_process_touch(&r->processes, p);
	p->batch = r->batch;
	p->batch_index = (uint32_t)index;
	return index;
}

int espy_roster_put(struct espy_roster *r, struct espy_process *p, struct espy_batch *b,
		    uint64_t now)
{
	struct espy_process *chain[ESPY_ANCESTORS_MAX];
	uint32_t parent = UINT32_MAX;
	size_t n = 0;

	while (p && p->batch != r->batch && n < ESPY_ANCESTORS_MAX) {
		if (p->lacks)
			complete(r, p);
		chain[n++] = p;
		p = espy_process_parent(&r->processes, p);
	}
	if (p && p->batch == r->batch)
		parent = p->batch_index;
	/* From the oldest down. Starts that lie could make a ring of the chain: an entry is then
	 * met again, and stays what it is. */
	while (n > 0) {
		int index;

		p = chain[--n];
		index = p->batch == r->batch ? (int)p->batch_index
					     : put_entry(r, p, b, now, parent);
		if (index < 0)
			return index;
		parent = (uint32_t)index;
	}
	return (int)parent;
}
