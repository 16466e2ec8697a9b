/* SPDX-License-Identifier: MIT */
#include "enrich/sysctl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SYMBOL_LINE_MAX 512
#define NUMBERS_MAX     ESPY_SETTING_RAW

enum form { FORM_UNKNOWN, FORM_STRING, FORM_U8, FORM_INT, FORM_UINT, FORM_ULONG };

/* Beginnings of names, the longer ones first. What counts in jiffies is told in other units than it
 * is kept in, by a number that the kernel does not tell. */
static const struct {
	const char *name;
	uint8_t form;
} names[] = {
	{"proc_dostring", FORM_STRING},      {"proc_douintvec", FORM_UINT},
	{"proc_dou8vec", FORM_U8},           {"proc_doulongvec_ms", FORM_UNKNOWN},
	{"proc_doulongvec", FORM_ULONG},     {"proc_dointvec_jiffies", FORM_UNKNOWN},
	{"proc_dointvec_ms_", FORM_UNKNOWN}, {"proc_dointvec_userhz_", FORM_UNKNOWN},
	{"proc_dointvec", FORM_INT},         {"proc_dobool", FORM_U8},
};

static const uint8_t width[] = {[FORM_U8] = 1, [FORM_INT] = 4, [FORM_UINT] = 4, [FORM_ULONG] = 8};

/* --- functions ------------------------------------------------------------------------------ */

void espy_sysctl_symbol(struct espy_sysctls *t, const char *line)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);

	if (!address || end[0] != ' ' || !end[1] || end[2] != ' ' ||
	    strncmp(end + 3, "proc_do", 7) != 0)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strncmp(end + 3, names[i].name, strlen(names[i].name)) != 0)
			continue;
		if (t->n < ESPY_SYSCTL_HANDLERS_MAX) {
			t->handlers[t->n].address = address;
			t->handlers[t->n++].form = names[i].form;
		}
		return;
	}
}

static void look(struct espy_sysctls *t)
{
	char line[SYMBOL_LINE_MAX];
	FILE *f = fopen("/proc/kallsyms", "re");

	t->looked = true;
	while (f && fgets(line, sizeof(line), f))
		espy_sysctl_symbol(t, line);
	if (f)
		fclose(f);
}

/* -1: no such function is known. */
static int form_of(const struct espy_sysctls *t, uint64_t handler)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->handlers[i].address == handler)
			return t->handlers[i].form;
	return -1;
}

/* --- values --------------------------------------------------------------------------------- */

static int64_t number_at(const char *p, unsigned form, size_t i)
{
	union {
		uint8_t u8;
		int32_t s32;
		uint32_t u32;
		int64_t s64;
	} v = {0};

	memcpy(&v, p + i * width[form], width[form]);
	switch (form) {
	case FORM_U8:
		return v.u8;
	case FORM_INT:
		return v.s32;
	case FORM_UINT:
		return v.u32;
	}
	return v.s64;
}

/* Numbers of a text, at most NUMBERS_MAX; 0 when it is anything else. */
static size_t parse(struct espy_str s, int64_t *ret)
{
	char text[1025], *p = text, *end;
	size_t n = 0;

	if (s.n >= sizeof(text) || memchr(s.p, 0, s.n))
		return 0;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	while (n < NUMBERS_MAX) {
		while (isspace((unsigned char)*p))
			p++;
		if (!*p)
			return n;
		ret[n++] = *p == '-' ? strtoll(p, &end, 0) : (int64_t)strtoull(p, &end, 0);
		if (end == p || (*end && !isspace((unsigned char)*end)))
			return 0;
		p = end;
	}
	return 0;
}

/* Did the write make these numbers of the memory? All zero says nothing. */
static bool is_made_of(const struct espy_setting_raw *raw, unsigned form, const int64_t *want,
		       size_t n)
{
	bool some = false;

	if (raw->maxlen % width[form] || n > raw->n / width[form])
		return false;
	for (size_t i = 0; i < n; i++) {
		if (number_at(raw->now, form, i) != want[i])
			return false;
		some |= want[i] != 0;
	}
	return some;
}

static unsigned form_by_write(const struct espy_setting_raw *raw, struct espy_str written)
{
	static const uint8_t tried[] = {FORM_ULONG, FORM_INT, FORM_UINT, FORM_U8};
	int64_t want[NUMBERS_MAX];
	size_t n = parse(written, want);

	for (size_t i = 0; n && i < sizeof(tried); i++)
		if (is_made_of(raw, tried[i], want, n))
			return tried[i];
	if (written.n && written.n < raw->n && !memcmp(raw->now, written.p, written.n) &&
	    !raw->now[written.n])
		return FORM_STRING;
	return FORM_UNKNOWN;
}

static void put(const struct espy_setting_raw *raw, unsigned form, struct espy_buf *out,
		bool *ret_cut)
{
	size_t n;

	*ret_cut = raw->n < raw->maxlen;
	if (form == FORM_STRING) {
		n = strnlen(raw->old, raw->n);
		*ret_cut &= n == raw->n;
		espy_buf_add(out, raw->old, n);
		return;
	}
	n = raw->n / width[form];
	for (size_t i = 0; i < n; i++) {
		if (i)
			espy_buf_putc(out, '\t');
		if (form == FORM_ULONG)
			espy_buf_u64(out, (uint64_t)number_at(raw->old, form, i));
		else
			espy_buf_s64(out, number_at(raw->old, form, i));
	}
}

bool espy_sysctl_before(struct espy_sysctls *t, const struct espy_setting_raw *raw,
			struct espy_str written, bool worked, struct espy_buf *out, bool *ret_cut)
{
	int form;

	if (!raw->handler || !raw->n || raw->n > ESPY_SETTING_RAW)
		return false;
	if (!t->looked)
		look(t);
	form = form_of(t, raw->handler);
	if (form < 0)
		form = worked ? (int)form_by_write(raw, written) : FORM_UNKNOWN;
	if (form == FORM_UNKNOWN || (form != FORM_STRING && raw->n < width[form]))
		return false;
	put(raw, (unsigned)form, out, ret_cut);
	return true;
}
