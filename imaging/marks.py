"""Marks: what a watermark is for an image of one size, as pixels ready to be blended. Every path blends these.

Text is rasterised by FreeType straight from the font's bytes: no fontconfig, no font file, no cache on disc, and the
same letters on every machine.
"""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

from imaging.errors import Problem, RecipeInvalid
from imaging.geometry import Box, Size, half_up, mark_box, mark_size
from imaging.operations.resize import resize
from imaging.operations.to_srgb import to_srgb
from imaging.recipe import ImageWatermark, TextWatermark, Watermark
from imaging.vips import Error, Image


@dataclass(frozen=True, slots=True)
class Mark:
    """Pixels of a mark, not premultiplied, its opacity in their alpha, and the box of the image they belong on."""

    box: Box
    rgba: bytes


@lru_cache(maxsize=64)
def prepare(watermark: Watermark, width: int, height: int) -> Mark:
    """The mark for a rendition of `width` x `height`. Most of a bulk run has few sizes: they are kept.

    Raises RecipeInvalid for an image or a font that cannot be read: that is no original's fault.
    """
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
        raise RecipeInvalid((Problem("watermark.image", f"cannot be decoded: {error}"),)) from None


def lettering(watermark: TextWatermark, on: Size) -> Image:
    """A line of text in one colour; where it is wider than the image it is set smaller."""
    size = half_up(watermark.size * on[1])
    coverage, width, height = raster(watermark.text, watermark.font, size)
    widest, highest = on
    if width > widest or height > highest:
        size = max(1, int(size * min(widest / width, highest / height)))
        coverage, width, height = raster(watermark.text, watermark.font, size)
    alpha = Image.new_from_memory(coverage, width, height, 1, "uchar")
    alpha = alpha.crop(0, 0, min(width, widest), min(height, highest))
    colour = list(bytes.fromhex(watermark.colour.removeprefix("#")))
    return alpha.new_from_image(colour).bandjoin(alpha).cast("uchar").copy(interpretation="srgb")


def raster(text: str, font: bytes, size: int) -> tuple[bytes, int, int]:
    """How much of each pixel the letters cover, 0 to 255, and the width and height of that."""
    from PIL import Image as Canvas
    from PIL import ImageDraw, ImageFont  # only recipes with text need it

    try:
        face = ImageFont.truetype(BytesIO(font), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise RecipeInvalid((Problem("watermark.font", f"cannot be read: {error}"),)) from None
    left, top, right, bottom = (int(edge) for edge in face.getbbox(text))
    canvas = Canvas.new("L", (max(1, right - left) + 2 * size, max(1, bottom - top) + 2 * size))
    ImageDraw.Draw(canvas).text((size - left, size - top), text, fill=255, font=face)
    inked = canvas.crop(canvas.getbbox() or (0, 0, 1, 1))
    return inked.tobytes(), *inked.size
