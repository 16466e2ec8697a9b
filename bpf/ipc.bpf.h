/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ia32 ipc(2): one call for all of System V, as socketcall is for sockets. Its arguments are put
 * where the direct call has them; layouts as in the kernel's ipc/syscall.c.
 */
#pragma once

#include "exit.bpf.h"

#define IA32_IPC         117
#define IA32_SHMAT_PLACE 4 /* argument where the address of shmat's result is kept */

/* The index of the direct call in the ia32 table; 0 when it is none. */
static __always_inline u32 ipc_index(u32 call)
{
	switch (call) {
	case 1: /* semop */
	case 4:
		return 420; /* semtimedop_time64 */
	case 2:
		return 393; /* semget */
	case 3:
		return 394; /* semctl */
	case 11:
		return 400; /* msgsnd */
	case 12:
		return 401; /* msgrcv */
	case 13:
		return 399; /* msgget */
	case 14:
		return 402; /* msgctl */
	case 21:
		return 397; /* shmat */
	case 22:
		return 398; /* shmdt */
	case 23:
		return 395; /* shmget */
	case 24:
		return 396; /* shmctl */
	}
	return 0;
}

#define IPC_64 0x100u /* asked for in commands of old: the newer layout of what is returned */

static __always_inline void ipc_receive(struct task_state *st, u32 first, u32 size, u32 flags,
					u32 ptr, bool old)
{
	u32 kludge[2] = {}; /* { msgp, msgtyp } */

	if (old)
		bpf_probe_read_user(kludge, sizeof(kludge), (void *)(u64)ptr);
	st->args[1] = first;
	st->args[2] = old ? kludge[0] : ptr;
	st->args[3] = size;
	st->args[4] = old ? kludge[1] : st->args[6];
	st->args[5] = flags;
}

__noinline int enter_ipc(void)
{
	struct task_state *st = state_current(false);
	u32 call, old, first, second, third, ptr;

	if (!st)
		return 0;
	call = st->args[1] & 0xffff;
	old = !((u32)st->args[1] >> 16);
	first = st->args[2];
	second = st->args[3];
	third = st->args[4];
	ptr = st->args[5];
	st->args[1] = first;
	st->args[2] = second;
	st->args[3] = third;
	if (call == 1 || call == 4 || call == 11 || call == 21) { /* semop, msgsnd, shmat */
		st->args[2] = ptr;
		st->args[3] = second;
		st->args[4] = third;
	} else if (call == 12) {
		ipc_receive(st, first, second, third, ptr, old);
	} else if (call == 22) { /* shmdt */
		st->args[1] = ptr;
	} else if (call == 14 || call == 24) { /* msgctl, shmctl */
		st->args[2] = second & ~IPC_64;
	} else if (call == 3) { /* semctl */
		st->args[3] = third & ~IPC_64;
	}
	st->call = ipc_index(call);
	return 0;
}
