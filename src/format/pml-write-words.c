/* SPDX-License-Identifier: MIT */
#include "format/pml-write-words.h"

#include <stdlib.h>
#include <time.h>
#include "format/pmc-digits.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define EPOCH_AS_FILETIME 11644473600ull /* seconds from 1601 to 1970 */
#define TICKS             10000000ull    /* of a second */

/* --- tables ----------------------------------------------------------------------------------- */

struct word {
	uint8_t set;
	uint32_t value;
	const char *text;
};

#define WORDS(set, ...) SET_##set,
#define WORD(...)
enum set {
#include "format/pml-words.def"
	SET__MAX
};

static const char *const separators[] = {
#define WORDS(set, separator, ...) [SET_##set] = (separator),
#define WORD(...)
#include "format/pml-words.def"
};

/* The words of a set stand behind its head, a row without a text. */
static const struct {
	uint32_t value;
	const char *text;
} words[] = {
#define WORDS(set, ...)   {SET_##set, NULL},
#define WORD(value, text) {(value), (text)},
#include "format/pml-words.def"
};

/* Place of the first word of a set. */
static size_t first_word(enum espy_pml_words set)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!words[i].text && words[i].value == set)
			return i + 1;
	return ARRAY_SIZE(words);
}

bool espy_pml_value_of(enum espy_pml_words set, struct espy_str word, uint32_t *ret)
{
	for (size_t i = first_word(set); i < ARRAY_SIZE(words) && words[i].text; i++) {
		if (espy_str_eq(espy_str0(words[i].text), word)) {
			*ret = words[i].value;
			return true;
		}
	}
	return false;
}

static uint64_t hex(struct espy_str s)
{
	char buf[20] = "";

	if (s.n < sizeof(buf))
		memcpy(buf, s.p, s.n);
	return strtoull(buf, NULL, 16);
}

/* Without anything between the words the longest that fits is the one. */
static uint32_t glued_bits(enum espy_pml_words set, struct espy_str s)
{
	uint32_t bits = 0;

	while (s.n) {
		size_t best = 0, n = 1;

		for (size_t i = first_word(set); i < ARRAY_SIZE(words) && words[i].text; i++) {
			struct espy_str w = espy_str0(words[i].text);

			if (!espy_str_starts(s, w) || (best && w.n <= n))
				continue;
			best = i;
			n = w.n;
		}
		bits |= best ? words[best].value : 0;
		s = (struct espy_str){s.p + n, s.n - n};
	}
	return bits;
}

uint32_t espy_pml_bits_of(enum espy_pml_words set, struct espy_str text)
{
	struct espy_str separator = espy_str0(separators[set]);
	uint32_t bits = 0, v;

	if (!separator.n)
		return glued_bits(set, text);
	while (text.n) {
		const char *end = memmem(text.p, text.n, separator.p, separator.n);
		struct espy_str word = {text.p, end ? (size_t)(end - text.p) : text.n};
		size_t n = word.n + (end ? separator.n : 0);

		if (espy_pml_value_of(set, word, &v))
			bits |= v;
		else if (espy_str_starts(word, ESPY_STR("0x")))
			bits |= (uint32_t)hex(word);
		text = (struct espy_str){text.p + n, text.n - n};
	}
	return bits;
}

uint32_t espy_pml_control_of(struct espy_str text)
{
	static const struct {
		uint32_t code;
		const char *name;
	} codes[] = {
#define CONTROL(code_, category_, name_) {(code_), (name_)},
#include "format/pml-control.def"
	};
	struct espy_str word = {text.p, 0};

	while (word.n < text.n && text.p[word.n] != ' ')
		word.n++;
	if (espy_str_starts(word, ESPY_STR("0x")))
		return (uint32_t)hex(word);
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (espy_str_eq(espy_str0(codes[i].name), word))
			return codes[i].code;
	return 0;
}

/* --- items ------------------------------------------------------------------------------------ */

