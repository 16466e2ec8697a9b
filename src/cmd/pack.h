/* SPDX-License-Identifier: MIT */
/* --pack NAME: which of the sensor's packs is to be used. espy_cmd_getopt takes the option off for
 * every command that has it in its table. */
#pragma once

#include "engine/capture.h"

#define ESPY_PACK_OPTION                                                                         \
	{                                                                                        \
		0, "pack", "NAME",                                                               \
			"auto, base, plus or plain: what observes; default auto, the most that " \
			"this machine takes"                                                     \
	}

/* 0, or an exit code after an error was printed. */
int espy_pack_option(const char *name);
enum espy_pack espy_pack_wanted(void);
/* Says what the choice means, where that is not what one expects; and puts its name into `m`, where
 * that is not NULL. */
void espy_pack_tell(const struct espy_capture *c, struct espy_machine *m);
