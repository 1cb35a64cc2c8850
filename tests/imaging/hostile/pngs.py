"""Hostile PNGs, chunk by chunk."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache, partial

from tests.imaging.drawing import write
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
    lies,
    picture,
    refused,
    rendered,
)
from tests.imaging.hostile.tiffs import black

MAGIC = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
LARGEST = 0x7FFFFFFF


def base() -> bytes:
    """A good one."""
    return write(picture(), "png")


def chunk(kind: bytes, content: bytes = b"", length: int | None = None, crc: int | None = None) -> bytes:
    """One chunk, its length and checksum true unless told otherwise."""
    crc = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content) if length is None else length) + kind + content + struct.pack(">I", crc)


def ihdr(width: int, height: int, depth: int = 8, colour: int = RGB, interlace: int = 0, method: int = 0) -> bytes:
    """The header."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, method, 0, interlace))


def png(*chunks: bytes) -> bytes:
    """A file of these."""
    return MAGIC + b"".join(chunks) + IEND


IEND = chunk(b"IEND")


def rows(filter: int = 0) -> bytes:
    """The picture as PNG compresses it, with one filter in every row."""
    return b"".join(bytes([filter]) + row.tobytes() for row in picture())


def idat(raw: bytes) -> bytes:
    """Compressed and packed."""
    return chunk(b"IDAT", zlib.compress(raw))


def good(*between: bytes, raw: bytes | None = None) -> bytes:
    """The picture, with chunks between its header and its pixels."""
    return png(ihdr(WIDTH, HEIGHT), *between, idat(rows() if raw is None else raw))


@cache
def zeros(count: int) -> bytes:
    """So many zeros, compressed piece by piece."""
    squeeze, piece = zlib.compressobj(1), bytes(1 << 20)
    out = [squeeze.compress(piece) for _ in range(count >> 20)]
    return b"".join([*out, squeeze.compress(bytes(count & (1 << 20) - 1)), squeeze.flush()])


