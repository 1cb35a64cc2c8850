"""Nothing of the original's metadata is in any rendition, unless the recipe keeps it."""

import io
import struct

import pytest
from PIL import Image, PngImagePlugin

from imaging.limits import Limits
from imaging.pipeline import render, with_libvips
from imaging.recipe import Rendition
from tests.imaging.drawing import exif, opened, scene, srgb_profile, wide_gamut, write
from tests.imaging.recipes import one, several, shipped

CANARY = "canary-8f3a1c"
WRITTEN = ("jpeg", "png", "webp", "avif")


def gps() -> bytes:
    """EXIF with the canary in every place where a camera writes text, and where the picture was taken."""
    block = Image.Exif()
    for tag in (0x010E, 0x010F, 0x0110, 0x0131, 0x013B, 0x8298):
        block[tag] = CANARY
    block.get_ifd(0x8825).update({1: "N", 2: (51.0, 28.0, 38.0), 3: "W", 4: (0.0, 0.0, 5.0), 27: CANARY.encode()})
    block.get_ifd(0x8769).update({0xA431: CANARY, 0x927C: CANARY.encode() * 20, 0x9286: CANARY.encode()})
    return block.tobytes()


def xmp() -> bytes:
    """XMP with the canary."""
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{CANARY}</dc:creator></x:xmpmeta>".encode()


def talkative(format: str) -> bytes:
    """An original that tells all that its format can tell."""
    image = Image.fromarray(scene())
    match format:
        case "jpeg":
            return write(image, format, exif=gps(), xmp=xmp(), comment=CANARY, icc_profile=wide_gamut())
        case "png":
            notes = PngImagePlugin.PngInfo()
            notes.add_text("Comment", CANARY)
            notes.add_text("Long", CANARY, zip=True)
            notes.add_itxt("XML:com.adobe.xmp", xmp().decode())
            return write(image, format, exif=gps(), pnginfo=notes, icc_profile=wide_gamut())
        case "gif":
            return write(image, format, comment=CANARY)
        case "tiff":
            return write(image, format, description=CANARY, artist=CANARY, icc_profile=wide_gamut())
        case "heic":
            return write(image, format, exif=gps(), xmp=xmp())
        case _:
            return write(image, format, exif=gps(), xmp=xmp(), icc_profile=wide_gamut())


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "gif", "tiff", "avif", "heic"])
def test_no_canary_gets_through(format: str) -> None:
    original = talkative(format)
    assert CANARY.encode() in original or format == "tiff"
    recipe = several(*(Rendition(into, into) for into in WRITTEN), *shipped("web").renditions)
    for image in render(original, recipe).images:
        assert CANARY.encode() not in image.body, image.name
        assert b"GPS" not in image.body


@pytest.mark.parametrize("into", WRITTEN)
def test_a_rendition_says_nothing_of_itself(into: str) -> None:
    info = opened(render(talkative("jpeg"), one(into)).images[0].body).info
    assert not {"exif", "icc_profile", "xmp", "comment", "photoshop"} & set(info)


@pytest.mark.parametrize("keep", [(), ("copyright",)])
@pytest.mark.parametrize("into", WRITTEN)
@pytest.mark.parametrize("format", ["jpeg", "png", "tiff"])
def test_nor_how_many_dots_to_the_inch_the_original_has(format: str, into: str, keep: tuple[str, ...]) -> None:
    """Not on libvips' path either: its PNGs said it."""
    bodies = [
        with_libvips(
            write(scene(), format, dpi=(dots, dots), **({} if format == "tiff" else {"exif": exif(Artist="Ann")})),
            one(into, keep=keep),
            None,
            Limits(),
        )
        .images[0]
        .body
        for dots in (123, 456)
    ]
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize("into", WRITTEN)
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "heic"])
def test_kept_credits_go_along_and_nothing_else(format: str, into: str) -> None:
    block = Image.Exif()
    block[0x013B] = "Ansel Adams"
    block[0x8298] = "(c) 1942 Ansel Adams (all rights)"
    block[0x010F] = CANARY
    original = write(scene(), format, exif=block.tobytes(), icc_profile=srgb_profile())
    body = render(original, one(into, keep=("copyright",))).images[0].body
    kept = opened(body).getexif()
    assert kept[0x013B] == "Ansel Adams"
    assert kept[0x8298] == "(c) 1942 Ansel Adams (all rights)"
    assert CANARY.encode() not in body
    assert 0x010F not in kept
    assert 0x0112 not in kept or kept[0x0112] == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"\xa9 Zo\xeb", "(C) Zoe"), ("© Zoë".encode(), "(C) Zoe"), (b"a", "a"), (b"x\0y", "x"), (b"", None)],
)
def test_credits_in_the_wild(written: bytes, read: str | None) -> None:
    """EXIF says ASCII; cameras write what they like, and libvips spells it in ASCII again."""
    entry = struct.pack("<HHI", 0x8298, 2, len(written) + 1)
    value = (written + b"\0").ljust(4, b"\0") if len(written) < 4 else struct.pack("<I", 26)
    block = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + value + bytes(4) + written + b"\0"
    body = render(write(scene(), "jpeg", exif=block), one("jpeg", keep=("copyright",))).images[0].body
    assert opened(body).getexif().get(0x8298) == read


def test_nothing_to_keep_is_no_exif_at_all() -> None:
    body = render(write(scene(), "jpeg", exif=exif(Make=CANARY)), one("jpeg", keep=("copyright",))).images[0].body
    assert "exif" not in Image.open(io.BytesIO(body)).info
