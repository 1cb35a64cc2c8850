"""Marks: what a watermark is for an image of one size, as pixels ready to be blended. Every path blends these.

Text is rasterised by FreeType straight from the font's bytes: no fontconfig, no font file, no cache on disc, and the
same letters on every machine.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from imaging.damage import gist
from imaging.errors import Problem, RecipeInvalid
from imaging.geometry import Box, Size, half_up, mark_box, mark_size
from imaging.operations.resize import resize
from imaging.operations.to_srgb import to_srgb
from imaging.recipe import ImageWatermark, Recipe, TextWatermark, Watermark
from imaging.vips import Error, Image

#: Marks kept from one image to the next. Most are small; one that covers its image takes as much as that.
MOST_KEPT = 64
MOST_KEPT_BYTES = 32 * 1024 * 1024

#: Pixels that text is drawn on at first: set larger than its image it would need any number of them.
MOST_DRAWN = 64_000_000

#: Width and height of the image that marks are tried on.
TRIAL = 256


@dataclass(frozen=True, slots=True)
class Mark:
    """Pixels of a mark, not premultiplied, its opacity in their alpha, and the box of the image they belong on."""

    box: Box
    rgba: bytes


_kept: OrderedDict[tuple[Watermark, int, int], Mark] = OrderedDict()
_one_at_a_time = threading.Lock()


def prepare(watermark: Watermark, width: int, height: int) -> Mark:
    """The mark for a rendition of `width` x `height`. Most of a bulk run has few sizes: they are kept.

    Raises RecipeInvalid for an image or a font that cannot be read: that is no original's fault.
    """
    wanted = watermark, width, height
    with _one_at_a_time:
        mark = _kept.pop(wanted, None) or made(*wanted)
        _kept[wanted] = mark
        while len(_kept) > MOST_KEPT or kept_bytes() > MOST_KEPT_BYTES:
            _kept.popitem(last=False)
    return mark


def unusable(recipe: Recipe) -> tuple[Problem, ...]:
    """What is wrong with the images and fonts of a recipe, which reads no more of them than their first bytes."""
    problems: list[Problem] = []
    for index, rendition in enumerate(recipe.renditions):
        try:
            if rendition.watermark:
                prepare(rendition.watermark, TRIAL, TRIAL)
        except RecipeInvalid as error:
            problems += [Problem(f"renditions[{index}].{each.path}", each.message) for each in error.problems]
    return tuple(problems)


def kept_bytes() -> int:
    """What the marks hold that are kept."""
    return sum(len(mark.rgba) for mark in _kept.values())


def made(watermark: Watermark, width: int, height: int) -> Mark:
    """A mark, drawn anew."""
    image = drawn(watermark, (width, height))
    box = mark_box((image.width, image.height), watermark.margin, watermark.gravity, (width, height))
    alpha = (image[3] * watermark.opacity).rint().cast("uchar")
    return Mark(box, bytes(image[:3].bandjoin(alpha).write_to_memory()))


def drawn(watermark: Watermark, on: Size) -> Image:
    """A watermark as RGBA at the size that it has on an image."""
    return picture(watermark, on) if isinstance(watermark, ImageWatermark) else lettering(watermark, on)


def picture(watermark: ImageWatermark, on: Size) -> Image:
    """A PNG at its share of the image's width."""
    try:
        image = to_srgb(Image.pngload_buffer(watermark.image, fail_on="error"))
        image = image if image.bands == 4 else image.bandjoin(255)
        return resize(image, *mark_size(watermark.width, (image.width, image.height), on)).copy_memory()
    except Error as error:
        raise RecipeInvalid((Problem("watermark.image", f"cannot be decoded: {gist(str(error))}"),)) from None


def lettering(watermark: TextWatermark, on: Size) -> Image:
    """A line of text in one colour; where it is wider than the image it is set smaller."""
    text, font, size = watermark.text, watermark.font, half_up(watermark.size * on[1])
    width, height = extent(face(font, size), text)
    if (width + 2 * size) * (height + 2 * size) > MOST_DRAWN:
        size = fitting(size, (width, height), on)
    coverage, width, height = raster(text, font, size)
    widest, highest = on
    if width > widest or height > highest:
        size = fitting(size, (width, height), on)
        coverage, width, height = raster(text, font, size)
    alpha = Image.new_from_memory(coverage, width, height, 1, "uchar")
    alpha = alpha.crop(0, 0, min(width, widest), min(height, highest))
    colour = list(bytes.fromhex(watermark.colour.removeprefix("#")))
    return alpha.new_from_image(colour).bandjoin(alpha).cast("uchar").copy(interpretation="srgb")


def fitting(size: int, text: Size, on: Size) -> int:
    """The size at which a text fits into an image that at this size is as large as `text`."""
    return max(1, int(size * min(on[0] / text[0], on[1] / text[1])))


def face(font: bytes, size: int) -> Any:
    """A font at a size."""
    from PIL import ImageFont  # only recipes with text need it

    try:
        return ImageFont.truetype(BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise RecipeInvalid((Problem("watermark.font", f"cannot be read: {error}"),)) from None


def extent(face: Any, text: str) -> Size:
    """Width and height of a text, without drawing it."""
    left, top, right, bottom = (int(edge) for edge in face.getbbox(text))
    return max(1, right - left), max(1, bottom - top)


def raster(text: str, font: bytes, size: int) -> tuple[bytes, int, int]:
    """How much of each pixel the letters cover, 0 to 255, and the width and height of that."""
    from PIL import Image as Canvas
    from PIL import ImageDraw

    letters = face(font, size)
    left, top, *_ = (int(edge) for edge in letters.getbbox(text))
    width, height = extent(letters, text)
    canvas = Canvas.new("L", (width + 2 * size, height + 2 * size))
    ImageDraw.Draw(canvas).text((size - left, size - top), text, fill=255, font=letters)
    inked = canvas.crop(canvas.getbbox() or (0, 0, 1, 1))
    return inked.tobytes(), *inked.size
