"""Code in a thread of its own that stops before every call of a port, until it is told what the call does.

    test            puppet
     │   ──go──▶      │ the call that it stopped at, then on to the next
     │   ◀──stops──   │
never both at once: what happens is the test's choice alone, and the same for the same choices
"""

import threading
from collections.abc import Callable
from typing import Any

from jobs.errors import Retryable
from local.simulator.gates import Crashed, Gate

PATIENCE = 30.0
"""Seconds that a step may take before it counts as stuck."""

Deed = Callable[[Callable[[], Any]], Any]
"""What becomes of a call."""


def passes(call: Callable[[], Any]) -> Any:
    return call()


def fails(_: Callable[[], Any]) -> Any:
    raise Retryable("throttled", "the call was refused")


def loses_its_answer(call: Callable[[], Any]) -> Any:
    call()
    raise Retryable("unreachable", "timed out after it was applied")


def crashes(_: Callable[[], Any]) -> Any:
    raise Crashed


class Puppet:
    """Runs `play(gate)`; `at` is the call that it stopped at, None once it has ended."""

    def __init__(self, play: Callable[[Gate], Any]) -> None:
        self.at: str | None = None
        self.ended = self.crashed = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._deed: Deed = passes
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, args=(play,), daemon=True).start()
        self._stopped.acquire()

    def go(self, deed: Deed = passes) -> None:
        """Does the call, and everything up to the next."""
        assert not self.ended, "it has ended: nothing is left to do"
        self._deed = deed
        self._go.release()
        assert self._stopped.acquire(timeout=PATIENCE), f"stuck after {self.at}"

    def crash(self) -> None:
        """Its process is gone."""
        if not self.ended:
            self.go(crashes)

    def finish(self) -> None:
        """Undisturbed to its end."""
        while not self.ended:
            self.go()

    def _run(self, play: Callable[[Gate], Any]) -> None:
        try:
            self.result = play(self._gate)
        except Crashed:
            self.crashed = True
        except BaseException as error:  # whatever it is, the test decides what it means
            self.error = error
        self.at, self.ended = None, True
        self._stopped.release()

    def _gate(self, name: str, call: Callable[[], Any]) -> Any:
        if self.crashed:
            raise Crashed
        self.at = name
        self._stopped.release()
        self._go.acquire()
        self.crashed = self._deed is crashes
        return self._deed(call)
