/* SPDX-License-Identifier: MIT */
#include "enrich/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION_MAX (1u << 20) /* bytes: what is further from a name is not in that function */

void espy_kernel_done(struct espy_kernel *k)
{
	espy_vec_done(&k->symbols);
	espy_buf_done(&k->text);
}

static bool is_code(char type)
{
	return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

/* The next word of a line, from *p on; *p moves behind it. */
static struct espy_str next_word(const char **p)
{
	struct espy_str s;

	*p += strspn(*p, " \t");
	s = (struct espy_str){*p, strcspn(*p, " \t\n")};
	*p += s.n;
	return s;
}

/* ffffffffc06a1000 t nft_do_chain	[nf_tables] */
static void take_line(struct espy_kernel *k, const char *line)
{
	struct espy_kernel_symbol s = {.address = strtoull(line, (char **)&line, 16),
				       .name = (uint32_t)k->text.n};
	struct espy_str type = next_word(&line), name = next_word(&line), module = next_word(&line);

	if (!s.address || type.n != 1 || !is_code(type.p[0]) || !name.n ||
	    espy_str_eq(module, ESPY_STR("[bpf]")))
		return;
	if (module.n > 2) {
		espy_buf_add(&k->text, module.p + 1, module.n - 2);
		espy_buf_putc(&k->text, '!');
	}
	espy_buf_str(&k->text, name);
	espy_buf_putc(&k->text, '\0');
	if (!k->text.error)
		espy_vec_push(&k->symbols, s);
}

/* Of several names of one address the first one of the list. */
static int compare(const void *pa, const void *pb)
{
	const struct espy_kernel_symbol *a = pa, *b = pb;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->name < b->name ? 1 : -1;
}

void espy_kernel_read(struct espy_kernel *k, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	k->is_read = true;
	while (f && k->symbols.n < ESPY_KERNEL_SYMBOLS_MAX && k->text.n < ESPY_KERNEL_TEXT_MAX &&
	       getline(&line, &size, f) > 0)
		take_line(k, line);
	free(line);
	if (f)
		fclose(f);
	if (k->symbols.n)
		qsort(k->symbols.v, k->symbols.n, sizeof(*k->symbols.v), compare);
}

const char *espy_kernel_name(const struct espy_kernel *k, uint64_t address, uint64_t *ret_offset)
{
	size_t from = 0, to = k->symbols.n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (k->symbols.v[mid].address <= address)
			from = mid + 1;
		else
			to = mid;
	}
	if (!from || address - k->symbols.v[from - 1].address > FUNCTION_MAX)
		return NULL;
	*ret_offset = address - k->symbols.v[from - 1].address;
	return k->text.p + k->symbols.v[from - 1].name;
}
