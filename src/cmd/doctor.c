/* SPDX-License-Identifier: MIT */
/*
 * espy doctor: what this machine allows Espy to record, and where it does not, why and what to do.
 * A check is a row of a table; what decides is the last one, which loads the programs for real.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/escape.h"
#include "cmd/answer.h"
#include "sense/clipboard.h"
#include "sense/sense.h"

#define TEXT_MAX   256
#define INDENT     25u
#define WIDTH      80u
#define KERNEL_MIN 5, 10

/* include/uapi/linux/magic.h and capability.h, proc_ns.h, of which older headers lack a part. */
#define CGROUP2_MAGIC  0x63677270
#define PID_INIT_INODE 0xeffffffcu
enum { CAP_ADMIN = 21, CAP_PTRACE = 19, CAP_PERF = 38, CAP_BPF_ONLY = 39 };

enum state { STATE_OK, STATE_NOTE, STATE_BAD, STATE_LATER };

struct finding {
	enum state state;
	char value[TEXT_MAX]; /* what there is */
	const char *means;    /* for Espy */
	const char *todo;     /* NULL: nothing */
	struct espy_err err;  /* of the test load: its sentence says what to do */
};

static const struct espy_option options[] = {
	{'f', "format", "FORMAT", "text or json"},
	{0, NULL, NULL, NULL},
};

/* --- looking ------------------------------------------------------------------------------------
 */

/* First line of a small file, without its end; -1 when it cannot be read. */
static int read_line(const char *path, char *line, size_t size)
{
	FILE *f = fopen(path, "re");
	char *got;

	if (!f)
		return -1;
	got = fgets(line, (int)size, f);
	fclose(f);
	if (!got)
		return -1;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

static void set(struct finding *f, enum state state, const char *means, const char *todo)
{
	f->state = state;
	f->means = means;
	f->todo = todo;
}

static bool is_kernel_at_least(unsigned long major, unsigned long minor)
{
	unsigned long a, b = 0;
	struct utsname u;
	char *end;

	if (uname(&u) < 0)
		return false;
	a = strtoul(u.release, &end, 10);
	if (*end == '.')
		b = strtoul(end + 1, NULL, 10);
	return a > major || (a == major && b >= minor);
}

static void check_kernel(struct finding *f)
{
	struct utsname u = {0};

	uname(&u);
	snprintf(f->value, sizeof(f->value), "%s", u.release);
	if (is_kernel_at_least(KERNEL_MIN))
		set(f, STATE_OK, "new enough; 5.10 is the oldest that will do", NULL);
	else
		set(f, STATE_BAD, "too old: ring buffers and typed tracepoints came with 5.10",
		    "boot a kernel of 5.10 or newer");
}

static void check_arch(struct finding *f)
{
	struct utsname u = {0};

	uname(&u);
	snprintf(f->value, sizeof(f->value), "%s", u.machine);
	if (strcmp(u.machine, "x86_64") == 0)
		set(f, STATE_OK, "64-bit and 32-bit programs are seen", NULL);
	else
		set(f, STATE_BAD, "this version knows the system calls of x86_64 only", NULL);
}

static void check_btf(struct finding *f)
{
	struct stat st;

	if (stat("/sys/kernel/btf/vmlinux", &st) == 0 &&
	    access("/sys/kernel/btf/vmlinux", R_OK) == 0) {
		snprintf(f->value, sizeof(f->value), "%lld KiB", (long long)st.st_size / 1024);
		set(f, STATE_OK, "the kernel describes its own types, so nothing is compiled here",
		    NULL);
		return;
	}
	snprintf(f->value, sizeof(f->value), "not there");
	set(f, STATE_BAD, "the kernel does not describe its types (/sys/kernel/btf/vmlinux)",
	    "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, as those of distributions are");
}

static uint64_t capabilities(void)
{
	static const char head[] = "CapEff:";
	uint64_t caps = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, head, sizeof(head) - 1) == 0)
			caps = strtoull(line + sizeof(head) - 1, NULL, 16);
	if (f)
		fclose(f);
	return caps;
}

