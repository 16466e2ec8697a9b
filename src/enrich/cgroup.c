/* SPDX-License-Identifier: MIT */
#include "enrich/cgroup.h"

#include <errno.h>
#include <stdlib.h>

#include "enrich/more.h"
#include "enrich/path.h"
#include "enrich/wire.h"

/* --- words of a path ------------------------------------------------------------------------ */

#define ID_CHARS 64u /* of a container or a Podman pod, in hexadecimal */
#define UID_MIN  32u /* of a Kubernetes pod: a UUID, or a hash without dashes for a static pod */
#define UID_MAX  36u

static bool is_hex(struct espy_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n > 0;
}

static bool is_id(struct espy_str s)
{
	return s.n == ID_CHARS && is_hex(s);
}

static struct espy_str from(struct espy_str s, size_t at)
{
	return (struct espy_str){s.p + at, s.n - at};
}

static bool ends(struct espy_str s, struct espy_str end)
{
	return s.n > end.n && memcmp(s.p + s.n - end.n, end.p, end.n) == 0;
}

static bool strip_end(struct espy_str *s, struct espy_str end)
{
	if (!ends(*s, end))
		return false;
	s->n -= end.n;
	return true;
}

static bool strip_start(struct espy_str *s, struct espy_str start)
{
	if (s->n <= start.n || memcmp(s->p, start.p, start.n) != 0)
		return false;
	*s = from(*s, start.n);
	return true;
}

/* Behind the last occurrence of `c`; the whole of it when there is none. */
static struct espy_str behind_last(struct espy_str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? from(s, (size_t)(at - s.p) + 1) : s;
}

static void keep(char *to, struct espy_str s)
{
	size_t n = s.n < ESPY_CGROUP_NAME_MAX ? s.n : ESPY_CGROUP_NAME_MAX;

	memcpy(to, s.p, n);
	to[n] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* As systemd escapes names: "\x2d" for a dash. NULs are left as they are written. */
static void keep_unescaped(char *to, struct espy_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < ESPY_CGROUP_NAME_MAX; i++) {
		int hi = -1, lo = -1;

		if (s.n - i >= 4 && s.p[i] == '\\' && s.p[i + 1] == 'x') {
			hi = hex_digit(s.p[i + 2]);
			lo = hex_digit(s.p[i + 3]);
		}
		if (hi < 0 || lo < 0 || hi + lo == 0) {
			to[n++] = s.p[i];
			continue;
		}
		to[n++] = (char)(hi << 4 | lo);
		i += 3;
	}
	to[n] = '\0';
}

/* --- containers ----------------------------------------------------------------------------- */

/* What stands before an id: "docker-ID.scope", and between colons "SLICE:docker:ID". */
static const struct {
	const char *prefix, *runtime;
} runtimes[] = {
	{"docker", "docker"},      {"cri-containerd", "containerd"},
	{"nerdctl", "containerd"}, {"crio", "crio"},
	{"libpod", "podman"},      {"buildkit", "buildkit"},
};

static const char *runtime_of(struct espy_str prefix)
{
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (espy_str_eq(prefix, espy_str0(runtimes[i].prefix)))
			return runtimes[i].runtime;
	return NULL;
}

/* Above an id that stands alone: the directories that cgroupfs drivers use. */
static const char *runtime_above(struct espy_str parent, const struct espy_where *w)
{
	if (espy_str_eq(parent, ESPY_STR("docker")) || espy_str_eq(parent, ESPY_STR("buildkit")))
		return parent.p[0] == 'd' ? "docker" : "buildkit";
	if (espy_str_eq(parent, ESPY_STR("libpod_parent")))
		return "podman";
	return w->pod[0] ? "k8s" : "";
}

static void set_container(struct espy_where *w, struct espy_str id, const char *runtime)
{
	keep(w->container, id);
	w->runtime = runtime;
}

/* An id alone, PREFIX-ID with or without ".scope", or SLICE:PREFIX:ID. */
static bool take_id(struct espy_where *w, struct espy_str parent, struct espy_str name)
{
	struct espy_str prefix = name, id;
	const char *runtime;

	if (is_id(name)) {
		set_container(w, name, runtime_above(parent, w));
		return true;
	}
	strip_end(&prefix, ESPY_STR(".scope"));
	if (prefix.n <= ID_CHARS + 1)
		return false;
	id = from(prefix, prefix.n - ID_CHARS);
	prefix.n -= ID_CHARS + 1;
	if (!is_id(id) || (prefix.p[prefix.n] != '-' && prefix.p[prefix.n] != ':'))
		return false;
	runtime = runtime_of(behind_last(prefix, ':'));
	if (runtime)
		set_container(w, id, runtime);
	return runtime;
}

