# SPDX-License-Identifier: MIT
"""How what Espy costs grows with processors, processes, depth of paths, terms of a filter, length of a trace."""
import os
import statistics
import time

from . import plot
from .cost import loop
from .flood import arguments, flood
from .process import output, run
from .questions import many
from .results import number
from .times import make_trace
from .tools import Recorder, ToolFailed

TERMS = [1, 8, 64, 512]
LONG = 10_000_000  # events; asked once
# By operation the kernel leaves the preads out, whatever the terms are.
FILTERS = {
    'by operation': ('exec and (', 'path == "/none/{}"'),
    'by prefix of path': ('read and (', 'path startswith "/none/{}/"'),
    'by text in path': ('read and (', 'path contains "none-{}-"'),
}
QUESTIONS = {
    'show': ['show', '{trace}', '-f', 'csv'],
    'show one in ten thousand': ['show', '{trace}', 'path endswith "/stdio.h"'],
    'count': ['count', '{trace}', 'op'],
    'summary': ['summary', '{trace}'],
}


class Sweep:
    """One thing that grows: rows of a table, a plot, and an exponent for each series."""

    def __init__(self, bench, name, x_name, y_name, about):
        self.bench, self.name, self.x_name, self.y_name, self.about = bench, name, x_name, y_name, about
        self.series = {}

    def add(self, series, x, y):
        self.series.setdefault(series, []).append((x, y))
        self.bench.results.add(f'scale/{self.name}/{series}/{x}', [y], self.y_name)

    def finish(self, table):
        excess = max(0, (plot.exponent(self.series.get('untraced', [])) or 0) - 1)
        for series, points in self.series.items():
            k, verdict = plot.exponent(points), ''
            if k is None:
                continue
            if 'untraced' not in series:
                self.bench.results.add(f'scale/{self.name}/{series}.exponent', [k - excess], 'exponent')
                verdict = 'worse than linear' if k - excess > plot.WORST else 'yes'
            table.row(f'{self.name}: {series}', ', '.join(f'{plot.short(x)}: {number(y)}' for x, y in points), self.y_name,
                      f'{k:.2f}', verdict)
        self.bench.results.plot(plot.draw(f'{self.name}: {self.about}', self.x_name, self.y_name, list(self.series.items())))


def recording(bench, options=()):
    return Recorder(bench, bench.path('scale.espy'), ['-q', *options])


