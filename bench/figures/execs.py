# SPDX-License-Identifier: MIT
"""What the one-line process monitor costs: agent CPU at 100 and at 1,600 execs a second."""
from .flood import flood
from .results import number, percent
from .tools import EXEC_PEERS, Recorder, ToolFailed, present

RATES = [100, 1600]


def espy(bench, rate, seconds, pack='auto'):
    recorder = Recorder(bench, bench.trace, ['--pack', pack, '-F', 'fork,exec,exit'])
    try:
        n, wall = flood(bench, 'fork-exec', rate, seconds, processes=1 if rate < 1000 else 2)
        used = recorder.p.cpu_now() - recorder.cpu_before
    finally:
        recorder.stop()
    return n, wall, used, f'{number(recorder.events)} events, {number(recorder.lost)} lost'


def peer(bench, way, rate, seconds):
    p = way.start(bench)
    try:
        before = p.cpu_now()
        n, wall = flood(bench, 'fork-exec', rate, seconds, processes=1 if rate < 1000 else 2)
        used = p.cpu_now() - before
    finally:
        p.stop()
    path = bench.path('out') if '{out}' in ' '.join(way.beside) else bench.path('tool.out')
    with open(path, 'rb') as f:
        return n, wall, used, f'{number(sum(1 for _ in f))} lines'


def row(bench, t, name, rate, measure_one):
    bench.say(f'{rate} execs a second: {name}')
    bench.quiet.alone()
    try:
        n, wall, used, seen = measure_one()
    except ToolFailed as e:
        bench.results.skip(f'execs: {name}', e.why)
        return
    bench.results.add(f'execs/{rate}/{name}', [100 * used / wall], '% of a CPU')
    t.row(name, number(rate), number(round(n / wall)), number(n), percent(used / wall),
          number(used / max(1, n) * 1e6), seen)


def measure(bench):
    seconds = 2 if bench.quick else 5
    t = bench.results.table('Processes coming and going', 'A small static program is forked, executed and waited for; '
                            'the whole machine is watched, processes only: `espy record -F fork,exec,exit`. CPU of the '
                            'tool while that goes on.',
                            ['', 'wanted/s', 'execs/s', 'execs', 'CPU', 'µs/exec', 'wrote'])
    peers = list(present(EXEC_PEERS, bench.results, 'execs'))
    for rate in RATES:
        row(bench, t, 'espy', rate, lambda rate=rate: espy(bench, rate, seconds))
        row(bench, t, 'espy, plain pack', rate, lambda rate=rate: espy(bench, rate, seconds, 'plain'))
        for way in peers:
            row(bench, t, way.name, rate, lambda way=way, rate=rate: peer(bench, way, rate, seconds))
