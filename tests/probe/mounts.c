/* SPDX-License-Identifier: MIT */
/* Roots, mounts and watches; the mounts in a namespace of the probe's own. */
#include "probe.h"
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		probe_skip("no mount namespace can be made here");
	/* Whatever happens stays in here. */
	MUST(syscall(SYS_mount, "none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	probe_did("mount", 0);
}

PROBE(file_chroot)
{
	MUST(mkdir("jail", 0755) == 0 && mkdir("jail/in", 0755) == 0);
	MUST(mkdir("jail/old", 0755) == 0);
	own_mounts();
	DO(chroot, "missing");
	WANT(file_chroot, PATH("missing"), NUM(result, -ENOENT));
	DO(pivot_root, "jail", "jail/old"); /* not a mount point */
	WANT(file_chroot, PATH("jail"));
	DO(chroot, "jail");
	WANT(file_chroot, PATH("jail"), NUM(result, 0));
	DO(chroot, "/in");
	WANT(file_chroot, PATH("jail/in"), NUM(result, 0));
}

struct attr {
	uint64_t set, clear, propagation, userns;
};

static void mount_new_calls(void)
{
	struct attr attr = {.set = 1 /* MOUNT_ATTR_RDONLY */};
	int fs, mnt, tree;

	fs = DO(fsopen, "tmpfs", 0L);
	WANT(file_mount, STR(fstype, "tmpfs"), NUM(flags, 0));
	if (fs < 0)
		return;
	MUST(syscall(NR_fsconfig, fs, 6L /* FSCONFIG_CMD_CREATE */, 0L, 0L, 0L) == 0);
	mnt = DO(fsmount, fs, 0L, 0L);
	WANT(file_mount, ANY(path));
	DO(move_mount, mnt, "", AT_FDCWD, "m2", 4L /* MOVE_MOUNT_F_EMPTY_PATH */);
	WANT(file_mount, PATH("m2"), NUM(flags, 4), NUM(result, 0));
	tree = DO(open_tree, AT_FDCWD, "m2", 0L);
	WANT(file_mount, PATH("m2"), NUM(flags, 0));
	MUST(tree >= 0);
	DO(fspick, AT_FDCWD, "m2", 0L);
	WANT(file_mount, PATH("m2"), NUM(flags, 0));
	DO(mount_setattr, AT_FDCWD, "m2", 0L, &attr, sizeof(attr));
	WANT(file_mount, PATH("m2"), NUM(flags, 0));
}

PROBE(file_mount)
{
	MUST(mkdir("m1", 0755) == 0 && mkdir("m2", 0755) == 0 && mkdir("b", 0755) == 0);
	own_mounts();
	WANT(file_mount, PATH("/"), NUM(flags, MS_REC | MS_PRIVATE));
	DO(mount, "some device", "m1", "tmpfs", (long)(MS_NOSUID | MS_NODEV), "size=64k");
	WANT(file_mount, PATH("m1"), NUM(flags, MS_NOSUID | MS_NODEV), STR(device, "some device"),
	     STR(fstype, "tmpfs"), NUM(result, 0));
	DO(mount, probe_at("m1"), "b", 0L, (long)MS_BIND, 0L);
	WANT(file_mount, PATH("b"), NUM(flags, MS_BIND), STR(device, probe_at("m1")),
	     NUM(result, 0));
	DO(mount, "x", "m1", "no such type", 0L, 0L);
	WANT(file_mount, PATH("m1"), STR(fstype, "no such type"), NUM(result, -ENODEV));
	DO(mount, "x", "missing", "tmpfs", 0L, 0L);
	WANT(file_mount, PATH("missing"), STR(fstype, "tmpfs"), NUM(result, -ENOENT));
	mount_new_calls();
}

PROBE(file_umount)
{
	MUST(mkdir("m", 0755) == 0);
	own_mounts();
	MUST(mount("x", "m", "tmpfs", 0, "size=64k") == 0);
	DO(umount2, "m", (long)(MNT_DETACH | UMOUNT_NOFOLLOW));
	WANT(file_umount, PATH("m"), NUM(flags, MNT_DETACH | UMOUNT_NOFOLLOW), NUM(result, 0));
	DO(umount2, "m", 0L);
	WANT(file_umount, PATH("m"), NUM(flags, 0), NUM(result, -EINVAL));
	DO(umount, "m");
	WANT(file_umount, PATH("m"), NUM(result, -EINVAL));
}

static void watch_fanotify(void)
{
	int fan = DO(fanotify_init, (long)FAN_CLASS_NOTIF, O_RDONLY);

	WANT(file_watch, NUM(mask, FAN_CLASS_NOTIF));
	if (fan < 0) {
		probe_note("no fanotify here");
		return;
	}
	DO(fanotify_mark, fan, (long)FAN_MARK_ADD, OFF(FAN_OPEN), AT_FDCWD, "a");
	WANT(file_watch, PATH("a"), NUM(mask, FAN_OPEN), NUM(fd, fan));
	DO(fanotify_mark, fan, (long)FAN_MARK_ADD, OFF(FAN_OPEN), AT_FDCWD, "missing");
	WANT(file_watch, PATH("missing"), NUM(mask, FAN_OPEN), NUM(fd, fan), NUM(result, -ENOENT));
}

PROBE(file_watch)
{
	int in, wd;

	close(probe_file("a", "x"));
	DO(inotify_init);
	WANT(file_watch, ANY(mask));
	in = DO(inotify_init1, (long)IN_CLOEXEC);
	WANT(file_watch, NUM(mask, IN_CLOEXEC));
	wd = DO(inotify_add_watch, in, "a", (long)(IN_OPEN | IN_MODIFY));
	WANT(file_watch, PATH("a"), NUM(mask, IN_OPEN | IN_MODIFY), NUM(fd, in));
	DO(inotify_add_watch, in, "missing", (long)IN_OPEN);
	WANT(file_watch, PATH("missing"), NUM(mask, IN_OPEN), NUM(result, -ENOENT));
	DO(inotify_rm_watch, in, wd);
	WANT(file_watch, STR(path, probe_fd_path(in)), NUM(fd, in), NUM(result, 0));
	DO(inotify_rm_watch, 999, 1L);
	WANT(file_watch, NUM(fd, 999), NUM(result, -EBADF));
	watch_fanotify();
}
