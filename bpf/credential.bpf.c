/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process may do: users, groups, capabilities, keys, limits. All at sys_exit, where the
 * kernel's own credentials say what came of it; what they were before is kept with the task, since
 * the old ones are freed as soon as they are replaced. An event about credentials that no call made
 * is in probe.bpf.h, where every event passes.
 */
#include "exit.bpf.h"

static __always_inline void creds_now(struct cred_ids *ids)
{
	creds_read(ids, KR(current_task(), cred));
}

/* An id that was asked for; ~0 for none. */
static __always_inline u32 asked_id(struct call_exit *x, u32 i)
{
	u64 v = call_arg(x->st, x->c->arg[i]);

	if (!x->c->arg[i])
		return ~0u;
	if (x->c->width[i] == ESPY_W_S16)
		return (u16)v == 0xffff ? ~0u : (u16)v;
	return v;
}

SHARED(process_setuid)
{
	struct espy_ev_process_setuid *rec;
	struct cred_ids now, *old;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	old = &x.st->ids;
	creds_now(&now);
	rec->caps = now.effective;
	rec->old_caps = old->effective;
	rec->asked = asked_id(&x, 0);
	rec->asked_euid = asked_id(&x, 1);
	rec->asked_suid = asked_id(&x, 2);
	rec->new_uid = now.uid;
	rec->new_euid = now.euid;
	rec->new_suid = now.suid;
	rec->new_fsuid = now.fsuid;
	rec->old_uid = old->uid;
	rec->old_euid = old->euid;
	rec->old_suid = old->suid;
	rec->old_fsuid = old->fsuid;
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_setuid,
			       ESPY_CLASS_process, ret);
}

SHARED(process_setgid)
{
	struct espy_ev_process_setgid *rec;
	struct cred_ids now, *old;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	old = &x.st->ids;
	creds_now(&now);
	rec->asked = asked_id(&x, 0);
	rec->asked_egid = asked_id(&x, 1);
	rec->asked_sgid = asked_id(&x, 2);
	rec->new_gid = now.gid;
	rec->new_egid = now.egid;
	rec->new_sgid = now.sgid;
	rec->new_fsgid = now.fsgid;
	rec->old_gid = old->gid;
	rec->old_egid = old->egid;
	rec->old_sgid = old->sgid;
	rec->old_fsgid = old->fsgid;
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_setgid,
			       ESPY_CLASS_process, ret);
}

#define GROUPS_MAX 1024

/* The list that the thread has now, sorted by the kernel; as the numbers themselves. */
SHARED(process_setgroups)
{
	struct espy_ev_process_setgroups *rec;
	struct group_info *groups;
	struct call_exit x;
	u32 n;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	groups = BPF_CORE_READ(current_task(), cred, group_info);
	n = KR(groups, ngroups);
	asm volatile("" : "+r"(n)); /* the bound must be seen after it */
	rec->asked_groups = call_arg(x.st, 1);
	rec->n_groups = n;
	if (n > GROUPS_MAX) {
		n = GROUPS_MAX;
		x.flags |= ESPY_F_TRUNCATED;
	}
	rec->groups.off = sizeof(*rec);
	rec->groups.len = 0;
	if (n && !bpf_probe_read_kernel(x.s->text, n * 4, &groups->gid))
		rec->groups.len = n * 4;
	x.off = rec->groups.len;
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_setgroups,
			       ESPY_CLASS_process, ret);
}

/* --- capabilities --------------------------------------------------------------------------- */

#define CAPS_VERSION_1 0x19980330 /* one word for each set */

struct user_caps { /* struct __user_cap_data_struct */
	u32 effective, permitted, inheritable;
};

SHARED(process_capset)
{
	struct espy_ev_process_capset *rec;
	struct cred_ids now, *old;
	struct user_caps caps[2] = {};
	struct call_exit x;
	u32 version = 0;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	old = &x.st->ids;
	creds_now(&now);
	bpf_probe_read_user(&version, sizeof(version), (void *)call_arg(x.st, 1));
	bpf_probe_read_user(caps, version == CAPS_VERSION_1 ? sizeof(*caps) : sizeof(caps),
			    (void *)call_arg(x.st, 2));
	rec->effective = now.effective;
	rec->permitted = now.permitted;
	rec->inheritable = now.inheritable;
	rec->old_effective = old->effective;
	rec->old_permitted = old->permitted;
	rec->old_inheritable = old->inheritable;
	rec->caps_gained = now.effective & ~old->effective;
	rec->caps_lost = old->effective & ~now.effective;
	rec->asked_effective = caps[0].effective | (u64)caps[1].effective << 32;
	rec->asked_permitted = caps[0].permitted | (u64)caps[1].permitted << 32;
	rec->asked_inheritable = caps[0].inheritable | (u64)caps[1].inheritable << 32;
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_capset,
			       ESPY_CLASS_process, ret);
}

/* --- prctl, seccomp ------------------------------------------------------------------------- */

