/* SPDX-License-Identifier: MIT */
#include "engine/report.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include "base/escape.h"
#include "model/merged.h"
#include "engine/overload.h"
#include "engine/report-failed.h"
#include "engine/report-procs.h"
#include "engine/summary.h"
#include "engine/tree.h"
#include "model/value.h"

enum part { PART_FAILED, PART_CHANGED, PART_NETWORK, PART__MAX };

static const char *const part_kinds[PART__MAX] = {
	[PART_FAILED] = "result",
	[PART_CHANGED] = "change",
	[PART_NETWORK] = "network",
};

struct espy_report {
	struct espy_sink sink; /* first */
	struct espy_tree *tree;
	struct espy_summary *parts[PART__MAX];
	uint64_t events, operations, lost, uring;
};

/* --- collecting ---------------------------------------------------------------------------------
 */

static int sink_snapshot(struct espy_sink *s, const struct espy_batch *b, struct espy_err *err)
{
	int r = espy_report_snapshot((struct espy_report *)s, b);

	return r < 0 ? espy_err_set(err, r, "no memory left for the report") : 0;
}

static int sink_batch(struct espy_sink *s, const struct espy_batch *b, const uint64_t *bits,
		      struct espy_err *err)
{
	int r = espy_report_batch((struct espy_report *)s, b, bits);

	return r < 0 ? espy_err_set(err, r, "no memory left for the report") : 0;
}

static int sink_end(struct espy_sink *s, const struct espy_ending *e, struct espy_err *err)
{
	(void)s;
	(void)e;
	(void)err;
	return 0;
}

static const struct espy_sink_ops sink_ops = {sink_snapshot, sink_batch, sink_end};

