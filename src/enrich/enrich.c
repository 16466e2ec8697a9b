/* SPDX-License-Identifier: MIT */
#include "enrich/enrich.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "enrich/content.h"
#include "enrich/decode.h"
#include "enrich/hash-record.h"
#include "enrich/lookup.h"
#include "enrich/roster.h"
#include "enrich/settings.h"
#include "enrich/stack.h"
#include "enrich/sweep.h"
#include "enrich/wire.h"
#include "model/merged.h"

struct espy_enrich {
	struct espy_decoder decoder;
	struct espy_roster roster;
	struct espy_settings settings;
	struct espy_content content;
	struct espy_lookups *lookups;
	struct espy_stacks stacks;
	bool with_stacks;
	struct espy_batch *into;        /* where the last row went */
	struct espy_identify *identify; /* NULL: files are not looked into */
	struct espy_hash_record *hash;  /* the one that was made last */
	uint64_t last;                  /* time of the last record */
	uint64_t latest;                /* the latest of their times */
	int64_t wall_offset;
	struct plan {
		struct espy_decode_plan decode;
		const struct effect *effect;
		bool setting, content; /* rows may follow */
		int path2;             /* index of that field, -1 none */
	} plans[ESPY_EVENT_ID_MAX];    /* schema NULL: no such type */
};

/* --- what records do to the process table --------------------------------------------------- */

typedef int (*effect_fn)(struct espy_processes *t, const struct espy_event *rec,
			 struct espy_str path);

static int take_running(struct espy_processes *t, const struct espy_event *rec,
			struct espy_str path)
{
	return espy_process_running(t, (const struct espy_ev_process_running *)rec, path);
}

static int take_exec(struct espy_processes *t, const struct espy_event *rec, struct espy_str path)
{
	return espy_process_exec(t, (const struct espy_ev_process_exec *)rec, path);
}

static int take_fork(struct espy_processes *t, const struct espy_event *rec, struct espy_str path)
{
	(void)path;
	return espy_process_fork(t, (const struct espy_ev_process_fork *)rec);
}

static int take_comm(struct espy_processes *t, const struct espy_event *rec, struct espy_str path)
{
	(void)path;
	return espy_process_comm(t, (const struct espy_ev_process_comm *)rec);
}

static int take_exit(struct espy_processes *t, const struct espy_event *rec, struct espy_str path)
{
	(void)path;
	espy_process_exit(t, rec->pid, rec->start);
	return 0;
}

/* `before`: the row belongs to the process as the record leaves it, as in Process Monitor, where a
 * start is the first event of the new image. `after`: as it was until then. */
static const struct effect {
	uint16_t type;
	effect_fn before, after;
} effects[] = {
	{ESPY_EV_process_running, take_running, NULL}, {ESPY_EV_process_exec, take_exec, NULL},
	{ESPY_EV_process_fork, NULL, take_fork},       {ESPY_EV_process_comm, NULL, take_comm},
	{ESPY_EV_process_exit, NULL, take_exit},
};

static int run_effect(struct espy_enrich *e, effect_fn fn, const struct espy_event *rec,
		      const struct espy_batch *b, const struct espy_decoded *v)
{
	return fn ? fn(&e->roster.processes, rec, espy_dict_get(&b->dict, v->path)) : 0;
}

/* --- rows that follow ------------------------------------------------------------------------ */

static void plan_rows(struct plan *p)
{
	p->setting = espy_settings_concern(p->decode.schema->type);
	p->content = espy_content_concerns(p->decode.schema->type);
	p->path2 = espy_schema_field(p->decode.schema, ESPY_STR("path2"));
}

static int follow(struct espy_enrich *e, const struct plan *plan, const struct espy_event *rec,
		  const struct espy_decoded *v, struct espy_batch *b, uint32_t row)
{
	struct espy_follow f = {&e->decoder, rec, v, b, row, 0};
	int r;

	if (plan->path2 >= 0)
		f.path2 = (uint32_t)v->value[plan->path2];
	else if (!plan->content &&
		 espy_settings_is_none(&e->settings, b, e->decoder.batch, v->path))
		return 0;
	r = plan->setting ? espy_settings_follow(&e->settings, &f) : 0;
	if (r >= 0 && plan->content)
		r = espy_content_follow(&e->content, &f);
	return r;
}

