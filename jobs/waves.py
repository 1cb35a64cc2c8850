"""A redrive in waves: a few first, then more and more, and none any more once the failures are back.

    canary ─▶ settled? ─▶ failure rate below the limit ─▶ a wave twice as large ─▶ ...
                             ├─ above it ──────────────────▶ stop: what was not sent stays where it is
                             └─ somebody paused or cancelled ──▲

Who did it, when and why is kept as a run in the ledger, from before the first message on. A crash at any point leaves
letters where they are, or sources queued; the same command, given again, redrives what is left.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from jobs import redrive
from jobs.letters import Box
from jobs.ports import Ledger, Letter, Queue
from jobs.redrive import Place, Wanted
from jobs.runs import STOPPED, Phase, Run, Runs, stepped
from jobs.source import Source, State

LOOK_EVERY = 0.5
"""Seconds between two looks at a wave."""

ENDED = frozenset({State.DONE, State.DELETED, State.REJECTED, State.DEAD})
FAILED = frozenset({State.REJECTED, State.DEAD})


@dataclass(frozen=True)
class Pace:
    """How careful: the first wave, how much larger each next one is and how large at most, messages a second, the share
    of a wave that may fail, how many in all, and seconds until what has not settled is left to itself."""

    canary: int = 10
    growth: float = 2.0
    largest: int = 1000
    per_second: float = 50.0
    may_fail: float = 0.2
    most: int | None = None
    patience: float = 300.0


@dataclass(frozen=True)
class Wave:
    """One wave, once it has settled or patience ran out."""

    sent: int
    passed: int
    failed: int

    @property
    def unsettled(self) -> int:
        return self.sent - self.passed - self.failed

    @property
    def rate(self) -> float:
        """Of failures among those that settled."""
        return self.failed / (self.passed + self.failed) if self.passed + self.failed else 0.0


@dataclass(frozen=True)
class Ended:
    """All waves, and the run that is kept of them; `stopped` says why it stopped, "" if it came to its end.

    It stops itself, or is "paused" or "cancelled" by somebody who said so in its record.
    """

    run: str
    waves: tuple[Wave, ...]
    stopped: str = ""

    @property
    def sent(self) -> int:
        return sum(wave.sent for wave in self.waves)

    @property
    def passed(self) -> int:
        return sum(wave.passed for wave in self.waves)

    @property
    def failed(self) -> int:
        return sum(wave.failed for wave in self.waves)


def run(
    wanted: Wanted,
    pace: Pace,
    *,
    by: str,
    why: str,
    ledger: Ledger,
    queue: Queue,
    boxes: Sequence[Box],
    runs: Runs,
    show: Callable[[Wave], None] = lambda _: None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Redrives what is wanted, wave after wave, until it stops or is stopped.

    Raises Retryable: what was sent is sent, the rest is where it was.
    """
    began = round(clock() * 1000)
    kept = runs.save(Run(f"redrive-{began}", "redrive", str(wanted), by=by, why=why, began=clock()))
    ways = _Ways(wanted, boxes, ledger, queue, began, clock)
    waves: list[Wave] = []
    size, stopped = float(pace.canary), ""
    while not stopped:
        room = int(size) if pace.most is None else min(int(size), pace.most - sum(wave.sent for wave in waves))
        sources = ways.send(room, pace.per_second, sleep)
        if not sources:
            break
        wave = _settled(sources, ledger, pace.patience, clock, sleep)
        waves.append(wave)
        show(wave)
        counted = replace(kept, seen=kept.seen + wave.sent, sent=kept.sent + wave.sent, updated=clock())
        kept = stepped(runs, kept, counted)
        stopped = _stop(wave, pace) or (kept.phase if kept.phase in STOPPED else "")
        size = min(size * pace.growth, pace.largest)
    ways.put_back()
    phase = kept.phase if kept.phase in STOPPED else Phase.PAUSED if stopped else Phase.DONE
    stepped(runs, kept, replace(kept, phase=phase, place=stopped, updated=clock()))
    return Ended(kept.id, tuple(waves), stopped)


def _stop(wave: Wave, pace: Pace) -> str:
    if wave.rate > pace.may_fail:
        return f"{wave.failed} of {wave.passed + wave.failed} failed again"
    if wave.unsettled == wave.sent:
        return f"none of {wave.sent} settled within {pace.patience:g} s: is the intake running?"
    return ""


class _Ways:
    """From the boxes and the faults to the queue, a bounded number at a time."""

    def __init__(
        self,
        wanted: Wanted,
        boxes: Sequence[Box],
        ledger: Ledger,
        queue: Queue,
        began: int,
        clock: Callable[[], float],
    ) -> None:
        self._wanted, self._ledger, self._queue, self._clock = wanted, ledger, queue, clock
        first, *others = boxes
        self._open = [(box, Place(began, letters_only=True)) for box in others if wanted.reason in ("", box.reason)]
        self._open.append((first, Place(began)))
        self._hidden: list[tuple[Box, Letter]] = []

    def send(self, most: int, per_second: float, sleep: Callable[[float], None]) -> list[Source]:
        """The sources of up to `most` messages; none when nothing is left that is wanted."""
        sources: list[Source] = []
        sent, began = 0, self._clock()
        while self._open and sent < most:
            box, place = self._open[0]
            wanted = replace(self._wanted, reason="") if box.reason else self._wanted
            done = redrive.step(
                place,
                ledger=self._ledger,
                queue=self._queue,
                dead_letters=box.letters,
                now=round(self._clock() * 1000),
                wanted=wanted,
                most=most - sent,
            )
            sent, sources = sent + done.sent, [*sources, *done.sources]
            self._hidden += [(box, letter) for letter in done.hidden]
            self._open[:1] = [(box, done.next)] if done.next else []
            sleep(max(0.0, began + sent / per_second - self._clock()))
        return sources

    def put_back(self) -> None:
        """What was left alone, for whoever looks next."""
        for box, letter in self._hidden:
            box.letters.put_back(letter)


def _settled(
    sources: Sequence[Source],
    ledger: Ledger,
    patience: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Wave:
    """Waits for a wave. A requeued source is queued, so what is rejected or dead now failed again."""
    unique = dict.fromkeys(sources)
    deadline = clock() + patience
    while True:
        records = ledger.find([source.id for source in unique]).values()
        ended = [record.state for record in records if record.state in ENDED]
        if len(ended) == len(unique) or clock() > deadline:
            failed = sum(state in FAILED for state in ended)
            return Wave(len(unique), len(ended) - failed, failed)
        sleep(LOOK_EVERY)
