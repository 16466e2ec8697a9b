/* SPDX-License-Identifier: MIT */
/*
 * What is done to the machine itself. Nothing of it may succeed where it would matter: wrong
 * arguments, a user who may not, or a namespace of the probe's own.
 */
#include "probe.h"
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>

PROBE(system_module_load)
{
	static const char image[64] = "no module";
	int fd = probe_file("m.ko", "no module");

	DO(finit_module, fd, "debug=1", 2L);
	WANT(system_module_load, PATH("m.ko"), STR(parameter, "debug=1"), NUM(flags, 2),
	     NUM(size, 0));
	DO(init_module, image, (long)sizeof(image), "a=1 b=2");
	WANT(system_module_load, STR(path, ""), STR(parameter, "a=1 b=2"), NUM(size, sizeof(image)),
	     NUM(flags, 0));
	DO(finit_module, 999, "", 0L);
	WANT(system_module_load, STR(path, ""), STR(parameter, ""), NUM(flags, 0));
}

static void unload(void *arg)
{
	/* on the stack, whose page is there: the kernel refuses before it looks */
	char name[] = "no_such_module";

	(void)arg;
	DO(delete_module, name, (long)O_NONBLOCK);
	WANT(system_module_unload, STR(name, "no_such_module"), NUM(flags, O_NONBLOCK));
	DO(delete_module, 8L, 0L);
	WANT(system_module_unload, STR(name, ""), NUM(flags, 0));
}

PROBE(system_module_unload)
{
	MUST(probe_as_nobody(unload, NULL) == 0);
}

/* --- BPF ------------------------------------------------------------------------------------- */

static void bpf_maps(void)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = 8,
			       .max_entries = 3,
			       .map_name = "probe_map"};
	uint32_t key = 1;
	uint64_t value = 7;
	int map;

	map = DO(bpf, (long)BPF_MAP_CREATE, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, BPF_MAP_CREATE), NUM(map_type, BPF_MAP_TYPE_ARRAY),
	     STR(prog_type, ""), STR(name, "probe_map"));
	if (map < 0) {
		probe_note("no BPF map can be made here");
		return;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	DO(bpf, (long)BPF_MAP_UPDATE_ELEM, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, BPF_MAP_UPDATE_ELEM), STR(path, probe_fd_path(map)),
	     STR(name, ""), NUM(result, 0));
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t) "/nowhere/pin";
	attr.bpf_fd = map;
	DO(bpf, (long)BPF_OBJ_PIN, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, BPF_OBJ_PIN), STR(path, "/nowhere/pin"),
	     NUM(result, -ENOENT));
	attr.pathname = (uintptr_t) "pinned";
	attr.bpf_fd = 0;
	DO(bpf, (long)BPF_OBJ_GET, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, BPF_OBJ_GET), PATH("pinned"), NUM(result, -ENOENT));
}

PROBE(system_bpf)
{
	struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0},
				  {.code = BPF_JMP | BPF_EXIT}};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .prog_name = "probe_prog"};
	union bpf_attr info = {.prog_type = 0};
	struct bpf_prog_info about;
	int prog;

	attr.insns = (uintptr_t)code;
	attr.license = (uintptr_t) "GPL";
	prog = syscall(NR_bpf, (long)BPF_PROG_LOAD, &attr, (long)sizeof(attr));
	probe_did("bpf", prog);
	memset(&about, 0, sizeof(about));
	info.info.bpf_fd = prog;
	info.info.info_len = sizeof(about);
	info.info.info = (uintptr_t)&about;
	if (prog >= 0)
		MUST(syscall(NR_bpf, (long)BPF_OBJ_GET_INFO_BY_FD, &info, (long)sizeof(info)) == 0);
	WANT(system_bpf, NUM(command, BPF_PROG_LOAD), NUM(prog_type, BPF_PROG_TYPE_SOCKET_FILTER),
	     NUM(instructions, 2), STR(name, "probe_prog"), NUM(id, about.id));
	probe_did("bpf", 0);
	if (prog >= 0)
		WANT(system_bpf, NUM(command, BPF_OBJ_GET_INFO_BY_FD),
		     STR(path, probe_fd_path(prog)));
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = 77;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	DO(bpf, (long)BPF_PROG_ATTACH, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, BPF_PROG_ATTACH), NUM(attach_to, 77),
	     NUM(attach_type, BPF_CGROUP_INET_EGRESS), ANY(path));
	DO(bpf, 9999L, &attr, (long)sizeof(attr));
	WANT(system_bpf, NUM(command, 9999), ANY(path), NUM(result, -EINVAL));
	bpf_maps();
}

