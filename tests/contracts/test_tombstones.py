"""A source before its first event and after its last one: queued by an upload's form, found by its fault, erased."""

import itertools
from collections.abc import Callable

import pytest

from jobs import events
from jobs.errors import LostFence
from jobs.ports import Claim, Claimed, Finished, Ledger, Newer
from jobs.source import Mark, Record, Source, State
from tests.contracts.conftest import Ground
from tests.contracts.test_ledger import LATER, NOW, every, granted, published


@pytest.fixture
def source(unique: str) -> Source:
    return Source("originals", f"{unique}/Größe 1/\u2028<b>.jpg")


@pytest.fixture
def claim(ledger: Ledger, source: Source) -> Callable[..., Claim]:
    def claim(etag: str | None = "a", revision: int = 7, now: int = NOW) -> Claim:
        return ledger.claim(source, etag=etag, digest="digest", revision=revision, now=now, until=now + 60_000)

    return claim


def known(ledger: Ledger, source: Source) -> Record:
    record = ledger.read(source)
    assert record is not None
    return record


# ---- queued by a form ------------------------------------------------------------------------------------------------


def test_a_source_never_seen_is_queued_and_found_by_its_id(ledger: Ledger, source: Source) -> None:
    assert ledger.enqueue(source, now=NOW)
    assert known(ledger, source) == Record(source, State.QUEUED, updated=NOW)
    assert ledger.find([source.id]) == {source.id: known(ledger, source)}


def test_what_was_seen_is_not_queued_anew(ledger: Ledger, source: Source, claim: Callable[..., Claim]) -> None:
    assert ledger.enqueue(source, now=NOW)
    assert not ledger.enqueue(source, now=LATER)
    assert known(ledger, source).updated == NOW
    record = granted(claim())
    assert (record.fence, record.attempts) == (1, 1), "its first event finds it as if it had never been seen"
    ledger.publish(record, published(), now=NOW)
    before = known(ledger, source)
    assert not ledger.enqueue(source, now=LATER)
    assert known(ledger, source) == before


def test_what_is_erased_is_not_queued_by_a_form(ledger: Ledger, source: Source, claim: Callable[..., Claim]) -> None:
    erased(ledger, source, claim)
    before = known(ledger, source)
    assert not ledger.enqueue(source, now=LATER)
    assert known(ledger, source) == before


# ---- erased ----------------------------------------------------------------------------------------------------------


def erased(ledger: Ledger, source: Source, claim: Callable[..., Claim]) -> Record:
    """The tombstone of what was published at fence 1."""
    ledger.publish(granted(claim()), published(revision=7), now=NOW)
    assert ledger.erase(known(ledger, source), now=NOW)
    return known(ledger, source)


def tombstone(source: Source, fence: int) -> Record:
    return Record(source, State.DELETED, fence=fence, revision=7, updated=NOW, erased=True)


def nobody_finds(ledger: Ledger, source: Source) -> bool:
    return ledger.find([source.id]) == {} and source not in {record.source for record in every(ledger.scan)}


def test_an_erased_source_leaves_id_state_fence_and_revision(
    ledger: Ledger, source: Source, claim: Callable[..., Claim]
) -> None:
    assert erased(ledger, source, claim) == tombstone(source, fence=2)
    assert nobody_finds(ledger, source)


@pytest.mark.parametrize("change", ["claimed", "another fence"])
def test_what_changed_since_it_was_read_is_not_erased(
    ledger: Ledger, source: Source, claim: Callable[..., Claim], change: str
) -> None:
    ledger.publish(granted(claim()), published(revision=7), now=NOW)
    seen = known(ledger, source)
    record = granted(claim("b"))
    if change == "another fence":
        ledger.publish(record, published("b", revision=7), now=NOW)
    before = known(ledger, source)
    assert not ledger.erase(seen, now=LATER)
    assert known(ledger, source) == before


@pytest.mark.parametrize("etag", ["a", "another", None], ids=["its etag", "another etag", "several etags"])
def test_an_event_that_was_still_queued_leaves_no_name_on_the_tombstone(
    ledger: Ledger, source: Source, claim: Callable[..., Claim], etag: str | None
) -> None:
    erased(ledger, source, claim)
    record = granted(claim(etag))
    assert ledger.find([source.id])[source.id].source == source, "for as long as a worker looks, it has its name"
    ledger.deleted(record, revision=7, now=NOW)
    assert known(ledger, source) == tombstone(source, fence=3)
    assert nobody_finds(ledger, source)


