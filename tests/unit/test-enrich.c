/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enrich/enrich.h"
#include "enrich/object.h"
#include "record.h"

static struct record rec;
static struct espy_enrich *e;
static struct espy_batch *b;

static int setup(void **state)
{
	const struct espy_enrich_options o = {.no_proc = true, .wall_offset = 1000000};

	(void)state;
	return espy_enrich_new(&e, &o, NULL) < 0 ? -1 : espy_batch_new(&b);
}

static int teardown(void **state)
{
	(void)state;
	espy_enrich_free(e);
	espy_batch_free(b);
	return 0;
}

static int add(void)
{
	return espy_enrich_add(e, &rec.hdr, b);
}

/* The record becomes the next row; its index. */
static uint32_t row(void)
{
	uint32_t n = b->n;

	assert_int_equal(add(), 1);
	assert_int_equal(b->n, n + 1);
	return n;
}

static void expect(uint32_t at, const char *field, const char *want)
{
	const struct espy_schema *s = espy_schema_get(b->type[at]);
	int f = espy_schema_field(s, espy_str0(field));
	struct espy_value v;

	assert_true(f >= 0);
	v = espy_batch_get(b, at, (unsigned)f);
	assert_true(v.is_string);
	assert_int_equal(v.str.n, strlen(want));
	assert_memory_equal(v.str.p, want, v.str.n);
}

static uint64_t num(uint32_t at, const char *field)
{
	int f = espy_schema_field(espy_schema_get(b->type[at]), espy_str0(field));

	assert_true(f >= 0);
	return espy_batch_get(b, at, (unsigned)f).num;
}

static void define(uint64_t id, uint32_t mode, uint32_t flags, const char *names, size_t n)
{
	struct espy_ev_meta_object *o = record_begin(&rec, ESPY_EV_meta_object, 1);

	o->id = id;
	o->inode = id;
	o->mode = mode;
	o->flags = flags;
	o->path = record_bytes(&rec, names, n);
	assert_int_equal(add(), 0);
}

#define define_file(id, lit) define(id, S_IFREG | 0644, 0, lit, sizeof(lit))
#define define_dir(id, lit)  define(id, S_IFDIR | 0755, 0, lit, sizeof(lit))

static void *begin(unsigned type)
{
	void *p = record_begin(&rec, type, 5000);

	record_actor(&rec, 10, 1000);
	return p;
}

/* --- plain rows ----------------------------------------------------------------------------- */

static void common_columns(void **state)
{
	struct espy_ev_file_read *r;
	uint32_t at;

	(void)state;
	define_file(7, "passwd\0etc");
	r = begin(ESPY_EV_file_read);
	r->hdr.duration = 300;
	r->hdr.result = -EINTR;
	r->hdr.tid = 11;
	r->hdr.seq = 99;
	r->hdr.call = 17;
	r->hdr.cpu = 3;
	r->hdr.abi = ESPY_ABI_IA32;
	r->hdr.flags = ESPY_F_PENDING;
	r->path.obj = 7;
	r->requested = 4096;
	r->offset = -1;
	at = row();
	assert_int_equal(b->time[at], 4700);
	assert_int_equal(b->duration[at], 300);
	assert_int_equal(b->result[at], -EINTR);
	assert_int_equal(b->tid[at], 11);
	assert_int_equal(b->cpu_seq[at], 99);
	assert_int_equal(b->call[at], 17);
	assert_int_equal(b->cpu[at], 3);
	assert_int_equal(b->abi[at], ESPY_ABI_IA32);
	assert_int_equal(b->flags[at], ESPY_F_PENDING);
	assert_int_equal(b->type[at], ESPY_EV_file_read);
	assert_int_equal(b->path_source[at], ESPY_SOURCE_KERNEL);
	assert_int_equal(b->wall_offset, 1000000);
	assert_int_equal(espy_batch_proc(b, at)->pid, 10);
	expect(at, "path", "/etc/passwd");
	assert_int_equal(num(at, "requested"), 4096);
	assert_int_equal((int64_t)num(at, "offset"), -1);
	assert_int_equal(espy_enrich_unknown_objects(e), 0);
}