void espy_enrich_sources(bool *type)
{
	espy_settings_sources(type);
	espy_content_sources(type);
	type[ESPY_EV_file_read] |= type[ESPY_EV_file_reads];
	type[ESPY_EV_file_write] |= type[ESPY_EV_file_writes];
}

/* --- what lies where in a process, so that its stacks can be told ---------------------------- */

static void note_image(struct espy_enrich *e, const struct espy_ev_image_load *rec,
		       const struct espy_batch *b, const struct espy_decoded *v)
{
	struct espy_mapping m = {
		.address = rec->address,
		.length = rec->length,
		.offset = rec->offset,
		.file = {.pid = rec->hdr.pid, .path = espy_dict_get(&b->dict, v->path)}};

	if (rec->hdr.flags & ESPY_F_PENDING)
		return;
	if (v->object) {
		m.file.inode = v->object->inode;
		m.file.dev = v->object->dev;
	}
	espy_layouts_load(&e->stacks.layouts, &e->decoder.images, rec->hdr.pid, rec->hdr.start, &m);
}

static void note_layout(struct espy_enrich *e, const struct espy_event *rec,
			const struct espy_batch *b, const struct espy_decoded *v)
{
	struct espy_layouts *t = &e->stacks.layouts;
	const struct espy_ev_process_fork *fork = (const void *)rec;

	switch (rec->type) {
	case ESPY_EV_image_load:
		note_image(e, (const void *)rec, b, v);
		break;
	case ESPY_EV_process_fork:
		if (rec->result >= 0)
			espy_layouts_fork(t, &e->decoder.images, rec->pid, rec->start,
					  fork->child_pid, fork->child_start);
		break;
	case ESPY_EV_process_exec:
		if (rec->result >= 0 && !(rec->flags & ESPY_F_PENDING))
			espy_layouts_exec(t, rec->pid, rec->start);
		break;
	case ESPY_EV_process_exit:
		espy_layouts_exit(t, rec->pid, rec->start);
		break;
	}
}

/* --- life ----------------------------------------------------------------------------------- */

/* Inode of the initial pid namespace (PROC_PID_INIT_INO): elsewhere /proc numbers processes
 * otherwise than the records do. */
#define INITIAL_PID_NS 0xEFFFFFFCu

static bool sees_processes(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == INITIAL_PID_NS;
}

static int start_identify(struct espy_enrich *e, const struct espy_enrich_options *o,
			  struct espy_err *err)
{
	int r;

	if (!o->identify.kinds && !o->identify.packages)
		return 0;
	e->hash = malloc(sizeof(*e->hash));
	r = e->hash ? espy_identify_new(&e->identify, &o->identify, err) : -ENOMEM;
	e->roster.identify = e->identify;
	return r;
}

int espy_enrich_new(struct espy_enrich **ret, const struct espy_enrich_options *o,
		    struct espy_err *err)
{
	struct espy_enrich *e = calloc(1, sizeof(*e));
	int r;

	if (!e || espy_lookups_new(&e->lookups) < 0) {
		free(e);
		return -ENOMEM;
	}
	espy_decoder_init(&e->decoder, o->max_objects);
	e->decoder.no_proc = o->no_proc;
	e->decoder.no_build_id = o->no_build_id;
	espy_roster_init(&e->roster, o->max_dead, o->no_proc);
	e->with_stacks = o->stacks;
	espy_stacks_init(&e->stacks, &e->roster.processes,
			 o->no_proc || !o->stacks || !sees_processes());
	if (o->kernel_stacks)
		espy_kernel_read(&e->stacks.kernel, ESPY_KERNEL_LIST);
	e->wall_offset = o->wall_offset;
	for (size_t i = 0; i < espy_n_schemas; i++)
		espy_decode_plan(&e->plans[espy_schemas[i].type].decode, &espy_schemas[i]);
	espy_settings_init(&e->settings, o->type);
	e->content.off = o->type && !o->type[ESPY_EV_file_executable];
	for (size_t i = 0; i < espy_n_schemas; i++)
		plan_rows(&e->plans[espy_schemas[i].type]);
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		e->plans[effects[i].type].effect = &effects[i];
	r = start_identify(e, o, err);
	if (r < 0) {
		espy_enrich_free(e);
		return r;
	}
	*ret = e;
	return 0;
}

