/* SPDX-License-Identifier: MIT */
#include "engine/kind.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct espy_key keys[] = {
#define KEY(id, name_, title_, cell_, flags_, column_, other_, as_, none_) \
	[ESPY_KEY_##id] = {                                                \
		.name = name_,                                             \
		.title = title_,                                           \
		.column = column_,                                         \
		.other = other_,                                           \
		.none = none_,                                             \
		.cell = ESPY_CELL_##cell_,                                 \
		.flags = flags_,                                           \
		.as = ESPY_AS_##as_,                                       \
	},
#include "engine/keys.def"
};

#define C(class)      (1u << ESPY_CLASS_##class)
#define K(key)        ESPY_KEY_##key
#define M(name)       ESPY_MEASURE_##name
#define MEASURES(...) .measures = {__VA_ARGS__}, .n_measures = sizeof((uint8_t[]){__VA_ARGS__})

static const struct espy_summary_kind kinds[] = {
#include "engine/summaries.def"
};

const struct espy_key *espy_key_get(unsigned id)
{
	return id > ESPY_KEY__NONE && id < ESPY_KEY__MAX ? &keys[id] : NULL;
}

const struct espy_summary_kind *espy_kind_at(unsigned i)
{
	return i < ARRAY_SIZE(kinds) ? &kinds[i] : NULL;
}

const struct espy_summary_kind *espy_kind_find(const char *name, const char *by)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct espy_summary_kind *k = &kinds[i];

		if (strcmp(k->by, by) != 0)
			continue;
		if (strcmp(k->name, name) == 0 || (k->alias && strcmp(k->alias, name) == 0))
			return k;
	}
	return NULL;
}

bool espy_kind_takes(const struct espy_summary_kind *k, const struct espy_schema *s)
{
	if (!espy_schema_is_shown(s) || (k->classes && !(k->classes >> s->class_id & 1)))
		return false;
	if (k->types[0] == 0)
		return true;
	for (unsigned i = 0; i < ESPY_MEASURE_TYPES_MAX && k->types[i]; i++)
		if (k->types[i] == s->type)
			return true;
	return false;
}
