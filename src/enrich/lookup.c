/* SPDX-License-Identifier: MIT */
#include "enrich/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/vec.h"
#include "enrich/dns.h"
#include "enrich/wire.h"

#define REMOTE_MAX   128u
#define RCODE_NONE   4096u /* UNANSWERED */
#define LENGTH_BYTES 2u    /* before each message of a stream */

/* A question that waits. */
struct question {
	struct espy_event hdr; /* of its first sending */
	struct espy_path path;
	uint64_t last; /* when it was sent again */
	uint32_t type, qclass, edns, flags, tries;
	uint16_t n_remote, n_name;
	char remote[REMOTE_MAX];
	char name[ESPY_DNS_NAME_MAX];
};

/* What is asked of every one of them lies together. */
struct key {
	uint64_t socket;
	uint32_t id;
};

/* One direction of a connection in the middle of a message. */
struct stream {
	uint64_t socket, time;
	uint64_t skip; /* bytes that belong to a message already taken */
	bool sent, lost;
	struct espy_buf buf; /* its length and what there is of it */
};

struct espy_lookups {
	ESPY_VEC(struct key) keys;
	ESPY_VEC(struct question) questions; /* beside keys */
	struct stream streams[ESPY_LOOKUP_STREAMS];
	unsigned n_streams;
	uint64_t deadline;
	struct espy_dns dns;
	struct {
		struct espy_ev_net_dns rec;
		char text[REMOTE_MAX + ESPY_DNS_NAME_MAX + ESPY_DNS_ANSWERS_MAX];
	} out;
	espy_lookup_fn fn; /* of the call under way */
	void *ctx;
};

int espy_lookups_new(struct espy_lookups **ret)
{
	struct espy_lookups *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->deadline = UINT64_MAX;
	*ret = t;
	return 0;
}

void espy_lookups_free(struct espy_lookups *t)
{
	if (!t)
		return;
	for (unsigned i = 0; i < ESPY_LOOKUP_STREAMS; i++)
		espy_buf_done(&t->streams[i].buf);
	espy_vec_done(&t->keys);
	espy_vec_done(&t->questions);
	free(t);
}

/* --- records out --------------------------------------------------------------------------------
 */

/* An error says what a program that asked will make of it. */
static int64_t result_of(uint32_t rcode, uint32_t n_answers)
{
	static const int16_t errors[] = {0, EINVAL, EIO, ENOENT, EOPNOTSUPP, ECONNREFUSED};

	if (rcode == RCODE_NONE)
		return -ETIMEDOUT;
	if (rcode >= sizeof(errors) / sizeof(errors[0]))
		return -EPROTO;
	return rcode ? -errors[rcode] : (int64_t)n_answers;
}

static void put_text(struct espy_lookups *t, struct espy_text *to, const char *p, size_t n)
{
	size_t at = t->out.rec.hdr.size;

	memcpy((char *)&t->out.rec + at, p, n);
	*to = (struct espy_text){(uint16_t)at, (uint16_t)n};
	t->out.rec.hdr.size += (uint32_t)n;
}

/* The question's part of the record. `dns` is not looked at. */
static void begin_record(struct espy_lookups *t, const struct key *k, const struct question *q)
{
	struct espy_ev_net_dns *rec = &t->out.rec;

	memset(rec, 0, sizeof(*rec));
	rec->hdr = q->hdr;
	rec->hdr.type = ESPY_EV_net_dns;
	rec->hdr.call = 0;
	rec->hdr.abi = ESPY_ABI_NONE;
	rec->hdr.result = 0;
	rec->hdr.flags = 0;
	rec->hdr.size = sizeof(*rec);
	rec->path = q->path;
	rec->query_id = k->id;
	rec->query_type = q->type;
	rec->query_class = q->qclass;
	rec->rcode = RCODE_NONE;
	rec->dns_flags = q->flags;
	rec->edns = q->edns;
	rec->tries = q->tries;
	put_text(t, &rec->remote, q->remote, q->n_remote);
	put_text(t, &rec->query, q->name, q->n_name);
}

