/* SPDX-License-Identifier: MIT */
/*
 * follow(EXPR): the opens that match, and what is done with their descriptors until they are
 * closed, in the process, in children that inherited them, and through duplicates.
 *
 * Events name a descriptor only where it is made, duplicated or closed; what is read, written and
 * so on they show by its path. So an operation belongs to a followed descriptor when its system
 * call takes one, its process has one that is followed, and both have the same path.
 */
#include <errno.h>
#include <stdlib.h>
#include "model/call.h"
#include "rule/descriptors.h"
#include "rule/state.h"

#define CALLS       1024u    /* numbers of system calls below this take part */
#define CLOEXEC     0x80000u /* O_CLOEXEC, SOCK_CLOEXEC (include/uapi/asm-generic/fcntl.h) */
#define CLONE_FILES 0x400u
#define FD_CLOEXEC  1u

enum { F_DUPFD_ = 0, F_SETFD_ = 2, F_DUPFD_CLOEXEC_ = 1030 };

struct follow {
	struct espy_descriptors open;
	uint8_t takes_fd[ESPY_ABI__MAX][CALLS];
};

/* One row on its way through the table below. */
struct step {
	struct espy_state *s;
	struct follow *f;
	const struct espy_batch *b;
	uint32_t row;
	struct espy_process_id who;
	struct espy_str path;
	bool starts; /* it matches EXPR */
};

static bool succeeded(const struct step *t)
{
	return t->b->result[t->row] >= 0 && !(t->b->flags[t->row] & ESPY_F_PENDING);
}

static uint64_t number(const struct step *t, const char *field)
{
	return espy_state_number(t->b, t->row, field);
}

static struct espy_str bare(struct espy_str path)
{
	if (espy_str_ends(path, ESPY_STATE_DELETED))
		path.n -= ESPY_STATE_DELETED.n;
	return path;
}

/* --- what belongs to a followed descriptor ------------------------------------------------------
 */

static bool takes_fd(const struct step *t)
{
	uint16_t call = t->b->call[t->row];

	return call < CALLS && t->b->abi[t->row] < ESPY_ABI__MAX &&
	       t->f->takes_fd[t->b->abi[t->row]][call];
}

static bool is_network(const struct step *t)
{
	return espy_schema_get(t->b->type[t->row])->class_id == ESPY_CLASS_network;
}

/* "tcp 1.2.3.4:5 -> 6.7.8.9:10" → "tcp" */
static struct espy_str protocol(struct espy_str path)
{
	const char *blank = memchr(path.p, ' ', path.n);

	return (struct espy_str){path.p, blank ? (size_t)(blank - path.p) : path.n};
}

static bool is_connected(struct espy_str path)
{
	return memmem(path.p, path.n, "->", 2);
}

/* A socket gets its addresses after it was made: the youngest without a peer is taken for it. */
static struct espy_descriptor *find_unconnected(struct espy_descriptor_set *set,
						struct espy_str path)
{
	for (size_t i = set->fds.n; i-- > 0;) {
		struct espy_descriptor *d = &set->fds.v[i];
		struct espy_str old = espy_descriptor_path(d);

		if (d->is_socket && !d->listens && !is_connected(old) &&
		    espy_str_eq(protocol(old), protocol(path)))
			return d;
	}
	return NULL;
}

static struct espy_descriptor *find_path(struct espy_descriptor_set *set, struct espy_str path)
{
	path = bare(path);
	for (size_t i = 0; path.n > 0 && i < set->fds.n; i++)
		if (espy_str_eq(bare(espy_descriptor_path(&set->fds.v[i])), path))
			return &set->fds.v[i];
	return NULL;
}

/* The followed descriptor that the row is about; NULL: none. */
static struct espy_descriptor *find(const struct step *t)
{
	struct espy_descriptor_set *set = espy_descriptors_of(&t->f->open, t->who);
	struct espy_descriptor *d;

	if (!set || !takes_fd(t))
		return NULL;
	d = find_path(set, t->path);
	if (d || !is_network(t))
		return d ? d : find_path(set, espy_state_text(t->b, t->row, "path2"));
	return find_unconnected(set, t->path);
}

