/* SPDX-License-Identifier: MIT */
/* Long output on a terminal goes through the person's pager. */
#pragma once

#include <sys/types.h>

/*
 * From now on the standard output is the pager's input: $PAGER, else less where it is installed.
 * Does nothing when the output is no terminal, when PAGER is empty or cat, or when the pager cannot
 * start. Ask espy_cmd_terminal before. Returns the pager, 0 for none.
 */
pid_t espy_pager_start(void);
/* Ends the output and waits until the person has left the pager. */
void espy_pager_finish(pid_t pager);
