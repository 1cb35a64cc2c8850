"""Sources that wait for a message which is not there any more get one: on a schedule, for tidiness.

    processing   its lease ended long ago: the holder crashed, and its message was answered by another delivery
    queued       for longer than the oldest message of any lane: a redrive crashed between its requeue and its send

Never the dead: to try those again is a human's decision, which the dead-letter queue is there for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.events import ANY, Asked
from jobs.ports import Ledger, Queue
from jobs.source import Record, State


@dataclass(frozen=True)
class Step:
    """What one step did; `next` is None when that was the last."""

    sent: int
    next: str | None


def step(after: str | None, *, ledger: Ledger, lanes: Sequence[Queue], patience: float, now: int) -> Step:
    """Looks at one page of records, and sends to the first lane.

    `patience` in seconds: the longest that a message stays invisible, so that one in flight is not taken for lost.
    Raises Retryable: the same place may be tried again.
    """
    ages = [age for age in (lane.oldest() for lane in lanes) if age is not None]
    waiting = max([patience, *ages])
    page = ledger.scan(after)
    left = [record for record in page.records if _left_behind(record, now, patience, waiting)]
    lanes[0].send_many([Asked(record.source, ANY) for record in left])
    return Step(len(left), page.next)


def _left_behind(record: Record, now: int, patience: float, waiting: float) -> bool:
    match record.state:
        case State.PROCESSING:
            return record.lease_until + patience * 1000 < now
        case State.QUEUED:
            return record.updated + waiting * 1000 < now
        case _:
            return False
