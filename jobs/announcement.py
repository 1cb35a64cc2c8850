"""What the world is told of a source that has settled: published, rejected or deleted; the schema is docs/events.md.

An announcement's id is made of the source and the fence it settled under: told twice, it is known to be the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jobs import keys
from jobs.counters import Change
from jobs.source import Published, Source, State

SOURCE = "safelight"
TYPES = {State.DONE: "Image Published", State.REJECTED: "Image Rejected", State.DELETED: "Image Deleted"}


@dataclass(frozen=True)
class Announcement:
    """An event for the bus."""

    type: str
    detail: dict[str, Any]


class Bus(Protocol):
    """Where announcements go, at least once."""

    def tell(self, announcements: Sequence[Announcement]) -> None:
        """All of them. On Retryable some may have been told."""


def of(change: Change) -> Announcement | None:
    """What is to be told of a change; nothing if it settled nothing, or published what was there before."""
    state, record = change.settled, change.after
    if record is None or state is None or (state is State.DONE and change.published is None):
        return None
    detail: dict[str, Any] = {
        "id": f"{record.source.id}-{record.fence}",
        "source": {"id": record.source.id, "bucket": record.source.bucket, "key": record.source.key},
        "revision": record.revision,
        "at": record.updated,
    }
    if change.published:
        detail |= _set(record.source, change.published)
    if state is State.REJECTED:
        detail |= {"reason": record.reason, "detail": record.detail}
    return Announcement(TYPES[state], detail)


def _set(source: Source, published: Published) -> dict[str, Any]:
    made = published.made
    return {
        "etag": published.etag,
        "digest": published.digest,
        "original": {"format": made.format, "width": made.width, "height": made.height, "bytes": made.bytes},
        "thumbhash": made.thumbhash,
        "renditions": [
            {
                "name": stored.name,
                "format": stored.format,
                "width": stored.width,
                "height": stored.height,
                "bytes": stored.bytes,
                "key": keys.rendition_key(source, published, stored),
            }
            for stored in published.renditions
        ],
    }
