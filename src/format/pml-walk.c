/* SPDX-License-Identifier: MIT */
#include "format/pml-walk.h"
#include "format/pml-detail.h"

#define GAP_MAX       3                     /* bytes between two records, as seen in real files */
#define OPERATION_MAX 63                    /* of any class */
#define TIME_MIN      0x01a8e79fe1d58000ull /* FILETIME of 1980 */
#define TIME_MAX      0x0300000000000000ull /* of 2286 */

#define PROCESS_CREATE 1

static bool is_plausible(const struct espy_pml_event *e)
{
	return e->class_id >= ESPY_PML_PROCESS && e->class_id <= ESPY_PML_NETWORK &&
	       e->operation <= OPERATION_MAX && e->time >= TIME_MIN && e->time <= TIME_MAX;
}

int espy_pml_walk_next(struct espy_pml_walk *w, const struct espy_pml *f,
		       struct espy_pml_event *ret)
{
	if (!w->at)
		w->at = f->at.events && f->at.events <= f->size ? f->at.events : ESPY_PML_HEADER;
	for (unsigned gap = 0; gap <= GAP_MAX; gap++) {
		if (espy_pml_event_read(f, w->at + gap, ret) < 0 || !is_plausible(ret))
			continue;
		w->at = ret->next;
		return 1;
	}
	return 0;
}

static struct espy_str keep_string(struct espy_pml *f, struct espy_pml_in *in, uint16_t head)
{
	struct espy_buf b = {0};
	struct espy_str s = ESPY_STR_NONE;
	char *copy;

	espy_pml_in_string(in, head, &b);
	copy = espy_arena_dup(&f->arena, b.n ? b.p : "", b.n);
	if (copy && !b.error)
		s = (struct espy_str){copy, b.n};
	espy_buf_done(&b);
	return s;
}

static struct espy_str basename_of(struct espy_str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '\\')
			return (struct espy_str){path.p + i, path.n - i};
	return path;
}

void espy_pml_walk_learn(struct espy_pml_tables *t, const struct espy_pml_event *e)
{
	struct espy_pml *f = t->file;
	struct espy_pml_in in = {e->detail.p, e->detail.n, 0, f->is_64, false};
	uint32_t index = espy_pml_in_u32(&in), pid = espy_pml_in_u32(&in);
	struct espy_pml_process *p;
	uint16_t path, command;
	size_t sids;

	if (e->class_id != ESPY_PML_PROCESS || e->operation > PROCESS_CREATE || in.is_short ||
	    f->arena.used > ESPY_PML_KEPT_MAX || espy_pml_tables_process(t, index))
		return;
	p = espy_pml_tables_add(t, index);
	if (!p)
		return;
	p->pid = pid;
	p->parent = espy_pml_in_u32(&in);
	p->ppid = espy_pml_in_u32(&in);
	p->session = espy_pml_in_u32(&in);
	p->is_64 = f->is_64 && !espy_pml_in_u32(&in);
	p->start = espy_pml_in_u64(&in);
	p->auth_id = espy_pml_in_u64(&in);
	p->is_virtualized = espy_pml_in_u32(&in) == 1;
	sids = espy_pml_in_u8(&in);
	sids += espy_pml_in_u8(&in);
	path = espy_pml_in_u16(&in);
	command = espy_pml_in_u16(&in);
	espy_pml_in_skip(&in, 2 + sids);
	p->image = keep_string(f, &in, path);
	p->name = basename_of(p->image);
	p->cmdline = keep_string(f, &in, command);
}
