/* SPDX-License-Identifier: MIT */
#include "model/value.h"

#include <errno.h>
#include <time.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NS_PER_SEC    1000000000ULL

/* --- named values ----------------------------------------------------------------------------- */

/* A name, or without one a PART: the names behind it are values of the bits `value`. */
struct value_name {
	const char *name;
	uint64_t value;
};

struct value_set {
	const struct value_name *names;
	uint32_t n;
	bool is_bits;
	uint64_t mask; /* what the kernel looks at */
};

#define BITS(set, ...)         static const struct value_name names_FLAGS_##set[] = {
#define VALUES(set, ...)       static const struct value_name names_ENUM_##set[] = {
#define NAME(set, name, value) {#name, value},
#define PART(set, mask)        {NULL, mask},
#define SET_END(set) \
	}            \
	;
#include "model/flags.def"

#define MASK_u32 UINT32_MAX
#define MASK_u64 UINT64_MAX
#define SET(names, is_bits, type)                              \
	{                                                      \
		names, ARRAY_SIZE(names), is_bits, MASK_##type \
	}

/* In the order of enum espy_fmt, from ESPY_FMT__FLAGS + 1 on. */
static const struct value_set sets[] = {
#define BITS(set, type)   SET(names_FLAGS_##set, true, type),
#define VALUES(set, type) SET(names_ENUM_##set, false, type),
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
};

static const struct value_set *set_of(unsigned fmt)
{
	return fmt > ESPY_FMT__FLAGS && fmt < ESPY_FMT__MAX ? &sets[fmt - ESPY_FMT__FLAGS - 1]
							    : NULL;
}

/* Rows of VALUES are sorted by the low half of their value; a handful may share it. */
static const char *find_value(const struct value_set *s, uint64_t v)
{
	uint32_t lo = 0, hi = s->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if ((uint16_t)s->names[mid].value < (uint16_t)v)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < s->n && (uint16_t)s->names[lo].value == (uint16_t)v; lo++)
		if (s->names[lo].value == v)
			return s->names[lo].name;
	return NULL;
}

static const char *zero_name(const struct value_set *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->names[i].name && s->names[i].value == 0)
			return s->names[i].name;
	return NULL;
}

static void add_name(struct espy_buf *b, size_t start, const char *name)
{
	if (b->n > start)
		espy_buf_putc(b, '|');
	espy_buf_puts(b, name);
}

static void show_bits(struct espy_buf *b, const struct value_set *s, uint64_t v)
{
	uint64_t rest = v, part = 0;
	size_t start = b->n;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct value_name *n = &s->names[i];
		bool hit =
			part ? (v & part) == n->value : n->value && (rest & n->value) == n->value;

		if (!n->name) {
			part = n->value;
		} else if (hit) {
			add_name(b, start, n->name);
			rest &= part ? ~part : ~n->value;
			part = 0; /* has its one name; the others find no bits left */
		}
	}
	if (b->n == start && rest == 0) {
		espy_buf_puts(b, zero_name(s) ? zero_name(s) : "0");
	} else if (rest) {
		add_name(b, start, "");
		espy_buf_hex(b, rest);
	}
}

static void show_named(struct espy_buf *b, const struct value_set *s, uint64_t v)
{
	const char *name;

	v &= s->mask;
	if (s->is_bits) {
		show_bits(b, s, v);
		return;
	}
	name = find_value(s, v);
	if (name)
		espy_buf_puts(b, name);
	else if (v)
		espy_buf_hex(b, v);
	else
		espy_buf_putc(b, '0');
}

int espy_value_parse_name(unsigned fmt, struct espy_str name, uint64_t *ret)
{
	const struct value_set *s = set_of(fmt);

	for (uint32_t i = 0; s && i < s->n; i++) {
		if (!s->names[i].name || !espy_str_eq(espy_str0(s->names[i].name), name))
			continue;
		*ret = s->names[i].value;
		return 0;
	}
	return -ENOENT;
}

