/* SPDX-License-Identifier: MIT */
/*
 * What each process did over time: events and bytes in slices of equal length. The length of the
 * capture is not known beforehand, so slices begin short and are joined in pairs whenever the
 * capture outgrows them.
 */
#include <errno.h>
#include <stdlib.h>
#include "base/map.h"
#include "base/vec.h"
#include "engine/boxed.h"
#include "engine/measure.h"
#include "engine/study.h"
#include "model/merged.h"
#include "model/value.h"

#define SLICES      128u
#define FIRST_SLICE 100000u /* ns */
#define PROCS_MAX   16384u  /* told apart; the rest share one */
#define CHART       32u     /* columns of a chart in text */
#define USUAL_FLAT  8u      /* steps of a chart */

enum series { EVENTS, IN, OUT, SERIES__MAX };

struct slices {
	uint64_t v[SERIES__MAX][SLICES];
};

struct proc {
	uint64_t pid, start;
	uint64_t sum[SERIES__MAX];
	uint64_t failed, cpu, memory;
	uint32_t name, command; /* of `strings` */
	struct slices *slices;
};

struct activity {
	ESPY_VEC(struct proc) procs;
	struct espy_map numbers; /* pid, start -> number */
	struct espy_dict strings;
	uint32_t *of_entry; /* process entry of the batch -> number + 1 */
	uint32_t of_entry_cap;
	uint64_t first, slice; /* start, length: ns; first 0: no event yet */
	int64_t wall_offset;
	bool has_more; /* processes past the limit */
};

static int open_activity(void **ret)
{
	struct activity *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	if (espy_dict_init(&a->strings) < 0) {
		free(a);
		return -ENOMEM;
	}
	a->slice = FIRST_SLICE;
	*ret = a;
	return 0;
}

static void close_activity(void *state)
{
	struct activity *a = state;

	for (size_t i = 0; i < a->procs.n; i++)
		free(a->procs.v[i].slices);
	espy_vec_done(&a->procs);
	espy_map_done(&a->numbers);
	espy_dict_done(&a->strings);
	free(a->of_entry);
	free(a);
}

/* --- collecting ------------------------------------------------------------------------------- */

static int add_proc(struct activity *a, uint64_t pid, uint64_t start)
{
	struct proc p = {.pid = pid, .start = start};

	p.slices = calloc(1, sizeof(*p.slices));
	if (p.slices && espy_vec_push(&a->procs, p) == 0)
		return 0;
	free(p.slices);
	return -ENOMEM;
}

/* Number of a process, whose name is taken anew each time: exec changes it. */
static int64_t number_of(struct activity *a, const struct espy_batch *b, const struct espy_proc *p)
{
	size_t n = espy_unboxed(espy_map_get(&a->numbers, p->pid, p->start), SIZE_MAX);

	if (n == SIZE_MAX) {
		bool is_full = a->procs.n >= PROCS_MAX;

		n = is_full ? PROCS_MAX : a->procs.n;
		if (n == a->procs.n && add_proc(a, is_full ? 0 : p->pid, p->start) < 0)
			return -ENOMEM;
		if (!is_full && espy_map_put(&a->numbers, p->pid, p->start, espy_boxed(n)) < 0)
			return -ENOMEM;
		a->has_more |= is_full;
	}
	if (n < PROCS_MAX) {
		a->procs.v[n].name = espy_dict_add(&a->strings, espy_dict_get(&b->dict, p->name));
		a->procs.v[n].command =
			espy_dict_add(&a->strings, espy_dict_get(&b->dict, p->cmdline));
	}
	return (int64_t)n;
}

static int64_t number_of_row(struct activity *a, const struct espy_batch *b, uint32_t row)
{
	uint32_t entry = b->proc[row];
	int64_t n;

	if (entry >= b->n_procs)
		return -ENOENT;
	if (a->of_entry[entry])
		return a->of_entry[entry] - 1;
	n = number_of(a, b, &b->procs[entry]);
	if (n >= 0)
		a->of_entry[entry] = (uint32_t)n + 1;
	return n;
}

