/* SPDX-License-Identifier: MIT */
/* The names of the kernel's own functions (/proc/kallsyms). They are read when they are first asked
 * for, and again only by a new table: modules loaded later have no names. */
#pragma once

#include "base/buf.h"
#include "base/vec.h"

#define ESPY_KERNEL_LIST        "/proc/kallsyms"
#define ESPY_KERNEL_SYMBOLS_MAX (1u << 20)
#define ESPY_KERNEL_TEXT_MAX    (64u << 20)

struct espy_kernel_symbol {
	uint64_t address;
	uint32_t name; /* place in text */
};

struct espy_kernel {                                 /* zeroed: ready */
	ESPY_VEC(struct espy_kernel_symbol) symbols; /* by address */
	struct espy_buf text;                        /* names, each ended by a NUL */
	bool is_read;
};

void espy_kernel_done(struct espy_kernel *k);
/* Reads the list; it stays empty where the kernel shows no addresses (kptr_restrict). */
void espy_kernel_read(struct espy_kernel *k, const char *path);
/* The function at or before an address ("nft_do_chain", "nf_tables!nft_do_chain" in a module), and
 * how far behind its start; NULL: not known. */
const char *espy_kernel_name(const struct espy_kernel *k, uint64_t address, uint64_t *ret_offset);
