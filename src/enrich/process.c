/* SPDX-License-Identifier: MIT */
#include "enrich/process.h"

#include <errno.h>
#include <stdlib.h>

#include "base/proc.h"
#include "enrich/wire.h"

#define DROPPED_PART 8u /* of the ended ones that are kept */

void espy_processes_init(struct espy_processes *t, size_t max_dead)
{
	*t = (struct espy_processes){.max_dead = max_dead ? max_dead : ESPY_PROCESS_DEAD_DEFAULT};
	espy_cgroups_init(&t->cgroups, 0);
}

/* --- lists ---------------------------------------------------------------------------------- */

static struct espy_process_list *list_of(struct espy_processes *t, const struct espy_process *p)
{
	return p->is_dead ? &t->dead : &t->live;
}

static void list_add(struct espy_process_list *l, struct espy_process *p)
{
	p->next = NULL;
	p->prev = l->tail;
	if (l->tail)
		l->tail->next = p;
	else
		l->head = p;
	l->tail = p;
	l->n++;
}

static void list_remove(struct espy_process_list *l, struct espy_process *p)
{
	if (p->prev)
		p->prev->next = p->next;
	else
		l->head = p->next;
	if (p->next)
		p->next->prev = p->prev;
	else
		l->tail = p->prev;
	l->n--;
}

static void set_dead(struct espy_processes *t, struct espy_process *p)
{
	if (p->is_dead)
		return;
	list_remove(&t->live, p);
	p->is_dead = true;
	list_add(&t->dead, p);
}

void espy_process_touch(struct espy_processes *t, struct espy_process *p)
{
	if (!p->is_dead || t->dead.tail == p)
		return;
	list_remove(&t->dead, p);
	list_add(&t->dead, p);
}

/* --- texts ---------------------------------------------------------------------------------- */

static void shared_drop(struct espy_processes *t, struct espy_shared *s)
{
	if (!s || --s->refs > 0)
		return;
	t->bytes -= s->n;
	free(s);
}

static void shared_copy(struct espy_processes *t, struct espy_shared **to, struct espy_shared *from)
{
	if (from)
		from->refs++;
	shared_drop(t, *to);
	*to = from;
}

static int shared_set(struct espy_processes *t, struct espy_shared **to, struct espy_str text)
{
	struct espy_shared *s;

	if (*to && espy_str_eq((struct espy_str){(*to)->p, (*to)->n}, text))
		return 0;
	s = malloc(sizeof(*s) + text.n);
	if (!s)
		return -ENOMEM;
	s->refs = 1;
	s->n = (uint32_t)text.n;
	memcpy(s->p, text.p, text.n);
	t->bytes += s->n;
	shared_drop(t, *to);
	*to = s;
	return 0;
}

/* A short text within a process: whether it changed. */
static bool set_short(char *to, uint8_t *n, size_t max, struct espy_str s)
{
	if (s.n > max)
		s.n = max;
	if (*n == s.n && memcmp(to, s.p, s.n) == 0)
		return false;
	memcpy(to, s.p, s.n);
	*n = (uint8_t)s.n;
	return true;
}

static void set_name(struct espy_process *p, struct espy_str name)
{
	if (name.n && set_short(p->name, &p->n_name, sizeof(p->name), name))
		p->batch = 0;
}

/* The kernel calls a pseudo terminal pts3; people know it as pts/3, its place in /dev. */
static void set_tty(struct espy_process *p, struct espy_str tty)
{
	char text[ESPY_PROCESS_TTY_MAX];

	if (espy_str_starts(tty, ESPY_STR("pts")) && tty.n > 3 && tty.n < sizeof(text) &&
	    tty.p[3] != '/') {
		memcpy(text, "pts/", 4);
		memcpy(text + 4, tty.p + 3, tty.n - 3);
		tty = (struct espy_str){text, tty.n + 1};
	}
	if (set_short(p->tty, &p->n_tty, sizeof(p->tty), tty))
		p->batch = 0;
}

static int set_cmdline(struct espy_processes *t, struct espy_process *p, struct espy_str cmdline)
{
	if (cmdline.n > ESPY_PROCESS_CMDLINE_MAX)
		cmdline.n = ESPY_PROCESS_CMDLINE_MAX;
	p->batch = 0;
	return shared_set(t, &p->cmdline, cmdline);
}

static int set_image(struct espy_processes *t, struct espy_process *p, struct espy_str exe,
		     struct espy_str cmdline)
{
	int r = shared_set(t, &p->exe, exe);

	p->lacks &= (uint8_t)~ESPY_LACKS_IMAGE;
	p->batch = 0;
	return r < 0 ? r : set_cmdline(t, p, cmdline);
}

/* --- the table ------------------------------------------------------------------------------ */

