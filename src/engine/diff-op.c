/* SPDX-License-Identifier: MIT */
#include "engine/diff-op.h"
#include "model/schema.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define RANK_OTHER    7u

static const struct {
	const char *name;
	unsigned rank;
} ops[] = {
	[ESPY_DIFF_EXIT] = {"exit", 0},       [ESPY_DIFF_RUN] = {"run", 3},
	[ESPY_DIFF_ENV] = {"env", 3},         [ESPY_DIFF_LOAD] = {"load", 4},
	[ESPY_DIFF_CONNECT] = {"connect", 4}, [ESPY_DIFF_LISTEN] = {"listen", 4},
	[ESPY_DIFF_CREATE] = {"create", 5},   [ESPY_DIFF_DELETE] = {"delete", 5},
	[ESPY_DIFF_RENAME] = {"rename", 5},   [ESPY_DIFF_WRITE] = {"write", 5},
	[ESPY_DIFF_SET] = {"set", 5},         [ESPY_DIFF_OPEN] = {"open", 6},
	[ESPY_DIFF_READ] = {"read", 6},       [ESPY_DIFF_LOOK] = {"look", 7},
};

/* Rules of one type stand together. */
static const struct espy_diff_rule rules[] = {
	{ESPY_EV_process_exit, ESPY_DIFF_EXIT, ESPY_DIFF_OF_PROGRAM},
	{ESPY_EV_process_exec, ESPY_DIFF_RUN, ESPY_DIFF_OF_COMMAND},
	{ESPY_EV_process_exec, ESPY_DIFF_ENV, ESPY_DIFF_OF_VARIABLES},
	{ESPY_EV_image_load, ESPY_DIFF_LOAD, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_open, ESPY_DIFF_OPEN, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_stat, ESPY_DIFF_LOOK, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_statfs, ESPY_DIFF_LOOK, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_access, ESPY_DIFF_LOOK, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_readlink, ESPY_DIFF_LOOK, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_chdir, ESPY_DIFF_LOOK, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_read, ESPY_DIFF_READ, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_reads, ESPY_DIFF_READ, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_readdir, ESPY_DIFF_READ, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_copy, ESPY_DIFF_READ, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_copy, ESPY_DIFF_WRITE, ESPY_DIFF_OF_PATH2},
	{ESPY_EV_file_write, ESPY_DIFF_WRITE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_writes, ESPY_DIFF_WRITE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_truncate, ESPY_DIFF_WRITE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_fallocate, ESPY_DIFF_WRITE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_rename, ESPY_DIFF_RENAME, ESPY_DIFF_OF_BOTH},
	{ESPY_EV_file_link, ESPY_DIFF_CREATE, ESPY_DIFF_OF_PATH2},
	{ESPY_EV_file_symlink, ESPY_DIFF_CREATE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_mkdir, ESPY_DIFF_CREATE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_mknod, ESPY_DIFF_CREATE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_unlink, ESPY_DIFF_DELETE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_rmdir, ESPY_DIFF_DELETE, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_chmod, ESPY_DIFF_SET, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_chown, ESPY_DIFF_SET, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_utime, ESPY_DIFF_SET, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_setxattr, ESPY_DIFF_SET, ESPY_DIFF_OF_PATH},
	{ESPY_EV_file_removexattr, ESPY_DIFF_SET, ESPY_DIFF_OF_PATH},
	{ESPY_EV_net_connect, ESPY_DIFF_CONNECT, ESPY_DIFF_OF_REMOTE},
	{ESPY_EV_net_send, ESPY_DIFF_CONNECT, ESPY_DIFF_OF_REMOTE},
	{ESPY_EV_net_bind, ESPY_DIFF_LISTEN, ESPY_DIFF_OF_LOCAL},
	{ESPY_EV_net_listen, ESPY_DIFF_LISTEN, ESPY_DIFF_OF_LOCAL},
};

const struct espy_diff_rule *espy_diff_rules(unsigned type, unsigned *ret_n)
{
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].type != type)
			continue;
		while (i + *ret_n < ARRAY_SIZE(rules) && rules[i + *ret_n].type == type)
			++*ret_n;
		return &rules[i];
	}
	return NULL;
}

const char *espy_diff_op_name(unsigned op)
{
	const struct espy_schema *s;

	if (op < ESPY_DIFF__MAX)
		return ops[op].name;
	s = espy_schema_get(op - ESPY_DIFF__MAX);
	return s ? s->op : "?";
}

unsigned espy_diff_op_rank(unsigned op)
{
	return op < ESPY_DIFF__MAX ? ops[op].rank : RANK_OTHER;
}
