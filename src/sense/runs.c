/* SPDX-License-Identifier: MIT */
#include "sense/runs.h"

#include "model/event.h"
#include "sense/iterate.h"
#include "sense/load.h"
#include "sense/wire.h"
#include "espy.skel.h"

#define EVERY_NS 250000000ull /* between two looks */
#define WAITS_NS 100000000ull /* a run that did not go on for so long is told */

static int take(struct espy_runs *r, struct espy_load *load, uint64_t age)
{
	struct espy_bpf *skel = espy_load_skeleton(load);
	int program = espy_load_fd(load, skel->progs.file_reads__waiting), e;
	size_t from = r->out.n;

	if (skel->bss->runs_open <= 0 || program < 0)
		return 0;
	skel->bss->run_age = age;
	e = espy_iterate(program, NULL, &r->out);
	if (e < 0)
		return e;
	for (size_t at = from; r->out.n - at >= sizeof(struct espy_event);) {
		struct espy_event *rec = (void *)(r->out.p + at);

		if (at == 0)
			r->time = rec->time;
		rec->time = r->time; /* so that all have one place among the others */
		at += rec->size;
	}
	return 0;
}

int espy_runs_look(struct espy_runs *r, struct espy_load *load, uint64_t now)
{
	if (now < r->next || r->out.n)
		return 0;
	r->next = now + EVERY_NS;
	return take(r, load, WAITS_NS);
}

int espy_runs_end(struct espy_runs *r, struct espy_load *load)
{
	return take(r, load, 0);
}

void espy_runs_done(struct espy_runs *r)
{
	espy_buf_done(&r->out);
}