int espy_report_new(struct espy_report **ret)
{
	struct espy_tree_options o = {.max_procs = ESPY_REPORT_PROCS_MAX, .no_files = true};
	struct espy_report *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	r->sink.ops = &sink_ops;
	e = espy_tree_new(&r->tree, &o);
	for (unsigned i = 0; i < PART__MAX && e == 0; i++)
		e = espy_summary_new(&r->parts[i], espy_kind_find(part_kinds[i], ""),
				     ESPY_REPORT_GROUPS_MAX);
	if (e < 0) {
		espy_report_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void espy_report_free(struct espy_report *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < PART__MAX; i++)
		espy_summary_free(r->parts[i]);
	espy_tree_free(r->tree);
	free(r);
}

struct espy_sink *espy_report_sink(struct espy_report *r)
{
	return &r->sink;
}

int espy_report_snapshot(struct espy_report *r, const struct espy_batch *b)
{
	return espy_tree_snapshot(r->tree, b);
}

/* Losses count whether or not the filter asked for them. */
static void count_losses(struct espy_report *r, const struct espy_batch *b)
{
	const struct espy_group *g = b->group[ESPY_EV_system_loss];
	const struct espy_group *u = b->group[ESPY_EV_system_uring];

	for (uint32_t i = 0; g && i < g->n; i++)
		r->lost += espy_batch_get(b, g->row[i], ESPY_FIELD_system_loss_lost).num;
	/* in older traces they stand for what was not looked into, and have no call */
	for (uint32_t i = 0; u && i < u->n; i++)
		r->uring += b->abi[u->row[i]] == ESPY_ABI_NONE;
}

static void count_events(struct espy_report *r, const struct espy_batch *b, const uint64_t *bits)
{
	uint64_t n = bits ? 0 : b->n;

	for (uint32_t row = 0; bits && row < b->n; row++)
		n += bits[row / 64] >> (row % 64) & 1;
	r->events += n;
	r->operations += n + espy_merged_more(b, bits);
}

int espy_report_batch(struct espy_report *r, const struct espy_batch *b, const uint64_t *bits)
{
	int e = espy_tree_batch(r->tree, b, bits);

	for (unsigned i = 0; i < PART__MAX && e == 0; i++)
		e = espy_summary_batch(r->parts[i], b, bits);
	count_losses(r, b);
	count_events(r, b, bits);
	return e;
}

/* --- telling ------------------------------------------------------------------------------------
 */

struct telling {
	struct espy_report *r;
	const struct espy_report_options *o;
	struct espy_screen screen;
	uint32_t *order; /* of the groups of the part at hand */
};

static struct espy_buf *scratch(struct telling *t)
{
	return &t->screen.scratch;
}

/* " 12 deleted" after a comma where something stands already. */
static void add_count(struct telling *t, uint64_t n, const char *what, bool *ret_any)
{
	if (!n)
		return;
	if (*ret_any)
		espy_buf_puts(scratch(t), ", ");
	espy_table_count(scratch(t), n);
	espy_buf_printf(scratch(t), " %s", what);
	*ret_any = true;
}

static void put_path(struct telling *t, struct espy_str path, size_t room)
{
	struct espy_buf escaped = {0};

	espy_escape_text(&escaped, path);
	espy_table_cut(scratch(t), (struct espy_str){escaped.p, escaped.n}, room > 16 ? room : 16,
		       true, t->screen.style.utf8);
	espy_buf_done(&escaped);
}

/* A path between what stands in the scratch buffer and `tail`, cut in its middle so that both fit.
 */
static void put_between(struct telling *t, struct espy_str path, struct espy_buf *tail)
{
	size_t room = t->screen.style.width - ESPY_SECTION_TITLE;
	size_t used = espy_escape_width((struct espy_str){scratch(t)->p, scratch(t)->n}) +
		      espy_escape_width((struct espy_str){tail->p, tail->n});

	put_path(t, path, room > used ? room - used : 0);
	espy_buf_add(scratch(t), tail->p, tail->n);
	espy_buf_done(tail);
}

static uint64_t value(struct telling *t, enum part part, uint32_t group, unsigned measure)
{
	return espy_summary_value(t->r->parts[part], group, measure);
}

static struct espy_str key(struct telling *t, enum part part, uint32_t group, unsigned k)
{
	return espy_summary_key(t->r->parts[part], group, k).str;
}

/* --- title --------------------------------------------------------------------------------------
 */

static uint64_t lasted(struct telling *t)
{
	const struct espy_ending *e = t->o->ending;
	const struct espy_machine *m = t->o->machine;
	uint64_t from = m && m->started ? m->started : espy_tree_first(t->r->tree);
	uint64_t to = e && e->ended ? e->ended : espy_tree_last(t->r->tree);

	return to > from ? to - from : 0;
}

static void put_status(struct telling *t, int status)
{
	if (WIFSIGNALED(status)) {
		espy_buf_puts(scratch(t), "killed by ");
		espy_value_num(scratch(t), ESPY_FMT_ENUM_signal, false, (uint64_t)WTERMSIG(status),
			       0);
		if (WCOREDUMP(status))
			espy_buf_puts(scratch(t), " (core dumped)");
	} else {
		espy_buf_printf(scratch(t), "exit code %d", WEXITSTATUS(status));
	}
}

/* "espy      exit code 0 after 1.204s, 52,341 events" */
static void add_title(struct telling *t)
{
	const struct espy_ending *e = t->o->ending;
	struct espy_section *section = espy_screen_section(&t->screen, "espy", "");
	unsigned mark = ESPY_MARK_NONE;

	if (e && e->exit_status >= 0) {
		put_status(t, e->exit_status);
		mark = e->exit_status ? ESPY_MARK_BAD : ESPY_MARK_NONE;
	} else {
		espy_escape_text(scratch(t),
				 espy_str0(e && e->reason[0] ? e->reason : "the capture ended"));
	}
	espy_buf_puts(scratch(t), " after ");
	espy_value_duration(scratch(t), lasted(t));
	espy_buf_puts(scratch(t), ", ");
	espy_table_things(scratch(t), t->r->events, "event", "events");
	if (t->r->operations != t->r->events) {
		espy_buf_puts(scratch(t), " (");
		espy_table_count(scratch(t), t->r->operations);
		espy_buf_puts(scratch(t), " operations)");
	}
	espy_screen_line(&t->screen, section, mark, 0);
}

/* --- changes ------------------------------------------------------------------------------------
 */

/* Files that were there before or after, told apart from pipes, terminals and what came and went.
 */
static bool is_real_file(struct espy_str path)
{
	return espy_str_starts(path, ESPY_STR("/")) && !espy_str_starts(path, ESPY_STR("/dev/")) &&
	       !espy_str_starts(path, ESPY_STR("/proc/")) &&
	       !espy_str_starts(path, ESPY_STR("/memfd:"));
}

/* Is there nothing of this name at the end? What was removed may have been made anew. */
static bool is_gone(struct telling *t, uint32_t g)
{
	uint64_t gone = value(t, PART_CHANGED, g, ESPY_MEASURE_gone_at);

	return gone && gone >= value(t, PART_CHANGED, g, ESPY_MEASURE_made_at);
}

/* Made and taken away again: what remains of it is nothing, or another name. */
static bool is_temporary(struct telling *t, uint32_t g)
{
	return value(t, PART_CHANGED, g, ESPY_MEASURE_created) && is_gone(t, g);
}

struct changes {
	uint64_t written, bytes, created, deleted, renamed, temporary, settings;
};

static struct changes sum_changes(struct telling *t)
{
	struct changes c = {0};

	for (uint32_t g = 0; g < espy_summary_groups(t->r->parts[PART_CHANGED]); g++) {
		if (!is_real_file(key(t, PART_CHANGED, g, ESPY_KEY_path)))
			continue;
		c.bytes += value(t, PART_CHANGED, g, ESPY_MEASURE_written);
		c.renamed += value(t, PART_CHANGED, g, ESPY_MEASURE_renamed_to);
		if (is_temporary(t, g)) {
			c.temporary++;
			continue;
		}
		c.written += value(t, PART_CHANGED, g, ESPY_MEASURE_writes) != 0;
		c.created += value(t, PART_CHANGED, g, ESPY_MEASURE_created) != 0;
		c.deleted += value(t, PART_CHANGED, g, ESPY_MEASURE_deleted) != 0;
		c.settings += value(t, PART_CHANGED, g, ESPY_MEASURE_settings) != 0;
	}
	return c;
}

static void add_changes_line(struct telling *t, struct espy_section *section)
{
	struct changes c = sum_changes(t);
	bool any = false;

	add_count(t, c.written, c.written == 1 ? "file written" : "files written", &any);
	if (c.written && c.bytes) {
		espy_buf_puts(scratch(t), " (");
		espy_value_bytes(scratch(t), c.bytes);
		espy_buf_puts(scratch(t), ")");
	}
	add_count(t, c.created, "created", &any);
	add_count(t, c.deleted, "deleted", &any);
	add_count(t, c.renamed, "renamed", &any);
	add_count(t, c.settings, "set", &any);
	add_count(t, c.temporary, "temporary", &any);
	if (!any)
		espy_buf_puts(scratch(t), "nothing");
	espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
}

/* " 512 KiB  /home/x/a.out  created (ld)" */
static void add_change(struct telling *t, struct espy_section *section, uint32_t g)
{
	struct espy_buf bytes = {0}, tail = {0};
	static const struct {
		unsigned measure;
		const char *what;
	} whats[] = {
		{ESPY_MEASURE_deleted, "deleted"},      {ESPY_MEASURE_renamed_from, "renamed"},
		{ESPY_MEASURE_renamed_to, "by rename"}, {ESPY_MEASURE_created, "created"},
		{ESPY_MEASURE_settings, "set"},
	};

	if (value(t, PART_CHANGED, g, ESPY_MEASURE_written))
		espy_value_bytes(&bytes, value(t, PART_CHANGED, g, ESPY_MEASURE_written));
	espy_buf_printf(scratch(t), "%9.*s  ", (int)bytes.n, bytes.n ? bytes.p : "");
	for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++) {
		if (value(t, PART_CHANGED, g, whats[i].measure)) {
			espy_buf_printf(&tail, "  %s", whats[i].what);
			break;
		}
	}
	espy_buf_puts(&tail, " (");
	espy_escape_text(&tail, key(t, PART_CHANGED, g, ESPY_KEY_process));
	espy_buf_putc(&tail, ')');
	put_between(t, key(t, PART_CHANGED, g, ESPY_KEY_path), &tail);
	espy_buf_done(&bytes);
	espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 1);
}

