"""libvips by pyvips, both ways: a thumbnail() a size, or one decode and a pyramid.

At its best: one thread, no caches, the watermark blended in its own box only, a profile followed only where there is
one, the pyramid's first level turned and converted where it has the fewest pixels.
"""

import sys
from collections.abc import Callable
from typing import Any

import pyvips
from pyvips import Image

from bench.imaging.workers.serve import Made, Mark, Output, Work, serve

pyvips.cache_set_max(0)
pyvips.cache_set_max_mem(0)
pyvips.cache_set_max_files(0)


def per_size(work: Work) -> Callable[[], Made]:
    """What most people write: the original is opened again for each size."""
    colour = {"export_profile": "srgb"} if work.profile else {}

    def run() -> Made:
        made = {}
        for output in work.outputs:
            image = Image.thumbnail_buffer(work.original, output.width, height=output.height, size="force", **colour)
            made[output.name] = encode(image.copy_memory() if output.mark else image, output)
        return made, {}

    return run


def pyramid(work: Work) -> Callable[[], Made]:
    """One decode, shrunk on load as far as the largest size allows; each size from the one before."""

    def run() -> Made:
        made = {}
        level = ground(work)
        for output in work.outputs:
            if (level.width, level.height) != (output.width, output.height):
                level = resize(level, output.width, output.height).copy_memory()
            made[output.name] = encode(level, output)
        return made, {}

    return run


def ground(work: Work) -> Image:
    """The largest size, upright, in sRGB, in memory."""
    first = work.outputs[0]
    options: dict[str, Any] = {"shrink": work.shrink} if work.shrink > 1 else {}
    image = Image.new_from_buffer(work.original, "", access="sequential", **options)
    image = resize(image, *((first.height, first.width) if work.orientation > 4 else (first.width, first.height)))
    if work.orientation > 1:
        image = image.copy_memory().autorot()
    if work.profile:
        image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    return image.copy_memory()


def resize(image: Image, width: int, height: int) -> Image:
    """Exactly this size."""
    return image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")


def encode(image: Image, output: Output) -> bytes:
    """Marked, and written without metadata."""
    if output.mark:
        image = marked(image, output.mark)
    if output.format == "jpeg":
        return image.jpegsave_buffer(Q=output.quality, optimize_coding=True, keep="none")
    if output.format == "webp":
        return image.webpsave_buffer(Q=output.quality, effort=output.effort, keep="none")
    return image.heifsave_buffer(Q=output.quality, effort=output.effort, compression="av1", keep="none")


def marked(image: Image, mark: Mark) -> Image:
    """The image with the mark over it."""
    over = Image.new_from_memory(mark.rgba, mark.width, mark.height, 4, "uchar").copy(interpretation="srgb")
    under = image.crop(mark.left, mark.top, mark.width, mark.height)
    return image.insert(under.composite2(over, "over")[: image.bands], mark.left, mark.top)


if __name__ == "__main__":
    pyvips.concurrency_set(1)
    libvips = ".".join(str(pyvips.version(part)) for part in range(3))
    serve({"pyvips": pyvips.__version__, "libvips": libvips}, {"per-size": per_size, "pyramid": pyramid}[sys.argv[1]])
