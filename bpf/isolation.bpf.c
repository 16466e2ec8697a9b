/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process sees: namespaces, Landlock, the new calls of mounting. At sys_exit; the namespaces
 * before were noted at entry (enter_keep in syscall.bpf.c).
 */
#include "exit.bpf.h"

#define BEFORE(now, old) ((now) == (old) ? 0 : (old))

/* Both events have the same sixteen numbers. */
#define PUT_NAMESPACES(rec, now, old)                                      \
	do {                                                               \
		(rec)->new_mnt_ns = (now).mnt;                             \
		(rec)->new_pid_ns = (now).pid;                             \
		(rec)->new_net_ns = (now).net;                             \
		(rec)->new_user_ns = (now).user;                           \
		(rec)->new_uts_ns = (now).uts;                             \
		(rec)->new_ipc_ns = (now).ipc;                             \
		(rec)->new_cgroup_ns = (now).cgroup;                       \
		(rec)->new_time_ns = (now).time;                           \
		(rec)->old_mnt_ns = BEFORE((now).mnt, (old).mnt);          \
		(rec)->old_pid_ns = BEFORE((now).pid, (old).pid);          \
		(rec)->old_net_ns = BEFORE((now).net, (old).net);          \
		(rec)->old_user_ns = BEFORE((now).user, (old).user);       \
		(rec)->old_uts_ns = BEFORE((now).uts, (old).uts);          \
		(rec)->old_ipc_ns = BEFORE((now).ipc, (old).ipc);          \
		(rec)->old_cgroup_ns = BEFORE((now).cgroup, (old).cgroup); \
		(rec)->old_time_ns = BEFORE((now).time, (old).time);       \
	} while (0)

static __always_inline void ns_before_and_now(struct call_exit *x, struct ns_ids *old,
					      struct ns_ids *now)
{
	ns_read(now, current_task());
	__builtin_memcpy(old, &x->st->args[NS_ARGS], sizeof(*old));
}

SHARED(process_setns)
{
	struct espy_ev_process_setns *rec;
	struct ns_ids now, old;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	ns_before_and_now(&x, &old, &now);
	path_of_object(&rec->path, x.st->obj);
	rec->flags = (u32)call_arg(x.st, 2);
	PUT_NAMESPACES(rec, now, old);
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_setns,
			       ESPY_CLASS_process, ret);
}

SHARED(process_unshare)
{
	struct espy_ev_process_unshare *rec;
	struct ns_ids now, old;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	ns_before_and_now(&x, &old, &now);
	rec->flags = call_arg(x.st, 1);
	PUT_NAMESPACES(rec, now, old);
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_unshare,
			       ESPY_CLASS_process, ret);
}

/* --- Landlock ------------------------------------------------------------------------------- */

#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT     2

struct user_ruleset { /* struct landlock_ruleset_attr */
	u64 access_fs, access_net, scoped;
};
struct user_rule { /* struct landlock_path_beneath_attr, packed, or landlock_net_port_attr */
	u64 access;
	union {
		u64 port;
		s32 fd;
	};
};

static __always_inline void put_ruleset(struct call_exit *x, struct espy_ev_process_landlock *rec)
{
	struct user_ruleset attr = {};
	u64 size = call_arg(x->st, 2);

	if (size >= sizeof(attr)) /* it grew with the kernels */
		bpf_probe_read_user(&attr, sizeof(attr), (void *)call_arg(x->st, 1));
	else if (size >= 16)
		bpf_probe_read_user(&attr, 16, (void *)call_arg(x->st, 1));
	else if (size >= 8)
		bpf_probe_read_user(&attr, 8, (void *)call_arg(x->st, 1));
	rec->access_fs = attr.access_fs;
	rec->access_net = attr.access_net;
	rec->scoped = attr.scoped;
}

static __always_inline void put_rule(struct call_exit *x, struct espy_ev_process_landlock *rec)
{
	struct user_rule attr = {};
	u32 kind = call_arg(x->st, 2);

	if (kind == RULE_NET_PORT) {
		bpf_probe_read_user(&attr, 16, (void *)call_arg(x->st, 3));
		rec->access_net = attr.access;
		rec->rule_port = attr.port;
	} else if (kind == RULE_PATH_BENEATH) {
		bpf_probe_read_user(&attr, 12, (void *)call_arg(x->st, 3));
		rec->access_fs = attr.access;
		path_of_object(&rec->path, exit_fd(attr.fd));
	}
}

SHARED(process_landlock)
{
	struct espy_ev_process_landlock *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	rec->access_fs = rec->access_net = rec->scoped = rec->rule_port = 0;
	rec->flags = (u32)call_arg(x.st, x.c->arg[0]);
	if (x.c->form == ESPY_FORM_RULESET) {
		put_ruleset(&x, rec);
		path_of_object(&rec->path, ret >= 0 && !rec->flags ? exit_fd(ret) : 0);
	} else if (x.c->form == ESPY_FORM_RULE) {
		put_rule(&x, rec);
	}
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_landlock,
			       ESPY_CLASS_process, ret);
}

/* --- mounts --------------------------------------------------------------------------------- */

/* The value is a text for FSCONFIG_SET_STRING, SET_PATH and SET_PATH_EMPTY. */
SHARED(file_fsconfig)
{
	struct espy_ev_file_fsconfig *rec;
	struct call_exit x;
	u32 command;
	bool text;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	command = call_arg(x.st, 2);
	text = command == 1 || command == 3 || command == 4;
	path_of_object(&rec->path, x.st->obj);
	rec->command = command;
	rec->aux = (s32)call_arg(x.st, 5);
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, 3));
	exit_text(&x, &rec->setting, sizeof(*rec), text ? call_arg(x.st, 4) : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_file_fsconfig, ESPY_CLASS_file, ret);
}
