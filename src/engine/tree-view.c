/* SPDX-License-Identifier: MIT */
#include "engine/tree-view.h"
#include <errno.h>
#include "base/escape.h"
#include "engine/tree-json.h"
#include "model/value.h"

#define BAR_CELLS 16u

struct view {
	struct espy_tree *t;
	const struct espy_tree_view_options *o;
	struct espy_tree_order order;
	struct espy_table table;
	struct espy_arena arena;
	struct espy_buf scratch;
	uint32_t base;                        /* levels above the root at hand that are not drawn */
	bool more[ESPY_TREE_DEPTH_SHOWN + 1]; /* another process follows on this level */
};

/* --- cells --------------------------------------------------------------------------------------
 */

static struct espy_str take(struct view *v)
{
	char *copy = espy_arena_dup(&v->arena, v->scratch.p, v->scratch.n);
	struct espy_str s = {copy ? copy : "", copy ? v->scratch.n : 0};

	if (!copy || v->scratch.error)
		v->table.error = -ENOMEM;
	espy_buf_reset(&v->scratch);
	return s;
}

void espy_tree_view_command(struct espy_tree *t, const struct espy_tree_image *image,
			    struct espy_buf *out)
{
	struct espy_str argv = espy_tree_str(t, image->argv), exe = espy_tree_str(t, image->exe);

	if (argv.n)
		espy_table_argv(out, argv);
	else
		espy_escape_text(out, exe.n ? exe : espy_tree_str(t, image->name));
}

void espy_tree_view_exit(const struct espy_tree_proc *p, struct espy_buf *out)
{
	if (!(p->flags & ESPY_TREE_EXITED)) {
		espy_buf_puts(out, "running");
		return;
	}
	if (!p->signal) {
		espy_buf_u64(out, p->code);
		return;
	}
	espy_value_num(out, ESPY_FMT_ENUM_signal, false, p->signal, 0);
	if (p->flags & ESPY_TREE_CORE)
		espy_buf_puts(out, " core");
}

static struct espy_cell exit_cell(struct view *v, const struct espy_tree_proc *p)
{
	struct espy_cell c = {0};

	espy_tree_view_exit(p, &v->scratch);
	c.str = take(v);
	if (!(p->flags & ESPY_TREE_EXITED))
		c.mark = ESPY_MARK_DIM;
	else if (p->code || p->signal)
		c.mark = ESPY_MARK_BAD;
	return c;
}

/* "+1.204" seconds after the origin. */
static struct espy_cell offset_cell(struct view *v, uint64_t time)
{
	uint64_t ns = time > v->order.origin ? time - v->order.origin : 0;

	espy_buf_printf(&v->scratch, "+%llu.%03llu", (unsigned long long)(ns / 1000000000u),
			(unsigned long long)(ns / 1000000u % 1000u));
	return (struct espy_cell){.str = take(v)};
}

static struct espy_cell start_cell(struct view *v, const struct espy_tree_proc *p)
{
	if (espy_tree_order_was_before(&v->order, p))
		return (struct espy_cell){.str = ESPY_STR("before"), .mark = ESPY_MARK_DIM};
	if (!p->start)
		return (struct espy_cell){.is_unset = true};
	return offset_cell(v, espy_tree_order_start(&v->order, p));
}

static struct espy_cell life_cell(const struct view *v, const struct espy_tree_proc *p)
{
	uint64_t life = espy_tree_order_life(&v->order, p);

	return (struct espy_cell){.num = life, .is_unset = !life};
}

static unsigned bar_place(const struct view *v, uint64_t time)
{
	uint64_t span = v->order.last > v->order.origin ? v->order.last - v->order.origin : 1;
	uint64_t at = time > v->order.origin ? time - v->order.origin : 0;

	if (at >= span)
		return BAR_CELLS - 1;
	return (unsigned)((double)at / (double)span * BAR_CELLS);
}

static struct espy_cell bar_cell(struct view *v, const struct espy_tree_proc *p)
{
	uint64_t start = espy_tree_order_start(&v->order, p);
	unsigned from = bar_place(v, start);
	unsigned to = bar_place(v, start + espy_tree_order_life(&v->order, p));
	const char *on = v->o->style.utf8 ? "\u2501" : "=";
	const char *off = v->o->style.utf8 ? "\u00b7" : ".";

	for (unsigned i = 0; i < BAR_CELLS; i++)
		espy_buf_puts(&v->scratch, i >= from && i <= to ? on : off);
	return (struct espy_cell){.str = take(v)};
}

/* --- the drawing --------------------------------------------------------------------------------
 */

