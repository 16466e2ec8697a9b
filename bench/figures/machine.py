# SPDX-License-Identifier: MIT
"""The machine: what it is, and whether it is quiet enough to tell a difference."""
import os
import platform
import subprocess
import time

# What the untraced loops may scatter, and what others may use, before a comparison says nothing.
SPREAD_MAX = 0.10
ABOVE_BEST_MAX = 0.15
OTHERS_MAX = 0.10
TRACED_MAX = 0.10


class Kernel:
    """The helper that knows the kernel's BPF programs (bench/programs.c)."""

    def __init__(self, program):
        self.p = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, word):
        self.p.stdin.write(word + '\n')
        self.p.stdin.flush()
        return [line.split() for line in iter(self.p.stdout.readline, '\n') if line.strip()]

    def close(self):
        self.p.stdin.close()
        self.p.wait()

    def links(self):
        """How many programs are on entry and exit of system calls."""
        return len(self.ask('links'))

    def runs(self):
        """{id: (name, runs, ns)} since the statistics were turned on."""
        return {int(i): (name, int(n), int(ns)) for i, name, n, ns in self.ask('runs')}


def describe():
    cpu = ''
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        for line in f:
            if line.startswith('model name'):
                cpu = line.split(':', 1)[1].strip()
                break
    return {'cpu': cpu, 'cpus': os.cpu_count(), 'kernel': platform.release(), 'machine': platform.machine(),
            'memory_mb': os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') >> 20}


def is_same(a, b):
    return all(a.get(k) == b.get(k) for k in ('cpu', 'cpus', 'kernel', 'machine'))


def _ticks():
    with open('/proc/stat', encoding='ascii') as f:
        t = [int(x) for x in f.readline().split()[1:9]]
    return {'idle': t[3] + t[4], 'steal': t[7], 'all': sum(t)}


class Quiet:
    """Watches what else the machine does while we measure."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.looks, self.traced, self.busy, self.steal = 0, 0, [], []

    def look(self, seconds=0.2):
        """How much of the machine others use now, nothing of ours running."""
        a = _ticks()
        time.sleep(seconds)
        b = _ticks()
        all_ticks = max(1, b['all'] - a['all'])
        self.busy.append(1 - (b['idle'] - a['idle']) / all_ticks)
        self.steal.append((b['steal'] - a['steal']) / all_ticks)

    def alone(self, seconds=3.0):
        """Waits a little for a moment in which nobody else traces system calls. True: there is one."""
        end = time.monotonic() + seconds
        self.looks += 1
        while self.kernel.links():
            if time.monotonic() > end:
                self.traced += 1
                return False
            time.sleep(0.1)
        return True

    def verdict(self, results):
        """What is known about the noise, and the reasons why a comparison would say nothing."""
        loops = [f for n, f in results.figures.items() if n.startswith('cost/') and n.endswith('/untraced.cpu')
                 and n.split('/')[1] in ('getppid', 'pread')]
        noise = {
            'others_busy': sum(self.busy) / len(self.busy) if self.busy else 0.0,
            'steal': sum(self.steal) / len(self.steal) if self.steal else 0.0,
            'traced_by_others': self.traced / self.looks if self.looks else 0.0,
            'loop_spread': max((f.spread for f in loops), default=0.0),
            'loop_median_above_best': max((f.median / f.best - 1 for f in loops), default=0.0),
        }
        why = []
        for key, limit, text in (
                ('others_busy', OTHERS_MAX, 'other programs used {:.0%} of the machine'),
                ('traced_by_others', TRACED_MAX, 'somebody else traced system calls in {:.0%} of the runs'),
                ('loop_spread', SPREAD_MAX, 'half of the untraced loops scatter over {:.0%}'),
                ('loop_median_above_best', ABOVE_BEST_MAX, 'the untraced median is {:.0%} above the best')):
            if noise[key] > limit:
                why.append(text.format(noise[key]) + f', {limit:.0%} at most')
        return {k: round(v, 4) for k, v in noise.items()}, why
