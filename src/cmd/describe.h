/* SPDX-License-Identifier: MIT */
/* The event table as text: for espy schema, and for the reference that is made from it. */
#pragma once

#include "base/buf.h"
#include "model/column.h"

/* Which events are meant: by id. */
struct espy_selection {
	bool type[ESPY_EVENT_ID_MAX];
	bool is_all;
};

/* What a value looks like to a person: "number", "time", "flags". */
const char *espy_describe_type(unsigned fmt, bool is_signed);

/* Each appends a whole document. */
void espy_describe_text(struct espy_buf *out, const struct espy_selection *s);
void espy_describe_json(struct espy_buf *out, const struct espy_selection *s);
void espy_describe_markdown(struct espy_buf *out, const struct espy_selection *s);
void espy_describe_man(struct espy_buf *out, const struct espy_selection *s);
