"""The Lambda handler on the embedded AWS: events as AWS shapes them in, exactly the failures out."""

import io
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import boto3
import pytest

from handlers import worker
from jobs import book, catalog, events
from jobs.events import Asked
from jobs.source import Record, Source, State
from local.template import TEMPLATE
from tests.imaging.drawing import scene, write

pytestmark = pytest.mark.embedded

RECIPES = TEMPLATE.parent / "recipes"


@dataclass
class Context:
    """What Lambda tells of an invocation, as far as anyone here asks."""

    function_name: str = "worker"
    memory_limit_in_mb: int = 1769
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
    aws_request_id: str = "6bc28136-xmpl-4365-b021-0ce6b2e64ab0"
    milliseconds: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_a_worker_that_is_asked_how_many_vcpus_it_has_touches_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_world", None)
    said = worker.handler({"busy": 2}, Context())  # type: ignore[arg-type]
    assert (said["threads"], said["wall"] > 0, said["cpu"] > 0) == (2, True, True)


@dataclass
class Lane:
    environment: dict[str, str]
    album: str

    def upload(self, name: str, body: bytes) -> Asked:
        key = f"{self.album}/{name}"
        boto3.client("s3").put_object(Bucket=self.environment["SAFELIGHT_ORIGINALS"], Key=key, Body=body)
        return Asked(Source(self.environment["SAFELIGHT_ORIGINALS"], key), "etag-of-the-event")

    def record(self, asked: Asked) -> Record:
        record = worker._aws().ledger.read(asked.source)
        assert record is not None
        return record


@pytest.fixture
def lane(embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Lane]:
    """A fresh worker: what the handler caches between invocations is forgotten before and after."""
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    cached = (worker._settings, worker._aws, worker._rules, worker._world)
    for cache in cached:
        cache.cache_clear()
    recipes = book.read(RECIPES)
    catalog.release(worker._aws().catalog, recipes.recipes, recipes.routes)
    yield Lane(embedded_stack, uuid.uuid4().hex)
    for cache in cached:
        cache.cache_clear()


