"""The first directory of a TIFF, read as far as it takes to know what libvips would not say."""

import struct
from collections.abc import Iterator

from imaging.errors import Reason, Rejected

SUBFILE, COMPRESSION, PHOTOMETRIC, DNG_VERSION = 254, 259, 262, 50706
OFFSETS = (273, 324)  # of strips, of tiles
LENGTHS = (279, 325)

REDUCED = 1  # this picture is a small version of another
YCBCR = 6
JPEG = frozenset((6, 7))
SENSOR = frozenset((32803, 34892))  # a colour filter array, linear raw

#: The whole numbers that a directory may hold: BYTE, SHORT, LONG and BigTIFF's LONG8, as struct spells them.
KINDS = {1: "B", 3: "H", 4: "I", 16: "Q"}


def readable(original: bytes) -> bytes:
    """The original, unless it is a camera's raw file or in a layout whose colours libvips would get wrong."""
    tags = directory(original)
    (photometric,), (compression,) = tags.get(PHOTOMETRIC, (-1,))[:1], tags.get(COMPRESSION, (1,))[:1]
    if DNG_VERSION in tags or photometric in SENSOR or tags.get(SUBFILE, (0,))[0] & REDUCED:
        raise Rejected(Reason.UNSUPPORTED_TYPE, "this is a camera's raw file, its first picture a preview")
    if photometric == YCBCR and compression not in JPEG:
        raise Rejected(Reason.UNSUPPORTED_TYPE, "a TIFF in YCbCr that is not compressed as JPEG")
    return original


def whole(original: bytes) -> bool:
    """Whether the strips or tiles of the first picture lie within the file."""
    tags = directory(original)
    offsets, lengths = (next((tags[tag] for tag in among if tag in tags), ()) for among in (OFFSETS, LENGTHS))
    return bool(offsets) and all(at + size <= len(original) for at, size in zip(offsets, lengths, strict=False))


def directory(original: bytes) -> dict[int, tuple[int, ...]]:
    """The whole numbers in the first directory, by tag; as many as can be read."""
    found: dict[int, tuple[int, ...]] = {}
    try:
        for tag, numbers in entries(original):
            if numbers:
                found.setdefault(tag, numbers)
    except struct.error:
        pass
    return found


def entries(original: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The entries of the first directory. Raises struct.error where they point outside the file."""
    order = "<" if original.startswith(b"II") else ">"
    (magic,) = struct.unpack_from(f"{order}H", original, 2)
    word, start, head = ("Q", 8, "Q") if magic == 43 else ("I", 4, "H")
    (at,) = struct.unpack_from(f"{order}{word}", original, start)
    (count,) = struct.unpack_from(f"{order}{head}", original, at)
    size, room = struct.calcsize(f"={word}") * 2 + 4, struct.calcsize(f"={word}")
    at += struct.calcsize(f"={head}")
    for entry in range(at, min(at + size * count, len(original)), size):
        tag, kind, length = struct.unpack_from(f"{order}HH{word}", original, entry)
        if kind in KINDS:
            inline = struct.calcsize(KINDS[kind]) * length <= room
            value = entry + size - room
            where = value if inline else struct.unpack_from(f"{order}{word}", original, value)[0]
            yield tag, struct.unpack_from(f"{order}{length}{KINDS[kind]}", original, where)
