#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""workload.py DIR: does what tests/who/run looks for, and prints what must be known of it as JSON lines.

Each line has a "path" in DIR that one process opened or executed, and the columns that its rows must have; "op" says
which row. What this machine does not let us do is a line with "skip".
"""
import ctypes
import grp
import hashlib
import json
import os
import pwd
import stat
import struct
import sys

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NOBODY = 65534
ID = '0123456789abcdef' * 4
POD = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
libc = ctypes.CDLL(None, use_errno=True)
top = sys.argv[1]


def say(**what):
    print(json.dumps(what), flush=True)


def place(name):
    return os.path.join(top, name)


def touch(name):
    os.close(os.open(place(name), os.O_RDONLY | os.O_CREAT, 0o644))


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), 'unshare')


def in_child(fn, *args):
    """Runs fn in a child; its errors are the parent's. What the child says it says itself."""
    pid = os.fork()
    if pid == 0:
        try:
            fn(*args)
        except OSError as e:
            say(skip=f'{fn.__name__}: {e}')
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def tiny(path, code):
    """The smallest program: exits with `code`. Content of its own for each code."""
    text = bytes([0xbf, code, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05])  # mov edi, code; mov eax, 60; syscall
    base, head = 0x400000, 64 + 56
    elf = struct.pack('<16sHHIQQQIHHHHHH', b'\x7fELF\2\1\1', 2, 62, 1, base + head, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    elf += struct.pack('<IIQQQQQQ', 1, 5, 0, base, base, head + len(text), head + len(text), 0x1000)
    with open(path, 'wb') as f:
        f.write(elf + text)
    os.chmod(path, 0o755)


def run(path):
    pid = os.fork()
    if pid == 0:
        os.execv(path, [path])
    return pid, os.waitpid(pid, 0)


def version(path):
    st = os.stat(path)
    return {'exe_dev': f'{os.major(st.st_dev)}:{os.minor(st.st_dev)}', 'exe_inode': st.st_ino, 'exe_size': st.st_size,
            'exe_mtime_ns': st.st_mtime_ns, 'exe_ctime_ns': st.st_ctime_ns}


def hashes(path):
    with open(path, 'rb') as f:
        content = f.read()
    return {name: hashlib.new(name, content, usedforsecurity=False).hexdigest() for name in ('sha256', 'sha1', 'md5')}


# --- cgroups -----------------------------------------------------------------------------------

def cgroup2():
    with open('/proc/self/mountinfo') as f:
        for line in f:
            before, after = line.split(' - ', 1)
            if after.split()[0] == 'cgroup2' and before.split()[3] == '/':
                return before.split()[4]
    raise OSError('no version 2 hierarchy is mounted')


def join(directory):
    with open(os.path.join(directory, 'cgroup.procs'), 'w') as f:
        f.write('0')


def in_cgroup(fn, *names):
    """In a cgroup that is there only while fn runs."""
    root, made = cgroup2(), []
    try:
        for n in range(len(names)):
            made.append(os.path.join(root, *names[:n + 1]))
            os.mkdir(made[-1])
        in_child(fn, made[-1], '/' + '/'.join(names))
    finally:
        for directory in reversed(made):
            os.rmdir(directory)


def short_lived(directory, path):
    """Ends before anybody could look."""
    join(directory)
    tiny(place('fast'), 0)
    say(path='fast', op='exec', cgroup_path=path, container=ID, runtime='docker', unit=f'docker-{ID}.scope')
    os.execv(place('fast'), ['fast'])


def moved(directory, path):
    """Known already when it moves, and moves back."""
    touch('not moved')
    say(path='not moved', op='open', container=None)
    join(directory)
    touch('moved')
    say(path='moved', op='open', cgroup_path=path, container=ID, runtime='containerd', pod=POD,
        unit=f'cri-containerd-{ID}.scope', slice=f'kubepods-pod{POD.replace("-", "_")}.slice')
    join(cgroup2())
    touch('moved back')
    say(path='moved back', op='open', container=None)


# --- namespaces and names ----------------------------------------------------------------------

def namespaces():
    touch('old namespaces')
    old = {f'{ns}_ns': os.stat(f'/proc/self/ns/{ns}').st_ino for ns in ('mnt', 'net', 'uts', 'ipc', 'pid', 'user')}
    say(path='old namespaces', op='open', **old)
    unshare(NEWNS | NEWNET | NEWUTS | NEWIPC)
    touch('new namespaces')
    new = {f'{ns}_ns': os.stat(f'/proc/self/ns/{ns}').st_ino for ns in ('mnt', 'net', 'uts', 'ipc', 'pid', 'user')}
    assert new['mnt_ns'] != old['mnt_ns']
    say(path='new namespaces', op='open', **new)


def own_pids():
    unshare(NEWPID)
    pid = os.fork()
    if pid == 0:
        touch('first')
        os._exit(0)
    inode = os.stat('/proc/self/ns/pid_for_children').st_ino
    os.waitpid(pid, 0)
    say(path='first', op='open', pid=pid, ns_pid=1, pid_ns=inode)


def own_user():
    unshare(NEWUSER)
    touch('other users')
    say(path='other users', op='open', user_ns=os.stat('/proc/self/ns/user').st_ino)


def other_names():
    os.setresgid(1, 2, 2)
    os.setresuid(0, NOBODY, 0)
    touch('others')
    say(path='others', op='open', user=pwd.getpwuid(0).pw_name, euser=pwd.getpwuid(NOBODY).pw_name,
        group_name=grp.getgrgid(1).gr_name, egroup=grp.getgrgid(2).gr_name)


def logged_in():
    with open('/proc/self/loginuid', 'w') as f:
        f.write(str(NOBODY))
    os.setresgid(1, 1, 1)  # a login is followed by new credentials
    touch('login')
    with open('/proc/self/sessionid') as f:
        say(path='login', op='open', login=pwd.getpwuid(NOBODY).pw_name, login_session=f.read().strip())


def family():
    touch('family')
    with open('/proc/self/comm') as f:
        say(path='family', op='open', ancestry_end=f'> {f.read().strip()}({os.getpid()})', user=pwd.getpwuid(0).pw_name,
            euser=pwd.getpwuid(0).pw_name, ns_pid=None)


# --- files that are run ------------------------------------------------------------------------

def programs():
    tiny(place('kept'), 1)
    say(path='kept', op='exec', hash_status='done', **version(place('kept')), **hashes(place('kept')))
    run(place('kept'))
    run(place('kept'))
    # Another file by the same name: no row may have the hash of the one with the identity of the other.
    tiny(place('replaced'), 2)
    say(path='replaced', op='exec', first=True, **version(place('replaced')), **hashes(place('replaced')))
    run(place('replaced'))
    tiny(place('replacement'), 3)
    os.rename(place('replacement'), place('replaced'))
    say(path='replaced', op='exec', hash_status='done', **version(place('replaced')), **hashes(place('replaced')))
    run(place('replaced'))


def main():
    os.umask(0)
    os.chmod(top, stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    for fn, names in ((short_lived, [f'docker-{ID}.scope']),
                      (moved, ['kubepods.slice', f'kubepods-pod{POD.replace("-", "_")}.slice',
                               f'cri-containerd-{ID}.scope'])):
        try:
            in_cgroup(fn, *names)
        except OSError as e:
            say(skip=f'{fn.__name__}: {e}')
    for fn in (namespaces, own_pids, own_user, other_names, logged_in, family, programs):
        in_child(fn)


main()
