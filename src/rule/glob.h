/* SPDX-License-Identifier: MIT */
/* Shell patterns over bytes: * any bytes (also '/'), ? one byte, [a-z] [!a-z] one of a set, \ takes
 * the next byte as it is. A '[' that is never closed stands for itself. */
#pragma once

#include "base/str.h"

#define ESPY_RULE_GLOB_MAX 1024u /* bytes of one pattern */

/* Does the pattern fit all of `s`? In time proportional to both lengths at worst. */
bool espy_glob_match(struct espy_str pattern, struct espy_str s);
