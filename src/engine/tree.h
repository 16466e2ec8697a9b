/* SPDX-License-Identifier: MIT */
/*
 * All processes of a trace: who made whom, what each ran, how it ended, and what it did in figures.
 * Fed with batches in order; a process stands under the one that created it, whoever adopted it
 * later.
 */
#pragma once

#include "base/vec.h"
#include "model/batch.h"

#define ESPY_TREE_PROCS_MAX  (1u << 20)
#define ESPY_TREE_IMAGES_MAX 64u /* programs kept of one process */
#define ESPY_TREE_NONE       UINT32_MAX

struct espy_tree;

/* A program that a process ran, from exec to exec. */
struct espy_tree_image {
	uint64_t time;            /* when it began, boot clock ns */
	uint32_t next;            /* number of the next one, or ESPY_TREE_NONE */
	uint32_t name, exe, argv; /* string ids */
};

enum espy_tree_flags {
	ESPY_TREE_BEFORE = 1,   /* existed when the capture began */
	ESPY_TREE_KERNEL = 2,   /* kernel thread */
	ESPY_TREE_CREATED = 4,  /* its creation is in the trace: the parent is the creator */
	ESPY_TREE_EXITED = 8,   /* its exit is in the trace */
	ESPY_TREE_CORE = 16,    /* core was dumped */
	ESPY_TREE_EXECED = 32,  /* an exec of it is in the trace */
	ESPY_TREE_GUESSED = 64, /* its first image was told by a process entry, not by an exec */
};

struct espy_tree_counts {                 /* of operations: see model/merged.h */
	uint64_t events, failures, files; /* different files opened; 0 when they are not counted */
	uint64_t read, written, sent, received; /* bytes */
	uint64_t connections;                   /* connects and accepts that did not fail */
};

struct espy_tree_proc {
	uint64_t start; /* boot clock ns, 0 unknown */
	uint64_t end;   /* of its exit; or of the last that is known of it */
	uint64_t user_ns, system_ns, peak_bytes; /* known when it exited */
	struct espy_tree_counts counts;          /* of the rows that matched the filter */
	uint32_t pid, uid;
	uint32_t user;                          /* string id */
	uint32_t parent;                        /* number, or ESPY_TREE_NONE */
	uint32_t first_image, last_image;       /* numbers, or ESPY_TREE_NONE */
	uint32_t n_images;                      /* also those beyond ESPY_TREE_IMAGES_MAX */
	uint32_t failed_exec;                   /* path of the last exec that failed, string id */
	int32_t failed_errno;                   /* and why, negative errno */
	uint32_t code, signal;                  /* how it ended; signal 0 when it ended itself */
	uint32_t flags;                         /* enum espy_tree_flags */
	uint32_t first_child, last_child, next; /* after espy_tree_link(): in order of start */
	uint32_t n_children;
};

struct espy_tree_options {
	uint32_t max_procs; /* 0: ESPY_TREE_PROCS_MAX */
	bool no_files;      /* do not count different files, which costs memory for each path */
};

int espy_tree_new(struct espy_tree **ret, const struct espy_tree_options *o);
void espy_tree_free(struct espy_tree *t);

/* What existed at the start. 0 or -ENOMEM. */
int espy_tree_snapshot(struct espy_tree *t, const struct espy_batch *b);
/* Events. Only rows whose bit is set are counted (NULL: all); who is there is read from all of
 * them. */
int espy_tree_batch(struct espy_tree *t, const struct espy_batch *b, const uint64_t *bits);
/* Links children to parents; call it after the last batch, and again after more. */
int espy_tree_link(struct espy_tree *t);

/* The first process without a parent; the others follow by `next`. After espy_tree_link(). */
uint32_t espy_tree_root(const struct espy_tree *t);
uint32_t espy_tree_n(const struct espy_tree *t);
struct espy_tree_proc *espy_tree_proc(struct espy_tree *t, uint32_t number);
const struct espy_tree_image *espy_tree_image(const struct espy_tree *t, uint32_t number);
struct espy_str espy_tree_str(const struct espy_tree *t, uint32_t id);
/* Number of a process, or ESPY_TREE_NONE. */
uint32_t espy_tree_find(const struct espy_tree *t, uint32_t pid, uint64_t start);
/* The program that a process ran last, its creator's when it ran none of its own; NULL: unknown. */
const struct espy_tree_image *espy_tree_program(const struct espy_tree *t, uint32_t number);
/* Processes beyond the limit, which are in no line. */
uint64_t espy_tree_left_over(const struct espy_tree *t);
/* Counts of files are lower bounds. */
bool espy_tree_is_clipped(const struct espy_tree *t);
/* First and last time of any event, boot clock ns; 0 without events. */
uint64_t espy_tree_first(const struct espy_tree *t);
uint64_t espy_tree_last(const struct espy_tree *t);
int64_t espy_tree_wall_offset(const struct espy_tree *t);
