"""Letters that nobody can read leave their queue only for a file, and only when an operator said so."""

import json
import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner

import cli.redrive
from cli.complaint import Complaint, Refused
from cli.exits import Exit
from cli.main import app
from jobs import events
from jobs.events import ANY, Asked
from tests.cli.in_memory import deployment
from tests.jobs.worlds import SOURCE, SmallWorld

HOUR = 3600


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SmallWorld:
    """Two letters that nobody can read, an hour apart, one of another kind, and one about a source."""
    world = SmallWorld()
    monkeypatch.setattr(cli.redrive, "deployed", lambda *_: deployment(world))
    monkeypatch.setattr(cli.redrive, "time", SimpleNamespace(time=world.clock))
    world.dead_letters.send("<xml/>", reason="malformed")
    world.clock.move(HOUR)
    world.dead_letters.send("<html/>", reason="malformed")
    world.dead_letters.send("{}", reason="foreign")
    world.dead_letters.send(events.message(Asked(SOURCE, ANY)), reason="not-an-image")
    world.clock.move(1)
    return world


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("letters.jsonl")


def discard(file: Path, *options: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["redrive", "--discard", str(file), *options], input=answer)


def bodies(file: Path) -> list[str]:
    return [json.loads(line)["body"] for line in file.read_text().splitlines()]


def left(world: SmallWorld) -> set[str]:
    return {letter.body for letter in world.dead_letters.letters}


READABLE = events.message(Asked(SOURCE, ANY))


def test_letters_are_written_down_and_removed_once_it_was_agreed(world: SmallWorld, file: Path) -> None:
    assert discard(file, "--yes").exit_code == Exit.FINE
    assert sorted(bodies(file)) == ["<html/>", "<xml/>", "{}"]
    assert left(world) == {READABLE}


def test_its_plan_says_how_many_for_which_reasons_and_nothing_happens_unasked(world: SmallWorld, file: Path) -> None:
    result = discard(file)
    assert isinstance(result.exception, Refused)
    assert [word in result.stderr for word in ("malformed", "foreign", "3 letters", str(file))] == [True] * 4
    assert (len(left(world)), file.exists()) == (4, False)


def test_a_dry_run_says_the_same_and_ends(world: SmallWorld, file: Path) -> None:
    result = discard(file, "--dry-run", "--json")
    assert result.exit_code == Exit.FINE
    said = json.loads(result.stdout)
    assert {group["reason"]: group["count"] for group in said["groups"]} == {"malformed": 2, "foreign": 1}
    assert said["would_discard"] == 3
    assert (len(left(world)), file.exists()) == (4, False)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--since", "30m"), {"<html/>", "{}"}),
        (("--reason", "foreign"), {"{}"}),
        (("--prefix", "albums/"), set()),
        (("--since", "30m", "--reason", "malformed"), {"<html/>"}),
    ],
)
def test_only_what_was_chosen_is_removed(
    world: SmallWorld, file: Path, options: tuple[str, ...], expected: set[str]
) -> None:
    before = left(world)
    assert discard(file, "--yes", *options).exit_code == Exit.FINE
    assert before - left(world) == expected == set(bodies(file) if file.exists() else ())


def test_no_more_are_removed_than_it_is_told_to(world: SmallWorld, file: Path) -> None:
    assert discard(file, "--yes", "--max", "1").exit_code == Exit.FINE
    assert (len(left(world)), len(bodies(file))) == (3, 1)


def test_what_the_file_holds_already_stays_in_it_even_half_a_line(world: SmallWorld, file: Path) -> None:
    """Half a line is what an earlier discard left that the power failed under."""
    file.write_text('{"id": "1"}\n{"id')
    result = discard(file, "--yes", "--reason", "foreign")
    assert "after what is in it" in result.stderr
    first, half, added = file.read_text().splitlines()
    assert (first, half, json.loads(added)["body"]) == ('{"id": "1"}', '{"id', "{}")


@pytest.mark.parametrize("unfit", ["nowhere/letters.jsonl", ".", "pipe"])
def test_a_file_that_cannot_keep_them_is_a_complaint_and_nothing_is_removed(
    world: SmallWorld, tmp_path: Path, unfit: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = discard(tmp_path / unfit, "--yes")
    assert isinstance(result.exception, Complaint)
    assert len(left(world)) == 4


def test_a_letter_that_does_not_reach_the_disc_stays_in_its_queue(world: SmallWorld, file: Path) -> None:
    """There is room for one and a half."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, hard))
    try:
        result = discard(file, "--yes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == Exit.STOPPED
    assert "letters.jsonl: File too large" in result.stderr
    whole, _half = file.read_text().splitlines()
    assert {json.loads(whole)["body"]} == {"<html/>", "<xml/>", "{}"} - left(world)