void espy_enrich_free(struct espy_enrich *e)
{
	if (!e)
		return;
	espy_settings_done(&e->settings);
	espy_decoder_done(&e->decoder);
	espy_roster_done(&e->roster);
	espy_identify_free(e->identify);
	free(e->hash);
	espy_lookups_free(e->lookups);
	espy_stacks_done(&e->stacks);
	free(e);
}

void espy_enrich_batch_done(struct espy_enrich *e)
{
	if (++e->decoder.batch == 0) /* 0 marks what is in no batch */
		e->decoder.batch = 1;
	e->roster.batch = e->decoder.batch;
	e->roster.open.n = 0;
	if (e->identify)
		espy_identify_forget(e->identify);
}

/* --- files that are run --------------------------------------------------------------------- */

const struct espy_event *espy_enrich_next(struct espy_enrich *e)
{
	const struct espy_identity *i = e->identify ? espy_identify_next(e->identify) : NULL;

	return i ? espy_hash_record(e->hash, i, e->last) : NULL;
}

void espy_enrich_settle(struct espy_enrich *e, uint64_t wait_ns)
{
	if (e->identify)
		espy_identify_end(e->identify, wait_ns);
}

bool espy_enrich_awaits(const struct espy_enrich *e)
{
	return espy_roster_awaits(&e->roster);
}

int espy_enrich_finish(struct espy_enrich *e, struct espy_batch *b)
{
	return espy_roster_finish(&e->roster, b);
}

static bool is_one_of(uint32_t n, const uint32_t *list, size_t n_list)
{
	for (size_t i = 0; i < n_list; i++)
		if (list[i] == n)
			return true;
	return false;
}

bool espy_enrich_descends(const struct espy_enrich *e, uint32_t pid, const uint32_t *pids,
			  size_t n_pids)
{
	const struct espy_process *p = espy_process_find(&e->roster.processes, pid, 0);

	for (unsigned i = 0; p && i < ESPY_ANCESTORS_MAX; i++) {
		if (is_one_of(p->pid, pids, n_pids))
			return true;
		p = espy_process_parent(&e->roster.processes, p);
	}
	return false;
}

uint32_t espy_enrich_uid(const struct espy_enrich *e, uint32_t pid)
{
	const struct espy_process *p = espy_process_find(&e->roster.processes, pid, 0);

	return p ? p->uid : UINT32_MAX;
}

/* Libraries are looked into as executables are. */
static void ask_image(struct espy_enrich *e, const struct espy_event *rec,
		      const struct espy_batch *b, const struct espy_decoded *v)
{
	const struct espy_ev_image_load *load = (const void *)rec;
	struct espy_version version = {
		.inode = load->image_inode,
		.size = load->image_size,
		.mtime = load->image_mtime,
		.ctime = load->image_ctime,
		.dev = load->image_dev,
	};

	if (rec->type == ESPY_EV_image_load && rec->result >= 0)
		espy_identify_ask(e->identify, &version, espy_dict_get(&b->dict, v->path), rec->pid,
				  rec->start, false);
}

size_t espy_enrich_objects(const struct espy_enrich *e)
{
	return e->decoder.objects.all.n;
}

void espy_enrich_new_epoch(struct espy_enrich *e, uint64_t until)
{
	espy_objects_new_epoch(&e->decoder.objects, until);
	espy_stacks_new_epoch(&e->stacks, until);
}

enum espy_enrich_epoch espy_enrich_wants_epoch(const struct espy_enrich *e)
{
	if (e->decoder.objects.is_short)
		return ESPY_EPOCH_SHORT;
	return espy_objects_are_many(&e->decoder.objects) || espy_stacks_are_many(&e->stacks)
		       ? ESPY_EPOCH_MANY
		       : ESPY_EPOCH_GOES_ON;
}

uint64_t espy_enrich_unknown_objects(const struct espy_enrich *e)
{
	return e->decoder.unknown;
}

/* --- records -------------------------------------------------------------------------------- */

static int define(struct espy_enrich *e, const struct espy_event *rec)
{
	switch (rec->type) {
	case ESPY_EV_meta_object:
		return espy_object_define(&e->decoder.objects, (const void *)rec);
	case ESPY_EV_meta_cgroup:
		return espy_cgroup_define(&e->roster.processes.cgroups, (const void *)rec);
	case ESPY_EV_meta_task:
		return espy_process_task(&e->roster.processes, (const void *)rec);
	case ESPY_EV_meta_stack:
		return espy_stack_define(&e->stacks, (const void *)rec);
	}
	return 0;
}

