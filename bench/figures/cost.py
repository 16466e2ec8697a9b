# SPDX-License-Identifier: MIT
"""What being watched costs the one who is watched, per system call."""
import os
import statistics

from .process import run
from .results import number, percent, times
from .tools import ESPY, FLOOR, PEERS, RECORDS, UNTRACED, ToolFailed, lost_in, present

OPS = {
    'getppid': 'the cheapest call, not recorded by Espy',
    'lseek': 'the cheapest call that is recorded',
    'pread': 'one byte of a cached file',
    'pwrite': 'one byte to a file',
    'write-null': 'one byte to /dev/null',
    'pipe': 'one byte through a pipe: write and read',
    'open-close': 'open and close, a path of eight components',
    'stat': 'the same path',
    'fork-exec': 'fork, exec, wait of a small static program',
}
IN_KERNEL = [w.name for w in [FLOOR, RECORDS] + ESPY]
ROUND = [FLOOR, RECORDS] + ESPY  # each between two looks at the untraced loop, with which it is compared
STEADY = 0.06  # these two may differ by so much, or the machine has changed its speed


def loop(bench, prefix, ops, batches, more=()):
    """[(op, cpu ns, wall ns)] per batch; all of it on the last processor, so that no batch depends on where the
    scheduler puts a child."""
    out = bench.path('loop.out')
    p = run([*prefix, bench.program('loop'), '-b', str(batches), '-t', '2', '-o', out, '-d', bench.dir,
             '-p', str(os.cpu_count() - 1), '-x', bench.program('nothing'), *more, *ops])
    if p.code != 0:
        raise ToolFailed(prefix[0] if prefix else 'loop', f'exit code {p.code}')
    with open(out, encoding='ascii') as f:
        rows = [line.split() for line in f]
    return [(op, int(cpu) / int(n), int(wall) / int(n)) for op, n, cpu, wall in rows]


def _is_near(a, b):
    return max(a, b) / min(a, b) - 1 <= STEADY


class Samples:
    """Batches by operation and way, those that were measured while nobody else traced apart from the others; and
    by round what is to be compared with each other."""

    def __init__(self):
        self.clean, self.other = {}, {}
        self.ratios, self.added, self.floors = {}, {}, {}
        self.again, self.pairs, self.unsteady = {}, 0, 0

    def take(self, way, rows, clean):
        """Keeps the batches; {op: their lower quartile, CPU ns}: what disturbs some of them is not in it."""
        into, by_op = self.clean if clean else self.other, {}
        for op, cpu, wall in rows:
            into.setdefault((op, way.name), []).append((cpu, wall))
            by_op.setdefault(op, []).append(cpu)
        return {op: statistics.quantiles(v, n=4)[0] for op, v in by_op.items()}

    def take_round(self, looks, seen):
        """`looks` at the untraced loop, each {op: ns}; `seen`: between them [(name, {op: ns})]."""
        for op in looks[0]:
            added = {}
            for n, (name, found) in enumerate(seen):
                if op in found:
                    self._take_one(op, name, (looks[n][op], looks[n + 1][op]), found[op], added)
            floor, floor_base = added.pop(FLOOR.name, (0, 1))
            for name, (ns, base) in added.items():
                if name in IN_KERNEL and floor > 5 and _is_near(base, floor_base):
                    self.floors.setdefault((op, name), []).append(ns / floor)

    def _take_one(self, op, name, plain, ns, added):
        self.pairs += 1
        if not _is_near(*plain):
            self.unsteady += 1
            return
        base = sum(plain) / 2
        self.again.setdefault(op, []).append(plain[1] / plain[0])
        self.ratios.setdefault((op, name), []).append(ns / base)
        self.added.setdefault((op, name), []).append(ns - base)
        added[name] = ns - base, base

    def give(self, results):
        for key in {**self.other, **self.clean}:
            values = self.clean.get(key) or self.other[key]
            results.add(f'cost/{key[0]}/{key[1]}.cpu', (c for c, _ in values), 'ns')
            results.add(f'cost/{key[0]}/{key[1]}.wall', (w for _, w in values), 'ns')
        for prefix, by_key, unit in (('ratio', self.ratios, '×'), ('added', self.added, 'ns'), ('floor', self.floors, '×')):
            for (op, name), values in by_key.items():
                results.add(f'{prefix}/{op}/{name}', values, unit)
        for op, values in self.again.items():
            results.add(f'again/{op}', values, '×')
        results.add('again/unsteady', [self.unsteady / self.pairs if self.pairs else 1.0], 'part')


