/* SPDX-License-Identifier: MIT */
#include "format/procmon-detail.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include "format/procmon-text.h"
#include "model/value.h"

#define NS_PER_TICK 100 /* FILETIME */

#define LOCK_FCNTL  0x10000u /* see model/flags/file.def: fcntl(2) commands have it added */
#define LOCK_NOWAIT 4u       /* LOCK_NB of flock(2) */
#define LOCK_GET    5u       /* F_GETLK */
#define WHOLE_FILE  (-1)     /* length of a lock to the end */

static struct espy_value get(const struct espy_batch *b, uint32_t row, const char *field)
{
	int i = espy_schema_field(espy_schema_get(b->type[row]), espy_str0(field));

	return i < 0 ? (struct espy_value){.str = ESPY_STR_NONE}
		     : espy_batch_get(b, row, (unsigned)i);
}

int64_t espy_procmon_num(const struct espy_batch *b, uint32_t row, const char *field)
{
	return (int64_t)get(b, row, field).num;
}

struct espy_str espy_procmon_str(const struct espy_batch *b, uint32_t row, const char *field)
{
	struct espy_value v = get(b, row, field);

	return v.is_string ? v.str : ESPY_STR_NONE;
}

static bool has_failed(const struct espy_batch *b, uint32_t row)
{
	return b->result[row] < 0;
}

static void add_number(struct espy_buf *out, const char *before, int64_t v)
{
	espy_buf_puts(out, before);
	espy_procmon_thousands(out, v);
}

/* 0.0156250 */
static void add_seconds(struct espy_buf *out, const char *before, uint64_t ns, const char *behind)
{
	uint64_t ticks = ns / NS_PER_TICK;

	espy_buf_printf(out, "%s%llu.%07llu%s", before, (unsigned long long)(ticks / 10000000),
			(unsigned long long)(ticks % 10000000), behind);
}

/* --- processes -------------------------------------------------------------------------------- */

void espy_procmon_command(struct espy_buf *out, struct espy_str argv)
{
	if (argv.n && !argv.p[argv.n - 1])
		argv.n--;
	for (size_t i = 0; i < argv.n; i++)
		espy_buf_putc(out, argv.p[i] ? argv.p[i] : ' ');
}

static void add_command(struct espy_buf *out, struct espy_str argv)
{
	espy_buf_puts(out, "Command line: ");
	espy_procmon_command(out, argv);
}

void espy_procmon_detail_defined(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_printf(out, "PID: %u, ", espy_batch_proc(b, row)->pid);
	add_command(out, espy_procmon_str(b, row, "argv"));
}

/* What fork makes still runs the program of its parent. */
void espy_procmon_detail_create(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_printf(out, "PID: %u, ", (unsigned)espy_procmon_num(b, row, "child_pid"));
	add_command(out, espy_dict_get(&b->dict, espy_batch_proc(b, row)->cmdline));
}

static void add_environment(struct espy_buf *out, struct espy_str env)
{
	espy_buf_puts(out, ", Environment: ");
	while (env.n) {
		size_t n = strnlen(env.p, env.n);

		espy_buf_puts(out, "\r;\t");
		espy_buf_add(out, env.p, n);
		n += n < env.n;
		env = (struct espy_str){env.p + n, env.n - n};
	}
}

void espy_procmon_detail_start(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_printf(out, "Parent PID: %u, ", espy_batch_proc(b, row)->ppid);
	add_command(out, espy_procmon_str(b, row, "argv"));
	espy_buf_puts(out, ", Current directory: ");
	espy_buf_str(out, espy_procmon_str(b, row, "cwd"));
	add_environment(out, espy_procmon_str(b, row, "env"));
}

/* The result is the exit code, or minus the signal. */
void espy_procmon_detail_exit(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	int64_t peak = espy_procmon_num(b, row, "peak_memory");

	espy_buf_printf(out, "Exit Status: %lld", (long long)b->result[row]);
	add_seconds(out, ", User Time: ", (uint64_t)espy_procmon_num(b, row, "user_time"),
		    " seconds");
	add_seconds(out, ", Kernel Time: ", (uint64_t)espy_procmon_num(b, row, "system_time"),
		    " seconds");
	espy_buf_puts(out, ", Private Bytes: 0, Peak Private Bytes: 0, Working Set: 0");
	add_number(out, ", Peak Working Set: ", peak);
}

