"""Originals drawn by code: small scenes in every format, and a decoder of our renditions that is not libvips."""

import base64
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

Pixels = NDArray[np.uint8]

#: What the decoders read. Pillow writes all of them but HEIC.
FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heic")

#: EXIF's orientations as what a viewer does to the stored pixels, written with numpy, not with turns and mirrors.
SEEN: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],
    7: lambda stored: stored.swapaxes(0, 1)[::-1, ::-1],
    8: lambda stored: stored.swapaxes(0, 1)[::-1],
}


def scene(width: int = 160, height: int = 120, seed: int = 7) -> Pixels:
    """Smooth colours, different in every corner, so that no turn, mirror or swap of bands goes unseen."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    x, y = x / max(1, width - 1), y / max(1, height - 1)
    bands = (230 * x + 10, 200 * y + 30, 120 + 100 * np.sin(5 * x + 3 * y + seed))
    pixels: Pixels = np.clip(np.stack(bands, -1), 0, 255).astype(np.uint8)
    return pixels


def noise(width: int, height: int, seed: int = 1) -> Pixels:
    """What compresses badly."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def write(pixels: Pixels | Image.Image, format: str, **options: Any) -> bytes:
    """An original in one of the formats, with Pillow's options."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    if format == "heic":
        pillow_heif.from_pillow(image).save(out, quality=95, **options)
        return out.getvalue()
    if format == "gif" and image.mode == "RGB":
        image = image.quantize(256)
    defaults: dict[str, dict[str, Any]] = {
        "jpeg": {"quality": 95},
        "webp": {"quality": 95},
        "avif": {"quality": 95, "speed": 10},
    }
    image.save(out, format, **(defaults.get(format, {}) | options))
    return out.getvalue()


def read(body: bytes) -> Pixels:
    """A rendition decoded by Pillow, as it lies in the file."""
    pixels: Pixels = np.asarray(Image.open(io.BytesIO(body)))
    return pixels


def opened(body: bytes) -> Image.Image:
    """A rendition as Pillow sees it, with what it says of itself."""
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def exif(**tags: Any) -> bytes:
    """An EXIF block with these tags, by their names."""
    block = Image.Exif()
    for name, value in tags.items():
        block[ExifTags.Base[name]] = value
    return block.tobytes()


def distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """The mean difference of two images of one size, in grey levels."""
    assert one.shape == other.shape, f"{one.shape} is not {other.shape}"
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


def scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    """What a resize should come to, by Pillow's own Lanczos."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


@lru_cache(maxsize=1)
def wide_gamut() -> bytes:
    """A small ICC profile whose colours are far from sRGB's: the primaries turned round (R -> G -> B -> R)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for index in range(int.from_bytes(profile[128:132])):
        at = 132 + 12 * index
        tags[bytes(profile[at : at + 4])] = int.from_bytes(profile[at + 4 : at + 8])
    red, green, blue = (bytes(profile[tags[tag] + 8 : tags[tag] + 20]) for tag in (b"rXYZ", b"gXYZ", b"bXYZ"))
    for tag, primary in ((b"rXYZ", green), (b"gXYZ", blue), (b"bXYZ", red)):
        profile[tags[tag] + 8 : tags[tag] + 20] = primary
    return bytes(profile)


def srgb_profile() -> bytes:
    """sRGB, as a profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def linear_grey() -> bytes:
    """The smallest grey profile: a header and a linear curve (ICC.1:2010, 7 and 10.5)."""
    white = b"XYZ \0\0\0\0" + b"".join(int(value * 65536).to_bytes(4) for value in (0.9642, 1.0, 0.8249))
    curve = b"curv\0\0\0\0\0\0\0\0"
    text = b"desc" + bytes(4) + (7).to_bytes(4) + b"linear\0" + bytes(78 + 1)
    copyright = b"text" + bytes(4) + b"none"
    tags = ((b"wtpt", white), (b"kTRC", curve), (b"desc", text), (b"cprt", copyright))
    at = 128 + 4 + 12 * len(tags)
    table, data = len(tags).to_bytes(4), b""
    for name, body in tags:
        table += name + (at + len(data)).to_bytes(4) + len(body).to_bytes(4)
        data += body + bytes(-len(body) % 4)
    header = bytearray(128)
    header[:4] = (128 + len(table) + len(data)).to_bytes(4)
    header[8:12] = b"\2\x10\0\0"
    header[12:24] = b"mntrGRAYXYZ "
    header[36:40] = b"acsp"
    header[68:80] = white[8:]
    return bytes(header) + table + data


def by_tables(*intents: bytes) -> bytes:
    """sRGB as a profile that maps colours by a table as well, for these intents (A2B0, A2B1; ICC.1:2010, 10.8)."""
    levels = b"".join(level.to_bytes(2) for level in (0, 0xFFFF))
    corners = b"".join(level.to_bytes(2) for corner in range(8) for level in (corner * 4681, 0x8000, 0x8000))
    unit = b"".join(value.to_bytes(4) for value in (65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    table = b"mft2" + bytes(4) + bytes((3, 3, 2, 0)) + unit + b"\0\2\0\2" + 3 * levels + corners + 3 * levels
    plain = srgb_profile()
    count, room = int.from_bytes(plain[128:132]), 12 * len(intents)
    entries = b"".join(
        plain[at : at + 4] + (int.from_bytes(plain[at + 4 : at + 8]) + room).to_bytes(4) + plain[at + 8 : at + 12]
        for at in range(132, 132 + 12 * count, 12)
    )
    where = (len(plain) + room).to_bytes(4) + len(table).to_bytes(4)
    tags = (count + len(intents)).to_bytes(4) + entries + b"".join(intent + where for intent in intents)
    made = plain[:128] + tags + plain[132 + 12 * count :] + table
    return len(made).to_bytes(4) + made[4:]


def shown(image: Image.Image, profile: bytes) -> Image.Image:
    """An image in some profile as it looks in sRGB, by Pillow's littleCMS."""
    seen = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert seen is not None
    return seen


def preview(thumbhash: str) -> int:
    """How many bytes a placeholder has."""
    return len(base64.b64decode(thumbhash, validate=True))
