/* SPDX-License-Identifier: MIT */
#include "cmd/cost.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cmd/cmd.h"
#include "cmd/parse.h"
#include "engine/table.h"
#include "sense/machine.h"
#include "sense/sense.h"

#define EVERY_MIN_NS  100000000ull /* 100 ms */
#define EVERY_NS      5000000000ull
#define EVERY_TERM_NS 1000000000ull
#define NS_PER_S      1e9

static bool wanted;
static uint64_t every_ns; /* 0: not said */

int espy_cost_option(const char *time)
{
	wanted = true;
	if (!time || (espy_parse_duration(time, &every_ns) == 0 && every_ns >= EVERY_MIN_NS))
		return 0;
	fprintf(stderr, "espy: --cost=%s: a time of 100ms or more, such as 5s\n", time);
	return 2;
}

bool espy_cost_wanted(void)
{
	return wanted;
}

/* --- counting ------------------------------------------------------------------------------- */

static size_t read_programs(const struct espy_capture *c, struct espy_sense_program *ret,
			    struct espy_cost_counts *counts)
{
	size_t n = espy_capture_programs(c, ret, ESPY_SENSE_PROGRAMS_MAX);

	counts->programs_ns = 0;
	for (size_t i = 0; i < n; i++)
		counts->programs_ns += ret[i].ns;
	return n;
}

static struct espy_cost_counts look(struct espy_cost *cost, const struct espy_capture *c)
{
	static struct espy_sense_program programs[ESPY_SENSE_PROGRAMS_MAX];
	struct espy_cost_counts now = {.time = espy_machine_now(),
				       .events = espy_capture_events(c),
				       .lost = espy_capture_lost(c)};

	espy_self_read(&cost->self);
	now.agent_ns = cost->self.cpu_ns;
	now.bytes = cost->bytes ? cost->bytes(cost->sink) : 0;
	read_programs(c, programs, &now);
	return now;
}

static double seconds(const struct espy_cost_counts *a, const struct espy_cost_counts *b)
{
	return b->time > a->time ? (double)(b->time - a->time) / NS_PER_S : 1 / NS_PER_S;
}

static double percent(uint64_t ns, double in_seconds)
{
	return 100 * (double)ns / NS_PER_S / in_seconds;
}

static void watch_rings(struct espy_cost *cost, const struct espy_capture *c,
			struct espy_sense_stats *ret)
{
	espy_capture_stats(c, ret);
	if (ret->in_fullest > cost->fullest)
		cost->fullest = ret->in_fullest;
}

