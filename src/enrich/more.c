/* SPDX-License-Identifier: MIT */
#include "enrich/more.h"

void espy_more_word(struct espy_buf *to, const char *name, struct espy_str value)
{
	if (!value.n)
		return;
	espy_buf_puts(to, name);
	espy_buf_putc(to, '\0');
	espy_buf_str(to, value);
	espy_buf_putc(to, '\0');
}

static void add_number(struct espy_buf *to, const char *name, uint64_t v)
{
	espy_buf_puts(to, name);
	espy_buf_putc(to, '\0');
	espy_buf_u64(to, v);
	espy_buf_putc(to, '\0');
}

static void add_time(struct espy_buf *to, const char *name, int64_t v)
{
	espy_buf_puts(to, name);
	espy_buf_putc(to, '\0');
	espy_buf_s64(to, v);
	espy_buf_putc(to, '\0');
}

static void add_names(struct espy_buf *to, const struct espy_process *p, struct espy_users *users,
		      uint64_t now)
{
	if (p->uid != UINT32_MAX && p->euid != p->uid)
		espy_more_word(to, "euser", espy_user_name(users, p->euid, now));
	if (p->gid != UINT32_MAX)
		espy_more_word(to, "group_name", espy_group_name(users, p->gid, now));
	if (p->gid != UINT32_MAX && p->egid != p->gid)
		espy_more_word(to, "egroup", espy_group_name(users, p->egid, now));
	if (p->login_uid != UINT32_MAX)
		espy_more_word(to, "login", espy_user_name(users, p->login_uid, now));
}

/* systemd-logind numbers its sessions as the audit system does where that has a number. */
static void add_place(struct espy_buf *to, const struct espy_process *p)
{
	if (p->where)
		espy_buf_add(to, p->where->words, p->where->n);
	if (!(p->where && p->where->has_session) && p->audit_session != UINT32_MAX)
		add_number(to, "login_session", p->audit_session);
}

static void add_namespaces(struct espy_buf *to, const struct espy_process *p)
{
	const struct {
		const char *name;
		uint32_t v;
	} words[] = {
		{"ns_pid", p->ns_pid}, {"pid_ns", p->ns.pid},   {"mnt_ns", p->ns.mnt},
		{"net_ns", p->ns.net}, {"user_ns", p->ns.user}, {"uts_ns", p->ns.uts},
		{"ipc_ns", p->ns.ipc},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].v)
			add_number(to, words[i].name, words[i].v);
}

static void add_version(struct espy_buf *to, const struct espy_version *v)
{
	if (!v->inode)
		return;
	espy_buf_puts(to, "exe_dev");
	espy_buf_putc(to, '\0');
	espy_buf_u64(to, v->dev >> 20);
	espy_buf_putc(to, ':');
	espy_buf_u64(to, v->dev & 0xfffff);
	espy_buf_putc(to, '\0');
	add_number(to, "exe_inode", v->inode);
	add_number(to, "exe_size", v->size);
	add_time(to, "exe_mtime", v->mtime);
	add_time(to, "exe_ctime", v->ctime);
}

void espy_more_add(struct espy_buf *to, const struct espy_process *p, struct espy_users *users,
		   uint64_t now)
{
	add_names(to, p, users, now);
	add_place(to, p);
	add_namespaces(to, p);
	add_version(to, &p->version);
}
