"""Sharpen an image by an unsharp mask on its luma."""

from imaging.operations.wanted import Wanted
from imaging.vips import Image

#: Y of R, G, B, in gamma space (ITU-R BT.601).
LUMA = [[0.299, 0.587, 0.114]]

#: The kernel ends where it falls below this share of its middle: at 1 % it leaves out less than half a grey level.
ENDS_AT = 0.01


def sharpen(image: Image, wanted: Wanted) -> Image:
    """rgb + amount x (Y - gauss(Y, sigma)), clipped. Hue stays, transparency too: what cannot be seen has no luma."""
    by = wanted.rendition.sharpen
    if by is None or by.amount == 0:
        return image
    rgb = image[:3]
    luma = rgb.recomb(LUMA)
    detail = (luma - around(luma, image[3] if image.bands == 4 else None, by.sigma)) * by.amount
    sharp = (rgb + detail).rint().cast("uchar").copy(interpretation="srgb")
    return sharp.bandjoin(image[3]) if image.bands == 4 else sharp


def around(luma: Image, alpha: Image | None, sigma: float) -> Image:
    """The mean luma around every pixel, by how opaque what is there is: or a cut-out would get a bright seam."""
    if alpha is None:
        return blurred(luma, sigma)
    return blurred(luma * alpha, sigma) / blurred(alpha, sigma)


def blurred(band: Image, sigma: float) -> Image:
    """A band by a Gaussian."""
    return band.gaussblur(sigma, min_ampl=ENDS_AT, precision="float")
