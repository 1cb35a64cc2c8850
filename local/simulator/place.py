"""How far the sweep has come."""

from dataclasses import dataclass

from jobs.errors import Retryable


@dataclass
class Place:
    """None: at the beginning."""

    after: str | None = None
    failing: Retryable | None = None

    def read(self) -> str | None:
        if self.failing:
            raise self.failing
        return self.after

    def keep(self, place: str | None) -> None:
        if self.failing:
            raise self.failing
        self.after = place
