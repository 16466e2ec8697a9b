/* SPDX-License-Identifier: MIT */
#include "enrich/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/escape.h"
#include "enrich/wire.h"

#define LOST "U 0x0 [lost]\n" /* there was one, but its definition found no room */
#define MORE "0x0 [more]\n"   /* it is deeper than the kernel follows */

struct stack {
	uint64_t start;
	uint32_t pid, n_user, n_kernel;
	uint32_t epoch;
	uint32_t batch, dict; /* in which batch it is which string */
	char *text;           /* NULL: not looked up yet */
	uint32_t n_text;
	uint64_t frames[]; /* of the user, then of the kernel */
};

void espy_stacks_init(struct espy_stacks *t, const struct espy_processes *processes, bool no_proc)
{
	*t = (struct espy_stacks){.epoch = 1};
	espy_layouts_init(&t->layouts, processes, no_proc);
}

static size_t size_of(const struct stack *s)
{
	return sizeof(*s) + (s->n_user + s->n_kernel) * sizeof(*s->frames);
}

static void free_stack(struct espy_stacks *t, struct stack *s)
{
	if (!s)
		return;
	t->bytes -= size_of(s) + s->n_text;
	free(s->text);
	free(s);
}

/* Those that were last defined before `epoch`. */
static void forget_before(struct espy_stacks *t, uint32_t epoch)
{
	struct espy_map_slot *slot;

	for (size_t i = 0; (slot = espy_map_next(&t->map, &i));) {
		struct stack *s = slot->value;

		if (s->epoch < epoch) {
			espy_map_del(&t->map, slot->key.a, slot->key.b);
			free_stack(t, s);
		}
	}
}

void espy_stacks_done(struct espy_stacks *t)
{
	forget_before(t, UINT32_MAX);
	espy_map_done(&t->map);
	espy_layouts_done(&t->layouts);
	espy_kernel_done(&t->kernel);
	espy_buf_done(&t->scratch);
}

bool espy_stacks_are_many(const struct espy_stacks *t)
{
	return t->map.n >= ESPY_STACKS_MAX / 4 * 3 || t->bytes >= ESPY_STACKS_BYTES_MAX / 4 * 3;
}

void espy_stacks_new_epoch(struct espy_stacks *t, uint64_t until)
{
	t->epoch++;
	if (!t->forget_at)
		t->forget_at = until;
}

void espy_stacks_forget(struct espy_stacks *t)
{
	t->forget_at = 0;
	forget_before(t, t->epoch);
}

int espy_stack_define(struct espy_stacks *t, const struct espy_ev_meta_stack *rec)
{
	struct espy_str user = espy_wire_bytes(&rec->hdr, rec->user);
	struct espy_str kernel = espy_wire_bytes(&rec->hdr, rec->kernel);
	uint32_t n_user = (uint32_t)(user.n / 8), n_kernel = (uint32_t)(kernel.n / 8);
	struct stack *s;

	s = espy_map_get(&t->map, rec->id, 0);
	if (s) { /* the id is made of all that it stands for */
		s->epoch = t->epoch;
		return 0;
	}
	if (t->map.n >= ESPY_STACKS_MAX || t->bytes >= ESPY_STACKS_BYTES_MAX)
		forget_before(t, UINT32_MAX);
	s = calloc(1, sizeof(*s) + (n_user + n_kernel) * sizeof(*s->frames));
	if (!s)
		return -ENOMEM;
	s->start = rec->hdr.start;
	s->pid = rec->hdr.pid;
	s->n_user = n_user;
	s->n_kernel = n_kernel;
	s->epoch = t->epoch;
	memcpy(s->frames, user.p, n_user * sizeof(*s->frames));
	memcpy(s->frames + n_user, kernel.p, n_kernel * sizeof(*s->frames));
	if (espy_map_put(&t->map, rec->id, 0, s) < 0) {
		free(s);
		return -ENOMEM;
	}
	t->bytes += size_of(s);
	return 0;
}

/* --- text ----------------------------------------------------------------------------------- */

/* A return address is behind its call, which may be the last of a function. */
static uint64_t call_of(const struct stack *s, uint32_t i, bool is_first)
{
	return s->frames[i] - !is_first;
}

