/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enrich/cgroup.h"

#define ID   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2  "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID  "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define UID_ "6ba7b810_9dad_11d1_80b4_00c04fd430c8"

static const struct row {
	const char *path, *runtime, *container, *pod, *unit, *slice, *session;
} rows[] = {
	/* nothing */
	{"/", "", "", "", "", "", ""},
	{"", "", "", "", "", "", ""},
	{".../a", "", "", "", "", "", ""},
	/* systemd */
	{"/init.scope", "", "", "", "init.scope", "", ""},
	{"/system.slice/ssh.service", "", "", "", "ssh.service", "system.slice", ""},
	{"/system.slice/system-getty.slice/getty@tty1.service", "", "", "", "getty@tty1.service",
	 "system-getty.slice", ""},
	{"/system.slice/dev-hugepages.mount", "", "", "", "dev-hugepages.mount", "system.slice",
	 ""},
	{"/user.slice/user-1000.slice/session-3.scope", "", "", "", "session-3.scope",
	 "user-1000.slice", "3"},
	{"/user.slice/user-1000.slice/session-c12.scope", "", "", "", "session-c12.scope",
	 "user-1000.slice", "c12"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-17.scope", "", "", "",
	 "app-firefox-17.scope", "app.slice", ""},
	/* docker, with either driver; in it systemd; rootless */
	{"/system.slice/docker-" ID ".scope", "docker", ID, "", "docker-" ID ".scope",
	 "system.slice", ""},
	{"/docker/" ID, "docker", ID, "", "", "", ""},
	{"/docker/" ID "/system.slice/nginx.service", "docker", ID, "", "nginx.service",
	 "system.slice", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker",
	 ID, "", "docker-" ID ".scope", "user.slice", ""},
	/* docker in docker: the innermost */
	{"/docker/" ID "/docker/" ID2, "docker", ID2, "", "", "", ""},
	/* Kubernetes: systemd driver, cgroupfs driver, a mixture of both */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
	 "containerd", ID, UID, "cri-containerd-" ID ".scope",
	 "kubepods-burstable-pod" UID_ ".slice", ""},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", "crio", ID, UID,
	 "crio-" ID ".scope", "kubepods-pod" UID_ ".slice", ""},
	{"/kubepods/besteffort/pod" UID "/" ID, "k8s", ID, UID, "", "", ""},
	{"/kubepods/pod" UID, "", "", UID, "", "", ""},
	{"/kubepods/podabcdefabcdefabcdefabcdefabcdefabcd/" ID, "k8s", ID,
	 "abcdefabcdefabcdefabcdefabcdefabcd", "", "", ""},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
	 "containerd", ID, UID, "containerd.service", "system.slice", ""},
	/* CRI-O's monitor is not the container */
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", "", "", UID,
	 "crio-conmon-" ID ".scope", "kubepods-pod" UID_ ".slice", ""},
	/* Podman: root, rootless, in a pod, cgroupfs */
	{"/machine.slice/libpod-" ID ".scope/container", "podman", ID, "", "libpod-" ID ".scope",
	 "machine.slice", ""},
	{"/machine.slice/libpod-conmon-" ID ".scope", "", "", "", "libpod-conmon-" ID ".scope",
	 "machine.slice", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	 "podman", ID, "", "libpod-" ID ".scope", "user.slice", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" ID2
	 ".slice/libpod-" ID ".scope",
	 "podman", ID, ID2, "libpod-" ID ".scope", "user-libpod_pod_" ID2 ".slice", ""},
	{"/libpod_parent/libpod-" ID, "podman", ID, "", "", "", ""},
	/* LXC */
	{"/lxc.payload.web/system.slice/nginx.service", "lxc", "web", "", "nginx.service",
	 "system.slice", ""},
	{"/lxc/web", "lxc", "web", "", "", "", ""},
	{"/lxc.monitor.web", "", "", "", "", "", ""},
	/* systemd-nspawn and machined */
	{"/machine.slice/systemd-nspawn@deb\\x2dian.service/payload", "systemd-nspawn", "deb-ian",
	 "", "systemd-nspawn@deb\\x2dian.service", "machine.slice", ""},
	{"/machine.slice/machine-deb\\x2dian.scope", "systemd-nspawn", "deb-ian", "",
	 "machine-deb\\x2dian.scope", "machine.slice", ""},
	{"/machine.slice/machine-lxc\\x2d9\\x2dbox.scope", "lxc", "lxc-9-box", "",
	 "machine-lxc\\x2d9\\x2dbox.scope", "machine.slice", ""},
	{"/machine.slice/machine-qemu\\x2d1\\x2dwin.scope/libvirt/emulator", "", "", "",
	 "machine-qemu\\x2d1\\x2dwin.scope", "machine.slice", ""},
	/* what only looks like one */
	{"/docker-0123.scope", "", "", "", "docker-0123.scope", "", ""},
	{"/other-" ID ".scope", "", "", "", "other-" ID ".scope", "", ""},
	{"/docker-" ID "0.scope", "", "", "", "docker-" ID "0.scope", "", ""},
	{"/podcast/podium", "", "", "", "", "", ""},
	{"/kubepods/pod" UID "-and-more-than-that", "", "", "", "", "", ""},
	{"/.scope/.slice/.service", "", "", "", "", "", ""},
	{"/session-.scope", "", "", "", "session-.scope", "", ""},
	{"/systemd-nspawn@.service", "", "", "", "systemd-nspawn@.service", "", ""},
	{"//a.service//", "", "", "", "a.service", "", ""},
};

