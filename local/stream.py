"""A table's stream, played to a function by Lambda's rules: shard by shard, in order, from the first record on.

What a function reports as failed is handed over again from that record on, and so is a batch that gave no answer;
nothing behind it is read before. Records that the mapping's filter leaves out are never handed over.
"""

import base64
import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from local.endpoint import Endpoint
from local.environment import Environment, InvocationFailed, in_turn

log = logging.getLogger(__name__)

BATCH = 1000
"""The template's."""

PAUSE = 0.5
"""Seconds between two looks. Lambda looks four times a second."""

LEFT_BEHIND = 5.0
"""Seconds after which the end of the thread is not waited for."""


class StreamMapping:
    """Reads one stream for one function. It starts and stops as a context manager."""

    def __init__(self, endpoint: Endpoint, stream_arn: str, environment: Environment) -> None:
        self._streams = endpoint.client("dynamodbstreams")
        self._arn, self._environment = stream_arn, environment
        self._iterators: dict[str, str | None] = {}
        self._pending: dict[str, list[Any]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._play, name="stream", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._environment.close()
        self._thread.join(LEFT_BEHIND)

    def _play(self) -> None:
        while not self._stopping.wait(PAUSE):
            try:
                for shard in self._shards():
                    self._step(shard)
            except (BotoCoreError, ClientError) as error:
                if not self._stopping.is_set():
                    log.warning("%s: %s", self._arn, error)

    def _shards(self) -> list[str]:
        """Parents before their children, as they are listed."""
        described = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]
        return [shard["ShardId"] for shard in described["Shards"]]

    def _step(self, shard: str) -> None:
        """The records that are waiting; when there are none, those that are new."""
        waiting = self._pending.pop(shard, None) or self._read(shard)
        while waiting and not self._stopping.is_set():
            batch, rest = waiting[:BATCH], waiting[BATCH:]
            left = self._failed(batch)
            waiting = left + rest
            if left:
                self._pending[shard] = waiting
                return

    def _read(self, shard: str) -> list[Any]:
        """The next page with a record that is wanted; nothing at the end."""
        if shard not in self._iterators:
            first = self._streams.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )
            self._iterators[shard] = first["ShardIterator"]
        while iterator := self._iterators[shard]:
            answer = self._streams.get_records(ShardIterator=iterator)
            self._iterators[shard] = answer.get("NextShardIterator")
            wanted = [record for record in answer["Records"] if _wanted(record)]
            if wanted or not answer["Records"]:
                return wanted
        return []

    def _failed(self, batch: list[Any]) -> list[Any]:
        """What must be handed over again."""
        try:
            answer = in_turn(self._environment, {"Records": [_plain(record) for record in batch]})
        except InvocationFailed as error:
            if not self._stopping.is_set():
                log.warning("a batch of %d failed: %s", len(batch), error)
            return batch
        failures = (answer or {}).get("batchItemFailures") or []
        if not failures:
            return []
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return batch[min(numbers.index(failure["itemIdentifier"]) for failure in failures) :]


def _wanted(record: Mapping[str, Any]) -> bool:
    """The template's filter: items that have a state."""
    return "st" in record["dynamodb"].get("NewImage", {})


def _plain(value: Any) -> Any:
    """As Lambda writes records: bytes as base64 text, times as epoch seconds."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.timestamp()
        case _:
            return value
