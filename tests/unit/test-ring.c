/* SPDX-License-Identifier: MIT */
/* A ring in ordinary memory, written as the kernel writes it. */
#include "sense/ring.h"

#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SIZE 4096u

struct fake {
	struct espy_ring ring;
	unsigned long consumer, producer;
	uint64_t data[SIZE / 8];
	uint8_t whole[SIZE];
};

static void begin(struct fake *f, unsigned long at)
{
	memset(f, 0, sizeof(*f));
	f->consumer = f->producer = at;
	f->ring = (struct espy_ring){.consumer = &f->consumer,
				     .producer = &f->producer,
				     .data = (const uint8_t *)f->data,
				     .mask = SIZE - 1,
				     .size = SIZE,
				     .at = at,
				     .known = at,
				     .whole = f->whole};
}

/* A record of n bytes, each of which is `fill`, but for its size. */
static void put(struct fake *f, uint32_t n, uint8_t fill, uint32_t bits)
{
	uint8_t *data = (uint8_t *)f->data, body[SIZE];
	struct espy_event head;

	memset(body, fill, n);
	memcpy(&head, body, sizeof(head));
	head.size = n;
	memcpy(body, &head, sizeof(head));
	*(uint32_t *)(data + (f->producer & (SIZE - 1))) = n | bits;
	for (uint32_t i = 0; i < n; i++)
		data[(f->producer + BPF_RINGBUF_HDR_SZ + i) & (SIZE - 1)] = body[i];
	f->producer += (n + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
}

static void check(const struct espy_event *rec, uint32_t n, uint8_t fill)
{
	const uint8_t *p = (const uint8_t *)rec;

	assert_non_null(rec);
	assert_int_equal(rec->size, n);
	for (uint32_t i = sizeof(*rec); i < n; i++)
		assert_int_equal(p[i], fill);
}

static void test_in_order(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, 0);
	assert_null(espy_ring_peek(&f.ring));
	put(&f, 100, 1, 0);
	put(&f, 200, 2, BPF_RINGBUF_DISCARD_BIT);
	put(&f, 300, 3, 0);
	put(&f, 100, 4, BPF_RINGBUF_BUSY_BIT);
	check(espy_ring_peek(&f.ring), 100, 1);
	assert_null(espy_ring_ahead(&f.ring, 1));
	espy_ring_next(&f.ring);
	check(espy_ring_peek(&f.ring), 300, 3);
	espy_ring_next(&f.ring);
	assert_null(espy_ring_peek(&f.ring));
	assert_int_equal(espy_ring_waiting(&f.ring), 112);
	assert_int_equal(f.consumer, f.producer - 112);
}

/* Wherever the end of the ring is in a record, it is read whole, and so are those around it. */
static void test_over_the_end(void **state)
{
	struct fake f;

	(void)state;
	for (unsigned long at = SIZE - 512; at <= SIZE + 8; at += 8) {
		begin(&f, at);
		put(&f, 104, 1, 0);
		put(&f, 264, 2, 0);
		put(&f, 96, 3, 0);
		check(espy_ring_ahead(&f.ring, 2), 96, 3);
		check(espy_ring_peek(&f.ring), 104, 1);
		check(espy_ring_ahead(&f.ring, 1), 264, 2);
		check(espy_ring_peek(&f.ring), 104, 1);
		espy_ring_next(&f.ring);
		check(espy_ring_peek(&f.ring), 264, 2);
		check(espy_ring_peek(&f.ring), 264, 2);
		check(espy_ring_ahead(&f.ring, 1), 96, 3);
		espy_ring_next(&f.ring);
		check(espy_ring_peek(&f.ring), 96, 3);
		espy_ring_next(&f.ring);
		assert_null(espy_ring_peek(&f.ring));
	}
}

/* Rounds of it: what was copied the last time is not taken for what stands there now. */
static void test_again_and_again(void **state)
{
	struct fake f;

	(void)state;
	begin(&f, 0);
	for (unsigned i = 0; i < 1000; i++) {
		put(&f, 96 + i % 7 * 8, (uint8_t)i, 0);
		check(espy_ring_peek(&f.ring), 96 + i % 7 * 8, (uint8_t)i);
		espy_ring_next(&f.ring);
	}
	assert_int_equal(f.consumer, f.producer);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_over_the_end),
		cmocka_unit_test(test_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
