"""The event source mapping, played by Lambda's rules: from a queue to a function, batch by batch.

    receive -> fill the batch until it is full or its window has passed -> invoke -> delete what succeeded

What failed is left alone: its visibility timeout brings it back, and after `maxReceiveCount` receives SQS itself moves
it to the dead letters. One slot works on one batch at a time and owns one environment; there are as many slots as the
mapping's MaximumConcurrency.

    Enabled ── pause ──▶ Disabling: batches in flight end, nothing is received ──▶ Disabled
       ▲                                                                              │
       └───────────────── Enabling: the slots go back to work ◀────── resume ─────────┘
"""

import base64
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from local.endpoint import Endpoint
from local.environment import Environment, InvocationFailed
from local.stack import EventSource

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

log = logging.getLogger(__name__)

AT_ONCE = 10
"""Messages that one call to SQS takes."""

POLL = 1
"""Seconds of a long poll. Lambda's is 20; on a laptop one would rather stop soon."""

UNANSWERED = 5.0
"""Seconds after which a slot that waits for an AWS which does not answer is left behind."""

RETRY = (0.5, 5.0)
"""Seconds to wait after a call that failed: the first time, and at most."""


class State(StrEnum):
    """Of a mapping, in Lambda's words."""

    ENABLED = "Enabled"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    ENABLING = "Enabling"


@dataclass(frozen=True)
class Counts:
    """What the mapping has done since it started; messages, but for `batches`."""

    received: int = 0
    batches: int = 0
    in_flight: int = 0
    deleted: int = 0
    failed: int = 0
    """Left in the queue, to come back; counted each time."""


