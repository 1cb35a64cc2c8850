"""What the jobs need of the world, as protocols. aws/ keeps them; tests/fakes.py and the simulator keep them too.

Every port raises Retryable for what may pass, and nothing else of its own libraries.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from imaging.recipe import Body, Recipe
from jobs.events import Asked
from jobs.source import Mark, Published, Record, Source, State

if TYPE_CHECKING:
    from jobs.backfill import Listed
    from jobs.catalog import Catalog


class Content(Protocol):
    """The current bytes of an original, not yet read."""

    @property
    def etag(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def size(self) -> int: ...
    def read(self) -> bytes:
        """All of it. A body cut short is Retryable."""

    def close(self) -> None:
        """Leaves the rest unread."""


@dataclass(frozen=True)
class NotModified:
    """The current object still has the etag that was asked about."""


@dataclass(frozen=True)
class Absent:
    """There is no current object."""


@dataclass(frozen=True)
class Archived:
    """The object is in a storage class that must be restored first."""


class Originals(Protocol):
    """The bucket of uploads. Read only."""

    def fetch(self, source: Source, unless: str | None = None) -> Content | NotModified | Absent | Archived:
        """The current object, unless it has this etag."""


class Renditions(Protocol):
    """The bucket of renditions. Keys are immutable: the same key always gets the same bytes."""

    def put(self, key: str, body: bytes, content_type: str) -> None: ...
    def get(self, key: str) -> bytes: ...
    def url(self, key: str) -> str:
        """Where a browser gets it: for an hour, or for good where renditions have an address of their own."""

    def erase(self, source: Source) -> None:
        """Every version of everything that was ever rendered of it, and what caches at the edge keep of that."""

    def has(self, key: str) -> bool:
        """Whether a reader would get it."""


@dataclass(frozen=True)
class Version:
    """One write of a rendition's key. `at` in epoch ms; `bytes` as stored."""

    key: str
    id: str
    at: int
    bytes: int


@dataclass(frozen=True)
class Versions:
    """Some versions, and from where to read on; None when these were the last."""

    found: tuple[Version, ...]
    next: str | None


class Attic(Protocol):
    """The versions behind the bucket of renditions: only who collects them sees and removes any."""

    def versions(self, after: str) -> Versions:
        """Every version of every key, by key, from a place on; "" is the first."""

    def remove(self, versions: Sequence[Version]) -> None:
        """Exactly these, for good. What was written since under the same key stays."""

    def restore(self, key: str) -> bool:
        """Takes back a deletion that left its version there; False when there is nothing to bring back."""


@dataclass(frozen=True)
class Form:
    """A presigned POST: its fields are sent in their order, and the file last."""

    url: str
    fields: Mapping[str, str]


class Uploads(Protocol):
    """The bucket of uploads, as it is for whoever brings originals and takes them away."""

    def form(self, source: Source, *, content_type: str, size: int, name: str, seconds: int) -> Form:
        """Takes exactly one file of this type and size, under this key, for so many seconds."""

    def put(self, source: Source, body: bytes, *, content_type: str, name: str) -> None: ...
    def page(self, prefix: str, after: str, most: int) -> "Listed":
        """Current objects under a prefix by key, beginning after `after`."""

    def delete(self, source: Source) -> None:
        """The current object; older versions stay for as long as the bucket's lifecycle says."""

    def erase(self, source: Source) -> None:
        """Every version."""


@dataclass(frozen=True)
class Claimed:
    """The claim was granted: the item as it is now, fence and holder ours."""

    record: Record


@dataclass(frozen=True)
class Finished:
    """Refused: a resting state answers this event. Nothing to do."""

    record: Record


@dataclass(frozen=True)
class Untold:
    """Refused: already rejected for exactly this, but the letter may never have been sent."""

    record: Record


@dataclass(frozen=True)
class Leased:
    """Refused: someone is at work until `until` (epoch ms)."""

    until: int


@dataclass(frozen=True)
class Newer:
    """Refused: the item has seen a newer catalog than the one this claim was made with."""

    revision: int


Claim = Claimed | Finished | Untold | Leased | Newer


@dataclass(frozen=True)
class Page:
    """Some records, and from where to read on; None when these were the last."""

    records: tuple[Record, ...]
    next: str | None


