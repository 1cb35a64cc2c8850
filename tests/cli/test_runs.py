"""A long operation goes on as it was begun, whoever takes it up and by whichever command."""

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import cli.audit
import cli.collect
import cli.runs
from cli.complaint import Complaint
from cli.exits import Exit
from cli.main import app
from jobs import runs
from jobs.events import Asked
from jobs.runs import Phase, Run
from jobs.source import Record, Source, State
from local.simulator.gates import Crashed
from tests.cli.in_memory import deployment
from tests.jobs.worlds import SmallWorld

DAY = 86_400.0
LONG_AGO, OF_LATE, NEW = (Source("originals", f"{name}.jpg") for name in ("long-ago", "of-late", "new"))


@dataclass
class Scene:
    world: SmallWorld
    there: Any

    def run(self, kind: str) -> Run:
        run = self.there.aws.runs.read(runs.named(kind, "safelight"))
        assert isinstance(run, Run)
        return run

    def from_before(self, kind: str) -> None:
        """The record as a version left it that kept no options."""
        self.there.aws.runs.save(replace(self.run(kind), options={}))

    def renditions(self, source: Source) -> int:
        """Versions that are left of it; two of them are published."""
        return sum(version.key.startswith(source.id) for version in self.world.renditions.kept)


def safelight(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    world = SmallWorld()
    world.renditions.clock = world.clock
    there = deployment(world)
    for verb in (cli.audit, cli.collect):
        monkeypatch.setattr(verb, "deployed", lambda *_: there)
        monkeypatch.setattr(verb, "time", SimpleNamespace(time=world.clock))
    monkeypatch.setattr(cli.runs, "deployed", lambda *_: there)
    return Scene(world, there)


def dies(_: object) -> None:
    raise Crashed


@pytest.fixture
def collecting(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A collection with a grace of 30 days that died at its first removal; one source was replaced 10 days ago."""
    for days, source, body in ((0, LONG_AGO, b"a"), (0, OF_LATE, b"a"), (1, LONG_AGO, b"b"), (30, OF_LATE, b"b")):
        scene.world.clock.move(days * DAY)
        scene.world.process(Asked(source, scene.world.originals.put(source, body)))
    scene.world.clock.move(10 * DAY)
    with monkeypatch.context() as patch:
        patch.setattr(scene.there.aws.attic, "remove", dies)
        with pytest.raises(Crashed):
            safelight("collect", "--grace", "30", "--yes")
    return scene


@pytest.fixture
def healing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A heal with a patience of two hours that died at its first message; one lease ended an hour ago."""
    scene.world.originals.put(NEW, b"new")
    scene.world.originals.put(OF_LATE, b"a")
    at_work = Record(OF_LATE, State.PROCESSING, lease_until=scene.world.clock.milliseconds)
    scene.world.ledger.records[OF_LATE] = at_work
    scene.world.clock.move(3600)
    with monkeypatch.context() as patch:
        patch.setattr(scene.world.queue, "send_packed", dies)
        with pytest.raises(Crashed):
            safelight("audit", "--patience", "7200", "--yes")
    return scene


COLLECT, AUDIT = runs.named("collect", "safelight"), runs.named("audit", "safelight")


@pytest.mark.parametrize("command", ["collect --yes", "collect --yes --grace 30", f"runs resume {COLLECT}"])
def test_a_collection_goes_on_with_the_grace_that_it_was_begun_with(collecting: Scene, command: str) -> None:
    result = safelight(*command.split())
    assert result.exit_code == Exit.FINE, result.output
    assert collecting.run("collect").phase is Phase.DONE
    assert (collecting.renditions(LONG_AGO), collecting.renditions(OF_LATE)) == (2, 4)


@pytest.mark.parametrize("command", ["audit --yes", f"runs resume {AUDIT}"])
def test_a_heal_goes_on_with_the_patience_that_it_was_begun_with(healing: Scene, command: str) -> None:
    result = safelight(*command.split())
    assert result.exit_code == Exit.FINE, result.output
    assert [asked.source for asked, _ in healing.world.queue.sent] == [NEW]


def test_another_grace_in_the_middle_is_refused(collecting: Scene) -> None:
    result = safelight("collect", "--yes", "--grace", "7")
    assert isinstance(result.exception, Complaint)
    assert "begun with --grace 30" in str(result.exception)
    assert collecting.renditions(LONG_AGO) == 4


@pytest.mark.parametrize("command", ["collect --yes", f"runs resume {COLLECT}"])
def test_a_record_that_does_not_say_its_grace_removes_nothing_until_it_is_told(collecting: Scene, command: str) -> None:
    collecting.from_before("collect")
    result = safelight(*command.split())
    assert isinstance(result.exception, Complaint)
    assert "safelight collect --grace" in str(result.exception)
    assert collecting.renditions(LONG_AGO) == 4
    assert safelight("collect", "--yes", "--grace", "30").exit_code == Exit.FINE
    assert (collecting.renditions(LONG_AGO), collecting.renditions(OF_LATE)) == (2, 4)
    assert collecting.run("collect").options == {"grace": 30}


def test_a_record_that_does_not_say_its_patience_sends_nothing_until_it_is_told(healing: Scene) -> None:
    healing.from_before("audit")
    assert isinstance(safelight("runs", "resume", AUDIT).exception, Complaint)
    assert healing.world.queue.sent == []


def test_without_a_word_the_grace_is_a_week_and_the_patience_half_an_hour(collecting: Scene, healing: Scene) -> None:
    for run in (COLLECT, AUDIT):
        safelight("runs", "cancel", run)
    assert safelight("collect", "--yes").exit_code == Exit.FINE
    assert safelight("audit", "--yes").exit_code == Exit.FINE
    assert [collecting.run("collect").options, healing.run("audit").options] == [{"grace": 7}, {"patience": 1800}]
