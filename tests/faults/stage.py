"""A cloud, its workers, its clients and its operator, for the tests to set against one another."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs import batch, catalog, redrive, reprocess, sweep
from jobs.batch import Message, Rules
from jobs.catalog import Catalog
from jobs.events import ANY, Asked, parse
from jobs.process import Acknowledge, Verdict, World
from jobs.source import Record, Source, State
from local.simulator import queues
from local.simulator.cloud import Cloud
from local.simulator.gates import Gate, Gated, open_gate
from tests.faults.checker import REST, Witness, rewritten
from tests.jobs.worlds import BAD, Pixels, recipe

SOURCE = Source("originals", "photo.jpg")
A, B, X = b"a", b"b", BAD
"""Two images, and bytes that are none."""

LEASE, VISIBILITY = 90.0, 360.0
"""Seconds: what a worker with 60 s to its deadline takes, and what the queue gives."""

PATIENCE = 2 * VISIBILITY


@cache
def edition(number: int) -> Recipe:
    """The recipe of a revision: the third is the first again, the A-B-A of recipes."""
    return recipe("quality = 50" if number % 2 == 0 else "")


@dataclass
class Delivery:
    """A message on its way through a worker."""

    receipt: str
    message: Message
    since: int
    sent: int
    """How many messages workers had sent by then."""

    @property
    def asked(self) -> tuple[Asked, ...]:
        return parse(self.message.body)


class Hand:
    """A worker whose gate can be changed from one delivery to the next."""

    world: World
    gate: Gate = staticmethod(open_gate)


@dataclass
class Stage:
    """Everything on it is the same for the same seed."""

    seed: int = 0
    max_receives: int = 6
    redrive_broke_off: bool = False
    """Without a letter, what it had requeued and not yet sent is the sweep's to find."""

    def __post_init__(self) -> None:
        random.seed(self.seed)
        self.cloud = Cloud(self.seed, self.max_receives, VISIBILITY)
        self.witness = Witness(self.cloud, bad=frozenset({X}))
        self.rules = Rules("originals", "", self.max_receives, side_by_side=1)
        self.cloud.store.put_body(recipes.digest(edition(2)), recipes.dump(edition(2)))
        self.release()

    # ---- clients and operator ------------------------------------------------------------------------------------

    def put(self, body: bytes, source: Source = SOURCE) -> None:
        self.witness.uploaded(body)
        self.cloud.put(source, body)

    def delete(self, source: Source = SOURCE) -> None:
        if source in self.cloud.originals.objects:
            self.cloud.delete(source)

    def release(self) -> Catalog:
        return catalog.release(self.cloud.store, [edition(self.revision + 1)], [("", "default")])

    @property
    def revision(self) -> int:
        return self.cloud.store.catalog.revision

    def reprocess(self, gate: Gate = open_gate) -> None:
        store, ledger, queue, _ = self._ports(gate)
        place: reprocess.Place | None = None
        while True:
            place = reprocess.step(place, store=store, ledger=ledger, queue=queue).next
            if place is None:
                return

    def redrive(self, gate: Gate = open_gate) -> None:
        """All of it, as a loop of steps; a letter that the last redrive left hidden comes into sight first."""
        _, ledger, queue, dead_letters = self._ports(gate)
        self.cloud.clock.move(self.cloud.dead_letters.sqs.visibility)
        place: redrive.Place | None = redrive.Place(began=self.cloud.clock.milliseconds)
        while place:
            now = self.cloud.clock.milliseconds
            try:
                place = redrive.step(place, ledger=ledger, queue=queue, dead_letters=dead_letters, now=now).next
            except BaseException:
                self.redrive_broke_off = True
                raise

    def native_redrive(self) -> None:
        """Someone pressed "start DLQ redrive" in the console: no ledger is asked."""
        for letter in list(self.cloud.dead_letters.sqs.messages):
            self.cloud.dead_letters.sqs.move(letter, self.cloud.queue.sqs)

    def sweep(self, gate: Gate = open_gate) -> None:
        _, ledger, queue, _ = self._ports(gate)
        now, after = self.cloud.clock.milliseconds, None
        while True:
            after = sweep.step(after, ledger=ledger, lanes=[queue], patience=PATIENCE, now=now).next
            if after is None:
                return

    def _ports(self, gate: Gate) -> tuple[Any, Any, Any, Any]:
        cloud = self.cloud
        named = {"catalog": cloud.store, "ledger": cloud.ledger, "queue": cloud.queue, "letters": cloud.dead_letters}
        catalog_store, ledger, queue, letters = (Gated(name, port, gate) for name, port in named.items())
        return catalog_store, ledger, queue, letters

    # ---- workers -------------------------------------------------------------------------------------------------

    def hand(self, *, engine: str = "1-test", skew: float = 0.0) -> "Hand":
        """A worker that lives on, with what it has cached."""
        hand = Hand()
        hand.world = self.worker(lambda name, call: hand.gate(name, call), engine=engine, skew=skew)
        return hand

    def worker(self, gate: Gate = open_gate, *, engine: str = "1-test", skew: float = 0.0) -> World:
        """A worker that has just started. Its pixels pass the gate too."""
        pixels = Pixels()

        def render(*arguments: Any) -> Any:
            return gate("pixels.render", lambda: pixels(*arguments))

        return self.cloud.worker(render, engine, gate=gate, skew=skew)

    def receive(self) -> Delivery | None:
        received = self.cloud.queue.sqs.receive()
        return self.delivery(received[0]) if received else None

    def hand_out(self, message: queues.Message) -> Delivery:
        """This very message, visible or not."""
        return self.delivery(self.cloud.queue.sqs.hand_out(message))

    def delivery(self, message: queues.Message) -> Delivery:
        return Delivery(
            message.receipt,
            Message(message.id, message.body, message.receives),
            self.witness.now(),
            len(self.cloud.queue.sent),
        )

    def work(self, delivery: Delivery, worker: World, *, seconds: float = 60.0) -> Verdict:
        """What the worker answers. Crashed comes out as it is; the message is then still in flight."""
        deadline = worker.clock() + seconds
        return batch.run([delivery.message], worker, self.rules, deadline=deadline)[delivery.message.id]

    def answer(self, delivery: Delivery, verdict: Verdict) -> None:
        if isinstance(verdict, Acknowledge):
            copied = {asked.source for asked, _ in self.cloud.queue.sent[delivery.sent :]}
            self.witness.acknowledged({asked.source for asked in delivery.asked} - copied, delivery.since)
        self.cloud.answer(delivery.receipt, verdict)

    def deliver_batch(self, most: int, worker: World, *, seconds: float = 60.0) -> None:
        """Several visible messages through one worker at once."""
        received = [self.delivery(message) for message in self.cloud.queue.sqs.receive(most)]
        messages = [delivery.message for delivery in received]
        verdicts = batch.run(messages, worker, self.rules, deadline=worker.clock() + seconds)
        for delivery in received:
            self.answer(delivery, verdicts[delivery.message.id])

    def deliver(self, worker: World | None = None) -> bool:
        """One visible message through a worker, a new one if none is given; False when none is visible."""
        delivery = self.receive()
        if delivery is None:
            return False
        look = self._nothing_to_do(delivery) if worker is None else None
        before = look(delivery) if look else None
        verdict = self.work(delivery, worker or self.worker())
        if look and before != look(delivery):
            self.witness.violations.append(f"4: a duplicate of finished work changed {before} to {look(delivery)}")
        self.answer(delivery, verdict)
        return True

    def _nothing_to_do(self, delivery: Delivery) -> Callable[[Delivery], object] | None:
        """How to look at what a duplicate must leave as it is; None when there is work to do."""
        if len(delivery.asked) != 1 or self.witness.unsettled().get(delivery.asked[0].source):
            return None
        asked = delivery.asked[0]
        if self.record(asked.source) is None:
            return None
        history = self.cloud.originals.history[asked.source]
        return self._whole if history and asked.etag in (history[-1], ANY) else self._but_the_claim

    def _whole(self, delivery: Delivery) -> object:
        record = self.record(delivery.asked[0].source)
        told = replace(record, told=True) if record else None
        return told, self.cloud.originals.fetches, self.cloud.renditions.puts

    def _but_the_claim(self, delivery: Delivery) -> object:
        """An older etag may move the fence, the holder and the lease, and confirm what is there at a newer catalog."""
        record = self.record(delivery.asked[0].source)
        published = replace(record.published, revision=0) if record and record.published else None
        claimless = {"fence": 0, "holder": "", "lease_until": 0, "updated": 0, "revision": 0, "told": True}
        return record and replace(record, published=published, **claimless), self.cloud.renditions.puts  # type: ignore[arg-type]

    def deliver_all(self) -> None:
        """Every message that is visible now, once each."""
        for _ in range(len(self.cloud.queue.sqs.messages)):
            self.deliver()

    def drain(self, most: int = 300) -> None:
        """Healthy workers, until the queue is empty; time moves on while they wait."""
        for _ in range(most):
            if self.deliver():
                continue
            visible_at = self.cloud.queue.sqs.next_visible()
            if visible_at is None:
                return
            self.cloud.clock.move(max(0.0, visible_at - self.cloud.clock()) + 0.001)
        self.witness.violations.append(f"1: not drained after {most} deliveries")

    def record(self, source: Source = SOURCE) -> Record | None:
        return self.cloud.ledger.records.get(source)

    # ---- the end -------------------------------------------------------------------------------------------------

    def verdicts(self) -> list[str]:
        """Drains, judges, redrives once, judges, sweeps, judges: every violation of the invariants."""
        self.drain()
        if self.redrive_broke_off:
            self._sweep_later()
        letters = self.witness.letters()
        self._judge(lambda source, wrong: source in letters or wrong.startswith(("label", "until")), "drained")
        self.redrive()
        self.drain()
        if any(wrong.startswith("until") for wrong in self.witness.unsettled().values()):
            # Its workers died before its message became a letter: the redrive's own claim was the third.
            self.redrive()
            self.drain()
        self._judge(lambda _, wrong: wrong.startswith("label"), "redriven")
        self._sweep_later()
        self._judge(lambda source, wrong: self._dead(source) and wrong.startswith("label"), "swept")
        return self.witness.violations + rewritten(self.cloud.renditions.versions)

    def _sweep_later(self) -> None:
        self.cloud.clock.move(LEASE + 2 * PATIENCE)
        self.sweep()
        self.drain()

    def _dead(self, source: Source) -> bool:
        """A stale `dead` over what is rightly published stays until a human redrives it: the sweep never does."""
        record = self.record(source)
        return record is not None and record.state is State.DEAD

    def _judge(self, excused: Callable[[Source, str], bool], when: str) -> None:
        for source, wrong in self.witness.unsettled().items():
            if not excused(source, wrong):
                self.witness.violations.append(f"1 ({when}): {wrong}")
        for record in self.cloud.ledger.records.values():
            if record.state is State.REJECTED and record.source in self.witness.letter_due:
                self.witness.violations.append(f"7 ({when}): rejected, and no letter was sent since")
            if record.state not in REST and when == "swept" and record.state is not State.DEAD:
                self.witness.violations.append(f"1 (swept): left {record.state}")
