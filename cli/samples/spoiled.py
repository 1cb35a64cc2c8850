"""The planted files: each is small, each must be refused, and none may hurt."""

import struct
import zlib
from collections.abc import Callable

BOMB_EDGE = 40_000
LETTER = b"Dear worker,\n\nI am not a photograph, whatever my name says.\n"
DRAWING = (
    b'<?xml version="1.0"?>\n<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/hostname">]>\n'
    b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><text y="40">&secret;</text></svg>\n'
)


def bomb() -> bytes:
    """A valid black PNG of 40,000 x 40,000 one-bit pixels: every one of them is really in the deflate stream."""
    row = b"\0" * (BOMB_EDGE // 8 + 1)
    deflate = zlib.compressobj(9)
    data = b"".join(deflate.compress(row * 100) for _ in range(BOMB_EDGE // 100)) + deflate.flush()
    header = struct.pack(">IIBBBBB", BOMB_EDGE, BOMB_EDGE, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def cut_short(jpeg: bytes) -> bytes:
    """The first three fifths of a photograph: an upload that broke off."""
    return jpeg[: len(jpeg) * 3 // 5]


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "planted/cut-short.jpg": cut_short,
    "planted/bomb.png": lambda _: bomb(),
    "planted/letter.jpg": lambda _: LETTER,
    "planted/drawing.png": lambda _: DRAWING,
    "planted/nothing.jpg": lambda _: b"",
}
"""Name to how it is made from a sound JPEG."""
