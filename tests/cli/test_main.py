"""How `safelight` ends whatever happens to it: a process of its own, as a shell sees it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from cli import main
from cli.complaint import Complaint, Refused
from cli.exits import MEANINGS, Exit
from imaging.errors import RecipeTooNew
from jobs.errors import Retryable, SettingsInvalid

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


KEYS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "You must specify a region: set AWS_REGION, or AWS_PROFILE"),
        ({"AWS_REGION": "eu-central-1"}, "Unable to locate credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
        ({"AWS_PROFILE": "night"}, "The config profile (night) could not be found: set AWS_PROFILE to one"),
        ({"AWS_REGION": "a b", **KEYS}, "set AWS_REGION to one like eu-central-1"),
        ({"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "nonsense", **KEYS}, "set AWS_ENDPOINT_URL to an address"),
    ],
)
def test_what_is_not_set_up_for_aws_is_the_users_to_set(
    variables: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    monkeypatch.setattr(os, "environ", {**nobody, **variables})
    with pytest.raises(SettingsInvalid, match=re.escape(words)):
        CliRunner().invoke(main.app, ["status"], catch_exceptions=False)


@pytest.fixture
def website() -> Iterator[str]:
    """Something that answers and is no AWS."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("words", [["status"], ["demo", "--out"]])
@pytest.mark.parametrize(("closed", "said"), [(True, "Could not connect"), (False, "what answers is no AWS")])
def test_an_aws_that_is_not_there_is_the_worlds_fault(
    words: list[str], closed: bool, said: str, website: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"AWS_REGION": "eu-central-1", "AWS_MAX_ATTEMPTS": "1", **KEYS})
    out = [str(tmp_path)] if words[-1] == "--out" else []
    there = "http://127.0.0.1:9" if closed else website
    with pytest.raises(Retryable, match=f"unreachable: DescribeStacks: .*{said}") as error:
        CliRunner().invoke(main.app, [*words, *out, "--endpoint", there], catch_exceptions=False)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("verb", ["demo", "recipes apply"])
def test_help_breaks_its_lines_where_the_terminal_does(verb: str) -> None:
    said = CliRunner().invoke(main.app, [*verb.split(), "--help"], env={"COLUMNS": "400"}).output
    paragraphs = said.split("\u256d")[0].strip().split("\n")
    assert all(line.strip().endswith((".", "]")) for line in paragraphs if line.strip()), said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", "--endpoint", "nonsense"), "'nonsense' is no address like http://localhost:4566"),
        (("demo", "--endpoint", "localhost:4566"), "'localhost:4566' is no address"),
        (("status", "--stack", ""), "'' is no stack's name"),
        (("status", "\udcff.jpg"), "it is not in UTF-8"),
        (("demo", ""), "name a folder"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(main.app, words, env={"COLUMNS": "200"})
    assert (result.exit_code, said in result.output) == (Exit.USAGE, True), result.output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Retryable("throttled"), Exit.WORLD),
        (Retryable("no-such-bucket", "ListObjectsV2"), Exit.USAGE),
        (RecipeTooNew(4, 3), Exit.USAGE),
        (Refused("nothing was begun"), Exit.REFUSED),
    ],
)
def test_only_what_may_pass_is_a_reason_to_try_again(
    error: Exception, code: Exit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == code


def test_an_output_that_is_no_folder_is_one_line_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for words in (["up", "--log"], ["demo", "--out"]):
        with pytest.raises(Complaint, match=f"cannot write to .*: File exists; name another folder with {words[1]}"):
            CliRunner().invoke(main.app, [*words, str(tmp_path / "file")], catch_exceptions=False)
    with pytest.raises(Complaint, match="cannot write to /proc: "):
        CliRunner().invoke(main.app, ["up", "--log", "/proc"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("recipes", "show", "default", "--json"), Exit.UNREAD),
        (("forecast", "10", "--milliseconds", "50"), Exit.UNREAD),
        (("--help",), Exit.UNREAD),
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


def test_who_is_told_to_stop_says_by_which_signal() -> None:
    with pytest.raises(SystemExit) as ended, main._read():
        raise SystemExit(128 + signal.SIGTERM)
    assert ended.value.code == 143


def test_a_full_disk_is_no_fault_of_ours() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "cli.main", "recipes", "show", "default", "--json"]
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == Exit.STOPPED
    assert ended.stderr == "safelight: standard output: No space left on device: make room\n"


def test_a_word_between_colons_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main._end("there is no stack arn:x: name yours", Exit.USAGE)
    assert "arn:x: name" in capsys.readouterr().err
