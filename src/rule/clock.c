/* SPDX-License-Identifier: MIT */
#include "rule/clock.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include "rule/literal.h"

#define NSEC_PER_SEC 1000000000ll
#define SEC_PER_DAY  86400ll
#define YEAR_FIRST   1900u
#define YEAR_LAST    2261u /* the last whole year that 64 bits of nanoseconds hold */

/* What was written, taken apart. */
struct parts {
	unsigned year, month, day, hour, minute, second;
	uint64_t fraction;  /* ns */
	uint64_t precision; /* ns that the text leaves open, at least 1 */
	bool has_date, has_time, has_zone;
	int zone; /* seconds east */
};

struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

static bool take_digits(struct cursor *c, unsigned n, unsigned *ret)
{
	unsigned v = 0;

	if ((size_t)(c->end - c->p) < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (c->p[i] < '0' || c->p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(c->p[i] - '0');
	}
	c->p += n;
	*ret = v;
	return true;
}

static bool take_date(struct cursor *c, struct parts *p)
{
	struct cursor save = *c;

	if (take_digits(c, 4, &p->year) && take(c, '-') && take_digits(c, 2, &p->month) &&
	    take(c, '-') && take_digits(c, 2, &p->day)) {
		p->has_date = true;
		p->precision = (uint64_t)(SEC_PER_DAY * NSEC_PER_SEC);
		return true;
	}
	*c = save;
	return false;
}

static bool take_fraction(struct cursor *c, struct parts *p)
{
	uint64_t unit = NSEC_PER_SEC;
	unsigned digit;

	while (take_digits(c, 1, &digit)) {
		unit /= 10;
		if (unit == 0)
			return false;
		p->fraction += digit * unit;
	}
	p->precision = unit;
	return unit < NSEC_PER_SEC;
}

static bool take_time(struct cursor *c, struct parts *p)
{
	if (!take_digits(c, 2, &p->hour) || !take(c, ':') || !take_digits(c, 2, &p->minute))
		return false;
	p->has_time = true;
	p->precision = 60 * NSEC_PER_SEC;
	if (!take(c, ':'))
		return true;
	if (!take_digits(c, 2, &p->second))
		return false;
	p->precision = NSEC_PER_SEC;
	return !take(c, '.') || take_fraction(c, p);
}

static bool take_zone(struct cursor *c, struct parts *p)
{
	unsigned hours, minutes = 0;
	int sign = 1;

	p->has_zone = true;
	if (take(c, 'Z') || take(c, 'z'))
		return true;
	if (take(c, '-'))
		sign = -1;
	else if (!take(c, '+'))
		return p->has_zone = false, true;
	if (!take_digits(c, 2, &hours))
		return false;
	if (take(c, ':') || c->p < c->end)
		if (!take_digits(c, 2, &minutes))
			return false;
	p->zone = sign * (int)(hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

static bool is_on_calendar(const struct parts *p)
{
	static const unsigned days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (p->year % 4 == 0 && p->year % 100 != 0) || p->year % 400 == 0;

	if (p->hour > 23 || p->minute > 59 || p->second > 59)
		return false;
	if (!p->has_date)
		return true;
	return p->year >= YEAR_FIRST && p->year <= YEAR_LAST && p->month >= 1 && p->month <= 12 &&
	       p->day >= 1 && p->day <= days[p->month - 1] &&
	       (p->month != 2 || p->day < 29 || leap);
}

/* Seconds since 1970 of the parts' second, `days` days later. */
static int64_t wall_seconds(const struct parts *p, int days)
{
	struct tm tm = {.tm_year = (int)p->year - 1900,
			.tm_mon = (int)p->month - 1,
			.tm_mday = (int)p->day + days,
			.tm_hour = (int)p->hour,
			.tm_min = (int)p->minute,
			.tm_sec = (int)p->second,
			.tm_isdst = -1};

	return p->has_zone ? (int64_t)timegm(&tm) - p->zone : (int64_t)mktime(&tm);
}

static void make_wall(const struct parts *p, struct espy_moment *lo, struct espy_moment *hi)
{
	lo->kind = hi->kind = ESPY_MOMENT_WALL;
	lo->v = (__int128)wall_seconds(p, 0) * NSEC_PER_SEC + p->fraction;
	/* A day may have 23 or 25 hours. */
	hi->v = p->has_time ? lo->v + p->precision - 1
			    : (__int128)wall_seconds(p, 1) * NSEC_PER_SEC - 1;
}

static void make_day(const struct parts *p, struct espy_moment *lo, struct espy_moment *hi)
{
	lo->kind = hi->kind = ESPY_MOMENT_DAY;
	lo->v = (__int128)(p->hour * 3600 + p->minute * 60 + p->second) * NSEC_PER_SEC +
		p->fraction;
	hi->v = lo->v + p->precision - 1;
}

/* +2.5s */
static int parse_relative(struct espy_str s, struct espy_moment *lo, struct espy_moment *hi)
{
	__int128 ns;

	if (espy_literal_duration((struct espy_str){s.p + 1, s.n - 1}, &ns) < 0 || ns < 0)
		return -EINVAL;
	*lo = *hi = (struct espy_moment){ESPY_MOMENT_START, ns};
	return 0;
}

int espy_clock_parse(struct espy_str s, struct espy_moment *ret_lo, struct espy_moment *ret_hi)
{
	struct cursor c = {s.p, s.p + s.n};
	struct parts p = {0};

	if (s.n > 1 && s.p[0] == '+')
		return parse_relative(s, ret_lo, ret_hi);
	if (take_date(&c, &p)) {
		if ((take(&c, 'T') || take(&c, 't') || take(&c, ' ')) && !take_time(&c, &p))
			return -EINVAL;
		if (p.has_time && !take_zone(&c, &p))
			return -EINVAL;
	} else if (!take_time(&c, &p)) {
		return -EINVAL;
	}
	if (c.p != c.end)
		return -EINVAL;
	if (!is_on_calendar(&p))
		return -ERANGE;
	if (p.has_date)
		make_wall(&p, ret_lo, ret_hi);
	else
		make_day(&p, ret_lo, ret_hi);
	return 0;
}

/* Local time of day `ns` on the day of `wall` seconds, in seconds; the fraction is the caller's. */
static int64_t on_day_of(int64_t wall, int64_t second_of_day)
{
	time_t t = (time_t)wall;
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return wall;
	tm.tm_hour = (int)(second_of_day / 3600);
	tm.tm_min = (int)(second_of_day / 60 % 60);
	tm.tm_sec = (int)(second_of_day % 60);
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static int64_t floor_seconds(__int128 ns)
{
	return (int64_t)((ns - (ns < 0 ? NSEC_PER_SEC - 1 : 0)) / NSEC_PER_SEC);
}

__int128 espy_clock_resolve(const struct espy_clock *c, const struct espy_moment *m, bool is_wall)
{
	__int128 start = (__int128)c->start + c->wall_offset, wall = m->v;

	switch (m->kind) {
	case ESPY_MOMENT_NUMBER:
		return m->v;
	case ESPY_MOMENT_WALL:
		break;
	case ESPY_MOMENT_START:
		wall = start + m->v;
		break;
	case ESPY_MOMENT_DAY:
		wall = (__int128)on_day_of(floor_seconds(start), (int64_t)(m->v / NSEC_PER_SEC)) *
			       NSEC_PER_SEC +
		       m->v % NSEC_PER_SEC;
		break;
	}
	return is_wall ? wall : wall - c->wall_offset;
}
