/* SPDX-License-Identifier: MIT */
/* System calls by number and name, for every table in enum espy_abi; from syscalls.def and
 * uring.def. */
#pragma once

#include "base/str.h"
#include "model/event.h"

/* "openat", or NULL when the number is not known. */
const char *espy_call_name(unsigned abi, unsigned nr);
/* Number of a call by name, or -1. */
int espy_call_nr(unsigned abi, const char *name);
/* As shown to a person: "openat", "ia32:openat", "x32:openat",
 * "io_uring:openat", "#999"; in `buf`, which is returned.
 */
const char *espy_call_show(char *buf, size_t size, unsigned abi, unsigned nr);
