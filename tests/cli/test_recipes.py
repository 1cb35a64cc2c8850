"""`safelight recipes`: what is wrong with a recipe, all of it, and what it makes."""

import json
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


def test_a_file_that_is_not_there_or_not_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(Complaint, match="cannot be read: No such file"):
        recipes.read(tmp_path / "nothing.toml")
    with pytest.raises(Complaint, match="is not text"):
        recipes.read(tmp_path / "picture.toml")


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
