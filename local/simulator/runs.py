"""The runs' items of the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jobs.errors import Retryable, Stale
from jobs.runs import Run


@dataclass
class Runs:
    """Runs by id."""

    kept: dict[str, Run] = field(default_factory=dict)
    failing: Retryable | None = None

    def read(self, id: str) -> Run | None:
        if self.failing:
            raise self.failing
        return self.kept.get(id)

    def latest(self, most: int = 100) -> Sequence[Run]:
        if self.failing:
            raise self.failing
        return sorted(self.kept.values(), key=lambda run: run.began, reverse=True)[:most]

    def save(self, run: Run) -> Run:
        if self.failing:
            raise self.failing
        there = self.kept.get(run.id)
        if (there.version if there else 0) != run.version:
            raise Stale(f"{run.id} was moved on by another command")
        self.kept[run.id] = replace(run, version=run.version + 1)
        return self.kept[run.id]
