/* SPDX-License-Identifier: MIT */
/*
 * A batch: up to ESPY_BATCH_ROWS events in columns, with every string and every process that they
 * mention. It is what sources yield, filters scan, writers print and a block of the trace file
 * holds; it stands alone: nothing in it refers to another batch.
 *
 * Rows are in the order in which the operations ended. Columns that every event has are arrays
 * here; the fields of one event type are in its group. Strings are ids of the batch's dictionary;
 * id 0 is the empty string and also means "none".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"
#include "model/schema.h"

#define ESPY_BATCH_ROWS        65536u
#define ESPY_BATCH_STRINGS_MAX (1u << 24)   /* entries of a dictionary */
#define ESPY_BATCH_STRING_MAX  (1u << 20)   /* bytes of one string */
#define ESPY_BATCH_TEXT_FULL   (64u << 20)  /* bytes of all strings: no more rows are taken */
#define ESPY_BATCH_TEXT_MAX    (256u << 20) /* bytes of all strings: no more strings are taken */
#define ESPY_BATCH_PROCS_FULL  (1u << 19)   /* process entries: no more rows are taken */
#define ESPY_BATCH_PROCS_MAX   (1u << 20)   /* process entries */

/* A set of strings, each with an id from 0 in order of arrival. */
struct espy_dict {
	struct espy_arena arena;
	struct espy_str *strs;
	uint32_t *hashes;
	uint32_t *table; /* open addressing, id + 1 */
	uint32_t n, cap, table_cap;
	uint32_t n_indexed; /* ids below this are in the table */
	uint64_t seed[2];   /* of the hash: names are chosen by traced programs */
	size_t bytes;       /* of all strings */
};

int espy_dict_init(struct espy_dict *d); /* with id 0 = ""; 0 or -ENOMEM */
void espy_dict_done(struct espy_dict *d);
void espy_dict_reset(struct espy_dict *d); /* back to the empty string only */
/* Id of `s`, which is copied when new; UINT32_MAX when memory is out or a limit is hit. */
uint32_t espy_dict_add(struct espy_dict *d, struct espy_str s);
/* Room for `n` strings in all; 0 or -ENOMEM. */
int espy_dict_reserve(struct espy_dict *d, uint32_t n);
/* For readers of stored dictionaries: takes `s` as the next id without a look whether it is there
 * already. `s` must lie in d->arena and room must have been reserved. */
void espy_dict_append(struct espy_dict *d, struct espy_str s);
static inline struct espy_str espy_dict_get(const struct espy_dict *d, uint32_t id)
{
	return id < d->n ? d->strs[id] : ESPY_STR_NONE;
}

/*
 * A process as it was when some rows of the batch happened; exec, a new name or new credentials
 * make another entry for the same (pid, start). Strings are dictionary ids. The known ancestors of
 * every entry are in the batch too.
 */
struct espy_proc {
	uint64_t start;        /* boot clock ns; 0 when unknown */
	uint64_t parent_start; /* 0 when unknown */
	uint64_t cgroup;       /* id, 0 unknown */
	uint32_t pid, ppid;
	uint32_t parent; /* index of the parent's entry in this batch, UINT32_MAX unknown */
	uint32_t uid, gid, euid, egid;
	uint32_t sid;
	uint32_t login_uid;
	uint32_t name;    /* short name, as in ps */
	uint32_t exe;     /* path of the executable */
	uint32_t cmdline; /* arguments, each ended by a NUL; one line without NULs on Windows */
	uint32_t user;    /* name of uid */
	uint32_t tty;
	uint32_t flags; /* enum espy_proc_flags */
	uint32_t
		more; /* what else is known: names of columns.def and values, each ended by a NUL */
};

enum espy_proc_flags {
	ESPY_PROC_KERNEL = 1,  /* kernel thread */
	ESPY_PROC_BEFORE = 2,  /* existed when the capture started */
	ESPY_PROC_GUESSED = 4, /* part of it was read from /proc after the fact */
};

/* What an operation does to the thing it is about, as Process Monitor has it. */
enum espy_category {
	ESPY_CATEGORY_NONE,
	ESPY_CATEGORY_READ,
	ESPY_CATEGORY_WRITE,
	ESPY_CATEGORY_READ_METADATA,
	ESPY_CATEGORY_WRITE_METADATA,
	ESPY_CATEGORY__MAX
};

/* All rows of one event type. cols[f] belongs to field f of the schema: uint32_t dictionary ids for
 * strings, uint64_t otherwise (signed values sign-extended). cols[f] is NULL for the field `path`,
 * which is a column of the batch. */
