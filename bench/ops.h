/* SPDX-License-Identifier: MIT */
/* The operations whose cost is measured: what each needs, and a loop that does nothing else. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct ops_state {
	const char *dir;     /* an empty directory that is ours */
	unsigned components; /* of the path that is opened; 0: eight */
	const char *program; /* what `fork` executes */
	char path[4096];     /* of so many components, or of those that `dir` has and one more */
	int fd, fd2;
	pid_t helper; /* the other end of `echo`, 0 for none */
};

struct op {
	const char *name;
	unsigned chunk;                     /* repetitions between two looks at the clock */
	int (*set_up)(struct ops_state *s); /* negative errno */
	int (*run)(struct ops_state *s, unsigned n); /* negative errno: an operation failed */
};

/* NULL: no such operation. */
const struct op *espy_ops_find(const char *name);
/* Names of all, by spaces. */
void espy_ops_print(void);
/* `s` has `dir`, `components` and `program`, and zeros. */
int espy_ops_begin(struct ops_state *s, const struct op *op);
void espy_ops_end(struct ops_state *s);
