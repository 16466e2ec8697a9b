/* SPDX-License-Identifier: MIT */
#include "enrich/decode.h"

#include <assert.h>
#include <errno.h>

#include "enrich/addr.h"
#include "enrich/path.h"
#include "enrich/semop.h"
#include "enrich/wire.h"

#define SOCKET_TYPE_MASK 0xf /* SOCK_TYPE_MASK of linux/net.h */

enum step {
	STEP_SKIP, /* `path`: done first, because others need its object */
	STEP_U32,
	STEP_S32,
	STEP_64,
	STEP_TEXT,
	STEP_BYTES, /* text whose NULs mean something */
	STEP_LATER, /* filled in by others */
	STEP_PATH,
	STEP_LOCAL,
	STEP_REMOTE,
	STEP_PROTOCOL,
	STEP_BUILD_ID,
	STEP_SEMAPHORES,
	STEP_USER,
	STEP_GROUPS, /* numbers of 32 bits */
};

/* Fields that mean more than their kind says, wherever they occur. */
static const struct {
	const char *name;
	uint8_t kind, step;
} special[] = {
	{"path", ESPY_KIND_path, STEP_SKIP},
	{"local", ESPY_KIND_text, STEP_LOCAL},
	{"remote", ESPY_KIND_text, STEP_REMOTE},
	{"protocol", ESPY_KIND_text, STEP_PROTOCOL},
	{"build_id", ESPY_KIND_text, STEP_BUILD_ID},
	{"semaphores", ESPY_KIND_text, STEP_SEMAPHORES},
	{"peer_user", ESPY_KIND_text, STEP_USER},
	{"groups", ESPY_KIND_text, STEP_GROUPS},
	{"value", ESPY_KIND_text, STEP_BYTES},
	{"old_value", ESPY_KIND_text, STEP_LATER},
};

static const uint8_t by_kind[ESPY_KIND__MAX] = {
	[ESPY_KIND_u32] = STEP_U32, [ESPY_KIND_s32] = STEP_S32,   [ESPY_KIND_u64] = STEP_64,
	[ESPY_KIND_s64] = STEP_64,  [ESPY_KIND_text] = STEP_TEXT, [ESPY_KIND_path] = STEP_PATH,
};

void espy_decoder_init(struct espy_decoder *d, size_t max_objects)
{
	*d = (struct espy_decoder){.batch = 1};
	espy_objects_init(&d->objects, max_objects);
}

void espy_decoder_done(struct espy_decoder *d)
{
	espy_objects_done(&d->objects);
	espy_images_done(&d->images);
	espy_users_done(&d->users);
	espy_buf_done(&d->scratch);
}

static uint8_t step_of(const struct espy_field *f)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (f->kind == special[i].kind && strcmp(f->name, special[i].name) == 0)
			return special[i].step;
	if (f->kind == ESPY_KIND_text && f->fmt == ESPY_FMT_ARGV)
		return STEP_BYTES;
	return by_kind[f->kind];
}

static void add_field(struct espy_decode_plan *p, uint8_t field, uint8_t step)
{
	struct espy_decode_field f = {p->schema->fields[field].offset, field, step};

	if (step >= STEP_TEXT)
		p->text[p->n_texts++] = f;
	else
		p->number[p->n_numbers++] = f;
}

void espy_decode_plan(struct espy_decode_plan *ret, const struct espy_schema *s)
{
	assert(s->n_fields <= ESPY_FIELDS_MAX);
	*ret = (struct espy_decode_plan){
		.schema = s, .path = -1, .local = -1, .remote = -1, .began = -1};
	espy_wire_plan(&ret->wire, s);
	for (int i = 0; i < s->n_fields; i++) {
		uint8_t step = step_of(&s->fields[i]);

		if (step == STEP_SKIP)
			ret->path = i;
		else
			add_field(ret, (uint8_t)i, step);
		if (step == STEP_LOCAL)
			ret->local = i;
		if (step == STEP_REMOTE)
			ret->remote = i;
		if (strcmp(s->fields[i].name, "began") == 0)
			ret->began = i;
	}
}