static bool has(uint64_t caps, unsigned cap)
{
	return caps >> cap & 1;
}

static void check_capabilities(struct finding *f)
{
	uint64_t caps = capabilities();
	bool can_load = has(caps, CAP_ADMIN) || (has(caps, CAP_BPF_ONLY) && has(caps, CAP_PERF));

	snprintf(f->value, sizeof(f->value), "%s%s%s%s%s", geteuid() ? "" : "root ",
		 has(caps, CAP_BPF_ONLY) ? "CAP_BPF " : "",
		 has(caps, CAP_PERF) ? "CAP_PERFMON " : "",
		 has(caps, CAP_ADMIN) ? "CAP_SYS_ADMIN " : "",
		 has(caps, CAP_PTRACE) ? "CAP_SYS_PTRACE" : "");
	if (!f->value[0])
		snprintf(f->value, sizeof(f->value), "none");
	if (!can_load)
		set(f, STATE_BAD, "recording is not allowed; looking at traces is",
		    "run it with sudo, or once: setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep on "
		    "espy");
	else if (!has(caps, CAP_PTRACE))
		set(f, STATE_NOTE,
		    "enough to record, but not to read the command lines and directories of other "
		    "users' processes that ran before",
		    "add CAP_SYS_PTRACE");
	else
		set(f, STATE_OK, "enough to record", NULL);
}

static void check_unprivileged(struct finding *f)
{
	char line[32];

	if (read_line("/proc/sys/kernel/unprivileged_bpf_disabled", line, sizeof(line)) < 0)
		snprintf(line, sizeof(line), "unknown");
	snprintf(f->value, sizeof(f->value), "%s", line);
	set(f, STATE_OK, "no matter: Espy's kind of programs needs capabilities in any case", NULL);
}

/* "none [integrity] confidentiality" */
static void check_lockdown(struct finding *f)
{
	char line[128], *from = NULL;

	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line)) == 0)
		from = strchr(line, '[');
	if (!from) {
		snprintf(f->value, sizeof(f->value), "unknown");
		set(f, STATE_NOTE,
		    "/sys/kernel/security/lockdown cannot be read; the test load of the "
		    "base pack decides",
		    NULL);
		return;
	}
	from[strcspn(from, "]")] = '\0';
	snprintf(f->value, sizeof(f->value), "%s", from + 1);
	if (strcmp(from + 1, "confidentiality") == 0)
		set(f, STATE_BAD,
		    "BPF programs may not read kernel memory, so nothing can be recorded",
		    "boot with lockdown=integrity or without lockdown");
	else
		set(f, STATE_OK, "reading is allowed, and Espy only reads", NULL);
}

static void check_lsm(struct finding *f)
{
	if (read_line("/sys/kernel/security/lsm", f->value, sizeof(f->value)) < 0) {
		snprintf(f->value, sizeof(f->value), "unknown");
		set(f, STATE_NOTE,
		    "/sys/kernel/security/lsm cannot be read; the base pack needs no LSM", NULL);
		return;
	}
	set(f, STATE_OK, strstr(f->value, "bpf") ? "has bpf" : "without bpf; no pack needs it",
	    NULL);
}

static void check_namespace(struct finding *f)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) < 0) {
		snprintf(f->value, sizeof(f->value), "unknown");
		set(f, STATE_NOTE, "/proc is not there: what ran before is known by name only",
		    "mount /proc");
	} else if (st.st_ino == PID_INIT_INODE) {
		snprintf(f->value, sizeof(f->value), "the machine's own");
		set(f, STATE_OK, "process ids are those that you see", NULL);
	} else {
		snprintf(f->value, sizeof(f->value), "a container's");
		set(f, STATE_NOTE,
		    "a trace has the process ids of the machine, not of this container",
		    "run Espy on the host, or with --pid=host");
	}
}

static void check_cgroup(struct finding *f)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs st;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (statfs(places[i], &st) == 0 && (unsigned long)st.f_type == CGROUP2_MAGIC) {
			snprintf(f->value, sizeof(f->value), "%s", places[i]);
			set(f, STATE_OK, "version 2, for `espy record --cgroup`", NULL);
			return;
		}
	}
	snprintf(f->value, sizeof(f->value), "no version 2");
	set(f, STATE_NOTE, "`espy record --cgroup` cannot be used; everything else can",
	    "mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with "
	    "systemd.unified_cgroup_hierarchy=1");
}

