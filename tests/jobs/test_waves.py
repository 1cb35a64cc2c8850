"""A redrive in waves stops itself when the failures are back, and the ledger keeps who began it."""

from collections.abc import Callable

import pytest

from jobs import waves
from jobs.events import ANY, Asked, message, parse
from jobs.letters import Box
from jobs.redrive import Wanted
from jobs.runs import Phase, Run, turned
from jobs.source import Source, State
from jobs.waves import Ended, Pace, Wave
from local.simulator.runs import Runs
from tests.fakes import FakeDeadLetters
from tests.jobs.worlds import BAD, SmallWorld


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


@pytest.fixture
def runs() -> Runs:
    return Runs()


def rejected(world: SmallWorld, count: int, *, mended: int) -> None:
    """Of so many that were rejected, the first `mended` would pass by now."""
    for number in range(count):
        source = Source("originals", f"{number:03}.jpg")
        world.process(Asked(source, world.originals.put(source, BAD)))
        if number < mended:
            world.originals.objects[source] = b"mended"
    world.clock.move(1)


def redriven(
    world: SmallWorld,
    runs: Runs,
    pace: Pace,
    *,
    working: bool = True,
    others: tuple[Box, ...] = (),
    show: Callable[[Wave], None] = lambda _: None,
) -> Ended:
    def sleep(seconds: float) -> None:
        world.clock.move(seconds)
        for each in world.queue.sqs.receive(1000) if working else ():
            for asked in parse(each.body):
                world.process(asked)
            world.queue.sqs.delete(each.receipt)

    return waves.run(
        Wanted(),
        pace,
        by="ada@example",
        why="the decoder is mended",
        ledger=world.ledger,
        queue=world.queue,
        boxes=[Box(world.dead_letters), *others],
        runs=runs,
        show=show,
        clock=world.clock,
        sleep=sleep,
    )


def test_waves_grow_until_all_is_redriven(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 100, mended=100)
    ended = redriven(world, runs, Pace(canary=10, growth=2))
    assert [wave.sent for wave in ended.waves] == [10, 20, 40, 30]
    assert (ended.passed, ended.failed, ended.stopped) == (100, 0, "")
    assert {record.state for record in world.ledger.records.values()} == {State.DONE}
    assert world.dead_letters.letters == []


def test_it_stops_itself_after_the_canary_when_that_fails_again(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 100, mended=0)
    ended = redriven(world, runs, Pace(canary=10))
    assert (ended.sent, ended.failed, ended.stopped) == (10, 10, "10 of 10 failed again")
    assert len(world.dead_letters.letters) == 100, "90 that never moved, and 10 new ones"


def test_a_few_failures_among_many_do_not_stop_it(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 100, mended=95)
    ended = redriven(world, runs, Pace(canary=10, may_fail=0.6))
    assert (ended.sent, ended.passed, ended.failed, ended.stopped) == (100, 95, 5, "")


def test_it_stops_where_nothing_settles_because_the_intake_is_stopped(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 100, mended=100)
    ended = redriven(world, runs, Pace(canary=10, patience=60), working=False)
    assert ended.sent == 10
    assert "is the intake running?" in ended.stopped


def test_it_sends_no_more_than_it_is_told_to_and_no_faster(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 100, mended=100)
    before = world.clock()
    ended = redriven(world, runs, Pace(canary=10, most=25, per_second=5))
    assert ended.sent == 25
    assert world.clock() - before >= 25 / 5


def test_what_does_not_match_is_in_sight_again_when_it_is_over(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 3, mended=3)
    world.dead_letters.send("<xml/>", reason="malformed")
    world.clock.move(1)
    redriven(world, runs, Pace())
    assert [letter.body for letter in world.dead_letters.receive()] == ["<xml/>"]


def test_the_ledger_keeps_who_when_and_why(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 20, mended=0)
    began = world.clock()
    redriven(world, runs, Pace(canary=10))
    (kept,) = runs.kept.values()
    assert isinstance(kept, Run)
    assert (kept.by, kept.why, kept.began, kept.sent) == ("ada@example", "the decoder is mended", began, 10)
    assert (kept.phase, kept.place) == (Phase.PAUSED, "10 of 10 failed again")


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.CANCELLED])
def test_one_that_somebody_pauses_or_cancels_ends_after_its_wave(world: SmallWorld, runs: Runs, phase: Phase) -> None:
    """What it held back is in sight again, and its record counts the wave."""
    rejected(world, 100, mended=100)
    world.dead_letters.send("<xml/>", reason="malformed")
    world.clock.move(1)
    ended = redriven(world, runs, Pace(canary=95), show=lambda _: turned_over(runs, phase))
    (kept,) = runs.kept.values()
    assert (ended.sent, ended.passed, ended.stopped) == (95, 95, phase)
    assert (kept.phase, kept.sent, kept.seen) == (phase, 95, 95)
    assert "<xml/>" in [letter.body for letter in world.dead_letters.receive()]


def turned_over(runs: Runs, *phases: Phase) -> None:
    (id,) = runs.kept
    for phase in phases:
        assert turned(runs, id, phase)


def test_one_that_is_paused_goes_on_by_its_own_command_with_what_is_left(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 30, mended=30)
    redriven(world, runs, Pace(canary=10), show=lambda _: turned_over(runs, Phase.PAUSED))
    assert redriven(world, Runs(), Pace()).passed == 20
    assert {record.state for record in world.ledger.records.values()} == {State.DONE}


def test_one_that_is_cancelled_while_it_writes_down_its_pause_is_cancelled(world: SmallWorld, runs: Runs) -> None:
    rejected(world, 30, mended=30)
    save, turns = runs.save, [Phase.PAUSED, Phase.CANCELLED]

    def overtaken(run: Run) -> Run:
        if run.sent and turns:
            runs.save = save  # type: ignore[method-assign]
            turned_over(runs, turns.pop(0))
            runs.save = overtaken  # type: ignore[method-assign]
        return save(run)

    runs.save = overtaken  # type: ignore[method-assign]
    ended = redriven(world, runs, Pace(canary=10))
    assert (ended.sent, ended.stopped, turns) == (10, Phase.CANCELLED, [])
    assert [run.phase for run in runs.kept.values()] == [Phase.CANCELLED]


def test_what_the_topic_could_not_deliver_is_redriven_first(world: SmallWorld, runs: Runs) -> None:
    undelivered, source = FakeDeadLetters(), Source("originals", "new.jpg")
    undelivered.sqs.clock = world.clock
    world.originals.put(source, b"a")
    undelivered.send(message(Asked(source, ANY)), reason="")
    world.clock.move(1)
    ended = redriven(world, runs, Pace(), others=(Box(undelivered, "undelivered"),))
    assert (ended.passed, undelivered.letters) == (1, [])
    assert world.record(source).state is State.DONE
