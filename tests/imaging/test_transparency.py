"""Transparency survives where the format knows it, and falls on the background where it does not."""

import numpy as np
import pytest
import pyvips

from imaging.pipeline import render
from tests.imaging.drawing import distance, read, scene, write
from tests.imaging.recipes import box, one


def cutout(width: int = 200, height: int = 200) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A bright red disc; what is transparent around it is black underneath, as drawing programs leave it."""
    y, x = np.mgrid[0:height, 0:width]
    inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width * 0.35) ** 2
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[inside] = (255, 40, 40, 255)
    return rgba


@pytest.mark.parametrize("format", ["png", "webp", "avif"])
@pytest.mark.parametrize("into", ["png", "webp", "avif"])
def test_transparency_is_kept(format: str, into: str) -> None:
    seen = read(render(write(cutout(), format), one(into)).images[0].body)
    assert distance(seen[..., 3], cutout()[..., 3]) < 3
    assert seen[100, 100, 0] > 240


@pytest.mark.parametrize("format", ["png", "webp"])
def test_the_edge_of_a_reduced_cutout_has_no_dark_seam(format: str) -> None:
    """Black that nobody sees must not bleed into the red: colours are weighed by their opacity."""
    seen = read(render(write(cutout(), format, lossless=True), one("png", box(50))).images[0].body)
    visible = seen[seen[..., 3] > 40]
    assert visible[:, 0].min() > 235


@pytest.mark.parametrize(("background", "expected"), [("#ffffff", (255, 255, 255)), ("#102030", (16, 32, 48))])
def test_jpeg_falls_on_the_background(background: str, expected: tuple[int, int, int]) -> None:
    seen = read(render(write(cutout(), "png"), one("jpeg", quality=95, background=background)).images[0].body)
    assert seen.shape == (200, 200, 3)
    assert np.abs(seen[2, 2].astype(int) - expected).max() < 4
    assert seen[100, 100, 0] > 245


def test_half_transparent_colours_keep_their_colour() -> None:
    rgba = np.dstack([scene(), np.full((120, 160), 128, np.uint8)])
    seen = read(render(write(rgba, "png"), one("png", box(80))).images[0].body)
    assert np.abs(seen[..., 3].astype(int) - 128).max() <= 1
    expected = read(render(write(scene(), "png"), one("png", box(80))).images[0].body)
    assert distance(seen[..., :3], expected) < 1.5


@pytest.mark.parametrize("space", ["scrgb", "lab"])
def test_so_do_those_of_a_tiff_in_floating_point(space: str) -> None:
    """All of scRGB lies between 0 and 1."""
    image = pyvips.Image.new_from_array(scene()).copy(interpretation="srgb").colourspace(space)
    half = image.bandjoin(0.5 if space == "scrgb" else 127.5).copy(interpretation=space)
    seen = read(render(half.tiffsave_buffer(), one("png", box(80))).images[0].body)
    assert np.abs(seen[..., 3].astype(int) - 128).max() <= 1
    expected = read(render(write(scene(), "png"), one("png", box(80))).images[0].body)
    assert distance(seen[..., :3], expected) < 1


def test_an_opaque_picture_stays_without_transparency() -> None:
    opaque = np.dstack([scene(), np.full((120, 160), 255, np.uint8)])
    for format in ("png", "webp"):
        for original in (write(scene(), format), write(opaque, format, lossless=True)):
            assert read(render(original, one("webp", lossless=True)).images[0].body).shape[2] == 3
            assert read(render(original, one("png", box(50))).images[0].body).shape[2] == 3
