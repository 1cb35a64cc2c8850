"""Put an image on a plain background, where its format knows no transparency."""

from imaging.formats import WRITERS
from imaging.operations.wanted import Wanted
from imaging.vips import Image


def flatten(image: Image, wanted: Wanted) -> Image:
    """The image, opaque if it has to be."""
    rendition = wanted.rendition
    if not image.hasalpha() or WRITERS[rendition.format].alpha:
        return image
    return image.flatten(background=list(bytes.fromhex(rendition.background.removeprefix("#"))))
