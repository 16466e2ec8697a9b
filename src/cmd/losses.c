/* SPDX-License-Identifier: MIT */
#include "cmd/losses.h"

#include <stdio.h>
#include "engine/overload.h"

void espy_overload_tell(const struct espy_ending *e)
{
	struct espy_buf text = {0};

	if (e->steps)
		espy_overload_text(&text, e);
	else
		espy_overload_merged(&text, e);
	if (e->steps && text.n)
		fprintf(stderr,
			"espy: more happened than could be taken: %.*s; a filter helps, or a "
			"larger "
			"--ring of espy record and run, or espy run --lossless, which waits\n",
			(int)text.n, text.p);
	else if (text.n)
		fprintf(stderr, "espy: %.*s\n", (int)text.n, text.p);
	espy_buf_done(&text);
}

void espy_losses_tell(const struct espy_ending *e)
{
	struct espy_buf text = {0};

	if (e->lost)
		fprintf(stderr,
			"espy: %llu events were lost in this capture; see the operation loss\n",
			(unsigned long long)e->lost);
	espy_overload_text(&text, e);
	if (text.n)
		fprintf(stderr,
			"espy: there was overload in this capture: %.*s; see the operation "
			"overload\n",
			(int)text.n, text.p);
	espy_buf_done(&text);
}
