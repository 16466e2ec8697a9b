/* SPDX-License-Identifier: MIT */
/* values TRACE: what libespy says of a trace and its events, as TAP. */
#include <espy.h>
#include <stdio.h>
#include <string.h>

static int number, bad;

static void is(int good, const char *what)
{
	printf("%s %d - %s\n", good ? "ok" : "not ok", ++number, what);
	bad += !good;
}

static void test_values(const char *path)
{
	struct espy *e = espy_open(path, "process == true and exec");
	int has = 7;

	is(e && espy_next(e) == 1, "there is an exec");
	is(!strcmp(espy_text(e, "op"), "exec"), "text of a column");
	is(strstr(espy_text(e, "argv"), "true") != NULL, "text of a field");
	is(espy_text(e, "remote")[0] == '\0', "text of what the event has not");
	is(espy_text(e, "no such")[0] == '\0', "text of what nothing has");
	is(espy_number(e, "pid", &has) > 1 && has == 1, "number of a column");
	is(espy_number(e, "time", &has) > 1700000000000000000 && has == 1, "time in ns since 1970");
	is(espy_number(e, "argv", &has) == 0 && has == 0, "a text is no number");
	is(!strncmp(espy_json(e), "{\"seq\":", 7) && !strchr(espy_json(e), '\n'), "a line of JSON");
	is(espy_fd(e) == -1, "a file has no descriptor to poll");
	is(espy_next(e) == 0 && espy_next(e) == 0 && !espy_error(e), "then the end");
	is(espy_json(e)[0] == '\0' && espy_number(e, "pid", &has) == 0 && has == 0,
	   "behind the end there is nothing");
	espy_close(e);
}

static void test_errors(const char *path)
{
	struct espy *e = espy_open(path, "no such");

	is(e && espy_next(e) == -1 && espy_error(e) && espy_error(e)[0], "a wrong filter");
	espy_close(e);
	e = espy_open("/no/such/trace", NULL);
	is(e && espy_next(e) == -1 && strstr(espy_error(e), "/no/such/trace"), "no such file");
	is(espy_text(e, "op")[0] == '\0' && espy_json(e)[0] == '\0', "and no event of it");
	espy_close(e);
	espy_close(NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	test_values(argv[1]);
	test_errors(argv[1]);
	printf("1..%d\n", number);
	return bad != 0;
}