/* The general program of the kernel side sends more room than some events have fields. */
static void longer_fixed_part(void **state)
{
	struct espy_ev_file_statfs *s = begin(ESPY_EV_file_statfs);

	(void)state;
	record_bytes(&rec, "\1\2\3\4\5\6\7\10", 8);
	s->path.text = record_text(&rec, "/mnt");
	s->path.source = ESPY_SOURCE_USER;
	expect(row(), "path", "/mnt");
}

static void texts(void **state)
{
	struct espy_ev_process_exec *x = begin(ESPY_EV_process_exec);
	uint32_t at;

	(void)state;
	x->given = record_lit(&rec, "./x\xff\n");
	x->argv = record_lit(&rec, "x\0\0-a");
	x->argc = 3;
	at = row();
	expect(at, "given", "./x\xff\n");
	assert_int_equal(
		espy_batch_get(b, at,
			       (unsigned)espy_schema_field(espy_schema_get(ESPY_EV_process_exec),
							   ESPY_STR("argv")))
			.str.n,
		6);
	assert_int_equal(num(at, "argc"), 3);
	expect(at, "env", "");
}

static void loss(void **state)
{
	struct espy_ev_system_loss *l = record_begin(&rec, ESPY_EV_system_loss, 50);
	uint32_t at;

	(void)state;
	l->lost = 12;
	l->classes = record_text(&rec, "file 12");
	at = row();
	assert_int_equal(num(at, "lost"), 12);
	expect(at, "classes", "file 12");
	assert_int_equal(espy_batch_proc(b, at)->pid, 0);
	assert_int_equal(espy_batch_proc(b, at)->name, 0);
	assert_int_equal(b->path[at], 0);
	assert_int_equal(b->path_source[at], ESPY_SOURCE_NONE);
}

/* --- paths ---------------------------------------------------------------------------------- */

static uint32_t stat_row(uint64_t obj, const char *text, unsigned source)
{
	struct espy_ev_file_stat *s = begin(ESPY_EV_file_stat);

	s->path.obj = obj;
	s->path.source = (uint8_t)source;
	if (text)
		s->path.text = record_text(&rec, text);
	return row();
}

static void expect_path(uint32_t at, const char *want, unsigned source)
{
	expect(at, "path", want);
	assert_int_equal(b->path_source[at], source);
}

static void paths(void **state)
{
	(void)state;
	define_dir(1, "u\0home");
	define_dir(2, "jail\0srv");
	define(3, S_IFDIR, ESPY_OBJ_PARTIAL, "deep", 5);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_KERNEL), "/home/u", ESPY_SOURCE_KERNEL);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_NONE), "/home/u", ESPY_SOURCE_KERNEL);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_USER), "/home/u", ESPY_SOURCE_USER);
	expect_path(stat_row(1, "a/./b//c", ESPY_SOURCE_USER), "/home/u/a/b/c", ESPY_SOURCE_USER);
	expect_path(stat_row(1, "../v", ESPY_SOURCE_USER), "/home/v", ESPY_SOURCE_USER);
	expect_path(stat_row(1, "x", ESPY_SOURCE_NONE), "/home/u/x", ESPY_SOURCE_USER);
	expect_path(stat_row(2, "/../etc", ESPY_SOURCE_USER), "/srv/jail/etc", ESPY_SOURCE_USER);
	expect_path(stat_row(0, "/etc/", ESPY_SOURCE_USER), "/etc", ESPY_SOURCE_USER);
	expect_path(stat_row(0, "no/base", ESPY_SOURCE_USER), ".../no/base", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(3, NULL, ESPY_SOURCE_KERNEL), ".../deep", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(3, "x", ESPY_SOURCE_USER), ".../deep/x", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(0, NULL, ESPY_SOURCE_NONE), "", ESPY_SOURCE_NONE);
	expect_path(stat_row(0, NULL, ESPY_SOURCE_USER), "", ESPY_SOURCE_NONE);
	expect_path(stat_row(0, NULL, ESPY_SOURCE_PARTIAL), "", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(0, "/\x1b[31m\n\xc3\x28", ESPY_SOURCE_USER), "/\x1b[31m\n\xc3\x28",
		    ESPY_SOURCE_USER);
	assert_int_equal(espy_enrich_unknown_objects(e), 0);
}

