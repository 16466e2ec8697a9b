# SPDX-License-Identifier: MIT
"""The structure of Process Monitor's log files, by the description of the format alone."""
import struct

HEADER, HEAD = 0x3a8, 52


class Log:
    """Rules that a file must keep so that Process Monitor opens it."""

    def __init__(self, data):
        self.data = data
        self.magic, self.version, self.is_64 = struct.unpack_from('<4sII', data, 0)
        self.n, = struct.unpack_from('<I', data, 0x234)
        self.events, self.offsets, self.processes, self.strings, self.icons = \
            struct.unpack_from('<5Q', data, 0x240)
        self.header, self.hosts = struct.unpack_from('<QQ', data, 0x398)

    def faults(self):
        if (self.magic, self.version, self.is_64, self.header) != (b'PML_', 9, 1, HEADER):
            yield f'the head is {self.magic} {self.version} {self.is_64} {self.header:#x}'
        order = [self.events, self.offsets, self.processes, self.strings, self.icons, self.hosts, len(self.data)]
        if order != sorted(order) or self.events != HEADER:
            yield f'the sections are not in their order: {order}'
        yield from self.event_faults()
        yield from self.process_faults()
        yield from self.table_faults()

    def event_faults(self):
        at, before = self.events, 0
        if self.processes - self.offsets != 5 * self.n:
            yield 'the array of offsets has not 5 bytes for each event'
        processes, = struct.unpack_from('<I', self.data, self.processes)
        for i in range(self.n):
            low, high = struct.unpack_from('<IB', self.data, self.offsets + 5 * i)
            index, = struct.unpack_from('<I', self.data, at)
            time, status, depth, size, extra = struct.unpack_from('<QIIII', self.data, at + 0x1c)
            if low | high << 32 != at:
                yield f'event {i} is at {at}, its offset says {low | high << 32}'
                return
            if time < before:
                yield f'event {i} is earlier than the one before'
            if index >= processes:
                yield f'event {i} is of process {index}'
            next_at = at + HEAD + 8 * (depth & 0xffff) + size
            if extra and at + extra != next_at:
                yield f'event {i} has its extra part elsewhere'
            if extra:
                next_at += 2 + struct.unpack_from('<H', self.data, next_at)[0]
            at, before = next_at, time
        if at != self.offsets:
            yield f'the events end at {at}, not at {self.offsets}'

    def process_faults(self):
        n, = struct.unpack_from('<I', self.data, self.processes)
        kernel = []
        for i in range(n):
            index, offset = (struct.unpack_from('<I', self.data, self.processes + 4 + 4 * (k * n + i))[0]
                             for k in (0, 1))
            p = self.processes + offset
            own, pid = struct.unpack_from('<II', self.data, p)
            if own != index:
                yield f'process {i} says that it is {own}'
            if self.data[p + 0x60] != 1:
                yield f'process {i} does not say that its modules are an array'
            modules, = struct.unpack_from('<I', self.data, p + 0x68)
            kernel += [modules] if pid == 4 else []
        if not any(kernel):
            yield 'there is no process 4 with modules'

    def table_faults(self):
        for name, at in (('string', self.strings), ('icon', self.icons)):
            n, first = struct.unpack_from('<II', self.data, at)
            skip = 4 if name == 'icon' else 0
            if not n or struct.unpack_from('<I', self.data, at + first + skip)[0]:
                yield f'{name} 0 is not empty'
        at = self.hosts
        for fixed in (16, 4):
            n, = struct.unpack_from('<I', self.data, at)
            at += 4
            for _ in range(n):
                at += fixed
                at += 4 + struct.unpack_from('<I', self.data, at)[0]
        if at != len(self.data):
            yield f'hosts and ports end at {at}, the file at {len(self.data)}'
