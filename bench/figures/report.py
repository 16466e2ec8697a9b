# SPDX-License-Identifier: MIT
"""What a run found out: as text, as JSON, in docs/bench.md, and beside the baseline."""
import json
import os

from . import machine
from .results import number

FROM, TO = '<!-- tables: written by bench/run --save -->', '<!-- end of tables -->'
MOVED_MIN = 0.10  # a smaller change than this is not told


def _noise_lines(doc):
    n = doc['noise']
    yield (f'Noise: others used {n["others_busy"]:.0%} of the machine, steal {n["steal"]:.1%}, somebody else traced '
           f'system calls in {n["traced_by_others"]:.0%} of the runs; half of the untraced loops lie within '
           f'{n["loop_spread"]:.0%}, their median is {n["loop_median_above_best"]:.0%} above the best.')
    for why in doc['too_noisy']:
        yield f'Too noisy to compare: {why}.'


def _head(doc):
    m = doc['machine']
    return (f'{doc["espy"]} at {doc["commit"]}, {doc["when"]}, {doc["mode"]} run of {doc["seconds"]} s; {m["cpu"]}, '
            f'{m["cpus"]} processors, {m["memory_mb"]} MB, Linux {m["kernel"]}.')


def as_text(doc, results):
    out = [_head(doc), *_noise_lines(doc), '']
    out += [t.as_text() for t in results.tables]
    out += [f'skipped: {what}: {why}' for what, why in results.skipped]
    return '\n'.join(out)


def as_markdown(doc, results):
    out = [_head(doc), '', *_noise_lines(doc), '']
    out += [t.as_markdown() for t in results.tables]
    out += [f'Skipped: {what}: {why}.\n' for what, why in results.skipped]
    return '\n'.join(out)


def document(bench, seconds):
    noise, too_noisy = bench.quiet.verdict(bench.results)
    return {'espy': bench.version, 'commit': bench.commit, 'when': bench.when, 'seconds': round(seconds),
            'mode': 'quick' if bench.quick else 'full', 'machine': machine.describe(), 'noise': noise,
            'too_noisy': too_noisy, 'skipped': bench.results.skipped,
            'figures': {n: f.as_dict() for n, f in sorted(bench.results.figures.items())}}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def as_json(doc):
    return json.dumps(doc, indent=1, ensure_ascii=False) + '\n'


def into_docs(path, text):
    """Puts the tables between the marks of docs/bench.md."""
    with open(path, encoding='utf-8') as f:
        page = f.read()
    head, rest = page.split(FROM)
    tail = rest.split(TO)[1]
    write(path, f'{head}{FROM}\n\n{text}\n{TO}{tail}')


def _moved(old, new):
    """Relative change, negative is better; None when it is within what the runs scatter."""
    if old['unit'] != new['unit'] or not old['best']:
        return None
    change = (new['best'] - old['best']) / old['best'] * -new['better']
    return change if abs(change) > max(MOVED_MIN, old['spread'], new['spread']) else None


def compare(doc, path):
    """Lines that say what moved since the baseline, or why that cannot be told."""
    try:
        with open(path, encoding='utf-8') as f:
            base = json.load(f)
    except FileNotFoundError:
        return ['No baseline: `bench/run --save` makes one.']
    if not machine.is_same(base['machine'], doc['machine']):
        return ['The baseline is of another machine or kernel; not compared.']
    noisy = [f'this run: {w}' for w in doc['too_noisy']] + [f'the baseline: {w}' for w in base['too_noisy']]
    if noisy:
        return ['Not compared with the baseline: ' + '; '.join(noisy) + '.']
    rows = []
    for name, new in doc['figures'].items():
        change = _moved(base['figures'][name], new) if name in base['figures'] else None
        if change is not None:
            rows.append((change, name, base['figures'][name], new))
    out = [f'Compared with the baseline at {base["commit"]}: {len(rows)} figures moved by more than they scatter.']
    for change, name, old, new in sorted(rows, key=lambda r: -r[0]):
        out.append(f'  {"worse " if change > 0 else "better"} {abs(change):6.0%}  {name}: {number(old["best"])} → '
                   f'{number(new["best"])} {new["unit"]}')
    return out
