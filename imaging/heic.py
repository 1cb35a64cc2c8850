"""iPhone's HEIC, by libheif and libde265: the libvips wheel has no HEVC. Loaded only when such a file comes.

libheif turns the image upright itself, as the container's own boxes say; its EXIF orientation is for other readers,
and turning by it would turn twice.
"""

from functools import lru_cache
from typing import Any

from imaging import boxes
from imaging.credits import EXIF
from imaging.damage import damage
from imaging.errors import Reason, Rejected
from imaging.formats import Format
from imaging.limits import Header, Limits, check_header
from imaging.opened import Opened
from imaging.operations.to_srgb import PROFILE
from imaging.vips import BLOB, Image

#: What pi_heif raises for a file that libheif cannot make sense of.
DAMAGE = (ValueError, OSError, EOFError, SyntaxError, RuntimeError, IndexError)


@lru_cache(maxsize=1)
def pi_heif() -> Any:
    """The decoder, told to use one thread and to leave previews, depth maps and the like alone."""
    import pi_heif as library

    library.options.DECODE_THREADS = 1
    library.options.THUMBNAILS = False
    library.options.DEPTH_IMAGES = False
    library.options.AUX_IMAGES = False
    return library


def open_original(original: bytes, format: Format, limits: Limits) -> Opened:
    """A HEIC, admitted: its boxes are read, nothing is decoded."""
    if not boxes.whole(original):
        raise Rejected(Reason.TRUNCATED, "its items reach beyond its end")
    if not boxes.sound(original):
        raise Rejected(Reason.CORRUPT, "a picture in it is no HEVC")
    with damage(original, format, *DAMAGE):
        image = pi_heif().open_heif(original, convert_hdr_to_8bit=True)
        width, height = image.size  # IndexError: it holds no image at all
    if width < 1 or height < 1:
        raise Rejected(Reason.CORRUPT, f"it says {width} × {height}")
    check_header(header(image, format), limits)
    return Opened(format, width, height, 1, False, lambda _: decode(image, original, format))


def header(image: Any, format: Format) -> Header:
    """What the limits want to know. Only the primary image is read, but all of them are parsed."""
    width, height = image.size
    return Header(
        width=width,
        height=height,
        frames=1,
        icc_bytes=len(image.info.get("icc_profile") or b""),
        exif_bytes=len(image.info.get("exif") or b""),
        footprint=format.reader.footprint,
    )


def decode(image: Any, original: bytes, format: Format) -> Image:
    """The pixels, with the profile they are in."""
    with damage(original, format, *DAMAGE):
        pixels = image.data
    (width, height), bands = image.size, len(image.mode)
    decoded = rows(pixels, image.stride, width, height, bands)
    decoded = decoded.copy(interpretation="b-w" if bands <= 2 else "srgb")
    if image.premultiplied_alpha:
        decoded = decoded.unpremultiply().rint().cast("uchar")
    for field, name in ((PROFILE, "icc_profile"), (EXIF, "exif")):
        if content := image.info.get(name):
            decoded.set_type(BLOB, field, content)
    return decoded


def rows(pixels: bytes, stride: int, width: int, height: int, bands: int) -> Image:
    """Decoded bytes as an image, leaving out what pads each row."""
    used = width * bands
    if stride != used:
        padded = Image.new_from_memory(pixels, stride, height, 1, "uchar")
        pixels = padded.crop(0, 0, used, height).write_to_memory()
    return Image.new_from_memory(pixels, width, height, bands, "uchar")
