/* SPDX-License-Identifier: MIT */
/* What holds the event table together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
#include <glob.h>
#include <cmocka.h>
#include "model/call.h"
#include "model/schema.h"

#define PROGRAM_TEXT_MAX (4u << 20) /* all of bpf/, for the search in it */

static void ids_ascend_below_the_limit(void **state)
{
	unsigned last = 0;

	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		assert_true(espy_schemas[i].type > last);
		assert_true(espy_schemas[i].type < ESPY_EVENT_ID_MAX);
		last = espy_schemas[i].type;
	}
}

static void lookups_find_every_event(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		assert_ptr_equal(espy_schema_get(s->type), s);
		assert_ptr_equal(espy_schema_find(espy_str0(s->name)), s);
		for (unsigned f = 0; f < s->n_fields; f++)
			assert_int_equal(espy_schema_field(s, espy_str0(s->fields[f].name)), f);
	}
	assert_null(espy_schema_get(0));
	assert_null(espy_schema_get(ESPY_EVENT_ID_MAX));
	assert_null(espy_schema_get(UINT32_MAX));
	assert_null(espy_schema_find(ESPY_STR("file_ope")));
	assert_null(espy_schema_find(ESPY_STR_NONE));
	assert_int_equal(espy_schema_field(espy_schema_get(ESPY_EV_file_open), ESPY_STR("no")), -1);
}

/* The kind of one event's field, as seen by somebody who knows the wire struct. */
static void rows_say_what_the_structs_are(void **state)
{
	const struct espy_schema *s = espy_schema_find(ESPY_STR("file_open"));
	const struct espy_field *f = &s->fields[espy_schema_field(s, ESPY_STR("flags"))];

	(void)state;
	assert_int_equal(s->type, ESPY_EV_file_open);
	assert_int_equal(s->size, sizeof(struct espy_ev_file_open));
	assert_string_equal(s->op, "open");
	assert_int_equal(s->class_id, ESPY_CLASS_file);
	assert_int_equal(f->offset, offsetof(struct espy_ev_file_open, flags));
	assert_int_equal(f->kind, ESPY_KIND_u64);
	assert_int_equal(f->fmt, ESPY_FMT_FLAGS_open);
	assert_int_equal(s->n_calls, 5);
	assert_string_equal(s->calls[2].call, "openat");
	assert_int_equal(s->calls[2].dir, 1);
	assert_int_equal(s->calls[2].path, 2);
	assert_int_equal(s->calls[2].a, 3);
	assert_int_equal(s->calls[2].c, 4);
}

/* Numbers of one signedness, or strings: then one column of the filter language can hold them. */
static unsigned kind_type(unsigned kind)
{
	return espy_kind_is_string(kind) ? 2 : espy_kind_is_signed(kind);
}

static void check_name_in_others(const struct espy_schema *s, const struct espy_field *f)
{
	for (const struct espy_schema *o = espy_schemas; o < s; o++) {
		int i = espy_schema_field(o, espy_str0(f->name));

		if (i < 0 || !espy_schema_is_shown(o) || !espy_schema_is_shown(s))
			continue;
		if (kind_type(o->fields[i].kind) != kind_type(f->kind))
			fail_msg("%s: kind differs in %s and %s", f->name, o->name, s->name);
	}
}

static void field_names_mean_the_same_everywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++)
		for (unsigned f = 0; f < espy_schemas[i].n_fields; f++)
			check_name_in_others(&espy_schemas[i], &espy_schemas[i].fields[f]);
}

static bool is_word(const char *s, const char *also)
{
	if (!islower((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && !strchr(also, *s))
			return false;
	return true;
}

static bool is_sentence(const char *s)
{
	size_t n = strlen(s);

	return n > 3 && s[n - 1] == '.';
}

static void names_are_words_and_docs_are_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (!is_word(s->op, "_") || !is_word(s->name, "_") || !*s->label)
			fail_msg("%s: op, name or label", s->name);
		if (!is_sentence(s->doc))
			fail_msg("%s: no documentation", s->name);
		for (unsigned f = 0; f < s->n_fields; f++) {
			if (!is_word(s->fields[f].name, "_"))
				fail_msg("%s.%s: name", s->name, s->fields[f].name);
			if (strlen(s->fields[f].doc) < 4)
				fail_msg("%s.%s: no documentation", s->name, s->fields[f].name);
		}
	}
}

static void path_is_the_first_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		for (unsigned f = 0; f < s->n_fields; f++) {
			if (!espy_schema_is_shown(s) || strcmp(s->fields[f].name, "path") != 0)
				continue;
			assert_int_equal(f, 0);
			assert_int_equal(s->fields[f].kind, ESPY_KIND_path);
			assert_int_equal(s->fields[f].fmt, ESPY_FMT_PATH);
		}
	}
}

static bool call_is_known(const char *name)
{
	for (unsigned abi = 1; abi < ESPY_ABI__MAX; abi++)
		if (espy_call_nr(abi, name) >= 0)
			return true;
	/* Sub-calls of socketcall(2), which alone has them on x86. */
	return strcmp(name, "send") == 0 || strcmp(name, "recv") == 0;
}