#define PR_SET_NAME     15
#define PR_SET_SECCOMP  22
#define PR_CAPBSET_READ 23
#define PR_CAPBSET_DROP 24
#define PR_CAP_AMBIENT  47
#define STRICT_BY_PRCTL 1
#define PR_MORE_ARGS    31 /* older options have one, and what else is in the registers is noise */

static __always_inline void put_seccomp(struct espy_ev_process_seccomp *rec, u32 operation,
					u64 flags, u64 filter)
{
	struct task_struct *t = current_task();
	u16 n = 0;

	if (filter) /* struct sock_fprog begins with the count */
		bpf_probe_read_user(&n, sizeof(n), (void *)filter);
	rec->flags = flags;
	rec->operation = operation;
	rec->instructions = n;
	rec->seccomp_mode = KR(t, seccomp.mode);
	rec->filters = KR(t, seccomp.filter_count.counter);
}

SHARED(process_seccomp)
{
	struct espy_ev_process_seccomp *rec;
	struct call_exit x;
	u32 operation;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	operation = call_arg(x.st, 1);
	put_seccomp(rec, operation, (u32)call_arg(x.st, 2), operation == 1 ? call_arg(x.st, 3) : 0);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_seccomp, ESPY_CLASS_process,
			 ret);
}

static __always_inline int seccomp_by_prctl(struct call_exit *x, long ret)
{
	struct espy_ev_process_seccomp *rec = EXIT_RECORD(x, rec);
	bool strict = call_arg(x->st, 2) == STRICT_BY_PRCTL;

	put_seccomp(rec, strict ? 0 : 1, 0, strict ? 0 : call_arg(x->st, 3));
	return exit_send(x, &rec->hdr, sizeof(*rec), ESPY_EV_process_seccomp, ESPY_CLASS_process,
			 ret);
}

/* Which capability an option is about. */
static __always_inline u32 capability_of(const struct task_state *st)
{
	switch ((u32)call_arg(st, 1)) {
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
		return call_arg(st, 2);
	case PR_CAP_AMBIENT:
		return call_arg(st, 2) == 4 ? ~0u : (u32)call_arg(st, 3); /* CLEAR_ALL */
	}
	return ~0u;
}

SHARED(process_prctl)
{
	struct espy_ev_process_prctl *rec;
	struct call_exit x;
	bool more;
	u32 option;

	if (!exit_begin(&x))
		return 0;
	option = call_arg(x.st, 1);
	if (option == PR_SET_SECCOMP)
		return seccomp_by_prctl(&x, ret);
	if (option == PR_SET_NAME && ret == 0)
		return exit_nothing(&x); /* process_comm tells it; no credentials */
	rec = EXIT_RECORD(&x, rec);
	rec->arg2 = call_arg(x.st, 2);
	more = option >= PR_MORE_ARGS;
	rec->arg3 = more ? call_arg(x.st, 3) : 0;
	rec->arg4 = more ? call_arg(x.st, 4) : 0;
	rec->arg5 = more ? call_arg(x.st, 5) : 0;
	rec->option = option;
	rec->capability = capability_of(x.st);
	rec->securebits = BPF_CORE_READ(current_task(), cred, securebits);
	rec->old_securebits = x.st->ids.securebits;
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_prctl,
			       ESPY_CLASS_process, ret);
}

/* --- keys ----------------------------------------------------------------------------------- */

#define KEYCTL_JOIN_SESSION     1
#define KEYCTL_SEARCH           10
#define KEYCTL_RESTRICT_KEYRING 29
#define OP_ADD_KEY              1000
#define OP_REQUEST_KEY          1001

/* Which arguments are texts, the key, and a size. */
static __always_inline void key_call(struct call_exit *x, struct espy_ev_process_key *rec)
{
	u64 type = 0, description = 0;
	u32 operation = call_arg(x->st, 1);

	rec->size = 0;
	rec->serial = call_arg(x->st, 2);
	rec->arg3 = call_arg(x->st, 3);
	rec->arg4 = call_arg(x->st, 4);
	rec->arg5 = call_arg(x->st, 5);
	if (x->c->form == ESPY_FORM_ADD_KEY || x->c->form == ESPY_FORM_REQUEST_KEY) {
		type = call_arg(x->st, 1);
		description = call_arg(x->st, 2);
		rec->serial = call_arg(x->st, 4);
		rec->arg3 = rec->arg4 = rec->arg5 = 0;
		operation = OP_REQUEST_KEY;
		if (x->c->form == ESPY_FORM_ADD_KEY) {
			operation = OP_ADD_KEY;
			rec->size = call_arg(x->st, 4);
			rec->serial = call_arg(x->st, 5);
		}
	} else if (operation == KEYCTL_JOIN_SESSION) {
		description = call_arg(x->st, 2);
		rec->serial = 0;
	} else if (operation == KEYCTL_SEARCH) {
		type = call_arg(x->st, 3);
		description = call_arg(x->st, 4);
	} else if (operation == KEYCTL_RESTRICT_KEYRING) {
		type = call_arg(x->st, 3);
	}
	rec->operation = operation;
	exit_text(x, &rec->key_type, sizeof(*rec), type);
	exit_text(x, &rec->key_description, sizeof(*rec), description);
}

