"""Colours are brought to sRGB where a profile says that they are not, and left alone where they are."""

import tracemalloc

import numpy as np
import pytest
import pyvips
from PIL import Image

from imaging.operations.to_srgb import moves
from imaging.pipeline import render
from tests.imaging.drawing import (
    Pixels,
    distance,
    linear_grey,
    noise,
    opened,
    read,
    scene,
    shown,
    srgb_profile,
    wide_gamut,
    write,
)
from tests.imaging.recipes import box, one

PROFILED = ("jpeg", "png", "webp", "tiff", "avif", "heic")


def converted(pixels: Pixels, profile: bytes) -> Pixels:
    """What littleCMS makes of pixels in that profile."""
    return np.asarray(shown(Image.fromarray(pixels), profile))


@pytest.mark.parametrize("format", PROFILED)
def test_a_wide_gamut_is_brought_to_srgb(format: str) -> None:
    seen = read(render(write(scene(), format, icc_profile=wide_gamut()), one()).images[0].body)
    expected = converted(scene(), wide_gamut())
    assert distance(expected, scene()) > 30, "the profile must matter, or this shows nothing"
    assert distance(seen, expected) < 3


def test_a_profile_works_on_a_reduced_and_turned_picture_with_transparency() -> None:
    rgba = np.dstack([scene(400, 300), np.full((300, 400), 200, np.uint8)])
    seen = read(render(write(rgba, "png", icc_profile=wide_gamut()), one("png", box(100))).images[0].body)
    expected = converted(np.asarray(Image.fromarray(scene(400, 300)).resize((100, 75), 1)), wide_gamut())
    assert distance(seen[..., :3], expected) < 3
    assert seen[..., 3].min() == seen[..., 3].max() == 200


def test_profiles_are_not_kept_from_one_original_to_the_next() -> None:
    """32 of 4 MB were."""
    tracemalloc.start()
    try:
        for number in range(20):
            longer = wide_gamut() + noise(500, 700, number).tobytes()
            assert moves(len(longer).to_bytes(4) + longer[4:])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000_000


def test_sixteen_bits_with_a_profile() -> None:
    image = pyvips.Image.new_from_array(scene().astype(np.uint16) * 257).copy(interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", wide_gamut())
    seen = read(render(image.pngsave_buffer(), one()).images[0].body)
    assert distance(seen, converted(scene(), wide_gamut())) < 2


def test_srgb_is_left_as_it_is() -> None:
    """To the last bit: most cameras write this profile, and a conversion would cost time and rounding."""
    plain, profiled = (write(noise(80, 60), "png", **options) for options in ({}, {"icc_profile": srgb_profile()}))
    assert render(plain, one()).images[0].body == render(profiled, one()).images[0].body
    assert not moves(srgb_profile())
    assert moves(wide_gamut())


@pytest.mark.parametrize(
    "profile",
    [
        b"not a profile",
        bytes(500),
        srgb_profile()[:200],
        wide_gamut()[:140] + b"\xff" * 300,
        wide_gamut()[:16] + b"CMYK" + wide_gamut()[20:],
        wide_gamut()[:16] + b"GRAY" + wide_gamut()[20:],
        wide_gamut()[:128] + b"\xff\xff\xff\xff" + wide_gamut()[132:],
    ],
    ids=["text", "zeros", "cut", "scribbled", "for another press", "for grey", "endless"],
)
@pytest.mark.parametrize("format", ["jpeg", "png", "tiff"])
def test_a_profile_that_cannot_be_used_counts_as_none(format: str, profile: bytes) -> None:
    """The picture is worth more than its profile: it is shown as if it were sRGB, like browsers do."""
    seen = read(render(write(scene(), format, icc_profile=profile), one()).images[0].body)
    assert distance(seen, scene()) < 2


def test_an_rgb_profile_on_a_grey_picture_counts_as_none() -> None:
    grey = Image.fromarray(scene()).convert("L")
    seen = read(render(write(grey, "jpeg", icc_profile=wide_gamut()), one()).images[0].body)
    assert distance(seen, np.asarray(grey.convert("RGB"))) < 1.5


def test_a_grey_profile_is_obeyed() -> None:
    """A linear grey ramp gets lighter in the middle when it is shown with sRGB's curve."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (16, 1))
    seen = read(render(write(Image.fromarray(ramp), "png", icc_profile=linear_grey()), one()).images[0].body)
    assert seen.shape == (16, 256, 3)
    assert abs(int(seen[0, 55, 0]) - 128) < 4
    assert int(seen[0, 255, 0]) == 255


def test_a_press_profile_is_obeyed() -> None:
    """libvips has one CMYK profile inside; attached to a picture it has to give what it gives as the fallback."""
    swatch = Image.new("CMYK", (40, 40), (200, 20, 180, 10))
    plain = read(render(write(swatch, "tiff"), one()).images[0].body)
    profile = pyvips.Image.profile_load("cmyk")
    attached = read(render(write(swatch, "tiff", icc_profile=bytes(profile)), one()).images[0].body)
    assert distance(plain, attached) < 2


@pytest.mark.parametrize(("original", "size"), [("jpeg", (1200, 912)), ("png", (160, 122))])
@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_one_colour_stays_itself_up_to_odd_edges_however_much_smaller(
    original: str, size: tuple[int, int], format: str
) -> None:
    """Half-size chroma ends within a sample there: the last one of the source is most of it."""
    colour = (200, 40, 90)
    made = render(write(Image.new("RGB", size, colour), original), one(format, box(17)))
    pixels = np.asarray(opened(made.images[0].body).convert("RGB"))
    assert pixels.shape == (13, 17, 3)
    assert np.abs(pixels.astype(int) - colour).max() <= 6


@pytest.mark.parametrize("size", [(1200, 912), (1201, 911), (600, 456)])
def test_half_size_chroma_of_an_odd_edge_is_that_of_its_last_column(size: tuple[int, int]) -> None:
    """Not, by half, that of what lies beyond the edge."""
    pixels = np.full((size[1], size[0], 3), 128, np.uint8)
    pixels[:, -size[0] // 150 :] = (220, 40, 40)
    made = opened(render(write(pixels, "png"), one("jpeg", box(13))).images[0].body)
    expected = Image.fromarray(pixels).resize(made.size, Image.Resampling.LANCZOS)
    column = [np.asarray(image.convert("YCbCr")).astype(int)[3:-3, -1, 1:] for image in (made, expected)]
    assert np.abs(column[0] - column[1]).max() <= 8
