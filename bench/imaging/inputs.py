"""Originals: the photos as they are, and the kinds that the photos lack, made of them.

A larger sensor is played by enlarging and adding grain, so that decoders have as much to do as with a real one; an
iPhone by turning the pixels, moving them to Display-P3 and writing restart markers, as iPhones do.
"""

import io
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy
import pyvips
from PIL import Image, ImageCms

from bench.imaging.display_p3 import profile

#: Luma noise of a small sensor at base sensitivity, in grey levels.
GRAIN = 2.0

TWENTY_FOUR = (6000, 4000)
IPHONE = (4032, 3024)

#: EXIF's orientation of a phone held upright: to be turned a quarter clockwise.
HELD_UPRIGHT = 6


@dataclass(frozen=True)
class Original:
    """A file to render, and what its header says: upright size, EXIF's orientation, a profile other than sRGB."""

    name: str
    path: Path
    width: int
    height: int
    orientation: int
    profile: bool


def originals(kind: str, photos: Path, cache: Path, count: int) -> list[Original]:
    """As many originals of a kind as asked for, or as there are photos to make them of."""
    sources = chosen(kind, jpegs(photos))[:count]
    if kind == "camera":
        return [facts(path) for path in sources]
    made, suffix = MAKERS[kind]
    folder = cache / "originals" / kind
    folder.mkdir(parents=True, exist_ok=True)
    return [facts(kept(folder / f"{source.stem}{suffix}", made, source)) for source in sources]


def jpegs(photos: Path) -> list[Path]:
    """The photos, in an order that mixes cameras and stays the same: shuffled by the hash of the name."""
    found = [path for path in photos.iterdir() if path.suffix.lower() in (".jpg", ".jpeg")]
    return sorted(found, key=lambda path: (zlib.crc32(path.name.encode()), path.name))


def chosen(kind: str, photos: list[Path]) -> list[Path]:
    """For an iPhone, iPhones' photos first: sorting is stable."""
    return sorted(photos, key=lambda path: "iphone" not in path.name) if kind == "iphone" else photos


def kept(path: Path, make: Callable[[Path], bytes], source: Path) -> Path:
    """A file that is made once."""
    if not path.exists():
        path.write_bytes(make(source))
    return path


def facts(path: Path) -> Original:
    """What the header says of a file."""
    with Image.open(path) as image:
        orientation = image.getexif().get(0x0112, 1)
        icc = image.info.get("icc_profile")
        width, height = image.size if orientation < 5 else image.size[::-1]
    return Original(path.stem, path, width, height, orientation, icc is not None and moves(icc))


def moves(icc: bytes) -> bool:
    """Whether a profile changes any colour of a coarse cube by more than one level: many say sRGB at length."""
    steps = numpy.linspace(0, 255, 9).round().astype(numpy.uint8)
    cube = Image.fromarray(numpy.stack(numpy.meshgrid(steps, steps, steps), -1).reshape(27, 27, 3))
    embedded = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    seen = ImageCms.profileToProfile(cube, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
    return int(numpy.abs(numpy.asarray(seen, numpy.int16) - numpy.asarray(cube, numpy.int16)).max()) > 1


def upright(source: Path) -> pyvips.Image:
    """A photo as it is meant to be seen, in sRGB, landscape."""
    image = pyvips.Image.new_from_file(str(source)).autorot()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True)
    return image if image.width >= image.height else image.rot90()


def grainy(source: Path, size: tuple[int, int]) -> numpy.ndarray:
    """A photo enlarged to a size, height x width x 3, with grain that depends on its name alone."""
    image = upright(source)
    image = image.resize(size[0] / image.width, vscale=size[1] / image.height, kernel="lanczos3")
    pixels = image.numpy().astype(numpy.float32)
    random = numpy.random.default_rng(zlib.crc32(source.name.encode()))
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


def missing(photos: Path) -> Iterable[str]:
    """What there is to say when there is nothing to measure with."""
    if not photos.is_dir() or not jpegs(photos):
        yield f"no JPEG in {photos}: name a folder of camera originals (PHOTOS=folder make bench)"
