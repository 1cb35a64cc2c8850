"""One source, from what was asked of it to its settled item."""

import json
from dataclasses import replace

import pytest

from imaging import reading
from imaging import recipe as recipes
from imaging.errors import Reason
from jobs import keys
from jobs.errors import OutOfTime, Retryable
from jobs.events import ABSENT, ANY, Asked, parse
from jobs.process import Acknowledge, Retry
from jobs.source import Mark, State
from tests.fakes import etag_of
from tests.jobs.worlds import BAD, SOURCE, SmallWorld, recipe

THROTTLED = Retryable("throttled")


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def put(world: SmallWorld, body: bytes = b"a") -> Asked:
    return Asked(SOURCE, world.originals.put(SOURCE, body))


def outcome(verdict: object) -> str:
    assert isinstance(verdict, Acknowledge), verdict
    return verdict.outcome


def retry(verdict: object) -> Retry:
    assert isinstance(verdict, Retry), verdict
    return verdict


def test_an_upload_is_rendered_stored_and_published(world: SmallWorld) -> None:
    assert outcome(world.process(put(world))) == "published"
    record = world.record()
    assert record.state is State.DONE
    assert record.published
    assert [(r.name, r.format) for r in record.published.renditions] == [("large", "jpeg"), ("small", "webp")]
    assert record.published.etag == etag_of(b"a")
    stored = {keys.rendition_key(SOURCE, record.published, r): r.bytes for r in record.published.renditions}
    assert stored == {key: len(body) for key, body in world.renditions.objects.items()}


def test_a_duplicate_of_finished_work_touches_nothing(world: SmallWorld) -> None:
    asked = put(world)
    world.process(asked)
    before = (world.record(), world.ledger.writes, world.renditions.puts, world.originals.fetches)
    assert outcome(world.process(asked)) == "already-done"
    assert (world.record(), world.ledger.writes, world.renditions.puts, world.originals.fetches) == before


def test_an_older_event_finds_the_current_object_unchanged(world: SmallWorld) -> None:
    older = put(world)
    world.process(put(world, b"b"))
    puts = world.renditions.puts
    assert outcome(world.process(older)) == "unchanged"
    assert world.renditions.puts == puts


def test_the_fetched_etag_is_published_not_the_events(world: SmallWorld) -> None:
    early = put(world)
    put(world, b"b")
    world.process(early)
    published = world.record().published
    assert published
    assert published.etag == etag_of(b"b")


def test_a_deletion_takes_the_published_set_away_and_an_upload_brings_it_back(world: SmallWorld) -> None:
    world.process(put(world))
    world.originals.delete(SOURCE)
    assert outcome(world.process(Asked(SOURCE, ABSENT))) == "deleted"
    assert (world.record().state, world.record().published) == (State.DELETED, None)
    assert outcome(world.process(put(world))) == "published"


def test_an_original_whose_deletion_was_undone_is_published_again(world: SmallWorld) -> None:
    """S3 puts no object then: it tells only that a version was removed, which was the mark of the deletion."""
    world.process(put(world))
    world.originals.delete(SOURCE)
    world.process(Asked(SOURCE, ABSENT))
    put(world)
    entity = {"key": SOURCE.key, "versionId": "of-the-mark"}
    removed = {"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete"}
    undone = {"Records": [removed | {"s3": {"bucket": {"name": SOURCE.bucket}, "object": entity}}]}
    assert outcome(world.process(*parse(json.dumps(undone)))) == "published"


def test_a_delete_event_that_arrives_late_changes_nothing_visible(world: SmallWorld) -> None:
    world.process(put(world))
    assert outcome(world.process(Asked(SOURCE, ABSENT))) == "unchanged"
    assert world.record().state is State.DONE


def test_the_catalog_is_read_after_the_claim(world: SmallWorld) -> None:
    """The trace that lost an update: a worker with a stale catalog makes the first claim of a source."""
    worker = world.worker()
    worker.catalog.cached()
    world.release(recipe("quality = 50"))
    world.process(put(world), worker=worker)
    published = world.record().published
    assert published
    assert published.digest == recipes.digest(recipe("quality = 50"))
    assert published.revision == 2


def test_a_message_that_asks_for_a_newer_catalog_makes_the_worker_read_it(world: SmallWorld) -> None:
    worker = world.worker()
    world.process(put(world), worker=worker)
    revision = world.release(recipe("quality = 50")).revision
    assert outcome(world.process(Asked(SOURCE, ANY, revision), worker=worker)) == "published"


