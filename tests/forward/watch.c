/* SPDX-License-Identifier: MIT */
/* watch SOURCE [FILTER]: what happens, a line each. docs/howto/subscribe.md shows this program. */
#include <espy.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct espy *e = argc > 1 ? espy_open(argv[1], argc > 2 ? argv[2] : "") : NULL;

	if (!e)
		return 2;
	while (espy_next(e) > 0) {
		printf("%s %lld %s %s\n", espy_text(e, "process"),
		       (long long)espy_number(e, "pid", NULL), espy_text(e, "op"),
		       espy_text(e, "path"));
		fflush(stdout);
	}
	if (espy_error(e))
		fprintf(stderr, "watch: %s\n", espy_error(e));
	espy_close(e);
	return 0;
}