static void unknown_objects(void **state)
{
	struct espy_ev_file_rename *r;
	uint32_t at;

	(void)state;
	expect_path(stat_row(99, NULL, ESPY_SOURCE_KERNEL), "", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(99, "a/b", ESPY_SOURCE_USER), ".../a/b", ESPY_SOURCE_PARTIAL);
	expect_path(stat_row(99, "/a", ESPY_SOURCE_USER), ".../a", ESPY_SOURCE_PARTIAL);
	assert_int_equal(espy_enrich_unknown_objects(e), 3);
	r = begin(ESPY_EV_file_rename);
	r->path.obj = r->path2.obj = 99;
	at = row();
	expect(at, "path2", "");
	assert_int_equal(espy_enrich_unknown_objects(e), 4); /* rows, not objects */
}

static void second_paths(void **state)
{
	struct espy_ev_file_rename *r;
	uint32_t at;

	(void)state;
	define_dir(1, "u\0home");
	define_dir(2, "tmp");
	r = begin(ESPY_EV_file_rename);
	r->path.obj = 1;
	r->path.text = record_text(&rec, "old");
	r->path2.obj = 2;
	r->path2.text = record_text(&rec, "new");
	r->path.source = r->path2.source = ESPY_SOURCE_USER;
	at = row();
	expect(at, "path", "/home/u/old");
	expect(at, "path2", "/tmp/new");
}

/* --- sockets -------------------------------------------------------------------------------- */

static struct espy_text put_in(const char *text, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	assert_int_equal(inet_pton(AF_INET, text, &a.sin_addr), 1);
	return record_bytes(&rec, &a, sizeof(a));
}

static unsigned socket_protocol = SOCK_STREAM | IPPROTO_TCP << 8;

static void define_socket(uint64_t id, const char *local, unsigned local_port, const char *remote,
			  unsigned remote_port)
{
	struct espy_ev_meta_object *o = record_begin(&rec, ESPY_EV_meta_object, 1);

	o->id = id;
	o->inode = 4321;
	o->mode = S_IFSOCK;
	o->flags = ESPY_OBJ_PSEUDO;
	o->family = AF_INET;
	o->protocol = socket_protocol;
	o->local = put_in(local, local_port);
	o->remote = put_in(remote, remote_port);
	assert_int_equal(add(), 0);
}

static void filled_from_the_socket(void **state)
{
	struct espy_ev_net_send *s;
	uint32_t at;

	(void)state;
	define_socket(5, "10.0.0.1", 4000, "10.0.0.2", 80);
	s = begin(ESPY_EV_net_send);
	s->path.obj = 5;
	at = row();
	expect(at, "path", "10.0.0.1:4000 -> 10.0.0.2:80");
	expect(at, "local", "10.0.0.1:4000");
	expect(at, "remote", "10.0.0.2:80");
	expect(at, "protocol", "tcp");
	assert_int_equal(b->path_source[at], ESPY_SOURCE_KERNEL);
	/* a connection takes no other address */
	s = begin(ESPY_EV_net_send);
	s->path.obj = 5;
	s->remote = put_in("9.9.9.9", 53);
	at = row();
	expect(at, "remote", "10.0.0.2:80");
	expect(at, "path", "10.0.0.1:4000 -> 10.0.0.2:80");
	assert_int_equal(b->path_source[at], ESPY_SOURCE_KERNEL);
	/* sendto of others: the address given wins, and is the caller's */
	socket_protocol = SOCK_DGRAM | IPPROTO_UDP << 8;
	define_socket(7, "10.0.0.1", 4000, "10.0.0.2", 80);
	socket_protocol = SOCK_STREAM | IPPROTO_TCP << 8;
	s = begin(ESPY_EV_net_send);
	s->path.obj = 7;
	s->remote = put_in("9.9.9.9", 53);
	at = row();
	expect(at, "remote", "9.9.9.9:53");
	expect(at, "local", "10.0.0.1:4000");
	expect(at, "path", "10.0.0.1:4000 -> 9.9.9.9:53");
	assert_int_equal(b->path_source[at], ESPY_SOURCE_USER);
	/* a socket nobody defined: what the record says itself */
	s = begin(ESPY_EV_net_send);
	s->path.obj = 66;
	s->remote = put_in("9.9.9.9", 53);
	at = row();
	expect(at, "remote", "9.9.9.9:53");
	expect(at, "local", "");
	expect(at, "protocol", "");
	assert_int_equal(b->path_source[at], ESPY_SOURCE_PARTIAL);
}

