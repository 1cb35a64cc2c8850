"""Random traces of the model, walked step by step by the real code: after every step both must tell the same.

    model        client: put a │ W? receives m(a,0) │ claim(r1) granted │ reads catalog: r1 │ fetch a, render │ ...
    real code    put, an event │ a delivery         │ ledger.claim      │ catalog.current   │ originals.fetch │ ...

A step of the model is one call of a port. A worker of the model is a puppet that runs jobs/process.py and stops at
each of these calls; the redriver is one that runs jobs/redrive.py. The revision is not compared: the model raises it
at the claim and at the catalog read, the code when it settles. A worker that has lost its fence is compared only by
how it ends: it may put renditions that the model's does not, or the other way round, and neither can be seen.
"""

import hashlib
import random
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs import catalog, events, keys, redrive, reprocess
from jobs.catalog import CurrentCatalog, RecipeBook
from jobs.events import ABSENT, Asked, parse
from jobs.process import Acknowledge, Retry, Work, process
from jobs.source import Source, State
from local.simulator.cloud import Cloud
from local.simulator.gates import Gate, Gated
from local.simulator.queues import Message, Sqs
from tests.faults.puppets import Puppet, fails, passes
from tests.jobs.worlds import BAD, Pixels
from tests.protocol import model as untyped

Model: Any = untyped.Model
CORRECTED, DIG = untyped.CORRECTED, untyped.DIG

SOURCE = Source("originals", "photo.jpg")
BODIES = {"a": b"a", "b": b"b", "x": BAD}
ETAGS = {hashlib.md5(body, usedforsecurity=False).hexdigest(): name for name, body in BODIES.items()}
STATES = {
    State.QUEUED: "q",
    State.PROCESSING: "p",
    State.DONE: "d",
    State.REJECTED: "r",
    State.DEAD: "x",
    State.DELETED: "z",
}

STOPS = {
    "ledger.claim",
    "catalog.current",
    "originals.fetch",
    "renditions.put",
    "ledger.publish",
    "ledger.unchanged",
    "ledger.deleted",
    "ledger.reject",
    "ledger.reject_again",
    "dead_letters.send",
    "ledger.told",
    "ledger.requeue",
    "queue.send",
    "dead_letters.delete",
}
"""The calls that are steps of the model. All others pass."""

AFTER_FETCH = {
    "1": "renditions.put",
    "N": "ledger.unchanged",
    "G": "ledger.deleted",
    "K": "ledger.reject_again",
    "J": "ledger.reject",
}
"""Where the code must stand when the model's worker is at this point."""

SCENARIOS: tuple[tuple[list[str], dict[str, Any]], ...] = (
    (["a"], {"maxrec": 2, "dups": 1}),
    (["a", "b"], {"crashes": 2}),
    (["x"], {"dups": 1, "redrives": 2, "maxrec": 2}),
    (["a", "-", "a"], {"maxrecv": 3}),
    (["a", "b", "a"], {"maxrec": 3, "redrives": 1}),
    (["x", "a", "x"], {"redrives": 2, "crashes": 2}),
    (["a", "x", "-"], {"redrives": 1, "maxrec": 3, "W": 3, "maxrecv": 3}),
)
"""Clients' actions and options of the model."""


@cache
def recipe(digest: str) -> Recipe:
    """X and Y differ in both renditions, so that nothing is kept from the one to the other."""
    return recipes.parse(
        f"""
        name = "default"
        [[renditions]]
        name = "large"
        format = "jpeg"
        quality = {80 if digest == "X" else 60}
        [[renditions]]
        name = "small"
        format = "webp"
        quality = {80 if digest == "X" else 60}
        """,
        files=lambda _: b"",
    )


@dataclass
class _Worker:
    delivery: str
    message: Message
    receives: int
    asked: Asked
    puppet: Puppet | None = None


