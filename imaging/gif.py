"""The first frame of a GIF, followed as far as it takes to see that it is whole: libnsgif shows what there is of it."""

import struct
from dataclasses import dataclass

from imaging import _native
from imaging.errors import Reason, Rejected
from imaging.limits import Limits

SCREEN = struct.Struct("<6xHHBxx")
FRAME = struct.Struct("<HHHHB")
TABLE = 0x80  # a table of colours follows

EXTENSION, IMAGE = 0x21, 0x2C


@dataclass(frozen=True, slots=True)
class Frame:
    """Its size, whether any colours are there for it, and the LZW codes of its pixels."""

    width: int
    height: int
    coloured: bool
    root_bits: int
    codes: bytes


def complete(original: bytes, limits: Limits) -> bytes:
    """The original, unless its first frame has fewer pixels than it says, or none, or no colours."""
    try:
        frame = first_frame(original)
    except (struct.error, IndexError):
        raise Rejected(Reason.TRUNCATED, "its first frame is not all there") from None
    if not frame.width * frame.height or not frame.coloured:
        raise Rejected(Reason.CORRUPT, "its first frame has no pixels, or no colours")
    if frame.width * frame.height > limits.pixels:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"a frame of {frame.width} × {frame.height}")
    if _native.gif_pixels(frame.codes, frame.root_bits) != frame.width * frame.height:
        raise Rejected(Reason.CORRUPT, "its first frame has other pixels than it says")
    return original


def first_frame(original: bytes) -> Frame:
    """The first frame. Raises IndexError or struct.error where the file ends before it does."""
    _, _, flags = SCREEN.unpack_from(original)
    at, coloured = SCREEN.size + table(flags), bool(flags & TABLE)
    while original[at] == EXTENSION:
        at, _ = blocks(original, at + 2)
    if original[at] != IMAGE:
        raise Rejected(Reason.CORRUPT, "it has no frame")
    _, _, width, height, flags = FRAME.unpack_from(original, at + 1)
    at += 1 + FRAME.size + table(flags)
    _, pieces = blocks(original, at + 1)
    return Frame(width, height, coloured or bool(flags & TABLE), original[at], b"".join(pieces))


def table(flags: int) -> int:
    """How many bytes the table of colours has that such flags announce."""
    return 3 * (2 << (flags & 7)) if flags & TABLE else 0


def blocks(original: bytes, at: int) -> tuple[int, list[bytes]]:
    """Where a chain of blocks ends, and what they hold."""
    pieces = []
    while length := original[at]:
        if at + 1 + length >= len(original):
            raise IndexError
        pieces.append(original[at + 1 : at + 1 + length])
        at += 1 + length
    return at + 1, pieces
