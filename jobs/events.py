"""Messages in every form they arrive in, read as the one question they ask: "look at this key".

    S3 ─▶ SNS ─▶ SQS        {"Type": "Notification", "Message": "{\"Records\": [...]}"}
    S3 ─▶ SQS, or raw SNS   {"Records": [{"eventSource": "aws:s3", ...}]}
    EventBridge             {"detail-type": "Object Created", "source": "aws.s3", "detail": {...}}
    Safelight itself        {"safelight": {"bucket": ..., "key": ..., "etag": ..., "revision": ..., "copies": ...}}
    S3's own test event     {"Event": "s3:TestEvent", ...}: asks nothing

Nothing is decided from an event's order, id or sequencer: events are at least once and unordered.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from jobs.errors import Malformed
from jobs.source import Source

ABSENT = "-"
"""Asked by a delete event: answered by a deletion."""

UNCOVERED = "?"
"""Asked where a version was taken away: it may have been the mark of a deletion, and the one below is current again.
S3 tells of that by no other event, so nothing answers this but a look."""

ANY = "*"
"""Asked by reprocess and sweep: answered by whatever is current."""

LONGEST_KEY = 1024
"""Bytes; S3's own limit."""

DEEPEST_ENVELOPE = 3


@dataclass(frozen=True)
class Asked:
    """One question about one source.

    etag      the event's etag, ABSENT, UNCOVERED or ANY; only ever compared, never trusted
    revision  the catalog revision asked for; 0 asks for none in particular
    copies    how often this question was copied untried on its last receive
    """

    source: Source
    etag: str
    revision: int = 0
    copies: int = 0


def parse(body: str) -> tuple[Asked, ...]:
    """The questions in one message body; none for a test event. Raises Malformed."""
    try:
        return _read(_document(body), depth=0)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Malformed(f"{type(error).__name__}: {error}") from error


def message(asked: Asked) -> str:
    """The body that asks the same question again: copies, letters, sweeps and reprocessing all use it."""
    question = {
        "bucket": asked.source.bucket,
        "key": asked.source.key,
        "etag": asked.etag,
        "revision": asked.revision,
        "copies": asked.copies,
    }
    return json.dumps({"safelight": question}, separators=(",", ":"))


def packed(questions: Iterable[Asked]) -> str:
    """One body that asks many questions, as S3 itself would: of uploads, at any revision.

    Sent for a tenth of the price of one message each, and understood by every worker there ever was.
    """
    return json.dumps({"Records": [_s3_record(asked) for asked in questions]}, separators=(",", ":"))


def _s3_record(asked: Asked) -> dict[str, Any]:
    entity = {"key": quote_plus(asked.source.key), "eTag": asked.etag}
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Backfill",
        "s3": {"bucket": {"name": asked.source.bucket}, "object": entity},
    }


def _document(text: str) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise Malformed("the body is JSON, but not an object")
    return document


def _read(document: dict[str, Any], depth: int) -> tuple[Asked, ...]:
    if depth > DEEPEST_ENVELOPE:
        raise Malformed("envelopes within envelopes")
    if "safelight" in document:
        return (_own(document["safelight"]),)
    if document.get("Event") == "s3:TestEvent":
        return ()
    if document.get("Type") == "Notification":
        return _read(_document(document["Message"]), depth + 1)
    if document.get("source") == "aws.s3":
        return (_eventbridge(document),)
    if isinstance(document.get("Records"), list):
        return tuple(asked for record in document["Records"] for asked in _record(record, depth))
    raise Malformed(f"an object with the fields {sorted(document)[:8]}")


def _record(record: dict[str, Any], depth: int) -> tuple[Asked, ...]:
    if "Sns" in record:
        return _read(_document(record["Sns"]["Message"]), depth + 1)
    if record.get("eventSource") != "aws:s3":
        raise Malformed(f"a record from {record.get('eventSource')!r}")
    entity = record["s3"]["object"]
    source = _source(record["s3"]["bucket"]["name"], unquote_plus(entity["key"], errors="strict"))
    happened = record["eventName"].removeprefix("s3:")
    if happened == "ObjectRemoved:Delete" and "versionId" in entity:
        return (Asked(source, UNCOVERED),)
    gone = happened.startswith(("ObjectRemoved:", "LifecycleExpiration:"))
    return (Asked(source, ABSENT if gone else _etag(entity.get("eTag", ""))),)


def _eventbridge(document: dict[str, Any]) -> Asked:
    detail = document["detail"]
    entity = detail["object"]  # EventBridge does not encode keys
    source = _source(detail["bucket"]["name"], entity["key"])
    gone = document["detail-type"] == "Object Deleted"
    for_good = detail.get("deletion-type") == "Permanently Deleted" and "version-id" in entity
    if gone and for_good and detail.get("reason") != "Lifecycle Expiration":
        return Asked(source, UNCOVERED)
    return Asked(source, ABSENT if gone else _etag(entity.get("etag", "")))


def _own(question: dict[str, Any]) -> Asked:
    revision, copies = question.get("revision", 0), question.get("copies", 0)
    if not all(isinstance(number, int) and number >= 0 for number in (revision, copies)):
        raise Malformed("revision and copies are whole numbers, 0 or more")
    return Asked(_source(question["bucket"], question["key"]), _etag(question["etag"]), revision, copies)


def _source(bucket: str, key: str) -> Source:
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise Malformed("an event without a bucket or a key")
    if len(key.encode()) > LONGEST_KEY:
        raise Malformed(f"a key of more than {LONGEST_KEY} bytes")
    return Source(bucket, key)


def _etag(etag: str) -> str:
    if not isinstance(etag, str):
        raise Malformed("an etag that is not text")
    return etag.strip('"')
