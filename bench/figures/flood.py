# SPDX-License-Identifier: MIT
"""Two processes do one thing as fast as they can: what is lost, and what Espy itself needs."""
import time

from .process import output
from .results import megabytes, number
from .tools import Recorder, ToolFailed, count_in
from .work import works

# Name, operation, how many a second in both processes together (None: as many as go), what it is called in
# the trace, events per operation.
CASES = [
    ('pread, all that goes', 'pread', None, 'read', 1),
    ('lseek, all that goes', 'lseek', None, 'seek', 1),
    ('pread, 500,000 a second', 'pread', 500000, 'read', 1),
    ('open+close, all that goes', 'open-close', None, 'open', 2),
]


def flood(bench, op, rate, seconds, processes=2):
    """(operations, seconds) of bench/flood.c."""
    argv = [bench.program('flood'), '-s', str(seconds), '-n', str(processes), '-d', bench.dir,
            '-x', bench.program('nothing')]
    if rate:
        argv += ['-r', str(rate // processes)]
    code, out, err = output(argv + [op])
    if code != 0:
        raise ToolFailed('flood', err.strip())
    n, wall, _ = out.split()
    return int(n), int(wall) / 1e9


def case(bench, name, op, rate, shown, factor):
    bench.say(f'loss and load: {name}')
    bench.quiet.alone()
    recorder = Recorder(bench, bench.trace)
    try:
        made, wall = flood(bench, op, rate, 2 if bench.quick else 5)
    finally:
        recorder.stop()
    found = count_in(bench, bench.trace, f'process == flood and op == {shown} and path contains "folder"') or 0
    add = bench.results.add
    add(f'flood/{name}.rate', [made * factor / wall], 'events/s', better=1)
    add(f'flood/{name}.lost', [recorder.lost], 'events')
    add(f'flood/{name}.not_told', [made - found - recorder.lost], 'events')
    if recorder.events:
        add(f'flood/{name}.agent', [recorder.cpu / recorder.events * 1e9], 'ns/event')
        add(f'flood/{name}.bytes', [recorder.bytes / recorder.events], 'bytes/event')
    add(f'flood/{name}.peak', [recorder.peak], 'bytes')
    return [name, number(round(made * factor / wall)), number(recorder.events), number(recorder.lost),
            number(max(0, made - found - recorder.lost)), number(recorder.cpu / max(1, recorder.events) * 1e9),
            number(recorder.bytes / max(1, recorder.events)), megabytes(recorder.peak), megabytes(recorder.anon)]


def mixed(bench):
    """Real work instead of a loop; what it did is not known, only what was recorded and lost."""
    bench.say('loss and load: real work')
    bench.quiet.alone()
    recorder, start = Recorder(bench, bench.trace), time.monotonic()
    try:
        for work in works(bench):
            if work.name in ('C compile', 'tar', 'git', 'find'):
                output(work.argv, cwd=bench.root, timeout=300)
        wall = time.monotonic() - start
    finally:
        recorder.stop()
    add, n = bench.results.add, max(1, recorder.events)
    add('flood/real work.lost', [recorder.lost], 'events')
    add('flood/real work.agent', [recorder.cpu / n * 1e9], 'ns/event')
    add('flood/real work.bytes', [recorder.bytes / n], 'bytes/event')
    add('flood/real work.peak', [recorder.peak], 'bytes')
    return ['compile, tar, git, find', number(round(recorder.events / wall)), number(recorder.events),
            number(recorder.lost), '', number(recorder.cpu / n * 1e9), number(recorder.bytes / n),
            megabytes(recorder.peak), megabytes(recorder.anon)]


def measure(bench):
    t = bench.results.table(
        'Loss and load', 'Two processes, one on each of two processors, the whole machine recorded to a file. '
        '"lost" is what Espy says itself; "not told" is what was done, not recorded and not counted as lost, and '
        'must be 0. CPU is user and system time of espy, from when it is ready to its end, the file included. '
        'Resident memory holds the rings, which the kernel owns; "own" is without them.',
        ['', 'events/s made', 'recorded', 'lost', 'not told', 'CPU ns/event', 'bytes/event', 'peak resident', 'own'])
    for row in CASES:
        try:
            t.row(*case(bench, *row))
        except ToolFailed as e:
            bench.results.skip(f'loss: {row[0]}', e.why)
    try:
        t.row(*mixed(bench))
    except ToolFailed as e:
        bench.results.skip('loss: real work', e.why)
