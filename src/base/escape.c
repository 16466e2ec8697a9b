/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdbool.h>
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

/*
 * Which spelling a text has. A backslash is doubled in the usual one, as C does. In that of Windows
 * it stays, and what must not be shown is given as \<HH>; < cannot be in a name there, and a
 * backslash that stands before one all the same is given as \<5C>.
 */
enum spelling { SPELLING_USUAL, SPELLING_WINDOWS };

static void add_angle(struct espy_buf *b, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";
	char text[] = {'\\', '<', digits[c >> 4], digits[c & 15], '>'};

	espy_buf_add(b, text, sizeof(text));
}

/* One character (or one byte that is none) of plain text; returns how many bytes it took. */
static size_t usual_char(struct espy_buf *b, struct espy_str s)
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

static size_t windows_char(struct espy_buf *b, struct espy_str s)
{
	bool is_before_angle = s.p[0] == '\\' && s.n > 1 && s.p[1] == '<';
	size_t len = printable_head(s);

	if (len && !is_before_angle) {
		espy_buf_add(b, s.p, len);
		return len;
	}
	len = raw_length(s);
	for (size_t i = 0; i < len; i++)
		add_angle(b, (unsigned char)s.p[i]);
	return len;
}

static size_t text_char(struct espy_buf *b, struct espy_str s, enum spelling spelling)
{
	return spelling == SPELLING_WINDOWS ? windows_char(b, s) : usual_char(b, s);
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What a path of Windows begins with, up to its first backslash: a drive, a root of the registry,
 * nothing (another machine, a device). */
static size_t windows_root(struct espy_str s)
{
	static const struct espy_str roots[] = {
		{"HKLM", 4}, {"HKCU", 4}, {"HKCR", 4}, {"HKU", 3}, {"HKCC", 4},
	};

	if (s.n >= 2 && is_letter(s.p[0]) && s.p[1] == ':')
		return 2;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (espy_str_starts(s, roots[i]))
			return roots[i].n;
	return 0;
}

static bool is_windows(struct espy_str s, size_t root)
{
	static const struct espy_str heads[] = {
		{"\\Device\\", 8},
		{"\\REGISTRY\\", 10},
		{"\\SystemRoot\\", 12},
		{"\\??\\", 4},
	};

	if (root >= s.n || s.p[root] != '\\')
		return false;
	if (root)
		return true;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (espy_str_starts(s, heads[i]))
			return true;
	return s.n > 2 && s.p[1] == '\\' && s.p[2] != '\\' && memchr(s.p + 2, '\\', s.n - 2);
}

static bool is_all_printable(struct espy_str s)
{
	while (s.n) {
		size_t len = printable_head(s);

		if (!len)
			return false;
		s = skip(s, len);
	}
	return true;
}

/*
 * The spelling of a text, known by how it begins. So that a reader knows it too, a text in the
 * usual one never looks as if it began so: what would is written as \<HH>, and taken off `s`.
 */
static enum spelling begin(struct espy_buf *b, struct espy_str *s)
{
	size_t root = windows_root(*s);
	bool is_steered = root < s->n && !printable_head(skip(*s, root));

	if (is_windows(*s, root))
		return SPELLING_WINDOWS;
	if (root ? is_steered : s->n && s->p[0] == '\\' && !is_all_printable(*s)) {
		espy_buf_add(b, s->p, root);
		add_angle(b, (unsigned char)s->p[root]);
		*s = skip(*s, root + 1);
	}
	return SPELLING_USUAL;
}

void espy_escape_text(struct espy_buf *b, struct espy_str s)
{
	enum spelling spelling = begin(b, &s);

	for (;;) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (!s.n)
			return;
		s = skip(s, text_char(b, s, spelling));
	}
}

void espy_escape_windows(struct espy_buf *b, struct espy_str s)
{
	while (s.n) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (s.n)
			s = skip(s, windows_char(b, s));
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
	enum spelling spelling;

	if (quoted)
		espy_buf_putc(b, '"');
	spelling = begin(b, &s);
	while (s.n) {
		size_t n = plain_head(s);

		espy_buf_add(b, s.p, n);
		s = skip(s, n);
		if (!s.n)
			break;
		if (s.p[0] == '"')
			espy_buf_putc(b, '"');
		s = skip(s, text_char(b, s, spelling));
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