enum line { LINE_DOWN, LINE_NONE, LINE_BRANCH, LINE_LAST, LINE_THEN };

static const char *line(const struct view *v, enum line l)
{
	static const char *const utf8[] = {"\u2502  ", "   ", "\u251c\u2500 ", "\u2514\u2500 ",
					   "\u2192 "};
	static const char *const plain[] = {"|  ", "   ", "|- ", "`- ", "=> "};

	return v->o->style.utf8 ? utf8[l] : plain[l];
}

/* The lines before a process (`then` false) or before one more program of it. */
static void draw_lines(struct view *v, const struct espy_tree_node *n, bool then)
{
	uint32_t depth = n->depth - v->base;

	if (depth > ESPY_TREE_DEPTH_SHOWN) {
		espy_buf_printf(&v->scratch, "(%u) ", depth);
		depth = 0;
	}
	for (uint32_t i = 1; i < depth; i++)
		espy_buf_puts(&v->scratch, line(v, v->more[i] ? LINE_DOWN : LINE_NONE));
	if (depth && then)
		espy_buf_puts(&v->scratch, line(v, n->is_last ? LINE_NONE : LINE_DOWN));
	else if (depth)
		espy_buf_puts(&v->scratch, line(v, n->is_last ? LINE_LAST : LINE_BRANCH));
	if (then)
		espy_buf_puts(&v->scratch, line(v, LINE_THEN));
}

static void note_level(struct view *v, const struct espy_tree_node *n)
{
	uint32_t depth = n->depth - v->base;

	if (depth <= ESPY_TREE_DEPTH_SHOWN)
		v->more[depth] = !n->is_last;
}

/* A process that ran no program of its own is named by its creator's. */
static void draw_process(struct view *v, const struct espy_tree_proc *p, uint32_t number)
{
	const struct espy_tree_image *image = espy_tree_order_image(&v->order, p);
	bool is_kernel = p->flags & ESPY_TREE_KERNEL;

	if (!image)
		image = espy_tree_program(v->t, number);
	if (p->flags & ESPY_TREE_CREATED && !(p->flags & ESPY_TREE_EXECED))
		espy_buf_puts(&v->scratch, "(fork) ");
	if (is_kernel)
		espy_buf_putc(&v->scratch, '[');
	if (image)
		espy_tree_view_command(v->t, image, &v->scratch);
	else
		espy_buf_putc(&v->scratch, '?');
	if (is_kernel)
		espy_buf_putc(&v->scratch, ']');
	if (p->failed_errno && !(p->flags & ESPY_TREE_EXECED)) {
		const char *name = espy_errno_name(p->failed_errno);

		espy_buf_puts(&v->scratch, " exec ");
		espy_escape_text(&v->scratch, espy_tree_str(v->t, p->failed_exec));
		espy_buf_printf(&v->scratch, ": %s", name ? name : "failed");
	}
}

static struct espy_str image_exe(struct view *v, const struct espy_tree_image *image)
{
	return image ? espy_tree_str(v->t, image->exe) : ESPY_STR_NONE;
}

static struct espy_str image_argv(struct view *v, const struct espy_tree_image *image)
{
	return image ? espy_tree_str(v->t, image->argv) : ESPY_STR_NONE;
}

enum column {
	COL_PID,
	COL_PPID,
	COL_STARTED,
	COL_START,
	COL_LIFE,
	COL_EXIT,
	COL_EVENTS,
	COL_FAILED,
	COL_READ,
	COL_WRITTEN,
	COL_CPU,
	COL_FILES,
	COL_SENT,
	COL_RECEIVED,
	COL_CONNECTIONS,
	COL_MEMORY,
	COL_BAR,
	COL_USER,
	COL_NAME,
	COL_EXE,
	COL_ARGV,
	COL_TREE,
	COL__MAX
};

#define DATA  ESPY_TABLE_NO_TEXT
#define TEXT  ESPY_TABLE_NO_DATA
#define OPT   ESPY_TABLE_OPTIONAL
#define RIGHT ESPY_TABLE_RIGHT

