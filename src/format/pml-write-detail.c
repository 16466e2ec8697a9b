/* SPDX-License-Identifier: MIT */
#include "format/pml-write-detail.h"

#include <errno.h>
#include "format/pml-event.h"
#include "format/pml-write-words.h"

/* Operations of the process class and of the profiling class. */
enum {
	DEFINED,
	CREATE,
	EXIT,
	THREAD_CREATE,
	THREAD_EXIT,
	LOAD_IMAGE,
	THREAD_PROFILE,
	START,
	STATISTICS
};
enum { PROFILE_THREAD, PROFILE_PROCESS, PROFILE_DEBUG };

#define CREATE_REST 28 /* bytes from the session to the virtualisation of a created process */

/* --- strings ---------------------------------------------------------------------------------- */

static bool is_ascii(struct espy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

uint16_t espy_pml_blob_string(struct espy_pml_blob *b, struct espy_str s)
{
	if (!is_ascii(s))
		return (uint16_t)espy_put_utf16(&b->tail, s, ESPY_PML_CHARS_MAX, &b->is_cut);
	if (s.n > ESPY_PML_CHARS_MAX) {
		b->is_cut = true;
		s.n = ESPY_PML_CHARS_MAX;
	}
	espy_buf_str(&b->tail, s);
	return (uint16_t)(s.n | 0x8000);
}

void espy_pml_blob_tail(struct espy_pml_blob *b)
{
	espy_buf_add(&b->detail, b->tail.p, b->tail.n);
	espy_buf_reset(&b->tail);
}

uint32_t espy_pml_blob_utf16z(struct espy_buf *out, struct espy_str s)
{
	size_t n = espy_put_utf16(out, s, ESPY_PML_CHARS_MAX, NULL);

	espy_put_u16(out, 0);
	return (uint32_t)(2 * (n + 1));
}

int espy_pml_blob_make(struct espy_pml_blob *b)
{
	static void (*const by_class[])(struct espy_pml_blob *) = {
		[ESPY_PML_PROCESS] = espy_pml_blob_process,
		[ESPY_PML_REGISTRY] = espy_pml_blob_registry,
		[ESPY_PML_FILE] = espy_pml_blob_file,
		[ESPY_PML_PROFILING] = espy_pml_blob_profiling,
		[ESPY_PML_NETWORK] = espy_pml_blob_network,
	};

	espy_buf_reset(&b->detail);
	espy_buf_reset(&b->extra);
	espy_buf_reset(&b->tail);
	b->has_extra = false;
	if (b->op->class_id < sizeof(by_class) / sizeof(by_class[0]) && by_class[b->op->class_id])
		by_class[b->op->class_id](b);
	if (b->extra.n > ESPY_PML_EXTRA_MAX) {
		b->extra.n = ESPY_PML_EXTRA_MAX;
		b->is_cut = true;
	}
	return b->detail.error || b->extra.error || b->tail.error ? -ENOMEM : 0;
}

void espy_pml_blob_done(struct espy_pml_blob *b)
{
	espy_buf_done(&b->detail);
	espy_buf_done(&b->extra);
	espy_buf_done(&b->tail);
}

/* --- processes -------------------------------------------------------------------------------- */

static struct espy_str get(const struct espy_pml_items *d, const char *name)
{
	struct espy_str s = ESPY_STR_NONE;

	espy_pml_items_get(d, name, &s);
	return s;
}

static void created(struct espy_pml_blob *b)
{
	static const char *const names[] = {"PID", "Command line", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u32(&b->detail, 0); /* its place in the table: not known yet */
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "PID"));
	espy_put_u32(&b->detail, 0);
	espy_put_u32(&b->detail, b->ppid);
	espy_put_u32(&b->detail, b->session);
	espy_put_zeros(&b->detail, CREATE_REST - 4);
	espy_put_u16(&b->detail, 0); /* no SIDs */
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, espy_pml_blob_string(b, get(&d, "Command line")));
	espy_put_u16(&b->detail, 0);
	espy_pml_blob_tail(b);
}

static void exited(struct espy_pml_blob *b)
{
	static const char *const names[] = {
		"Exit Status",        "User Time",   "Kernel Time",      "Private Bytes",
		"Peak Private Bytes", "Working Set", "Peak Working Set", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Exit Status"));
	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "Kernel Time"));
	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "User Time"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Working Set"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Peak Working Set"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Private Bytes"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Peak Private Bytes"));
}

static void thread_created(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Thread ID", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Thread ID"));
}

static void thread_exited(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Thread ID", "User Time", "Kernel Time", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u32(&b->detail, 0);
	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "Kernel Time"));
	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "User Time"));
}

static void loaded(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Image Base", "Image Size", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Image Base"));
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Image Size"));
	espy_put_u16(&b->detail, espy_pml_blob_string(b, b->path));
	espy_put_u16(&b->detail, 0);
	espy_pml_blob_tail(b);
}

static void thread_profile(struct espy_pml_blob *b)
{
	static const char *const names[] = {"User Time", "Kernel Time", "Context Switches", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_ticks(&d, "User Time"));
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_ticks(&d, "Kernel Time"));
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Context Switches"));
}

