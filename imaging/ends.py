"""Whether a file has the end that its format asks for. It only names the fault: the decoders find it."""

import struct
from collections.abc import Callable


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


def tiff(original: bytes) -> bool:
    """A first directory that lies within the file."""
    if len(original) < 8:
        return False
    order = "<" if original.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(f"{order}I", original, 4)
    return bool(directory < len(original))


def isobmff(original: bytes) -> bool:
    """Boxes that fill the file; a size of 0 means up to the end, 1 that eight more bytes give it."""
    at = 0
    while at + 8 <= len(original):
        (size,) = struct.unpack_from(">I", original, at)
        if size == 1 and at + 16 <= len(original):
            (size,) = struct.unpack_from(">Q", original, at + 8)
        if size == 0:
            return True
        if size < 8:
            return False
        at += size
    return at == len(original)


WHOLE: dict[str, Callable[[bytes], bool]] = {
    "jpeg": jpeg,
    "png": png,
    "webp": webp,
    "gif": gif,
    "tiff": tiff,
    "avif": isobmff,
    "heic": isobmff,
}


def whole(format: str, original: bytes) -> bool:
    """Whether an original of this format is all there, as far as its structure tells."""
    return WHOLE[format](original)
