"""A source, what the ledger remembers of it, and the states it moves through.

           ┌───────────────── redrive ──────────────────┐
           ▼                                            │
        queued ──claim──▶ processing ──▶ done           │
           ▲                  │  ├─────▶ deleted        │
           └─── release ──────┘  ├─────▶ rejected ──────┤   the image's fault
                                 └─────▶ dead ──────────┘   the world's fault, on the last receive

Every state may be claimed again when something newer is asked for; only the holder of the claim leaves `processing`.
"""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Where a source stands; the words of the ledger, the display and the API."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    REJECTED = "rejected"
    DEAD = "dead"
    DELETED = "deleted"


RESTING = frozenset({State.DONE, State.REJECTED, State.DELETED})
"""States that can answer an event without work. All others mean that another version may be in flight."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PROCESSING}),
    State.PROCESSING: frozenset(State),
    State.DONE: frozenset({State.PROCESSING}),
    State.REJECTED: frozenset({State.PROCESSING, State.QUEUED}),
    State.DEAD: frozenset({State.PROCESSING, State.QUEUED}),
    State.DELETED: frozenset({State.PROCESSING}),
}
"""Every move that the ledger may make. Processing to processing is a claim over a lease that ran out."""


@dataclass(frozen=True, order=True)
class Source:
    """An uploaded object, by bucket and exact key."""

    bucket: str
    key: str

    @property
    def id(self) -> str:
        """40 hex digits: the ledger's partition key and the first part of every rendition's key."""
        return hashlib.sha256(f"{self.bucket}\0{self.key}".encode()).hexdigest()[:40]


@dataclass(frozen=True)
class Stored:
    """One published rendition: pixels, bytes on storage, and what made it.

    `digest` and `engine` are of the render that stored it. They differ from the published set's own
    when the definition did not change since, and the stored object was kept.
    """

    name: str
    format: str
    width: int
    height: int
    bytes: int
    definition: str
    digest: str
    engine: str


@dataclass(frozen=True)
class Made:
    """What the render found out about the original: upright pixels, bytes, hashes, and where the time went."""

    format: str
    width: int
    height: int
    bytes: int
    blake3: str
    thumbhash: str
    milliseconds: int
    path: str
    why: str = ""


@dataclass(frozen=True)
class Used:
    """What a publication used, for jobs/metering.py: requests to S3, write units, thousandths of calls to SQS, answers
    of Rekognition."""

    gets: int = 0
    puts: int = 0
    writes: int = 0
    calls_thousandths: int = 0
    analyses: int = 0


@dataclass(frozen=True)
class Seen:
    """What Rekognition saw in an image: names, each with how sure it is in whole percents, the surest first.

    `asked` is the recipe's question in short (Analysis.definition). `failed`: why there is no answer to it, or none to
    a part of it.
    """

    asked: str
    labels: tuple[tuple[str, int], ...] = ()
    moderation: tuple[tuple[str, int], ...] = ()
    failed: str = ""


@dataclass(frozen=True)
class Published:
    """The last complete set of renditions of a source: what readers see, whole or not at all."""

    etag: str
    digest: str
    engine: str
    revision: int
    at: int
    renditions: tuple[Stored, ...]
    made: Made
    version: str = ""
    used: Used | None = None
    seen: Seen | None = None


@dataclass(frozen=True)
class Mark:
    """Exactly which bytes were rejected under exactly which recipe, and why; the same mark whatever the reason.

    The reason is here too, because the record's own is overwritten by a release: what is met again keeps its first.
    """

    etag: str
    digest: str
    reason: str = field(default="", compare=False)
    detail: str = field(default="", compare=False)


@dataclass(frozen=True)
class Record:
    """The ledger's item of one source. Times are epoch milliseconds."""

    source: Source
    state: State
    fence: int = 0
    holder: str = ""
    lease_until: int = 0
    revision: int = 0
    attempts: int = 0
    reason: str = ""
    detail: str = ""
    rejected: Mark | None = None
    told: bool = False
    published: Published | None = field(default=None)
    updated: int = 0
    erased: bool = False
    """Erased, and nothing published since: it has its key only while a worker looks whether there is an original."""

    def resting(self, digest: str) -> "Published | Mark | None":
        """What was published, or rejected, under this digest, and rests so: nothing newer is in flight."""
        known = {State.DONE: self.published, State.REJECTED: self.rejected}.get(self.state)
        return known if known and known.digest == digest else None

    @property
    def tombstone(self) -> bool:
        """What is left of an erased source: its item names it no more."""
        return self.erased and self.state is State.DELETED

    def leased(self, now: int) -> bool:
        """Someone holds a live claim."""
        return self.state is State.PROCESSING and self.lease_until > now
