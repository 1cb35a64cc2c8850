"""Bucket, ledger and renditions agree, or the audit says where they do not and sends for it."""

from collections.abc import Callable, Sequence

import pytest

from jobs import audit
from jobs.audit import Books, Finding, Kind
from jobs.errors import Retryable
from jobs.events import ABSENT, ANY, Asked
from jobs.source import Source, State
from local.simulator.buckets import Attic, Listing
from tests.fakes import etag_of
from tests.jobs.worlds import BAD, SOURCE, SmallWorld, recipe

HOUR = 3600.0


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def books(world: SmallWorld) -> Books:
    return Books(
        listing=Listing(world.originals),
        originals=world.originals,
        renditions=world.renditions,
        attic=Attic(world.renditions),
        ledger=world.ledger,
        store=world.store,
        lanes=[world.queue],
    )


def looked(world: SmallWorld) -> list[Finding]:
    findings: list[Finding] = []
    place: str | None = ""
    while place is not None:
        step = audit.look(place, books(world), now=round(world.clock() * 1000))
        findings, place = [*findings, *step.findings], step.next
    return findings


def heal(world: SmallWorld) -> None:
    place: str | None = ""
    while place is not None:
        place = audit.heal(place, books(world), now=round(world.clock() * 1000)).next
    for message in world.queue.sqs.receive(1000):
        world.queue.sqs.delete(message.receipt)
    for asked, _ in world.queue.sent:
        world.process(asked)


def published(world: SmallWorld, body: bytes = b"a") -> None:
    world.process(Asked(SOURCE, world.originals.put(SOURCE, body)))


def missing(world: SmallWorld) -> None:
    world.originals.put(SOURCE, b"a")


def missing_since_a_deletion(world: SmallWorld) -> None:
    published(world)
    world.originals.delete(SOURCE)
    world.process(Asked(SOURCE, ABSENT))
    world.originals.put(SOURCE, b"a")


def overwritten(world: SmallWorld) -> None:
    published(world)
    world.originals.put(SOURCE, b"b")


def mended(world: SmallWorld) -> None:
    published(world, BAD)
    world.originals.put(SOURCE, b"b")


def another_recipe(world: SmallWorld) -> None:
    published(world)
    world.release(recipe("quality = 50"))


def released(world: SmallWorld) -> None:
    claimed(world)
    world.ledger.release(world.record(), "throttled", dead=False, now=round(world.clock() * 1000))
    world.clock.move(1)


def claimed(world: SmallWorld) -> None:
    world.originals.put(SOURCE, b"a")
    now = round(world.clock() * 1000)
    world.ledger.claim(SOURCE, etag="a", digest="d", revision=1, now=now, until=now + 60_000)


def deserted(world: SmallWorld) -> None:
    claimed(world)
    world.clock.move(HOUR)


def untold(world: SmallWorld) -> None:
    published(world, BAD)
    world.ledger.records[SOURCE] = world.ledger.records[SOURCE].__class__(**{**vars(world.record()), "told": False})
    world.dead_letters.sqs.messages.clear()


def gone(world: SmallWorld) -> None:
    published(world)
    world.originals.delete(SOURCE)


@pytest.mark.parametrize(
    ("happened", "kind"),
    [
        (missing, Kind.MISSING),
        (missing_since_a_deletion, Kind.MISSING),
        (overwritten, Kind.STALE),
        (mended, Kind.STALE),
        (another_recipe, Kind.STALE),
        (released, Kind.STUCK),
        (deserted, Kind.STUCK),
        (untold, Kind.UNTOLD),
        (gone, Kind.GONE),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_does_not_agree_is_found_and_healed(
    world: SmallWorld, happened: Callable[[SmallWorld], None], kind: Kind
) -> None:
    happened(world)
    assert [finding.kind for finding in looked(world)] == [kind]
    heal(world)
    assert looked(world) == []
    if kind is Kind.UNTOLD:
        assert len(world.dead_letters.letters) == 1
    elif kind is Kind.GONE:
        assert world.record().state is State.DELETED
    else:
        published = world.record().published
        assert published
        assert published.etag == etag_of(world.originals.objects[SOURCE])


@pytest.mark.parametrize("body", [b"a", BAD])
def test_what_agrees_is_left_alone(world: SmallWorld, body: bytes) -> None:
    published(world, body)
    heal(world)
    assert looked(world) == []
    assert world.queue.sent == []


def test_a_worker_at_work_is_not_disturbed(world: SmallWorld) -> None:
    claimed(world)
    assert looked(world) == []


def test_while_a_lane_holds_messages_a_queued_source_may_have_one_there(world: SmallWorld) -> None:
    world.queue.send(Asked(Source("originals", "another.jpg"), ANY))
    released(world)
    assert looked(world) == []
    world.clock.move(HOUR)
    assert looked(world) == [], "its message may be as old as the oldest"
    world.queue.sqs.messages.clear()
    assert [finding.kind for finding in looked(world)] == [Kind.STUCK]


def test_what_was_given_up_is_told_and_left_to_a_redrive(world: SmallWorld) -> None:
    claimed(world)
    world.ledger.release(world.record(), "throttled", dead=True, now=0)
    heal(world)
    assert [finding.kind for finding in looked(world)] == [Kind.GIVEN_UP]
    assert world.queue.sent == []


def test_a_rendition_that_somebody_deleted_is_brought_back(world: SmallWorld) -> None:
    published(world)
    key, body = next(iter(world.renditions.objects.items()))
    del world.renditions.objects[key]
    assert [(finding.kind, finding.keys) for finding in looked(world)] == [(Kind.LOST, (key,))]
    heal(world)
    assert world.renditions.objects[key] == body
    assert (looked(world), world.queue.sent) == ([], [])


def unreachable(asked: Sequence[Asked]) -> None:
    if asked:
        raise Retryable("unreachable", "no route")


def for_good(world: SmallWorld) -> None:
    """Deletes one of the published renditions with all its versions."""
    key = next(iter(world.renditions.objects))
    Attic(world.renditions).remove([version for version in world.renditions.kept if version.key == key])


def test_a_rendition_that_no_version_is_left_of_is_rendered_anew(world: SmallWorld) -> None:
    published(world)
    before = dict(world.renditions.objects)
    for_good(world)
    heal(world)
    assert world.renditions.objects == before
    assert (looked(world), world.record().state) == ([], State.DONE)


def test_a_crash_before_its_message_leaves_it_missing_and_the_next_audit_heals_it(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(world)
    for_good(world)
    with monkeypatch.context() as patch:
        patch.setattr(world.queue, "send_packed", unreachable)
        with pytest.raises(Retryable):
            heal(world)
    assert [finding.kind for finding in looked(world)] == [Kind.MISSING]
    heal(world)
    assert (looked(world), world.record().state) == ([], State.DONE)


def test_what_is_rejected_now_keeps_what_is_left_of_its_published_set(world: SmallWorld) -> None:
    published(world)
    published(world, BAD)
    for_good(world)
    heal(world)
    assert world.record().state is State.REJECTED
    assert [finding.kind for finding in looked(world)] == [Kind.LOST]


def test_folders_and_what_is_no_original_are_not_looked_at(world: SmallWorld) -> None:
    world.originals.put(Source("originals", "album/"), b"")
    assert looked(world) == []
