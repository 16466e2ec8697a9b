/* SPDX-License-Identifier: MIT */
/* What a filter bounds: texts, and the ways in which conditions combine. That nothing which matches
 * is outside is what test-rule-random tries. */
#include "test-rule.h"

/* "=/a under/b from/c", "any". */
static const char *put(const struct espy_text_bounds *b)
{
	static const char *const kinds[] = {"=", "under", "from"};
	static char text[1024];
	size_t n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%.*s", i ? " " : "",
				      kinds[b->v[i].kind], (int)b->v[i].text.n, b->v[i].text.p);
	return b->n ? text : "any";
}

enum what { PATHS, EXES, CGROUPS };

static void check(const char *filter, enum what what, const char *expected)
{
	struct espy_rule *r = rule_of(filter);
	struct espy_rule_needs n;
	const char *got;

	espy_rule_needs(r, &n);
	got = put(what == PATHS ? &n.paths : what == EXES ? &n.exes : &n.cgroups);
	if (strcmp(got, expected) != 0)
		fail_msg("%s: %s, not %s", filter, got, expected);
	espy_rule_free(r);
}

static void texts_are_bounds(void **state)
{
	(void)state;
	check("path == /etc/passwd", PATHS, "=/etc/passwd");
	check("path in (/b, /a)", PATHS, "=/a =/b");
	check("path under (/etc, /usr/)", PATHS, "under/etc under/usr/");
	check("path startswith /etc/", PATHS, "from/etc/");
	check("path like '/etc/*'", PATHS, "from/etc/");
	check("path like '/etc/[ab]*.conf'", PATHS, "from/etc/");
	check("path like '*.conf'", PATHS, "any");
	check("path matches '^/etc/'", PATHS, "from/etc/");
	check("path matches 'etc'", PATHS, "any");
	check("exe == /usr/bin/cat", EXES, "=/usr/bin/cat");
	check("exe == /usr/bin/cat", PATHS, "any");
}

static void others_are_not(void **state)
{
	(void)state;
	check("path != /etc/passwd", PATHS, "any");
	check("path not in (/a, /b)", PATHS, "any");
	check("not (path == /a)", PATHS, "any");
	check("not (path != /a)", PATHS, "any"); /* also where there is none */
	check("path iunder /etc", PATHS, "any");
	check("path contains /etc", PATHS, "any");
	check("dirname(path) == /etc", PATHS, "any");
	check("has path", PATHS, "any");
	check("path2 == /a", PATHS, "any");
	check("path in (/1, /2, /3, /4, /5, /6, /7, /8, /9)", PATHS, "any");
	check("process == cat", EXES, "any");
}

static void conditions_combine(void **state)
{
	(void)state;
	check("exe == /a or exe == /b", EXES, "=/a =/b");
	check("exe == /a or exe == /a", EXES, "=/a");
	check("exe == /a or pid == 5", EXES, "any");
	check("exe == /a and pid == 5", EXES, "=/a");
	check("exe in (/a, /b/c) and exe under /b", EXES, "=/b/c");
	check("exe under /b and exe in (/a, /b/c)", EXES, "=/b/c");
	check("exe under /b and exe startswith /c", EXES, "under/b");
	check("exe == /a and (exe == /a or failed)", EXES, "=/a");
	check("not (exe != /a or exe != /b)", EXES, "any");
	check("not (not (exe == /a))", EXES, "=/a");
	check("exe == /a and follow(open)", EXES, "any");
	check("path == /a or path under /b", PATHS, "=/a under/b");
}

static void cgroups_are_bounded_by_a_name(void **state)
{
	(void)state;
	check("container == 0123456789ab", CGROUPS, "from0123456789ab");
	check("container startswith 0123", CGROUPS, "from0123");
	check("cgroup_path under /system.slice/cron.service/", CGROUPS, "fromcron.service");
	check("cgroup_path startswith /", CGROUPS, "any");
	check("container in (a, b) and cgroup_path under /docker", CGROUPS, "froma fromb");
	check("container != a", CGROUPS, "any");
	check("unit == cron.service", CGROUPS, "any");
}

/* Of which of a few events the paths are bounded: o(pen) w(rite) x(ec), or - where not. */
static void bound(const char *filter, const char *expected)
{
	static const uint16_t types[] = {ESPY_EV_file_open, ESPY_EV_file_write,
					 ESPY_EV_process_exec};
	struct espy_rule *r = rule_of(filter);
	struct espy_rule_needs n;
	char got[] = "---";

	espy_rule_needs(r, &n);
	for (unsigned i = 0; i < 3; i++)
		if (n.path_bound[types[i]])
			got[i] = "owx"[i];
	if (strcmp(got, expected) != 0)
		fail_msg("%s: %s, not %s", filter, got, expected);
	espy_rule_free(r);
}

static void paths_are_bound_of_some_events(void **state)
{
	(void)state;
	bound("path under /etc", "owx");
	bound("open and path under /etc", "o--");
	bound("path under /etc or exec", "ow-");
	bound("exec or path under /etc", "ow-");
	bound("(open and path under /etc) or (write and path under /usr)", "ow-");
	bound("(open and path under /etc) or write", "o--");
	bound("path under /etc or failed", "---");
	bound("path under /etc and failed", "owx");
	bound("path under /etc and path startswith /etc/a", "owx");
	bound("(path under /etc or exec) and path under /usr", "owx");
	bound("not (path under /etc)", "---");
	check("path under /etc or exec", PATHS, "under/etc");
	check("path under /etc or failed", PATHS, "any");
	check("(open and path under /etc) or (write and path under /usr)", PATHS,
	      "under/etc under/usr");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_bounds),
		cmocka_unit_test(others_are_not),
		cmocka_unit_test(conditions_combine),
		cmocka_unit_test(cgroups_are_bounded_by_a_name),
		cmocka_unit_test(paths_are_bound_of_some_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
