/* SPDX-License-Identifier: MIT */
#include "rule/function.h"
#include "rule/address.h"
#include "rule/state.h"

static bool apply_basename(struct espy_operand_value *v, struct espy_buf *scratch)
{
	(void)scratch;
	v->text = espy_str_basename(v->text);
	return true;
}

/* /etc/passwd → /etc, /etc → /, passwd → "" */
static bool apply_dirname(struct espy_operand_value *v, struct espy_buf *scratch)
{
	size_t n = v->text.n - espy_str_basename(v->text).n;

	(void)scratch;
	v->text.n = n > 1 ? n - 1 : n;
	return true;
}

/* x.tar.gz → gz, .bashrc → "", Makefile → "" */
static bool apply_ext(struct espy_operand_value *v, struct espy_buf *scratch)
{
	struct espy_str base = espy_str_basename(v->text);
	size_t at = base.n; /* behind the last dot */

	(void)scratch;
	while (at > 0 && base.p[at - 1] != '.')
		at--;
	v->text = at > 1 ? (struct espy_str){base.p + at, base.n - at} : ESPY_STR_NONE;
	return true;
}

/* /etc/passwd → 2, / → 0, a//b → 2 */
static bool apply_depth(struct espy_operand_value *v, struct espy_buf *scratch)
{
	uint64_t n = 0;

	(void)scratch;
	for (size_t i = 0; i < v->text.n; i++)
		n += v->text.p[i] != '/' && (i == 0 || v->text.p[i - 1] == '/');
	*v = (struct espy_operand_value){.number = n};
	return true;
}

/* Says that a word on the right is a field: the operand stays what it is. */
static bool apply_field(struct espy_operand_value *v, struct espy_buf *scratch)
{
	(void)v;
	(void)scratch;
	return true;
}

static bool lies_in(const struct espy_buf *b, struct espy_str s)
{
	return b->n > 0 && s.n > 0 && s.p >= b->p && s.p < b->p + b->n;
}

bool espy_function_lower(struct espy_operand_value *v, struct espy_buf *scratch)
{
	size_t at = scratch->n;

	/* Text that is there already would move away from under us when the buffer grows. */
	if (lies_in(scratch, v->text)) {
		char *p = scratch->p + (v->text.p - scratch->p);

		espy_text_lower(p, p, v->text.n);
		return true;
	}
	if (v->text.n == 0)
		return true;
	if (espy_buf_reserve(scratch, v->text.n) < 0)
		return false;
	espy_buf_str(scratch, v->text);
	espy_text_lower(scratch->p + at, scratch->p + at, v->text.n);
	v->text.p = scratch->p + at;
	return true;
}

static bool apply_len(struct espy_operand_value *v, struct espy_buf *scratch)
{
	(void)scratch;
	*v = (struct espy_operand_value){.number = v->text.n};
	return true;
}

static bool apply_ip(struct espy_operand_value *v, struct espy_buf *scratch)
{
	struct espy_address a;

	(void)scratch;
	if (!espy_address_parse(v->text, &a))
		return false;
	v->text = a.ip_text;
	return true;
}

static bool apply_port(struct espy_operand_value *v, struct espy_buf *scratch)
{
	struct espy_address a;

	(void)scratch;
	if (!espy_address_parse(v->text, &a) || a.port < 0)
		return false;
	*v = (struct espy_operand_value){.number = (uint64_t)a.port};
	return true;
}

static const struct espy_function functions[] = {
	{"basename", "what follows the last / of a path", ESPY_SORT_TEXT, ESPY_SORT_TEXT,
	 .apply = apply_basename},
	{"dirname", "the directory of a path", ESPY_SORT_TEXT, ESPY_SORT_TEXT,
	 .apply = apply_dirname},
	{"ext", "what follows the last . of a file's name, or nothing", ESPY_SORT_TEXT,
	 ESPY_SORT_TEXT, .apply = apply_ext},
	{"extension", "the same as ext", ESPY_SORT_TEXT, ESPY_SORT_TEXT, .apply = apply_ext},
	{"depth", "how many names a path has: 2 for /etc/passwd", ESPY_SORT_TEXT, ESPY_SORT_NUMBER,
	 .apply = apply_depth},
	{"field", "the field itself, where a word would be text",
	 ESPY_SORT_NUMBER | ESPY_SORT_FLAGS | ESPY_SORT_TEXT, 0, .apply = apply_field},
	{"lower", "the text with ASCII letters in lower case", ESPY_SORT_TEXT, ESPY_SORT_TEXT,
	 .apply = espy_function_lower},
	{"len", "how many bytes the text has", ESPY_SORT_TEXT, ESPY_SORT_NUMBER,
	 .apply = apply_len},
	{"ip", "an address without its port; also as remote.ip", ESPY_SORT_ADDR,
	 ESPY_SORT_TEXT | ESPY_SORT_ADDR, .apply = apply_ip},
	{"port", "the port of an address; also as remote.port", ESPY_SORT_ADDR, ESPY_SORT_NUMBER,
	 .apply = apply_port},
	{"descends", "the process, or a forefather of it, has one of these ids or names",
	 .lineage = ESPY_LINEAGE_DESCENDS},
	{"ancestor", "the process, or a descendant of it, has one of these ids or names",
	 .lineage = ESPY_LINEAGE_ANCESTOR},
	{"between", "from an event that matches one filter to the next that matches another",
	 .state = &espy_state_between},
	{"same_file", "the file of that name, under whatever name", .state = &espy_state_same_file},
	{"follow", "opens that match, and what is done with their descriptors",
	 .state = &espy_state_follow},
};

const struct espy_function *espy_function_at(unsigned i)
{
	return i < sizeof(functions) / sizeof(functions[0]) ? &functions[i] : NULL;
}

const struct espy_function *espy_function_find(struct espy_str name)
{
	const struct espy_function *f;

	for (unsigned i = 0; (f = espy_function_at(i)); i++)
		if (espy_str_eq(espy_str0(f->name), name))
			return f;
	return NULL;
}
