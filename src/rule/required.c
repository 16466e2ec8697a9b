/* SPDX-License-Identifier: MIT */
#include "rule/required.h"

/* Letters that are an escape by themselves: others are followed by what is no text of its own, or
 * change the meaning of what follows. */
#define WHOLE_ESCAPES "dDwWsShHvVRbBAzZGXntrfea"

struct walk {
	struct espy_str p;
	size_t at;
	char *room;
	size_t begin, n;     /* the run of plain bytes that is being collected, in room */
	size_t best, best_n; /* the longest so far, at room + best */
	unsigned runs;       /* that were not empty */
	bool quantified;     /* what was just read is a quantifier */
	bool other;          /* there is more than plain bytes */
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of two of the same length the later one: paths begin alike and end differently. */
static void end_run(struct walk *w)
{
	if (w->n && w->n >= w->best_n) {
		w->best = w->begin;
		w->best_n = w->n;
	}
	w->runs += w->n > 0;
	w->begin += w->n;
	w->n = 0;
}

static char peek(const struct walk *w, size_t ahead)
{
	return w->at + ahead < w->p.n ? w->p.p[w->at + ahead] : '\0';
}

/* At a backslash; false: not understood. *ret is the byte that it stands for, or 0. */
static bool read_escape(struct walk *w, char *ret)
{
	char c = peek(w, 1);

	if (w->at + 1 >= w->p.n || c == '\0' || (unsigned char)c >= 0x80)
		return false;
	if (is_alnum(c) && !is_one_of(c, WHOLE_ESCAPES))
		return false;
	w->at += 2;
	*ret = is_alnum(c) ? '\0' : c;
	return true;
}

/* At '['. Classes within it are not understood. */
static bool skip_class(struct walk *w)
{
	char plain;

	w->at++;
	if (peek(w, 0) == '^')
		w->at++;
	for (bool first = true; w->at < w->p.n; first = false) {
		char c = w->p.p[w->at];

		if (c == ']' && !first) {
			w->at++;
			return true;
		}
		if (c == '[' && is_one_of(peek(w, 1), ":.="))
			return false;
		if (c != '\\')
			w->at++;
		else if (!read_escape(w, &plain))
			return false;
	}
	return false;
}

/* At '('. "(?" and "(*" can be anything. */
static bool skip_group(struct walk *w)
{
	unsigned depth = 0;
	char plain;

	while (w->at < w->p.n) {
		char c = w->p.p[w->at];
		bool good = true;

		if (c == '\\') {
			good = read_escape(w, &plain);
		} else if (c == '[') {
			good = skip_class(w);
		} else {
			good = c != '(' || !is_one_of(peek(w, 1), "?*");
			depth += c == '(' ? 1 : c == ')' ? -1u : 0;
			w->at++;
		}
		if (!good || depth == 0)
			return good;
	}
	return false;
}

/* At '{': true for {2}, {2,} and {2,3}, which it moves behind; other braces are not understood. */
static bool skip_count(struct walk *w)
{
	size_t i = 1;

	if (!is_digit(peek(w, i)))
		return false;
	while (is_digit(peek(w, i)))
		i++;
	i += peek(w, i) == ',';
	while (is_digit(peek(w, i)))
		i++;
	if (peek(w, i) != '}')
		return false;
	w->at += i + 1;
	return true;
}

/* At one of * ? + {. What it repeats is in a match for certain only with +, and what follows does
 * not follow it directly. */
static bool read_quantifier(struct walk *w)
{
	char c = w->p.p[w->at];

	if (w->quantified) /* a quantifier of a quantifier */
		return false;
	if (c != '+' && w->n)
		w->n--;
	if (c == '{' && !skip_count(w))
		return false;
	w->at += c != '{';
	w->at += is_one_of(peek(w, 0), "?+");
	end_run(w);
	w->quantified = w->other = true;
	return true;
}

static void read_byte(struct walk *w, char c)
{
	w->room[w->begin + w->n++] = c;
	w->quantified = false;
}

/* Something that stands for no certain bytes. */
static void read_other(struct walk *w)
{
	end_run(w);
	w->other = true;
	w->quantified = false;
}

static bool read_escaped(struct walk *w)
{
	char plain;

	if (!read_escape(w, &plain))
		return false;
	if (plain)
		read_byte(w, plain);
	else
		read_other(w);
	return true;
}

/* Takes the next item; false: nothing can be said about this pattern. */
static bool read_item(struct walk *w)
{
	char c = w->p.p[w->at];

	switch (c) {
	case '|':
	case ')':
		return false;
	case '\\':
		return read_escaped(w);
	case '*':
	case '?':
	case '+':
	case '{':
		return read_quantifier(w);
	case '(':
		read_other(w);
		return skip_group(w);
	case '[':
		read_other(w);
		return skip_class(w);
	case '.':
	case '^':
	case '$':
		read_other(w);
		w->at++;
		return true;
	default:
		read_byte(w, c);
		w->at++;
		return true;
	}
}

/* Does '$' stand at the very end, and not as text? All before it is known to be plain or escaped.
 */
static bool ends_with_dollar(struct espy_str p)
{
	size_t backslashes = 0;

	if (p.n == 0 || p.p[p.n - 1] != '$')
		return false;
	while (backslashes + 1 < p.n && p.p[p.n - 2 - backslashes] == '\\')
		backslashes++;
	return backslashes % 2 == 0;
}

struct espy_required espy_required_find(struct espy_str pattern, char *room)
{
	struct espy_required r = {.at_start = pattern.n && pattern.p[0] == '^',
				  .at_end = ends_with_dollar(pattern)};
	struct walk w = {.p = pattern, .room = room};

	w.p.p += r.at_start;
	w.p.n -= r.at_start + r.at_end;
	while (w.at < w.p.n)
		if (!read_item(&w))
			return (struct espy_required){0};
	end_run(&w);
	r.text = (struct espy_str){room + w.best, w.best_n};
	r.whole = !w.other && w.runs == 1;
	return r;
}
