"""Every call of every scene, gone wrong in every way: once, or again and again until the worker answers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.errors import Retryable
from tests.faults.crashes import calls, received
from tests.faults.stage import LEASE, Stage

Fault = Callable[[Stage, Callable[[], Any]], Any]


def _refused(reason: str) -> Fault:
    def fault(_: Stage, __: Callable[[], Any]) -> Any:
        raise Retryable(reason)

    return fault


def _slow(seconds: float) -> Fault:
    def fault(stage: Stage, call: Callable[[], Any]) -> Any:
        stage.cloud.clock.move(seconds)
        return call()

    return fault


def _lost(_: Stage, call: Callable[[], Any]) -> Any:
    call()
    raise Retryable("unreachable", "timed out after it was applied")


def _applied_twice(_: Stage, call: Callable[[], Any]) -> Any:
    """The client tried again by itself, because the first answer was lost."""
    call()
    return call()


FAULTS: Mapping[str, Fault] = {
    "500": _refused("aws-internal"),
    "throttled": _refused("throttled"),
    "reset, or a body cut short": _refused("unreachable"),
    "403": _refused("access-denied"),
    "slow": _slow(20),
    "slower than the lease": _slow(LEASE + 10),
    "timed out after it was applied": _lost,
    "applied twice": _applied_twice,
}


@dataclass(frozen=True)
class Error:
    """One fault. `lasting`: it goes on until the worker has answered, so that its release fails too."""

    scene: str
    at: int
    fault: str
    lasting: bool
    receives: int

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage(max_receives=3)
        hand, delivery = received(stage, self.scene)
        if delivery is None:
            return stage.verdicts()
        made = 0

        def gate(_: str, call: Callable[[], Any]) -> Any:
            nonlocal made
            made += 1
            hit = made > self.at if self.lasting else made == self.at + 1
            return FAULTS[self.fault](stage, call) if hit else call()

        hand.gate = gate
        for _ in range(self.receives - 1):
            stage.cloud.queue.sqs.postpone(delivery.receipt, 0)
            delivery = stage.receive() or delivery
        stage.answer(delivery, stage.work(delivery, hand.world))
        return stage.verdicts()


def errors(scene: str) -> Iterator[Error]:
    """Every call x fault, on the first receive and on the last."""
    for at in range(calls(scene) - 1):
        for fault in FAULTS:
            for lasting in (False, True):
                for receives in (1, 3):
                    yield Error(scene, at, fault, lasting, receives)