static void check_jit(struct finding *f)
{
	char line[32];
	bool is_on;

	if (read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)) < 0) {
		snprintf(f->value, sizeof(f->value), "unknown");
		set(f, STATE_OK, "cannot be read; it is on in the kernels of distributions", NULL);
		return;
	}
	is_on = strcmp(line, "0") != 0;
	snprintf(f->value, sizeof(f->value), "%s", is_on ? "on" : "off");
	if (is_on)
		set(f, STATE_OK, "programs run as machine code", NULL);
	else
		set(f, STATE_NOTE, "programs are interpreted: everything recorded costs more",
		    "sysctl net.core.bpf_jit_enable=1");
}

static void check_memlock(struct finding *f)
{
	struct rlimit l = {0};

	getrlimit(RLIMIT_MEMLOCK, &l);
	if (l.rlim_cur == RLIM_INFINITY)
		snprintf(f->value, sizeof(f->value), "unlimited");
	else
		snprintf(f->value, sizeof(f->value), "%llu KiB",
			 (unsigned long long)l.rlim_cur / 1024);
	if (is_kernel_at_least(5, 11))
		set(f, STATE_OK, "no matter: since 5.11 BPF memory is charged to the cgroup", NULL);
	else
		set(f, STATE_OK, "raised by Espy itself where this old kernel counts it", NULL);
}

static void check_tracefs(struct finding *f)
{
	bool there = access("/sys/kernel/tracing/events/raw_syscalls/sys_exit/id", R_OK) == 0;

	snprintf(f->value, sizeof(f->value), there ? "/sys/kernel/tracing" : "not to be read");
	if (there || !espy_sense_wants_tracefs())
		set(f, STATE_OK, "only kernels from 7.2 on need it for the base pack", NULL);
	else
		set(f, STATE_NOTE,
		    "this kernel interrupts the programs on system calls; without it events of "
		    "other threads are lost meanwhile, and told as lost",
		    "mount -t tracefs none /sys/kernel/tracing");
}

/* The only proof: the programs that a capture uses are loaded and let go. What went with them is
 * for check_plus, which comes later. */
static struct espy_sense_plus plus;

static void check_base(struct finding *f)
{
	if (espy_sense_probe(&plus, &f->err) == 0) {
		snprintf(f->value, sizeof(f->value), "loads");
		set(f, STATE_OK, "processes, files, images and network of every program", NULL);
		return;
	}
	snprintf(f->value, sizeof(f->value), "does not load");
	set(f, STATE_BAD, f->err.text[0] ? f->err.text : strerror(-f->err.code), NULL);
}

static void check_plus(struct finding *f)
{
	if (plus.loaded == 0) {
		snprintf(f->value, sizeof(f->value), "does not load");
		set(f, STATE_NOTE,
		    "this kernel takes no fentry programs; a path of rename, unlink and the like "
		    "is the caller's, and its column source says so",
		    NULL);
		return;
	}
	snprintf(f->value, sizeof(f->value), "%u of %u load", plus.loaded, plus.all);
	set(f, plus.loaded == plus.all ? STATE_OK : STATE_NOTE,
	    "such paths are the kernel's own, and closes without a call are seen", NULL);
}

/* Nothing of it is needed to record, so nothing of it prevents that. */
static void check_profile(struct finding *f)
{
	char line[32] = "unknown";

	if (espy_sense_probe_profile(&f->err) < 0) {
		snprintf(f->value, sizeof(f->value), "does not load");
		set(f, STATE_NOTE, f->err.text[0] ? f->err.text : strerror(-f->err.code), NULL);
		return;
	}
	read_line("/proc/sys/kernel/perf_event_max_sample_rate", line, sizeof(line));
	snprintf(f->value, sizeof(f->value), "loads, at most %s samples a second", line);
	set(f, STATE_OK, "--stacks, --sample and --profile", NULL);
}

