"""Renditions that nobody is told of any more, removed from the attic after a grace period.

    a page of versions ─▶ their records, read consistently and after it ─▶ remove, by version id, what is old twice over

A version is removed only if its key is in nobody's published set, and both are older than the grace period: the version
itself, and whatever took its place. The order makes it safe beside workers:

    written again     a re-render of the same key (A, B, A) is another version, younger than the page, and survives
    kept              a rendition that a worker is about to keep is in the set that it claimed, which is published until
                      then: the record names it, before and after
    not yet published a worker puts and then publishes, within its lease: longer than that is every grace period
"""

import re
from dataclasses import dataclass

from jobs import keys
from jobs.ports import Attic, Ledger, Version
from jobs.source import Record

LEAST_GRACE = 3600.0
"""Seconds; far above the longest lease, so that what is put is published before anyone thinks of collecting it."""

GRACE = 7 * 86_400.0
"""Seconds that a replaced rendition's address goes on working, for pages and caches that still name it."""

OURS = re.compile(r"([0-9a-f]{40})/")
"""How the key of a rendition begins: with the id of its source."""


@dataclass(frozen=True)
class Collected:
    """What one step did, or would have done; `next` is None when that was the last."""

    seen: int
    removed: tuple[Version, ...]
    next: str | None

    @property
    def bytes(self) -> int:
        return sum(version.bytes for version in self.removed)


def step(place: str, *, attic: Attic, ledger: Ledger, grace: float, now: int, dry: bool = False) -> Collected:
    """Collects one page. `grace` in seconds, `now` in epoch ms. Raises Retryable: the same place may be tried again."""
    if grace < LEAST_GRACE:
        raise ValueError(f"a grace period of {grace:g} s is shorter than {LEAST_GRACE:g} s")
    before = now - round(grace * 1000)
    page = attic.versions(place)
    old = {version: match[1] for version in page.found if version.at < before and (match := OURS.match(version.key))}
    records = ledger.find(set(old.values()))
    removed = tuple(version for version, id in old.items() if _is_left(version, records.get(id), before))
    if removed and not dry:
        attic.remove(removed)
    return Collected(len(page.found), removed, page.next)


def _is_left(version: Version, record: Record | None, before: int) -> bool:
    """Nobody's, and for long. Of a source that the ledger never saw nothing is removed: that is no trash of ours."""
    if record is None or version.key in _told(record):
        return False
    replaced = record.published.at if record.published else record.updated
    return replaced < before


def _told(record: Record) -> frozenset[str]:
    """The keys that readers are told of."""
    published = record.published
    if published is None:
        return frozenset()
    return frozenset(keys.rendition_key(record.source, published, stored) for stored in published.renditions)
