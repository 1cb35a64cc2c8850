"""Scale an image by Lanczos3."""

from imaging.geometry import Size
from imaging.vips import Image, Interpolate

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
    across, down = width / image.width, height / image.height
    if across >= 1 and down >= 1:
        return enlarged(image, across, down, (width, height))
    return image.resize(across, vscale=down, kernel="lanczos3")


def enlarged(image: Image, across: float, down: float, size: Size) -> Image:
    """By cubics, for libvips has no Lanczos that enlarges; its resize would do the same, half a pixel aside."""
    return image.affine(
        [across, 0, 0, down],
        interpolate=Interpolate.new("bicubic"),
        oarea=[0, 0, *size],
        idx=0.5, idy=0.5, odx=-0.5, ody=-0.5,
        extend="copy",
        premultiplied=True,
    )  # fmt: skip
