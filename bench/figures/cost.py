# SPDX-License-Identifier: MIT
"""What being watched costs the one who is watched, per system call."""
from .process import run
from .results import number, percent, times
from .tools import ESPY, FLOOR, PEERS, UNTRACED, ToolFailed, lost_in, present

OPS = {
    'getppid': 'the cheapest call, not recorded by Espy',
    'lseek': 'the cheapest call that is recorded',
    'pread': 'one byte of a cached file',
    'write-null': 'one byte to /dev/null',
    'write-file': 'one byte to a file',
    'pipe': 'one byte through a pipe: write and read',
    'open-close': 'open and close, a path of eight components',
    'stat': 'the same path',
    'fork-exec': 'fork, exec, wait of a small static program',
}
IN_KERNEL = [w.name for w in [FLOOR] + ESPY]


def loop(bench, prefix, ops, batches):
    """[(op, cpu ns, wall ns)] per batch."""
    out = bench.path('loop.out')
    p = run([*prefix, bench.program('loop'), '-b', str(batches), '-t', '2', '-o', out, '-d', bench.dir,
             '-x', bench.program('nothing'), *ops])
    if p.code != 0:
        raise ToolFailed(prefix[0] if prefix else 'loop', f'exit code {p.code}')
    with open(out, encoding='ascii') as f:
        rows = [line.split() for line in f]
    return [(op, int(cpu) / int(n), int(wall) / int(n)) for op, n, cpu, wall in rows]


class Samples:
    """What was measured while nobody else traced, and apart from that what was not."""

    def __init__(self):
        self.clean, self.other = {}, {}

    def take(self, way, rows, clean):
        into = self.clean if clean else self.other
        for op, cpu, wall in rows:
            into.setdefault((op, way.name), []).append((cpu, wall))

    def give(self, results):
        for key in {**self.other, **self.clean}:
            values = self.clean.get(key) or self.other[key]
            results.add(f'cost/{key[0]}/{key[1]}.cpu', (c for c, _ in values), 'ns')
            results.add(f'cost/{key[0]}/{key[1]}.wall', (w for _, w in values), 'ns')


def one(bench, way, samples, batches):
    before = bench.quiet.alone()
    with way.around(bench) as prefix:
        rows = loop(bench, prefix, way.ops or OPS, batches)
    samples.take(way, rows, before and not bench.kernel.links())


def measure(bench):
    samples, lost = Samples(), 0
    ways = [UNTRACED, FLOOR] + ESPY
    peers = list(present(PEERS, bench.results, 'cost per call'))
    for n in range(bench.rounds):
        bench.say(f'cost per system call, round {n + 1} of {bench.rounds}')
        for way in ways if n % 2 == 0 else reversed(ways):
            one(bench, way, samples, bench.batches)
            if way is ESPY[0]:
                lost += lost_in(bench, bench.trace) or 0
    for n in range(1 if bench.quick else 2):
        for way in list(peers):
            bench.say(f'cost per system call under {way.name}')
            try:
                one(bench, way, samples, bench.batches // 2)
            except ToolFailed as e:
                peers.remove(way)
                bench.results.skip(f'{way.name} (cost per call)', e.why)
    samples.give(bench.results)
    bench.results.add('cost/lost', [lost], 'events')
    tables(bench.results, ways + peers, lost)


def tables(results, ways, lost):
    time_table(results, ways)
    added_table(results)
    detail_table(results, ways, lost)


def time_table(results, ways):
    t = results.table('Time per operation', 'CPU time of the thread that does it, ns, the best of all batches, and how '
                      'many times the untraced one; under strace, where the work is done by another process while this '
                      'one waits, wall clock. ' + ' · '.join(f'{op}: {text}' for op, text in OPS.items()) + '.',
                      [''] + list(OPS))
    for way in ways:
        cells = []
        for op in OPS:
            f = results.get(f'cost/{op}/{way.name}.{"wall" if way.waits else "cpu"}')
            base = results.get(f'cost/{op}/untraced.cpu')
            cells.append(f'{number(round(f.best))} ({times(f.best, base.best)})' if f else '')
        t.row(way.name, *cells)


def added(results, op, way):
    f, base = results.get(f'cost/{op}/{way}.cpu'), results.get(f'cost/{op}/untraced.cpu')
    return f.best - base.best if f and base else None


def added_table(results):
    t = results.table('Added by what runs in the kernel', 'CPU time of the calling thread, ns per operation over '
                      'the untraced one, best of all batches, and how many times what the empty programs add.',
                      [''] + list(OPS))
    for way in IN_KERNEL:
        cells = []
        for op in OPS:
            a, floor = added(results, op, way), added(results, op, FLOOR.name)
            if a is not None:
                results.add(f'added/{op}/{way}', [a], 'ns')
            ratio = f' ({times(a, floor)})' if way != FLOOR.name and floor and floor > 5 else ''
            cells.append(number(round(a)) + ratio if a is not None else '')
        t.row(way, *cells)


def detail_table(results, ways, lost):
    t = results.table('Spread of the same', f'CPU time per operation, ns. Spread: the middle half of all batches, '
                      f'as a part of the median. Espy lost {number(lost)} events in its runs.',
                      ['operation', 'under', 'best', 'median', 'spread', 'batches', 'wall best', 'wall median'])
    for op in OPS:
        for way in ways:
            f, w = results.get(f'cost/{op}/{way.name}.cpu'), results.get(f'cost/{op}/{way.name}.wall')
            if f:
                t.row(op, way.name, number(round(f.best)), number(round(f.median)), percent(f.spread),
                      len(f.values), number(round(w.best)), number(round(w.median)))