SHARED(process_key)
{
	struct espy_ev_process_key *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	key_call(&x, rec);
	return exit_send_creds(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_key, ESPY_CLASS_process,
			       ret);
}

/* --- sessions, priorities, limits ----------------------------------------------------------- */

#define PIDTYPE_PGID 2
#define PIDTYPE_SID  3

/* Who the process is has changed too: announced again at its next event. */
SHARED(process_setsid)
{
	struct espy_ev_process_setsid *rec;
	struct signal_struct *sig = KR(current_task(), signal);
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->sid = BPF_CORE_READ(sig, pids[PIDTYPE_SID], numbers[0].nr);
	rec->pgid = BPF_CORE_READ(sig, pids[PIDTYPE_PGID], numbers[0].nr);
	if (ret >= 0)
		x.st->verdict &= ~V_ANNOUNCED;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_setsid, ESPY_CLASS_process,
			 ret);
}

enum priority_kind { SET_NICE, SET_SCHEDULER, SET_PARAMETER, SET_ATTRIBUTES, SET_AFFINITY, SET_IO };

struct user_sched_attr { /* struct sched_attr, its beginning */
	u32 size, policy;
	u64 flags;
	s32 nice;
	u32 priority;
};

static __always_inline s32 user_int(u64 at)
{
	s32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)at);
	return v;
}

static __always_inline void put_sched_attr(struct espy_ev_process_priority *rec, u64 at)
{
	struct user_sched_attr attr = {};

	rec->what = SET_ATTRIBUTES;
	if (bpf_probe_read_user(&attr, sizeof(attr), (void *)at))
		return;
	rec->policy = attr.policy;
	rec->level = attr.policy == 1 || attr.policy == 2 ? (s32)attr.priority : attr.nice;
}

static __always_inline void put_priority(struct call_exit *x, struct espy_ev_process_priority *rec)
{
	const struct task_state *st = x->st;
	u64 size;

	switch (x->c->form) {
	case ESPY_FORM_NICE:
		rec->level = call_arg(st, 1);
		rec->whom = 0;
		break;
	case ESPY_FORM_PRIORITY:
	case ESPY_FORM_IOPRIO:
		rec->what = x->c->form == ESPY_FORM_IOPRIO ? SET_IO : SET_NICE;
		rec->whose = (u32)call_arg(st, 1) - (rec->what == SET_IO);
		rec->whom = call_arg(st, 2);
		rec->level = call_arg(st, 3);
		break;
	case ESPY_FORM_SCHED_POLICY:
		rec->what = SET_SCHEDULER;
		rec->policy = call_arg(st, 2) & 0x3fffffff; /* without SCHED_RESET_ON_FORK */
		rec->level = user_int(call_arg(st, 3));
		break;
	case ESPY_FORM_SCHED_PARAM:
		rec->what = SET_PARAMETER;
		rec->level = user_int(call_arg(st, 2));
		break;
	case ESPY_FORM_SCHED_ATTR:
		put_sched_attr(rec, call_arg(st, 2));
		break;
	case ESPY_FORM_AFFINITY:
		rec->what = SET_AFFINITY;
		size = (u32)call_arg(st, 2);
		bpf_probe_read_user(&rec->cpus, size >= 8 ? 8 : size & 7, (void *)call_arg(st, 3));
		break;
	}
}

SHARED(process_priority)
{
	struct espy_ev_process_priority *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->cpus = 0;
	rec->what = rec->whose = rec->level = 0;
	rec->policy = ~0u;
	rec->whom = call_arg(x.st, 1);
	put_priority(&x, rec);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_priority, ESPY_CLASS_process,
			 ret);
}

/* Two limits of the caller's word size; no limit is all ones. */
static __always_inline void put_limits(struct espy_ev_process_rlimit *rec, u64 at, bool narrow)
{
	u32 small[2] = {};
	u64 wide[2] = {};

	if (narrow) {
		bpf_probe_read_user(small, sizeof(small), (void *)at);
		wide[0] = small[0] == ~0u ? ~0ull : small[0];
		wide[1] = small[1] == ~0u ? ~0ull : small[1];
	} else {
		bpf_probe_read_user(wide, sizeof(wide), (void *)at);
	}
	rec->soft = wide[0];
	rec->hard = wide[1];
}

SHARED(process_rlimit)
{
	struct espy_ev_process_rlimit *rec;
	struct call_exit x;
	bool own;

	if (!exit_begin(&x))
		return 0;
	own = x.c->form == ESPY_FORM_SETRLIMIT;
	if (!own && !call_arg(x.st, 3))
		return exit_nothing(&x);
	rec = EXIT_RECORD(&x, rec);
	rec->whom = own ? 0 : call_arg(x.st, 1);
	rec->resource = call_arg(x.st, own ? 1 : 2);
	put_limits(rec, call_arg(x.st, own ? 2 : 3), own && x.st->abi == ESPY_ABI_IA32);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_process_rlimit, ESPY_CLASS_process,
			 ret);
}
