"""Bucket, ledger and renditions held against one another, and a message for whatever does not agree.

    objects   listing of the originals ─▶ is there a record, is it of this very object?   missing, stale, stuck, untold
    records   scan of the ledger ─▶ is there still an object, are its renditions there?   gone, lost, given up

Queues are transport: whatever was in them when they were emptied is found here, because nothing of it is anywhere but
in the bucket and the ledger. A message too many does no harm: finished work answers it without a call to S3.

A look changes nothing. A heal looks again, page by page, and sends for what it finds; its place is kept in the ledger.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs import keys
from jobs.backfill import Found, Listing
from jobs.catalog import Catalog
from jobs.events import ABSENT, ANY, Asked
from jobs.ports import Absent, Archived, Attic, CatalogStore, Ledger, NotModified, Originals, Queue, Renditions
from jobs.runs import Advance
from jobs.source import RESTING, Record, Source, State


class Kind(StrEnum):
    """What is wrong with a source. All but the last are healed."""

    MISSING = "missing"  # an object that the ledger does not know of, or takes for deleted
    STALE = "stale"  # published or rejected for another object, or under another recipe
    STUCK = "stuck"  # waits for a message that is not there, or its worker never came back
    UNTOLD = "untold"  # rejected, and its letter was never sent
    GONE = "gone"  # not deleted, and its object is there no more
    LOST = "lost"  # published, and a rendition is not there: brought back, or rendered anew
    GIVEN_UP = "given-up"  # dead: its cause is to be found first, then `redrive`


@dataclass(frozen=True)
class Finding:
    """One source that does not agree. `asks`: the etag that its message names; `keys`: renditions to bring back."""

    kind: Kind
    source: Source
    asks: str = ANY
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """What one step saw; `next` is None when that was the last."""

    seen: int
    findings: tuple[Finding, ...]
    next: str | None


@dataclass(frozen=True)
class Books:
    """Everything that an audit holds against one another. `together` maps calls, side by side where it is a pool's."""

    listing: Listing
    originals: Originals
    renditions: Renditions
    attic: Attic
    ledger: Ledger
    store: CatalogStore
    lanes: Sequence[Queue]
    prefix: str = ""
    patience: float = 1800.0
    """Seconds that a message may stay invisible, so that one in flight is not taken for lost."""
    together: Callable[[Callable[[Record], Finding | None], Iterable[Record]], Iterable[Finding | None]] = map


OBJECTS, RECORDS = "objects", "records"


def look(place: str, books: Books, *, now: int) -> Looked:
    """One page, of the bucket first and then of the ledger. `now` in epoch ms. Raises Retryable."""
    half, _, after = place.partition(":")
    if half in ("", OBJECTS):
        return _objects(after, books, now)
    return _records(after, books, now)


def heal(place: str, books: Books, *, now: int) -> Advance:
    """Looks at one page and sends for what it finds. Raises Retryable: the same place may be tried again."""
    looked = look(place, books, now=now)
    asked = [Asked(finding.source, finding.asks) for finding in looked.findings if _needs_message(finding, books, now)]
    books.lanes[-1].send_packed(asked)
    return Advance(len(asked), looked.seen - len(asked), looked.next)


SENT_FOR = frozenset(Kind) - {Kind.LOST, Kind.GIVEN_UP}
"""Always healed by a message: a lost rendition is brought back from the attic where its version is still there."""


def _needs_message(finding: Finding, books: Books, now: int) -> bool:
    if finding.kind is not Kind.LOST:
        return finding.kind in SENT_FOR
    restored = [books.attic.restore(key) for key in finding.keys]
    return not all(restored) and _forgotten(finding, books, now)


def _forgotten(finding: Finding, books: Books, now: int) -> bool:
    """Whether it can be rendered anew: finished work answers every message, so the ledger must not know of it any more.

    Of what is rejected now, the published set has no original left. A crash before the message leaves it missing.
    """
    record = books.ledger.read(finding.source)
    if record is None or record.state is not State.DONE or not record.published:
        return False
    return record.published.etag == finding.asks and books.ledger.erase(record, now=now)


