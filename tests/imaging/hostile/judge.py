"""What other decoders see in an original, and whether a rendition shows it."""

import io
import warnings
from collections.abc import Iterator

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from tests.imaging.drawing import Pixels, distance
from tests.imaging.hostile.gifs import chart
from tests.imaging.hostile.sample import Sample, picture

pillow_heif.register_heif_opener()

#: Grey levels that two decoders, or two ways to reduce, may differ by on average.
ALIKE = 3.0

#: And where the picture itself is a little damaged, which its format cannot know.
SCRATCHED = 8.0


def seen(original: bytes) -> Pixels | None:
    """The first picture, upright and on white, as Pillow shows it; nothing where it shows none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(original))
            image.load()
            return shown(ImageOps.exif_transpose(image))
    except Exception:
        return None


def shown(image: Image.Image) -> Pixels:
    """RGB, 8 bits, transparency on white."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return np.repeat((np.asarray(image, float) / 257).astype(np.uint8)[..., None], 3, 2)
    rgba = np.asarray(image.convert("RGBA"), float)
    alpha = rgba[..., 3:] / 255
    return np.asarray(rgba[..., :3] * alpha + 255 * (1 - alpha) + 0.5, np.uint8)


def reduced(pixels: Pixels, width: int, height: int) -> Pixels:
    """As a rendition of that size would show it."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def witnesses(sample: Sample, original: bytes) -> Iterator[Pixels]:
    """Whoever can say what the original shows."""
    if sample.whole:
        yield sample.whole()
        return
    if (pixels := seen(original)) is not None:
        yield pixels
    yield np.asarray(chart()) if original.startswith(b"GIF") else picture()


def nearest(sample: Sample, original: bytes, body: bytes) -> float:
    """How far a rendition is from what one of the witnesses saw."""
    rendition = shown(Image.open(io.BytesIO(body)))
    height, width = rendition.shape[:2]
    return min((distance(rendition, reduced(seen, width, height)) for seen in witnesses(sample, original)), default=0)
