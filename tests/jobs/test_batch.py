"""A batch: one answer for every message, and nobody suffers for a neighbour."""

import json
import threading
from dataclasses import replace

import pytest

from jobs import batch
from jobs.batch import Message
from jobs.breaker import FAILURES_TO_OPEN
from jobs.errors import Retryable
from jobs.events import ABSENT, Asked, packed, parse
from jobs.process import Acknowledge, Retry, Verdict
from jobs.source import Source, State
from tests.jobs.worlds import BAD, SmallWorld, message_about


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def run(world: SmallWorld, *messages: Message, seconds: float = 60) -> dict[str, Verdict]:
    return dict(batch.run(messages, world.worker(), world.rules, deadline=world.clock() + seconds))


def upload(world: SmallWorld, key: str, body: bytes = b"a") -> Asked:
    source = Source("originals", key)
    return Asked(source, world.originals.put(source, body))


def s3(*keys: str) -> str:
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "originals"}, "object": {"key": key}},
        }
        for key in keys
    ]
    return json.dumps({"Records": records})


def test_poison_never_touches_its_neighbours(world: SmallWorld) -> None:
    messages = [message_about(upload(world, f"{n}.jpg", BAD if n == 3 else b"ok"), id=str(n)) for n in range(10)]
    verdicts = run(world, *messages)
    assert all(isinstance(verdict, Acknowledge) for verdict in verdicts.values())
    assert len(world.dead_letters.letters) == 1
    assert [world.record(Source("originals", f"{n}.jpg")).state for n in (2, 3, 4)] == [
        State.DONE,
        State.REJECTED,
        State.DONE,
    ]


def test_two_messages_about_one_source_are_one_piece_of_work(world: SmallWorld) -> None:
    first, second = upload(world, "a.jpg", b"1"), upload(world, "a.jpg", b"2")
    verdicts = run(
        world,
        message_about(first, id="1"),
        message_about(second, id="2"),
        message_about(replace(first, etag=ABSENT), id="3"),
    )
    assert set(verdicts) == {"1", "2", "3"}
    assert all(isinstance(verdict, Acknowledge) for verdict in verdicts.values())
    assert len(world.pixels.encoded) == 1


def test_works_run_side_by_side(world: SmallWorld) -> None:
    together = threading.Barrier(4, timeout=10)
    world.pixels.before = together.wait
    verdicts = run(world, *(message_about(upload(world, f"{n}.jpg"), id=str(n)) for n in range(4)))
    assert all(isinstance(verdict, Acknowledge) for verdict in verdicts.values())


def test_a_malformed_message_becomes_a_letter_as_it_came(world: SmallWorld) -> None:
    assert run(world, Message("1", "<xml/>")) == {"1": Acknowledge("malformed")}
    assert (world.dead_letters.letters[0].body, world.dead_letters.letters[0].reason) == ("<xml/>", "malformed")


def test_a_malformed_message_is_kept_until_its_letter_is_sent(world: SmallWorld) -> None:
    world.dead_letters.failing = Retryable("throttled")
    assert isinstance(run(world, Message("1", "<xml/>"))["1"], Retry)


@pytest.mark.parametrize("source", [Source("another", "in/a.jpg"), Source("originals", "out/a.jpg")])
def test_nothing_is_read_outside_the_bucket_and_its_prefix(world: SmallWorld, source: Source) -> None:
    world.rules = replace(world.rules, prefix="in/")
    world.originals.put(source, b"secret")
    assert run(world, message_about(Asked(source, "a"))) == {"1": Acknowledge("foreign")}
    assert world.originals.fetches == 0
    assert world.dead_letters.letters[0].reason == "foreign"


def test_a_foreign_question_takes_none_of_its_messages_other_ones_along(world: SmallWorld) -> None:
    ours, foreign = Source("originals", "a.jpg"), Source("elsewhere", "b.jpg")
    asked = [Asked(source, world.originals.put(source, b"a")) for source in (ours, foreign)]
    assert isinstance(run(world, Message("1", packed(asked)))["1"], Acknowledge)
    assert world.record(ours).state is State.DONE
    (letter,) = world.dead_letters.letters
    assert (letter.reason, parse(letter.body)) == ("foreign", (asked[1],))


def test_a_folder_marker_asks_nothing(world: SmallWorld) -> None:
    assert run(world, Message("1", s3("album/"))) == {"1": Acknowledge("nothing-asked")}


