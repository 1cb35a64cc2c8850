"""Scale an image by Lanczos3."""

from imaging.vips import Image


def resize(image: Image, width: int, height: int) -> Image:
    """The image at exactly `width` x `height`. Colours are weighed by their opacity, so edges get no dark seam."""
    if (image.width, image.height) == (width, height):
        return image
    if not image.hasalpha():
        return scaled(image, width, height)
    weighed = image.premultiply().rint().cast(image.format)  # libvips answers floats, and those scale half as fast
    return scaled(weighed, width, height).unpremultiply().rint().cast(image.format)


def scaled(image: Image, width: int, height: int) -> Image:
    """Both edges at once; libvips box-filters the large part of a reduction, and Lanczos does the last halving."""
    return image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")
