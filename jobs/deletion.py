"""An original taken away for good, so that nothing of it is left.

    every version of the original ─▶ every version of its renditions, and the edge's copies ─▶ tombstone in the ledger

The tombstone comes last: whoever asks again after a crash still finds the source, and goes on. It keeps id, state,
fence and revision, and takes the next fence.

What is on its way through a worker cannot be erased, as its renditions could be put after they were looked for. One
that a worker takes up meanwhile refuses the tombstone, and that worker finds no original. An event that was queued all
the while finds the tombstone: its worker has the name for as long as it looks, and leaves none behind.
"""

from jobs.errors import JobError
from jobs.ports import Ledger, Renditions, Uploads
from jobs.source import RESTING, Record, State

ERASABLE = RESTING | {State.DEAD}


class OnItsWay(JobError):
    """The source is queued or being rendered; it can be erased once it has settled."""


def erase(record: Record, *, uploads: Uploads, ledger: Ledger, renditions: Renditions, now: int) -> None:
    """Raises OnItsWay, Retryable: after either it may be asked for again."""
    if record.state not in ERASABLE:
        raise OnItsWay(f"it is {record.state}")
    uploads.erase(record.source)
    renditions.erase(record.source)
    if not ledger.erase(record, now=now):
        raise OnItsWay("a worker has just taken it up")