static uint32_t bind_row(uint64_t obj, int64_t result)
{
	struct espy_ev_net_bind *r = begin(ESPY_EV_net_bind);

	r->hdr.result = result;
	r->path.obj = obj;
	r->local = put_in("0.0.0.0", 0);
	return row();
}

static void bind_says_what_came_of_it(void **state)
{
	(void)state;
	define_socket(5, "0.0.0.0", 0, "0.0.0.0", 0);
	define_socket(6, "0.0.0.0", 39999, "0.0.0.0", 0);
	expect(bind_row(6, 0), "local", "0.0.0.0:39999");
	expect(bind_row(5, -EACCES), "local", "0.0.0.0:0");
	expect(bind_row(5, -EACCES), "path", "socket:[4321]");
	assert_int_equal(b->path_source[bind_row(5, -EACCES)], ESPY_SOURCE_USER);
	assert_int_equal(b->path_source[bind_row(6, 0)], ESPY_SOURCE_KERNEL);
	expect(bind_row(5, 0), "local", "0.0.0.0:0");
}

static void connect_asks_for_the_remote(void **state)
{
	struct espy_ev_net_connect *c;
	uint32_t at;

	(void)state;
	define_socket(5, "10.0.0.1", 4000, "0.0.0.0", 0);
	c = begin(ESPY_EV_net_connect);
	c->hdr.result = -ECONNREFUSED;
	c->path.obj = 5;
	c->remote = put_in("10.0.0.9", 81);
	at = row();
	expect(at, "remote", "10.0.0.9:81");
	expect(at, "local", "10.0.0.1:4000");
	expect(at, "path", "10.0.0.1:4000 -> 10.0.0.9:81");
	assert_int_equal(b->path_source[at], ESPY_SOURCE_USER);
}

/* What the memory of the caller says afterwards is not where the connection went. */
static void connect_says_where_it_went(void **state)
{
	static const int64_t results[] = {0, -EINPROGRESS};
	struct espy_ev_net_connect *c;
	uint32_t at;

	(void)state;
	define_socket(5, "10.0.0.1", 4000, "10.0.0.9", 81);
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		c = begin(ESPY_EV_net_connect);
		c->hdr.result = results[i];
		c->path.obj = 5;
		c->remote = put_in("9.9.9.9", 443);
		at = row();
		expect(at, "remote", "10.0.0.9:81");
		expect(at, "path", "10.0.0.1:4000 -> 10.0.0.9:81");
		assert_int_equal(b->path_source[at], ESPY_SOURCE_KERNEL);
	}
}

/* --- processes ------------------------------------------------------------------------------ */

static uint32_t fork_row(uint32_t pid, uint64_t start, uint32_t child, uint64_t child_start)
{
	struct espy_ev_process_fork *f = record_begin(&rec, ESPY_EV_process_fork, child_start);

	record_actor(&rec, pid, start);
	f->hdr.result = child;
	f->child_pid = child;
	f->child_start = child_start;
	f->child_ppid = pid;
	f->parent_start = start;
	return row();
}

static uint32_t exec_row(uint32_t pid, uint64_t start, uint64_t obj, const char *given,
			 int64_t result)
{
	struct espy_ev_process_exec *x = record_begin(&rec, ESPY_EV_process_exec, 5000);

	record_actor(&rec, pid, start);
	x->hdr.result = result;
	x->path.obj = obj;
	x->given = record_text(&rec, given);
	x->argv = record_lit(&rec, "v");
	return row();
}

static const char *name_of(uint32_t at)
{
	return espy_dict_get(&b->dict, espy_batch_proc(b, at)->name).p;
}

static const char *exe_of(uint32_t at)
{
	return espy_dict_get(&b->dict, espy_batch_proc(b, at)->exe).p;
}