static const struct espy_table_column columns[COL__MAX] = {
	[COL_PID] = {"pid", "PID", ESPY_CELL_NUM, 0},
	[COL_PPID] = {"ppid", "PPID", ESPY_CELL_NUM, DATA},
	[COL_STARTED] = {"start", "Started", ESPY_CELL_TIME, DATA},
	[COL_START] = {"", "Start", ESPY_CELL_RAW, TEXT | RIGHT},
	[COL_LIFE] = {"lifetime", "Life", ESPY_CELL_DURATION, 0},
	[COL_EXIT] = {"exit", "Exit", ESPY_CELL_RAW, 0},
	[COL_EVENTS] = {"events", "Events", ESPY_CELL_COUNT, 0},
	[COL_FAILED] = {"failures", "Failed", ESPY_CELL_COUNT, OPT},
	[COL_READ] = {"read", "Read", ESPY_CELL_BYTES, OPT},
	[COL_WRITTEN] = {"written", "Written", ESPY_CELL_BYTES, OPT},
	[COL_CPU] = {"cpu", "CPU", ESPY_CELL_DURATION, OPT},
	[COL_FILES] = {"files", "Files", ESPY_CELL_COUNT, OPT},
	[COL_SENT] = {"sent", "Sent", ESPY_CELL_BYTES, OPT},
	[COL_RECEIVED] = {"received", "Received", ESPY_CELL_BYTES, OPT},
	[COL_CONNECTIONS] = {"connections", "Conns", ESPY_CELL_COUNT, OPT},
	[COL_MEMORY] = {"peak_memory", "Memory", ESPY_CELL_BYTES, OPT},
	[COL_BAR] = {"", "Life Time", ESPY_CELL_RAW, TEXT | OPT},
	[COL_USER] = {"user", "User", ESPY_CELL_TEXT, DATA},
	[COL_NAME] = {"process", "Name", ESPY_CELL_TEXT, DATA},
	[COL_EXE] = {"exe", "Image Path", ESPY_CELL_PATH, DATA},
	[COL_ARGV] = {"argv", "Command Line", ESPY_CELL_ARGV, DATA},
	[COL_TREE] = {"", "Process", ESPY_CELL_RAW, TEXT | ESPY_TABLE_FLEX},
};

static void fill_counts(struct espy_cell *c, const struct espy_tree_proc *p)
{
	bool is_known = p->flags & ESPY_TREE_EXITED;

	c[COL_EVENTS].num = p->counts.events;
	c[COL_FAILED].num = p->counts.failures;
	c[COL_READ].num = p->counts.read;
	c[COL_WRITTEN].num = p->counts.written;
	c[COL_FILES].num = p->counts.files;
	c[COL_SENT].num = p->counts.sent;
	c[COL_RECEIVED].num = p->counts.received;
	c[COL_CONNECTIONS].num = p->counts.connections;
	c[COL_CPU] = (struct espy_cell){.num = p->user_ns + p->system_ns, .is_unset = !is_known};
	c[COL_MEMORY] = (struct espy_cell){.num = p->peak_bytes, .is_unset = !is_known};
}

static void fill_names(struct view *v, struct espy_cell *c, const struct espy_tree_proc *p,
		       uint32_t number)
{
	const struct espy_tree_image *image = espy_tree_image(v->t, p->last_image);

	c[COL_USER].str = espy_tree_str(v->t, p->user);
	c[COL_NAME].str = espy_tree_order_name(&v->order, number);
	c[COL_EXE].str = image_exe(v, image);
	c[COL_ARGV].str = image_argv(v, image);
}

static uint64_t wall(const struct view *v, uint64_t time)
{
	return time ? time + (uint64_t)espy_tree_wall_offset(v->t) : 0;
}

static void add_process(struct view *v, const struct espy_tree_node *n)
{
	const struct espy_tree_proc *p = espy_tree_proc(v->t, n->number);
	struct espy_cell *c = espy_table_row(&v->table);

	c[COL_PID].num = p->pid;
	c[COL_PPID].num = espy_tree_order_ppid(&v->order, n);
	c[COL_PPID].is_unset = !c[COL_PPID].num;
	c[COL_STARTED].num = wall(v, espy_tree_order_start(&v->order, p));
	c[COL_START] = start_cell(v, p);
	c[COL_LIFE] = life_cell(v, p);
	c[COL_EXIT] = exit_cell(v, p);
	fill_counts(c, p);
	fill_names(v, c, p, n->number);
	c[COL_BAR] = bar_cell(v, p);
	draw_lines(v, n, false);
	draw_process(v, p, n->number);
	c[COL_TREE].str = take(v);
}

/* A line for a program that the process went on with; data formats tell only the last one. */
static void add_image(struct view *v, const struct espy_tree_node *n,
		      const struct espy_tree_image *image)
{
	struct espy_cell *c = espy_table_row(&v->table);

	for (unsigned i = 0; i < COL__MAX; i++)
		c[i] = (struct espy_cell){.str = ESPY_STR_NONE, .is_blank = true};
	c[COL_START] = offset_cell(v, image->time);
	draw_lines(v, n, true);
	espy_tree_view_command(v->t, image, &v->scratch);
	c[COL_TREE] = (struct espy_cell){.str = take(v)};
}

