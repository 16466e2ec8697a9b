/* SPDX-License-Identifier: MIT */
/*
 * What lies where in the memory of each process: the mappings that can be run, as image_load and
 * exec tell them. Of processes that were there before, or where an address lies in nothing known,
 * /proc/PID/maps is asked, a few times for each process. A child shares its parent's until one of
 * them changes. What is unmapped stays until something else has its place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "base/map.h"
#include "enrich/image.h"
#include "enrich/process.h"
#include "model/batch.h"

#define ESPY_LAYOUTS_MAX     65536u      /* processes; then all are forgotten, and asked anew */
#define ESPY_LAYOUT_RANGES   4096u       /* of one process; further ones are not known */
#define ESPY_LAYOUT_TEXT_MAX (16u << 20) /* bytes of paths; then as above */

struct espy_range {
	uint64_t start, end;
	uint64_t address; /* what the symbols of the file call `start` */
	uint32_t path;    /* of espy_layouts.names; 0: no file */
	uint32_t build_id;
};

struct espy_layouts {
	struct espy_map map;    /* pid, start → struct process */
	struct espy_dict names; /* paths and build-ids */
	bool has_names;
	bool no_proc;
	const struct espy_processes *processes; /* who they are at this point of the stream */
};

/* `processes` is borrowed. */
void espy_layouts_init(struct espy_layouts *t, const struct espy_processes *processes,
		       bool no_proc);
void espy_layouts_done(struct espy_layouts *t);

void espy_layouts_fork(struct espy_layouts *t, struct espy_images *images, uint32_t pid,
		       uint64_t start, uint32_t child_pid, uint64_t child_start);
void espy_layouts_exec(struct espy_layouts *t, uint32_t pid, uint64_t start);
void espy_layouts_exit(struct espy_layouts *t, uint32_t pid, uint64_t start);

/* A file is mapped from its byte `offset` on. */
struct espy_mapping {
	uint64_t address, length, offset;
	struct espy_image_key file; /* which one, as for espy_image_build_id */
};
void espy_layouts_load(struct espy_layouts *t, struct espy_images *images, uint32_t pid,
		       uint64_t start, const struct espy_mapping *m);

/* Where an address lies; NULL: nobody knows. Valid until the next call. */
const struct espy_range *espy_layouts_find(struct espy_layouts *t, struct espy_images *images,
					   uint32_t pid, uint64_t start, uint64_t address);
