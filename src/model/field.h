/* SPDX-License-Identifier: MIT */
/* The place of every field in its event as a constant, ESPY_FIELD_<event>_<field>, for code that
 * reads a known field of each row and must not look its name up. */
#pragma once

#include "model/schema.h"

#define EVENT(ev, ...)          \
	enum espy_field_of_##ev \
	{
#define FIELD(ev, type, name, ...) ESPY_FIELD_##ev##_##name,
#define CALL(...)
#define END(ev) \
	}       \
	;
#include "model/events.def"
