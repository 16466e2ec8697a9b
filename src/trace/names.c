/* SPDX-License-Identifier: MIT */
#include "trace/names.h"
#include <errno.h>
#include <stdlib.h>
#include "trace/text.h"

#define TYPES_MAX 65536u

/* --- writing ---------------------------------------------------------------------------------- */

static uint32_t count_fields(void)
{
	uint32_t n = 0;

	for (size_t i = 0; i < espy_n_schemas; i++)
		if (espy_schema_is_shown(&espy_schemas[i]))
			n += espy_schemas[i].n_fields;
	return n;
}

static uint32_t count_events(void)
{
	uint32_t n = 0;

	for (size_t i = 0; i < espy_n_schemas; i++)
		n += espy_schema_is_shown(&espy_schemas[i]);
	return n;
}

/* Columns are filled one by one from a function of the event or field; strings go through the
 * dictionary. */
typedef uint64_t (*event_value)(struct espy_dict *d, const struct espy_schema *s);
typedef uint64_t (*field_value)(struct espy_dict *d, const struct espy_field *f);

#define EVENT_NUMBER(name, member)                                                     \
	static uint64_t event_##name(struct espy_dict *d, const struct espy_schema *s) \
	{                                                                              \
		(void)d;                                                               \
		return s->member;                                                      \
	}
#define EVENT_STRING(name, expr)                                                       \
	static uint64_t event_##name(struct espy_dict *d, const struct espy_schema *s) \
	{                                                                              \
		return espy_dict_add(d, espy_str0(expr));                              \
	}
#define FIELD_STRING(name, expr)                                                      \
	static uint64_t field_##name(struct espy_dict *d, const struct espy_field *f) \
	{                                                                             \
		return espy_dict_add(d, espy_str0(expr));                             \
	}

EVENT_NUMBER(id, type)
EVENT_NUMBER(sysmon_id, sysmon_id)
EVENT_NUMBER(fields, n_fields)
EVENT_STRING(name, s->name)
EVENT_STRING(op, s->op)
EVENT_STRING(class, espy_class_name(s->class_id))
EVENT_STRING(label, s->label)
EVENT_STRING(sysmon, s->sysmon)
EVENT_STRING(procmon, s->procmon)
EVENT_STRING(doc, s->doc)

static uint64_t field_kind(struct espy_dict *d, const struct espy_field *f)
{
	(void)d;
	return f->kind;
}
FIELD_STRING(name, f->name)
FIELD_STRING(format, espy_fmt_name(f->fmt))
FIELD_STRING(title, f->column)
FIELD_STRING(sysmon, f->sysmon)
FIELD_STRING(doc, f->doc)

static const event_value event_columns[] = {
	[ESPY_EVENTS_ID] = event_id,
	[ESPY_EVENTS_NAME] = event_name,
	[ESPY_EVENTS_OP] = event_op,
	[ESPY_EVENTS_CLASS] = event_class,
	[ESPY_EVENTS_LABEL] = event_label,
	[ESPY_EVENTS_SYSMON] = event_sysmon,
	[ESPY_EVENTS_PROCMON] = event_procmon,
	[ESPY_EVENTS_DOC] = event_doc,
	[ESPY_EVENTS_SYSMON_ID] = event_sysmon_id,
	[ESPY_EVENTS_FIELDS] = event_fields,
};

static const field_value field_columns[] = {
	[ESPY_FIELDS_NAME] = field_name,     [ESPY_FIELDS_KIND] = field_kind,
	[ESPY_FIELDS_FORMAT] = field_format, [ESPY_FIELDS_TITLE] = field_title,
	[ESPY_FIELDS_SYSMON] = field_sysmon, [ESPY_FIELDS_DOC] = field_doc,
};

static void encode_events(struct espy_encode *e, struct espy_dict *d)
{
	uint32_t n = count_events();
	uint64_t *v = espy_encode_room(e, n);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_EVENTS, n);
	for (uint32_t c = ESPY_EVENTS_ID; c <= ESPY_EVENTS_FIELDS; c++) {
		uint64_t *to = v;

		for (size_t i = 0; i < espy_n_schemas; i++)
			if (espy_schema_is_shown(&espy_schemas[i]))
				*to++ = event_columns[c](d, &espy_schemas[i]);
		espy_build_numbers(&e->build, c, v, false);
	}
}

