/* SPDX-License-Identifier: MIT */
#include "rule/needs.h"
#include "rule/bounds.h"

#define IDS_MAX (sizeof(((struct espy_rule_needs *)0)->pids) / sizeof(uint32_t))

/* Every type that is ever in a batch, and no other bound. */
static void everything(struct espy_rule_needs *n)
{
	*n = (struct espy_rule_needs){0};
	for (size_t i = 0; i < espy_n_schemas; i++)
		n->type[espy_schemas[i].type] = espy_schema_is_shown(&espy_schemas[i]);
}

static void nothing(struct espy_rule_needs *n)
{
	*n = (struct espy_rule_needs){0};
}

/* --- leaves -------------------------------------------------------------------------------------
 */

static const char *type_name(const struct espy_column *c, const struct espy_schema *s)
{
	if (c->id == ESPY_COL_class)
		return espy_class_name(s->class_id);
	return c->id == ESPY_COL_op ? s->op : s->name;
}

/* class, op and event say exactly which types match; those that they do not shut out only are asked
 * for. */
static void types_by_name(const struct espy_expr *e, struct espy_rule_needs *n)
{
	const struct espy_column *c = e->leaf->operand.column;
	bool named = e->leaf->negate == e->complement;
	struct espy_leaf_scratch scratch = {0};

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];
		bool is =
			espy_leaf_test_text(e->leaf, espy_str0(type_name(c, s)), c->fmt, &scratch);

		n->type[s->type] &= is != e->complement;
		n->asked[s->type] = named && n->type[s->type];
	}
	espy_buf_done(&scratch.made);
	espy_buf_done(&scratch.text);
}

/* Can a row of this type have a value for which the leaf is true? */
static bool has_value(const struct espy_leaf *l, const struct espy_schema *s)
{
	const struct espy_column *c = l->operand.column;
	int f = espy_column_field(c, s);

	if (!espy_operand_has(c, s))
		return false;
	if (c->id == ESPY_COL_result && l->kind == ESPY_LEAF_NUMBER)
		return espy_leaf_number(l,
					s->type == ESPY_EV_process_exit ? ESPY_FMT_EXIT : c->fmt);
	if (f < 0 || l->kind != ESPY_LEAF_NUMBER || l->operand.n_functions > 0)
		return true;
	return espy_leaf_number(l, s->fields[f].fmt);
}

static void types_by_field(const struct espy_leaf *l, struct espy_rule_needs *n)
{
	for (size_t i = 0; i < espy_n_schemas; i++)
		n->type[espy_schemas[i].type] &=
			has_value(l, &espy_schemas[i]) &&
			(l->kind != ESPY_LEAF_PAIR ||
			 espy_operand_has(l->pair.other.column, &espy_schemas[i]));
}

/* The least number that satisfies the test (of numbers that are at least `from`). */
static espy_wide least(const struct espy_number_test *t, bool negate, espy_wide from)
{
	espy_wide v = from;

	for (uint32_t i = 0; i < t->n_ranges; i++) {
		const struct espy_range *r = &t->ranges[i];

		if (!negate && r->hi >= v)
			return r->lo > v ? r->lo : v;
		if (negate && r->lo <= v && v <= r->hi)
			v = r->hi + 1;
	}
	return negate ? v : ESPY_NUMBER_MOST + 1;
}

/* Does it hold for negative results only, errors and signals alike? */
static bool only_failures(const struct espy_leaf *l)
{
	for (uint32_t i = 0; i < l->n_numbers; i++)
		if (l->numbers[i].test.bits ||
		    least(&l->numbers[i].test, l->negate, 0) <= INT64_MAX)
			return false;
	return true;
}

/* The ids that satisfy the test, when they are few: how many, else 0 for any. */
static uint32_t list_ids(const struct espy_leaf *l, uint32_t *ids, bool *ret_none)
{
	const struct espy_number_test *t = &l->numbers[0].test;
	uint32_t n = 0;

	if (t->bits || l->negate)
		return 0;
	for (uint32_t i = 0; i < t->n_spans[0]; i++) {
		struct espy_span s = t->spans[0][i];

		if (s.lo > UINT32_MAX)
			continue;
		if (s.width >= IDS_MAX - n)
			return 0;
		for (uint64_t k = 0; k <= s.width && s.lo + k <= UINT32_MAX; k++)
			ids[n++] = (uint32_t)(s.lo + k);
	}
	*ret_none = n == 0;
	return n;
}

