"""Hostile TIFFs, tag by tag."""

import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from tests.imaging.drawing import Pixels, write
from tests.imaging.hostile.sample import (
    BOMB,
    DAMAGED,
    HEIGHT,
    LYING,
    WIDTH,
    Sample,
    cuts,
    either,
    flips,
    holes,
    picture,
    refused,
    rendered,
)

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}

IMAGE_WIDTH, IMAGE_LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_COUNTS = 273, 274, 277, 278, 279
PLANAR, PREDICTOR, SAMPLE_FORMAT = 284, 317, 339
TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_COUNTS = 322, 323, 324, 325
DESCRIPTION, XMP, EXIF, ICC = 270, 700, 34_665, 34_675

#: A tag: its type, how many values it says it has, and the bytes of those.
Tag = tuple[int, int, bytes]


def shorts(*values: int) -> Tag:
    """Numbers of 16 bits."""
    return SHORT, len(values), struct.pack(f"<{len(values)}H", *values)


def longs(*values: int) -> Tag:
    """Numbers of 32 bits."""
    return LONG, len(values), struct.pack(f"<{len(values)}I", *values)


def directory(tags: Mapping[int, Tag], at: int, after: int = 0) -> bytes:
    """A directory that starts at `at`, and what its entries point to, behind it."""
    entries, beyond = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, (kind, count, content) in sorted(tags.items()):
        if len(content) <= 4:
            value = content.ljust(4, b"\0")
        else:
            value = struct.pack("<I", behind + len(beyond))
            beyond += content + bytes(len(content) % 2)
        entries += struct.pack("<HHI", tag, kind, count) + value
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", after) + beyond


def described(width: int = WIDTH, height: int = HEIGHT, size: int = 0) -> dict[int, Tag]:
    """The tags of the picture, in one strip that follows the header."""
    return {
        IMAGE_WIDTH: longs(width),
        IMAGE_LENGTH: longs(height),
        BITS: shorts(8, 8, 8),
        COMPRESSION: shorts(1),
        PHOTOMETRIC: shorts(2),
        STRIP_OFFSETS: longs(8),
        SAMPLES: shorts(3),
        ROWS_PER_STRIP: longs(height),
        STRIP_COUNTS: longs(size or width * height * 3),
    }


def tiff(tags: Mapping[int, Tag], pixels: bytes | None = None, after: int = 0) -> bytes:
    """A file of one directory behind its pixels."""
    pixels = picture().tobytes() if pixels is None else pixels
    pixels += bytes(len(pixels) % 2)
    at = 8 + len(pixels)
    return b"II*\0" + struct.pack("<I", at) + pixels + directory(tags, at, after)


def good(changes: Mapping[int, Tag | None], pixels: bytes | None = None) -> bytes:
    """The picture, some of its tags changed or left out."""
    tags = described() | {tag: value for tag, value in changes.items() if value}
    return tiff({tag: value for tag, value in tags.items() if changes.get(tag, True)}, pixels)


def chained(count: int, loop: bool = False) -> bytes:
    """A chain of directories of one small picture each; the last may lead back to the first."""
    pixels, tags = bytes(12), described(2, 2)
    first = 8 + len(pixels)
    length = len(directory(tags, 0))
    places = [first + length * index for index in range(count)]
    after = [*places[1:], first if loop else 0]
    body = b"".join(directory(tags, place, following) for place, following in zip(places, after, strict=True))
    return b"II*\0" + struct.pack("<I", first) + pixels + body


