"""The AWS in memory: as unkind as it is told to be, and the same every time."""

import random

import pytest

from jobs import events
from jobs.batch import Message
from jobs.errors import Retryable
from jobs.events import ABSENT, ANY, Asked
from jobs.process import Acknowledge, Retry, Verdict
from jobs.source import Source
from local.simulator.buckets import Originals, etag_of
from local.simulator.clock import Clock
from local.simulator.cloud import Cloud
from local.simulator.gates import Crashed, Gated, Weather
from local.simulator.queues import Sqs

SOURCE = Source("originals", "Größe 1+2.jpg")


@pytest.fixture
def queue() -> Sqs:
    clock = Clock()
    return Sqs(clock, visibility=30, max_receives=2, dead_letters=Sqs(clock))


def test_a_received_message_is_hidden_until_its_visibility_ends(queue: Sqs) -> None:
    queue.send("body")
    assert [message.receives for message in queue.receive()] == [1]
    assert queue.receive() == []
    queue.clock.move(30)
    assert [message.receives for message in queue.receive()] == [2]


def test_a_message_that_was_received_often_enough_becomes_a_letter(queue: Sqs) -> None:
    queue.send("body")
    for _ in range(2):
        queue.receive()
        queue.clock.move(30)
    assert queue.receive() == []
    assert queue.dead_letters is not None
    assert [letter.body for letter in queue.dead_letters.messages] == ["body"]


@pytest.mark.parametrize(("deletes", "left"), [(True, 0), (False, 1)])
def test_a_stale_receipt_deletes_or_not_as_it_is_told(queue: Sqs, deletes: bool, left: int) -> None:
    queue.stale_receipts_delete = deletes
    queue.send("body")
    stale = queue.receive()[0].receipt
    queue.clock.move(30)
    queue.receive()
    queue.delete(stale)
    assert len(queue.messages) == left


def test_the_same_seed_delivers_in_the_same_order() -> None:
    def order(seed: int) -> list[str]:
        queue = Sqs(dice=random.Random(seed))
        for number in range(20):
            queue.send(str(number))
        return [message.body for message in queue.receive(20)]

    assert order(1) == order(1) != order(2)


def test_a_put_and_a_delete_are_told_through_the_queue() -> None:
    cloud = Cloud()
    cloud.put(SOURCE, b"a")
    cloud.delete(SOURCE)
    asked = [events.parse(message.body)[0] for message in cloud.queue.sqs.messages]
    assert asked == [Asked(SOURCE, etag_of(b"a")), Asked(SOURCE, ABSENT)]


def test_events_are_duplicated_as_often_as_it_is_told() -> None:
    cloud = Cloud(duplicates=1.0)
    cloud.put(SOURCE, b"a")
    assert len(cloud.queue.sqs.messages) == 2


def test_the_mapping_deletes_what_is_acknowledged_and_postpones_the_rest() -> None:
    cloud = Cloud()
    cloud.queue.send_many([Asked(SOURCE, ANY, revision) for revision in range(4)])

    def function(messages: list[Message]) -> dict[str, Verdict]:
        return {
            message.id: Acknowledge("done") if 'revision":0' in message.body else Retry(50, "leased")
            for message in messages
        }

    assert len(cloud.deliver(function, most=10)) == 1  # type: ignore[arg-type]
    assert [message.visible_at - cloud.clock() for message in cloud.queue.sqs.messages] == [50] * 3


def test_the_weather_refuses_loses_answers_and_ends_the_worker() -> None:
    originals = Originals()
    originals.put(SOURCE, b"a")

    def fetched_in(**weather: float) -> object:
        gate = Weather(Clock(), random.Random(0), **weather)  # type: ignore[arg-type]
        return Gated("originals", originals, gate).fetch(SOURCE)

    with pytest.raises(Retryable):
        fetched_in(fails=1.0)
    assert originals.fetches == 0, "refused before it was applied"
    with pytest.raises(Retryable):
        fetched_in(answer_lost=1.0)
    assert originals.fetches == 1, "applied, and then timed out"
    with pytest.raises(Crashed):
        fetched_in(crash=1.0)
    fetched_in()
    assert originals.fetches == 2
