# SPDX-License-Identifier: MIT
"""Real work with and without Espy."""
import os
import shutil

from .process import run
from .results import number, percent, times
from .tools import ESPY, FLOOR, UNTRACED, ToolFailed, count_in, lost_in

SQLITE = '''
import os, sqlite3, sys
path = sys.argv[1]
if os.path.exists(path): os.unlink(path)
db = sqlite3.connect(path)
db.execute('PRAGMA synchronous = OFF')
db.execute('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value REAL)')
for i in range(1500):
    with db: db.executemany('INSERT INTO t (name, value) VALUES (?, ?)', ((f'row {i} {j}', i * j) for j in range(20)))
db.execute('CREATE INDEX n ON t (name)')
print(db.execute('SELECT count(*), sum(value) FROM t').fetchone())
'''


class Work:
    def __init__(self, name, argv, needs=()):
        self.name, self.argv, self.needs = name, argv, needs


def works(bench):
    """What there is to do on this machine, in the order of the table."""
    compile_all = (f'for f in src/base/*.c src/model/*.c; do gcc -O1 -std=gnu11 -D_GNU_SOURCE -Isrc -c $f '
                   f'-o {bench.dir}/compiled.o || exit; done')
    rows = [
        Work('C compile', ['sh', '-c', compile_all], ['gcc']),
        Work('tar', ['sh', '-c', 'for i in 1 2; do tar -cf - /usr/include /usr/lib/python3; done 2>/dev/null | '
                     'cat >/dev/null'], ['tar']),
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


WAYS = [UNTRACED, FLOOR, ESPY[0]]


def rounds(bench, work):
    """{way: [what `once` gives]}, and how many events were lost."""
    rows, lost = {w.name: [] for w in WAYS}, 0
    once(bench, work, [])  # so that all is cached
    for n in range(bench.work_rounds):
        for way in WAYS if n % 2 == 0 else reversed(WAYS):
            with way.around(bench) as prefix:
                rows[way.name].append(once(bench, work, prefix))
            if way is ESPY[0]:
                lost += lost_in(bench, bench.trace) or 0
    return rows, lost


def compare(bench, work, t):
    rows, lost = rounds(bench, work)
    f = {}
    for way, runs in rows.items():
        for n, what in enumerate(('wall', 'cpu', 'whole')):
            bench.results.add(f'work/{work.name}/{way}.{what}', (r[n] for r in runs), 's')
            f[way, what] = bench.results.get(f'work/{work.name}/{way}.{what}')
    plain, floor, espy = (f[w.name, 'wall'] for w in WAYS)
    plain_cpu, floor_cpu, espy_cpu = (f[w.name, 'cpu'] for w in WAYS)
    bench.results.add(f'work/{work.name}.ratio', [espy.best / plain.best], '×')
    bench.results.add(f'work/{work.name}.cpu_ratio', [espy_cpu.best / plain_cpu.best], '×')
    t.row(work.name, number(plain.best), times(floor.best, plain.best), number(espy.best),
          times(espy.best, plain.best), times(espy.median, plain.median), percent(max(plain.spread, espy.spread)),
          times(floor_cpu.best, plain_cpu.best), times(espy_cpu.best, plain_cpu.best),
          number(f[ESPY[0].name, 'whole'].best), number(count_in(bench, bench.trace)), number(lost))


def measure(bench):
    t = bench.results.table(
        'Real work', f'Wall clock in seconds, best of {bench.work_rounds} rounds, untraced, with the empty programs '
        'and under `espy run -q` in turns. "CPU" is the ratio of user and system time of the work itself, "with '
        'start" espy run from its start to its end, the trace finished.',
        ['', 'untraced', 'empty', 'espy', 'ratio', 'of medians', 'spread', 'CPU empty', 'CPU espy', 'with start',
         'events', 'lost'])
    for work in works(bench):
        bench.say(f'real work: {work.name}')
        bench.quiet.alone()
        try:
            compare(bench, work, t)
        except ToolFailed as e:
            bench.results.skip(f'real work: {work.name}', e.why)
