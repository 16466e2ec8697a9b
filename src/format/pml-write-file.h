/* SPDX-License-Identifier: MIT */
/* What the details of file events share when they are written: the parameters before the path. */
#pragma once

#include "format/pml-write-detail.h"

#define ESPY_PML_FILE_HEAD 64u /* bytes before the head of the path, with pointers of 64 bits */

struct espy_pml_file {
	struct espy_pml_blob *blob;
	uint8_t head[ESPY_PML_FILE_HEAD];
	struct espy_str path; /* cut where the detail tells its end too */
	struct espy_buf tail; /* what follows the path */
};

/* Arguments of the request count from 0; each has 8 bytes. */
void espy_pml_file_u32(struct espy_pml_file *f, unsigned argument, uint32_t v);
void espy_pml_file_u64(struct espy_pml_file *f, unsigned argument, uint64_t v);

/* Of pml-write-info.c: facts about files and volumes. */
void espy_pml_file_query(struct espy_pml_file *f);
void espy_pml_file_set(struct espy_pml_file *f);
void espy_pml_file_volume(struct espy_pml_file *f);
void espy_pml_file_set_volume(struct espy_pml_file *f);
void espy_pml_file_query_open(struct espy_pml_file *f);