static uint64_t *add_fields(uint64_t *to, const struct espy_schema *s, field_value value,
			    struct espy_dict *d)
{
	for (unsigned f = 0; f < s->n_fields; f++)
		*to++ = value(d, &s->fields[f]);
	return to;
}

static void encode_fields(struct espy_encode *e, struct espy_dict *d)
{
	uint32_t n = count_fields();
	uint64_t *v = espy_encode_room(e, n);

	if (!v)
		return;
	espy_build_table(&e->build, ESPY_TABLE_FIELDS, n);
	for (uint32_t c = ESPY_FIELDS_NAME; c <= ESPY_FIELDS_DOC; c++) {
		uint64_t *to = v;

		for (size_t i = 0; i < espy_n_schemas; i++)
			if (espy_schema_is_shown(&espy_schemas[i]))
				to = add_fields(to, &espy_schemas[i], field_columns[c], d);
		espy_build_numbers(&e->build, c, v, false);
	}
}

void espy_names_encode(struct espy_encode *e)
{
	struct espy_dict d;

	if (espy_dict_init(&d) < 0) {
		e->build.error = -ENOMEM;
		return;
	}
	encode_events(e, &d);
	encode_fields(e, &d);
	espy_encode_strings(e, &d);
	espy_dict_done(&d);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int local_field(const struct espy_schema *s, struct espy_str name, unsigned kind)
{
	int f = s ? espy_schema_field(s, name) : -1;

	if (f < 0 || espy_kind_is_string(s->fields[f].kind) != espy_kind_is_string(kind))
		return ESPY_NAMES_NONE;
	if (s->fields[f].kind == ESPY_KIND_path && espy_str_eq(name, ESPY_STR("path")))
		return ESPY_NAMES_COMMON;
	return f;
}

/* Room for `events` with ids below `types`, and `fields`, all of them not set. */
static int make_room(struct espy_names *n, uint32_t events, uint32_t types, uint32_t fields,
		     struct espy_name_field **ret)
{
	*n = (struct espy_names){.n_place = types};
	n->events = espy_arena_zalloc(&n->arena, (events + 1) * sizeof(*n->events));
	n->place = espy_arena_zalloc(&n->arena, types * sizeof(*n->place));
	*ret = espy_arena_zalloc(&n->arena, (fields + 1) * sizeof(**ret));
	if (n->events && n->place && *ret)
		return 0;
	espy_arena_done(&n->arena);
	return -ENOMEM;
}

int espy_names_own(struct espy_names *ret)
{
	struct espy_name_field *f;
	struct espy_names n;

	if (make_room(&n, count_events(), ESPY_EVENT_ID_MAX, count_fields(), &f) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (!espy_schema_is_shown(s))
			continue;
		n.events[n.n++] =
			(struct espy_name){espy_str0(s->name), s, f, s->type, s->n_fields};
		n.place[s->type] = (uint16_t)n.n;
		for (unsigned k = 0; k < s->n_fields; k++, f++) {
			f->name = espy_str0(s->fields[k].name);
			f->kind = s->fields[k].kind;
			f->local = local_field(s, f->name, f->kind);
		}
	}
	*ret = n;
	return 0;
}

/* The columns of a schema block that a reader needs. */
struct raw_schema {
	const struct espy_table *events, *fields;
	struct espy_dict text;
	uint32_t *id, *name, *n_fields;
	uint32_t *field_name;
	uint8_t *field_kind;
};

static int load_raw(struct raw_schema *s, struct espy_block *b)
{
	struct espy_arena *a = &b->arena;
	uint32_t n = s->events->rows, m = s->fields->rows;
	int r = espy_text_decode(&s->text, b);

	s->id = espy_arena_alloc(a, n * sizeof(uint32_t));
	s->name = espy_arena_alloc(a, n * sizeof(uint32_t));
	s->n_fields = espy_arena_alloc(a, n * sizeof(uint32_t));
	s->field_name = espy_arena_alloc(a, m * sizeof(uint32_t));
	s->field_kind = espy_arena_alloc(a, m);
	if (!s->id || !s->name || !s->n_fields || !s->field_name || !s->field_kind)
		return -ENOMEM;
	if (r == 0)
		r = espy_block_numbers(b, s->events, ESPY_EVENTS_ID,
				       &(struct espy_target){s->id, 4, 4, TYPES_MAX - 1});
	if (r == 0)
		r = espy_block_numbers(
			b, s->events, ESPY_EVENTS_FIELDS,
			&(struct espy_target){s->n_fields, 4, 4, ESPY_TRACE_FIELDS_MAX});
	if (r == 0)
		r = espy_text_ids(s->name, b, s->events, ESPY_EVENTS_NAME, &s->text);
	if (r == 0)
		r = espy_text_ids(s->field_name, b, s->fields, ESPY_FIELDS_NAME, &s->text);
	if (r == 0)
		r = espy_block_numbers(b, s->fields, ESPY_FIELDS_KIND,
				       &(struct espy_target){s->field_kind, 1, 1, UINT8_MAX});
	return r;
}

/* A copy that lives as long as the names. */
static int keep(struct espy_names *n, struct espy_str s, struct espy_str *ret)
{
	char *p = espy_arena_dup(&n->arena, s.p, s.n);

	*ret = (struct espy_str){p, s.n};
	return p ? 0 : -ENOMEM;
}

static const struct espy_schema *find_shown(struct espy_str name)
{
	const struct espy_schema *s = espy_schema_find(name);

	return s && espy_schema_is_shown(s) ? s : NULL;
}

/* Is one of the events so far the same by id or by our schema? Then both cannot be right. */
static bool is_twice(const struct espy_names *n, const struct espy_name *e)
{
	if (n->place[e->type])
		return true;
	for (uint32_t i = 0; e->local && i < n->n; i++)
		if (n->events[i].local == e->local)
			return true;
	return false;
}

/* Takes event i; *f is the next of the fields, `left` how many there are. */
static int add_event(struct espy_names *n, const struct raw_schema *s, uint32_t i,
		     struct espy_name_field *f, uint32_t field)
{
	struct espy_name *e = &n->events[n->n];

	e->type = s->id[i];
	e->n_fields = s->n_fields[i];
	e->fields = f;
	e->local = find_shown(espy_dict_get(&s->text, s->name[i]));
	if (is_twice(n, e))
		return -EBADMSG;
	if (keep(n, espy_dict_get(&s->text, s->name[i]), &e->name) < 0)
		return -ENOMEM;
	for (uint32_t k = 0; k < e->n_fields; k++, f++, field++) {
		if (keep(n, espy_dict_get(&s->text, s->field_name[field]), &f->name) < 0)
			return -ENOMEM;
		f->kind = s->field_kind[field];
		f->local = local_field(e->local, f->name, f->kind);
	}
	n->place[e->type] = (uint16_t)++n->n;
	return 0;
}

static int add_events(struct espy_names *ret, struct espy_block *b, const struct raw_schema *s)
{
	struct espy_name_field *fields;
	struct espy_names n;
	uint32_t field = 0, types = 0;
	int r;

	for (uint32_t i = 0; i < s->events->rows; i++)
		types = s->id[i] >= types ? s->id[i] + 1 : types;
	r = make_room(&n, s->events->rows, types, s->fields->rows, &fields);
	if (r < 0)
		return r;
	for (uint32_t i = 0; r == 0 && i < s->events->rows; i++) {
		if (s->n_fields[i] > s->fields->rows - field)
			r = -EBADMSG;
		else
			r = add_event(&n, s, i, fields + field, field);
		field += s->n_fields[i];
	}
	if (r == 0)
		*ret = n;
	else
		espy_arena_done(&n.arena);
	return r == -EBADMSG ? espy_block_bad(b, "its events contradict each other") : r;
}

int espy_names_decode(struct espy_names *ret, struct espy_block *block)
{
	struct raw_schema s = {
		.events = espy_block_table(block, ESPY_TABLE_EVENTS),
		.fields = espy_block_table(block, ESPY_TABLE_FIELDS),
	};
	int r;

	if (!s.events || !s.fields || s.events->rows > ESPY_TRACE_EVENTS_MAX ||
	    s.fields->rows > ESPY_TRACE_EVENTS_MAX * ESPY_TRACE_FIELDS_MAX)
		return espy_block_bad(block, "it does not list the events");
	if (espy_dict_init(&s.text) < 0)
		return -ENOMEM;
	r = load_raw(&s, block);
	if (r == 0)
		r = add_events(ret, block, &s);
	espy_dict_done(&s.text);
	return r;
}

void espy_names_done(struct espy_names *n)
{
	espy_arena_done(&n->arena);
	*n = (struct espy_names){0};
}

const struct espy_name *espy_names_get(const struct espy_names *n, uint32_t type)
{
	if (type >= n->n_place || n->place[type] == 0)
		return NULL;
	return &n->events[n->place[type] - 1];
}