/* Machines of systemd: its own containers, and those of libvirt; virtual machines are none. */
static bool take_machine(struct espy_where *w, struct espy_str name)
{
	bool is_scope = strip_end(&name, ESPY_STR(".scope"));

	if (strip_start(&name, ESPY_STR("systemd-nspawn@")) &&
	    strip_end(&name, ESPY_STR(".service"))) {
		keep_unescaped(w->container, name);
		w->runtime = "systemd-nspawn";
		return true;
	}
	if (!is_scope || !strip_start(&name, ESPY_STR("machine-")) ||
	    espy_str_starts(name, ESPY_STR("qemu\\x2d")))
		return false;
	w->runtime = espy_str_starts(name, ESPY_STR("lxc\\x2d")) ? "lxc" : "systemd-nspawn";
	keep_unescaped(w->container, name);
	return true;
}

static bool take_lxc(struct espy_where *w, struct espy_str parent, struct espy_str name)
{
	if (!strip_start(&name, ESPY_STR("lxc.payload.")) &&
	    !(espy_str_eq(parent, ESPY_STR("lxc")) || espy_str_eq(parent, ESPY_STR("lxc.payload"))))
		return false;
	set_container(w, name, "lxc");
	return true;
}

/* --- pods ----------------------------------------------------------------------------------- */

