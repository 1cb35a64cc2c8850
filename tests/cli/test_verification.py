"""A rendition counts when it was fetched, decoded to its last pixel, and is what the ledger says."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cli.verification import Undecodable, decode, differences, verify, verify_one
from jobs.source import Stored
from tests.cli.runs import BODIES, FakeDeployment, done, encoded, rejected, source

LARGE = Stored("large", "jpeg", 64, 48, len(BODIES["large"]), "", "", "")


@pytest.mark.parametrize(
    ("suffix", "format"), [(".jpg", "jpeg"), (".webp", "webp"), (".png", "png"), (".avif", "avif")]
)
def test_every_format_that_recipes_write_is_decoded(suffix: str, format: str) -> None:
    decoded = decode(encoded(40, 30, suffix))
    assert (decoded.format, decoded.width, decoded.height, decoded.tells) == (format, 40, 30, ())


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".png", ".avif"])
def test_half_a_file_is_not_decoded(suffix: str) -> None:
    body = encoded(400, 300, suffix)
    with pytest.raises(Undecodable):
        decode(body[: len(body) // 2])


def test_metadata_that_must_not_get_out_is_found() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=exif, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    tells = decode(file.getvalue()).tells
    assert any(name.startswith("exif-ifd3-") for name in tells)
    assert "xmp-data" in tells


def test_a_rendition_as_the_ledger_describes_it_has_no_differences() -> None:
    assert list(differences(LARGE, BODIES["large"])) == []


def test_every_difference_is_named() -> None:
    other = encoded(60, 48, ".png")
    assert list(differences(LARGE, other)) == [
        f"has {len(other):,} bytes; the ledger says {LARGE.bytes:,}",
        "is png; the ledger says jpeg",
        "is 60 x 48; the ledger says 64 x 48",
    ]


def test_a_rendition_that_does_not_decode_is_a_problem_and_is_not_counted(tmp_path: Path) -> None:
    record = done("a.jpg")
    broken = BODIES["large"][:-20] + bytes(20)
    verified = verify_one(lambda key: broken if "large" in key else BODIES["small"], record, tmp_path)
    assert len(verified.problems) == 1
    assert verified.problems[0].startswith("a.jpg: rendition large does not decode")
    assert verified.photo is not None
    assert [picture.name for picture in verified.photo.pictures] == ["small"]


def test_a_rendition_that_cannot_be_fetched_is_a_problem(tmp_path: Path) -> None:
    deployment = FakeDeployment({"a.jpg": done("a.jpg")})
    deployment.objects.clear()
    verified = verify_one(deployment.rendition, done("a.jpg"), tmp_path)
    assert verified.photo is None
    assert [problem.split(":")[1] for problem in verified.problems] == [
        " rendition large cannot be fetched",
        " rendition small cannot be fetched",
    ]


def test_renditions_are_saved_under_names_that_no_key_can_choose(tmp_path: Path) -> None:
    record = done("../../etc/<script>.jpg")
    verified = verify_one(FakeDeployment({"x": record}).rendition, record, tmp_path)
    assert verified.photo
    for picture in verified.photo.pictures:
        assert (tmp_path / picture.path).read_bytes() == BODIES[picture.name]
        assert (tmp_path / picture.path).resolve().is_relative_to(tmp_path)
        assert picture.path.isascii()
        assert "script" not in picture.path


def test_pictures_go_from_large_to_small_and_the_smallest_goes_into_the_page(tmp_path: Path) -> None:
    verified = verify_one(FakeDeployment({"a": done("a")}).rendition, done("a"), tmp_path)
    assert verified.photo
    assert [(picture.name, picture.body) for picture in verified.photo.pictures] == [
        ("large", None),
        ("small", BODIES["small"]),
    ]


def test_only_what_is_published_is_verified(tmp_path: Path) -> None:
    records = {source("a"): done("a"), source("b"): rejected("b")}
    counted: list[tuple[int, int]] = []
    verified = verify(
        FakeDeployment({"a": done("a")}), records, tmp_path, lambda number, of: counted.append((number, of))
    )
    assert set(verified) == {source("a")}
    assert counted == [(1, 1)]


def test_the_wrong_size_in_the_ledger_is_found(tmp_path: Path) -> None:
    record = done("a")
    assert record.published
    large, small = record.published.renditions
    lying = replace(record, published=replace(record.published, renditions=(replace(large, width=65), small)))
    verified = verify_one(FakeDeployment({"a": lying}).rendition, lying, tmp_path)
    assert verified.problems == ("a: rendition large is 64 x 48; the ledger says 65 x 48",)
