"""`safelight recipes`: what is wrong with a recipe, all of it, and what it makes."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import recipes
from cli.complaint import Complaint
from cli.main import app


def safelight(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["recipes", *arguments])


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.toml"
    path.write_text('name = "Wrong!"\n[[renditions]]\nname = "a"\nformat = "jpg"\nresize = { width = 0 }\n')
    return path


def test_the_recipes_that_come_along_are_right() -> None:
    result = safelight("check")
    assert result.exit_code == 0
    assert "default: 4 renditions, digest " in result.stdout


def test_every_mistake_is_said_with_its_file_and_its_place(wrong: Path) -> None:
    result = safelight("check", str(wrong))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.removeprefix(f"{wrong}: ").partition(":")[0] for line in lines] == [
        "name",
        "renditions[0].format",
        "renditions[0].resize.width",
    ]


def test_one_wrong_file_among_right_ones_fails_and_the_others_are_said_all_the_same(wrong: Path) -> None:
    result = safelight("check", str(wrong), str(recipes.FOLDER / "web.toml"))
    assert result.exit_code == 1
    assert "web: " in result.stdout


MARKED = """
name = "marked"

[[renditions]]
name = "plain"
format = "jpeg"

[[renditions]]
name = "marked"
format = "jpeg"
watermark = { image = "mark.png", width = 0.1 }

[[renditions]]
name = "signed"
format = "jpeg"
watermark = { text = "mine", font = "font.ttf", size = 0.1 }
"""


def test_a_picture_or_a_font_that_only_starts_like_one_is_a_mistake(tmp_path: Path) -> None:
    """Found here, not on every image that the recipe is released to."""
    (tmp_path / "mark.png").write_bytes(b"\x89PNG\r\n\x1a\nand then nothing")
    (tmp_path / "font.ttf").write_bytes(b"\0\1\0\0and then nothing")
    (tmp_path / "marked.toml").write_text(MARKED)
    (tmp_path / "routes.toml").write_text('[[routes]]\nprefix = ""\nrecipe = "marked"\n')
    for path in (tmp_path / "marked.toml", tmp_path):
        result = safelight("check", str(path))
        assert result.exit_code == 1
        assert "renditions[1].watermark.image: cannot be decoded" in result.stdout
        assert "renditions[2].watermark.font: cannot be read" in result.stdout
    with pytest.raises(Complaint, match=re.escape("renditions[1].watermark.image: cannot be decoded")):
        recipes.named(str(tmp_path / "marked.toml"))


NEWER = 'schema = 99\nname = "newer"\n'


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("nothing", None, "cannot be read: No such file"),
        ("picture", b"\xff\xd8\xff", "is no text"),
        ("newer", NEWER.encode(), "has schema 99, this code knows up to 3: it takes a newer one"),
    ],
)
def test_a_file_that_is_no_recipe_for_this_code_is_one_line(
    name: str, body: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{name}.toml"
    if body is not None:
        path.write_bytes(body)
    with pytest.raises(Complaint, match=re.escape(words)):
        recipes.named(str(path))


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("latin.toml", 'name = "café"'.encode("latin-1"), "latin.toml: is no text: TOML is written in UTF-8"),
        ("newer.toml", NEWER.encode(), "newer.toml: the recipe has schema 99"),
        ("routes.toml", "# café".encode("latin-1"), "routes.toml: is no text"),
        ("routes.toml", b"[[routes]]\nprefix = 1\nrecipe = 2", "routes.toml: each [[routes]] needs a prefix"),
    ],
)
def test_a_folder_says_which_of_its_files_is_no_good_beside_the_other_mistakes(
    name: str, body: bytes, words: str, wrong: Path
) -> None:
    (wrong.parent / "routes.toml").write_text('[[routes]]\nprefix = ""\nrecipe = "web"\n')
    (wrong.parent / name).write_bytes(body)
    result = safelight("check", str(wrong.parent))
    assert result.exit_code == 1
    assert words in result.stdout
    assert "wrong.toml: renditions[0].format" in result.stdout


def test_a_file_of_a_folder_that_cannot_be_read_is_said_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text("routes = []")
    (tmp_path / "folder.toml").mkdir()
    assert "folder.toml: cannot be read: Is a directory" in safelight("check", str(tmp_path)).stdout


def test_a_recipe_is_found_by_name_or_by_file(wrong: Path) -> None:
    by_name, by_file = recipes.named("web"), recipes.named(str(recipes.FOLDER / "web.toml"))
    assert by_name == by_file
    assert by_name.routes == (("", "web"),)
    with pytest.raises(Complaint, match="there is no recipe 'wbe': there are default, web"):
        recipes.named("wbe")
    with pytest.raises(Complaint, match=r"wrong\.toml: name: .*, and 2 more: `safelight recipes check` says all"):
        recipes.named(str(wrong))


def test_without_a_name_all_recipes_are_taken_with_their_routes() -> None:
    book = recipes.named(None)
    assert {recipe.name for recipe in book.recipes} >= {"default", "web"}
    assert ("", "default") in book.routes


def test_show_says_what_a_recipe_makes() -> None:
    result = safelight("show", "default")
    assert result.exit_code == 0
    for word in ("large", "2048 x 2048, limit", "webp", "south-east"):
        assert word in result.stdout


def test_show_as_json_is_what_is_stored() -> None:
    stored = json.loads(safelight("show", "default", "--json").stdout)
    assert stored["name"] == "default"
    assert len(stored["renditions"]) == 4