PROBE(system_perf_event)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_TASK_CLOCK,
				       .sample_period = 1000003};

	DO(perf_event_open, &attr, 0L, -1L, -1L, (long)PERF_FLAG_FD_CLOEXEC);
	WANT(system_perf_event, NUM(perf_type, PERF_TYPE_SOFTWARE),
	     NUM(config, PERF_COUNT_SW_TASK_CLOCK), NUM(period, 1000003), NUM(whom, 0),
	     NUM(on_cpu, -1), NUM(group_fd, -1), NUM(flags, PERF_FLAG_FD_CLOEXEC));
	attr.type = 0x7fffffff;
	DO(perf_event_open, &attr, 0L, 0L, -1L, 0L);
	WANT(system_perf_event, NUM(perf_type, 0x7fffffff), NUM(on_cpu, 0));
}

/* --- another kernel, a restart: as a user who may not ---------------------------------------- */

static void kexec(void *arg)
{
	char root[] = "root";

	(void)arg;
	DO(kexec_load, 0L, 3L, 8L, 0L);
	WANT(system_kexec, STR(path, ""), NUM(segments, 3), NUM(load_flags, 0));
	DO(kexec_file_load, 999L, 998L, 5L, root, 4L);
	WANT(system_kexec, NUM(load_flags, 4), STR(command_line, "root"), NUM(segments, 0));
}

PROBE(system_kexec)
{
	MUST(probe_as_nobody(kexec, NULL) == 0);
}

static void restart(void *arg)
{
	char reason[] = "recovery";

	(void)arg;
	DO(reboot, 0xbadL, 0L, (long)LINUX_REBOOT_CMD_RESTART2, reason);
	WANT(system_reboot, NUM(action, LINUX_REBOOT_CMD_RESTART2), NUM(magic, 0xbad),
	     STR(reason, "recovery"));
	DO(reboot, 0xbadL, 0L, (long)LINUX_REBOOT_CMD_CAD_OFF, 0L);
	WANT(system_reboot, NUM(action, 0), STR(reason, ""));
}

PROBE(system_reboot)
{
	MUST(probe_as_nobody(restart, NULL) == 0);
}

static void swap(void *arg)
{
	char missing[] = "missing";

	(void)arg;
	DO(swapon, missing, 0x8001L);
	WANT(system_swapon, PATH("missing"), NUM(flags, 0x8001));
}

PROBE(system_swapon)
{
	MUST(probe_as_nobody(swap, NULL) == 0);
}

static void swap_off(void *arg)
{
	char missing[] = "missing";

	(void)arg;
	DO(swapoff, missing);
	WANT(system_swapoff, PATH("missing"));
}

PROBE(system_swapoff)
{
	MUST(probe_as_nobody(swap_off, NULL) == 0);
}

/* --- clocks: as a user who may not ----------------------------------------------------------- */

#define S 1000000000LL