def one(bench, way, samples, batches):
    before = bench.quiet.alone()
    with way.around(bench) as prefix:
        rows = loop(bench, prefix, way.ops or OPS, batches)
    return samples.take(way, rows, before and not bench.kernel.links())


def one_round(bench, samples, forward):
    lost, seen = 0, []
    looks = [one(bench, UNTRACED, samples, bench.batches)]
    for way in ROUND if forward else ROUND[::-1]:
        seen.append((way.name, one(bench, way, samples, bench.batches)))
        if way is ESPY[0]:
            lost += lost_in(bench, bench.trace) or 0
        looks.append(one(bench, UNTRACED, samples, bench.batches))
    samples.take_round(looks, seen)
    return lost


def peers_round(bench, samples, peers):
    """Each between two looks at the untraced loop, and only what takes long enough to be worth comparing."""
    for way in list(peers):
        bench.say(f'cost per system call under {way.name}')
        try:
            before = one(bench, UNTRACED, samples, 3)
            seen = [(way.name, one(bench, way, samples, 10))]
            samples.take_round([before, one(bench, UNTRACED, samples, 3)], seen)
        except ToolFailed as e:
            peers.remove(way)
            bench.results.skip(f'{way.name} (cost per call)', e.why)


def measure(bench):
    samples, lost = Samples(), 0
    ways = [UNTRACED, FLOOR, RECORDS] + ESPY
    peers = list(present(PEERS, bench.results, 'cost per call'))
    for n in range(bench.rounds):
        bench.say(f'cost per system call, round {n + 1} of {bench.rounds}')
        lost += one_round(bench, samples, n % 2 == 0)
    peers_round(bench, samples, peers)
    samples.give(bench.results)
    bench.results.add('cost/lost', [lost], 'events')
    time_table(bench.results, ways + peers)
    added_table(bench.results)
    ratio_table(bench.results)
    detail_table(bench.results, ways + peers, lost)


def time_table(results, ways):
    t = results.table('Time per operation', 'CPU time of the thread that does it, ns, the best of all batches, and how '
                      'many times the best untraced one; under strace, where the work is done by another process while '
                      'this one waits, wall clock. ' + ' · '.join(f'{op}: {text}' for op, text in OPS.items()) + '.',
                      [''] + list(OPS))
    for way in ways:
        cells = []
        for op in OPS:
            f = results.get(f'cost/{op}/{way.name}.{"wall" if way.waits else "cpu"}')
            base = results.get(f'cost/{op}/untraced.cpu')
            cells.append(f'{number(round(f.best))} ({times(f.best, base.best)})' if f and base else '')
        t.row(way.name, *cells)


def added_table(results):
    t = results.table('Added by what runs in the kernel', 'CPU time of the calling thread, ns per operation over '
                      'the untraced one, and how many times what the empty programs add in the same round: medians '
                      'of the rounds.', [''] + list(OPS))
    for way in IN_KERNEL:
        cells = []
        for op in OPS:
            a, f = results.get(f'added/{op}/{way}'), results.get(f'floor/{op}/{way}')
            ratio = f' ({f.median:.2f}×)' if f and way != FLOOR.name else ''
            cells.append(number(round(a.median)) + ratio if a else '')
        t.row(way, *cells)


def ratio_table(results):
    t = results.table('Times the untraced one', 'The lower quartile of a run\'s batches by the mean of those of the untraced runs '
                      'before and after it; minimum, median and spread (the middle half, as a part of the median) of '
                      f'the rounds. Where the two untraced runs differ by more than {percent(STEADY)} the machine '
                      'changed its speed, and that round is left out. "again": one of these by the other, which should be 1.00.',
                      ['operation', 'under', 'minimum', 'median', 'spread', 'rounds'])
    for op in OPS:
        for name in ['again', *IN_KERNEL]:
            f = results.get(f'again/{op}' if name == 'again' else f'ratio/{op}/{name}')
            if f:
                t.row(op, name, f'{f.best:.3f}×', f'{f.median:.3f}×', percent(f.spread), len(f.values))


def detail_table(results, ways, lost):
    t = results.table('Spread of the same', f'CPU time per operation, ns, of all batches. Espy lost {number(lost)} '
                      'events in its runs.',
                      ['operation', 'under', 'minimum', 'median', 'spread', 'batches', 'wall minimum', 'wall median'])
    for op in OPS:
        for way in ways:
            f, w = results.get(f'cost/{op}/{way.name}.cpu'), results.get(f'cost/{op}/{way.name}.wall')
            if f:
                t.row(op, way.name, number(round(f.best)), number(round(f.median)), percent(f.spread),
                      len(f.values), number(round(w.best)), number(round(w.median)))
