/* SPDX-License-Identifier: MIT */
/*
 * What a file that was run is: hashes of its content and the package that it belongs to, once for
 * each version of it, worked out by a thread of its own. Asking and taking answers never waits for
 * that thread; who asks has the file's version from the kernel, as of the event.
 *
 * The file is opened as /proc/PID/exe, by its path, or by its path as the process sees it, and only
 * read when it is the very version, before and after; otherwise the answer says that it changed.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"
#include "base/hash.h"
#include "enrich/package.h"
#include "enrich/process.h"

#define ESPY_IDENTITIES_MAX     16384u       /* versions remembered */
#define ESPY_IDENTIFY_QUEUE_MAX 4096u        /* of them waiting */
#define ESPY_IDENTIFY_FILE_MAX  (1ull << 30) /* bytes; a larger file is not read */

/* enum of flags/image.def, hash_status. */
enum espy_identity_status {
	ESPY_IDENTITY_DONE,
	ESPY_IDENTITY_TOUCHED, /* content, by size and time, as it was; links or rights are not */
	ESPY_IDENTITY_CHANGED, /* the path leads to another file or version */
	ESPY_IDENTITY_GONE,    /* it could not be opened or read */
	ESPY_IDENTITY_TOO_LARGE,
	ESPY_IDENTITY_BUSY,       /* the queue was full; asked again at the next start */
	ESPY_IDENTITY_UNFINISHED, /* the recording ended before */
	ESPY_IDENTITY_WAITING,    /* no answer yet */
};

/* One version of one file. The thread writes what is below `status` while that is waiting. */
struct espy_identity {
	struct espy_version version;
	uint32_t pid; /* who ran it first */
	uint64_t start;
	bool is_exe;    /* it is that process's executable, not a library */
	uint8_t status; /* enum espy_identity_status */
	uint8_t found;  /* what it will be */
	char package[ESPY_PACKAGE_NAME_MAX + 1];
	struct espy_hashes hashes;
	uint64_t took_ns;
	struct espy_identity *next; /* in the queue, in the list of answers */
	char path[];
};

struct espy_identify_options {
	unsigned kinds; /* of hashes, bits by enum espy_hash_kind */
	bool packages;
	const char *package_dir; /* NULL: the system's */
	uint64_t max_bytes;      /* of a file; 0: ESPY_IDENTIFY_FILE_MAX */
};

struct espy_identify;

int espy_identify_new(struct espy_identify **ret, const struct espy_identify_options *o,
		      struct espy_err *err);
/* Waits until the thread has left the file that it reads. */
void espy_identify_free(struct espy_identify *t);

/* What is known of the version; asked for when it is new. NULL: memory is out, or there is nothing
 * to ask about. Valid until espy_identify_forget. */
const struct espy_identity *espy_identify_ask(struct espy_identify *t, const struct espy_version *v,
					      struct espy_str path, uint32_t pid, uint64_t start,
					      bool is_exe);
/* The next answer, once each; NULL: none at present. */
const struct espy_identity *espy_identify_next(struct espy_identify *t);
/* Nothing more is begun; what has not been begun is answered as unfinished. Waits for what is being
 * read, and before that up to `wait_ns` for all of it. */
void espy_identify_end(struct espy_identify *t, uint64_t wait_ns);
/* What is known of the version, without asking; NULL nothing. */
const struct espy_identity *espy_identify_find(struct espy_identify *t,
					       const struct espy_version *v);
/* Between batches: makes room when too much is remembered and nothing is under way. While more than
 * twice ESPY_IDENTITIES_MAX are remembered nothing new is taken. */
void espy_identify_forget(struct espy_identify *t);

/* The words of espy_proc.more: hashes and package, of what is done. */
void espy_identity_words(struct espy_buf *to, const struct espy_identity *i);
