/* SPDX-License-Identifier: MIT */
#include "sense/parts.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/thread.h"

#define PARTS_MAX    4
#define PROGRAMS_MAX 128
#define WHOEVER      PARTS_MAX /* in `of`: the part that comes to it first */

struct part {
	struct espy_parts *all;
	unsigned i;
	pthread_t thread;
	bool running;
	struct bpf_object *object;
	bool mine[PROGRAMS_MAX];
	int r;
};

struct espy_parts {
	const struct espy_code *file;
	const struct espy_types *kernel;
	int excerpt;
	const struct bpf_object_skeleton *skel; /* NULL: nothing is to be loaded any more */
	int fd[PROGRAMS_MAX];                   /* of what is loaded; 0: not */
	unsigned n;
	struct part v[PARTS_MAX];
	int8_t of[PROGRAMS_MAX]; /* which part loads it; -1: none */
	atomic_bool taken[PROGRAMS_MAX];
	sem_t go, done;
	bool gone, waited, joined;
};

/* --- what a program is attached to ---------------------------------------------------------- */

/* Hooks by sections' names, and what the kernel calls the type of such a hook. */
static const struct hook {
	const char *section, *prefix;
	unsigned kind;
	enum bpf_attach_type attach;
} hooks[] = {
	{"tp_btf+", "btf_trace_", BTF_KIND_TYPEDEF, BPF_TRACE_RAW_TP},
	{"fentry+", "", BTF_KIND_FUNC, BPF_TRACE_FENTRY},
	{"fexit+", "", BTF_KIND_FUNC, BPF_TRACE_FEXIT},
	{"iter+", "bpf_iter_", BTF_KIND_FUNC, BPF_TRACE_ITER},
};

#define N_HOOKS (sizeof(hooks) / sizeof(*hooks))

/* libbpf calls prepare() in the thread that loads. */
static _Thread_local struct part *loading;

static int find_hook(struct bpf_program *p, struct bpf_prog_load_opts *o, const struct hook *h)
{
	const char *at = strchr(bpf_program__section_name(p), '/');
	char name[128];
	int n = snprintf(name, sizeof(name), "%s%s", h->prefix, at ? at + 1 : "");

	if (n < 0 || (size_t)n >= sizeof(name))
		return -EINVAL;
	o->attach_prog_fd = 0;
	o->attach_btf_obj_fd = 0;
	o->attach_btf_id = espy_types_find(loading->all->kernel, name, (size_t)n, h->kind);
	return o->attach_btf_id ? 0 : -ESRCH;
}

/* Of those that any part may load. */
static bool take(struct part *part, const struct bpf_program *p)
{
	struct bpf_program *other;
	unsigned i = 0;

	bpf_object__for_each_program(other, part->object)
	{
		if (other == p)
			break;
		i++;
	}
	if (i < PROGRAMS_MAX && part->all->of[i] == WHOEVER)
		part->mine[i] = !atomic_exchange(&part->all->taken[i], true);
	return i < PROGRAMS_MAX && part->mine[i];
}

/* libbpf loads all that it has prepared. What another part loads already becomes a program that
 * does nothing, which takes the kernel no time. */
static int leave_out(struct bpf_program *p, struct bpf_prog_load_opts *o)
{
	struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	o->func_info_cnt = 0;
	o->line_info_cnt = 0;
	return bpf_program__set_insns(p, nothing, sizeof(nothing) / sizeof(*nothing));
}

static int prepare(struct bpf_program *p, struct bpf_prog_load_opts *o, long hook)
{
	int r;

	if (!loading)
		return -EINVAL;
	r = find_hook(p, o, &hooks[hook]);
	return r < 0 || take(loading, p) ? r : leave_out(p, o);
}

/*
 * libbpf looks for the type of a hook in all of the kernel's types, which it reads for that. With
 * a handler of ours it asks us; programs keep pointers to the handlers, so that they stay.
 */