static void add_changes(struct telling *t)
{
	struct espy_section *section = espy_screen_section(&t->screen, "changed", "files");

	add_changes_line(t, section);
	for (uint32_t i = 0; i < espy_summary_groups(t->r->parts[PART_CHANGED]); i++) {
		uint32_t g = t->order[i];

		if (is_real_file(key(t, PART_CHANGED, g, ESPY_KEY_path)) && !is_temporary(t, g))
			add_change(t, section, g);
	}
}

/* --- network ------------------------------------------------------------------------------------
 */

static void add_network_line(struct telling *t, struct espy_section *section)
{
	struct espy_summary *s = t->r->parts[PART_NETWORK];
	uint64_t sent = 0, received = 0;

	if (espy_summary_groups(s) == 0) {
		espy_buf_puts(scratch(t), "nobody");
		espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
		return;
	}
	for (uint32_t g = 0; g < espy_summary_groups(s); g++) {
		sent += value(t, PART_NETWORK, g, ESPY_MEASURE_sent);
		received += value(t, PART_NETWORK, g, ESPY_MEASURE_received);
	}
	espy_table_things(scratch(t), espy_summary_groups(s), "endpoint, ", "endpoints, ");
	espy_value_bytes(scratch(t), sent);
	espy_buf_puts(scratch(t), " sent, ");
	espy_value_bytes(scratch(t), received);
	espy_buf_puts(scratch(t), " received");
	espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
}

