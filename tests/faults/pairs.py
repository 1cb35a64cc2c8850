"""Two workers on one source, each stopped at a call: which of them goes on first, and whether the other is dead.

W1  ──── i calls ────┤                 ├──── to its end ────
                      clients, time
W2                    ──── j calls ────┤                    ├──── to its end, or dead
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from imaging import recipe as recipes
from imaging.errors import RecipeTooNew
from imaging.recipe import Recipe
from jobs.catalog import RecipeBook
from local.simulator.gates import Gate
from tests.faults.crashes import INTERLUDES, SCENES
from tests.faults.puppets import Puppet
from tests.faults.stage import LEASE, Delivery, Hand, Stage, edition

MOST_CALLS = 11

SKEWS = (-300.0, 0.0, 300.0)
"""Seconds that a worker's clock is off."""


class OldBook(RecipeBook):
    """The recipes as an older worker reads them: one edition is written in a schema that it does not know."""

    def recipe(self, digest: str) -> Recipe:
        if digest == recipes.digest(edition(2)):
            raise RecipeTooNew(recipes.SCHEMA + 1, recipes.SCHEMA)
        return super().recipe(digest)


@dataclass(frozen=True)
class Pair:
    """One meeting of two workers."""

    scene: str
    interlude: str
    first_stops_at: int
    second_stops_at: int
    lease_over: bool
    seen_again: bool
    second_dies: bool
    second_goes_first: bool
    skews: tuple[float, float] = (0.0, 0.0)
    engines: tuple[str, str] = ("1-test", "1-test")
    first_is_old: bool = False
    """The first worker does not know the schema of the second edition."""

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage()
        hands = [stage.hand(engine=engine, skew=skew) for engine, skew in zip(self.engines, self.skews, strict=True)]
        for hand in hands:
            hand.world.catalog.cached()
        if self.first_is_old:
            hands[0].world = replace(hands[0].world, recipes=OldBook(stage.cloud.store))
        SCENES[self.scene](stage)
        first = _Worker.start(stage, hands[0], self.first_stops_at)
        INTERLUDES[self.interlude](stage)
        if self.lease_over:
            stage.cloud.clock.move(LEASE + 1)
        if self.seen_again and first:
            stage.cloud.queue.sqs.postpone(first.delivery.receipt, 0)
        second = _Worker.start(stage, hands[1], self.second_stops_at)
        workers = [(first, False), (second, self.second_dies)]
        for worker, dies in reversed(workers) if self.second_goes_first else workers:
            if worker:
                worker.end(stage, dies=dies)
        return stage.verdicts()


@dataclass
class _Worker:
    puppet: Puppet
    delivery: Delivery

    @classmethod
    def start(cls, stage: Stage, hand: Hand, stops_at: int) -> "_Worker | None":
        delivery = stage.receive()
        if delivery is None:
            return None

        def play(gate: Gate) -> Any:
            hand.gate = gate
            return stage.work(delivery, hand.world)

        worker = cls(Puppet(play), delivery)
        for _ in range(stops_at):
            if not worker.puppet.ended:
                worker.puppet.go()
        return worker

    def end(self, stage: Stage, *, dies: bool) -> None:
        if dies:
            self.puppet.crash()
        self.puppet.finish()
        if self.puppet.error:
            raise self.puppet.error
        if not self.puppet.crashed:
            stage.answer(self.delivery, self.puppet.result)


def skewed(number: int) -> Iterator[Pair]:
    """Clocks up to five minutes off, either way."""
    dice = random.Random(number)
    return (replace(pair, skews=(dice.choice(SKEWS), dice.choice(SKEWS))) for pair in pairs(number, seed=number))


def of_two_versions(number: int) -> Iterator[Pair]:
    """Two versions of the code on one table, the older of which cannot read the newer recipe."""
    dice = random.Random(number)
    for pair in pairs(number, seed=number):
        engines = dice.sample(["1-x86_64", "2-x86_64"], 2)
        yield replace(pair, engines=(engines[0], engines[1]), first_is_old=dice.random() < 0.5)


def pairs(number: int, seed: int = 0) -> Iterator[Pair]:
    """So many of them, drawn by the seed."""
    dice = random.Random(seed)
    for _ in range(number):
        yield Pair(
            scene=dice.choice(list(SCENES)),
            interlude=dice.choice(list(INTERLUDES)),
            first_stops_at=dice.randrange(MOST_CALLS),
            second_stops_at=dice.randrange(MOST_CALLS),
            lease_over=dice.random() < 0.6,
            seen_again=dice.random() < 0.5,
            second_dies=dice.random() < 0.4,
            second_goes_first=dice.random() < 0.3,
        )
