"""Nothing goes wrong at all: several events for one source in a burst, several workers that take their time.

Every message is answered within as many receives as there are events; none is copied, none becomes a letter.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.events import parse
from tests.faults.stage import A, B, Stage
from tests.faults.walks import Troupe

SLOW = 1.5
"""Seconds that a call may take: even the longest work is done well before its deadline."""


@dataclass(frozen=True)
class Burst:
    """The seed is all there is to it."""

    seed: int

    def run(self) -> list[str]:
        """The violations."""
        dice = random.Random(self.seed)
        stage = Stage(self.seed)
        troupe = Troupe(stage, dice)
        events = dice.randint(2, 4)
        for _ in range(events):
            stage.put(dice.choice([A, B]))
        receives = _worked_off(stage, troupe, dice)
        too_many = [f"a healthy message took {most} receives for {events} events" for most in receives if most > events]
        copies = [f"a healthy message was copied: {asked}" for asked, _ in stage.cloud.queue.sent]
        return too_many + copies + _letters(stage) + troupe.end(crash=False)


def _worked_off(stage: Stage, troupe: Troupe, dice: random.Random) -> list[int]:
    """How often each delivered message had been received."""
    receives = []
    for _ in range(2000):
        if dice.random() < 0.3 and troupe.receive():
            receives.append(troupe.workers[-1][2].message.receives)
        elif troupe.workers:
            troupe.step()
            stage.cloud.clock.move(dice.uniform(0, SLOW))
        else:
            visible_at = stage.cloud.queue.sqs.next_visible()
            if visible_at is None:
                return receives
            stage.cloud.clock.move(max(0.0, visible_at - stage.cloud.clock()) + 0.001)
    return receives


def _letters(stage: Stage) -> list[str]:
    return [f"a healthy message became a letter: {parse(letter.body)}" for letter in stage.cloud.dead_letters.letters]


def bursts(number: int, first: int = 0) -> Iterator[Burst]:
    return (Burst(seed) for seed in range(first, first + number))
