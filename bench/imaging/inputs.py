"""Originals: the photos as they are, and the kinds that the photos lack, made of them.

A larger sensor is played by enlarging and adding grain, so that decoders have as much to do as with a real one; an
iPhone by turning the pixels, moving them to Display-P3 and writing restart markers, as iPhones do.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy
import pyvips
from PIL import Image, ImageCms

from bench.imaging.display_p3 import profile
from bench.imaging.photos import Original, Photos, by_an_iphone, facts

#: Luma noise of a small sensor at base sensitivity, in grey levels.
GRAIN = 2.0

TWENTY_FOUR = (6000, 4000)
IPHONE = (4032, 3024)

#: EXIF's orientation of a phone held upright: to be turned a quarter clockwise.
HELD_UPRIGHT = 6


def originals(kind: str, photos: Photos, cache: Path, count: int) -> list[Original]:
    """As many originals of a kind as asked for, or as there are photos to make them of: an iPhone's of iPhones'."""
    chosen = photos.choose(count, by_an_iphone if kind == "iphone" else None)
    if kind == "camera":
        return chosen
    made, suffix = MAKERS[kind]
    folder = cache / "originals" / kind
    folder.mkdir(parents=True, exist_ok=True)
    return [facts(source.name, kept(folder, suffix, made, source.path)) for source in chosen]


def kept(folder: Path, suffix: str, make: Callable[[Path], bytes], source: Path) -> Path:
    """What is made of a photo, once: of other bytes, under another name or by another script it is another file."""
    asked = source.read_bytes() + os.fsencode(source.name) + Path(__file__).read_bytes()
    path = folder / f"{hashlib.sha256(asked).hexdigest()[:24]}{suffix}"
    if not path.exists():
        half = path.with_suffix(".half")
        half.write_bytes(make(source))
        half.replace(path)
    return path


def upright(source: Path) -> pyvips.Image:
    """A photo as it is meant to be seen, in sRGB, three bands, landscape."""
    image = pyvips.Image.new_from_file(str(source)).autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True)
    image = image.colourspace("srgb")
    return image if image.width >= image.height else image.rot90()


def grainy(source: Path, size: tuple[int, int]) -> numpy.ndarray:
    """A photo enlarged to a size, height x width x 3, with grain that depends on its name alone."""
    image = upright(source)
    image = image.resize(size[0] / image.width, vscale=size[1] / image.height, kernel="lanczos3")
    pixels = image.numpy().astype(numpy.float32)
    random = numpy.random.default_rng(zlib.crc32(os.fsencode(source.name)))
    pixels += random.normal(0, GRAIN, (size[1], size[0], 1)).astype(numpy.float32)
    return pixels.round().clip(0, 255).astype(numpy.uint8)


def large_jpeg(source: Path) -> bytes:
    """24 MP, 4:2:2 as most such cameras write."""
    return jpeg(Image.fromarray(grainy(source, TWENTY_FOUR)), quality=92, subsampling="4:2:2")


def large_png(source: Path) -> bytes:
    """24 MP, every filter tried, zlib's default level."""
    image = pyvips.Image.new_from_array(grainy(source, TWENTY_FOUR)).copy(interpretation="srgb")
    return bytes(image.pngsave_buffer(compression=6, filter="all", keep="none"))


def iphone(source: Path) -> bytes:
    """12 MP in Display-P3, 4:2:0 with a restart marker a row, stored lying on its side."""
    image = Image.fromarray(grainy(source, IPHONE))
    p3 = ImageCms.ImageCmsProfile(io.BytesIO(profile()))
    moved = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), p3, outputMode="RGB")
    assert moved is not None
    exif = Image.Exif()
    exif[0x0112] = HELD_UPRIGHT
    return jpeg(moved, quality=93, subsampling="4:2:0", icc_profile=profile(), exif=exif, restart_marker_rows=1)


def jpeg(image: Image.Image, **options: object) -> bytes:
    """As a camera writes it: Huffman tables not optimised."""
    body = io.BytesIO()
    image.save(body, "JPEG", **options)
    return body.getvalue()


MAKERS: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "iphone": (iphone, ".jpg"),
    "24mp-jpeg": (large_jpeg, ".jpg"),
    "24mp-png": (large_png, ".png"),
}
