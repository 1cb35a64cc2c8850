"""A hostile original: what it is called, how it is drawn, and what may become of it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from imaging.errors import Reason
from tests.imaging.drawing import Pixels, scene

#: What a file may be called whose bytes were tampered with.
DAMAGED = frozenset((Reason.TRUNCATED, Reason.CORRUPT, Reason.NOT_AN_IMAGE, Reason.UNSUPPORTED_TYPE))

#: What a file may be called that promises more than it holds.
LYING = DAMAGED | {Reason.TOO_MANY_PIXELS, Reason.TOO_MANY_FRAMES, Reason.TOO_MUCH_MEMORY, Reason.METADATA_TOO_LARGE}

#: What a file may be called that costs more than it is worth.
BOMB = frozenset(
    (
        Reason.TOO_MANY_BYTES,
        Reason.TOO_MANY_PIXELS,
        Reason.TOO_MANY_FRAMES,
        Reason.TOO_MUCH_MEMORY,
        Reason.METADATA_TOO_LARGE,
    )
)

FOREIGN = frozenset((Reason.NOT_AN_IMAGE, Reason.UNSUPPORTED_TYPE))

WIDTH, HEIGHT = 200, 150


@dataclass(frozen=True, slots=True)
class Sample:
    """`reasons` are those that it may be refused for; none: it must be rendered.

    `whole` is the picture that it must show if it is rendered; where there is none, the original itself is asked, by
    a decoder that is not libvips. `never` says that there is nothing to render: it must be refused.
    """

    name: str
    draw: Callable[[], bytes] = field(repr=False)
    reasons: frozenset[Reason]
    never: bool = False
    whole: Callable[[], Pixels] | None = field(default=None, repr=False)


def refused(name: str, original: bytes | Callable[[], bytes], *reasons: Reason | frozenset[Reason]) -> Sample:
    """One that must be refused."""
    return Sample(name, made(original), flat(reasons), never=True)


def either(
    name: str,
    original: bytes | Callable[[], bytes],
    *reasons: Reason | frozenset[Reason],
    whole: Callable[[], Pixels] | None = None,
) -> Sample:
    """One that may be rendered as well, if it shows what other decoders see in it."""
    return Sample(name, made(original), flat(reasons), whole=whole)


def rendered(name: str, original: bytes | Callable[[], bytes], whole: Callable[[], Pixels] | None = None) -> Sample:
    """One that only looks odd."""
    return Sample(name, made(original), frozenset(), whole=whole)


def made(original: bytes | Callable[[], bytes]) -> Callable[[], bytes]:
    """How to come by an original that may be there already."""
    return partial(bytes, original) if isinstance(original, bytes) else original


def flat(reasons: Iterable[Reason | frozenset[Reason]]) -> frozenset[Reason]:
    """Reasons and sets of them, as one set."""
    return frozenset(r for each in reasons for r in ([each] if isinstance(each, Reason) else each))


def picture(width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """What the corpus is drawn from: blurred, shifted, grey or cut off, it is far from itself."""
    y, x = np.mgrid[0:height, 0:width]
    texture = 35 * np.sign(np.sin(x * 0.9) * np.sin(y * 0.7))
    pixels: Pixels = np.clip(scene(width, height) * 0.6 + 50 + texture[..., None], 0, 255).astype(np.uint8)
    return pixels


def cuts(name: str, whole: bytes, places: Iterable[int]) -> Iterator[Sample]:
    """The file ends there. Whatever is lost, no picture of which a part is missing is shown."""
    for place in sorted(set(places)):
        if 0 < place < len(whole):
            yield Sample(f"{name} cut at {place}", made(whole[:place]), DAMAGED, whole=picture)


def flips(name: str, whole: bytes, count: int, seed: int, start: int = 0, end: int | None = None) -> Iterator[Sample]:
    """One bit is another, somewhere."""
    chance = np.random.default_rng(seed)
    for place in sorted({int(place) for place in chance.integers(start, end or len(whole), count)}):
        bit = int(chance.integers(8))
        damaged = whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
        yield either(f"{name} bit {bit} of byte {place} flipped", damaged, LYING)


def holes(name: str, whole: bytes, count: int, length: int, filled: int = 0) -> Iterator[Sample]:
    """A stretch is overwritten, as failed disks and broken uploads leave it."""
    for part in range(1, count + 1):
        at = len(whole) * part // (count + 1)
        damaged = whole[:at] + bytes([filled]) * length + whole[at + length :]
        yield either(f"{name} {length} bytes of {filled:02x} at {at}", damaged, LYING)


def lies(name: str, whole: bytes, places: Iterable[int], width: int) -> Iterator[Sample]:
    """A number in the header is another: none, one, and the largest of their kinds."""
    values = (0, 1, (1 << 8 * width - 1) - 1, 1 << 8 * width - 1, (1 << 8 * width) - 1)
    for place in places:
        for value in values:
            lie = whole[:place] + value.to_bytes(width) + whole[place + width :]
            if lie != whole:
                yield either(f"{name} says {value:#x} at {place}", lie, LYING)
