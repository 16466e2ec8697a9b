/* SPDX-License-Identifier: MIT */
#include "trace/need.h"
#include "trace/layout.h"

enum part {
	TEXT = 1,
	PROCS = 2,
	TYPE = 4,
	PLACE = 8,
	RESULT = 16,
	PROC_STRINGS = 32,
};

#define ROW(column) (1u << ESPY_ROWS_##column)

/* A process, with or without its strings. */
#define PROC                     \
	{                        \
		ROW(PROC), PROCS \
	}
#define PROC_TEXT                               \
	{                                       \
		ROW(PROC), PROCS | PROC_STRINGS \
	}

/* Columns that every event has; flags are always read. The rest of the detail are the fields. */
static const struct {
	uint32_t rows;
	uint8_t parts;
} wants[ESPY_COL__FIELDS] = {
	[ESPY_COL_time] = {ROW(END) | ROW(DURATION)},
	[ESPY_COL_end] = {ROW(END) | ROW(DURATION)},
	[ESPY_COL_duration] = {ROW(DURATION)},
	[ESPY_COL_class] = {0, TYPE},
	[ESPY_COL_op] = {0, TYPE},
	[ESPY_COL_event] = {0, TYPE},
	[ESPY_COL_syscall] = {ROW(CALL) | ROW(ABI)},
	[ESPY_COL_result] = {ROW(RESULT), RESULT},
	[ESPY_COL_error] = {ROW(RESULT), TYPE},
	[ESPY_COL_tid] = {ROW(TID) | ROW(PROC), PROCS},
	[ESPY_COL_pid] = PROC,
	[ESPY_COL_ppid] = PROC,
	[ESPY_COL_start] = PROC,
	[ESPY_COL_process] = PROC_TEXT,
	[ESPY_COL_parent] = PROC_TEXT,
	[ESPY_COL_exe] = PROC_TEXT,
	[ESPY_COL_cmdline] = PROC_TEXT,
	[ESPY_COL_uid] = PROC,
	[ESPY_COL_gid] = PROC,
	[ESPY_COL_euid] = PROC,
	[ESPY_COL_egid] = PROC,
	[ESPY_COL_user] = PROC_TEXT,
	[ESPY_COL_session] = PROC,
	[ESPY_COL_login_uid] = PROC,
	[ESPY_COL_tty] = PROC_TEXT,
	[ESPY_COL_cgroup] = PROC,
	[ESPY_COL_cpu] = {ROW(CPU)},
	[ESPY_COL_cpu_seq] = {ROW(CPU) | ROW(CPU_STEP)},
	[ESPY_COL_path] = {ROW(PATH), TEXT},
	[ESPY_COL_source] = {ROW(PATH_SOURCE)},
	[ESPY_COL_detail] = {~0u, TEXT | PROCS | TYPE | PLACE},
	[ESPY_COL_category] = {ROW(CATEGORY)},
	[ESPY_COL_status] = {ROW(STATUS)},
	[ESPY_COL_stack] = {ROW(STACK), TEXT},
	[ESPY_COL_company] = PROC_TEXT,
	[ESPY_COL_description] = PROC_TEXT,
	[ESPY_COL_version] = PROC_TEXT,
	[ESPY_COL_integrity] = PROC_TEXT,
	[ESPY_COL_auth_id] = PROC_TEXT,
	[ESPY_COL_virtualized] = PROC_TEXT,
	[ESPY_COL_architecture] = PROC_TEXT,
	[ESPY_COL_ancestry] = PROC_TEXT,
	[ESPY_COL_euser] = PROC_TEXT,
	[ESPY_COL_group_name] = PROC_TEXT,
	[ESPY_COL_egroup] = PROC_TEXT,
	[ESPY_COL_login] = PROC_TEXT,
	[ESPY_COL_login_session] = PROC_TEXT,
	[ESPY_COL_cgroup_path] = PROC_TEXT,
	[ESPY_COL_container] = PROC_TEXT,
	[ESPY_COL_runtime] = PROC_TEXT,
	[ESPY_COL_pod] = PROC_TEXT,
	[ESPY_COL_unit] = PROC_TEXT,
	[ESPY_COL_slice] = PROC_TEXT,
	[ESPY_COL_ns_pid] = PROC_TEXT,
	[ESPY_COL_pid_ns] = PROC_TEXT,
	[ESPY_COL_mnt_ns] = PROC_TEXT,
	[ESPY_COL_net_ns] = PROC_TEXT,
	[ESPY_COL_user_ns] = PROC_TEXT,
	[ESPY_COL_uts_ns] = PROC_TEXT,
	[ESPY_COL_ipc_ns] = PROC_TEXT,
	[ESPY_COL_exe_dev] = PROC_TEXT,
	[ESPY_COL_exe_inode] = PROC_TEXT,
	[ESPY_COL_exe_size] = PROC_TEXT,
	[ESPY_COL_exe_mtime] = PROC_TEXT,
	[ESPY_COL_exe_ctime] = PROC_TEXT,
	[ESPY_COL_sha256] = PROC_TEXT,
	[ESPY_COL_sha1] = PROC_TEXT,
	[ESPY_COL_md5] = PROC_TEXT,
	[ESPY_COL_hashes] = PROC_TEXT,
	[ESPY_COL_package] = PROC_TEXT,
};

static unsigned add_fields(const struct espy_need *need)
{
	const struct espy_column *c;
	unsigned parts = 0;

	for (unsigned i = ESPY_COL__FIELDS; (c = espy_column_at(i)); i++)
		if (espy_need_has(need, c->id))
			parts |= TYPE | PLACE | (c->type == ESPY_TYPE_STR ? TEXT : 0);
	return parts;
}

struct espy_parts_needed espy_need_parts(const struct espy_need *need)
{
	struct espy_parts_needed p = {.rows = ROW(FLAGS)};
	unsigned parts;

	if (!need || need->all || espy_need_has(need, ESPY_COL_detail))
		return (struct espy_parts_needed){~0u, true, true, true, true, true, true};
	parts = add_fields(need);
	for (unsigned i = 0; i < ESPY_COL__FIELDS; i++) {
		if (!espy_need_has(need, i))
			continue;
		p.rows |= wants[i].rows;
		parts |= wants[i].parts;
	}
	p.text = parts & TEXT;
	p.procs = parts & PROCS;
	p.proc_text = parts & (PROC_STRINGS | TEXT);
	p.type = parts & (TYPE | PLACE);
	p.place = parts & PLACE;
	p.result = parts & RESULT && !need->no_exits;
	p.rows |= p.type ? ROW(TYPE) : 0;
	return p;
}