static void set_clock(void *arg)
{
	struct {
		long sec, part;
	} t = {1000000007, 123456};
	struct {
		int64_t sec, part;
	} wide = {5000000007LL, 123456789};

	(void)arg;
	DO(settimeofday, &t, 0L);
	WANT(system_clock, NUM(clock, 0), NUM(clock_time, t.sec * S + 123456000),
	     NUM(result, -EPERM));
	DO(settimeofday, 0L, 8L);
	WANT(system_clock, NUM(clock, 0), NUM(modes, 0));
	DO(clock_settime, (long)CLOCK_REALTIME, &t);
	WANT(system_clock, NUM(clock, 0), NUM(clock_time, t.sec * S + 123456), NUM(result, -EPERM));
	DO(clock_settime64, (long)CLOCK_REALTIME, &wide);
	WANT(system_clock, NUM(clock_time, wide.sec * S + 123456789), NUM(result, -EPERM));
	DO(stime, &t);
	WANT(system_clock, NUM(clock_time, t.sec * S), NUM(result, -EPERM));
	DO(clock_settime, (long)CLOCK_MONOTONIC, &t);
	WANT(system_clock, NUM(clock, CLOCK_MONOTONIC), NUM(result, -EINVAL));
}

static void adjust_clock(void *arg)
{
	struct timex t = {.modes = 0};

	(void)arg;
	syscall(NR_adjtimex, &t); /* only asks */
	t = (struct timex){.modes = ADJ_FREQUENCY | ADJ_OFFSET, .freq = 65536, .offset = -250};
	DO(adjtimex, &t);
	WANT(system_clock, NUM(clock, 0), NUM(modes, ADJ_FREQUENCY | ADJ_OFFSET),
	     NUM(frequency, 65536), NUM(shift, -250000), NUM(result, -EPERM));
	t = (struct timex){.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {2, 5}};
	DO(clock_adjtime, (long)CLOCK_REALTIME, &t);
	WANT(system_clock, NUM(clock, 0), NUM(modes, ADJ_SETOFFSET | ADJ_NANO),
	     NUM(shift, 2 * S + 5), NUM(frequency, 0), NUM(result, -EPERM));
}

PROBE(system_clock)
{
	MUST(probe_as_nobody(set_clock, NULL) == 0);
	MUST(probe_as_nobody(adjust_clock, NULL) == 0);
}

/* --- devices --------------------------------------------------------------------------------- */

/* A block device that can be opened: of this machine's own, or a loop device without a file. */
static const char *block_device(void)
{
	unsigned a, b;
	char line[256];
	FILE *f = fopen("/proc/partitions", "r");
	const char *found = "/dev/loop0";
	int fd;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %u %u %*u %*s", &a, &b) == 2 &&
		    mknod("disk", S_IFBLK | 0600, makedev(a, b)) == 0)
			break;
	if (f)
		fclose(f);
	fd = open("disk", O_PATH);
	if (fd >= 0 && access("disk", R_OK) == 0)
		found = "disk";
	close(fd);
	return found;
}

