# SPDX-License-Identifier: MIT
"""Processes: started, watched, ended, and what they used."""
import os
import resource
import signal
import subprocess
import time

ASLEEP = {34, 35, 230}  # pause, nanosleep, clock_nanosleep on x86-64


def own_peak():
    """Bytes that this process has ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _open_null():
    return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


class Process:
    """A process whose CPU time and memory are of interest. Output goes to files or nowhere."""

    def __init__(self, argv, stdout=None, stderr=None, stdin=subprocess.DEVNULL, cwd=None):
        self.files = [open(p, 'wb') if p else _open_null() for p in (stdout, stderr)]
        self.began = time.monotonic()
        self.p = subprocess.Popen(argv, stdin=stdin, stdout=self.files[0], stderr=self.files[1], cwd=cwd)
        self.usage = self.wall = self.code = None

    def wait(self):
        """Its exit code, -n for signal n."""
        _, status, self.usage = os.wait4(self.p.pid, 0)
        self.wall = time.monotonic() - self.began
        self.code = self.p.returncode = os.waitstatus_to_exitcode(status)
        for f in self.files:
            os.close(f) if isinstance(f, int) else f.close()
        return self.code

    def stop(self, sig=signal.SIGINT):
        self.p.send_signal(sig)
        return self.wait()

    def running(self):
        return self.p.returncode is None and os.waitid(
            os.P_PID, self.p.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    @property
    def cpu(self):
        """Seconds of it and of the children it waited for, when it has ended."""
        return self.usage.ru_utime + self.usage.ru_stime

    @property
    def peak(self):
        """Bytes. Linux counts what the process was before exec too, so less than ours is not known."""
        peak = self.usage.ru_maxrss * 1024
        return peak if peak > own_peak() else None

    def cpu_now(self):
        """Seconds so far, of all threads, also those that ended, without children."""
        try:
            return time.clock_gettime(~self.p.pid << 3 | 2)  # CPUCLOCK_SCHED of the process, see clock_getcpuclockid(3)
        except OSError:
            return 0

    def memory(self):
        """Bytes by name as /proc has them: VmHWM, RssAnon, RssFile."""
        out = {}
        for line in _read(f'/proc/{self.p.pid}/status').splitlines():
            name, _, rest = line.partition(':')
            if rest.endswith('kB'):
                out[name] = int(rest.split()[0]) * 1024
        return out

    def await_sleep(self, seconds=15.0):
        """Until it has done what it has to do first and waits for something to happen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.running():
            number = _read(f'/proc/{self.p.pid}/syscall', '-1').split()[0]
            if number.isdigit() and int(number) in ASLEEP:
                return True
            time.sleep(0.02)
        return False

    def await_quiet(self, seconds=15.0, window=0.3):
        """Until it uses next to no CPU time; for tools of which one does not know what they wait in."""
        end, before = time.monotonic() + seconds, -1.0
        while time.monotonic() < end and self.running():
            used = self.cpu_now()
            if used > 0.005 and used - before < window * 0.05:
                return True
            before = used
            time.sleep(window)
        return self.running()


def _read(path, default=''):
    try:
        with open(path, encoding='utf-8', errors='replace') as f:
            return f.read() or default
    except OSError:
        return default


def run(argv, **how):
    """Runs to the end; a Process with wall, code, cpu and peak."""
    p = Process(argv, **how)
    p.wait()
    return p


def output(argv, cwd=None, timeout=60):
    """(exit code, standard output, standard error) as text."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors='replace', cwd=cwd, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr
