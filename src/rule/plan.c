/* SPDX-License-Identifier: MIT */
#include "rule/plan.h"
#include <assert.h>
#include <errno.h>

static const uint8_t keys[ESPY_COL__FIELDS] = {
	[ESPY_COL_class] = ESPY_KEY_TYPE,         [ESPY_COL_op] = ESPY_KEY_TYPE,
	[ESPY_COL_event] = ESPY_KEY_TYPE,         [ESPY_COL_syscall] = ESPY_KEY_CALL,
	[ESPY_COL_source] = ESPY_KEY_SOURCE,      [ESPY_COL_path] = ESPY_KEY_PATH,
	[ESPY_COL_pid] = ESPY_KEY_PROC,           [ESPY_COL_ppid] = ESPY_KEY_PROC,
	[ESPY_COL_start] = ESPY_KEY_PROC,         [ESPY_COL_process] = ESPY_KEY_PROC,
	[ESPY_COL_parent] = ESPY_KEY_PROC,        [ESPY_COL_exe] = ESPY_KEY_PROC,
	[ESPY_COL_cmdline] = ESPY_KEY_PROC,       [ESPY_COL_uid] = ESPY_KEY_PROC,
	[ESPY_COL_gid] = ESPY_KEY_PROC,           [ESPY_COL_euid] = ESPY_KEY_PROC,
	[ESPY_COL_egid] = ESPY_KEY_PROC,          [ESPY_COL_user] = ESPY_KEY_PROC,
	[ESPY_COL_session] = ESPY_KEY_PROC,       [ESPY_COL_login_uid] = ESPY_KEY_PROC,
	[ESPY_COL_tty] = ESPY_KEY_PROC,           [ESPY_COL_cgroup] = ESPY_KEY_PROC,
	[ESPY_COL_company] = ESPY_KEY_PROC,       [ESPY_COL_description] = ESPY_KEY_PROC,
	[ESPY_COL_version] = ESPY_KEY_PROC,       [ESPY_COL_integrity] = ESPY_KEY_PROC,
	[ESPY_COL_auth_id] = ESPY_KEY_PROC,       [ESPY_COL_virtualized] = ESPY_KEY_PROC,
	[ESPY_COL_architecture] = ESPY_KEY_PROC,  [ESPY_COL_ancestry] = ESPY_KEY_PROC,
	[ESPY_COL_euser] = ESPY_KEY_PROC,         [ESPY_COL_group_name] = ESPY_KEY_PROC,
	[ESPY_COL_egroup] = ESPY_KEY_PROC,        [ESPY_COL_login] = ESPY_KEY_PROC,
	[ESPY_COL_login_session] = ESPY_KEY_PROC, [ESPY_COL_cgroup_path] = ESPY_KEY_PROC,
	[ESPY_COL_container] = ESPY_KEY_PROC,     [ESPY_COL_runtime] = ESPY_KEY_PROC,
	[ESPY_COL_pod] = ESPY_KEY_PROC,           [ESPY_COL_unit] = ESPY_KEY_PROC,
	[ESPY_COL_slice] = ESPY_KEY_PROC,         [ESPY_COL_ns_pid] = ESPY_KEY_PROC,
	[ESPY_COL_pid_ns] = ESPY_KEY_PROC,        [ESPY_COL_mnt_ns] = ESPY_KEY_PROC,
	[ESPY_COL_net_ns] = ESPY_KEY_PROC,        [ESPY_COL_user_ns] = ESPY_KEY_PROC,
	[ESPY_COL_uts_ns] = ESPY_KEY_PROC,        [ESPY_COL_ipc_ns] = ESPY_KEY_PROC,
	[ESPY_COL_exe_dev] = ESPY_KEY_PROC,       [ESPY_COL_exe_inode] = ESPY_KEY_PROC,
	[ESPY_COL_exe_size] = ESPY_KEY_PROC,      [ESPY_COL_exe_mtime] = ESPY_KEY_PROC,
	[ESPY_COL_exe_ctime] = ESPY_KEY_PROC,     [ESPY_COL_sha256] = ESPY_KEY_PROC,
	[ESPY_COL_sha1] = ESPY_KEY_PROC,          [ESPY_COL_md5] = ESPY_KEY_PROC,
	[ESPY_COL_hashes] = ESPY_KEY_PROC,        [ESPY_COL_package] = ESPY_KEY_PROC,
};

/* Columns of which every row must be looked at through espy_column_get: they come last. */
#define COST_BY_ROW 1000u

enum espy_key espy_plan_key(const struct espy_column *c)
{
	return c->id < ESPY_COL__FIELDS ? keys[c->id] : ESPY_KEY_ROW;
}

static uint32_t cost_of_test(const struct espy_leaf *l)
{
	if (l->kind == ESPY_LEAF_NUMBER || l->kind == ESPY_LEAF_LINEAGE)
		return 1;
	if (l->text.regex)
		return 20;
	return l->text.needle.n > 0 ? 4 : 2;
}

static uint32_t cost_of_key(const struct espy_expr *e)
{
	static const uint8_t costs[ESPY_KEY__MAX] = {
		[ESPY_KEY_TYPE] = 1, [ESPY_KEY_SOURCE] = 2, [ESPY_KEY_CALL] = 4,
		[ESPY_KEY_PROC] = 4, [ESPY_KEY_PATH] = 6,
	};

	return costs[e->key];
}