static void bound_number(const struct espy_leaf *l, struct espy_rule_needs *n)
{
	const struct espy_number_test *t = &l->numbers[0].test;
	bool none = false;
	espy_wide v;

	switch (l->operand.column->id) {
	case ESPY_COL_result:
		n->failed_only = only_failures(l);
		break;
	case ESPY_COL_duration:
		v = t->bits ? 0 : least(t, l->negate, 0);
		none = v > UINT64_MAX;
		n->min_duration = none ? 0 : (uint64_t)v;
		break;
	case ESPY_COL_pid:
		n->n_pids = list_ids(l, n->pids, &none);
		break;
	case ESPY_COL_uid:
		n->n_uids = list_ids(l, n->uids, &none);
		break;
	}
	if (none)
		nothing(n);
}

/* What a name of the cgroup's path must have in it: of a path its last name. */
static void of_cgroup(struct espy_text_bounds *b)
{
	bool any = false;

	for (uint32_t i = 0; i < b->n; i++) {
		struct espy_str *text = &b->v[i].text;

		while (text->n > 0 && text->p[text->n - 1] == '/')
			text->n--;
		*text = espy_str_basename(*text);
		b->v[i].kind = ESPY_BOUND_STARTS;
		any |= text->n == 0;
	}
	if (any)
		b->n = 0;
}

static void bound_text(const struct espy_leaf *l, struct espy_rule_needs *n)
{
	struct espy_text_bounds *to;

	switch (l->operand.column->id) {
	case ESPY_COL_path:
		to = &n->paths;
		break;
	case ESPY_COL_exe:
		to = &n->exes;
		break;
	case ESPY_COL_container:
	case ESPY_COL_cgroup_path:
		to = &n->cgroups;
		break;
	default:
		return;
	}
	espy_bounds_of(l, to);
	if (to == &n->cgroups)
		of_cgroup(to);
	if (n->paths.n > 0)
		memcpy(n->path_bound, n->type, sizeof(n->path_bound));
}

static void leaf(const struct espy_expr *e, struct espy_rule_needs *n)
{
	const struct espy_leaf *l = e->leaf;

	everything(n);
	if (l->kind == ESPY_LEAF_LINEAGE || l->kind == ESPY_LEAF_STATE)
		return;
	if (e->key == ESPY_KEY_TYPE && l->kind != ESPY_LEAF_PAIR)
		types_by_name(e, n);
	else if (!e->complement) /* else a row without the value matches too */
		types_by_field(l, n);
	if (!e->complement && l->kind == ESPY_LEAF_NUMBER && l->operand.n_functions == 0)
		bound_number(l, n);
	if (!e->complement)
		bound_text(l, n);
}

/* --- trees --------------------------------------------------------------------------------------
 */

static bool contains(const uint32_t *ids, uint32_t n, uint32_t id)
{
	for (uint32_t i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/* Both: false when no id is left. 0 ids are any. */
static bool both_ids(uint32_t *a, uint32_t *n_a, const uint32_t *b, uint32_t n_b)
{
	uint32_t n = 0;

	if (n_b == 0)
		return true;
	if (*n_a == 0) {
		memcpy(a, b, n_b * sizeof(*a));
		*n_a = n_b;
		return true;
	}
	for (uint32_t i = 0; i < *n_a; i++)
		if (contains(b, n_b, a[i]))
			a[n++] = a[i];
	*n_a = n;
	return n > 0;
}

static void either_ids(uint32_t *a, uint32_t *n_a, const uint32_t *b, uint32_t n_b)
{
	if (*n_a == 0 || n_b == 0) {
		*n_a = 0;
		return;
	}
	for (uint32_t i = 0; i < n_b; i++) {
		if (contains(a, *n_a, b[i]))
			continue;
		if (*n_a == IDS_MAX) {
			*n_a = 0;
			return;
		}
		a[(*n_a)++] = b[i];
	}
}

static bool matches_nothing(const struct espy_rule_needs *n)
{
	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++)
		if (n->type[i])
			return false;
	return true;
}

/* Paths are bounded by one of the two, and only of events that this one bounds. */
static void both_paths(struct espy_rule_needs *a, const struct espy_rule_needs *b)
{
	bool is_b = a->paths.n == 0 && b->paths.n > 0;

	if (is_b)
		a->paths = b->paths;
	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++)
		a->path_bound[i] = a->type[i] && (is_b ? b : a)->path_bound[i];
}

