/* SPDX-License-Identifier: MIT */
#include "sense/cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include "sense/load.h"
#include "sense/wire.h"
#include "espy.skel.h"

void espy_cost_each(const struct espy_load *load, espy_cost_fn fn, void *ctx)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, espy_load_skeleton(load)->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		int fd = espy_load_fd(load, p);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			fn(ctx, p, &info);
	}
}

int espy_cost_measure(void)
{
	return bpf_enable_stats(BPF_STATS_RUN_TIME);
}

struct list {
	struct espy_sense_program *to;
	size_t n, max;
};

static void add_program(void *ctx, const struct bpf_program *p, const struct bpf_prog_info *info)
{
	struct list *l = ctx;
	struct espy_sense_program *to = &l->to[l->n];

	if (!info->run_cnt || l->n == l->max)
		return;
	snprintf(to->name, sizeof(to->name), "%s", bpf_program__name(p));
	to->runs = info->run_cnt;
	to->ns = info->run_time_ns;
	l->n++;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct espy_sense_program *)a)->ns;
	uint64_t y = ((const struct espy_sense_program *)b)->ns;

	return (x < y) - (x > y);
}

size_t espy_cost_programs(const struct espy_load *load, struct espy_sense_program *ret, size_t max)
{
	struct list l = {.to = ret, .max = max};

	espy_cost_each(load, add_program, &l);
	qsort(ret, l.n, sizeof(*ret), by_time);
	return l.n;
}

static void add_misses(void *ctx, const struct bpf_program *p, const struct bpf_prog_info *info)
{
	(void)p;
	*(uint64_t *)ctx += info->recursion_misses;
}

uint64_t espy_cost_misses(const struct espy_load *load)
{
	uint64_t sum = 0;

	espy_cost_each(load, add_misses, &sum);
	return sum;
}