static void free_process(struct espy_processes *t, struct espy_process *p)
{
	shared_drop(t, p->exe);
	shared_drop(t, p->cmdline);
	espy_cgroup_unref(p->where);
	free(p);
}

/* A few processes make most of the rows. */
static struct espy_process **lately(struct espy_processes *t, uint32_t pid)
{
	return &t->lately[pid % ESPY_PROCESS_LATELY];
}

static void drop(struct espy_processes *t, struct espy_process *p)
{
	list_remove(list_of(t, p), p);
	if (*lately(t, p->pid) == p)
		*lately(t, p->pid) = NULL;
	espy_map_del(&t->map, p->pid, p->start);
	if (espy_map_get(&t->current, p->pid, 0) == p)
		espy_map_del(&t->current, p->pid, 0);
	free_process(t, p);
}

static bool has_room(const struct espy_processes *t)
{
	return t->dead.n <= t->max_dead &&
	       (t->dead.n <= ESPY_PROCESS_ENDED_MIN || t->bytes <= ESPY_PROCESS_BYTES_MAX);
}

/* Those that the living descend from are asked for with each of these: they go last. */
static void touch_ancestors(struct espy_processes *t)
{
	for (struct espy_process *p = t->live.head; p; p = p->next) {
		struct espy_process *up = espy_process_parent(t, p);

		for (unsigned i = 0; up && up->is_dead && i < ESPY_ANCESTORS_MAX; i++) {
			espy_process_touch(t, up);
			up = espy_process_parent(t, up);
		}
	}
}

/* Many go at once, because to find out who has to stay takes a look at all that live. An end that
 * was lost leaves a process alive here for ever; the bound on the living is for that. */
static void make_room(struct espy_processes *t)
{
	while (t->live.n >= ESPY_PROCESS_LIVE_MAX)
		set_dead(t, t->live.head);
	if (has_room(t))
		return;
	touch_ancestors(t);
	for (size_t n = t->dead.n / DROPPED_PART; n; n--)
		drop(t, t->dead.head);
	while (!has_room(t))
		drop(t, t->dead.head);
}

void espy_processes_done(struct espy_processes *t)
{
	while (t->live.head)
		drop(t, t->live.head);
	while (t->dead.head)
		drop(t, t->dead.head);
	espy_map_done(&t->map);
	espy_map_done(&t->current);
	espy_cgroups_done(&t->cgroups);
}

struct espy_process *espy_process_find(const struct espy_processes *t, uint32_t pid, uint64_t start)
{
	struct espy_process *p = NULL;

	if (start == 0)
		p = espy_map_get(&t->current, pid, 0);
	return p ? p : espy_map_get(&t->map, pid, start);
}

/* Two processes cannot have one pid: an older one has ended, told or not. */
static int set_current(struct espy_processes *t, struct espy_process *p)
{
	struct espy_process *old = espy_map_get(&t->current, p->pid, 0);

	if (old && old->start > p->start) {
		set_dead(t, p);
		return 0;
	}
	if (espy_map_put(&t->current, p->pid, 0, p) < 0)
		return -ENOMEM;
	if (old)
		set_dead(t, old);
	return 0;
}

static struct espy_process *new_process(uint32_t pid, uint64_t start)
{
	struct espy_process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->pid = pid;
	p->start = start;
	if (pid == 0) /* the capture itself, for its loss records */
		return p;
	p->lacks = ESPY_LACKS_IMAGE | ESPY_LACKS_WHO;
	p->uid = p->gid = p->euid = p->egid = p->login_uid = p->audit_session = UINT32_MAX;
	return p;
}

struct espy_process *espy_process_get(struct espy_processes *t, uint32_t pid, uint64_t start)
{
	struct espy_process *p = *lately(t, pid);

	if (p && p->pid == pid && p->start == start && start)
		return p;
	p = espy_process_find(t, pid, start);
	if (p) {
		*lately(t, pid) = p;
		return p;
	}
	make_room(t);
	p = new_process(pid, start);
	if (!p)
		return NULL;
	if (espy_map_put(&t->map, pid, start, p) < 0) {
		free(p);
		return NULL;
	}
	list_add(&t->live, p);
	if (set_current(t, p) < 0) {
		drop(t, p);
		return NULL;
	}
	return p;
}

struct espy_process *espy_process_parent(const struct espy_processes *t,
					 const struct espy_process *p)
{
	struct espy_process *parent;

	if (p->ppid == 0)
		return NULL;
	parent = espy_process_find(t, p->ppid, p->parent_start);
	return parent && parent != p && parent->start <= p->start ? parent : NULL;
}

/* --- what records say ----------------------------------------------------------------------- */