/* "tcp 93.184.216.34:443  1.2 KiB sent, 30 KiB received (curl)" */
static void add_endpoint(struct telling *t, struct espy_section *section, uint32_t g)
{
	uint64_t sent = value(t, PART_NETWORK, g, ESPY_MEASURE_sent);
	uint64_t received = value(t, PART_NETWORK, g, ESPY_MEASURE_received);
	uint64_t failures = value(t, PART_NETWORK, g, ESPY_MEASURE_failures);
	struct espy_buf tail = {0};

	espy_buf_puts(&tail, "  ");
	if (sent || received) {
		espy_value_bytes(&tail, sent);
		espy_buf_puts(&tail, " sent, ");
		espy_value_bytes(&tail, received);
		espy_buf_puts(&tail, " received");
	} else if (failures) {
		espy_buf_puts(&tail, "failed");
	} else {
		espy_buf_puts(&tail, "no data");
	}
	espy_buf_puts(&tail, " (");
	espy_escape_text(&tail, key(t, PART_NETWORK, g, ESPY_KEY_process));
	espy_buf_putc(&tail, ')');
	espy_escape_text(scratch(t), key(t, PART_NETWORK, g, ESPY_KEY_protocol));
	espy_buf_putc(scratch(t), ' ');
	put_between(t, key(t, PART_NETWORK, g, ESPY_KEY_endpoint), &tail);
	espy_screen_line(&t->screen, section,
			 !sent && !received && failures ? ESPY_MARK_BAD : ESPY_MARK_NONE, 1);
}

static void add_network(struct telling *t)
{
	struct espy_section *section = espy_screen_section(&t->screen, "network", "endpoints");

	add_network_line(t, section);
	for (uint32_t i = 0; i < espy_summary_groups(t->r->parts[PART_NETWORK]); i++)
		add_endpoint(t, section, t->order[i]);
}

/* --- the rest -----------------------------------------------------------------------------------
 */

