# SPDX-License-Identifier: MIT
"""Where the time goes: the run time of each BPF program, as the kernel counts it."""
from .cost import loop
from .machine import Kernel
from .results import number
from .tools import ToolFailed, Way

EVERYTHING = Way('espy', 'the machine, everything', beside=['{espy}', 'record', '-q', '-o', '{trace}'],
                 wait='sleep')
OPS = ['getppid', 'lseek', 'pread', 'write-file', 'pipe', 'open-close', 'stat', 'fork-exec']


def measure(bench):
    """The kernel's own counting adds to every run, so these are to be compared with each other only."""
    bench.say('the run time of each BPF program')
    kernel = Kernel(bench.program('programs'))  # one of its own: the counting ends with it
    try:
        errors = kernel.ask('stats')
        if errors:
            raise ToolFailed('statistics', ' '.join(errors[0][1:]))
        table(bench, kernel)
    except ToolFailed as e:
        bench.results.skip('run time of BPF programs', e.why)
    finally:
        kernel.close()


def table(bench, kernel):
    t = bench.results.table('Run time of the BPF programs', 'Runs and mean run time as the kernel counts them, while '
                            'only the operation is repeated (a tail call counts for the program that made it). The '
                            'counting itself is in it, and so are the calls of all other programs of the '
                            'machine: compare within the table.',
                            ['operation', 'program', 'runs/op', 'ns/run', 'ns/op'])
    for op in OPS:
        bench.quiet.alone()
        done, runs = one(bench, kernel, op)
        for name, (n, ns) in sorted(runs.items(), key=lambda r: -r[1][1]):
            if n >= done / 20:
                bench.results.add(f'programs/{op}/{name}', [ns / n], 'ns')
                t.row(op, name, number(n / done), number(round(ns / n)), number(round(ns / done)))


def one(bench, kernel, op):
    """(repetitions, {program: (runs, ns)}) of Espy recording one operation."""
    others = kernel.runs()
    with EVERYTHING.around(bench):
        before = kernel.runs()
        loop(bench, [], [op], 40)
        after = kernel.runs()
    with open(bench.path('loop.out'), encoding='ascii') as f:
        done = sum(int(line.split()[1]) for line in f)
    runs = {}
    for i, (name, n, ns) in after.items():
        _, n0, ns0 = before.get(i, ('', 0, 0))
        old = runs.get(name, (0, 0))
        if n > n0 and i not in others:
            runs[name] = (old[0] + n - n0, old[1] + ns - ns0)
    return done, runs
