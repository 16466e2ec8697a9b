# SPDX-License-Identifier: MIT
"""Two processes do one thing as fast as they can: what is lost, and what Espy itself needs."""
import json
import os
import re
import time

from .process import output, run
from .results import megabytes, number, percent
from .tools import FLOOD_PEERS, Recorder, ToolFailed, count_in, lost_in, present
from .work import works

# Name, operation, how many a second in both processes together (None: as many as go), what it is called in
# the trace, events per operation.
CASES = [
    ('pread, all that goes', 'pread', None, 'read', 1),
    ('lseek, all that goes', 'lseek', None, 'seek', 1),
    ('pread, 500,000 a second', 'pread', 500000, 'read', 1),
    ('open+close, all that goes', 'open-close', None, 'open', 2),
]
PEER_RATE = 100000


def arguments(bench, op, rate, seconds, processes=2, count=None):
    argv = [bench.program('flood'), '-n', str(processes), '-d', bench.dir, '-x', bench.program('nothing')]
    argv += ['-c', str(count)] if count else ['-s', str(seconds)]
    return argv + (['-r', str(rate // processes)] if rate else []) + [op]


def parse(out):
    n, wall, _ = out.split()
    return int(n), int(wall) / 1e9


def flood(bench, op, rate, seconds, processes=2, count=None):
    """(operations, seconds) of bench/flood.c."""
    code, out, err = output(arguments(bench, op, rate, seconds, processes, count), timeout=seconds + 120)
    if code != 0:
        raise ToolFailed('flood', err.strip())
    return parse(out)


def told_in(bench, trace, shown):
    """(operations that the trace tells of, how many of them in runs that are told as one)."""
    which = f'process == flood and op == {shown} and path contains "folder"'
    rows, merged, runs = count_in(bench, trace, which) or 0, 0, 0
    if shown in ('read', 'write'):
        code, out, _ = output([bench.espy, 'show', trace, which + ' and times > 0', '-f', 'json', '-c', 'times'], timeout=300)
        for line in out.splitlines() if code == 0 else ():
            merged, runs = merged + json.loads(line)['times'], runs + 1
    return rows - runs + merged, merged


def case(bench, name, op, rate, shown, factor):
    bench.say(f'loss and load: {name}')
    bench.quiet.alone()
    recorder = Recorder(bench, bench.trace)
    try:
        made, wall = flood(bench, op, rate, 2 if bench.quick else 3)
    finally:
        recorder.stop()
    found, merged = told_in(bench, bench.trace, shown)
    add = bench.results.add
    add(f'flood/{name}.rate', [made * factor / wall], 'events/s', better=1)
    add(f'flood/{name}.lost', [recorder.lost], 'events')
    add(f'flood/{name}.not_told', [made - found - recorder.lost], 'events')
    if recorder.events:
        add(f'flood/{name}.agent', [recorder.cpu / recorder.events * 1e9], 'ns/event')
        add(f'flood/{name}.bytes', [recorder.bytes / recorder.events], 'bytes/event')
    add(f'flood/{name}.peak', [recorder.peak], 'bytes')
    return [name, number(round(made * factor / wall)), number(recorder.events), number(recorder.lost),
            number(max(0, made - found - recorder.lost)), number(merged),
            number(recorder.cpu / max(1, recorder.events) * 1e9),
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
            number(recorder.lost), '', '', number(recorder.cpu / n * 1e9), number(recorder.bytes / n),
            megabytes(recorder.peak), megabytes(recorder.anon)]


def storm(bench):
    """espy run --lossless: the storm is held instead of losing events of it."""
    seconds = 10 if bench.quick else 30
    bench.say(f'a storm of {seconds} s with --lossless')
    made, wall = flood(bench, 'lseek', None, 2)
    out = bench.path('storm.out')
    p = run([bench.espy, 'run', '-q', '--lossless', '-o', bench.trace, '--', *arguments(bench, 'lseek', None, seconds)],
            stdout=out)
    if p.code != 0:
        raise ToolFailed('espy run --lossless', f'exit code {p.code}')
    with open(out, encoding='ascii') as f:
        done, took = parse(f.read())
    found, lost = count_in(bench, bench.trace, 'process == flood and op == seek') or 0, lost_in(bench, bench.trace)
    _, text, _ = output([bench.espy, 'show', bench.trace, 'hold', '-f', 'json', '-c', 'duration'], timeout=300)
    holds = [json.loads(line)['duration_ns'] for line in text.splitlines()]
    bench.results.add('storm/lost', [lost], 'events')
    bench.results.add('storm/not_told', [done - found], 'events')
    bench.results.add('storm/rate', [done / took], 'events/s', better=1)
    t = bench.results.table('A storm without loss', 'lseek in two processes as fast as it goes, '
                            '`espy run --lossless`; "untraced" is what they do with nobody looking. A hold is a time in '
                            'which both were stopped because a buffer was full.',
                            ['seconds', 'untraced/s', 'done/s', 'done', 'recorded', 'lost', 'holds', 'held', 'bytes/event'])
    t.row(number(round(took, 1)), number(round(made / wall)), number(round(done / took)), number(done), number(found),
          number(lost), number(len(holds)), percent(sum(holds) / 1e9 / took),
          number(os.path.getsize(bench.trace) / max(1, found)))


def count_lines(path):
    with open(path, 'rb') as f:
        return sum(1 for _ in f)


def beside_flood(bench, way, seconds):
    """(made, wall, CPU of the tool) where it watches from beside."""
    p = way.start(bench)
    try:
        before = p.cpu_now()
        made, wall = flood(bench, 'pread', PEER_RATE, seconds)
    finally:
        p.stop()
    return made, wall, p.cpu - before


def around_flood(bench, way, seconds):
    """The same where it is the parent: its time is what is not the flood's own."""
    argv = [bench.fill(w) for w in way.wrap] + arguments(bench, 'pread', PEER_RATE, seconds)
    out = bench.path('storm.out')
    p = run(argv, stdout=out, stderr=bench.path('tool.err'))
    if p.code != 0:
        raise ToolFailed(way.name, f'exit code {p.code}')
    with open(out, encoding='ascii') as f:
        text = f.read()
    return *parse(text), p.cpu - (int(text.split()[2]) / 1e9 if way.reaps else 0)


def lost_by(bench, path, is_text):
    """What the tool says that it lost, in its output or its messages."""
    text = ''
    for name in [bench.path('tool.err')] + ([path] if is_text else []):
        with open(name, encoding='utf-8', errors='replace') as f:
            text += f.read()
    return sum(int(m[1]) for m in re.finditer(r'(?i)lost (\d+) (?:events|chunks)', text))


def peer(bench, way, seconds):
    """What another tool uses for the same preads at a rate that it may follow."""
    bench.say(f'load of {way.name}')
    made, wall, cpu = (around_flood if way.wrap else beside_flood)(bench, way, seconds)
    path = bench.path('out')
    got, lost = (way.count or count_lines)(path), lost_by(bench, path, not way.count)
    bench.results.add(f'flood/{way.name}.agent', [cpu / made * 1e9], 'ns/call')
    return [way.name, number(round(made / wall)), number(made), number(got), number(lost) if lost else 'says none',
            number(round(cpu / made * 1e9)), number(os.path.getsize(path) / made)]


def own_row(bench, seconds):
    bench.say(f'loss and load: pread, {PEER_RATE:,} a second')
    recorder = Recorder(bench, bench.trace)
    try:
        made, wall = flood(bench, 'pread', PEER_RATE, seconds)
    finally:
        recorder.stop()
    return ['espy', number(round(made / wall)), number(made), number(recorder.events), number(recorder.lost),
            number(round(recorder.cpu / recorder.events * 1e9)), number(recorder.bytes / recorder.events)]


def beside(bench):
    seconds = 1 if bench.quick else 3
    t = bench.results.table('The same for other tools', f'pread {PEER_RATE:,} times a second in two processes, of which '
                            'all is asked for; CPU time of the tool and size of its file by the calls that were made, for '
                            'Espy, which records the machine, by the events. A call is one line, with perf record two records.',
                            ['', 'calls/s', 'calls', 'lines or records', 'lost', 'CPU ns/call', 'bytes/call'])
    try:
        t.row(*own_row(bench, seconds))
    except ToolFailed as e:
        bench.results.skip('load: espy', e.why)
    for way in present(FLOOD_PEERS, bench.results, 'load'):
        try:
            t.row(*peer(bench, way, seconds))
        except (ToolFailed, OSError) as e:
            bench.results.skip(f'load: {way.name}', str(getattr(e, 'why', e)))


def measure(bench):
    t = bench.results.table(
        'Loss and load', 'Two processes, one on each of two processors, the whole machine recorded to a file. '
        '"lost" is what Espy says itself; "not told" is what was done, not recorded and not counted as lost, and '
        'must be 0; "in runs" are calls that were told many as one. CPU is user and system time of espy, from when it '
        'is ready to its end, the file included. Resident memory holds the rings, which the kernel owns; "own" is '
        'without them.',
        ['', 'events/s made', 'recorded', 'lost', 'not told', 'in runs', 'CPU ns/event', 'bytes/event',
         'peak resident', 'own'])
    for row in CASES:
        try:
            t.row(*case(bench, *row))
        except ToolFailed as e:
            bench.results.skip(f'loss: {row[0]}', e.why)
    try:
        t.row(*mixed(bench))
    except ToolFailed as e:
        bench.results.skip('loss: real work', e.why)
    try:
        storm(bench)
    except ToolFailed as e:
        bench.results.skip('a storm with --lossless', e.why)
    beside(bench)