def deflated(width: int, height: int) -> bytes:
    """Black of any size in one strip, deflated."""
    squeeze = zlib.compressobj(1)
    row = bytes(width * 3 * 64)
    content = b"".join(squeeze.compress(row) for _ in range(height // 64)) + squeeze.flush()
    return tiff(described(width, height, len(content)) | {COMPRESSION: shorts(8)}, content)


def tiled(width: int, height: int, edge: int, content: bytes) -> bytes:
    """One tile, said to be of any size."""
    tags = described(width, height)
    for tag in (STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_COUNTS):
        del tags[tag]
    across, down = -(-width // max(edge, 1)), -(-height // max(edge, 1))
    count = min(across * down, 5000)
    tags |= {TILE_WIDTH: longs(edge), TILE_LENGTH: longs(edge), COMPRESSION: shorts(8)}
    tags |= {TILE_OFFSETS: longs(*[8] * count), TILE_COUNTS: longs(*[len(content)] * count)}
    return tiff(tags, content)


def black() -> Pixels:
    """What nothing but zeros shows."""
    return np.zeros((10, 10, 3), np.uint8)


def structure() -> Iterator[Sample]:
    """Cut, flipped, holed."""
    whole = tiff(described())
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        name = f"tiff by {compression or 'nothing'}"
        body = write(picture(), "tiff", compression=compression)
        yield from cuts(name, body, [4, 8, len(body) // 4, len(body) // 2, len(body) - 300, len(body) - 10])
        yield from flips(name, body, 12, seed=31)
        yield from holes(name, body, 2, 200)
    yield from cuts("tiff", whole, [len(whole) - 1, len(whole) - 7, len(whole) - 50, len(whole) - 130])
    start = 8 + WIDTH * HEIGHT * 3
    yield from flips("tiff directory", whole, 40, seed=32, start=start)
    for place in (0, 1, 4, 7, len(whole) - 1, len(whole), 0x7FFFFFFF, 0xFFFFFFFF):
        lie = whole[:4] + struct.pack("<I", place) + whole[8:]
        yield refused(f"tiff whose directory is at {place:#x}", lie, DAMAGED)
    yield refused("tiff that is only a header", b"II*\0\x08\0\0\0", DAMAGED)
    yield refused("tiff with no tags", b"II*\0\x08\0\0\0\0\0\0\0\0\0", DAMAGED)
    yield refused("tiff with 65,535 tags", b"II*\0\x08\0\0\0\xff\xff" + bytes(100), DAMAGED)
    yield either("tiff whose directories are a circle", chained(3, loop=True), LYING)
    yield either("tiff whose directory follows itself", chained(1, loop=True), LYING)
    yield refused("tiff of 5,000 pages", partial(chained, 5_000), BOMB)
    yield refused("tiff of 60,000 pages", partial(chained, 60_000), BOMB)
    yield either("tiff whose next page is beyond its end", tiff(described(), after=0x7FFFFFFE), LYING)
    yield refused("bigtiff that is only a header", b"II+\0\x08\0\0\0" + b"\xff" * 8, DAMAGED)
    yield refused("bigtiff with a directory nowhere", b"II+\0\x08\0\0\0" + struct.pack("<Q", 1 << 62), DAMAGED)


def headers() -> Iterator[Sample]:
    """Tags that are missing, or make no sense."""
    for tag, name in ((IMAGE_WIDTH, "width"), (IMAGE_LENGTH, "height"), (STRIP_OFFSETS, "strips")):
        yield refused(f"tiff without {name}", good({tag: None}), DAMAGED)
    for tag, name in (
        (BITS, "depth"),
        (COMPRESSION, "compression"),
        (PHOTOMETRIC, "colours"),
        (SAMPLES, "samples"),
        (ROWS_PER_STRIP, "rows"),
        (STRIP_COUNTS, "counts"),
    ):
        yield either(f"tiff without {name}", good({tag: None}), DAMAGED)
    for width, height in ((0, HEIGHT), (WIDTH, 0), (0, 0)):
        yield refused(
            f"tiff of {width} x {height}", good({IMAGE_WIDTH: longs(width), IMAGE_LENGTH: longs(height)}), DAMAGED
        )
    for width, height in (
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x7FFFFFFF, 1),
        (1, 0x7FFFFFFF),
        (100_000, 100_000),
        (40_000, 4_000),
    ):
        lie = good({IMAGE_WIDTH: longs(width), IMAGE_LENGTH: longs(height), ROWS_PER_STRIP: longs(height)})
        yield refused(f"tiff that says {width} x {height}", lie, LYING)
    for width, height in ((WIDTH + 1, HEIGHT), (WIDTH, HEIGHT + 1), (WIDTH * 2, HEIGHT * 2)):
        lie = good({IMAGE_WIDTH: longs(width), IMAGE_LENGTH: longs(height), ROWS_PER_STRIP: longs(height)})
        yield either(f"tiff that says {width} x {height}", lie, LYING)
    for bits in (0, 1, 3, 7, 9, 12, 17, 24, 64, 255, 65_535):
        yield either(f"tiff of {bits} bits", good({BITS: shorts(bits, bits, bits)}), LYING)
    yield either("tiff of differing bits", good({BITS: shorts(8, 4, 16)}), DAMAGED)
    for samples in (0, 1, 2, 4, 5, 16, 300, 65_535):
        yield either(f"tiff of {samples} samples", good({SAMPLES: shorts(samples)}), LYING)
    for compression in (
        0,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
        99,
        32_771,
        32_773,
        34_661,
        34_712,
        34_887,
        34_892,
        34_925,
        50_000,
        50_001,
        50_002,
        65_535,
    ):
        yield refused(f"tiff said to be compressed by {compression}", good({COMPRESSION: shorts(compression)}), LYING)
    for photometric in (0, 1, 3, 4, 5, 6, 8, 9, 10, 32_803, 32_844, 32_845, 65_535):
        yield either(f"tiff of photometric {photometric}", good({PHOTOMETRIC: shorts(photometric)}), DAMAGED)
    for rows in (0, 1, 7, HEIGHT - 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield either(f"tiff of {rows} rows a strip", good({ROWS_PER_STRIP: longs(rows)}), LYING)
    yield either("tiff whose strip is at its start", good({STRIP_OFFSETS: longs(0)}), DAMAGED)
    for offset in (0x7FFFFFFF, 0xFFFFFFFF, 8 + WIDTH * HEIGHT * 3):
        yield refused(f"tiff whose strip is at {offset:#x}", good({STRIP_OFFSETS: longs(offset)}), LYING)
    for count in (0, 1, 1000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield either(f"tiff whose strip has {count:#x} bytes", good({STRIP_COUNTS: longs(count)}), LYING)
    for planar in (0, 2, 3, 65_535):
        yield either(f"tiff of planar configuration {planar}", good({PLANAR: shorts(planar)}), LYING)
    for predictor in (0, 2, 3, 99):
        yield either(f"tiff of predictor {predictor}", good({PREDICTOR: shorts(predictor)}), LYING)
    for format in (0, 2, 3, 4, 5, 6, 99):
        yield either(f"tiff of sample format {format}", good({SAMPLE_FORMAT: shorts(*[format] * 3)}), LYING)
    for orientation in (0, 9, 65_535):
        yield either(f"tiff of orientation {orientation}", good({ORIENTATION: shorts(orientation)}), DAMAGED)
    for count in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
        yield either(
            f"tiff with a profile of {count:#x} bytes", good({ICC: (UNDEFINED, count, struct.pack("<I", 8))}), LYING
        )
        yield either(
            f"tiff with a description of {count:#x} bytes",
            good({DESCRIPTION: (ASCII, count, struct.pack("<I", 8))}),
            LYING,
        )
        yield either(
            f"tiff with {count:#x} private numbers", good({65_000: (LONG, count, struct.pack("<I", 8))}), LYING
        )
    for kind in (0, 13, 14, 99, 65_535):
        yield either(
            f"tiff whose width is of type {kind}", good({IMAGE_WIDTH: (kind, 1, struct.pack("<I", WIDTH))}), DAMAGED
        )
    yield either("tiff whose width is text", good({IMAGE_WIDTH: (ASCII, 4, b"200\0")}), DAMAGED)
    yield either("tiff with EXIF at itself", good({EXIF: longs(8 + WIDTH * HEIGHT * 3)}), DAMAGED)
    yield either("tiff with EXIF nowhere", good({EXIF: longs(0xFFFFFFF0)}), DAMAGED)
    tile = zlib.compress(bytes(64 * 64 * 3))
    for edge in (0, 1, 15, 16, 1_000_000, 0x7FFFFFF0):
        yield either(f"tiff in tiles of {edge}", tiled(WIDTH, HEIGHT, edge, tile), LYING)


def bombs() -> Iterator[Sample]:
    """Dear to decode, cheap to send."""
    yield refused("tiff of 16,000 x 16,000, deflated", partial(deflated, 16_000, 16_000), BOMB)
    yield either("tiff of 12,000 x 10,240 in one strip", partial(deflated, 12_000, 10_240), BOMB, whole=black)
    yield refused(
        "tiff in one tile of 65,536", partial(tiled, 200, 150, 65_536, zlib.compress(bytes(50_000_000))), LYING
    )
    yield either(
        "tiff in one tile of 20,000", partial(tiled, 200, 150, 20_000, zlib.compress(bytes(50_000_000))), LYING
    )
    yield refused(
        "tiff of 100 megapixels that are one tile",
        partial(tiled, 10_000, 10_000, 64, zlib.compress(bytes(64 * 64 * 3))),
        LYING,
    )
    large = (UNDEFINED, 8_000_000, bytes(8_000_000))
    yield refused("tiff with a profile of 8 MB", lambda: good({ICC: large}), BOMB)
    yield either("tiff with an XMP of 40 MB", lambda: good({XMP: (BYTE, 40_000_000, bytes(40_000_000))}), BOMB)
    yield either(
        "tiff with a description of 40 MB",
        lambda: good({DESCRIPTION: (ASCII, 40_000_000, b"x" * 39_999_999 + b"\0")}),
        BOMB,
    )
    yield either(
        "tiff with 3 million strips",
        lambda: good(
            {ROWS_PER_STRIP: longs(1), STRIP_OFFSETS: longs(*[8] * 3_000_000), STRIP_COUNTS: longs(*[600] * 3_000_000)}
        ),
        LYING,
        whole=lambda: picture()[:1].repeat(HEIGHT, axis=0),  # Pillow takes a quarter of a minute to say so
    )
    yield rendered(
        "tiff of 1 x 60,000",
        lambda: tiff(described(1, 60_000), bytes(180_000)),
        black,
    )
    yield rendered(
        "tiff of 60,000 x 1",
        lambda: tiff(described(60_000, 1), bytes(180_000)),
        black,
    )


def samples() -> Iterator[Sample]:
    """All of them."""
    yield from structure()
    yield from headers()
    yield from bombs()