def test_a_message_of_mixed_fate_comes_back_for_the_part_that_failed(world: SmallWorld) -> None:
    upload(world, "good.jpg")
    upload(world, "leased.jpg")
    leased = Source("originals", "leased.jpg")
    world.ledger.claim(leased, etag="x", digest="d", revision=1, now=round(world.clock() * 1000), until=2**50)
    assert isinstance(run(world, Message("1", s3("good.jpg", "leased.jpg")))["1"], Retry)
    assert world.record(Source("originals", "good.jpg")).state is State.DONE


def test_untried_on_the_last_receive_a_copy_takes_the_messages_place(world: SmallWorld) -> None:
    asked = upload(world, "leased.jpg")
    world.ledger.claim(asked.source, etag="x", digest="d", revision=1, now=round(world.clock() * 1000), until=2**50)
    assert run(world, message_about(asked, receives=6)) == {"1": Acknowledge("copied")}
    assert world.queue.sent == [(replace(asked, copies=1), 900)]


def test_copies_are_capped(world: SmallWorld) -> None:
    asked = replace(upload(world, "a.jpg"), copies=batch.MOST_COPIES)
    assert isinstance(run(world, message_about(asked, receives=6), seconds=1)["1"], Retry)


def test_a_copy_that_cannot_be_queued_leaves_the_message_where_it_is(world: SmallWorld) -> None:
    world.queue.failing = Retryable("throttled")
    assert isinstance(run(world, message_about(upload(world, "a.jpg"), receives=6), seconds=1)["1"], Retry)


def test_tried_on_the_last_receive_it_goes_to_the_dead_letters_by_itself(world: SmallWorld) -> None:
    asked = upload(world, "a.jpg")
    world.originals.failing = Retryable("throttled")
    assert isinstance(run(world, message_about(asked, receives=6))["1"], Retry)
    assert world.queue.sent == []
    assert world.record(asked.source).state is State.DEAD


def test_what_cannot_finish_is_not_started(world: SmallWorld) -> None:
    verdict = run(world, message_about(upload(world, "a.jpg")), seconds=batch.LEAST_TIME - 1)["1"]
    assert isinstance(verdict, Retry)
    assert (verdict.reason, verdict.untried, world.ledger.writes) == ("out-of-time", True, 0)


def test_a_suspect_runs_alone_after_the_others(world: SmallWorld) -> None:
    suspect = upload(world, "suspect.jpg")
    now = round(world.clock() * 1000)
    world.ledger.claim(suspect.source, etag="x", digest="d", revision=1, now=now, until=now)
    settled_before: list[int] = []
    originals = world.originals.fetch

    def fetch(source: Source, unless: str | None = None) -> object:
        if source == suspect.source:
            settled_before.append(sum(record.state is State.DONE for record in world.ledger.records.values()))
        return originals(source, unless)

    world.originals.fetch = fetch  # type: ignore[method-assign, assignment]
    others = [message_about(upload(world, f"{n}.jpg"), id=f"other-{n}") for n in range(5)]
    run(world, message_about(suspect, id="suspect", receives=2), *others)
    assert settled_before == [5]


def test_a_letter_names_the_question_it_answers(world: SmallWorld) -> None:
    asked = upload(world, "bad.jpg", BAD)
    run(world, message_about(asked))
    assert parse(world.dead_letters.letters[0].body) == (asked,)


def test_an_outage_of_the_world_costs_no_message_its_last_receive(world: SmallWorld) -> None:
    messages = [message_about(upload(world, f"{n}.jpg"), id=str(n), receives=6) for n in range(20)]
    world.outage.reason = "seen by another worker"
    world.originals.failing = Retryable("throttled")
    verdicts = run(world, *messages)
    assert set(verdicts.values()) == {Acknowledge("copied")}
    assert len(world.queue.sent) == 20
    assert {record.state for record in world.ledger.records.values()} == {State.QUEUED}


def test_an_open_breaker_hands_the_batch_back_untried(world: SmallWorld) -> None:
    world.rules = replace(world.rules, side_by_side=1)
    messages = [message_about(upload(world, f"{n}.jpg"), id=str(n)) for n in range(20)]
    world.originals.failing = Retryable("throttled")
    verdicts = run(world, *messages)
    assert all(isinstance(verdict, Retry) for verdict in verdicts.values())
    assert world.originals.fetches == FAILURES_TO_OPEN
