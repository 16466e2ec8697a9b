# SPDX-License-Identifier: MIT
"""Questions about a hundred million events, with DuckDB, SQLite and grep beside."""
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import time

from .results import megabytes, number, times
from .tools import ToolFailed
from .work import works

EVENTS, QUICK = 100_000_000, 10_000_000  # of the trace
SLICE = 10_000_000  # rows that the peers get
SMALL = 1_000_000  # rows for SQLite and grep
COLUMNS = 'seq,time,duration,op,process,pid,path,result'
MORE = [
    ('reads in a tree', 'grep -rl zstd_compress /usr/include /usr/lib/python3 >/dev/null; true'),
    ('python', 'for m in json email asyncio ctypes sqlite3; do /usr/bin/python3 -c "import $m"; done'),
    ('dd', 'dd if=/dev/zero of={dir}/dd bs=4096 count=40000 2>/dev/null && dd if={dir}/dd of=/dev/null bs=4096 2>/dev/null'),
]
SQL = {
    'count by number': 'SELECT count(*) FROM events WHERE duration_ns > 10000',
    'count failures': 'SELECT count(*) FROM events WHERE result < 0',
    'count by operation': "SELECT count(*) FROM events WHERE op = 'read'",
    'substring of path': "SELECT count(*) FROM events WHERE instr(path, 'python') > 0",
    'group by operation': 'SELECT op, count(*) FROM events GROUP BY op',
    'group by path': 'SELECT path, count(*) AS n FROM events GROUP BY path ORDER BY n DESC LIMIT 100',
}
GREP = {'count by operation': ['-c', ',read,'], 'substring of path': ['-c', '-F', 'python'],
        'regular expression over path': ['-c', '-E', r'lib.*\.so(\.[0-9]+)*,']}


