# SPDX-License-Identifier: MIT
"""What the one-line process monitor costs: agent CPU at 100 and at 1,600 execs a second."""
from .flood import flood
from .results import number, percent
from .tools import EXEC_PEERS, Recorder, ToolFailed, present

RATES = [100, 1600]


def repeat(bench, rate, process):
    """(execs, seconds, CPU seconds) a few times, while a tool looks."""
    out = []
    for _ in range(2 if bench.quick else 3):
        before = process.cpu_now()
        n, wall = flood(bench, 'fork-exec', rate, 1 if bench.quick else 1.2, processes=1 if rate < 1000 else 2)
        out.append((n, wall, process.cpu_now() - before))
    return out


def espy(bench, rate, pack='auto'):
    recorder = Recorder(bench, bench.trace, ['--pack', pack, '-F', 'fork,exec,exit'])
    try:
        parts = repeat(bench, rate, recorder.p)
    finally:
        recorder.stop()
    return parts, f'{number(recorder.events)} events, {number(recorder.lost)} lost'


def peer(bench, way, rate):
    p = way.start(bench)
    try:
        parts = repeat(bench, rate, p)
    finally:
        p.stop()
    path = bench.path('out') if '{out}' in ' '.join(way.beside) else bench.path('tool.out')
    with open(path, 'rb') as f:
        return parts, f'{number(sum(1 for _ in f))} lines'


def row(bench, t, name, rate, measure_one):
    bench.say(f'{rate} execs a second: {name}')
    bench.quiet.alone()
    try:
        parts, seen = measure_one()
    except ToolFailed as e:
        bench.results.skip(f'execs: {name}', e.why)
        return
    bench.results.add(f'execs/{rate}/{name}', (100 * used / wall for _, wall, used in parts), '% of a CPU')
    f = bench.results.get(f'execs/{rate}/{name}')
    n, wall, used = (sum(p[i] for p in parts) for i in range(3))
    t.row(name, number(rate), number(round(n / wall)), number(n), percent(f.best / 100), percent(f.median / 100),
          number(used / max(1, n) * 1e6), seen)


def measure(bench):
    t = bench.results.table('Processes coming and going', 'A small static program is forked, executed and waited for; '
                            'the whole machine is watched, processes only: `espy record -F fork,exec,exit`. CPU of the '
                            'tool while that goes on, several times: minimum and median.',
                            ['', 'wanted/s', 'execs/s', 'execs', 'CPU', 'median', 'µs/exec', 'wrote'])
    peers = list(present(EXEC_PEERS, bench.results, 'execs'))
    for rate in RATES:
        row(bench, t, 'espy', rate, lambda rate=rate: espy(bench, rate))
        if bench.quick and rate == RATES[0]:
            continue
        row(bench, t, 'espy, plain pack', rate, lambda rate=rate: espy(bench, rate, 'plain'))
        for way in peers:
            row(bench, t, way.name, rate, lambda way=way, rate=rate: peer(bench, way, rate))
