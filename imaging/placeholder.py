"""The placeholder of an image: a ThumbHash, some 25 bytes that decode to a blurred preview."""

from base64 import b64encode

from imaging import _native
from imaging.vips import Image

#: ThumbHash reads no more pixels than this along an edge.
LONGEST_EDGE = 100


def placeholder(image: Image) -> str:
    """The ThumbHash of an sRGB image, in base64."""
    small = image
    if max(image.width, image.height) > LONGEST_EDGE:
        small = image.thumbnail_image(LONGEST_EDGE, height=LONGEST_EDGE, size="down")
    rgba = small if small.bands == 4 else small.bandjoin(255)
    pixels = bytes(rgba.cast("uchar").write_to_memory())
    return b64encode(_native.thumbhash(rgba.width, rgba.height, pixels)).decode()
