/* SPDX-License-Identifier: MIT */
#include "engine/section.h"
#include <errno.h>
#include "base/escape.h"

#define USUAL_WIDTH 80u
#define MOST_WIDTH  110u /* figures at the far end of a wide line are not read with its head */

void espy_screen_init(struct espy_screen *s, const struct espy_table_style *style)
{
	*s = (struct espy_screen){.style = *style};
	if (!s->style.width)
		s->style.width = USUAL_WIDTH;
	if (s->style.width > MOST_WIDTH)
		s->style.width = MOST_WIDTH;
}

void espy_screen_done(struct espy_screen *s)
{
	for (unsigned i = 0; i < s->n_sections; i++)
		espy_vec_done(&s->sections[i].lines);
	espy_arena_done(&s->arena);
	espy_buf_done(&s->scratch);
	s->n_sections = 0;
}

struct espy_section *espy_screen_section(struct espy_screen *s, const char *title, const char *what)
{
	struct espy_section *section = &s->sections[s->n_sections];

	if (s->n_sections + 1 < ESPY_SECTIONS_MAX)
		s->n_sections++;
	else
		s->error = -EOVERFLOW;
	espy_vec_done(&section->lines);
	*section = (struct espy_section){.title = title, .what = what};
	return section;
}

void espy_screen_line(struct espy_screen *s, struct espy_section *section, unsigned mark,
		      uint64_t stands_for)
{
	const char *copy = espy_arena_dup(&s->arena, s->scratch.p, s->scratch.n);
	struct espy_line l = {
		.text = {copy ? copy : "", copy ? s->scratch.n : 0},
		.mark = (uint8_t)mark,
		.stands_for = stands_for,
	};

	if (!copy || s->scratch.error || espy_vec_push(&section->lines, l) < 0)
		s->error = -ENOMEM;
	espy_buf_reset(&s->scratch);
}

/* Lines that a section would like to have. */
static unsigned wish(const struct espy_section *section)
{
	return (unsigned)section->lines.n + (section->more != 0);
}

/* One line for each in turn, until there are none left or nobody wants more. */
static void share(struct espy_screen *s, unsigned lines)
{
	unsigned used = 0;
	bool any = true;

	for (unsigned i = 0; i < s->n_sections; i++) {
		s->sections[i].n_shown = s->sections[i].lines.n > 0;
		used += s->sections[i].n_shown;
	}
	while (any) {
		any = false;
		for (unsigned i = 0; i < s->n_sections; i++) {
			struct espy_section *section = &s->sections[i];

			if (used >= lines || section->n_shown >= wish(section))
				continue;
			section->n_shown++;
			used++;
			any = true;
		}
	}
}

static void print_line(struct espy_screen *s, struct espy_buf *out, const char *title,
		       const struct espy_line *l)
{
	static const uint8_t looks[] = {
		[ESPY_MARK_BAD] = ESPY_LOOK_BAD,
		[ESPY_MARK_DIM] = ESPY_LOOK_DIM,
	};
	size_t room = s->style.width > ESPY_SECTION_TITLE ? s->style.width - ESPY_SECTION_TITLE : 1;

	if (*title)
		espy_table_look(out, &s->style, ESPY_LOOK_HEAD);
	espy_buf_printf(out, "%-*s", (int)ESPY_SECTION_TITLE, title);
	if (*title)
		espy_table_plain(out, &s->style);
	if (l->mark)
		espy_table_look(out, &s->style, looks[l->mark]);
	espy_table_cut(out, l->text, room, false, s->style.utf8);
	if (l->mark)
		espy_table_plain(out, &s->style);
	while (out->n && out->p[out->n - 1] == ' ')
		out->n--;
	espy_buf_putc(out, '\n');
}

static void print_more(struct espy_screen *s, struct espy_buf *out,
		       const struct espy_section *section, uint64_t n)
{
	struct espy_line l = {.mark = ESPY_MARK_DIM};

	espy_buf_reset(&s->scratch);
	espy_buf_puts(&s->scratch, s->style.utf8 ? "\u2026 and " : "... and ");
	espy_table_count(&s->scratch, n);
	espy_buf_printf(&s->scratch, " more %s", section->what);
	l.text = (struct espy_str){s->scratch.p, s->scratch.n};
	print_line(s, out, "", &l);
}

/* What a section cannot show goes into one last line. */
static void print_section(struct espy_screen *s, struct espy_buf *out,
			  const struct espy_section *section)
{
	size_t n = section->lines.n, n_last = section->keep_last && n > 1 ? 1 : 0;
	size_t shown = section->n_shown >= wish(section) ? n : section->n_shown;
	uint64_t more = section->more;

	/* a line less for "and N more", and one for the last line */
	if (shown < n)
		shown = shown > n_last + 1 ? shown - n_last - 1 : 1;
	else
		shown = n - n_last;
	for (size_t i = shown; i + n_last < n; i++)
		more += section->lines.v[i].stands_for;
	for (size_t i = 0; i < shown; i++)
		print_line(s, out, i ? "" : section->title, &section->lines.v[i]);
	if (more && section->n_shown > shown)
		print_more(s, out, section, more);
	if (n_last && section->n_shown > shown + (more != 0))
		print_line(s, out, "", &section->lines.v[n - 1]);
}

int espy_screen_print(struct espy_screen *s, struct espy_buf *out, unsigned lines)
{
	share(s, lines);
	for (unsigned i = 0; i < s->n_sections; i++)
		if (s->sections[i].lines.n)
			print_section(s, out, &s->sections[i]);
	if (s->scratch.error)
		return s->scratch.error;
	return s->error ? s->error : out->error;
}
