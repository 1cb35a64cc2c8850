"""Walks at random: clients, several workers, an operator and the weather take turns, call by call."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import Retryable
from local.simulator.gates import Gate
from tests.faults.puppets import Deed, Puppet, fails, loses_its_answer, passes
from tests.faults.stage import LEASE, VISIBILITY, A, B, Delivery, Hand, Stage, X

WORKERS = 3


@dataclass
class Troupe:
    """A stage, the puppets on it, and how much may still go wrong."""

    stage: Stage
    dice: random.Random
    clients: int = 4
    releases: int = 2
    crashes: int = 3
    faults: int = 3
    hands: list[Hand] = field(default_factory=list)
    workers: list[tuple[Puppet, Hand, Delivery]] = field(default_factory=list)
    operators: list[Puppet] = field(default_factory=list)
    to_reprocess: bool = False

    # ---- moves: each says whether it was possible ----------------------------------------------------------------

    def client(self) -> bool:
        if not self.clients:
            return False
        self.clients -= 1
        body = self.dice.choice([A, A, B, X, None])
        if body is None:
            self.stage.delete()
        else:
            self.stage.put(body)
        return True

    def release(self) -> bool:
        if not self.releases:
            return False
        self.releases -= 1
        self.stage.release()
        self.to_reprocess = True
        return True

    def reprocess(self) -> bool:
        """The operator does it again until it has gone through."""
        if not self.to_reprocess or self.operators:
            return False

        def verb(gate: Gate) -> None:
            self.to_reprocess = False
            try:
                self.stage.reprocess(gate)
            except BaseException:
                self.to_reprocess = True
                raise

        self._operate(verb)
        return True

    def redrive(self) -> bool:
        if not self.stage.cloud.dead_letters.letters or self.operators:
            return False
        self._operate(self.stage.redrive)
        return True

    def native_redrive(self) -> bool:
        self.stage.native_redrive()
        return True

    def sweep(self) -> bool:
        if self.operators:
            return False
        self._operate(self.stage.sweep)
        return True

    def _operate(self, verb: Callable[[Gate], None]) -> None:
        self.operators.append(Puppet(verb))

    def receive(self) -> bool:
        if len(self.workers) >= WORKERS:
            return False
        delivery = self.stage.receive()
        if delivery is None:
            return False
        hand = self.hands.pop() if self.hands and self.dice.random() < 0.7 else self.stage.hand()
        self.start(hand, delivery)
        return True

    def start(self, hand: Hand, delivery: Delivery) -> None:
        def play(gate: Gate) -> Any:
            hand.gate = gate
            return self.stage.work(delivery, hand.world)

        self.workers.append((Puppet(play), hand, delivery))

    def step(self, deed: Deed = passes) -> bool:
        """One call of one worker or operator. One that has ended answers for its message instead."""
        if not self.puppets:
            return False
        self.advance(self.dice.choice(self.puppets), deed)
        return True

    def advance(self, puppet: Puppet, deed: Deed) -> None:
        if puppet.ended:
            self._end(puppet)
        else:
            puppet.go(deed)

    @property
    def puppets(self) -> list[Puppet]:
        """Everybody on the stage."""
        return [puppet for puppet, _, _ in self.workers] + self.operators

    def _end(self, puppet: Puppet) -> None:
        if puppet in self.operators:
            self.operators.remove(puppet)
            if puppet.error and not isinstance(puppet.error, Retryable):
                raise puppet.error
            return
        ended = next(worker for worker in self.workers if worker[0] is puppet)
        self.workers.remove(ended)
        _, hand, delivery = ended
        if puppet.error:
            raise puppet.error
        if not puppet.crashed:
            self.stage.answer(delivery, puppet.result)
            self.hands.append(hand)

    def crash(self) -> bool:
        if not self.crashes or not self.puppets:
            return False
        self.crashes -= 1
        self.dice.choice(self.puppets).crash()
        return True

    def fault(self) -> bool:
        if not self.faults:
            return False
        self.faults -= 1
        return self.step(self.dice.choice([fails, loses_its_answer]))

    def see_again(self) -> bool:
        """A message in flight is visible again, whoever works on it."""
        hidden = [m for m in self.stage.cloud.queue.sqs.messages if m.visible_at > self.stage.cloud.clock()]
        if not hidden:
            return False
        self.dice.choice(hidden).visible_at = self.stage.cloud.clock()
        return True

    def wait(self) -> bool:
        self.stage.cloud.clock.move(self.dice.choice([1.0, LEASE + 1, VISIBILITY + 1]))
        return True

    # ---- the end -------------------------------------------------------------------------------------------------

    def end(self, *, crash: bool) -> list[str]:
        for puppet in self.puppets:
            if crash:
                puppet.crash()
            puppet.finish()
            self._end(puppet)
        if self.to_reprocess:
            self.stage.reprocess()
        return self.stage.verdicts()


MOVES: dict[Callable[[Troupe], bool], int] = {
    Troupe.step: 40,
    Troupe.receive: 12,
    Troupe.client: 6,
    Troupe.see_again: 4,
    Troupe.wait: 3,
    Troupe.crash: 2,
    Troupe.fault: 2,
    Troupe.release: 2,
    Troupe.reprocess: 6,
    Troupe.redrive: 2,
    Troupe.native_redrive: 1,
    Troupe.sweep: 1,
}
"""And how often."""


@dataclass(frozen=True)
class Walk:
    """A walk of so many steps; the seed is all there is to it."""

    seed: int
    steps: int = 120

    def run(self) -> list[str]:
        """The violations."""
        dice = random.Random(self.seed)
        stage = Stage(self.seed, max_receives=dice.choice([2, 3, 6]))
        stage.cloud.queue.sqs.stale_receipts_delete = dice.random() < 0.5
        troupe = Troupe(stage, dice)
        stage.put(dice.choice([A, X]))
        for _ in range(self.steps):
            move = dice.choices(list(MOVES), list(MOVES.values()))[0]
            move(troupe)
        return troupe.end(crash=dice.random() < 0.5)


def walks(number: int, first: int = 0) -> Iterator[Walk]:
    return (Walk(seed) for seed in range(first, first + number))
