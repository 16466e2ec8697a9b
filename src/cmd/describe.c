/* SPDX-License-Identifier: MIT */
#include "cmd/describe.h"

#include "base/escape.h"
#include "model/value.h"

#define TEXT_COLUMN  16 /* widths of text output */
#define LABEL_COLUMN 24
#define NAMES_SHOWN  100 /* of one set in the reference; longer ones are counted */

typedef void each_event(struct espy_buf *out, const struct espy_schema *s);

/* The chosen events of a class; `head` comes before the first. */
static void for_class(struct espy_buf *out, const struct espy_selection *sel, unsigned class_id,
		      void (*head)(struct espy_buf *out, unsigned class_id), each_event *each)
{
	bool is_first = true;

	for (size_t i = 0; i < espy_n_schemas; i++) {
		const struct espy_schema *s = &espy_schemas[i];

		if (s->class_id != class_id || !espy_schema_is_shown(s) || !sel->type[s->type])
			continue;
		if (is_first && head)
			head(out, class_id);
		is_first = false;
		each(out, s);
	}
}

static void for_all(struct espy_buf *out, const struct espy_selection *sel,
		    void (*head)(struct espy_buf *out, unsigned class_id), each_event *each)
{
	for (unsigned c = 0; c < ESPY_CLASS__MAX; c++)
		for_class(out, sel, c, head, each);
}

const char *espy_describe_type(unsigned fmt, bool is_signed)
{
	static const char *const types[] = {
		[ESPY_FMT_HEX] = "number",     [ESPY_FMT_OCT] = "mode",
		[ESPY_FMT_MODE] = "mode",      [ESPY_FMT_DEV] = "device",
		[ESPY_FMT_BYTES] = "size",     [ESPY_FMT_TIME] = "time",
		[ESPY_FMT_WALL] = "time",      [ESPY_FMT_NSEC] = "duration",
		[ESPY_FMT_PATH] = "path",      [ESPY_FMT_TEXT] = "text",
		[ESPY_FMT_ARGV] = "arguments", [ESPY_FMT_ADDR] = "address",
		[ESPY_FMT_ERRNO] = "result",   [ESPY_FMT_EXIT] = "result",
		[ESPY_FMT_POINTER] = "result", [ESPY_FMT__FLAGS] = NULL,
	};

	if (fmt > ESPY_FMT__FLAGS)
		return strncmp(espy_fmt_name(fmt), "FLAGS_", 6) == 0 ? "flags" : "name";
	if (fmt < sizeof(types) / sizeof(types[0]) && types[fmt])
		return types[fmt];
	return is_signed ? "signed number" : "number";
}

static const char *type_of(const struct espy_field *f)
{
	return espy_describe_type(f->fmt, espy_kind_is_signed(f->kind));
}

static void pad(struct espy_buf *out, size_t start, size_t width)
{
	do
		espy_buf_putc(out, ' ');
	while (!out->error && out->n < start + width);
}

/* The system calls of an event, one after the other. */
static void add_calls(struct espy_buf *out, const struct espy_schema *s, const char *before,
		      const char *between, const char *after)
{
	for (unsigned i = 0; i < s->n_calls; i++) {
		espy_buf_puts(out, i ? between : before);
		espy_buf_puts(out, s->calls[i].call);
	}
	if (s->n_calls)
		espy_buf_puts(out, after);
}

#define WHEN_ASKED "recorded only when a filter or --with names it"

/* --- text ------------------------------------------------------------------------------------- */

static void text_class(struct espy_buf *out, unsigned class_id)
{
	size_t start;

	if (out->n)
		espy_buf_putc(out, '\n');
	start = out->n;
	espy_buf_puts(out, espy_class_name(class_id));
	pad(out, start, TEXT_COLUMN + 2);
	espy_buf_puts(out, espy_class_doc(class_id));
	espy_buf_putc(out, '\n');
}

static void text_line(struct espy_buf *out, const struct espy_schema *s)
{
	size_t start = out->n;

	espy_buf_puts(out, "  ");
	espy_buf_puts(out, s->op);
	pad(out, start, TEXT_COLUMN + 2);
	start = out->n;
	espy_buf_puts(out, s->label);
	pad(out, start, LABEL_COLUMN);
	espy_buf_puts(out, s->doc);
	if (espy_schema_is_optional(s))
		espy_buf_puts(out, " (" WHEN_ASKED ")");
	espy_buf_putc(out, '\n');
}

static void text_field(struct espy_buf *out, const struct espy_field *f)
{
	size_t start = out->n;

	espy_buf_puts(out, "    ");
	espy_buf_puts(out, f->name);
	pad(out, start, TEXT_COLUMN + 4);
	start = out->n;
	espy_buf_puts(out, type_of(f));
	pad(out, start, TEXT_COLUMN);
	espy_buf_puts(out, f->doc);
	espy_buf_putc(out, '\n');
}

