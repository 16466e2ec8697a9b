/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What processes talk by, as far as it is no file and no socket. All at the end of the call, as
 * everything that needs more than plain values: descriptors exist then, and the caller's memory was
 * just used by the kernel.
 */
#include "exit.bpf.h"
#include "ipc.bpf.h"
#include "other.bpf.h"

#define FAILED(ret) ((ret) < 0 && (ret) >= -4095)

SHARED(ipc_pipe)
{
	struct espy_ev_ipc_pipe *rec;
	struct call_exit x;
	s32 fds[2] = {-1, -1};

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	if (ret >= 0)
		bpf_probe_read_user(fds, sizeof(fds), (void *)call_arg(x.st, 1));
	rec->read_fd = fds[0];
	rec->write_fd = fds[1];
	path_of_object(&rec->path, ret >= 0 ? exit_fd(fds[0]) : 0);
	rec->flags = x.c->arg[0] ? (u32)call_arg(x.st, x.c->arg[0]) : 0;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_pipe, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_memfd)
{
	struct espy_ev_ipc_memfd *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, ret >= 0 ? exit_fd(ret) : 0);
	rec->flags = (u32)call_arg(x.st, x.c->arg[0]);
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, x.c->path2));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_memfd, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_signalfd)
{
	struct espy_ev_ipc_signalfd *rec;
	struct call_exit x;
	u64 mask = 0;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	bpf_probe_read_user(&mask, sizeof(mask), (void *)call_arg(x.st, 2));
	rec->signals = mask;
	rec->flags = x.c->arg[2] ? (u32)call_arg(x.st, x.c->arg[2]) : 0;
	rec->old_fd = (s32)call_arg(x.st, 1);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_signalfd, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_pidfd)
{
	struct espy_ev_ipc_pidfd *rec;
	struct target t = {};
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, ret >= 0 ? exit_fd(ret) : 0);
	rec->flags = (u32)call_arg(x.st, 2);
	if (ret >= 0)
		target_of_pid(&t, pid_of_pidfd(ret));
	rec->target_pid = t.pid ? t.pid : (u32)call_arg(x.st, 1);
	rec->target_start = t.start;
	exit_name(&x, &rec->target_name, sizeof(*rec), &t);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_pidfd, ESPY_CLASS_ipc, ret);
}

/* --- System V ------------------------------------------------------------------------------- */

SHARED(ipc_shmat)
{
	struct espy_ev_ipc_shmat *rec;
	struct call_exit x;
	u32 at = 0;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->id = (u32)call_arg(x.st, 1);
	rec->address = FAILED(ret) ? call_arg(x.st, 2) : (u64)ret;
	rec->flags = (u32)call_arg(x.st, 3);
	if (x.st->abi == ESPY_ABI_IA32 && x.st->nr == IA32_IPC && !ret) {
		bpf_probe_read_user(&at, sizeof(at), (void *)call_arg(x.st, IA32_SHMAT_PLACE));
		rec->address = at;
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_shmat, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_msgsnd)
{
	struct espy_ev_ipc_msgsnd *rec;
	struct call_exit x;
	s64 type = 0;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->id = (u32)call_arg(x.st, 1);
	rec->requested = call_arg(x.st, 3);
	if (x.st->abi == ESPY_ABI_NATIVE) {
		bpf_probe_read_user(&type, 8, (void *)call_arg(x.st, 2));
	} else {
		bpf_probe_read_user(&type, 4, (void *)call_arg(x.st, 2));
		type = (s32)type;
	}
	rec->message_type = type;
	rec->flags = (u32)call_arg(x.st, 4);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_msgsnd, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_msgrcv)
{
	struct espy_ev_ipc_msgrcv *rec;
	struct call_exit x;
	s64 type;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->id = (u32)call_arg(x.st, 1);
	rec->requested = call_arg(x.st, 3);
	type = call_arg(x.st, 4);
	rec->message_type = x.st->abi == ESPY_ABI_NATIVE ? type : (s32)type;
	rec->flags = (u32)call_arg(x.st, 5);
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_msgrcv, ESPY_CLASS_ipc, ret);
}

#define SEMOP_SIZE 6 /* struct sembuf */
#define SEMOPS_MAX 64

/* The operations as they lie in memory; user space spells them out. */
SHARED(ipc_semop)
{
	struct espy_ev_ipc_semop *rec;
	struct call_exit x;
	u64 n;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	rec->id = (u32)call_arg(x.st, 1);
	rec->operations = n = (u32)call_arg(x.st, 3);
	rec->semaphores.off = sizeof(*rec);
	rec->semaphores.len = 0;
	if (n > SEMOPS_MAX) {
		n = SEMOPS_MAX;
		x.flags |= ESPY_F_TRUNCATED;
	}
	n *= SEMOP_SIZE;
	n &= 511;
	if (n && !bpf_probe_read_user(x.s->text, n, (void *)call_arg(x.st, 2)))
		rec->semaphores.len = x.off = n;
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_semop, ESPY_CLASS_ipc, ret);
}

/* --- POSIX message queues ------------------------------------------------------------------- */

SHARED(ipc_mq_open)
{
	struct espy_ev_ipc_mq_open *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, ret >= 0 ? exit_fd(ret) : 0);
	rec->flags = (u32)call_arg(x.st, 2);
	rec->mode = rec->flags & 0100 ? (u32)call_arg(x.st, 3) : 0; /* O_CREAT */
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, 1));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_mq_open, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_mq_unlink)
{
	struct espy_ev_ipc_mq_unlink *rec;
	struct call_exit x;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	exit_text(&x, &rec->name, sizeof(*rec), call_arg(x.st, 1));
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_mq_unlink, ESPY_CLASS_ipc, ret);
}

SHARED(ipc_mq_notify)
{
	struct espy_ev_ipc_mq_notify *rec;
	s32 event[2] = {}; /* signal, way */
	struct call_exit x;
	u64 at;

	if (!exit_begin(&x))
		return 0;
	rec = EXIT_RECORD(&x, rec);
	path_of_object(&rec->path, x.st->obj);
	at = call_arg(x.st, 2);
	rec->notify = ~0u;
	rec->signal = 0;
	/* struct sigevent: a value as wide as a pointer comes first */
	if (at && !bpf_probe_read_user(event, sizeof(event),
				       (void *)at + (x.st->abi == ESPY_ABI_NATIVE ? 8 : 4))) {
		rec->notify = event[1];
		rec->signal = event[1] ? 0 : event[0];
	}
	return exit_send(&x, &rec->hdr, sizeof(*rec), ESPY_EV_ipc_mq_notify, ESPY_CLASS_ipc, ret);
}
