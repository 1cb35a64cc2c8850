"""A redrive in waves that dies at a call, and is begun again: nothing is lost, whatever state its sources were in."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from jobs import waves
from jobs.letters import Box
from jobs.redrive import Wanted
from jobs.waves import Pace
from local.simulator.gates import Crashed, Gate, Gated, open_gate
from local.simulator.runs import Runs
from tests.faults.redrives import STATES, _letter, _Nth
from tests.faults.stage import Stage

CALLS = 16


@dataclass(frozen=True)
class Waved:
    """`dies_at`: the call of the redrive that its process ends at."""

    state: str
    dies_at: int
    wanted: Wanted

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage()
        STATES[self.state](stage)
        _letter(stage)
        stage.cloud.clock.move(stage.cloud.dead_letters.sqs.visibility + 1)
        with suppress(Crashed):
            self._redrive(stage, _Nth(self.dies_at))
        stage.redrive_broke_off = True
        stage.cloud.clock.move(stage.cloud.dead_letters.sqs.visibility + 1)
        self._redrive(stage)
        return stage.verdicts()

    def _redrive(self, stage: Stage, gate: Gate = open_gate) -> None:
        cloud = stage.cloud

        def sleep(seconds: float) -> None:
            cloud.clock.move(seconds)
            stage.deliver_all()

        waves.run(
            self.wanted,
            Pace(canary=1, patience=5.0),
            by="ada",
            why="",
            ledger=Gated("ledger", cloud.ledger, gate),
            queue=Gated("queue", cloud.queue, gate),
            boxes=[Box(Gated("letters", cloud.dead_letters, gate))],
            runs=Gated("runs", Runs(), gate),
            clock=cloud.clock,
            sleep=sleep,
        )


def waved() -> Iterator[Waved]:
    """Every state, dying at every call; all of it, and by a reason."""
    for state in STATES:
        for dies_at in range(CALLS):
            yield Waved(state, dies_at, Wanted())
            yield Waved(state, dies_at, Wanted(reason="not-an-image"))