def test_a_message_from_a_catalog_that_is_not_there_waits_untried(world: SmallWorld) -> None:
    put(world)
    verdict = retry(world.process(Asked(SOURCE, ANY, 99)))
    assert (verdict.reason, verdict.untried) == ("catalog-behind", True)


def test_an_older_catalog_never_overwrites_a_newer_one(world: SmallWorld) -> None:
    stale = world.worker()
    stale.catalog.cached()
    world.release(recipe("quality = 50"))
    world.process(put(world))
    world.process(put(world, b"b"), worker=stale)
    published = world.record().published
    assert published
    assert published.revision == 2


def test_only_what_changed_is_encoded_and_put_again(world: SmallWorld) -> None:
    asked = put(world)
    world.process(asked)
    before = world.record().published
    world.release(recipe("quality = 50"))
    world.process(Asked(SOURCE, ANY, 2))
    after = world.record().published
    assert before
    assert after
    assert world.pixels.encoded == [frozenset({"large", "small"}), frozenset({"small"})]
    assert after.renditions[0] == before.renditions[0], "the kept one keeps its old key"
    assert after.renditions[1].digest == after.digest != before.digest
    assert all(keys.rendition_key(SOURCE, after, r) in world.renditions.objects for r in after.renditions)


def test_two_engines_agree_about_what_is_finished(world: SmallWorld) -> None:
    asked = put(world)
    world.process(asked, worker=world.worker("1-x86_64"))
    assert outcome(world.process(asked, worker=world.worker("2-arm64"))) == "already-done"
    world.process(put(world, b"b"), worker=world.worker("2-arm64"))
    assert {key.split("/")[1].split("-", 2)[2] for key in world.renditions.objects} == {"1-x86_64", "2-arm64"}


def test_a_bad_image_is_rejected_with_a_letter_and_no_retries(world: SmallWorld) -> None:
    asked = put(world, BAD)
    assert outcome(world.process(asked)) == "rejected"
    record = world.record()
    assert (record.state, record.reason, record.told) == (State.REJECTED, Reason.NOT_AN_IMAGE, True)
    assert record.rejected == Mark(etag_of(BAD), recipes.digest(recipe()))
    letter = world.dead_letters.letters[0]
    assert (letter.reason, letter.detail, parse(letter.body)) == ("not-an-image", "it begins like no image", (asked,))
    assert outcome(world.process(asked)) == "already-rejected"
    assert len(world.dead_letters.letters) == 1


def test_a_letter_that_could_not_be_sent_is_sent_by_the_retry(world: SmallWorld) -> None:
    asked = put(world, BAD)
    world.dead_letters.failing = THROTTLED
    assert retry(world.process(asked)).reason == "throttled"
    assert (world.record().state, world.record().told) == (State.REJECTED, False)
    world.dead_letters.failing = None
    assert outcome(world.process(asked)) == "rejected"
    assert world.record().told
    assert len(world.dead_letters.letters) == 1


def test_a_rejected_image_stays_rejected_without_being_decoded_again(world: SmallWorld) -> None:
    older = put(world)
    world.process(put(world, BAD))
    decoded = len(world.pixels.encoded)
    assert outcome(world.process(older)) == "already-rejected"
    assert len(world.pixels.encoded) == decoded
    assert world.record().state is State.REJECTED


def test_a_new_recipe_gives_a_rejected_image_another_chance(world: SmallWorld) -> None:
    world.process(put(world, BAD))
    world.release(recipe("quality = 50"))
    assert outcome(world.process(Asked(SOURCE, ANY, 2))) == "rejected"
    assert len(world.dead_letters.letters) == 2


def test_an_archived_object_is_rejected_and_heals_when_it_is_restored(world: SmallWorld) -> None:
    asked = put(world)
    world.originals.archived.add(SOURCE)
    assert outcome(world.process(asked)) == "rejected"
    assert world.record().reason == Reason.ARCHIVED
    world.originals.archived.clear()
    assert outcome(world.process(asked)) == "published"


def test_what_may_pass_is_released_and_retried(world: SmallWorld) -> None:
    asked = put(world)
    world.originals.failing = THROTTLED
    verdict = retry(world.process(asked))
    assert (verdict.reason, verdict.untried) == ("throttled", False)
    assert (world.record().state, world.record().reason) == (State.QUEUED, "throttled")
    world.originals.failing = None
    assert outcome(world.process(asked)) == "published"