static void check_desktop(struct finding *f)
{
	if (!espy_display_name(NULL)) {
		snprintf(f->value, sizeof(f->value), "no display");
		set(f, STATE_NOTE, "DISPLAY is not set: --clipboard has nothing to watch",
		    "on a desktop, set DISPLAY and XAUTHORITY to those of its user");
	} else if (espy_clipboard_probe(f->value, sizeof(f->value), &f->err) == 0) {
		set(f, STATE_OK, "--clipboard watches it; not the clipboard of Wayland programs",
		    NULL);
	} else {
		snprintf(f->value, sizeof(f->value), "cannot be watched");
		set(f, STATE_NOTE, f->err.text, NULL);
	}
}

static bool plain_works;

static void check_plain(struct finding *f)
{
	bool has_names;

	if (espy_sense_probe_plain(&has_names, &f->err) < 0) {
		snprintf(f->value, sizeof(f->value), "not here");
		set(f, STATE_NOTE, f->err.text[0] ? f->err.text : strerror(-f->err.code), NULL);
		return;
	}
	plain_works = true;
	snprintf(f->value, sizeof(f->value), "works");
	if (has_names)
		set(f, STATE_OK, "with the names of what ended before /proc could be read", NULL);
	else
		set(f, STATE_NOTE,
		    "without tracefs: what ended before /proc could be read has no name",
		    "run it as root, with tracefs (mount -t tracefs none /sys/kernel/tracing)");
}

static void check_later(struct finding *f)
{
	snprintf(f->value, sizeof(f->value), "not in this version");
	set(f, STATE_LATER, "", NULL);
}

static const struct check {
	const char *name;
	void (*look)(struct finding *f);
	const char *pack; /* what this sensor pack adds, NULL when it is not a pack */
} checks[] = {
	{"kernel", check_kernel, NULL},
	{"architecture", check_arch, NULL},
	{"BTF", check_btf, NULL},
	{"capabilities", check_capabilities, NULL},
	{"lockdown", check_lockdown, NULL},
	{"LSM", check_lsm, NULL},
	{"unprivileged BPF", check_unprivileged, NULL},
	{"BPF compiler", check_jit, NULL},
	{"pid namespace", check_namespace, NULL},
	{"cgroup", check_cgroup, NULL},
	{"locked memory", check_memlock, NULL},
	{"tracefs", check_tracefs, NULL},
	{"pack base", check_base, "tracepoints and iterators"},
	{"pack plus", check_plus, "paths from the kernel for rename, unlink, chmod and the like"},
	{"pack plain", check_plain, "processes and threads only, where BPF is not allowed"},
	{"pack profile", check_profile, "stacks, CPU samples and counters"},
	{"pack wine", check_later, "registry and files of Windows programs"},
	{"pack desktop", check_desktop, "the clipboard of an X server"},
};

/* --- telling ------------------------------------------------------------------------------------
 */

enum ability { NOTHING, PROCESSES, ALL };

static const char *const abilities[] = {
	[NOTHING] = "Espy cannot record here: see what is bad above.\n",
	[PROCESSES] = "Espy can record processes and threads only: see what is bad above.\n",
	[ALL] = "Espy can record on this machine.\n",
};

static const char *const state_names[] = {
	[STATE_OK] = "ok",
	[STATE_NOTE] = "note",
	[STATE_BAD] = "bad",
	[STATE_LATER] = "later",
};

/* Words with a hanging indent; `at` is the column that the line has come to. */
static void wrap(struct espy_buf *out, const char *text, unsigned at, unsigned width)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		if (at > INDENT && at + 1 + n > width) {
			espy_buf_printf(out, "\n%*s", (int)INDENT, "");
			at = INDENT;
		} else if (at > INDENT) {
			espy_buf_putc(out, ' ');
			at++;
		}
		espy_escape_text(out, (struct espy_str){text, n});
		at += (unsigned)n;
		text += n + strspn(text + n, " ");
	}
	espy_buf_putc(out, '\n');
}

