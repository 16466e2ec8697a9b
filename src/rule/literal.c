/* SPDX-License-Identifier: MIT */
#include "rule/literal.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include "model/value.h"
#include "rule/fail.h"
#include "rule/suggest.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NAME_MAX_HERE 256u /* of a user or group */
#define DECIMAL_ONE   ((espy_wide)1000000000)

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* micro sign */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000},
	{"min", 60000000000},
	{"h", 3600000000000},
	{"d", 86400000000000},
};

static const struct unit sizes[] = {
	{"", 1},
	{"B", 1},
	{"k", 1ull << 10},
	{"K", 1ull << 10},
	{"KiB", 1ull << 10},
	{"kB", 1000},
	{"M", 1ull << 20},
	{"MiB", 1ull << 20},
	{"MB", 1000000},
	{"G", 1ull << 30},
	{"GiB", 1ull << 30},
	{"GB", 1000000000},
	{"T", 1ull << 40},
	{"TiB", 1ull << 40},
	{"TB", 1000000000000},
};

#define KEEP_u32 UINT32_MAX
#define KEEP_u64 UINT64_MAX

/* flags.def in order: which set, then its parts and names. */
struct set_row {
	enum { ROW_SET, ROW_PART, ROW_NAME } kind;
	unsigned fmt;
	const char *name;
	uint64_t value;
};

static const struct set_row set_rows[] = {
#define BITS(set, type)      {ROW_SET, ESPY_FMT_FLAGS_##set, NULL, KEEP_##type},
#define VALUES(set, type)    {ROW_SET, ESPY_FMT_ENUM_##set, NULL, KEEP_##type},
#define PART(set, mask)      {ROW_PART, 0, NULL, mask},
#define NAME(set, name, val) {ROW_NAME, 0, #name, val},
#define SET_END(set)
#include "model/flags.def"
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static int parse_digits(struct espy_str s, int base, espy_wide *ret)
{
	espy_wide v = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit_of(s.p[i]);

		if (d >= base)
			return -EINVAL;
		v = v * base + d;
		if (v > ESPY_NUMBER_MOST)
			return -EINVAL;
	}
	*ret = v;
	return 0;
}

static struct espy_str behind(struct espy_str s, size_t n)
{
	return (struct espy_str){s.p + n, s.n - n};
}

/* `base` is that of digits without a prefix. */
static int parse_integer(struct espy_str s, int base, espy_wide *ret)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	int r;

	if (minus)
		s = behind(s, 1);
	if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x')
		r = parse_digits(behind(s, 2), 16, ret);
	else if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'o')
		r = parse_digits(behind(s, 2), 8, ret);
	else if (s.n > 1 && s.p[0] == '0')
		r = parse_digits(s, 8, ret);
	else
		r = parse_digits(s, base, ret);
	if (r < 0)
		return r;
	if (minus)
		*ret = -*ret;
	return *ret < ESPY_NUMBER_LEAST ? -EINVAL : 0;
}

int espy_literal_integer(struct espy_str s, __int128 *ret)
{
	return parse_integer(s, 10, ret);
}

/* The number that s begins with, before its unit, as thousand millionths; digits behind the ninth
 * of the fraction are cut off. Returns its length, 0 when there is none. */
static size_t take_decimal(struct espy_str s, espy_wide *ret)
{
	espy_wide v, scale = DECIMAL_ONE;
	size_t n = 0, dot;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	if (parse_digits((struct espy_str){s.p, n}, 10, &v) < 0)
		return 0;
	v *= DECIMAL_ONE;
	dot = n;
	if (dot < s.n && s.p[dot] == '.')
		for (n = dot + 1; n < s.n && is_digit(s.p[n]); n++)
			v += (s.p[n] - '0') * (scale /= 10);
	*ret = v;
	return n == dot + 1 ? 0 : n;
}

static const struct unit *find_unit(struct espy_str name, const struct unit *units, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (espy_str_eq(name, espy_str0(units[i].name)))
			return &units[i];
	return NULL;
}

