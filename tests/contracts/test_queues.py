"""What the lane and the dead letters promise."""

import pytest

from jobs.events import ANY, Asked, parse
from jobs.source import Source
from tests.contracts.conftest import Ground


@pytest.fixture(autouse=True)
def _empty(ground: Ground) -> None:
    """Others have left messages and letters on the embedded AWS, and may have hidden them for a while."""
    ground.purge()


def test_a_question_that_is_sent_is_received_as_it_was(ground: Ground, unique: str) -> None:
    asked = Asked(Source(ground.bucket, f"{unique}/Größe\n\u0000.jpg"), ANY, revision=7, copies=3)
    ground.queue.send(asked)
    assert [parse(body) for body in ground.messages()] == [(asked,)]


def test_a_delayed_question_is_not_seen_at_once(ground: Ground, unique: str) -> None:
    ground.queue.send(Asked(Source(ground.bucket, unique), ANY), delay=100_000)
    assert ground.messages() == []


def test_a_letter_keeps_its_body_and_tells_its_reason(ground: Ground) -> None:
    ground.dead_letters.send('{"a": "\u00e9"}', reason="truncated", detail="ends at byte 7")
    assert ground.letters() == [('{"a": "\u00e9"}', {"reason": "truncated", "detail": "ends at byte 7"})]


def test_a_letter_without_details_has_none(ground: Ground) -> None:
    ground.dead_letters.send("<xml/>", reason="malformed")
    assert ground.letters() == [("<xml/>", {"reason": "malformed"})]


def test_many_questions_are_sent_at_once(ground: Ground, unique: str) -> None:
    questions = [Asked(Source(ground.bucket, f"{unique}/{number}"), ANY, 3) for number in range(23)]
    ground.queue.send_many(questions)
    received = [parse(body)[0] for body in ground.messages()]
    assert sorted(received, key=str) == sorted(questions, key=str)


def test_packed_questions_all_arrive_in_a_tenth_of_the_messages(ground: Ground, unique: str) -> None:
    questions = [Asked(Source(ground.bucket, f"{unique}/a b+c%{number}.jpg"), f"etag{number}") for number in range(123)]
    ground.queue.send_packed(questions)
    bodies = ground.messages()
    assert len(bodies) == 13
    assert sorted((asked for body in bodies for asked in parse(body)), key=str) == sorted(questions, key=str)


def test_an_empty_lane_has_no_oldest_message(ground: Ground, unique: str) -> None:
    assert ground.queue.oldest() is None
    ground.queue.send(Asked(Source(ground.bucket, unique), ANY))
    oldest = ground.queue.oldest()
    assert oldest is not None
    assert oldest >= 0
    ground.messages()


def test_a_received_letter_is_whole_hidden_for_a_while_and_gone_once_deleted(ground: Ground) -> None:
    ground.dead_letters.send("first", reason="truncated", detail="ends early")
    ground.dead_letters.send("second", reason="corrupt")
    letters = sorted((*ground.dead_letters.receive(), *ground.dead_letters.receive()), key=lambda letter: letter.body)
    assert [(letter.body, letter.reason, letter.detail) for letter in letters] == [
        ("first", "truncated", "ends early"),
        ("second", "corrupt", ""),
    ]
    assert len({letter.id for letter in letters}) == 2
    assert all(letter.sent > 1_600_000_000_000 for letter in letters)
    assert not ground.dead_letters.receive()
    for letter in letters:
        ground.dead_letters.delete(letter)
    assert ground.letters() == []


def test_a_letter_that_is_put_back_is_seen_at_once(ground: Ground) -> None:
    ground.dead_letters.send("<xml/>", reason="malformed")
    (letter,) = ground.dead_letters.receive()
    ground.dead_letters.put_back(letter)
    ground.dead_letters.put_back(letter)  # it is in sight already: that is no error
    assert [again.body for again in ground.dead_letters.receive()] == ["<xml/>"]
    ground.letters()
