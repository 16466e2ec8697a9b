/* SPDX-License-Identifier: MIT */
#include "format/pml-detail.h"
#include <errno.h>
#include <string.h>
#include "format/procmon-op.h"
#include "format/procmon-text.h"

#define OLD_NAMES 7     /* files of this version and before name some operations in another way */
#define OLD_SUB   0x100 /* rows of procmon.def with these names: added to the sub-operation */
#define SECOND    10000000ull

/* --- bytes ---------------------------------------------------------------------------------------
 */

static const uint8_t *take(struct espy_pml_in *in, size_t n)
{
	const uint8_t *p = in->p + in->at;

	if (espy_pml_in_left(in) < n) {
		in->is_short = true;
		in->at = in->n;
		return NULL;
	}
	in->at += n;
	return p;
}

uint8_t espy_pml_in_u8(struct espy_pml_in *in)
{
	const uint8_t *p = take(in, 1);

	return p ? *p : 0;
}

uint16_t espy_pml_in_u16(struct espy_pml_in *in)
{
	const uint8_t *p = take(in, 2);

	return p ? espy_pml_u16(p) : 0;
}

uint32_t espy_pml_in_u32(struct espy_pml_in *in)
{
	const uint8_t *p = take(in, 4);

	return p ? espy_pml_u32(p) : 0;
}

uint64_t espy_pml_in_u64(struct espy_pml_in *in)
{
	const uint8_t *p = take(in, 8);

	return p ? espy_pml_u64(p) : 0;
}

uint64_t espy_pml_in_pointer(struct espy_pml_in *in)
{
	return in->is_64 ? espy_pml_in_u64(in) : espy_pml_in_u32(in);
}

void espy_pml_in_skip(struct espy_pml_in *in, size_t n)
{
	take(in, n);
}

struct espy_pml_bytes espy_pml_in_bytes(struct espy_pml_in *in, size_t n)
{
	size_t left = espy_pml_in_left(in);
	struct espy_pml_bytes b = {in->p + in->at, n < left ? n : left};

	if (b.n < n)
		in->is_short = true;
	in->at += b.n;
	return b;
}

/* One byte each is for ASCII; what is not that becomes U+FFFD in UTF-8. */
static void add_narrow(struct espy_buf *out, struct espy_pml_bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		if (b.p[i] < 0x80)
			espy_buf_putc(out, (char)b.p[i]);
		else
			espy_buf_puts(out, "\xef\xbf\xbd");
	}
}

void espy_pml_in_string(struct espy_pml_in *in, uint16_t head, struct espy_buf *out)
{
	size_t n = head & 0x7fff;
	struct espy_pml_bytes b = espy_pml_in_bytes(in, head & 0x8000 ? n : 2 * n);

	if (head & 0x8000)
		add_narrow(out, b);
	else
		espy_pml_utf16(out, b.p, b.n);
}

/* --- items ---------------------------------------------------------------------------------------
 */

void espy_pml_item(struct espy_pml_detail *d, const char *name)
{
	if (d->text.n)
		espy_buf_add(&d->text, ", ", 2);
	espy_buf_puts(&d->text, name);
	espy_buf_add(&d->text, ": ", 2);
}

void espy_pml_item_text(struct espy_pml_detail *d, const char *name, const char *text)
{
	espy_pml_item(d, name);
	espy_buf_puts(&d->text, text);
}

void espy_pml_item_bool(struct espy_pml_detail *d, const char *name, bool v)
{
	espy_pml_item_text(d, name, v ? "True" : "False");
}

void espy_pml_item_number(struct espy_pml_detail *d, const char *name, int64_t v)
{
	espy_pml_item(d, name);
	espy_procmon_thousands(&d->text, v);
}

void espy_pml_item_hex(struct espy_pml_detail *d, const char *name, uint64_t v)
{
	espy_pml_item(d, name);
	espy_buf_printf(&d->text, "0x%llx", (unsigned long long)v);
}