void espy_procmon_detail_thread(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_printf(out, "Thread ID: %u", (unsigned)espy_procmon_num(b, row, "child_tid"));
}

void espy_procmon_detail_thread_exit(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_printf(out, "Thread ID: %u", b->tid[row]);
	add_seconds(out, ", User Time: ", (uint64_t)espy_procmon_num(b, row, "user_time"), "");
	add_seconds(out, ", Kernel Time: ", (uint64_t)espy_procmon_num(b, row, "system_time"), "");
}

void espy_procmon_detail_image(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_puts(out, "Image Base: ");
	espy_buf_hex(out, (uint64_t)espy_procmon_num(b, row, "address"));
	espy_buf_puts(out, ", Image Size: ");
	espy_buf_hex(out, (uint64_t)espy_procmon_num(b, row, "length"));
}

/* --- opening ---------------------------------------------------------------------------------- */

static const char *access_of(uint64_t flags)
{
	if (flags & O_PATH)
		return "Read Attributes";
	if ((flags & O_ACCMODE) == O_RDWR)
		return "Generic Read/Write";
	return (flags & O_ACCMODE) == O_WRONLY ? "Generic Write" : "Generic Read";
}

static const char *disposition_of(uint64_t flags)
{
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return "Create";
	if (flags & O_CREAT)
		return flags & O_TRUNC ? "OverwriteIf" : "OpenIf";
	return flags & O_TRUNC ? "Overwrite" : "Open";
}

/* In the order in which Process Monitor lists them. */
static void add_options(struct espy_buf *out, uint64_t flags)
{
	espy_buf_puts(out, ", Options: ");
	if (flags & O_DIRECTORY)
		espy_buf_puts(out, "Directory, ");
	if (flags & O_DSYNC)
		espy_buf_puts(out, "Write Through, ");
	if (flags & O_DIRECT)
		espy_buf_puts(out, "No Buffering, ");
	espy_buf_puts(out, "Synchronous IO Non-Alert");
	if ((flags & O_TMPFILE) == O_TMPFILE)
		espy_buf_puts(out, ", Delete On Close");
	if (flags & O_NOFOLLOW)
		espy_buf_puts(out, ", Open Reparse Point");
}

static bool may_create(uint64_t flags)
{
	return flags & O_CREAT;
}

static const char *open_result(const struct espy_batch *b, uint32_t row, uint64_t flags)
{
	if (espy_procmon_num(b, row, "created"))
		return ", OpenResult: Created";
	return flags & O_TRUNC ? ", OpenResult: Overwritten" : ", OpenResult: Opened";
}

void espy_procmon_detail_open(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	uint64_t flags = (uint64_t)espy_procmon_num(b, row, "flags");

	espy_buf_printf(out, "Desired Access: %s, Disposition: %s", access_of(flags),
			disposition_of(flags));
	add_options(out, flags);
	espy_buf_puts(out, ", Attributes: n/a, ShareMode: Read, Write, Delete, AllocationSize: ");
	espy_buf_puts(out, may_create(flags) ? "0" : "n/a");
	if (!has_failed(b, row))
		espy_buf_puts(out, open_result(b, row, flags));
}

bool espy_procmon_open_writes(const struct espy_batch *b, uint32_t row)
{
	uint64_t flags = (uint64_t)espy_procmon_num(b, row, "flags");

	if (has_failed(b, row))
		return flags & (O_CREAT | O_TRUNC);
	return espy_procmon_num(b, row, "created") || flags & O_TRUNC;
}

static void add_made(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_puts(out, ", Attributes: N, ShareMode: Read, Write, Delete, AllocationSize: 0");
	if (!has_failed(b, row))
		espy_buf_puts(out, ", OpenResult: Created");
}

void espy_procmon_detail_mkdir(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_puts(out, "Desired Access: Read Data/List Directory, Synchronize, Disposition: "
			   "Create, Options: Directory, Synchronous IO Non-Alert");
	add_made(out, b, row);
}

