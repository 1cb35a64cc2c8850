"""Renditions are good files of their format, as large and as fine as the recipe says."""

from typing import Any

import numpy as np
import pytest

from imaging.formats import BY_NAME, FORMATS, WRITERS
from imaging.pipeline import render
from tests.imaging.drawing import distance, noise, opened, read, scene, write
from tests.imaging.recipes import box, one

ORIGINAL = write(scene(320, 240), "png")


def body(format: str, **knobs: Any) -> bytes:
    """A rendition of the scene."""
    return render(ORIGINAL, one(format, **knobs)).images[0].body


@pytest.mark.parametrize("format", WRITERS)
def test_a_rendition_is_what_it_says(format: str) -> None:
    made = opened(body(format))
    assert made.format == format.upper()
    assert made.size == (320, 240)
    assert BY_NAME[format].reader.magic.match(body(format))
    assert distance(np.asarray(made.convert("RGB")), scene(320, 240)) < 3


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
def test_quality_costs_bytes(format: str) -> None:
    sizes = [len(body(format, quality=quality)) for quality in (20, 50, 80, 95)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize("format", ["webp", "avif", "png"])
def test_effort_saves_bytes(format: str) -> None:
    efforts = WRITERS[format].efforts
    assert len(body(format, effort=min(efforts))) > len(body(format, effort=max(efforts)))
    assert body(format, effort=0) != body(format), "none at all is not the format's own"


@pytest.mark.parametrize("format", ["webp", "png"])
def test_lossless_loses_nothing(format: str) -> None:
    assert distance(read(body(format, lossless=format == "webp")), scene(320, 240)) == 0


def test_lossless_avif_loses_next_to_nothing() -> None:
    assert distance(read(body("avif", lossless=True)), scene(320, 240)) < 1


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_progressive_is_progressive(format: str) -> None:
    flag = {"jpeg": "progressive", "png": "interlace"}[format]
    assert opened(body(format, progressive=True)).info.get(flag)
    assert not opened(body(format)).info.get(flag)


def test_jpeg_halves_its_colours_where_nobody_sees_it() -> None:
    assert [component[1:3] for component in layers(body("jpeg", quality=80))] == [(2, 2), (1, 1), (1, 1)]
    assert [component[1:3] for component in layers(body("jpeg", quality=95))] == [(1, 1), (1, 1), (1, 1)]


def layers(jpeg: bytes) -> Any:
    """The components of a JPEG with their sampling factors, as Pillow lists them."""
    return getattr(opened(jpeg), "layer")  # noqa: B009  (not in Pillow's types)


def test_webp_and_avif_are_smaller_than_jpeg() -> None:
    original = write(scene(640, 480) // 2 + noise(640, 480) // 16, "png")
    sizes = {format: len(render(original, one(format)).images[0].body) for format in WRITERS}
    assert sizes["avif"] < sizes["webp"] < sizes["jpeg"] < sizes["png"]


@pytest.mark.parametrize("format", WRITERS)
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (7, 5), (33, 17)])
def test_odd_sizes_are_written(format: str, size: tuple[int, int]) -> None:
    made = render(write(noise(*size), "png"), one(format)).images[0]
    assert opened(made.body).size == size == (made.width, made.height)


def test_every_format_has_a_row_that_makes_sense() -> None:
    assert len({format.name for format in FORMATS}) == len({format.suffix for format in FORMATS}) == len(FORMATS)
    for format in FORMATS:
        assert format.content_type == f"image/{format.name}"
        assert format.reader.fail_on in ("error", "warning")
        assert (format.reader.operation is None) == (format.reader.blockable is None)


def test_a_large_jpeg_is_written_as_it_comes() -> None:
    made = render(write(scene(2000, 1500), "jpeg"), one("jpeg", box(1000))).images[0]
    assert opened(made.body).size == (1000, 750)
