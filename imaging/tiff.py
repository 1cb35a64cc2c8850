"""The first directory of a TIFF, read as far as it takes to know what libvips would not say."""

import struct

from imaging.errors import Reason, Rejected
from imaging.limits import Limits

SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, SAMPLE_FORMAT, DNG_VERSION = 254, 258, 259, 262, 339, 50706
OFFSETS = (273, 324)  # of strips, of tiles
LENGTHS = (279, 325)

REDUCED = 1  # this picture is a small version of another
YCBCR = 6
SIGNED = 2  # whole numbers, of which libvips cuts off the lower half
FRACTIONS = 3  # of grey it takes 0 to 1 for black
DEEPEST = 16  # bits of a whole number; of 32 it takes the last 8
GREY = frozenset((0, 1))
UNSIGNED = GREY | {2}  # and RGB; Lab has good reason to be signed
JPEG = frozenset((6, 7))
SENSOR = frozenset((32803, 34892))  # a colour filter array, linear raw

TAGS = frozenset((SUBFILE, BITS, COMPRESSION, SAMPLE_FORMAT, PHOTOMETRIC, DNG_VERSION, *OFFSETS, *LENGTHS))

BIG = 43  # instead of 42, in a BigTIFF
MOST = 1_000_000  # numbers under one tag: beyond that a file is made to waste our time

#: The whole numbers that a directory may hold: BYTE, SHORT, LONG and BigTIFF's LONG8, as struct spells them.
KINDS = {1: "B", 3: "H", 4: "I", 16: "Q"}

#: BYTE, ASCII, SBYTE and UNDEFINED: what metadata is written in.
TEXTS = frozenset((1, 2, 6, 7))


def affordable(original: bytes, limits: Limits) -> bytes:
    """The original, unless a text in it is longer than any profile: 40 MB of it overflow libvips' stack."""
    if (longest := longest_text(original)) > limits.icc_bytes:
        raise Rejected(Reason.METADATA_TOO_LARGE, f"{longest:,} bytes under one tag, at most {limits.icc_bytes:,}")
    return original


def readable(original: bytes) -> bytes:
    """The original, unless it is a camera's raw file or in a layout whose colours libvips would get wrong."""
    tags = directory(original)
    (photometric,), (compression,) = tags.get(PHOTOMETRIC, (-1,))[:1], tags.get(COMPRESSION, (1,))[:1]
    if DNG_VERSION in tags or photometric in SENSOR or tags.get(SUBFILE, (0,))[0] & REDUCED:
        raise Rejected(Reason.UNSUPPORTED_TYPE, "this is a camera's raw file, its first picture a preview")
    if photometric == YCBCR and compression not in JPEG:
        raise Rejected(Reason.UNSUPPORTED_TYPE, "a TIFF in YCbCr that is not compressed as JPEG")
    if photometric in UNSIGNED and SIGNED in tags.get(SAMPLE_FORMAT, ()):
        raise Rejected(Reason.UNSUPPORTED_TYPE, "a TIFF of signed samples")
    if photometric in GREY and FRACTIONS in tags.get(SAMPLE_FORMAT, ()):
        raise Rejected(Reason.UNSUPPORTED_TYPE, "a grey TIFF in floating point")
    if FRACTIONS not in tags.get(SAMPLE_FORMAT, ()) and max(tags.get(BITS, (1,))) > DEEPEST:
        raise Rejected(Reason.UNSUPPORTED_TYPE, f"a TIFF of whole numbers of {max(tags[BITS])} bits")
    return original


def whole(original: bytes) -> bool:
    """Whether the strips or tiles of the first picture lie within the file."""
    tags = directory(original)
    offsets, lengths = (next((tags[tag] for tag in among if tag in tags), ()) for among in (OFFSETS, LENGTHS))
    return bool(offsets) and all(at + size <= len(original) for at, size in zip(offsets, lengths, strict=False))


def directory(original: bytes) -> dict[int, tuple[int, ...]]:
    """The whole numbers in the first directory under the tags that matter here; as many as can be read."""
    found: dict[int, tuple[int, ...]] = {}
    try:
        order, word, at, count = opening(original)
        room = struct.calcsize(f"={word}")
        for entry in range(at, at + (4 + 2 * room) * count, 4 + 2 * room):
            tag, kind, length = struct.unpack_from(f"{order}HH{word}", original, entry)
            if tag in TAGS and tag not in found and kind in KINDS and 0 < length <= MOST:
                inline = struct.calcsize(KINDS[kind]) * length <= room
                value = entry + 4 + room
                where = value if inline else struct.unpack_from(f"{order}{word}", original, value)[0]
                found[tag] = struct.unpack_from(f"{order}{length}{KINDS[kind]}", original, where)
    except (struct.error, OverflowError):  # beyond the end, however far
        return found
    return found


def longest_text(original: bytes) -> int:
    """The most bytes of text or the like under one tag of the first directory."""
    longest = 0
    try:
        order, word, at, count = opening(original)
        size = 4 + 2 * struct.calcsize(f"={word}")
        for entry in range(at, at + size * count, size):
            _, kind, length = struct.unpack_from(f"{order}HH{word}", original, entry)
            if kind in TEXTS and length <= len(original):
                longest = max(longest, length)
    except (struct.error, OverflowError):
        return longest
    return longest


def opening(original: bytes) -> tuple[str, str, int, int]:
    """The byte order, the word that offsets are written in, where the first entry is, and how many there are."""
    order = "<" if original.startswith(b"II") else ">"
    (magic,) = struct.unpack_from(f"{order}H", original, 2)
    word, start, head = ("Q", 8, "Q") if magic == BIG else ("I", 4, "H")
    (at,) = struct.unpack_from(f"{order}{word}", original, start)
    (count,) = struct.unpack_from(f"{order}{head}", original, at)
    return order, word, at + struct.calcsize(f"={head}"), min(count, 65_535)
