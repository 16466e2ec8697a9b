/* SPDX-License-Identifier: MIT */
/* The stack of an event as text, one frame a line, innermost first:
 *   K 0xfffff8015a60cfab C:\WINDOWS\System32\drivers\FLTMGR.SYS+0x4fab
 *   U 0x7ffa9f9ec5c4 C:\WINDOWS\System32\ntdll.dll+0x9c5c4
 * An address above the highest of user mode is in the kernel, whose modules are those of pid 4. A
 * frame outside of all modules is only an address. */
#pragma once

#include "format/pml-event.h"
#include "format/pml-table.h"

/* `p` may be NULL: then frames of user mode are only addresses. */
void espy_pml_stack(struct espy_buf *out, const struct espy_pml_tables *t,
		    const struct espy_pml_event *e, const struct espy_pml_process *p);
