"""Originals that are made, for the kinds that the photos lack."""

from pathlib import Path

import numpy
import pytest
from PIL import Image

from bench.imaging import inputs
from bench.imaging.inputs import facts, iphone, jpegs, large_jpeg, missing, originals


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
    made = facts(path)
    assert (made.width, made.height, made.orientation, made.profile) == (304, 404, 6, True)
    assert b"\xff\xdd" in path.read_bytes()[:4096]


def test_a_large_jpeg_is_written_4_2_2_without_a_profile(photos, tmp_path):
    path = tmp_path / "made.jpg"
    path.write_bytes(large_jpeg(photos / "a.jpg"))
    made = facts(path)
    assert (made.width, made.height, made.orientation, made.profile) == (600, 400, 1, False)
    with Image.open(path) as image:
        assert [layer[1:3] for layer in image.layer] == [(2, 1), (1, 1), (1, 1)]


def test_grain_depends_on_the_name_alone(photos):
    assert iphone(photos / "a.jpg") == iphone(photos / "a.jpg")


def test_what_is_made_is_made_once(photos, tmp_path):
    first = originals("iphone", photos, tmp_path, 1)[0].path
    written = first.stat().st_mtime_ns
    assert originals("iphone", photos, tmp_path, 1)[0].path == first
    assert first.stat().st_mtime_ns == written


def test_iphones_photos_come_first_for_the_iphone_job(photos, tmp_path):
    assert [original.name for original in originals("iphone", photos, tmp_path, 1)] == ["apple-iphone"]


def test_the_order_of_photos_does_not_depend_on_the_folder(photos):
    assert len(jpegs(photos)) == 3
    assert jpegs(photos) == jpegs(photos)


def test_a_folder_without_photos_is_told_in_words(tmp_path):
    assert "PHOTOS=folder make bench" in next(iter(missing(tmp_path)))
