/* SPDX-License-Identifier: MIT */
/* What a process sees and reaches: namespaces, Landlock, mounts by their newer calls. */
#include "probe.h"
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The inode number of a namespace as /proc has it; 0 where the kernel has none. */
static unsigned ns(const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return stat(path, &st) == 0 ? (unsigned)st.st_ino : 0;
}

PROBE(process_unshare)
{
	unsigned uts = ns("uts"), ipc = ns("ipc"), net = ns("net"), user = ns("user"),
		 mnt = ns("mnt"), pid = ns("pid");

	DO(unshare, (long)(CLONE_NEWUTS | CLONE_NEWIPC));
	WANT(process_unshare, NUM(flags, CLONE_NEWUTS | CLONE_NEWIPC), NUM(old_uts_ns, uts),
	     NUM(new_uts_ns, ns("uts")), NUM(old_ipc_ns, ipc), NUM(new_ipc_ns, ns("ipc")),
	     NUM(new_net_ns, net), NUM(old_net_ns, 0), NUM(new_user_ns, user), NUM(old_user_ns, 0),
	     NUM(new_mnt_ns, mnt), NUM(old_mnt_ns, 0), NUM(new_cgroup_ns, ns("cgroup")),
	     NUM(new_pid_ns, pid), NUM(result, 0));
	DO(unshare, (long)CLONE_NEWUSER);
	WANT(process_unshare, NUM(flags, CLONE_NEWUSER), NUM(old_user_ns, user),
	     NUM(new_user_ns, ns("user")), NUM(result, 0));
	DO(unshare, (long)CLONE_NEWPID);
	WANT(process_unshare, NUM(flags, CLONE_NEWPID), NUM(old_pid_ns, pid), MIN(new_pid_ns, 1),
	     NUM(result, 0));
	DO(unshare, 0x1L);
	WANT(process_unshare, ANY(flags), NUM(new_uts_ns, ns("uts")), NUM(old_uts_ns, 0),
	     NUM(result, -EINVAL));
}

PROBE(process_setns)
{
	int old = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC), fd = probe_file("a", "x");
	unsigned before = ns("uts"), other;

	MUST(old >= 0 && unshare(CLONE_NEWUTS) == 0);
	other = ns("uts");
	DO(setns, old, (long)CLONE_NEWUTS);
	WANT(process_setns, STR(path, probe_fd_path(old)), NUM(flags, CLONE_NEWUTS),
	     NUM(old_uts_ns, other), NUM(new_uts_ns, before), NUM(new_net_ns, ns("net")),
	     NUM(old_net_ns, 0), NUM(result, 0));
	DO(setns, old, 0L);
	WANT(process_setns, NUM(flags, 0), NUM(old_uts_ns, 0), NUM(new_uts_ns, before),
	     NUM(result, 0));
	DO(setns, fd, 0L);
	WANT(process_setns, PATH("a"), NUM(flags, 0), NUM(result, -EINVAL));
	DO(setns, 999, (long)CLONE_NEWNET);
	WANT(process_setns, STR(path, ""), NUM(flags, CLONE_NEWNET), NUM(result, -EBADF));
}

/* --- Landlock -------------------------------------------------------------------------------- */

struct rule { /* struct landlock_path_beneath_attr */
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

PROBE(process_landlock)
{
	uint64_t handled[3] = {0x1fff}, port[2] = {1, 8443};
	struct rule rule = {.access = 0xc};
	int ruleset, dir;

	MUST(mkdir("d", 0755) == 0);
	dir = rule.fd = open("d", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ruleset = DO(landlock_create_ruleset, handled, 8L, 0L);
	WANT(process_landlock, NUM(access_fs, 0x1fff), NUM(access_net, 0), NUM(flags, 0),
	     STR(path, ruleset >= 0 ? probe_fd_path(ruleset) : ""));
	if (ruleset < 0)
		probe_skip("this kernel has no Landlock, or does not use it");
	DO(landlock_add_rule, ruleset, 1L, &rule, 0L);
	WANT(process_landlock, PATH("d"), NUM(access_fs, 0xc), NUM(rule_port, 0), NUM(result, 0));
	DO(landlock_add_rule, ruleset, 2L, port, 0L);
	WANT(process_landlock, STR(path, probe_fd_path(ruleset)), NUM(access_fs, 0),
	     NUM(access_net, 1), NUM(rule_port, 8443));
	rule.fd = 999;
	DO(landlock_add_rule, ruleset, 1L, &rule, 0L);
	WANT(process_landlock, STR(path, ""), NUM(access_fs, 0xc), NUM(result, -EBADF));
	DO(landlock_restrict_self, ruleset, 0L);
	WANT(process_landlock, STR(path, probe_fd_path(ruleset)), NUM(access_fs, 0),
	     NUM(result, 0));
	DO(landlock_restrict_self, 999, 0L);
	WANT(process_landlock, STR(path, ""), NUM(result, -EBADF));
	(void)dir;
}

PROBE(file_fsconfig)
{
	int fs;

	if (unshare(CLONE_NEWNS) < 0)
		probe_skip("no mount namespace can be made here");
	fs = syscall(NR_fsopen, "tmpfs", 0L);
	if (fs < 0)
		probe_skip("this kernel has no fsopen");
	DO(fsconfig, fs, 1L, "size", "64k", 0L);
	WANT(file_fsconfig, STR(path, probe_fd_path(fs)), NUM(command, 1), STR(name, "size"),
	     STR(setting, "64k"), NUM(aux, 0), NUM(result, 0));
	DO(fsconfig, fs, 1L, "no such thing", "1", 0L);
	WANT(file_fsconfig, NUM(command, 1), STR(name, "no such thing"), STR(setting, "1"),
	     NUM(result, -EINVAL));
	DO(fsconfig, fs, 5L, "source", 0L, -7L);
	WANT(file_fsconfig, NUM(command, 5), STR(name, "source"), STR(setting, ""), NUM(aux, -7));
	DO(fsconfig, fs, 6L, 0L, 0L, 0L);
	WANT(file_fsconfig, NUM(command, 6), STR(name, ""), STR(setting, ""), NUM(result, 0));
	DO(fsconfig, 999, 0L, "ro", 0L, 0L);
	WANT(file_fsconfig, STR(path, ""), NUM(command, 0), NUM(result, -EBADF));
}

PROBE(process_lsm)
{
	char label[32] = {0};

	DO(lsm_set_self_attr, 100L, label, 32L, 0L);
	WANT(process_lsm, NUM(lsm_attr, 100), NUM(size, 32), NUM(lsm_flags, 0));
	DO(lsm_set_self_attr, 999L, label, 3L, 5L);
	WANT(process_lsm, NUM(lsm_attr, 999), NUM(size, 3), NUM(lsm_flags, 5));
}
