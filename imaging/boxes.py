"""The boxes of HEIC and AVIF (ISO/IEC 14496-12), read as far as it takes to see whether a file is whole.

libheif decodes an iPhone's picture tile by tile. It leaves out, without a word, the tiles that it has no bytes for,
so a tenth of a file passes for all of it; and libde265 makes what it can of bytes that cannot be HEVC. So the places
of all items are compared with the file's length, and what lies there with the rules of HEVC, before they are asked.
"""

import re
import struct
from collections.abc import Iterator

#: Construction method: an item's bytes lie in the file, not in another box or item.
FROM_FILE = 0

#: What never occurs within a NAL unit, for an encoder would have put a 3 in between (H.265, 7.4.2).
FORBIDDEN = re.compile(rb"\0\0[\0-\2]")

#: The kinds of items that are HEVC pictures.
HEVC = frozenset((b"hvc1", b"hev1"))

#: Many times what any camera writes; beyond it a file is made to waste our time.
MOST_BOXES = 10_000
MOST_FIELDS = 200_000

#: What reading beyond the end of a file raises.
DAMAGE = (struct.error, IndexError)

Extent = tuple[int, int]


def whole(original: bytes) -> bool:
    """Whether every box, and every byte of every item, lies within the file; what follows them does not matter."""
    try:
        return all(end <= len(original) for end in ends(original))
    except DAMAGE:
        return False


def sound(original: bytes) -> bool:
    """Whether every HEVC picture in a whole file is a row of NAL units, as far as that shows without decoding them."""
    try:
        return all(
            is_hevc(b"".join(original[first:last] for first, last in extents), length_size(original))
            for kind, extents in items(original)
            if kind in HEVC
        )
    except DAMAGE:
        return False


def ends(original: bytes) -> Iterator[int]:
    """Where each box of the file, and each extent of an item, ends."""
    for _, _, end in boxes(original, 0, len(original)):
        yield end
    for _, extents in items(original):
        yield from (last for _, last in extents)


def boxes(original: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes of a stretch: their kind, and where what they hold starts and ends. Stops at what is no box."""
    for _ in range(MOST_BOXES):
        if at + 8 > end:
            return
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
    raise struct.error("more boxes than anyone needs")


def items(original: bytes) -> Iterator[tuple[bytes, list[Extent]]]:
    """Each item that lies in the file: its kind, and the extents of its bytes."""
    for box, start, end in boxes(original, 0, len(original)):
        if box == b"meta":
            inner = {kind: at for kind, at, _ in boxes(original, start + 4, end)}
            kinds = dict(described(original, inner[b"iinf"], end)) if b"iinf" in inner else {}
            places = located(Fields(original, inner[b"iloc"])) if b"iloc" in inner else ()
            yield from ((kinds.get(item, b""), extents) for item, extents in places)


def described(original: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The kind of each item by its number, as an `iinf` box tells (8.11.6)."""
    wide = 4 if original[at] else 2
    for kind, start, _ in boxes(original, at + 4 + wide, end):
        if kind == b"infe" and original[start] >= 2:
            fields = Fields(original, start + 4)
            item = fields.number(2 if original[start] == 2 else 4)
            fields.number(2)
            yield item, fields.number(4).to_bytes(4)


def located(fields: "Fields") -> Iterator[tuple[int, list[Extent]]]:
    """The extents of each item by its number, as an `iloc` box tells (8.11.3)."""
    version = fields.number(4) >> 24
    sizes = fields.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version >= 2 else 2
    for _ in range(fields.number(wide)):
        item = fields.number(wide)
        method = fields.number(2) & 15 if version else FROM_FILE
        fields.number(2)
        origin = fields.number(base)
        extents = []
        for _ in range(fields.number(2)):
            fields.number(index if version else 0)
            first = origin + fields.number(offset)
            extents.append((first, first + fields.number(length)))
        if method == FROM_FILE:
            yield item, extents


def length_size(original: bytes) -> int:
    """How many bytes give a NAL unit's length, as the `hvcC` box tells (ISO/IEC 14496-15, 8.3.3)."""
    at = original.find(b"hvcC")
    return (original[at + 4 + 21] & 3) + 1 if 0 <= at < len(original) - 26 else 4


def is_hevc(picture: bytes, wide: int) -> bool:
    """Whether NAL units fill a picture's bytes to the last, and none holds what a NAL unit cannot hold."""
    at = 0
    while at + wide <= len(picture):
        end = at + wide + int.from_bytes(picture[at : at + wide])
        if end > len(picture) or FORBIDDEN.search(picture, at + wide, end):
            return False
        at = end
    return at == len(picture)


class Fields:
    """Numbers, one after another."""

    def __init__(self, original: bytes, at: int) -> None:
        self.original = original
        self.at = at
        self.left = MOST_FIELDS

    def number(self, size: int) -> int:
        """The next number, of that many bytes. Raises struct.error where the file, or our patience, ends first."""
        self.left -= 1
        if self.left < 0 or self.at + size > len(self.original):
            raise struct.error("the numbers end here")
        value = int.from_bytes(self.original[self.at : self.at + size])
        self.at += size
        return value
