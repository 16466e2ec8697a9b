# SPDX-License-Identifier: MIT
"""Pipes, memory files, counters, System V and signals between a parent and its child; run under strace by compare."""
import ctypes
import os
import signal

libc = ctypes.CDLL(None, use_errno=True)
IPC_PRIVATE, IPC_RMID, IPC_CREAT = 0, 0, 0o1000


class Sembuf(ctypes.Structure):
    _fields_ = [('num', ctypes.c_ushort), ('op', ctypes.c_short), ('flg', ctypes.c_short)]


def system_v():
    shm = libc.shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0o600)
    libc.shmat.restype = ctypes.c_void_p
    at = libc.shmat(shm, None, 0)
    libc.shmdt(ctypes.c_void_p(at))
    libc.shmctl(shm, IPC_RMID, None)
    libc.shmget(0x7e57ab1e, 1, 0)
    queue = libc.msgget(IPC_PRIVATE, 0o600)
    libc.msgsnd(queue, ctypes.create_string_buffer(b'\7' + bytes(63)), 20, 0)
    libc.msgrcv(queue, ctypes.create_string_buffer(64), 40, 0, 0)
    libc.msgctl(queue, IPC_RMID, None)
    sem = libc.semget(IPC_PRIVATE, 2, 0o600)
    libc.semop(sem, (Sembuf * 2)(Sembuf(0, 3, 0), Sembuf(1, 1, 0)), 2)
    libc.semctl(sem, 0, IPC_RMID, 0)
    libc.semop(sem, (Sembuf * 1)(Sembuf(0, -1, 0)), 1)


def main():
    taken = []
    signal.signal(signal.SIGUSR1, lambda *_: taken.append(1))
    read, write = os.pipe2(os.O_NONBLOCK)
    for fd in (os.memfd_create('a label'), os.eventfd(5, os.EFD_CLOEXEC), *os.pipe()):
        os.close(fd)
    pid = os.fork()
    if pid == 0:
        os.read(os.open('/dev/zero', os.O_RDONLY), 10)
        signal.pause()
        os._exit(1)
    process = os.pidfd_open(pid)
    os.write(write, b'x' * 100)
    os.read(read, 200)
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(pid, 0)
    system_v()
    signal.pidfd_send_signal(process, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(taken))
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        print('gone')
    libc.syscall(234, os.getpid(), 1, signal.SIGTERM)  # tgkill: thread 1 is not one of this process


main()
