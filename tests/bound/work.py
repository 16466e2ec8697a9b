#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""work.py DIR: what a filter has to tell apart. Waits for a line, works, prints the pid of each of its processes.

Files inside and outside of DIR/in, by descriptor, by path, relative, through links, renamed with their
directory, deleted; executables by several names, one replaced by another under the same name, started by
fork and exec, by threads and by exec alone; changes of directory and root; pipes, sockets, failures."""
import os
import shutil
import socket
import sys
import threading
import time

PIDS = [os.getpid()]


def touch(path, flags=os.O_RDWR | os.O_CREAT):
    """Opened, written, read, closed; what cannot be is an event too."""
    try:
        fd = os.open(path, flags, 0o600)
    except OSError:
        return
    os.write(fd, b'text')
    os.pread(fd, 4, 0)
    os.lseek(fd, 0, os.SEEK_SET)
    os.read(fd, 2)
    os.fstat(fd)
    os.fsync(fd)
    os.ftruncate(fd, 2)
    os.close(fd)


def child(work):
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            work()
        except OSError:
            code = 1
        os._exit(code)
    PIDS.append(pid)
    os.waitpid(pid, 0)


def names(at):
    """The same names in and beside the directory that is asked for."""
    for d in ('in', 'out', 'in-not', 'in/deep/er'):
        d = os.path.join(at, d)
        os.makedirs(d, exist_ok=True)
        touch(f'{d}/file')
        os.stat(f'{d}/file')
        os.access(f'{d}/none', os.R_OK)
        touch(f'{d}/none', os.O_RDWR)
        os.chmod(f'{d}/file', 0o640)
        os.rename(f'{d}/file', f'{d}/other')
        os.listdir(d)
        fd = os.open(f'{d}/other', os.O_RDWR)
        os.unlink(f'{d}/other')
        os.write(fd, b'gone')
        os.close(fd)
    os.symlink('../out', f'{at}/in/link')
    os.symlink('../in', f'{at}/out/link')
    touch(f'{at}/in/link/through')
    touch(f'{at}/out/link/through')
    os.link(f'{at}/out/through', f'{at}/in/hard')
    touch(f'{at}/in/hard')


def moved(at):
    """Descriptors stay open while their directory changes its place."""
    os.makedirs(f'{at}/out/dir')
    fd = os.open(f'{at}/out/dir/file', os.O_RDWR | os.O_CREAT)
    for to, back in (('in/dir', 'out/dir'), ('out/dir2', 'in/dir')):
        os.write(fd, b'before')
        os.rename(f'{at}/{back}', f'{at}/{to}')
        os.write(fd, b'after')
        os.pread(fd, 1, 0)
    os.close(fd)


def relative(at):
    for d in ('in', 'out'):
        os.chdir(f'{at}/{d}')
        touch('relative')
        touch('../in/relative')
        d = os.open('.', os.O_RDONLY)
        os.close(os.open('relative', os.O_RDONLY, dir_fd=d))
        os.close(d)
    os.chdir('/')


def rooted(at):
    def work():
        os.chroot(f'{at}/in')
        os.chdir('/')
        touch('/rooted')
        os.stat('/rooted')
    child(work)


def ends():
    r, w = os.pipe()
    os.write(w, b'x')
    os.read(r, 1)
    a, b = socket.socketpair()
    a.send(b'x')
    os.read(b.fileno(), 1)
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen()
    c = socket.create_connection(s.getsockname())
    t, _ = s.accept()
    os.write(c.fileno(), b'x')
    t.recv(1)
    m = os.memfd_create('in')
    os.write(m, b'x')
    for fd in (r, w, m):
        os.close(fd)
    for x in (a, b, s, c, t):
        x.close()


def execs(at):
    prog = [f'{at}/one', f'{at}/two']
    for p in prog:
        shutil.copy('/bin/cat', p)
    file = f'{at}/in/file'
    with open(file, 'w', encoding='ascii') as f:
        f.write('text')
    devnull = os.open('/dev/null', os.O_WRONLY)

    def run(p, *args):
        os.dup2(devnull, 1)
        os.execv(p, [p, *args])
    for p in (*prog, '/bin/cat', f'{at}/none'):
        child(lambda p=p: run(p, file))
    # one becomes the other and back
    shell = f'exec {prog[1]} {file}'
    child(lambda: run('/bin/sh', '-c', shell))
    child(lambda: run('/bin/sh', '-c', f'{prog[0]} {file}; {prog[1]} {file}; :'))
    # another file by the name
    shutil.copy('/bin/head', f'{at}/new')
    os.rename(f'{at}/new', prog[0])
    child(lambda: run(prog[0], file))
    # the file by another name
    os.rename(prog[1], f'{at}/renamed')
    child(lambda: run(f'{at}/renamed', file))
    os.close(devnull)


def threads(at):
    def work(n):
        touch(f'{at}/in/thread{n}')
        touch(f'{at}/out/thread{n}')
    all_of_them = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for t in all_of_them:
        t.start()
    for t in all_of_them:
        t.join()


def forks(at):
    def work():
        touch(f'{at}/in/forked')
        child(lambda: touch(f'{at}/out/forked'))
        PIDS.clear()
    child(work)


def main():
    at = sys.argv[1]
    cgroup = sys.argv[2] if len(sys.argv) > 2 else None
    sys.stdin.readline()
    for part in (names, moved, relative, rooted, execs, threads, forks):
        part(at)
    ends()
    if cgroup:
        def in_it():
            touch(f'{at}/out/before')
            with open(f'{cgroup}/cgroup.procs', 'w', encoding='ascii') as f:
                f.write('0')
            touch(f'{at}/out/moved')
            child(lambda: touch(f'{at}/out/born'))
        child(in_it)
    time.sleep(0.1)
    touch(f'{at}/in/last')


if __name__ == '__main__':
    main()
