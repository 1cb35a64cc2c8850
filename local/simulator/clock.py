"""Time that is told to move."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Stands still between moves. Epoch seconds."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds

    @property
    def milliseconds(self) -> int:
        return round(self.now * 1000)