def empty(width: int, height: int, depth: int = 8, colour: int = RGB, interlace: int = 0) -> bytes:
    """Nothing but black, of any size."""
    bits = depth * {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}[colour]
    size = height * (1 + (width * bits + 7) // 8) + (height * 2 if interlace else 0)
    palette = [chunk(b"PLTE", bytes(6))] if colour == PALETTE else []
    return png(ihdr(width, height, depth, colour, interlace), *palette, chunk(b"IDAT", zeros(size)))


def chunks(original: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each chunk: its kind, where it starts, where it ends."""
    at = len(MAGIC)
    while at < len(original):
        (length,) = struct.unpack_from(">I", original, at)
        yield original[at + 4 : at + 8], at, at + 12 + length
        at += 12 + length


def structure() -> Iterator[Sample]:
    """Cut, flipped, and told lies about."""
    whole = base()
    edges = [place for _, start, end in chunks(whole) for place in (start, start + 4, start + 8, end - 4)]
    yield from cuts("png", whole, [*edges, len(whole) // 2, len(whole) - 13, len(whole) - 20, len(whole) - 500])
    yield from flips("png", whole, 40, seed=11)
    yield from flips("png header", whole, 25, seed=12, end=41)
    yield from holes("png", whole, 4, 200)
    yield from lies("png", whole, [8, 16, 20], 4)
    yield refused("png without an end of pixels", good(raw=rows()[:-1]), DAMAGED)
    yield refused("png with half its rows", good(raw=rows()[: len(rows()) // 2]), DAMAGED)
    yield refused("png with one row", good(raw=rows()[: 1 + 3 * WIDTH]), DAMAGED)
    yield either("png with a row too many", good(raw=rows() + bytes(1 + 3 * WIDTH)), DAMAGED)
    yield refused("png without pixels", png(ihdr(WIDTH, HEIGHT)), DAMAGED)
    yield refused("png with empty pixels", png(ihdr(WIDTH, HEIGHT), chunk(b"IDAT")), DAMAGED)
    yield refused("png without a header", png(idat(rows())), DAMAGED)
    yield refused("png that is only a header", MAGIC + ihdr(WIDTH, HEIGHT), DAMAGED)
    yield refused("png that is only a magic number", MAGIC, DAMAGED)
    yield either("png with two headers", png(ihdr(WIDTH, HEIGHT), ihdr(WIDTH, HEIGHT * 2), idat(rows())), DAMAGED)
    split = zlib.compress(rows())
    halves = chunk(b"IDAT", split[:5000]), chunk(b"IDAT", split[5000:])
    yield either(
        "png whose pixels are interrupted",
        png(ihdr(WIDTH, HEIGHT), halves[0], chunk(b"tEXt", b"a\0b"), halves[1]),
        DAMAGED,
    )
    yield refused("png whose halves are swapped", png(ihdr(WIDTH, HEIGHT), halves[1], halves[0]), DAMAGED)
    yield rendered(
        "png in chunks of a byte",
        png(ihdr(WIDTH, HEIGHT), *(chunk(b"IDAT", split[i : i + 1]) for i in range(len(split)))),
        picture,
    )
    yield refused(
        "png with a wrong zlib header", png(ihdr(WIDTH, HEIGHT), chunk(b"IDAT", b"\x00" + split[1:])), DAMAGED
    )
    yield either(
        "png with a wrong checksum inside", png(ihdr(WIDTH, HEIGHT), chunk(b"IDAT", split[:-4] + bytes(4))), DAMAGED
    )
    yield refused("png of a wrong checksum", png(ihdr(WIDTH, HEIGHT), chunk(b"IDAT", split, crc=1)), DAMAGED)
    yield refused("png header of a wrong checksum", png(ihdr(WIDTH, HEIGHT)[:-4] + bytes(4), idat(rows())), DAMAGED)
    yield refused("png for an iPhone", png(chunk(b"CgBI", bytes(4)), ihdr(WIDTH, HEIGHT), idat(rows())), DAMAGED)
    yield refused("png with a critical chunk of tomorrow", good(chunk(b"ABCD", b"x")), DAMAGED)
    for filter in (5, 6, 99, 255):
        yield refused(f"png filtered by {filter}", good(raw=rows(filter)), DAMAGED)
    yield refused("png with a length of 2 GiB", good(chunk(b"tEXt", b"a\0b", length=LARGEST)), DAMAGED)
    yield refused("png with a length of 4 GiB", good(chunk(b"tEXt", b"a\0b", length=0xFFFFFFFF)), DAMAGED)


def headers() -> Iterator[Sample]:
    """What no header may say."""
    raw = idat(rows())
    for width, height in ((0, HEIGHT), (WIDTH, 0), (0, 0)):
        yield refused(f"png of {width} x {height}", png(ihdr(width, height), raw), DAMAGED)
    for width, height in (
        (LARGEST, LARGEST),
        (LARGEST, 1),
        (1, LARGEST),
        (1_000_000, 1_000_000),
        (0x80000000, 1),
        (20_000, 20_000),
    ):
        yield refused(f"png that says {width} x {height}", png(ihdr(width, height), raw), LYING)
    for width, height in ((WIDTH, HEIGHT + 1), (WIDTH + 1, HEIGHT), (WIDTH * 2, HEIGHT * 2)):
        yield refused(f"png that says {width} x {height}", png(ihdr(width, height), raw), LYING)
    for colour, depth in (
        (GREY, 3),
        (RGB, 1),
        (RGB, 4),
        (PALETTE, 16),
        (GREY_ALPHA, 4),
        (RGBA, 2),
        (1, 8),
        (5, 8),
        (7, 8),
        (255, 8),
        (RGB, 0),
        (RGB, 255),
    ):
        yield refused(
            f"png of {depth} bits and colour type {colour}", png(ihdr(WIDTH, HEIGHT, depth, colour), raw), DAMAGED
        )
    yield refused("png compressed by method 1", png(ihdr(WIDTH, HEIGHT, method=1), raw), DAMAGED)
    yield refused("png interlaced by method 2", png(ihdr(WIDTH, HEIGHT, interlace=2), raw), DAMAGED)
    indices = chunk(b"IDAT", zlib.compress((b"\0" + bytes(range(200))) * HEIGHT))
    yield refused("png without its palette", png(ihdr(WIDTH, HEIGHT, 8, PALETTE), indices), DAMAGED)
    for size in (0, 1, 5, 770, 3000):
        palette = chunk(b"PLTE", bytes(size))
        yield either(
            f"png with a palette of {size} bytes", png(ihdr(WIDTH, HEIGHT, 8, PALETTE), palette, indices), DAMAGED
        )
    beyond = png(ihdr(WIDTH, HEIGHT, 8, PALETTE), chunk(b"PLTE", bytes(range(90))), indices)
    yield either("png with indices beyond its palette", beyond, DAMAGED)
    for size in (0, 1, 7, 300):
        yield either(f"png with {size} bytes of transparency", good(chunk(b"tRNS", bytes(size))), DAMAGED)
    for kind, content in (
        (b"gAMA", bytes(4)),
        (b"gAMA", b"\xff" * 4),
        (b"gAMA", b"\0\0\0\x01"),
        (b"gAMA", b""),
        (b"cHRM", bytes(32)),
        (b"cHRM", b"\xff" * 32),
        (b"sBIT", bytes(3)),
        (b"sBIT", b"\xff" * 3),
        (b"pHYs", b"\xff" * 9),
        (b"bKGD", b"\xff" * 6),
        (b"sRGB", b"\xff"),
        (b"tIME", bytes(7)),
        (b"sPLT", b"a\0\x08" + bytes(10)),
        (b"hIST", bytes(2)),
        (b"iCCP", b"name\0\0nonsense"),
        (b"iCCP", b"x" * 200),
        (b"eXIf", b"II*\0\xff\xff\xff\xff"),
        (b"eXIf", b""),
        (b"iTXt", b"a\0\1\0\0\0nonsense"),
        (b"zTXt", b"a\0\0nonsense"),
        (b"cICP", b"\xff" * 4),
        (b"acTL", b"\xff" * 8),
        (b"acTL", bytes(8)),
        (b"fcTL", bytes(26)),
    ):
        name = f"png with {kind.decode()} of {content[:4].hex() or 'nothing'}"
        yield either(name, good(chunk(kind, content)), DAMAGED)


def bombs() -> Iterator[Sample]:
    """Dear to decode, cheap to send."""
    for width, height, depth, colour, interlace in (
        (50_000, 50_000, 1, GREY, 0),
        (20_000, 20_000, 8, RGB, 0),
        (65_535, 65_535, 1, PALETTE, 0),
        (12_000, 12_000, 16, RGBA, 0),
        (11_000, 11_000, 1, GREY, 1),
    ):
        name = f"png of {width} x {height}, {depth} bits, colour type {colour}, interlace {interlace}"
        yield refused(name, partial(empty, width, height, depth, colour, interlace), BOMB)
    yield either("png of 10,000 x 10,000, interlaced", partial(empty, 10_000, 10_000, 8, RGB, 1), BOMB, whole=black)
    yield rendered("png of 1 x 65,500", partial(empty, 1, 65_500), black)
    yield rendered("png of 65,500 x 1", partial(empty, 65_500, 1), black)
    yield rendered("png of 1,000,000 x 1", partial(empty, 1_000_000, 1), black)
    yield rendered("png of 1 x 1,000,000", partial(empty, 1, 1_000_000, 1, GREY), black)
    yield either(
        "png with 256 MB behind its last row",
        lambda: png(ihdr(WIDTH, HEIGHT), chunk(b"IDAT", zlib.compress(rows())), chunk(b"IDAT", zeros(1 << 28))),
        DAMAGED,
    )
    yield either("png whose pixels go on for 256 MB", lambda: png(ihdr(8, 8), chunk(b"IDAT", zeros(1 << 28))), DAMAGED)
    bomb = partial(zeros, 1 << 28)
    yield either("png with a zTXt of 256 MB", lambda: good(chunk(b"zTXt", b"a\0\0" + bomb())), BOMB)
    yield either("png with an iTXt of 256 MB", lambda: good(chunk(b"iTXt", b"a\0\1\0\0\0" + bomb())), BOMB)
    yield either("png with a profile of 256 MB", lambda: good(chunk(b"iCCP", b"a\0\0" + bomb())), BOMB)
    many = chunk(b"zTXt", b"a\0\0" + zeros(7_000_000))
    yield either("png with 500 texts of 7 MB", lambda: good(many * 500), BOMB)
    yield either("png with 100,000 texts", lambda: good(chunk(b"tEXt", b"a\0b") * 100_000), BOMB)
    yield either("png with a text of 40 MB", lambda: good(chunk(b"tEXt", b"a\0" + b"b" * 40_000_000)), BOMB)
    yield either(
        "png with an EXIF of 20 MB", lambda: good(chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(20_000_000))), BOMB
    )
    yield either("png with 200,000 unknown chunks", lambda: good(chunk(b"abCd", b"x") * 200_000), BOMB)
    yield either("png with an animation of 4 billion frames", good(chunk(b"acTL", b"\xff\xff\xff\xff\0\0\0\0")), BOMB)
    yield either("png followed by 20 MB of zeros", lambda: base() + bytes(20_000_000))


def samples() -> Iterator[Sample]:
    """All of them."""
    yield from structure()
    yield from headers()
    yield from bombs()
