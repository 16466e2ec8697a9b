# SPDX-License-Identifier: MIT
"""The programs that are compared: each prepares a directory and says what to run in it.

A program is a function (directory, helpers) → argv; what it needs besides the base system stands in
`needs`. Helpers is the directory of the programs that meson.build makes.
"""
import collections
import os
import shutil
import sys

Program = collections.namedtuple('Program', 'name run needs')
PROGRAMS = []


def program(name, *needs):
    def add(fn):
        PROGRAMS.append(Program(name, fn, needs))
        return fn
    return add


def put(directory, name, content, mode=0o644):
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(content)
    os.chmod(path, mode)
    return path


def sh(script):
    return ['/bin/sh', '-c', script]


def tree(directory, files=60):
    for i in range(files):
        put(directory, f'tree/d{i % 7}/sub{i % 3}/file{i}.txt', f'line {i}\n' * (i * 20 + 1))
    os.symlink('d0', os.path.join(directory, 'tree/link'))


@program('c-compile-link', 'gcc')
def c_compile(d, _):
    put(d, 'main.c', '#include <stdio.h>\nint twice(int);\nint main(void) { printf("%d\\n", twice(4)); return 0; }\n')
    put(d, 'twice.c', 'int twice(int n) { return 2 * n; }\n')
    return sh('gcc -O1 -c main.c && gcc -O1 -c twice.c && gcc -o prog main.o twice.o && ./prog')


@program('tar-gzip', 'tar', 'gzip')
def tar_gzip(d, _):
    tree(d)
    return sh('tar czf t.tgz tree && mkdir out && tar xzf t.tgz -C out && tar cf - tree | gzip -1 | gunzip | wc -c')


@program('git', 'git')
def git(d, _):
    put(d, 'repo/a.txt', 'one\n')
    put(d, 'repo/dir/b.txt', 'two\n')
    return sh('cd repo && export HOME=$PWD/.. GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a '
              'GIT_COMMITTER_EMAIL=a@b GIT_PAGER=cat && git init -q . && git add . && git commit -qm first && '
              'echo more >> a.txt && git commit -qam second && git log --stat && git branch x && git diff HEAD~1')


@program('python-modules')
def python(d, _):
    put(d, 'pkg/__init__.py', 'from . import part\n')
    put(d, 'pkg/part.py', 'import json, email.message, decimal, tempfile\nVALUE = json.dumps({"a": [1, 2]})\n')
    put(d, 'main.py', 'import pkg, tempfile, os, shutil\nprint(pkg.part.VALUE)\n'
                      'd = tempfile.mkdtemp(dir=".")\nopen(os.path.join(d, "f"), "w").write("x" * 100000)\n'
                      'shutil.copytree(d, d + ".copy")\nshutil.rmtree(d)\n')
    return ['/usr/bin/python3', 'main.py']


@program('shell-pipeline')
def shell(d, _):
    tree(d)
    return sh('(cat tree/d1/sub1/* | (sort; echo end) | uniq -c; (exit 3); echo $?) | while read a b; do '
              'echo "$b $a"; done | (head -5; cat >/dev/null) > out; x=$(cat out | wc -l); test "$x" -gt 0')


@program('find-xargs', 'find', 'xargs')
def find_xargs(d, _):
    tree(d)
    return sh('find tree -type f -name "*.txt" -print0 | xargs -0 -P 4 -n 5 cksum | sort | tail -3')


@program('sqlite', 'sqlite3')
def sqlite(d, _):
    put(d, 'q.sql', 'pragma journal_mode=wal; create table t(a integer primary key, b text);\n'
        'begin; insert into t(b) select hex(randomblob(50)) from (with recursive c(x) as (select 1 union all '
        'select x + 1 from c where x < 2000) select x from c); commit;\n'
        'create index i on t(b); select count(*) from t where b like "A%"; delete from t where a % 2; vacuum;\n')
    return sh('sqlite3 db < q.sql && sqlite3 db .dump | wc -l')


@program('threads', 'helper:threads')
def threads(_, helpers):
    return [os.path.join(helpers, 'oracle-threads'), '8', '200']


