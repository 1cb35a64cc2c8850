"""What the lane and the dead letters promise."""

from jobs.events import ANY, Asked, parse
from jobs.source import Source
from tests.contracts.conftest import Ground


def test_a_question_that_is_sent_is_received_as_it_was(ground: Ground, unique: str) -> None:
    asked = Asked(Source(ground.bucket, f"{unique}/Größe\n\u0000.jpg"), ANY, revision=7, copies=3)
    ground.messages()
    ground.queue.send(asked)
    assert [parse(body) for body in ground.messages()] == [(asked,)]


def test_a_delayed_question_is_not_seen_at_once(ground: Ground, unique: str) -> None:
    ground.messages()
    ground.queue.send(Asked(Source(ground.bucket, unique), ANY), delay=100_000)
    assert ground.messages() == []


def test_a_letter_keeps_its_body_and_tells_its_reason(ground: Ground) -> None:
    ground.letters()
    ground.dead_letters.send('{"a": "\u00e9"}', reason="truncated", detail="ends at byte 7")
    assert ground.letters() == [('{"a": "\u00e9"}', {"reason": "truncated", "detail": "ends at byte 7"})]


def test_a_letter_without_details_has_none(ground: Ground) -> None:
    ground.letters()
    ground.dead_letters.send("<xml/>", reason="malformed")
    assert ground.letters() == [("<xml/>", {"reason": "malformed"})]