static void check_call(const struct espy_schema *s, const struct espy_call_row *c)
{
	const uint8_t args[] = {c->fd, c->dir, c->path, c->dir2, c->path2, c->a, c->b, c->c};

	if (!call_is_known(c->call))
		fail_msg("%s: no system call %s", s->name, c->call);
	for (size_t i = 0; i < sizeof(args); i++)
		if (args[i] > 6)
			fail_msg("%s %s: argument %u", s->name, c->call, args[i]);
	for (const struct espy_schema *o = espy_schemas; o <= s; o++)
		for (unsigned i = 0; i < o->n_calls; i++)
			if (strcmp(o->calls[i].call, c->call) == 0 && &o->calls[i] != c)
				fail_msg("%s is in %s and %s", c->call, o->name, s->name);
}

static void calls_are_known_and_have_one_event(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++)
		for (unsigned c = 0; c < espy_schemas[i].n_calls; c++)
			check_call(&espy_schemas[i], &espy_schemas[i].calls[c]);
}

/* Everything in the BPF sources, one text; NULL when there are none. */
static char *program_text(void)
{
	char *text = calloc(1, PROGRAM_TEXT_MAX);
	size_t n = 0;
	glob_t g;

	assert_non_null(text);
	if (glob(ESPY_SOURCE_ROOT "/bpf/*.bpf.c", 0, NULL, &g) != 0) {
		free(text);
		return NULL;
	}
	for (size_t i = 0; i < g.gl_pathc; i++) {
		FILE *f = fopen(g.gl_pathv[i], "re");

		assert_non_null(f);
		n += fread(text + n, 1, PROGRAM_TEXT_MAX - 1 - n, f);
		fclose(f);
	}
	globfree(&g);
	assert_true(n < PROGRAM_TEXT_MAX - 1);
	return text;
}

/* Is there a whole word `name`, or the name of its struct, in the sources? */
static bool has_own_program(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(text, name); p; p = strstr(p + 1, name)) {
		bool ends = !isalnum((unsigned char)p[n]) && p[n] != '_';
		bool begins = p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');
		bool is_struct = p - text >= 8 && memcmp(p - 8, "espy_ev_", 8) == 0;

		if (ends && (begins || is_struct))
			return true;
	}
	return false;
}

/* [path, [path2]], and a u64 or s64 for each of a, b, c. */
static bool is_general(const struct espy_schema *s)
{
	unsigned f = 0, n;

	if (f < s->n_fields && strcmp(s->fields[f].name, "path") == 0)
		f++;
	if (f < s->n_fields && strcmp(s->fields[f].name, "path2") == 0)
		f++;
	n = s->n_fields - f;
	for (; f < s->n_fields; f++)
		if (s->fields[f].kind != ESPY_KIND_u64 && s->fields[f].kind != ESPY_KIND_s64)
			return false;
	for (unsigned c = 0; c < s->n_calls; c++)
		if ((n < 1 && s->calls[c].a) || (n < 2 && s->calls[c].b) ||
		    (n < 3 && s->calls[c].c))
			return false;
	return n <= 3;
}

static void events_of_the_general_program_have_its_shape(void **state)
{
	char *text = program_text();
	unsigned n = 0;

	(void)state;
	if (!text)
		skip();
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (s->n_calls == 0 || has_own_program(text, s->name))
			continue;
		n++;
		if (!is_general(s))
			fail_msg("%s: needs a program of its own", s->name);
	}
	assert_true(n > 10);
	free(text);
}

static void classes_have_names(void **state)
{
	(void)state;
	for (unsigned c = 0; c < ESPY_CLASS__MAX; c++) {
		assert_int_equal(espy_class_find(espy_str0(espy_class_name(c))), c);
		assert_true(is_sentence(espy_class_doc(c)));
	}
	assert_string_equal(espy_class_name(ESPY_CLASS_network), "network");
	assert_string_equal(espy_class_name(ESPY_CLASS__MAX), "?");
	assert_int_equal(espy_class_find(ESPY_STR("networ")), -1);
	assert_string_equal(espy_source_name(ESPY_SOURCE_USER), "user");
	assert_string_equal(espy_source_name(99), "");
}

static void definitions_are_not_shown(void **state)
{
	(void)state;
	assert_false(espy_schema_is_shown(espy_schema_get(ESPY_EV_meta_object)));
	assert_true(espy_schema_is_shown(espy_schema_get(ESPY_EV_file_open)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_ascend_below_the_limit),
		cmocka_unit_test(lookups_find_every_event),
		cmocka_unit_test(rows_say_what_the_structs_are),
		cmocka_unit_test(field_names_mean_the_same_everywhere),
		cmocka_unit_test(names_are_words_and_docs_are_sentences),
		cmocka_unit_test(path_is_the_first_field),
		cmocka_unit_test(calls_are_known_and_have_one_event),
		cmocka_unit_test(events_of_the_general_program_have_its_shape),
		cmocka_unit_test(classes_have_names),
		cmocka_unit_test(definitions_are_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
