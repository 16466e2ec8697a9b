/* SPDX-License-Identifier: MIT */
/* A batch with fixed values: every event with typical fields and with empty ones, and the names
 * that a hostile program would choose. */
#pragma once

#include "model/batch.h"

/* 0 or negative errno; the batch is the caller's to free. */
int sample_batch(struct espy_batch **ret);
