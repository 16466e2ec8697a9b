/* SPDX-License-Identifier: MIT */
#include "engine/tree-json.h"
#include "engine/table.h"
#include "model/value.h"

static void add_time(const struct espy_tree_order *o, struct espy_buf *out, const char *name,
		     uint64_t time)
{
	espy_buf_printf(out, "\"%s\":\"", name);
	espy_value_time(out, (int64_t)time + espy_tree_wall_offset(o->tree));
	espy_buf_putc(out, '"');
}

static void add_number(struct espy_buf *out, const char *name, uint64_t n)
{
	espy_buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

static void add_bool(struct espy_buf *out, const char *name, bool is)
{
	espy_buf_printf(out, ",\"%s\":%s", name, is ? "true" : "false");
}

static void add_image(const struct espy_tree_order *o, struct espy_buf *out,
		      const struct espy_tree_image *image)
{
	struct espy_str exe = espy_tree_str(o->tree, image->exe);

	espy_table_json_str(out, "process", espy_tree_str(o->tree, image->name));
	if (exe.n) {
		espy_buf_putc(out, ',');
		espy_table_json_str(out, "exe", exe);
	}
	espy_buf_putc(out, ',');
	espy_table_json_argv(out, "argv", espy_tree_str(o->tree, image->argv));
}

/* What it ran last, then everything that it ran, each with the time when it began. */
static void add_images(const struct espy_tree_order *o, struct espy_buf *out,
		       const struct espy_tree_node *n)
{
	const struct espy_tree_image *image = espy_tree_program(o->tree, n->number);
	const struct espy_tree_proc *p = espy_tree_proc(o->tree, n->number);

	if (image) {
		espy_buf_putc(out, ',');
		add_image(o, out, image);
	}
	espy_buf_puts(out, ",\"programs\":[");
	image = espy_tree_order_image(o, p);
	for (const char *comma = ""; image; comma = ",") {
		espy_buf_puts(out, comma);
		espy_buf_putc(out, '{');
		if (image->time) {
			add_time(o, out, "time", image->time);
			espy_buf_putc(out, ',');
		}
		add_image(o, out, image);
		espy_buf_putc(out, '}');
		image = espy_tree_image(o->tree, image->next);
	}
	espy_buf_putc(out, ']');
}

static void add_exit(const struct espy_tree_order *o, struct espy_buf *out,
		     const struct espy_tree_proc *p)
{
	if (!(p->flags & ESPY_TREE_EXITED))
		return;
	espy_buf_putc(out, ',');
	add_time(o, out, "end", p->end);
	add_number(out, "exit_code", p->code);
	if (p->signal) {
		espy_buf_puts(out, ",\"signal\":\"");
		espy_value_num(out, ESPY_FMT_ENUM_signal, false, p->signal, 0);
		espy_buf_putc(out, '"');
		add_bool(out, "core", p->flags & ESPY_TREE_CORE);
	}
	add_number(out, "user_time_ns", p->user_ns);
	add_number(out, "system_time_ns", p->system_ns);
	add_number(out, "peak_memory", p->peak_bytes);
}

static void add_counts(struct espy_buf *out, const struct espy_tree_counts *c)
{
	add_number(out, "events", c->events);
	add_number(out, "failures", c->failures);
	add_number(out, "files", c->files);
	add_number(out, "read", c->read);
	add_number(out, "written", c->written);
	add_number(out, "sent", c->sent);
	add_number(out, "received", c->received);
	add_number(out, "connections", c->connections);
}

static void add_process(const struct espy_tree_order *o, struct espy_buf *out,
			const struct espy_tree_node *n)
{
	const struct espy_tree_proc *p = espy_tree_proc(o->tree, n->number);

	espy_buf_printf(out, "{\"pid\":%u,\"depth\":%u", p->pid, n->depth);
	if (n->parent != ESPY_TREE_NONE)
		add_number(out, "ppid", espy_tree_order_ppid(o, n));
	if (espy_tree_order_start(o, p)) {
		espy_buf_putc(out, ',');
		add_time(o, out, "start", espy_tree_order_start(o, p));
	}
	if (espy_tree_order_life(o, p))
		add_number(out, "lifetime_ns", espy_tree_order_life(o, p));
	add_bool(out, "before", espy_tree_order_was_before(o, p));
	add_bool(out, "exited", p->flags & ESPY_TREE_EXITED);
	add_exit(o, out, p);
	add_number(out, "uid", p->uid);
	espy_buf_putc(out, ',');
	espy_table_json_str(out, "user", espy_tree_str(o->tree, p->user));
	add_images(o, out, n);
	add_counts(out, &p->counts);
	espy_buf_puts(out, "}\n");
}

int espy_tree_json(const struct espy_tree_order *o, struct espy_buf *out)
{
	for (size_t i = 0; i < o->nodes.n; i++)
		if (o->nodes.v[i].is_visible)
			add_process(o, out, &o->nodes.v[i]);
	return out->error;
}
