"""The boxes of HEIC and AVIF (ISO/IEC 14496-12), read as far as it takes to see whether a file is all there.

libheif decodes an iPhone's picture tile by tile and leaves out, without a word, the tiles that it has no bytes for: a
tenth of a file passes for the whole. So the places of all items are compared with the file's length beforehand.
"""

import struct
from collections.abc import Iterator

FROM_FILE = 0  # construction method: an item's bytes lie in the file, not in another box or item


def whole(original: bytes) -> bool:
    """Whether every box, and every byte of every item, lies within the file; what follows them does not matter."""
    try:
        for kind, start, end in boxes(original, 0, len(original)):
            if end > len(original):
                return False
            if kind == b"meta" and not all(last <= len(original) for last in items(original, start + 4, end)):
                return False
    except struct.error:
        return False
    return True


def boxes(original: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a stretch: their kind, and where what they hold starts and ends. Stops at what is no box."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", original, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", original, start)
            start += 8
        elif size == 0:
            size = end - at
        if size < start - at or not kind.isascii():
            return
        yield kind, start, at + size
        at += size


def items(original: bytes, start: int, end: int) -> Iterator[int]:
    """Where each extent of each item in the file ends, as the `iloc` box of a `meta` box tells (8.11.3)."""
    for kind, at, _ in boxes(original, start, end):
        if kind == b"iloc":
            yield from extents(Fields(original, at))


def extents(fields: "Fields") -> Iterator[int]:
    """The extents of an `iloc` box."""
    version = fields.number(4) >> 24
    sizes = fields.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version >= 2 else 2
    for _ in range(fields.number(wide)):
        fields.number(wide)
        method = fields.number(2) & 15 if version else FROM_FILE
        fields.number(2)
        origin = fields.number(base)
        for _ in range(fields.number(2)):
            fields.number(index if version else 0)
            first = origin + fields.number(offset)
            last = first + fields.number(length)
            if method == FROM_FILE:
                yield last


class Fields:
    """Numbers, one after another."""

    def __init__(self, original: bytes, at: int) -> None:
        self.original = original
        self.at = at

    def number(self, size: int) -> int:
        """The next number, of that many bytes. Raises struct.error where the file ends first."""
        if self.at + size > len(self.original):
            raise struct.error("the file ends here")
        value = int.from_bytes(self.original[self.at : self.at + size])
        self.at += size
        return value