class Ledger(Protocol):
    """One item per source, changed only by conditional writes.

    The settling writes (publish to release) hold only while the claim's fence is the item's and the state is
    processing; otherwise they raise LostFence. A write that is refused because its own first try had already
    been applied, and only the reply was lost, counts as done.
    """

    def claim(self, source: Source, *, etag: str | None, digest: str, revision: int, now: int, until: int) -> Claim:
        """Takes lease, fence and holder. `etag` None: several questions at once, no single answer suffices."""

    def publish(self, claim: Record, published: Published, *, now: int) -> None: ...
    def unchanged(self, claim: Record, *, revision: int, now: int) -> None: ...
    def deleted(self, claim: Record, *, revision: int, now: int) -> None: ...
    def reject(self, claim: Record, mark: Mark, reason: str, detail: str, *, revision: int, now: int) -> None: ...
    def reject_again(self, claim: Record, *, revision: int, now: int) -> None: ...
    def release(self, claim: Record, reason: str, *, dead: bool, now: int) -> None: ...
    def told(self, record: Record) -> None:
        """The letter of this very rejection was sent. A refused condition is no error: it is not ours any more."""

    def requeue(self, source: Source, *, now: int) -> bool:
        """Rejected or dead becomes queued and loses its mark. False: it is neither, or no more; that is no error."""

    def enqueue(self, source: Source, *, now: int) -> bool:
        """A source never seen before is queued from now on. False: it was seen, and nothing is changed."""

    def erase(self, record: Record, *, now: int) -> bool:
        """Deleted, under the next fence, and all that is left is id, state, fence and revision.

        False: it is no longer as in `record`, and nothing is changed.
        """

    def read(self, source: Source) -> Record | None:
        """Strongly consistent."""

    def read_many(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        """Eventually consistent; sources never seen are left out."""

    def find(self, ids: Iterable[str]) -> Mapping[str, Record]:
        """By the ids of sources, strongly consistent; those never seen or erased are left out."""

    def scan(self, after: str | None = None) -> Page:
        """Every record, strongly consistent, in no order. `after` is the `next` of the page before."""

    def faults(self, after: str | None = None, state: State | None = None, most: int = 100, reason: str = "") -> Page:
        """What is rejected or dead, or one of the two, by an index that lags a little. `after` as for a scan.

        `reason`: for this alone; else by reason, and by time within a reason, in each part of the index.
        """


class Place(Protocol):
    """How far through the ledger the sweep has come, kept from one invocation to the next."""

    def read(self) -> str | None:
        """The `next` of the last page that was swept; None: at the beginning."""

    def keep(self, place: str | None) -> None: ...


class CatalogStore(Protocol):
    """Bodies by digest, and the one pointer to the current catalog."""

    def current(self) -> "Catalog":
        """Strongly consistent. Before the first release: revision 0, no routes."""

    def replace(self, catalog: "Catalog", *, expected: int) -> None:
        """Raises Stale when the stored revision is not `expected`."""

    def keep(self, catalog: "Catalog") -> None:
        """Remembers a released catalog by its revision, for a rollback; again does no harm. Revision 0 is not kept."""

    def kept(self, revision: int) -> "Catalog | None":
        """The catalog that was current at this revision, once another took its place."""

    def body(self, digest: str) -> Body: ...
    def put_body(self, digest: str, body: Body) -> None: ...


@dataclass(frozen=True)
class Depth:
    """Messages in a queue, as SQS estimates them: to be had, handed out, and waiting for their delay."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        return self.visible + self.in_flight + self.delayed


class Queue(Protocol):
    """A lane of messages."""

    def send(self, asked: Asked, *, delay: int = 0) -> None:
        """Asks the question anew, visible after `delay` seconds (at most 900)."""

    def send_many(self, questions: Sequence[Asked]) -> None:
        """Asks them all. On Retryable some may have been sent: sending all again does no harm."""

    def send_packed(self, questions: Sequence[Asked]) -> None:
        """Asks them all in as few messages as will do, many to one; any revision. On Retryable as `send_many`."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """Makes a received message visible again after `seconds` (at most 43,200)."""

    def oldest(self) -> float | None:
        """Age of the oldest message in seconds, at least; None when the lane is empty."""


@dataclass(frozen=True)
class Letter:
    """A received dead letter. `sent` in epoch ms; one that SQS itself moved keeps its first, and has no reason."""

    id: str
    receipt: str
    body: str
    sent: int
    reason: str = ""
    detail: str = ""


class DeadLetters(Protocol):
    """The dead-letter queue."""

    def send(self, body: str, *, reason: str, detail: str = "") -> None: ...

    def receive(self) -> Sequence[Letter]:
        """A few that are visible, which then are not for a while; none when no more are found."""

    def delete(self, letter: Letter) -> None: ...
    def put_back(self, letter: Letter) -> None:
        """Visible again at once, to whoever receives next."""


@dataclass(frozen=True)
class Previewed:
    """A rendition as it would be. `body` in base64, where it was asked for and the answer had room for it."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    body: str | None = None


@dataclass(frozen=True)
class Passed:
    """An original that would be published: which code makes its pixels, the time of each stage, and what comes out."""

    path: str
    milliseconds: Mapping[str, float]
    renditions: tuple[Previewed, ...]


@dataclass(frozen=True)
class Failed:
    """An original that would be rejected."""

    reason: str
    detail: str


class Analyst(Protocol):
    """Says what is in a JPEG or PNG: names, each with how sure it is, in percent. Is quick, or gives up."""

    def labels(self, picture: bytes, *, most: int, confidence: float) -> Sequence[tuple[str, float]]:
        """Things, scenes, what happens: at most so many, at least so sure."""

    def moderation(self, picture: bytes, *, confidence: float) -> Sequence[tuple[str, float]]:
        """What not everybody may see; nothing in most images."""


class Previewer(Protocol):
    """Renders one original in the worker's sandbox; publishes nothing."""

    def preview(self, source: Source, recipe: Recipe | None = None, *, bodies: bool = False) -> Passed | Failed:
        """Under this recipe, or under the one that serves its key now."""
