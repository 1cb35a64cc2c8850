"""The fastest parts that can be had for Python: simplejpeg (libjpeg-turbo), fast_image_resize (Rust), libwebp.

Parts, not a system: no ICC, no PNG, no optimised Huffman tables, and EXIF's orientation has to be told.
Pixels are kept four bytes wide, under Pillow's name for four plain bands, CMYK: that way the decoder's buffer is
resized where it lies, in half the time that three bytes and a copy take.
"""

import importlib.metadata
import io
from collections.abc import Callable

import numpy
import simplejpeg
from cykooz_resizer import FilterType, ResizeAlg, ResizeOptions, Resizer
from PIL import Image

from bench.imaging.workers.serve import Made, Mark, Output, Unable, Work, serve

RESIZER = Resizer()
LANCZOS3 = ResizeOptions(ResizeAlg.convolution(FilterType.lanczos3))
FOUR_BANDS = "CMYK"

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def pyramid(work: Work) -> Callable[[], Made]:
    """One decode; each size from the one before."""
    if work.profile:
        raise Unable("follows no ICC profile")
    if not work.original.startswith(b"\xff\xd8"):
        raise Unable("reads JPEG only")
    if any(output.format == "avif" for output in work.outputs):
        raise Unable("writes no AVIF")

    def run() -> Made:
        made = {}
        level = ground(work)
        for output in work.outputs:
            level = resize(level, output.width, output.height)
            made[output.name] = encode(level, output)
        return made, {}

    return run


def ground(work: Work) -> Image.Image:
    """The largest size, upright. Asked for exactly the shrunk size, libjpeg shrinks so far and no further."""
    height, width, *_ = simplejpeg.decode_jpeg_header(work.original)
    least = {"min_height": height // work.shrink, "min_width": width // work.shrink} if work.shrink > 1 else {}
    pixels = simplejpeg.decode_jpeg(work.original, "RGBX", strict=False, **least)
    image = Image.frombuffer(FOUR_BANDS, pixels.shape[1::-1], pixels, "raw", FOUR_BANDS, 0, 1)
    first = work.outputs[0]
    image = resize(image, *((first.height, first.width) if work.orientation > 4 else (first.width, first.height)))
    return image.transpose(TURNS[work.orientation]) if work.orientation in TURNS else image


def resize(image: Image.Image, width: int, height: int) -> Image.Image:
    """Exactly this size."""
    if image.size == (width, height):
        return image
    target = Image.new(FOUR_BANDS, (width, height))
    RESIZER.resize_pil(image, target, LANCZOS3)
    return target


def encode(image: Image.Image, output: Output) -> bytes:
    """Marked, and written."""
    if output.mark:
        image = marked(image, output.mark)
    pixels = numpy.asarray(image)
    if output.format == "jpeg":
        return simplejpeg.encode_jpeg(pixels, output.quality, "RGBX", "420")
    body = io.BytesIO()
    Image.fromarray(pixels[..., :3]).save(body, "WEBP", quality=output.quality, method=output.effort)
    return body.getvalue()


def marked(image: Image.Image, mark: Mark) -> Image.Image:
    """A copy with the mark over it."""
    size = (mark.width, mark.height)
    over = Image.frombytes(FOUR_BANDS, size, mark.rgba)
    image = image.copy()
    image.paste(over, (mark.left, mark.top), Image.frombytes("RGBA", size, mark.rgba))
    return image


if __name__ == "__main__":
    found = {name: importlib.metadata.version(name) for name in ("simplejpeg", "cykooz.resizer")}
    serve(found, pyramid)
