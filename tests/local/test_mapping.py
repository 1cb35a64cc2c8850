"""The event source mapping against real queues, and handlers in real processes."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.embedded import a_free_port, embedded
from local.endpoint import Endpoint
from local.environment import InvocationFailed, ProcessEnvironment
from local.mapping import Counts, EventSourceMapping, State, event, failures
from local.stack import EventSource, Function
from tests.local.processes import eventually

IDS = ["one", "two"]


class TestAnswers:
    """Lambda's table of what an answer means."""

    @pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
    def test_nothing_reported_is_success(self, answer: object) -> None:
        assert failures(answer, IDS) == set()

    def test_only_what_is_reported_has_failed(self) -> None:
        assert failures({"batchItemFailures": [{"itemIdentifier": "two"}]}, IDS) == {"two"}

    @pytest.mark.parametrize(
        "entry", [{"itemIdentifier": "three"}, {"itemIdentifier": ""}, {"itemIdentifier": None}, {"id": "one"}, "one"]
    )
    def test_one_entry_that_names_no_message_fails_everything(self, entry: object) -> None:
        assert failures({"batchItemFailures": [{"itemIdentifier": "one"}, entry]}, IDS) == {"one", "two"}

    @pytest.mark.parametrize("answer", ["done", 3, ["one"]])
    def test_an_answer_that_is_no_object_fails_everything(self, answer: object) -> None:
        assert failures(answer, IDS) == {"one", "two"}


class TestEvents:
    """SQS messages in Lambda's spelling."""

    def test_a_record_has_lambdas_names(self) -> None:
        message: Any = {
            "MessageId": "one",
            "ReceiptHandle": "handle",
            "Body": "body",
            "MD5OfBody": "5d",
            "Attributes": {"ApproximateReceiveCount": "1"},
        }
        assert event([message], "arn:aws:sqs:eu-west-1:1:q", "eu-west-1") == {
            "Records": [
                {
                    "messageId": "one",
                    "receiptHandle": "handle",
                    "body": "body",
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "messageAttributes": {},
                    "md5OfBody": "5d",
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q",
                    "awsRegion": "eu-west-1",
                }
            ]
        }

    def test_attributes_of_text_and_bytes_are_carried(self) -> None:
        message: Any = {
            "MessageId": "one",
            "ReceiptHandle": "handle",
            "Body": "body",
            "MD5OfBody": "5d",
            "MD5OfMessageAttributes": "77",
            "Attributes": {},
            "MessageAttributes": {
                "reason": {"DataType": "String", "StringValue": "truncated"},
                "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
            },
        }
        (record,) = event([message], "arn", "eu-west-1")["Records"]
        lists = {"stringListValues": [], "binaryListValues": []}
        assert record["md5OfMessageAttributes"] == "77"
        assert record["messageAttributes"] == {
            "reason": {"dataType": "String", "stringValue": "truncated", **lists},
            "seal": {"dataType": "Binary", "binaryValue": "AP8=", **lists},
        }


