"""When the world is at fault, images must not pay for it."""

from dataclasses import dataclass

import pytest

from jobs.breaker import FAILURES_TO_OPEN, PATIENCE, TRY_EVERY, Breaker
from jobs.errors import Retryable
from jobs.probe import probe
from jobs.source import Source
from tests.fakes import Clock, FakeIntake, FakeLedger, FakeOriginals, FakeOutage, FakeRenditions

SOURCES = [Source("originals", str(number)) for number in range(FAILURES_TO_OPEN)]


@dataclass
class Scene:
    clock: Clock
    outage: FakeOutage
    intake: FakeIntake
    breaker: Breaker

    def fail(self, *sources: Source) -> None:
        for source in sources or SOURCES:
            self.breaker.failed(source, "throttled")


@pytest.fixture
def scene() -> Scene:
    clock, outage, intake = Clock(), FakeOutage(), FakeIntake()
    return Scene(clock, outage, intake, Breaker(outage, intake, clock))


def test_one_image_that_fails_again_and_again_is_its_own_misfortune(scene: Scene) -> None:
    scene.fail(*[SOURCES[0]] * 100)
    assert not scene.breaker.is_open
    assert not scene.breaker.blames_world()


def test_different_images_in_a_row_are_the_worlds_fault(scene: Scene) -> None:
    scene.fail()
    assert scene.breaker.is_open
    assert scene.breaker.blames_world()


def test_a_success_in_between_starts_the_count_anew(scene: Scene) -> None:
    scene.fail(*SOURCES[:-1])
    scene.breaker.succeeded()
    scene.fail(SOURCES[-1])
    assert not scene.breaker.is_open


def test_while_open_a_work_every_few_seconds_tries_and_the_first_success_closes(scene: Scene) -> None:
    scene.fail()
    assert not scene.breaker.admits()
    scene.clock.move(TRY_EVERY)
    assert [scene.breaker.admits() for _ in range(3)] == [True, False, False]
    scene.fail(SOURCES[0])
    scene.clock.move(TRY_EVERY)
    assert [scene.breaker.admits() for _ in range(2)] == [True, False]
    scene.breaker.succeeded()
    assert [scene.breaker.admits() for _ in range(2)] == [True, True]


def test_an_outage_that_lasts_stops_the_intake_and_is_seen_by_all(scene: Scene) -> None:
    scene.fail()
    assert scene.intake.running
    scene.clock.move(PATIENCE)
    scene.fail(SOURCES[0])
    assert not scene.intake.running
    assert Breaker(scene.outage, scene.intake, scene.clock).blames_world()


def test_an_open_breaker_is_seen_by_workers_that_have_just_started(scene: Scene) -> None:
    scene.fail()
    assert Breaker(scene.outage, scene.intake, scene.clock).blames_world()


def test_a_stop_that_failed_is_tried_again(scene: Scene) -> None:
    scene.fail()
    scene.clock.move(PATIENCE)
    scene.intake.failing = Retryable("throttled")
    scene.fail(SOURCES[0])
    scene.intake.failing = None
    scene.fail(SOURCES[1])
    assert not scene.intake.running


def test_an_intake_that_was_started_too_early_is_stopped_again(scene: Scene) -> None:
    scene.fail()
    for _ in range(2):
        scene.clock.move(PATIENCE)
        scene.fail(SOURCES[0])
        assert not scene.intake.running
        scene.intake.start()
        scene.outage.over()


def test_an_outage_forgotten_while_the_intake_was_stopped_is_noted_again(scene: Scene) -> None:
    """The probe finds the world well between a worker's note and its stop."""
    scene.fail()
    scene.clock.move(PATIENCE)
    stop = scene.intake.stop

    def overtaken() -> None:
        scene.outage.over()
        stop()

    scene.intake.stop = overtaken  # type: ignore[method-assign]
    scene.fail(SOURCES[0])
    assert not scene.intake.running
    assert scene.outage.reason


def test_a_ledger_that_does_not_answer_is_the_world_too(scene: Scene) -> None:
    scene.outage.failing = Retryable("unreachable")
    assert scene.breaker.blames_world()


@pytest.mark.parametrize("healed", [False, True])
def test_the_probe_starts_the_intake_once_everything_answers(scene: Scene, healed: bool) -> None:
    scene.outage.declare("throttled", now=1, stopped=True)
    scene.intake.running = False
    originals = FakeOriginals()
    originals.failing = None if healed else Retryable("throttled")
    found = probe("originals", "", originals, FakeRenditions(), FakeLedger(), scene.outage, scene.intake)
    assert (found, scene.intake.running, bool(scene.outage.reason)) == (
        ("healed", True, False) if healed else ("out", False, True)
    )


@pytest.mark.parametrize("noted", ["", "throttled"])
def test_the_probe_never_starts_an_intake_that_an_operator_stopped(scene: Scene, noted: str) -> None:
    scene.outage.reason, scene.intake.running = noted, False
    probe("originals", "", FakeOriginals(), FakeRenditions(), FakeLedger(), scene.outage, scene.intake)
    assert not scene.intake.running
    assert not scene.outage.reason


def probed(scene: Scene) -> str:
    return probe("originals", "", FakeOriginals(), FakeRenditions(), FakeLedger(), scene.outage, scene.intake)


def test_the_probe_leaves_a_pause_alone_that_was_given_while_a_breaker_had_stopped_the_intake(scene: Scene) -> None:
    """A batch in flight may stop it once more, after the pause."""
    scene.outage.declare("throttled", now=1, stopped=True)
    paused(scene)
    scene.outage.declare("throttled", now=2, stopped=True)
    assert probed(scene) == "healed"
    assert (scene.intake.running, scene.outage.declared(), scene.outage.held()) == (False, "", True)


def paused(scene: Scene) -> None:
    """As `safelight pause` does it."""
    scene.outage.hold()
    scene.intake.stop()


@pytest.mark.parametrize("call", ["hold", "stop"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_probe_and_a_pause_that_meet_leave_the_intake_stopped(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, call: str, when: str
) -> None:
    """The pause comes, whole or as far as this call of it, right before or right after the probe's start."""
    scene.outage.declare("throttled", now=1, stopped=True)
    scene.intake.running = False
    start = scene.intake.start

    def met() -> None:
        if when == "after":
            start()
        scene.outage.hold()
        if call == "stop":
            scene.intake.stop()
        if when == "before":
            start()

    monkeypatch.setattr(scene.intake, "start", met)
    assert probed(scene) == "healed"
    assert not scene.intake.running


def test_a_probe_that_cannot_take_its_start_back_does_so_the_next_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda refuses to switch a mapping that is on its way."""
    scene.outage.declare("throttled", now=1, stopped=True)
    scene.intake.running = False

    def start() -> None:
        scene.intake.running = True
        scene.outage.hold()
        scene.intake.failing = Retryable("ResourceInUseException")

    monkeypatch.setattr(scene.intake, "start", start)
    assert probed(scene) == "out"
    scene.intake.failing = None
    assert probed(scene) == "healed"
    assert not scene.intake.running


def test_an_intake_is_never_stopped_without_a_note_of_it(scene: Scene) -> None:
    """The note is in the very table that is out: without it the probe would take the world for well, for ever."""
    scene.outage.failing = Retryable("unreachable")
    scene.fail()
    scene.clock.move(PATIENCE)
    scene.fail(SOURCES[0])
    assert scene.intake.running
    scene.outage.failing = None
    scene.fail(SOURCES[1])
    assert (scene.intake.running, scene.outage.reason) == (False, "throttled")