/* One record on its way. */
struct run {
	struct espy_decoder *d;
	const struct espy_event *rec;
	struct espy_batch *b;
	struct espy_decoded *to;
};

/* --- strings -------------------------------------------------------------------------------- */

static uint32_t put(const struct run *x, struct espy_str s)
{
	return espy_dict_add(&x->b->dict, s);
}

static uint32_t put_scratch(const struct run *x)
{
	struct espy_buf *s = &x->d->scratch;

	if (s->error) {
		s->error = 0;
		return UINT32_MAX;
	}
	return put(x, (struct espy_str){s->p, s->n});
}

/* A text of an object goes to the dictionary once per batch, however many rows mention it. */
static uint32_t put_object(const struct run *x, struct espy_object *o, enum espy_object_part part)
{
	if (o->batch != x->d->batch) {
		for (unsigned i = 0; i < o->n_parts; i++)
			o->part[i].dict = UINT32_MAX;
		o->batch = x->d->batch;
	}
	if (part >= o->n_parts)
		return 0;
	if (o->part[part].dict == UINT32_MAX)
		o->part[part].dict = put(x, espy_object_text(o, part));
	return o->part[part].dict;
}

static uint32_t put_socket(const struct run *x, enum espy_object_part part)
{
	return x->to->object ? put_object(x, x->to->object, part) : 0;
}

/* --- paths ---------------------------------------------------------------------------------- */

struct place {
	uint32_t id;
	uint8_t source;
	struct espy_object *object;
};

static uint8_t worst_source(const struct espy_path *p, const struct espy_object *o)
{
	if (p->source == ESPY_SOURCE_NONE)
		return o ? (uint8_t)espy_object_source(o) : ESPY_SOURCE_USER;
	return o && espy_object_source(o) == ESPY_SOURCE_PARTIAL ? ESPY_SOURCE_PARTIAL : p->source;
}

/* A text as seen from its directory. */
static void place_text(const struct run *x, const struct espy_path *p, struct espy_str text,
		       struct place *ret)
{
	struct espy_buf *scratch = &x->d->scratch;
	struct espy_str base = ESPY_STR_NONE;

	ret->source = worst_source(p, ret->object);
	if (ret->source == ESPY_SOURCE_KERNEL && p->source == ESPY_SOURCE_NONE)
		ret->source = ESPY_SOURCE_USER;
	if (ret->object)
		base = espy_object_text(ret->object, ESPY_OBJECT_PATH);
	else if (p->obj)
		base = ESPY_STR(ESPY_PATH_UNKNOWN);
	espy_buf_reset(scratch);
	espy_path_join(scratch, base, text);
	if (espy_path_is_partial((struct espy_str){scratch->p, scratch->n}))
		ret->source = ESPY_SOURCE_PARTIAL;
	ret->id = put_scratch(x);
	ret->object = NULL; /* it was only the directory */
}

static void find_place(const struct run *x, const struct espy_path *p, struct place *ret)
{
	struct espy_str text = espy_wire_bytes(x->rec, p->text);

	text.n = strnlen(text.p, text.n);
	*ret = (struct place){0};
	if (p->obj) {
		ret->object = espy_object_find(&x->d->objects, p->obj);
		x->to->is_unknown |= !ret->object;
	}
	if (text.n > 0) {
		place_text(x, p, text, ret);
	} else if (ret->object) {
		ret->id = put_object(x, ret->object, ESPY_OBJECT_PATH);
		ret->source = worst_source(p, ret->object);
	} else if (p->obj || p->source == ESPY_SOURCE_PARTIAL) {
		ret->source = ESPY_SOURCE_PARTIAL;
	}
}

/* --- addresses and images ------------------------------------------------------------------- */

