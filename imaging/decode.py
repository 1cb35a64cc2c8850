"""From bytes to pixels: the type first, the header and the limits next, and only then a pixel."""

from collections.abc import Callable

from imaging import gif, heic, png, scans, tiff, webp
from imaging.damage import damage
from imaging.errors import Reason, Rejected
from imaging.formats import Format, foreign, sniff
from imaging.limits import Header, Limits, check_bytes, check_header
from imaging.mend import mended
from imaging.opened import Opened
from imaging.unbroken import unbroken
from imaging.vips import Error, Image, Source

#: What libvips would not see, or too late, by format: it is refused, or put right, before.
BEFOREHAND: dict[str, Callable[[bytes, Limits], bytes]] = {
    "gif": gif.complete,
    "jpeg": lambda original, limits: mended(scans.complete(unbroken(original, limits))),
    "png": png.complete,
    "tiff": lambda original, limits: tiff.readable(tiff.affordable(original, limits)),
    "webp": webp.affordable,
}


def open_original(original: bytes, limits: Limits) -> Opened:
    """An original, admitted. Raises Rejected for what is no image of ours, or lies beyond the limits."""
    check_bytes(original, limits)
    format = recognised(original)
    if format.reader.operation is None:
        return heic.open_original(original, format, limits)
    return open_with_libvips(original, format, limits)


def recognised(original: bytes) -> Format:
    """The format of an original by its first bytes, whatever its name or content type claimed."""
    if format := sniff(original):
        return format
    if other := foreign(original):
        raise Rejected(Reason.UNSUPPORTED_TYPE, f"this is {other}")
    raise Rejected(Reason.NOT_AN_IMAGE, f"it starts with {original[:8].hex(' ')}")


def open_with_libvips(original: bytes, format: Format, limits: Limits) -> Opened:
    """An original read by the one loader that is meant for its format."""
    if format.name in BEFOREHAND:
        original = BEFOREHAND[format.name](original, limits)
    decode = loader(original, format)
    with damage(original, format, Error):
        image = decode(1)
    check_header(header(image, format), limits)
    return Opened(format, image.width, image.height, orientation(image, format), format.reader.shrinks, decode)


def loader(original: bytes, format: Format) -> Callable[[int], Image]:
    """How to ask libvips for the pixels, top to bottom, as strictly as the format's row says."""
    reader = format.reader
    load = getattr(Image, reader.operation or "")

    def decode(shrink: int) -> Image:
        options = {"shrink": shrink} if reader.shrinks else {}
        source = Source.new_from_memory(original)  # a buffer would be copied, and an original can be large
        return load(source, access="sequential", fail_on=reader.fail_on, **options)

    return decode


def header(image: Image, format: Format) -> Header:
    """What the limits want to know."""
    reader = format.reader
    streams = reader.streams_unless is not None and not number(image, reader.streams_unless)
    footprint = (reader.deep_footprint if image.format != "uchar" else 0) or reader.footprint
    return Header(
        width=image.width,
        height=image.height,
        frames=max(1, number(image, "n-pages")),
        icc_bytes=size(image, "icc-profile-data"),
        exif_bytes=size(image, "exif-data"),
        footprint=0 if streams else footprint,
    )


def orientation(image: Image, format: Format) -> int:
    """How the pixels lie, 1 to 8; 1 where nothing sensible is said, or the decoder has seen to it."""
    turn = number(image, "orientation")
    return turn if not format.reader.turned and 1 <= turn <= 8 else 1


def number(image: Image, field: str) -> int:
    """A whole number among an image's fields; 0 if it is not there."""
    return int(image.get(field)) if image.get_typeof(field) else 0


def size(image: Image, field: str) -> int:
    """How many bytes a field of an image holds."""
    return len(image.get(field)) if image.get_typeof(field) else 0