static int use(struct step *t)
{
	struct espy_descriptor *d = find(t);

	if (!d)
		return 0;
	espy_state_set(t->s, t->row);
	d->listens |= t->b->type[t->row] == ESPY_EV_net_listen;
	/* A socket that is connected later. */
	if (d->is_socket && t->path.n > 0 && !espy_str_eq(espy_descriptor_path(d), t->path))
		return espy_descriptor_set_path(d, t->path);
	return 0;
}

/* --- events that make, copy and close descriptors -----------------------------------------------
 */

static int make(struct step *t, uint64_t flags, bool is_socket)
{
	struct espy_descriptor d = {.fd = (uint64_t)t->b->result[t->row],
				    .cloexec = flags & CLOEXEC,
				    .is_socket = is_socket};

	espy_state_set(t->s, t->row);
	return espy_descriptors_open(&t->f->open, t->who, &d, t->path);
}

/* The number is given out anew: whatever had it was closed, whether that was seen or not. */
static void replace(struct step *t)
{
	uint64_t fd = (uint64_t)t->b->result[t->row];

	espy_descriptors_close(&t->f->open, t->who, fd, fd);
}

static int on_open(struct step *t)
{
	if (!succeeded(t))
		return 0;
	if (t->starts)
		return make(t, number(t, "flags"), false);
	replace(t);
	return 0;
}

static int on_socket(struct step *t)
{
	if (!succeeded(t))
		return 0;
	if (t->starts)
		return make(t, number(t, "type"), true);
	replace(t);
	return 0;
}

/* The call is one on the socket that listens; the descriptor is a new one. */
static int on_accept(struct step *t)
{
	struct espy_descriptor_set *set = espy_descriptors_of(&t->f->open, t->who);
	struct espy_str listens = t->path;
	const char *arrow = memmem(t->path.p, t->path.n, " ->", 3);

	listens.n = arrow ? (size_t)(arrow - t->path.p) : listens.n;
	if (set && (find_path(set, t->path) || find_path(set, listens)))
		espy_state_set(t->s, t->row);
	if (!succeeded(t))
		return 0;
	if (t->starts)
		return make(t, number(t, "flags"), true);
	replace(t);
	return 0;
}

static struct espy_descriptor *by_number(const struct step *t, uint64_t fd)
{
	struct espy_descriptor_set *set = espy_descriptors_of(&t->f->open, t->who);

	for (size_t i = 0; set && i < set->fds.n; i++)
		if (set->fds.v[i].fd == fd)
			return &set->fds.v[i];
	return NULL;
}

static int on_dup(struct step *t)
{
	uint64_t fd = number(t, "fd");
	struct espy_descriptor *d = by_number(t, fd);
	bool is_socket = d && d->is_socket;

	if (d)
		espy_state_set(t->s, t->row);
	if (!succeeded(t) || (uint64_t)t->b->result[t->row] == fd) /* dup2(3, 3) does nothing */
		return 0;
	if (d || t->starts)
		return make(t, number(t, "flags"), is_socket);
	replace(t);
	return 0;
}

static int on_fcntl(struct step *t)
{
	uint64_t command = number(t, "command");
	struct espy_descriptor *d = find(t);

	if (!d)
		return 0;
	espy_state_set(t->s, t->row);
	if (!succeeded(t))
		return 0;
	if (command == F_DUPFD_ || command == F_DUPFD_CLOEXEC_)
		return make(t, command == F_DUPFD_CLOEXEC_ ? CLOEXEC : 0, d->is_socket);
	if (command == F_SETFD_)
		d->cloexec = number(t, "arg") & FD_CLOEXEC;
	return 0;
}

static int on_close(struct step *t)
{
	uint64_t first = number(t, "fd"), last = number(t, "last");

	if (!succeeded(t))
		return 0;
	if (espy_descriptors_close(&t->f->open, t->who, first, last > first ? last : first) > 0)
		espy_state_set(t->s, t->row);
	return 0;
}

/* --- processes ----------------------------------------------------------------------------------
 */

static int on_fork(struct step *t)
{
	struct espy_process_id child = {number(t, "child_pid"), number(t, "child_start")};

	if (!succeeded(t) || child.pid == 0)
		return 0;
	return espy_descriptors_fork(&t->f->open, t->who, child, number(t, "flags") & CLONE_FILES);
}