/* A connection takes no other address, whatever a call names. */
static bool is_connection(const struct espy_object *o)
{
	return espy_str_eq(espy_object_text(o, ESPY_OBJECT_PROTOCOL), ESPY_STR("tcp"));
}

/*
 * Does the socket know better than the call? The caller's memory may say something else by the time
 * that it is read. A successful bind gives the socket the address that counts: port 0 has become a
 * real one. One that is connected knows to whom.
 */
static bool object_is_truth(const struct run *x, enum espy_object_part part)
{
	const struct espy_event *rec = x->rec;

	if (!x->to->object || !espy_object_text(x->to->object, part).n)
		return false;
	if (part == ESPY_OBJECT_LOCAL)
		return rec->type == ESPY_EV_net_bind && rec->result >= 0;
	if (rec->type == ESPY_EV_net_connect)
		return rec->result >= 0 || rec->result == -EINPROGRESS;
	return (rec->type == ESPY_EV_net_send || rec->type == ESPY_EV_net_recv) &&
	       is_connection(x->to->object);
}

/* Was this address read from the memory of whoever made the call? */
static bool is_callers(const struct run *x, struct espy_text given, enum espy_object_part part)
{
	switch (x->rec->type) {
	case ESPY_EV_net_bind:
	case ESPY_EV_net_connect:
	case ESPY_EV_net_send:
	case ESPY_EV_net_recv:
		return given.len > 0 && !object_is_truth(x, part);
	}
	return false;
}

static uint32_t put_addr(const struct run *x, struct espy_str sockaddr, enum espy_object_part part)
{
	if (sockaddr.n == 0 || object_is_truth(x, part))
		return put_socket(x, part);
	espy_buf_reset(&x->d->scratch);
	espy_addr_text(&x->d->scratch, sockaddr);
	return put_scratch(x);
}

/* There is no socket to ask where none could be made: what was asked for. */
static uint32_t put_protocol(const struct run *x)
{
	const struct espy_ev_net_socket *rec = (const void *)x->rec;

	if (x->to->object || x->rec->type != ESPY_EV_net_socket)
		return put_socket(x, ESPY_OBJECT_PROTOCOL);
	espy_buf_reset(&x->d->scratch);
	espy_addr_protocol(&x->d->scratch, (unsigned)rec->family, rec->type & SOCKET_TYPE_MASK,
			   (unsigned)rec->protocol_number);
	return put_scratch(x);
}

static uint32_t put_build_id(const struct run *x, struct espy_str known)
{
	const struct espy_object *o = x->to->object;
	struct espy_image_key key;

	if (known.n || !o || x->d->no_build_id || (o->flags & ESPY_OBJ_UNLINKED))
		return put(x, known);
	key = (struct espy_image_key){
		.inode = o->inode,
		.dev = o->dev,
		.pid = x->d->no_proc ? 0 : x->rec->pid,
		.path = espy_object_text(o, ESPY_OBJECT_PATH),
	};
	return put(x, espy_image_build_id(&x->d->images, &key));
}

/* A user comes as its number. */
static uint32_t put_user(const struct run *x, struct espy_str number)
{
	uint32_t uid;

	if (number.n != sizeof(uid))
		return put(x, ESPY_STR_NONE);
	memcpy(&uid, number.p, sizeof(uid));
	return put(x, espy_user_name(&x->d->users, uid, x->rec->time));
}

/* A list of numbers, as the kernel has it, as text: 4,24,27. */
static uint32_t put_groups(const struct run *x, struct espy_str list)
{
	struct espy_buf *b = &x->d->scratch;
	uint32_t id;

	espy_buf_reset(b);
	for (size_t i = 0; i + sizeof(id) <= list.n; i += sizeof(id)) {
		memcpy(&id, list.p + i, sizeof(id));
		espy_buf_printf(b, i ? ",%u" : "%u", id);
	}
	return put_scratch(x);
}