static void tell_state(struct espy_buf *out, enum state state, const struct espy_table_style *s)
{
	if (state == STATE_OK)
		espy_table_look(out, s, ESPY_LOOK_GOOD);
	else
		espy_table_look(out, s, state == STATE_BAD ? ESPY_LOOK_BAD : ESPY_LOOK_DIM);
	espy_buf_printf(out, "%-6s", state_names[state]);
	espy_table_plain(out, s);
}

static void tell_text(struct espy_buf *out, const struct check *c, const struct finding *f,
		      const struct espy_table_style *s)
{
	char text[TEXT_MAX + sizeof(f->err.text) + 8];
	const char *means = *f->means ? f->means : c->pack;

	tell_state(out, f->state, s);
	espy_buf_printf(out, "%-*s", (int)(INDENT - 6), c->name);
	snprintf(text, sizeof(text), "%s%s%s", f->value, means ? "; " : "", means ? means : "");
	wrap(out, text, INDENT, s->width);
	if (!f->todo)
		return;
	espy_buf_printf(out, "%*s", (int)INDENT, "");
	espy_table_look(out, s, ESPY_LOOK_HEAD);
	espy_buf_puts(out, s->utf8 ? "\u2192" : "=>");
	espy_table_plain(out, s);
	wrap(out, f->todo, INDENT + 2, s->width);
}

static void tell_json(struct espy_buf *out, const struct check *c, const struct finding *f)
{
	const char *means = *f->means ? f->means : c->pack;

	espy_buf_putc(out, '{');
	espy_table_json_str(out, "check", espy_str0(c->name));
	espy_buf_putc(out, ',');
	espy_table_json_str(out, "state", espy_str0(state_names[f->state]));
	espy_buf_putc(out, ',');
	espy_table_json_str(out, "value", espy_str0(f->value));
	if (means) {
		espy_buf_putc(out, ',');
		espy_table_json_str(out, "means", espy_str0(means));
	}
	if (f->todo) {
		espy_buf_putc(out, ',');
		espy_table_json_str(out, "do", espy_str0(f->todo));
	}
	espy_buf_puts(out, "}\n");
}

static int examine(enum espy_view_format format, struct espy_buf *out)
{
	struct espy_table_style style = espy_answer_style(STDOUT_FILENO);
	enum ability ability = NOTHING;

	if (!style.width)
		style.width = WIDTH;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding f = {0};

		checks[i].look(&f);
		if (checks[i].look == check_base && f.state == STATE_OK)
			ability = ALL;
		if (format == ESPY_VIEW_JSON)
			tell_json(out, &checks[i], &f);
		else
			tell_text(out, &checks[i], &f, &style);
	}
	if (ability == NOTHING && plain_works)
		ability = PROCESSES;
	if (format != ESPY_VIEW_JSON)
		espy_buf_puts(out, abilities[ability]);
	return ability == NOTHING ? 1 : 0;
}

static int doctor_main(int argc, char **argv)
{
	enum espy_view_format format = ESPY_VIEW_TEXT;
	struct espy_buf out = {0};
	int letter, r, printed;

	while ((letter = espy_cmd_getopt(&espy_cmd_doctor, argc, argv, 0)) != -1) {
		if (letter != 'f')
			return 2;
		if (espy_answer_format(optarg, &format) < 0 || format == ESPY_VIEW_CSV)
			return espy_cmd_usage(&espy_cmd_doctor, "format %s is none of text, json",
					      optarg);
	}
	if (optind < argc)
		return espy_cmd_usage(&espy_cmd_doctor, "%s: there are no operands", argv[optind]);
	r = examine(format, &out);
	printed = espy_answer_print(&out, 0, NULL, false);
	return printed ? printed : r;
}

const struct espy_command espy_cmd_doctor = {
	.name = "doctor",
	.usage = "[options]",
	.help = "say what this machine lets Espy record, and what to do where it does not",
	.detail = "Every finding has a state: ok; note, which limits something; bad, which "
		  "prevents recording; later, what this version does not have. The exit code "
		  "is 1 when nothing can be recorded.",
	.options = options,
	.run = doctor_main,
};
