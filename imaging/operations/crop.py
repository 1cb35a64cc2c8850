"""Keep a window of an image."""

from imaging.operations.wanted import Wanted
from imaging.vips import Image


def crop(image: Image, wanted: Wanted) -> Image:
    """The window that the placement names; with gravity "smart", one of the same size around what draws the eye."""
    place, resize = wanted.place, wanted.rendition.resize
    if (image.width, image.height) == (place.width, place.height):
        return image
    if resize and resize.gravity == "smart":
        return image.smartcrop(place.width, place.height, interesting="attention")
    return image.crop(place.left, place.top, place.width, place.height)
