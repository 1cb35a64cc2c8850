"""Marks lie where they should, as faint as they should, on the renditions that ask for them and on no other."""

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging import marks
from imaging.errors import RecipeInvalid
from imaging.marks import MOST_KEPT_BYTES, kept_bytes, prepare, raster
from imaging.pipeline import render
from imaging.recipe import Gravity, ImageWatermark, Rendition, Resize, TextWatermark
from imaging.renditions import CORNERS
from tests.imaging.drawing import Pixels, distance, read, write
from tests.imaging.recipes import SHIPPED, box, one, several, shipped

FONT = (SHIPPED / "fonts" / "Roboto-Medium.ttf").read_bytes()
GREY = np.full((300, 400, 3), 100, np.uint8)


def mark(colour: tuple[int, int, int, int] = (255, 0, 0, 255), size: tuple[int, int] = (80, 40)) -> bytes:
    """A mark of one colour."""
    return write(Image.new("RGBA", size, colour), "png")


def marked(watermark: ImageWatermark | TextWatermark, pixels: Pixels = GREY) -> Pixels:
    """A plain picture with a mark on it."""
    return read(render(write(pixels, "png"), one(watermark=watermark)).images[0].body)


def touched(seen: Pixels, plain: Pixels = GREY) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what differs from the plain picture."""
    rows, columns = np.nonzero((seen != plain).any(-1))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize(
    ("gravity", "left", "top"),
    [
        ("north-west", 30, 30),
        ("north", 150, 30),
        ("north-east", 270, 30),
        ("west", 30, 125),
        ("centre", 150, 125),
        ("east", 270, 125),
        ("south-west", 30, 220),
        ("south", 150, 220),
        ("south-east", 270, 220),
    ],
)
def test_a_mark_keeps_to_its_side(gravity: Gravity, left: int, top: int) -> None:
    seen = marked(ImageWatermark(mark(), width=0.25, gravity=gravity, margin=0.1))
    assert touched(seen) == (left, top, left + 100, top + 50)
    assert seen[top + 25, left + 50].tolist() == [255, 0, 0]


@pytest.mark.parametrize("opacity", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [255, 128])
def test_a_mark_is_as_faint_as_it_should_be(opacity: float, alpha: int) -> None:
    seen = marked(ImageWatermark(mark((200, 50, 0, alpha)), width=0.25, gravity="centre", opacity=opacity))
    share = opacity * alpha / 255
    expected = np.array([200, 50, 0]) * share + 100 * (1 - share)
    assert np.abs(seen[150, 200] - expected).max() <= 1.5


def test_a_mark_without_transparency_is_a_mark_too() -> None:
    seen = marked(ImageWatermark(write(Image.new("RGB", (20, 20), (0, 0, 255)), "png"), 0.1, "centre"))
    assert seen[150, 200].tolist() == [0, 0, 255]


def test_a_grey_mark_is_a_mark_too() -> None:
    seen = marked(ImageWatermark(write(Image.new("LA", (20, 20), (255, 255)), "png"), 0.1, "centre"))
    assert seen[150, 200].tolist() == [255, 255, 255]


def test_a_mark_on_what_is_transparent_is_seen() -> None:
    clear = np.zeros((300, 400, 4), np.uint8)
    seen = marked(ImageWatermark(mark(), 0.25, "centre"), clear)
    assert seen[150, 200].tolist() == [255, 0, 0, 255]
    assert seen[2, 2, 3] == 0


def test_a_tall_mark_is_made_to_fit() -> None:
    seen = marked(ImageWatermark(mark(size=(10, 400)), width=0.9, gravity="centre", margin=0.2))
    left, top, right, bottom = touched(seen)
    assert (top, bottom) == (0, 300)
    assert right - left == 8


def test_a_mark_never_shows_on_the_smaller_renditions() -> None:
    """The trap of every chain of sizes: drawn on the large one, it would be scaled down into all others."""
    plain = [Rendition(f"n{edge}", "png", resize=box(edge)) for edge in (300, 150, 50)]
    watermark = ImageWatermark(mark(), 0.9, "centre")
    large = replace(plain[0], watermark=watermark)
    original = write(GREY, "png")
    unmarked = render(original, several(*plain)).images
    images = render(original, several(large, *plain[1:])).images
    assert [image.body for image in images[1:]] == [image.body for image in unmarked[1:]]
    assert images[0].body != unmarked[0].body
    twin = replace(large, name="twin", watermark=None)
    assert render(original, several(large, twin)).images[1].body == unmarked[0].body


@pytest.mark.parametrize("gravity", CORNERS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (17, 1), (1, 40)])
def test_tiny_pictures_bear_marks(gravity: Gravity, size: tuple[int, int]) -> None:
    plain = np.full((size[1], size[0], 3), 100, np.uint8)
    for watermark in (
        ImageWatermark(mark(), 0.5, gravity, margin=0.4),
        TextWatermark("hello", FONT, 0.5, gravity=gravity, margin=0.4),
    ):
        assert marked(watermark, plain).shape == plain.shape


# Text


def test_text_is_drawn_in_its_colour_size_and_place() -> None:
    seen = marked(TextWatermark("HIH", FONT, size=0.2, colour="#ff8000", gravity="south-west", margin=0.1))
    left, top, right, bottom = touched(seen)
    assert abs(left - 30) <= 1
    assert abs(bottom - 270) <= 1
    assert 60 * 0.65 < bottom - top < 60 * 0.8, "capitals are some seven tenths of a font's size"
    assert right - left > 80
    stem = seen[(top + bottom) // 2, left : left + 12]
    assert [255, 128, 0] in stem.tolist()


def test_text_that_is_too_long_is_set_smaller() -> None:
    seen = marked(TextWatermark("a line that is much too long for the picture", FONT, size=0.3, margin=0))
    left, _, right, _ = touched(seen)
    assert 380 <= right - left <= 400


def test_faint_text_is_faint() -> None:
    seen = marked(TextWatermark("HHHH", FONT, 0.3, "#ffffff", "centre", opacity=0.5))
    assert abs(int(seen.max()) - 178) <= 1


def test_letters_of_other_languages_are_drawn() -> None:
    texts = ("Größe", "Привет", "Ελλάδα", "© 2026")
    seen = [marked(TextWatermark(text, FONT, 0.2)) for text in texts]
    assert all(distance(one, GREY) > 0.5 for one in seen)
    assert distance(seen[1], seen[2]) > 0.1


def test_text_needs_no_font_on_the_machine() -> None:
    """No fontconfig, no fonts, no cache, no home: as in a bare container, and in the sandbox."""
    code = """
        import hashlib
        from imaging.marks import prepare
        from tests.imaging.test_watermark import FONT
        from imaging.recipe import TextWatermark
        print(hashlib.sha256(prepare(TextWatermark("© Safelight", FONT, 0.1), 800, 600).rgba).hexdigest())
    """
    bare = {"FONTCONFIG_FILE": "/nonexistent", "FONTCONFIG_PATH": "/nonexistent", "HOME": "/nonexistent"}
    said = [
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            check=True,
            capture_output=True,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        ).stdout
        for environment in ({**os.environ}, {"PATH": os.environ["PATH"], **bare})
    ]
    assert said[0] == said[1]


# What is no mark


@pytest.mark.parametrize(
    "watermark",
    [
        ImageWatermark(b"\x89PNG\r\n\x1a\nnot really", 0.2),
        ImageWatermark(mark()[:-30], 0.2),
        TextWatermark("text", b"\0\1\0\0not really", 0.2),
    ],
)
def test_a_mark_that_cannot_be_used_is_the_recipes_fault(watermark: ImageWatermark | TextWatermark) -> None:
    with pytest.raises(RecipeInvalid, match="watermark"):
        marked(watermark)


def test_marks_are_prepared_once_for_a_size() -> None:
    watermark = shipped("default").renditions[0].watermark
    assert watermark is not None
    assert prepare(watermark, 2048, 1536) is prepare(watermark, 2048, 1536)
    assert prepare(watermark, 2048, 1536).box.width == 328
    assert prepare(watermark, 1000, 100).box.height <= 100


def test_marks_that_cover_their_images_do_not_pile_up() -> None:
    """64 of them, of images of as many shapes, came to more than a child may take."""
    cover = ImageWatermark(mark(size=(8, 8)), 1.0, "centre", 0)
    made = [prepare(cover, 1500, 1500 - row) for row in range(10)]
    assert all(len(each.rgba) > 4 * 1400 * 1400 for each in made)
    assert prepare(cover, 1500, 1500 - 9) is made[-1]
    assert kept_bytes() <= MOST_KEPT_BYTES


def test_text_that_would_be_far_too_long_is_never_drawn_so_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 letters half as high as a photo are 100 of it side by side: 2.7 GB."""
    drawn: list[int] = []

    def watched(text: str, font: bytes, size: int) -> tuple[bytes, int, int]:
        drawn.append(size)
        return raster(text, font, size)

    monkeypatch.setattr(marks, "raster", watched)
    box = prepare(TextWatermark("M" * 200, FONT, 0.5), 6000, 4000).box
    assert max(drawn) < 100
    assert 0.9 * 6000 < box.width <= 6000


def test_the_shipped_mark_reads_on_black_and_on_white() -> None:
    watermark = shipped("default").renditions[0].watermark
    assert watermark is not None
    for shade in (0, 255):
        plain = np.full((900, 1200, 3), shade, np.uint8)
        seen = marked(watermark, plain)
        left, top, right, bottom = touched(seen, plain)
        assert distance(seen[top:bottom, left:right], plain[top:bottom, left:right]) > 8


def test_a_mark_follows_a_crop() -> None:
    """It is laid on the window that is kept, not on what is cut away."""
    recipe = one(resize=Resize(100, 100, "fill", "north-west"), watermark=ImageWatermark(mark(), 0.5, "south-east"))
    seen = read(render(write(GREY, "png"), recipe).images[0].body)
    assert seen.shape == (100, 100, 3)
    assert seen[-10, -10].tolist() == [255, 0, 0]