/* The first parent stays: who made a process is asked more often than who inherited it. */
static void set_parent(struct espy_process *p, uint32_t ppid, uint64_t start)
{
	if (p->ppid || !ppid)
		return;
	p->ppid = ppid;
	p->parent_start = start;
	p->batch = 0;
}

static void set_u32(struct espy_process *p, uint32_t *to, uint32_t v)
{
	if (*to != v)
		p->batch = 0;
	*to = v;
}

static void set_creds(struct espy_process *p, uint32_t uid, uint32_t gid, uint32_t euid,
		      uint32_t egid)
{
	set_u32(p, &p->uid, uid);
	set_u32(p, &p->gid, gid);
	set_u32(p, &p->euid, euid);
	set_u32(p, &p->egid, egid);
}

/* Takes the caller's reference. */
static void set_where(struct espy_process *p, struct espy_cgroup *where)
{
	if (p->where != where)
		p->batch = 0;
	espy_cgroup_unref(p->where);
	p->where = where;
}

static void set_ns(struct espy_process *p, const struct espy_namespaces *ns, uint32_t ns_pid)
{
	set_u32(p, &p->ns_pid, ns_pid);
	if (memcmp(&p->ns, ns, sizeof(*ns)) != 0)
		p->batch = 0;
	p->ns = *ns;
}

static void set_cgroup(struct espy_process *p, uint64_t cgroup)
{
	if (p->cgroup != cgroup)
		p->batch = 0;
	p->cgroup = cgroup;
}

/* process_running and process_exec share this part by name. */
#define SET_VERSION(p, rec)                                                \
	((p)->version = (struct espy_version){.inode = (rec)->image_inode, \
					      .size = (rec)->image_size,   \
					      .mtime = (rec)->image_mtime, \
					      .ctime = (rec)->image_ctime, \
					      .dev = (rec)->image_dev})

/* meta_task and process_running share this part by name. */
#define SET_WHO(t, p, rec)                                                                      \
	do {                                                                                    \
		set_parent(p, (rec)->ppid, (rec)->parent_start);                                \
		set_creds(p, (rec)->uid, (rec)->gid, (rec)->euid, (rec)->egid);                 \
		set_cgroup(p, (rec)->cgroup);                                                   \
		set_where(p, espy_cgroup_get(&t->cgroups, (rec)->cgroup_ref));                  \
		set_u32(p, &(p)->audit_session, (rec)->audit_session);                          \
		set_ns(p,                                                                       \
		       &(struct espy_namespaces){(rec)->pid_ns, (rec)->mnt_ns, (rec)->net_ns,   \
						 (rec)->user_ns, (rec)->uts_ns, (rec)->ipc_ns}, \
		       (rec)->ns_pid);                                                          \
		set_u32(p, &(p)->sid, (rec)->sid);                                              \
		set_u32(p, &(p)->login_uid, (rec)->login_uid);                                  \
		set_u32(p, &(p)->flags, (p)->flags | ((rec)->kernel ? ESPY_PROC_KERNEL : 0));   \
		set_name(p, espy_wire_text(&(rec)->hdr, (rec)->comm));                          \
		set_tty(p, espy_wire_text(&(rec)->hdr, (rec)->tty));                            \
		(p)->lacks &= (uint8_t)~ESPY_LACKS_WHO;                                         \
		if ((rec)->kernel)                                                              \
			(p)->lacks = 0;                                                         \
	} while (0)

int espy_process_running(struct espy_processes *t, const struct espy_ev_process_running *rec,
			 struct espy_str exe)
{
	struct espy_process *p = espy_process_get(t, rec->hdr.pid, rec->hdr.start);

	if (!p)
		return -ENOMEM;
	SET_WHO(t, p, rec);
	SET_VERSION(p, rec);
	set_u32(p, &p->flags, p->flags | ESPY_PROC_BEFORE);
	if (!rec->kernel && !rec->argv.len)
		p->lacks |= ESPY_LACKS_CMDLINE;
	return set_image(t, p, exe, espy_wire_bytes(&rec->hdr, rec->argv));
}

int espy_process_task(struct espy_processes *t, const struct espy_ev_meta_task *rec)
{
	struct espy_process *p = espy_process_get(t, rec->hdr.pid, rec->hdr.start);

	if (!p)
		return -ENOMEM;
	SET_WHO(t, p, rec);
	return 0;
}

static void inherit_image(struct espy_processes *t, struct espy_process *p,
			  const struct espy_process *from)
{
	shared_copy(t, &p->exe, from->exe);
	shared_copy(t, &p->cmdline, from->cmdline);
	p->version = from->version;
	p->lacks = (uint8_t)((p->lacks & ~ESPY_LACKS_IMAGE) | (from->lacks & ESPY_LACKS_IMAGE));
	p->batch = 0;
}

