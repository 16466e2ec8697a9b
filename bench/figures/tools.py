# SPDX-License-Identifier: MIT
"""Espy in its ways of recording, and the tools beside it, all behind one door."""
import contextlib
import os
import re
import shutil
import signal

from .process import Process, output, run

SUMMARY = re.compile(r'espy: (\d+) events in .*, (\d+) lost')

# Every call of the loop with its result and duration: what bpftrace can say in a few lines.
BPFTRACE_CALLS = '''
tracepoint:raw_syscalls:sys_enter /comm == "loop"/ { @at[tid] = nsecs; }
tracepoint:raw_syscalls:sys_exit /@at[tid]/ {
    printf("%s %d %d %d %d\\n", comm, pid, args->id, args->ret, nsecs - @at[tid]); delete(@at[tid]); }
'''
BPFTRACE_EXECS = '''
tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, str(args->filename)); }
tracepoint:sched:sched_process_exit { printf("%d exit\\n", pid); }
'''


class Way:
    """A way to be traced. As a context it is around what runs: `with way.around(bench) as prefix`."""

    def __init__(self, name, about, package=None, wrap=None, beside=None, ops=None, wait='quiet',
                 waits=False, count=None, reaps=True):
        self.name, self.about, self.package, self.waits = name, about, package, waits
        self.wrap, self.beside, self.ops, self.wait = wrap, beside, ops, wait
        self.count = count  # what a finished output file holds, where that is not lines
        self.reaps = reaps  # it waits for what it started, whose time is then in its own

    def program(self):
        return (self.wrap or self.beside or [''])[0]

    @contextlib.contextmanager
    def around(self, bench):
        """Starts what stands beside; gives the words to put before the command."""
        p = self.start(bench) if self.beside else None
        try:
            yield [bench.fill(w) for w in self.wrap or []]
        finally:
            if p:
                p.stop()

    def start(self, bench):
        argv = [bench.fill(w) for w in self.beside]
        p = Process(argv, stdout=bench.path('tool.out'), stderr=bench.path('tool.err'))
        ready = p.await_sleep() if self.wait == 'sleep' else p.await_quiet()
        if not ready:
            if p.running():
                p.stop(signal.SIGKILL)
            raise ToolFailed(self.name, first_line(bench.path('tool.err')))
        return p


class ToolFailed(Exception):
    def __init__(self, name, why):
        super().__init__(f'{name}: {why}')
        self.name, self.why = name, why


def first_line(path):
    with open(path, encoding='utf-8', errors='replace') as f:
        return next((line.strip() for line in f if line.strip()), 'it ended at once')


UNTRACED = Way('untraced', 'nobody looks')
FLOOR = Way('empty programs', 'two BPF programs that do nothing on entry and exit: the kernel\'s own price',
            beside=['{floor}'], wait='sleep')

RECORDS = Way('smallest records', 'two BPF programs that note begin, end and result of every call of the machine in 64 bytes that '
              'nobody reads: the kernel\'s price for any record with a duration', beside=['{floor}', 'records'], wait='sleep')

ESPY = [
    Way('espy', 'all recorded to a file: `espy run`', wrap=['{espy}', 'run', '-q', '-o', '{trace}', '--']),
    Way('espy, filtered out', '`espy run -F exec`: the calls are not wanted',
        wrap=['{espy}', 'run', '-q', '-F', 'exec', '-o', '{trace}', '--']),
    Way('espy, other class', '`espy record -F fork,exec,exit` of the machine while the loop runs',
        beside=['{espy}', 'record', '-q', '-F', 'fork,exec,exit', '-o', '{trace}'], wait='sleep'),
    Way('espy, other process', 'Espy records all of another process while the loop runs',
        beside=['{espy}', 'record', '-q', '-p', '{idle}', '-o', '{trace}'], wait='sleep'),
    Way('espy, other program', '`espy record -F "exe == /sbin/init"` of the machine while the loop runs',
        beside=['{espy}', 'record', '-q', '-F', 'exe == /sbin/init', '-o', '{trace}'], wait='sleep'),
    Way('espy, other paths', '`espy record -F "path under /nowhere"` of the machine while the loop runs',
        beside=['{espy}', 'record', '-q', '-F', 'path under /nowhere', '-o', '{trace}'], wait='sleep'),
]

