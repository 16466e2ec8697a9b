/* SPDX-License-Identifier: MIT */
#include "enrich/user.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSWD_BYTES_MAX 16384 /* of one entry; a longer one is shown by number */
#define NAME_MAX_BYTES   63

struct user {
	uint64_t asked;
	char name[NAME_MAX_BYTES + 1];
};

static void forget_all(struct espy_users *t)
{
	struct espy_map_slot *s;
	size_t i = 0;

	while ((s = espy_map_next(&t->map, &i)))
		free(s->value);
	espy_map_done(&t->map);
}

void espy_users_done(struct espy_users *t)
{
	forget_all(t);
}

static void ask(struct user *u, uint32_t uid, uint64_t now)
{
	char space[PASSWD_BYTES_MAX];
	struct passwd entry, *found = NULL;

	u->asked = now;
	if (getpwuid_r(uid, &entry, space, sizeof(space), &found) == 0 && found &&
	    found->pw_name[0] && strlen(found->pw_name) <= NAME_MAX_BYTES)
		snprintf(u->name, sizeof(u->name), "%s", found->pw_name);
	else
		snprintf(u->name, sizeof(u->name), "%u", uid);
}

struct espy_str espy_user_name(struct espy_users *t, uint32_t uid, uint64_t now)
{
	struct user *u = espy_map_get(&t->map, uid, 0);

	if (!u) {
		if (t->map.n >= ESPY_USERS_MAX)
			forget_all(t);
		u = calloc(1, sizeof(*u));
		if (!u || espy_map_put(&t->map, uid, 0, u) < 0) {
			free(u);
			return ESPY_STR_NONE;
		}
		ask(u, uid, now);
	} else if (now - u->asked > ESPY_USER_FRESH_NS) {
		ask(u, uid, now);
	}
	return espy_str0(u->name);
}