static void inherit_who(struct espy_process *p, const struct espy_process *from)
{
	set_creds(p, from->uid, from->gid, from->euid, from->egid);
	set_cgroup(p, from->cgroup);
	set_where(p, espy_cgroup_ref(from->where));
	set_ns(p, &from->ns, 0);
	p->audit_session = from->audit_session;
	p->sid = from->sid;
	p->login_uid = from->login_uid;
	p->flags |= from->flags & ESPY_PROC_KERNEL;
	set_tty(p, (struct espy_str){from->tty, from->n_tty});
	p->lacks = (uint8_t)((p->lacks & ~ESPY_LACKS_WHO) | (from->lacks & ESPY_LACKS_WHO));
}

int espy_process_fork(struct espy_processes *t, const struct espy_ev_process_fork *rec)
{
	struct espy_process *child, *from;

	if (rec->hdr.result < 0 || rec->child_pid == 0)
		return 0;
	child = espy_process_get(t, rec->child_pid, rec->child_start);
	if (!child)
		return -ENOMEM;
	/* Found only now: making the child may have cost an ended process its place. */
	from = espy_process_find(t, rec->hdr.pid, rec->hdr.start);
	set_parent(child, rec->child_ppid, rec->parent_start);
	if (!from || from == child)
		return 0;
	if (child->lacks & ESPY_LACKS_WHO)
		inherit_who(child, from);
	if (child->lacks & ESPY_LACKS_IMAGE)
		inherit_image(t, child, from);
	if (child->n_name == 0)
		set_name(child, (struct espy_str){from->name, from->n_name});
	return 0;
}

int espy_process_exec(struct espy_processes *t, const struct espy_ev_process_exec *rec,
		      struct espy_str exe)
{
	struct espy_str given = espy_wire_text(&rec->hdr, rec->given);
	struct espy_process *p;

	if (rec->hdr.result < 0)
		return 0;
	p = espy_process_get(t, rec->hdr.pid, rec->hdr.start);
	if (!p)
		return -ENOMEM;
	set_creds(p, rec->uid, rec->gid, rec->euid, rec->egid);
	SET_VERSION(p, rec);
	/* As begin_new_exec() names the task (fs/exec.c): also a script is called by its own name.
	 */
	set_name(p, espy_str_basename(given.n ? given : exe));
	return set_image(t, p, exe, espy_wire_bytes(&rec->hdr, rec->argv));
}

int espy_process_comm(struct espy_processes *t, const struct espy_ev_process_comm *rec)
{
	struct espy_process *p;

	if (rec->renamed_tid != rec->hdr.pid)
		return 0;
	p = espy_process_get(t, rec->hdr.pid, rec->hdr.start);
	if (!p)
		return -ENOMEM;
	set_name(p, espy_wire_text(&rec->hdr, rec->name));
	return 0;
}

void espy_process_exit(struct espy_processes *t, uint32_t pid, uint64_t start)
{
	struct espy_process *p = espy_process_find(t, pid, start);

	if (p)
		set_dead(t, p);
}

/* --- what nobody told ----------------------------------------------------------------------- */

bool espy_process_is_copy(const struct espy_process *p, const struct espy_process *parent)
{
	return !(parent->lacks & ESPY_LACKS_IMAGE) && p->n_name > 0 &&
	       p->n_name == parent->n_name && memcmp(p->name, parent->name, p->n_name) == 0;
}

static void take_who(struct espy_process *p, const struct espy_proc_info *info)
{
	set_parent(p, info->ppid, 0);
	set_creds(p, info->uid, info->gid, info->euid, info->egid);
	p->sid = info->sid;
	p->login_uid = info->login_uid;
	set_tty(p, espy_str0(info->tty));
	if (info->is_kernel)
		p->flags |= ESPY_PROC_KERNEL;
}

void espy_process_complete(struct espy_processes *t, struct espy_process *p,
			   const struct espy_proc_info *info)
{
	struct espy_process *parent = espy_process_parent(t, p);

	if (info && (p->lacks & ESPY_LACKS_WHO))
		take_who(p, info);
	if (p->lacks & ESPY_LACKS_IMAGE) {
		if (parent && espy_process_is_copy(p, parent))
			inherit_image(t, p, parent);
		else if (info)
			set_image(t, p, (struct espy_str){info->exe.p, info->exe.n},
				  (struct espy_str){info->cmdline.p, info->cmdline.n});
	}
	if (info && (p->lacks & ESPY_LACKS_CMDLINE))
		set_cmdline(t, p, (struct espy_str){info->cmdline.p, info->cmdline.n});
	if (info && p->n_name == 0)
		set_name(p, espy_str0(info->name));
	if (info && p->lacks != ESPY_LACKS_CMDLINE)
		p->flags |= ESPY_PROC_GUESSED;
	p->lacks = 0;
	p->batch = 0;
}
