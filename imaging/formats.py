"""The formats, one row each: how a file is known, how it is read and written. A new format is a new row.

Pure data: no pixels are touched here, so the recipe's rules can be checked anywhere.
"""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reader:
    """How a format is decoded.

    `operation` is the libvips loader, `blockable` its class in libvips' block list; HEIC has none (see `heic.py`).
    `fail_on` is the least damage that refuses a file. Measured on 99 truncations, 100 flips and 20 holes in each of 12
    kinds of file: "error" refuses every truncation; "warning" adds what libjpeg and nsgif only remark upon (holes in a
    small JPEG: 20 of 20 instead of 0), and passes every camera file at hand. It is no proof of health: a JPEG without
    restart markers or a WebP can be damaged in ways that their libraries do not see.
    `footprint` is the most memory that a frame was seen to need, in bytes per pixel, at 24 megapixels; and nothing
    where the file streams, row by row: which it does unless the libvips field `streams_unless` is set. `deep_footprint`
    is that of more than 8 bits a sample, where it is another.
    `shrinks` says that the decoder can leave pixels out while decoding, `turned` that it turns the image upright
    itself, so EXIF has no say.
    """

    magic: re.Pattern[bytes]
    operation: str | None
    blockable: str | None
    fail_on: str
    footprint: int
    deep_footprint: int = 0
    streams_unless: str | None = None
    shrinks: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """How a format is encoded: the libvips saver, its name for each knob, and what the knob may be set to.

    A knob that a format lacks is None; `quality` and `effort` are the defaults where the recipe says nothing. `paces`
    are efforts by name, `most_with_alpha` is the most that is spent on a lossy picture with an alpha. `scored` says
    that `quality = "auto"` can be asked for: encoding is quick enough to be tried over and over; `aiming` is what is
    then so, whatever the quality tried.
    """

    operation: str
    longest_edge: int
    alpha: bool
    quality: int | None = None
    effort: int | None = None
    efforts: range = range(0)
    paces: tuple[tuple[str, int], ...] = ()
    most_with_alpha: int | None = None
    effort_knob: str = "effort"
    scored: bool = False
    aiming: tuple[tuple[str, Any], ...] = ()
    lossless: bool = False
    progressive: bool = False
    fixed: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One row: a format that is read, written, or both."""

    name: str
    content_type: str
    suffix: str
    reader: Reader
    writer: Writer | None = None


def starts(pattern: bytes) -> re.Pattern[bytes]:
    """A magic number: matched at the file's first byte, `.` standing for any byte."""
    return re.compile(pattern, re.DOTALL)


FORMATS: tuple[Format, ...] = (
    Format(
        "jpeg",
        "image/jpeg",
        ".jpg",
        Reader(
            starts(rb"\xff\xd8\xff"),
            "jpegload_source",
            "VipsForeignLoadJpeg",
            "warning",
            footprint=8,
            streams_unless="jpeg-multiscan",
            shrinks=True,
        ),
        Writer(
            "jpegsave_buffer",
            longest_edge=65_500,
            alpha=False,
            quality=80,
            scored=True,
            aiming=(("subsample_mode", "on"),),
            progressive=True,
            fixed=(("optimize_coding", True),),
        ),
    ),
    Format(
        "png",
        "image/png",
        ".png",
        Reader(
            starts(rb"\x89PNG\r\n\x1a\n"),
            "pngload_source",
            "VipsForeignLoadPng",
            "error",
            footprint=8,
            streams_unless="interlaced",
        ),
        Writer(
            "pngsave_buffer",
            longest_edge=65_500,
            alpha=True,
            effort=6,
            efforts=range(10),
            paces=(("fast", 2), ("balanced", 6), ("small", 9)),
            effort_knob="compression",
            progressive=True,
            fixed=(("filter", "all"),),
        ),
    ),
    Format(
        "webp",
        "image/webp",
        ".webp",
        Reader(starts(rb"RIFF.{4}WEBP"), "webpload_source", "VipsForeignLoadWebp", "error", footprint=12),
        Writer(
            "webpsave_buffer",
            longest_edge=16_383,
            alpha=True,
            quality=80,
            effort=4,
            efforts=range(7),
            paces=(("fast", 2), ("balanced", 4), ("small", 6)),
            most_with_alpha=5,  # 6 packs the alpha in every way there is: 25 times the time, for 1 to 4 % of the bytes
            scored=True,
            lossless=True,
        ),
    ),
    Format(
        "avif",
        "image/avif",
        ".avif",
        Reader(
            starts(rb".{4}ftyp(?:avi[fs]|m[is]f1.{4}(?:.{4}){0,8}?avi[fs])"),
            "heifload_source",
            "VipsForeignLoadHeif",
            "error",
            footprint=24,  # 16 with 4:2:0, 19 with 4:4:4; a damaged one takes 14 to 16
            deep_footprint=30,  # 26 of 10 bits, 4:4:4 and alpha; a damaged one takes up to 20
            turned=True,
        ),
        Writer(
            "heifsave_buffer",
            longest_edge=16_384,
            alpha=True,
            quality=50,
            effort=4,
            efforts=range(10),
            paces=(("fast", 2), ("balanced", 4), ("small", 7)),
            lossless=True,
            fixed=(("compression", "av1"), ("bitdepth", 8)),
        ),
    ),
    Format(
        "heic",
        "image/heic",
        ".heic",
        Reader(
            starts(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|m[is]f1)"),
            None,
            None,
            "error",
            footprint=8,
            turned=True,
        ),
    ),
    Format(
        "gif",
        "image/gif",
        ".gif",
        Reader(starts(rb"GIF8[79]a"), "gifload_source", "VipsForeignLoadNsgif", "warning", footprint=8),
    ),
    Format(
        "tiff",
        "image/tiff",
        ".tif",
        Reader(
            # Not Canon's raw files, which are TIFFs that show a thumbnail.
            starts(rb"(?:II\*\0(?!.{4}CR)|MM\0\*|II\+\0|MM\0\+)"),
            "tiffload_source",
            "VipsForeignLoadTiff",
            "warning",
            footprint=4,
        ),
    ),
)

BY_NAME: dict[str, Format] = {format.name: format for format in FORMATS}

#: What a recipe may ask for.
WRITERS: dict[str, Writer] = {format.name: format.writer for format in FORMATS if format.writer}

#: Images by their first bytes that we know and do not read: to say so is kinder than "not an image".
FOREIGN: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("Canon raw", starts(rb"II\*\0.{4}CR")),
    ("Fujifilm raw", starts(rb"FUJIFILMCCD-RAW")),
    ("Panasonic raw", starts(rb"IIU\0")),
    ("Olympus raw", starts(rb"II(?:RO|RS)")),
    ("Canon raw 3 or another ISO media file", starts(rb".{4}ftyp")),
    ("JPEG XL", starts(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("JPEG 2000", starts(rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  ")),
    ("BMP", starts(rb"BM.{4}\0\0\0\0")),
    ("icon", starts(rb"\0\0[\1\2]\0")),
    ("Photoshop", starts(rb"8BPS")),
    ("PDF", starts(rb"%PDF-")),
    ("SVG", starts(rb"(?:\xef\xbb\xbf)?\s*<(?:svg|[?!].{0,2000}<svg)")),
)


def sniff(original: bytes) -> Format | None:
    """The format that an original starts like, if it is one of ours."""
    return next((format for format in FORMATS if format.reader.magic.match(original)), None)


def foreign(original: bytes) -> str | None:
    """The name of a kind of image that we know but do not read."""
    return next((name for name, magic in FOREIGN if magic.match(original)), None)
