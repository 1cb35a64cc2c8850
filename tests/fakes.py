"""The ports in memory, honest enough to pass the contract suite that AWS's adapters pass."""

import hashlib
import itertools
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from imaging.recipe import Body
from jobs import events
from jobs.catalog import Catalog
from jobs.errors import CatalogTooOld, LostFence, Retryable
from jobs.events import Asked
from jobs.ports import Absent, Archived, Claim, Claimed, Finished, Leased, Newer, NotModified, Untold
from jobs.source import RESTING, TRANSITIONS, Mark, Published, Record, Source, State


@dataclass
class FakeContent:
    body: bytes
    etag: str
    version: str = ""

    @property
    def size(self) -> int:
        return len(self.body)

    def read(self) -> bytes:
        return self.body

    def close(self) -> None:
        pass


class FakeOriginals:
    def __init__(self) -> None:
        self.objects: dict[Source, bytes] = {}
        self.archived: set[Source] = set()
        self.failing: Retryable | None = None
        self.fetches = 0

    def put(self, source: Source, body: bytes) -> str:
        """Uploads, and says the etag."""
        self.objects[source] = body
        return etag_of(body)

    def delete(self, source: Source) -> None:
        del self.objects[source]

    def fetch(self, source: Source, unless: str | None = None) -> FakeContent | NotModified | Absent | Archived:
        self.fetches += 1
        if self.failing:
            raise self.failing
        if source in self.archived:
            return Archived()
        if source not in self.objects:
            return Absent()
        content = FakeContent(self.objects[source], etag_of(self.objects[source]))
        return NotModified() if content.etag == unless else content


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


class FakeRenditions:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts = 0

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.puts += 1
        assert self.objects.get(key, body) == body, f"{key} was written with other bytes"
        self.objects[key] = body

    def get(self, key: str) -> bytes:
        return self.objects[key]


class FakeLedger:
    """Conditional writes under one lock. `moves` keeps every transition for the tests to judge."""

    def __init__(self) -> None:
        self.records: dict[Source, Record] = {}
        self.moves: list[tuple[State, State]] = []
        self.writes = 0
        self.failing: Retryable | None = None
        self._holder = itertools.count(1)
        self._lock = threading.RLock()

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
        self._settle(claim, State.DONE, now, published=published, revision=published.revision, **CLEAN)

    def unchanged(self, claim: Record, *, revision: int, now: int) -> None:
        assert claim.published
        published = replace(claim.published, revision=revision)
        self._settle(claim, State.DONE, now, published=published, revision=revision, **CLEAN)

    def deleted(self, claim: Record, *, revision: int, now: int) -> None:
        self._settle(claim, State.DELETED, now, published=None, revision=revision, **CLEAN)

    def reject(self, claim: Record, mark: Mark, reason: str, detail: str, *, revision: int, now: int) -> None:
        self._settle(
            claim, State.REJECTED, now, rejected=mark, reason=reason, detail=detail, told=False, revision=revision
        )

    def reject_again(self, claim: Record, *, revision: int, now: int) -> None:
        self._settle(claim, State.REJECTED, now, revision=revision)

    def release(self, claim: Record, reason: str, *, dead: bool, now: int) -> None:
        self._settle(claim, State.DEAD if dead else State.QUEUED, now, reason=reason, detail="")

    def told(self, record: Record) -> None:
        with self._lock:
            old = self._get(record.source)
            if old.state is State.REJECTED and old.fence == record.fence:
                self._set(old, replace(old, told=True))

    def read(self, source: Source) -> Record | None:
        self._reachable()
        return self.records.get(source)

    def read_many(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        self._reachable()
        return {source: self.records[source] for source in sources if source in self.records}

    def _settle(self, claim: Record, state: State, now: int, **changes: object) -> None:
        with self._lock:
            old = self._get(claim.source)
            if old.state is not State.PROCESSING or old.fence != claim.fence:
                if (old.fence, old.holder) == (claim.fence, claim.holder) and old.state is not State.PROCESSING:
                    return
                raise LostFence
            settled = replace(old, state=state, attempts=0, lease_until=0, updated=now, **changes)  # type: ignore[arg-type]
            self._set(old, settled)

    def _get(self, source: Source) -> Record:
        self._reachable()
        return self.records.get(source, Record(source, State.QUEUED))

    def _set(self, old: Record, new: Record) -> None:
        assert new.state is old.state or new.state in TRANSITIONS[old.state], f"{old.state} to {new.state}"
        self.writes += 1
        self.moves.append((old.state, new.state))
        self.records[new.source] = new

    def _reachable(self) -> None:
        if self.failing:
            raise self.failing


CLEAN: dict[str, object] = {"rejected": None, "told": False, "reason": "", "detail": ""}


def _refused(old: Record, etag: str | None, digest: str, revision: int, now: int) -> Claim | None:
    if old.revision > revision:
        return Newer(old.revision)
    if old.leased(now):
        return Leased(old.lease_until)
    if etag is None or old.state not in RESTING:
        return None
    answered = {
        State.DONE: old.published and (old.published.digest, old.published.etag) == (digest, _or(etag, old.published)),
        State.REJECTED: old.rejected and (old.rejected.digest, old.rejected.etag) == (digest, _or(etag, old.rejected)),
        State.DELETED: etag in (events.ABSENT, events.ANY),
    }[old.state]
    if not answered:
        return None
    return Untold(old) if old.state is State.REJECTED and not old.told else Finished(old)


def _or(etag: str, known: Published | Mark) -> str:
    return known.etag if etag == events.ANY else etag


class FakeCatalogStore:
    def __init__(self) -> None:
        self.catalog = Catalog()
        self.bodies: dict[str, Body] = {}
        self.reads = 0

    def current(self) -> Catalog:
        self.reads += 1
        return self.catalog

    def replace(self, catalog: Catalog, *, expected: int) -> None:
        if self.catalog.revision != expected:
            raise CatalogTooOld(expected)
        self.catalog = catalog

    def body(self, digest: str) -> Body:
        if digest not in self.bodies:
            raise Retryable("no-such-recipe", digest)
        return self.bodies[digest]

    def put_body(self, digest: str, body: Body) -> None:
        self.bodies.setdefault(digest, body)


@dataclass
class FakeQueue:
    sent: list[tuple[Asked, int]] = field(default_factory=list)
    postponed: dict[str, int] = field(default_factory=dict)
    failing: Retryable | None = None

    def send(self, asked: Asked, *, delay: int = 0) -> None:
        if self.failing:
            raise self.failing
        self.sent.append((asked, delay))

    def postpone(self, receipt: str, seconds: int) -> None:
        self.postponed[receipt] = seconds


@dataclass
class Letter:
    body: str
    reason: str
    detail: str


@dataclass
class FakeDeadLetters:
    letters: list[Letter] = field(default_factory=list)
    failing: Retryable | None = None

    def send(self, body: str, *, reason: str, detail: str = "") -> None:
        if self.failing:
            raise self.failing
        self.letters.append(Letter(body, reason, detail))


@dataclass
class FakeOutage:
    reason: str = ""
    failing: Retryable | None = None

    def declared(self) -> str:
        if self.failing:
            raise self.failing
        return self.reason

    def declare(self, reason: str, *, now: int) -> None:
        self.reason = self.reason or reason

    def over(self) -> None:
        self.reason = ""


@dataclass
class FakeIntake:
    running: bool = True
    failing: Retryable | None = None

    def stop(self) -> None:
        if self.failing:
            raise self.failing
        self.running = False

    def start(self) -> None:
        self.running = True


@dataclass
class Clock:
    """Time that stands still until it is told to move. Seconds."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds
