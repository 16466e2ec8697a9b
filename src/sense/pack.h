/* SPDX-License-Identifier: MIT */
/* What a pack is to sense.c: the functions of sense.h, each behind its name. */
#pragma once

#include "sense/sense.h"

struct espy_sense_ops {
	int (*open)(struct espy_sense **ret, const struct espy_sense_options *o,
		    struct espy_err *err);
	void (*close)(struct espy_sense *s);
	const char *(*packs)(const struct espy_sense *s);
	bool (*sees)(const struct espy_sense *s, unsigned type);
	void (*start)(struct espy_sense *s);
	void (*stop)(struct espy_sense *s);
	int (*drain)(struct espy_sense *s, bool all, espy_record_fn fn, void *ctx);
	int (*snapshot)(struct espy_sense *s, espy_record_fn fn, void *ctx, struct espy_err *err);
	int (*count)(struct espy_sense *s);
	void (*new_epoch)(struct espy_sense *s);
	int64_t (*alive)(const struct espy_sense *s);
	void (*stats)(const struct espy_sense *s, struct espy_sense_stats *ret);
	int (*measure)(struct espy_sense *s);
	size_t (*programs)(const struct espy_sense *s, struct espy_sense_program *ret, size_t max);
};

/* The first member of every pack's own struct. */
struct espy_sense {
	const struct espy_sense_ops *ops;
	char note[1024];
};