/* Strings with CR ; TAB before each, as Process Monitor shows them; returns characters. */
static uint32_t put_environment(struct espy_buf *out, struct espy_str env)
{
	uint32_t bytes = 0;

	while (env.n) {
		const char *next = memmem(env.p + 1, env.n - 1, "\r;\t", 3);
		size_t n = next ? (size_t)(next - env.p) : env.n;
		struct espy_str one = {env.p, n};

		if (espy_str_starts(one, ESPY_STR("\r;\t")))
			one = (struct espy_str){one.p + 3, one.n - 3};
		bytes += espy_pml_blob_utf16z(out, one);
		env = (struct espy_str){env.p + n, env.n - n};
	}
	return bytes / 2;
}

static void started(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Parent PID", "Command line", "Current directory",
					    "Environment", NULL};
	struct espy_pml_items d = {b->text, names};
	struct espy_str command;
	size_t at;

	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Parent PID"));
	if (!espy_pml_items_get(&d, "Command line", &command))
		return; /* as files of version 7 have it */
	espy_put_u16(&b->detail, espy_pml_blob_string(b, command));
	espy_put_u16(&b->detail, espy_pml_blob_string(b, get(&d, "Current directory")));
	at = b->detail.n;
	espy_put_u32(&b->detail, 0);
	espy_pml_blob_tail(b);
	espy_patch_u32(&b->detail, at, put_environment(&b->detail, get(&d, "Environment")));
}

void espy_pml_blob_process(struct espy_pml_blob *b)
{
	static void (*const by_code[])(struct espy_pml_blob *) = {
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

	if (b->op->code < sizeof(by_code) / sizeof(by_code[0]))
		by_code[b->op->code](b);
}

/* --- profiling -------------------------------------------------------------------------------- */

static void process_profile(struct espy_pml_blob *b)
{
	static const char *const names[] = {"User Time", "Kernel Time", "Private Bytes",
					    "Working Set", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "User Time"));
	espy_put_u64(&b->detail, espy_pml_items_ticks(&d, "Kernel Time"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Working Set"));
	espy_put_u64(&b->detail, (uint64_t)espy_pml_items_number(&d, "Private Bytes"));
}

static void debug_output(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Output", NULL};
	struct espy_pml_items d = {b->text, names};

	espy_pml_blob_utf16z(&b->detail, get(&d, "Output"));
}

void espy_pml_blob_profiling(struct espy_pml_blob *b)
{
	static void (*const by_code[])(struct espy_pml_blob *) = {
		[PROFILE_THREAD] = thread_profile,
		[PROFILE_PROCESS] = process_profile,
		[PROFILE_DEBUG] = debug_output,
	};

	if (b->op->code < sizeof(by_code) / sizeof(by_code[0]))
		by_code[b->op->code](b);
}

/* --- network ---------------------------------------------------------------------------------- */

enum { LOCAL_IS_V4 = 1, REMOTE_IS_V4 = 2, IS_TCP = 4 };

/* "name: value" of items behind the length as strings in turn, ended by an empty one. */
static void put_pairs(struct espy_buf *out, struct espy_str s)
{
	while (s.n) {
		const char *comma = memmem(s.p, s.n, ", ", 2);
		struct espy_str item = {s.p, comma ? (size_t)(comma - s.p) : s.n};
		const char *colon = memmem(item.p, item.n, ": ", 2);
		size_t n = item.n + (comma ? 2 : 0),
		       name = colon ? (size_t)(colon - item.p) : item.n;

		espy_pml_blob_utf16z(out, (struct espy_str){item.p, name});
		espy_pml_blob_utf16z(out, colon ? (struct espy_str){colon + 2, item.n - name - 2}
						: ESPY_STR_NONE);
		s = (struct espy_str){s.p + n, s.n - n};
	}
	espy_put_u16(out, 0);
}

void espy_pml_blob_network(struct espy_pml_blob *b)
{
	static const char *const names[] = {"Length", NULL};
	const char *comma = memmem(b->text.p, b->text.n, ", ", 2);
	size_t head = comma ? (size_t)(comma - b->text.p) : b->text.n;
	struct espy_pml_items d = {{b->text.p, head}, names};
	unsigned flags = (b->local.is_v4 ? LOCAL_IS_V4 : 0) | (b->remote.is_v4 ? REMOTE_IS_V4 : 0);

	if (espy_str_starts(espy_str0(b->op->name), ESPY_STR("TCP")))
		flags |= IS_TCP;
	espy_put_u16(&b->detail, (uint16_t)flags);
	espy_put_u16(&b->detail, 0);
	espy_put_u32(&b->detail, (uint32_t)espy_pml_items_number(&d, "Length"));
	espy_buf_add(&b->detail, b->local.ip, sizeof(b->local.ip));
	espy_buf_add(&b->detail, b->remote.ip, sizeof(b->remote.ip));
	espy_put_u16(&b->detail, b->local.port);
	espy_put_u16(&b->detail, b->remote.port);
	if (comma)
		put_pairs(&b->detail, (struct espy_str){comma + 2, b->text.n - head - 2});
	else
		espy_put_u16(&b->detail, 0);
}
