# SPDX-License-Identifier: MIT
"""What `strace -f -y -ttt -T -s 0 -o FILE` wrote, call by call.

Lines are "PID TIME call(args) = result <duration>"; a call that another thread's line cut in two comes
as "<unfinished ...>" and "<... call resumed>". Descriptors have what they refer to behind them, as
3</path>, and </path>(deleted). See strace(1), and the accepted differences in differences.md.
"""
import errno
import re

LINE = re.compile(rb'(\d+) +(\d+\.\d+) (.*)', re.S)
RESUMED = re.compile(rb'<\.\.\. (\w+) resumed>(.*)', re.S)
CALL = re.compile(rb'(\w+)\((.*)', re.S)
RESULT = re.compile(rb'\s*= (\?|0x[0-9a-f]+|-?\d+)(.*)', re.S)
EXITED = re.compile(rb'\+\+\+ exited with (\d+) \+\+\+')
KILLED = re.compile(rb'\+\+\+ killed by (\w+)( \(core dumped\))? \+\+\+')
SUPERSEDED = re.compile(rb'\+\+\+ superseded by execve in pid (\d+) \+\+\+')
ANNOTATED = re.compile(rb'(-?\d+|0x[0-9a-f]+|AT_FDCWD)<(.*)>(\(deleted\))?$', re.S)
# Results that a program never sees: the kernel starts the call again (include/linux/errno.h).
RESTARTS = {'ERESTARTSYS': 512, 'ERESTARTNOINTR': 513, 'ERESTARTNOHAND': 514, 'ERESTART_RESTARTBLOCK': 516}
ESCAPES = {b'n': b'\n', b't': b'\t', b'r': b'\r', b'v': b'\v', b'f': b'\f', b'e': b'\x1b'}


class Call:
    """One call. `result` is None when its end was not seen."""

    def __init__(self, pid, name, line):
        self.pid, self.name, self.line = pid, name, line
        self.args, self.result, self.error, self.result_fd = [], None, None, None

    def __repr__(self):
        args = ', '.join(a.decode('utf-8', 'backslashreplace') for a in self.args)
        result = '?' if self.result is None else self.error or self.result
        return f'{self.name}({args[:300]}) = {result}'


class Log:
    """calls[tid]: in order. ends[tid]: ('exited', code) or ('killed', signal, core). superseded: threads
    that another thread's exec replaced."""

    def __init__(self):
        self.calls, self.ends, self.superseded, self.bad = {}, {}, {}, []


def unescape(text):
    """Bytes of a string as strace prints it."""
    def one(m):
        if m[1][0:1].isdigit():
            return bytes([int(m[1], 8)])
        if m[1][0:1] == b'x':
            return bytes([int(m[1][1:], 16)])
        return ESCAPES.get(m[1], m[1])
    return re.sub(rb'\\([0-7]{1,3}|x[0-9a-f]{2}|.)', one, text, flags=re.S)


def end_of_string(s, at):
    """Index behind the string that begins with a quote at `at`."""
    at += 1
    while s[at:at + 1] != b'"':
        at += 2 if s[at:at + 1] == b'\\' else 1
        if at >= len(s):
            raise ValueError('a string that does not end')
    return at + 1


def split_args(s):
    """Arguments up to the bracket that closes the call, and what follows it."""
    args, depth, start, at = [], 0, 0, 0
    while at < len(s):
        c = s[at:at + 1]
        if c == b'"':
            at = end_of_string(s, at)
            continue
        if c == b'/' and s[at:at + 2] == b'/*':
            at = s.index(b'*/', at) + 2
            continue
        if c == b'<' and s[at - 1:at] != b'<' and s[at + 1:at + 2] not in b' <':
            at = s.index(b'>', at) + 1  # an annotation: its own brackets are escaped
            continue
        if c in b'([{':
            depth += 1
        elif c in b')]}':
            if depth == 0:
                last = s[start:at].strip()
                return args + [last] if last or args else [], s[at + 1:]
            depth -= 1
        elif c == b',' and depth == 0:
            args.append(s[start:at].strip())
            start = at + 1
        at += 1
    raise ValueError('a call that does not end')


def fd_path(arg):
    """Path behind a descriptor, as /proc has it; None when there is none."""
    m = ANNOTATED.match(arg)
    return unescape(m[2]) + (b' (deleted)' if m[3] else b'') if m else None


def string(arg):
    """Bytes of a string argument; None for a pointer or NULL."""
    if arg[:1] != b'"':
        return None
    return unescape(arg[1:end_of_string(arg, 0) - 1])


def finish(call, text):
    call.args, rest = split_args(text)
    m = RESULT.match(rest)
    if not m:
        raise ValueError(f'no result in {rest!r}')
    value, tail = m[1], m[2]
    word = tail.split()[0].decode() if tail.split() else ''
    if value == b'?':
        number = RESTARTS.get(word)
        call.result, call.error = (-number, word) if number else (None, None)
        return
    call.result = int(value, 8 if value[:1] == b'0' and value.isdigit() else 0)  # umask says 022
    if call.result == -1 and hasattr(errno, word):
        call.result, call.error = -getattr(errno, word), word
    elif tail[:1] == b'<' and not re.match(rb'<\d+\.\d+>$', tail):
        call.result_fd = fd_path(value + re.sub(rb' <\d+\.\d+>$', b'', tail))


class Parser:
    def __init__(self):
        self.log = Log()
        self.open = {}  # pid: (call, text so far)

    def begin(self, pid, text, number):
        m = CALL.match(text)
        if not m:
            raise ValueError('not a call')
        call = Call(pid, m[1].decode(), number)
        self.log.calls.setdefault(pid, []).append(call)
        if m[2].endswith(b'<unfinished ...>'):
            self.open[pid] = call, m[2][:-len(b'<unfinished ...>')].rstrip(b' ')
        else:
            finish(call, m[2])

    def resume(self, pid, text):
        if pid not in self.open:
            raise ValueError('the end of a call that did not begin')
        call, begun = self.open.pop(pid)
        finish(call, begun + text)

    def supersede(self, pid, by):
        """Thread `by` executed a program: it goes on as `pid`, its call too."""
        call, begun = self.open.pop(by, (None, b''))
        self.log.superseded[by] = pid
        if call:
            self.log.calls[by].remove(call)
            call.pid = pid
            self.log.calls.setdefault(pid, []).append(call)
            self.open[pid] = call, begun

    def line(self, raw, number):
        m = LINE.match(raw)
        if not m:
            raise ValueError('not a line of strace')
        pid, text = int(m[1]), m[3]
        if text.startswith(b'--- '):
            return
        if text.startswith(b'+++ '):
            self.end(pid, text)
            return
        resumed = RESUMED.match(text)
        if resumed:
            self.resume(pid, resumed[2])
        elif not text.startswith(b'[ Process'):
            self.begin(pid, text, number)

    def end(self, pid, text):
        exited, killed, superseded = EXITED.match(text), KILLED.match(text), SUPERSEDED.match(text)
        if exited:
            self.log.ends[pid] = 'exited', int(exited[1])
        elif killed:
            self.log.ends[pid] = 'killed', killed[1].decode(), bool(killed[2])
        elif superseded:
            self.supersede(pid, int(superseded[1]))


def read(path):
    parser = Parser()
    with open(path, 'rb') as f:
        for number, raw in enumerate(f, 1):
            try:
                parser.line(raw.rstrip(b'\n'), number)
            except (ValueError, IndexError) as e:
                parser.log.bad.append(f'strace line {number}: {e}: {raw[:200]!r}')
    return parser.log
