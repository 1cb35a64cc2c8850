"""The world is out for longer than any message may be received, and not one letter comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.errors import Retryable
from jobs.probe import probe
from jobs.source import Source
from tests.faults.stage import VISIBILITY, A, Stage

OUT = Retryable("unreachable", "the world is out")
BATCH = 10

PARTS = {
    "everything": ("originals", "renditions", "ledger", "store", "outage", "intake"),
    "the ledger's table": ("ledger", "store", "outage"),
    "originals": ("originals",),
    "renditions": ("renditions",),
}


@dataclass(frozen=True)
class Outage:
    """`parts` do not answer for longer than max receives x visibility; `images` wait, and more come meanwhile."""

    parts: str
    images: int
    workers: int
    max_receives: int = 6

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage(max_receives=self.max_receives)
        hands = [stage.hand() for _ in range(self.workers)]
        for hand in hands:
            hand.world.catalog.cached()
        self._fail(stage, OUT)
        for number in range(self.images):
            stage.put(A, Source("originals", f"{number}.jpg"))
        until = stage.cloud.clock() + 1.5 * self.max_receives * VISIBILITY
        while stage.cloud.clock() < until:
            if stage.cloud.intake.running:
                stage.deliver_batch(BATCH, stage.cloud.dice.choice(hands).world)
            stage.cloud.clock.move(20)
            _probe(stage)
        self._fail(stage, None)
        letters = [f"a letter: {letter.body}" for letter in stage.cloud.dead_letters.letters]
        _probe(stage)
        if not stage.cloud.intake.running:
            letters.append("the intake was not started again")
        return letters + stage.verdicts()

    def _fail(self, stage: Stage, failing: Retryable | None) -> None:
        for part in PARTS[self.parts]:
            getattr(stage.cloud, part).failing = failing


def _probe(stage: Stage) -> None:
    cloud = stage.cloud
    probe("originals", "", cloud.originals, cloud.renditions, cloud.ledger, cloud.outage, cloud.intake)


def outages() -> Iterator[Outage]:
    """Parts of the world x few and many images x one worker and several."""
    for parts in PARTS:
        for images in (10, 40):
            for workers in (1, 5):
                yield Outage(parts, images, workers)
    yield Outage("everything", 1, 1)
    yield Outage("the ledger's table", 1, 5)
