"""DynamoDB's table as the ledger sees it: conditional writes, one at a time."""

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jobs import events
from jobs.errors import LostFence, Retryable
from jobs.ports import Claim, Claimed, Finished, Leased, Newer, Page, Untold
from jobs.source import RESTING, Mark, Published, Record, Source, State

PAGE = 50
"""Records of one page of a scan."""

CLEAN: Mapping[str, Any] = {"rejected": None, "told": False, "reason": "", "detail": ""}
"""What is left of a rejection once it is over."""


@dataclass
class Ledger:
    """Every write is made whole under one lock, kept in `moves` and told to `watching`."""

    records: dict[Source, Record] = field(default_factory=dict)
    moves: list[tuple[State, State]] = field(default_factory=list)
    failing: Retryable | None = None
    writes: int = 0
    watching: Callable[[Record, Record], None] = lambda *_: None
    _holder: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: "threading.RLock" = field(default_factory=threading.RLock)

    # ---- claim and settle ----------------------------------------------------------------------------------------

    def claim(self, source: Source, *, etag: str | None, digest: str, revision: int, now: int, until: int) -> Claim:
        with self._lock:
            old = self._get(source)
            if refused := _refused(old, etag, digest, revision, now):
                return refused
            claimed = replace(
                old,
                state=State.PROCESSING,
                fence=old.fence + 1,
                holder=f"holder-{next(self._holder)}",
                lease_until=until,
                attempts=old.attempts + 1,
                updated=now,
            )
            self._set(old, claimed)
            return Claimed(claimed)

    def publish(self, claim: Record, published: Published, *, now: int) -> None:
        kept = {"published": published, "revision": published.revision, "erased": False}
        self._settle(claim, State.DONE, now, **kept, **CLEAN)

    def unchanged(self, claim: Record, *, revision: int, now: int) -> None:
        published = replace(claim.published, revision=revision) if claim.published else None
        self._settle(claim, State.DONE, now, published=published, revision=revision, **CLEAN)

    def deleted(self, claim: Record, *, revision: int, now: int) -> None:
        holder = "" if claim.erased else claim.holder
        self._settle(claim, State.DELETED, now, published=None, revision=revision, holder=holder, **CLEAN)

    def reject(self, claim: Record, mark: Mark, reason: str, detail: str, *, revision: int, now: int) -> None:
        why = {"reason": reason, "detail": detail}
        mark = replace(mark, reason=reason, detail=detail)
        self._settle(claim, State.REJECTED, now, revision=revision, rejected=mark, told=False, **why)

    def reject_again(self, claim: Record, *, revision: int, now: int) -> None:
        why = {"reason": claim.rejected.reason, "detail": claim.rejected.detail} if claim.rejected else {}
        self._settle(claim, State.REJECTED, now, revision=revision, **why)

    def release(self, claim: Record, reason: str, *, dead: bool, now: int) -> None:
        self._settle(claim, State.DEAD if dead else State.QUEUED, now, reason=reason, detail="")

    def told(self, record: Record) -> None:
        with self._lock:
            old = self._get(record.source)
            if old.state is State.REJECTED and old.fence == record.fence:
                self._set(old, replace(old, told=True))

    def requeue(self, source: Source, *, now: int) -> bool:
        with self._lock:
            old = self._get(source)
            if old.state not in (State.REJECTED, State.DEAD):
                return False
            self._set(old, replace(old, state=State.QUEUED, updated=now, **CLEAN))
            return True

    def enqueue(self, source: Source, *, now: int) -> bool:
        with self._lock:
            self._reachable()
            if source in self.records:
                return False
            self.records[source] = Record(source, State.QUEUED, updated=now)
            self.writes += 1
            return True

    def erase(self, record: Record, *, now: int) -> bool:
        with self._lock:
            old = self._get(record.source)
            if (old.state, old.fence) != (record.state, record.fence):
                return False
            left = Record(old.source, State.DELETED, fence=old.fence + 1, revision=old.revision, updated=now)
            self.records[old.source] = replace(left, erased=True)
            self.writes += 1
            return True

    # ---- read ----------------------------------------------------------------------------------------------------

    def read(self, source: Source) -> Record | None:
        self._reachable()
        return self.records.get(source)

    def read_many(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        self._reachable()
        return {source: self.records[source] for source in sources if source in self.records}

    def find(self, ids: Iterable[str]) -> Mapping[str, Record]:
        self._reachable()
        wanted = frozenset(ids)
        with self._lock:
            return {record.source.id: record for record in self._there() if record.source.id in wanted}

    def scan(self, after: str | None = None) -> Page:
        return self._page(after, frozenset(State))

    def faults(self, after: str | None = None, state: State | None = None, most: int = PAGE, reason: str = "") -> Page:
        return self._page(after, frozenset({state} if state else {State.REJECTED, State.DEAD}), most, reason)

    def _there(self) -> list[Record]:
        """All but what was erased."""
        return [record for record in self.records.values() if not record.tombstone]

    def _page(self, after: str | None, states: frozenset[State], most: int = PAGE, reason: str = "") -> Page:
        self._reachable()
        with self._lock:
            wanted = [one for one in self._there() if one.state in states and reason in ("", one.reason)]
            there = sorted((record.source.id, record) for record in wanted)
        rest = [(id, record) for id, record in there if id > (after or "")]
        page = rest[:most]
        return Page(tuple(record for _, record in page), page[-1][0] if len(rest) > len(page) else None)

    # ---- the one write -------------------------------------------------------------------------------------------

    def _settle(self, claim: Record, state: State, now: int, **changes: Any) -> None:
        with self._lock:
            old = self._get(claim.source)
            if old.state is State.PROCESSING and old.fence == claim.fence:
                self._set(old, replace(old, state=state, attempts=0, lease_until=0, updated=now, **changes))
            elif old.state is State.PROCESSING or old.fence != claim.fence or old.holder not in (claim.holder, ""):
                raise LostFence

    def _get(self, source: Source) -> Record:
        self._reachable()
        return self.records.get(source, Record(source, State.QUEUED))

    def _set(self, old: Record, new: Record) -> None:
        self.writes += 1
        self.moves.append((old.state, new.state))
        self.records[new.source] = new
        self.watching(old, new)

    def _reachable(self) -> None:
        if self.failing:
            raise self.failing


def _refused(old: Record, etag: str | None, digest: str, revision: int, now: int) -> Claim | None:
    if old.revision > revision:
        return Newer(old.revision)
    if old.leased(now):
        return Leased(old.lease_until)
    if etag is None or old.state not in RESTING or not _answered(old, etag, digest):
        return None
    return Untold(old) if old.state is State.REJECTED and not old.told else Finished(old)


def _answered(old: Record, etag: str, digest: str) -> bool:
    """Whether a resting state answers this event under this digest."""
    match old.state:
        case State.DONE:
            return old.published is not None and _same(old.published, etag, digest)
        case State.REJECTED:
            return old.rejected is not None and _same(old.rejected, etag, digest)
        case _:
            return etag in (events.ABSENT, events.ANY)


def _same(known: Published | Mark, etag: str, digest: str) -> bool:
    return known.digest == digest and etag in (known.etag, events.ANY)