static int finish_record(struct espy_lookups *t, uint64_t began, uint64_t end)
{
	struct espy_ev_net_dns *rec = &t->out.rec;

	rec->hdr.time = end > began ? end : began;
	rec->hdr.duration = rec->hdr.time - began;
	return t->fn(t->ctx, &rec->hdr);
}

static void answer_record(struct espy_lookups *t, const struct espy_event *hdr)
{
	struct espy_ev_net_dns *rec = &t->out.rec;

	rec->rcode = t->dns.rcode;
	rec->dns_flags = t->dns.flags;
	rec->hdr.result = result_of(t->dns.rcode, t->dns.n_answers);
	rec->hdr.seq = hdr->seq;
	rec->hdr.cpu = hdr->cpu;
	if (t->dns.is_cut)
		rec->hdr.flags |= ESPY_F_TRUNCATED;
	put_text(t, &rec->answers, t->dns.answers, t->dns.n_answers_text);
}

/* --- questions ----------------------------------------------------------------------------------
 */

static uint64_t question_deadline(const struct question *q)
{
	return q->last + ESPY_LOOKUP_WAIT_NS;
}

static void drop(struct espy_lookups *t, size_t i)
{
	t->keys.v[i] = t->keys.v[--t->keys.n];
	t->questions.v[i] = t->questions.v[--t->questions.n];
}

static bool is_about(const struct question *q, const struct espy_dns *d)
{
	if (!d->has_question && !d->type)
		return true; /* nothing but a header: a server that understood nothing */
	return q->type == d->type && q->n_name == d->n_name &&
	       strncasecmp(q->name, d->name, d->n_name) == 0;
}

/* The question that this message repeats or answers, or -1. */
static ptrdiff_t find(const struct espy_lookups *t, uint64_t socket)
{
	const struct espy_dns *d = &t->dns;

	for (size_t i = 0; i < t->keys.n; i++)
		if (t->keys.v[i].id == d->id && t->keys.v[i].socket == socket &&
		    is_about(&t->questions.v[i], d))
			return (ptrdiff_t)i;
	return -1;
}

/* Nobody answered, or nobody looks any more. */
static int give_up(struct espy_lookups *t, size_t i, uint64_t end, bool pending)
{
	uint64_t began;

	begin_record(t, &t->keys.v[i], &t->questions.v[i]);
	t->out.rec.hdr.result = pending ? 0 : result_of(RCODE_NONE, 0);
	if (pending)
		t->out.rec.hdr.flags |= ESPY_F_PENDING;
	began = t->questions.v[i].hdr.time;
	drop(t, i);
	return finish_record(t, began, end);
}

static size_t oldest(const struct espy_lookups *t)
{
	size_t best = 0;

	for (size_t i = 1; i < t->questions.n; i++)
		if (t->questions.v[i].last < t->questions.v[best].last)
			best = i;
	return best;
}

static void fill_question(struct question *q, const struct espy_dns *d,
			  const struct espy_ev_meta_dns *rec)
{
	struct espy_str remote = espy_wire_bytes(&rec->hdr, rec->remote);

	q->hdr = rec->hdr;
	q->hdr.time -= rec->hdr.duration; /* when the asking began */
	q->path = rec->path;
	q->path.text = (struct espy_text){0};
	q->last = rec->hdr.time;
	q->type = d->type;
	q->qclass = d->qclass;
	q->edns = d->edns;
	q->flags = d->flags;
	q->tries = 1;
	q->n_remote = (uint16_t)(remote.n < REMOTE_MAX ? remote.n : REMOTE_MAX);
	memcpy(q->remote, remote.p, q->n_remote);
	q->n_name = (uint16_t)d->n_name;
	memcpy(q->name, d->name, d->n_name);
}