@program('sockets')
def sockets(_, _helpers):
    return ['/usr/bin/python3', '-I', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sockets.py')]


@program('ipc')
def ipc(_, _helpers):
    return ['/usr/bin/python3', '-I', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ipc.py')]


@program('static-32-bit', 'helper:static-32')
def static32(d, helpers):
    put(d, 'in.txt', 'some text\n' * 100)
    return [os.path.join(helpers, 'oracle-static-32'), 'in.txt', 'out.txt']


@program('exec-from-thread', 'helper:exec-thread')
def exec_thread(_, helpers):
    return [os.path.join(helpers, 'oracle-exec-thread'), '/bin/echo', 'done']


@program('killed-by-signal')
def killed(_, _helpers):
    return sh('sleep 100 & p=$!; sh -c \'kill -SEGV $$\'; kill -9 $p; wait $p; echo $?; mkfifo f; cat f & p=$!; '
              '(sleep 0.2; sleep 0.1) | cat >out & sleep 0.4; kill -TERM $p; wait; kill -INT $$; exit 1')


@program('interrupted-calls', 'helper:restart')
def interrupted(_, helpers):
    return [os.path.join(helpers, 'oracle-restart')]


@program('make', 'make', 'gcc')
def make(d, _):
    rules = 'all: prog\nprog: a.o b.o c.o\n\tgcc -o $@ $^\n%.o: %.c h.h\n\tgcc -c -O0 -o $@ $<\n'
    put(d, 'Makefile', rules)
    put(d, 'h.h', 'int b(void);\nint c(void);\n')
    put(d, 'a.c', '#include "h.h"\nint main(void) { return b() - c(); }\n')
    put(d, 'b.c', '#include "h.h"\nint b(void) { return 1; }\n')
    put(d, 'c.c', '#include "h.h"\nint c(void) { return 1; }\n')
    return sh('make -j3 && ./prog && touch b.c && make && make -n')


@program('awk-sed-sort', 'awk', 'sed')
def awk(d, _):
    tree(d)
    return sh('cat tree/*/*/* | awk \'{ n[$2]++ } END { for (k in n) print k, n[k] }\' | sed "s/^/x/" | '
              'sort -k2n -S 1M | tee out | tail -2; sed -i.bak s/x/y/ out')


@program('sha256sum')
def sha256(d, _):
    put(d, 'big', 'x' * 3000000)
    openssl = 'openssl dgst -sha256 big' if shutil.which('openssl') else 'true'
    return sh(f'sha256sum big > sum && sha256sum -c sum && {openssl}')


@program('perl', 'perl')
def perl(d, _):
    tree(d)
    return ['perl', '-MFile::Find', '-MSocket', '-e',
            'find(sub { -f && open(F, "<", $_) && (read(F, $b, 100), close F) }, "tree"); '
            'pipe(R, W); if (!fork) { print W "hi"; exit 4 } close W; print <R>; wait; exit($? >> 8)']


@program('dd', 'dd')
def dd(_d, _):
    return sh('dd if=/dev/zero of=a bs=4k count=300 2>/dev/null; dd if=a of=b bs=64k conv=fsync,notrunc seek=1; '
              'dd if=b bs=1k skip=3 count=5 2>&1 | od | tail -1; truncate -s 1M a; cmp a b; exit 0')


@program('cp-mv-rm')
def cp(d, _):
    tree(d)
    rsync = 'rsync -a tree/ synced/' if shutil.which('rsync') else 'true'
    return sh(f'cp -a tree copy && {rsync} && mv copy moved && ln moved/d1/sub1/file1.txt hard && chmod -R go-w '
              'moved && touch -d 2001-02-03 hard && rm -rf moved && ls -la . missing')


@program('ls-include', 'wc')
def ls(_d, _):
    return sh('ls -lR /usr/include | wc')


@program('credentials')
def credentials(d, _):
    put(d, 'main.py', 'import os, resource, ctypes\n'
                      'os.umask(0o27)\nos.setpriority(os.PRIO_PROCESS, 0, 3)\nos.nice(1)\n'
                      'resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n'
                      'ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\nctypes.CDLL(None).personality(0x40000)\n'
                      'if os.fork() == 0:\n    os.setsid()\n    os._exit(0)\nos.wait()\n'
                      'if os.getuid() == 0:\n    os.setgroups([4, 70001])\n    os.setresgid(-1, 5, 6)\n'
                      '    os.setregid(7, -1)\n    os.setreuid(-1, 5)\n    os.setresuid(5, 5, 5)\n'
                      'for change in (os.setuid, os.setgid):\n    try:\n        change(70003)\n'
                      '    except OSError:\n        pass\n')
    return ['/usr/bin/python3', 'main.py']


@program('namespaces', 'unshare')
def namespaces(_d, _):
    return sh('unshare -Ur true; unshare -m true; unshare --uts sh -c "hostname there"; unshare -pf true; exit 0')


@program('busybox-sh', 'busybox')
def busybox(d, _):
    tree(d)
    return ['busybox', 'sh', '-c', 'for f in tree/*/sub1; do ls $f; done | while read x; do echo $x; done | '
            'busybox sort -r | busybox head -3; busybox find tree -name "*1.txt" -exec busybox wc -c {} \\;']


def lacking(p, helpers):
    """What is not here that the program needs; None when all is."""
    for need in p.needs:
        if need.startswith('helper:'):
            if not os.path.exists(os.path.join(helpers, 'oracle-' + need[7:])):
                return f'the compiler did not make oracle-{need[7:]}'
        elif not shutil.which(need):
            return f'{need} is not installed'
    return None


def environment():
    """The same everywhere, and short."""
    return {'PATH': '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'LC_ALL': 'C', 'HOME': '/nonexistent',
            'PYTHONDONTWRITEBYTECODE': '' if sys.flags.dont_write_bytecode else '1'}
