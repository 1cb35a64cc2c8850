"""Where pixels go: pure arithmetic, shared by every path that makes them, so their sizes are equal by construction.

Sizes are the exact rational number rounded half up, and at least 1.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

from imaging.recipe import Recipe, Resize

#: Gravity as the share of the free space that lies before the window: left or above, in halves.
GRAVITY: dict[str, tuple[int, int]] = {
    "north-west": (0, 0),
    "north": (1, 0),
    "north-east": (2, 0),
    "west": (0, 1),
    "centre": (1, 1),
    "east": (2, 1),
    "south-west": (0, 2),
    "south": (1, 2),
    "south-east": (2, 2),
    "smart": (1, 1),  # until the pixels are known; then the window moves, its size stays
}

#: Shrink-on-load keeps at least this many times the largest level: cutting closer cost 0.7 SSIMULACRA2 on a photo.
OVERSAMPLING = 1.4

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """An image scaled to `scaled_width` x `scaled_height`, and the window of it that is kept."""

    scaled_width: int
    scaled_height: int
    left: int
    top: int
    width: int
    height: int

    @property
    def scaled(self) -> Size:
        """The size before cropping: a level of the chain."""
        return self.scaled_width, self.scaled_height


@dataclass(frozen=True, slots=True)
class Box:
    """A window on an image, in its pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chain:
    """How every rendition's pixels come about, from sizes alone.

    `placements` are in the recipe's order. `ground` is the first level, made from the original itself.
    `levels` maps every other size to the size that it is made from, in an order in which that can be done.
    """

    placements: tuple[Placement, ...]
    ground: Size
    levels: tuple[tuple[Size, Size], ...]

    @property
    def largest(self) -> Size:
        """The level with the most pixels."""
        return max((placement.scaled for placement in self.placements), key=area)

    @property
    def smallest(self) -> Size:
        """The level with the fewest pixels."""
        return min((placement.scaled for placement in self.placements), key=area)


def area(size: Size) -> tuple[int, int]:
    """What sizes are ordered by: their pixels, and their width where those are as many."""
    return size[0] * size[1], size[0]


def half_up(length: Fraction | float) -> int:
    """A length in pixels, rounded half up, at least 1."""
    return max(1, floor(length + Fraction(1, 2)))


def placement(resize: Resize | None, width: int, height: int) -> Placement:
    """Where an upright image of `width` x `height` goes."""
    if resize is None:
        return Placement(width, height, 0, 0, width, height)
    scaled = scaled_size(resize, width, height)
    if resize.mode != "fill":
        return Placement(*scaled, 0, 0, *scaled)
    window = (resize.width or scaled[0], resize.height or scaled[1])
    left, top = anchored(resize.gravity, (scaled[0] - window[0], scaled[1] - window[1]))
    return Placement(*scaled, left, top, *window)


def scaled_size(resize: Resize, width: int, height: int) -> Size:
    """The size of the whole image: inside the box (limit, fit), or covering it (fill)."""
    edges = ((resize.width, width), (resize.height, height))
    scales = [Fraction(box, edge) for box, edge in edges if box is not None]
    scale = max(scales) if resize.mode == "fill" else min(scales)
    if resize.mode == "limit":
        scale = min(scale, Fraction(1))
    return half_up(width * scale), half_up(height * scale)


def anchored(gravity: str, free: Size) -> Size:
    """Left and top of a window that gravity pulls to one side of the free space."""
    across, down = GRAVITY[gravity]
    return free[0] * across // 2, free[1] * down // 2


def mark_size(share: float, mark: Size, image: Size) -> Size:
    """The size of a mark that is to take `share` of the image's width: less, where it would not fit in height."""
    return scaled_size(Resize(half_up(share * image[0]), image[1], "fit"), *mark)


def mark_box(mark: Size, margin: float, gravity: str, image: Size) -> Box:
    """Where a mark that fits into the image goes: `margin` of the image's shorter edge away from the side it keeps to.

    The margin gives way where there is no room for it.
    """
    free = (image[0] - mark[0], image[1] - mark[1])
    inset = int(margin * min(image) + 0.5)
    across, down = (min(inset, space // 2) for space in free)
    left, top = anchored(gravity, (free[0] - 2 * across, free[1] - 2 * down))
    return Box(left + across, top + down, *mark)


def chain(recipe: Recipe, width: int, height: int) -> Chain:
    """The chain of sizes for an upright original: each from the next larger one, enlarged ones from the ground."""
    placements = tuple(placement(rendition.resize, width, height) for rendition in recipe.renditions)
    sizes = sorted({place.scaled for place in placements}, key=area, reverse=True)
    smaller = [size for size in sizes if area(size) < (width * height, width)]
    enlarged = [size for size in sizes if size not in smaller and size != (width, height)]
    ground = (width, height) if len(smaller) < len(sizes) else smaller[0]
    steps = [ground, *(size for size in smaller if size != ground)]
    levels = (*((size, ground) for size in enlarged), *((size, source) for source, size in pairwise(steps)))
    return Chain(placements, ground, levels)


def shrink_on_load(largest: Size, width: int, height: int) -> int:
    """How far a decoder may shrink an image of `width` x `height` while decoding: 8, 4, 2 or 1 times."""
    for shrink in (8, 4, 2):
        if width >= OVERSAMPLING * shrink * largest[0] and height >= OVERSAMPLING * shrink * largest[1]:
            return shrink
    return 1
