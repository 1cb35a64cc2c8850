"""What the ledger's stream adds up to: how many sources are in each state, what was published, and what that cost.

    changes of one source ─▶ [a mark per source: the last change counted] ─┐ one transaction: both, or neither
                          └▶ the sums of one shard ────────────────────────┘

The stream hands changes over at least once, and those of one source in their order: what a mark already covers is
left out, so a crash or a redelivery anywhere neither loses nor repeats one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from jobs.metering import metered
from jobs.source import Published, Record, State

Key = TypeVar("Key")

MINUTES_KEPT = 90
"""Of the series of publications; an hour is shown."""


@dataclass(frozen=True)
class Change:
    """One change of one source's item. `sequence` is the stream's, padded so that text compares as numbers do."""

    id: str
    sequence: str
    before: Record | None
    after: Record | None

    @property
    def settled(self) -> State | None:
        """Done, rejected or deleted, if this very change made it so; done anew counts, for it is published anew."""
        if self.after is None or self.after.state not in (State.DONE, State.REJECTED, State.DELETED):
            return None
        return self.after.state if self.before is None or self.before.state is not self.after.state else None

    @property
    def published(self) -> Published | None:
        """A set that readers did not see before."""
        published = self.after.published if self.after and self.settled is State.DONE else None
        earlier = self.before.published if self.before else None
        return published if published and (earlier is None or earlier.at != published.at) else None


@dataclass(frozen=True)
class Counters:
    """Sums. `minutes`: sets published, by the minute since the epoch."""

    states: Mapping[State, int] = field(default_factory=dict)
    minutes: Mapping[int, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    milliseconds: int = 0
    dollars: float = 0.0

    def counting(self, changes: Iterable[Change]) -> "Counters":
        """These and the changes."""
        counted = self
        for change in changes:
            counted = _counted(counted, change)
        newest = max(counted.minutes, default=0)
        kept = {minute: n for minute, n in counted.minutes.items() if minute > newest - MINUTES_KEPT}
        return replace(counted, minutes=kept)

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(
            _sum(self.states, other.states),
            _sum(self.minutes, other.minutes),
            self.bytes_in + other.bytes_in,
            self.bytes_out + other.bytes_out,
            self.milliseconds + other.milliseconds,
            self.dollars + other.dollars,
        )


class Counting(Protocol):
    """Where the sums are kept."""

    def count(self, changes: Sequence[Change]) -> None:
        """Each exactly once, however often it is handed over. Raises Retryable: then none of them is counted."""

    def read(self) -> Counters: ...


def _counted(counters: Counters, change: Change) -> Counters:
    moved: dict[State, int] = {}
    if change.before:
        moved[change.before.state] = -1
    if change.after:
        moved[change.after.state] = moved.get(change.after.state, 0) + 1
    counted = replace(counters, states=_sum(counters.states, moved))
    if published := change.published:
        spent = metered(published)
        counted += Counters(
            minutes={published.at // 60_000: 1},
            bytes_in=spent.bytes_in,
            bytes_out=spent.bytes_out,
            milliseconds=spent.milliseconds,
            dollars=spent.dollars,
        )
    return counted


def _sum(one: Mapping[Key, int], other: Mapping[Key, int]) -> dict[Key, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in {**one, **other}}
