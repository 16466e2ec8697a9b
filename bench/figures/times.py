# SPDX-License-Identifier: MIT
"""How long a person waits: for the smallest recording, and for answers about a large trace."""
import os
import shutil

from .process import own_peak, run
from .results import megabytes, number, percent
from .tools import BPFTRACE_EXECS, ToolFailed, count_in


def start(bench):
    t = bench.results.table('The smallest recording', 'From the command to its end, `true` being what is recorded: '
                            'wall clock and CPU time in ms, the most of it what the kernel needs to verify the BPF programs.',
                            ['', 'minimum', 'median', 'spread', 'CPU minimum', 'CPU median', 'times'])
    rows = {'true': ['true'], 'espy run -- true': [bench.espy, 'run', '-o', bench.trace, '--', 'true'],
            'espy run -F exec -- true': [bench.espy, 'run', '-F', 'exec', '-o', bench.trace, '--', 'true'],
            'strace -f -o FILE true': ['strace', '-f', '-o', bench.path('out'), 'true'],
            'perf trace -o FILE true': ['perf', 'trace', '-o', bench.path('out'), 'true'],
            'bpftrace, a line per exec': ['bpftrace', '-e', BPFTRACE_EXECS, '-c', '/bin/true']}
    rows = {name: argv for name, argv in rows.items() if shutil.which(argv[0])}
    runs = {name: [] for name in rows}
    bench.say('the smallest recording')
    for n in range(7 if bench.quick else 20):
        for name, argv in rows.items():
            if n < 3 or name.startswith(('true', 'espy')):
                runs[name].append(run(argv))
    for name, done in runs.items():
        bench.results.add(f'start/{name}', (r.wall * 1000 for r in done), 'ms')
        bench.results.add(f'start/{name}.cpu', (r.cpu * 1000 for r in done), 'ms')
        f, cpu = bench.results.get(f'start/{name}'), bench.results.get(f'start/{name}.cpu')
        t.row(name, number(f.best), number(f.median), percent(f.spread), number(cpu.best), number(cpu.median), len(done))


QUESTIONS = [
    ('show, text', ['show', '{trace}']),
    ('show, JSON', ['show', '{trace}', '-f', 'json']),
    ('show, one class', ['show', '{trace}', 'class == process']),
    ('show, failures by path', ['show', '{trace}', 'result < 0 and path startswith "/etc"']),
    ('count, by a filter', ['summary', '{trace}', 'class', 'op == read and bytes > 0']),
    ('count, by file', ['summary', '{trace}', 'file']),
    ('summary', ['summary', '{trace}']),
    ('tree', ['tree', '{trace}']),
]


def make_trace(bench):
    """About a million events: a search, an archive, and reads to fill it up."""
    trace = bench.path('million.espy')
    if os.path.exists(trace):
        return trace
    flood = f'{bench.program("flood")} -d {bench.dir} -x /bin/true'
    script = (f'find /usr -size +100k >/dev/null; tar -cf - /usr/include | cat >/dev/null; '
              f'{flood} -c 200000 write-file; {flood} -c 50000 open-close; {flood} -c 400000 pread')
    if run([bench.espy, 'run', '-q', '-o', trace, '--', 'sh', '-c', script]).code == 125:
        raise ToolFailed('espy run', 'could not record')
    return trace


def answers(bench):
    bench.say('answers about a large trace')
    try:
        trace = make_trace(bench)
    except ToolFailed as e:
        bench.results.skip('answers', e.why)
        return
    events = count_in(bench, trace) or 0
    t = bench.results.table('Answers', f'About a trace of {number(events)} events, in the page cache, output to '
                            '/dev/null; minimum and median wall clock in seconds.',
                            ['', 'minimum', 'median', 'events/s', 'peak resident'])
    for name, argv in QUESTIONS:
        runs = [run([bench.espy, *(a.replace('{trace}', trace) for a in argv)]) for _ in range(2)]
        if any(r.code != 0 for r in runs):
            bench.results.skip(f'answers: {name}', f'exit code {max(r.code for r in runs)}')
            continue
        bench.results.add(f'answers/{name}', [r.wall for r in runs], 's')
        f, peak = bench.results.get(f'answers/{name}'), max((r.peak or 0) for r in runs)
        t.row(name, number(f.best), number(f.median), number(round(events / f.best)),
              megabytes(peak) if peak else f'< {megabytes(own_peak())}')


def measure(bench):
    start(bench)
    if not bench.quick:
        answers(bench)