/* --- a record ------------------------------------------------------------------------------- */

static uint64_t put_text(const struct run *x, unsigned step, const struct espy_text *t)
{
	struct espy_str s = espy_wire_text(x->rec, *t);

	switch (step) {
	case STEP_LOCAL:
		return put_addr(x, espy_wire_bytes(x->rec, *t), ESPY_OBJECT_LOCAL);
	case STEP_REMOTE:
		return put_addr(x, espy_wire_bytes(x->rec, *t), ESPY_OBJECT_REMOTE);
	case STEP_PROTOCOL:
		return s.n ? put(x, s) : put_protocol(x);
	case STEP_BUILD_ID:
		return put_build_id(x, s);
	case STEP_GROUPS:
		return put_groups(x, espy_wire_bytes(x->rec, *t));
	case STEP_LATER:
		return 0;
	case STEP_BYTES:
		return put(x, espy_wire_bytes(x->rec, *t));
	case STEP_USER:
		return put_user(x, espy_wire_bytes(x->rec, *t));
	case STEP_SEMAPHORES:
		espy_buf_reset(&x->d->scratch);
		espy_semop_text(&x->d->scratch, espy_wire_bytes(x->rec, *t));
		return put_scratch(x);
	}
	return put(x, s);
}

static uint64_t read_number(unsigned step, const void *at)
{
	if (step == STEP_64)
		return *(const uint64_t *)at;
	return step == STEP_U32 ? *(const uint32_t *)at : (uint64_t)(int64_t) * (const int32_t *)at;
}

/* The string of one field; UINT32_MAX: it found no room. */
static uint64_t read_string(const struct run *x, unsigned step, const void *at)
{
	struct place place;

	if (step != STEP_PATH)
		return put_text(x, step, at);
	find_place(x, at, &place);
	return place.id;
}

/* Addresses of the kernel without a socket object: they are all the path there is. */
static int name_ends(const struct run *x, const struct espy_decode_plan *plan)
{
	const struct espy_field *f = plan->schema->fields;
	const struct espy_path *p;

	if (plan->path < 0 || plan->local < 0 || plan->remote < 0)
		return 0;
	p = (const void *)((const char *)x->rec + f[plan->path].offset);
	if (p->obj || p->text.len || p->source != ESPY_SOURCE_KERNEL)
		return 0;
	x->to->source = p->source;
	espy_buf_reset(&x->d->scratch);
	espy_addr_path(&x->d->scratch,
		       espy_dict_get(&x->b->dict, (uint32_t)x->to->value[plan->local]),
		       espy_dict_get(&x->b->dict, (uint32_t)x->to->value[plan->remote]));
	x->to->path = put_scratch(x);
	return x->to->path == UINT32_MAX ? -ENOMEM : 0;
}

/* An address that only the caller vouches for makes the whole no better than that. */
static void name_source(const struct run *x, const struct espy_decode_plan *plan)
{
	const int end[] = {plan->local, plan->remote};
	const enum espy_object_part part[] = {ESPY_OBJECT_LOCAL, ESPY_OBJECT_REMOTE};

	for (int i = 0; i < 2; i++) {
		const char *at = (const char *)x->rec;

		if (end[i] < 0 || x->to->source != ESPY_SOURCE_KERNEL)
			continue;
		at += plan->schema->fields[end[i]].offset;
		if (is_callers(x, *(const struct espy_text *)(const void *)at, part[i]))
			x->to->source = ESPY_SOURCE_USER;
	}
}