static int put_actor(struct espy_enrich *e, const struct espy_event *rec, struct espy_batch *b)
{
	struct espy_process *p = espy_process_get(&e->roster.processes, rec->pid, rec->start);

	if (!p)
		return -ENOMEM;
	if (p->batch == e->roster.batch)
		return (int)p->batch_index;
	return espy_roster_put(&e->roster, p, b, rec->time);
}

/* The kernel side gives no arguments of what was there before; the table has them from /proc. */
static void fill_argv(const struct plan *plan, struct espy_batch *b, uint32_t row)
{
	int f = espy_schema_field(plan->decode.schema, ESPY_STR("argv"));

	if (f >= 0 && !espy_batch_get(b, row, (unsigned)f).str.n)
		espy_batch_set_str(b, row, (unsigned)f,
				   espy_dict_get(&b->dict, espy_batch_proc(b, row)->cmdline));
}

static int add_row(struct espy_enrich *e, const struct plan *plan, const struct espy_event *rec,
		   struct espy_batch *b)
{
	uint32_t stack = 0;
	struct espy_decoded v;
	int r, actor, row;

	/* before the record has its effect: after an exec its caller is not there any more */
	if (rec->stack && e->with_stacks)
		stack = espy_stack_put(&e->stacks, &e->decoder.images, b, e->decoder.batch,
				       rec->stack);
	if (stack == UINT32_MAX)
		return -ENOMEM;
	r = espy_decode(&e->decoder, &plan->decode, rec, b, &v);
	if (r == 0 && plan->effect)
		r = run_effect(e, plan->effect->before, rec, b, &v);
	if (r < 0)
		return r;
	e->roster.asks = rec->type != ESPY_EV_process_running;
	if (rec->type == ESPY_EV_settings_set)
		espy_settings_fill(&e->settings, rec, b, &v);
	actor = put_actor(e, rec, b);
	if (actor < 0)
		return actor;
	row = espy_decode_store(&plan->decode, rec, &v, b);
	if (row < 0)
		return row;
	b->proc[row] = (uint32_t)actor;
	if (e->identify)
		ask_image(e, rec, b, &v);
	b->stack[row] = stack;
	if (e->with_stacks)
		note_layout(e, rec, b, &v);
	if (rec->type == ESPY_EV_process_running)
		fill_argv(plan, b, (uint32_t)row);
	e->decoder.unknown += v.is_unknown;
	if (row == 0)
		b->wall_offset = e->wall_offset;
	if (plan->effect)
		r = run_effect(e, plan->effect->after, rec, b, &v);
	if (r >= 0 && (plan->setting || plan->content))
		r = follow(e, plan, rec, &v, b, (uint32_t)row);
	return r < 0 ? r : 1;
}

/* Asked before anything is changed: the record comes again. */
static bool is_full(const struct plan *plan, const struct espy_batch *b, uint32_t rows)
{
	if (plan && (plan->setting || plan->content))
		rows += ESPY_FOLLOW_ROWS;
	return b->n > ESPY_BATCH_ROWS - rows || b->dict.bytes >= ESPY_BATCH_TEXT_FULL ||
	       b->n_procs >= ESPY_BATCH_PROCS_FULL;
}

static void enter_batch(struct espy_enrich *e, struct espy_batch *b)
{
	if (b == e->into)
		return;
	espy_enrich_batch_done(e);
	e->into = b;
}

/* --- questions to name servers ------------------------------------------------------------------
 */

struct dns_rows {
	struct espy_enrich *e;
	struct espy_batch *b;
	int n;
};

/* A record may make several rows: when there is no room for one of them it is too late to have the
 * record again. */
static int add_dns(void *ctx, const struct espy_event *rec)
{
	struct dns_rows *x = ctx;
	int r = add_row(x->e, &x->e->plans[rec->type], rec, x->b);

	x->n += r > 0;
	return r == -ENOSPC ? -EBADMSG : r < 0 ? r : 0;
}

