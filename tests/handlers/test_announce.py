"""The ledger's stream on the embedded AWS: each settled source announced, each change counted once, whatever breaks."""

import base64
import json
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from aws.bus import EventBus
from aws.counters import DynamoCounters
from handlers import announce
from jobs.announcement import Announcement
from jobs.counters import Counters
from jobs.errors import Retryable
from jobs.ports import Claimed
from jobs.source import Made, Mark, Published, Record, Source, State, Stored
from local.stack import Stack
from local.stream import StreamMapping
from tests.handlers.test_worker import Context

pytestmark = pytest.mark.embedded

MADE = Made("jpeg", 40, 30, 1000, "ab" * 32, base64.b64encode(b"hash").decode(), 120, "fused")


@dataclass
class Bus:
    """Remembers what it was told; breaks as often as it is told to."""

    told: list[Announcement] = field(default_factory=list)
    breaks: int = 0

    def tell(self, announcements: list[Announcement]) -> None:
        if self.breaks:
            self.breaks -= 1
            raise Retryable("not-told")
        self.told += announcements


@dataclass
class Stage:
    bucket: str
    bus: Bus
    stack: Stack

    def source(self) -> Source:
        return Source(self.bucket, f"{uuid.uuid4().hex}/a <b>.jpg")

    def claimed(self, source: Source) -> Record:
        now = round(time.time() * 1000)
        claim = announce._aws().ledger.claim(source, etag=None, digest="d", revision=1, now=now, until=now + 60_000)
        assert isinstance(claim, Claimed)
        return claim.record

    def published(self, source: Source) -> None:
        now = round(time.time() * 1000)
        stored = Stored("thumb", "jpeg", 4, 3, 300, "cd" * 16, "d", "e-x86_64")
        published = Published("0" * 32, "d", "e-x86_64", 1, now, (stored,), MADE)
        announce._aws().ledger.publish(self.claimed(source), published, now=now)

    def rejected(self, source: Source) -> None:
        mark = Mark("e", "d")
        announce._aws().ledger.reject(self.claimed(source), mark, "truncated", "", revision=1, now=1)

    def deleted(self, source: Source) -> None:
        announce._aws().ledger.deleted(self.claimed(source), revision=1, now=1)

    def records(self, *sources: Source) -> list[dict[str, Any]]:
        """What the stream says of these, as Lambda hands it over."""
        recorder = Recorder()
        mapping = StreamMapping(self.stack.endpoint, self.stack.outputs["TableStream"], recorder)
        wanted = {source.id for source in sources}
        for shard in mapping._shards():
            seen = -1
            while seen < len(recorder.seen):  # a page ends at 1,000 records
                seen = len(recorder.seen)
                mapping._step(shard)
        return [record for record in recorder.seen if record["dynamodb"]["Keys"]["pk"]["S"] in wanted]

    def counted(self) -> Counters:
        return announce._aws().counters.read()

    def told(self, source: Source) -> list[tuple[str, str]]:
        return [(each.type, each.detail["id"]) for each in self.bus.told if each.detail["source"]["id"] == source.id]


@dataclass
class Recorder:
    seen: list[dict[str, Any]] = field(default_factory=list)

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: Any) -> Any:
        self.seen += json.loads(json.dumps(event))["Records"]

    def close(self) -> None:
        pass


@pytest.fixture
def stage(deployed: Stack, embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    announce._aws.cache_clear()
    bus, aws = Bus(), announce._aws()
    monkeypatch.setattr(announce, "_aws", lambda: replace(aws, bus=bus))
    return Stage(embedded_stack["SAFELIGHT_ORIGINALS"], bus, deployed)


def handed(records: list[dict[str, Any]]) -> list[str]:
    """The sequence numbers that come back."""
    answer = announce.handler({"Records": records}, Context())
    return [each["itemIdentifier"] or "" for each in answer["batchItemFailures"]]


def test_each_source_that_settles_is_announced_and_counted(stage: Stage) -> None:
    done, rejected, deleted = stage.source(), stage.source(), stage.source()
    before = stage.counted()
    stage.published(done)
    stage.rejected(rejected)
    stage.deleted(deleted)
    assert handed(stage.records(done, rejected, deleted)) == []
    assert stage.told(done) == [("Image Published", f"{done.id}-1")]
    assert stage.told(rejected) == [("Image Rejected", f"{rejected.id}-1")]
    assert stage.told(deleted) == [("Image Deleted", f"{deleted.id}-1")]
    after = stage.counted()
    for state in (State.DONE, State.REJECTED, State.DELETED):
        assert after.states[state] == before.states.get(state, 0) + 1
    assert after.states.get(State.PROCESSING, 0) == before.states.get(State.PROCESSING, 0)
    assert (after.bytes_in - before.bytes_in, after.bytes_out - before.bytes_out) == (1000, 300)
    assert sum(after.minutes.values()) == sum(before.minutes.values()) + 1


def test_what_is_handed_over_twice_is_counted_once_and_known_by_its_id(stage: Stage) -> None:
    source = stage.source()
    stage.published(source)
    records = stage.records(source)
    handed(records)
    counted = stage.counted()
    for again in (records, records[1:], records[:1]):
        handed(again)
    assert stage.counted() == counted
    assert len(set(stage.told(source))) == 1


@pytest.mark.parametrize("crash", ["before the bus", "before the count"])
def test_a_failure_anywhere_loses_nothing(stage: Stage, crash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = stage.source()
    stage.published(source)
    records, before = stage.records(source), stage.counted()
    with monkeypatch.context() as broken:
        if crash == "before the bus":
            stage.bus.breaks = 1
        else:
            broken.setattr(DynamoCounters, "count", _fails)
        assert handed(records) == [records[0]["dynamodb"]["SequenceNumber"]]
    assert stage.counted() == before
    assert handed(records) == []
    assert stage.counted().states[State.DONE] == before.states.get(State.DONE, 0) + 1
    assert set(stage.told(source)) == {("Image Published", f"{source.id}-1")}


def test_what_is_erased_is_told_as_deleted_by_its_last_name(stage: Stage) -> None:
    source = stage.source()
    stage.published(source)
    record = announce._aws().ledger.read(source)
    assert record
    assert announce._aws().ledger.erase(record, now=1)
    handed(stage.records(source))
    assert stage.told(source)[-1] == ("Image Deleted", f"{source.id}-2")


def test_an_event_that_outlived_its_erased_source_is_counted_out_again(stage: Stage) -> None:
    source, ledger = stage.source(), announce._aws().ledger
    stage.published(source)
    record = ledger.read(source)
    assert record
    assert ledger.erase(record, now=1)
    handed(stage.records(source))
    before = stage.counted()
    stage.deleted(source)
    handed(stage.records(source))
    left = {state: count for state, count in stage.counted().states.items() if count}
    assert left == {state: count for state, count in before.states.items() if count}
    assert stage.told(source)[-1] == ("Image Deleted", f"{source.id}-3"), "told again, under a fence of its own"


def test_the_bus_takes_an_announcement(stage: Stage) -> None:
    detail = {"id": "a-1", "source": {"id": "a", "bucket": "b", "key": "k"}}
    EventBus(lambda: boto3.client("events"), "default").tell([Announcement("Image Deleted", detail)] * 11)


def _fails(*_: object) -> None:
    raise Retryable("throttled")
