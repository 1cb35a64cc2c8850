"""Lay a mark over a copy of an image: the level that it came from, and all smaller ones, never see it."""

from imaging.marks import prepare
from imaging.operations.wanted import Wanted
from imaging.vips import Image


def watermark(image: Image, wanted: Wanted) -> Image:
    """The image with the mark blended in. Only the mark's own box is computed."""
    by = wanted.rendition.watermark
    if by is None:
        return image
    mark = prepare(by, image.width, image.height)
    box = mark.box
    over = Image.new_from_memory(mark.rgba, box.width, box.height, 4, "uchar").copy(interpretation="srgb")
    under = image.crop(box.left, box.top, box.width, box.height)
    blended = under.composite2(over, "over")[: image.bands]
    return image.insert(blended, box.left, box.top)
