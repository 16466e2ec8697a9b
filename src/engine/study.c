/* SPDX-License-Identifier: MIT */
#include "engine/study.h"

static const struct espy_study *const studies[] = {
	&espy_study_activity,
	&espy_study_crossref,
	&espy_study_stack,
};

const struct espy_study *espy_study_at(unsigned i)
{
	return i < sizeof(studies) / sizeof(studies[0]) ? studies[i] : NULL;
}

const struct espy_study *espy_study_find(const char *name)
{
	const struct espy_study *s;

	for (unsigned i = 0; (s = espy_study_at(i)); i++)
		if (strcmp(s->name, name) == 0 || (s->alias && strcmp(s->alias, name) == 0))
			return s;
	return NULL;
}
