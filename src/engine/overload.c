/* SPDX-License-Identifier: MIT */
#include "engine/overload.h"
#include "engine/table.h"
#include "model/value.h"

void espy_overload_steps(struct espy_buf *out, const struct espy_ending *e)
{
	if (!e->steps)
		return;
	espy_table_things(out, e->steps, "step", "steps");
	espy_buf_puts(out, " up to ");
	espy_value_num(out, ESPY_FMT_ENUM_overload, false, e->level, 0);
	if (!e->left_out)
		return;
	espy_buf_puts(out, ", threads left out ");
	espy_table_things(out, e->left_out, "time", "times");
}

void espy_overload_merged(struct espy_buf *out, const struct espy_ending *e)
{
	if (!e->runs)
		return;
	espy_table_things(out, e->merged, "read or write is told as ",
			  "reads and writes are told as ");
	espy_table_things(out, e->runs, "event", "events");
}

void espy_overload_text(struct espy_buf *out, const struct espy_ending *e)
{
	espy_overload_steps(out, e);
	if (!e->steps || !e->runs)
		return;
	espy_buf_puts(out, "; ");
	espy_overload_merged(out, e);
}
