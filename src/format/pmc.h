/* SPDX-License-Identifier: MIT */
/*
 * Process Monitor's configurations (PMC): what columns it shows, which rules filter and highlight,
 * and a score of settings. docs/format/pmc.md is the specification.
 *
 * A file is a sequence of records, kept in their order; those that nobody changes are written as
 * they were read, also unknown ones.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define ESPY_PMC_SIZE_MAX    (16u << 20) /* bytes of a file */
#define ESPY_PMC_RECORDS_MAX 1024u
#define ESPY_PMC_RULES_MAX   65536u /* of one list */
#define ESPY_PMC_COLUMNS     64u    /* places of the list of columns */

enum espy_pmc_relation {
	ESPY_PMC_IS,
	ESPY_PMC_IS_NOT,
	ESPY_PMC_LESS_THAN,
	ESPY_PMC_MORE_THAN,
	ESPY_PMC_BEGINS_WITH,
	ESPY_PMC_ENDS_WITH,
	ESPY_PMC_CONTAINS,
	ESPY_PMC_EXCLUDES,
	ESPY_PMC_RELATION__MAX
};

struct espy_pmc_rule {
	uint32_t column;       /* as in procmon-columns.def */
	uint32_t relation;     /* enum espy_pmc_relation, or unknown */
	uint8_t include;       /* 1; else it excludes */
	struct espy_str value; /* UTF-8 */
	struct espy_str raw;   /* the same as in the file: UTF-16 with its NUL */
	uint32_t number, zero; /* behind it in the file */
};

struct espy_pmc_rules {
	bool is_there; /* some record holds it */
	uint8_t head;  /* the first byte, 1 */
	size_t n, cap;
	struct espy_pmc_rule *v;
};

enum espy_pmc_list { ESPY_PMC_FILTER, ESPY_PMC_HIGHLIGHT, ESPY_PMC_LIST__MAX };

struct espy_pmc_record {
	struct espy_str name;     /* UTF-8, without its NUL */
	struct espy_str raw_name; /* UTF-16 as in the file */
	struct espy_str data;
	int list; /* enum espy_pmc_list: `data` is written anew from these rules; -1 */
};

struct espy_pmc {
	struct espy_arena arena;
	size_t n, cap;
	struct espy_pmc_record *records;
	struct espy_pmc_rules rules[ESPY_PMC_LIST__MAX];
};

/* Reads `n` bytes, which need not live on. 0, -EBADMSG or -E2BIG with the offset in the sentence,
 * -ENOMEM; *ret is the caller's to free. `name` is for errors. */
int espy_pmc_read(struct espy_pmc **ret, const void *p, size_t n, const char *name,
		  struct espy_err *err);
/* The settings of a fresh Process Monitor, without rules. 0 or -ENOMEM. */
int espy_pmc_new(struct espy_pmc **ret);
void espy_pmc_free(struct espy_pmc *c);
/* Appends the file. 0 or -ENOMEM. */
int espy_pmc_write(const struct espy_pmc *c, struct espy_buf *out);

/* The record of that name; NULL when there is none. */
struct espy_pmc_record *espy_pmc_find(const struct espy_pmc *c, const char *name);
/* Sets a record of one u32, as most are. 0 or -ENOMEM, -E2BIG. */
int espy_pmc_set_u32(struct espy_pmc *c, const char *name, uint32_t v);
/* The number of a record of four bytes; `none` when there is none. */
uint32_t espy_pmc_u32(const struct espy_pmc *c, const char *name, uint32_t none);
/* Shows these columns, each 100 pixels wide. 0, -ENOMEM, -E2BIG. */
int espy_pmc_set_columns(struct espy_pmc *c, const uint32_t *columns, size_t n);
/* Appends a rule; `value` is copied. 0, -ENOMEM, -E2BIG. */
int espy_pmc_add_rule(struct espy_pmc *c, enum espy_pmc_list list, uint32_t column,
		      enum espy_pmc_relation relation, bool include, struct espy_str value);

/* "begins with"; NULL when unknown. */
const char *espy_pmc_relation_name(uint32_t relation);
/* Title of a column by its number; NULL when unknown. */
const char *espy_pmc_column_title(uint32_t column);
/* "exclude Path ends with .swp" → a rule in the list. -EINVAL with what was expected. */
int espy_pmc_parse_rule(struct espy_pmc *c, enum espy_pmc_list list, struct espy_str text,
			struct espy_err *err);
