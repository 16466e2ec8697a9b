/* SPDX-License-Identifier: MIT */
#include "enrich/kernel.h"

#include <inttypes.h>
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

/* ffffffffc06a1000 t nft_do_chain	[nf_tables] */
static void take_line(struct espy_kernel *k, const char *line)
{
	char type, name[512], module[128] = "";
	struct espy_kernel_symbol s;

	if (sscanf(line, "%" SCNx64 " %c %511s [%127[^]]]", &s.address, &type, name, module) < 3)
		return;
	if (!s.address || !is_code(type) || strcmp(module, "bpf") == 0)
		return;
	s.name = (uint32_t)k->text.n;
	if (module[0])
		espy_buf_printf(&k->text, "%s!", module);
	espy_buf_add(&k->text, name, strlen(name) + 1);
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
