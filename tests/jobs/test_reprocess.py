"""After a release: every source that would render differently goes back to the queue."""

import pytest

from jobs import reprocess
from jobs.errors import Retryable
from jobs.events import ABSENT, ANY, Asked
from jobs.release import Edit, after
from jobs.reprocess import Touched, advance, touched
from jobs.source import Source, State
from tests.jobs.worlds import BAD, SOURCE, SmallWorld, recipe


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def run(world: SmallWorld, place: reprocess.Place | None = None) -> int:
    sent = 0
    while True:
        done = reprocess.step(place, store=world.store, ledger=world.ledger, queue=world.queue)
        sent, place = sent + done.sent, done.next
        if place is None:
            return sent


def put(world: SmallWorld, key: str, body: bytes = b"a") -> Source:
    source = Source("originals", key)
    world.process(Asked(source, world.originals.put(source, body)))
    return source


def asked(world: SmallWorld) -> set[Source]:
    return {question.source for question, _ in world.queue.sent}


def test_what_rests_under_the_current_catalog_is_left_alone(world: SmallWorld) -> None:
    put(world, "done.jpg")
    put(world, "rejected.jpg", BAD)
    gone = put(world, "deleted.jpg")
    world.originals.delete(gone)
    world.process(Asked(gone, ABSENT))
    assert run(world) == 0
    world.release(recipe("quality = 50"))
    assert run(world) == 2
    assert asked(world) == {Source("originals", "done.jpg"), Source("originals", "rejected.jpg")}
    assert {(question.etag, question.revision) for question, _ in world.queue.sent} == {(ANY, 2)}


@pytest.mark.parametrize("state", [State.PROCESSING, State.QUEUED, State.DEAD])
def test_what_does_not_rest_is_sent_whatever_is_published(world: SmallWorld, state: State) -> None:
    source = put(world, "a.jpg")
    claim = world.ledger.claim(source, etag="b", digest="d", revision=1, now=0, until=1)
    if state is not State.PROCESSING:
        world.ledger.release(claim.record, "throttled", dead=state is State.DEAD, now=0)  # type: ignore[union-attr]
    assert run(world) == 1


def test_many_pages_go_on_where_the_last_one_ended(world: SmallWorld) -> None:
    for number in range(120):
        put(world, f"{number}.jpg")
    world.release(recipe("quality = 50"))
    assert run(world) == 120
    assert len(world.queue.sent) == 120


def test_a_catalog_that_changes_on_the_way_is_scanned_from_the_start(world: SmallWorld) -> None:
    for number in range(120):
        put(world, f"{number}.jpg")
    world.release(recipe("quality = 50"))
    place = reprocess.step(None, store=world.store, ledger=world.ledger, queue=world.queue).next
    world.release(recipe("quality = 60"))
    world.queue.sent.clear()
    assert run(world, place) == 120
    assert {question.revision for question, _ in world.queue.sent} == {3}


def test_a_step_that_failed_is_tried_again_from_the_same_place(world: SmallWorld) -> None:
    put(world, SOURCE.key)
    world.release(recipe("quality = 50"))
    world.queue.failing = Retryable("throttled")
    with pytest.raises(Retryable):
        run(world)
    world.queue.failing = None
    assert run(world) == 1


def test_a_plan_says_whom_a_catalog_touches_and_what_of_them_stays(world: SmallWorld) -> None:
    for number in range(3):
        put(world, f"{number}.jpg")
    changed = recipe("quality = 50")
    wanted = after(world.store, world.store.current(), Edit((changed,)))
    records = world.ledger.scan().records
    assert touched(records, wanted, lambda _: changed) == Touched(seen=3, images=3, puts=3, kept=3, milliseconds=3)
    assert touched(records, world.store.current(), lambda _: recipe()) == Touched(seen=3)


def test_a_run_of_it_goes_on_from_its_place(world: SmallWorld) -> None:
    for number in range(60):
        put(world, f"{number}.jpg")
    world.release(recipe("quality = 50"))
    first = advance("", store=world.store, ledger=world.ledger, queue=world.queue)
    assert first.next is not None
    second = advance(first.next, store=world.store, ledger=world.ledger, queue=world.queue)
    assert (first.sent + second.sent, second.next) == (60, None)