class EventSourceMapping:
    """Reads one queue for one function."""

    def __init__(self, endpoint: Endpoint, source: EventSource, environment: Callable[[], Environment]) -> None:
        """`environment` makes one for each slot; it is asked when the mapping starts."""
        self.source = source
        self._sqs: SQSClient = endpoint.client("sqs")
        self._region = endpoint.region
        self._stopping = threading.Event()
        self._enabled = threading.Event()
        self._enabled.set()
        self._resting = 0
        self._counts = Counts()
        self._lock = threading.Lock()
        self._environments = [environment() for _ in range(source.maximum_concurrency)]
        self._slots: list[threading.Thread] = []

    @property
    def counts(self) -> Counts:
        with self._lock:
            return self._counts

    @property
    def state(self) -> State:
        """Between the two that last, it is told by its slots: whether all of them rest, or none."""
        with self._lock:
            if self._enabled.is_set():
                return State.ENABLING if self._resting else State.ENABLED
            return State.DISABLED if self._resting == self.source.maximum_concurrency else State.DISABLING

    def pause(self) -> None:
        """Receives nothing more. Returns at once; what was received before is still worked on."""
        self._enabled.clear()

    def resume(self) -> None:
        """Receives again."""
        self._enabled.set()

    def start(self) -> None:
        """Starts to poll. Raises RuntimeError when it was started before."""
        if self._slots:
            raise RuntimeError("a mapping is started once")
        self._slots = [
            threading.Thread(target=self._work, args=(environment,), name=f"mapping-{number}", daemon=True)
            for number, environment in enumerate(self._environments)
        ]
        for slot in self._slots:
            slot.start()

    def stop(self, grace: float = 0.0) -> None:
        """Takes no more batches; after `grace` seconds ends those in flight, whose messages then come back."""
        self._stopping.set()
        self._enabled.set()  # slots at rest wake up, and end
        deadline = time.monotonic() + grace
        while self.counts.in_flight and time.monotonic() < deadline:
            time.sleep(0.02)
        for environment in self._environments:
            environment.close()
        for slot in self._slots:
            slot.join(UNANSWERED)

    def drain(self, within: float) -> bool:
        """Waits until the queue holds nothing, seen or unseen, and nothing is in flight; False if that took too long.

        Looks twice: between a receive and its count a message is in neither number. A queue that does not answer may
        hold anything: it is asked again.
        """
        deadline = time.monotonic() + within
        quiet = 0
        while quiet < 2:
            quiet = quiet + 1 if self._empty() else 0
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _work(self, environment: Environment) -> None:
        """A slot: batch after batch, until told to stop. It outlives every error, as the mapping does in AWS."""
        pause = RETRY[0]
        while not self._stopping.is_set():
            if not self._enabled.is_set():
                self._rest()
                continue
            if not environment.ready():
                self._stopping.wait(POLL)
                continue
            try:
                self._one_batch(environment)
                pause = RETRY[0]
            except Exception as error:
                known = isinstance(error, BotoCoreError | ClientError)
                self._warn("%s: %s", self.source.queue_url, error, trace=not known)
                self._stopping.wait(pause)
                pause = min(2 * pause, RETRY[1])
            finally:
                environment.rest()

    def _rest(self) -> None:
        """A slot, while the mapping is paused."""
        with self._lock:
            self._resting += 1
        self._enabled.wait()
        with self._lock:
            self._resting -= 1

    def _warn(self, message: str, *about: object, trace: bool = False) -> None:
        """Tells what failed. Once it is being stopped, batches end in the middle and that is no news."""
        if not self._stopping.is_set():
            log.warning(message, *about, exc_info=trace)

    def _one_batch(self, environment: Environment) -> None:
        messages = self._gather()
        if not messages:
            return
        if self._stopping.is_set():
            self._give_back(messages)
            return
        deleted = 0
        self._count(received=len(messages), batches=1, in_flight=len(messages))
        try:
            failed = self._invoke(environment, messages)
            deleted = self._delete([message for message in messages if message["MessageId"] not in failed])
        finally:
            self._count(in_flight=-len(messages), deleted=deleted, failed=len(messages) - deleted)

    def _gather(self) -> "list[MessageTypeDef]":
        """Waits for a first message, then for more until the batch is full or its window has passed."""
        messages = self._receive(self.source.batch_size, POLL)
        deadline = time.monotonic() + self.source.window
        while messages and len(messages) < self.source.batch_size and self._receiving():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            try:
                messages += self._receive(self.source.batch_size - len(messages), min(math.ceil(left), POLL))
            except (BotoCoreError, ClientError):
                break  # what was received is worked on; the next receive says what is wrong
        return messages

    def _receiving(self) -> bool:
        return self._enabled.is_set() and not self._stopping.is_set()

    def _receive(self, most: int, wait: int) -> "list[MessageTypeDef]":
        answer = self._sqs.receive_message(
            QueueUrl=self.source.queue_url,
            MaxNumberOfMessages=min(most, AT_ONCE),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _invoke(self, environment: Environment, messages: "Sequence[MessageTypeDef]") -> set[str]:
        """The ids of the messages that have failed."""
        ids = {message["MessageId"] for message in messages}
        try:
            answer = environment.invoke(event(messages, self.source.queue_arn, self._region))
        except InvocationFailed as error:
            self._warn("batch of %d failed: %s", len(messages), error)
            return ids
        return failures(answer, ids) if self.source.partial else set()

    def _delete(self, messages: "Sequence[MessageTypeDef]") -> int:
        """How many are gone; the others come back."""
        deleted = 0
        for some in _chunks(messages):
            answer = self._sqs.delete_message_batch(
                QueueUrl=self.source.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(some)
                ],
            )
            for refused in answer.get("Failed", []):
                log.warning("not deleted: %s", refused.get("Message", refused["Code"]))
            deleted += len(answer.get("Successful", []))
        return deleted

    def _give_back(self, messages: "Sequence[MessageTypeDef]") -> None:
        """Received while stopping, seen by no handler: visible again at once."""
        for message in messages:
            self._sqs.change_message_visibility(
                QueueUrl=self.source.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def _empty(self) -> bool:
        try:
            attributes = self._sqs.get_queue_attributes(
                QueueUrl=self.source.queue_url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
        except (BotoCoreError, ClientError):
            return False
        return not any(int(number) for number in attributes.values()) and not self.counts.in_flight

    def _count(self, **more: int) -> None:
        with self._lock:
            self._counts = replace(self._counts, **{name: getattr(self._counts, name) + n for name, n in more.items()})


def failures(answer: Any, ids: Collection[str]) -> set[str]:
    """Which messages a function's answer reports as failed, by Lambda's table.

    No answer, no list or an empty list is success. An entry that is malformed, or names a message which is not in the
    batch, fails the whole batch, and so does an answer that is no object.
    """
    match answer:
        case None:
            return set()
        case dict():
            reported = answer.get("batchItemFailures") or []
        case _:
            return set(ids)
    named: set[str] = {entry.get("itemIdentifier", "") if isinstance(entry, dict) else "" for entry in reported}
    return named if named <= set(ids) else set(ids)


def event(messages: "Sequence[MessageTypeDef]", queue_arn: str, region: str) -> dict[str, Any]:
    """What a function is handed: SQS messages in Lambda's spelling."""
    return {"Records": [_record(message, queue_arn, region) for message in messages]}


def _record(message: "MessageTypeDef", queue_arn: str, region: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: "MessageAttributeValueOutputTypeDef") -> dict[str, Any]:
    """Empty lists are always there, though SQS knows no lists; bytes travel as base64."""
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute


def _chunks(messages: "Sequence[MessageTypeDef]") -> "Iterator[Sequence[MessageTypeDef]]":
    return (messages[start : start + AT_ONCE] for start in range(0, len(messages), AT_ONCE))
