"""Pillow, and Pillow-SIMD where that is installed in its stead; both ways.

At its best: `draft` shrinks a JPEG while it is decoded; turned and converted after the first reduction.
Pillow-SIMD is compiled on the machine: what it was built without is done by OpenCV's copy of libwebp, or not at all.
"""

import io
import sys
from collections.abc import Callable
from functools import lru_cache

import PIL
from PIL import Image, ImageCms, features

from bench.imaging.workers.serve import Made, Mark, Output, Unable, Work, serve

#: What turns each of EXIF's orientations upright, as ImageOps.exif_transpose() has it.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def per_size(work: Work) -> Callable[[], Made]:
    """What most people write: as thumbnail() does it, from a draft at twice the size."""
    check(work)

    def run() -> Made:
        return {
            output.name: encode(opened(work, output, 2 * output.width, 2 * output.height), output)
            for output in work.outputs
        }, {}

    return run


def pyramid(work: Work) -> Callable[[], Made]:
    """One decode; each size from the one before."""
    check(work)

    def run() -> Made:
        made = {}
        level = None
        for output in work.outputs:
            size = (output.width, output.height)
            if level is None:
                level = opened(work, output, 0, 0)
            elif level.size != size:
                level = level.resize(size, Image.Resampling.LANCZOS)
            made[output.name] = encode(level, output)
        return made, {}

    return run


def check(work: Work) -> None:
    """Refuse what this build cannot do, before it is measured."""
    if work.profile and not features.check("littlecms2"):
        raise Unable("built without LittleCMS (Debian: liblcms2-dev), so it follows no ICC profile")
    if any(output.format == "avif" for output in work.outputs) and not features.check("avif"):
        raise Unable("built without AVIF (Debian: libavif-dev)")


def opened(work: Work, output: Output, width: int, height: int) -> Image.Image:
    """One size from the original; drafted to `width` x `height`, or as far as the job's rule allows."""
    image = Image.open(io.BytesIO(work.original))
    turn = TURNS.get(work.orientation)
    sideways = work.orientation > 4
    drafted = (height, width) if sideways else (width, height)
    if width == 0:
        drafted = (image.width // work.shrink, image.height // work.shrink)
    image.draft("RGB", drafted)
    profile = image.info.get("icc_profile")
    size = (output.height, output.width) if sideways else (output.width, output.height)
    image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0 if width else None)
    if turn is not None:
        image = image.transpose(turn)
    return ImageCms.applyTransform(image, to_srgb(profile)) if work.profile else image


@lru_cache(maxsize=4)
def to_srgb(profile: bytes) -> ImageCms.ImageCmsTransform:
    """How a profile's colours become sRGB."""
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def encode(image: Image.Image, output: Output) -> bytes:
    """Marked, and written without metadata."""
    image.info.clear()
    if output.mark:
        image = marked(image, output.mark)
    body = io.BytesIO()
    if output.format == "jpeg":
        image.save(body, "JPEG", quality=output.quality, optimize=True, subsampling="4:2:0")
    elif output.format == "webp":
        if not features.check("webp"):
            return webp_by_opencv(image, output)
        image.save(body, "WEBP", quality=output.quality, method=output.effort)
    else:
        image.save(
            body,
            "AVIF",
            quality=output.quality,
            speed=9 - output.effort,
            codec="aom",
            subsampling="4:2:0",
            max_threads=1,
        )
    return body.getvalue()


def marked(image: Image.Image, mark: Mark) -> Image.Image:
    """A copy of the image with the mark over it."""
    over = Image.frombytes("RGBA", (mark.width, mark.height), mark.rgba)
    image = image.copy()
    image.paste(over, (mark.left, mark.top), over)
    return image


def webp_by_opencv(image: Image.Image, output: Output) -> bytes:
    """libwebp at its default method, which is 4."""
    import cv2
    import numpy

    pixels = cv2.cvtColor(numpy.asarray(image), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, output.quality])[1].tobytes()


def versions() -> dict[str, str]:
    """Which Pillow, on which libjpeg, and whose libwebp."""
    simd = "post" in PIL.__version__
    name = "Pillow-SIMD" if simd else "Pillow"
    found = {name: PIL.__version__, f"libjpeg-turbo of {name}": str(features.version("libjpeg_turbo"))}
    if features.check("webp"):
        return found
    return found | {f"WebP of {name}": "OpenCV's, for it was built without (Debian: libwebp-dev)"}


if __name__ == "__main__":
    serve(versions(), {"per-size": per_size, "pyramid": pyramid}[sys.argv[1]])
