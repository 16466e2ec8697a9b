/* SPDX-License-Identifier: MIT */
#include "cmd/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

static int parse_unit(const char *text, const struct unit *units, double *ret)
{
	char *end;
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (end == text || errno || !(v >= 0))
		return -EINVAL;
	for (; units->name; units++)
		if (!strcasecmp(end, units->name)) {
			*ret = v * units->factor;
			return *ret < 1e18 ? 0 : -EINVAL;
		}
	return -EINVAL;
}

int espy_parse_duration(const char *text, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{"", 1e9},   {"s", 1e9},    {"ms", 1e6},   {"us", 1e3},    {"ns", 1},
		{"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {NULL, 0}};
	double v;

	if (parse_unit(text, units, &v) < 0)
		return -EINVAL;
	*ret_ns = (uint64_t)v;
	return 0;
}

int espy_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1},           {"b", 1},           {"k", 1024},         {"kb", 1024},
		{"kib", 1024},     {"m", 1048576},     {"mb", 1048576},     {"mib", 1048576},
		{"g", 1073741824}, {"gb", 1073741824}, {"gib", 1073741824}, {NULL, 0}};
	double v;

	if (parse_unit(text, units, &v) < 0)
		return -EINVAL;
	*ret_bytes = (uint64_t)v;
	return 0;
}

int espy_parse_ring(const char *text, uint64_t *ret_bytes)
{
	uint64_t v;

	if (espy_parse_size(text, &v) < 0 || v < 4096 || v > 1u << 30 || v & (v - 1))
		return -EINVAL;
	*ret_bytes = v;
	return 0;
}

int espy_parse_u32(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (end == text || *end || errno || v > UINT32_MAX || strchr(text, '-'))
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}