PEERS = [
    Way('strace', '`strace -f -o FILE`', 'strace', wrap=['strace', '-f', '-o', '{out}'],
        waits=True),
    Way('perf trace', '`perf trace -o FILE`', 'linux-perf', wrap=['perf', 'trace', '-o', '{out}']),
    Way('perf record', '`perf record -e raw_syscalls:*`, entry and exit with their arguments', 'linux-perf',
        wrap=['perf', 'record', '-q', '-e', 'raw_syscalls:*', '-o', '{out}']),
    Way('bpftrace', 'a line with result and duration per call', 'bpftrace',
        beside=['bpftrace', '-B', 'full', '-o', '{out}', '-e', BPFTRACE_CALLS]),
    Way('opensnoop', 'opens only, no result of anything else', 'libbpf-tools', beside=['opensnoop'],
        ops=('open-close',)),
    Way('execsnoop', 'execs only', 'libbpf-tools', beside=['execsnoop'], ops=('fork-exec',)),
    Way('forkstat', 'forks, execs and exits', 'forkstat', beside=['forkstat', '-l'], ops=('fork-exec',)),
]

WORK_PEERS = [w for w in PEERS if w.name in ('strace', 'perf trace', 'perf record')]


def perf_samples(path):
    code, out, _ = output(['perf', 'report', '--stats', '-i', path], timeout=120)
    m = re.search(r'SAMPLE events: +(\d+)', out) if code == 0 else None
    return int(m[1]) if m else None


FLOOD_PEERS = [
    Way('strace', '', 'strace', wrap=['strace', '-f', '-T', '-o', '{out}']),
    Way('perf trace', '', 'linux-perf', wrap=['perf', 'trace', '-o', '{out}'], reaps=False),
    Way('perf record', '', 'linux-perf', count=perf_samples,
        wrap=['perf', 'record', '-q', '-e', 'raw_syscalls:*', '-o', '{out}']),
    Way('bpftrace', 'a line with result and duration per call', 'bpftrace',
        beside=['bpftrace', '-B', 'full', '-o', '{out}', '-e', BPFTRACE_CALLS.replace('"loop"', '"flood"')]),
]

EXEC_PEERS = [
    Way('execsnoop', 'execs, no exits', 'libbpf-tools', beside=['execsnoop']),
    Way('bpftrace', 'a line per exec and per exit', 'bpftrace',
        beside=['bpftrace', '-B', 'full', '-o', '{out}', '-e', BPFTRACE_EXECS]),
    Way('forkstat', 'a line per fork, exec and exit', 'forkstat', beside=['forkstat', '-l']),
]


def present(ways, results, what):
    """Those whose program is there; the others are noted as skipped."""
    for way in ways:
        if shutil.which(way.program()) is None:
            results.skip(f'{way.name} ({what})', f'not installed: apt-get install {way.package}')
        else:
            yield way


# --- Espy itself ------------------------------------------------------------------------------------


class Recorder:
    """espy record of the whole machine (or as `options` say), with what it used."""

    def __init__(self, bench, trace, options=()):
        self.trace, self.err = trace, bench.path('record.err')
        self.p = Process([bench.espy, 'record', '-o', trace, *options], stderr=self.err)
        if not self.p.await_sleep():
            if self.p.running():
                self.p.stop(signal.SIGKILL)
            raise ToolFailed('espy record', first_line(self.err))
        self.cpu_before = self.p.cpu_now()

    def stop(self):
        memory = self.p.memory()
        self.p.stop()
        self.cpu = self.p.cpu - self.cpu_before
        self.peak = max(self.p.peak or 0, memory.get('VmHWM', 0))
        self.anon = memory.get('RssAnon', 0)
        with open(self.err, encoding='utf-8', errors='replace') as f:
            m = SUMMARY.search(f.read())
        if not m:
            raise ToolFailed('espy record', first_line(self.err))
        self.events, self.lost = int(m[1]), int(m[2])
        self.bytes = os.path.getsize(self.trace)


def lost_in(bench, trace):
    """What the loss records of a trace add up to."""
    code, out, _ = output([bench.espy, 'show', trace, 'loss', '-f', 'json'])
    return sum(int(n) for n in re.findall(r'"lost":(\d+)', out)) if code == 0 else None


def count_in(bench, trace, *expression):
    """How many events of a trace match; without an expression: how many there are."""
    code, out, _ = output([bench.espy, 'summary', trace, 'class', *expression, '-f', 'json'], timeout=300)
    return sum(int(n) for n in re.findall(r'"events":(\d+)', out)) if code == 0 else None


def record_command(bench, trace, argv, cwd=None):
    """espy run of a command: (events, bytes)."""
    p = run([bench.espy, 'run', '-q', '-o', trace, '--', *argv], cwd=cwd)
    if p.code == 125:
        raise ToolFailed('espy run', 'it could not record')
    return count_in(bench, trace), os.path.getsize(trace)