static double fill(uint64_t bytes, const struct espy_sense_stats *s)
{
	return s->ring_bytes ? 100 * (double)bytes / (double)s->ring_bytes : 0;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void write_out(struct espy_buf *b)
{
	if (!b->error)
		espy_buf_flush(b, STDERR_FILENO);
	espy_buf_done(b);
}

static void put_bytes(struct espy_buf *b, double n)
{
	static const char *const units[] = {"B", "KB", "MB", "GB"};
	unsigned i = 0;

	for (; n >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
		n /= 1000;
	espy_buf_printf(b, i && n < 10 ? "%.1f %s" : "%.0f %s", n, units[i]);
}

static void put_line(struct espy_buf *b, const struct espy_cost *cost,
		     const struct espy_cost_counts *now, const struct espy_sense_stats *s)
{
	const struct espy_cost_counts *last = &cost->last;
	double t = seconds(last, now);

	espy_table_count(b, (uint64_t)((double)(now->events - last->events) / t));
	espy_buf_puts(b, " events/s  ");
	put_bytes(b, (double)(now->bytes - last->bytes) / t);
	espy_buf_puts(b, "/s  ");
	espy_table_count(b, now->lost);
	espy_buf_printf(b, " lost  agent %.1f%%", percent(now->agent_ns - last->agent_ns, t));
	if (cost->measured >= 0)
		espy_buf_printf(b, "  programs %.1f%%",
				percent(now->programs_ns - last->programs_ns, t));
	espy_buf_printf(b, "  buffer %.0f%%  ", fill(s->in_fullest, s));
	put_bytes(b, (double)cost->self.resident);
}

/* Counts of the time since the last one, so that who reads them adds them up. */
static void put_json(struct espy_buf *b, const struct espy_cost *cost, const char *op,
		     const struct espy_cost_counts *from, const struct espy_cost_counts *now,
		     const struct espy_sense_stats *s)
{
	const struct {
		const char *name;
		uint64_t value;
	} members[] = {
		{"interval_ns", now->time - from->time},
		{"events", now->events - from->events},
		{"bytes", now->bytes - from->bytes},
		{"lost", now->lost - from->lost},
		{"agent_ns", now->agent_ns - from->agent_ns},
		{"in_fullest", s->in_fullest},
		{"ring_bytes", s->ring_bytes},
		{"resident", cost->self.resident},
		{"own", cost->self.own},
	};

	espy_buf_printf(b, "{\"op\":\"%s\"", op);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		espy_buf_printf(b, ",\"%s\":%llu", members[i].name,
				(unsigned long long)members[i].value);
	if (cost->measured >= 0)
		espy_buf_printf(b, ",\"programs_ns\":%llu",
				(unsigned long long)(now->programs_ns - from->programs_ns));
}

static void show(struct espy_cost *cost, const struct espy_capture *c)
{
	struct espy_cost_counts now = look(cost, c);
	struct espy_sense_stats s;
	struct espy_buf b = {0};

	watch_rings(cost, c, &s);
	if (cost->on_terminal)
		espy_buf_puts(&b, "\r");
	if (cost->json)
		put_json(&b, cost, "cost", &cost->last, &now, &s), espy_buf_puts(&b, "}");
	else
		put_line(&b, cost, &now, &s);
	espy_buf_puts(&b, cost->on_terminal ? "\033[K" : "\n");
	write_out(&b);
	cost->is_line_shown = cost->on_terminal;
	cost->last = now;
}

/* --- the end -------------------------------------------------------------------------------- */

static void add_column(struct espy_table *t, const char *name, const char *title,
		       enum espy_cell_type type, enum espy_table_flags flags)
{
	espy_table_column(t, (struct espy_table_column){.name = name,
							.title = title,
							.type = (uint8_t)type,
							.flags = (uint8_t)flags});
}

static struct espy_str percent_text(struct espy_table *t, uint64_t ns, double in_seconds)
{
	char *p = espy_arena_printf(&t->arena, "%.2f", percent(ns, in_seconds));

	return espy_str0(p ? p : "");
}

static void put_programs(struct espy_buf *b, const struct espy_sense_program *p, size_t n, double s)
{
	struct espy_table t;

	espy_table_init(&t);
	add_column(&t, "program", "BPF program", ESPY_CELL_TEXT, 0);
	add_column(&t, "runs", "Runs", ESPY_CELL_COUNT, 0);
	add_column(&t, "rate", "Runs/s", ESPY_CELL_COUNT, 0);
	add_column(&t, "each", "ns/run", ESPY_CELL_COUNT, 0);
	add_column(&t, "cpu", "% of a CPU", ESPY_CELL_TEXT, ESPY_TABLE_RIGHT);
	for (size_t i = 0; i < n; i++) {
		struct espy_cell *row = espy_table_row(&t);

		row[0].str = espy_str0(p[i].name);
		row[1].num = p[i].runs;
		row[2].num = (uint64_t)((double)p[i].runs / s);
		row[3].num = p[i].ns / p[i].runs;
		row[4].str = percent_text(&t, p[i].ns, s);
	}
	espy_table_text(&t, b, &(struct espy_table_style){0});
	espy_table_done(&t);
}

/* Since the beginning: loading the programs took time that is not the capture's. */
static uint64_t thread_ns(const struct espy_cost *cost, size_t i)
{
	uint64_t ns = cost->self.thread[i].cpu_ns;

	return i < cost->self_first.n_threads ? ns - cost->self_first.thread[i].cpu_ns : ns;
}

static void put_threads(struct espy_buf *b, const struct espy_cost *cost, double s)
{
	const struct espy_self *self = &cost->self;
	struct espy_table t;

	espy_table_init(&t);
	add_column(&t, "thread", "Thread", ESPY_CELL_TEXT, 0);
	add_column(&t, "tid", "TID", ESPY_CELL_NUM, 0);
	add_column(&t, "cpu", "CPU", ESPY_CELL_DURATION, 0);
	add_column(&t, "percent", "% of a CPU", ESPY_CELL_TEXT, ESPY_TABLE_RIGHT);
	for (size_t i = 0; i < self->n_threads; i++) {
		struct espy_cell *row = espy_table_row(&t);

		row[0].str = espy_str0(self->thread[i].name);
		row[1].num = self->thread[i].tid;
		row[2].num = thread_ns(cost, i);
		row[3].str = percent_text(&t, thread_ns(cost, i), s);
	}
	espy_table_text(&t, b, &(struct espy_table_style){0});
	espy_table_done(&t);
}

static void put_sums(struct espy_buf *b, const struct espy_cost *cost,
		     const struct espy_cost_counts *now, const struct espy_sense_stats *s)
{
	const struct espy_cost_counts *first = &cost->first;
	double t = seconds(first, now);
	uint64_t n = now->events ? now->events : 1;

	espy_buf_printf(b, "espy: the cost of %.1f s: ", t);
	espy_table_count(b, now->events);
	espy_buf_puts(b, " events, ");
	espy_table_count(b, (uint64_t)((double)now->events / t));
	espy_buf_puts(b, "/s; ");
	put_bytes(b, (double)now->bytes);
	espy_buf_printf(b, " written, %.1f bytes/event; ", (double)now->bytes / (double)n);
	espy_table_count(b, now->lost);
	espy_buf_printf(b, " lost; buffers at most %.0f%% full; memory ", fill(cost->fullest, s));
	put_bytes(b, (double)cost->self.resident);
	espy_buf_puts(b, ", ");
	put_bytes(b, (double)cost->self.own);
	espy_buf_printf(b, " of it its own\nespy: agent %.2f%% of a CPU",
			percent(now->agent_ns - first->agent_ns, t));
	if (cost->measured >= 0)
		espy_buf_printf(b, ", BPF programs %.2f%%, the counting of it included",
				percent(now->programs_ns - first->programs_ns, t));
	else
		espy_buf_printf(b, ", BPF programs are not counted: %s",
				cost->measured == -ENOTSUP ? "there are none"
							   : strerror(-cost->measured));
	espy_buf_puts(b, "\n\n");
}

static void json_items(struct espy_buf *b, const struct espy_cost *cost,
		       const struct espy_sense_program *p, size_t n)
{
	const struct espy_self *self = &cost->self;

	espy_buf_puts(b, ",\"threads\":[");
	for (size_t i = 0; i < self->n_threads; i++) {
		espy_buf_puts(b, i ? ",{" : "{");
		espy_table_json_str(b, "name", espy_str0(self->thread[i].name));
		espy_buf_printf(b, ",\"tid\":%u,\"ns\":%llu}", self->thread[i].tid,
				(unsigned long long)thread_ns(cost, i));
	}
	espy_buf_puts(b, "],\"programs\":[");
	for (size_t i = 0; i < n; i++) {
		espy_buf_puts(b, i ? ",{" : "{");
		espy_table_json_str(b, "name", espy_str0(p[i].name));
		espy_buf_printf(b, ",\"runs\":%llu,\"ns\":%llu}", (unsigned long long)p[i].runs,
				(unsigned long long)p[i].ns);
	}
	espy_buf_puts(b, "]}\n");
}

/* --- life ----------------------------------------------------------------------------------- */

void espy_cost_begin(struct espy_cost *cost, struct espy_capture *c)
{
	if (!wanted)
		return;
	cost->on_terminal =
		!cost->json && isatty(STDERR_FILENO) && !(cost->to_stdout && isatty(STDOUT_FILENO));
	if (!every_ns)
		every_ns = cost->on_terminal ? EVERY_TERM_NS : EVERY_NS;
	cost->measured = espy_capture_measure(c);
	cost->first = cost->last = look(cost, c);
	cost->self_first = cost->self;
	cost->next = cost->first.time + every_ns;
}

void espy_cost_tick(struct espy_cost *cost, struct espy_capture *c)
{
	struct espy_sense_stats s;
	uint64_t now;

	if (!wanted)
		return;
	watch_rings(cost, c, &s);
	now = espy_machine_now();
	if (now < cost->next)
		return;
	show(cost, c);
	cost->next += every_ns;
	if (cost->next < now)
		cost->next = now + every_ns;
}

void espy_cost_end(struct espy_cost *cost, struct espy_capture *c)
{
	static struct espy_sense_program programs[ESPY_SENSE_PROGRAMS_MAX];
	struct espy_cost_counts now;
	struct espy_sense_stats s;
	struct espy_buf b = {0};
	size_t n;

	if (!wanted)
		return;
	now = look(cost, c);
	n = read_programs(c, programs, &now);
	watch_rings(cost, c, &s);
	if (cost->is_line_shown)
		espy_buf_puts(&b, "\r\033[K");
	if (cost->json) {
		put_json(&b, cost, "cost_sum", &cost->first, &now, &s);
		json_items(&b, cost, programs, n);
	} else {
		put_sums(&b, cost, &now, &s);
		put_threads(&b, cost, seconds(&cost->first, &now));
		if (n)
			espy_buf_putc(&b, '\n'),
				put_programs(&b, programs, n, seconds(&cost->first, &now));
	}
	write_out(&b);
}
