# SPDX-License-Identifier: MIT
"""Real work with and without Espy."""
import os
import shutil
import time

from .process import run
from .results import Table, number, percent
from .tools import ESPY, FLOOR, RECORDS, UNTRACED, WORK_PEERS, ToolFailed, count_in, lost_in

SQLITE = '''
import os, sqlite3, sys
path = sys.argv[1]
if os.path.exists(path): os.unlink(path)
db = sqlite3.connect(path)
db.execute('PRAGMA synchronous = OFF')
db.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value REAL)')
for i in range(4000):
    with db: db.executemany('INSERT INTO t (name, value) VALUES (?, ?)', ((f'row {i} {j}', i * j) for j in range(20)))
db.execute('CREATE INDEX n ON t (name)')
print(db.execute('SELECT count(*), sum(value) FROM t').fetchone())
'''


class Work:
    def __init__(self, name, argv, needs=(), less=None):
        self.name, self.argv, self.needs = name, argv, needs
        self.less = less or argv  # for tools that take thirty times as long


def works(bench):
    """What there is to do on this machine, in the order of the table. The archive is in memory where that can be: to a
    pipe, the two ends of it and Espy take turns on two processors, and the time untraced is one of two, far apart."""
    archive = os.path.join('/dev/shm' if os.access('/dev/shm', os.W_OK) else bench.dir, f'espy-bench-{os.getpid()}.tar')
    compile_all = (f'for f in src/base/*.c src/model/*.c; do gcc -O1 -std=gnu11 -D_GNU_SOURCE -Isrc -c $f '
                   f'-o {bench.dir}/compiled.o || exit; done')
    rows = [
        Work('C compile', ['sh', '-c', compile_all], ['gcc']),
        Work('tar', ['sh', '-c', f'for i in 1 2; do tar -cf {archive} /usr/include /usr/lib/python3; done 2>/dev/null; '
                     f'rm {archive}'], ['tar'],
             less=['sh', '-c', f'tar -cf {archive} /usr/include/linux 2>/dev/null; rm {archive}']),
        Work('git', ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10; do git --no-optional-locks status --short && git log '
                     '--stat -p -20; done >/dev/null'], ['git']),
        Work('find', ['sh', '-c', 'find /usr -size +100k -newer /etc/passwd >/dev/null'], ['find']),
        Work('SQLite', ['/usr/bin/python3', '-c', SQLITE, bench.path('work.db')], ['/usr/bin/python3']),
        Work('loopback server', [bench.program('flood'), '-c', '30000', '-d', bench.dir, '-x', '/bin/true', 'echo']),
    ]
    for w in rows:
        missing = [p for p in w.needs if not shutil.which(p)]
        if missing:
            bench.results.skip(f'real work: {w.name}', f'{missing[0]} is not installed')
        elif w.name == 'git' and not os.path.isdir(os.path.join(bench.root, '.git')):
            bench.results.skip('real work: git', 'this is not a clone')
        else:
            yield w


def once(bench, work, prefix):
    """(seconds of the work itself, its CPU seconds, seconds with all around it)."""
    note = bench.path('timed.out')
    if os.path.exists(note):
        os.unlink(note)
    p = run([*prefix, bench.program('timed'), note, *work.argv], cwd=bench.root)
    if p.code != 0:
        raise ToolFailed(work.name, f'exit code {p.code}')
    with open(note, encoding='ascii') as f:
        wall, user, system = (int(x) / 1e9 for x in f.read().split())
    return wall, user + system, p.wall


WAYS = [FLOOR, RECORDS, ESPY[0]]  # each between two runs with nobody looking
ROUNDS_MIN, ROUNDS_MAX = 2, 12
STEADY = 0.10  # of which the wall clock may differ by so much


class Runs:
    """What `once` gave by way, and by round how many times the mean of the two untraced runs around it."""

    def __init__(self, first):
        self.rows, self.ratios, self.unsteady = {UNTRACED.name: [first]}, {}, {}

    def take(self, name, done, after):
        before = self.rows[UNTRACED.name][-1]
        self.rows.setdefault(name, []).append(done)
        self.rows[UNTRACED.name].append(after)
        steady = max(before[0], after[0]) / min(before[0], after[0]) - 1 <= STEADY
        into = (self.ratios if steady else self.unsteady).setdefault(name, [])
        into.append([2 * done[n] / (before[n] + after[n]) for n in (0, 1)])

    def give(self, results, work):
        for name, rows in self.rows.items():
            for n, what in enumerate(('wall', 'cpu', 'whole')):
                results.add(f'work/{work.name}/{name}.{what}', (r[n] for r in rows), 's')
        for name in self.rows:
            ratios = self.ratios.get(name) or self.unsteady.get(name, [])
            results.add(f'work/{work.name}/{name}.ratio', (r[0] for r in ratios), '×')
            results.add(f'work/{work.name}/{name}.cpu_ratio', (r[1] for r in ratios), '×')


