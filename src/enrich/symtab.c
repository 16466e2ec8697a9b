/* SPDX-License-Identifier: MIT */
#include "enrich/symtab.h"

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/vec.h"

#define BACK_MAX     64   /* symbols before an address that may be longer than those behind them */
#define SIZELESS_MAX 4096 /* bytes */

struct symbol {
	uint64_t start, size;
	uint32_t name; /* place in strings */
	bool is_local;
};

struct espy_symtab {
	ESPY_VEC(struct symbol) v; /* by start */
	char *strings;             /* n_strings bytes, the last one NUL */
	size_t n_strings;
};

void espy_symtab_free(struct espy_symtab *t)
{
	if (!t)
		return;
	espy_vec_done(&t->v);
	free(t->strings);
	free(t);
}

size_t espy_symtab_bytes(const struct espy_symtab *t)
{
	return t->n_strings + t->v.cap * sizeof(*t->v.v) + sizeof(*t);
}

/* Would libelf make more room for sections than the file can have? Numbers of sections that do not
 * fit the header are not taken. */
static bool is_sane(int fd)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr h32;
		Elf64_Ehdr h64;
	} u;
	uint64_t at, n, size;
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(u) ||
	    pread(fd, &u, sizeof(u), 0) != (ssize_t)sizeof(u) ||
	    memcmp(u.ident, ELFMAG, SELFMAG) != 0)
		return false;
	size = (uint64_t)st.st_size;
	at = u.ident[EI_CLASS] == ELFCLASS64 ? u.h64.e_shoff : u.h32.e_shoff;
	n = u.ident[EI_CLASS] == ELFCLASS64 ? u.h64.e_shnum : u.h32.e_shnum;
	return n && n <= ESPY_SYMTAB_SECTIONS_MAX && at < size &&
	       n * sizeof(Elf32_Shdr) <= size - at;
}

/* A section's bytes, if they are of the type that is wanted and not too many. */
static Elf_Data *section_data(Elf_Scn *scn, unsigned type, GElf_Shdr *ret)
{
	if (!scn || !gelf_getshdr(scn, ret) || ret->sh_type != type ||
	    ret->sh_size > ESPY_SYMTAB_BYTES_MAX || ret->sh_flags & SHF_COMPRESSED)
		return NULL;
	return elf_getdata(scn, NULL);
}

static int copy_strings(struct espy_symtab *t, const Elf_Data *d)
{
	if (!d || !d->d_buf || d->d_size == 0)
		return -EBADMSG;
	t->strings = malloc(d->d_size + 1);
	if (!t->strings)
		return -ENOMEM;
	memcpy(t->strings, d->d_buf, d->d_size);
	t->strings[d->d_size] = '\0';
	t->n_strings = d->d_size + 1;
	return 0;
}

static bool is_function(const GElf_Sym *s)
{
	unsigned type = GELF_ST_TYPE(s->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && s->st_shndx != SHN_UNDEF &&
	       s->st_value;
}

/* Of several names of one address: the one that others may use, then the longer function. */
static int compare(const void *pa, const void *pb)
{
	const struct symbol *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->is_local != b->is_local)
		return a->is_local ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return a->name < b->name ? 1 : -1;
}

static int take_symbols(struct espy_symtab *t, Elf_Data *d, uint64_t entry)
{
	size_t n = entry ? d->d_size / entry : 0;
	GElf_Sym s;

	for (size_t i = 0; i < n && i < INT32_MAX && gelf_getsym(d, (int)i, &s); i++) {
		struct symbol to = {s.st_value, s.st_size, s.st_name,
				    GELF_ST_BIND(s.st_info) == STB_LOCAL};

		if (is_function(&s) && s.st_name < t->n_strings && t->strings[s.st_name] &&
		    espy_vec_push(&t->v, to) < 0)
			return -ENOMEM;
	}
	if (t->v.n)
		qsort(t->v.v, t->v.n, sizeof(*t->v.v), compare);
	return t->v.n ? 0 : -ENOENT;
}

/* The functions of the first section of that type. */
static int read_section(struct espy_symtab *t, Elf *elf, unsigned type)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h, strings;
	Elf_Data *d;
	int r;

	while ((scn = elf_nextscn(elf, scn))) {
		d = section_data(scn, type, &h);
		if (!d || !d->d_buf)
			continue;
		r = copy_strings(t, section_data(elf_getscn(elf, h.sh_link), SHT_STRTAB, &strings));
		return r < 0 ? r : take_symbols(t, d, h.sh_entsize);
	}
	return -ENOENT;
}

static int read_elf(struct espy_symtab **ret, Elf *elf)
{
	static const unsigned types[] = {SHT_SYMTAB, SHT_DYNSYM};
	int r = -ENOENT;

	for (size_t i = 0; i < 2 && r < 0 && r != -ENOMEM; i++) {
		struct espy_symtab *t = calloc(1, sizeof(*t));

		r = t ? read_section(t, elf, types[i]) : -ENOMEM;
		if (r == 0)
			*ret = t;
		else
			espy_symtab_free(t);
	}
	return r;
}

int espy_symtab_read(struct espy_symtab **ret, int fd)
{
	Elf *elf;
	int r;

	if (elf_version(EV_CURRENT) == EV_NONE || !is_sane(fd))
		return -EBADMSG;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return -EBADMSG;
	r = elf_kind(elf) == ELF_K_ELF ? read_elf(ret, elf) : -EBADMSG;
	elf_end(elf);
	return r;
}

/* A symbol without a size, which assembler makes, reaches to the next one if that is not far. */
static bool is_in(const struct espy_symtab *t, size_t i, uint64_t address)
{
	const struct symbol *s = &t->v.v[i];

	if (s->size)
		return address - s->start < s->size;
	return address - s->start < SIZELESS_MAX &&
	       (i + 1 == t->v.n || address < t->v.v[i + 1].start);
}

struct espy_str espy_symtab_find(const struct espy_symtab *t, uint64_t address,
				 uint64_t *ret_offset)
{
	size_t from = 0, to = t->v.n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (t->v.v[mid].start <= address)
			from = mid + 1;
		else
			to = mid;
	}
	for (size_t n = 0; from && n < BACK_MAX; n++) {
		from--;
		if (is_in(t, from, address)) {
			*ret_offset = address - t->v.v[from].start;
			return espy_str0(t->strings + t->v.v[from].name);
		}
	}
	return ESPY_STR_NONE;
}