static int take_dns(struct espy_enrich *e, const struct espy_event *rec, struct espy_batch *b)
{
	struct dns_rows x = {e, b, 0};
	int r;

	if (is_full(NULL, b, ESPY_LOOKUP_ROWS_MAX))
		return -ENOSPC;
	enter_batch(e, b);
	r = espy_lookups_take(e->lookups, (const struct espy_ev_meta_dns *)rec, add_dns, &x);
	return r < 0 ? r : x.n > 0;
}

int espy_enrich_pass(struct espy_enrich *e, uint64_t now, struct espy_batch *b)
{
	uint64_t deadline = espy_lookups_deadline(e->lookups);
	struct dns_rows x = {e, b, 0};
	int r;

	if (deadline >= now)
		return 0;
	if (is_full(NULL, b, ESPY_LOOKUP_ROWS_MAX))
		return -ENOSPC;
	enter_batch(e, b);
	r = espy_lookups_expire(e->lookups, now, e->latest > deadline ? e->latest : deadline,
				add_dns, &x);
	return r < 0 ? r : x.n;
}

int espy_enrich_end(struct espy_enrich *e, uint64_t now, struct espy_batch *b)
{
	struct dns_rows x = {e, b, 0};
	int r;

	if (is_full(NULL, b, ESPY_LOOKUP_ROWS_MAX))
		return -ENOSPC;
	enter_batch(e, b);
	r = espy_lookups_end(e->lookups, now, add_dns, &x);
	return r < 0 ? r : x.n;
}

/* --- runs of one --------------------------------------------------------------------------------
 */

_Static_assert(sizeof(struct espy_ev_file_read) == sizeof(struct espy_ev_file_write) &&
		       offsetof(struct espy_ev_file_reads, times) ==
			       sizeof(struct espy_ev_file_read),
	       "a merged record begins as a single one does");

/* A run that nothing followed is the one call that it is. `rec` has been checked. */
static const struct espy_event *as_single(const struct espy_event *rec,
					  struct espy_ev_file_read *single)
{
	const struct espy_ev_file_reads *run = (const void *)rec;

	if (run->times != 1 || run->path.text.len || run->ended < rec->duration)
		return rec;
	memcpy(single, rec, sizeof(*single));
	single->hdr.type = rec->type == ESPY_EV_file_reads ? ESPY_EV_file_read : ESPY_EV_file_write;
	single->hdr.size = sizeof(*single);
	single->hdr.time = run->ended;
	return &single->hdr;
}

/* --- the way in ---------------------------------------------------------------------------------
 */

int espy_enrich_add(struct espy_enrich *e, const struct espy_event *rec, struct espy_batch *b)
{
	struct espy_ev_file_read single;
	const struct plan *plan;
	int r;

	if (rec->size < sizeof(*rec) || rec->type >= ESPY_EVENT_ID_MAX)
		return -EBADMSG;
	plan = &e->plans[rec->type];
	if (!plan->decode.schema)
		return -EBADMSG;
	r = espy_wire_check(&plan->decode.wire, rec);
	if (r < 0)
		return r;
	espy_objects_pass(&e->decoder.objects, rec->time);
	e->last = rec->time;
	if (rec->time > e->latest)
		e->latest = rec->time;
	if (rec->type == ESPY_EV_meta_dns)
		return take_dns(e, rec, b);
	espy_stacks_pass(&e->stacks, rec->time);
	if (!espy_schema_is_shown(plan->decode.schema))
		return define(e, rec);
	if (espy_merged_is(rec->type)) {
		rec = as_single(rec, &single);
		plan = &e->plans[rec->type];
	}
	if (is_full(plan, b, 1))
		return -ENOSPC;
	enter_batch(e, b);
	return add_row(e, plan, rec, b);
}

struct sweep {
	struct espy_enrich *e;
	struct espy_batch *b;
};

static int take_swept(void *ctx, const struct espy_event *rec)
{
	struct sweep *s = ctx;
	int r = espy_enrich_add(s->e, rec, s->b);

	return r == -EBADMSG ? 0 : r;
}

int espy_enrich_sweep(struct espy_enrich *e, uint64_t now, struct espy_batch *b)
{
	struct sweep s = {e, b};

	if (e->decoder.no_proc || !sees_processes())
		return 0;
	return espy_sweep(&e->roster.processes, now, take_swept, &s);
}
