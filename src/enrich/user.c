/* SPDX-License-Identifier: MIT */
#include "enrich/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#define PASSWD_BYTES_MAX 16384 /* of one entry; one that needs more is shown by number */
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

enum kind { USER, GROUP };

static const char *ask_user(uint32_t uid, char *space)
{
	struct passwd entry, *found = NULL;

	return getpwuid_r(uid, &entry, space, PASSWD_BYTES_MAX, &found) == 0 && found
		       ? found->pw_name
		       : "";
}

static const char *ask_group(uint32_t gid, char *space)
{
	struct group entry, *found = NULL;

	return getgrgid_r(gid, &entry, space, PASSWD_BYTES_MAX, &found) == 0 && found
		       ? found->gr_name
		       : "";
}

static void ask(struct user *u, enum kind kind, uint32_t id, uint64_t now)
{
	char space[PASSWD_BYTES_MAX];
	const char *name = kind == USER ? ask_user(id, space) : ask_group(id, space);

	u->asked = now;
	if (*name && strlen(name) <= NAME_MAX_BYTES)
		snprintf(u->name, sizeof(u->name), "%s", name);
	else
		snprintf(u->name, sizeof(u->name), "%u", id);
}

static struct espy_str name_of(struct espy_users *t, enum kind kind, uint32_t id, uint64_t now)
{
	struct user *u = espy_map_get(&t->map, id, kind);

	if (!u) {
		if (t->map.n >= ESPY_USERS_MAX)
			forget_all(t);
		u = calloc(1, sizeof(*u));
		if (!u || espy_map_put(&t->map, id, kind, u) < 0) {
			free(u);
			return ESPY_STR_NONE;
		}
		ask(u, kind, id, now);
	} else if (now - u->asked > ESPY_USER_FRESH_NS) {
		ask(u, kind, id, now);
	}
	return espy_str0(u->name);
}

struct espy_str espy_user_name(struct espy_users *t, uint32_t uid, uint64_t now)
{
	return name_of(t, USER, uid, now);
}

struct espy_str espy_group_name(struct espy_users *t, uint32_t gid, uint64_t now)
{
	return name_of(t, GROUP, gid, now);
}
