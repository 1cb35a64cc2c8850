"""Whether the scans of a progressive JPEG tell all of every coefficient: without some, libjpeg shows a blur."""

from imaging.errors import Reason, Rejected
from imaging.mend import FRAMES, START_OF_SCAN, segments

PROGRESSIVE = frozenset((0xC2, 0xCA))

#: Coefficients of a block, DC the first.
ALL = 64


def complete(original: bytes) -> bytes:
    """The original, unless it is progressive and ends, however properly, before it is sharp."""
    if not is_progressive(original):
        return original
    components: list[int] = []
    told: set[tuple[int, int]] = set()
    for marker, start, end in segments(original):
        content = original[start:end]
        if marker in FRAMES:
            components = list(content[6::3])
        elif marker == START_OF_SCAN and len(content) >= 6:
            first, last, low = content[-3], content[-2], content[-1] & 15
            if low == 0:
                told.update((id, index) for id in content[1:-3:2] for index in range(first, min(last, ALL - 1) + 1))
    if not all((id, index) in told for id in components for index in range(ALL)):
        raise Rejected(Reason.TRUNCATED, "it is progressive, and some of its scans are missing")
    return original


def is_progressive(original: bytes) -> bool:
    """What its frame says, which comes before the first scan."""
    return next((marker in PROGRESSIVE for marker, _, _ in segments(original) if marker in FRAMES), False)
