"""Batches of ten: one of them poison, at each position and of each kind; and time that runs out after any of them."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jobs.source import Record, Source, State
from tests.faults.warm import INVOCATION, PHOTO, VCPUS, Warm, children

TEN = 10


@dataclass(frozen=True)
class Poison:
    """An original, what becomes of it in the end, and whether it takes its child along."""

    original: bytes
    state: State
    reason: str
    kills: bool = True
    timeout: float = 15.0
    """Seconds that its worker gives a child."""


POISONS: Mapping[str, Poison] = {
    "exception": Poison(b"wrong", State.DEAD, "unexpected-ChildFailed", kills=False),
    "SIGKILL": Poison(b"be killed", State.REJECTED, "kills-worker"),
    "hang": Poison(b"spin", State.REJECTED, "kills-worker", timeout=1.0),
    "memory": Poison(b"fill memory", State.REJECTED, "kills-worker"),
}
"""What nobody foresaw is retried until its last receive; what ends two children, the second alone, is rejected."""


@dataclass(frozen=True)
class Poisoned:
    """One batch of ten."""

    kind: str
    position: int
    warm: Warm

    def __repr__(self) -> str:
        return f"{self.kind} at {self.position}"

    def run(self) -> list[str]:
        """The violations."""
        poison, warm = POISONS[self.kind], self.warm
        sources = warm.upload([poison.original if n == self.position else PHOTO for n in range(TEN)])
        poisoned, neighbours = sources[self.position], [s for n, s in enumerate(sources) if n != self.position]
        before = _all_children()
        received, failed = warm.invoke()
        retried = {received[self.position].id} if poison.state is State.DEAD else set()
        wrong = warm.not_whole(neighbours)
        if failed != retried:
            wrong.append(f"5: failures are {failed}, not {retried}")
        if (before - _all_children() != frozenset()) != poison.kills:
            wrong.append("6: its child was not replaced" if poison.kills else "6: its child is gone")
        warm.drain()
        return wrong + self._fate(poison, warm.record(poisoned))

    def _fate(self, poison: Poison, record: Record | None) -> list[str]:
        letters = [letter.reason for letter in self.warm.cloud.dead_letters.letters]
        self.warm.cloud.dead_letters.sqs.messages.clear()
        wrong = [] if letters == ["" if poison.state is State.DEAD else poison.reason] else [f"7: letters {letters}"]
        if record is None or (record.state, record.reason) != (poison.state, poison.reason):
            wrong.append(f"1: {record}")
        return wrong


def poisoned(kind: str, warm: Warm) -> Iterator[Poisoned]:
    for position in range(TEN):
        yield Poisoned(kind, position, warm)


def _all_children() -> frozenset[int]:
    """Once there are as many as vCPUs, all alive."""
    until = time.monotonic() + 20
    while len(found := children()) != VCPUS and time.monotonic() < until:
        time.sleep(0.005)
    assert len(found) == VCPUS, "a child is missing"
    return found


@dataclass(frozen=True)
class OutOfTime:
    """Ten originals, and an invocation whose time is over when so many of them are done."""

    after: int
    left: float
    """Seconds that are left then: too few to start a work, or even to begin a render."""
    last_receive: bool
    warm: Warm

    def __repr__(self) -> str:
        return f"{self.left} s left after {self.after}, {self.last_receive=}"

    def run(self) -> list[str]:
        """The violations."""
        warm = self.warm
        sources = warm.upload([PHOTO] * TEN)
        for message in warm.waiting:
            message.receives = 5 if self.last_receive else 0
        self._let_time_run_out(frozenset(sources))
        received, failed = warm.invoke(INVOCATION if self.after else self.left)
        warm.cloud.ledger.watching = lambda *_: None
        undone = [n for n, source in enumerate(sources) if not self._is(source, State.DONE)]
        wrong = warm.not_whole([source for n, source in enumerate(sources) if n not in undone])
        wrong += self._handed_back(undone, [message.id for message in received], failed)
        warm.drain()
        if warm.cloud.dead_letters.letters:
            wrong.append("5: a letter of a healthy original")
        return wrong + warm.not_whole(sources)

    def _handed_back(self, undone: list[int], ids: list[str], failed: set[str]) -> list[str]:
        """Exactly the undone, and soon: by their own visibility, or as copies where that receive was the last."""
        wrong = [] if self._as_many(len(undone)) else [f"{TEN - len(undone)} were done, not {self.after}"]
        expected = set() if self.last_receive else {ids[n] for n in undone}
        if failed != expected:
            wrong.append(f"5: handed back {failed}, not {expected}")
        waits = [message.visible_at - self.warm.cloud.clock() for message in self.warm.waiting]
        if len(waits) != len(undone) or not all(0 <= wait <= SHORT for wait in waits):
            wrong.append(f"5: they wait {waits}")
        return wrong

    def _as_many(self, undone: int) -> bool:
        """One after the other it is exact; side by side others were under way, and may come to their end."""
        return undone == TEN - self.after if self.left == ALONE else undone <= TEN - self.after

    def _is(self, source: Source, state: State) -> bool:
        record = self.warm.record(source)
        return record is not None and record.state is state

    def _let_time_run_out(self, sources: frozenset[Source]) -> None:
        cloud, deadline = self.warm.cloud, self.warm.cloud.clock() + INVOCATION
        done = 0

        def watch(_: Record, new: Record) -> None:
            nonlocal done
            done += new.source in sources and new.state is State.DONE
            if done >= self.after > 0:
                cloud.clock.now = max(cloud.clock.now, deadline - self.left)

        cloud.ledger.watching = watch


SHORT = 6.0
"""Seconds: what was not tried is wanted at once by another invocation that has time."""

ALONE, NO_RENDER = 40.0, 10.0
"""Seconds left: too few to start another work; too few even for a work under way to begin its render."""


def out_of_time(left: float, warm: Warm) -> Iterator[OutOfTime]:
    for after in range(TEN + 1):
        for last_receive in (False, True):
            yield OutOfTime(after, left, last_receive, warm)