def record(bench):
    """Traces of the work of this bench, each by itself."""
    out = []
    rows = [(w.name, w.argv) for w in works(bench)]
    rows += [(name, ['sh', '-c', script.replace('{dir}', bench.dir)]) for name, script in MORE]
    for name, argv in rows:
        path = bench.path(f'part-{len(out)}.espy')
        done = subprocess.run([bench.espy, 'run', '-q', '-o', path, '--', *argv], cwd=bench.root, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode != 125 and os.path.exists(path):
            out.append(path)
    if not out:
        raise ToolFailed('espy run', 'nothing could be recorded')
    return out


def many(bench, path, events, parts):
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([bench.program('bench-many'), path, str(events), *parts], check=False, capture_output=True,
                          text=True)
    if done.returncode:
        raise ToolFailed('bench-many', done.stderr.strip())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row = json.loads(done.stdout)
    row['cpu'] = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return row


def lines(argv, **more):
    done = subprocess.run(argv, check=False, capture_output=True, text=True, **more)
    if done.returncode:
        raise ToolFailed(os.path.basename(argv[0]), done.stderr.strip().splitlines()[-1:] or 'failed')
    return {row['name']: row for row in map(json.loads, done.stdout.splitlines())}


def convert(bench, trace, out):
    argv = [bench.espy, 'convert', '-c', COLUMNS, trace, out]
    if subprocess.run(argv, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        raise ToolFailed('espy convert', f'could not make {os.path.basename(out)}')


def duckdb(bench, trace):
    modules = os.path.join(bench.build, 'npm')
    if not shutil.which('node') or not os.path.isdir(os.path.join(modules, 'node_modules', '@duckdb')):
        raise ToolFailed('DuckDB', f'not in {modules}: tools/setup bench installs it')
    convert(bench, trace, bench.path('espy.parquet'))
    return lines(['node', os.path.join(bench.root, 'bench', 'peers.mjs'), modules, bench.path('espy.parquet'),
                  bench.path('own.parquet'), str(bench.asked)])


def sqlite(bench, trace, rounds):
    convert(bench, trace, bench.path('slice.sqlite'))
    db, out = sqlite3.connect(bench.path('slice.sqlite')), {}
    rows = db.execute('SELECT count(*) FROM events').fetchone()[0]
    for name, sql in SQL.items():
        seconds = []
        for _ in range(rounds):
            began = time.monotonic()
            db.execute(sql).fetchall()
            seconds.append(time.monotonic() - began)
        out[name] = {'rows': rows, 'seconds': seconds}
    return out


def grep(bench, trace, rounds):
    path, out = bench.path('slice.csv'), {}
    with open(path, 'wb') as f:
        subprocess.run([bench.espy, 'show', trace, '-f', 'csv', '-c', COLUMNS], check=True, stdout=f)
    with open(path, 'rb') as f:
        rows = sum(1 for _ in f) - 1
    for name, argv in GREP.items():
        seconds = []
        for _ in range(rounds):
            began = time.monotonic()
            subprocess.run(['grep', *argv, path], check=False, capture_output=True, env={'LC_ALL': 'C'})  # to /dev/null grep stops at the first
            seconds.append(time.monotonic() - began)
        out[name] = {'rows': rows, 'seconds': seconds}
    return out


def peer(bench, name, call, *args):
    try:
        return call(bench, *args)
    except (ToolFailed, sqlite3.Error, subprocess.CalledProcessError) as e:
        bench.results.skip(f'questions: {name}', str(getattr(e, 'why', e)))
        return {}


def writing(bench, row):
    t = bench.results.table('A large trace', 'Written in one thread, from recorded work that is mixed and repeated with '
                            'other times, process ids and paths; a path is renamed in every sixteenth case each time.',
                            ['events', 'bytes', 'bytes/event', 'events/s', 'events/s of a CPU', 'of them recorded'])
    rate, cpu = row['events'] / row['writing'], row['events'] / row['cpu']
    bench.results.add('questions/written', [rate], 'events/s', 1)
    bench.results.add('questions/written.cpu', [cpu], 'events/s', 1)
    bench.results.add('questions/bytes', [row['bytes'] / row['events']], 'bytes/event')
    t.row(number(row['events']), number(row['bytes']), number(row['bytes'] / row['events']), number(round(rate)),
          number(round(cpu)), number(row['recorded']))


def per_second(row):
    return row['rows'] / min(row['seconds']) / 1e6 if row else None


def cell(row):
    rate = per_second(row)
    return '–' if rate is None else number(rate)


def table(bench, large, small, peers, events):
    t = bench.results.table(
        'Questions', f'About {number(events)} events, in the page cache, by two threads; best of {bench.asked} '
        'rounds, each opening the trace anew. Rates are millions of events a second; "CPU" is by the processor time of '
        f'the process, on both cores. Against the peers on fewer rows: DuckDB on {number(SLICE)} in Parquet that it wrote '
        f'itself, with two threads; SQLite and grep (over CSV) on {number(SMALL)}. "ratio" is Espy over DuckDB on the '
        'same rows.',
        ['', 'ms', 'rate', 'CPU', f'rate, {SLICE // 1_000_000} M rows', 'DuckDB', 'ratio', 'CPU ratio', 'SQLite', 'grep',
         'found', 'same'])
    for name, row in large.items():
        own, duck = small.get(name), peers['DuckDB'].get(name)
        bench.results.add(f'questions/{name}', row['seconds'], 's')
        bench.results.add(f'questions/{name}.cpu', row['cpu'], 's')
        both = own and duck
        t.row(name, number(min(row['seconds']) * 1000), cell(row), number(2 * row['rows'] / min(row['cpu']) / 1e6),
              cell(own), cell(duck), times(min(duck['seconds']), min(own['seconds'])) if both else '–',
              times(min(duck['cpu']), min(own['cpu'])) if both else '–', cell(peers['SQLite'].get(name)),
              cell(peers['grep'].get(name)), number(row['found']),
              ('yes' if own['found'] == duck['found'] else 'no') if both and 'count' in name else '–')
    bench.results.add('questions/resident', [max(r['resident'] for r in large.values())], 'bytes')
    t.row('most memory', megabytes(max(r['resident'] for r in large.values())), *['–'] * 10)


def measure(bench):
    events = QUICK if bench.quick else EVENTS
    bench.say(f'questions: {number(events)} events')
    parts = record(bench)
    trace, part, small = (bench.path(f'{n}.espy') for n in ('large', 'slice', 'small'))
    writing(bench, many(bench, trace, events, parts))
    many(bench, part, SLICE, parts)
    many(bench, small, SMALL, parts)
    peers = {'DuckDB': peer(bench, 'DuckDB', duckdb, part),
             'SQLite': peer(bench, 'SQLite', sqlite, small, bench.asked),
             'grep': peer(bench, 'grep', grep, small, bench.asked)}
    rounds = str(bench.asked)
    table(bench, lines([bench.program('bench-query'), trace, rounds]),
          lines([bench.program('bench-query'), part, rounds]), peers, events)