def test_on_its_last_receive_it_is_dead_with_its_reason(world: SmallWorld) -> None:
    asked = put(world)
    world.originals.failing = THROTTLED
    world.process(asked, last=True)
    assert (world.record().state, world.record().reason) == (State.DEAD, "throttled")
    world.originals.failing = None
    assert outcome(world.process(asked)) == "published"


def test_a_fault_of_our_own_costs_one_image_its_turn(world: SmallWorld) -> None:
    world.pixels.before = lambda: {}["missing"]
    assert retry(world.process(put(world))).reason == "unexpected-KeyError"
    assert world.record().state is State.QUEUED


def test_a_fault_of_our_own_before_the_claim_costs_no_neighbour_its_turn(
    world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item that this code cannot read would otherwise fail the whole batch, again and again."""
    monkeypatch.setattr(world.ledger, "claim", lambda *_, **__: {}["missing"])
    verdict = retry(world.process(put(world)))
    assert (verdict.reason, verdict.untried) == ("unexpected-KeyError", False)


def test_a_leased_source_is_handed_back_until_the_lease_ends(world: SmallWorld) -> None:
    asked = put(world)
    seen: list[object] = []
    world.pixels.before = lambda: seen.append(world.process(asked))
    world.process(asked)
    verdict = retry(seen[0])
    assert (verdict.reason, verdict.untried) == ("leased", True)
    assert 90 < verdict.seconds < 96, "60 seconds to the deadline, 30 of margin, and jitter"


def test_who_lost_the_fence_publishes_nothing(world: SmallWorld) -> None:
    """The lease runs out under a slow worker; another one publishes a newer object meanwhile."""
    slow = put(world)

    def overtaken() -> None:
        world.pixels.before = None
        world.clock.move(3600)
        assert outcome(world.process(put(world, b"b"))) == "published"

    world.pixels.before = overtaken
    verdict = retry(world.process(slow))
    assert (verdict.reason, verdict.untried) == ("lost-fence", True)
    published = world.record().published
    assert published
    assert published.etag == etag_of(b"b")


def test_an_image_that_never_lets_its_worker_settle_is_rejected_at_the_third_claim(world: SmallWorld) -> None:
    asked = put(world)

    def crash() -> None:
        raise SystemExit

    world.pixels.before = crash
    for _ in range(2):
        with pytest.raises(SystemExit):
            world.process(asked)
        world.clock.move(3600)
    assert outcome(world.process(asked)) == "rejected"
    assert world.record().reason == Reason.KILLS_WORKER


def test_an_unreachable_ledger_hands_the_message_back_untried(world: SmallWorld) -> None:
    asked = put(world)
    world.ledger.failing = THROTTLED
    assert retry(world.process(asked)).untried


def test_a_recipe_from_the_future_is_handed_back(world: SmallWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = put(world)
    monkeypatch.setattr(reading, "SCHEMA", 0)
    verdict = retry(world.process(asked, last=True))
    assert (verdict.reason, verdict.untried) == ("recipe-too-new", True)
    assert world.record().state is State.QUEUED


def test_an_original_that_is_too_large_is_rejected_unread(world: SmallWorld) -> None:
    asked = put(world, b"x" * 101)
    worker = replace(world.worker(), max_bytes=100)
    assert outcome(world.process(asked, worker=worker)) == "rejected"
    assert world.record().reason == Reason.TOO_MANY_BYTES
    assert world.pixels.encoded == []


def test_what_runs_out_of_time_is_nobodys_fault(world: SmallWorld) -> None:
    def late() -> None:
        raise OutOfTime

    world.pixels.before = late
    verdict = retry(world.process(put(world), last=True))
    assert (verdict.reason, verdict.untried) == ("out-of-time", True)
    assert world.record().state is State.QUEUED


def test_an_outage_makes_no_image_a_killer(world: SmallWorld) -> None:
    asked = put(world)
    for _ in range(3):
        world.ledger.claim(SOURCE, etag="x", digest="d", revision=1, now=round(world.clock() * 1000), until=0)
    world.outage.reason = "throttled"
    assert outcome(world.process(asked)) == "published"


def test_a_letter_sent_again_tells_nothing_of_the_world(world: SmallWorld) -> None:
    asked = put(world, BAD)
    world.dead_letters.failing = THROTTLED
    world.process(asked)
    world.dead_letters.failing = None
    verdict = world.process(asked)
    assert isinstance(verdict, Acknowledge)
    assert not verdict.tried
