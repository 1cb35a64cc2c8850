"""Who made a picture and whose it is: EXIF's Artist and Copyright, the only metadata that a rendition may keep."""

import struct
from collections.abc import Iterator

from imaging.vips import Image

EXIF = "exif-data"

#: The tags of a TIFF directory that are credits, and the fields that libvips writes them from.
FIELDS = {0x013B: "exif-ifd0-Artist", 0x8298: "exif-ifd0-Copyright"}

ASCII = 2
LONGEST = 1000  # characters kept of one: more is no credit


def credits(image: Image) -> dict[str, str]:
    """The credits in an image's EXIF, by libvips' field names. Damaged EXIF has none."""
    block: bytes = image.get(EXIF) if image.get_typeof(EXIF) else b""
    try:
        return {FIELDS[tag]: text for tag, text in texts(block.removeprefix(b"Exif\0\0")) if text}
    except struct.error:
        return {}


def texts(tiff: bytes) -> Iterator[tuple[int, str]]:
    """The credits in the first directory of a TIFF structure. Raises struct.error where it points outside."""
    order = ">" if tiff.startswith(b"MM") else "<"
    (at,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, at)
    for entry in range(at + 2, at + 2 + 12 * entries, 12):
        tag, kind, count, where = struct.unpack_from(f"{order}HHII", tiff, entry)
        if tag in FIELDS and kind == ASCII:
            start = entry + 8 if count <= 4 else where
            yield tag, decoded(tiff[start : start + count])


def decoded(raw: bytes) -> str:
    """The text up to its end; EXIF says ASCII, cameras write UTF-8 or Latin-1."""
    ended = raw.split(b"\0", 1)[0].strip()
    try:
        return ended.decode()[:LONGEST]
    except UnicodeDecodeError:
        return ended.decode("latin-1")[:LONGEST]
