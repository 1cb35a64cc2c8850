"""Every case of one interruption: a worker is stopped at a call, the world moves on, and the worker goes on or is dead.

scene          what was there, and the message that the worker gets
at             the number of the call that is interrupted; the last one is the acknowledgement
interlude      what clients and operator do meanwhile
redelivery     when the message is seen again, and whether the interrupted worker lives
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.events import ANY, Asked
from local.simulator.gates import Crashed
from tests.faults.stage import LEASE, SOURCE, VISIBILITY, A, B, Delivery, Hand, Stage, X

Act = Callable[[Stage], None]


def _settled(*bodies: bytes) -> Act:
    def act(stage: Stage) -> None:
        for body in bodies:
            stage.put(body)
            stage.drain()

    return act


def _acts(*acts: Act) -> Act:
    def act(stage: Stage) -> None:
        for each in acts:
            each(stage)

    return act


def put_a(stage: Stage) -> None:
    stage.put(A)


def put_b(stage: Stage) -> None:
    stage.put(B)


def put_x(stage: Stage) -> None:
    stage.put(X)


def delete(stage: Stage) -> None:
    stage.delete()


def released(stage: Stage) -> None:
    stage.release()
    stage.reprocess()


def redriven(stage: Stage) -> None:
    stage.redrive()


def duplicated(stage: Stage) -> None:
    """A message about whatever is there, such as the sweep sends."""
    stage.cloud.queue.send(Asked(SOURCE, ANY))


def nothing(_: Stage) -> None:
    pass


SCENES: Mapping[str, Act] = {
    "a first upload": put_a,
    "a first upload that is no image": put_x,
    "overwritten": _acts(_settled(A), put_b),
    "overwritten by what is no image": _acts(_settled(A), put_x),
    "mended": _acts(_settled(X), put_a),
    "deleted": _acts(_settled(A), delete),
    "deleted and put again": _acts(_settled(A), delete, Stage.drain, put_a),
    "a new recipe": _acts(_settled(A), released),
    "a new recipe for what is no image": _acts(_settled(X), released),
    "an older event": _acts(put_a, put_b, lambda stage: _keep_first(stage)),
    "redriven": _acts(_settled(X), redriven),
}


def _keep_first(stage: Stage) -> None:
    """The newer event was handled before the older one arrived."""
    older = stage.cloud.queue.sqs.messages.pop(0)
    stage.drain()
    stage.cloud.queue.sqs.messages.append(older)


INTERLUDES: Mapping[str, Act] = {
    "nothing": nothing,
    "put a": put_a,
    "put b": put_b,
    "put x": put_x,
    "delete": delete,
    "delete, put a": _acts(delete, put_a),
    "put b, put a": _acts(put_b, put_a),
    "a new recipe": released,
    "a new recipe, and back": _acts(released, released),
    "redriven": redriven,
    "swept": duplicated,
}


@dataclass(frozen=True)
class Redelivery:
    """`lives`: the worker is only slow, and goes on after the interlude. `wait`: seconds that pass before it."""

    lives: bool
    wait: float
    again: bool = True
    """Whether the message is visible again at once."""


REDELIVERIES: Mapping[str, Redelivery] = {
    "crashed, seen at once": Redelivery(lives=False, wait=0),
    "crashed, seen after the lease": Redelivery(lives=False, wait=VISIBILITY + 1, again=False),
    "running, not seen again": Redelivery(lives=True, wait=0, again=False),
    "running, seen at once": Redelivery(lives=True, wait=0),
    "running, seen after the lease": Redelivery(lives=True, wait=LEASE + 1),
}


@dataclass(frozen=True)
class Case:
    """One interruption. Its text is enough to run it again."""

    scene: str
    at: int
    interlude: str
    redelivery: str
    stale_receipts_delete: bool = True

    def run(self) -> list[str]:
        """The violations."""
        return self.played().verdicts()

    def history(self) -> list[str]:
        """Every move of the ledger."""
        stage = self.played()
        stage.verdicts()
        return [f"{old} to {new}" for old, new in stage.cloud.ledger.moves]

    def played(self) -> Stage:
        """The stage after the interruption, not yet drained."""
        stage = Stage(seed=self.at)
        stage.cloud.queue.sqs.stale_receipts_delete = self.stale_receipts_delete
        hand, delivery = received(stage, self.scene)
        if delivery is None:
            return stage
        hand.gate = _Interruption(self, stage, delivery)
        try:
            verdict = stage.work(delivery, hand.world)
            hand.gate("acknowledge", lambda: stage.answer(delivery, verdict))
        except Crashed:
            self._meanwhile(stage)
        return stage

    def _meanwhile(self, stage: Stage) -> None:
        stage.cloud.clock.move(REDELIVERIES[self.redelivery].wait)
        INTERLUDES[self.interlude](stage)
        stage.deliver_all()

    def interrupt(self, stage: Stage, delivery: Delivery) -> None:
        redelivery = REDELIVERIES[self.redelivery]
        if redelivery.again:
            stage.cloud.queue.sqs.postpone(delivery.receipt, 0)
        if not redelivery.lives:
            raise Crashed
        self._meanwhile(stage)


@dataclass
class _Interruption:
    case: Case
    stage: Stage
    delivery: Delivery
    calls: int = 0
    dead: bool = False

    def __call__(self, _: str, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.dead:
            raise Crashed
        if self.calls - 1 == self.case.at:
            self.dead = not REDELIVERIES[self.case.redelivery].lives
            self.case.interrupt(self.stage, self.delivery)
        return call()


def received(stage: Stage, scene: str) -> tuple[Hand, Delivery | None]:
    """A worker that has worked before, under the first catalog, so that its cache may be stale; the scene's message."""
    hand = stage.hand()
    hand.world.catalog.cached()
    SCENES[scene](stage)
    return hand, stage.receive()


def calls(scene: str) -> int:
    """How many calls the scene's message takes undisturbed, the acknowledgement included."""
    stage = Stage()
    hand, delivery = received(stage, scene)
    assert delivery
    hand.gate = counter = _Interruption(Case(scene, -1, "nothing", "running, seen at once"), stage, delivery)
    stage.answer(delivery, stage.work(delivery, hand.world))
    return counter.calls + 1


def cases(scene: str, *, stale_receipts_delete: bool = True) -> Iterator[Case]:
    """Every case of one scene."""
    for at in range(calls(scene)):
        for interlude in INTERLUDES:
            for redelivery in REDELIVERIES:
                yield Case(scene, at, interlude, redelivery, stale_receipts_delete)
