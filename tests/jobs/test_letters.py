"""Letters and faults, looked at by reason and tried out, and left where they are."""

from dataclasses import dataclass, field

import pytest

from imaging.recipe import Recipe
from jobs import events, letters
from jobs.errors import Retryable
from jobs.events import ANY, Asked
from jobs.letters import Box, Group, Trouble
from jobs.ports import Failed, Letter, Passed
from jobs.redrive import Wanted
from jobs.source import Source
from tests.fakes import FakeDeadLetters
from tests.jobs.worlds import BAD, SmallWorld


@pytest.fixture
def world() -> SmallWorld:
    return SmallWorld()


def source(name: str) -> Source:
    return Source("originals", name)


def rejected(world: SmallWorld, *names: str) -> None:
    for name in names:
        world.process(Asked(source(name), world.originals.put(source(name), BAD)))


def dead(world: SmallWorld, name: str) -> None:
    asked = Asked(source(name), world.originals.put(source(name), b"a"))
    world.originals.failing = Retryable("throttled")
    world.process(asked, last=True)
    world.originals.failing = None
    world.dead_letters.send(events.message(asked), reason="")


def looked(world: SmallWorld, wanted: Wanted = Wanted(), *others: Box) -> list[Trouble]:  # noqa: B008 - frozen
    return list(letters.look([Box(world.dead_letters), *others], world.ledger, wanted))


def test_troubles_are_grouped_by_reason_the_largest_first(world: SmallWorld) -> None:
    rejected(world, *(f"{number}.jpg" for number in range(12)))
    dead(world, "dead.jpg")
    world.dead_letters.send("<xml/>", reason="malformed", detail="no JSON")
    found = letters.groups(looked(world))
    assert [(group.reason, group.count, group.sourceless) for group in found] == [
        ("not-an-image", 12, 0),
        ("malformed", 1, 1),
        ("throttled", 1, 0),
    ]
    assert found[2] == Group("throttled", 1, 0, ("dead.jpg",))


def test_a_source_with_a_letter_and_a_fault_is_one_trouble(world: SmallWorld) -> None:
    rejected(world, "a.jpg")
    world.dead_letters.send(events.message(Asked(source("a.jpg"), ANY)), reason="not-an-image")
    assert len(looked(world)) == 1


def test_a_fault_whose_letter_is_gone_is_a_trouble_all_the_same(world: SmallWorld) -> None:
    """Someone pressed the console's own redrive, or fourteen days went by."""
    rejected(world, "a.jpg")
    world.dead_letters.sqs.messages.clear()
    assert [(trouble.reason, trouble.letter) for trouble in looked(world)] == [("not-an-image", None)]


def test_a_look_leaves_every_letter_in_sight(world: SmallWorld) -> None:
    rejected(world, *(f"{number}.jpg" for number in range(25)))
    assert len(looked(world)) == 25
    assert len(looked(world)) == 25
    assert len(world.dead_letters.letters) == 25


def test_letters_of_the_subscription_are_a_group_of_their_own(world: SmallWorld) -> None:
    undelivered = FakeDeadLetters()
    undelivered.sqs.clock = world.clock
    undelivered.send(events.message(Asked(source("a.jpg"), ANY)), reason="")
    found = looked(world, Wanted(reason="undelivered"), Box(undelivered, "undelivered"))
    assert [(trouble.reason, trouble.source) for trouble in found] == [("undelivered", source("a.jpg"))]


def test_a_letter_that_nobody_can_answer_for_says_so(world: SmallWorld) -> None:
    world.dead_letters.send(events.message(Asked(source("a.jpg"), ANY)), reason="")
    assert [trouble.reason for trouble in looked(world)] == ["unanswered"]


def test_letters_without_a_source_are_written_down_before_they_are_removed(world: SmallWorld) -> None:
    rejected(world, "a.jpg")
    world.dead_letters.send("<xml/>", reason="malformed")
    kept: list[Letter] = []

    def write(letter: Letter) -> None:
        assert letter.body in [there.body for there in world.dead_letters.letters]
        kept.append(letter)

    assert letters.discard(looked(world), Box(world.dead_letters), write) == 1
    assert [letter.body for letter in kept] == ["<xml/>"]
    assert len(world.dead_letters.letters) == 1


@dataclass
class Tried:
    """Passes all but what it is told not to."""

    fails: dict[str, str] = field(default_factory=dict)
    out: frozenset[str] = frozenset()

    def preview(self, source: Source, recipe: Recipe | None = None, *, bodies: bool = False) -> Passed | Failed:
        if source.key in self.out:
            raise Retryable("throttled")
        return Failed(self.fails[source.key], "") if source.key in self.fails else Passed("libvips", {}, ())


def test_what_would_become_of_them_is_told_by_reason(world: SmallWorld) -> None:
    rejected(world, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    world.dead_letters.send("<xml/>", reason="malformed")
    verdict = letters.try_out(looked(world), Tried({"b.jpg": "truncated"}, out=frozenset({"c.jpg"})))
    assert (verdict.would_pass, verdict.would_fail, verdict.unknown, verdict.tried) == (2, {"truncated": 1}, 1, 4)
    assert world.queue.sent == []