/* Every slice becomes twice as long. */
static void join_slices(struct activity *a)
{
	a->slice *= 2;
	for (size_t i = 0; i < a->procs.n; i++) {
		for (unsigned s = 0; s < SERIES__MAX; s++) {
			uint64_t *v = a->procs.v[i].slices->v[s];

			for (unsigned k = 0; k < SLICES; k++)
				v[k] = 2 * k < SLICES ? v[2 * (size_t)k] + v[2 * (size_t)k + 1] : 0;
		}
	}
}

/* An operation counts where it ended. */
static unsigned slice_at(struct activity *a, uint64_t time)
{
	if (a->first == 0)
		a->first = time ? time : 1;
	if (time < a->first)
		return 0;
	while ((time - a->first) / a->slice >= SLICES)
		join_slices(a);
	return (unsigned)((time - a->first) / a->slice);
}

static bool is_inward(unsigned type)
{
	return type == ESPY_EV_file_read || type == ESPY_EV_file_reads ||
	       type == ESPY_EV_net_recv || type == ESPY_EV_file_copy;
}

static bool is_outward(unsigned type)
{
	return type == ESPY_EV_file_write || type == ESPY_EV_file_writes ||
	       type == ESPY_EV_net_send || type == ESPY_EV_file_copy;
}

static void add_to(struct proc *p, unsigned series, unsigned slice, uint64_t n)
{
	p->sum[series] += n;
	p->slices->v[series][slice] += n;
}

static void add_row(struct activity *a, struct proc *p, const struct espy_batch *b, uint32_t row)
{
	unsigned slice = slice_at(a, espy_measure_end(b, row));
	uint64_t bytes = espy_measure_bytes(b, row);

	add_to(p, EVENTS, slice, espy_merged_times(b, row));
	if (is_inward(b->type[row]))
		add_to(p, IN, slice, bytes);
	if (is_outward(b->type[row]))
		add_to(p, OUT, slice, bytes);
	p->failed += espy_measure_failed(b, row);
	if (b->type[row] == ESPY_EV_process_exit) {
		p->cpu += espy_measure_row(espy_measure_get(ESPY_MEASURE_cpu), b, row,
					   ESPY_SIDE_BOTH);
		p->memory = espy_measure_row(espy_measure_get(ESPY_MEASURE_memory), b, row,
					     ESPY_SIDE_BOTH);
	}
}

static int collect(void *state, const struct espy_batch *b, const uint64_t *bits)
{
	struct activity *a = state;

	if (b->n_procs > a->of_entry_cap) {
		uint32_t *v = realloc(a->of_entry, b->n_procs * sizeof(*v));

		if (!v)
			return -ENOMEM;
		a->of_entry = v;
		a->of_entry_cap = b->n_procs;
	}
	if (b->n_procs)
		memset(a->of_entry, 0, b->n_procs * sizeof(*a->of_entry));
	a->wall_offset = b->wall_offset;
	for (uint32_t row = 0; row < b->n; row++) {
		int64_t n;

		if (!espy_study_wants(bits, row))
			continue;
		n = number_of_row(a, b, row);
		if (n == -ENOMEM)
			return -ENOMEM;
		if (n >= 0)
			add_row(a, &a->procs.v[n], b, row);
	}
	return 0;
}

/* --- showing ---------------------------------------------------------------------------------- */

static int compare(const void *pa, const void *pb)
{
	const struct proc *a = pa, *b = pb;

	if (a->sum[EVENTS] != b->sum[EVENTS])
		return a->sum[EVENTS] > b->sum[EVENTS] ? -1 : 1;
	return a->pid != b->pid ? (a->pid > b->pid) - (a->pid < b->pid)
				: (a->start > b->start) - (a->start < b->start);
}

/* Slices that the capture reached. */
static unsigned slices_used(const struct activity *a)
{
	for (unsigned k = SLICES; k > 0; k--)
		for (size_t i = 0; i < a->procs.n; i++)
			if (a->procs.v[i].slices->v[EVENTS][k - 1])
				return k;
	return 0;
}

