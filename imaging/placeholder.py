"""The placeholder of an image: a ThumbHash, some 25 bytes that decode to a blurred preview."""

from base64 import b64encode

from imaging import _native
from imaging.operations.resize import resize
from imaging.vips import Image

#: Pixels along the longer edge that a ThumbHash is made of; more say nothing more.
ENOUGH = 48


def placeholder(image: Image) -> str:
    """The ThumbHash of an sRGB image, in base64."""
    longest = max(image.width, image.height, ENOUGH)
    width, height = (max(1, edge * ENOUGH // longest) for edge in (image.width, image.height))
    small = resize(image, width, height)
    rgba = small if small.bands == 4 else small.bandjoin(255)
    pixels = bytes(rgba.cast("uchar").write_to_memory())
    return b64encode(_native.thumbhash(rgba.width, rgba.height, pixels)).decode()
