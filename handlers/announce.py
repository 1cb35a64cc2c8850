"""The ledger's stream: every source that settles is announced on the event bus, and every change is counted.

    records, in order ─▶ some ─▶ tell the bus ─▶ count ─▶ the next ones
                                     └────────────┴─ failed: answer the first of these, the stream goes on there

Told first and counted after: a crash between the two tells again, which an announcement's id shows, and loses none.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.connect import Aws, connect
from aws.items import record_of
from handlers import logs
from jobs import announcement
from jobs.counters import Change
from jobs.errors import Retryable
from jobs.settings import read

log = logs.configure()

AT_ONCE = 50
"""Records that are told and counted together: half of what one transaction holds."""

DIGITS = 40
"""Of a stream's sequence number, at most."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:  # noqa: ARG001
    """Answers the first record that must come back, with all after it; none when all were told and counted."""
    records = [record["dynamodb"] for record in event["Records"]]
    for start in range(0, len(records), AT_ONCE):
        try:
            _tell([_change(record) for record in records[start : start + AT_ONCE] if _of_a_source(record)])
        except Retryable as error:
            log.warning("comes back: %s", error)
            return {"batchItemFailures": [{"itemIdentifier": records[start]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _tell(changes: Sequence[Change]) -> None:
    _aws().bus.tell([told for change in changes if (told := announcement.of(change))])
    _aws().counters.count(changes)


def _of_a_source(record: Mapping[str, Any]) -> bool:
    """The table holds the catalog, runs and counters too; only a source's item has a key, before or after."""
    return any("k" in record.get(image, {}) and "st" in record[image] for image in ("NewImage", "OldImage"))


def _change(record: Mapping[str, Any]) -> Change:
    """What is left of an erased source does not name itself: who it is stands in the image before it, or after."""
    before, after = (_unpacked(record.get(image)) for image in ("OldImage", "NewImage"))
    named = next(item for item in (after, before) if item and "k" in item)
    source = record_of(named).source
    return Change(
        record["Keys"]["pk"]["S"],
        record["SequenceNumber"].zfill(DIGITS),
        record_of(before, source) if before else None,
        record_of(after, source) if after else None,
    )


def _unpacked(value: Any) -> Any:
    """A typed item with bytes as bytes: in an event they are base64."""
    match value:
        case {"B": str(text)}:
            return {"B": base64.b64decode(text)}
        case dict():
            return {name: _unpacked(inner) for name, inner in value.items()}
        case list():
            return [_unpacked(inner) for inner in value]
        case _:
            return value


@cache
def _aws() -> Aws:
    return connect(read(os.environ))
