"""When the world is at fault, images must not pay for it.

                 five sources in a row fail by the world's fault
        closed ──────────────────────────────────────────────────▶ open: the batch is handed back untried,
          ▲                                                          │   but for a work every few seconds
          └──────────────── one succeeds ◀───────────────────────────┤
                                                                     │ still open after a minute
        probe: all of it answers again ◀── alarm, intake stopped ◀───┘
          └─▶ intake started, outage over

Partial batches do not slow Lambda down when everything fails, so this does. An open breaker is also noted in the
ledger, where workers that have just started see it: none of them spends a message's last receive on the outage.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from jobs.errors import Retryable
from jobs.source import Source

log = logging.getLogger(__name__)

FAILURES_TO_OPEN = 5
"""Different sources in a row. One image that S3 cannot serve is its own misfortune; five are the world's."""

TRY_EVERY = 5.0
"""Seconds between two tries while it is open."""

PATIENCE = 60.0
"""Seconds of an open breaker after which the intake is stopped."""


class Outage(Protocol):
    """The note that the world is at fault, where all workers see it; and that an operator paused the intake."""

    def declared(self) -> str:
        """Why, or "" while there is none."""

    def stopped(self) -> bool:
        """Whether a breaker stopped the intake because of it: only then is it the probe's to start."""

    def declare(self, reason: str, *, now: int, stopped: bool = False) -> None:
        """Notes it. The reason that was noted first stays, and so does that the intake was stopped."""

    def over(self) -> None:
        """Forgets it. An intake that is held stays so."""

    def hold(self) -> None:
        """An operator stops the intake, whatever a breaker did to it: from now on it is nobody else's to start."""

    def held(self) -> bool: ...
    def release(self) -> None: ...


class Intake(Protocol):
    """The event source mappings that feed the worker, as a switch."""

    def stop(self) -> None: ...
    def start(self) -> None: ...


class Breaker:
    """Counts failures across sources. Safe to share between the threads of a batch."""

    def __init__(self, outage: Outage, intake: Intake, clock: Callable[[], float]) -> None:
        self._outage, self._intake, self._clock = outage, intake, clock
        self._lock = threading.Lock()
        self._failed: set[Source] = set()
        self._opened: float | None = None
        self._next_try = 0.0
        self._stop_at: float | None = None

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    def admits(self) -> bool:
        """Whether a work may be tried now. While open, one is every few seconds: if it succeeds it closes it."""
        with self._lock:
            if self.is_open and self._clock() < self._next_try:
                return False
            self._next_try = self._clock() + TRY_EVERY
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failed.clear()
            self._opened = self._stop_at = None

    def failed(self, source: Source, reason: str) -> None:
        """The world failed this source. Opens at the fifth in a row, and stops the intake while it lasts."""
        now = self._clock()
        with self._lock:
            self._failed.add(source)
            opens = not self.is_open and len(self._failed) >= FAILURES_TO_OPEN
            if opens:
                self._opened, self._next_try, self._stop_at = now, now + TRY_EVERY, now + PATIENCE
            lasts = self._stop_at is not None and now >= self._stop_at
            if lasts:
                self._stop_at = now + PATIENCE  # the probe may have started it too early: it is stopped again
        if opens:
            log.error("breaker open: %s sources in a row failed, last by %s", FAILURES_TO_OPEN, reason)
            self._note(reason)
        if lasts:
            self._stop(reason)

    def blames_world(self) -> bool:
        """Whether a failure now is one of an outage, seen here or by any other worker."""
        if self.is_open:
            return True
        try:
            return bool(self._outage.declared())
        except Retryable:
            return True  # not even the ledger answers

    def _note(self, reason: str, *, stopped: bool = False) -> bool:
        """Whether the outage is noted now."""
        try:
            self._outage.declare(reason, now=round(self._clock() * 1000), stopped=stopped)
        except Retryable as error:
            log.warning("the outage could not be noted: %s", error)
            return False
        return True

    def _stop(self, reason: str) -> None:
        """Notes before and after: an intake that is stopped without a note would never be started again."""
        if not (self._note(reason, stopped=True) and self._stopped()):
            with self._lock:
                self._stop_at = self._clock()
        self._note(reason, stopped=True)

    def _stopped(self) -> bool:
        try:
            self._intake.stop()
        except Retryable as error:
            log.warning("the intake could not be stopped: %s", error)
            return False
        log.error("the outage lasts: the intake is stopped until the probe finds the world well")
        return True
