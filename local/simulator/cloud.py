"""The whole of it: S3 tells SNS, SNS tells SQS, a mapping calls the function, and the ledger remembers.

put ─▶ originals ─▶ event ─▶ queue ─▶ deliver ─▶ batch.run ─▶ deleted, or visible again later ─▶ dead letters
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus

from jobs.admission import Admission
from jobs.batch import Message
from jobs.breaker import Breaker
from jobs.catalog import CurrentCatalog, RecipeBook
from jobs.events import ABSENT
from jobs.process import Render, Retry, Verdict, World
from jobs.source import Source
from local.simulator.buckets import Originals, Renditions
from local.simulator.catalog import CatalogStore
from local.simulator.clock import Clock
from local.simulator.gates import Gate, Gated, open_gate
from local.simulator.ledger import Ledger
from local.simulator.outage import Intake, Outage
from local.simulator.place import Place
from local.simulator.queues import DeadLetters, Queue, Sqs

Function = Callable[[Sequence[Message]], Mapping[str, Verdict]]
"""What the mapping calls: a verdict for each message."""


ROOM = 2**30
"""Bytes of originals that one worker takes in at once."""


@dataclass
class Cloud:
    """Everything in memory, each part within reach. The same seed gives the same cloud."""

    seed: int = 0
    max_receives: int = 6
    visibility: float = 360.0
    duplicates: float = 0.0
    """How likely an event is to be sent twice."""
    clock: Clock = field(default_factory=Clock)
    originals: Originals = field(default_factory=Originals)
    renditions: Renditions = field(default_factory=Renditions)
    ledger: Ledger = field(default_factory=Ledger)
    store: CatalogStore = field(default_factory=CatalogStore)
    outage: Outage = field(default_factory=Outage)
    intake: Intake = field(default_factory=Intake)
    place: Place = field(default_factory=Place)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)  # noqa: S311
        dead = Sqs(self.clock, visibility=30.0, dice=self.dice)
        lane = Sqs(self.clock, self.visibility, self.max_receives, dead, self.dice)
        self.queue, self.dead_letters = Queue(lane), DeadLetters(dead)
        self.originals.told = self._notify
        self.renditions.clock = self.clock

    @property
    def lanes(self) -> tuple[Queue, ...]:
        return (self.queue,)

    def put(self, source: Source, body: bytes) -> str:
        return self.originals.put(source, body)

    def delete(self, source: Source) -> None:
        self.originals.delete(source)

    def worker(self, render: Render, engine: str, *, gate: Gate = open_gate, skew: float = 0.0) -> World:
        """A worker that has just started: nothing cached, its clock `skew` seconds ahead, its calls through `gate`."""
        return a_worker(self, render, engine, ROOM, gate=gate, skew=skew)

    def deliver(self, function: Function, most: int = 1) -> Sequence[str]:
        """One batch from the queue to the function, as the event source mapping does it; what was acknowledged.

        Whatever the function raises is raised here; its messages come back when their visibility ends.
        """
        received = [(each.receipt, Message(each.id, each.body, each.receives)) for each in self.queue.sqs.receive(most)]
        if not received:
            return ()
        verdicts = function([message for _, message in received])
        return [message.id for receipt, message in received if self.answer(receipt, verdicts[message.id])]

    def answer(self, receipt: str, verdict: Verdict) -> bool:
        """Deletes what was acknowledged, makes visible again later what was not."""
        if isinstance(verdict, Retry):
            self.queue.sqs.postpone(receipt, verdict.seconds)
            return False
        self.queue.sqs.delete(receipt)
        return True

    def _notify(self, source: Source, etag: str) -> None:
        for _ in range(2 if self.dice.random() < self.duplicates else 1):
            self.queue.sqs.send(event(source, etag))


class Parts(Protocol):
    """Where a worker's ports are found: in a cloud, or in a test's own small world."""

    originals: Originals
    renditions: Renditions
    ledger: Ledger
    store: CatalogStore
    queue: Queue
    dead_letters: DeadLetters
    outage: Outage
    intake: Intake
    clock: Clock


def a_worker(
    parts: Parts, render: Render, engine: str, room: int, *, gate: Gate = open_gate, skew: float = 0.0
) -> World:
    """What a worker touches, with `room` bytes for originals."""
    store = Gated("catalog", parts.store, gate)

    def clock() -> float:
        return parts.clock() + skew

    return World(
        originals=Gated("originals", parts.originals, gate),
        renditions=Gated("renditions", parts.renditions, gate),
        ledger=Gated("ledger", parts.ledger, gate),
        queue=Gated("queue", parts.queue, gate),
        dead_letters=Gated("dead_letters", parts.dead_letters, gate),
        catalog=CurrentCatalog(store),
        recipes=RecipeBook(store),
        render=render,
        engine=engine,
        breaker=Breaker(Gated("outage", parts.outage, gate), Gated("intake", parts.intake, gate), clock),
        room=Admission(room),
        clock=clock,
    )


def event(source: Source, etag: str) -> str:
    """S3's event as it comes through SNS into SQS."""
    entity = {"key": quote_plus(source.key), **({} if etag == ABSENT else {"eTag": etag, "size": 1})}
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectRemoved:Delete" if etag == ABSENT else "ObjectCreated:Put",
        "s3": {"bucket": {"name": source.bucket}, "object": entity},
    }
    return json.dumps({"Type": "Notification", "Message": json.dumps({"Records": [record]})})