/* Whose row is it: exec is the first of the new image, the others are of who did them. */
static void life_of_a_process(void **state)
{
	struct espy_ev_process_comm *c;
	struct espy_ev_process_running *r;
	uint32_t at;

	(void)state;
	define_file(1, "bash\0bin");
	define_file(2, "make\0bin");
	r = record_begin(&rec, ESPY_EV_process_running, 2000);
	record_actor(&rec, 10, 1000);
	r->path.obj = 1;
	r->comm = record_text(&rec, "bash");
	r->argv = record_lit(&rec, "-bash");
	at = row();
	assert_string_equal(name_of(at), "bash");
	assert_string_equal(exe_of(at), "/bin/bash");
	assert_int_equal(espy_batch_proc(b, at)->flags, ESPY_PROC_BEFORE);

	at = fork_row(10, 1000, 11, 3000);
	assert_int_equal(espy_batch_proc(b, at)->pid, 10);
	at = exec_row(11, 3000, 99, "/nowhere", -ENOENT);
	assert_string_equal(name_of(at), "bash");
	assert_int_equal(b->procs[espy_batch_proc(b, at)->parent].pid, 10);
	at = exec_row(11, 3000, 2, "make", 0);
	assert_string_equal(name_of(at), "make");
	assert_string_equal(exe_of(at), "/bin/make");
	assert_int_equal(espy_batch_proc(b, at)->flags, 0);

	c = record_begin(&rec, ESPY_EV_process_comm, 5100);
	record_actor(&rec, 11, 3000);
	c->renamed_tid = 11;
	c->name = record_text(&rec, "worker");
	assert_string_equal(name_of(row()), "make");
	record_begin(&rec, ESPY_EV_process_exit, 5200);
	record_actor(&rec, 11, 3000);
	at = row();
	assert_string_equal(name_of(at), "worker");
	assert_string_equal(exe_of(at), "/bin/make");
}

static void failed_fork(void **state)
{
	struct espy_ev_process_fork *f = begin(ESPY_EV_process_fork);

	(void)state;
	f->hdr.result = -EAGAIN;
	row();
	assert_int_equal(b->n_procs, 1);
}

/* Nothing of one batch is in the next: rows of the new one bring their strings and processes. */
static void next_batch(void **state)
{
	struct espy_batch *other;

	(void)state;
	define_file(1, "a");
	fork_row(10, 1000, 11, 2000);
	stat_row(1, NULL, ESPY_SOURCE_KERNEL);
	espy_batch_reset(b);
	espy_enrich_batch_done(e);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_KERNEL), "/a", ESPY_SOURCE_KERNEL);
	assert_int_equal(b->n_procs, 1);
	assert_int_equal(b->wall_offset, 1000000);
	assert_int_equal(espy_batch_proc(b, 0)->pid, 10);
	/* also when another batch comes without a word */
	other = b;
	assert_int_equal(espy_batch_new(&b), 0);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_KERNEL), "/a", ESPY_SOURCE_KERNEL);
	assert_int_equal(espy_batch_proc(b, 0)->pid, 10);
	espy_batch_free(other);
}

static void full_batch(void **state)
{
	(void)state;
	define_file(1, "a");
	for (uint32_t i = 0; i < ESPY_BATCH_ROWS; i++)
		stat_row(1, NULL, ESPY_SOURCE_KERNEL);
	begin(ESPY_EV_file_sync);
	assert_int_equal(add(), -ENOSPC);
	assert_int_equal(b->n, ESPY_BATCH_ROWS);
	assert_int_equal(b->dict.n, 2);
	espy_batch_reset(b);
	espy_enrich_batch_done(e);
	assert_int_equal(add(), 1);
}

static void epochs(void **state)
{
	(void)state;
	define_file(1, "a");
	define_file(2, "b");
	assert_int_equal(espy_enrich_objects(e), 2);
	espy_enrich_new_epoch(e, 4999);
	define_file(2, "b");
	expect_path(stat_row(2, NULL, ESPY_SOURCE_KERNEL), "/b", ESPY_SOURCE_KERNEL); /* at 5000 */
	assert_int_equal(espy_enrich_objects(e), 1);
	expect_path(stat_row(1, NULL, ESPY_SOURCE_KERNEL), "", ESPY_SOURCE_PARTIAL);
}

/* --- merged reads and writes ---------------------------------------------------------------- */

