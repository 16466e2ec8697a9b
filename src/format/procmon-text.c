/* SPDX-License-Identifier: MIT */
#include "format/procmon-text.h"
#include <errno.h>
#include <time.h>
#include "format/ntstatus.h"
#include "format/procmon-map.h"
#include "format/procmon-op.h"

#define SECOND_NS 1000000000ll
#define TICK_NS   100ll /* what times are shown in */

#define FILETIME_SECOND 10000000ll
#define EPOCH_SECONDS   11644473600ll /* of 1970 since 1601 */
#define OP_START        7             /* of procmon.def: "Process Start" */

const struct espy_procmon_column_def espy_procmon_columns[ESPY_PROCMON__MAX] = {
#define COLUMN(name, title, pmc) [ESPY_PROCMON_##name] = {(title), (pmc)},
#include "format/procmon-columns.def"
};

/* --- times and numbers ---------------------------------------------------------------------------
 */

/* Seconds and what is left, also before 1970. */
static struct tm split(int64_t wall_ns, int64_t *ret_rest)
{
	int64_t rest = wall_ns % SECOND_NS;
	time_t seconds = wall_ns / SECOND_NS;
	struct tm tm = {0};

	if (rest < 0) {
		rest += SECOND_NS;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	*ret_rest = rest;
	return tm;
}

static int hour_of_12(const struct tm *tm)
{
	return tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;
}

static const char *half_of(const struct tm *tm)
{
	return tm->tm_hour < 12 ? "AM" : "PM";
}

void espy_procmon_clock(struct espy_buf *out, int64_t wall_ns)
{
	int64_t rest;
	struct tm tm = split(wall_ns, &rest);

	espy_buf_printf(out, "%d:%02d:%02d.%07lld %s", hour_of_12(&tm), tm.tm_min, tm.tm_sec,
			(long long)(rest / TICK_NS), half_of(&tm));
}

static void add_date(struct espy_buf *out, const struct tm *tm)
{
	espy_buf_printf(out, "%d/%d/%d %d:%02d:%02d %s", tm->tm_mon + 1, tm->tm_mday,
			tm->tm_year + 1900, hour_of_12(tm), tm->tm_min, tm->tm_sec, half_of(tm));
}

void espy_procmon_date(struct espy_buf *out, int64_t wall_ns)
{
	int64_t rest;
	struct tm tm = split(wall_ns, &rest);

	add_date(out, &tm);
}

void espy_procmon_filetime(struct espy_buf *out, uint64_t filetime)
{
	time_t seconds = (int64_t)(filetime / FILETIME_SECOND) - EPOCH_SECONDS;
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	add_date(out, &tm);
}

void espy_procmon_thousands(struct espy_buf *out, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char digits[32];
	size_t n = 0;

	do {
		if (n % 4 == 3)
			digits[n++] = ',';
		digits[n++] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (v < 0)
		digits[n++] = '-';
	while (n)
		espy_buf_putc(out, digits[--n]);
}

void espy_procmon_status(struct espy_buf *out, uint32_t status)
{
	const char *name = espy_ntstatus_name(status);

	if (name)
		espy_buf_puts(out, name);
	else
		espy_buf_printf(out, "0x%X", status);
}

/* --- columns of the event ------------------------------------------------------------------------
 */

struct row {
	const struct espy_batch *b;
	uint32_t i;
	const struct espy_procmon_context *ctx;
	bool is_imported;
};

/* Of a row of this machine. */
static struct espy_procmon_map map_of(const struct row *r)
{
	struct espy_procmon_map map;

	espy_procmon_map(r->b, r->i, &map);
	return map;
}

static int64_t wall(const struct row *r, uint64_t time)
{
	return (int64_t)(time + (uint64_t)r->b->wall_offset) + r->ctx->utc_offset * SECOND_NS;
}

static bool is_pending(const struct row *r)
{
	return r->b->flags[r->i] & ESPY_F_PENDING;
}

static void time_of_day(struct espy_buf *out, const struct row *r)
{
	espy_procmon_clock(out, wall(r, r->b->time[r->i]));
}

static void date_time(struct espy_buf *out, const struct row *r)
{
	espy_procmon_date(out, wall(r, r->b->time[r->i]));
}

static void relative_time(struct espy_buf *out, const struct row *r)
{
	uint64_t time = r->b->time[r->i], ticks;
	unsigned long long seconds;

	ticks = time > r->ctx->first ? (time - r->ctx->first) / TICK_NS : 0;
	seconds = ticks / FILETIME_SECOND;
	espy_buf_printf(out, "%02llu:%02llu:%02llu.%07llu", seconds / 3600, seconds / 60 % 60,
			seconds % 60, (unsigned long long)(ticks % FILETIME_SECOND));
}

static void duration(struct espy_buf *out, const struct row *r)
{
	unsigned long long ticks = r->b->duration[r->i] / TICK_NS;

	if (!is_pending(r))
		espy_buf_printf(out, "%llu.%07llu", ticks / FILETIME_SECOND,
				ticks % FILETIME_SECOND);
}

static void completion_time(struct espy_buf *out, const struct row *r)
{
	if (!is_pending(r))
		espy_procmon_clock(out, wall(r, r->b->time[r->i] + r->b->duration[r->i]));
}

static void operation(struct espy_buf *out, const struct row *r)
{
	const struct espy_procmon_op *op;

	if (!r->is_imported) {
		espy_buf_puts(out, map_of(r).operation);
		return;
	}
	op = espy_procmon_op_get(r->b->call[r->i]);
	espy_buf_puts(out, op ? op->name : "");
}

static void event_class(struct espy_buf *out, const struct row *r)
{
	const struct espy_procmon_op *op = espy_procmon_op_get(r->b->call[r->i]);

	if (!r->is_imported)
		espy_buf_puts(out, map_of(r).event_class);
	else
		espy_buf_puts(out, op ? espy_procmon_class_name(op->class_id) : "");
}

static void path(struct espy_buf *out, const struct row *r)
{
	if (!r->is_imported)
		espy_procmon_map_path(out, r->b, r->i);
	else if (r->b->call[r->i] != OP_START) /* has one for Espy only */
		espy_buf_str(out, espy_dict_get(&r->b->dict, r->b->path[r->i]));
}

static void detail(struct espy_buf *out, const struct row *r)
{
	if (r->is_imported)
		espy_buf_str(out, espy_dict_get(&r->b->dict, r->b->detail[r->i]));
	else
		espy_procmon_map_detail(out, r->b, r->i);
}

static void result(struct espy_buf *out, const struct row *r)
{
	uint32_t status = r->is_imported ? r->b->status[r->i] : map_of(r).status;

	if (!is_pending(r))
		espy_procmon_status(out, status);
}

static void category(struct espy_buf *out, const struct row *r)
{
	static const char *const names[ESPY_CATEGORY__MAX] = {
		"", "Read", "Write", "Read Metadata", "Write Metadata",
	};
	unsigned c = r->is_imported ? r->b->category[r->i] : map_of(r).category;

	espy_buf_puts(out, c < ESPY_CATEGORY__MAX ? names[c] : "");
}

static void sequence(struct espy_buf *out, const struct row *r)
{
	(void)r;
	espy_buf_puts(out, "n/a"); /* as Process Monitor's own files have it */
}

static void tid(struct espy_buf *out, const struct row *r)
{
	espy_buf_u64(out, r->b->tid[r->i]);
}

/* --- columns of the process ----------------------------------------------------------------------
 */

static const struct espy_proc *proc(const struct row *r)
{
	return espy_batch_proc(r->b, r->i);
}

static void string(struct espy_buf *out, const struct row *r, uint32_t id)
{
	espy_buf_str(out, espy_dict_get(&r->b->dict, id));
}

static void more(struct espy_buf *out, const struct row *r, const char *name)
{
	espy_buf_str(out, espy_proc_more(r->b, proc(r), name));
}

static void process_name(struct espy_buf *out, const struct row *r)
{
	string(out, r, proc(r)->name);
}

static void image_path(struct espy_buf *out, const struct row *r)
{
	string(out, r, proc(r)->exe);
}

/* One line in captures of Windows; arguments that NULs end in ours. */
static void command_line(struct espy_buf *out, const struct row *r)
{
	struct espy_str s = espy_dict_get(&r->b->dict, proc(r)->cmdline);

	if (s.n && !s.p[s.n - 1])
		s.n--;
	for (size_t i = 0; i < s.n; i++)
		espy_buf_putc(out, s.p[i] ? s.p[i] : ' ');
}

static void user(struct espy_buf *out, const struct row *r)
{
	string(out, r, proc(r)->user);
}

static void pid(struct espy_buf *out, const struct row *r)
{
	espy_buf_u64(out, proc(r)->pid);
}

static void parent_pid(struct espy_buf *out, const struct row *r)
{
	espy_buf_u64(out, proc(r)->ppid);
}

static void session(struct espy_buf *out, const struct row *r)
{
	espy_buf_u64(out, proc(r)->sid);
}

static void company(struct espy_buf *out, const struct row *r)
{
	more(out, r, "company");
}

static void description(struct espy_buf *out, const struct row *r)
{
	more(out, r, "description");
}

static void version(struct espy_buf *out, const struct row *r)
{
	more(out, r, "version");
}

static void auth_id(struct espy_buf *out, const struct row *r)
{
	more(out, r, "auth_id");
}

static void virtualized(struct espy_buf *out, const struct row *r)
{
	more(out, r, "virtualized");
}

static void integrity(struct espy_buf *out, const struct row *r)
{
	more(out, r, "integrity");
}

static void architecture(struct espy_buf *out, const struct row *r)
{
	more(out, r, "architecture");
}

static void process_start(struct espy_buf *out, const struct row *r)
{
	if (proc(r)->start)
		espy_procmon_date(out, wall(r, proc(r)->start));
}

int espy_procmon_text(struct espy_buf *out, const struct espy_batch *b, uint32_t row,
		      enum espy_procmon_column column, const struct espy_procmon_context *ctx)
{
	static void (*const texts[ESPY_PROCMON__MAX])(struct espy_buf *, const struct row *) = {
#define COLUMN(name, ...) [ESPY_PROCMON_##name] = name,
#include "format/procmon-columns.def"
	};
	struct row r = {b, row, ctx, b->abi[row] == ESPY_ABI_PROCMON};

	if (column < ESPY_PROCMON__MAX)
		texts[column](out, &r);
	return out->error;
}