class Heard:
    """An environment that keeps what it is handed, and answers by a function."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], Any]) -> None:
        self.answer = answer
        self.events: list[Mapping[str, Any]] = []

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Mapping[str, Any]) -> Any:
        self.events.append(event)
        return self.answer(event)

    def close(self) -> None:
        pass


class Lane:
    """A queue with its dead letters, and mappings that read it."""

    def __init__(self, aws: Endpoint, make_queue: Callable[..., str], directory: Path) -> None:
        self.aws, self.make_queue, self.directory = aws, make_queue, directory
        self.sqs = aws.client("sqs")
        self.letters = make_queue()
        self.ending = ExitStack()

    def open(self, *, visibility: int = 30, receives: int = 6) -> None:
        arn = self.attribute(self.letters, "QueueArn")
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
        self.url = self.make_queue(VisibilityTimeout=str(visibility), RedrivePolicy=redrive)

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def attribute(self, url: str, name: str) -> str:
        return str(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def waiting(self, url: str) -> int:
        return int(self.attribute(url, "ApproximateNumberOfMessages"))

    def source(self, *, window: int = 0, concurrency: int = 1, size: int = 10, partial: bool = True) -> EventSource:
        return EventSource(
            queue_url=self.url,
            queue_arn=self.attribute(self.url, "QueueArn"),
            batch_size=size,
            window=window,
            maximum_concurrency=concurrency,
            partial=partial,
            max_receives=6,
            dead_letters_url=self.letters,
        )

    def heard(self, answer: Callable[[Mapping[str, Any]], Any] = lambda _: None, **settings: Any) -> Heard:
        environment = Heard(answer)
        self.mapping = EventSourceMapping(self.aws, self.source(**settings), lambda: environment)
        self.ending.enter_context(self.mapping)
        return environment

    def obeyed(self, *, timeout: int = 30, **settings: Any) -> EventSourceMapping:
        function = Function("obey", "arn", "tests.local.handlers_for_tests.obey", 1769, timeout, {})
        log = self.directory / "worker.log"
        mapping = EventSourceMapping(
            self.aws, self.source(**settings), lambda: ProcessEnvironment(function, self.aws.variables, log)
        )
        return self.ending.enter_context(mapping)


@pytest.fixture
def lane(embedded_aws: Endpoint, make_queue: Callable[..., str], tmp_path: Path) -> Iterator[Lane]:
    lane = Lane(embedded_aws, make_queue, tmp_path)
    lane.open()
    with lane.ending:
        yield lane


@pytest.mark.embedded
class TestBatches:
    def test_a_batch_is_never_larger_than_its_size(self, lane: Lane) -> None:
        lane.send(*(str(number) for number in range(7)))
        heard = lane.heard(size=3)
        assert eventually(lambda: sum(len(event["Records"]) for event in heard.events) == 7)
        assert max(len(event["Records"]) for event in heard.events) <= 3

    def test_a_batch_waits_for_its_window_to_be_filled(self, lane: Lane) -> None:
        heard = lane.heard(window=2)
        lane.send("first")
        lane.send("second")
        lane.send("third")
        assert eventually(lambda: heard.events)
        assert [record["body"] for record in heard.events[0]["Records"]] == ["first", "second", "third"]

    def test_a_batch_larger_than_one_receive_is_gathered(self, lane: Lane) -> None:
        lane.send(*(str(number) for number in range(15)))
        heard = lane.heard(window=1, size=15)
        assert eventually(lambda: heard.events)
        assert len(heard.events[0]["Records"]) == 15

    def test_what_succeeded_is_deleted(self, lane: Lane) -> None:
        lane.send("ok", "ok")
        mapping = lane.obeyed()
        assert mapping.drain(within=20)
        assert mapping.counts == Counts(received=2, batches=mapping.counts.batches, in_flight=0, deleted=2, failed=0)

    def test_every_slot_has_a_batch_and_a_process_of_its_own(self, lane: Lane) -> None:
        mapping = lane.obeyed(concurrency=3, size=1)
        lane.send("wait 1", "wait 1", "wait 1", "wait 1")
        assert eventually(lambda: mapping.counts.in_flight == 3)
        assert mapping.drain(within=20)


@pytest.mark.embedded
class TestFailures:
    def test_only_the_reported_message_comes_back(self, lane: Lane) -> None:
        lane.open(visibility=2)
        lane.send("ok", "fail", "ok")
        heard = lane.heard(_report("fail"), window=1)
        assert eventually(lambda: len(heard.events) >= 2)
        assert sorted(record["body"] for record in heard.events[0]["Records"]) == ["fail", "ok", "ok"]
        (record,) = heard.events[1]["Records"]
        assert record["body"] == "fail"
        assert record["attributes"]["ApproximateReceiveCount"] == "2"

    def test_a_failed_message_stays_hidden_until_its_visibility_ends(self, lane: Lane) -> None:
        lane.send("fail")
        mapping = lane.obeyed()
        assert eventually(lambda: mapping.counts.failed == 1)
        assert lane.attribute(lane.url, "ApproximateNumberOfMessagesNotVisible") == "1"
        assert mapping.counts.received == 1

    @pytest.mark.parametrize("order", ["raise", "unknown", "exit", "kill"])
    def test_a_batch_that_gives_no_proper_answer_fails_whole(self, lane: Lane, order: str) -> None:
        lane.send("ok", order)
        mapping = lane.obeyed(window=1)
        assert eventually(lambda: mapping.counts.failed == 2)
        assert mapping.counts.deleted == 0

    def test_a_batch_over_its_time_fails_whole_and_the_next_is_served(self, lane: Lane) -> None:
        lane.send("ok", "hang")
        mapping = lane.obeyed(timeout=1, window=1)
        assert eventually(lambda: mapping.counts.failed == 2)
        lane.send("ok")
        assert eventually(lambda: mapping.counts.deleted == 1)

    def test_a_message_that_never_succeeds_becomes_a_dead_letter_by_its_receives(self, lane: Lane) -> None:
        lane.open(visibility=1, receives=2)
        lane.send("fail")
        mapping = lane.obeyed()
        assert eventually(lambda: lane.waiting(lane.letters) == 1, within=20)
        assert mapping.counts.failed == 2

    def test_without_partial_answers_only_an_error_fails(self, lane: Lane) -> None:
        lane.send("fail")
        mapping = lane.obeyed(partial=False)
        assert mapping.drain(within=20)
        assert mapping.counts.deleted == 1

    def test_visibility_that_the_handler_set_is_left_as_it_is(self, lane: Lane) -> None:
        """Back-off belongs to the handler."""

        def back_off(event: Mapping[str, Any]) -> Any:
            for record in event["Records"]:
                lane.sqs.change_message_visibility(
                    QueueUrl=lane.url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=1
                )
            return _report("fail")(event)

        lane.send("fail")
        heard = lane.heard(back_off)
        assert eventually(lambda: len(heard.events) >= 2)


@pytest.mark.embedded
class TestStartAndStop:
    def test_what_is_received_while_stopping_is_given_back(self, lane: Lane) -> None:
        mapping = EventSourceMapping(lane.aws, lane.source(window=2), lambda: Heard(_never))
        mapping.start()
        lane.send("untried")
        assert eventually(lambda: lane.waiting(lane.url) == 0)
        mapping.stop()
        assert lane.waiting(lane.url) == 1

    def test_stopping_lets_a_batch_end_within_its_grace(self, lane: Lane) -> None:
        lane.send("wait 1")
        mapping = lane.obeyed()
        assert eventually(lambda: mapping.counts.in_flight == 1)
        mapping.stop(grace=10)
        assert mapping.counts.deleted == 1

    def test_stopping_without_grace_ends_a_batch_in_the_middle(self, lane: Lane) -> None:
        lane.send("hang")
        mapping = lane.obeyed()
        assert eventually(lambda: mapping.counts.in_flight == 1)
        mapping.stop()
        assert mapping.counts.failed == 1
        assert mapping.counts.in_flight == 0

    def test_a_batch_that_is_ended_by_stopping_is_no_news(self, lane: Lane, caplog: pytest.LogCaptureFixture) -> None:
        lane.send("hang")
        mapping = lane.obeyed()
        assert eventually(lambda: mapping.counts.in_flight == 1)
        with caplog.at_level(logging.WARNING, "local"):
            mapping.stop()
        assert mapping.counts.failed == 1
        assert not caplog.messages

    def test_draining_tells_when_it_took_too_long(self, lane: Lane) -> None:
        lane.send("hang")
        assert not lane.obeyed().drain(within=0.5)

    def test_draining_survives_an_outage(self, tmp_path: Path) -> None:
        """The first looks find nobody who answers, and are no proof of an empty queue."""
        port = a_free_port()
        endpoint = Endpoint(f"http://127.0.0.1:{port}")
        mapping = EventSourceMapping(endpoint, _on(endpoint), lambda: Heard(_never))
        assert not mapping.drain(within=0.5)
        drained: list[bool] = []
        waiting = threading.Thread(target=lambda: drained.append(mapping.drain(within=60)))
        waiting.start()
        with embedded(tmp_path, port=port):
            endpoint.client("sqs").create_queue(QueueName="queue")
            waiting.join()
        assert drained == [True]

    def test_an_outage_is_survived(self, tmp_path: Path) -> None:
        """Nothing answers when the mapping starts."""
        port = a_free_port()
        endpoint = Endpoint(f"http://127.0.0.1:{port}")
        heard = Heard(lambda _: None)
        source = _on(endpoint)
        with EventSourceMapping(endpoint, source, lambda: heard), embedded(tmp_path, port=port):
            sqs = endpoint.client("sqs")
            sqs.create_queue(QueueName="queue")
            sqs.send_message(QueueUrl=source.queue_url, MessageBody="after all")
            assert eventually(lambda: heard.events, within=20)


@pytest.mark.embedded
class TestPauseAndResume:
    def test_a_paused_mapping_receives_nothing_until_it_is_resumed(self, lane: Lane) -> None:
        mapping = lane.obeyed(concurrency=2)
        mapping.pause()
        assert eventually(lambda: mapping.state is State.DISABLED)
        lane.send("ok")
        time.sleep(1.5)
        assert (mapping.counts.received, lane.waiting(lane.url)) == (0, 1)
        mapping.resume()
        assert eventually(lambda: mapping.state is State.ENABLED)
        assert mapping.drain(within=20)

    def test_a_batch_in_flight_ends_in_its_own_time(self, lane: Lane) -> None:
        lane.send("wait 2")
        mapping = lane.obeyed(concurrency=2)
        assert eventually(lambda: mapping.counts.in_flight == 1)
        mapping.pause()
        assert mapping.state is State.DISABLING
        assert eventually(lambda: mapping.state is State.DISABLED)
        assert mapping.counts.deleted == 1

    def test_what_was_received_when_the_pause_came_is_worked_on_without_waiting_for_more(self, lane: Lane) -> None:
        """It cost a receive; given back untried, its last one would be lost."""
        heard = lane.heard(window=600)
        lane.send("received")
        assert eventually(lambda: lane.waiting(lane.url) == 0)
        lane.mapping.pause()
        assert eventually(lambda: heard.events)

    def test_a_paused_mapping_stops_at_once(self, lane: Lane) -> None:
        mapping = lane.obeyed()
        mapping.pause()
        assert eventually(lambda: mapping.state is State.DISABLED)
        started = time.monotonic()
        mapping.stop()
        assert time.monotonic() - started < 1


def _on(endpoint: Endpoint) -> EventSource:
    url = f"{endpoint.url}/000000000000/queue"
    return EventSource(url, "arn", 10, 0, 1, partial=True, max_receives=6, dead_letters_url="")


def _report(body: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda event: {
        "batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == body]
    }


def _never(event: Mapping[str, Any]) -> Any:
    raise InvocationFailed("was not to be invoked")