void espy_pml_item_date(struct espy_pml_detail *d, const char *name, uint64_t filetime)
{
	espy_pml_item(d, name);
	espy_procmon_filetime(&d->text, filetime);
}

void espy_pml_seconds(struct espy_buf *out, uint64_t hundred_ns)
{
	espy_buf_printf(out, "%llu.%07llu", (unsigned long long)(hundred_ns / SECOND),
			(unsigned long long)(hundred_ns % SECOND));
}

/* --- facts ---------------------------------------------------------------------------------------
 */

void espy_pml_fact_num(struct espy_pml_detail *d, const char *name, uint64_t v)
{
	if (d->n_facts < ESPY_PML_FACTS)
		d->facts[d->n_facts++] = (struct espy_pml_fact){.name = name, .num = v};
}

void espy_pml_fact_text(struct espy_pml_detail *d, const char *name, const char *p, size_t n)
{
	char *copy = espy_arena_dup(&d->arena, n ? p : "", n);

	if (!copy)
		d->text.error = -ENOMEM;
	else if (d->n_facts < ESPY_PML_FACTS)
		d->facts[d->n_facts++] =
			(struct espy_pml_fact){.name = name, .is_text = true, .str = {copy, n}};
}

void espy_pml_set_sub(struct espy_pml_detail *d, uint8_t sub)
{
	const struct espy_pml_event *e = d->event;
	const struct espy_procmon_op *op = NULL;

	d->sub = sub;
	if (d->tables->file->version <= OLD_NAMES) {
		op = espy_procmon_op_find(e->class_id, e->operation, sub + OLD_SUB);
		if (op && op->sub < 0)
			op = NULL;
	}
	if (!op)
		op = espy_procmon_op_find(e->class_id, e->operation, sub);
	if (op) {
		d->call = op->nr;
		d->type = op->type;
	}
}

/* --- one event -----------------------------------------------------------------------------------
 */

static void forget(struct espy_pml_detail *d)
{
	espy_buf_reset(&d->path);
	espy_buf_reset(&d->text);
	espy_buf_reset(&d->scratch);
	espy_arena_reset(&d->arena);
	d->n_facts = 0;
	d->result = 0;
	d->category = ESPY_CATEGORY_NONE;
	d->type = ESPY_EV_system_unknown;
	d->call = UINT16_MAX;
}

/* Process Monitor's CSV has a semicolon for each line feed; carriage returns stay. */
static void flatten(struct espy_buf *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == '\n')
			b->p[i] = ';';
}

int espy_pml_detail_read(struct espy_pml_detail *d, const struct espy_pml_event *e)
{
	static void (*const by_class[])(struct espy_pml_detail *) = {
		[ESPY_PML_PROCESS] = espy_pml_detail_process,
		[ESPY_PML_REGISTRY] = espy_pml_detail_registry,
		[ESPY_PML_FILE] = espy_pml_detail_file,
		[ESPY_PML_PROFILING] = espy_pml_detail_profiling,
		[ESPY_PML_NETWORK] = espy_pml_detail_network,
	};
	bool is_64 = d->tables->file->is_64;

	forget(d);
	d->event = e;
	d->in = (struct espy_pml_in){e->detail.p, e->detail.n, 0, is_64, false};
	d->extra = (struct espy_pml_in){e->extra.p, e->extra.n, 0, is_64, false};
	espy_pml_set_sub(d, 0);
	if (e->class_id < sizeof(by_class) / sizeof(by_class[0]) && by_class[e->class_id])
		by_class[e->class_id](d);
	flatten(&d->text);
	return d->path.error || d->text.error || d->scratch.error ? -ENOMEM : 0;
}

void espy_pml_detail_done(struct espy_pml_detail *d)
{
	espy_buf_done(&d->path);
	espy_buf_done(&d->text);
	espy_buf_done(&d->scratch);
	espy_arena_done(&d->arena);
}
