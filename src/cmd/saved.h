/* SPDX-License-Identifier: MIT */
/* Saved filters of the user and of the machine: ~/.config/espy/filters (below XDG_CONFIG_HOME where
 * that is set) and /etc/espy/filters. */
#pragma once

#include "rule/macro.h"

/* From now on @name in a filter is looked up in these files, which are read when one first is. */
void espy_saved_use(void);
/* Says on stderr what filters could not decide: limits of regular expressions, no room to
 * remember. */
void espy_saved_tell(void);
