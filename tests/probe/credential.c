/* SPDX-License-Identifier: MIT */
/* What a process may do: users, groups, capabilities, keys, priorities and limits. */
#include "probe.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define NONE 4294967295LL

#define USERS(r, e, s, f)     NUM(new_uid, r), NUM(new_euid, e), NUM(new_suid, s), NUM(new_fsuid, f)
#define OLD_USERS(r, e, s, f) NUM(old_uid, r), NUM(old_euid, e), NUM(old_suid, s), NUM(old_fsuid, f)
#define GROUPS(r, e, s, f)    NUM(new_gid, r), NUM(new_egid, e), NUM(new_sgid, s), NUM(new_fsgid, f)
#define OLD_GROUPS(r, e, s, f) \
	NUM(old_gid, r), NUM(old_egid, e), NUM(old_sgid, s), NUM(old_fsgid, f)

/* What /proc says the effective capabilities are. */
static long long caps_now(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2];

	MUST(syscall(NR_capget, &head, caps) == 0);
	return (long long)caps[0].effective | (long long)caps[1].effective << 32;
}

static void change_users(void *arg)
{
	long long all = caps_now();

	(void)arg;
	DO(setresuid, -1L, 5L, 6L);
	WANT(process_setuid, NUM(asked, NONE), NUM(asked_euid, 5), NUM(asked_suid, 6),
	     USERS(0, 5, 6, 5), OLD_USERS(0, 0, 0, 0), NUM(caps, 0), NUM(old_caps, all),
	     NUM(result, 0));
	DO(setreuid, 0L, 0L);
	WANT(process_setuid, NUM(asked, 0), NUM(asked_euid, 0), NUM(asked_suid, NONE),
	     USERS(0, 0, 0, 0), OLD_USERS(0, 5, 6, 5), NUM(caps, all), NUM(old_caps, 0),
	     NUM(result, 0));
	DO(setfsuid, 7L);
	WANT(process_setuid, NUM(asked, 7), USERS(0, 0, 0, 7), OLD_USERS(0, 0, 0, 0),
	     NUM(result, 0));
	DO(setfsuid32, 70007L);
	WANT(process_setuid, NUM(asked, 70007), USERS(0, 0, 0, 70007), OLD_USERS(0, 0, 0, 7),
	     NUM(result, 7));
	DO(setreuid32, 70001L, -1L);
	WANT(process_setuid, NUM(asked, 70001), NUM(asked_euid, NONE), USERS(70001, 0, 0, 0),
	     OLD_USERS(0, 0, 0, 70007), NUM(result, 0));
	DO(setresuid32, 70001L, 70002L, 70003L);
	WANT(process_setuid, NUM(asked, 70001), NUM(asked_euid, 70002), NUM(asked_suid, 70003),
	     USERS(70001, 70002, 70003, 70002), NUM(result, 0));
	DO(setresuid, 4L, 4L, 4L);
	WANT(process_setuid, NUM(asked, 4), NUM(asked_euid, 4), NUM(asked_suid, 4), ANY(new_uid),
	     ANY(result));
	DO(setuid, 65533L);
	WANT(process_setuid, NUM(asked, 65533), NUM(result, -EPERM));
	DO(setuid32, 70004L);
	WANT(process_setuid, NUM(asked, 70004), NUM(result, -EPERM), NUM(new_euid, 70002));
}

/* In a child: what another probe checks of this process is who it was at first. */
PROBE(process_setuid)
{
	MUST(probe_wait(probe_child(change_users, NULL)) == 0);
}

