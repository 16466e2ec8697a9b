/* SPDX-License-Identifier: MIT */
/* Events of processes, threads and images, and the counters of the profiling class. */
#include "format/pml-detail.h"
#include "format/pml-sid.h"

/* Operations of the process class. */
enum {
	DEFINED = 0,
	CREATE = 1,
	EXIT = 2,
	THREAD_CREATE = 3,
	THREAD_EXIT = 4,
	LOAD_IMAGE = 5,
	THREAD_PROFILE = 6,
	START = 7,
	STATISTICS = 8,
};

/* Operations of the profiling class. */
enum {
	PROFILE_THREAD = 0,
	PROFILE_PROCESS = 1,
	PROFILE_DEBUG = 2,
};

#define NS 100 /* in a unit of times */

static void item_seconds(struct espy_pml_detail *d, const char *name, uint64_t v, const char *unit)
{
	espy_pml_item(d, name);
	espy_pml_seconds(&d->text, v);
	espy_buf_puts(&d->text, unit);
}

/* Version 7 counts the NUL at the end. */
static void drop_nul(struct espy_buf *b)
{
	while (b->n && !b->p[b->n - 1])
		b->n--;
}

/* A new process, or one that was there at the start. Its entry of the table of processes has the
 * same; a file that was not closed has only this. */
static void created(struct espy_pml_detail *d)
{
	uint32_t index = espy_pml_in_u32(&d->in), pid = espy_pml_in_u32(&d->in), ppid;
	struct espy_pml_bytes sid;
	size_t sid_n, label_n;
	uint16_t path, command;

	espy_pml_in_skip(&d->in, 4);
	ppid = espy_pml_in_u32(&d->in);
	espy_pml_in_skip(&d->in, 28); /* session … virtualisation, as in the table */
	sid_n = espy_pml_in_u8(&d->in);
	label_n = espy_pml_in_u8(&d->in);
	path = espy_pml_in_u16(&d->in);
	command = espy_pml_in_u16(&d->in);
	espy_pml_in_skip(&d->in, 2);
	sid = espy_pml_in_bytes(&d->in, sid_n);
	espy_pml_in_skip(&d->in, label_n);
	espy_pml_in_string(&d->in, path, &d->path);
	drop_nul(&d->path);
	espy_pml_item(d, "PID");
	espy_buf_u64(&d->text, pid);
	espy_pml_item(d, "Command line");
	espy_pml_in_string(&d->in, command, &d->text);
	drop_nul(&d->text);
	espy_pml_fact_num(d, "child_pid", pid);
	espy_pml_fact_num(d, "child_ppid", ppid);
	espy_pml_sid_learn(d->tables, sid, espy_pml_tables_process(d->tables, index));
}

/* Strings, each ended by a NUL: what Process Monitor shows each on a line of its own. */
static void environment(struct espy_pml_detail *d, struct espy_pml_bytes b)
{
	espy_pml_item(d, "Environment");
	espy_pml_utf16(&d->scratch, b.p, b.n);
	for (size_t i = 0; i < d->scratch.n;) {
		const char *p = d->scratch.p + i;
		size_t n = strnlen(p, d->scratch.n - i);

		if (!n)
			break;
		espy_buf_puts(&d->text, "\r\n\t");
		espy_buf_add(&d->text, p, n);
		i += n + 1;
	}
	espy_pml_fact_text(d, "env", d->scratch.p, d->scratch.n);
}

static void started(struct espy_pml_detail *d)
{
	uint16_t command, directory;
	uint32_t env;
	size_t start;

	espy_pml_item(d, "Parent PID");
	espy_buf_u64(&d->text, espy_pml_in_u32(&d->in));
	if (!espy_pml_in_left(&d->in))
		return; /* version 7 */
	command = espy_pml_in_u16(&d->in);
	directory = espy_pml_in_u16(&d->in);
	env = espy_pml_in_u32(&d->in);
	espy_pml_item(d, "Command line");
	start = d->text.n;
	espy_pml_in_string(&d->in, command, &d->text);
	if (!d->text.error)
		espy_pml_fact_text(d, "argv", d->text.p + start, d->text.n - start);
	espy_pml_item(d, "Current directory");
	start = d->text.n;
	espy_pml_in_string(&d->in, directory, &d->text);
	if (!d->text.error)
		espy_pml_fact_text(d, "cwd", d->text.p + start, d->text.n - start);
	environment(d, espy_pml_in_bytes(&d->in, 2ul * env));
}

/* The order in the record is kernel before user, working set before private. */
static void exited(struct espy_pml_detail *d)
{
	uint32_t code = espy_pml_in_u32(&d->in);
	uint64_t kernel = espy_pml_in_u64(&d->in), user = espy_pml_in_u64(&d->in);
	uint64_t set = espy_pml_in_u64(&d->in), peak_set = espy_pml_in_u64(&d->in);
	uint64_t private = espy_pml_in_u64(&d->in), peak_private = espy_pml_in_u64(&d->in);

	espy_pml_item(d, "Exit Status");
	espy_buf_s64(&d->text, (int32_t)code);
	item_seconds(d, "User Time", user, " seconds");
	item_seconds(d, "Kernel Time", kernel, " seconds");
	espy_pml_item_number(d, "Private Bytes", (int64_t) private);
	espy_pml_item_number(d, "Peak Private Bytes", (int64_t)peak_private);
	espy_pml_item_number(d, "Working Set", (int64_t)set);
	espy_pml_item_number(d, "Peak Working Set", (int64_t)peak_set);
	espy_pml_fact_num(d, "code", code);
	espy_pml_fact_num(d, "user_time", user * NS);
	espy_pml_fact_num(d, "system_time", kernel * NS);
	espy_pml_fact_num(d, "peak_memory", peak_set);
	espy_pml_fact_num(d, "private", private);
	espy_pml_fact_num(d, "resident", set);
	if (d->event->operation == EXIT)
		d->result = code;
}

