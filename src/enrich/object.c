/* SPDX-License-Identifier: MIT */
#include "enrich/object.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "enrich/addr.h"
#include "enrich/path.h"
#include "enrich/wire.h"

#define SLOTS_FIRST 1024
#define SLOTS_USED  3 /* at the most, of SLOTS_PER */
#define SLOTS_PER   4
#define SPARED_MAX  16
#define BASES_MAX   64 /* objects waiting for one another */

/* Text of one definition while it is made: the parts, one after another. */
struct draft {
	struct espy_buf *buf;
	uint64_t base;  /* what is still to be put before it */
	uint32_t flags; /* enum espy_object_flags */
	uint32_t end[ESPY_OBJECT__PARTS];
};

void espy_objects_init(struct espy_objects *t, size_t max)
{
	*t = (struct espy_objects){.max = max ? max : ESPY_OBJECTS_DEFAULT, .epoch = 1};
}

void espy_objects_done(struct espy_objects *t)
{
	for (size_t i = 0; i < t->all.n; i++)
		free(t->all.v[i]);
	espy_vec_done(&t->all);
	free(t->slots);
	espy_buf_done(&t->scratch[0]);
	espy_buf_done(&t->scratch[1]);
}

unsigned espy_object_source(const struct espy_object *o)
{
	return o->flags & ESPY_OBJ_PARTIAL ? ESPY_SOURCE_PARTIAL : ESPY_SOURCE_KERNEL;
}

/* --- finding -------------------------------------------------------------------------------- */

/* Ids are hashes already, but by whom is not for this file to know. */
static size_t home(const struct espy_objects *t, uint64_t id)
{
	return (size_t)((id * 0x9e3779b97f4a7c15ull) >> 32) & (t->cap - 1);
}

/* Where the id is, or where it belongs. */
static struct espy_object_slot *find_slot(const struct espy_objects *t, uint64_t id)
{
	size_t i = home(t, id);