static uint32_t run_row(unsigned type, uint64_t times, uint64_t began)
{
	struct espy_ev_file_reads *r = begin(type);

	r->hdr.duration = 300;
	r->offset = 100;
	r->times = times;
	r->began = began;
	r->ended = 3000;
	return row();
}

/* It began when its first call did, whenever it is told; of one call it is that call. */
static void runs(void **state)
{
	uint32_t at = run_row(ESPY_EV_file_reads, 5, 2000);

	(void)state;
	assert_int_equal(b->type[at], ESPY_EV_file_reads);
	assert_int_equal(b->time[at], 2000);
	assert_int_equal(num(at, "times"), 5);
	assert_int_equal(b->time[run_row(ESPY_EV_file_reads, 5, UINT64_MAX)], 4700); /* never */
	at = run_row(ESPY_EV_file_reads, 1, 2700);
	assert_int_equal(b->type[at], ESPY_EV_file_read);
	assert_int_equal(b->time[at], 2700);
	assert_int_equal(num(at, "offset"), 100);
	assert_int_equal(b->type[run_row(ESPY_EV_file_writes, 1, 0)], ESPY_EV_file_write);
}

/* --- what the kernel would never send ------------------------------------------------------- */

static void bad_headers(void **state)
{
	struct espy_ev_file_read *r = begin(ESPY_EV_file_read);

	(void)state;
	r->hdr.size = sizeof(*r) - 1;
	assert_int_equal(add(), -EBADMSG);
	r->hdr.size = 0;
	assert_int_equal(add(), -EBADMSG);
	begin(ESPY_EV_file_read);
	r->hdr.type = 0;
	assert_int_equal(add(), -EBADMSG);
	r->hdr.type = ESPY_EVENT_ID_MAX;
	assert_int_equal(add(), -EBADMSG);
	r->hdr.type = 500;
	assert_int_equal(add(), -EBADMSG);
	begin(ESPY_EV_file_read);
	r->hdr.duration = r->hdr.time + 1;
	assert_int_equal(add(), -EBADMSG);
	begin(ESPY_EV_file_read);
	r->hdr.abi = ESPY_ABI__MAX;
	assert_int_equal(add(), -EBADMSG);
	begin(ESPY_EV_file_read);
	r->path.source = ESPY_SOURCE__MAX;
	assert_int_equal(add(), -EBADMSG);
	assert_int_equal(b->n, 0);
	assert_int_equal(b->n_procs, 0);
	begin(ESPY_EV_file_read);
	assert_int_equal(add(), 1);
}

static struct espy_text *text_at(const struct espy_field *f)
{
	char *at = rec.bytes + f->offset;

	return f->kind == ESPY_KIND_path ? &((struct espy_path *)at)->text : (void *)at;
}

/* Each text of each event, one by one: before the text area, behind the end, across it, wrapping.
 */
static void bad_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		for (unsigned k = 0; k < s->n_fields; k++) {
			const struct espy_text bad[] = {
				{0, 1},
				{(uint16_t)(s->size - 1), 1},
				{(uint16_t)(s->size + 8), 1},
				{(uint16_t)(s->size + 7), 2},
				{s->size, UINT16_MAX},
				{UINT16_MAX, UINT16_MAX},
				{UINT16_MAX, 1},
			};

			if (!espy_kind_is_string(s->fields[k].kind))
				continue;
			for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
				begin(s->type);
				record_bytes(&rec, "12345678", 8);
				*text_at(&s->fields[k]) = bad[n];
				assert_int_equal(add(), -EBADMSG);
			}
			begin(s->type);
			record_bytes(&rec, "12345678", 8);
			*text_at(&s->fields[k]) = (struct espy_text){s->size, 8};
			assert_true(add() >= 0);
			begin(s->type); /* of no length: the place means nothing */
			*text_at(&s->fields[k]) = (struct espy_text){UINT16_MAX, 0};
			assert_true(add() >= 0);
		}
	}
}

