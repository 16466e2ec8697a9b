/* SPDX-License-Identifier: MIT */
/*
 * The functions of an ELF file: its symbol table, else its dynamic one, read by libelf. The file
 * may be anybody's: it is not mapped (a truncation under us would be a SIGBUS), and what it says of
 * its sizes is checked before libelf makes room for it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define ESPY_SYMTAB_SECTIONS_MAX 4096u
#define ESPY_SYMTAB_BYTES_MAX    (256u << 20) /* of the table, and of its strings */

struct espy_symtab;

/* 0, -ENOENT (no functions), -EBADMSG (not ELF, or damaged), -ENOMEM or another negative errno. */
int espy_symtab_read(struct espy_symtab **ret, int fd);
void espy_symtab_free(struct espy_symtab *t);
size_t espy_symtab_bytes(const struct espy_symtab *t);
/* The function that an address of the file lies in, and how far behind its start; empty: none.
 * Valid as long as the table. */
struct espy_str espy_symtab_find(const struct espy_symtab *t, uint64_t address,
				 uint64_t *ret_offset);
