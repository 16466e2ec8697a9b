/* SPDX-License-Identifier: MIT */
/* Names of users and groups by number, from the system's own name service, remembered for a short
 * while. */
#pragma once

#include <stdint.h>
#include "base/map.h"
#include "base/str.h"

#define ESPY_USERS_MAX     4096u
#define ESPY_USER_FRESH_NS (60ull * 1000000000) /* after that the name is asked for again */

struct espy_users {
	struct espy_map map;
};

void espy_users_done(struct espy_users *t);
/* The name, or the number when there is none. Valid until the next call. `now` is any clock in ns
 * that goes forward. */
struct espy_str espy_user_name(struct espy_users *t, uint32_t uid, uint64_t now);
struct espy_str espy_group_name(struct espy_users *t, uint32_t gid, uint64_t now);