def rounds(bench, work):
    """The Runs, and how many events were lost."""
    once(bench, work, [])  # so that all is cached
    runs, lost, n, began = Runs(once(bench, work, [])), 0, 0, time.monotonic()
    while n < ROUNDS_MIN or (n < ROUNDS_MAX and time.monotonic() - began < bench.work_seconds):
        for way in WAYS if n % 2 == 0 else reversed(WAYS):
            with way.around(bench) as prefix:
                done = once(bench, work, prefix)
            if way is ESPY[0]:
                lost += lost_in(bench, bench.trace) or 0
            runs.take(way.name, done, once(bench, work, []))
        n += 1
    return runs, lost


def cell(f):
    return f'{f.best:.2f}× {f.median:.2f}×' if f else '–'


def compare(bench, work, t):
    runs, lost = rounds(bench, work)
    runs.give(bench.results, work)
    get = lambda name: bench.results.get(f'work/{work.name}/{name}')  # noqa: E731
    floor, records, espy = get(f'{FLOOR.name}.ratio'), get(f'{RECORDS.name}.ratio'), get('espy.ratio')
    events = count_in(bench, bench.trace) or 0
    bench.results.add(f'work/{work.name}.bytes', [os.path.getsize(bench.trace) / max(1, events)], 'bytes/event')
    bench.results.add(f'work/{work.name}.events_per_s', [events / get('untraced.wall').median], 'events/s', better=1)
    t.row(work.name, number(get('untraced.wall').best), number(get('untraced.wall').median), cell(floor), cell(records), cell(espy),
          percent(espy.spread), cell(get(f'{FLOOR.name}.cpu_ratio')), cell(get('espy.cpu_ratio')),
          number(get('espy.whole').best), len(espy.values), number(events), number(round(events / get('untraced.wall').median)),
          number(os.path.getsize(bench.trace) / max(1, events)), number(lost))


def peers(bench, work, t):
    """Once each; they take so much that the machine's moods do not matter."""
    less, cells = Work(work.name, work.less), []
    once(bench, less, [])
    before = once(bench, less, [])
    for way in WORK_PEERS:
        if not shutil.which(way.program()):
            cells.append('')
            continue
        bench.say(f'real work: {work.name} under {way.name}')
        try:
            wall = once(bench, less, [bench.fill(w) for w in way.wrap])[0]
        except ToolFailed as e:
            bench.results.skip(f'real work: {work.name} under {way.name}', e.why)
            cells.append('')
            continue
        bench.results.add(f'work/{work.name}/{way.name}.ratio', [wall / before[0]], '×')
        cells.append(f'{wall / before[0]:.2f}×')
    espy = bench.results.get(f'work/{work.name}/espy.ratio')
    t.row(work.name, f'{espy.median:.2f}×', *cells)


def measure(bench):
    t = bench.results.table(
        'Real work', 'Wall clock in seconds, untraced, and how many times that with the empty programs and under '
        '`espy run -q`, minimum and median of several rounds, each run between two untraced ones and divided by '
        f'their mean; where these two differ by more than {percent(STEADY)} the round is left out, unless all are. '
        '"CPU" is user and system time of the work itself, "with start" espy run from its start to its end, the trace '
        'finished.',
        ['', 'untraced', 'median', 'empty', 'records', 'espy', 'spread', 'CPU empty', 'CPU espy', 'with start', 'rounds',
         'events', 'events/s', 'bytes/event', 'lost'])
    names = () if bench.quick else ('C compile', 'tar', 'git')
    others = Table('Real work under other tools', 'Wall clock, times the untraced one; once, with '
                   'less to do for tar. What each writes is a file in the same folder.', ['', 'espy'] + [w.name for w in WORK_PEERS])
    for work in works(bench):
        bench.say(f'real work: {work.name}')
        bench.quiet.alone()
        try:
            compare(bench, work, t)
            if work.name in names:
                peers(bench, work, others)
        except ToolFailed as e:
            bench.results.skip(f'real work: {work.name}', e.why)
    if others.rows:
        bench.results.tables.append(others)