static void change_groups(void *arg)
{
	(void)arg;
	DO(setresgid, -1L, 5L, 6L);
	WANT(process_setgid, NUM(asked, NONE), NUM(asked_egid, 5), NUM(asked_sgid, 6),
	     GROUPS(0, 5, 6, 5), OLD_GROUPS(0, 0, 0, 0), NUM(result, 0));
	DO(setregid, 9L, 0L);
	WANT(process_setgid, NUM(asked, 9), NUM(asked_egid, 0), NUM(asked_sgid, NONE),
	     GROUPS(9, 0, 0, 0), OLD_GROUPS(0, 5, 6, 5), NUM(result, 0));
	DO(setfsgid, 7L);
	WANT(process_setgid, NUM(asked, 7), GROUPS(9, 0, 0, 7), NUM(result, 0));
	DO(setfsgid32, 70007L);
	WANT(process_setgid, NUM(asked, 70007), GROUPS(9, 0, 0, 70007), NUM(result, 7));
	DO(setregid32, 70001L, -1L);
	WANT(process_setgid, NUM(asked, 70001), GROUPS(70001, 0, 0, 0), NUM(result, 0));
	DO(setresgid32, 70001L, 70002L, 70003L);
	WANT(process_setgid, NUM(asked, 70001), NUM(asked_egid, 70002), NUM(asked_sgid, 70003),
	     GROUPS(70001, 70002, 70003, 70002), NUM(result, 0));
	DO(setgid32, 70009L);
	WANT(process_setgid, NUM(asked, 70009), GROUPS(70009, 70009, 70009, 70009), NUM(result, 0));
	DO(setgid, 8L);
	WANT(process_setgid, NUM(asked, 8), GROUPS(8, 8, 8, 8), NUM(result, 0));
	MUST(syscall(SYS_setuid, 65534L) == 0);
	DO(setgid, 0L);
	WANT(process_setgid, NUM(asked, 0), GROUPS(8, 8, 8, 8), OLD_GROUPS(8, 8, 8, 8),
	     NUM(result, -EPERM));
}

PROBE(process_setgid)
{
	MUST(probe_wait(probe_child(change_groups, NULL)) == 0);
}

static void change_list(void *arg)
{
	uint32_t wide[] = {70001, 27, 4};
	uint16_t small[] = {30, 12};

	(void)arg;
	DO(setgroups, 2L, NR_setgroups32 >= 0 ? (void *)small : (void *)wide);
	WANT(process_setgroups, NUM(asked_groups, 2), NUM(n_groups, 2),
	     EITHER(groups, "12,30", "27,70001"), NUM(result, 0));
	DO(setgroups32, 3L, wide);
	WANT(process_setgroups, NUM(asked_groups, 3), NUM(n_groups, 3), STR(groups, "4,27,70001"),
	     NUM(result, 0));
	DO(setgroups, 0L, 0L);
	WANT(process_setgroups, NUM(asked_groups, 0), NUM(n_groups, 0), STR(groups, ""),
	     NUM(result, 0));
	DO(setgroups, 100000L, wide);
	WANT(process_setgroups, NUM(asked_groups, 100000), NUM(n_groups, 0), NUM(result, -EINVAL));
	MUST(syscall(SYS_setuid, 65534L) == 0);
	DO(setgroups, 1L, wide);
	WANT(process_setgroups, NUM(asked_groups, 1), NUM(n_groups, 0), NUM(result, -EPERM));
}

PROBE(process_setgroups)
{
	MUST(probe_wait(probe_child(change_list, NULL)) == 0);
}

PROBE(process_capset)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_header_struct first = {.version = _LINUX_CAPABILITY_VERSION_1};
	struct __user_cap_data_struct caps[2] = {};
	long long all = caps_now(), some = 1LL << CAP_CHOWN | 1LL << CAP_CHECKPOINT_RESTORE;

	caps[0].effective = 1;
	caps[0].permitted = caps[0].inheritable = 1 << CAP_CHOWN;
	caps[1].permitted = 1 << (CAP_CHECKPOINT_RESTORE - 32);
	DO(capset, &head, caps);
	WANT(process_capset, NUM(effective, 1), NUM(permitted, some), NUM(inheritable, 1),
	     NUM(old_effective, all), NUM(old_permitted, all), NUM(old_inheritable, 0),
	     NUM(asked_effective, 1), NUM(asked_permitted, some), NUM(asked_inheritable, 1),
	     NUM(caps_gained, 0), NUM(caps_lost, all & ~1LL), NUM(result, 0));
	caps[1].effective = ~0u;
	DO(capset, &head, caps);
	WANT(process_capset, NUM(effective, 1), NUM(permitted, some), NUM(old_effective, 1),
	     ANY(asked_effective), NUM(result, -EPERM));
	DO(capset, &first, caps);
	WANT(process_capset, NUM(asked_effective, 1), NUM(asked_permitted, 1), NUM(effective, 1),
	     NUM(permitted, 1), NUM(result, 0));
	DO(capset, 8L, 8L);
	WANT(process_capset, NUM(asked_effective, 0), NUM(result, -EFAULT));
}

