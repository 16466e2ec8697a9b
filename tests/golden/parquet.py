# SPDX-License-Identifier: MIT
"""A reader of Parquet files as small as the tests allow: flat tables, optional columns, plain and
dictionary pages, zstd. Written from the specification (github.com/apache/parquet-format), not from
Espy's writer; it checks what it can on the way."""
import struct

import zstandard

INT64, BOOLEAN, BYTE_ARRAY, OPTIONAL, ZSTD, PLAIN, RLE, RLE_DICTIONARY = 2, 0, 6, 1, 6, 0, 3, 8


class Compact:
    """Thrift's compact protocol: structs as {id: value}."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7f) << shift
            shift += 7
            if b < 0x80:
                return value

    def zigzag(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.zigzag()
        if kind == 8:
            n = self.varint()
            self.at += n
            return self.data[self.at - n:self.at]
        if kind == 9:
            head = self.byte()
            n = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.value(head & 15) for _ in range(n)]
        assert kind == 12, f'a thrift type {kind}'
        return self.struct()

    def struct(self):
        fields, last = {}, 0
        while True:
            head = self.byte()
            if head == 0:
                return fields
            last = last + (head >> 4) if head >> 4 else self.zigzag()
            assert last not in fields
            fields[last] = self.value(head & 15)


def hybrid(data, at, end, width, count):
    """Runs and packed groups; exactly `count` values, and nothing behind them but padding."""
    reader, values, size = Compact(data, at), [], (width + 7) // 8
    while len(values) < count:
        head = reader.varint()
        if head & 1:
            n = (head >> 1) * width  # bytes: eight values of that many bits
            bits = int.from_bytes(data[reader.at:reader.at + n], 'little')
            reader.at += n
            values += [bits >> i * width & (1 << width) - 1 for i in range((head >> 1) * 8)]
        else:
            v = int.from_bytes(data[reader.at:reader.at + size], 'little')
            reader.at += size
            values += [v] * (head >> 1)
    assert reader.at == end, f'{end - reader.at} bytes too many'
    return values[:count]


def page(data, at):
    reader = Compact(data, at)
    head = reader.struct()
    raw = zstandard.ZstdDecompressor().decompress(data[reader.at:reader.at + head[3]], max_output_size=head[2])
    assert len(raw) == head[2]
    return head, raw, reader.at + head[3]


def plain(raw, kind, count):
    if kind == INT64:
        assert len(raw) == 8 * count
        return list(struct.unpack(f'<{count}q', raw))
    if kind == BOOLEAN:
        return [bool(raw[i // 8] >> i % 8 & 1) for i in range(count)]
    values, at = [], 0
    for _ in range(count):
        n = struct.unpack_from('<I', raw, at)[0]
        values.append(raw[at + 4:at + 4 + n])
        at += 4 + n
    assert at == len(raw)
    return values


def chunk(data, meta, unsigned):
    assert meta[4] == ZSTD
    at, words = meta.get(11, meta[9]), None
    if 11 in meta:
        head, raw, at = page(data, at)
        assert head[7][2] == PLAIN
        words = plain(raw, meta[1], head[7][1])
        assert len(set(words)) == len(words), 'a word twice in the dictionary'
    assert at == meta[9]
    head, raw, at = page(data, at)
    count, encoding = head[5][1], head[5][2]
    assert count == meta[5] and at == meta.get(11, meta[9]) + meta[7]
    n = struct.unpack_from('<I', raw)[0]
    levels = hybrid(raw, 4, 4 + n, 1, count)
    raw, have = raw[4 + n:], sum(levels)
    if encoding == RLE_DICTIONARY:
        values = [words[i] for i in hybrid(raw, 1, len(raw), raw[0], have)] if have else []
    else:
        values = plain(raw, meta[1], have)
    if unsigned:
        values = [v & (1 << 64) - 1 for v in values]
    check_statistics(meta, values, count, unsigned)
    left = iter(values)
    return [next(left) if level else None for level in levels]


def check_statistics(meta, values, count, unsigned):
    stats = meta[12]
    assert stats[3] == count - len(values)
    if 5 not in stats:
        return
    most, least = stats[5], stats[6]
    if meta[1] == INT64:
        most, least = (struct.unpack('<Q' if unsigned else '<q', v)[0] for v in (most, least))
    elif meta[1] == BOOLEAN:
        most, least = most != b'\0', least != b'\0'
    assert (least, most) == (min(values), max(values)), f'{meta[3]}: {least} to {most}'


def read(path):
    """{column: values}, key-value metadata, row groups."""
    with open(path, 'rb') as f:
        data = f.read()
    assert data[:4] == data[-4:] == b'PAR1'
    n = struct.unpack('<I', data[-8:-4])[0]
    footer = Compact(data[-8 - n:-8]).struct()
    root, *schema = footer[2]
    assert root[5] == len(schema) == len(footer[7])
    table = {e[4].decode(): [] for e in schema}
    for group in footer[4]:
        assert len(group[1]) == len(schema)
        for element, column in zip(schema, group[1]):
            meta = column[3]
            assert meta[3] == [element[4]] and meta[1] == element[1] and element[3] == OPTIONAL
            values = chunk(data, meta, element.get(6) == 14)
            assert len(values) == group[3]
            table[element[4].decode()] += values
    assert all(len(v) == footer[3] for v in table.values())
    facts = {f[1].decode(): f.get(2, b'').decode() for f in footer.get(5, [])}
    return table, facts, footer[4]
