/* SPDX-License-Identifier: MIT */
#include "rule/lex.h"
#include <errno.h>
#include "rule/fail.h"

/* Longest first. */
static const char *const signs[] = {"==", "=~", "!=", "!~", "<=", ">=", "<>", "&&",
				    "||", "=",  "!",  "<",  ">",  "&",  "|",  "~"};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char byte_at(const struct espy_lex *l, uint32_t pos)
{
	return pos < l->src.n ? l->src.p[pos] : '\0';
}

/* Bytes that end a word anywhere. */
static bool is_delimiter(char c)
{
	return is_space(c) || c == '(' || c == ')' || c == ',' || c == '"' || c == '\'';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* Does the byte at `pos` go on a word that began at `start`? */
static bool is_in_word(const struct espy_lex *l, enum espy_lex_mode mode, uint32_t start,
		       uint32_t pos)
{
	char c = byte_at(l, pos);

	if (is_delimiter(c) || is_control(c))
		return false;
	if (!strchr("=!<>&|~", c))
		return true;
	if (mode == ESPY_LEX_NAME)
		return false;
	if (c == '~')
		return true;
	if (c == '&' || c == '|') /* && and || end a value, one of them does not: O_CREAT|O_EXCL */
		return pos > start && byte_at(l, pos + 1) != c && l->src.p[pos - 1] != c;
	return pos > start;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/*
 * The escape whose backslash is at *pos; appends to out and moves *pos behind it. One that is not
 * known stays as it is, backslash included, so that "\.so$" reaches a regular expression unharmed.
 */
static int unescape(struct espy_lex *l, uint32_t *pos, char *out, size_t *n)
{
	static const char names[] = "ntr\\\"'", values[] = "\n\t\r\\\"'";
	char c = byte_at(l, *pos + 1);
	const char *known = c ? strchr(names, c) : NULL;

	if (known) {
		out[(*n)++] = values[known - names];
		*pos += 2;
	} else if (c == 'x') {
		int high = hex_digit(byte_at(l, *pos + 2));
		int low = high < 0 ? -1 : hex_digit(byte_at(l, *pos + 3));

		if (low < 0)
			return espy_fail_at(l->err, -EINVAL, *pos,
					    "\\x needs two hexadecimal digits, such as \\x0a");
		out[(*n)++] = (char)(high << 4 | low);
		*pos += 4;
	} else {
		out[(*n)++] = '\\';
		*pos += 1;
	}
	return 0;
}

/* Where the quote that closes the string at l->pos is; the end of the text when it is missing. */
static uint32_t closing_quote(const struct espy_lex *l)
{
	uint32_t pos = l->pos + 1;

	while (pos < l->src.n && l->src.p[pos] != l->src.p[l->pos])
		pos += l->src.p[pos] == '\\' ? 2 : 1;
	return pos < l->src.n ? pos : (uint32_t)l->src.n;
}

static int lex_string(struct espy_lex *l, struct espy_token *t)
{
	uint32_t pos = l->pos + 1, end = closing_quote(l);
	char *out;
	size_t n = 0;

	if (end == l->src.n)
		return espy_fail_at(l->err, -EINVAL, l->pos, "this string has no closing %c",
				    l->src.p[l->pos]);
	out = espy_arena_alloc(l->arena, end - pos + 1);
	if (!out)
		return -ENOMEM;
	while (pos < end) {
		int r = 0;

		if (l->src.p[pos] == '\\')
			r = unescape(l, &pos, out, &n);
		else
			out[n++] = l->src.p[pos++];
		if (r < 0)
			return r;
	}
	*t = (struct espy_token){ESPY_TOKEN_STRING, l->pos, {out, n}};
	l->pos = end + 1;
	return 0;
}

static bool lex_sign(struct espy_lex *l, struct espy_token *t)
{
	struct espy_str rest = {l->src.p + l->pos, l->src.n - l->pos};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct espy_str sign = espy_str0(signs[i]);

		if (!espy_str_starts(rest, sign))
			continue;
		*t = (struct espy_token){ESPY_TOKEN_SIGN, l->pos, {rest.p, sign.n}};
		l->pos += (uint32_t)sign.n;
		return true;
	}
	return false;
}

static bool lex_punctuation(struct espy_lex *l, struct espy_token *t)
{
	char c = l->src.p[l->pos];

	if (c != '(' && c != ')' && c != ',')
		return false;
	*t = (struct espy_token){c == '('   ? ESPY_TOKEN_OPEN
				 : c == ')' ? ESPY_TOKEN_CLOSE
					    : ESPY_TOKEN_COMMA,
				 l->pos,
				 {l->src.p + l->pos, 1}};
	l->pos++;
	return true;
}

int espy_lex_next(struct espy_lex *l, enum espy_lex_mode mode, struct espy_token *ret)
{
	uint32_t start;
	char c;

	while (l->pos < l->src.n && is_space(l->src.p[l->pos]))
		l->pos++;
	start = l->pos;
	if (start >= l->src.n) {
		*ret = (struct espy_token){ESPY_TOKEN_END, start, ESPY_STR_NONE};
		return 0;
	}
	c = l->src.p[start];
	if (c == '"' || c == '\'')
		return lex_string(l, ret);
	if (lex_punctuation(l, ret))
		return 0;
	while (l->pos < l->src.n && is_in_word(l, mode, start, l->pos))
		l->pos++;
	if (l->pos > start) {
		*ret = (struct espy_token){
			ESPY_TOKEN_WORD, start, {l->src.p + start, l->pos - start}};
		return 0;
	}
	if (lex_sign(l, ret))
		return 0;
	return espy_fail_at(l->err, -EINVAL, start,
			    "control character \\x%02x: put the text in quotes and write it so",
			    (unsigned char)c);
}
