"""Hostile HEICs and AVIFs, box by box. Boxes by ISO/IEC 14496-12, items by 23008-12."""

import struct
from collections.abc import Iterator
from functools import partial

from tests.imaging.drawing import exif, write
from tests.imaging.hostile.disguises import box, ftyp
from tests.imaging.hostile.jpegs import profile
from tests.imaging.hostile.sample import (
    BOMB,
    DAMAGED,
    LYING,
    Sample,
    cuts,
    either,
    flips,
    holes,
    lies,
    picture,
    refused,
    rendered,
)


def fields(original: bytes, kind: bytes) -> int:
    """Where the content of the first box of a kind starts, whatever it is in."""
    return original.index(kind) + 4


def written(original: bytes, at: int, value: bytes) -> bytes:
    """Some bytes overwritten."""
    return original[:at] + value + original[at + len(value) :]


def sized(original: bytes, width: int, height: int) -> bytes:
    """Another size in the container than in the picture."""
    return written(original, fields(original, b"ispe") + 4, struct.pack(">II", width, height))


def full(kind: bytes, version: int, content: bytes) -> bytes:
    """A box with a version and no flags."""
    return box(kind, struct.pack(">I", version << 24) + content)


def item(number: int, kind: bytes) -> bytes:
    """An item's entry."""
    return full(b"infe", 2, struct.pack(">HH", number, 0) + kind + b"\0")


def grid(rows: int, columns: int, width: int, height: int, brand: bytes, refers: list[int]) -> bytes:
    """A grid of tiles that are itself, or not there."""
    content = bytes([0, 1, (rows - 1) & 255, (columns - 1) & 255]) + struct.pack(">II", width, height)
    infos = full(b"iinf", 0, struct.pack(">H", 1) + item(1, b"grid"))
    references = full(
        b"iref", 0, box(b"dimg", struct.pack(">HH", 1, len(refers)) + struct.pack(f">{len(refers)}H", *refers))
    )
    properties = box(
        b"iprp",
        box(b"ipco", full(b"ispe", 0, struct.pack(">II", width, height)))
        + full(b"ipma", 0, struct.pack(">IHBB", 1, 1, 1, 1)),
    )
    location = full(b"iloc", 1, b"\x44\x00" + struct.pack(">HHHHHII", 1, 1, 1, 0, 1, 0, len(content)))
    handler = full(b"hdlr", 0, bytes(4) + b"pict" + bytes(13))
    primary = full(b"pitm", 0, struct.pack(">H", 1))
    meta = full(b"meta", 0, handler + primary + infos + references + properties + location + box(b"idat", content))
    return ftyp(brand, b"mif1", brand) + meta


def many_items(count: int, brand: bytes) -> bytes:
    """As many entries as there can be, none of them a picture."""
    infos = full(b"iinf", 1, struct.pack(">I", count) + item(1, b"hvc1") * count)
    handler = full(b"hdlr", 0, bytes(4) + b"pict" + bytes(13))
    return ftyp(brand, b"mif1", brand) + full(b"meta", 0, handler + full(b"pitm", 0, struct.pack(">H", 1)) + infos)


def nested(depth: int, brand: bytes) -> bytes:
    """Boxes in boxes in boxes."""
    content = b""
    for _ in range(depth):
        content = box(b"iprp", box(b"ipco", content))
    return ftyp(brand, b"mif1", brand) + full(b"meta", 0, content)


