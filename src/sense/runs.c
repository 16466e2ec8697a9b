/* SPDX-License-Identifier: MIT */
#include "sense/runs.h"

#include <bpf/libbpf.h>
#include "model/event.h"
#include "sense/iterate.h"
#include "sense/wire.h"
#include "espy.skel.h"

#define EVERY_NS 250000000ull /* between two looks */
#define WAITS_NS 100000000ull /* a run that did not go on for so long is told */

static int take(struct espy_runs *r, struct espy_bpf *skel, uint64_t age)
{
	struct bpf_program *p = skel->progs.file_reads__waiting;
	size_t from = r->out.n;
	int e;

	if (skel->bss->runs_open <= 0 || bpf_program__fd(p) < 0)
		return 0;
	skel->bss->run_age = age;
	e = espy_iterate(p, NULL, &r->out);
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

int espy_runs_look(struct espy_runs *r, struct espy_bpf *skel, uint64_t now)
{
	if (now < r->next || r->out.n)
		return 0;
	r->next = now + EVERY_NS;
	return take(r, skel, WAITS_NS);
}

int espy_runs_end(struct espy_runs *r, struct espy_bpf *skel)
{
	return take(r, skel, 0);
}

void espy_runs_done(struct espy_runs *r)
{
	espy_buf_done(&r->out);
}
