"""Hostile GIFs, block by block."""

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PIL import Image

from tests.imaging.drawing import Pixels, write
from tests.imaging.hostile.sample import (
    BOMB,
    DAMAGED,
    LYING,
    Sample,
    cuts,
    either,
    flips,
    holes,
    refused,
    rendered,
)

COLOURS = bytes((0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255))
TRAILER = b";"


def chart() -> Image.Image:
    """A picture of few colours, so that quantising loses nothing."""
    return Image.radial_gradient("L").resize((120, 90)).point(lambda grey: grey // 32 * 32).convert("RGB")


def base() -> bytes:
    """A good one."""
    return write(chart().quantize(256), "gif")


def screen(width: int, height: int, table: int = 1) -> bytes:
    """The start of a file: a screen, with four colours or none."""
    flags = 0x80 | table if table else 0
    return b"GIF89a" + struct.pack("<HHBBB", width, height, flags, 0, 0) + (COLOURS if table else b"")


def blocks(content: bytes) -> bytes:
    """Bytes in blocks of up to 255, and the empty one that ends them."""
    pieces = (content[at : at + 255] for at in range(0, len(content), 255))
    return b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"


def lzw(count: int, bits: int = 2) -> bytes:
    """So many pixels of colour 1, each said on its own: a clear code before the codes would grow."""
    codes, clear = [], 1 << bits
    for index in range(count):
        if index % (clear - 2) == 0:
            codes.append(clear)
        codes.append(1)
    codes.append(clear + 1)
    number = 0
    for place, code in enumerate(codes):
        number |= code << place * (bits + 1)
    return number.to_bytes((len(codes) * (bits + 1) + 7) // 8, "little")


def frame(width: int, height: int, left: int = 0, top: int = 0, data: bytes | None = None, bits: int = 2) -> bytes:
    """One frame; its pixels of one colour unless told otherwise."""
    pixels = lzw(min(width * height, 10_000)) if data is None else data
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + bytes([bits]) + blocks(pixels)


def control(disposal: int = 0, transparent: int | None = None) -> bytes:
    """What is to become of the next frame."""
    flags = disposal << 2 | (transparent is not None)
    return b"!\xf9\x04" + struct.pack("<BHBB", flags, 1, transparent or 0, 0)


def red(width: int, height: int) -> Callable[[], Pixels]:
    """What a screen shows that such a frame fills."""
    return partial(np.full, (height, width, 3), (255, 0, 0), np.uint8)


def frames(count: int, width: int, height: int) -> bytes:
    """Thousands of frames of a pixel on a screen of any size."""
    return screen(width, height) + (control() + frame(1, 1)) * count + TRAILER


def film(**options: object) -> bytes:
    """A good animation."""
    images = [chart().rotate(angle).quantize(256) for angle in (0, 90, 180)]
    out = io.BytesIO()
    images[0].save(out, "gif", save_all=True, append_images=images[1:], duration=50, **options)
    return out.getvalue()


def samples() -> Iterator[Sample]:
    """All of them."""
    whole = base()
    table = 13 + 3 * (2 << (whole[10] & 7))
    cut_at = [6, 7, 12, 13, table - 5, table, table + 5, table + 10, table + 12, len(whole) // 2, len(whole) - 20]
    for sample in cuts("gif", whole, cut_at):
        yield refused(sample.name, sample.draw, DAMAGED)
    yield from flips("gif", whole, 40, seed=21)
    yield from flips("gif header", whole, 20, seed=22, start=10, end=24)
    yield from holes("gif", whole, 4, 100)
    yield from holes("gif", whole, 3, 100, 0xFF)
    yield refused("gif that is only a magic number", b"GIF89a", DAMAGED)
    yield refused("gif without frames", screen(10, 10) + TRAILER, DAMAGED)
    yield refused("gif without frames or an end", screen(10, 10), DAMAGED)
    for width, height in ((0, 10), (10, 0), (0, 0)):
        yield refused(f"gif with a screen of {width} x {height} and no frame", screen(width, height) + TRAILER, DAMAGED)
        yield either(
            f"gif with a screen of {width} x {height}", screen(width, height) + frame(10, 10) + TRAILER, DAMAGED
        )
        yield either(
            f"gif with a frame of {width} x {height}",
            screen(10, 10) + frame(width, height, data=b"") + TRAILER,
            DAMAGED,
        )
        good_then_empty = screen(10, 10) + frame(10, 10) + frame(width, height, data=b"") + TRAILER
        yield either(f"gif with a second frame of {width} x {height}", good_then_empty, DAMAGED)
    yield either("gif with a frame outside its screen", screen(10, 10) + frame(10, 10, 500, 500) + TRAILER, DAMAGED)
    yield either("gif with a frame larger than its screen", screen(10, 10) + frame(40, 40) + TRAILER, DAMAGED)
    yield either("gif with a frame half outside", screen(10, 10) + frame(10, 10, 5, 5) + TRAILER, DAMAGED)
    yield either("gif with a frame at the far corner", screen(10, 10) + frame(1, 1, 65_535, 65_535) + TRAILER, LYING)
    yield either("gif of 65,535 x 65,535", screen(65_535, 65_535) + frame(1, 1) + TRAILER, BOMB, whole=red(1, 1))
    yield refused("gif with a frame of 65,535 x 65,535", screen(1, 1) + frame(65_535, 65_535) + TRAILER, LYING)
    yield either("gif of 30,000 x 4,000", screen(30_000, 4_000) + frame(1, 1) + TRAILER, LYING, whole=red(1, 1))
    yield refused("gif of 20,000 frames of a pixel", partial(frames, 20_000, 10, 10), BOMB)
    yield refused("gif of 5,000 frames", partial(frames, 5_000, 100, 100), BOMB)
    yield either("gif of 1,500 frames on a large screen", partial(frames, 1_500, 4_000, 4_000), BOMB, whole=red(1, 1))
    yield refused("gif of 100,000 frames on no screen", partial(frames, 100_000, 1, 1), BOMB)
    for bits in (0, 1, 9, 12, 13, 255):
        yield either(f"gif of {bits} bits", screen(10, 10) + frame(10, 10, bits=bits) + TRAILER, DAMAGED)
    for name, data in (
        ("no pixels", b""),
        ("too few pixels", lzw(40)),
        ("a single clear code", b"\x04"),
        ("nothing but an end", b"\x05"),
        ("codes from the future", b"\xff" * 50),
        ("codes that never end", b"\x8c\x2d\x99" * 500),
    ):
        yield refused(f"gif with {name}", screen(20, 20) + frame(20, 20, data=data) + TRAILER, DAMAGED)
    yield either(
        "gif with more pixels than it has room for", screen(10, 10) + frame(10, 10, data=lzw(9000)) + TRAILER, DAMAGED
    )
    yield either("gif without colours", screen(10, 10, table=0) + frame(10, 10) + TRAILER, DAMAGED)
    yield either("gif that lacks its trailer", whole[:-1], DAMAGED)
    endless = b"!\xfe" + b"\xff" + b"x" * 255
    yield refused("gif with a comment that never ends", screen(10, 10) + endless * 1 + b"\xff" * 20, DAMAGED)
    yield either(
        "gif with a comment of 30 MB",
        lambda: screen(10, 10) + b"!\xfe" + blocks(bytes(30_000_000)) + frame(10, 10) + TRAILER,
        BOMB,
    )
    yield either(
        "gif with 300,000 comments", lambda: screen(10, 10) + b"!\xfe\1x\0" * 300_000 + frame(10, 10) + TRAILER, BOMB
    )
    yield either(
        "gif with an unknown extension",
        screen(10, 10) + b"!\x77" + blocks(b"x" * 300) + frame(10, 10) + TRAILER,
        DAMAGED,
    )
    yield refused("gif with rubbish instead of a frame", screen(10, 10) + b"rubbish" + TRAILER, DAMAGED)
    yield either("gif with rubbish behind its frame", screen(10, 10) + frame(10, 10) + b"rubbish", DAMAGED)
    yield rendered("gif followed by rubbish", whole + b"<script>alert(1)</script>")
    yield either("gif that is a program", screen(0x2F2A, 0x0A2F) + frame(1, 1) + b"*/=1;alert(1)//" + TRAILER, LYING)
    for disposal in range(8):
        odd = screen(10, 10) + control(disposal) + frame(10, 10) + control(disposal) + frame(5, 5) + TRAILER
        yield rendered(f"gif with disposal {disposal}", odd)
    yield rendered("gif that is all transparent", screen(10, 10) + control(0, 1) + frame(10, 10) + TRAILER)
    yield either(
        "gif whose transparent colour does not exist", screen(10, 10) + control(0, 200) + frame(10, 10) + TRAILER
    )
    animated = film()
    yield rendered("animated gif", animated)
    yield from flips("animated gif", animated, 15, seed=23)
    for sample in cuts("animated gif", animated, [len(animated) * part // 8 for part in range(1, 8)]):
        yield either(sample.name, sample.draw, DAMAGED)  # where the first frame is whole it may be shown
    yield rendered("interlaced gif", write(chart().quantize(256), "gif", interlace=1))
