/* SPDX-License-Identifier: MIT */
/* Rings of io_uring, handled by the program itself: no library, so that nothing else is called. */
#pragma once

#include "probe.h"
#include <linux/io_uring.h>

#define OP_SOCKET 45 /* 5.19; numbers that the headers here may lack */
#define OP_BIND   56
#define OP_LISTEN 57

struct uring {
	int fd;
	char *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

/* false: this kernel has none, or forbids it. */
bool uring_open_params(struct uring *u, struct io_uring_params p, unsigned entries);
bool uring_open(struct uring *u, unsigned flags);
/* Skips the probe where there is none. */
void uring_need(struct uring *u);
bool uring_has(struct uring *u, unsigned opcode);

void uring_put(struct uring *u, struct io_uring_sqe sqe);
long uring_enter(struct uring *u, unsigned n, unsigned wait);
/* The next completion, waited for. */
struct io_uring_cqe uring_take(struct uring *u);
/* One operation to its end: its result. */
long uring_do(struct uring *u, struct io_uring_sqe sqe);

#define AT(...)   ((uintptr_t)(__VA_ARGS__))
#define OP(name)  .opcode = IORING_OP_##name
#define SQE(...)  ((struct io_uring_sqe){__VA_ARGS__})
#define CALLED(n) STR(syscall, "io_uring:" n)
#define SAID(event, name, res, ...) \
	(NOTED(), WANT(event, CALLED(name), NUM(result, res) __VA_OPT__(, ) __VA_ARGS__))
