"""A collector beside workers: at any call of either, the other goes on, and what is published is never removed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jobs import collect
from local.simulator.buckets import Attic
from local.simulator.gates import Crashed, Gate, Gated, open_gate
from tests.faults.crashes import SCENES
from tests.faults.stage import A, B, Stage, X

GRACE = collect.LEAST_GRACE

BEFORE = ("a first upload", "overwritten", "deleted and put again", "a new recipe")
"""Scenes that leave renditions behind which nobody is told of."""


def collected(stage: Stage, gate: Gate = open_gate) -> None:
    """All of it, as a loop of steps."""
    place: str | None = ""
    while place is not None:
        place = collect.step(
            place,
            attic=Gated("attic", Attic(stage.cloud.renditions, page=2), gate),
            ledger=Gated("ledger", stage.cloud.ledger, gate),
            grace=GRACE,
            now=stage.cloud.clock.milliseconds,
        ).next


def _put(*bodies: bytes) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        for body in bodies:
            stage.put(body)
            stage.deliver_all()

    return act


def _released(stage: Stage) -> None:
    stage.release()
    stage.reprocess()
    stage.deliver_all()


def _deleted_and_put_again(stage: Stage) -> None:
    stage.delete()
    stage.deliver_all()
    _put(A)(stage)


INTERLUDES: dict[str, Callable[[Stage], None]] = {
    "a": _put(A),
    "b": _put(B),
    "b, a": _put(B, A),
    "no image, a": _put(X, A),
    "a new recipe": _released,
    "a new recipe and back": lambda stage: (_released(stage), _released(stage), None)[-1],
    "deleted and put again": _deleted_and_put_again,
}


@dataclass
class _Between:
    """Before the nth call something else happens, once."""

    at: int
    act: Callable[[], None]
    calls: int = field(default=0)

    def __call__(self, _: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls == self.at + 1:
            self.act()
        return call()


@dataclass(frozen=True)
class Collection:
    """What was there (A, then what the scene says), and who interrupts whom at which call."""

    scene: str
    interlude: str
    at: int
    collector_first: bool

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage()
        _put(A, B)(stage)
        SCENES[self.scene](stage)
        stage.cloud.clock.move(GRACE + 1)
        if self.collector_first:
            collected(stage, _Between(self.at, lambda: INTERLUDES[self.interlude](stage)))
        else:
            INTERLUDES[self.interlude](stage)
            stage.cloud.clock.move(GRACE + 1)
            stage.put(A)
            self._worked(stage)
        wrong = self._missing(stage)
        stage.drain()
        stage.cloud.clock.move(GRACE + 1)
        collected(stage)
        return wrong + self._missing(stage) + stage.witness.violations + list(stage.witness.unsettled().values())

    def _worked(self, stage: Stage) -> None:
        if delivery := stage.receive():
            try:
                stage.answer(delivery, stage.work(delivery, stage.worker(_Between(self.at, lambda: collected(stage)))))
            except Crashed:
                return

    def _missing(self, stage: Stage) -> list[str]:
        told = [(each.source, each.published) for each in stage.cloud.ledger.records.values()]
        return [f"2: {lie}" for source, each in told if each for lie in stage.witness.lies(source, each)]


def collections() -> Iterator[Collection]:
    """Every scene, interlude and call, both ways round."""
    for scene in BEFORE:
        for interlude in INTERLUDES:
            for at in range(6):
                yield Collection(scene, interlude, at, collector_first=True)
            for at in range(11):
                yield Collection(scene, interlude, at, collector_first=False)