static int ask(struct espy_lookups *t, const struct espy_ev_meta_dns *rec)
{
	ptrdiff_t i = find(t, rec->socket);
	int r = 0;

	if (i >= 0) {
		t->questions.v[i].tries++;
		t->questions.v[i].last = rec->hdr.time;
		return 0;
	}
	if (t->questions.n >= ESPY_LOOKUPS_MAX)
		r = give_up(t, oldest(t), rec->hdr.time, true);
	if (r < 0)
		return r;
	if (espy_vec_reserve(&t->keys, t->keys.n + 1) < 0 ||
	    espy_vec_reserve(&t->questions, t->questions.n + 1) < 0)
		return -ENOMEM;
	t->keys.v[t->keys.n++] = (struct key){rec->socket, t->dns.id};
	fill_question(&t->questions.v[t->questions.n++], &t->dns, rec);
	if (t->deadline > rec->hdr.time + ESPY_LOOKUP_WAIT_NS)
		t->deadline = rec->hdr.time + ESPY_LOOKUP_WAIT_NS;
	return 0;
}

/* The question was before the capture, or is not what was asked: the answer alone is told. */
static int unasked(struct espy_lookups *t, const struct espy_ev_meta_dns *rec)
{
	struct question q;

	if (!t->dns.has_question)
		return 0;
	fill_question(&q, &t->dns, rec);
	q.tries = q.edns = 0;
	begin_record(t, &(struct key){rec->socket, t->dns.id}, &q);
	t->out.rec.hdr.flags |= ESPY_F_NO_ENTRY;
	answer_record(t, &rec->hdr);
	return finish_record(t, rec->hdr.time, rec->hdr.time);
}

static int answer(struct espy_lookups *t, const struct espy_ev_meta_dns *rec)
{
	ptrdiff_t i = find(t, rec->socket);
	uint64_t began;

	if (i < 0)
		return unasked(t, rec);
	begin_record(t, &t->keys.v[i], &t->questions.v[i]);
	answer_record(t, &rec->hdr);
	began = t->questions.v[i].hdr.time;
	drop(t, (size_t)i);
	return finish_record(t, began, rec->hdr.time);
}

/* A server's side of the conversation is not told: whoever asked is. */
static int take_message(struct espy_lookups *t, const struct espy_ev_meta_dns *rec, const void *p,
			size_t n, bool whole)
{
	if (espy_dns_parse(&t->dns, p, n) < 0)
		return 0;
	if (!whole)
		t->dns.flags |= ESPY_DNS_PARTIAL;
	if (rec->sent && !t->dns.is_answer)
		return ask(t, rec);
	if (!rec->sent && t->dns.is_answer)
		return answer(t, rec);
	return 0;
}

/* --- streams ------------------------------------------------------------------------------------
 */

static struct stream *stream_get(struct espy_lookups *t, const struct espy_ev_meta_dns *rec)
{
	struct stream *s = t->streams, *old = t->streams;

	for (; s < t->streams + t->n_streams; s++) {
		if (s->socket == rec->socket && s->sent == !!rec->sent)
			return s;
		if (s->time < old->time)
			old = s;
	}
	if (t->n_streams < ESPY_LOOKUP_STREAMS)
		t->n_streams++;
	else
		s = old;
	espy_buf_reset(&s->buf);
	*s = (struct stream){.socket = rec->socket, .sent = rec->sent, .buf = s->buf};
	return s;
}

/* Only streams in the middle of something need to be remembered. */
static void stream_put(struct espy_lookups *t, struct stream *s)
{
	struct stream *last = &t->streams[t->n_streams - 1], keep = *s;

	if (s->buf.n || s->skip || s->lost)
		return;
	*s = *last;
	*last = keep; /* its memory is used again */
	t->n_streams--;
}

static size_t message_size(const struct stream *s)
{
	const uint8_t *p = (const void *)s->buf.p;

	return s->buf.n < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + (p[0] << 8 | p[1]);
}