class Replay:
    """One trace: `step` makes the model's step in the real world, `differences` compares."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.cloud = Cloud(max_receives=model.maxrecv)
        self.cloud.originals.told = lambda *_: None
        self.digests = {recipes.digest(recipe(name)): name for name in "XY"}
        self.book = RecipeBook(self.cloud.store)
        for digest, name in self.digests.items():
            self.cloud.store.put_body(digest, recipes.dump(recipe(name)))
            self.book.recipe(digest)
        self._release("X")
        self.messages: list[Message] = []
        self.workers: dict[int, _Worker] = {}
        self.redriver: Puppet | None = None

    @property
    def lane(self) -> Sqs:
        return self.cloud.queue.sqs

    @property
    def letters(self) -> Sqs:
        return self.cloud.dead_letters.sqs

    # ---- one step of the model -----------------------------------------------------------------------------------

    def step(self, label: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
        """Does what the label says; `before` and `after` say who did it."""
        if label.startswith("["):
            slot = _slot(before[7], after[7])
            self._worker(label.split("] ", 1)[1], slot, before, after[7][slot])
        else:
            self._world(label, before, after)
        self._map_new(len(after[6]))

    def _world(self, label: str, before: tuple[Any, ...], after: tuple[Any, ...]) -> None:
        match label.split()[:2]:
            case ["client:", _]:
                self._client(after[0], len(after[6]) - len(before[6]))
            case ["recipe", _]:
                self._release(DIG[after[3]])
            case ["reprocess", _]:
                reprocess.step(None, store=self.cloud.store, ledger=self.cloud.ledger, queue=self.cloud.queue)
            case ["W?", _]:
                slot = _slot(before[7], after[7])
                self._receive(slot, after[7][slot][1])
            case ["visibility", _]:
                self._seen_again(_changed(before[6], after[6]))
            case ["lease", _]:
                record = self.cloud.ledger.records[SOURCE]
                self.cloud.ledger.records[SOURCE] = replace(record, lease_until=0)
            case ["redriver", "takes"]:
                self._redrive(after[9][1])
            case ["redriver", "crashes"]:
                self._redriver().crash()
            case _:
                self._redriver().go()

    def _client(self, name: str, copies: int) -> None:
        if name:
            etag = self.cloud.put(SOURCE, BODIES[name])
        else:
            etag = ABSENT
            self.cloud.originals.objects.pop(SOURCE, None)
        for _ in range(copies):
            self.lane.send(events.message(Asked(SOURCE, etag)))

    def _release(self, digest: str) -> None:
        catalog.release(self.cloud.store, [recipe(digest)], [("", "default")])

    def _receive(self, slot: int, number: int) -> None:
        message = self.lane.hand_out(self.messages[number])
        self.workers[slot] = _Worker(message.receipt, message, message.receives, parse(message.body)[0])

    def _seen_again(self, number: int) -> None:
        self.messages[number].visible_at = self.cloud.clock()
        self._bury()

    def _redrive(self, number: int) -> None:
        """The one letter that the model takes is visible, all others are not."""
        for letter in self.letters.messages:
            letter.visible_at = self.cloud.clock() + (0 if letter is self.messages[number] else 1000)
        now = self.cloud.clock.milliseconds

        def play(gate: Gate) -> None:
            ports = {"ledger": self.cloud.ledger, "queue": self.cloud.queue, "dead_letters": self.cloud.dead_letters}
            gated = {name: self._gated(name, port, gate) for name, port in ports.items()}
            redrive.step(redrive.Place(began=now), **gated, now=now)

        self.redriver = Puppet(play)

    def _redriver(self) -> Puppet:
        assert self.redriver
        return self.redriver

    # ---- one step of a worker ------------------------------------------------------------------------------------

    def _worker(self, label: str, slot: int, before: tuple[Any, ...], model: tuple[Any, ...]) -> None:
        worker = self.workers[slot]
        fenced = bool(before[7][slot][3])
        if worker.puppet is None and label.startswith(("claim", "refused")):
            worker.puppet = self._start(worker, _revision(label, before, slot))
            assert worker.puppet.at == "ledger.claim"
        puppet = worker.puppet
        if label.startswith("ack"):
            self._answer(label, worker)
        elif label == "worker crashes":
            if puppet:
                puppet.crash()
        elif label.startswith("retryable"):
            assert puppet
            puppet.go(fails)
            self._retried(worker)
        else:
            assert puppet
            self._call(label, puppet, worker, model, fenced)
        if not model:
            del self.workers[slot]

    def _start(self, worker: _Worker, revision: int) -> Puppet:
        """A worker whose cache holds the catalog that the model chose."""

        def play(gate: Gate) -> Any:
            world = self.cloud.worker(Pixels(), "1-test", gate=_at_stops(gate))
            current = CurrentCatalog(self._gated("catalog", self.cloud.store, gate))
            current._catalog = self.cloud.store.history[revision]
            work = Work(SOURCE, (worker.asked,), worker.receives, worker.receives >= self.model.maxrecv)
            deadline = self.cloud.clock() + 1000
            return process(work, replace(world, catalog=current, recipes=self.book), deadline=deadline)

        return Puppet(play)

    def _call(self, label: str, puppet: Puppet, worker: _Worker, model: tuple[Any, ...], fenced: bool) -> None:
        if label.startswith("put rendition") and puppet.at != "renditions.put":
            assert not fenced, f"{label}, but the code is at {puppet.at}"
            return
        if label.startswith(("settle", "publish", "record")):
            while puppet.at == "renditions.put":
                assert not fenced, f"{label}, but the code still puts"
                puppet.go()
        puppet.go(fails if "send failed" in label else passes)
        if "-> retry" in label:
            self._retried(worker)
        elif label.startswith("fetch") and fenced:
            assert puppet.at == AFTER_FETCH[model[0]], f"{label}, but the code is at {puppet.at}"
        elif model[0] == "A":
            assert puppet.ended, f"{label}, but the code is at {puppet.at}"
            assert isinstance(puppet.result, Acknowledge), puppet.error or puppet.result

    def _retried(self, worker: _Worker) -> None:
        assert worker.puppet
        assert isinstance(worker.puppet.result, Retry), (worker.puppet.at, worker.puppet.error, worker.puppet.result)
        self.lane.postpone(worker.delivery, 0)
        self._bury()

    def _answer(self, label: str, worker: _Worker) -> None:
        if label in ("ack", "ack with a stale receipt (deletes)"):
            self.lane.delete(worker.delivery)

    def _bury(self) -> None:
        """What has been received often enough becomes a letter when the queue is next looked at."""
        before, letters = list(self.lane.messages), list(self.letters.messages)
        self.lane.next_visible()
        gone = [message for message in before if message not in self.lane.messages]
        moved = [letter for letter in self.letters.messages if letter not in letters]
        for message, letter in zip(gone, moved, strict=True):
            self.messages[self.messages.index(message)] = letter

    def _map_new(self, count: int) -> None:
        """What the model has appended is what is new in the lane or among the letters."""
        known = {id(message) for message in self.messages}
        new = [each for each in (*self.lane.messages, *self.letters.messages) if id(each) not in known]
        assert len(new) == count - len(self.messages), f"the model has {count} messages, the code made {len(new)} more"
        self.messages += new

    def _gated(self, name: str, port: Any, gate: Gate) -> Any:
        return Gated(name, port, _at_stops(gate))

    # ---- comparison ----------------------------------------------------------------------------------------------

    def differences(self, state: tuple[Any, ...]) -> list[str]:
        """What the model and the real world tell differently."""
        differ = [
            (what, model, real)
            for what, model, real in [*self._ledger(state[5]), *self._messages(state[6])]
            if model != real
        ]
        return [
            f"{what}: the model says {model!r}, the code {real!r}" for what, model, real in differ
        ] + self._unstored()

    def _ledger(self, model: tuple[Any, ...]) -> list[tuple[str, object, object]]:
        record = self.cloud.ledger.records.get(SOURCE)
        if record is None:
            return [("state", model[0], "0")]
        rejected, published = record.rejected, record.published
        return [
            ("state", model[0], STATES[record.state]),
            ("lease", model[0] == "p" and model[1], record.leased(self.cloud.clock.milliseconds)),
            ("rejected", model[2], (ETAGS[rejected.etag], self.digests[rejected.digest]) if rejected else ()),
            ("visible", model[3][:2], (ETAGS[published.etag], self.digests[published.digest]) if published else ()),
            ("told", model[0] == "r" and model[7], model[0] == "r" and record.told),
        ]

    def _messages(self, model: tuple[tuple[str, int, int, str], ...]) -> list[tuple[str, object, object]]:
        return [
            (f"message {number}", self._as_real(fact), self._real(message))
            for number, (fact, message) in enumerate(zip(model, self.messages, strict=True))
        ]

    def _as_real(self, fact: tuple[str, int, int, str]) -> object:
        etag, revision, receives, status = fact
        return (
            (status, etag, revision, receives)
            if status in "qf"
            else (status,)
            if status == "x"
            else (status, etag, revision)
        )

    def _real(self, message: Message) -> object:
        asked = parse(message.body)[0]
        named = ETAGS.get(asked.etag, asked.etag)
        if any(message is each for each in self.letters.messages):
            return ("D", named, asked.revision)
        if not any(message is each for each in self.lane.messages):
            return ("x",)
        status = "q" if message.visible_at <= self.cloud.clock() else "f"
        return (status, named, asked.revision, message.receives)

    def _unstored(self) -> list[str]:
        record = self.cloud.ledger.records.get(SOURCE)
        if record is None or record.published is None:
            return []
        wanted = [keys.rendition_key(SOURCE, record.published, stored) for stored in record.published.renditions]
        return [f"{key} is visible and not stored" for key in wanted if key not in self.cloud.renditions.objects]

    def close(self) -> None:
        """Ends what still stands at a call."""
        for puppet in [worker.puppet for worker in self.workers.values()] + [self.redriver]:
            if puppet:
                puppet.crash()


def _at_stops(gate: Gate) -> Gate:
    return lambda name, call: gate(name, call) if name in STOPS else call()


def _slot(before: tuple[Any, ...], after: tuple[Any, ...]) -> int:
    """Whose turn it was; that a claim took everybody else's fence is no turn of theirs."""
    return next(w for w, (old, new) in enumerate(zip(before, after, strict=True)) if _pose(old) != _pose(new))


