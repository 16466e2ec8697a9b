/* SPDX-License-Identifier: MIT */
#include "trace/describe.h"
#include <errno.h>
#include "trace/text.h"

#define PROPERTIES_MAX 1024u

enum member_kind { TEXT, NUMBER };

/* A named value and the member that holds it. Numbers are 4 or 8 bytes; signed ones go through the
 * file in two's complement. */
struct member {
	const char *name;
	uint16_t at, size;
	uint8_t kind;
	bool is_signed;
};

#define MEMBER(type, name, kind, is_signed)                                                 \
	{                                                                                   \
#name, offsetof(struct type, name), sizeof(((struct type *)0)->name), kind, \
			is_signed                                                           \
	}
static const struct member machine_members[] = {
	MEMBER(espy_machine, host, TEXT, false),
	MEMBER(espy_machine, kernel, TEXT, false),
	MEMBER(espy_machine, arch, TEXT, false),
	MEMBER(espy_machine, os, TEXT, false),
	MEMBER(espy_machine, boot_id, TEXT, false),
	MEMBER(espy_machine, version, TEXT, false),
	MEMBER(espy_machine, command, TEXT, false),
	MEMBER(espy_machine, filter, TEXT, false),
	MEMBER(espy_machine, packs, TEXT, false),
	MEMBER(espy_machine, keep, TEXT, false),
	MEMBER(espy_machine, cpus, NUMBER, false),
	MEMBER(espy_machine, page_size, NUMBER, false),
	MEMBER(espy_machine, target_pid, NUMBER, false),
	MEMBER(espy_machine, utc_offset, NUMBER, true),
	MEMBER(espy_machine, wall_offset, NUMBER, true),
	MEMBER(espy_machine, started, NUMBER, false),
};

static const struct member ending_members[] = {
	MEMBER(espy_ending, ended, NUMBER, false),
	MEMBER(espy_ending, events, NUMBER, false),
	MEMBER(espy_ending, lost, NUMBER, false),
	MEMBER(espy_ending, exit_status, NUMBER, true),
	MEMBER(espy_ending, reason, TEXT, false),
	MEMBER(espy_ending, dropped, NUMBER, false),
	MEMBER(espy_ending, dropped_to, NUMBER, false),
	MEMBER(espy_ending, runs, NUMBER, false),
	MEMBER(espy_ending, merged, NUMBER, false),
	MEMBER(espy_ending, steps, NUMBER, false),
	MEMBER(espy_ending, left_out, NUMBER, false),
	MEMBER(espy_ending, level, NUMBER, false),
};
#undef MEMBER

#define N_MACHINE (sizeof(machine_members) / sizeof(machine_members[0]))
#define N_ENDING  (sizeof(ending_members) / sizeof(ending_members[0]))

static uint64_t get_number(const struct member *m, const void *from)
{
	const void *p = (const char *)from + m->at;

	if (m->size == sizeof(uint64_t))
		return *(const uint64_t *)p;
	return m->is_signed ? (uint64_t) * (const int32_t *)p : *(const uint32_t *)p;
}

static struct espy_str get_text(const struct member *m, const void *from)
{
	const char *p = (const char *)from + m->at;

	return (struct espy_str){p, strnlen(p, m->size)};
}

static void describe(struct espy_encode *e, const struct member *m, size_t n, const void *from)
{
	uint64_t *name = espy_encode_room(e, 3 * n), *number = name + n, *text = number + n;
	struct espy_dict d;

	if (!name || espy_dict_init(&d) < 0) {
		e->build.error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		bool is_text = m[i].kind == TEXT;

		name[i] = espy_dict_add(&d, espy_str0(m[i].name));
		number[i] = is_text ? 0 : get_number(&m[i], from);
		text[i] = is_text ? espy_dict_add(&d, get_text(&m[i], from)) : 0;
	}
	espy_build_table(&e->build, ESPY_TABLE_PROPERTIES, (uint32_t)n);
	espy_build_numbers(&e->build, ESPY_PROPERTIES_NAME, name, false);
	espy_build_numbers(&e->build, ESPY_PROPERTIES_NUMBER, number, false);
	espy_build_numbers(&e->build, ESPY_PROPERTIES_TEXT, text, false);
	espy_encode_strings(e, &d);
	espy_dict_done(&d);
}

