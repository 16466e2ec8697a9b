# SPDX-License-Identifier: MIT
"""What the figures are meant to be, beside what they are."""
from .results import Figure, number, percent
from .tools import FLOOR, RECORDS

WORKS = [('C compile', 1.05), ('tar', 1.05), ('git', 1.05), ('find', 1.05), ('SQLite', 1.05), ('loopback server', 1.15)]


def worst(prefix, suffix='', divide=1.0):
    """The highest of several figures, as one."""
    def find(results):
        found = [v / divide for n, f in results.figures.items() if n.startswith(prefix) and n.endswith(suffix)
                 for v in f.values]
        return Figure([max(found)], '') if found else None
    return find


def all_of(*names):
    """The sum of what must be nothing."""
    def find(results):
        found = [results.get(n) for n in names]
        return Figure([sum(abs(f.values[0]) for f in found)], '') if all(found) else None
    return find


# What, at most, unit, figure or function, the same with other programs in the place of Espy.
ROWS = [
    ('recorded 1-byte pread, added, times the empty pair', 1.8, '×', 'floor/pread/espy', 'floor/pread/{}'),
    ('recorded 1-byte pread, times the untraced one', 2.0, '×', 'ratio/pread/espy', 'ratio/pread/{}'),
    ('recorded 1-byte pwrite, added, times the empty pair', 1.8, '×', 'floor/pwrite/espy', 'floor/pwrite/{}'),
    ('recorded 1-byte pwrite, times the untraced one', 2.0, '×', 'ratio/pwrite/espy', 'ratio/pwrite/{}'),
    ('recorded open+close, times the untraced pair', 1.35, '×', 'ratio/open-close/espy', 'ratio/open-close/{}'),
    ('not selected, `espy run -F exec`: added, times the empty pair', 1.1, '×', 'floor/pread/espy, filtered out', None),
    ('not selected, the machine\'s processes recorded: the same', 1.1, '×', 'floor/pread/espy, other class', None),
    ('not selected, another process recorded: the same', 1.1, '×', 'floor/pread/espy, other process', None),
    ('fork+exec+exit, all recorded, times the untraced one', 1.10, '×', 'ratio/fork-exec/espy', 'ratio/fork-exec/{}'),
    *((f'real work: {name}, wall clock, times the untraced one', most, '×', f'work/{name}/espy.ratio',
       f'work/{name}/{{}}.ratio') for name, most in WORKS),
    ('agent CPU with the file, pread as fast as it goes', 150, 'ns/event', 'flood/pread, all that goes.agent', None),
    ('agent CPU with the file, lseek as fast as it goes', 150, 'ns/event', 'flood/lseek, all that goes.agent', None),
    ('agent CPU with the file, pread 500,000 a second', 150, 'ns/event', 'flood/pread, 500,000 a second.agent', None),
    ('agent CPU with the file, open+close as fast as it goes', 150, 'ns/event', 'flood/open+close, all that goes.agent', None),
    ('on disk, pread as fast as it goes', 6, 'bytes/event', 'flood/pread, all that goes.bytes', None),
    ('on disk, pread and write of one program', 6, 'bytes/event', 'size/pread and write', None),
    ('on disk, tar', 6, 'bytes/event', 'work/tar.bytes', None),
    ('resident, whole machine, the most under any load', 40, 'MB', worst('flood/', '.peak', 1e6), None),
    ('lost at the highest rate of all processors', 0, 'events', worst('flood/', 'goes.lost'), None),
    ('lost in a storm with --lossless, told or not', 0, 'events', all_of('storm/lost', 'storm/not_told'), None),
    ('100 execs a second, processes only', 0.5, '% of a CPU', 'execs/100/espy', None),
    ('1,600 execs a second, processes only', 5, '% of a CPU', 'execs/1600/espy', None),
    ('`espy run -- true`', 150, 'ms', 'start/espy run -- true', None),
    ('growth of anything, the steepest exponent', 1.1, '', worst('scale/', '.exponent'), None),
]


def table(results):
    t = results.table('Against the targets', 'Met is what the median meets. Ratios are those of rounds, as further down. '
                      '"empty" is the same with two BPF programs on system calls that do nothing, instead of Espy, "records" '
                      'with two that note begin, end and result in 64 bytes and nothing of who and what: below the one no '
                      'tool on these hooks can go, below the other none that gives durations.',
                      ['', 'minimum', 'median', 'spread', 'target', '', 'empty', 'records', ''])
    for what, most, unit, source, other in ROWS:
        f = source(results) if callable(source) else results.get(source)
        if not f:
            continue
        least = [results.get(other.format(way.name)) if other else None for way in (FLOOR, RECORDS)]
        many = len(f.values) > 1
        t.row(what, number(round(f.best, 3)), number(round(f.median, 3)), percent(f.spread) if many else '', '≤ ' + number(most),
              unit, *(number(round(x.median, 3)) if x else '' for x in least), verdict(f.median, most, *least))
    results.tables.insert(0, results.tables.pop())


def verdict(median, most, empty, records):
    if median <= most:
        return 'met'
    if empty and empty.median > most:
        return 'not met; nor is it with the empty programs'
    return 'not met; nor is it with the smallest records' if records and records.median > most else 'not met'