PROBE(process_prctl)
{
	DO(prctl, PR_SET_PDEATHSIG, (long)SIGTERM, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_PDEATHSIG), NUM(arg2, SIGTERM), STR(capability, ""),
	     NUM(result, 0));
	DO(prctl, PR_CAPBSET_DROP, (long)CAP_MKNOD, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_CAPBSET_DROP), NUM(capability, CAP_MKNOD),
	     NUM(result, 0));
	DO(prctl, PR_SET_SECUREBITS, (long)(SECBIT_NOROOT | SECBIT_KEEP_CAPS), 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_SECUREBITS), NUM(old_securebits, 0),
	     NUM(securebits, SECBIT_NOROOT | SECBIT_KEEP_CAPS), NUM(result, 0));
	DO(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (long)CAP_KILL, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_CAP_AMBIENT), NUM(capability, CAP_KILL),
	     NUM(result, -EPERM));
	DO(prctl, PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_DUMPABLE), NUM(arg2, 0), NUM(result, 0));
	DO(prctl, PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_CHILD_SUBREAPER), NUM(arg2, 1), NUM(result, 0));
	DO(prctl, PR_SET_PTRACER, -1L, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_PTRACER), ANY(arg2));
	DO(prctl, PR_SET_MM, PR_SET_MM_BRK, 1L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_MM), NUM(arg2, PR_SET_MM_BRK));
	DO(prctl, PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_NO_NEW_PRIVS), NUM(arg2, 1), NUM(result, 0));
	syscall(NR_prctl, PR_SET_NAME, "named", 0L, 0L, 0L); /* another event tells it */
	DO(prctl, PR_SET_NAME, 8L, 0L, 0L, 0L);
	WANT(process_prctl, NUM(option, PR_SET_NAME), NUM(result, -EFAULT));
	DO(prctl, 0x12345678L, 2L, 3L, 4L, 5L);
	WANT(process_prctl, NUM(option, 0x12345678), NUM(arg2, 2), NUM(arg3, 3), NUM(arg4, 4),
	     NUM(arg5, 5), NUM(result, -EINVAL));
}

PROBE(process_seccomp)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
				      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog filter = {2, allow}, empty = {0, allow};
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	DO(seccomp, (long)SECCOMP_GET_ACTION_AVAIL, 0L, &action);
	WANT(process_seccomp, NUM(operation, SECCOMP_GET_ACTION_AVAIL), NUM(instructions, 0),
	     NUM(seccomp_mode, 0), NUM(filters, 0), NUM(result, 0));
	DO(seccomp, (long)SECCOMP_SET_MODE_FILTER, 0L, &empty);
	WANT(process_seccomp, NUM(operation, SECCOMP_SET_MODE_FILTER), NUM(instructions, 0),
	     NUM(seccomp_mode, 0), NUM(result, -EINVAL));
	DO(seccomp, (long)SECCOMP_SET_MODE_FILTER, (long)SECCOMP_FILTER_FLAG_LOG, &filter);
	WANT(process_seccomp, NUM(operation, SECCOMP_SET_MODE_FILTER),
	     NUM(flags, SECCOMP_FILTER_FLAG_LOG), NUM(instructions, 2), NUM(seccomp_mode, 2),
	     NUM(filters, 1), NUM(result, 0));
	DO(prctl, PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &filter, 0L, 0L);
	WANT(process_seccomp, NUM(operation, SECCOMP_SET_MODE_FILTER), NUM(flags, 0),
	     NUM(instructions, 2), NUM(seccomp_mode, 2), NUM(filters, 2), NUM(result, 0));
	DO(prctl, PR_SET_SECCOMP, (long)SECCOMP_MODE_STRICT, 0L, 0L, 0L);
	WANT(process_seccomp, NUM(operation, SECCOMP_SET_MODE_STRICT), NUM(seccomp_mode, 2),
	     NUM(result, -EINVAL));
}

/* --- keys ------------------------------------------------------------------------------------ */