const char *espy_value_name(unsigned fmt, unsigned index)
{
	const struct value_set *s = set_of(fmt);

	for (uint32_t i = 0; s && i < s->n; i++)
		if (s->names[i].name && index-- == 0)
			return s->names[i].name;
	return NULL;
}

const char *espy_errno_name(int64_t e)
{
	if (e < -ESPY_ERRNO_MAX || e > ESPY_ERRNO_MAX || e == 0)
		return NULL;
	return find_value(set_of(ESPY_FMT_ENUM_errno), (uint64_t)(e < 0 ? -e : e));
}

int espy_errno_value(struct espy_str name)
{
	uint64_t v = 0;

	return espy_value_parse_name(ESPY_FMT_ENUM_errno, name, &v) < 0 ? 0 : (int)v;
}

/* --- times, durations, sizes ------------------------------------------------------------------ */

static char *put_digits(char *p, uint64_t v, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--, v /= 10)
		p[i - 1] = (char)('0' + v % 10);
	return p + digits;
}

/* Seconds and nanoseconds, also of times before 1970. */
static int64_t split(int64_t ns, uint32_t *ret_ns)
{
	int64_t sec = ns / (int64_t)NS_PER_SEC, rest = ns % (int64_t)NS_PER_SEC;

	if (rest < 0) {
		rest += (int64_t)NS_PER_SEC;
		sec--;
	}
	*ret_ns = (uint32_t)rest;
	return sec;
}

/* Days since 1970 to a date of the Gregorian calendar; the year begins in March so that the leap
 * day is its last. Holds for all that 64 bits of nanoseconds can say (1677 to 2262). */
static void civil(int64_t days, uint64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	uint64_t since_0 = (uint64_t)(days + 719468); /* 0000-03-01 */
	uint64_t era = since_0 / 146097, in_era = since_0 % 146097;
	uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = (unsigned)(in_era - (365 * year + year / 4 - year / 100));
	unsigned month = (5 * in_year + 2) / 153;

	*ret_day = in_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = era * 400 + year + (*ret_month <= 2);
}

static char *put_clock(char *p, unsigned sec_of_day)
{
	p = put_digits(p, sec_of_day / 3600, 2);
	*p++ = ':';
	p = put_digits(p, sec_of_day / 60 % 60, 2);
	*p++ = ':';
	return put_digits(p, sec_of_day % 60, 2);
}

void espy_value_time(struct espy_buf *b, int64_t wall_ns)
{
	char text[sizeof("2026-11-21T08:00:00.123456789Z")], *p = text;
	uint32_t ns;
	int64_t sec = split(wall_ns, &ns), days = sec / 86400, in_day = sec % 86400;
	unsigned month, day;
	uint64_t year;

	if (in_day < 0) {
		in_day += 86400;
		days--;
	}
	civil(days, &year, &month, &day);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_clock(p, (unsigned)in_day);
	*p++ = '.';
	p = put_digits(p, ns, 9);
	*p++ = 'Z';
	espy_buf_add(b, text, (size_t)(p - text));
}

static void show_clock(struct espy_buf *b, unsigned sec_of_day, uint32_t ns)
{
	char text[sizeof("08:00:00.123456")], *p = put_clock(text, sec_of_day);

	*p++ = '.';
	p = put_digits(p, ns / 1000, 6);
	espy_buf_add(b, text, (size_t)(p - text));
}

void espy_value_clock(struct espy_buf *b, int64_t wall_ns)
{
	uint32_t ns;
	time_t sec = split(wall_ns, &ns);
	struct tm tm = {0};

	localtime_r(&sec, &tm);
	show_clock(b, (unsigned)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec), ns);
}

void espy_value_clock_utc(struct espy_buf *b, int64_t wall_ns)
{
	uint32_t ns;
	int64_t in_day = split(wall_ns, &ns) % 86400;

	show_clock(b, (unsigned)(in_day < 0 ? in_day + 86400 : in_day), ns);
}