static void handle_hooks(void)
{
	for (size_t i = 0; i < N_HOOKS; i++) {
		LIBBPF_OPTS(libbpf_prog_handler_opts, o, .cookie = (long)i,
			    .prog_prepare_load_fn = prepare);

		libbpf_register_prog_handler(hooks[i].section, BPF_PROG_TYPE_TRACING,
					     hooks[i].attach, &o);
	}
}

/* A program of another one's would find its type there: libbpf, told so, does not read the
 * kernel's. prepare() says that it is none. */
#define NO_PROGRAM 1

/* --- one part ------------------------------------------------------------------------------- */

static int open_part(struct part *part)
{
	const struct espy_parts *all = part->all;
	char path[64];
	LIBBPF_OPTS(bpf_object_open_opts, o, .object_name = "espy_bpf", .btf_custom_path = path);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", all->excerpt);
	part->object = bpf_object__open_mem(all->file->p, all->file->n, &o);
	return part->object ? 0 : -errno;
}

/* Both objects are of one file, and have their maps in one order. */
static int take_maps(const struct part *part)
{
	struct bpf_object *first = *part->all->skel->obj;
	struct bpf_map *own = NULL, *map = NULL;
	int r = 0;

	while (r >= 0 && (own = bpf_object__next_map(part->object, own))) {
		map = bpf_object__next_map(first, map);
		if (!map)
			return -ENOENT;
		if (bpf_map__autocreate(map))
			r = bpf_map__reuse_fd(own, bpf_map__fd(map));
		else
			r = bpf_map__set_autocreate(own, false);
	}
	return r;
}

static int choose_programs(struct part *part)
{
	struct bpf_program *p;
	unsigned i = 0;
	int r;

	bpf_object__for_each_program(p, part->object)
	{
		int of = i < PROGRAMS_MAX ? part->all->of[i] : -1;
		bool load = of == WHOEVER || of == (int)part->i;

		r = bpf_program__set_autoload(p, load);
		if (r == 0 && load && bpf_program__type(p) == BPF_PROG_TYPE_TRACING)
			r = bpf_program__set_attach_target(p, NO_PROGRAM, NULL);
		if (r < 0)
			return r;
		if (i < PROGRAMS_MAX)
			part->mine[i] = of == (int)part->i;
		i++;
	}
	return 0;
}

/* The object, which takes a megabyte, is not needed any more then. */
static int keep_programs(const struct part *part)
{
	struct bpf_program *p;
	unsigned i = 0;

	bpf_object__for_each_program(p, part->object)
	{
		if (i < PROGRAMS_MAX && part->mine[i]) {
			int fd = fcntl(bpf_program__fd(p), F_DUPFD_CLOEXEC, 3);

			if (fd < 0)
				return -errno;
			part->all->fd[i] = fd;
		}
		i++;
	}
	return 0;
}

static int load_programs(struct part *part)
{
	int r = take_maps(part);

	if (r >= 0)
		r = choose_programs(part);
	if (r >= 0)
		r = bpf_object__load(part->object);
	return r < 0 ? r : keep_programs(part);
}

static void *load_part(void *ctx)
{
	struct part *part = ctx;
	struct espy_parts *all = part->all;

	part->r = open_part(part);
	while (sem_wait(&all->go) < 0)
		;
	loading = part;
	if (all->skel && part->r >= 0)
		part->r = load_programs(part);
	loading = NULL;
	sem_post(&all->done);
	bpf_object__close(part->object); /* milliseconds for which nobody has to wait */
	return NULL;
}

/* --- all of them ---------------------------------------------------------------------------- */

static unsigned count_processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > PARTS_MAX ? PARTS_MAX : (unsigned)n;
}

int espy_parts_start(struct espy_parts **ret, const struct espy_code *file,
		     const struct espy_types *kernel, int excerpt)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct espy_parts *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	pthread_once(&once, handle_hooks);
	p->file = file;
	p->kernel = kernel;
	p->excerpt = excerpt;
	p->n = count_processors();
	sem_init(&p->go, 0, 0);
	sem_init(&p->done, 0, 0);
	for (unsigned i = 0; i < p->n; i++) {
		p->v[i] = (struct part){.all = p, .i = i};
		p->v[i].running = espy_thread_start(&p->v[i].thread, load_part, &p->v[i]) == 0;
	}
	*ret = p;
	return 0;
}