static void text_event(struct espy_buf *out, const struct espy_schema *s)
{
	if (out->n)
		espy_buf_putc(out, '\n');
	espy_buf_printf(out, "%s: %s\n  %s\n", s->name, s->label, s->doc);
	espy_buf_printf(out, "  class %s, operation %s\n", espy_class_name(s->class_id), s->op);
	if (espy_schema_is_optional(s))
		espy_buf_puts(out, "  " WHEN_ASKED "\n");
	if (s->sysmon_id)
		espy_buf_printf(out, "  Sysmon: %u %s\n", s->sysmon_id, s->sysmon);
	if (s->procmon[0])
		espy_buf_printf(out, "  Process Monitor: %s\n", s->procmon);
	add_calls(out, s, "  system calls: ", ", ", "\n");
	for (unsigned i = 0; i < s->n_fields; i++)
		text_field(out, &s->fields[i]);
}

void espy_describe_text(struct espy_buf *out, const struct espy_selection *s)
{
	if (s->is_all)
		for_all(out, s, text_class, text_line);
	else
		for_all(out, s, NULL, text_event);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_string(struct espy_buf *out, const char *key, const char *value)
{
	espy_buf_printf(out, ",\"%s\":\"", key);
	espy_escape_json(out, espy_str0(value));
	espy_buf_putc(out, '"');
}

static void json_names(struct espy_buf *out, unsigned fmt)
{
	const char *name;

	if (!espy_value_name(fmt, 0))
		return;
	espy_buf_puts(out, ",\"names\":[");
	for (unsigned i = 0; (name = espy_value_name(fmt, i)); i++)
		espy_buf_printf(out, "%s\"%s\"", i ? "," : "", name);
	espy_buf_putc(out, ']');
}

static void json_event(struct espy_buf *out, const struct espy_schema *s)
{
	espy_buf_printf(out, "{\"event\":\"%s\",\"id\":%u", s->name, s->type);
	json_string(out, "class", espy_class_name(s->class_id));
	json_string(out, "op", s->op);
	json_string(out, "label", s->label);
	json_string(out, "doc", s->doc);
	if (espy_schema_is_optional(s))
		espy_buf_puts(out, ",\"optional\":true");
	if (s->sysmon_id) {
		espy_buf_printf(out, ",\"sysmon_id\":%u", s->sysmon_id);
		json_string(out, "sysmon", s->sysmon);
	}
	if (s->procmon[0])
		json_string(out, "procmon", s->procmon);
	add_calls(out, s, ",\"syscalls\":[\"", "\",\"", "\"]");
	espy_buf_puts(out, ",\"fields\":[");
	for (unsigned i = 0; i < s->n_fields; i++) {
		espy_buf_printf(out, "%s{\"name\":\"%s\"", i ? "," : "", s->fields[i].name);
		json_string(out, "type", type_of(&s->fields[i]));
		json_string(out, "title", s->fields[i].column);
		json_string(out, "doc", s->fields[i].doc);
		json_names(out, s->fields[i].fmt);
		espy_buf_putc(out, '}');
	}
	espy_buf_puts(out, "]}\n");
}

void espy_describe_json(struct espy_buf *out, const struct espy_selection *s)
{
	for_all(out, s, NULL, json_event);
}

/* --- Markdown --------------------------------------------------------------------------------- */

static void md_class(struct espy_buf *out, unsigned class_id)
{
	espy_buf_printf(out, "\n## %s\n\n%s\n", espy_class_name(class_id),
			espy_class_doc(class_id));
}

static void md_event(struct espy_buf *out, const struct espy_schema *s)
{
	espy_buf_printf(out, "\n### %s\n\n%s\n\n* Operation `%s`, %s.\n", s->name, s->doc, s->op,
			s->label);
	if (espy_schema_is_optional(s))
		espy_buf_puts(out, "* Optional: " WHEN_ASKED ".\n");
	if (s->sysmon_id)
		espy_buf_printf(out, "* Sysmon: %u, %s.\n", s->sysmon_id, s->sysmon);
	if (s->procmon[0])
		espy_buf_printf(out, "* Process Monitor: %s.\n", s->procmon);
	add_calls(out, s, "* System calls: `", "`, `", "`.\n");
	if (!s->n_fields)
		return;
	espy_buf_puts(out, "\n| field | type | title | |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < s->n_fields; i++) {
		const struct espy_field *f = &s->fields[i];

		espy_buf_printf(out, "| `%s` | %s | %s | %s |\n", f->name, type_of(f), f->column,
				f->doc);
	}
}

static void md_columns(struct espy_buf *out)
{
	const struct espy_column *c;

	espy_buf_puts(
		out, "\n## What every event has\n\n| name | type | title | |\n|---|---|---|---|\n");
	for (unsigned i = 0; (c = espy_column_at(i)) && c->id < ESPY_COL__FIELDS; i++)
		espy_buf_printf(out, "| `%s` | %s | %s | %s |\n", c->name,
				espy_describe_type(c->fmt, c->type == ESPY_TYPE_INT), c->title,
				c->doc);
}

static void md_set(struct espy_buf *out, unsigned fmt)
{
	unsigned n = 0;

	while (espy_value_name(fmt, n))
		n++;
	espy_buf_printf(out, "\n### %s\n\n", strchr(espy_fmt_name(fmt), '_') + 1);
	for (unsigned i = 0; i < n && i < NAMES_SHOWN; i++)
		espy_buf_printf(out, "%s`%s`", i ? ", " : "", espy_value_name(fmt, i));
	if (n > NAMES_SHOWN)
		espy_buf_printf(out, " and %u more", n - NAMES_SHOWN);
	espy_buf_puts(out, ".\n");
}

void espy_describe_markdown(struct espy_buf *out, const struct espy_selection *s)
{
	espy_buf_puts(out,
		      "# Events\n\n<!-- Made by `espy schema --markdown` from src/model/events. "
		      "-->\n\n"
		      "Every event and field by the name that filters, columns and JSON use.\n"
		      "A field without a title is left out of text output.\n");
	if (s->is_all)
		md_columns(out);
	for_all(out, s, md_class, md_event);
	if (!s->is_all)
		return;
	espy_buf_puts(out, "\n## Named values\n\nFlags and names that filters understand.\n");
	for (unsigned fmt = ESPY_FMT__FLAGS + 1; fmt < ESPY_FMT__MAX; fmt++)
		md_set(out, fmt);
}

/* --- mdoc ------------------------------------------------------------------------------------- */

/* A line of text: no macro at its start, no escape within. */
static void man_text(struct espy_buf *out, const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		espy_buf_puts(out, "\\&");
	for (const char *first = text; *text; text++) {
		if (*text == '\\')
			espy_buf_puts(out, "\\e");
		else if (*text == ' ' && text > first && text[-1] == '.')
			espy_buf_putc(out, '\n'); /* mdoc wants each sentence on its line */
		else
			espy_buf_putc(out, *text);
	}
	espy_buf_putc(out, '\n');
}

static void man_class(struct espy_buf *out, unsigned class_id)
{
	espy_buf_printf(out, ".Sh CLASS %s\n", espy_class_name(class_id));
	man_text(out, espy_class_doc(class_id));
}

static void man_event(struct espy_buf *out, const struct espy_schema *s)
{
	espy_buf_printf(out, ".Ss %s\n", s->name);
	man_text(out, s->doc);
	espy_buf_printf(out, "Operation\n.Sy %s ,\n", s->op);
	man_text(out, s->label);
	if (espy_schema_is_optional(s))
		man_text(out, "Optional: " WHEN_ASKED ".");
	add_calls(out, s, ".Pp\nSystem calls: ", ", ", ".\n");
	if (!s->n_fields)
		return;
	espy_buf_puts(out, ".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < s->n_fields; i++) {
		espy_buf_printf(out, ".It Sy %s Pq %s\n", s->fields[i].name,
				type_of(&s->fields[i]));
		man_text(out, s->fields[i].doc);
	}
	espy_buf_puts(out, ".El\n");
}

void espy_describe_man(struct espy_buf *out, const struct espy_selection *s)
{
	const struct espy_column *c;

	espy_buf_puts(out, ".\\\" SPDX-License-Identifier: MIT\n.\\\" Made by espy schema --man.\n"
			   ".Dd $Mdocdate$\n.Dt ESPY-EVENTS 7\n.Os\n.Sh NAME\n.Nm espy-events\n"
			   ".Nd what Espy can record\n.Sh DESCRIPTION\n"
			   "Names of events and fields, as filters, columns and JSON use them.\n"
			   "Every event has these columns:\n.Bl -tag -width Ds\n");
	for (unsigned i = 0; (c = espy_column_at(i)) && c->id < ESPY_COL__FIELDS; i++) {
		espy_buf_printf(out, ".It Sy %s Pq %s\n", c->name,
				espy_describe_type(c->fmt, c->type == ESPY_TYPE_INT));
		man_text(out, c->doc);
	}
	espy_buf_puts(out, ".El\n");
	for_all(out, s, man_class, man_event);
	espy_buf_puts(out, ".Sh SEE ALSO\n.Xr espy 1 ,\n.Xr espy-schema 1\n");
}
