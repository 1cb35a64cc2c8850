"""Originals that are made, for the kinds that the photos lack."""

from pathlib import Path

import numpy
import pytest
from PIL import Image

from bench.imaging import inputs
from bench.imaging.inputs import grainy, iphone, large_jpeg, originals
from bench.imaging.photos import Photos, facts


@pytest.fixture(autouse=True)
def small_sensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the pixels."""
    monkeypatch.setattr(inputs, "TWENTY_FOUR", (600, 400))
    monkeypatch.setattr(inputs, "IPHONE", (404, 304))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three small photos, one of an iPhone."""
    folder = tmp_path / "photos"
    folder.mkdir()
    ramp = numpy.linspace(0, 255, 64 * 48 * 3).astype(numpy.uint8).reshape(48, 64, 3)
    for name in ("a.jpg", "apple-iphone.JPG", "z.jpeg"):
        Image.fromarray(ramp).save(folder / name, "JPEG")
    (folder / "notes.txt").write_text("not a photo")
    return folder


def test_an_iphones_original_lies_on_its_side_in_p3_with_restart_markers(photos, tmp_path):
    path = tmp_path / "made.jpg"
    path.write_bytes(iphone(photos / "a.jpg"))
    made = facts("made", path)
    assert (made.width, made.height, made.orientation, made.profile) == (304, 404, 6, True)
    assert b"\xff\xdd" in path.read_bytes()[:4096]


def test_a_large_jpeg_is_written_4_2_2_without_a_profile(photos, tmp_path):
    path = tmp_path / "made.jpg"
    path.write_bytes(large_jpeg(photos / "a.jpg"))
    made = facts("made", path)
    assert (made.width, made.height, made.orientation, made.profile) == (600, 400, 1, False)
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(2, 1), (1, 1), (1, 1)]


def test_grain_depends_on_the_name_alone(photos):
    assert iphone(photos / "a.jpg") == iphone(photos / "a.jpg")


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_photo_of_one_band_or_four_is_made_one_of_three(photos, mode):
    with Image.open(photos / "a.jpg") as image:
        image.convert(mode).save(photos / "b.jpg", "JPEG")
    assert grainy(photos / "b.jpg", (90, 60)).shape == (60, 90, 3)


def test_what_is_made_is_made_once(photos, tmp_path):
    first = originals("iphone", Photos(photos), tmp_path, 1)[0].path
    written = first.stat().st_mtime_ns
    assert originals("iphone", Photos(photos), tmp_path, 1)[0].path == first
    assert first.stat().st_mtime_ns == written


def test_another_photo_under_the_same_name_is_made_anew(photos, tmp_path):
    first = originals("iphone", Photos(photos), tmp_path, 1)[0].path.read_bytes()
    Image.new("RGB", (64, 48), "red").save(photos / "apple-iphone.JPG", "JPEG")
    assert originals("iphone", Photos(photos), tmp_path, 1)[0].path.read_bytes() != first


def test_photos_of_the_same_name_but_for_their_endings_are_two(photos, tmp_path):
    Image.new("RGB", (64, 48), "red").save(photos / "a.JPEG", "JPEG")
    made = originals("24mp-jpeg", Photos(photos), tmp_path, 9)
    assert len({original.name for original in made}) == len({original.path for original in made}) == 4


def test_iphones_photos_come_first_for_the_iphone_job(photos, tmp_path):
    assert [original.name for original in originals("iphone", Photos(photos), tmp_path, 1)] == ["apple-iphone.JPG"]