/* `v` thousandths of a unit with as many decimals as `digits` digits allow; cut, not rounded, so
 * that 999.9 stays below the next unit. */
static void show_thousandths(struct espy_buf *b, uint64_t v, unsigned digits, const char *unit)
{
	unsigned whole = v >= 100000 ? 3 : v >= 10000 ? 2 : 1;
	unsigned decimals = digits > whole ? digits - whole : 0;
	char text[4], *end = put_digits(text, v % 1000, 3);

	if (decimals > 3)
		decimals = 3;
	espy_buf_u64(b, v / 1000);
	if (decimals) {
		espy_buf_putc(b, '.');
		espy_buf_add(b, end - 3, decimals);
	}
	espy_buf_puts(b, unit);
}

/* 1m05s, 2h03m, 3d04h */
static void show_long(struct espy_buf *b, uint64_t big, char big_unit, uint64_t small,
		      char small_unit)
{
	char text[2];

	put_digits(text, small, 2);
	espy_buf_u64(b, big);
	espy_buf_putc(b, big_unit);
	espy_buf_add(b, text, sizeof(text));
	espy_buf_putc(b, small_unit);
}

void espy_value_duration(struct espy_buf *b, uint64_t ns)
{
	uint64_t sec = ns / NS_PER_SEC;

	if (ns < 1000) {
		espy_buf_u64(b, ns);
		espy_buf_puts(b, "ns");
	} else if (ns < 1000000) {
		show_thousandths(b, ns, 3, "us");
	} else if (ns < NS_PER_SEC) {
		show_thousandths(b, ns / 1000, 3, "ms");
	} else if (sec < 60) {
		show_thousandths(b, ns / 1000000, 4, "s");
	} else if (sec < 3600) {
		show_long(b, sec / 60, 'm', sec % 60, 's');
	} else if (sec < 86400) {
		show_long(b, sec / 3600, 'h', sec / 60 % 60, 'm');
	} else {
		show_long(b, sec / 86400, 'd', sec / 3600 % 24, 'h');
	}
}

void espy_value_bytes(struct espy_buf *b, uint64_t n)
{
	static const char *const units[] = {" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
	unsigned unit = 0;

	if (n < 1024) {
		espy_buf_u64(b, n);
		espy_buf_puts(b, " B");
		return;
	}
	for (; n >> 20; n >>= 10)
		unit++;
	espy_buf_u64(b, n / 1024);
	if (n < 102400) {
		espy_buf_putc(b, '.');
		espy_buf_putc(b, (char)('0' + n % 1024 * 10 / 1024));
	}
	espy_buf_puts(b, units[unit]);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void show_octal(struct espy_buf *b, uint64_t v)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + (v & 7));
		v >>= 3;
	} while (v || digits + sizeof(digits) - p < 3);
	espy_buf_putc(b, '0');
	espy_buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

/* S_IFREG|0644 */
static void show_mode(struct espy_buf *b, uint64_t v)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO|", [2] = "S_IFCHR|",  [4] = "S_IFDIR|",   [6] = "S_IFBLK|",
		[8] = "S_IFREG|", [10] = "S_IFLNK|", [12] = "S_IFSOCK|",
	};
	const char *type = v < 0x10000 ? types[v >> 12] : NULL;

	if (type)
		espy_buf_puts(b, type);
	show_octal(b, type ? v & 07777 : v);
}

/* As mknod(2) takes it: new_decode_dev() of the kernel's linux/kdev_t.h. */
static void show_dev(struct espy_buf *b, uint64_t v)
{
	espy_buf_u64(b, (v & 0xfff00) >> 8);
	espy_buf_putc(b, ':');
	espy_buf_u64(b, (v & 0xff) | ((v >> 12) & 0xfff00));
}