static void add_uring(struct telling *t)
{
	struct espy_section *section;

	if (!t->r->uring)
		return;
	section = espy_screen_section(&t->screen, "unseen", "");
	espy_table_things(scratch(t), t->r->uring, "io_uring request", "io_uring requests");
	espy_buf_puts(scratch(t), ", not decoded: what they did is not in this trace");
	espy_screen_line(&t->screen, section, ESPY_MARK_BAD, 0);
}

/* Always there, also when it is nothing. Both counts are of the same losses; the larger knows more.
 */
static void add_lost(struct telling *t)
{
	struct espy_section *section = espy_screen_section(&t->screen, "lost", "");
	uint64_t lost = t->r->lost;

	if (t->o->ending && t->o->ending->lost > lost)
		lost = t->o->ending->lost;
	espy_table_things(scratch(t), lost, "event", "events");
	espy_screen_line(&t->screen, section, lost ? ESPY_MARK_BAD : ESPY_MARK_NONE, 0);
}

/* What was recorded in less detail. */
static void add_overload(struct telling *t)
{
	const struct espy_ending *e = t->o->ending;
	struct espy_section *section;

	if (!e || !(e->steps || e->runs))
		return;
	section = espy_screen_section(&t->screen, e->steps ? "overload" : "merged", "");
	if (e->steps) {
		espy_overload_steps(scratch(t), e);
		espy_screen_line(&t->screen, section, e->left_out ? ESPY_MARK_BAD : ESPY_MARK_NONE,
				 0);
	}
	if (e->runs) {
		espy_overload_merged(scratch(t), e);
		espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
	}
	if (!e->steps)
		return;
	espy_buf_puts(scratch(t), "--ring SIZE has more room, --lossless waits, -F takes less");
	espy_screen_line(&t->screen, section, ESPY_MARK_DIM, 0);
}

static void put_file(struct telling *t, struct espy_buf *b)
{
	espy_escape_shell(b, espy_str0(t->o->file));
}

static void add_trace(struct telling *t)
{
	struct espy_section *section;
	struct espy_buf tail = {0};

	if (!t->o->file)
		return;
	section = espy_screen_section(&t->screen, "trace", "");
	if (t->o->file_bytes) {
		espy_buf_puts(&tail, ", ");
		espy_value_bytes(&tail, t->o->file_bytes);
	}
	put_between(t, espy_str0(t->o->file), &tail);
	espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
	section = espy_screen_section(&t->screen, "next", "");
	espy_buf_puts(scratch(t), "espy tree ");
	put_file(t, scratch(t));
	espy_buf_puts(scratch(t), "; espy summary ");
	put_file(t, scratch(t));
	espy_buf_puts(scratch(t), "; espy show ");
	put_file(t, scratch(t));
	espy_screen_line(&t->screen, section, ESPY_MARK_NONE, 0);
}

/* A section whose lines are groups in order. */
static void add_part(struct telling *t, enum part part, const char *sort,
		     void (*add)(struct telling *t))
{
	int r = espy_summary_order(t->r->parts[part], sort, &t->order);

	if (r < 0) {
		t->screen.error = r;
		return;
	}
	add(t);
	free(t->order);
	t->order = NULL;
}

int espy_report_print(struct espy_report *r, struct espy_buf *out,
		      const struct espy_report_options *o)
{
	struct telling t = {.r = r, .o = o};
	unsigned lines = o->lines ? o->lines : ESPY_REPORT_LINES;
	int e = espy_tree_link(r->tree);

	if (e < 0)
		return e;
	espy_screen_init(&t.screen, &o->style);
	add_title(&t);
	espy_report_procs(&t.screen, r->tree, lines);
	espy_report_failed(&t.screen, r->parts[PART_FAILED], r->operations);
	add_part(&t, PART_CHANGED, NULL, add_changes);
	add_part(&t, PART_NETWORK, NULL, add_network);
	add_uring(&t);
	add_lost(&t);
	add_overload(&t);
	add_trace(&t);
	e = espy_screen_print(&t.screen, out, lines);
	espy_screen_done(&t.screen);
	return e;
}
