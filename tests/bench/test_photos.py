"""Which photos are measured."""

from pathlib import Path

import pytest
from PIL import Image, ImageCms

from bench.imaging.__main__ import missing
from bench.imaging.display_p3 import profile
from bench.imaging.photos import Photos, by_an_iphone


def photo(path: Path, size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> Path:
    """A small JPEG, whatever its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.radial_gradient("L").resize(size).convert(mode).save(path, "JPEG", **options)
    return path


def exif(**tags: object) -> Image.Exif:
    """EXIF with tags by their numbers, in hexadecimal."""
    made = Image.Exif()
    made.update({int(number.removeprefix("x"), 16): value for number, value in tags.items()})
    return made


def test_photos_are_found_under_any_name_at_any_depth(tmp_path):
    names = {"DSC0001.JPG", "DSC0001.jpeg", "Käse & Brot/IMG 1234.jpg", "a|b`c.Jpg", "deep/er/still.jpg"}
    for name in names:
        photo(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a photo")
    photo(tmp_path / ".trash" / "old.jpg")
    (tmp_path / "._DSC0001.JPG").write_bytes(b"\0\5\x16\7")
    photos = Photos(tmp_path)
    assert {original.name for original in photos.choose(99)} == names
    assert photos.left_out == {}


def test_their_order_does_not_depend_on_the_folder(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        photo(tmp_path / "one" / name)
        photo(tmp_path / "other" / "below" / name)
    one, other = (Photos(tmp_path / each).choose(99) for each in ("one", "other"))
    assert [original.path.name for original in one] == [original.path.name for original in other]


def test_what_cannot_be_measured_is_left_out_with_the_reason_and_the_rest_is_measured(tmp_path):
    whole = photo(tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a photo")
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    Image.new("RGB", (64, 48)).save(tmp_path / "drawing.jpg", "PNG")
    photo(tmp_path / "press.jpg", mode="CMYK")
    photo(tmp_path / "wire.jpg", (640, 20))
    (tmp_path / "caf\udce9.jpg").write_bytes(whole)
    photos = Photos(tmp_path)
    assert [original.name for original in photos.choose(99)] == ["whole.jpg"]
    assert {name: why.split(":")[0].split(",")[0] for name, why in photos.left_out.items()} == {
        "empty.jpg": "empty",
        "text.jpg": "not-an-image",
        "cut.jpg": "truncated",
        "gone.jpg": "No such file or directory",
        "drawing.jpg": "no JPEG but PNG",
        "press.jpg": "CMYK",
        "wire.jpg": "too slender",
        "caf\ufffd.jpg": "its name is no UTF-8",
    }


@pytest.mark.parametrize(
    ("said", "upright"), [(1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (0, (64, 48)), (9, (64, 48))]
)
def test_sizes_are_upright_whatever_orientation_says(tmp_path, said, upright):
    photo(tmp_path / "turned.jpg", exif=exif(x112=said))
    (original,) = Photos(tmp_path).choose(1)
    assert (original.width, original.height) == upright


def test_a_profile_counts_where_it_is_for_the_image_and_changes_it(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo(tmp_path / "p3.jpg", icc_profile=profile())
    photo(tmp_path / "srgb.jpg", icc_profile=srgb)
    photo(tmp_path / "garbage.jpg", icc_profile=b"garbage" * 99)
    photo(tmp_path / "grey.jpg", mode="L", icc_profile=profile())
    counted = {original.name for original in Photos(tmp_path).choose(99) if original.profile}
    assert counted == {"p3.jpg"}


def test_an_iphones_photo_is_known_by_its_exif_or_its_name(tmp_path):
    assert by_an_iphone(photo(tmp_path / "IMG_1234.jpeg", exif=exif(x10F="Apple", x110="iPhone 12")))
    assert by_an_iphone(photo(tmp_path / "Apple-iPhone.jpg"))
    assert not by_an_iphone(photo(tmp_path / "DSC0001.JPG", exif=exif(x10F="NIKON")))
    assert not by_an_iphone(tmp_path / "nothing.jpg")


def test_a_folder_with_nothing_to_measure_is_told_in_words(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    photos = Photos(tmp_path)
    assert photos.choose(1) == []
    assert list(missing(photos)) == [
        "empty.jpg: empty",
        f"no JPEG to measure with in {tmp_path}: name a folder of camera originals (make bench PHOTOS=folder)",
    ]
    assert Photos(tmp_path / "nowhere").choose(1) == []
