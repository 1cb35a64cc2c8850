"""`safelight ingest`: a folder or another bucket into the originals, whence the events take them on their way.

    what there is ─some at a time─▶ uploads side by side, each checked by its checksum ─▶ place saved ─▶ the next ones

A run like any other: it is listed, paused, resumed and cancelled by `safelight runs`.
"""

import json
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Protocol

import typer

from cli import addresses, originals
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed, utf8
from cli.display import showing, talk
from cli.driving import agreed, driven, me
from cli.exits import Exit
from cli.originals import Original
from cli.text import counted, size, visible
from jobs import backfill, runs
from jobs.backfill import Listing
from jobs.errors import Retryable
from jobs.prices import PRICES
from jobs.runs import Advance, Run, Step
from jobs.source import Source

KIND = "ingest"

PAGE = 200
"""Uploads between two savings of the place."""

AT_ONCE = 8

Send = Callable[[], bool]
"""One upload; whether it was needed. Raises Retryable, OSError."""

EACH = PRICES.s3_put + 2 * PRICES.s3_get
"""Dollars for one at most: what is there is looked at, a copied one twice, and it is put."""


class Supply(Protocol):
    """Originals to be sent, in an order that stays."""

    def counted(self) -> tuple[int, int]:
        """How many, and their bytes."""

    def page(self, after: str) -> tuple[Sequence[Send], str | None]:
        """Some of them, and from where to read on; None when these were the last."""


def ingest(
    source: Annotated[
        str, typer.Argument(metavar="DIR|s3://BUCKET/PREFIX", callback=utf8, help="Where the originals are.")
    ],
    prefix: Annotated[
        str, typer.Option(callback=utf8, help="Of the keys they get, below the stack's own prefix.")
    ] = "",
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Uploads side by side.")] = AT_ONCE,
    stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:  # fmt: skip
    """Upload a folder, or copy what is in another bucket, and let the events take it from there.

    In parallel, each checked by S3 against its checksum. Stopped by whatever means, the same command goes on where it
    stood; given again later, it sends what is new or was changed. Exits with 1 if any of them failed.
    """
    there = deployed(stack, endpoint, region)
    subject = _subject(source, prefix)
    supply = _supply(subject, there)
    run = there.aws.runs.read(runs.named(KIND, subject))
    if run is None or run.phase in runs.OVER:
        count, bytes_ = supply.counted()
        if not count:
            raise Complaint(f"there is nothing under {source}")
        agreed(
            {
                "originals": f"{counted(count, 'original')}, {size(bytes_)}",
                "to": f"s3://{there.settings.originals}/{visible(there.settings.prefix + prefix)}",
                "putting them": f"${count * EACH:,.4f} at most; `safelight forecast {count}` says what rendering costs",
            },
            yes=yes,
        )
        run = Run(runs.named(KIND, subject), KIND, subject, total=count, each=EACH, began=time.time(), by=me())
    else:
        talk.print(f"{run.id} goes on: {run.seen:,} of {run.total:,} were looked at before")
    _driven(there, run, supply, at_once, as_json=as_json)


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A run that was begun before, driven on; a folder's only where the folder is."""
    _driven(there, run, _supply(run.subject, there), AT_ONCE, as_json=as_json)


def _driven(there: Deployed, run: Run, supply: Supply, at_once: int, *, as_json: bool) -> None:
    with ThreadPoolExecutor(at_once, "ingest") as pool:
        driven(there, runs.begun(there.aws.runs, run), stepping(supply, pool), as_json=as_json)
    ended = there.aws.runs.read(run.id)
    if ended and ended.failed:
        raise typer.Exit(Exit.FOUND)


def stepping(supply: Supply, pool: ThreadPoolExecutor) -> Step:
    """The step of an ingestion: one page, side by side."""

    def step(place: str) -> Advance:
        sends, following = supply.page(place)
        ended = list(pool.map(_tried, sends))
        return Advance(ended.count(True), ended.count(False), following, failed=ended.count(None))

    return step


def _tried(send: Send) -> bool | None:
    """Whether it was needed; None where it failed, which is told, and the others go on."""
    try:
        return send()
    except (Retryable, OSError) as error:
        talk.print(f"failed: {visible(str(error))}", markup=False, soft_wrap=True)
        return None


def _subject(source: str, prefix: str) -> str:
    """From where and to where, for the run to be known by: the folder as every working directory knows it.

    Raises Complaint for no name at all: that would be the folder this runs in, which nobody meant.
    """
    if not source:
        raise Complaint("name a folder or an s3:// address; . is the folder you are in")
    where = source if source.startswith(addresses.SCHEME) else str(Path(source).expanduser().resolve())
    return json.dumps([where, prefix], ensure_ascii=False) if prefix else where


def _supply(subject: str, there: Deployed) -> Supply:
    source, prefix = json.loads(subject) if subject.startswith("[") else (subject, "")
    below = there.settings.prefix + prefix
    if not source.startswith(addresses.SCHEME):
        return _Folder(sorted(originals.of_folder(Path(source)), key=_key), there, below)
    bucket, key = addresses.parted(source)
    return _Bucket(there.aws.listings.prefix(bucket, key, PAGE), there, below)


@dataclass(frozen=True)
class _Folder:
    """Files by their keys. A place is the last key: what was added or removed meanwhile moves none of the others."""

    files: Sequence[Original]
    there: Deployed
    below: str

    def counted(self) -> tuple[int, int]:
        return len(self.files), sum(file.bytes for file in self.files)

    def page(self, after: str) -> tuple[Sequence[Send], str | None]:
        first = bisect_right(self.files, after, key=_key)
        some = self.files[first : first + PAGE]
        following = some[-1].key if first + PAGE < len(self.files) else None
        return [self._send(file) for file in some], following

    def _send(self, file: Original) -> Send:
        target = Source(self.there.settings.originals, self.below + file.key)
        return partial(self.there.aws.ingest.put, target, file.path)


def _key(file: Original) -> str:
    return file.key


@dataclass(frozen=True)
class _Bucket:
    """Objects as they are listed, a page in memory at a time."""

    listing: Listing
    there: Deployed
    below: str

    def counted(self) -> tuple[int, int]:
        whole = backfill.Counted(0, 0, 0)
        with showing() as show:
            for whole in backfill.count(self.listing, ""):
                show(f"counted: {whole.objects:,}", False)
        return whole.objects, whole.bytes

    def page(self, after: str) -> tuple[Sequence[Send], str | None]:
        listed = self.listing.page(after)
        return list(self._sends(listed.found)), listed.next

    def _sends(self, found: Iterable[backfill.Found]) -> Iterable[Send]:
        for one in found:
            if not one.source.key.endswith("/"):
                target = Source(self.there.settings.originals, self.below + one.source.key)
                yield partial(self.there.aws.ingest.copy, one, target)