PROBE(process_key)
{
	long ring, key;

	ring = DO(keyctl, KEYCTL_JOIN_SESSION_KEYRING, "probe-session", 0L, 0L, 0L);
	if (ring == -ENOSYS)
		probe_skip("this kernel has no keys");
	WANT(process_key, NUM(operation, KEYCTL_JOIN_SESSION_KEYRING), NUM(serial, 0),
	     STR(key_type, ""), STR(key_description, "probe-session"));
	key = DO(add_key, "user", "probe:one", "secret", 6L, (long)KEY_SPEC_SESSION_KEYRING);
	WANT(process_key, NUM(operation, 1000), NUM(serial, KEY_SPEC_SESSION_KEYRING), NUM(size, 6),
	     STR(key_type, "user"), STR(key_description, "probe:one"));
	MUST(key > 0);
	DO(request_key, "user", "probe:one", 0L, (long)KEY_SPEC_SESSION_KEYRING);
	WANT(process_key, NUM(operation, 1001), NUM(serial, KEY_SPEC_SESSION_KEYRING),
	     STR(key_type, "user"), STR(key_description, "probe:one"), NUM(result, key));
	DO(keyctl, KEYCTL_SEARCH, (long)KEY_SPEC_SESSION_KEYRING, "user", "probe:none", 0L);
	WANT(process_key, NUM(operation, KEYCTL_SEARCH), NUM(serial, KEY_SPEC_SESSION_KEYRING),
	     STR(key_type, "user"), STR(key_description, "probe:none"), NUM(result, -ENOKEY));
	DO(keyctl, KEYCTL_SETPERM, key, 0x3f3f0000L, 0L, 0L);
	WANT(process_key, NUM(operation, KEYCTL_SETPERM), NUM(serial, key), NUM(arg3, 0x3f3f0000),
	     STR(key_description, ""), NUM(result, 0));
	DO(keyctl, KEYCTL_REVOKE, key, 0L, 0L, 0L);
	WANT(process_key, NUM(operation, KEYCTL_REVOKE), NUM(serial, key), NUM(result, 0));
	DO(add_key, "no such type", "probe:two", 0L, 0L, (long)KEY_SPEC_SESSION_KEYRING);
	WANT(process_key, STR(key_type, "no such type"), STR(key_description, "probe:two"),
	     NUM(result, -ENODEV));
}

/* The child of a process gives it the child's session keyring: credentials that no call of the
 * process brought. */
static void give_session(void *arg)
{
	(void)arg;
	if (syscall(NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "given", 0L, 0L, 0L) < 0)
		_exit(9);
	_exit(syscall(NR_keyctl, KEYCTL_SESSION_TO_PARENT, 0L, 0L, 0L, 0L) == 0 ? 0 : 8);
}

PROBE(process_cred_change)
{
	long own = syscall(NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "mine", 0L, 0L, 0L), given;
	int code;

	if (own < 0)
		probe_skip("this kernel has no keys");
	/* calls of its own are no such change */
	MUST(syscall(NR_setresuid, -1L, 5L, -1L) == 0);
	MUST(syscall(NR_setresuid, -1L, 0L, -1L) == 0);
	code = probe_wait(probe_child(give_session, NULL));
	if (code)
		probe_skip("a child cannot give its parent a session here");
	given = syscall(NR_keyctl, KEYCTL_GET_KEYRING_ID, (long)KEY_SPEC_SESSION_KEYRING, 0L);
	NOTED();
	WANT(process_cred_change, MASK(changed, 64, 64), NUM(old_session_key, own),
	     NUM(session_key, given), USERS(0, 0, 0, 0), OLD_USERS(0, 0, 0, 0));
}

/* --- sessions, priorities, limits ------------------------------------------------------------ */

static void new_session(void *arg)
{
	(void)arg;
	DO(setsid);
	WANT(process_setsid, NUM(sid, getpid()), NUM(pgid, getpid()), NUM(result, getpid()));
	DO(setsid);
	WANT(process_setsid, NUM(sid, getpid()), NUM(result, -EPERM));
}

PROBE(process_setsid)
{
	MUST(probe_wait(probe_child(new_session, NULL)) == 0);
}

