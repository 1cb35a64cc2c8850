"""ThumbHash, read back: from 5 to some 25 bytes to a tiny picture, and that to a PNG.

The format: a 24-bit and a 16-bit header with the average colour, scales and shape, then 4-bit cosine coefficients of
lightness, yellow-blue, red-green and alpha (evanw/thumbhash, public domain).
"""

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST = 32
"""Pixels along the longer edge of a placeholder."""


@dataclass(frozen=True)
class Placeholder:
    """A tiny picture: `pixels` are RGBA bytes, row by row."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        """The picture as a PNG file."""
        stride = self.width * 4
        rows = (self.pixels[at : at + stride] for at in range(0, len(self.pixels), stride))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 6, 0, 0, 0)
        data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
        chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


@dataclass(frozen=True)
class _Channel:
    """One channel in cosines: its average, and coefficients for `across` x `down` frequencies, the average left out."""

    average: float
    coefficients: tuple[float, ...]
    across: int
    down: int

    def read(self, columns: Sequence[Sequence[float]], rows: Sequence[Sequence[float]]) -> list[list[float]]:
        """The channel at every pixel, the separable sum taken in two steps."""
        table, at = [], 0
        for frequency in range(self.down):
            first, last = 0 if frequency else 1, self._last(frequency)
            table.append((first, self.coefficients[at : at + last - first]))
            at += last - first
        partial = [
            [sum(value * column[first + place] for place, value in enumerate(values)) * 2 for column in columns]
            for first, values in table
        ]
        return [
            [self.average + sum(line[x] * row[y] for y, line in enumerate(partial)) for x in range(len(columns))]
            for row in rows
        ]

    def _last(self, frequency: int) -> int:
        """How many frequencies across are kept beside this one down: the triangle below the diagonal."""
        return next(x for x in range(self.across + 1) if x * self.down >= self.across * (self.down - frequency))


def decode(encoded: str) -> Placeholder | None:
    """The picture of a ThumbHash in base64; None if it is none."""
    try:
        content = base64.b64decode(encoded, validate=True)
        return _decode(content)
    except (ArithmeticError, IndexError, ValueError):
        return None


def _decode(content: bytes) -> Placeholder:
    header, more = int.from_bytes(content[:3], "little"), content[3] | content[4] << 8
    has_alpha, landscape, seven = header >> 23, more >> 15, more & 7
    across = max(3, (5 if has_alpha else 7) if landscape else seven)
    down = max(3, seven if landscape else (5 if has_alpha else 7))
    nibbles = _Nibbles(content, 6 if has_alpha else 5)
    lightness = nibbles.channel((header & 63) / 63, across, down, (header >> 18 & 31) / 31)
    yellow = nibbles.channel((header >> 6 & 63) / 31.5 - 1, 3, 3, (more >> 3 & 63) / 63 * 1.25)
    red = nibbles.channel((header >> 12 & 63) / 31.5 - 1, 3, 3, (more >> 9 & 63) / 63 * 1.25)
    solid = _Channel(1.0, (0.0,) * 5, 3, 3)
    alpha = nibbles.channel((content[5] & 15) / 15, 5, 5, (content[5] >> 4) / 15) if has_alpha else solid
    return _picture(_shape(5 if has_alpha else 7, seven, bool(landscape)), lightness, yellow, red, alpha)


def _shape(longest: int, seven: int, landscape: bool) -> tuple[int, int]:
    ratio = longest / seven if landscape else seven / longest
    return (LONGEST, round(LONGEST / ratio)) if ratio > 1 else (round(LONGEST * ratio), LONGEST)


class _Nibbles:
    """Coefficients, four bits each, low half first."""

    def __init__(self, content: bytes, start: int) -> None:
        self._content, self._at = content, start * 2

    def channel(self, average: float, across: int, down: int, scale: float) -> _Channel:
        channel = _Channel(average, (), across, down)
        count = sum(channel._last(frequency) - (0 if frequency else 1) for frequency in range(down))
        return _Channel(average, tuple(self._next(scale) for _ in range(count)), across, down)

    def _next(self, scale: float) -> float:
        nibble = self._content[self._at >> 1] >> (self._at & 1) * 4 & 15
        self._at += 1
        return (nibble / 7.5 - 1) * scale


def _picture(shape: tuple[int, int], *channels: _Channel) -> Placeholder:
    width, height = shape
    columns, rows = _cosines(width), _cosines(height)
    planes = [channel.read(columns, rows) for channel in channels]
    pixels = bytearray()
    for lines in zip(*planes, strict=True):
        for lightness, yellow, red, alpha in zip(*lines, strict=True):
            blue = lightness - 2 / 3 * yellow
            r = (3 * lightness - blue + red) / 2
            pixels += bytes(int(255 * min(1.0, max(0.0, value))) for value in (r, r - red, blue, alpha))
    return Placeholder(width, height, bytes(pixels))


def _cosines(count: int, frequencies: int = 7) -> list[list[float]]:
    return [[math.cos(math.pi / count * (at + 0.5) * f) for f in range(frequencies)] for at in range(count)]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