@pytest.fixture
def bulk(lane: Lane, make_queue: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A bulk lane of this test's own; its URL."""
    url = make_queue()
    monkeypatch.setenv("SAFELIGHT_BULK_QUEUE_URL", url)
    worker._settings.cache_clear()
    worker._aws.cache_clear()
    return url


def sqs(*bodies: str) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1523232000000"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:fresh",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def s3(asked: Asked) -> dict[str, Any]:
    """A plain S3 event, as a direct invocation carries it."""
    entity = {"bucket": {"name": asked.source.bucket}, "object": {"key": asked.source.key, "eTag": asked.etag}}
    return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": entity}]}


def test_a_batch_is_done_rejected_and_lettered_and_nothing_comes_back(lane: Lane) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    bad = lane.upload("bad.jpg", b"Dear work")
    answer = worker.handler(sqs(events.message(good), events.message(bad), "<xml/>"), Context())
    assert answer == {"batchItemFailures": []}
    assert lane.record(good).state is State.DONE
    assert (lane.record(bad).state, lane.record(bad).reason) == (State.REJECTED, "not-an-image")


def test_only_the_message_that_must_come_back_is_named(lane: Lane) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    later = Asked(lane.upload("later.jpg", write(scene(), "jpeg")).source, events.ANY, revision=2**31)
    answer = worker.handler(sqs(events.message(good), events.message(later)), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}


def test_what_cannot_finish_in_time_is_handed_back(lane: Lane) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    answer = worker.handler(sqs(events.message(good)), Context(milliseconds=5_000))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert worker._aws().ledger.read(good.source) is None


def test_what_came_by_the_bulk_lane_goes_back_to_it(lane: Lane, bulk: str) -> None:
    """Untried on its last receive it is copied there; the fresh lane hears nothing of it."""
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    came = sqs(events.message(good))
    came["Records"][0]["eventSourceARN"] = f"arn:aws:sqs:eu-central-1:123456789012:{bulk.rpartition('/')[2]}"
    came["Records"][0]["attributes"]["ApproximateReceiveCount"] = lane.environment["SAFELIGHT_MAX_RECEIVES"]
    assert worker.handler(came, Context(milliseconds=5_000)) == {"batchItemFailures": []}
    waiting = boto3.client("sqs").receive_message(QueueUrl=bulk, WaitTimeSeconds=10)["Messages"]
    assert [events.parse(message["Body"]) for message in waiting] == [(replace(good, copies=1),)]


def test_a_message_is_postponed_on_the_lane_it_came_by(lane: Lane, bulk: str) -> None:
    queue = boto3.client("sqs")
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    queue.send_message(QueueUrl=bulk, MessageBody=events.message(good))
    (received,) = queue.receive_message(QueueUrl=bulk, VisibilityTimeout=600)["Messages"]
    came = sqs(events.message(good))
    came["Records"][0] |= {
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{bulk.rpartition('/')[2]}",
        "receiptHandle": received["ReceiptHandle"],
    }
    assert worker.handler(came, Context(milliseconds=5_000)) == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert queue.receive_message(QueueUrl=bulk, WaitTimeSeconds=10)["Messages"]  # long before its 600 seconds end


def test_a_plain_s3_event_is_done(lane: Lane) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    assert worker.handler(s3(good), Context()) == {"batchItemFailures": []}
    assert lane.record(good).state is State.DONE


def test_a_plain_s3_event_raises_if_a_record_failed(lane: Lane) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    with pytest.raises(worker.RecordsFailed, match="out-of-time"):
        worker.handler(s3(good), Context(milliseconds=5_000))


def test_every_line_about_a_source_names_it_and_its_message(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    for handler in logging.getLogger("jobs").handlers:
        if type(handler) is logging.StreamHandler:
            monkeypatch.setattr(handler, "stream", printed)
    bad = lane.upload("bad\n<b>.jpg", b"Dear work")
    worker.handler(sqs(events.message(bad)), Context())
    lines = [json.loads(line) for line in printed.getvalue().splitlines()]
    assert {line["message"].partition(":")[0] for line in lines} == {"rejected"}
    assert {(line["source"], line["key"], *line["message_ids"]) for line in lines} == {
        (bad.source.id, bad.source.key, "message-0")
    }


def test_metrics_leave_as_one_embedded_line(lane: Lane, capsys: pytest.CaptureFixture[str]) -> None:
    good = lane.upload("good.jpg", write(scene(), "jpeg"))
    worker.handler(sqs(events.message(good)), Context())
    emf = [document for line in capsys.readouterr().out.splitlines() if "_aws" in (document := json.loads(line))]
    assert any(document.get("Published") == [1.0] and document["RenderTime"][0] > 0 for document in emf)


def test_what_images_cost_leaves_by_recipe(lane: Lane, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [lane.upload(f"{number}.jpg", write(scene(), "jpeg")) for number in range(2)]
    worker.handler(sqs(*map(events.message, asked)), Context())
    emf = [document for line in capsys.readouterr().out.splitlines() if "_aws" in (document := json.loads(line))]
    (cost,) = [document for document in emf if document.get("recipe") == "default"]
    renditions = [lane.record(one).published.renditions for one in asked]  # type: ignore[union-attr]
    assert cost["Images"] == [2.0]
    assert cost["StorageRequests"] == [2.0 + sum(map(len, renditions))]
    assert 1 < cost["Microdollars"][0] < 200


def test_how_the_children_are_closed_in_is_told_when_nothing_is_published_too(
    lane: Lane, capsys: pytest.CaptureFixture[str]
) -> None:
    worker.handler(sqs(events.message(lane.upload("bad.jpg", b"Dear worker"))), Context())
    emf = [document for line in capsys.readouterr().out.splitlines() if "_aws" in (document := json.loads(line))]
    assert [document["SandboxPartial"] for document in emf if "Rejected" in document] == [[0.0]]
