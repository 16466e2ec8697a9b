/* SPDX-License-Identifier: MIT */
/*
 * Operations on System V semaphores as text: "0 -1 SEM_UNDO, 2 +3, 1 =0" is semaphore 0 lowered by
 * one and raised again at the end of the process, 2 raised by three, and waiting until 1 is 0. The
 * input is an array of the kernel's struct sembuf (linux/sem.h), from a traced program's memory.
 */
#pragma once

#include "base/buf.h"

/* Appends; bytes behind the last whole operation are left out. */
void espy_semop_text(struct espy_buf *out, struct espy_str ops);
