"""Objects that were there before the events, sent to the bulk lane as if they had just been uploaded.

    listing ─page─▶ what does not rest yet under the current recipe ─▶ bulk lane, many to a message ─▶ place saved

Each is asked about by the etag that the listing names: what is done meanwhile is acknowledged without a call to S3, and
a page that is sent twice does no work twice.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from jobs.catalog import Catalog
from jobs.events import ANY, Asked
from jobs.ports import CatalogStore, Ledger, Queue
from jobs.prices import PRICES, Prices
from jobs.runs import Advance
from jobs.source import Record, Source

PAGE = 1000
"""Objects of one page: the most that S3 lists at once."""

MESSAGES, PACKED = 10, 10
"""Messages of one send, and questions of one message: a request of SQS's is counted by 64 KB, this is less than 30."""


@dataclass(frozen=True)
class Found:
    """An object of a listing. `etag` is ANY where the listing does not say."""

    source: Source
    etag: str = ANY
    bytes: int = 0


@dataclass(frozen=True)
class Listed:
    """Some objects, and from where to read on; None when these were the last."""

    found: tuple[Found, ...]
    next: str | None


class Listing(Protocol):
    """Objects in an order that stays: a bucket's prefix, an inventory, a file of keys."""

    def page(self, after: str) -> Listed:
        """Some objects from a place on; "" is the first. Raises Retryable."""


@dataclass(frozen=True)
class Counted:
    """What a listing holds."""

    objects: int
    bytes: int
    pages: int


@dataclass(frozen=True)
class Plan:
    """What a backfill would do, and what for. Dollars."""

    counted: Counted
    listing: float
    """Every page twice: once for this plan, once to send."""
    sending: float
    """With the run's place saved after every page."""
    looking: float
    """At the ledger, for what needs nothing."""
    each: float
    """For one image until it is published."""

    @property
    def most(self) -> float:
        """If every object is sent."""
        return self.listing + self.sending + self.looking + self.counted.objects * self.each


def plan(counted: Counted, each: float, *, look: bool = True, prices: Prices = PRICES) -> Plan:
    """The arithmetic of a million: 1,000 pages twice are $0.010, 10,000 sends of a hundred $0.004, places $0.001."""
    sends = math.ceil(counted.objects / (MESSAGES * PACKED))
    place = prices.dynamodb_write + prices.dynamodb_read  # the run is saved, the catalog read
    return Plan(
        counted=counted,
        listing=2 * counted.pages * prices.s3_put,
        sending=sends * prices.sqs_request + counted.pages * place,
        looking=counted.objects * prices.dynamodb_read / 2 if look else 0.0,
        each=each,
    )


def count(listing: Listing, prefix: str) -> Iterable[Counted]:
    """What there is to backfill, told after every page; the last one is the whole of it."""
    objects = size = pages = 0
    place: str | None = ""
    while place is not None:
        listed = listing.page(place)
        ours = _ours(listed.found, prefix)
        objects, size, pages = objects + len(ours), size + sum(found.bytes for found in ours), pages + 1
        place = listed.next
        yield Counted(objects, size, pages)


def step(
    place: str,
    *,
    listing: Listing,
    ledger: Ledger,
    store: CatalogStore,
    lane: Queue,
    prefix: str = "",
    look: bool = True,
) -> Advance:
    """Sends one page of a listing. `prefix`: of what is an original. `look`: reads the ledger and skips what rests.

    Raises Retryable: the same place may be tried again, and what is sent twice does no harm.
    """
    listed = listing.page(place)
    ours = _ours(listed.found, prefix)
    records = ledger.read_many(found.source for found in ours) if look else {}
    catalog = store.current()
    wanting = [found for found in ours if not _rests(found, records, catalog)]
    lane.send_packed([Asked(found.source, found.etag) for found in wanting])
    return Advance(len(wanting), len(ours) - len(wanting), listed.next)


def _ours(found: Iterable[Found], prefix: str) -> tuple[Found, ...]:
    """Without folder markers, which are no images, and what the worker would refuse as foreign."""
    return tuple(one for one in found if one.source.key.startswith(prefix) and not one.source.key.endswith("/"))


def _rests(found: Found, records: Mapping[Source, Record], catalog: Catalog) -> bool:
    """Whether nothing would change: this very object is published, or rejected, under the current recipe."""
    record = records.get(found.source)
    known = record.resting(catalog.digest_for(found.source.key)) if record else None
    return known is not None and found.etag in (ANY, known.etag)
