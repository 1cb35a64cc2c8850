"""A redrive as its command ends."""

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

import cli.redrive
import cli.runs
from cli.complaint import Refused
from cli.exits import Exit
from cli.main import app
from jobs.events import Asked
from jobs.source import Source
from jobs.waves import Wave
from tests.cli.in_memory import deployment
from tests.jobs.worlds import BAD, SmallWorld


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Thirty rejected originals that would pass by now; what is sent is answered at once."""
    world = SmallWorld()
    for number in range(30):
        source = Source("originals", f"{number:03}.jpg")
        world.process(Asked(source, world.originals.put(source, BAD)))
        world.originals.objects[source] = b"mended"
    monkeypatch.setattr(world.queue, "send", lambda asked: world.process(asked))
    there = deployment(world)
    for verb in (cli.redrive, cli.runs):
        monkeypatch.setattr(verb, "deployed", lambda *_: there)
    return there


def test_a_key_that_looks_like_markup_is_shown_as_it_is(there: Any) -> None:
    records, odd = there.aws.ledger.records, Source("originals", "000[/].jpg")
    records[odd] = replace(records[Source("originals", "000.jpg")], source=odd)
    result = CliRunner().invoke(app, ["redrive", "--prefix", "000["])
    assert isinstance(result.exception, Refused)
    assert odd.key in result.stderr


@pytest.mark.parametrize("word", ["pause", "cancel"])
def test_one_that_is_stopped_from_another_terminal_ends_as_every_run_does(
    there: Any, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    def turned(_: Wave) -> None:
        (id,) = there.aws.runs.kept
        assert CliRunner().invoke(app, ["runs", word, id]).exit_code == Exit.FINE

    monkeypatch.setattr(cli.redrive, "_wave", turned)
    result = CliRunner().invoke(app, ["redrive", "--yes", "--json", "--canary", "10", "--per-second", "1000"])
    assert result.exit_code == Exit.STOPPED, result.exception
    said = json.loads(result.stdout)
    assert (said["sent"], said["passed"], said["stopped"]) == (10, 10, f"{word}{'d' if word == 'pause' else 'led'}")
