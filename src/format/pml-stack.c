/* SPDX-License-Identifier: MIT */
#include "format/pml-stack.h"
#include "model/batch.h"

static void add_frame(struct espy_buf *out, const struct espy_pml_tables *t,
		      const struct espy_pml_process *p, uint64_t address)
{
	bool is_kernel = address > t->file->last_user;
	const struct espy_pml_process *owner = is_kernel ? t->kernel : p;
	const struct espy_pml_module *m = owner ? espy_pml_process_module(owner, address) : NULL;

	espy_buf_puts(out, is_kernel ? "K " : "U ");
	espy_buf_hex(out, address);
	if (m) {
		espy_buf_putc(out, ' ');
		espy_buf_str(out, espy_pml_string(t->file, m->path));
		espy_buf_putc(out, '+');
		espy_buf_hex(out, address - m->base);
	}
	espy_buf_putc(out, '\n');
}

void espy_pml_stack(struct espy_buf *out, const struct espy_pml_tables *t,
		    const struct espy_pml_event *e, const struct espy_pml_process *p)
{
	for (unsigned i = 0; i < e->depth && out->n < ESPY_BATCH_STRING_MAX; i++)
		add_frame(out, t, p,
			  espy_pml_pointer(t->file, e->stack + (size_t)i * t->file->pointer));
}
