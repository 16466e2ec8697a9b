# SPDX-License-Identifier: MIT
"""Bytes per event on disk, of reads and writes; the table of real work has those of everything else."""
import os

from .results import number
from .tools import ToolFailed, record_command


def commands(bench):
    big = bench.path('big')
    if not os.path.exists(big):
        with open(big, 'wb') as f:
            block = os.urandom(1 << 16)
            f.writelines(block for _ in range(1024))
    yield 'dd bs=512', ['dd', f'if={big}', 'of=/dev/null', 'bs=512', 'status=none']
    yield 'pread and write', ['sh', '-c', f'{bench.program("flood")} -c 100000 -d {bench.dir} -x /bin/true pread; '
                              f'{bench.program("flood")} -c 100000 -d {bench.dir} -x /bin/true write-file']


def measure(bench):
    t = bench.results.table('Bytes on disk', 'Size of the trace by the number of its events, everything recorded; '
                            'what existed before and the index are in it.', ['', 'events', 'bytes', 'bytes/event'])
    for name, argv in commands(bench):
        bench.say(f'bytes on disk: {name}')
        try:
            n, nbytes = record_command(bench, bench.trace, argv, cwd=bench.root)
        except ToolFailed as e:
            bench.results.skip(f'bytes on disk: {name}', e.why)
            continue
        if n:
            bench.results.add(f'size/{name}', [nbytes / n], 'bytes/event')
            t.row(name, number(n), number(nbytes), number(nbytes / n))
