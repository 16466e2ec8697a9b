/* SPDX-License-Identifier: MIT */
/* NTSTATUS codes: Process Monitor's words for them, and the nearest errno. Table: ntstatus.def. */
#pragma once

#include <stdint.h>

/* "NAME NOT FOUND"; "" for one that has an empty name, NULL when it is not known. */
const char *espy_ntstatus_name(uint32_t status);
/* 0 for success; else an errno, EIO when none is near. */
int espy_ntstatus_errno(uint32_t status);
