/* SPDX-License-Identifier: MIT */
/* A fuzz target: libFuzzer calls it with bytes that it made up, replay.c with files. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
