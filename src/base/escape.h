/* SPDX-License-Identifier: MIT */
/*
 * Bytes of a traced program on their way to a terminal, a line or a document. Everything a traced
 * program can name is hostile: no control byte, no invalid UTF-8, no direction override gets
 * through.
 */
#pragma once

#include "base/buf.h"

/*
 * One line of plain text: printable UTF-8 stays; every other byte becomes \n \t \r \e \\ or \xHH
 * (C1 controls, U+2028/2029, bidirectional overrides U+202A..E and U+2066..9 by their bytes).
 *
 * A text that begins as a path of Windows does (C:\, \\host, \Device\, HKLM\ …) keeps its
 * backslashes, and other bytes are \<HH> there. No other text looks like one: where it would, it
 * has \<HH> too.
 */
void espy_escape_text(struct espy_buf *b, struct espy_str s);

/* The same for text that is known to come from Windows, however it begins. */
void espy_escape_windows(struct espy_buf *b, struct espy_str s);

/*
 * The inside of a JSON string, quotes not included. Bytes that are not UTF-8 become U+FFFD; the
 * return value says whether that happened (1), so that the caller can add the exact bytes.
 */
int espy_escape_json(struct espy_buf *b, struct espy_str s);

/* A CSV field (RFC 4180), quoted when it must be; control bytes as in espy_escape_text. */
void espy_escape_csv(struct espy_buf *b, struct espy_str s);

/* One word that a POSIX shell reads back as `s` where it can, for command lines. */
void espy_escape_shell(struct espy_buf *b, struct espy_str s);

/*
 * Columns that `s` takes on a terminal once it went through espy_escape_text. wcwidth(3) knows wide
 * and combining characters only under an LC_CTYPE of UTF-8 (cmd/ sets it); else each counts as 1.
 */
size_t espy_escape_width(struct espy_str escaped);
