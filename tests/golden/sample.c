/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include <errno.h>
#include "model/call.h"
#include "model/value.h"

#define START         1000000000000ULL /* boot clock of the first row, ns */
#define STEP          1234567ULL
#define WALL          1800000000000000000LL /* 2027-01-15T08:00:00Z at boot clock 0 */
#define FIRST_PID     4000U
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define STR(lit)                     \
	{                            \
		lit, sizeof(lit) - 1 \
	}

enum who { INIT, SHELL, HOSTILE, KERNEL, NOBODY };

static uint32_t add(struct espy_batch *b, struct espy_str s)
{
	return espy_dict_add(&b->dict, s);
}

static int add_processes(struct espy_batch *b)
{
	const struct espy_proc procs[] = {
		[INIT] = {.start = 50000000,
			  .pid = 1,
			  .parent = UINT32_MAX,
			  .login_uid = UINT32_MAX,
			  .name = add(b, ESPY_STR("init")),
			  .exe = add(b, ESPY_STR("/sbin/init")),
			  .cmdline = add(b, ESPY_STR("/sbin/init\0splash\0")),
			  .user = add(b, ESPY_STR("root")),
			  .flags = ESPY_PROC_BEFORE},
		[SHELL] = {.start = START - 5,
			   .parent_start = 50000000,
			   .cgroup = 4711,
			   .pid = FIRST_PID,
			   .ppid = 1,
			   .parent = INIT,
			   .uid = 1000,
			   .gid = 1000,
			   .euid = 1000,
			   .egid = 100,
			   .sid = FIRST_PID,
			   .login_uid = 1000,
			   .name = add(b, ESPY_STR("bash")),
			   .exe = add(b, ESPY_STR("/usr/bin/bash")),
			   .cmdline = add(b, ESPY_STR("bash\0-c\0echo \"it's\"\0")),
			   .user = add(b, ESPY_STR("ada")),
			   .tty = add(b, ESPY_STR("pts/3"))},
		[HOSTILE] = {.start = START - 2,
			     .parent_start = START - 5,
			     .pid = FIRST_PID + 1,
			     .ppid = FIRST_PID,
			     .parent = SHELL,
			     .uid = 4294967294,
			     .gid = 65534,
			     .euid = 0,
			     .sid = FIRST_PID,
			     .login_uid = 1000,
			     .name = add(b, ESPY_STR("a\nb\x1b]0;x\a")),
			     .exe = add(b, ESPY_STR("/tmp/\xff\xfe,\"q\"")),
			     .cmdline = add(b, ESPY_STR("\x1b[2J\0two words\0\0\xc3\x28\0cut")),
			     .user = add(b, ESPY_STR("4294967294"))},
		[KERNEL] = {.start = 60000000,
			    .pid = 2,
			    .parent = UINT32_MAX,
			    .login_uid = UINT32_MAX,
			    .name = add(b, ESPY_STR("kthreadd")),
			    .user = add(b, ESPY_STR("root")),
			    .flags = ESPY_PROC_KERNEL},
		[NOBODY] = {.parent = UINT32_MAX, .login_uid = UINT32_MAX}, /* of a loss record */
	};

	for (size_t i = 0; i < ARRAY_SIZE(procs); i++)
		if (espy_batch_add_proc(b, &procs[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* The next row, with the columns that every event has; negative errno on failure. */
static int add_row(struct espy_batch *b, unsigned type, enum who who, int64_t result)
{
	const struct espy_schema *s = espy_schema_get(type);
	int row = espy_batch_add(b, type);

	if (row < 0)
		return row;
	b->time[row] = START + (uint64_t)row * STEP;
	b->duration[row] = row % 5 ? (uint64_t)row * 1517 : 1ULL << (row % 50);
	b->result[row] = result;
	b->proc[row] = who;
	b->tid[row] = who == NOBODY ? 0 : b->procs[who].pid + (uint32_t)(row % 3);
	b->cpu[row] = (uint16_t)(row % 4);
	b->cpu_seq[row] = (uint32_t)row + 100;
	if (s->n_calls) {
		b->abi[row] = ESPY_ABI_NATIVE;
		b->call[row] = (uint16_t)espy_call_nr(ESPY_ABI_NATIVE, s->calls[0].call);
	}
	return row;
}

/* A number that a field of this format could have; of named values the first two. */
static uint64_t typical(unsigned fmt, bool is_signed)
{
	uint64_t a = 0, c = 0;

	switch (fmt) {
	case ESPY_FMT_HEX:
		return 0x7f0012345000;
	case ESPY_FMT_OCT:
		return 0644;
	case ESPY_FMT_MODE:
		return 0020660;
	case ESPY_FMT_DEV:
		return 0x801;
	case ESPY_FMT_BYTES:
		return 65536;
	case ESPY_FMT_TIME:
		return START - 1;
	case ESPY_FMT_WALL:
		return 1234567890123456789;
	case ESPY_FMT_NSEC:
		return 61500000000;
	case ESPY_FMT_PID:
		return FIRST_PID + 7;
	case ESPY_FMT_UID:
	case ESPY_FMT_GID:
		return 1000;
	case ESPY_FMT_DEC:
	case ESPY_FMT_FD:
	case ESPY_FMT_OFFSET:
		return is_signed ? 4096 : 3;
	default:
		break;
	}
	if (espy_value_name(fmt, 0))
		espy_value_parse_name(fmt, espy_str0(espy_value_name(fmt, 0)), &a);
	if (espy_value_name(fmt, 1))
		espy_value_parse_name(fmt, espy_str0(espy_value_name(fmt, 1)), &c);
	return a | c;
}

static struct espy_str typical_text(const struct espy_field *f)
{
	switch (f->fmt) {
	case ESPY_FMT_PATH:
		return strcmp(f->name, "path") == 0 ? ESPY_STR("/srv/data/report.txt")
						    : ESPY_STR("/home/ada/new name");
	case ESPY_FMT_ARGV:
		return ESPY_STR("grep\0-r\0two words\0/etc\0");
	case ESPY_FMT_ADDR:
		return strcmp(f->name, "local") == 0 ? ESPY_STR("127.0.0.1:40000")
						     : ESPY_STR("[2001:db8::1]:443");
	default:
		return espy_str0(f->name);
	}
}

static int set_typical(struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = espy_schema_get(b->type[row]);
	int r = 0;

	for (unsigned i = 0; i < s->n_fields && r == 0; i++) {
		const struct espy_field *f = &s->fields[i];

		if (espy_kind_is_string(f->kind))
			r = espy_batch_set_str(b, row, i, typical_text(f));
		else
			espy_batch_set_num(b, row, i,
					   typical(f->fmt, espy_kind_is_signed(f->kind)));
	}
	b->path_source[row] = b->path[row] ? ESPY_SOURCE_KERNEL : ESPY_SOURCE_NONE;
	return r;
}

/* Each event twice: with typical values and with none, failed. */
static int add_each_event(struct espy_batch *b)
{
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		int row;

		if (!espy_schema_is_shown(s))
			continue;
		row = add_row(b, s->type, SHELL, 5);
		if (row < 0 || set_typical(b, (uint32_t)row) < 0)
			return -ENOMEM;
		row = add_row(b, s->type, INIT, -ENOENT);
		if (row < 0)
			return row;
	}
	return 0;
}

static const struct espy_str hostile_paths[] = {
	STR("/tmp/line\nbreak\r\ttab"),
	STR("/tmp/\x1b]0;owned\a\x1b[31mred\x1b[0m"),
	STR("/tmp/not-utf8-\xff\xc0\xaf\xed\xa0\x80-end"),
	STR("/tmp/\"quoted\",comma;'single'\\backslash\\"),
	STR("/tmp/\xe2\x80\xaegnp.exe\xe2\x80\xa9\xc2\x85"), /* right-to-left, paragraph, next line
							      */
	STR("/tmp/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e/a\xcc\x88/\xf0\x9f\x98\x80"), /* wide,
											combining */
	STR("/tmp/nul\0inside"),
	STR("=1+2,@SUM(A1)"),
	STR(" leading and trailing "),
	STR("/a/very/long/path/that/goes/on/and/on/until/no/terminal/in/the/world/could/show/it/in/"
	    "one/line/and/still/has/a/name/at/its/end.so.6"),
};

static int add_hostile_paths(struct espy_batch *b)
{
	int path = espy_schema_field(espy_schema_get(ESPY_EV_file_rename), ESPY_STR("path"));
	int path2 = espy_schema_field(espy_schema_get(ESPY_EV_file_rename), ESPY_STR("path2"));

	for (size_t i = 0; i < ARRAY_SIZE(hostile_paths); i++) {
		int row = add_row(b, ESPY_EV_file_rename, HOSTILE, i % 2 ? 0 : -EACCES);

		if (row < 0 ||
		    espy_batch_set_str(b, (uint32_t)row, (unsigned)path, hostile_paths[i]) < 0 ||
		    espy_batch_set_str(b, (uint32_t)row, (unsigned)path2, hostile_paths[i]) < 0)
			return -ENOMEM;
		b->path_source[row] = (uint8_t)(1 + i % 3);
	}
	return 0;
}

static void set(struct espy_batch *b, int row, const char *name, uint64_t v)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	espy_batch_set_num(b, (uint32_t)row, (unsigned)f, v);
}

static int set_text(struct espy_batch *b, int row, const char *name, struct espy_str s)
{
	int f = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(name));

	return espy_batch_set_str(b, (uint32_t)row, (unsigned)f, s);
}

/* Command lines with every kind of word, and the marks that a row can bear. */
static int add_marked(struct espy_batch *b)
{
	int row = add_row(b, ESPY_EV_process_exec, HOSTILE, 0);

	if (row < 0 || set_text(b, row, "path", ESPY_STR("/bin/e\xffvil")) < 0 ||
	    set_text(b, row, "argv",
		     ESPY_STR("\0-x\0a b\0it's\0\x1b[2J\0\xff,\"\0\xe2\x82\xac\0cut")) < 0)
		return -ENOMEM;
	b->flags[row] = ESPY_F_TRUNCATED;
	row = add_row(b, ESPY_EV_file_read, SHELL, 0);
	if (row < 0)
		return row;
	b->flags[row] = ESPY_F_PENDING;
	row = add_row(b, ESPY_EV_file_write, SHELL, -4000);
	if (row < 0)
		return row;
	b->flags[row] = ESPY_F_NO_ENTRY;
	b->abi[row] = ESPY_ABI_IA32;
	b->call[row] = (uint16_t)espy_call_nr(ESPY_ABI_IA32, "write");
	set(b, row, "offset", UINT64_MAX);
	row = add_row(b, ESPY_EV_file_write, SHELL, 1);
	if (row < 0)
		return row;
	b->call[row] = 9999;
	set(b, row, "requested", UINT64_MAX);
	set(b, row, "offset", INT64_MAX);
	return 0;
}

/* What flags, results and times look like at their edges. */
static int add_edges(struct espy_batch *b)
{
	int row = add_row(b, ESPY_EV_file_open, SHELL, 3);

	if (row < 0 || set_text(b, row, "path", ESPY_STR("/etc/hosts")) < 0)
		return -ENOMEM;
	set(b, row, "flags", 0x80000 | 0x1000000000000); /* the high half is not the kernel's */
	row = add_row(b, ESPY_EV_file_open, SHELL, 4);
	if (row < 0)
		return row;
	set(b, row, "flags", 02 | 0x101000 | 0x410000 | 0x80000000); /* unknown bit */
	row = add_row(b, ESPY_EV_process_fork, SHELL, 4242);
	if (row < 0)
		return row;
	set(b, row, "flags", 0x4111); /* CLONE_VM|CLONE_VFORK|SIGCHLD */
	row = add_row(b, ESPY_EV_process_exit, SHELL, -9);
	if (row < 0)
		return row;
	set(b, row, "signal", 9);
	row = add_row(b, ESPY_EV_file_utime, SHELL, 0);
	if (row < 0)
		return row;
	set(b, row, "atime", (uint64_t)ESPY_WALL_NOW);
	set(b, row, "mtime", (uint64_t)ESPY_WALL_KEEP);
	set(b, row, "old_atime", (uint64_t)ESPY_WALL_UNKNOWN);
	set(b, row, "old_mtime", (uint64_t)-5000000000);
	row = add_row(b, ESPY_EV_file_ioctl, SHELL, -ENOTTY);
	if (row < 0)
		return row;
	set(b, row, "request", 0xffffffff80045430); /* TIOCGPTN, sign-extended by the C library */
	row = add_row(b, ESPY_EV_system_loss, NOBODY, 0);
	if (row < 0)
		return row;
	set(b, row, "lost", 12345);
	set(b, row, "from", START - STEP);
	set(b, row, "to", START);
	if (set_text(b, row, "classes", ESPY_STR("file 12000, network 345")) < 0)
		return -ENOMEM;
	row = add_row(b, ESPY_EV_process_running, KERNEL, 0);
	return row < 0 ? row : 0;
}

/* What overload makes of things: runs, steps, and a thread that was left out. */
static int add_overload(struct espy_batch *b)
{
	int row = add_row(b, ESPY_EV_system_overload, NOBODY, 0);

	if (row < 0)
		return row;
	set(b, row, "waiting", 4 << 20);
	set(b, row, "overload", 1);
	row = add_row(b, ESPY_EV_file_reads, SHELL, 51184);
	if (row < 0 || set_text(b, row, "path", ESPY_STR("/srv/data/large")) < 0)
		return -ENOMEM;
	b->path_source[row] = ESPY_SOURCE_KERNEL;
	b->abi[row] = ESPY_ABI_NATIVE;
	b->call[row] = (uint16_t)espy_call_nr(ESPY_ABI_NATIVE, "pread64");
	set(b, row, "requested", 51200);
	set(b, row, "offset", 4096);
	set(b, row, "times", 51184);
	set(b, row, "began", b->time[row]);
	set(b, row, "ended", b->time[row] + 250000000);
	row = add_row(b, ESPY_EV_file_writes, SHELL, 6LL << 30);
	if (row < 0 || set_text(b, row, "path", ESPY_STR("pipe:[4711]")) < 0)
		return -ENOMEM;
	set(b, row, "requested", 6ULL << 30);
	set(b, row, "offset", UINT64_MAX);
	set(b, row, "times", 2);
	row = add_row(b, ESPY_EV_system_isolate, SHELL, 0);
	if (row < 0)
		return row;
	set(b, row, "made", 1025);
	set(b, row, "window", 1 << 24);
	row = add_row(b, ESPY_EV_system_overload, NOBODY, 0);
	if (row < 0)
		return row;
	set(b, row, "waiting", 1000);
	set(b, row, "old_overload", 1);
	return 0;
}

int sample_batch(struct espy_batch **ret)
{
	static int (*const parts[])(struct espy_batch * b) = {
		add_processes, add_each_event, add_hostile_paths,
		add_marked,    add_edges,      add_overload,
	};
	struct espy_batch *b;
	int r = espy_batch_new(&b);

	if (r < 0)
		return r;
	b->first_seq = 1;
	b->wall_offset = WALL;
	for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++)
		r = parts[i](b);
	if (r < 0)
		espy_batch_free(b);
	else
		*ret = b;
	return r;
}