/* 1.5s, exactly: what is less than one is cut off. Also 1m05s, as durations are shown. */
static int parse_scaled(struct espy_str s, const struct unit *units, size_t n_units, espy_wide *ret)
{
	espy_wide sum = 0, v;

	do {
		size_t n = take_decimal(s, &v), end = n;
		const struct unit *u;

		while (end < s.n && !is_digit(s.p[end]))
			end++;
		u = n > 0 ? find_unit((struct espy_str){s.p + n, end - n}, units, n_units) : NULL;
		if (!u)
			return -EINVAL;
		/* Multiplied as one they could need 140 bits. */
		sum += v / DECIMAL_ONE * u->factor + v % DECIMAL_ONE * u->factor / DECIMAL_ONE;
		if (sum > ESPY_NUMBER_MOST)
			return -EINVAL;
		s = behind(s, end);
	} while (s.n > 0);
	*ret = sum;
	return 0;
}

int espy_literal_duration(struct espy_str s, __int128 *ret)
{
	if (espy_str_eq(s, ESPY_STR("0"))) {
		*ret = 0;
		return 0;
	}
	return parse_scaled(s, durations, ARRAY_SIZE(durations), ret);
}

int espy_literal_size(struct espy_str s, __int128 *ret)
{
	if (espy_literal_integer(s, ret) == 0)
		return 0;
	return parse_scaled(s, sizes, ARRAY_SIZE(sizes), ret);
}

/* 8:1 as dev_t in the encoding of mknod(2) and stat(2). */
static int parse_device(struct espy_str s, espy_wide *ret)
{
	const char *colon = memchr(s.p, ':', s.n);
	espy_wide major, minor;
	size_t n;

	if (!colon)
		return parse_integer(s, 10, ret);
	n = (size_t)(colon - s.p);
	if (parse_digits((struct espy_str){s.p, n}, 10, &major) < 0 ||
	    parse_digits(behind(s, n + 1), 10, &minor) < 0 || major > 0xfff || minor > 0xfffff)
		return -EINVAL;
	*ret = (minor & 0xff) | major << 8 | (minor & ~(espy_wide)0xff) << 12;
	return 0;
}

static int parse_errno(struct espy_str s, espy_wide *ret)
{
	struct espy_str name = s.n > 0 && s.p[0] == '-' ? behind(s, 1) : s;
	int e = espy_errno_value(name);

	if (e == 0) /* the result of a read is a size */
		return parse_integer(s, 10, ret) == 0 ? 0 : espy_literal_size(s, ret);
	*ret = -e;
	return 0;
}

/* What ended a process: an exit code, or minus the signal, by name too. */
static int parse_exit(struct espy_str s, espy_wide *ret)
{
	struct espy_str name = s.n > 0 && s.p[0] == '-' ? behind(s, 1) : s;
	uint64_t v;

	if (espy_value_parse_name(ESPY_FMT_ENUM_signal, name, &v) < 0)
		return parse_integer(s, 10, ret);
	*ret = -(espy_wide)v;
	return 0;
}

/* Times of files that are none, as they are shown. */
static int parse_wall(struct espy_str s, espy_wide *ret)
{
	if (espy_str_eq(s, ESPY_STR("now")))
		*ret = ESPY_WALL_NOW;
	else if (espy_str_eq(s, ESPY_STR("unchanged")))
		*ret = ESPY_WALL_KEEP;
	else if (espy_str_eq(s, ESPY_STR("unknown")))
		*ret = ESPY_WALL_UNKNOWN;
	else
		return parse_integer(s, 10, ret);
	return 0;
}

static int parse_user(struct espy_str s, bool group, espy_wide *ret)
{
	char name[NAME_MAX_HERE], buf[16384];
	struct passwd pw, *found_user = NULL;
	struct group gr, *found_group = NULL;

	if (parse_integer(s, 10, ret) == 0)
		return 0;
	if (s.n == 0 || s.n >= sizeof(name))
		return -EINVAL;
	memcpy(name, s.p, s.n);
	name[s.n] = '\0';
	if (group)
		getgrnam_r(name, &gr, buf, sizeof(buf), &found_group);
	else
		getpwnam_r(name, &pw, buf, sizeof(buf), &found_user);
	if (!found_user && !found_group)
		return -EINVAL;
	*ret = group ? (espy_wide)gr.gr_gid : (espy_wide)pw.pw_uid;
	return 0;
}

/* The low bits of some sets are one value rather than flags of their own (O_ACCMODE): the mask of
 * the part that the name is a value of, 0 for a plain flag. */