/* Two columns of one process are compared once for it; others row by row. */
static void plan_pair(struct espy_expr *e)
{
	if (e->key == ESPY_KEY_PATH || e->key != espy_plan_key(e->leaf->pair.other.column))
		e->key = ESPY_KEY_ROW;
	e->cost = e->key == ESPY_KEY_ROW ? COST_BY_ROW : 4 + cost_of_key(e);
}

static void plan_leaf(struct espy_expr *e)
{
	const struct espy_column *c = e->leaf->operand.column;

	if (e->leaf->kind == ESPY_LEAF_STATE) {
		e->key = ESPY_KEY_ROW;
		e->cost = 1;
		return;
	}
	e->key = e->leaf->kind == ESPY_LEAF_LINEAGE ? ESPY_KEY_PROC : espy_plan_key(c);
	if (e->leaf->kind == ESPY_LEAF_PAIR) {
		plan_pair(e);
		return;
	}
	e->cost = cost_of_test(e->leaf) + cost_of_key(e);
	if (e->key == ESPY_KEY_ROW && c->id < ESPY_COL__FIELDS && c->type == ESPY_TYPE_STR)
		e->cost = COST_BY_ROW;
	else if (e->key == ESPY_KEY_ROW && c->type == ESPY_TYPE_STR)
		e->cost += 8;
}

/* Takes NOTs out: the result is `e`, or when `inverted` its opposite. */
static struct espy_expr *remove_not(struct espy_expr *e, bool inverted)
{
	struct espy_expr *children = e->first, *next;

	if (e->kind == ESPY_EXPR_NOT)
		return remove_not(e->first, !inverted);
	if (e->kind == ESPY_EXPR_LEAF || e->kind == ESPY_EXPR_ALL) {
		e->complement = inverted;
		return e;
	}
	if (inverted)
		e->kind = e->kind == ESPY_EXPR_AND ? ESPY_EXPR_OR : ESPY_EXPR_AND;
	e->first = NULL;
	for (struct espy_expr *child = children; child; child = next) {
		next = child->next;
		child = remove_not(child, inverted);
		if (child->kind != e->kind) {
			espy_expr_add(e, child);
			continue;
		}
		for (struct espy_expr *c = child->first, *after; c; c = after) {
			after = c->next;
			espy_expr_add(e, c);
		}
	}
	return e;
}

/* Sorts children by cost (merge sort: a list may be long) and sums it up. */
static struct espy_expr *sort_by_cost(struct espy_expr *list)
{
	struct espy_expr *slow = list, *fast = list, *second, *merged = NULL, **last = &merged;

	if (!list || !list->next)
		return list;
	while (fast->next && fast->next->next) {
		slow = slow->next;
		fast = fast->next->next;
	}
	second = sort_by_cost(slow->next);
	slow->next = NULL;
	list = sort_by_cost(list);
	while (list && second) {
		struct espy_expr **least = second->cost < list->cost ? &second : &list;

		*last = *least;
		*least = (*least)->next;
		last = &(*last)->next;
	}
	*last = list ? list : second;
	return merged;
}

static void finish(struct espy_expr *e)
{
	e->first = sort_by_cost(e->first);
	e->cost = cost_of_key(e);
	e->height = 1;
	for (const struct espy_expr *c = e->first; c; c = c->next) {
		e->cost += c->cost;
		if (!c->keyed && c->height >= e->height)
			e->height = c->height + 1;
	}
}

/* Children with one key go under a node of their own, which is evaluated per key. */
static int group(struct espy_arena *arena, struct espy_expr *e)
{
	struct espy_expr *by_key[ESPY_KEY__MAX] = {NULL}, *next;

	for (struct espy_expr *c = e->first; c; c = next) {
		next = c->next;
		c->next = by_key[c->key];
		by_key[c->key] = c;
	}
	e->first = by_key[ESPY_KEY_ROW];
	for (unsigned k = ESPY_KEY_ROW + 1; k < ESPY_KEY__MAX; k++) {
		struct espy_expr *sub = by_key[k];

		if (sub && sub->next) {
			sub = espy_expr_new(arena, e->kind);
			if (!sub)
				return -ENOMEM;
			sub->first = by_key[k];
			sub->key = (enum espy_key)k;
			finish(sub);
		}
		if (sub) {
			sub->keyed = true;
			espy_expr_add(e, sub);
		}
	}
	return 0;
}

static int plan(struct espy_arena *arena, struct espy_expr *e)
{
	bool mixed = false;
	int r = 0;

	if (e->kind == ESPY_EXPR_LEAF)
		plan_leaf(e);
	if (e->kind != ESPY_EXPR_AND && e->kind != ESPY_EXPR_OR)
		return 0;
	for (struct espy_expr *c = e->first; c && r == 0; c = c->next)
		r = plan(arena, c);
	if (r < 0)
		return r;
	assert(e->first); /* the parser makes none without children */
	e->key = e->first->key;
	for (const struct espy_expr *c = e->first; c; c = c->next)
		mixed |= c->key != e->key;
	if (mixed) {
		e->key = ESPY_KEY_ROW;
		r = group(arena, e);
	}
	finish(e);
	return r;
}

int espy_plan(struct espy_arena *arena, struct espy_expr **e)
{
	struct espy_expr *root = remove_not(*e, false);
	int r = plan(arena, root);

	root->keyed = root->key != ESPY_KEY_ROW;
	*e = root;
	return r;
}