def _pose(worker: tuple[Any, ...]) -> tuple[Any, ...]:
    return worker[:3] + worker[4:] if worker else ()


def _changed(before: tuple[Any, ...], after: tuple[Any, ...]) -> int:
    return next(number for number, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)


def _revision(label: str, state: tuple[Any, ...], slot: int) -> int:
    """The revision in the worker's cache: the label's, or one under which the model says what it says."""
    if label.startswith("claim(r"):
        return int(label[len("claim(r") : label.index(")")])
    rejected, highest, asked = state[5][2], state[5][4], state[6][state[7][slot][1]][1]
    possible = [revision for revision in range(state[3], 0, -1) if revision >= max(highest, asked)]
    if label.startswith("refused: rejected"):
        possible = [revision for revision in possible if DIG[revision] == rejected[1]]
    return possible[0]


RARE = 0.15
RARELY = ("runs out", "crashes", "retryable", "send failed", "stale receipt")


@dataclass(frozen=True)
class Trace:
    """A random trace of the model. The seed is all there is to it."""

    seed: int
    steps: int = 70

    def run(self) -> list[str]:
        """Where the code parts from the model: the labels up to there, and how."""
        dice = random.Random(self.seed)
        actions, options = SCENARIOS[self.seed % len(SCENARIOS)]
        model = Model(actions, CORRECTED, **options)
        replay, state = Replay(model), model.init()
        walked: list[str] = []
        try:
            while len(walked) < self.steps and (choices := list(model.nexts(state))):
                weights = [RARE if any(word in label for word in RARELY) else 1.0 for label, _ in choices]
                label, following = dice.choices(choices, weights)[0]
                walked.append(label)
                replay.step(label, state, following)
                state = following
                if differences := replay.differences(state):
                    return [*walked, *differences]
        except AssertionError as error:
            return [*walked, str(error)]
        finally:
            replay.close()
        return []