static void show_wall(struct espy_buf *b, int64_t v)
{
	if (v == ESPY_WALL_NOW)
		espy_buf_puts(b, "now");
	else if (v == ESPY_WALL_KEEP)
		espy_buf_puts(b, "unchanged");
	else if (v == ESPY_WALL_UNKNOWN)
		espy_buf_puts(b, "unknown");
	else
		espy_value_time(b, v);
}

static void show_errno(struct espy_buf *b, int64_t v)
{
	const char *name = v < 0 ? espy_errno_name(v) : NULL;

	if (name)
		espy_buf_puts(b, name);
	else
		espy_buf_s64(b, v);
}

static void show_pointer(struct espy_buf *b, int64_t v)
{
	if (v <= 0 && v >= -ESPY_ERRNO_MAX)
		show_errno(b, v);
	else
		espy_buf_hex(b, (uint64_t)v);
}

/* What ended a process: its exit code, or minus the signal. */
static void show_exit(struct espy_buf *b, int64_t v)
{
	if (v < 0)
		show_named(b, set_of(ESPY_FMT_ENUM_signal), 0 - (uint64_t)v);
	else
		espy_buf_s64(b, v);
}

static void show_decimal(struct espy_buf *b, bool is_signed, uint64_t v)
{
	if (is_signed)
		espy_buf_s64(b, (int64_t)v);
	else
		espy_buf_u64(b, v);
}

void espy_value_num(struct espy_buf *b, unsigned fmt, bool is_signed, uint64_t v,
		    int64_t wall_offset)
{
	const struct value_set *set = set_of(fmt);
	bool is_negative = is_signed && (int64_t)v < 0;

	if (set)
		show_named(b, set, v);
	else if (fmt == ESPY_FMT_TIME)
		espy_value_time(b, (int64_t)(v + (uint64_t)wall_offset));
	else if (fmt == ESPY_FMT_WALL)
		show_wall(b, (int64_t)v);
	else if (fmt == ESPY_FMT_ERRNO)
		show_errno(b, (int64_t)v);
	else if (fmt == ESPY_FMT_POINTER)
		show_pointer(b, (int64_t)v);
	else if (fmt == ESPY_FMT_EXIT)
		show_exit(b, (int64_t)v);
	else if (is_negative)
		espy_buf_s64(b, (int64_t)v); /* -1 is "none" in a mode or an owner */
	else if (fmt == ESPY_FMT_HEX)
		espy_buf_hex(b, v);
	else if (fmt == ESPY_FMT_OCT)
		show_octal(b, v);
	else if (fmt == ESPY_FMT_MODE)
		show_mode(b, v);
	else if (fmt == ESPY_FMT_DEV)
		show_dev(b, v);
	else if (fmt == ESPY_FMT_NSEC)
		espy_value_duration(b, v);
	else
		show_decimal(b, is_signed || fmt == ESPY_FMT_FD, v);
}

bool espy_value_says_nothing(unsigned fmt, bool is_signed, bool is_narrow, uint64_t v)
{
	const struct value_set *set = set_of(fmt);
	int64_t s = (int64_t)v;

	if (set && !set->is_bits && (uint32_t)v == UINT32_MAX)
		return true;
	if (set)
		return (v & set->mask) == 0 && !zero_name(set);
	switch (fmt) {
	case ESPY_FMT_UID:
	case ESPY_FMT_GID:
		return is_signed ? s == -1 : (uint32_t)v == UINT32_MAX;
	case ESPY_FMT_WALL:
		return s == ESPY_WALL_KEEP || s == ESPY_WALL_UNKNOWN;
	case ESPY_FMT_FD:
		return is_signed ? s <= 0 : s == -1;
	case ESPY_FMT_OFFSET:
		return s < 0;
	case ESPY_FMT_BYTES:
		return is_signed ? s < 0 : v == 0;
	case ESPY_FMT_HEX:
		return v == 0;
	case ESPY_FMT_OCT:
		return is_signed ? s == -1 : is_narrow && v == 0;
	default:
		return !is_signed && v == 0;
	}
}
