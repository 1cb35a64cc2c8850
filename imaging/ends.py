"""Whether a file has the end that its format asks for. The decoders find the fault, but for HEIC's; this names it."""

import struct
from collections.abc import Callable

from imaging import boxes

#: Where a TIFF keeps its strips or tiles, and how long they are.
STRIPS = frozenset((273, 279, 324, 325))


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
    """A first directory, and the strips or tiles that it names, within the file. BigTIFF is taken at its word."""
    order = "<" if original.startswith(b"II") else ">"
    try:
        magic, at = struct.unpack_from(f"{order}HI", original, 2)
        if magic == 43:
            return True
        (entries,) = struct.unpack_from(f"{order}H", original, at)
        found = {}
        for entry in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind, count = struct.unpack_from(f"{order}HHI", original, entry)
            letter = {3: "H", 4: "I"}.get(kind)
            if tag in STRIPS and letter:
                inline = struct.calcsize(letter) * count <= 4
                start = entry + 8 if inline else struct.unpack_from(f"{order}I", original, entry + 8)[0]
                found[tag] = struct.unpack_from(f"{order}{count}{letter}", original, start)
    except struct.error:
        return False
    strips = zip(found.get(273, found.get(324, ())), found.get(279, found.get(325, ())), strict=False)
    return all(offset + size <= len(original) for offset, size in strips)


WHOLE: dict[str, Callable[[bytes], bool]] = {
    "jpeg": jpeg,
    "png": png,
    "webp": webp,
    "gif": gif,
    "tiff": tiff,
    "avif": boxes.whole,
    "heic": boxes.whole,
}


def whole(format: str, original: bytes) -> bool:
    """Whether an original of this format is all there, as far as its structure tells."""
    return WHOLE[format](original)
