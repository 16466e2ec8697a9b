/* SPDX-License-Identifier: MIT */
/*
 * Folded stacks for flame graphs (flamegraph.pl, speedscope, inferno): the processes from the
 * first ancestor down, then class and operation, and the microseconds they took. A line per such
 * stack, "init;make;cc1;file;open 1234"; readers add up lines that come more than once. With stacks
 * it is the process and the functions that led to the event, "cc1;main;parse;read;[read] 1234";
 * those of the kernel end in "_[k]", as perf has them. Names are escaped as in text, and ';' and
 * blanks in them become '_'. https://github.com/brendangregg/FlameGraph
 */
#include <errno.h>
#include <stdlib.h>
#include "base/escape.h"
#include "base/vec.h"
#include "format/output-file.h"
#include "format/outputs.h"
#include "format/timeline.h"

#define STACKS_MAX    (1u << 18)  /* that are added up; then they are written and start anew */
#define STACKS_TEXT   (64u << 20) /* bytes of them */
#define ANCESTORS_MAX 64

struct folded {
	struct espy_output_file file;
	struct espy_dict stacks;
	ESPY_VEC(uint64_t) ns; /* by id of the stack */
	struct espy_buf stack, name;
	bool with_stacks;
};

static void add_name(struct folded *f, struct espy_str name)
{
	espy_buf_reset(&f->name);
	espy_escape_text(&f->name, name);
	if (!f->name.n)
		espy_buf_putc(&f->name, '?');
	for (size_t i = 0; i < f->name.n; i++)
		espy_buf_putc(&f->stack,
			      f->name.p[i] == ';' || f->name.p[i] == ' ' ? '_' : f->name.p[i]);
	espy_buf_putc(&f->stack, ';');
}

/* From the first ancestor down. */
static void add_processes(struct folded *f, const struct espy_batch *b, uint32_t index)
{
	uint32_t line[ANCESTORS_MAX];
	size_t n = 0;

	for (; index < b->n_procs && n < ANCESTORS_MAX; index = b->procs[index].parent)
		line[n++] = index;
	while (n)
		add_name(f, espy_dict_get(&b->dict, b->procs[line[--n]].name));
}

/* "U 0x7f12a0 /usr/lib/libc.so.6!malloc+0x20" is malloc; "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0" and
 * what is not known stay what they are, but for the folders. */
static struct espy_str function_of(struct espy_str line)
{
	const char *blank = line.n > 2 ? memchr(line.p + 2, ' ', line.n - 2) : NULL, *at;
	struct espy_str s = {line.p + 2, line.n > 2 ? line.n - 2 : 0};

	if (!blank)
		return s;
	s = (struct espy_str){blank + 1, line.n - (size_t)(blank + 1 - line.p)};
	at = memrchr(s.p, '!', s.n);
	if (!at && line.p[0] == 'U')
		return espy_str_basename(s);
	if (at) {
		s.n -= (size_t)(at + 1 - s.p);
		s.p = at + 1;
	}
	at = memrchr(s.p, '+', s.n);
	return at && at > s.p ? (struct espy_str){s.p, (size_t)(at - s.p)} : s;
}

/* From the outermost call, which is the last line, inwards. */
static void add_calls(struct folded *f, struct espy_str stack)
{
	while (stack.n) {
		size_t end = stack.n - (stack.p[stack.n - 1] == '\n'), start = end;

		while (start && stack.p[start - 1] != '\n')
			start--;
		add_name(f, function_of((struct espy_str){stack.p + start, end - start}));
		if (stack.p[start] == 'K') {
			f->stack.n--;
			espy_buf_puts(&f->stack, "_[k];");
		}
		stack.n = start;
	}
}

/* What a processor did is in the stack itself. */
static void add_stack(struct folded *f, const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;

	add_name(f, espy_dict_get(&b->dict, espy_batch_proc(b, row)->name));
	add_calls(f, espy_dict_get(&b->dict, b->stack[row]));
	if (s->type != ESPY_EV_profile_sample)
		espy_buf_printf(&f->stack, "[%s]", s->op);
	else if (f->stack.n)
		f->stack.n--;
}

static int add_row(struct folded *f, const struct espy_batch *b, uint32_t row)
{
	const struct espy_schema *s = b->group[b->type[row]]->schema;
	uint32_t id;

	espy_buf_reset(&f->stack);
	if (f->with_stacks) {
		add_stack(f, b, row);
	} else {
		add_processes(f, b, b->proc[row]);
		espy_buf_printf(&f->stack, "%s;%s", espy_class_name(s->class_id), s->op);
	}
	if (f->stack.error || f->name.error)
		return -ENOMEM;
	id = espy_dict_add(&f->stacks, (struct espy_str){f->stack.p, f->stack.n});
	if (id == UINT32_MAX || espy_vec_reserve(&f->ns, (size_t)id + 1) < 0)
		return -ENOMEM;
	while (f->ns.n <= id)
		f->ns.v[f->ns.n++] = 0;
	f->ns.v[id] += espy_timeline_duration(b, row);
	return 0;
}

/* Id 0 is the empty string, which no stack is. */
static int write_stacks(struct folded *f, struct espy_err *err)
{
	int r = 0;

	for (uint32_t id = 1; id < f->ns.n && r == 0; id++) {
		if (f->ns.v[id] < 1000)
			continue;
		espy_buf_str(&f->file.buf, espy_dict_get(&f->stacks, id));
		espy_buf_printf(&f->file.buf, " %llu\n", (unsigned long long)f->ns.v[id] / 1000);
		r = espy_output_file_full(&f->file, err);
	}
	espy_dict_reset(&f->stacks);
	f->ns.n = 0;
	return r;
}

static int batch(void *state, const struct espy_batch *b, const uint64_t *bits,
		 struct espy_err *err)
{
	struct folded *f = state;

	for (uint32_t row = 0; row < b->n; row++)
		if (espy_output_wants(bits, row) && add_row(f, b, row) < 0)
			return espy_output_failed(err, -ENOMEM, f->file.path);
	if (f->stacks.n >= STACKS_MAX || f->stacks.bytes >= STACKS_TEXT)
		return write_stacks(f, err);
	return 0;
}

static void drop(void *state)
{
	struct folded *f = state;

	espy_dict_done(&f->stacks);
	espy_vec_done(&f->ns);
	espy_buf_done(&f->stack);
	espy_buf_done(&f->name);
	espy_output_file_done(&f->file);
	free(f);
}

static int finish(void *state, const struct espy_ending *e, struct espy_err *err)
{
	struct folded *f = state;
	int r = write_stacks(f, err);

	(void)e;
	if (r == 0)
		r = espy_output_file_flush(&f->file, err);
	drop(f);
	return r;
}

static int open_folded(void **ret, int fd, const struct espy_output_options *o,
		       struct espy_err *err)
{
	struct folded *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return espy_output_failed(err, -ENOMEM, o->path);
	f->with_stacks = o->stacks;
	r = espy_output_file_init(&f->file, fd, o->path, err);
	if (r == 0 && espy_dict_init(&f->stacks) < 0)
		r = espy_output_failed(err, -ENOMEM, o->path);
	if (r < 0)
		drop(f);
	else
		*ret = f;
	return r;
}

const struct espy_output_format espy_output_folded = {
	.name = "folded",
	.suffixes = ".folded",
	.help = "folded stacks of time for flame graphs: processes, class, operation; with "
		"--stacks "
		"functions",
	.open = open_folded,
	.batch = batch,
	.finish = finish,
	.drop = drop,
};
