"""How `safelight` ends whatever happens to it: a process of its own, as a shell sees it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import main
from cli.complaint import Complaint
from cli.exits import MEANINGS, Exit

ROOT = Path(__file__).parents[2]


def safelight(*words: str, cwd: Path = ROOT, **variables: str) -> "subprocess.CompletedProcess[str]":
    """On a machine where nobody has set anything up for AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAFELIGHT_"))}
    nobody = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        cwd=cwd,
        env={**kept, **nobody, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.delenv(main.TRACEBACK, raising=False)


@pytest.mark.usefixtures("broken")
def test_what_nobody_foresaw_is_one_line_and_has_a_number_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main()
    said = capsys.readouterr()
    assert ended.value.code == Exit.FAULT
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "ZeroDivisionError: division by zero: this is a fault of Safelight's own; SAFELIGHT_TRACEBACK=1" in said.err


@pytest.mark.usefixtures("broken")
def test_its_traceback_is_there_for_who_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(main.TRACEBACK, "1")
    with pytest.raises(SystemExit):
        main.main()
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_program_that_asked_for_json_gets_json_of_what_went_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Complaint("there is no stack nowhere")

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(sys, "argv", ["safelight", "status", "--json"])
    with pytest.raises(SystemExit):
        main.main()
    said = capsys.readouterr()
    assert json.loads(said.out) == {"error": "there is no stack nowhere"}
    assert said.err == "safelight: there is no stack nowhere\n"


def test_the_help_says_what_every_number_means() -> None:
    said = " ".join(safelight("--help").stdout.split())
    for code, meaning in MEANINGS.items():
        assert f"{code:d} {meaning}" in said


def test_a_mistake_in_an_option_is_json_too() -> None:
    ended = safelight("forecast", "many", "--json")
    assert ended.returncode == Exit.USAGE
    assert "'N'" in json.loads(ended.stdout)["error"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("recipes", "show", "default", "--json"), Exit.UNREAD),
        (("forecast", "10", "--milliseconds", "50"), Exit.UNREAD),
        (("recipes", "show", "nothing"), Exit.USAGE),
    ],
)
def test_a_reader_that_went_away_is_no_finding(words: tuple[str, ...], code: Exit) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "cli.main", *words]
    ended = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=writing, check=False)
    os.close(writing)
    assert ended.returncode == code
