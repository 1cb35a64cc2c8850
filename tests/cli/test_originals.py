"""What is uploaded, and the one line that says why not."""

import sys
from pathlib import Path

import pytest

from cli import originals
from cli.complaint import Complaint
from cli.samples.plan import PLANTED, folder, plan


def nothing(number: int, of: int) -> None:
    pass


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Complaint, match=r"there is no folder .*/holiday: name one"):
        originals.of_folder(tmp_path / "holiday")


def test_a_file_instead_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(Complaint, match=r"a\.jpg is a file: name the folder"):
        originals.of_folder(tmp_path / "a.jpg")


def test_a_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(Complaint, match=r"there are no images in .*: looked for .*jpg"):
        originals.of_folder(tmp_path)


def test_images_are_found_in_every_folder_below_but_not_in_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/x.heic", "a/.hidden.jpg", ".cache/y.jpg", "a/notes.txt", "a/100% <b>.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"123")
    found = originals.of_folder(tmp_path)
    assert [original.key for original in found] == ["a/100% <b>.png", "a/x.heic", "b.JPG"]
    assert {(original.bytes, original.expected) for original in found} == {(3, None)}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take only UTF-8")
def test_a_name_that_is_no_text_still_gets_a_key(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.jpg").write_bytes(b"x")
    (found,) = originals.of_folder(tmp_path)
    assert found.key == "caf\ufffd.jpg"
    assert found.path.is_file()


def test_samples_need_the_environment_that_draws(tmp_path: Path) -> None:
    with pytest.raises(Complaint, match="run `make setup`"):
        originals.of_samples(1, 1, nothing, python=tmp_path / "python", cache=tmp_path)


@pytest.mark.slow
def test_samples_are_drawn_once_and_then_taken_from_the_cache(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    python = Path(sys.executable)
    first = originals.of_samples(2, 1, lambda number, of: progress.append((number, of)), python=python, cache=tmp_path)
    assert progress == [(1, 3), (2, 3), (3, 3)]
    assert [original.key for original in first] == [sample.name for sample in plan(2, 1)] + [p.name for p in PLANTED]
    assert all(original.bytes for original in first if original.key != "planted/nothing.jpg")
    assert originals.of_samples(2, 1, nothing, python=tmp_path / "gone", cache=tmp_path) == first


@pytest.mark.slow
def test_only_what_is_missing_is_drawn_again(tmp_path: Path) -> None:
    for planted in PLANTED:
        path = tmp_path / folder(1) / planted.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    progress: list[tuple[int, int]] = []
    originals.of_samples(
        1, 1, lambda number, of: progress.append((number, of)), python=Path(sys.executable), cache=tmp_path
    )
    assert progress == [(1, 1)]


def test_a_drawer_that_fails_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho one >&2\necho 'no module named numpy' >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(Complaint, match=r"^the samples were not drawn: no module named numpy$"):
        originals.of_samples(1, 1, nothing, python=broken, cache=tmp_path)
