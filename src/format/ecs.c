/* SPDX-License-Identifier: MIT */
/*
 * One JSON object per line in the names of the Elastic Common Schema, for Elasticsearch and what
 * understands it; ecs.def is the mapping. What has no name there is under "espy". A string that is
 * not UTF-8 has U+FFFD for its bad bytes and is given whole, in hexadecimal, in "espy.bytes_hex".
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include "format/ecs-value.h"
#include "format/formats.h"
#include "format/output-cell.h"

enum where { ANY, FILE_CLASS, IMAGE, REGISTRY, NETWORK, EXEC, EXIT };
#define WHERE_ANY      ANY
#define WHERE_FILE     FILE_CLASS
#define WHERE_IMAGE    IMAGE
#define WHERE_REGISTRY REGISTRY
#define WHERE_NETWORK  NETWORK
#define WHERE_EXEC     EXEC
#define WHERE_EXIT     EXIT

/* What a column holds, in the three types there are. */
static espy_ecs_fn OWN, WORD, NUMBER;

static struct field {
	const char *name;
	espy_ecs_fn *add;
	const char *value;
	enum where where;
	const struct espy_column *column; /* of value */
} fields[] = {
#define FIELD(name, as, value, where) {name, as, #value, WHERE_##where, NULL},
#include "format/ecs.def"
};
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static void find_columns(void)
{
	for (size_t i = 0; i < N_FIELDS; i++)
		fields[i].column = espy_column_find(espy_str0(fields[i].value));
}

/* --- columns ------------------------------------------------------------------------------------
 */

static bool get(struct espy_ecs *e, const struct espy_column *c, enum espy_cell_kind kind,
		struct espy_cell *cell)
{
	espy_buf_reset(&e->w->scratch);
	return espy_cell_get(c, kind, e->b, e->row, &e->w->scratch, cell);
}

static bool OWN(struct espy_ecs *e, const struct espy_column *c)
{
	struct espy_cell cell;

	if (!get(e, c, ESPY_CELL_TEXT, &cell))
		return false;
	espy_ecs_string(e, cell.str);
	return true;
}

static bool WORD(struct espy_ecs *e, const struct espy_column *c)
{
	struct espy_cell cell;

	if (c->type == ESPY_TYPE_STR)
		return OWN(e, c);
	if (!get(e, c, ESPY_CELL_INT, &cell))
		return false;
	espy_buf_printf(e->out, "\"%lld\"", (long long)cell.num);
	return true;
}

static bool NUMBER(struct espy_ecs *e, const struct espy_column *c)
{
	struct espy_cell cell;

	if (!get(e, c, ESPY_CELL_INT, &cell))
		return false;
	espy_buf_s64(e->out, (int64_t)cell.num);
	return true;
}

/* --- objects ------------------------------------------------------------------------------------
 */

/* Names come in the order of their objects; `open` is the name that was written last. */
struct nest {
	const char *open;
	bool is_first; /* nothing in the innermost object so far */
};

/* Length of the objects that both names are in, with the dot behind. */
static size_t common(const char *a, const char *b)
{
	size_t n = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			n = i + 1;
	return n;
}

static size_t dots(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '.';
	return n;
}

/* Ends the objects that the name is not in, begins those it is in, and writes its last part. */
static void enter(struct nest *n, struct espy_buf *out, const char *name)
{
	size_t shared = common(n->open, name);

	for (size_t i = dots(n->open + shared); i; i--)
		espy_buf_putc(out, '}');
	espy_buf_puts(out, n->is_first ? "\"" : ",\"");
	n->is_first = false;
	for (const char *at = name + shared;;) {
		size_t part = strcspn(at, ".");

		espy_buf_add(out, at, part);
		if (!at[part])
			break;
		espy_buf_puts(out, "\":{\"");
		at += part + 1;
	}
	espy_buf_puts(out, "\":");
	n->open = name;
}

/* --- rows ---------------------------------------------------------------------------------------
 */

static bool applies(const struct espy_ecs *e, enum where where)
{
	switch (where) {
	case FILE_CLASS:
		return e->schema->class_id == ESPY_CLASS_file;
	case IMAGE:
		return e->schema->class_id == ESPY_CLASS_image;
	case REGISTRY:
		return e->schema->class_id == ESPY_CLASS_registry;
	case NETWORK:
		return e->schema->class_id == ESPY_CLASS_network;
	case EXEC:
		return e->schema->type == ESPY_EV_process_exec ||
		       e->schema->type == ESPY_EV_process_running;
	case EXIT:
		return e->schema->type == ESPY_EV_process_exit;
	default:
		return true;
	}
}

/* The exact bytes of a column whose text was replaced. */
static void note_bytes(struct espy_ecs *e, const struct espy_column *c)
{
	struct espy_value v;
	struct espy_buf *hex = &e->w->text;
	char key[64];
	int n = snprintf(key, sizeof(key), "\"%s\":", c->name);

	e->replaced = false;
	if (hex->n && memmem(hex->p, hex->n, key, (size_t)n))
		return;
	espy_buf_reset(&e->w->scratch);
	if (!espy_column_get(c, e->b, e->row, &e->w->scratch, &v) || !v.is_string)
		return;
	espy_buf_printf(hex, "%s%s\"", hex->n ? "," : "{", key);
	espy_cell_hex(hex, v.str);
	espy_buf_putc(hex, '"');
}

static void add_field(struct espy_ecs *e, struct nest *nest, const struct field *f)
{
	size_t start = e->out->n;
	struct nest before = *nest;

	enter(nest, e->out, f->name);
	if (!f->add(e, f->column)) {
		e->out->n = start; /* there was nothing to say */
		*nest = before;
	}
	if (e->replaced)
		note_bytes(e, f->column);
}

static void add_bytes(struct espy_ecs *e, struct nest *nest)
{
	if (!e->w->text.n)
		return;
	enter(nest, e->out, "espy.bytes_hex");
	espy_buf_add(e->out, e->w->text.p, e->w->text.n);
	espy_buf_putc(e->out, '}');
	espy_buf_reset(&e->w->text);
}

static int row(struct espy_writer *w, struct espy_buf *out, const struct espy_batch *b,
	       uint32_t row)
{
	struct espy_ecs e = {.w = w, .b = b, .row = row, .out = out};
	struct nest nest = {.open = "", .is_first = true};

	e.schema = b->group[b->type[row]]->schema;
	if (b->proc[row] < b->n_procs)
		e.proc = &b->procs[b->proc[row]];
	espy_buf_putc(out, '{');
	for (size_t i = 0; i < N_FIELDS; i++)
		if (applies(&e, fields[i].where))
			add_field(&e, &nest, &fields[i]);
	add_bytes(&e, &nest);
	for (size_t i = dots(nest.open); i; i--)
		espy_buf_putc(out, '}');
	espy_buf_puts(out, "}\n");
	w->rows++;
	if (w->scratch.error || w->text.error)
		return -ENOMEM;
	return out->error;
}

static int begin(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	pthread_once(&once, find_columns);
	return out->error;
}

static int end(struct espy_writer *w, struct espy_buf *out)
{
	(void)w;
	return out->error;
}

const struct espy_format espy_format_ecs = {
	.name = "ecs",
	.suffixes = ".ecs.json .ecs.jsonl .ecs.ndjson",
	.help = "one JSON object per line in the Elastic Common Schema",
	.begin = begin,
	.row = row,
	.end = end,
};
