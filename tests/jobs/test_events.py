"""Messages in every form they arrive in."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs import events
from jobs.errors import Malformed
from jobs.events import ABSENT, ANY, UNCOVERED, Asked, parse
from jobs.source import Source

RECORDED = Path(__file__).parent.parent / "events"


def recorded(name: str) -> str:
    return (RECORDED / f"{name}.json").read_text()


def s3_record(
    key: str = "a.jpg", name: str = "ObjectCreated:Put", etag: str | None = "abc", **more: Any
) -> dict[str, Any]:
    entity = {"key": key, "size": 1, **({"eTag": etag} if etag is not None else {})}
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": "originals"}, "object": entity},
        **more,
    }


def s3_event(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records) or [s3_record()]})


def sns(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "1", "TopicArn": "arn", "Message": message})


ASKED = Asked(Source("originals", "a.jpg"), "abc")


@pytest.mark.parametrize("name", ["s3", "sns-s3", "lambda-sns-s3", "eventbridge"])
def test_every_recorded_form_asks_the_same_question(name: str) -> None:
    assert parse(recorded(name)) == (
        Asked(Source("originals", "Urlaub 2026/Zürich+1.jpg"), "0cc175b9c0f1b6a831c399e269772661"),
    )


def test_a_test_event_asks_nothing() -> None:
    assert parse(recorded("s3-test")) == ()
    assert parse(sns(recorded("s3-test"))) == ()


@pytest.mark.parametrize(
    "name",
    [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "s3:ObjectRemoved:Delete",
    ],
)
def test_a_deletion_by_hand_or_by_lifecycle_asks_about_absence(name: str) -> None:
    assert parse(s3_event(s3_record(name=name, etag=None))) == (Asked(Source("originals", "a.jpg"), ABSENT),)


def test_a_deletion_through_eventbridge_asks_about_absence() -> None:
    event = json.loads(recorded("eventbridge")) | {"detail-type": "Object Deleted"}
    assert parse(json.dumps(event))[0].etag == ABSENT


def test_a_version_taken_away_asks_what_is_there_now_as_it_may_have_been_the_mark_of_a_deletion() -> None:
    record = s3_record(name="ObjectRemoved:Delete", etag=None)
    record["s3"]["object"]["versionId"] = "v1"
    assert parse(s3_event(record))[0].etag == UNCOVERED
    event = json.loads(recorded("eventbridge")) | {"detail-type": "Object Deleted"}
    for kind, asks in (("Permanently Deleted", UNCOVERED), ("Delete Marker Created", ABSENT)):
        event["detail"] |= {"reason": "DeleteObject", "deletion-type": kind}
        assert parse(json.dumps(event))[0].etag == asks


def test_what_a_lifecycle_takes_away_brings_nothing_back() -> None:
    record = s3_record(name="LifecycleExpiration:Delete", etag=None)
    record["s3"]["object"]["versionId"] = "v1"
    assert parse(s3_event(record))[0].etag == ABSENT
    event = json.loads(recorded("eventbridge")) | {"detail-type": "Object Deleted"}
    event["detail"] |= {"reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"}
    assert parse(json.dumps(event))[0].etag == ABSENT


def test_several_records_ask_several_questions() -> None:
    asked = parse(sns(s3_event(s3_record("a.jpg"), s3_record("b.jpg"), s3_record("a.jpg", "ObjectRemoved:Delete"))))
    assert [(one.source.key, one.etag) for one in asked] == [("a.jpg", "abc"), ("b.jpg", "abc"), ("a.jpg", ABSENT)]


def test_keys_are_decoded_as_s3_encodes_them_and_never_twice() -> None:
    keys = {
        "a+b.jpg": "a b.jpg",
        "a%2Bb.jpg": "a+b.jpg",
        "a%2520.jpg": "a%20.jpg",
        "%0D%0A..%2F": "\r\n../",
        "e%CC%81": "e\u0301",
    }
    assert {encoded: parse(s3_event(s3_record(encoded)))[0].source.key for encoded in keys} == keys


def test_eventbridge_does_not_encode_keys() -> None:
    event = json.loads(recorded("eventbridge"))
    event["detail"]["object"]["key"] = "a+b%20c.jpg"
    assert parse(json.dumps(event))[0].source.key == "a+b%20c.jpg"


@given(st.builds(Asked, st.builds(Source, st.text(min_size=3, max_size=63), st.text(min_size=1, max_size=200)),
                 st.sampled_from([ABSENT, ANY, "abc", "?"]), st.integers(0, 2**40), st.integers(0, 1000)))  # fmt: skip
def test_our_own_messages_come_back_as_they_were(asked: Asked) -> None:
    assert parse(events.message(asked)) == (asked,)


MALFORMED = {
    "not JSON": "<xml/>",
    "not an object": "[]",
    "another object": '{"hello": 1}',
    "another source": s3_event(s3_record(eventSource="aws:dynamodb")),
    "no key": s3_event(s3_record(s3={"bucket": {"name": "b"}, "object": {}})),
    "no s3": '{"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}]}',
    "an empty key": s3_event(s3_record("")),
    "a key too long": s3_event(s3_record("k" * 1025)),
    "a key that is no UTF-8": s3_event(s3_record("%FF%FE")),
    "a key that is no text": s3_event(s3_record(7)),  # type: ignore[arg-type]
    "an etag that is no text": s3_event(s3_record(etag=7)),  # type: ignore[arg-type]
    "records that are no objects": '{"Records": [7]}',
    "envelopes without end": sns(sns(sns(sns(sns(s3_event()))))),
    "a negative revision": '{"safelight": {"bucket": "b", "key": "k", "etag": "*", "revision": -1}}',
    "an unfinished message of ours": '{"safelight": {"bucket": "b"}}',
    "an envelope around nothing": '{"Type": "Notification"}',
    "deep nesting": "[" * 100_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_no_parser_knows_is_malformed(body: str) -> None:
    with pytest.raises(Malformed):
        parse(body)


FIELDS = ["Records", "Type", "Message", "s3", "detail", "source", "safelight", "Event", "Sns"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
)


@given(JSON)
def test_any_json_is_parsed_or_malformed(document: Any) -> None:
    with contextlib.suppress(Malformed):
        parse(json.dumps(document))
