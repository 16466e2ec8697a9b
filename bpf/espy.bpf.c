/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All programs as one object, so that the kernel's BTF is read once. The loader matches programs
 * and events by name: `process_exit`, or `process_exec__done` for a second program of an event.
 */
#include "syscall.bpf.c"
#include "file.bpf.c"
#include "access.bpf.c"
#include "settings.bpf.c"
#include "image.bpf.c"
#include "process.bpf.c"
#include "network.bpf.c"
#include "dns.bpf.c"
#include "tcp.bpf.c"
#include "memory.bpf.c"
#include "uring.bpf.c"
#include "aio.bpf.c"
#include "plus.bpf.c"
#include "pass.bpf.c"
#include "ipc.bpf.c"
#include "signal.bpf.c"
#include "credential.bpf.c"
#include "isolation.bpf.c"
#include "kernel-ops.bpf.c"
#include "profile.bpf.c"
#include "shared.bpf.c"

/* Keeps every event's layout in the object's BTF, for the test that compares it with the
 * compiler's. */
union {
#define EVENT(ev, ...) struct espy_ev_##ev ev;
#define FIELD(...)
#define CALL(...)
#define END(ev)
#include "model/events.def"
} events;

char LICENSE[] SEC("license") = "GPL";