static void open_devices(void *arg)
{
	const char *disk = block_device();
	struct stat st;
	int fd;

	(void)arg;
	close(open("/dev/null", O_RDONLY)); /* a device, but no raw one */
	fd = open(disk, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		disk = "/dev/loop0";
		fd = open(disk, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		_exit(9);
	probe_did("openat", fd);
	WANT(system_raw_access, PATH(disk), ANY(syscall), NUM(raw, 0),
	     NUM(device_number, st.st_rdev), MASK(flags, 3, O_RDONLY));
	close(open(disk, O_PATH)); /* opens nothing */
	if (mknod("mem", S_IFCHR | 0600, makedev(1, 1)) < 0)
		return;
	fd = DO(openat, AT_FDCWD, "mem", O_RDONLY, 0L);
	if (fd >= 0)
		WANT(system_raw_access, PATH("mem"), NUM(raw, 1), NUM(device_number, 0x101));
	else
		probe_note("/dev/mem cannot be opened here");
}

PROBE(system_raw_access)
{
	if (probe_wait(probe_child(open_devices, NULL)) == 9)
		probe_skip("no block device can be opened here");
}

/* --- memory that is not there ---------------------------------------------------------------- */

#define CGROUP "/sys/fs/cgroup/memory/espy-probe-oom"

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static void eat(void *arg)
{
	char *p;

	(void)arg;
	if (!put(CGROUP "/cgroup.procs", "0"))
		_exit(9);
	p = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; p != MAP_FAILED && i < 64 << 20; i += 4096)
		p[i] = 1;
	_exit(8);
}

/* A control group of its own, which may have 4 MiB; of version 1, as a machine without systemd has
 * it. */
PROBE(system_oom)
{
	pid_t child;
	int code;

	if (mkdir(CGROUP, 0755) < 0 || !put(CGROUP "/memory.limit_in_bytes", "4194304")) {
		rmdir(CGROUP);
		probe_skip("no control group for memory can be made here");
	}
	put(CGROUP "/memory.memsw.limit_in_bytes", "4194304");
	child = probe_child(eat, NULL);
	code = probe_wait(child);
	for (int i = 0; i < 100 && rmdir(CGROUP) < 0; i++)
		probe_sleep_ms(10);
	if (code != -SIGKILL)
		probe_skip("nobody was killed for want of memory");
	NOTED();
	WANT(system_oom, OF(child), NUM(victim, child));
}

PROBE(system_suspend)
{
	probe_skip("a machine that sleeps ends its tests: see docs/coverage");
}

/* --- the rest -------------------------------------------------------------------------------- */

PROBE(system_acct)
{
	DO(acct, "missing");
	WANT(system_acct, PATH("missing"), NUM(result, -ENOENT));
}

PROBE(system_syslog)
{
	char buf[16];

	DO(syslog, 10L, 0L, 0L); /* size of the buffer */
	WANT(system_syslog, NUM(action, 10), NUM(size, 0));
	DO(syslog, 77L, buf, 16L);
	WANT(system_syslog, NUM(action, 77), NUM(size, 16), NUM(result, -EINVAL));
}

PROBE(system_quota)
{
	int fd = probe_file("a", "x");

	DO(quotactl, 0x80000701L, "missing", 70001L, 8L); /* Q_GETQUOTA of a group */
	WANT(system_quota, PATH("missing"), NUM(quota_command, 0x800007), NUM(quota_kind, 1),
	     NUM(quota_id, 70001));
	DO(quotactl_fd, fd, 0x80000100L, 3L, 0L);
	WANT(system_quota, PATH("a"), NUM(quota_command, 0x800001), NUM(quota_kind, 0),
	     NUM(quota_id, 3));
}

static void ports(void *arg)
{
	(void)arg;
	DO(ioperm, 0x3f8L, 8L, 1L);
	WANT(system_ports, NUM(first_port, 0x3f8), NUM(ports, 8), NUM(allow, 1));
	DO(iopl, 3L);
	WANT(system_ports, NUM(first_port, 0), NUM(ports, 0), NUM(allow, 3));
}

PROBE(system_ports)
{
	MUST(probe_as_nobody(ports, NULL) == 0);
}

static void hang_up(void *arg)
{
	(void)arg;
	DO(vhangup);
	WANT(system_hangup, NUM(result, -EPERM));
}

PROBE(system_hangup)
{
	MUST(probe_as_nobody(hang_up, NULL) == 0);
}

PROBE(system_hostname)
{
	MUST(unshare(CLONE_NEWUTS) == 0);
	DO(sethostname, "probe.example", 5L);
	WANT(system_hostname, STR(name, "probe"), NUM(size, 5), NUM(result, 0));
	DO(setdomainname, "example", 7L);
	WANT(system_hostname, STR(name, "example"), NUM(size, 7), NUM(result, 0));
	DO(sethostname, "x", 100L);
	WANT(system_hostname, STR(name, ""), NUM(size, 100), NUM(result, -EINVAL));
	DO(sethostname, 8L, 4L);
	WANT(system_hostname, STR(name, ""), NUM(result, -EFAULT));
}