/* The call itself named its peer (connect, sendto): the path says so, not what the socket was. */
static int name_peer(const struct run *x, const struct espy_decode_plan *plan)
{
	const struct espy_dict *dict = &x->b->dict;
	struct espy_buf *scratch = &x->d->scratch;
	const struct espy_text *given;
	struct espy_str remote;

	if (plan->local < 0 || plan->remote < 0)
		return 0;
	given = (const void *)((const char *)x->rec + plan->schema->fields[plan->remote].offset);
	remote = espy_dict_get(dict, (uint32_t)x->to->value[plan->remote]);
	if (!given->len || !remote.n || object_is_truth(x, ESPY_OBJECT_REMOTE))
		return name_ends(x, plan);
	espy_buf_reset(scratch);
	if (espy_addr_is_unix(espy_wire_bytes(x->rec, *given)))
		espy_buf_str(scratch, remote);
	else
		espy_addr_path(scratch, espy_dict_get(dict, (uint32_t)x->to->value[plan->local]),
			       remote);
	x->to->path = put_scratch(x);
	return x->to->path == UINT32_MAX ? -ENOMEM : name_ends(x, plan);
}

int espy_decode(struct espy_decoder *d, const struct espy_decode_plan *plan,
		const struct espy_event *rec, struct espy_batch *b, struct espy_decoded *ret)
{
	struct run x = {d, rec, b, ret};
	const struct espy_field *f = plan->schema->fields;
	struct place place = {0};

	ret->object = NULL;
	ret->is_unknown = false;
	ret->flags = 0;
	if (plan->path >= 0)
		find_place(&x, (const void *)((const char *)rec + f[plan->path].offset), &place);
	ret->object = place.object;
	ret->path = place.id;
	ret->source = place.source;
	if (place.object && place.object->flags & ESPY_OBJ_UNLINKED)
		ret->flags |= ESPY_F_DELETED;
	if (ret->path == UINT32_MAX)
		return -ENOMEM;
	for (unsigned i = 0; i < plan->n_numbers; i++) {
		const struct espy_decode_field *n = &plan->number[i];

		ret->value[n->field] = read_number(n->step, (const char *)rec + n->offset);
	}
	for (unsigned i = 0; i < plan->n_texts; i++) {
		const struct espy_decode_field *t = &plan->text[i];
		uint64_t id = read_string(&x, t->step, (const char *)rec + t->offset);

		if (id == UINT32_MAX)
			return -ENOMEM;
		ret->value[t->field] = id;
	}
	if (plan->local < 0 && plan->remote < 0)
		return 0;
	name_source(&x, plan);
	return name_peer(&x, plan);
}

int espy_decode_store(const struct espy_decode_plan *plan, const struct espy_event *rec,
		      const struct espy_decoded *v, struct espy_batch *b)
{
	const struct espy_schema *s = plan->schema;
	int row = espy_batch_add_raw(b, s->type);
	struct espy_group *g;
	uint32_t slot;

	if (row < 0)
		return row;
	b->time[row] = rec->time - rec->duration;
	/* the record of a run is made some time after it, and its duration leaves out the pauses */
	if (plan->began >= 0 && v->value[plan->began] < b->time[row])
		b->time[row] = v->value[plan->began];
	b->duration[row] = rec->duration;
	b->result[row] = rec->result;
	b->tid[row] = rec->tid;
	b->path[row] = v->path;
	b->path_source[row] = v->source;
	b->cpu_seq[row] = rec->seq;
	b->call[row] = rec->call;
	b->cpu[row] = rec->cpu;
	b->abi[row] = rec->abi;
	b->flags[row] = rec->flags | v->flags;
	b->proc[row] = b->stack[row] = b->detail[row] = b->status[row] = 0;
	b->category[row] = 0;
	g = b->group[s->type];
	slot = b->slot[row];
	/* Straight into the columns: nine of ten events have two or three numbers and nothing else.
	 */
	for (unsigned i = 0; i < plan->n_numbers; i++)
		((uint64_t *)g->cols[plan->number[i].field])[slot] =
			v->value[plan->number[i].field];
	for (unsigned i = 0; i < plan->n_texts; i++)
		((uint32_t *)g->cols[plan->text[i].field])[slot] =
			(uint32_t)v->value[plan->text[i].field];
	return row;
}
