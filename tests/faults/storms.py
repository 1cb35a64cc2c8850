"""Many sources in bad weather: calls are refused, are slow, lose their answers and end their workers, all at once."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.source import Source
from local.simulator.gates import Crashed, Weather
from tests.faults.stage import VISIBILITY, A, B, Stage, X

SOURCES = tuple(Source("originals", f"{number}.jpg") for number in range(8))
BATCH = 5


@dataclass(frozen=True)
class Storm:
    """The seed is all there is to it."""

    seed: int
    batches: int = 60

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage(self.seed)
        dice = stage.cloud.dice
        stage.cloud.duplicates = 0.2
        weather = Weather(stage.cloud.clock, dice, fails=0.05, answer_lost=0.03, slow=0.05, crash=0.02)
        hand = stage.hand()
        hand.gate = weather
        for _ in range(self.batches):
            _clients(stage, dice)
            try:
                stage.deliver_batch(BATCH, hand.world)
            except Crashed:
                hand = stage.hand()
                hand.gate = weather
            stage.cloud.clock.move(dice.choice([1, 30, VISIBILITY]))
        return stage.verdicts()


def _clients(stage: Stage, dice: random.Random) -> None:
    source = dice.choice(SOURCES)
    match dice.random():
        case draw if draw < 0.5:
            stage.put(dice.choice([A, B, X]), source)
        case draw if draw < 0.6:
            stage.delete(source)
        case draw if draw < 0.65:
            stage.release()
            stage.reprocess()


def storms(number: int, first: int = 0) -> Iterator[Storm]:
    return (Storm(seed) for seed in range(first, first + number))
