# SPDX-License-Identifier: MIT
"""A small plot in letters, both scales logarithmic, and how steeply what it shows grows."""
import math

WIDTH, HEIGHT = 52, 11
MARKS = 'ox+*#@'
WORST = 1.1  # an exponent above this is worse than linear, what scatters taken into account


def exponent(points):
    """The k of y = c·x^k that fits best; None where there is nothing to fit."""
    p = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len(p) < 2:
        return None
    mx, my = sum(x for x, _ in p) / len(p), sum(y for _, y in p) / len(p)
    square = sum((x - mx) ** 2 for x, _ in p)
    return sum((x - mx) * (y - my) for x, y in p) / square if square else None


def _place(v, low, high, cells):
    return 0 if high <= low else round((math.log(v) - math.log(low)) / (math.log(high) - math.log(low)) * (cells - 1))


def short(v):
    """1234567 → "1.2M"."""
    for unit in ('', 'k', 'M'):
        if abs(v) < 1000 or unit == 'M':
            return f'{v:.3g}{unit}' if abs(v) < 10 else f'{v:.0f}{unit}'
        v /= 1000


def draw(title, x_name, y_name, series):
    """Lines of a plot. `series`: [(name, [(x, y)])]; the dots are what growth in proportion would be for the first."""
    series = [(name, [(x, y) for x, y in points if y > 0]) for name, points in series]
    every = [p for _, points in series for p in points]
    if len({x for x, _ in every}) < 2:
        return []
    xs, ys = [x for x, _ in every], [y for _, y in every]
    low, high = min(ys), max(max(ys), min(ys) * 10)
    grid = [[' '] * WIDTH for _ in range(HEIGHT)]
    x0, y0 = series[0][1][0] if series[0][1] else every[0]
    for column in range(WIDTH):
        x = math.exp(math.log(min(xs)) + (math.log(max(xs)) - math.log(min(xs))) * column / (WIDTH - 1))
        if low <= y0 * x / x0 <= high:
            grid[_place(y0 * x / x0, low, high, HEIGHT)][column] = '·'
    for n, (_, points) in enumerate(series):
        for x, y in points:
            grid[_place(y, low, high, HEIGHT)][_place(x, min(xs), max(xs), WIDTH)] = MARKS[n]
    return [title] + _frame(grid, low, high, y_name) + _below(sorted(set(xs)), x_name, series)


def _frame(grid, low, high, y_name):
    out = []
    for n, line in enumerate(reversed(grid)):
        label = short(high) if n == 0 else short(low) if n == HEIGHT - 1 else ''
        out.append(f'{label:>6} |{"".join(line).rstrip()}')
    return [f'{y_name:>6}'] + out + ['       +' + '-' * WIDTH]


def _below(xs, x_name, series):
    marks = [' '] * (WIDTH + 6)
    for x in xs:
        text, at = short(x), _place(x, min(xs), max(xs), WIDTH)
        if all(c == ' ' for c in marks[max(0, at - 1):at + len(text)]):
            marks[at:at + len(text)] = text
    out = ['        ' + ''.join(marks).rstrip() + '  ' + x_name]
    for n, (name, points) in enumerate(series):
        k = exponent(points)
        out.append(f'        {MARKS[n]} {name}' + (f', grows with the power {k:.2f}' if k is not None else ''))
    return out + ['        · in proportion']
