"""Uploads, and the ledger watched until every source is settled."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from cli.deployment import Deployment
from cli.originals import Original
from jobs.errors import Retryable
from jobs.source import Record, Source, State

AT_ONCE = 8
"""Uploads side by side."""

PAUSE = 0.25
"""Seconds between two looks at the ledger."""

PATIENCE = 960.0
"""Seconds without any change after which waiting ends; longer than any message stays hidden: 722 of a killed worker's,
900 by the longest back-off."""

ENDED = frozenset({State.DONE, State.DELETED, State.DEAD})

Originals = Mapping[Source, Original]


@dataclass(frozen=True)
class Progress:
    """A moment of the run. `settled_bytes` are those of settled originals, `still` seconds of no change."""

    total: int
    uploaded: int
    states: Mapping[State, int]
    settled: int
    settled_bytes: int
    seconds: float
    still: float
    handed_back: int

    @property
    def images_per_second(self) -> float:
        return self.settled / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        return self.settled_bytes / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the speed so far; None while nothing is settled."""
        return (self.total - self.settled) / self.images_per_second if self.settled else None


class Uploads:
    """Originals on their way. `failed` says why, for those that did not get there."""

    def __init__(self) -> None:
        self._running: dict[Source, Future[None]] = {}

    def start(self, pool: ThreadPoolExecutor, deployment: Deployment, originals: Originals) -> None:
        for source, original in originals.items():
            self._running[source] = pool.submit(deployment.upload, source, original.path)

    @property
    def arrived(self) -> frozenset[Source]:
        return frozenset(source for source, upload in self._running.items() if upload.done() and not upload.exception())

    @property
    def failed(self) -> Mapping[Source, str]:
        """Raises what is not Retryable: that is a mistake of ours."""
        errors = {source: upload.exception() for source, upload in self._running.items() if upload.done()}
        for error in errors.values():
            if error and not isinstance(error, Retryable | OSError):
                raise error
        return {source: str(error) for source, error in errors.items() if error}


@contextmanager
def uploading(deployment: Deployment, originals: Originals) -> Iterator[Uploads]:
    """Uploads in the background; what has not begun when the block is left is let go."""
    uploads, pool = Uploads(), ThreadPoolExecutor(AT_ONCE, "upload")
    try:
        uploads.start(pool, deployment, originals)
        yield uploads
    finally:
        pool.shutdown(cancel_futures=True)


def settled(record: Record) -> bool:
    """Nothing more will happen to it by itself; a rejection counts once its letter is sent."""
    return record.state in ENDED or (record.state is State.REJECTED and record.told)


class Followed(Protocol):
    """Where the sources are settled."""

    def records(self, sources: Iterable[Source]) -> Mapping[Source, Record]: ...
    def handed_back(self) -> int: ...


class Arrivals(Protocol):
    """Which of the originals are in the bucket, and why others never will be."""

    @property
    def arrived(self) -> frozenset[Source]: ...
    @property
    def failed(self) -> Mapping[Source, str]: ...


class Sized(Protocol):
    """An original, of which only the bytes count."""

    @property
    def bytes(self) -> int: ...


def watch(
    deployment: Followed,
    originals: Mapping[Source, Sized],
    uploads: Arrivals,
    show: Callable[[Progress], None],
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[Source, Record]:
    """The ledger's last word on every source it has seen, once all are settled or nothing moves any more."""
    records: dict[Source, Record] = {}
    began = changed = clock()
    before: object = None
    while True:
        open_ones = [source for source in originals if source not in records or not settled(records[source])]
        records |= deployment.records(open_ones)
        arrived, failed = uploads.arrived, uploads.failed
        now = clock()
        moment = (len(arrived), {source: record.state for source, record in records.items()}, deployment.handed_back())
        if moment != before:
            before, changed = moment, now
        progress = _progress(originals, records, len(arrived), now - began, now - changed, moment[2])
        show(progress)
        if progress.settled + len(failed) == len(originals) or progress.still > patience:
            return records
        sleep(PAUSE)


def _progress(
    originals: Mapping[Source, Sized],
    records: Mapping[Source, Record],
    uploaded: int,
    seconds: float,
    still: float,
    back: int,
) -> Progress:
    states = Counter(record.state for record in records.values())
    states[State.QUEUED] += max(0, uploaded - len(records))
    ended = [source for source, record in records.items() if settled(record)]
    return Progress(
        total=len(originals),
        uploaded=uploaded,
        states=states,
        settled=len(ended),
        settled_bytes=sum(originals[source].bytes for source in ended),
        seconds=seconds,
        still=still,
        handed_back=back,
    )
