"""Dead letters, and what is rejected or dead without one, back to the queue."""

import pytest

from jobs import events, redrive
from jobs.errors import Retryable
from jobs.events import ANY, Asked
from jobs.redrive import Place, Wanted
from jobs.source import Source, State
from tests.fakes import etag_of
from tests.jobs.worlds import BAD, SOURCE, SmallWorld

THROTTLED = Retryable("throttled")


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def rejected(world: SmallWorld, source: Source = SOURCE) -> Asked:
    asked = Asked(source, world.originals.put(source, BAD))
    world.process(asked)
    world.clock.move(1)
    return asked


def step(world: SmallWorld, place: Place, wanted: Wanted = redrive.ALL, most: int | None = None) -> redrive.Step:
    return redrive.step(
        place,
        ledger=world.ledger,
        queue=world.queue,
        dead_letters=world.dead_letters,
        now=round(world.clock() * 1000),
        wanted=wanted,
        most=most,
    )


def run(world: SmallWorld, wanted: Wanted = redrive.ALL, most: int | None = None) -> tuple[int, int]:
    """All steps of a redrive that begins now: how many were sent, how many letters were left."""
    place: Place | None = Place(began=round(world.clock() * 1000))
    sent = left = 0
    while place:
        done = step(world, place, wanted, most)
        sent, left, place = sent + done.sent, left + done.left, done.next
    return sent, left


def test_a_letter_goes_back_as_the_question_it_was(world: SmallWorld) -> None:
    asked = rejected(world)
    assert run(world) == (1, 0)
    assert [question for question, _ in world.queue.sent] == [asked]
    assert (world.record().state, world.record().rejected, world.dead_letters.letters) == (State.QUEUED, None, [])


def test_a_redriven_rejection_is_rendered_anew(world: SmallWorld) -> None:
    rejected(world)
    world.pixels.before = None
    world.originals.put(SOURCE, b"mended")
    run(world)
    world.process(world.queue.sent[0][0])
    assert world.record().state is State.DONE


def test_a_refused_requeue_ends_nothing(world: SmallWorld) -> None:
    """The holder crashed and its message became a letter: the ledger says processing, and only the letter knows."""
    asked = Asked(SOURCE, world.originals.put(SOURCE, b"a"))
    world.ledger.claim(SOURCE, etag="a", digest="d", revision=1, now=0, until=1)
    before = world.record()
    world.dead_letters.send(events.message(asked), reason="")
    world.clock.move(1)
    assert run(world) == (1, 0)
    assert world.record() == before
    assert world.dead_letters.letters == []


@pytest.mark.parametrize("port", ["ledger", "queue"])
def test_a_letter_is_kept_until_its_question_is_sent(world: SmallWorld, port: str) -> None:
    asked = rejected(world)
    getattr(world, port).failing = THROTTLED
    with pytest.raises(Retryable):
        run(world)
    getattr(world, port).failing = None
    assert len(world.dead_letters.letters) == 1
    world.clock.move(60)
    run(world)
    assert world.queue.sent[0][0] == asked


@pytest.mark.parametrize("body", ["<xml/>", '{"Event": "s3:TestEvent"}'])
def test_a_letter_without_a_source_is_left_alone(world: SmallWorld, body: str) -> None:
    world.dead_letters.send(body, reason="malformed")
    rejected(world)
    assert run(world) == (1, 1)
    assert [letter.body for letter in world.dead_letters.letters] == [body]


def test_what_is_rejected_without_a_letter_is_found_in_the_ledger(world: SmallWorld) -> None:
    rejected(world)
    world.dead_letters.sqs.messages.clear()
    assert run(world) == (1, 0)
    assert [question for question, _ in world.queue.sent] == [Asked(SOURCE, ANY)]
    assert world.record().state is State.QUEUED


def test_more_than_a_page_of_faults_is_redriven(world: SmallWorld) -> None:
    sources = [Source("originals", f"{number}.jpg") for number in range(120)]
    for source in sources:
        rejected(world, source)
    world.dead_letters.sqs.messages.clear()
    assert run(world) == (120, 0)
    assert {question.source for question, _ in world.queue.sent} == set(sources)


def test_what_fails_again_waits_for_the_next_redrive(world: SmallWorld) -> None:
    """A bad image becomes a letter again at once: the redrive under way must not go round with it for ever."""
    asked = rejected(world)
    place = Place(began=round(world.clock() * 1000))
    following = step(world, place).next
    assert following
    world.clock.move(1)
    world.process(asked)
    assert world.record().rejected is not None
    seen = 0
    while following:
        done = step(world, following)
        seen, following = seen + done.sent, done.next
        world.clock.move(60)
    assert seen == 0
    assert (world.record().state, len(world.dead_letters.letters)) == (State.REJECTED, 1)


def test_a_letter_with_several_questions_asks_them_all_again(world: SmallWorld) -> None:
    sources = [Source("originals", name) for name in ("a.jpg", "b.jpg")]
    entities = [{"key": source.key, "eTag": etag_of(b"x")} for source in sources]
    records = ", ".join(
        '{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "originals"},'
        f' "object": {{"key": "{entity["key"]}", "eTag": "{entity["eTag"]}"}}}}}}'
        for entity in entities
    )
    world.dead_letters.send(f'{{"Records": [{records}]}}', reason="")
    world.clock.move(1)
    run(world)
    assert [question.source for question, _ in world.queue.sent] == sources
    assert world.dead_letters.letters == []


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        (Wanted(reason="not-an-image"), {"bad/1.jpg", "bad/2.jpg"}),
        (Wanted(reason="throttled"), {"dead/1.jpg"}),
        (Wanted(prefix="bad/2"), {"bad/2.jpg"}),
        (Wanted(reason="throttled", prefix="bad/"), set()),
        (Wanted(since=10**15), set()),
    ],
)
@pytest.mark.parametrize("with_letters", [True, False])
def test_only_what_is_wanted_moves(world: SmallWorld, wanted: Wanted, sent: set[str], with_letters: bool) -> None:
    """A letter that SQS moved has no reason of its own: what the ledger last said of its source counts."""
    for name in ("bad/1.jpg", "bad/2.jpg"):
        rejected(world, Source("originals", name))
    dead = Asked(Source("originals", "dead/1.jpg"), world.originals.put(Source("originals", "dead/1.jpg"), b"a"))
    world.originals.failing = THROTTLED
    world.process(dead, last=True)
    world.originals.failing = None
    world.dead_letters.send(events.message(dead), reason="")
    if not with_letters:
        world.dead_letters.sqs.messages.clear()
    world.clock.move(1)
    run(world, wanted)
    assert {question.source.key for question, _ in world.queue.sent} == sent
    assert len(world.dead_letters.letters) == (3 - len(sent) if with_letters else 0)


@pytest.mark.parametrize("with_letters", [True, False])
def test_a_bounded_step_leaves_the_rest_to_the_next_one(world: SmallWorld, with_letters: bool) -> None:
    for number in range(25):
        rejected(world, Source("originals", f"{number}.jpg"))
    if not with_letters:
        world.dead_letters.sqs.messages.clear()
    place: Place | None = Place(began=round(world.clock() * 1000))
    sizes = []
    while place:
        done = step(world, place, most=4)
        sizes.append(done.sent)
        place = done.next
    assert max(sizes) == 4
    assert len({question.source for question, _ in world.queue.sent}) == sum(sizes) == 25
