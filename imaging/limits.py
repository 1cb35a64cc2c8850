"""What an original may cost, checked from its header before a single pixel is decoded."""

from dataclasses import dataclass

from imaging.errors import Reason, Rejected

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one original. Camera files pass by a wide margin; what fails was made to hurt.

    The defaults fit a worker of 1,769 MB, which has one CPU and so decodes one original at a time.
    """

    bytes: int = 96 * MIB
    pixels: int = 128_000_000  # width x height x frames; phones reach 108 million
    frames: int = 2_000
    memory: int = 768 * MIB  # bytes held at once while decoding, predicted
    icc_bytes: int = 4 * MIB  # the largest press profiles are near 3 MiB
    exif_bytes: int = 1 * MIB  # maker notes with a preview inside; a JPEG cannot hold more than 64 KiB


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself. Width and height are as stored, before any turning."""

    width: int
    height: int
    frames: int
    icc_bytes: int
    exif_bytes: int
    footprint: int  # bytes held per pixel of a frame while decoding


def check_bytes(original: bytes, limits: Limits) -> None:
    """Refuse an original by its size alone."""
    if not original:
        raise Rejected(Reason.EMPTY)
    if len(original) > limits.bytes:
        raise Rejected(Reason.TOO_MANY_BYTES, f"{len(original):,} bytes, at most {limits.bytes:,}")


def check_header(header: Header, limits: Limits) -> None:
    """Refuse an original by what its header says it will cost."""
    frame = header.width * header.height
    held = frame * header.footprint
    bounds = (
        (header.frames, limits.frames, Reason.TOO_MANY_FRAMES, "frames"),
        (frame * header.frames, limits.pixels, Reason.TOO_MANY_PIXELS, "pixels in all frames"),
        (held, limits.memory, Reason.TOO_MUCH_MEMORY, "bytes of memory to decode it"),
        (header.icc_bytes, limits.icc_bytes, Reason.METADATA_TOO_LARGE, "bytes of ICC profile"),
        (header.exif_bytes, limits.exif_bytes, Reason.METADATA_TOO_LARGE, "bytes of EXIF"),
    )
    for asked, allowed, reason, what in bounds:
        if asked > allowed:
            raise Rejected(reason, f"{asked:,} {what}, at most {allowed:,}")


def check_enlarged(width: int, height: int, limits: Limits) -> None:
    """Refuse what would have to be blown up beyond the limit: a strip of 1 x 65,500 that is to fill a square."""
    if width * height > limits.pixels:
        raise Rejected(
            Reason.TOO_MANY_PIXELS, f"the recipe would enlarge it to {width:,} × {height:,}, at most {limits.pixels:,}"
        )