static bool is_uid(struct espy_str s)
{
	if (s.n < UID_MIN || s.n > UID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0 && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

static void keep_uid(char *to, struct espy_str uid)
{
	keep(to, uid);
	for (; *to; to++)
		*to = *to == '_' ? '-' : *to; /* a slice's name may have no dashes but its levels */
}

/* podUID below kubepods, or a slice whose last level is that: kubepods-burstable-podUID.slice. */
static bool take_pod(struct espy_where *w, struct espy_str name)
{
	struct espy_str uid = name;
	const char *colon = name.n ? memchr(name.p, ':', name.n) : NULL;

	if (colon) /* SLICE:PREFIX:ID has the slice before the container */
		uid.n = (size_t)(colon - name.p);
	if (strip_end(&uid, ESPY_STR(".slice")))
		uid = behind_last(uid, '-');
	if (strip_start(&uid, ESPY_STR("pod")) && is_uid(uid)) {
		keep_uid(w->pod, uid);
		return true;
	}
	if (!strip_start(&uid, ESPY_STR("libpod_pod_")) || !is_id(uid))
		return false;
	keep(w->pod, uid);
	return true;
}

/* --- units ---------------------------------------------------------------------------------- */

static bool is_unit(struct espy_str name)
{
	static const char *const types[] = {".service", ".scope", ".mount", ".socket", ".swap"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (ends(name, espy_str0(types[i])))
			return true;
	return false;
}

static void take_unit(struct espy_where *w, struct espy_str name)
{
	struct espy_str session = name;

	if (ends(name, ESPY_STR(".slice")) && !memchr(name.p, ':', name.n))
		keep(w->slice, name);
	if (!is_unit(name))
		return;
	keep(w->unit, name);
	if (strip_end(&session, ESPY_STR(".scope")) && strip_start(&session, ESPY_STR("session-")))
		keep(w->session, session);
}

static void take_name(struct espy_where *w, struct espy_str parent, struct espy_str name)
{
	take_unit(w, name);
	take_pod(w, name);
	if (!take_id(w, parent, name) && !take_machine(w, name))
		take_lxc(w, parent, name);
}

void espy_cgroup_parse(struct espy_where *ret, struct espy_str path)
{
	struct espy_str parent = ESPY_STR_NONE, rest = path;

	*ret = (struct espy_where){.path = path, .runtime = ""};
	while (rest.n) {
		const char *slash = memchr(rest.p, '/', rest.n);
		struct espy_str name = {rest.p, slash ? (size_t)(slash - rest.p) : rest.n};

		if (name.n)
			take_name(ret, parent, name);
		if (name.n)
			parent = name;
		rest = from(rest, name.n + (slash != NULL));
	}
}

/* --- the table ------------------------------------------------------------------------------ */

void espy_cgroups_init(struct espy_cgroups *t, size_t max)
{
	*t = (struct espy_cgroups){.max = max ? max : ESPY_CGROUPS_MAX};
}

struct espy_cgroup *espy_cgroup_ref(struct espy_cgroup *c)
{
	if (c)
		c->refs++;
	return c;
}

struct espy_cgroup *espy_cgroup_unref(struct espy_cgroup *c)
{
	if (c && --c->refs == 0)
		free(c);
	return NULL;
}

static void unlink_cgroup(struct espy_cgroups *t, struct espy_cgroup *c)
{
	*(c->prev ? &c->prev->next : &t->head) = c->next;
	*(c->next ? &c->next->prev : &t->tail) = c->prev;
	c->prev = c->next = NULL;
}

static void link_last(struct espy_cgroups *t, struct espy_cgroup *c)
{
	c->prev = t->tail;
	c->next = NULL;
	*(t->tail ? &t->tail->next : &t->head) = c;
	t->tail = c;
}

static void forget(struct espy_cgroups *t, struct espy_cgroup *c)
{
	espy_map_del(&t->map, c->id, 0);
	unlink_cgroup(t, c);
	espy_cgroup_unref(c);
}

void espy_cgroups_done(struct espy_cgroups *t)
{
	while (t->head)
		forget(t, t->head);
	espy_map_done(&t->map);
	espy_buf_done(&t->scratch[0]);
	espy_buf_done(&t->scratch[1]);
}

/* The names stand in rooms of equal size; what is behind the NUL of one means nothing. */
static int read_path(struct espy_cgroups *t, const struct espy_ev_meta_cgroup *rec,
		     struct espy_str *ret)
{
	struct espy_str rooms = espy_wire_bytes(&rec->hdr, rec->names);
	struct espy_buf *names = &t->scratch[0], *path = &t->scratch[1];
	size_t room = rec->name_bytes;

	if (room == 0 || rooms.n % room)
		room = rooms.n; /* not as it should be: the leaf is all that is certain */
	espy_buf_reset(names);
	espy_buf_reset(path);
	for (size_t i = 0; i < rooms.n; i += room) {
		espy_buf_add(names, rooms.p + i, strnlen(rooms.p + i, room));
		espy_buf_putc(names, '\0');
	}
	espy_path_names(path, (struct espy_str){names->p, names->n},
			rec->partial || (rooms.n && room != rec->name_bytes));
	if (names->error || path->error)
		return -ENOMEM;
	*ret = (struct espy_str){path->p, path->n};
	return 0;
}

/* The names of columns.def. */
static void add_words(struct espy_buf *to, const struct espy_where *w)
{
	espy_more_word(to, "cgroup_path", w->path);
	espy_more_word(to, "container", espy_str0(w->container));
	espy_more_word(to, "runtime", espy_str0(w->runtime));
	espy_more_word(to, "pod", espy_str0(w->pod));
	espy_more_word(to, "unit", espy_str0(w->unit));
	espy_more_word(to, "slice", espy_str0(w->slice));
	espy_more_word(to, "login_session", espy_str0(w->session));
}

static int put(struct espy_cgroups *t, uint64_t id, const struct espy_where *w)
{
	struct espy_buf *words = &t->scratch[0];
	struct espy_cgroup *c, *old = espy_map_get(&t->map, id, 0);

	espy_buf_reset(words);
	add_words(words, w);
	c = words->error ? NULL : calloc(1, sizeof(*c) + words->n);
	if (!c)
		return -ENOMEM;
	c->id = id;
	c->refs = 1;
	c->n = (uint32_t)words->n;
	c->has_session = w->session[0];
	if (c->n)
		memcpy(c->words, words->p, c->n);
	if (old)
		forget(t, old);
	else if (t->map.n >= t->max)
		forget(t, t->head);
	if (espy_map_put(&t->map, id, 0, c) < 0) {
		free(c);
		return -ENOMEM;
	}
	link_last(t, c);
	return 0;
}

int espy_cgroup_define(struct espy_cgroups *t, const struct espy_ev_meta_cgroup *rec)
{
	struct espy_where w;
	struct espy_str path;
	int r = read_path(t, rec, &path);

	if (r < 0)
		return r;
	espy_cgroup_parse(&w, path);
	return put(t, rec->id, &w);
}

struct espy_cgroup *espy_cgroup_get(struct espy_cgroups *t, uint64_t id)
{
	struct espy_cgroup *c = espy_map_get(&t->map, id, 0);

	if (!c)
		return NULL;
	unlink_cgroup(t, c);
	link_last(t, c);
	return espy_cgroup_ref(c);
}