def test_nor_does_one_whose_worker_died_or_handed_it_back(
    ledger: Ledger, source: Source, claim: Callable[..., Claim]
) -> None:
    erased(ledger, source, claim)
    granted(claim())
    ledger.release(granted(claim(now=LATER)), "throttled", dead=True, now=LATER)
    assert ledger.requeue(source, now=LATER)
    record = granted(claim())
    ledger.deleted(record, revision=7, now=NOW)
    ledger.deleted(record, revision=7, now=NOW)  # its reply was lost
    assert known(ledger, source) == tombstone(source, fence=5)
    assert nobody_finds(ledger, source)


def test_a_tombstone_answers_as_what_was_deleted_does(
    ledger: Ledger, source: Source, claim: Callable[..., Claim]
) -> None:
    erased(ledger, source, claim)
    for question in (events.ABSENT, events.ANY):
        assert isinstance(claim(question), Finished)
    assert claim(revision=6) == Newer(7)
    assert known(ledger, source) == tombstone(source, fence=2), "refused, and nothing was changed"


def test_what_is_uploaded_again_under_an_erased_key_is_a_source_like_any_other(
    ledger: Ledger, source: Source, claim: Callable[..., Claim]
) -> None:
    erased(ledger, source, claim)
    ledger.publish(granted(claim("b")), published("b", revision=7), now=NOW)
    record = known(ledger, source)
    assert (record.state, record.fence, record.erased) == (State.DONE, 3, False)
    ledger.deleted(granted(claim("c")), revision=7, now=NOW)
    assert not known(ledger, source).erased, "a deletion alone keeps the name"
    assert ledger.find([source.id])[source.id].source == source


def test_who_rendered_it_when_it_was_erased_has_lost_its_claim(
    ledger: Ledger, source: Source, claim: Callable[..., Claim]
) -> None:
    slow = granted(claim())
    ledger.release(granted(claim(now=LATER)), "throttled", dead=True, now=LATER)
    assert ledger.erase(known(ledger, source), now=NOW)
    with pytest.raises(LostFence):
        ledger.publish(slow, published(revision=7), now=NOW)
    assert nobody_finds(ledger, source)


# ---- found by its fault ----------------------------------------------------------------------------------------------


REASONS = ("truncated", "truncated-twice", "corrupt")


@pytest.fixture
def faulty(ground: Ground, unique: str) -> dict[State, set[Source]]:
    """Some of each, and one that was each but is no more."""
    ledger, made = ground.ledger, {State.REJECTED: set[Source](), State.DEAD: set[Source]()}
    for number, state in itertools.product(range(12), made):
        source = Source("originals", f"{unique}/{state} {number}")
        record = ledger.claim(source, etag="a", digest="d", revision=7, now=NOW, until=LATER)
        assert isinstance(record, Claimed)
        if state is State.DEAD:
            ledger.release(record.record, "throttled", dead=True, now=NOW + number)
        else:
            ledger.reject(record.record, Mark("a", "d"), REASONS[number % 3], "", revision=7, now=NOW + number)
        if number == 10:
            assert ledger.requeue(source, now=LATER)
        elif number == 11:
            assert ledger.erase(known(ledger, source), now=LATER)
        else:
            made[state].add(source)
    return made


def faults(ledger: Ledger, state: State, most: int, reason: str = "") -> list[Record]:
    found: list[Record] = []
    after = None
    while True:
        page = ledger.faults(after, state, most, reason)
        assert len(page.records) <= most
        found += page.records
        if (after := page.next) is None:
            return found


@pytest.mark.parametrize("state", [State.REJECTED, State.DEAD])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_the_faults_of_one_state_are_met_once_each_and_no_page_is_larger_than_asked(
    ledger: Ledger, faulty: dict[State, set[Source]], unique: str, state: State, most: int
) -> None:
    met = [record for record in faults(ledger, state, most) if record.source.key.startswith(unique)]
    assert {record.state for record in met} == {state}
    assert sorted(record.source for record in met) == sorted(faulty[state])
    assert met[0] == known(ledger, met[0].source), "the index holds keys; the record is whole"


@pytest.mark.parametrize("reason", REASONS)
def test_the_faults_of_one_reason_are_met_without_those_of_another(
    ledger: Ledger, faulty: dict[State, set[Source]], unique: str, reason: str
) -> None:
    met = [record for record in faults(ledger, State.REJECTED, 2, reason) if record.source.key.startswith(unique)]
    wanted = [source for source in faulty[State.REJECTED] if known(ledger, source).reason == reason]
    assert wanted
    assert sorted(record.source for record in met) == sorted(wanted)
    assert faults(ledger, State.DEAD, 2, "truncated") == []
