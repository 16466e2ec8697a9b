/* SPDX-License-Identifier: MIT */
#include "sense/code.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* .BTF.ext as far as relocations; libbpf's own definition is not public. */
struct espy_code_ext {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t func_off, func_len;
	uint32_t line_off, line_len;
	uint32_t core_off, core_len;
};

/* The relocations of one section of the file. */
struct core_section {
	uint32_t name, n;
	struct bpf_core_relo v[];
};

static const Elf64_Shdr *section_at(const struct espy_code *e, unsigned i)
{
	const Elf64_Ehdr *h = (const void *)e->p;
	const Elf64_Shdr *s;

	if (i >= h->e_shnum || h->e_shoff + (i + 1) * sizeof(*s) > e->n)
		return NULL;
	s = (const Elf64_Shdr *)(e->p + h->e_shoff) + i;
	return s->sh_type == SHT_NOBITS ||
			       (s->sh_offset <= e->n && s->sh_size <= e->n - s->sh_offset)
		       ? s
		       : NULL;
}

static const Elf64_Shdr *find_section(const struct espy_code *e, const char *name)
{
	const Elf64_Ehdr *h = (const void *)e->p;
	const Elf64_Shdr *names = section_at(e, h->e_shstrndx), *s;
	size_t n = strlen(name) + 1;

	for (unsigned i = 0; names && (s = section_at(e, i)); i++)
		if (s->sh_name < names->sh_size && names->sh_size - s->sh_name >= n &&
		    !memcmp(e->p + names->sh_offset + s->sh_name, name, n))
			return s;
	return NULL;
}

static int find_types(struct espy_code *e)
{
	const Elf64_Ehdr *h = (const void *)e->p;
	const Elf64_Shdr *types, *more;

	if (e->n < sizeof(*h) || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64)
		return -EINVAL;
	types = find_section(e, ".BTF");
	more = find_section(e, ".BTF.ext");
	if (!types || !more || more->sh_size < sizeof(*e->x))
		return -EINVAL;
	e->x = (void *)(e->p + more->sh_offset);
	e->x_bytes = more->sh_size;
	if (e->x->hdr_len < sizeof(*e->x) || e->x->hdr_len > e->x_bytes ||
	    e->x->core_off > e->x_bytes - e->x->hdr_len ||
	    e->x->core_len > e->x_bytes - e->x->hdr_len - e->x->core_off)
		return -EINVAL;
	return espy_types_init(&e->types, e->p + types->sh_offset, types->sh_size);
}

int espy_code_init(struct espy_code *e, const void *file, size_t n)
{
	int r;

	*e = (struct espy_code){.p = malloc(n), .n = n};
	if (!e->p)
		return -ENOMEM;
	memcpy(e->p, file, n);
	r = find_types(e);
	if (r < 0)
		espy_code_done(e);
	return r;
}

void espy_code_done(struct espy_code *e)
{
	espy_types_done(&e->types);
	free(e->p);
	*e = (struct espy_code){0};
}

/* The area begins with the size of a relocation. */
static uint8_t *relocations(const struct espy_code *e, size_t *ret_bytes)
{
	uint8_t *p = (uint8_t *)e->x + e->x->hdr_len + e->x->core_off;

	*ret_bytes = e->x->core_len;
	if (*ret_bytes < 4 || *(uint32_t *)p != sizeof(struct bpf_core_relo))
		*ret_bytes = 0;
	return p;
}

bool espy_code_next(const struct espy_code *e, struct espy_relo_walk *w, struct espy_relo *ret)
{
	size_t bytes;
	const uint8_t *p = relocations(e, &bytes);

	if (!w->at)
		w->at = 4;
	while (!w->left) {
		const struct core_section *s = (const void *)(p + w->at);

		if (bytes < w->at + sizeof(*s))
			return false;
		w->left = s->n;
		w->section = espy_types_name(&e->types, s->name);
		w->at += sizeof(*s);
	}
	if (bytes < w->at + sizeof(*ret->core))
		return false;
	*ret = (struct espy_relo){(const void *)(p + w->at), w->section};
	w->at += sizeof(*ret->core);
	w->left--;
	return true;
}