	while (t->slots[i].object && t->slots[i].id != id)
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

static int grow_slots(struct espy_objects *t)
{
	struct espy_objects new = {.cap = t->cap ? t->cap * 2 : SLOTS_FIRST};

	new.slots = calloc(new.cap, sizeof(*new.slots));
	if (!new.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->all.n; i++)
		*find_slot(&new, t->all.v[i]->id) =
			(struct espy_object_slot){t->all.v[i]->id, t->all.v[i]};
	free(t->slots);
	t->slots = new.slots;
	t->cap = new.cap;
	return 0;
}

/* Closes the gap with those behind it that it would cut off from their home. */
static void clear_slot(struct espy_objects *t, struct espy_object_slot *s)
{
	size_t mask = t->cap - 1, gap = (size_t)(s - t->slots);

	for (size_t i = (gap + 1) & mask; t->slots[i].object; i = (i + 1) & mask) {
		if (((i - home(t, t->slots[i].id)) & mask) < ((i - gap) & mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap].object = NULL;
}

static struct espy_object *known(const struct espy_objects *t, uint64_t id)
{
	return t->cap ? find_slot(t, id)->object : NULL;
}

/* --- their texts ---------------------------------------------------------------------------- */

static void put_inode_str(struct espy_buf *out, struct espy_str kind, uint64_t inode)
{
	espy_buf_str(out, kind);
	espy_buf_puts(out, ":[");
	espy_buf_u64(out, inode);
	espy_buf_putc(out, ']');
}

static void put_inode(struct espy_buf *out, const char *kind, uint64_t inode)
{
	put_inode_str(out, espy_str0(kind), inode);
}

static bool is_socket(const struct espy_ev_meta_object *rec)
{
	return rec->family || ((rec->flags & ESPY_OBJ_PSEUDO) && S_ISSOCK(rec->mode));
}

/* One name says what a Unix socket is: its own, or that of the peer it talks to. */
static void put_unix_path(struct espy_buf *out, const struct espy_ev_meta_object *rec,
			  struct espy_str local, struct espy_str remote)
{
	if (local.n)
		espy_buf_str(out, local);
	else if (remote.n)
		espy_buf_str(out, remote);
	else
		put_inode(out, "unix", rec->inode);
}

static void put_socket_path(struct espy_buf *out, const struct espy_ev_meta_object *rec,
			    struct espy_str local, struct espy_str remote)
{
	if (rec->family == AF_UNIX) {
		put_unix_path(out, rec, local, remote);
		return;
	}
	if (!local.n && !remote.n) {
		put_inode(out, "socket", rec->inode);
		return;
	}
	espy_addr_path(out, local, remote);
}

/* What is in no directory tree, as d_path() of the kernel names it (fs/d_path.c, simple_dname, and
 * the d_dname of pipefs, anon_inodefs and nsfs). */
static void put_pseudo_path(struct espy_buf *out, const struct espy_ev_meta_object *rec)
{
	struct espy_str name = espy_wire_bytes(&rec->hdr, rec->path);

	name.n = strnlen(name.p, name.n);
	if (S_ISFIFO(rec->mode)) {
		put_inode(out, "pipe", rec->inode);
	} else if (rec->flags & ESPY_OBJ_NS) {
		put_inode_str(out, name, rec->inode);
	} else if (name.n == 0 || espy_str_eq(name, ESPY_STR("/"))) {
		put_inode(out, "inode", rec->inode);
	} else if (rec->flags & ESPY_OBJ_ANON || name.p[0] == '[') {
		espy_buf_puts(out, "anon_inode:");
		espy_buf_str(out, name);
	} else if (name.p[name.n - 1] == ']' && !espy_str_starts(name, ESPY_STR("memfd:"))) {
		/* anon_inode:[x], mnt:[1]: named in full; whatever a memfd is called it is none */
		espy_buf_str(out, name);
	} else {
		espy_buf_putc(out, '/');
		espy_buf_str(out, name);
		espy_buf_puts(out, ESPY_PATH_DELETED);
	}
}

/* The directory that a path of `n` more bytes is in. True when that loses its head: the directory
 * is not known, or both are too long together. */
static bool put_directory(struct espy_buf *out, const struct espy_object *dir, size_t n)
{
	struct espy_str head = dir ? espy_object_text(dir, ESPY_OBJECT_PATH) : ESPY_STR("");
	bool lost = !head.n || head.n + n > ESPY_OBJECT_PATH_MAX;

	if (lost)
		espy_buf_puts(out, ESPY_PATH_UNKNOWN);
	else if (!espy_str_eq(head, ESPY_STR("/")))
		espy_buf_str(out, head);
	return lost || dir->flags & ESPY_OBJ_PARTIAL;
}

static void put_file_path(struct espy_objects *t, struct draft *d,
			  const struct espy_ev_meta_object *rec)
{
	struct espy_str names = espy_wire_bytes(&rec->hdr, rec->path);
	struct espy_object *dir = rec->base ? known(t, rec->base) : NULL;

	if (dir)
		dir->used = true;
	if (rec->base && (!dir || dir->base))
		d->base = rec->base;
	else if (dir && put_directory(d->buf, dir, names.n))
		d->flags |= ESPY_OBJ_PARTIAL;
	espy_path_names(d->buf, names, !rec->base && rec->flags & ESPY_OBJ_PARTIAL);
	if (rec->flags & ESPY_OBJ_UNLINKED)
		espy_buf_puts(d->buf, ESPY_PATH_DELETED);
}

static struct espy_str put_addr(struct espy_buf *out, struct espy_str sockaddr)
{
	size_t begin = out->n;

	if (!espy_addr_is_blank(sockaddr))
		espy_addr_text(out, sockaddr);
	return (struct espy_str){out->p + begin, out->n - begin};
}

/* The path of a socket is made of its addresses, which follow it: they are made apart first. */
static void draft_socket(struct draft *d, const struct espy_ev_meta_object *rec,
			 struct espy_buf *addrs)
{
	struct espy_str local, remote;
	size_t split;

	espy_buf_reset(addrs);
	split = put_addr(addrs, espy_wire_bytes(&rec->hdr, rec->local)).n;
	put_addr(addrs, espy_wire_bytes(&rec->hdr, rec->remote));
	local = (struct espy_str){addrs->p, split};
	remote = (struct espy_str){addrs->p + split, addrs->n - split};
	put_socket_path(d->buf, rec, local, remote);
	d->end[ESPY_OBJECT_PATH] = d->buf->n;
	espy_buf_str(d->buf, local);
	d->end[ESPY_OBJECT_LOCAL] = d->buf->n;
	espy_buf_str(d->buf, remote);
	d->end[ESPY_OBJECT_REMOTE] = d->buf->n;
	espy_addr_protocol(d->buf, rec->family, rec->protocol & 0xff, rec->protocol >> 8);
	d->end[ESPY_OBJECT_PROTOCOL] = d->buf->n;
	if (addrs->error)
		d->buf->error = addrs->error;
}

static size_t object_bytes(unsigned parts, size_t text)
{
	return offsetof(struct espy_object, part) + parts * sizeof(struct espy_object_text) + text;
}

/* How many parts have a place of their own: what is behind the path is empty but for sockets. */
static unsigned parts_of(const struct draft *d)
{
	return d->end[ESPY_OBJECT__PARTS - 1] > d->end[0] ? ESPY_OBJECT__PARTS : 1;
}

static void take_text(struct espy_object *o, const struct draft *d)
{
	o->n_parts = (uint8_t)parts_of(d);
	for (unsigned i = 0; i < o->n_parts; i++)
		o->part[i] = (struct espy_object_text){UINT32_MAX, d->end[i]};
	memcpy(o->part + o->n_parts, d->buf->p, d->buf->n);
}

static size_t bytes_of(const struct espy_object *o)
{
	return object_bytes(o->n_parts, o->part[o->n_parts - 1].end);
}

/* Another text, for which it may move: where it is then, or NULL. */
static struct espy_object *change_text(struct espy_objects *t, struct espy_object *o,
				       const struct draft *d)
{
	size_t n = object_bytes(parts_of(d), d->buf->n), old = bytes_of(o);

	o = realloc(o, n);
	if (!o)
		return NULL;
	t->bytes += n - old;
	t->all.v[o->place] = o;
	find_slot(t, o->id)->object = o;
	take_text(o, d);
	return o;
}

static void end_parts(struct draft *d)
{
	for (unsigned i = 0; i < ESPY_OBJECT__PARTS; i++)
		d->end[i] = (uint32_t)d->buf->n;
}

/* Puts the directory before what waited for it, or says that the head is lost. Where it is then. */
static struct espy_object *settle(struct espy_objects *t, struct espy_object *o)
{
	struct espy_object *moved = NULL;
	const struct espy_object *dir = known(t, o->base);
	struct draft d = {.buf = &t->scratch[1]};
	struct espy_str below = espy_object_text(o, ESPY_OBJECT_PATH);

	espy_buf_reset(d.buf);
	if (put_directory(d.buf, dir && !dir->base ? dir : NULL, below.n))
		o->flags |= ESPY_OBJ_PARTIAL;
	o->base = 0;
	espy_buf_str(d.buf, below);
	end_parts(&d);
	if (!d.buf->error)
		moved = change_text(t, o, &d);
	d.buf->error = 0;
	if (moved)
		return moved;
	o->flags |= ESPY_OBJ_PARTIAL;
	return o;
}

/* The definition of a directory may come behind that of what is in it, from another processor. */
static struct espy_object *settle_all(struct espy_objects *t, struct espy_object *o)
{
	while (o->base) {
		struct espy_object *first = o, *dir, *moved;

		for (unsigned i = 0; i < BASES_MAX; i++) {
			dir = known(t, first->base);
			if (!dir || !dir->base)
				break;
			first = dir;
		}
		moved = settle(t, first);
		if (first == o)
			o = moved;
	}
	return o;
}

struct espy_object *espy_object_find(struct espy_objects *t, uint64_t id)
{
	struct espy_object *o = known(t, id);

	if (o && !o->used)
		o->used = true;
	return o && o->base ? settle_all(t, o) : o;
}

static int make_draft(struct espy_objects *t, struct draft *d,
		      const struct espy_ev_meta_object *rec)
{
	*d = (struct draft){.buf = &t->scratch[0], .flags = rec->flags};
	espy_buf_reset(d->buf);
	if (espy_buf_reserve(d->buf, 1) < 0 || espy_buf_reserve(&t->scratch[1], 1) < 0)
		return -ENOMEM;
	if (is_socket(rec)) {
		draft_socket(d, rec, &t->scratch[1]);
	} else {
		if (rec->flags & ESPY_OBJ_PSEUDO)
			put_pseudo_path(d->buf, rec);
		else
			put_file_path(t, d, rec);
		end_parts(d);
	}
	return d->buf->error;
}

/* --- coming and going ----------------------------------------------------------------------- */

static void drop_object(struct espy_objects *t, struct espy_object *o)
{
	struct espy_object *last = t->all.v[--t->all.n];

	clear_slot(t, find_slot(t, o->id));
	t->all.v[o->place] = last;
	last->place = o->place;
	t->bytes -= bytes_of(o);
	free(o);
}

/* Second chance: an object used since the hand's last visit is passed over once, and a few of those
 * that the kernel side counts on now. The hand moves on also from a place that was emptied, because
 * the youngest object is moved there. */
static void make_room(struct espy_objects *t, size_t bytes)
{
	unsigned spared = 0;

	while (t->all.n && (t->all.n >= t->max || t->bytes + bytes > ESPY_OBJECT_BYTES_MAX)) {
		struct espy_object *o = t->all.v[t->hand++ % t->all.n];
		bool is_counted_on = o->epoch == t->epoch;

		if (o->used) {
			o->used = false;
		} else if (is_counted_on && spared < SPARED_MAX) {
			spared++;
		} else {
			t->is_short |= is_counted_on;
			drop_object(t, o);
		}
	}
}

bool espy_objects_are_many(const struct espy_objects *t)
{
	return t->all.n >= ESPY_OBJECTS_MANY || t->bytes >= ESPY_OBJECT_BYTES_MAX / 2;
}

static struct espy_object *new_object(struct espy_objects *t, uint64_t id, const struct draft *d)
{
	size_t n = object_bytes(parts_of(d), d->buf->n);
	struct espy_object *o;

	if ((t->all.n + 1) * SLOTS_PER > t->cap * SLOTS_USED && grow_slots(t) < 0)
		return NULL;
	o = malloc(n);
	if (!o)
		return NULL;
	*o = (struct espy_object){.id = id, .place = (uint32_t)t->all.n};
	if (espy_vec_push(&t->all, o) < 0) {
		free(o);
		return NULL;
	}
	take_text(o, d);
	t->bytes += n;
	*find_slot(t, id) = (struct espy_object_slot){id, o};
	return o;
}

static bool has_text(const struct espy_object *o, const struct draft *d)
{
	if (o->n_parts != parts_of(d))
		return false;
	for (unsigned i = 0; i < o->n_parts; i++)
		if (o->part[i].end != d->end[i])
			return false;
	return memcmp(o->part + o->n_parts, d->buf->p, d->buf->n) == 0;
}

/* The object with this text: the one that was there, or a new one in its place. NULL: no memory. */
static struct espy_object *get_object(struct espy_objects *t, uint64_t id, const struct draft *d)
{
	struct espy_object *o = known(t, id);

	if (o && has_text(o, d))
		return o;
	if (o)
		drop_object(t, o);
	make_room(t, object_bytes(parts_of(d), d->buf->n));
	return new_object(t, id, d);
}

int espy_object_define(struct espy_objects *t, const struct espy_ev_meta_object *rec)
{
	struct espy_object *o = NULL;
	struct draft d;

	if (make_draft(t, &d, rec) == 0)
		o = get_object(t, rec->id, &d);
	t->scratch[0].error = t->scratch[1].error = 0;
	if (!o)
		return -ENOMEM;
	o->inode = rec->inode;
	o->dev = rec->dev;
	o->mode = (uint16_t)rec->mode;
	o->family = (uint16_t)rec->family;
	o->base = d.base;
	o->flags = d.flags;
	o->epoch = t->epoch;
	return 0;
}

/* While one epoch is ending the next may begin; what that one leaves behind goes with a later one.
 */
void espy_objects_new_epoch(struct espy_objects *t, uint64_t until)
{
	t->epoch++;
	t->is_short = false;
	if (t->forget_at)
		return;
	t->forget_at = until ? until : 1;
	t->forget_before = t->epoch;
}

void espy_objects_forget(struct espy_objects *t)
{
	t->forget_at = 0;
	for (size_t i = 0; i < t->all.n;) {
		if (t->all.v[i]->epoch >= t->forget_before)
			i++;
		else
			drop_object(t, t->all.v[i]);
	}
}
