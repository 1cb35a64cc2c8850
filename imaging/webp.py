"""The size of a WebP, before libvips asks for the memory of its whole canvas, which it does for the header's sake."""

from imaging.errors import Reason, Rejected
from imaging.limits import Limits

EXTENDED = b"VP8X"
CANVAS = 24  # where its width less one is, and three bytes on its height


def affordable(original: bytes, limits: Limits) -> bytes:
    """The original, unless its canvas alone is beyond the limits. What is not extended is a single frame."""
    if original[12:16] != EXTENDED or len(original) < CANVAS + 6:
        return original
    width, height = (1 + int.from_bytes(original[at : at + 3], "little") for at in (CANVAS, CANVAS + 3))
    if width * height > limits.pixels:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"a canvas of {width:,} × {height:,}, at most {limits.pixels:,} pixels")
    return original
