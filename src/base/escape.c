/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdint.h>
#include <wchar.h>

#define ONES  0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

/* A bit at (or, after a true one, above) each byte of `w` that is zero; zero when none is. */
static inline uint64_t has_zero(uint64_t w)
{
	return (w - ONES) & ~w & HIGHS;
}

/*
 * Length of the head of `s` that every format here can copy as it stands: printable ASCII without
 * '"' and '\\'. Eight bytes at a time, because nearly all names are nothing else.
 */
static size_t plain_head(struct espy_str s)
{
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t w;

		memcpy(&w, s.p + i, sizeof(w));
		/* below 0x20, above 0x7f, and the three named ones */
		if (((w - ONES * 0x20) & ~w & HIGHS) | (w & HIGHS) | has_zero(w ^ ONES * 0x7f) |
		    has_zero(w ^ ONES * '"') | has_zero(w ^ ONES * '\\'))
			break;
	}
	for (; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			break;
	}
	return i;
}

static struct espy_str skip(struct espy_str s, size_t n)
{
	return n ? (struct espy_str){s.p + n, s.n - n} : s;
}

/* Characters that are text but would steer a terminal or reorder what a person reads (UAX #9). */
static bool is_steering(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029 ||
	       (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Length of the character at the head of `s` when it may stand as it is, else 0. */
static size_t printable_head(struct espy_str s)
{
	uint32_t cp;
	size_t len = espy_str_utf8(s, &cp);

	return len && !is_steering(cp) ? len : 0;
}

/* The letter that stands for `c` after a backslash, or 0. */
static char short_name(unsigned char c)
{
	switch (c) {
	case '\n':
		return 'n';
	case '\t':
		return 't';
	case '\r':
		return 'r';
	case '\\':
		return '\\';
	default:
		return 0;
	}
}

static void add_hex_byte(struct espy_buf *b, const char *intro, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	espy_buf_puts(b, intro);
	espy_buf_putc(b, digits[c >> 4]);
	espy_buf_putc(b, digits[c & 15]);
}

/* Bytes of the sequence at the head of `s` that are to be written byte by byte. */
static size_t raw_length(struct espy_str s)
{
	uint32_t cp;
	size_t len = espy_str_utf8(s, &cp);

	return len ? len : 1;
}

/* One character (or one byte that is none) of plain text; returns how many bytes it took. */
static size_t text_char(struct espy_buf *b, struct espy_str s)
{
	unsigned char c = (unsigned char)s.p[0];
	char name = c == 0x1b ? 'e' : short_name(c);
	size_t len = printable_head(s);

	if (name) {
		espy_buf_putc(b, '\\');
		espy_buf_putc(b, name);
		return 1;
	}
	if (len) {
		espy_buf_add(b, s.p, len);
		return len;
	}
	len = raw_length(s);
	for (size_t i = 0; i < len; i++)
		add_hex_byte(b, "\\x", (unsigned char)s.p[i]);
	return len;
}

void espy_escape_text(struct espy_buf *b, struct espy_str s)
{
	for (;;) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (!s.n)
			return;
		s = skip(s, text_char(b, s));
	}
}

static void add_u_escape(struct espy_buf *b, uint32_t cp)
{
	add_hex_byte(b, "\\u", (unsigned char)(cp >> 8));
	add_hex_byte(b, "", (unsigned char)cp);
}

/* One character of a JSON string; sets *replaced when a byte of it is not UTF-8. */
static size_t json_char(struct espy_buf *b, struct espy_str s, int *replaced)
{
	char name = s.p[0] == '"' ? '"' : short_name((unsigned char)s.p[0]);
	uint32_t cp;
	size_t len = espy_str_utf8(s, &cp);

	if (name) {
		espy_buf_putc(b, '\\');
		espy_buf_putc(b, name);
		return 1;
	}
	if (!len) {
		espy_buf_puts(b, "\xef\xbf\xbd");
		*replaced = 1;
		return 1;
	}
	if (is_steering(cp)) /* all of them are in the basic plane */
		add_u_escape(b, cp);
	else
		espy_buf_add(b, s.p, len);
	return len;
}

int espy_escape_json(struct espy_buf *b, struct espy_str s)
{
	int replaced = 0;

	for (;;) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (!s.n)
			return replaced;
		s = skip(s, json_char(b, s, &replaced));
	}
}

