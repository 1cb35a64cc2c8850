"""Sources that wait for a message which is not there any more get one."""

import pytest

from jobs import sweep
from jobs.events import ANY, Asked
from jobs.source import Record, Source, State
from tests.jobs.worlds import BAD, SOURCE, SmallWorld

PATIENCE = 600.0


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def run(world: SmallWorld) -> list[Source]:
    after: str | None = None
    world.queue.sent.clear()
    while True:
        now = round(world.clock() * 1000)
        done = sweep.step(after, ledger=world.ledger, lanes=[world.queue], patience=PATIENCE, now=now)
        after = done.next
        if after is None:
            return [question.source for question, _ in world.queue.sent]


def claimed(world: SmallWorld, seconds: float = 60) -> Record:
    now = round(world.clock() * 1000)
    until = round(now + seconds * 1000)
    world.originals.objects[SOURCE] = b"a"
    claim = world.ledger.claim(SOURCE, etag="a", digest="d", revision=1, now=now, until=until)
    return claim.record  # type: ignore[union-attr]


def test_a_lease_that_ended_long_ago_gets_a_message_that_any_object_answers(world: SmallWorld) -> None:
    claimed(world)
    world.clock.move(60 + PATIENCE - 1)
    assert run(world) == []
    world.clock.move(2)
    assert run(world) == [SOURCE]
    assert world.queue.sent == [(Asked(SOURCE, ANY), 0)]
    world.process(Asked(SOURCE, ANY))
    assert world.record().state is State.DONE


def test_a_queued_source_older_than_every_message_gets_one(world: SmallWorld) -> None:
    world.ledger.release(claimed(world), "throttled", dead=False, now=round(world.clock() * 1000))
    world.clock.move(PATIENCE + 1)
    assert run(world) == [SOURCE]


def test_a_queued_source_whose_message_may_still_be_there_is_left_alone(world: SmallWorld) -> None:
    world.queue.send(Asked(Source("originals", "another.jpg"), ANY))
    world.clock.move(1)
    world.ledger.release(claimed(world), "throttled", dead=False, now=round(world.clock() * 1000))
    world.clock.move(10 * PATIENCE)
    assert run(world) == []


def test_the_dead_and_what_rests_are_never_swept(world: SmallWorld) -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, b"a")))
    bad = Source("originals", "bad.jpg")
    world.process(Asked(bad, world.originals.put(bad, BAD)))
    dead = Source("originals", "dead.jpg")
    claim = world.ledger.claim(dead, etag="a", digest="d", revision=1, now=0, until=1)
    world.ledger.release(claim.record, "throttled", dead=True, now=0)  # type: ignore[union-attr]
    world.clock.move(100 * PATIENCE)
    assert run(world) == []
