"""From a photograph to a file: one row per way of writing it."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from cli.samples.icc import display_p3

pillow_heif.register_heif_opener()

STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation to how an upright picture lies in the file that carries it."""


def as_is(picture: Image.Image) -> Image.Image:
    return picture


def grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L")


def inks(picture: Image.Image) -> Image.Image:
    return picture.convert("CMYK")


def palette(picture: Image.Image) -> Image.Image:
    return picture.quantize(256, Image.Quantize.FASTOCTREE)


def cut_out(picture: Image.Image) -> Image.Image:
    """The picture fading to nothing outside an oval."""
    width, height = picture.size
    x, y = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    alpha = np.clip((1.02 - np.hypot(x, y)) * 14, 0, 1) * 255
    picture = picture.copy()
    picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return picture


@dataclass(frozen=True)
class Style:
    """How pixels are prepared, and what Pillow is told when it writes them."""

    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Image.Image], Image.Image] = as_is
    exif: bool = True


STYLES = {
    "jpeg": Style("JPEG", {"quality": 94}),
    "jpeg-progressive": Style("JPEG", {"quality": 87, "progressive": True}),
    "jpeg-444": Style("JPEG", {"quality": 93, "subsampling": "4:4:4"}),
    "jpeg-grey": Style("JPEG", {"quality": 90}, grey),
    "jpeg-cmyk": Style("JPEG", {"quality": 86}, inks),
    "jpeg-p3": Style("JPEG", {"quality": 94, "icc_profile": display_p3()}),
    "png": Style("PNG", {"compress_level": 1}),
    "png-alpha": Style("PNG", {"compress_level": 1}, cut_out),
    "webp": Style("WEBP", {"quality": 84, "method": 0}),
    "webp-alpha": Style("WEBP", {"quality": 84, "method": 0}, cut_out),
    "tiff": Style("TIFF"),
    "gif": Style("GIF", {}, palette, exif=False),
    "gif-animated": Style("GIF", {"save_all": True, "duration": 80, "loop": 0}, palette, exif=False),
    "avif": Style("AVIF", {"quality": 68, "speed": 10, "max_threads": 1}),
    "heic": Style("HEIF", {"quality": 60, "enc_params": {"preset": "ultrafast"}}),
}

FRAMES = 8
"""Of the animated GIF: the picture moving sideways."""


def written(style: str, picture: Image.Image, orientation: int, exif: Image.Exif) -> bytes:
    """The upright picture as a file of this style, turned as its orientation says."""
    row = STYLES[style]
    if orientation in STORED:
        picture = picture.transpose(STORED[orientation])
    options = dict(row.options)
    if row.exif:
        options["exif"] = exif.tobytes()
    if options.get("save_all"):
        options["append_images"] = [row.prepare(_moved(picture, frame)) for frame in range(1, FRAMES)]
    target = io.BytesIO()
    row.prepare(picture).save(target, row.format, **options)
    return target.getvalue()


def _moved(picture: Image.Image, frame: int) -> Image.Image:
    return Image.fromarray(np.roll(np.asarray(picture), frame * 12, axis=1))
