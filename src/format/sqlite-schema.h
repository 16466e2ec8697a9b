/* SPDX-License-Identifier: MIT */
/* The tables of an SQLite output: docs in espy-convert(1). */
#pragma once

/* Written once and then only read: nothing is kept for a crash, a half-made file is thrown away.
 * application_id is "ESPY". */
#define ESPY_SQLITE_BEGIN                     \
	"pragma page_size = 8192;"            \
	"pragma application_id = 1163087961;" \
	"pragma user_version = 1;"            \
	"pragma locking_mode = exclusive;"    \
	"pragma journal_mode = off;"          \
	"pragma synchronous = off;"           \
	"pragma cache_size = -32768;"         \
	"begin;"                              \
	"create table machine (name text primary key, value) without rowid;"

/* Rows of `event` hold numbers; `events` is what people look at. */
#define ESPY_SQLITE_TABLES                                                                      \
	"create table strings (id integer primary key, value);"                                 \
	"create table operations (id integer primary key, event text, class text, op text,"     \
	" label text);"                                                                         \
	"create table processes (id integer primary key, pid integer, start_ns integer,"        \
	" ppid integer, parent_start_ns integer, name, exe, cmdline, uid integer, gid integer," \
	" euid integer, egid integer, user, session integer, login_uid integer, tty,"           \
	" cgroup integer, kernel integer, before integer);"                                     \
	"create table event (seq integer primary key, time_ns integer, duration_ns integer,"    \
	" operation integer, process integer, tid integer, cpu integer, syscall integer,"       \
	" path integer, path2 integer, source integer, result integer, error text,"             \
	" pending integer, truncated integer, fields text, stack integer);"

#define ISO(ns)                                                           \
	"strftime('%Y-%m-%dT%H:%M:%S', " ns " / 1000000000, 'unixepoch')" \
	" || printf('.%09dZ', " ns " % 1000000000)"

#define ESPY_SQLITE_VIEWS                                                                          \
	"create view events as select e.seq, " ISO(                                                \
		"e.time_ns") " as time, e.time_ns,"                                                \
			     " e.duration_ns, o.class, o.op, o.event, s.value as syscall, p.pid, " \
			     "e.tid, p.ppid,"                                                      \
			     " p.name as process, p.exe, p.cmdline, p.uid, p.user, a.value as "    \
			     "path, b.value as path2,"                                             \
			     " c.value as source, e.result, e.error, e.pending, e.truncated, "     \
			     "e.cpu, e.fields,"                                                    \
			     " k.value as stack, e.process as process_id"                          \
			     " from event e join operations o on o.id = e.operation"               \
			     " left join processes p on p.id = e.process left join strings s on "  \
			     "s.id = e.syscall"                                                    \
			     " left join strings a on a.id = e.path left join strings b on b.id "  \
			     "= e.path2"                                                           \
			     " left join strings c on c.id = e.source left join strings k on "     \
			     "k.id = e.stack;"                                                     \
			     "create view losses as select seq, time, cpu, fields ->> 'lost' as "  \
			     "lost,"                                                               \
			     " fields ->> 'from' as \"from\", fields ->> 'to' as \"to\","          \
			     " fields ->> 'classes' as classes, fields ->> 'reason' as reason"     \
			     " from events where event = 'system_loss';"

#define ESPY_SQLITE_EVENT     "insert into event values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define ESPY_SQLITE_STRING    "insert into strings values (?,?)"
#define ESPY_SQLITE_OPERATION "insert into operations values (?,?,?,?,?)"
#define ESPY_SQLITE_PROCESS   "insert into processes values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
#define ESPY_SQLITE_MACHINE   "insert into machine values (?,?)"