static int stream_message(struct espy_lookups *t, struct stream *s,
			  const struct espy_ev_meta_dns *rec, bool whole)
{
	int r = take_message(t, rec, s->buf.p + LENGTH_BYTES, s->buf.n - LENGTH_BYTES, whole);

	espy_buf_reset(&s->buf);
	return r;
}

/* Moves up to `n` bytes into the message that is being put together; how many. */
static size_t stream_add(struct stream *s, const char *p, size_t n)
{
	size_t room = message_size(s) - s->buf.n;

	n = n < room ? n : room;
	espy_buf_add(&s->buf, p, n);
	return n;
}

static int stream_bytes(struct espy_lookups *t, struct stream *s,
			const struct espy_ev_meta_dns *rec, struct espy_str in)
{
	size_t skip = s->skip < in.n ? (size_t)s->skip : in.n, at = skip;
	int r = 0;

	s->skip -= skip;
	while (at < in.n && r == 0) {
		at += stream_add(s, in.p + at, in.n - at);
		if (s->buf.error) {
			s->buf.error = 0;
			return -ENOMEM;
		}
		if (s->buf.n >= LENGTH_BYTES && s->buf.n == message_size(s))
			r = stream_message(t, s, rec, true);
	}
	return r;
}

/* `missing` bytes of the stream were not handed up: what there is of the message is all of it, and
 * the next one begins behind it, if that can be told. */
static int stream_gap(struct espy_lookups *t, struct stream *s, const struct espy_ev_meta_dns *rec,
		      uint64_t missing)
{
	uint64_t rest;

	if (s->skip) {
		rest = s->skip;
	} else {
		rest = message_size(s) - s->buf.n;
		s->lost = s->buf.n < LENGTH_BYTES;
	}
	s->lost |= missing > rest;
	s->skip = s->lost ? 0 : rest - missing;
	if (s->buf.n < LENGTH_BYTES) {
		espy_buf_reset(&s->buf);
		return 0;
	}
	return stream_message(t, s, rec, false);
}

static int take_stream(struct espy_lookups *t, const struct espy_ev_meta_dns *rec,
		       struct espy_str in)
{
	struct stream *s = stream_get(t, rec);
	int r;

	s->time = rec->hdr.time;
	if (s->lost)
		return 0;
	r = stream_bytes(t, s, rec, in);
	if (r == 0 && rec->bytes > in.n)
		r = stream_gap(t, s, rec, rec->bytes - in.n);
	stream_put(t, s);
	return r;
}

/* --- the way in ---------------------------------------------------------------------------------
 */

int espy_lookups_take(struct espy_lookups *t, const struct espy_ev_meta_dns *rec, espy_lookup_fn fn,
		      void *ctx)
{
	struct espy_str in = espy_wire_bytes(&rec->hdr, rec->payload);

	t->fn = fn;
	t->ctx = ctx;
	if (rec->stream)
		return take_stream(t, rec, in);
	return take_message(t, rec, in.p, in.n, rec->bytes <= in.n);
}

uint64_t espy_lookups_deadline(const struct espy_lookups *t)
{
	return t->deadline;
}

int espy_lookups_expire(struct espy_lookups *t, uint64_t now, uint64_t end, espy_lookup_fn fn,
			void *ctx)
{
	int r = 0;

	t->fn = fn;
	t->ctx = ctx;
	t->deadline = UINT64_MAX;
	for (size_t i = 0; i < t->questions.n && r == 0;) {
		uint64_t deadline = question_deadline(&t->questions.v[i]);

		if (deadline < now) {
			r = give_up(t, i, end, false);
			continue;
		}
		if (deadline < t->deadline)
			t->deadline = deadline;
		i++;
	}
	return r;
}

int espy_lookups_end(struct espy_lookups *t, uint64_t now, espy_lookup_fn fn, void *ctx)
{
	int r = 0;

	t->fn = fn;
	t->ctx = ctx;
	while (t->questions.n && r == 0)
		r = give_up(t, t->questions.n - 1, now, true);
	return r;
}
