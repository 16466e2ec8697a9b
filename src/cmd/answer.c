/* SPDX-License-Identifier: MIT */
#include "cmd/answer.h"
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cmd/bounds.h"
#include "cmd/losses.h"
#include "cmd/pager.h"
#include "cmd/progress.h"

int espy_answer_format(const char *name, enum espy_view_format *ret)
{
	static const char *const names[] = {
		[ESPY_VIEW_TEXT] = "text",
		[ESPY_VIEW_JSON] = "json",
		[ESPY_VIEW_CSV] = "csv",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum espy_view_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct espy_table_style espy_answer_style(int fd)
{
	struct espy_terminal t = espy_cmd_terminal(fd);

	return (struct espy_table_style){
		.width = t.is_tty ? t.width : 0,
		.colour = t.colour != 0,
		.utf8 = t.is_tty && strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}

/* --- reading ------------------------------------------------------------------------------------
 */

int espy_answer_read(const char *path, const char *filter, struct espy_sink *const *sinks,
		     struct espy_replay_end *ret)
{
	struct espy_progress p;
	struct espy_replay o = {.path = path, .filter = filter, .ctx = &p};
	struct espy_err err = {0};
	int r;

	for (size_t i = 0; sinks[i] && i + 1 < ESPY_REPLAY_SINKS; i++)
		o.sinks[i] = sinks[i];
	espy_progress_init(&p, "reading");
	o.progress = espy_progress_show;
	r = espy_replay(&o, ret, &err);
	espy_progress_clear(&p);
	if (r < 0)
		return espy_cmd_fail(&err, filter);
	if (ret->damaged)
		espy_cmd_fail(&err, NULL);
	return 0;
}

/* What the answer does not say of the trace. */
static void tell_end(const struct espy_replay_end *end)
{
	espy_bounds_tell(&end->machine, end->dropped, end->ending.dropped_to);
	if (end->damaged)
		fprintf(stderr, "espy: %u damaged block%s left out; the answer is of the rest\n",
			end->damaged, end->damaged > 1 ? "s were" : " was");
	else if (!end->has_ending)
		fprintf(stderr, "espy: the trace has no end yet: it is still being written, or its "
				"capture was killed\n");
	else
		espy_losses_tell(&end->ending);
}

/* --- printing -----------------------------------------------------------------------------------
 */

int espy_answer_print(struct espy_buf *out, int r, const struct espy_replay_end *end, bool page)
{
	struct espy_err err = {0};
	pid_t pager = 0;

	if (r >= 0) {
		pager = page ? espy_pager_start() : 0;
		r = espy_buf_flush(out, STDOUT_FILENO);
		espy_pager_finish(pager);
	}
	espy_buf_done(out);
	if (end)
		tell_end(end);
	if (r == -EPIPE)
		return 0;
	if (r < 0) {
		espy_err_set(&err, r, "cannot print the answer: %s", strerror(-r));
		return espy_cmd_fail(&err, NULL);
	}
	return end && end->damaged ? 1 : 0;
}