static uint64_t part_of(unsigned fmt, struct espy_str name)
{
	uint64_t part = 0;
	bool inside = false;

	for (size_t i = 0; i < ARRAY_SIZE(set_rows); i++) {
		const struct set_row *row = &set_rows[i];

		if (row->kind == ROW_SET) {
			inside = row->fmt == fmt;
			part = 0;
		} else if (inside && row->kind == ROW_PART) {
			part = row->value;
		} else if (inside && espy_str_eq(espy_str0(row->name), name)) {
			return part;
		}
	}
	return 0;
}

/* inode(7) */
static const struct {
	const char *name;
	unsigned mode;
} file_types[] = {
	{"S_IFIFO", S_IFIFO}, {"S_IFCHR", S_IFCHR}, {"S_IFDIR", S_IFDIR},   {"S_IFBLK", S_IFBLK},
	{"S_IFREG", S_IFREG}, {"S_IFLNK", S_IFLNK}, {"S_IFSOCK", S_IFSOCK},
};

static int parse_mode_member(struct espy_str s, espy_wide *ret, uint64_t *ret_mask)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_types); i++) {
		if (!espy_str_eq(s, espy_str0(file_types[i].name)))
			continue;
		*ret = file_types[i].mode;
		*ret_mask = S_IFMT;
		return 0;
	}
	if (parse_integer(s, 8, ret) < 0)
		return -EINVAL;
	*ret_mask = (uint64_t)*ret;
	return 0;
}

/* One name or number of a set; names that are a value of a part cover all of the part's bits. */
static int parse_member(unsigned fmt, struct espy_str s, espy_wide *ret, uint64_t *ret_mask)
{
	uint64_t v;

	if (fmt == ESPY_FMT_MODE)
		return parse_mode_member(s, ret, ret_mask);
	if (espy_value_parse_name(fmt, s, &v) == 0) {
		*ret = v;
		*ret_mask = v | part_of(fmt, s);
		return 0;
	}
	if (parse_integer(s, 10, ret) < 0)
		return -EINVAL;
	*ret_mask = (uint64_t)*ret;
	return 0;
}

/* O_WRONLY|O_CREAT, S_IFREG|0644 */
static int parse_members(unsigned fmt, struct espy_str s, espy_wide *ret, uint64_t *ret_mask)
{
	espy_wide all = 0, v;
	uint64_t mask = 0, m;

	for (;;) {
		const char *bar = memchr(s.p, '|', s.n);
		size_t n = bar ? (size_t)(bar - s.p) : s.n;

		if (parse_member(fmt, (struct espy_str){s.p, n}, &v, &m) < 0)
			return -EINVAL;
		all |= v;
		mask |= m;
		if (!bar)
			break;
		s = behind(s, n + 1);
	}
	*ret = all;
	*ret_mask = mask;
	return 0;
}

uint64_t espy_literal_keep(unsigned fmt)
{
	for (size_t i = 0; i < ARRAY_SIZE(set_rows); i++)
		if (set_rows[i].kind == ROW_SET && set_rows[i].fmt == fmt)
			return set_rows[i].value;
	return UINT64_MAX;
}

bool espy_literal_is_flags(unsigned fmt)
{
	switch (fmt) {
#define BITS(set, ...) case ESPY_FMT_FLAGS_##set:
#define VALUES(set, ...)
#define PART(...)
#define NAME(...)
#define SET_END(set)
#include "model/flags.def"
		return true;
	default:
		return false;
	}
}

static int parse_one(unsigned fmt, struct espy_str s, espy_wide *ret, uint64_t *ret_mask)
{
	switch (fmt) {
	case ESPY_FMT_OCT:
		return parse_integer(s, 8, ret);
	case ESPY_FMT_MODE:
		return parse_members(fmt, s, ret, ret_mask);
	case ESPY_FMT_WALL:
		return parse_wall(s, ret);
	case ESPY_FMT_EXIT:
		return parse_exit(s, ret);
	case ESPY_FMT_DEV:
		return parse_device(s, ret);
	case ESPY_FMT_NSEC:
		return espy_literal_duration(s, ret);
	case ESPY_FMT_UID:
	case ESPY_FMT_GID:
		return parse_user(s, fmt == ESPY_FMT_GID, ret);
	case ESPY_FMT_ERRNO:
		return parse_errno(s, ret);
	case ESPY_FMT_DEC:
	case ESPY_FMT_HEX:
	case ESPY_FMT_BYTES:
	case ESPY_FMT_OFFSET:
		return espy_literal_size(s, ret);
	default:
		if (fmt < ESPY_FMT__FLAGS)
			return parse_integer(s, 10, ret);
		return espy_literal_is_flags(fmt) ? parse_members(fmt, s, ret, ret_mask)
						  : parse_member(fmt, s, ret, ret_mask);
	}
}