def watched(bench, recorder, op, count, processes):
    """(CPU ns per operation of who does it, CPU ns per operation of espy)."""
    before = recorder.p.cpu_now() if recorder else 0
    code, out, err = output(arguments(bench, op, None, 0, processes, count // processes))
    if code:
        raise ToolFailed('flood', err.strip())
    n, _, cpu = (int(x) for x in out.split())
    if not recorder:
        return cpu / n, 0
    time.sleep(0.1)  # what is in the rings
    return cpu / n, (recorder.p.cpu_now() - before) * 1e9 / n


def by_processes(bench, table):
    """The same work by more and more processes, the first ones with a processor each."""
    cpus, total = os.cpu_count(), 300000 if bench.quick else 400000
    counts = sorted({1, cpus, 4, 16, 64} | (set() if bench.quick else {256}))
    plain, seen = {n: [] for n in counts}, {n: [] for n in counts}
    for recorded in (False, True, False, True):
        recorder = recording(bench) if recorded else None
        try:
            for n in counts:
                (seen if recorded else plain)[n].append(watched(bench, recorder, 'pread', total, n))
        finally:
            if recorder:
                recorder.p.stop()
    busy = Sweep(bench, 'processors', 'processors', 'ns', 'CPU time of all of them per pread of each')
    spread = Sweep(bench, 'processes', 'processes', 'ns', f'CPU time per pread, {total:,} in all')
    for name, rows, which in (('untraced', plain, 0), ('under espy', seen, 0), ('espy itself', seen, 1)):
        for n in counts:
            ns = min(r[which] for r in rows[n])
            spread.add(name, n, ns)
            if n <= cpus:
                busy.add(name, n, ns * n)
    busy.finish(table)
    spread.finish(table)


def quarter(rows, op):
    return statistics.quantiles([cpu for name, cpu, _ in rows if name == op], n=4)[0]


def by_depth(bench, table):
    depths, ops = ([4, 16, 64] if bench.quick else [4, 8, 16, 32, 64]), ['open-close', 'stat']
    plain = {d: loop(bench, [], ops, 20, ['-c', str(d)]) for d in depths}
    recorder = recording(bench)
    try:
        espy = {d: loop(bench, [], ops, 20, ['-c', str(d)]) for d in depths}
    finally:
        recorder.p.stop()
    sweep = Sweep(bench, 'path depth', 'components', 'ns', 'CPU time of a call on a path')
    for op in ops:
        for d in depths:
            sweep.add(f'{op}, untraced', d, quarter(plain[d], op))
        for d in depths:
            sweep.add(f'{op}, added by espy', d, max(1, quarter(espy[d], op) - quarter(plain[d], op)))
    sweep.finish(table)


def with_filter(bench, terms, kind):
    """(ns per pread in the loop, CPU ns of espy per pread) with a filter of so many terms, none of which matches."""
    begin, term = FILTERS[kind]
    text = begin + ' or '.join(term.format(i) for i in range(terms)) + ')'
    recorder = recording(bench, ['-F', text])
    try:
        ns = quarter(loop(bench, [], ['pread'], 20), 'pread')
        before = recorder.p.cpu_now()
        made, _ = flood(bench, 'pread', 100000, 0.5)
        time.sleep(0.1)
        agent = (recorder.p.cpu_now() - before) * 1e9 / made
    finally:
        recorder.p.stop()
    return ns, agent


def by_terms(bench, table):
    caller = Sweep(bench, 'filter terms, caller', 'terms', 'ns', 'CPU time per pread of who does it')
    agent = Sweep(bench, 'filter terms, espy', 'terms', 'ns', 'CPU time of espy per pread')
    for kind in FILTERS:
        for terms in TERMS[::2] + TERMS[-1:] if bench.quick else TERMS:
            try:
                ns, own = with_filter(bench, terms, kind)
            except ToolFailed as e:
                bench.results.skip(f'scale: {terms} terms {kind}', e.why)
                continue
            caller.add(kind, terms, ns)
            agent.add(kind, terms, max(1, own))
    caller.finish(table)
    agent.finish(table)


def by_length(bench, table):
    lengths = [100_000, 1_000_000] + ([] if bench.quick else [LONG])
    part = make_trace(bench)
    sweep = Sweep(bench, 'trace length', 'events', 's', 'CPU time of a question to a trace in the page cache')
    for events in lengths:
        trace = bench.path('long.espy')
        made = many(bench, trace, events, [part])['events']
        for name, argv in QUESTIONS.items():
            runs = [run([bench.espy, *(a.replace('{trace}', trace) for a in argv)]) for _ in range(2 if events < LONG else 1)]
            if any(r.code for r in runs):
                bench.results.skip(f'scale: {name}', f'exit code {max(r.code for r in runs)}')
            else:
                sweep.add(name, made, min(r.cpu for r in runs))
    sweep.finish(table)


def measure(bench):
    t = bench.results.table('How it grows', 'Exponents k of x^k fitted to what was measured; 1 is in proportion, and '
                            f'above {plot.WORST} is a defect. By processors the work grows with them; by processes it is '
                            'always the same, so 0 is expected. What grows too fast by itself, untraced, is not held against '
                            'Espy. CPU time in ns per operation, and in seconds of questions.',
                            ['what', 'measured', '', 'exponent', 'linear or better'])
    for name, part in (('processes', by_processes), ('path depth', by_depth), ('filter terms', by_terms),
                       ('trace length', by_length)):
        bench.say(f'how it grows: {name}')
        bench.quiet.alone()
        try:
            part(bench, t)
        except ToolFailed as e:
            bench.results.skip(f'scale: {name}', e.why)
