"""Scale an image by Lanczos3."""

from imaging.vips import Image

#: The formats of samples that are no whole numbers.
FRACTIONS = frozenset(("float", "double"))


def resize(image: Image, width: int, height: int) -> Image:
    """The image at exactly `width` x `height`. Colours are weighed by their opacity, so edges get no dark seam."""
    if (image.width, image.height) == (width, height):
        return image
    if not image.hasalpha():
        return scaled(image, width, height)
    weighed = like(image.premultiply(), image)  # libvips answers floats, and those scale half as fast
    return like(scaled(weighed, width, height).unpremultiply(), image)


def like(floats: Image, image: Image) -> Image:
    """In the format of an image: rounded, unless that holds fractions, which may all lie between 0 and 1."""
    return (floats if image.format in FRACTIONS else floats.rint()).cast(image.format)


def scaled(image: Image, width: int, height: int) -> Image:
    """Both edges at once; libvips box-filters the large part of a reduction, and Lanczos does the last halving."""
    return image.resize(width / image.width, vscale=height / image.height, kernel="lanczos3")