static int parse_moment(unsigned fmt, struct espy_str s, struct espy_moment *lo,
			struct espy_moment *hi, uint64_t *ret_mask)
{
	espy_wide v;
	int r;

	if (fmt == ESPY_FMT_TIME || fmt == ESPY_FMT_WALL) {
		r = espy_clock_parse(s, lo, hi);
		if (r != -EINVAL)
			return r;
	}
	r = parse_one(fmt, s, &v, ret_mask);
	if (r < 0)
		return r;
	*lo = *hi = (struct espy_moment){ESPY_MOMENT_NUMBER, v};
	return 0;
}

/* Where "a..b" parts; NULL when it is one value. */
static const char *range_sign(struct espy_str s)
{
	return s.n > 3 ? memmem(s.p + 1, s.n - 2, "..", 2) : NULL;
}

int espy_literal_constant(unsigned fmt, struct espy_str word, bool ranges,
			  struct espy_constant *ret)
{
	const char *dots = ranges ? range_sign(word) : NULL;
	struct espy_constant c = {.mask = 0};
	struct espy_moment ignored;
	size_t n;
	int r;

	if (dots) {
		n = (size_t)(dots - word.p);
		r = parse_moment(fmt, (struct espy_str){word.p, n}, &c.lo, &ignored, &c.mask);
		if (r == 0)
			r = parse_moment(fmt, behind(word, n + 2), &ignored, &c.hi, &c.mask);
	} else {
		r = parse_moment(fmt, word, &c.lo, &c.hi, &c.mask);
	}
	if (r < 0)
		return -EINVAL;
	c.want = c.lo.kind == ESPY_MOMENT_NUMBER ? (uint64_t)c.lo.v : 0;
	c.mask |= c.want;
	*ret = c;
	return 0;
}

static void offer_errnos(struct espy_suggest *s)
{
	for (int e = 1; e <= ESPY_ERRNO_MAX; e++)
		if (espy_errno_name(e))
			espy_suggest_offer(s, espy_errno_name(e));
}

static void offer_set(struct espy_suggest *s, unsigned fmt)
{
	const char *name;

	for (unsigned i = 0; (name = espy_value_name(fmt, i)); i++)
		espy_suggest_offer(s, name);
}

static const char *expected(unsigned fmt)
{
	switch (fmt) {
	case ESPY_FMT_OCT:
		return "permission bits in octal, such as 0644";
	case ESPY_FMT_MODE:
		return "a mode, such as 0644 or S_IFDIR";
	case ESPY_FMT_DEV:
		return "a device number, such as 8:1";
	case ESPY_FMT_BYTES:
	case ESPY_FMT_OFFSET:
		return "a size, such as 4096, 4k or 1.5MiB";
	case ESPY_FMT_TIME:
	case ESPY_FMT_WALL:
		return "a time, such as 10:00:00, \"2026-11-21 10:00:00\" or +2.5s";
	case ESPY_FMT_NSEC:
		return "a duration with its unit, such as 10us, 10ms or 1.5s";
	case ESPY_FMT_UID:
		return "a user id, or a user's name that this machine knows";
	case ESPY_FMT_GID:
		return "a group id, or a group's name that this machine knows";
	case ESPY_FMT_ERRNO:
		return "a number, a size such as 4k, or an errno such as ENOENT";
	default:
		return fmt < ESPY_FMT__FLAGS ? "a whole number, such as 10 or 0x1f"
					     : "a name of its set, or a number";
	}
}

int espy_literal_fail(const uint8_t *fmts, size_t n, const char *column,
		      const struct espy_token *word, struct espy_err *err)
{
	struct espy_suggest s;
	unsigned best = n > 0 ? fmts[0] : ESPY_FMT_DEC;

	espy_suggest_init(&s, word->text);
	for (size_t i = 0; i < n; i++) {
		if (fmts[i] == ESPY_FMT_ERRNO)
			offer_errnos(&s);
		if (fmts[i] < ESPY_FMT__FLAGS)
			continue;
		offer_set(&s, fmts[i]);
		best = fmts[i];
	}
	return espy_fail_at(err, -EINVAL, word->at, "%s: expected %s, found %s%s", column,
			    expected(best), espy_fail_show(word->text).s, espy_suggest_text(&s).s);
}
