/* SPDX-License-Identifier: MIT */
/* floor: attaches the empty programs of floor.bpf.c and holds them until a signal ends it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "floor.skel.h"

int main(void)
{
	struct floor_bpf *skel = floor_bpf__open_and_load();

	if (!skel || floor_bpf__attach(skel) < 0) {
		fprintf(stderr, "floor: no empty programs on system calls: %s\n", strerror(errno));
		return 1;
	}
	pause();
	floor_bpf__destroy(skel);
	return 0;
}