/* Does `s` at `at` begin an item of that name? Length of "name: ", 0 when not. */
static size_t begins(struct espy_str s, size_t at, const char *name)
{
	size_t n = strlen(name);

	if (s.n - at < n + 1 || memcmp(s.p + at, name, n) != 0 || s.p[at + n] != ':')
		return 0;
	return s.n - at > n + 1 && s.p[at + n + 1] == ' ' ? n + 2 : n + 1;
}

/* Where the next item begins that can stand behind name `i`: its comma, or the end. */
static size_t end_of(const struct espy_pml_items *d, size_t at, size_t i)
{
	for (; at + 2 < d->text.n; at++) {
		if (d->text.p[at] != ',' || d->text.p[at + 1] != ' ')
			continue;
		for (size_t k = i + 1; d->names[k]; k++)
			if (begins(d->text, at + 2, d->names[k]))
				return at;
	}
	return d->text.n;
}

bool espy_pml_items_get(const struct espy_pml_items *d, const char *name, struct espy_str *ret)
{
	size_t at = 0;

	for (size_t i = 0; d->names[i] && at < d->text.n; i++) {
		size_t head = begins(d->text, at, d->names[i]), end;

		if (!head)
			continue;
		end = d->names[i + 1] ? end_of(d, at + head, i) : d->text.n;
		if (strcmp(d->names[i], name) == 0) {
			*ret = (struct espy_str){d->text.p + at + head, end - at - head};
			return true;
		}
		at = end + 2;
	}
	return false;
}

/* A copy without the commas of thousands; "" when it is too long. */
static void plain(char *buf, size_t size, struct espy_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && s.n < size; i++)
		if (s.p[i] != ',')
			buf[n++] = s.p[i];
	buf[n] = '\0';
}

static bool get_plain(const struct espy_pml_items *d, const char *name, char *buf, size_t size)
{
	struct espy_str s;

	buf[0] = '\0';
	if (!espy_pml_items_get(d, name, &s))
		return false;
	plain(buf, size, s);
	return true;
}

int64_t espy_pml_items_number(const struct espy_pml_items *d, const char *name)
{
	char buf[40];

	get_plain(d, name, buf, sizeof(buf));
	if (buf[0] == '0' && buf[1] == 'x')
		return (int64_t)strtoull(buf, NULL, 16);
	return strtoll(buf, NULL, 10);
}

bool espy_pml_items_bool(const struct espy_pml_items *d, const char *name)
{
	struct espy_str s;

	return espy_pml_items_get(d, name, &s) && espy_str_eq(s, ESPY_STR("True"));
}

uint64_t espy_pml_items_ticks(const struct espy_pml_items *d, const char *name)
{
	uint64_t seconds = 0, ticks = 0;
	char buf[48];
	const char *at = buf;

	get_plain(d, name, buf, sizeof(buf));
	espy_take_digits(&at, 10, 11, &seconds);
	if (*at == '.' && *++at)
		espy_take_digits(&at, 10, 7, &ticks);
	return seconds * TICKS + ticks;
}

uint64_t espy_pml_items_date(const struct espy_pml_items *d, const char *name)
{
	uint64_t day[3], clock[3];
	struct tm tm = {0};
	char buf[48];
	const char *at = buf;

	get_plain(d, name, buf, sizeof(buf));
	if (!espy_take_three(&at, '/', day) || *at++ != ' ' || !espy_take_three(&at, ':', clock) ||
	    *at != ' ' || day[2] > 9999)
		return 0;
	tm.tm_mon = (int)day[0] - 1;
	tm.tm_mday = (int)day[1];
	tm.tm_year = (int)day[2] - 1900;
	tm.tm_hour = (int)(clock[0] % 12) + (at[1] == 'P' ? 12 : 0);
	tm.tm_min = (int)clock[1];
	tm.tm_sec = (int)clock[2];
	return ((uint64_t)timegm(&tm) + EPOCH_AS_FILETIME) * TICKS;
}

uint32_t espy_pml_items_bits(const struct espy_pml_items *d, const char *name,
			     enum espy_pml_words set)
{
	struct espy_str s;

	return espy_pml_items_get(d, name, &s) ? espy_pml_bits_of(set, s) : 0;
}
