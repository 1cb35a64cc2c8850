"""The note of an outage in the table, and the switch of the event source mappings."""

from dataclasses import dataclass

from jobs.errors import Retryable


@dataclass
class Outage:
    """What was noted first stays."""

    reason: str = ""
    since: int = 0
    by_breaker: bool = False
    paused: bool = False
    failing: Retryable | None = None

    def declared(self) -> str:
        if self.failing:
            raise self.failing
        return self.reason

    def stopped(self) -> bool:
        if self.failing:
            raise self.failing
        return self.by_breaker

    def declare(self, reason: str, *, now: int, stopped: bool = False) -> None:
        if self.failing:
            raise self.failing
        self.by_breaker = self.by_breaker or stopped
        if not self.reason:
            self.reason, self.since = reason, now

    def over(self) -> None:
        if self.failing:
            raise self.failing
        self.reason, self.by_breaker = "", False

    def hold(self) -> None:
        self._pause(paused=True)

    def release(self) -> None:
        self._pause(paused=False)

    def held(self) -> bool:
        if self.failing:
            raise self.failing
        return self.paused

    def _pause(self, *, paused: bool) -> None:
        if self.failing:
            raise self.failing
        self.paused = paused


@dataclass
class Intake:
    """On or off."""

    running: bool = True
    failing: Retryable | None = None

    def stop(self) -> None:
        self._switch(running=False)

    def start(self) -> None:
        self._switch(running=True)

    def _switch(self, *, running: bool) -> None:
        if self.failing:
            raise self.failing
        self.running = running
