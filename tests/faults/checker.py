"""An independent judge of the invariants: it reads storage, ledger and queues, and shares no code with the protocol.

While things happen, a Witness looks at every write of the ledger (2, 3), at every acknowledgement (5) and at every
delivery of finished work (4). When all messages are drained, `unsettled` says which sources are not what they
should be (1), and `lies` what is visible but not stored, byte for byte (2).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jobs.errors import Malformed
from jobs.events import parse
from jobs.source import Published, Record, Source, State, Stored
from local.simulator.cloud import Cloud
from local.simulator.queues import Message

REST = {State.DONE, State.REJECTED, State.DELETED}
SUFFIXES = {"jpeg": ".jpg", "webp": ".webp", "png": ".png", "avif": ".avif"}

KILLS_WORKER = "kills-worker"
REASONS = {"not-an-image", KILLS_WORKER}

MOVES = {
    "queued": {"processing"},
    "processing": {"queued", "processing", "done", "rejected", "dead", "deleted"},
    "done": {"processing"},
    "rejected": {"processing", "queued"},
    "dead": {"processing", "queued"},
    "deleted": {"processing"},
}
"""Every move of a state that is allowed, spelled again on purpose."""


@dataclass
class Witness:
    """Sees everything that happens in a cloud, and notes what must not."""

    cloud: Cloud
    bad: frozenset[bytes]
    violations: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    """Every body that was ever uploaded, by etag."""
    letter_due: set[Source] = field(default_factory=set)
    """Rejected, and no letter was sent since."""
    _seen: dict[Source, tuple[int, int]] = field(default_factory=dict)
    """The newest that was ever visible: place in the object's history, revision of the catalog."""
    _rested: dict[Source, int] = field(default_factory=lambda: defaultdict(lambda: -1))
    """When a source was last at rest, by the count of writes."""
    _writes: int = 0

    def __post_init__(self) -> None:
        self.cloud.ledger.watching = self.ledger_moved
        self.cloud.dead_letters.sqs.watching = self.letter_came

    # ---- while things happen -------------------------------------------------------------------------------------

    def uploaded(self, body: bytes) -> None:
        self.bodies[_etag(body)] = body

    def ledger_moved(self, old: Record, new: Record) -> None:
        self._writes += 1
        if old.state in REST:
            self._rested[new.source] = self._writes
        if new.state is not old.state and new.state not in MOVES[old.state]:
            self._note("moves", f"{old.state} to {new.state}")
        if new.fence < old.fence or new.revision < old.revision:
            self._note("3", f"fence or revision goes back: {old} to {new}")
        if new.state is State.REJECTED and not new.told and old.state is State.PROCESSING:
            self.letter_due.add(new.source)
        if new.published:
            self.violations += [f"2: {lie}" for lie in self.lies(new.source, new.published)]
        if new.published != old.published or new.state is State.DELETED:
            self._became_visible(new)

    def _became_visible(self, new: Record) -> None:
        etag, revision = (new.published.etag, new.published.revision) if new.published else ("-", new.revision)
        history = self.cloud.originals.history[new.source]
        places = [place for place, known in enumerate(history) if known == etag]
        newest, newest_revision = self._seen.get(new.source, (-1, 0))
        if not places and etag != "-":
            self._note("3", f"{etag} was never the object")
        place = places[-1] if places else newest
        if place < newest:
            self._note("3", f"what is visible goes back to object {place} of {history}, after {newest}")
        if revision < newest_revision:
            self._note("3", f"what is visible goes back to revision {revision}, after {newest_revision}")
        self._seen[new.source] = (max(place, newest), max(revision, newest_revision))

    def letter_came(self, letter: Message) -> None:
        self.letter_due -= named(letter.body)

    def now(self) -> int:
        """A moment, to be given to `acknowledged`."""
        return self._writes

    def acknowledged(self, sources: Iterable[Source], since: int) -> None:
        """Invariant 5, of sources that no copy was queued for: each was at rest at some moment since the delivery."""
        for source in sources:
            record = self.cloud.ledger.records.get(source)
            at_rest = record is not None and record.state in REST
            if not (at_rest or self._rested[source] >= since):
                self._note("5", f"acknowledged while {record.state if record else 'never seen'}")

    def _note(self, invariant: str, what: str) -> None:
        self.violations.append(f"{invariant}: {what}")

    # ---- when everything is drained ------------------------------------------------------------------------------

    def lies(self, source: Source, published: Published) -> list[str]:
        """What is visible, and not stored as it should be."""
        return [
            f"{stored.name} of {published.etag} is visible and not stored, byte for byte"
            for stored in published.renditions
            if self.cloud.renditions.objects.get(_key(source, published.etag, stored))
            != b"%s of %s by %s" % (stored.name.encode(), self.bodies.get(published.etag, b"?"), stored.digest.encode())
        ]

    def unsettled(self) -> dict[Source, str]:
        """Sources that are not published, rejected or deleted for exactly their current object and recipe."""
        sources = {*self.cloud.originals.history, *self.cloud.ledger.records}
        return {source: wrong for source in sources if (wrong := self._wrong(source))}

    def _wrong(self, source: Source) -> str:
        record = self.cloud.ledger.records.get(source)
        body = self.cloud.originals.objects.get(source)
        digest = self.cloud.store.catalog.digest_for(source.key)
        if body is None:
            visible = record and record.published
            return _said(not visible, record is None or record.state is State.DELETED, "deleted", record)
        if record is None:
            return f"wrong: never seen, though its object is {body!r}"
        if body in self.bad:
            mark = (record.rejected.etag, record.rejected.digest) if record.rejected else None
            right = mark == (_etag(body), digest) and source not in self.letter_due
            label = record.state is State.REJECTED and record.reason in REASONS
            return _said(right, label, "rejected, with a letter", record)
        if record.state is State.REJECTED and record.reason == KILLS_WORKER and source not in self.letter_due:
            return "until redriven: rejected, because its workers died"
        published = record.published
        if published and (lies := self.lies(source, published)):
            return f"wrong: {lies}"
        right = published is not None and (published.etag, published.digest) == (_etag(body), digest)
        return _said(right, record.state is State.DONE, f"done for {body!r}", record)

    def letters(self) -> set[Source]:
        """Sources that a dead letter names."""
        return {source for letter in self.cloud.dead_letters.letters for source in named(letter.body)}


def named(body: str) -> set[Source]:
    """The sources that a message asks about; none if it is malformed."""
    try:
        return {asked.source for asked in parse(body)}
    except Malformed:
        return set()


def _said(right: bool, label: bool, wanted: str, record: Record | None) -> str:
    """ "" when all is well, "label: ..." when only the state is stale, "wrong: ..." when what is visible is."""
    if right and label:
        return ""
    return f"{'label' if right else 'wrong'}: should be {wanted}, is {record}"


def rewritten(versions: Mapping[str, list[bytes]]) -> list[str]:
    """Keys that got other bytes the second time."""
    return [f"2: {key} was written with other bytes" for key, bodies in versions.items() if len(set(bodies)) > 1]


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _key(source: Source, etag: str, stored: Stored) -> str:
    id = hashlib.sha256(f"{source.bucket}\0{source.key}".encode()).hexdigest()[:40]
    return f"{id}/{etag}-{stored.digest}-{stored.engine}/{stored.name}{SUFFIXES[stored.format]}"
