"""The deployed system on an AWS in another process: its clients, its mapping, and what can be read of it afterwards."""

import hashlib
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import boto3

from aws.connect import Aws, connect
from imaging import recipe as recipes
from jobs import catalog, settings
from jobs.batch import Message
from jobs.errors import Malformed
from jobs.events import ANY, Asked, parse
from jobs.process import Acknowledge, Verdict
from jobs.source import Record, Source, State, Stored
from tests.faults.mortal import work
from tests.faults.stage import X, edition

LEASE_OVER = 1000.0
"""Seconds that a clock is put ahead, so that every lease has ended."""

SUFFIXES = {"jpeg": ".jpg", "webp": ".webp"}


class Stack:
    """Where everything is, and clients for it; `variables` are those of the worker."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables, self.settings = variables, settings.read(variables)
        self.aws: Aws = connect(self.settings)
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")


@dataclass
class Deployment:
    """One source of its own in a stack that others use too. Everything is read from the servers."""

    stack: Stack
    letters: list[str] = field(default_factory=list)
    """Reasons of the letters that were found."""

    events_take: ClassVar[float] = 0.1
    """Seconds from a put to its message in the queue, at most; measured: 6 ms."""

    def __post_init__(self) -> None:
        self.settings, self.aws = self.stack.settings, self.stack.aws
        self.s3, self.sqs = self.stack.s3, self.stack.sqs
        self.source = Source(self.settings.originals, f"{self.settings.prefix}{uuid.uuid4().hex}.jpg")
        self._release(edition(1))

    # ---- clients and operator ------------------------------------------------------------------------------------

    def put(self, body: bytes) -> None:
        self.s3.put_object(Bucket=self.source.bucket, Key=self.source.key, Body=body)

    def delete(self) -> None:
        self.s3.delete_object(Bucket=self.source.bucket, Key=self.source.key)

    def new_recipe(self) -> None:
        revision = self._release(edition(2))
        self.aws.queue.send(Asked(self.source, ANY, revision))

    def _release(self, edition: recipes.Recipe) -> int:
        return catalog.release(self.aws.catalog, [edition], [("", "default")]).revision

    # ---- the mapping ---------------------------------------------------------------------------------------------

    def receive(self, within: float = 5.0) -> dict[str, Any] | None:
        """The next message about the source; what others left in the queue is thrown away."""
        deadline = time.monotonic() + within
        while True:
            message: dict[str, Any]
            for message in self._receive(self.settings.queue_url):
                if any(asked.source == self.source for asked in parse(message["Body"])):
                    return message
                self.delete_message(message)
            if time.monotonic() > deadline:
                return None
            time.sleep(0.01)

    def _receive(self, url: str, at_once: int = 1) -> Sequence[Any]:
        return self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=at_once,
            WaitTimeSeconds=0,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])

    def see_again(self, message: dict[str, Any]) -> None:
        with suppress(self.sqs.exceptions.ReceiptHandleIsInvalid):  # another delivery was acknowledged meanwhile
            self.sqs.change_message_visibility(
                QueueUrl=self.settings.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def delete_message(self, message: dict[str, Any]) -> None:
        with suppress(self.sqs.exceptions.ReceiptHandleIsInvalid):
            self.sqs.delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=message["ReceiptHandle"])

    def answer(self, message: dict[str, Any], verdict: Verdict) -> None:
        if isinstance(verdict, Acknowledge):
            self.delete_message(message)
        else:
            self.see_again(message)

    def work(self, message: dict[str, Any], skew: float = 0.0) -> Verdict:
        """What a healthy worker makes of a message."""
        return work(as_message(message), self.aws, skew)

    def settle(self, body: bytes) -> None:
        """Uploads, and has a healthy worker answer the event."""
        self.put(body)
        message = self.receive()
        assert message, "S3's event did not come"
        self.answer(message, self.work(message))

    def drain(self, skew: float = 0.0) -> None:
        """A healthy worker, until nothing about the source is visible; what it hands back is tried after the lease."""
        while message := self.receive(within=self.events_take):
            self.answer(message, self.work(message, skew))
            skew = max(skew, LEASE_OVER)

    # ---- what is left --------------------------------------------------------------------------------------------

    def violations(self) -> list[str]:
        """What of the invariants does not hold, now that all messages are drained."""
        self._collect_letters()
        record = self.aws.ledger.read(self.source)
        body = self._object()
        if record is None:
            return ["1: never seen"]
        if body is None:
            return [] if (record.state, record.published) == (State.DELETED, None) else [f"1: not deleted: {record}"]
        return self._rejection(record, body) if body == X else self._publication(record, body)

    def _collect_letters(self) -> None:
        url = self.settings.dead_letters_url
        while letters := self._receive(url, at_once=10):
            for letter in letters:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
                if self._is_about_source(letter["Body"]):
                    self.letters.append(letter["MessageAttributes"]["reason"]["StringValue"])

    def _is_about_source(self, body: str) -> bool:
        try:
            return any(asked.source == self.source for asked in parse(body))
        except Malformed:
            return False

    def _object(self) -> bytes | None:
        try:
            return bytes(self.s3.get_object(Bucket=self.source.bucket, Key=self.source.key)["Body"].read())
        except self.s3.exceptions.NoSuchKey:
            return None

    def _rejection(self, record: Record, body: bytes) -> list[str]:
        digest = self.aws.catalog.current().digest_for(self.source.key)
        mark = record.rejected and (record.rejected.etag, record.rejected.digest)
        wrong = (
            [] if mark == (_etag(body), digest) and record.state is State.REJECTED else [f"1: not rejected: {record}"]
        )
        return wrong + ([] if "not-an-image" in self.letters else ["7: rejected, and no letter was sent"])

    def _publication(self, record: Record, body: bytes) -> list[str]:
        published, digest = record.published, self.aws.catalog.current().digest_for(self.source.key)
        if not published or (published.etag, published.digest, record.state) != (_etag(body), digest, State.DONE):
            return [f"1: not published: {record}"]
        return [
            f"2: {stored.name} is visible and not stored, byte for byte"
            for stored in published.renditions
            if self.aws.renditions.get(
                f"{self.source.id}/{published.etag}-{stored.digest}-{stored.engine}/{stored.name}{SUFFIXES[stored.format]}"
            )
            != self.rendition(stored, body)
        ]

    def rendition(self, stored: Stored, body: bytes) -> bytes:
        """What it must be, made of that body."""
        return b"%s of %s by %s" % (stored.name.encode(), body, stored.digest.encode())


def as_message(message: dict[str, Any]) -> Message:
    return Message(message["MessageId"], message["Body"], int(message["Attributes"]["ApproximateReceiveCount"]))


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
