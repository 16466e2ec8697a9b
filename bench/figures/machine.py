# SPDX-License-Identifier: MIT
"""The machine: what it is, and whether it is quiet enough to tell a difference."""
import os
import platform
import statistics
import subprocess
import time

# What others may use and do, and what of our own may go wrong, before a comparison says nothing.
OTHERS_MAX = 0.10
TRACED_MAX = 0.10
UNSTEADY_MAX = 0.50  # of the pairs of untraced loops
AGAIN_MAX = 0.02  # by which an untraced loop and the next one may differ, half of the time
LOOPS = ('getppid', 'pread', 'open-close')


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
    """What stands behind the version is the build, which changes more often than the kernel."""
    kernels = [m.get('kernel', '').split('-')[0] for m in (a, b)]
    return kernels[0] == kernels[1] and all(a.get(k) == b.get(k) for k in ('cpu', 'cpus', 'machine'))


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
        """What is known about the noise, and the reasons why a comparison would say nothing. That the machine is now
        faster and now slower is none: what is compared stands between two looks at its speed."""
        noise = {
            'others_busy': sum(self.busy) / len(self.busy) if self.busy else 0.0,
            'steal': sum(self.steal) / len(self.steal) if self.steal else 0.0,
            'traced_by_others': self.traced / self.looks if self.looks else 0.0,
            'unsteady': None, 'again': None, 'speed_range': None, 'speed_ns': None,
        }
        pairs = results.get('again/unsteady')
        if pairs:
            noise['unsteady'] = pairs.best
            noise['again'] = max((abs(results.get(f'again/{op}').median - 1) for op in LOOPS
                                  if results.get(f'again/{op}')), default=1.0)
            speeds = sorted(results.get('cost/pread/untraced.cpu').values)
            noise['speed_ns'] = statistics.median(speeds)
            noise['speed_range'] = speeds[len(speeds) * 9 // 10] / speeds[len(speeds) // 10] - 1
        why = []
        for key, limit, text in (
                ('others_busy', OTHERS_MAX, 'other programs used {:.0%} of the machine'),
                ('traced_by_others', TRACED_MAX, 'somebody else traced system calls in {:.0%} of the runs'),
                ('unsteady', UNSTEADY_MAX, 'the speed of the machine changed around {:.0%} of the runs'),
                ('again', AGAIN_MAX, 'an untraced loop and the next one differ by {:.1%}')):
            if noise[key] is not None and noise[key] > limit:
                why.append(text.format(noise[key]) + f', {limit:.0%} at most')
        return {k: v if v is None else round(v, 4) for k, v in noise.items()}, why
