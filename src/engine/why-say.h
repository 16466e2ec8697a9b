/* SPDX-License-Identifier: MIT */
/* A finding in plain words. */
#pragma once

#include "engine/why-cause.h"

/* Appends one sentence, not escaped: what failed, and how its process ended. */
void espy_why_say(struct espy_buf *out, struct espy_why *w, const struct espy_why_finding *f);
/* Appends what came of it: "Because of it gcc ended with exit code 1, and then make with exit code
 * 2."; nothing when nothing did. */
void espy_why_say_effect(struct espy_buf *out, struct espy_why *w,
			 const struct espy_why_findings *all, const struct espy_why_finding *f);
/* Appends what may help: where the file is, what may be meant; nothing when nothing is known. */
void espy_why_say_hint(struct espy_buf *out, struct espy_why *w, const struct espy_why_finding *f);
/* "exit code 1", "SIGKILL" */
void espy_why_say_end(struct espy_buf *out, const struct espy_tree_proc *p);
