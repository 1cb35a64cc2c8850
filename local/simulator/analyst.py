"""Rekognition in memory: it sees the same in every picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.errors import Retryable

LABELS = (("Mobile Phone", 99.9), ("Urban", 99.0), ("Town", 70.5))


@dataclass
class Analyst:
    """Remembers what it was shown; fails as long as it is told to."""

    failing: Retryable | None = None
    sees: Sequence[tuple[str, float]] = LABELS
    warns: Sequence[tuple[str, float]] = ()
    shown: list[bytes] = field(default_factory=list)

    def labels(self, picture: bytes, *, most: int, confidence: float) -> Sequence[tuple[str, float]]:
        return self._ask(picture, self.sees, confidence)[:most]

    def moderation(self, picture: bytes, *, confidence: float) -> Sequence[tuple[str, float]]:
        return self._ask(picture, self.warns, confidence)

    def _ask(
        self, picture: bytes, names: Sequence[tuple[str, float]], confidence: float
    ) -> Sequence[tuple[str, float]]:
        if self.failing:
            raise self.failing
        self.shown.append(picture)
        return [(name, sure) for name, sure in names if sure >= confidence]
