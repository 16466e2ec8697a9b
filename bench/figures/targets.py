# SPDX-License-Identifier: MIT
"""What the figures are meant to be, beside what they are."""
from .results import number


def _ratio(*names):
    def value(results):
        f = [results.get(n) for n in names]
        return f[0].best / f[1].best if all(f) and f[1].best else None
    return value


def _best(name):
    def value(results):
        f = results.get(name)
        return f.best if f else None
    return value


def _worst(prefix, suffix=''):
    def value(results):
        found = [f.best for n, f in results.figures.items() if n.startswith(prefix) and n.endswith(suffix)]
        return max(found) if found else None
    return value


def _most(*names):
    def value(results):
        found = [results.get(n).best for n in names if results.get(n)]
        return max(found) if found else None
    return value


# What, target, unit, value.
ROWS = [
    ('recorded 1-byte pread, over the untraced one', 450, 'ns', _best('added/pread/espy')),
    ('the same, times the empty programs', 1.8, '×', _ratio('added/pread/espy', 'added/pread/empty programs')),
    ('recorded open+close, times the untraced pair', 1.35, '×',
     _ratio('cost/open-close/espy.cpu', 'cost/open-close/untraced.cpu')),
    ('call that a filter excludes, over the untraced one', 180, 'ns',
     _most('added/getppid/espy', 'added/pread/espy, filtered out', 'added/pread/espy, other class')),
    ('call of another process than the recorded one', 180, 'ns', _best('added/pread/espy, other process')),
    ('lost at 500,000 events/s', 0, 'events', _best('flood/pread, 500,000 a second.lost')),
    ('lost at the highest rate', 0, 'events', _worst('flood/', 'goes.lost')),
    ('agent CPU, the file included, at 500,000 events/s', 1000, 'ns/event',
     _best('flood/pread, 500,000 a second.agent')),
    ('on disk, reads and writes', 24, 'bytes/event', _best('size/pread and write')),
    ('on disk, all kinds of work', 24, 'bytes/event', _best('size/all')),
    ('resident, whole machine under load', 60e6, 'bytes', _worst('flood/', '.peak')),
    ('espy run of a program that does nothing', 500, 'ms', _best('start/espy run')),
    ('real work, the worst', 1.05, '×', _worst('work/', '.ratio')),
    ('the same, CPU time of the work itself', 1.05, '×', _worst('work/', '.cpu_ratio')),
    ('100 execs a second, processes only', 0.5, '% of a CPU', _best('execs/100/espy')),
    ('1,600 execs a second, processes only', 5, '% of a CPU', _best('execs/1600/espy')),
]


def table(results):
    t = results.table('Against the targets', 'The best that was measured.', ['', 'here', 'target', ''])
    for what, target, unit, value in ROWS:
        v = value(results)
        if v is not None:
            t.row(what, number(v), number(target), unit)
    results.tables.insert(0, results.tables.pop())