def structure(name: str, whole: bytes) -> Iterator[Sample]:
    """Cut, flipped, told lies about."""
    starts = [whole.index(kind) for kind in (b"ftyp", b"meta", b"pitm", b"iloc", b"iinf", b"iprp", b"ispe", b"mdat")]
    yield from cuts(
        name,
        whole,
        [*(start + 4 for start in starts), *(start + 12 for start in starts), len(whole) // 2, len(whole) - 200],
    )
    yield from flips(name, whole, 25, seed=51)
    yield from flips(f"{name} header", whole, 40, seed=52, start=8, end=whole.index(b"mdat"))
    yield from holes(name, whole, 3, 100)
    yield from lies(f"{name} boxes", whole, [start - 4 for start in starts], 4)
    for kind in (b"meta", b"pitm", b"iloc", b"iinf", b"iprp", b"ipco", b"ipma", b"ispe", b"mdat", b"hdlr"):
        renamed = whole.replace(kind, b"free", 1)
        yield either(f"{name} without {kind.decode()}", renamed, DAMAGED)
    configuration = b"hvcC" if b"hvcC" in whole else b"av1C"
    yield either(f"{name} without {configuration.decode()}", whole.replace(configuration, b"free", 1), DAMAGED)
    yield either(f"{name} with a profile of nonsense", whole.replace(b"colrnclx", b"colrprof", 1), DAMAGED)


def sizes(name: str, whole: bytes) -> Iterator[Sample]:
    """A container that says other than its picture."""
    for width, height in ((0, 0), (0, 150), (200, 0), (1, 1)):
        yield either(f"{name} that says {width} x {height}", sized(whole, width, height), LYING)
    for width, height in ((100, 75), (201, 150), (200, 151), (400, 300), (4000, 3000)):
        yield either(f"{name} that says {width} x {height}", sized(whole, width, height), LYING)
    for width, height in ((65_535, 65_535), (30_000, 30_000), (0x7FFFFFFF, 1), (0xFFFFFFFF, 0xFFFFFFFF)):
        yield refused(f"{name} that says {width} x {height}", sized(whole, width, height), LYING)


def composed(brand: bytes) -> Iterator[Sample]:
    """Grids, chains, crowds."""
    name = brand.decode()
    for rows, columns, refers in ((1, 1, [1]), (2, 2, [1, 1, 1, 1]), (1, 1, [9]), (2, 2, [])):
        of_itself = grid(rows, columns, 512, 512, brand, refers)
        yield refused(f"{name} grid of {rows} x {columns}, {refers}", of_itself, LYING)
    yield refused(f"{name} grid of 256 x 256 missing tiles", grid(256, 256, 65_535, 65_535, brand, [7] * 60_000), LYING)
    yield refused(f"{name} of 65,000 items", partial(many_items, 65_000, brand), LYING)
    yield refused(f"{name} of 1,000 boxes in one another", nested(1_000, brand), LYING)
    yield refused(f"{name} of 100,000 boxes in one another", partial(deep, 100_000, brand), LYING)
    yield refused(f"{name} that is only a type", ftyp(brand), DAMAGED)
    yield refused(f"{name} of a million empty boxes", lambda: ftyp(brand) + box(b"free") * 1_000_000, LYING)
    for size in (0, 1, 2, 7, 8, 0x7FFFFFFF, 0xFFFFFFFF):
        lie = ftyp(brand, b"mif1") + struct.pack(">I", size) + b"meta" + bytes(50)
        yield refused(f"{name} with a box of {size:#x}", lie, LYING)
    long = ftyp(brand, b"mif1") + struct.pack(">I4sQ", 1, b"meta", 1 << 62) + bytes(50)
    yield refused(f"{name} with a box of 4 EiB", long, LYING)


def deep(depth: int, brand: bytes) -> bytes:
    """The same, written from the outside in: nesting it would take quadratic time."""
    heads = b"".join(
        struct.pack(">I4s", 8 * (depth - level), b"iprp" if level % 2 else b"ipco") for level in range(depth)
    )
    return ftyp(brand, b"mif1", brand) + full(b"meta", 0, heads)


def with_exif(format: str, size: int) -> bytes:
    """A picture and so much EXIF."""
    return write(picture(), format, exif=exif(Artist="x" * size))


def with_profile(format: str, size: int) -> bytes:
    """A picture and so large a profile."""
    return write(picture(), format, icc_profile=profile(size))


def samples() -> Iterator[Sample]:
    """All of them."""
    for name in ("heic", "avif"):
        whole = write(picture(), name)
        yield from structure(name, whole)
        yield from sizes(name, whole)
        yield from composed(name.encode())
        yield refused(
            f"{name} with an EXIF of 5 MB",
            partial(with_exif, name, 5_000_000),
            BOMB,
        )
        yield refused(
            f"{name} with a profile of 5 MB",
            partial(with_profile, name, 5_000_000),
            BOMB,
        )
        yield either(f"{name} followed by rubbish", whole + b"rubbish" * 1000, DAMAGED)
        turned = write(picture(), name, exif=exif(Orientation=6))
        for angle in range(4):
            if b"irot" in turned:
                yield rendered(
                    f"{name} turned by {angle} quarters", written(turned, fields(turned, b"irot"), bytes([angle]))
                )
