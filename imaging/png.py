"""The chunks of a PNG, followed to its end: libpng is content with the last pixel, and misses EXIF that was to come."""

from imaging.errors import Reason, Rejected
from imaging.limits import Limits

SIGNATURE = 8
AROUND = 12  # bytes of a chunk besides what it holds: its length, its name, its checksum
LAST = b"IEND"


def complete(original: bytes, _limits: Limits) -> bytes:
    """The original, unless it ends before its last chunk does."""
    at, name = SIGNATURE, b""
    while name != LAST:
        name = original[at + 4 : at + 8]
        at += AROUND + int.from_bytes(original[at : at + 4])
        if at > len(original):
            raise Rejected(Reason.TRUNCATED, "it ends before its last chunk does")
    return original