void espy_describe_machine(struct espy_encode *e, const struct espy_machine *m)
{
	describe(e, machine_members, N_MACHINE, m);
}

void espy_describe_ending(struct espy_encode *e, const struct espy_ending *ending)
{
	describe(e, ending_members, N_ENDING, ending);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void set(const struct member *m, void *to, uint64_t number, struct espy_str text)
{
	char *p = (char *)to + m->at;

	if (m->kind == TEXT) {
		size_t n = text.n < m->size - 1u ? text.n : m->size - 1u;

		memcpy(p, text.p, n);
		p[n] = 0;
	} else if (m->size == sizeof(uint64_t)) {
		*(uint64_t *)p = number;
	} else {
		*(uint32_t *)p = (uint32_t)number;
	}
}

/* The columns of the table of properties. */
struct properties {
	struct espy_dict strings;
	uint32_t *name, *text;
	uint64_t *number;
};

static int load(struct properties *p, struct espy_block *b, const struct espy_table *t)
{
	struct espy_target number;
	int r = espy_text_decode(&p->strings, b);

	p->name = espy_arena_alloc(&b->arena, t->rows * sizeof(*p->name));
	p->text = espy_arena_alloc(&b->arena, t->rows * sizeof(*p->text));
	p->number = espy_arena_alloc(&b->arena, t->rows * sizeof(*p->number));
	if (!p->name || !p->text || !p->number)
		return -ENOMEM;
	number = (struct espy_target){p->number, 8, 8, UINT64_MAX};
	if (r == 0)
		r = espy_block_numbers(b, t, ESPY_PROPERTIES_NUMBER, &number);
	if (r == 0)
		r = espy_text_ids(p->name, b, t, ESPY_PROPERTIES_NAME, &p->strings);
	if (r == 0)
		r = espy_text_ids(p->text, b, t, ESPY_PROPERTIES_TEXT, &p->strings);
	return r;
}

static void set_by_name(const struct member *m, size_t n, void *to, const struct properties *p,
			uint32_t i)
{
	struct espy_str name = espy_dict_get(&p->strings, p->name[i]);

	for (size_t k = 0; k < n; k++)
		if (espy_str_eq(name, espy_str0(m[k].name)))
			set(&m[k], to, p->number[i], espy_dict_get(&p->strings, p->text[i]));
}

static int read_members(const struct member *m, size_t n, void *to, struct espy_block *b)
{
	const struct espy_table *t = espy_block_table(b, ESPY_TABLE_PROPERTIES);
	struct properties p;
	int r;

	if (!t || t->rows > PROPERTIES_MAX)
		return espy_block_bad(b, "it has no properties, or too many");
	if (espy_dict_init(&p.strings) < 0)
		return -ENOMEM;
	r = load(&p, b, t);
	for (uint32_t i = 0; r == 0 && i < t->rows; i++)
		set_by_name(m, n, to, &p, i);
	espy_dict_done(&p.strings);
	return r;
}

int espy_describe_read_machine(struct espy_machine *ret, struct espy_block *block)
{
	struct espy_machine m = {0};
	int r = read_members(machine_members, N_MACHINE, &m, block);

	if (r == 0)
		*ret = m;
	return r;
}

int espy_describe_read_ending(struct espy_ending *ret, struct espy_block *block)
{
	struct espy_ending e = {0};
	int r = read_members(ending_members, N_ENDING, &e, block);

	if (r == 0)
		*ret = e;
	return r;
}
