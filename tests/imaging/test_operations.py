"""Resize, crop and sharpen do what the recipe says, compared with other people's arithmetic."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imaging.pipeline import render
from imaging.recipe import Gravity, Mode, Rendition, Resize, Sharpen
from tests.imaging.drawing import Pixels, distance, noise, read, scaled, scene, write
from tests.imaging.recipes import box, one, several


def made(pixels: Pixels, resize: Resize | None = None, sharpen: Sharpen | None = None) -> Pixels:
    """What becomes of pixels, without losses on the way."""
    return read(render(write(pixels, "png"), one(resize=resize, sharpen=sharpen)).images[0].body)


@pytest.mark.parametrize(
    ("mode", "size", "expected"),
    [
        ("limit", (100, 100), (100, 75)),
        ("limit", (1000, 1000), (400, 300)),
        ("limit", (1000, 30), (40, 30)),
        ("fit", (1000, 1000), (1000, 750)),
        ("fit", (100, 1000), (100, 75)),
        ("fill", (100, 100), (100, 100)),
        ("fill", (600, 200), (600, 200)),
        ("fill", (1, 300), (1, 300)),
    ],
)
def test_sizes_are_exact(mode: Mode, size: tuple[int, int], expected: tuple[int, int]) -> None:
    rendered = render(write(scene(400, 300), "jpeg"), one(resize=Resize(*size, mode))).images[0]
    assert (rendered.width, rendered.height) == expected
    assert read(rendered.body).shape[1::-1] == expected


@pytest.mark.parametrize("edge", [399, 301, 200, 101, 50, 7])
def test_reducing_is_lanczos(edge: int) -> None:
    pixels = scene(400, 300) // 2 + noise(400, 300) // 8
    width, height = edge, max(1, (edge * 600 + 400) // 800)
    assert distance(made(pixels, box(edge)), scaled(pixels, width, height)) < 2


@pytest.mark.parametrize("edge", [401, 800, 1500])
def test_enlarging_is_smooth(edge: int) -> None:
    seen = made(scene(400, 300), box(edge, edge, "fit"))
    assert distance(seen, scaled(scene(400, 300), edge, (edge * 600 + 400) // 800)) < 1.5


def test_nothing_shifts_on_the_way_down() -> None:
    """A chain of five sizes ends where a single step ends: half a pixel a step would show."""
    pixels = scene(1600, 1200)
    recipe = several(*(Rendition(f"n{edge}", "png", resize=box(edge)) for edge in (1500, 1100, 700, 400, 99)))
    last = read(render(write(pixels, "png"), recipe).images[-1].body)
    assert distance(last, scaled(pixels, 99, 74)) < 0.8


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [("north-west", 0, 0), ("centre", 50, 0), ("east", 100, 0), ("south-east", 100, 0), ("south", 50, 0)],
)
def test_fill_keeps_the_side_that_gravity_names(gravity: Gravity, left: int, top: int) -> None:
    pixels = scene(200, 100)
    assert distance(made(pixels, box(100, 100, "fill", gravity)), pixels[top : top + 100, left : left + 100]) == 0


def test_smart_gravity_finds_the_lone_bright_thing() -> None:
    pixels = np.full((200, 600, 3), 60, np.uint8)
    pixels[80:120, 500:540] = (250, 60, 40)
    seen = made(pixels, box(100, 100, "fill", "smart"))
    assert (seen[..., 0] > 200).sum() > 300
    dull = made(pixels, box(100, 100, "fill", "north-west"))
    assert (dull[..., 0] > 200).sum() == 0


@pytest.mark.parametrize(("sigma", "amount"), [(0.5, 1.0), (0.8, 0.5), (1.5, 1.0), (4.0, 0.7)])
def test_sharpening_is_an_unsharp_mask_on_luma(sigma: float, amount: float) -> None:
    pixels = scene(120, 90) // 2 + noise(120, 90) // 4
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    detail = amount * (luma - gauss(luma, sigma))
    expected = np.clip(np.rint(pixels + detail[..., None]), 0, 255)
    assert distance(made(pixels, sharpen=Sharpen(sigma, amount)), expected) < 0.35


def gauss(plane: np.ndarray[tuple[int, ...], np.dtype[np.float64]], sigma: float) -> Pixels:
    """A Gaussian blur, its edges repeated."""
    reach = int(4 * sigma + 1)
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        pad = [(reach, reach) if each == axis else (0, 0) for each in (0, 1)]
        padded = np.pad(plane, pad, mode="edge")
        plane = np.apply_along_axis(lambda line: np.convolve(line, kernel, "valid"), axis, padded)
    return plane  # type: ignore[return-value]


def test_sharpening_sharpens() -> None:
    soft = np.asarray(Image.fromarray(noise(80, 60)).filter(ImageFilter.GaussianBlur(2)))
    assert made(soft, sharpen=Sharpen(1, 1)).std() > soft.std()
    assert distance(made(soft, sharpen=Sharpen(1, 0)), soft) == 0


def test_sharpening_leaves_transparency_alone() -> None:
    rgba = np.dstack([noise(40, 30), noise(40, 30)[..., 0]])
    assert np.array_equal(made(rgba, sharpen=Sharpen(1, 2))[..., 3], rgba[..., 3])


def test_a_rendition_without_resize_keeps_every_pixel() -> None:
    assert distance(made(scene(), None), scene()) == 0
