# SPDX-License-Identifier: MIT
"""What a run found out: as text, as JSON, in docs/bench.md, and beside the baseline."""
import json
import os

from . import machine
from .results import number

FROM, TO = '<!-- tables: written by bench/run --save -->', '<!-- end of tables -->'
MOVED_MIN = 0.10  # a smaller change than this is not told
TIMES = ('ns', 'ms', 's', 'ns/event', 'ns/call', '% of a CPU', 'events/s')
BY_RATIO = ('cost/', 'added/', 'again/')  # times of the loops: what is compared of them is ratio/ and floor/


def _noise_lines(doc):
    n = doc['noise']
    line = (f'Noise: others used {n["others_busy"]:.0%} of the machine, steal {n["steal"]:.1%}, somebody else traced '
            f'system calls in {n["traced_by_others"]:.0%} of the runs')
    if n['again'] is not None:
        line += (f'; the speed of the machine changed around {n["unsteady"]:.0%} of the runs, which are left out, and '
                 f'varied by {n["speed_range"]:.0%}; in the others an untraced loop and the next one differ by '
                 f'{n["again"]:.1%}')
    yield line + '.'
    for why in doc['too_noisy']:
        yield f'Too noisy to compare: {why}.'


def _head(doc):
    m = doc['machine']
    return (f'{doc["espy"]} at {doc["commit"]}, {doc["when"]}, {doc["mode"]} run of {doc["seconds"]} s; {m["cpu"]}, '
            f'{m["cpus"]} processors, {m["memory_mb"]} MB, Linux {m["kernel"]}.')


def as_text(doc, results):
    out = [_head(doc), *_noise_lines(doc), '']
    out += [t.as_text() for t in results.tables] + results.plots
    out += [f'skipped: {what}: {why}' for what, why in results.skipped]
    return '\n'.join(out)


def as_markdown(doc, results):
    out = [_head(doc), '', *_noise_lines(doc), '']
    out += [t.as_markdown() for t in results.tables]
    out += [f'```\n{p}```\n' for p in results.plots]
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


def _factor(unit, old_doc, new_doc):
    """What times of a run are to be divided by so that they are those of a machine as fast as the baseline's, and how
    finely they can be compared at all; None: not. What is no time is left as it is."""
    if unit not in TIMES:
        return 1.0, 0.0
    old, new = old_doc['noise'], new_doc['noise']
    if not old.get('speed_ns') or not new.get('speed_ns'):
        return None, 0.0
    speed = new['speed_ns'] / old['speed_ns']
    return (1 / speed if unit == 'events/s' else speed), max(old['speed_range'], new['speed_range'])


def _moved(old, new, factor, coarse):
    """Relative change, negative is better; None when it is within what the runs scatter."""
    if old['unit'] != new['unit'] or not old['median']:
        return None
    change = (new['median'] / factor - old['median']) / old['median'] * -new['better']
    return change if abs(change) > max(MOVED_MIN, coarse, old['spread'], new['spread']) else None


def _load(path):
    try:
        with open(path, encoding='utf-8') as f:
            return json.load(f)
    except FileNotFoundError:
        return None


def _why_not(base, doc):
    if not base:
        return 'No baseline: `bench/run --save` makes one.'
    if not machine.is_same(base['machine'], doc['machine']):
        return 'The baseline is of another machine or kernel; not compared.'
    noisy = [f'this run: {w}' for w in doc['too_noisy']] + [f'the baseline: {w}' for w in base['too_noisy']]
    return 'Not compared with the baseline: ' + '; '.join(noisy) + '.' if noisy else None


def compare(doc, path):
    """Lines that say what moved since the baseline, or why that cannot be told."""
    base = _load(path)
    why = _why_not(base, doc)
    if why:
        return [why]
    rows, compared = [], 0
    for name, new in doc['figures'].items():
        old = base['figures'].get(name)
        if not old or name.startswith(BY_RATIO):
            continue
        factor, coarse = _factor(new['unit'], base, doc)
        if not factor:
            continue
        compared += 1
        change = _moved(old, new, factor, coarse)
        if change is not None:
            rows.append((change, name, old, new))
    out = [f'Compared with the baseline at {base["commit"]}: of {compared} figures {len(rows)} moved by more than they '
           'scatter. Times are compared after the speed of the machine.']
    for change, name, old, new in sorted(rows, key=lambda r: -r[0]):
        out.append(f'  {"worse " if change > 0 else "better"} {abs(change):6.0%}  {name}: {number(old["median"])} → '
                   f'{number(new["median"])} {new["unit"]}')
    return out