void espy_procmon_detail_mknod(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_puts(out, "Desired Access: Read Attributes, Synchronize, Disposition: Create, "
			   "Options: Synchronous IO Non-Alert, Non-Directory File");
	add_made(out, b, row);
}

/* --- files ------------------------------------------------------------------------------------ */

void espy_procmon_detail_transfer(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	bool is_done = b->result[row] > 0 && !(b->flags[row] & ESPY_F_PENDING);

	add_number(out, "Offset: ", espy_procmon_num(b, row, "offset"));
	add_number(out,
		   ", Length: ", is_done ? b->result[row] : espy_procmon_num(b, row, "requested"));
}

void espy_procmon_detail_position(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	add_number(out, "Position: ",
		   has_failed(b, row) ? espy_procmon_num(b, row, "offset") : b->result[row]);
}

void espy_procmon_detail_dacl(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	(void)b;
	(void)row;
	espy_buf_puts(out, "Information: DACL");
}

void espy_procmon_detail_owner(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	bool owner = espy_procmon_num(b, row, "owner") != -1;
	bool group = espy_procmon_num(b, row, "group") != -1;

	espy_buf_puts(out, "Information: ");
	espy_buf_puts(out, owner && group ? "Owner, Group" : group ? "Group" : "Owner");
}

void espy_procmon_detail_rename(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	bool replace = !(espy_procmon_num(b, row, "flags") & 1); /* RENAME_NOREPLACE */

	espy_buf_printf(out, "ReplaceIfExists: %s, FileName: ", replace ? "True" : "False");
	espy_buf_str(out, espy_procmon_str(b, row, "path2"));
}

void espy_procmon_detail_link(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	espy_buf_puts(out, "ReplaceIfExists: False, FileName: ");
	espy_buf_str(out, espy_procmon_str(b, row, "path2"));
}

void espy_procmon_detail_dispose(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	(void)b;
	(void)row;
	espy_buf_puts(out, "Delete: True");
}

void espy_procmon_detail_end_of_file(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	add_number(out, "EndOfFile: ", espy_procmon_num(b, row, "length"));
}

void espy_procmon_detail_allocation(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	uint64_t end = (uint64_t)espy_procmon_num(b, row, "offset") +
		       (uint64_t)espy_procmon_num(b, row, "length");

	add_number(out, "AllocationSize: ", (int64_t)end);
}

/* A time that is left as it is, is 0 on Windows: the first day of 1601. */
static void add_time(struct espy_buf *out, const char *before, const struct espy_batch *b,
		     uint32_t row, const char *field)
{
	int64_t t = field ? espy_procmon_num(b, row, field) : ESPY_WALL_KEEP;

	espy_buf_puts(out, before);
	if (t == ESPY_WALL_NOW)
		t = (int64_t)b->time[row] + b->wall_offset;
	if (t == ESPY_WALL_KEEP || t == ESPY_WALL_UNKNOWN)
		espy_buf_puts(out, "1/1/1601 12:00:00 AM");
	else
		espy_procmon_date(out, t);
}

void espy_procmon_detail_times(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	add_time(out, "CreationTime: ", b, row, NULL);
	add_time(out, ", LastAccessTime: ", b, row, "atime");
	add_time(out, ", LastWriteTime: ", b, row, "mtime");
	add_time(out, ", ChangeTime: ", b, row, NULL);
	espy_buf_puts(out, ", FileAttributes: n/a");
}

int espy_procmon_lock_kind(const struct espy_batch *b, uint32_t row)
{
	uint64_t command = (uint64_t)espy_procmon_num(b, row, "command");

	if (!(command & LOCK_FCNTL))
		return !!(command & 8); /* LOCK_UN */
	command &= ~(uint64_t)LOCK_FCNTL;
	if (command == LOCK_GET || command == 0xc || command == 0x24)
		return -1;
	return espy_procmon_num(b, row, "kind") == F_UNLCK;
}