static void says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct espy_where w;

		print_message("# %s\n", r->path);
		espy_cgroup_parse(&w, espy_str0(r->path));
		assert_string_equal(w.runtime, r->runtime);
		assert_string_equal(w.container, r->container);
		assert_string_equal(w.pod, r->pod);
		assert_string_equal(w.unit, r->unit);
		assert_string_equal(w.slice, r->slice);
		assert_string_equal(w.session, r->session);
	}
}

/* Escapes that are none, a NUL that would end the name, and names of any length. */
static void hostile(void **state)
{
	char long_path[600] = "/";
	struct espy_where w;

	(void)state;
	espy_cgroup_parse(&w, ESPY_STR("/machine-a\\x00b\\xzz\\x2.scope"));
	assert_string_equal(w.container, "a\\x00b\\xzz\\x2");
	memset(long_path + 1, 'a', 500);
	strcpy(long_path + 501, ".service");
	espy_cgroup_parse(&w, espy_str0(long_path));
	assert_int_equal(strlen(w.unit), ESPY_CGROUP_NAME_MAX);
	espy_cgroup_parse(&w, (struct espy_str){"/a\0b.service", 12});
	assert_string_equal(w.unit, "a");
}

/* --- the table ------------------------------------------------------------------------------ */

#define ROOM 64

struct record {
	struct espy_ev_meta_cgroup rec;
	char text[4 * ROOM];
};

/* Leaf first, as the kernel side sends them. */
static struct record record(uint64_t id, const char *leaf, const char *above, bool partial)
{
	struct record r = {.rec = {.id = id, .name_bytes = ROOM, .partial = partial}};
	const char *names[] = {leaf, above};

	memset(r.text, 'x', sizeof(r.text)); /* what is behind a name means nothing */
	for (size_t i = 0; i < 2; i++)
		strcpy(r.text + i * ROOM, names[i]);
	r.rec.hdr.type = ESPY_EV_meta_cgroup;
	r.rec.hdr.size = sizeof(r.rec) + 2 * ROOM;
	r.rec.names = (struct espy_text){sizeof(r.rec), 2 * ROOM};
	return r;
}

static bool has(const struct espy_cgroup *c, const char *name, const char *value)
{
	const char *p = c->words, *end = p + c->n;

	for (; p < end; p += strlen(p) + 1) {
		bool is_it = strcmp(p, name) == 0;

		p += strlen(p) + 1;
		if (is_it)
			return strcmp(p, value) == 0;
	}
	return !value[0];
}

static void is_defined(void **state)
{
	struct record r = record(7, "ssh.service", "system.slice", false);
	struct espy_cgroups t;
	struct espy_cgroup *c;

	(void)state;
	espy_cgroups_init(&t, 0);
	assert_null(espy_cgroup_get(&t, 7));
	assert_int_equal(espy_cgroup_define(&t, &r.rec), 0);
	c = espy_cgroup_get(&t, 7);
	assert_non_null(c);
	assert_true(has(c, "cgroup_path", "/system.slice/ssh.service"));
	assert_true(has(c, "unit", "ssh.service"));
	assert_true(has(c, "container", ""));
	/* A new meaning leaves the old one to whoever holds it. */
	r = record(7, "session-4.scope", "gone", true);
	assert_int_equal(espy_cgroup_define(&t, &r.rec), 0);
	assert_true(has(c, "unit", "ssh.service"));
	espy_cgroup_unref(c);
	c = espy_cgroup_get(&t, 7);
	assert_true(has(c, "cgroup_path", ".../gone/session-4.scope"));
	assert_true(has(c, "login_session", "4"));
	espy_cgroups_done(&t);
	assert_true(has(c, "login_session", "4")); /* the table is gone, the reference is not */
	espy_cgroup_unref(c);
}

/* Rooms that are none: the leaf, and that there is more. */
static void is_odd(void **state)
{
	struct espy_cgroups t;

	(void)state;
	espy_cgroups_init(&t, 0);
	for (uint32_t room = 0; room <= ROOM + 1; room += ROOM + 1) {
		struct record r = record(room, "a.service", "b", false);
		struct espy_cgroup *c;

		r.rec.name_bytes = room;
		assert_int_equal(espy_cgroup_define(&t, &r.rec), 0);
		c = espy_cgroup_get(&t, room);
		assert_true(has(c, "cgroup_path", ".../a.service"));
		espy_cgroup_unref(c);
	}
	espy_cgroups_done(&t);
}

/* The one that was asked for longest ago goes. */
static void is_bounded(void **state)
{
	struct espy_cgroups t;

	(void)state;
	espy_cgroups_init(&t, 3);
	for (uint64_t id = 1; id <= 3; id++) {
		struct record r = record(id, "a", "b", false);

		assert_int_equal(espy_cgroup_define(&t, &r.rec), 0);
	}
	espy_cgroup_unref(espy_cgroup_get(&t, 1));
	for (uint64_t id = 4; id <= 5; id++) {
		struct record r = record(id, "a", "b", false);

		assert_int_equal(espy_cgroup_define(&t, &r.rec), 0);
	}
	for (uint64_t id = 1; id <= 5; id++) {
		struct espy_cgroup *c = espy_cgroup_get(&t, id);

		assert_int_equal(c != NULL, id == 1 || id >= 4);
		espy_cgroup_unref(c);
	}
	espy_cgroups_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says),       cmocka_unit_test(hostile),
		cmocka_unit_test(is_defined), cmocka_unit_test(is_odd),
		cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
