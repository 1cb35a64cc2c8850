"""The smallest file that still looks like its picture: what `quality.rs` does, for what libvips makes."""

from collections.abc import Callable

from imaging import _native
from imaging.rendered import Found
from imaging.vips import Image

#: The qualities looked at, and the shortest edge that SSIMULACRA2 is defined for: those of `quality.rs`.
LOWEST, HIGHEST = 30, 95
SHORTEST_EDGE = 8


def smallest(
    image: Image, at: Callable[[int], bytes], target: float, background: str, otherwise: int
) -> tuple[bytes, Found | None]:
    """The file at the lowest quality that scores at least `target`, or at the highest that is tried; and its score.

    `at` encodes at a quality; `otherwise` is the quality of what is too small to be scored. Scores grow with quality
    but for a few hundredths: bisection finds it in seven encodings.
    """
    if min(image.width, image.height) < SHORTEST_EDGE:
        return at(otherwise), None
    reference = seen(image, background)

    def tried(quality: int) -> tuple[bytes, Found]:
        body = at(quality)
        decoded = seen(Image.new_from_buffer(body, ""), background)
        return body, Found(quality, _native.ssimulacra2(image.width, image.height, reference, decoded))

    low, high = LOWEST, HIGHEST
    best = None
    while low < high:
        middle = (low + high) // 2
        body, found = tried(middle)
        if found.score >= target:
            high, best = middle, (body, found)
        else:
            low = middle + 1
    return tried(HIGHEST) if best is None else best


def seen(image: Image, background: str) -> bytes:
    """R, G and B of every pixel, on the background where it is transparent."""
    opaque = image.flatten(background=list(bytes.fromhex(background.removeprefix("#")))) if image.hasalpha() else image
    return bytes(opaque.colourspace("srgb").cast("uchar").write_to_memory())
