"""What every ledger promises, whichever world it stands on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from jobs import catalog, events
from jobs.errors import LostFence
from jobs.ports import Claim, Claimed, Finished, Leased, Ledger, Newer, Page, Untold
from jobs.source import Made, Mark, Published, Record, Source, State, Stored
from tests.contracts.conftest import Ground
from tests.jobs.worlds import recipe

NOW, LATER, MUCH_LATER = 1_000_000, 1_060_000, 1_200_000
MADE = Made("jpeg", 4000, 3000, 5_000_000, "ab" * 32, "3OcRJYB4d3h/iIeHeEh3eIhw+j3A", 93, "libvips", "smart-crop")
STORED = Stored("small", "webp", 256, 192, 9_000, "0123abcd", "digest", "engine")
OLDER = replace(STORED, name="large", format="jpeg", digest="older", engine="older-engine")


def published(etag: str = "a", digest: str = "digest", revision: int = 1) -> Published:
    return Published(etag, digest, "engine", revision, NOW, (STORED, OLDER), MADE, version="v1")


@pytest.fixture
def source(unique: str) -> Source:
    return Source("originals", f"{unique}/Größe 1/\u2028<b>.jpg")


@pytest.fixture
def claim(ledger: Ledger, source: Source) -> Callable[..., Claim]:
    def claim(etag: str | None = "a", digest: str = "digest", revision: int = 1, now: int = NOW) -> Claim:
        return ledger.claim(source, etag=etag, digest=digest, revision=revision, now=now, until=now + 60_000)

    return claim


def granted(claim: Claim) -> Record:
    assert isinstance(claim, Claimed)
    return claim.record


def test_a_first_claim_is_granted_and_counts(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    record = granted(claim())
    assert (record.source, record.state, record.fence, record.attempts) == (source, State.PROCESSING, 1, 1)
    assert ledger.read(source) == record


def test_a_source_never_seen_has_no_record(ledger: Ledger, source: Source) -> None:
    assert ledger.read(source) is None
    assert ledger.read_many([source]) == {}


def test_a_live_lease_refuses_everyone_until_it_ends(claim: Callable[..., Claim]) -> None:
    granted(claim())
    assert claim() == Leased(NOW + 60_000)
    assert claim("b") == Leased(NOW + 60_000)
    assert granted(claim(now=LATER)).fence == 2


def test_what_was_published_is_read_back_whole(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    record = ledger.read_many([source])[source]
    assert (record.state, record.published, record.attempts, record.revision) == (State.DONE, published(), 0, 1)


def test_done_answers_only_its_own_etag_and_digest(claim: Callable[..., Claim], ledger: Ledger) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    assert isinstance(claim("a"), Finished)
    assert isinstance(claim(events.ANY), Finished)
    record = granted(claim("b"))
    ledger.release(record, "throttled", dead=False, now=NOW)
    assert granted(claim("a")).published == published(), "while queued nothing is finished, whatever published says"


def test_done_does_not_answer_another_digest_nor_two_etags_at_once(claim: Callable[..., Claim], ledger: Ledger) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    ledger.publish(granted(claim(digest="other")), published(digest="other"), now=NOW)
    ledger.unchanged(granted(claim(None, digest="other")), revision=2, now=NOW)


def test_done_does_not_answer_a_deletion(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    ledger.deleted(granted(claim(events.ABSENT)), revision=1, now=NOW)
    record = ledger.read(source)
    assert record is not None
    assert (record.state, record.published) == (State.DELETED, None)
    assert isinstance(claim(events.ABSENT), Finished)
    assert isinstance(claim(events.ANY), Finished)
    granted(claim("a"))


def test_a_deletion_does_not_answer_what_a_version_uncovered(claim: Callable[..., Claim], ledger: Ledger) -> None:
    ledger.deleted(granted(claim(events.ABSENT)), revision=1, now=NOW)
    granted(claim(events.UNCOVERED))


def test_an_older_revision_is_refused_even_after_a_deletion(claim: Callable[..., Claim], ledger: Ledger) -> None:
    ledger.deleted(granted(claim(revision=7)), revision=7, now=NOW)
    assert claim("a", revision=6) == Newer(7)
    granted(claim("a", revision=7))


def test_unchanged_raises_the_revision_and_keeps_the_rest(
    claim: Callable[..., Claim], ledger: Ledger, source: Source
) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    ledger.unchanged(granted(claim("older")), revision=3, now=NOW)
    record = ledger.read(source)
    assert record is not None
    assert record.published == published(revision=3)
    assert record.revision == 3


def test_a_rejection_answers_its_etag_and_digest_once_told(claim: Callable[..., Claim], ledger: Ledger) -> None:
    record = granted(claim())
    ledger.reject(record, Mark("a", "digest"), "truncated", "ends early", revision=1, now=NOW)
    refused = claim()
    assert isinstance(refused, Untold)
    assert (refused.record.reason, refused.record.detail) == ("truncated", "ends early")
    ledger.told(refused.record)
    assert isinstance(claim(), Finished)
    assert isinstance(claim(events.ANY), Finished)
    assert granted(claim("b")).rejected == Mark("a", "digest")


def test_a_rejection_does_not_answer_another_recipe(claim: Callable[..., Claim], ledger: Ledger) -> None:
    ledger.reject(granted(claim()), Mark("a", "digest"), "truncated", "", revision=1, now=NOW)
    granted(claim(digest="other"))


def test_only_the_rejection_that_was_told_is_marked_told(
    claim: Callable[..., Claim], ledger: Ledger, source: Source
) -> None:
    slow = granted(claim())
    ledger.reject(slow, Mark("a", "digest"), "truncated", "", revision=1, now=NOW)
    ledger.reject(granted(claim("b")), Mark("b", "digest"), "corrupt", "", revision=1, now=NOW)
    ledger.told(slow)
    record = ledger.read(source)
    assert record is not None
    assert not record.told


def test_rejected_again_keeps_mark_reason_and_told(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    first = granted(claim())
    ledger.reject(first, Mark("a", "digest"), "truncated", "ends early", revision=1, now=NOW)
    ledger.told(first)
    ledger.release(granted(claim("older")), "throttled", dead=False, now=NOW)
    ledger.reject_again(granted(claim("older")), revision=1, now=NOW)
    record = ledger.read(source)
    assert record is not None
    assert (record.state, record.rejected, record.reason, record.detail, record.told) == (
        State.REJECTED,
        Mark("a", "digest"),
        "truncated",
        "ends early",
        True,
    )


def test_publishing_clears_the_rejection(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    ledger.reject(granted(claim()), Mark("a", "digest"), "truncated", "", revision=1, now=NOW)
    ledger.publish(granted(claim("b")), published("b"), now=NOW)
    record = ledger.read(source)
    assert record is not None
    assert (record.rejected, record.reason, record.told) == (None, "", False)


@pytest.mark.parametrize("dead", [False, True])
def test_a_released_source_can_be_claimed_at_once(
    claim: Callable[..., Claim], ledger: Ledger, source: Source, dead: bool
) -> None:
    ledger.release(granted(claim()), "throttled", dead=dead, now=NOW)
    record = ledger.read(source)
    assert record is not None
    assert (record.state, record.reason) == (State.DEAD if dead else State.QUEUED, "throttled")
    again = granted(claim())
    assert (again.fence, again.attempts) == (2, 1), "settling sets attempts back"


def test_attempts_count_the_claims_that_never_settled(claim: Callable[..., Claim]) -> None:
    assert [granted(claim(now=NOW + 60_000 * turn)).attempts for turn in range(3)] == [1, 2, 3]


SETTLING: list[Callable[[Ledger, Record], None]] = [
    lambda ledger, record: ledger.publish(record, published(), now=MUCH_LATER),
    lambda ledger, record: ledger.unchanged(record, revision=1, now=MUCH_LATER),
    lambda ledger, record: ledger.deleted(record, revision=1, now=MUCH_LATER),
    lambda ledger, record: ledger.reject(record, Mark("a", "d"), "truncated", "", revision=1, now=MUCH_LATER),
    lambda ledger, record: ledger.reject_again(record, revision=1, now=MUCH_LATER),
    lambda ledger, record: ledger.release(record, "throttled", dead=False, now=MUCH_LATER),
]


@pytest.mark.parametrize("settle", SETTLING, ids=["publish", "unchanged", "deleted", "reject", "again", "release"])
def test_who_lost_the_fence_cannot_settle(
    claim: Callable[..., Claim], ledger: Ledger, source: Source, settle: Callable[[Ledger, Record], None]
) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    slow = granted(claim("b"))
    fast = granted(claim("b", now=LATER))
    with pytest.raises(LostFence):
        settle(ledger, slow)
    assert ledger.read(source) == fast
    ledger.publish(fast, published("b"), now=LATER)
    with pytest.raises(LostFence):
        settle(ledger, slow)


def test_a_settling_write_that_is_sent_twice_counts_once(
    claim: Callable[..., Claim], ledger: Ledger, source: Source
) -> None:
    record = granted(claim())
    ledger.publish(record, published(), now=NOW)
    ledger.publish(record, published(), now=NOW)
    ledger.release(record, "the reply was lost", dead=False, now=NOW)
    after = ledger.read(source)
    assert after is not None
    assert after.state is State.DONE


def test_many_are_read_at_once(ledger: Ledger, unique: str) -> None:
    sources = [Source("originals", f"{unique}/{number}") for number in range(230)]
    for source in sources[::2]:
        granted(ledger.claim(source, etag="a", digest="d", revision=1, now=NOW, until=LATER))
    assert set(ledger.read_many(sources)) == set(sources[::2])
    found = ledger.find([source.id for source in sources])
    assert {id: record.source for id, record in found.items()} == {source.id: source for source in sources[::2]}


def test_redrive_puts_a_rejection_back_without_its_mark(
    claim: Callable[..., Claim], ledger: Ledger, source: Source
) -> None:
    ledger.reject(granted(claim()), Mark("a", "digest"), "truncated", "ends early", revision=1, now=NOW)
    assert ledger.requeue(source, now=LATER)
    record = ledger.read(source)
    assert record is not None
    assert (record.state, record.rejected, record.reason, record.told, record.updated) == (
        State.QUEUED,
        None,
        "",
        False,
        LATER,
    )
    assert granted(claim()).fence == 2


def test_redrive_puts_the_dead_back_and_keeps_what_is_published(
    claim: Callable[..., Claim], ledger: Ledger, source: Source
) -> None:
    ledger.publish(granted(claim()), published(), now=NOW)
    ledger.release(granted(claim("b")), "throttled", dead=True, now=NOW)
    assert ledger.requeue(source, now=LATER)
    record = ledger.read(source)
    assert record is not None
    assert (record.state, record.published) == (State.QUEUED, published())


def test_redrive_leaves_every_other_state_alone(claim: Callable[..., Claim], ledger: Ledger, source: Source) -> None:
    assert not ledger.requeue(source, now=LATER)
    assert ledger.read(source) is None, "refused, and nothing made"
    moves: list[Callable[[Record], None]] = [
        lambda record: None,
        lambda record: ledger.release(record, "throttled", dead=False, now=NOW),
        lambda record: ledger.publish(record, published(), now=NOW),
        lambda record: ledger.deleted(record, revision=1, now=NOW),
    ]
    for number, move in enumerate(moves):
        move(granted(claim(f"etag {number}", now=NOW + number * 100_000)))
        before = ledger.read(source)
        assert not ledger.requeue(source, now=LATER)
        assert ledger.read(source) == before


def every(read: Callable[[str | None], Page]) -> list[Record]:
    page = read(None)
    records = list(page.records)
    while page.next is not None:
        page = read(page.next)
        records += page.records
    return records


def test_a_scan_meets_every_record_once(ledger: Ledger, unique: str) -> None:
    """More than one page of them, rendered or not, and nothing that is no record."""
    sources = {Source("originals", f"{unique}/{number}") for number in range(120)}
    for source in sources:
        granted(ledger.claim(source, etag="a", digest="d", revision=1, now=NOW, until=LATER))
    found = [record.source for record in every(ledger.scan) if record.source.key.startswith(unique)]
    assert sorted(found) == sorted(sources)


def test_a_scan_does_not_take_the_catalog_for_a_record(ground: Ground) -> None:
    catalog.release(ground.catalog, [recipe()], [("", "default")])
    assert all(record.source.key for record in every(ground.ledger.scan))


def test_the_index_of_faults_holds_the_rejected_and_the_dead_alone(ledger: Ledger, unique: str) -> None:
    def claimed(name: str) -> Record:
        source = Source("originals", f"{unique}/{name}")
        return granted(ledger.claim(source, etag="a", digest="d", revision=1, now=NOW, until=LATER))

    claimed("processing")
    ledger.publish(claimed("done"), published(), now=NOW)
    ledger.release(claimed("queued"), "throttled", dead=False, now=NOW)
    for number in range(9):
        ledger.release(claimed(f"dead {number}"), "throttled", dead=True, now=NOW)
        ledger.reject(claimed(f"rejected {number}"), Mark("a", "d"), "truncated", "", revision=1, now=NOW)
    ledger.requeue(Source("originals", f"{unique}/dead 8"), now=LATER)
    granted(
        ledger.claim(Source("originals", f"{unique}/rejected 8"), etag="b", digest="d", revision=1, now=NOW, until=9)
    )
    names = sorted(record.source.key.split("/")[1] for record in every(ledger.faults) if unique in record.source.key)
    assert names == [*(f"dead {n}" for n in range(8)), *(f"rejected {n}" for n in range(8))]
