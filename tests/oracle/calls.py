# SPDX-License-Identifier: MIT
"""Which argument of a call means what, from the rows of src/model/events.def itself."""
import collections
import os
import posixpath
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROW = re.compile(r'CALL\((\w+),\s*(\w+),\s*(\d),(\d),(\d),\s*(\d),(\d),\s*(\d),(\d),(\d)\)')

Row = collections.namedtuple('Row', 'event call fd dir path dir2 path2 a b c')


def table():
    rows = {}
    folder = os.path.join(ROOT, 'src/model/events')
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding='utf-8') as f:
            for m in ROW.finditer(f.read()):
                rows.setdefault(m[2], Row(m[1], m[2], *map(int, m.groups()[2:])))
    return rows


def join(base, path):
    """As Espy shows a path that the caller gave: absolute, without "." and "..", by the text alone."""
    if not path:
        return base
    full = path if path.startswith(b'/') else (base or b'?') + b'/' + path
    out = posixpath.normpath(full)
    return b'/' + out.lstrip(b'/')
