"""`safelight render`, as a user runs it."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from imaging.renditions import TARGET
from tests.imaging.drawing import scene, write

run = CliRunner().invoke


def test_renditions_are_written_and_every_stage_is_told(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(write(scene(1600, 1200), "jpeg"))
    result = run(app, ["render", str(tmp_path / "photo.jpg"), "--out", str(tmp_path / "out"), "--json"])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["path"], told["why"]) == (0, "fused", None)
    assert told["milliseconds"]
    for rendition in told["renditions"]:
        assert Image.open(rendition["file"]).size == (rendition["width"], rendition["height"])


def test_the_path_and_its_reason_are_told(tmp_path: Path) -> None:
    (tmp_path / "photo.gif").write_bytes(write(scene(), "gif"))
    result = run(app, ["render", str(tmp_path / "photo.gif"), "--out", str(tmp_path)])
    assert "served by the libvips path: gif" in result.stdout


AUTO = """
name = "found"

[[renditions]]
name = "small"
format = "webp"
quality = "auto"
resize = { width = 96, height = 96 }
"""


@pytest.mark.parametrize("format", ["jpeg", "gif"])
def test_a_quality_that_was_found_is_told_with_its_score_whichever_path_found_it(tmp_path: Path, format: str) -> None:
    (tmp_path / "photo").write_bytes(write(scene(200, 150), format))
    (tmp_path / "found.toml").write_text(AUTO)
    command = ["render", str(tmp_path / "photo"), "--recipe", str(tmp_path / "found.toml"), "--out", str(tmp_path)]
    found = json.loads(run(app, [*command, "--json"]).stdout)["renditions"][0]["found"]
    assert found["quality"] == 95 or found["score"] >= TARGET
    assert f"quality {found['quality']} scores {found['score']:.1f}" in run(app, command).stdout


def test_a_rejected_photograph_says_why(tmp_path: Path) -> None:
    (tmp_path / "letter.jpg").write_bytes(b"Dear work")
    result = run(app, ["render", str(tmp_path / "letter.jpg")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not-an-image" in result.stderr
    as_json = run(app, ["render", str(tmp_path / "letter.jpg"), "--json"])
    assert (as_json.exit_code, json.loads(as_json.stdout)["rejected"]) == (1, "not-an-image")


def test_what_has_no_end_is_too_large(tmp_path: Path) -> None:
    result = run(app, ["render", "/dev/zero", "--out", str(tmp_path)])
    assert (result.exit_code, "too-many-bytes" in result.stderr) == (1, True)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    result = run(app, ["render", str(tmp_path / "nothing.jpg")])
    assert "nothing.jpg cannot be read" in str(result.exception)
