/* SPDX-License-Identifier: MIT */
/* The strings of a block, for what is read from it. */
#pragma once

#include "model/batch.h"
#include "trace/block.h"

/* Appends all of them to a fresh dictionary (which holds only the empty string). 0, -EBADMSG,
 * -ENOMEM. */
int espy_text_decode(struct espy_dict *d, struct espy_block *block);
/* The same with those that processes refer to, and in older blocks, which do not tell them apart,
 * with all. */
int espy_text_decode_procs(struct espy_dict *d, struct espy_block *block);
/* A column of string numbers, each checked. `to` has room for the table's rows. */
int espy_text_ids(uint32_t *to, struct espy_block *block, const struct espy_table *t,
		  uint32_t column, const struct espy_dict *d);