/* A bar for each column of the chart, as high as its share of the highest one. */
static void chart(struct espy_buf *out, const uint64_t *v, unsigned used, bool utf8)
{
	static const char *const fine[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
					   "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const plain[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
	unsigned wide = used < CHART ? used : CHART;
	uint64_t bars[CHART] = {0}, max = 0;

	for (unsigned k = 0; k < used; k++)
		bars[k * wide / used] += v[k];
	for (unsigned k = 0; k < wide; k++)
		max = bars[k] > max ? bars[k] : max;
	for (unsigned k = 0; k < wide; k++) {
		unsigned step = max ? (unsigned)((double)bars[k] / (double)max * USUAL_FLAT) : 0;

		step += bars[k] && !step;
		espy_buf_puts(out, utf8 ? fine[step] : plain[step]);
	}
}

static struct espy_str chart_in(struct espy_arena *arena, const uint64_t *v, unsigned used,
				bool utf8)
{
	struct espy_buf text = {0};
	struct espy_str s = ESPY_STR_NONE;

	chart(&text, v, used, utf8);
	s.p = espy_arena_dup(arena, text.p ? text.p : "", text.n);
	s.n = s.p ? text.n : 0;
	espy_buf_done(&text);
	return s;
}

static void add_columns(struct espy_table *t)
{
	static const struct espy_table_column columns[] = {
		{"events", "Events", ESPY_CELL_COUNT, 0},
		{"failures", "Failed", ESPY_CELL_COUNT, ESPY_TABLE_OPTIONAL | ESPY_TABLE_BAD},
		{"cpu", "CPU", ESPY_CELL_DURATION, 0},
		{"memory", "Memory", ESPY_CELL_BYTES, ESPY_TABLE_OPTIONAL},
		{"bytes_in", "In", ESPY_CELL_BYTES, 0},
		{"bytes_out", "Out", ESPY_CELL_BYTES, 0},
		{"events_over_time", "Events Over Time", ESPY_CELL_RAW, ESPY_TABLE_NO_DATA},
		{"bytes_over_time", "Bytes Over Time", ESPY_CELL_RAW,
		 ESPY_TABLE_NO_DATA | ESPY_TABLE_OPTIONAL},
		{"pid", "PID", ESPY_CELL_NUM, 0},
		{"process", "Process", ESPY_CELL_TEXT, 0},
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		espy_table_column(t, columns[i]);
}

static struct espy_str name_of(const struct activity *a, const struct proc *p)
{
	struct espy_str name = espy_dict_get(&a->strings, p->name);

	return a->has_more && p->pid == 0 && name.n == 0 ? ESPY_STR("(all further)") : name;
}

static void add_line(struct activity *a, struct espy_table *t, const struct proc *p, unsigned used,
		     bool utf8)
{
	struct espy_cell *c = espy_table_row(t);
	uint64_t bytes[SLICES];

	for (unsigned k = 0; k < SLICES; k++)
		bytes[k] = p->slices->v[IN][k] + p->slices->v[OUT][k];
	c[0].num = p->sum[EVENTS];
	c[1].num = p->failed;
	c[2].num = p->cpu;
	c[3].num = p->memory;
	c[4].num = p->sum[IN];
	c[5].num = p->sum[OUT];
	c[6].str = chart_in(&t->arena, p->slices->v[EVENTS], used, utf8);
	c[7].str = chart_in(&t->arena, bytes, used, utf8);
	c[8].num = p->pid;
	c[9].str = name_of(a, p);
}

static void title(const struct activity *a, struct espy_buf *out, unsigned used)
{
	espy_buf_puts(out, "Activity: ");
	espy_table_things(out, a->procs.n, "process", "processes");
	espy_buf_puts(out, " in ");
	espy_value_duration(out, used * a->slice);
	espy_buf_puts(out, ", every bar is ");
	espy_value_duration(out, used > CHART ? used * a->slice / CHART : a->slice);
	espy_buf_putc(out, '\n');
}

static int view_text(struct activity *a, struct espy_buf *out,
		     const struct espy_summary_view_options *o)
{
	unsigned used = slices_used(a);
	struct espy_table t;
	size_t n = o->limit && o->limit < a->procs.n ? o->limit : a->procs.n;
	int r;

	title(a, out, used);
	espy_table_init(&t);
	add_columns(&t);
	for (size_t i = 0; i < n; i++)
		add_line(a, &t, &a->procs.v[i], used, o->style.utf8);
	r = espy_table_text(&t, out, &o->style);
	espy_table_done(&t);
	if (n < a->procs.n)
		espy_buf_printf(out, "%s and %zu more\n", o->style.utf8 ? "\u2026" : "...",
				a->procs.n - n);
	return r;
}

static void json_series(struct espy_buf *out, const char *name, const uint64_t *v, unsigned used)
{
	espy_buf_printf(out, ",\"%s\":[", name);
	for (unsigned k = 0; k < used; k++) {
		if (k)
			espy_buf_putc(out, ',');
		espy_buf_u64(out, v[k]);
	}
	espy_buf_putc(out, ']');
}

static void json_line(const struct activity *a, struct espy_buf *out, const struct proc *p,
		      unsigned used)
{
	espy_buf_printf(out, "{\"summary\":\"activity\",\"pid\":%llu,", (unsigned long long)p->pid);
	espy_table_json_str(out, "process", name_of(a, p));
	espy_buf_putc(out, ',');
	espy_table_json_argv(out, "argv", espy_dict_get(&a->strings, p->command));
	espy_buf_printf(out, ",\"failures\":%llu,\"cpu_ns\":%llu,\"memory\":%llu",
			(unsigned long long)p->failed, (unsigned long long)p->cpu,
			(unsigned long long)p->memory);
	espy_buf_printf(out, ",\"slice_ns\":%llu", (unsigned long long)a->slice);
	json_series(out, "events", p->slices->v[EVENTS], used);
	json_series(out, "bytes_in", p->slices->v[IN], used);
	json_series(out, "bytes_out", p->slices->v[OUT], used);
	espy_buf_puts(out, "}\n");
}

/* A line for each slice in which the process did something. */
static void csv_lines(const struct activity *a, struct espy_table *t, const struct proc *p,
		      unsigned used)
{
	for (unsigned k = 0; k < used; k++) {
		struct espy_cell *c;

		if (!p->slices->v[EVENTS][k])
			continue;
		c = espy_table_row(t);
		c[0].num = p->pid;
		c[1].str = name_of(a, p);
		c[2].num = a->first + k * a->slice + (uint64_t)a->wall_offset;
		c[3].num = a->slice;
		for (unsigned s = 0; s < SERIES__MAX; s++)
			c[4 + s].num = p->slices->v[s][k];
	}
}

static int view_csv(struct activity *a, struct espy_buf *out, size_t n)
{
	static const struct espy_table_column columns[] = {
		{"pid", "PID", ESPY_CELL_NUM, 0},         {"process", "Process", ESPY_CELL_TEXT, 0},
		{"from", "From", ESPY_CELL_TIME, 0},      {"slice", "Slice", ESPY_CELL_DURATION, 0},
		{"events", "Events", ESPY_CELL_COUNT, 0}, {"bytes_in", "In", ESPY_CELL_COUNT, 0},
		{"bytes_out", "Out", ESPY_CELL_COUNT, 0},
	};
	unsigned used = slices_used(a);
	struct espy_table t;
	int r;

	espy_table_init(&t);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		espy_table_column(&t, columns[i]);
	for (size_t i = 0; i < n; i++)
		csv_lines(a, &t, &a->procs.v[i], used);
	r = espy_table_csv(&t, out);
	espy_table_done(&t);
	return r;
}

static int view(void *state, struct espy_buf *out, const struct espy_summary_view_options *o)
{
	struct activity *a = state;
	size_t n = o->limit && o->limit < a->procs.n ? o->limit : a->procs.n;

	if (a->procs.n)
		qsort(a->procs.v, a->procs.n, sizeof(*a->procs.v), compare);
	if (o->format == ESPY_VIEW_TEXT)
		return view_text(a, out, o);
	if (o->format == ESPY_VIEW_CSV)
		return view_csv(a, out, n);
	for (size_t i = 0; i < n; i++)
		json_line(a, out, &a->procs.v[i], slices_used(a));
	return out->error;
}

const struct espy_study espy_study_activity = {
	.name = "activity",
	.help = "What each process did over time: events, bytes, CPU, with a chart.",
	.open = open_activity,
	.batch = collect,
	.view = view,
	.close = close_activity,
};