struct espy_group {
	const struct espy_schema *schema;
	uint32_t n, cap;
	uint32_t *row; /* index of each in the batch */
	void **cols;
};

struct espy_batch {
	uint64_t first_seq;  /* number of row 0 in the capture, from 1 */
	int64_t wall_offset; /* ns to add to a boot-clock time to get ns since 1970 */
	uint32_t n, cap;
	uint64_t *time;     /* start of the operation, boot clock ns */
	uint64_t *duration; /* ns */
	int64_t *result;
	uint32_t *proc; /* index of procs */
	uint32_t *tid;
	uint32_t *path; /* dictionary id, 0 none */
	uint32_t *cpu_seq;
	uint32_t *slot; /* index in the group of its type */
	uint16_t *type; /* enum espy_event_type */
	uint16_t *call;
	uint16_t *cpu;
	uint8_t *abi, *flags;
	uint8_t *path_source; /* enum espy_source */

	/* What only some captures tell, 0 elsewhere. */
	uint32_t *stack;   /* dictionary id: frames, innermost first, each ended by a newline:
			    * "U 0x7f12a0 /usr/lib/libc.so.6+0x12a0", K for one of the kernel */
	uint32_t *detail;  /* dictionary id: the detail as the imported capture words it */
	uint32_t *status;  /* NTSTATUS; result is then 0 or the nearest negative errno */
	uint8_t *category; /* enum espy_category */

	struct espy_dict dict;
	struct espy_proc *procs;
	uint32_t n_procs, cap_procs;
	struct espy_group *group[ESPY_EVENT_ID_MAX]; /* NULL: none of that type */
	struct espy_group *spare[ESPY_EVENT_ID_MAX]; /* memory of former groups */
};

/* Empty batch with room for nothing; rows grow as they are added. 0 or -ENOMEM. */
int espy_batch_new(struct espy_batch **ret);
void espy_batch_free(struct espy_batch *b);
/* No rows, strings or processes; memory is kept. */
void espy_batch_reset(struct espy_batch *b);

/* After a reset, by those who fill one batch after another for long: gives back what many rows of a
 * type once needed, where the last batch had few of it or none. */
void espy_batch_give_back(struct espy_batch *b);

/*
 * Appends a row of the type and returns its index, or -ENOMEM, -EINVAL (unknown type), -ENOSPC
 * (full: rows, or text or processes that these brought). All its values are 0; fill the common
 * columns directly and the fields with espy_batch_set_*.
 */
int espy_batch_add(struct espy_batch *b, unsigned type);
/* The same for who sets every value: common columns and fields are whatever they are, but for
 * `type` and `slot`. */
int espy_batch_add_raw(struct espy_batch *b, unsigned type);
void espy_batch_set_num(struct espy_batch *b, uint32_t row, unsigned field, uint64_t v);
/* A string field; for the field `path` this sets the batch's column. 0, -ENOMEM, or -E2BIG (limit).
 */
int espy_batch_set_str(struct espy_batch *b, uint32_t row, unsigned field, struct espy_str s);
/* Appends a process entry and returns its index, or -ENOMEM, -ENOSPC (ESPY_BATCH_PROCS_MAX). */
int espy_batch_add_proc(struct espy_batch *b, const struct espy_proc *p);

/* For readers of stored batches, which fill whole columns. Room for rows, process entries, rows of
 * a type (b->group[type] is there afterwards); 0, -ENOMEM, -EINVAL (unknown type). */
int espy_batch_reserve(struct espy_batch *b, uint32_t rows);
int espy_batch_reserve_procs(struct espy_batch *b, uint32_t procs);
int espy_batch_reserve_group(struct espy_batch *b, unsigned type, uint32_t rows);

/* A field of one row, by index of its schema. */
struct espy_value {
	bool is_string, is_signed;
	uint64_t num; /* also the bits of a signed value */
	uint32_t id;  /* dictionary id of str */
	struct espy_str str;
};
/* Does the row say anything of this field? Not where the plain pack made it, which never knows
 * some. */
bool espy_batch_knows(const struct espy_batch *b, uint32_t row, unsigned field);
struct espy_value espy_batch_get(const struct espy_batch *b, uint32_t row, unsigned field);
/* The value of a name in espy_proc.more; empty when it is not there. */
struct espy_str espy_proc_more(const struct espy_batch *b, const struct espy_proc *p,
			       const char *name);
static inline const struct espy_proc *espy_batch_proc(const struct espy_batch *b, uint32_t row)
{
	return &b->procs[b->proc[row]];
}
