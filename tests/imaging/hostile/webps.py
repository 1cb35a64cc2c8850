"""Hostile WebPs, chunk by chunk."""

import io
import struct
from collections.abc import Iterator
from functools import partial

import numpy as np
from PIL import Image

from tests.imaging.drawing import Pixels, exif, write
from tests.imaging.hostile.jpegs import profile
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

LARGEST = 16_383
ANIMATION, XMP, EXIF, ALPHA, ICC = 0x02, 0x04, 0x08, 0x10, 0x20


def chunk(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """One chunk, padded; its size true unless told otherwise."""
    return kind + struct.pack("<I", len(content) if size is None else size) + content + bytes(len(content) % 2)


def webp(*chunks: bytes, size: int | None = None) -> bytes:
    """A file of these."""
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content) if size is None else size) + content


def canvas(flags: int, width: int, height: int) -> bytes:
    """The header of the extended format."""
    return chunk(
        b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )


def lossy() -> bytes:
    """A good one."""
    return write(picture(), "webp")


def lossless() -> bytes:
    """Another."""
    return write(picture(), "webp", lossless=True)


def pixels(original: bytes) -> bytes:
    """The chunk that holds the picture."""
    return original[12:]


def solid(width: int, height: int) -> bytes:
    """One colour, lossless: a few bytes, whatever the size. Five codes of a single symbol, no transform, no cache."""
    bits = (width - 1) | (height - 1) << 14
    number, at = bits, 32  # alpha and version are zero
    for value, length in ((0, 1), (0, 1), (0, 1)):  # no transform, no colour cache, no meta codes
        number, at = number | value << at, at + length
    for _ in range(5):  # simple code, one symbol, one bit wide, zero
        for value, length in ((1, 1), (0, 1), (0, 1), (0, 1)):
            number, at = number | value << at, at + length
    return webp(chunk(b"VP8L", b"\x2f" + number.to_bytes((at + 7) // 8 + 4, "little")))


def black() -> Pixels:
    """What it shows."""
    return np.zeros((10, 10, 3), np.uint8)


def lied(width: int, height: int) -> bytes:
    """A lossy frame that says another size."""
    whole = lossy()
    at = whole.index(b"\x9d\x01\x2a") + 3
    return whole[:at] + struct.pack("<HH", width & LARGEST, height & LARGEST) + whole[at + 4 :]


def animated(count: int, width: int, height: int, left: int = 0, frame: bytes | None = None) -> bytes:
    """So many frames of a small picture on a canvas of any size."""
    frame = pixels(write(picture(16, 16), "webp")) if frame is None else frame
    sizes = b"".join(number.to_bytes(3, "little") for number in (left, 0, 15, 15, 10))
    one = chunk(b"ANMF", sizes + b"\0" + frame)
    return webp(canvas(ANIMATION, width, height), chunk(b"ANIM", bytes(6)), one * count)


def film() -> bytes:
    """A good animation."""
    images = [Image.fromarray(np.roll(picture(), 40 * shift, 1)) for shift in range(3)]
    out = io.BytesIO()
    images[0].save(out, "webp", save_all=True, append_images=images[1:], quality=95)
    return out.getvalue()


def samples() -> Iterator[Sample]:
    """All of them."""
    for name, whole in (("webp", lossy()), ("lossless webp", lossless())):
        yield from cuts(
            name, whole, [8, 12, 16, 20, 25, 30, len(whole) // 4, len(whole) // 2, len(whole) - 200, len(whole) - 20]
        )
        yield from flips(name, whole, 30, seed=41)
        yield from flips(f"{name} header", whole, 20, seed=42, start=4, end=40)
        yield from holes(name, whole, 3, 200)
        for size in (0, 4, 11, len(whole) // 2, len(whole) + 1000, 0x7FFFFFFF, 0xFFFFFFFF):
            yield either(f"{name} whose file says {size:#x}", whole[:4] + struct.pack("<I", size) + whole[8:], DAMAGED)
            yield either(
                f"{name} whose picture says {size:#x}", whole[:16] + struct.pack("<I", size) + whole[20:], DAMAGED
            )
    transparent = Image.fromarray(np.dstack([picture(), picture()[..., 0]]))
    alpha = write(transparent, "webp")
    yield from flips("webp with alpha", alpha, 15, seed=43)
    yield from cuts("webp with alpha", alpha, [30, 60, len(alpha) // 3, len(alpha) - 100])
    for width, height in ((1, 1), (0, 0), (0, 150), (LARGEST, LARGEST), (201, 150), (200, 160), (100, 75)):
        yield either(f"webp that says {width} x {height}", partial(lied, width, height), LYING)
    body = pixels(lossy())
    for width, height in ((1, 1), (100, 75), (201, 150), (LARGEST, LARGEST), (1 << 24, 1 << 24), (1 << 24, 1)):
        yield refused(f"webp on a canvas of {width} x {height}", webp(canvas(0, width, height), body), LYING)
    yield refused("webp of 16,383 x 16,383 in 30 bytes", partial(solid, LARGEST, LARGEST), BOMB)
    yield either("webp of 10,000 x 10,000 in 30 bytes", partial(solid, 10_000, 10_000), BOMB, whole=black)
    yield rendered("webp of 1 x 16,383", partial(solid, 1, LARGEST))
    yield rendered("webp of 16,383 x 1", partial(solid, LARGEST, 1))
    yield rendered("webp of 2,000 x 2,000 in 30 bytes", partial(solid, 2_000, 2_000))
    yield refused("webp that is only a header", webp(), DAMAGED)
    yield refused("webp without a picture", webp(canvas(0, 10, 10)), DAMAGED)
    yield refused("webp with an empty picture", webp(chunk(b"VP8 ", b"")), DAMAGED)
    yield refused("webp with an empty lossless picture", webp(chunk(b"VP8L", b"")), DAMAGED)
    yield refused("webp animated without frames", webp(canvas(ANIMATION, 10, 10), chunk(b"ANIM", bytes(6))), DAMAGED)
    yield refused("webp animated with an empty frame", animated(1, 16, 16, frame=b""), DAMAGED)
    yield refused(
        "webp animated with a frame of nonsense", animated(1, 16, 16, frame=chunk(b"VP8 ", b"nonsense" * 9)), DAMAGED
    )
    yield refused("webp with a frame outside its canvas", animated(1, 16, 16, left=500), DAMAGED)
    yield refused("webp of 5,000 frames", partial(animated, 5_000, 16, 16), BOMB)
    yield refused("webp of 1,000 frames on a large canvas", partial(animated, 1_000, 5_000, 5_000), BOMB)
    yield refused("webp of a frame on the largest canvas", partial(animated, 1, LARGEST, LARGEST), BOMB)
    yield rendered("animated webp", film())
    yield from flips("animated webp", film(), 15, seed=44)
    whole = film()
    yield from (
        either(sample.name, sample.draw, DAMAGED)
        for sample in cuts("animated webp", whole, [len(whole) * part // 8 for part in range(1, 8)])
    )
    head = canvas(ICC, WIDTH, HEIGHT)
    yield refused("webp with a profile of 8 MB", lambda: webp(head, chunk(b"ICCP", profile(8_000_000)), body), BOMB)
    yield either("webp with a profile of nonsense", webp(head, chunk(b"ICCP", b"nonsense" * 40), body))
    yield either("webp with an empty profile", webp(head, chunk(b"ICCP", b""), body))
    yield either("webp whose profile is missing", webp(head, body))
    head = canvas(EXIF, WIDTH, HEIGHT)
    yield refused(
        "webp with an EXIF of 20 MB", lambda: webp(head, body, chunk(b"EXIF", exif(Artist="x" * 20_000_000))), BOMB
    )
    yield either("webp with an EXIF of nonsense", webp(head, body, chunk(b"EXIF", b"\xff" * 500)))
    yield either(
        "webp with an XMP of 40 MB",
        lambda: webp(canvas(XMP, WIDTH, HEIGHT), body, chunk(b"XMP ", b"<x>" * 13_000_000)),
        BOMB,
    )
    yield either(
        "webp with 200,000 unknown chunks",
        lambda: webp(canvas(0, WIDTH, HEIGHT), chunk(b"junk", b"x") * 200_000, body),
        BOMB,
    )
    yield either("webp with two pictures", webp(canvas(0, WIDTH, HEIGHT), body, pixels(lossless())), DAMAGED)
    yield either("webp followed by rubbish", lossy() + b"rubbish" * 1000)
    wrong = webp(canvas(ALPHA, WIDTH, HEIGHT), chunk(b"ALPH", b"\x01" + b"\xff" * 30), body)
    yield either("webp with alpha of nonsense", wrong, DAMAGED)
    short = webp(canvas(ALPHA, WIDTH, HEIGHT), chunk(b"ALPH", b"\0" + bytes(100)), body)
    yield either("webp with too little alpha", short, DAMAGED)