static int on_exec(struct step *t)
{
	return succeeded(t) ? espy_descriptors_exec(&t->f->open, t->who) : 0;
}

static int on_process_exit(struct step *t)
{
	espy_descriptors_exit(&t->f->open, t->who);
	return 0;
}

static int on_rename(struct step *t)
{
	struct espy_str to = espy_state_text(t->b, t->row, "path2");

	if (!succeeded(t) || t->path.n == 0 || to.n == 0)
		return 0;
	return espy_descriptors_rename(&t->f->open, t->path, to);
}

static const struct {
	uint16_t type;
	int (*step)(struct step *t);
} steps[] = {
	{ESPY_EV_file_open, on_open},     {ESPY_EV_file_dup, on_dup},
	{ESPY_EV_file_fcntl, on_fcntl},   {ESPY_EV_file_close, on_close},
	{ESPY_EV_net_close, on_close},    {ESPY_EV_net_socket, on_socket},
	{ESPY_EV_net_accept, on_accept},  {ESPY_EV_process_fork, on_fork},
	{ESPY_EV_process_exec, on_exec},  {ESPY_EV_process_exit, on_process_exit},
	{ESPY_EV_file_rename, on_rename},
};

/* Events that change what is followed; connect, bind and listen change a socket. */
static const uint16_t types[] = {ESPY_EV_file_open,    ESPY_EV_file_dup,     ESPY_EV_file_fcntl,
				 ESPY_EV_file_close,   ESPY_EV_net_close,    ESPY_EV_net_socket,
				 ESPY_EV_net_accept,   ESPY_EV_process_fork, ESPY_EV_process_exec,
				 ESPY_EV_process_exit, ESPY_EV_file_rename,  ESPY_EV_net_connect,
				 ESPY_EV_net_bind,     ESPY_EV_net_listen,   0};

static int walk(struct step *t)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].type == t->b->type[t->row])
			return steps[i].step(t);
	return use(t);
}

static void done(struct espy_state *s)
{
	struct follow *f = s->memory;

	espy_descriptors_done(&f->open);
	free(f);
}

static int start(struct espy_state *s)
{
	struct follow *f = s->memory = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->open.max = ESPY_STATE_FOLLOWED_MAX;
	for (size_t i = 0; i < espy_n_schemas; i++) {
		for (unsigned k = 0; k < espy_schemas[i].n_calls; k++) {
			const struct espy_call_row *c = &espy_schemas[i].calls[k];

			for (unsigned abi = 0; c->fd && abi < ESPY_ABI__MAX; abi++) {
				int nr = espy_call_nr(abi, c->call);

				if (nr >= 0 && nr < (int)CALLS)
					f->takes_fd[abi][nr] = 1;
			}
		}
	}
	return 0;
}

static int batch(struct espy_state *s, const struct espy_batch *b)
{
	int r = s->memory ? 0 : start(s);
	struct follow *f = s->memory;

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		bool starts = s->expr_bits[0][row / 64] >> (row % 64) & 1;
		struct step t = {.s = s, .f = f, .b = b, .row = row, .starts = starts};

		if ((!starts && f->open.sets.n == 0) || b->proc[row] >= b->n_procs)
			continue;
		t.who.pid = espy_batch_proc(b, row)->pid;
		t.who.start = espy_batch_proc(b, row)->start;
		if (!starts && b->type[row] != ESPY_EV_file_rename &&
		    !espy_descriptors_of(&f->open, t.who))
			continue;
		t.path = espy_dict_get(&b->dict, b->path[row]);
		r = walk(&t);
	}
	if (f)
		s->dropped = f->open.dropped;
	return r;
}

static const char *const columns[] = {
	"pid",    "start", "path", "path2",   "result", "syscall",   "fd",          "last",
	"new_fd", "flags", "type", "command", "arg",    "child_pid", "child_start", NULL};

const struct espy_state_kind espy_state_follow = {
	.n_exprs = 1,
	.what = "a filter for the opens to follow",
	.types = types,
	.columns = columns,
	.batch = batch,
	.done = done,
};