static void thread_created(struct espy_pml_detail *d)
{
	uint32_t tid = espy_pml_in_u32(&d->in);

	espy_pml_item(d, "Thread ID");
	espy_buf_u64(&d->text, tid);
	espy_pml_fact_num(d, "child_tid", tid);
}

static void thread_exited(struct espy_pml_detail *d)
{
	uint64_t kernel, user;

	espy_pml_in_skip(&d->in, 4);
	kernel = espy_pml_in_u64(&d->in);
	user = espy_pml_in_u64(&d->in);
	espy_pml_item(d, "Thread ID");
	espy_buf_u64(&d->text, d->event->tid);
	item_seconds(d, "User Time", user, "");
	item_seconds(d, "Kernel Time", kernel, "");
	espy_pml_fact_num(d, "user_time", user * NS);
	espy_pml_fact_num(d, "system_time", kernel * NS);
}

static void loaded(struct espy_pml_detail *d)
{
	uint64_t base = espy_pml_in_pointer(&d->in);
	uint32_t size = espy_pml_in_u32(&d->in);
	uint16_t path = espy_pml_in_u16(&d->in);

	espy_pml_in_skip(&d->in, 2);
	espy_pml_in_string(&d->in, path, &d->path);
	espy_pml_item_hex(d, "Image Base", base);
	espy_pml_item_hex(d, "Image Size", size);
	espy_pml_fact_num(d, "address", base);
	espy_pml_fact_num(d, "length", size);
}

/* What a thread used since the last sample. */
static void thread_profile(struct espy_pml_detail *d)
{
	uint32_t user = espy_pml_in_u32(&d->in), kernel = espy_pml_in_u32(&d->in);
	uint32_t switches = espy_pml_in_u32(&d->in);

	item_seconds(d, "User Time", user, "");
	item_seconds(d, "Kernel Time", kernel, "");
	espy_pml_item_number(d, "Context Switches", switches);
	espy_pml_fact_num(d, "user_time", (uint64_t)user * NS);
	espy_pml_fact_num(d, "system_time", (uint64_t)kernel * NS);
	espy_pml_fact_num(d, "switches", switches);
}

static void process_profile(struct espy_pml_detail *d)
{
	uint64_t user = espy_pml_in_u64(&d->in), kernel = espy_pml_in_u64(&d->in);
	uint64_t set = espy_pml_in_pointer(&d->in), private = espy_pml_in_pointer(&d->in);

	item_seconds(d, "User Time", user, " seconds");
	item_seconds(d, "Kernel Time", kernel, " seconds");
	espy_pml_item_number(d, "Private Bytes", (int64_t) private);
	espy_pml_item_number(d, "Working Set", (int64_t)set);
	espy_pml_fact_num(d, "user_time", user * NS);
	espy_pml_fact_num(d, "system_time", kernel * NS);
	espy_pml_fact_num(d, "private", private);
	espy_pml_fact_num(d, "resident", set);
}

static void debug_output(struct espy_pml_detail *d)
{
	struct espy_pml_bytes b = espy_pml_in_bytes(&d->in, espy_pml_in_left(&d->in));

	while (b.n >= 2 && !b.p[b.n - 1] && !b.p[b.n - 2])
		b.n -= 2;
	espy_pml_item(d, "Output");
	espy_pml_utf16(&d->scratch, b.p, b.n);
	espy_buf_add(&d->text, d->scratch.p, d->scratch.n);
	espy_pml_fact_text(d, "text", d->scratch.p, d->scratch.n);
}

void espy_pml_detail_process(struct espy_pml_detail *d)
{
	static void (*const by_operation[])(struct espy_pml_detail *) = {
		[DEFINED] = created,
		[CREATE] = created,
		[EXIT] = exited,
		[THREAD_CREATE] = thread_created,
		[THREAD_EXIT] = thread_exited,
		[LOAD_IMAGE] = loaded,
		[THREAD_PROFILE] = thread_profile,
		[START] = started,
		[STATISTICS] = exited,
	};
	uint16_t op = d->event->operation;

	if (op < sizeof(by_operation) / sizeof(by_operation[0]))
		by_operation[op](d);
}

void espy_pml_detail_profiling(struct espy_pml_detail *d)
{
	static void (*const by_operation[])(struct espy_pml_detail *) = {
		[PROFILE_THREAD] = thread_profile,
		[PROFILE_PROCESS] = process_profile,
		[PROFILE_DEBUG] = debug_output,
	};
	uint16_t op = d->event->operation;

	if (op < sizeof(by_operation) / sizeof(by_operation[0]))
		by_operation[op](d);
}
