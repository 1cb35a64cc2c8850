"""Whether a file has the end that its format asks for. The decoders find the fault, but for HEIC's; this names it."""

import struct
from collections.abc import Callable

from imaging import boxes, tiff


def jpeg(original: bytes) -> bool:
    """An end of image after the last scan; a camera's embedded preview has both of its own, earlier."""
    return original.rfind(b"\xff\xd9") > original.rfind(b"\xff\xda") >= 0


def png(original: bytes) -> bool:
    """The chunk that closes a PNG."""
    return b"IEND" in original[-4096:]


def webp(original: bytes) -> bool:
    """As many bytes as the RIFF header promises."""
    return len(original) >= 12 and len(original) >= struct.unpack_from("<I", original, 4)[0] + 8


def gif(original: bytes) -> bool:
    """The trailer, which some writers pad."""
    return original.rstrip(b"\0").endswith(b";")


WHOLE: dict[str, Callable[[bytes], bool]] = {
    "jpeg": jpeg,
    "png": png,
    "webp": webp,
    "gif": gif,
    "tiff": tiff.whole,
    "avif": boxes.whole,
    "heic": boxes.whole,
}


def whole(format: str, original: bytes) -> bool:
    """Whether an original of this format is all there, as far as its structure tells."""
    return WHOLE[format](original)
