/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "base/escape.h"

#define LOG_LINE_MAX 4096

/* The one mutable global below cmd/: a level handed to every function would buy nothing. */
static _Atomic int current_level = ESPY_LOG_WARN;

void espy_log_set_level(enum espy_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum espy_log_level espy_log_level(void)
{
	return (enum espy_log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

/* Messages name files and programs, so they are escaped like all else that goes to a terminal. */
void espy_log(enum espy_log_level level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	struct espy_buf line = {0};
	size_t n;
	va_list ap;
	int rc;

	if (level > espy_log_level())
		return;
	va_start(ap, fmt);
	rc = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (rc < 0)
		return;
	n = (size_t)rc < sizeof(text) ? (size_t)rc : sizeof(text) - 1;
	while (n && text[n - 1] == '\n')
		n--;
	espy_buf_puts(&line, "espy: ");
	espy_escape_text(&line, (struct espy_str){text, n});
	espy_buf_puts(&line, (size_t)rc < sizeof(text) ? "\n" : "...\n");
	espy_buf_flush(&line, STDERR_FILENO);
	espy_buf_done(&line);
}