void espy_code_drop_lines(struct espy_code *e)
{
	e->x->line_len = 0;
}

void espy_code_drop_relocations(struct espy_code *e)
{
	e->x->core_len = 0;
}

size_t espy_code_name_length(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = n; i-- > 1;)
		if (!strncmp(name + i, "___", 3) && name[i - 1] != '_' && name[i + 3] &&
		    name[i + 3] != '_')
			return i;
	return n;
}

/* --- types' ids --------------------------------------------------------------------------------
 */

static uint32_t id_in_kernel(const struct espy_code *e, const struct espy_types *kernel,
			     const struct bpf_core_relo *core)
{
	const struct btf_type *t = espy_types_get(&e->types, core->type_id);
	const char *name = t ? espy_types_name(&e->types, t->name_off) : "";

	return *name ? espy_types_find(kernel, name, espy_code_name_length(name), btf_kind(t)) : 0;
}

/* A type's id is the constant of a double instruction; 0 where the kernel has no such type, which
 * the verifier takes for an error if the instruction is ever reached. */
static int enter_type(struct espy_code *e, const struct espy_types *kernel,
		      const struct espy_relo *r)
{
	const Elf64_Shdr *s = find_section(e, r->section);
	struct bpf_insn *insn;

	if (!s || s->sh_size < r->core->insn_off ||
	    s->sh_size - r->core->insn_off < 2 * sizeof(*insn))
		return -EINVAL;
	insn = (void *)(e->p + s->sh_offset + r->core->insn_off);
	if (insn->code != (BPF_LD | BPF_IMM | BPF_DW) || insn->src_reg)
		return -EINVAL;
	insn[0].imm = (int32_t)id_in_kernel(e, kernel, r->core);
	insn[1].imm = 0;
	return 0;
}

static bool is_entered(const struct espy_relo *r)
{
	return r->core->kind == BPF_CORE_TYPE_ID_TARGET;
}

/* What stays moves up; a section of which nothing stays must not be there. */
static void drop_entered(struct espy_code *e)
{
	struct espy_relo_walk w = {0};
	struct core_section *last = NULL;
	const char *name = NULL;
	struct espy_relo r;
	size_t bytes, to = 4;
	uint8_t *p = relocations(e, &bytes);

	while (espy_code_next(e, &w, &r)) {
		if (is_entered(&r))
			continue;
		if (!last || r.section != name) {
			struct core_section head = {(uint32_t)(r.section - e->types.names), 0};

			last = memcpy(p + to, &head, sizeof(head));
			to += sizeof(head);
			name = r.section;
		}
		memmove(p + to, r.core, sizeof(*r.core));
		to += sizeof(*r.core);
		last->n++;
	}
	if (bytes)
		e->x->core_len = last ? (uint32_t)to : 0;
}

int espy_code_enter_types(struct espy_code *e, const struct espy_types *kernel)
{
	struct espy_relo_walk w = {0};
	struct espy_relo r;

	while (espy_code_next(e, &w, &r)) {
		int x = is_entered(&r) ? enter_type(e, kernel, &r) : 0;

		if (x < 0)
			return x;
	}
	drop_entered(e);
	return 0;
}

/* --- the kernel's function ------------------------------------------------------------------ */

void espy_code_enter_call(struct espy_code *e, int32_t number, uint32_t function)
{
	const Elf64_Shdr *s;

	for (unsigned i = 0; (s = section_at(e, i)); i++) {
		struct bpf_insn *insn = (void *)(e->p + s->sh_offset);

		if (!(s->sh_flags & SHF_EXECINSTR))
			continue;
		for (size_t k = 0; k < s->sh_size / sizeof(*insn); k++) {
			if (insn[k].code != (BPF_JMP | BPF_CALL) || insn[k].src_reg ||
			    insn[k].imm != number)
				continue;
			insn[k].src_reg = BPF_PSEUDO_KFUNC_CALL;
			insn[k].imm = (int32_t)function;
		}
	}
}
