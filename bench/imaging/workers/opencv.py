"""OpenCV, both ways. Its own advice for making images smaller is INTER_AREA; its Lanczos does not anti-alias.

At its best: one thread, JPEG shrunk while it is decoded, Huffman tables optimised. It turns upright by itself.
"""

import sys
from collections.abc import Callable

import cv2
import numpy

from bench.imaging.workers.serve import Made, Mark, Output, Unable, Work, serve

READ = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def per_size(work: Work) -> Callable[[], Made]:
    """A decode a size, each shrunk as far as that size allows."""
    check(work)
    full = work.outputs[0].width * work.shrink

    def run() -> Made:
        return {
            output.name: encode(sized(read(work, shrink(work, output, full)), output), output)
            for output in work.outputs
        }, {}

    return run


def pyramid(work: Work) -> Callable[[], Made]:
    """One decode; each size from the one before."""
    check(work)

    def run() -> Made:
        made = {}
        level = read(work, work.shrink)
        for output in work.outputs:
            level = sized(level, output)
            made[output.name] = encode(level, output)
        return made, {}

    return run


def check(work: Work) -> None:
    """Refuse what it has no means for."""
    if work.profile:
        raise Unable("follows no ICC profile")


def shrink(work: Work, output: Output, full: int) -> int:
    """How far one size may be shrunk on load: in the same proportion as the largest."""
    return max(each for each in READ if each == work.shrink or output.width * each <= full)


def read(work: Work, shrink: int) -> numpy.ndarray:
    """Pixels, upright; only JPEG is decoded any faster for being shrunk."""
    shrink = shrink if work.original.startswith(b"\xff\xd8") else 1
    return cv2.imdecode(numpy.frombuffer(work.original, numpy.uint8), READ[shrink])


def sized(pixels: numpy.ndarray, output: Output) -> numpy.ndarray:
    """Exactly this size."""
    return cv2.resize(pixels, (output.width, output.height), interpolation=cv2.INTER_AREA)


def encode(pixels: numpy.ndarray, output: Output) -> bytes:
    """Marked, and written."""
    if output.mark:
        pixels = marked(pixels, output.mark)
    options = {
        "jpeg": [
            (cv2.IMWRITE_JPEG_QUALITY, output.quality),
            (cv2.IMWRITE_JPEG_OPTIMIZE, 1),
            (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
        ],
        "webp": [(cv2.IMWRITE_WEBP_QUALITY, output.quality)],
        "avif": [(cv2.IMWRITE_AVIF_QUALITY, output.quality), (cv2.IMWRITE_AVIF_SPEED, 9 - output.effort)],
    }[output.format]
    suffix = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif"}[output.format]
    return cv2.imencode(suffix, pixels, [number for option in options for number in option])[1].tobytes()


def marked(pixels: numpy.ndarray, mark: Mark) -> numpy.ndarray:
    """A copy with the mark over it."""
    rgba = numpy.frombuffer(mark.rgba, numpy.uint8).reshape(mark.height, mark.width, 4)
    over, alpha = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGR).astype(numpy.uint16), rgba[..., 3:].astype(numpy.uint16)
    pixels = pixels.copy()
    under = pixels[mark.top : mark.top + mark.height, mark.left : mark.left + mark.width]
    under[...] = (over * alpha + under * (255 - alpha) + 127) // 255
    return pixels


if __name__ == "__main__":
    cv2.setNumThreads(1)
    serve({"OpenCV": cv2.__version__}, {"per-size": per_size, "pyramid": pyramid}[sys.argv[1]])