static void user_frame(struct espy_stacks *t, struct espy_images *images, const struct stack *s,
		       uint32_t i)
{
	const struct espy_range *r =
		espy_layouts_find(&t->layouts, images, s->pid, s->start, call_of(s, i, i == 0));
	struct espy_str id;

	espy_buf_puts(&t->scratch, "U ");
	espy_buf_hex(&t->scratch, s->frames[i]);
	if (r && r->path) {
		espy_buf_putc(&t->scratch, ' ');
		espy_escape_text(&t->scratch, espy_dict_get(&t->layouts.names, r->path));
		espy_buf_putc(&t->scratch, '+');
		espy_buf_hex(&t->scratch, s->frames[i] - r->start + r->address);
		id = espy_dict_get(&t->layouts.names, r->build_id);
		if (id.n)
			espy_buf_putc(&t->scratch, ' ');
		espy_buf_str(&t->scratch, id);
	}
	espy_buf_putc(&t->scratch, '\n');
}

static const char *kernel_name(const struct espy_stacks *t, const struct stack *s, uint32_t i,
			       uint64_t *ret_offset)
{
	uint64_t call = call_of(s, i, i == s->n_user);
	const char *name = espy_kernel_name(&t->kernel, call, ret_offset);

	*ret_offset += s->frames[i] - call;
	return name;
}

/* The innermost calls are those by which the stack itself was taken: from the helper to where the
 * tracepoint was passed. Where the first frame to keep is. */
static uint32_t skip_own(const struct espy_stacks *t, const struct stack *s)
{
	static const char *const own[] = {"bpf_",   "__bpf_",           "get_perf_callchain",
					  "trace_", "__traceiter_",     "get_callchain_entry",
					  "perf_",  "stack_trace_save", "arch_stack_walk"};
	uint32_t i = s->n_user, end = s->n_user + s->n_kernel;
	uint64_t offset;

	for (; i < end; i++) {
		const char *name = kernel_name(t, s, i, &offset);
		bool is_own = !name; /* programs themselves: kallsyms names them by their tag */

		for (size_t k = 0; name && k < sizeof(own) / sizeof(*own); k++)
			is_own |= strncmp(name, own[k], strlen(own[k])) == 0;
		if (!is_own)
			return i;
	}
	return s->n_user;
}

static void kernel_frames(struct espy_stacks *t, const struct stack *s)
{
	for (uint32_t i = skip_own(t, s); i < s->n_user + s->n_kernel; i++) {
		uint64_t offset = 0;
		const char *name = kernel_name(t, s, i, &offset);

		espy_buf_puts(&t->scratch, "K ");
		espy_buf_hex(&t->scratch, s->frames[i]);
		if (name) {
			espy_buf_printf(&t->scratch, " %s+", name);
			espy_buf_hex(&t->scratch, offset);
		}
		espy_buf_putc(&t->scratch, '\n');
	}
	if (s->n_kernel == ESPY_STACK_FRAMES)
		espy_buf_puts(&t->scratch, "K " MORE);
}

static int make_text(struct espy_stacks *t, struct espy_images *images, struct stack *s)
{
	espy_buf_reset(&t->scratch);
	if (s->n_kernel && !t->kernel.is_read)
		espy_kernel_read(&t->kernel, ESPY_KERNEL_LIST);
	if (s->n_kernel)
		kernel_frames(t, s);
	for (uint32_t i = 0; i < s->n_user && (s->frames[i] || i == 0); i++)
		user_frame(t, images, s, i); /* behind a 0 there is no caller */
	if (s->n_user == ESPY_STACK_FRAMES)
		espy_buf_puts(&t->scratch, "U " MORE);
	s->text = t->scratch.error ? NULL : malloc(t->scratch.n + 1);
	if (!s->text) {
		t->scratch.error = 0;
		return -ENOMEM;
	}
	memcpy(s->text, t->scratch.p, t->scratch.n);
	s->n_text = (uint32_t)t->scratch.n;
	t->bytes += s->n_text;
	return 0;
}

uint32_t espy_stack_put(struct espy_stacks *t, struct espy_images *images, struct espy_batch *b,
			uint32_t batch, uint64_t id)
{
	struct stack *s;

	if (!id)
		return 0;
	s = id == ESPY_STACK_LOST ? NULL : espy_map_get(&t->map, id, 0);
	if (!s)
		return espy_dict_add(&b->dict, ESPY_STR(LOST));
	if (!s->text && make_text(t, images, s) < 0)
		return UINT32_MAX;
	if (s->batch != batch) {
		s->dict = espy_dict_add(&b->dict, (struct espy_str){s->text, s->n_text});
		s->batch = s->dict == UINT32_MAX ? 0 : batch;
	}
	return s->dict;
}
