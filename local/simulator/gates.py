"""Where the simulator goes wrong: every call of a port passes a gate, and a gate may do anything to it.

worker ──call──▶ gate ──▶ port        let it pass, delay it, refuse it, lose its answer, end the worker
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jobs.errors import Retryable
from local.simulator.clock import Clock

Gate = Callable[[str, Callable[[], Any]], Any]
"""(the call's name, such as "ledger.publish"; the call itself) -> its answer."""


class Crashed(BaseException):
    """The worker's process is gone, at this very call. Nothing in it may catch this."""


class Gated:
    """A port, every call of which goes through a gate. So do the bytes of what it fetched."""

    def __init__(self, name: str, port: Any, gate: Gate) -> None:
        self._name, self._port, self._gate = name, port, gate

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._port, attribute)
        if not callable(found) or attribute == "close":
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            answer = self._gate(f"{self._name}.{attribute}", lambda: found(*arguments, **named))
            return Gated(self._name, answer, self._gate) if hasattr(answer, "read") else answer

        return call


def open_gate(_: str, call: Callable[[], Any]) -> Any:
    """Lets everything pass."""
    return call()


@dataclass
class Weather:
    """How likely a call is to go wrong, each way; drawn from the seed."""

    clock: Clock
    dice: random.Random
    fails: float = 0.0
    """Refused: nothing was applied."""
    answer_lost: float = 0.0
    """Applied, and then timed out."""
    slow: float = 0.0
    """Takes up to `longest` seconds."""
    crash: float = 0.0
    longest: float = 60.0
    calls: list[str] = field(default_factory=list)

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        self.calls.append(name)
        if self._happens(self.crash):
            raise Crashed(name)
        if self._happens(self.fails):
            raise Retryable(self.dice.choice(["throttled", "aws-internal", "unreachable"]), name)
        if self._happens(self.slow):
            self.clock.move(self.dice.uniform(0, self.longest))
        answer = call()
        if self._happens(self.answer_lost):
            raise Retryable("unreachable", f"{name}: timed out after it was applied")
        return answer

    def _happens(self, likelihood: float) -> bool:
        return self.dice.random() < likelihood
