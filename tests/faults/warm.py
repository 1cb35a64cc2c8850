"""A Lambda that stays warm: handlers.worker with its children, fed by an event source mapping, on an AWS in memory.

What would end a child is an original that names it (tests/imaging/probing.py); every other one is rendered.
"""

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any

import pytest

from handlers import worker
from imaging import pipeline
from imaging.limits import MIB
from imaging.recipe import Recipe
from imaging.sandbox import Sandbox
from jobs import catalog
from jobs.process import World
from jobs.source import Record, Source
from local.simulator.clock import Clock
from local.simulator.cloud import Cloud
from local.simulator.queues import Message
from tests.handlers.test_worker import Context
from tests.imaging.drawing import scene, write
from tests.jobs.worlds import recipe
from tests.local import processes

PROBING = "tests.imaging.probing"
RECIPE: Recipe = recipe()
VCPUS = 2

#: Bytes that a child may take for an original that needs a few.
MEMORY = 128 * MIB

#: Seconds of an invocation.
INVOCATION = 120.0

ENVIRONMENT = {
    "SAFELIGHT_ORIGINALS": "originals",
    "SAFELIGHT_RENDITIONS": "renditions",
    "SAFELIGHT_TABLE": "ledger",
    "SAFELIGHT_QUEUE_URL": "http://127.0.0.1/fresh",
    "SAFELIGHT_DEAD_LETTERS_URL": "http://127.0.0.1/dead",
    "SAFELIGHT_MAX_RECEIVES": "6",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(1769 * VCPUS),
}
CACHED = (worker._settings, worker._rules, worker._world, worker._sandbox, worker._vcpus)


@dataclass
class Warm:
    """The clock of everything is the cloud's, and stands still; children live in real time."""

    cloud: Cloud

    def upload(self, bodies: Sequence[bytes]) -> list[Source]:
        """Originals of an album of their own; S3's events wait in the queue."""
        album = uuid.uuid4().hex
        sources = [Source("originals", f"{album}/{number}.jpg") for number in range(len(bodies))]
        for source, body in zip(sources, bodies, strict=True):
            self.cloud.put(source, body)
        return sources

    @property
    def waiting(self) -> list[Message]:
        return self.cloud.queue.sqs.messages

    def invoke(self, seconds: float = INVOCATION) -> tuple[list[Message], set[str]]:
        """One batch of what is visible, in the order of its sending, and the ids that the handler says failed."""
        received = sorted(self.cloud.queue.sqs.receive(10), key=lambda message: int(message.id.partition("-")[2]))
        answer = worker.handler(_event(received), Context(milliseconds=round(seconds * 1000)))
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for message in received:
            if message.id not in failed:
                self.cloud.queue.sqs.delete(message.receipt)
        return received, failed

    def drain(self) -> None:
        """Until the queue is empty, whatever time that takes the messages."""
        while (at := self.cloud.queue.sqs.next_visible()) is not None:
            self.cloud.clock.now = max(self.cloud.clock.now, at)
            self.invoke()

    def record(self, source: Source) -> Record | None:
        return self.cloud.ledger.read(source)

    def not_whole(self, sources: Sequence[Source]) -> list[str]:
        """Those of which not every rendition is visible and stored, byte for byte."""
        return [f"not published whole: {source.key}" for source in sources if self._shown(source) != self._bodies]

    @cached_property
    def _bodies(self) -> Mapping[str, bytes]:
        return {image.name: image.body for image in pipeline.render(PHOTO, RECIPE).images}

    def _shown(self, source: Source) -> Mapping[str, bytes]:
        record = self.record(source)
        shown = record.published.renditions if record and record.published else ()
        stored = self.cloud.renditions.objects
        return {
            each.name: body
            for each in shown
            for key, body in stored.items()
            if key.startswith(f"{source.id}/") and f"/{each.name}." in key
        }


PHOTO = write(scene(), "jpeg")


@contextmanager
def warmed_up(monkeypatch: pytest.MonkeyPatch, timeout: float = 15.0) -> Iterator[Warm]:
    """A worker of its own, its children coming up. `timeout` in seconds, for originals that take milliseconds."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for cache in CACHED:
        cache.cache_clear()
    cloud = Cloud(clock=Clock(time.time()))
    catalog.release(cloud.store, [RECIPE], [("", RECIPE.name)])
    monkeypatch.setattr(worker, "_aws", lambda: _ports(cloud))
    monkeypatch.setattr(worker, "time", SimpleNamespace(time=cloud.clock))
    monkeypatch.setattr(worker, "World", partial(World, clock=cloud.clock))
    monkeypatch.setattr(worker, "Sandbox", partial(Sandbox, entry=PROBING, memory=MEMORY))
    monkeypatch.setattr(worker, "RENDER_TIMEOUT", timeout)
    with worker._sandbox():
        yield Warm(cloud)
    for cache in CACHED:
        cache.cache_clear()


def children() -> frozenset[int]:
    """The sandbox's, by their process ids."""
    return frozenset(pid for pid in processes.children("self") if PROBING in processes.command(pid))


def _ports(cloud: Cloud) -> Any:
    return SimpleNamespace(
        originals=cloud.originals,
        renditions=cloud.renditions,
        ledger=cloud.ledger,
        catalog=cloud.store,
        queue=cloud.queue,
        lane=lambda _: cloud.queue,
        dead_letters=cloud.dead_letters,
        outage=cloud.outage,
        intake=cloud.intake,
        analyst=None,
    )


def _event(messages: Sequence[Message]) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {
        "Records": [
            {
                "messageId": message.id,
                "receiptHandle": message.receipt,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:fresh",
                "awsRegion": "eu-central-1",
            }
            for message in messages
        ]
    }
