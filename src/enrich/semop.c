/* SPDX-License-Identifier: MIT */
#include "enrich/semop.h"

#include <string.h>

struct sembuf_wire {
	uint16_t number;
	int16_t change;
	uint16_t flags;
};

#define NOWAIT 0x800u  /* IPC_NOWAIT */
#define UNDO   0x1000u /* SEM_UNDO */

static void put_flags(struct espy_buf *out, unsigned flags)
{
	unsigned rest = flags & ~(NOWAIT | UNDO);

	if (flags)
		espy_buf_putc(out, ' ');
	if (flags & NOWAIT)
		espy_buf_puts(out, "IPC_NOWAIT");
	if ((flags & NOWAIT) && (flags & ~NOWAIT))
		espy_buf_putc(out, '|');
	if (flags & UNDO)
		espy_buf_puts(out, "SEM_UNDO");
	if ((flags & UNDO) && rest)
		espy_buf_putc(out, '|');
	if (rest)
		espy_buf_hex(out, rest);
}

static void put_op(struct espy_buf *out, const struct sembuf_wire *op)
{
	espy_buf_u64(out, op->number);
	espy_buf_puts(out, op->change > 0 ? " +" : op->change < 0 ? " " : " =");
	espy_buf_s64(out, op->change);
	put_flags(out, op->flags);
}

void espy_semop_text(struct espy_buf *out, struct espy_str ops)
{
	struct sembuf_wire op;

	for (size_t at = 0; ops.n - at >= sizeof(op); at += sizeof(op)) {
		memcpy(&op, ops.p + at, sizeof(op));
		if (at)
			espy_buf_puts(out, ", ");
		put_op(out, &op);
	}
}
