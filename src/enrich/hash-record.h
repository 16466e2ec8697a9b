/* SPDX-License-Identifier: MIT */
/* What was found out about a file as an image_hash record, so that it takes the way of all events.
 */
#pragma once

#include <limits.h>
#include "enrich/identify.h"
#include "model/event.h"

struct espy_hash_record {
	struct espy_ev_image_hash rec;
	char text[PATH_MAX + ESPY_HASH__MAX * ESPY_HASH_HEX + ESPY_PACKAGE_NAME_MAX];
};

/* `time`: of the record, boot clock ns: that of the last record before it, so that rows stay in
 * order. */
const struct espy_event *espy_hash_record(struct espy_hash_record *r, const struct espy_identity *i,
					  uint64_t time);
