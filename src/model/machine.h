/* SPDX-License-Identifier: MIT */
/* What a capture says about itself and the machine it was made on. */
#pragma once

#include <stdint.h>

struct espy_machine {
	char host[256];
	char kernel[256]; /* uname -r */
	char arch[32];    /* uname -m */
	char os[256];     /* PRETTY_NAME of /etc/os-release */
	char boot_id[64];
	char version[32];   /* of Espy */
	char command[4096]; /* Espy's own command line, shell quoted */
	char filter[4096];  /* the capture's filter, "" none */
	char packs[64];     /* sensor packs in use: "base", "base+plus", "plain" */
	char keep[64];      /* how much of the newest part is kept, "10m,2G"; "" all */
	uint32_t cpus;
	uint32_t page_size;
	uint32_t target_pid; /* root of `espy run`, 0 otherwise */
	int32_t utc_offset;  /* seconds east of UTC */
	int64_t wall_offset; /* ns to add to the boot clock */
	uint64_t started;    /* boot clock ns */
};

/* How a capture ended. */
struct espy_ending {
	uint64_t ended;      /* boot clock ns */
	uint64_t events;     /* recorded, the dropped ones too */
	uint64_t lost;       /* counted as lost */
	int32_t exit_status; /* of CMD as wait(2) gives it; -1 when there was none */
	char reason[256];    /* "the command ended", "interrupted", "time limit" … */
	uint64_t dropped;    /* of `events`, how many were thrown away again to keep the bounds */
	uint64_t dropped_to; /* boot clock ns, when the last of them ended */
	uint64_t runs;       /* rows of merged reads and writes, the dropped ones too */
	uint64_t merged;     /* how many calls these are */
	uint64_t steps;      /* of overload, upwards: how often less began to be recorded */
	uint64_t left_out;   /* how often a thread was left out because of it */
	uint32_t level;      /* the highest step: ENUM_overload */
};