/* Is it one of the commands that do not wait: LOCK_NB, F_SETLK, F_SETLK64, F_OFD_SETLK? */
static bool is_immediate(uint64_t command)
{
	if (!(command & LOCK_FCNTL))
		return command & LOCK_NOWAIT;
	command &= ~(uint64_t)LOCK_FCNTL;
	return command == 6 || command == 0xd || command == 0x25;
}

void espy_procmon_detail_lock(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	uint64_t command = (uint64_t)espy_procmon_num(b, row, "command");
	bool is_fcntl = command & LOCK_FCNTL, is_unlock = espy_procmon_lock_kind(b, row) == 1;
	int64_t length = is_fcntl ? espy_procmon_num(b, row, "length") : 0;
	bool exclusive = is_fcntl ? espy_procmon_num(b, row, "kind") == F_WRLCK : command & 2;

	if (!is_unlock)
		espy_buf_printf(out, "Exclusive: %s, ", exclusive ? "True" : "False");
	add_number(out, "Offset: ", is_fcntl ? espy_procmon_num(b, row, "offset") : 0);
	add_number(out, ", Length: ", length ? length : WHOLE_FILE);
	if (!is_unlock)
		espy_buf_printf(out, ", Fail Immediately: %s",
				is_immediate(command) ? "True" : "False");
}

/* The parts of a control code as CTL_CODE of the Windows headers packs them. */
void espy_procmon_detail_control(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	uint32_t code = (uint32_t)espy_procmon_num(b, row, "request");

	espy_buf_printf(out, "Control: 0x%x (Device:0x%x Function:%u Method: %u)", code, code >> 16,
			code >> 2 & 0xfff, code & 3);
}

/* What inotify watches in the words of FindFirstChangeNotification. */
static const struct {
	uint32_t mask;
	const char *name;
} changes[] = {
	{IN_CREATE | IN_DELETE | IN_MOVE, "FILE_NOTIFY_CHANGE_FILE_NAME"},
	{IN_CREATE | IN_DELETE | IN_MOVE, "FILE_NOTIFY_CHANGE_DIR_NAME"},
	{IN_ATTRIB, "FILE_NOTIFY_CHANGE_ATTRIBUTES"},
	{IN_MODIFY, "FILE_NOTIFY_CHANGE_SIZE"},
	{IN_MODIFY | IN_CLOSE_WRITE, "FILE_NOTIFY_CHANGE_LAST_WRITE"},
	{IN_ACCESS | IN_OPEN, "FILE_NOTIFY_CHANGE_LAST_ACCESS"},
};

void espy_procmon_detail_watch(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	uint32_t mask = (uint32_t)espy_procmon_num(b, row, "mask");
	const char *comma = "";

	espy_buf_puts(out, "Filter: ");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (!(mask & changes[i].mask))
			continue;
		espy_buf_puts(out, comma);
		espy_buf_puts(out, changes[i].name);
		comma = ", ";
	}
}

/* --- network ---------------------------------------------------------------------------------- */

int espy_procmon_net_kind(const struct espy_batch *b, uint32_t row)
{
	struct espy_str protocol = espy_procmon_str(b, row, "protocol");

	if (espy_str_starts(protocol, ESPY_STR("tcp")))
		return 0;
	return espy_str_starts(protocol, ESPY_STR("udp")) ? 1 : -1;
}

/* "[::1]:80" without its brackets; nothing known is port 0 of no address. */
static void add_end(struct espy_buf *out, struct espy_str address)
{
	if (!address.n)
		espy_buf_puts(out, "0.0.0.0:0");
	for (size_t i = 0; i < address.n; i++)
		if (address.p[i] != '[' && address.p[i] != ']')
			espy_buf_putc(out, address.p[i]);
}

void espy_procmon_net_path(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	add_end(out, espy_procmon_str(b, row, "local"));
	espy_buf_puts(out, " -> ");
	add_end(out, espy_procmon_str(b, row, "remote"));
}

void espy_procmon_detail_network(struct espy_buf *out, const struct espy_batch *b, uint32_t row)
{
	int64_t bytes = espy_procmon_num(b, row, "bytes");

	espy_buf_printf(out, "Length: %lld, seqnum: 0, connid: 0",
			(long long)(bytes > 0 ? bytes : 0));
}
