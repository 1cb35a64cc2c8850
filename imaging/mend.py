"""Known harmless slips of real cameras, put right before a strict decoder sees them."""

import re
from collections.abc import Iterator
from itertools import islice

SEQUENTIAL = frozenset((0xC0, 0xC1))
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN = 0xDA
END_OF_IMAGE = 0xD9

#: Many times what any camera writes; beyond it a file is made to waste our time.
MOST_SEGMENTS = 10_000

#: What a sequential scan must say of itself: spectral selection 0 to 63, no successive approximation (T.81, B.2.3).
WHOLE_SPECTRUM = b"\0\x3f\0"

#: The next marker after entropy-coded data: neither a stuffed byte, nor a restart, nor padding.
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def mended(original: bytes) -> bytes:
    """A JPEG whose sequential scans say what they are; any other as it is.

    Some Samsung phones leave these three bytes zero, which libjpeg calls "Invalid SOS parameters for sequential
    JPEG", and does right nevertheless. Putting them right, rather than turning a deaf ear to warnings, keeps the
    decoder strict for all the rest of such a file.
    """
    first = next(scans(original), None)
    if first is None or original[first : first + 3] == WHOLE_SPECTRUM:
        return original
    whole = bytearray(original)
    for parameters in scans(original):
        whole[parameters : parameters + 3] = WHOLE_SPECTRUM
    return bytes(whole)


def scans(original: bytes) -> Iterator[int]:
    """Where each scan's three parameters are, in a sequential JPEG; nothing in any other."""
    sequential = False
    for marker, start, end in islice(segments(original), MOST_SEGMENTS):
        if marker in FRAMES:
            sequential = marker in SEQUENTIAL
        if marker == START_OF_SCAN and sequential and start + 4 <= end <= len(original):
            yield end - 3


def segments(original: bytes) -> Iterator[tuple[int, int, int]]:
    """The marker segments of a JPEG: the marker, and where what it holds starts and ends."""
    at = 2
    while at + 4 <= len(original) and original[at] == 0xFF:
        marker = original[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == END_OF_IMAGE:
            return
        end = at + 2 + int.from_bytes(original[at + 2 : at + 4])
        yield marker, at + 4, end
        at = end
        if marker == START_OF_SCAN:
            found = MARKER.search(original, end)
            if found is None:
                return
            at = found.start()