static void add_images(struct view *v, const struct espy_tree_node *n)
{
	const struct espy_tree_proc *p = espy_tree_proc(v->t, n->number);
	const struct espy_tree_image *image = espy_tree_order_image(&v->order, p);

	while (image && image->next != ESPY_TREE_NONE) {
		image = espy_tree_image(v->t, image->next);
		add_image(v, n, image);
	}
	if (p->n_images > ESPY_TREE_IMAGES_MAX) {
		espy_buf_puts(&v->scratch, v->o->style.utf8 ? "\u2026 and " : "... and ");
		espy_table_count(&v->scratch, p->n_images - ESPY_TREE_IMAGES_MAX);
		espy_buf_puts(&v->scratch, " more programs");
		espy_table_heading(&v->table, take(v));
	}
}

/* "systemd (1) › sshd (812) › bash (4242)": ancestors that did nothing here take one line. Returns
 * the place of the first process that is drawn. */
static size_t add_ancestors(struct view *v, size_t at)
{
	bool any = false;

	v->base = 0;
	espy_table_look(&v->scratch, &v->o->style, ESPY_LOOK_DIM);
	for (; !v->o->order.all && at + 1 < v->order.nodes.n; at++) {
		struct espy_tree_node *n = &v->order.nodes.v[at];
		const struct espy_tree_proc *p = espy_tree_proc(v->t, n->number);
		struct espy_str name;

		if (!n->is_visible)
			continue;
		if (n->n_visible != 1 || p->counts.events || (n->is_wanted && v->o->order.pid))
			break;
		if (any)
			espy_buf_puts(&v->scratch, v->o->style.utf8 ? " \u203a " : " > ");
		name = espy_tree_order_name(&v->order, n->number);
		espy_escape_text(&v->scratch, name.n ? name : ESPY_STR("?"));
		espy_buf_printf(&v->scratch, " (%u)", p->pid);
		v->base = n->depth + 1;
		any = true;
	}
	espy_table_plain(&v->scratch, &v->o->style);
	if (any)
		espy_table_heading(&v->table, take(v));
	espy_buf_reset(&v->scratch);
	return at;
}

static void add_rows(struct view *v)
{
	for (size_t i = 0; i < v->order.nodes.n; i++) {
		struct espy_tree_node *n = &v->order.nodes.v[i];

		if (!n->is_visible)
			continue;
		if (n->depth == 0 && v->o->format == ESPY_VIEW_TEXT) {
			i = add_ancestors(v, i);
			n = &v->order.nodes.v[i];
		}
		note_level(v, n);
		add_process(v, n);
		if (v->o->format == ESPY_VIEW_TEXT)
			add_images(v, n);
	}
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void remarks(struct view *v, struct espy_buf *out)
{
	if (espy_tree_left_over(v->t)) {
		espy_buf_puts(out, v->o->style.utf8 ? "\u2026 and " : "... and ");
		espy_table_count(out, espy_tree_left_over(v->t));
		espy_buf_puts(out, " more processes\n");
	}
	if (espy_tree_is_clipped(v->t))
		espy_buf_puts(out, "counts of files are lower bounds: there were too many to tell "
				   "apart\n");
}

static int print(struct view *v, struct espy_buf *out)
{
	int r;

	if (v->o->format == ESPY_VIEW_JSON)
		return espy_tree_json(&v->order, out);
	espy_table_init(&v->table);
	v->table.flex_small = v->o->style.width * 2 / 5;
	for (unsigned i = 0; i < COL__MAX; i++) {
		espy_table_column(&v->table, columns[i]);
		/* a bar is measured by eye, not by a program behind a pipe */
		if (i == COL_BAR && !v->o->style.width)
			v->table.columns[i].flags |= ESPY_TABLE_NO_TEXT;
	}
	add_rows(v);
	if (v->o->format == ESPY_VIEW_CSV)
		r = espy_table_csv(&v->table, out);
	else
		r = espy_table_text(&v->table, out, &v->o->style);
	espy_table_done(&v->table);
	if (r == 0 && v->o->format == ESPY_VIEW_TEXT)
		remarks(v, out);
	return r;
}

int espy_tree_view(struct espy_tree *t, struct espy_buf *out,
		   const struct espy_tree_view_options *o)
{
	struct view v = {.t = t, .o = o};
	int r = espy_tree_order_init(&v.order, t, &o->order);

	if (r == 0)
		r = print(&v, out);
	espy_tree_order_done(&v.order);
	espy_arena_done(&v.arena);
	espy_buf_done(&v.scratch);
	return r;
}