/*
 * Which part loads what takes the verifier longest, as measured on 6.18, in milliseconds, is said
 * beforehand. The rest is for whoever comes to it first: processors are not alike, nor is anybody
 * alone with them. Each part has to prepare all of the rest, a millisecond. Wrong values cost time,
 * nothing else.
 */
static const struct cost {
	const char *program;
	unsigned cost;
} costs[] = {
	{"rare", 40},         {"shared", 36},       {"sys_exit", 24},
	{"sys_enter", 16},    {"system_uring", 15}, {"process_exec__done", 13},
	{"process_exit", 10},
};

#define COST_USUAL 4

static unsigned cost_of(const char *program)
{
	for (size_t i = 0; i < sizeof(costs) / sizeof(*costs); i++)
		if (!strcmp(costs[i].program, program))
			return costs[i].cost;
	return COST_USUAL;
}

/* Only those that prepare() is called for can be left out again. */
static bool is_for_whoever(const struct bpf_prog_skeleton *p)
{
	return cost_of(p->name) == COST_USUAL &&
	       bpf_program__type(*p->prog) == BPF_PROG_TYPE_TRACING;
}

/* The dearest that is left goes to who has least to do. */
static void share_out(struct espy_parts *p, const bool *wanted)
{
	unsigned load[PARTS_MAX] = {0}, n = (unsigned)p->skel->prog_cnt;

	memset(p->of, -1, sizeof(p->of));
	for (unsigned i = 0; i < n && i < PROGRAMS_MAX; i++)
		if (wanted[i] && is_for_whoever(&p->skel->progs[i]))
			p->of[i] = WHOEVER;
	for (;;) {
		unsigned best = 0, least = 0;
		int at = -1;

		for (unsigned i = 0; i < n && i < PROGRAMS_MAX; i++) {
			unsigned cost = cost_of(p->skel->progs[i].name);

			if (wanted[i] && p->of[i] < 0 && cost > best)
				best = cost, at = (int)i;
		}
		if (at < 0)
			return;
		for (unsigned i = 1; i < p->n; i++)
			least = load[i] < load[least] ? i : least;
		p->of[at] = (int8_t)least;
		load[least] += best;
	}
}

/* Also those who find nothing to do any more. */
static void let_go(struct espy_parts *p)
{
	if (p->gone)
		return;
	p->gone = true;
	for (unsigned i = 0; i < p->n; i++)
		sem_post(&p->go);
}

void espy_parts_go(struct espy_parts *p, const struct bpf_object_skeleton *skel, const bool *wanted)
{
	p->skel = skel;
	share_out(p, wanted);
	let_go(p);
}

int espy_parts_wait(struct espy_parts *p)
{
	int r = 0;

	let_go(p);
	for (unsigned i = 0; i < p->n && !p->waited; i++)
		if (!p->v[i].running)
			load_part(&p->v[i]);
	for (unsigned i = 0; i < p->n && !p->waited; i++)
		while (sem_wait(&p->done) < 0)
			;
	p->waited = true;
	for (unsigned i = 0; i < p->n && r == 0; i++)
		r = p->v[i].r;
	return r;
}

void espy_parts_join(struct espy_parts *p)
{
	espy_parts_wait(p);
	for (unsigned i = 0; i < p->n && !p->joined; i++)
		if (p->v[i].running)
			pthread_join(p->v[i].thread, NULL);
	p->joined = true;
}

int espy_parts_fd(const struct espy_parts *p, unsigned i)
{
	return i < PROGRAMS_MAX && p->fd[i] > 0 ? p->fd[i] : -ENOENT;
}

void espy_parts_free(struct espy_parts *p)
{
	if (!p)
		return;
	if (!p->gone)
		p->skel = NULL;
	espy_parts_join(p);
	for (unsigned i = 0; i < PROGRAMS_MAX; i++)
		if (p->fd[i] > 0)
			close(p->fd[i]);
	sem_destroy(&p->go);
	sem_destroy(&p->done);
	free(p);
}
