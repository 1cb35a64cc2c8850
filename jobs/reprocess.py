"""Every source that the current catalog would render differently, back to the queue.

    release the catalog ─▶ scan every record, consistently ─▶ send {key, any etag, revision}

In this order: a worker claims and then reads the catalog, a release writes the catalog and then scans, so one of
the two sees the other. Sources at work under the old catalog are sent too, whatever they say they are about to
publish. The message carries its revision, so that a worker with an older catalog in its cache cannot take the
source for finished.
"""

from dataclasses import dataclass

from jobs.catalog import Catalog
from jobs.events import ANY, Asked
from jobs.ports import CatalogStore, Ledger, Queue
from jobs.source import Record, State


@dataclass(frozen=True)
class Place:
    """Where the scan stands, and under which catalog it began."""

    revision: int
    after: str


@dataclass(frozen=True)
class Step:
    """What one step did; `next` is None when that was the last. `resting` are those that need nothing."""

    revision: int
    sent: int
    resting: int
    next: Place | None


def step(place: Place | None, *, store: CatalogStore, ledger: Ledger, queue: Queue) -> Step:
    """Looks at one page of records under the current catalog; if that changed on the way, from the first one again.

    Raises Retryable: the same place may be tried again, and what is sent twice does no harm.
    """
    catalog = store.current()
    page = ledger.scan(place.after if place and place.revision == catalog.revision else None)
    stale = [record for record in page.records if not _rests(record, catalog)]
    queue.send_many([Asked(record.source, ANY, catalog.revision) for record in stale])
    following = Place(catalog.revision, page.next) if page.next else None
    return Step(catalog.revision, len(stale), len(page.records) - len(stale), following)


def _rests(record: Record, catalog: Catalog) -> bool:
    """Whether nothing would change: only a resting state can say so, all others have another version in flight."""
    digest = catalog.digest_for(record.source.key)
    return record.state is State.DELETED or record.resting(digest) is not None