/* RFC 4180 asks for quotes round commas and quotes; many readers also trim spaces at the ends. */
static bool needs_csv_quotes(struct espy_str s)
{
	return s.n && (memchr(s.p, ',', s.n) || memchr(s.p, '"', s.n) || s.p[0] == ' ' ||
		       s.p[s.n - 1] == ' ');
}

void espy_escape_csv(struct espy_buf *b, struct espy_str s)
{
	bool quoted = needs_csv_quotes(s);

	if (quoted)
		espy_buf_putc(b, '"');
	while (s.n) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (!s.n)
			break;
		if (s.p[0] == '"')
			espy_buf_putc(b, '"');
		s = skip(s, text_char(b, s));
	}
	if (quoted)
		espy_buf_putc(b, '"');
}

static bool is_shell_safe(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("%+,-./:=@_", c));
}

enum shell_quoting { SHELL_BARE, SHELL_SINGLE, SHELL_DOLLAR };

/* The lightest quoting that keeps `s` one word and the terminal safe. */
static enum shell_quoting shell_quoting(struct espy_str s)
{
	enum shell_quoting q = s.n ? SHELL_BARE : SHELL_SINGLE;

	while (s.n) {
		size_t len = printable_head(s);

		if (!len)
			return SHELL_DOLLAR;
		if (len > 1 || !is_shell_safe((unsigned char)s.p[0]))
			q = SHELL_SINGLE;
		s = skip(s, len);
	}
	return q;
}

/* 'it'\''s' */
static void shell_single(struct espy_buf *b, struct espy_str s)
{
	espy_buf_putc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			espy_buf_puts(b, "'\\''");
		else
			espy_buf_putc(b, s.p[i]);
	}
	espy_buf_putc(b, '\'');
}

/*
 * $'…' (POSIX.1-2024, 2.2.4). Octal, because it ends after three digits everywhere, while a \x may
 * swallow the hexadecimal digit that follows it.
 */
static void shell_dollar(struct espy_buf *b, struct espy_str s)
{
	espy_buf_puts(b, "$'");
	while (s.n) {
		unsigned char c = (unsigned char)s.p[0];
		char name = c == '\'' ? '\'' : short_name(c);
		size_t len = printable_head(s);

		if (name) {
			espy_buf_putc(b, '\\');
			espy_buf_putc(b, name);
			len = 1;
		} else if (len) {
			espy_buf_add(b, s.p, len);
		} else {
			len = raw_length(s);
			for (size_t i = 0; i < len; i++)
				espy_buf_printf(b, "\\%03o", (unsigned char)s.p[i]);
		}
		s = skip(s, len);
	}
	espy_buf_putc(b, '\'');
}

void espy_escape_shell(struct espy_buf *b, struct espy_str s)
{
	switch (shell_quoting(s)) {
	case SHELL_BARE:
		espy_buf_str(b, s);
		break;
	case SHELL_SINGLE:
		shell_single(b, s);
		break;
	case SHELL_DOLLAR:
		shell_dollar(b, s);
		break;
	}
}

size_t espy_escape_width(struct espy_str escaped)
{
	size_t width = 0;

	while (escaped.n) {
		size_t n = plain_head(escaped), len;
		uint32_t cp;
		int w;

		width += n;
		escaped = skip(escaped, n);
		if (!escaped.n)
			break;
		len = espy_str_utf8(escaped, &cp);
		w = len ? wcwidth((wchar_t)cp) : 1;
		width += w < 0 ? 1 : (size_t)w;
		escaped = skip(escaped, len ? len : 1);
	}
	return width;
}
