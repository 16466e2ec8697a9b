# SPDX-License-Identifier: MIT
"""The few lines of TAP that the checks share."""
import glob
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sources(*folders, suffixes=('.c', '.h')):
    """Files of the tree below `folders`, relative to its root, sorted."""
    out = []
    for folder in folders:
        for path in glob.glob(os.path.join(ROOT, folder, '**', '*'), recursive=True):
            if path.endswith(suffixes) and '/vmlinux/' not in path:
                out.append(os.path.relpath(path, ROOT))
    return sorted(out)


def lines(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read().split('\n')


class Tap:
    def __init__(self):
        self.number = self.failed = 0

    def result(self, name, problems=(), skip=None):
        """One result: good when there is no problem; each problem becomes a comment line."""
        self.number += 1
        problems = list(problems)
        self.failed += bool(problems)
        verdict = 'not ok' if problems else 'ok'
        print(f'{verdict} {self.number} - {name}' + (f' # SKIP {skip}' if skip else ''))
        for p in problems:
            print('# ' + p)

    def done(self):
        print(f'1..{self.number}', flush=True)
        return 1 if self.failed else 0