/* Each type is within the bounds that it had, or with both of them. */
static void either_paths(struct espy_rule_needs *a, const struct espy_rule_needs *b)
{
	bool some = false;

	if (a->paths.n == 0)
		a->paths = b->paths;
	else if (b->paths.n > 0)
		espy_bounds_either(&a->paths, &b->paths);
	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++) {
		a->path_bound[i] = a->paths.n > 0 && (a->path_bound[i] || !a->type[i]) &&
				   (b->path_bound[i] || !b->type[i]) && (a->type[i] || b->type[i]);
		some |= a->path_bound[i];
	}
	if (!some)
		a->paths.n = 0;
}

static void both(struct espy_rule_needs *a, const struct espy_rule_needs *b)
{
	bool some = true;

	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++) {
		a->type[i] &= b->type[i];
		a->asked[i] = a->type[i] && (a->asked[i] || b->asked[i]);
	}
	a->failed_only |= b->failed_only;
	if (b->min_duration > a->min_duration)
		a->min_duration = b->min_duration;
	some &= both_ids(a->pids, &a->n_pids, b->pids, b->n_pids);
	some &= both_ids(a->uids, &a->n_uids, b->uids, b->n_uids);
	espy_bounds_both(&a->exes, &b->exes);
	espy_bounds_both(&a->cgroups, &b->cgroups);
	both_paths(a, b);
	if (!some || matches_nothing(a))
		nothing(a);
}

void espy_needs_either(struct espy_rule_needs *a, const struct espy_rule_needs *b)
{
	if (matches_nothing(b))
		return;
	if (matches_nothing(a)) {
		*a = *b;
		return;
	}
	either_paths(a, b);
	espy_bounds_either(&a->exes, &b->exes);
	espy_bounds_either(&a->cgroups, &b->cgroups);
	for (unsigned i = 0; i < ESPY_EVENT_ID_MAX; i++) {
		a->type[i] |= b->type[i];
		a->asked[i] |= b->asked[i];
	}
	a->failed_only &= b->failed_only;
	if (b->min_duration < a->min_duration)
		a->min_duration = b->min_duration;
	either_ids(a->pids, &a->n_pids, b->pids, b->n_pids);
	either_ids(a->uids, &a->n_uids, b->uids, b->n_uids);
}

/*
 * As deep as the parser let it be. System calls bound nothing: CALL rows of the event table name
 * those that perform an event, but not all (a write(2) on a socket is a send).
 */
void espy_needs(const struct espy_expr *e, struct espy_rule_needs *ret)
{
	struct espy_rule_needs sub;

	switch (e->kind) {
	case ESPY_EXPR_LEAF:
		leaf(e, ret);
		return;
	case ESPY_EXPR_AND:
		everything(ret);
		break;
	case ESPY_EXPR_OR:
		nothing(ret);
		break;
	default:
		everything(ret);
		if (e->complement)
			nothing(ret);
		return;
	}
	for (const struct espy_expr *c = e->first; c; c = c->next) {
		espy_needs(c, &sub);
		if (e->kind == ESPY_EXPR_AND)
			both(ret, &sub);
		else
			espy_needs_either(ret, &sub);
	}
}

/* What must be seen so that the condition knows about the rows that match. */
static void of_state(const struct espy_state *s, struct espy_rule_needs *ret)
{
	struct espy_rule_needs sub;

	nothing(ret);
	for (const uint16_t *t = s->kind->types; *t; t++)
		ret->type[*t] = true;
	for (unsigned i = 0; i < s->kind->n_exprs; i++) {
		espy_needs(s->expr[i], &sub);
		espy_needs_either(ret, &sub);
	}
}

void espy_needs_states(const struct espy_state *states, struct espy_rule_needs *n)
{
	struct espy_rule_needs sub;

	for (const struct espy_state *s = states; s; s = s->next) {
		of_state(s, &sub);
		espy_needs_either(n, &sub);
	}
}