static void new_group(void *arg)
{
	(void)arg;
	DO(setpgid, 0L, 0L);
	WANT(process_setpgid, NUM(whom, 0), NUM(asked_group, 0), NUM(result, 0));
	DO(setpgid, 0L, -3L);
	WANT(process_setpgid, NUM(whom, 0), NUM(asked_group, -3), NUM(result, -EINVAL));
	DO(setpgid, 99999999L, 1L);
	WANT(process_setpgid, NUM(whom, 99999999), NUM(asked_group, 1), NUM(result, -ESRCH));
}

PROBE(process_setpgid)
{
	MUST(probe_wait(probe_child(new_group, NULL)) == 0);
}

struct attr { /* struct sched_attr */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

PROBE(process_priority)
{
	struct attr attr = {.size = sizeof(attr), .policy = SCHED_BATCH, .nice = 7};
	int level = 5;
	uint64_t cpus = 1;

	DO(setpriority, PRIO_PROCESS, 0L, 3L);
	WANT(process_priority, NUM(what, 0), NUM(whose, 0), NUM(whom, 0), NUM(level, 3),
	     STR(policy, ""), NUM(result, 0));
	DO(setpriority, PRIO_USER, 99999L, -3L);
	WANT(process_priority, NUM(what, 0), NUM(whose, 2), NUM(whom, 99999), NUM(level, -3),
	     NUM(result, -ESRCH));
	DO(nice, 2L);
	WANT(process_priority, NUM(what, 0), NUM(whom, 0), NUM(level, 2));
	DO(sched_setscheduler, 0L, (long)SCHED_FIFO, &level);
	WANT(process_priority, NUM(what, 1), NUM(whom, 0), NUM(policy, SCHED_FIFO), NUM(level, 5));
	DO(sched_setparam, 0L, &level);
	WANT(process_priority, NUM(what, 2), STR(policy, ""), NUM(level, 5));
	DO(sched_setattr, 0L, &attr, 0L);
	WANT(process_priority, NUM(what, 3), NUM(policy, SCHED_BATCH), NUM(level, 7),
	     NUM(result, 0));
	DO(sched_setaffinity, 0L, 8L, &cpus);
	WANT(process_priority, NUM(what, 4), NUM(cpus, 1));
	DO(ioprio_set, 1L, 0L, 3L << 13);
	WANT(process_priority, NUM(what, 5), NUM(whose, 0), NUM(whom, 0), NUM(level, 3 << 13),
	     NUM(result, 0));
	DO(sched_setscheduler, 99999999L, 99L, &level);
	WANT(process_priority, NUM(whom, 99999999), NUM(policy, 99));
}

PROBE(process_rlimit)
{
	struct { /* struct rlimit as this ABI's own call has it */
		unsigned long soft, hard;
	} own = {0x7000, ~0ul};
	uint64_t wide[2] = {0x300000000ULL, ~0ULL};

	DO(setrlimit, (long)RLIMIT_CORE, &own);
	WANT(process_rlimit, NUM(whom, 0), NUM(resource, RLIMIT_CORE), NUM(soft, 0x7000),
	     NUM(hard, -1));
	DO(prlimit64, 0L, (long)RLIMIT_FSIZE, wide, 0L);
	WANT(process_rlimit, NUM(whom, 0), NUM(resource, RLIMIT_FSIZE), NUM(soft, 0x300000000LL),
	     NUM(hard, -1));
	syscall(NR_prlimit64, 0L, (long)RLIMIT_FSIZE, 0L, wide); /* only asks */
	DO(prlimit64, 99999999L, (long)RLIMIT_CPU, wide, 0L);
	WANT(process_rlimit, NUM(whom, 99999999), NUM(resource, RLIMIT_CPU), NUM(result, -ESRCH));
	DO(prlimit64, 0L, 77L, wide, 0L);
	WANT(process_rlimit, NUM(resource, 77), NUM(result, -EINVAL));
}

PROBE(process_umask)
{
	DO(umask, 0077L);
	WANT(process_umask, NUM(file_mask, 0077), NUM(result, 022));
	DO(umask, 0022L);
	WANT(process_umask, NUM(file_mask, 0022), NUM(result, 077));
}

PROBE(process_personality)
{
	DO(personality, 0x0040000L);
	WANT(process_personality, NUM(persona, 0x0040000), ANY(result));
	DO(personality, 0xffffffffL);
	WANT(process_personality, MASK(persona, 0xffffffff, 0xffffffff), MIN(result, 0));
}
