/* SPDX-License-Identifier: MIT */
#include "enrich/told.h"

static int find(const struct espy_told *t, const struct espy_event *rec, uint64_t object)
{
	for (unsigned i = 0; object && t->n && i < ESPY_TOLD_MAX; i++)
		if (t->last[i].object == object && t->last[i].pid == rec->pid &&
		    t->last[i].start == rec->start)
			return (int)i;
	return -1;
}

bool espy_told_note(struct espy_told *t, const struct espy_event *rec, uint64_t object)
{
	if (find(t, rec, object) >= 0)
		return true;
	t->n += (object != 0) - (t->last[t->next].object != 0);
	t->last[t->next].object = object;
	t->last[t->next].pid = rec->pid;
	t->last[t->next].start = rec->start;
	t->next = (t->next + 1) % ESPY_TOLD_MAX;
	return false;
}

void espy_told_forget(struct espy_told *t, const struct espy_event *rec, uint64_t object)
{
	int i = find(t, rec, object);

	if (i < 0)
		return;
	t->last[i].object = 0;
	t->n--;
}
