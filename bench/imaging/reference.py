"""What a rendition would be if nothing were lost: the uncompressed reference that quality is measured against.

Full decode without shrink-on-load, upright, sRGB by LittleCMS in 16 bits, Lanczos3 in floating point (Pillow's
mode F) from the full size straight to each size, the watermark blended in floating point.
"""

from pathlib import Path

import numpy
import pyvips
from PIL import Image

from imaging.marks import Mark

#: Floats, height x width x 3, sRGB's curve, 0 to 1 but for Lanczos' overshoot, which is cut.
Pixels = numpy.ndarray


def full(path: Path) -> Pixels:
    """The original, not resized."""
    image = pyvips.Image.new_from_file(str(path), access="random").autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=16)
    image = image.colourspace("rgb16" if image.format == "ushort" else "srgb")
    levels = 65_535 if image.format == "ushort" else 255
    return image[:3].numpy().astype(numpy.float32) / numpy.float32(levels)


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    """One size."""
    bands = [
        Image.fromarray(numpy.ascontiguousarray(pixels[..., band])).resize((width, height), Image.Resampling.LANCZOS)
        for band in range(3)
    ]
    return numpy.stack([numpy.asarray(band) for band in bands], axis=-1).clip(0, 1)


def marked(pixels: Pixels, mark: Mark) -> Pixels:
    """A copy with the mark over it."""
    box = mark.box
    rgba = numpy.frombuffer(mark.rgba, numpy.uint8).reshape(box.height, box.width, 4).astype(numpy.float32) / 255
    pixels = pixels.copy()
    under = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    alpha = rgba[..., 3:]
    under[...] = rgba[..., :3] * alpha + under * (1 - alpha)
    return pixels
