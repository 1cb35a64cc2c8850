"""Every source that the current catalog would render differently, back to the queue.

    release the catalog ─▶ scan every record, consistently ─▶ send {key, any etag, revision}

In this order: a worker claims and then reads the catalog, a release writes the catalog and then scans, so one of
the two sees the other. Sources at work under the old catalog are sent too, whatever they say they are about to
publish. The message carries its revision, so that a worker with an older catalog in its cache cannot take the
source for finished.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields

from imaging.recipe import Recipe
from jobs.catalog import Catalog
from jobs.events import ANY, Asked
from jobs.ports import CatalogStore, Ledger, Queue
from jobs.runs import Advance
from jobs.source import Published, Record, State


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


@dataclass(frozen=True)
class Touched:
    """What a catalog would change of the records looked at. `milliseconds`: what these took when last made."""

    seen: int = 0
    images: int = 0
    puts: int = 0
    kept: int = 0
    """Renditions of touched images that are the same by definition: neither encoded nor put again."""
    milliseconds: float = 0.0

    def __add__(self, other: "Touched") -> "Touched":
        return Touched(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def touched(records: Iterable[Record], catalog: Catalog, recipe: Callable[[str], Recipe]) -> Touched:
    """What this catalog would change of these records; `recipe` finds one by its digest."""
    whole = Touched()
    for record in records:
        whole += Touched(seen=1)
        if not _rests(record, catalog):
            whole += _touch(record.published, recipe(catalog.digest_for(record.source.key)))
    return whole


def _touch(published: Published | None, recipe: Recipe) -> Touched:
    there = {(stored.name, stored.definition) for stored in published.renditions} if published else set()
    kept = sum((rendition.name, rendition.definition) in there for rendition in recipe.renditions)
    spent = published.made.milliseconds if published else 0
    return Touched(images=1, puts=len(recipe.renditions) - kept, kept=kept, milliseconds=spent)


def advance(place: str, *, store: CatalogStore, ledger: Ledger, queue: Queue) -> Advance:
    """The same as a step of a run (jobs/runs.py), whose places are text."""
    stands = Place(**json.loads(place)) if place else None
    did = step(stands, store=store, ledger=ledger, queue=queue)
    return Advance(did.sent, did.resting, json.dumps(asdict(did.next)) if did.next else None)
