/* SPDX-License-Identifier: MIT */
/* Messages for the person who runs Espy. Floors below cmd/ speak only at debug. */
#pragma once

enum espy_log_level { ESPY_LOG_ERROR, ESPY_LOG_WARN, ESPY_LOG_INFO, ESPY_LOG_DEBUG };

/* To stderr, one line, prefixed "espy: "; below the level (default WARN) nothing. */
void espy_log(enum espy_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void espy_log_set_level(enum espy_log_level level);
enum espy_log_level espy_log_level(void);