/* Every event with random bytes everywhere, in memory that ends where the record does. */
static void random_records(void **state)
{
	unsigned taken = 0;

	(void)state;
	srandom(42);
	for (int i = 0; i < 30000; i++) {
		const struct espy_schema *s = &espy_schemas[(size_t)random() % espy_n_schemas];
		size_t extra = (size_t)random() % 300, size = s->size + extra;
		struct espy_event *ev = malloc(size);
		unsigned char *p = (unsigned char *)ev;

		assert_non_null(ev);
		for (size_t k = 0; k < size; k++)
			p[k] = (random() & 3) ? 0 : (unsigned char)random();
		ev->type = s->type;
		ev->size = (uint32_t)size;
		ev->pid %= 50;
		ev->start %= 50;
		if (random() & 7) {
			ev->duration %= ev->time + 1;
			ev->abi %= ESPY_ABI__MAX;
		}
		if (espy_enrich_add(e, ev, b) == -ENOSPC) {
			espy_batch_reset(b);
			espy_enrich_batch_done(e);
		} else {
			taken++;
		}
		free(ev);
	}
	assert_true(taken > 10000);
	for (uint32_t at = 0; at < b->n; at++) {
		assert_true(b->proc[at] < b->n_procs);
		assert_true(b->path[at] < b->dict.n);
	}
}

/* A good record of every event with some bytes turned over. */
static void mutated_records(void **state)
{
	(void)state;
	srandom(43);
	define_dir(1, "dir\0top");
	for (int i = 0; i < 30000; i++) {
		const struct espy_schema *s = &espy_schemas[(size_t)random() % espy_n_schemas];
		struct espy_event *ev;

		begin(s->type);
		for (unsigned k = 0; k < s->n_fields; k++) {
			if (!espy_kind_is_string(s->fields[k].kind))
				continue;
			*text_at(&s->fields[k]) = record_text(&rec, "../a/./\xff//b");
			if (s->fields[k].kind == ESPY_KIND_path)
				((struct espy_path *)(rec.bytes + s->fields[k].offset))->obj = 1;
		}
		for (int k = 0; k < 4; k++) {
			size_t at = offsetof(struct espy_event, result) + (size_t)random();

			at %= rec.hdr.size;
			if (at < offsetof(struct espy_event, size) ||
			    at >= offsetof(struct espy_event, call))
				rec.bytes[at] = (char)random();
		}
		ev = malloc(rec.hdr.size);
		assert_non_null(ev);
		memcpy(ev, rec.bytes, rec.hdr.size);
		if (espy_enrich_add(e, ev, b) == -ENOSPC) {
			espy_batch_reset(b);
			espy_enrich_batch_done(e);
		}
		free(ev);
	}
}

/* --- build-ids ------------------------------------------------------------------------------ */

static void build_ids(void **state)
{
	struct espy_ev_image_load *l = begin(ESPY_EV_image_load);

	(void)state;
	l->build_id = record_text(&rec, "c0ffee"); /* the kernel side knew it */
	expect(row(), "build_id", "c0ffee");
	define_file(1, "nothing-of-that-name\0tmp");
	l = begin(ESPY_EV_image_load);
	l->path.obj = 1;
	expect(row(), "build_id", "");
}

/* The kernel side hands the numbers over as they are. */
static void lists_of_groups(void **state)
{
	static const uint32_t ids[] = {4, 27, 4294967294u};
	struct espy_ev_process_setgroups *g = begin(ESPY_EV_process_setgroups);

	(void)state;
	g->groups = record_bytes(&rec, ids, sizeof(ids));
	expect(row(), "groups", "4,27,4294967294");
	g = begin(ESPY_EV_process_setgroups);
	g->groups = record_bytes(&rec, ids, 7); /* half a number is none */
	expect(row(), "groups", "4");
	begin(ESPY_EV_process_setgroups);
	expect(row(), "groups", "");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(common_columns),
		TEST(longer_fixed_part),
		TEST(texts),
		TEST(loss),
		TEST(paths),
		TEST(unknown_objects),
		TEST(second_paths),
		TEST(filled_from_the_socket),
		TEST(bind_says_what_came_of_it),
		TEST(connect_asks_for_the_remote),
		TEST(connect_says_where_it_went),
		TEST(life_of_a_process),
		TEST(failed_fork),
		TEST(next_batch),
		TEST(full_batch),
		TEST(epochs),
		TEST(runs),
		TEST(bad_headers),
		TEST(bad_texts),
		TEST(random_records),
		TEST(mutated_records),
		TEST(build_ids),
		TEST(lists_of_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