# ---- objects: what should be published, and is not -------------------------------------------------------------------


def _objects(after: str, books: Books, now: int) -> Looked:
    """The ages of the lanes are read first: a message that comes later is younger than they say."""
    waiting = _waiting(books)
    listed = books.listing.page(after)
    ours = [there for there in listed.found if _is_original(there, books.prefix)]
    records = books.ledger.find(there.source.id for there in ours)
    catalog = books.store.current()
    judged = (_object(there, records.get(there.source.id), catalog, books.patience, waiting, now) for there in ours)
    findings = tuple(finding for finding in judged if finding)
    following = f"{RECORDS}:" if listed.next is None else f"{OBJECTS}:{listed.next}"
    return Looked(len(ours), findings, following)


def _waiting(books: Books) -> float:
    """Seconds for which a source may be queued and its message still be in a lane; none where all lanes are empty."""
    ages = [age for lane in books.lanes if (age := lane.oldest()) is not None]
    return max(books.patience, *ages) if ages else 0.0


def _is_original(there: Found, prefix: str) -> bool:
    """Not a folder's marker, and nothing that the worker would refuse as foreign."""
    return there.source.key.startswith(prefix) and not there.source.key.endswith("/")


def _object(
    there: Found, record: Record | None, catalog: Catalog, patience: float, waiting: float, now: int
) -> Finding | None:
    if record is None or record.state is State.DELETED:
        return Finding(Kind.MISSING, there.source, there.etag)
    match record.state:
        case State.QUEUED | State.PROCESSING:
            return Finding(Kind.STUCK, there.source) if _is_stuck(record, patience, waiting, now) else None
        case State.DEAD:
            return None  # told with the records
    known = record.resting(catalog.digest_for(there.source.key))
    if known is None or known.etag != there.etag:
        return Finding(Kind.STALE, there.source, there.etag)
    return Finding(Kind.UNTOLD, there.source) if record.state is State.REJECTED and not record.told else None


def _is_stuck(record: Record, patience: float, waiting: float, now: int) -> bool:
    """Nobody works on it, and no lane can still hold its message."""
    if record.state is State.PROCESSING:
        return record.lease_until + patience * 1000 < now
    return record.updated + waiting * 1000 < now


# ---- records: what is published, and should not be, or is not there --------------------------------------------------


def _records(after: str, books: Books, now: int) -> Looked:
    waiting = _waiting(books)
    page = books.ledger.scan(after or None)
    findings = books.together(lambda record: _record(record, books, waiting, now), page.records)
    following = f"{RECORDS}:{page.next}" if page.next else None
    return Looked(len(page.records), tuple(finding for finding in findings if finding), following)


def _record(record: Record, books: Books, waiting: float, now: int) -> Finding | None:
    match record.state:
        case State.DELETED:
            return None
        case State.DEAD:
            return Finding(Kind.GIVEN_UP, record.source)
        case State.QUEUED | State.PROCESSING if not _is_stuck(record, books.patience, waiting, now):
            return None
    if _is_gone(record, books.originals):
        return Finding(Kind.GONE, record.source, ABSENT)
    lost = _lost(record, books.renditions)
    return Finding(Kind.LOST, record.source, record.published.etag, lost) if lost and record.published else None


def _is_gone(record: Record, originals: Originals) -> bool:
    """One conditional read, without its body."""
    match originals.fetch(record.source, unless=record.published.etag if record.published else None):
        case Absent():
            return True
        case NotModified() | Archived():
            return False
        case content:
            content.close()
            return False


def _lost(record: Record, renditions: Renditions) -> tuple[str, ...]:
    published = record.published
    if published is None or record.state not in RESTING:
        return ()
    wanted = (keys.rendition_key(record.source, published, stored) for stored in published.renditions)
    return tuple(key for key in wanted if not renditions.has(key))
