/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "enrich/setting.h"

/* Kind and key of a path; NULL kind: no setting. */
static void expect(const char *path, const char *kind, const char *key)
{
	struct espy_str got = ESPY_STR_NONE;
	int row = espy_setting_find(espy_str0(path), &got);

	if (!kind) {
		if (row != ESPY_SETTING_NONE)
			fail_msg("%s is taken for %s", path, espy_setting_rows[row].kind);
		return;
	}
	if (row == ESPY_SETTING_NONE)
		fail_msg("%s is not taken for a setting", path);
	assert_string_equal(espy_setting_rows[row].kind, kind);
	if (!espy_str_eq(got, espy_str0(key)))
		fail_msg("%s: key %.*s, not %s", path, (int)got.n, got.p, key);
}

static void whole_paths(void **state)
{
	(void)state;
	expect("/etc/passwd", "account", "/etc/passwd");
	expect("/etc/passwd-", "account", "/etc/passwd-");
	expect("/etc/passwd+", NULL, NULL);
	expect("/etc/passwdx", NULL, NULL);
	expect("/etc/passw", NULL, NULL);
	expect("/etc/passwd/x", NULL, NULL);
	expect("/mnt/etc/passwd", NULL, NULL);
	expect("etc/passwd", NULL, NULL);
	expect("", NULL, NULL);
	expect("/", NULL, NULL);
}

static void directories(void **state)
{
	(void)state;
	expect("/etc/sudoers.d/ada", "sudoers", "ada");
	expect("/etc/sudoers.d", "sudoers", "/etc/sudoers.d");
	expect("/etc/sudoers.d/", "sudoers", "/etc/sudoers.d/");
	expect("/etc/sudoers.dx", NULL, NULL);
	expect("/etc/systemd/system/a.service.d/b.conf", "unit", "a.service.d/b.conf");
	expect("/etc/systemd/system-generators/g", "generator", "g");
	expect("/etc/systemd/journald.conf", "systemd", "journald.conf");
	expect("/proc/sys/kernel/shmmax", "sysctl", "kernel/shmmax");
	expect("/sys/fs/cgroup/a/memory.max", "cgroup", "a/memory.max");
	expect("/sys/block/sda/queue/scheduler", "sysfs", "block/sda/queue/scheduler");
	expect("/proc/sysrq-trigger", NULL, NULL);
}

static void wildcards(void **state)
{
	(void)state;
	expect("/etc/rc3.d/S01x", "init", "S01x");
	expect("/etc/rcS.d", "init", "/etc/rcS.d");
	expect("/etc/rc.local", "init", "/etc/rc.local");
	expect("/etc/rc/x.d/S01x", NULL, NULL);
	expect("/var/lib/dpkg/info/bash.postinst", "package", "/var/lib/dpkg/info/bash.postinst");
	expect("/var/lib/dpkg/info/bash.md5sums", NULL, NULL);
	expect("/var/lib/dpkg/info/a/b.postinst", NULL, NULL);
	expect("/var/lib/dpkg/info/a.postinst.postinst", "package",
	       "/var/lib/dpkg/info/a.postinst.postinst");
}

static void homes(void **state)
{
	(void)state;
	expect("/root/.bashrc", "shell", "/root/.bashrc");
	expect("/home/ada/.ssh/authorized_keys", "ssh", "/home/ada/.ssh/authorized_keys");
	expect("/var/lib/postgresql/.ssh/authorized_keys", "ssh",
	       "/var/lib/postgresql/.ssh/authorized_keys");
	expect("/home/ada/.ssh/known_hosts", NULL, NULL);
	expect("/home/ada/.config/systemd/user/a/b.service", "unit", "a/b.service");
	expect("/home/ada/.config/dconf/user", "dconf", "/home/ada/.config/dconf/user");
	expect("/home/ada/.config/dconf/user.QX1Y2Z", NULL, NULL);
	expect("/home/ada/x.bashrc", NULL, NULL);
}

static void merged_usr(void **state)
{
	(void)state;
	expect("/usr/lib/udev/rules.d/1.rules", "udev", "1.rules");
	expect("/lib/udev/rules.d/1.rules", "udev", "1.rules");
	expect("/usr/lib/x", NULL, NULL);
}

static void bytes(void **state)
{
	struct espy_str key, path = {"/etc/passwd\0", 12};

	(void)state;
	assert_int_equal(espy_setting_find(path, &key), ESPY_SETTING_NONE);
	path.n = 11;
	assert_true(espy_setting_find(path, &key) >= 0);
}

/* The manual for people lists every kind with what it is. */
static void told_in_the_manual(void **state)
{
	static char text[65536], row[512];
	FILE *f = fopen(ESPY_SOURCE_ROOT "/docs/howto/what-changed-my-settings.md", "r");

	(void)state;
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	for (int i = 0; i < espy_n_setting_rows; i++) {
		const struct espy_setting_row *s = &espy_setting_rows[i];

		snprintf(row, sizeof(row), "| `%s` | %s |", s->kind, s->doc);
		if (!strstr(text, row))
			fail_msg("what-changed-my-settings.md lacks: %s", row);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_paths),        cmocka_unit_test(directories),
		cmocka_unit_test(wildcards),          cmocka_unit_test(homes),
		cmocka_unit_test(merged_usr),         cmocka_unit_test(bytes),
		cmocka_unit_test(told_in_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
