/* SPDX-License-Identifier: MIT */
#include "format/pml-write-sort.h"

#include <errno.h>
#include <unistd.h>
#include "format/spool.h"

#define RECORD_HEAD 12u /* time and size before a record of a run */

void espy_sort_init(struct espy_sort *s)
{
	*s = (struct espy_sort){.fd = -1, .memory = ESPY_SORT_MEMORY};
}

void espy_sort_done(struct espy_sort *s)
{
	espy_buf_done(&s->buf);
	espy_vec_done(&s->keys);
	espy_vec_done(&s->runs);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int by_time(const void *a, const void *b)
{
	const struct espy_sort_key *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Nearly always they are in order already. */
static void sort_keys(struct espy_sort *s)
{
	for (size_t i = 1; i < s->keys.n; i++) {
		if (s->keys.v[i].time < s->keys.v[i - 1].time) {
			qsort(s->keys.v, s->keys.n, sizeof(s->keys.v[0]), by_time);
			return;
		}
	}
}

/* --- runs ------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

static int put_run(struct espy_sort *s, struct espy_buf *out)
{
	int r = 0;

	for (size_t i = 0; i < s->keys.n && r == 0; i++) {
		const struct espy_sort_key *k = &s->keys.v[i];

		espy_buf_add(out, &k->time, sizeof(k->time));
		espy_buf_add(out, &k->size, sizeof(k->size));
		espy_buf_add(out, s->buf.p + k->at, k->size);
		s->fd_bytes += RECORD_HEAD + k->size;
		if (out->n >= ESPY_SORT_READ)
			r = out->error ? out->error : write_all(s->fd, out->p, out->n);
		if (out->n >= ESPY_SORT_READ)
			espy_buf_reset(out);
	}
	if (r == 0)
		r = out->error ? out->error : write_all(s->fd, out->p, out->n);
	return r;
}

static int write_run(struct espy_sort *s)
{
	struct espy_sort_run run = {.at = s->fd_bytes};
	struct espy_buf out = {0};
	int r;

	if (s->runs.n >= ESPY_SORT_RUNS)
		return -EFBIG;
	if (s->fd < 0) {
		s->fd = espy_spool_file();
		if (s->fd < 0)
			return s->fd;
	}
	sort_keys(s);
	r = put_run(s, &out);
	espy_buf_done(&out);
	run.end = s->fd_bytes;
	if (r == 0)
		r = espy_vec_push(&s->runs, run);
	espy_buf_reset(&s->buf);
	s->keys.n = 0;
	return r;
}

int espy_sort_add(struct espy_sort *s, uint64_t time, const void *p, uint32_t size)
{
	struct espy_sort_key k = {time, s->buf.n, size};
	int r = 0;

	if (s->buf.n + size > s->memory && s->keys.n)
		r = write_run(s);
	k.at = s->buf.n;
	espy_buf_add(&s->buf, p, size);
	if (r == 0)
		r = s->buf.error ? s->buf.error : espy_vec_push(&s->keys, k);
	s->n++;
	s->bytes += size;
	return r;
}

/* --- merging ---------------------------------------------------------------------------------- */

/* A run that is being read. */
struct reader {
	const struct espy_sort_run *run;
	uint64_t at; /* of the next byte that is not in buf */
	struct espy_buf buf;
	size_t pos; /* of the next record in buf */
	uint64_t time;
	uint32_t size;
	unsigned place; /* of the run: earlier ones come first */
};

/* Room for `n` more bytes behind pos. */
static int fill(int fd, struct reader *r, size_t n)
{
	size_t left = r->buf.n - r->pos, want = n > ESPY_SORT_READ ? n : ESPY_SORT_READ;

	if (left >= n)
		return 0;
	if (left)
		memmove(r->buf.p, r->buf.p + r->pos, left);
	r->buf.n = left;
	r->pos = 0;
	if (espy_buf_reserve(&r->buf, want) < 0)
		return -ENOMEM;
	if (want > r->run->end - r->at)
		want = (size_t)(r->run->end - r->at);
	while (r->buf.n < left + want) {
		ssize_t got = pread(fd, r->buf.p + r->buf.n, left + want - r->buf.n, (off_t)r->at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		r->buf.n += (size_t)got;
		r->at += (uint64_t)got;
	}
	return r->buf.n >= n ? 0 : -EIO;
}

/* 1: there is a record; 0: the end. */
static int next_record(int fd, struct reader *r)
{
	int e;

	if (r->pos == r->buf.n && r->at == r->run->end)
		return 0;
	e = fill(fd, r, RECORD_HEAD);
	if (e < 0)
		return e;
	memcpy(&r->time, r->buf.p + r->pos, sizeof(r->time));
	memcpy(&r->size, r->buf.p + r->pos + sizeof(r->time), sizeof(r->size));
	r->pos += RECORD_HEAD;
	e = fill(fd, r, r->size);
	return e < 0 ? e : 1;
}

static bool is_before(const struct reader *a, const struct reader *b)
{
	return a->time != b->time ? a->time < b->time : a->place < b->place;
}

/* Moves the reader at `i` of a heap down to its place. */
static void sift(struct reader **heap, size_t n, size_t i)
{
	for (;;) {
		size_t best = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < n; k++)
			if (is_before(heap[k], heap[best]))
				best = k;
		if (best == i)
			return;
		struct reader *r = heap[i];

		heap[i] = heap[best];
		heap[best] = r;
		i = best;
	}
}

static int merge_heap(int fd, struct reader **heap, size_t n, espy_sort_fn *fn, void *state)
{
	for (size_t i = n; i-- > 0;)
		sift(heap, n, i);
	while (n) {
		struct reader *r = heap[0];
		int e = fn(state, r->buf.p + r->pos, r->size);

		if (e < 0)
			return e;
		r->pos += r->size;
		e = next_record(fd, r);
		if (e < 0)
			return e;
		if (e == 0)
			heap[0] = heap[--n];
		sift(heap, n, 0);
	}
	return 0;
}

static int merge(struct espy_sort *s, espy_sort_fn *fn, void *state)
{
	struct reader *readers = calloc(s->runs.n, sizeof(*readers));
	struct reader **heap = calloc(s->runs.n, sizeof(struct reader *));
	size_t n = 0;
	int r = readers && heap ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->runs.n && r >= 0; i++) {
		readers[i] = (struct reader){
			.run = &s->runs.v[i], .at = s->runs.v[i].at, .place = (unsigned)i};
		r = next_record(s->fd, &readers[i]);
		if (r > 0)
			heap[n++] = &readers[i];
	}
	if (r >= 0)
		r = merge_heap(s->fd, heap, n, fn, state);
	for (size_t i = 0; readers && i < s->runs.n; i++)
		espy_buf_done(&readers[i].buf);
	free(readers);
	free(heap);
	return r;
}

int espy_sort_each(struct espy_sort *s, espy_sort_fn *fn, void *state)
{
	int r = 0;

	if (s->runs.n) {
		r = s->keys.n ? write_run(s) : 0;
		return r < 0 ? r : merge(s, fn, state);
	}
	sort_keys(s);
	for (size_t i = 0; i < s->keys.n && r >= 0; i++)
		r = fn(state, s->buf.p + s->keys.v[i].at, s->keys.v[i].size);
	return r;
}
