"""A redrive of work in every state, stopped at every call and begun again, with a heap of duplicates around it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs import events
from jobs.errors import Retryable
from jobs.events import ANY, Asked
from local.simulator.gates import Crashed
from tests.faults.stage import LEASE, SOURCE, A, B, Stage, X

DUPLICATES = 100


def _done(stage: Stage) -> None:
    stage.put(A)
    stage.drain()
    _letter(stage)


def _rejected(stage: Stage) -> None:
    stage.put(X)
    stage.drain()


def _rejected_without_a_letter(stage: Stage) -> None:
    """Someone pressed the console's redrive: the message was refused as already rejected, and its letter is gone."""
    _rejected(stage)
    stage.native_redrive()
    stage.drain()


def _dead(stage: Stage) -> None:
    """S3 answered nobody until the last receive."""
    stage.put(A)
    stage.cloud.originals.failing = Retryable("throttled")
    stage.drain()
    stage.cloud.originals.failing = None


def _half_done(stage: Stage) -> None:
    """Its worker died before publishing, and its message became a letter: the ledger says processing."""
    stage.put(B)
    _crash(stage, at="ledger.publish")
    _bury(stage)


def _queued(stage: Stage) -> None:
    """An earlier redrive died between its requeue and its send: the ledger says queued, the letter is there."""
    _dead(stage)
    try:
        stage.redrive(_dies_at("queue.send"))
    except Crashed:
        return


def _never_seen(stage: Stage) -> None:
    """Not one worker lived to claim it."""
    stage.put(A)
    _bury(stage)


def _letter(stage: Stage) -> None:
    stage.cloud.dead_letters.send(events.message(Asked(SOURCE, ANY)), reason="")


def _bury(stage: Stage) -> None:
    for message in list(stage.cloud.queue.sqs.messages):
        stage.cloud.queue.sqs.move(message, stage.cloud.dead_letters.sqs)
    stage.cloud.clock.move(LEASE + 1)


def _crash(stage: Stage, at: str) -> None:
    delivery = stage.receive()
    assert delivery
    try:
        stage.work(delivery, stage.worker(_dies_at(at)))
    except Crashed:
        return


def _dies_at(call: str) -> Callable[[str, Callable[[], Any]], Any]:
    def gate(name: str, passes: Callable[[], Any]) -> Any:
        if name == call:
            raise Crashed
        return passes()

    return gate


STATES: Mapping[str, Callable[[Stage], None]] = {
    "done": _done,
    "rejected": _rejected,
    "rejected, without a letter": _rejected_without_a_letter,
    "dead": _dead,
    "half done": _half_done,
    "queued, without a message": _queued,
    "never seen": _never_seen,
}


@dataclass
class _Nth:
    """A gate that ends its process at the nth call."""

    number: int
    calls: int = field(default=0)

    def __call__(self, _: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls > self.number:
            raise Crashed
        return call()


@dataclass(frozen=True)
class Redriven:
    """A redrive that died at a call, then whole; `native`: the console's own button was pressed in between."""

    state: str
    dies_at: int
    duplicates: int
    native: bool
    overwritten: bool

    def run(self) -> list[str]:
        """The violations."""
        stage = Stage()
        STATES[self.state](stage)
        if self.overwritten:
            stage.put(B)
        for _ in range(self.duplicates):
            _letter(stage)
        try:
            stage.redrive(_Nth(self.dies_at))
        except Crashed:
            stage.deliver_all()
        if self.native:
            stage.native_redrive()
        stage.drain()
        stage.redrive()
        return stage.verdicts()


def redrives() -> Iterator[Redriven]:
    """Every state, dying at every call, with a duplicate and without; and undisturbed among a hundred."""
    for state in STATES:
        for native in (False, True):
            for overwritten in (False, True):
                for dies_at in range(10):
                    yield Redriven(state, dies_at, dies_at % 2, native, overwritten)
                    yield Redriven(state, dies_at, 1 - dies_at % 2, native, overwritten)
                yield Redriven(state, 1000, DUPLICATES, native, overwritten)
