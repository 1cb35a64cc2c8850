"""The chunks of a PNG, followed to its end: libpng is content with the last pixel, whatever was to come."""

from imaging.errors import Reason, Rejected
from imaging.limits import Limits

SIGNATURE = 8
AROUND = 12  # bytes of a chunk besides what it holds: its length, its name, its checksum
LAST = b"IEND"

#: The last chunk, whole: a file that has it was not cut.
END = b"\0\0\0\0IEND\xae\x42\x60\x82"


def complete(original: bytes, _limits: Limits) -> bytes:
    """The original, unless it ends before its last chunk does."""
    at, name = SIGNATURE, b""
    while name != LAST:
        name = original[at + 4 : at + 8]
        at += AROUND + int.from_bytes(original[at : at + 4])
        if at > len(original):
            reason = Reason.CORRUPT if original.endswith(END) else Reason.TRUNCATED
            raise Rejected(reason, "its chunks lead beyond its end")
    return original
