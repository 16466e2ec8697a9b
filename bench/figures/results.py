# SPDX-License-Identifier: MIT
"""Figures with their minimum, median and spread, and the tables that show them."""
import math
import statistics


class Figure:
    """One thing that was measured several times. `better` is -1 where less is better, 1 where more."""

    def __init__(self, values, unit, better=-1):
        self.values = [v for v in values if v is not None]
        self.unit, self.better = unit, better

    @property
    def best(self):
        return max(self.values) if self.better > 0 else min(self.values)

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        """Half of all values lie within this part of the median."""
        if len(self.values) < 4 or not self.median:
            return (max(self.values) - min(self.values)) / self.median if self.median else 0.0
        low, _, high = statistics.quantiles(self.values, n=4)
        return (high - low) / self.median

    def as_dict(self):
        return {'unit': self.unit, 'better': self.better, 'best': round(self.best, 4),
                'median': round(self.median, 4), 'spread': round(self.spread, 4), 'n': len(self.values)}


class Table:
    """A title, a sentence that says what stands in it, columns and rows of text."""

    def __init__(self, title, about, columns):
        self.title, self.about, self.columns, self.rows = title, about, columns, []

    def row(self, *cells):
        self.rows.append([str(c) for c in cells])

    def as_text(self):
        table = [self.columns] + self.rows
        widths = [max(len(r[i]) for r in table) for i in range(len(self.columns))]
        out = [self.title, self.about] if self.about else [self.title]
        for n, r in enumerate(table):
            cells = [c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))]
            out.append('  ' + '  '.join(cells).rstrip())
            if n == 0:
                out.append('  ' + '  '.join('-' * w for w in widths))
        return '\n'.join(out) + '\n'

    def as_markdown(self):
        head = '| ' + ' | '.join(self.columns) + ' |'
        rule = '|' + '|'.join('---' if i == 0 else '--:' for i in range(len(self.columns))) + '|'
        rows = ['| ' + ' | '.join(r) + ' |' for r in self.rows]
        return '\n'.join([f'### {self.title}', '', self.about, '', head, rule] + rows) + '\n'


class Results:
    """All figures of a run by name ("cost/pread/espy"), its tables, and what was left out and why."""

    def __init__(self):
        self.figures, self.tables, self.skipped, self.plots = {}, [], [], []

    def add(self, name, values, unit, better=-1):
        values = list(values)
        if values:
            self.figures[name] = Figure(values, unit, better)

    def get(self, name):
        return self.figures.get(name)

    def table(self, title, about, columns):
        self.tables.append(Table(title, about, columns))
        return self.tables[-1]

    def plot(self, lines):
        """Lines of text; none: there was too little to draw."""
        if lines:
            self.plots.append('\n'.join(lines) + '\n')

    def skip(self, what, why):
        if (what, why) not in self.skipped:
            self.skipped.append((what, why))


def number(v):
    """1234567 → "1,234,567", 12.34 → "12.3", 0.123 → "0.123"."""
    if v is None:
        return '–'
    if abs(v) >= 100 or v == int(v):
        return f'{v:,.0f}'
    return f'{v:.{max(0, 2 - int(math.floor(math.log10(abs(v)))))}f}'


def times(v, base):
    return '–' if v is None or not base else f'{v / base:.2f}×'


def percent(v):
    return '–' if v is None else f'{100 * v:.1f} %'


def megabytes(n):
    return f'{n / 1e6:.1f} MB'
