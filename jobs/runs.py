"""A long operation as steps, its checkpoint in the ledger: it may be stopped anywhere and driven on by any command.

    running ──step──▶ running ──…──▶ done
       │ ▲                             a step does its work, then saves its place: a crash between the two repeats
     pause resume                      one step, and what is sent twice does no harm
       ▼ │
     paused ──cancel──▶ cancelled

A run is named by what it is about, so the command that began it, given again, goes on with it. Two commands that drive
one run find each other out by its version.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from jobs.errors import JobError, Stale


class Phase(StrEnum):
    """Of a run."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


OVER = frozenset({Phase.CANCELLED, Phase.DONE})
STOPPED = frozenset({Phase.CANCELLED, Phase.PAUSED})


class OutOfBudget(JobError):
    """The run has spent what it may; it is paused."""


@dataclass(frozen=True)
class Run:
    """What is known of a long operation. Times are epoch seconds, money is in dollars.

    place       where the next step begins, in the operation's own words; "" is the beginning
    total       how many there were when it was planned, 0 if nobody counted
    seen        looked at so far, of which `sent` got a message (or were put), `skipped` needed none, `failed` could not
    per_second  at most so many are looked at; 0 is no limit
    each        what one that is sent costs until the operation's work on it is done
    budget      no step begins once this much is spent; None is no limit
    by, why     who began it, and what for
    options     what its steps go by from the first to the last, by the names and in the units of its command's options
    """

    id: str
    kind: str
    subject: str
    phase: Phase = Phase.RUNNING
    place: str = ""
    total: int = 0
    seen: int = 0
    sent: int = 0
    skipped: int = 0
    failed: int = 0
    per_second: float = 0.0
    each: float = 0.0
    budget: float | None = None
    began: float = 0.0
    updated: float = 0.0
    version: int = 0
    by: str = ""
    why: str = ""
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def spent(self) -> float:
        """Dollars, once all that was sent is done."""
        return self.sent * self.each


@dataclass(frozen=True)
class Advance:
    """What one step did; `next` is None when that was the last."""

    sent: int
    skipped: int
    next: str | None
    failed: int = 0


Step = Callable[[str], Advance]
"""One step from a place. Raises Retryable: the same place may be tried again."""


class Runs(Protocol):
    """Where runs are kept."""

    def read(self, id: str) -> Run | None:
        """Strongly consistent."""

    def save(self, run: Run) -> Run:
        """Keeps it under the next version. Raises Stale when the kept one is not the one that `run` came from."""

    def latest(self, most: int = 100) -> Sequence[Run]:
        """At most so many, the last to begin first, by an index that lags a little."""


def named(kind: str, subject: str) -> str:
    """The id of the run of this kind about this: "backfill-3f2a9c41"."""
    return f"{kind}-{hashlib.sha256(subject.encode()).hexdigest()[:8]}"


def begun(runs: Runs, wanted: Run) -> Run:
    """Goes on with the run of this id where it stands, or begins it anew if it is over or never was.

    Speed and budget are the wanted ones either way; of the options only those that its record does not have.
    """
    there = runs.read(wanted.id)
    if there and there.phase not in OVER:
        taken = replace(there, per_second=wanted.per_second, budget=wanted.budget)
        return runs.save(replace(taken, phase=Phase.RUNNING, options={**wanted.options, **there.options}))
    return runs.save(replace(wanted, version=there.version if there else 0))


def turned(runs: Runs, id: str, phase: Phase) -> Run | None:
    """Pauses, resumes or cancels; whoever drives the run sees it at its next step. None: no such run, or it is over."""
    while True:
        there = runs.read(id)
        if there is None or there.phase in OVER or there.phase is phase:
            return there if there and there.phase is phase else None
        try:
            return runs.save(replace(there, phase=phase))
        except Stale:
            continue  # a step was saved meanwhile


def drive(
    run: Run,
    step: Step,
    runs: Runs,
    show: Callable[[Run], None],
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Run:
    """Step after step until the run is done, or someone paused or cancelled it.

    Raises Stale when another command drives it too, OutOfBudget (it is paused then), Retryable when a step failed: all
    of them leave it where the last step ended.
    """
    began, before = clock(), run.seen
    while run.phase is Phase.RUNNING:
        if run.budget is not None and run.spent >= run.budget:
            runs.save(replace(run, phase=Phase.PAUSED))
            raise OutOfBudget(f"{run.id} has spent its budget of ${run.budget:,.2f}: give it a larger one to go on")
        did = step(run.place)
        run = stepped(runs, run, _advanced(run, did, clock()))
        show(run)
        if run.per_second and run.phase is Phase.RUNNING:
            sleep(max(0.0, began + (run.seen - before) / run.per_second - clock()))
    return run


def _advanced(run: Run, did: Advance, now: float) -> Run:
    return replace(
        run,
        phase=Phase.RUNNING if did.next is not None else Phase.DONE,
        place=did.next or "",
        seen=run.seen + did.sent + did.skipped + did.failed,
        sent=run.sent + did.sent,
        skipped=run.skipped + did.skipped,
        failed=run.failed + did.failed,
        updated=now,
    )


def stepped(runs: Runs, before: Run, run: Run) -> Run:
    """Keeps the step. If someone paused or cancelled the run meanwhile, it keeps the step all the same, and stops.

    Raises Stale when another command drives it too.
    """
    try:
        return runs.save(run)
    except Stale:
        there = runs.read(run.id)
        if there is None or there.phase not in STOPPED:
            raise
        if there != replace(before, phase=there.phase, version=there.version):
            raise
        phase = Phase.DONE if run.phase is Phase.DONE else there.phase
        return stepped(runs, there, replace(run, phase=phase, version=there.version))
