"""`safelight ingest`: a folder or another bucket into the originals, whence the events take them on their way."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from cli import originals
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed
from cli.display import showing, talk
from cli.driving import agreed
from cli.exits import Exit
from cli.text import counted, size, visible
from jobs.errors import Retryable
from jobs.prices import PRICES
from jobs.source import Source

AHEAD = 4
"""Uploads that are ready for each that is under way."""

Send = Callable[[], bool]
"""One upload; whether it was needed. Raises Retryable, OSError."""


@dataclass(frozen=True)
class Ingested:
    """What became of it so far."""

    sent: int = 0
    there: int = 0
    failed: int = 0
    total: int = 0


def ingest(
    source: Annotated[str, typer.Argument(metavar="DIR|s3://BUCKET/PREFIX", help="Where the originals are.")],
    prefix: Annotated[str, typer.Option(help="Of the keys they get, below the stack's own prefix.")] = "",
    at_once: Annotated[int, typer.Option(min=1, max=64, help="Uploads side by side.")] = 8,
    stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:  # fmt: skip
    """Upload a folder, or copy what is in another bucket, and let the events take it from there.

    In parallel, each checked by S3 against its checksum. Stopped by whatever means, the same command goes on: what is
    there already, byte for byte, is not sent again. Exits with 1 if any of them failed.
    """
    there = deployed(stack, endpoint, region)
    below = there.settings.prefix + prefix
    count, bytes_, sends = (
        _bucket(source, there, below) if source.startswith("s3://") else _folder(source, there, below)
    )
    agreed(
        {
            "originals": f"{counted(count, 'original')}, {size(bytes_)}",
            "to": f"s3://{there.settings.originals}/{visible(below)}",
            "putting them": f"${count * (PRICES.s3_put + 2 * PRICES.s3_get):,.4f} at most; `safelight forecast {count}`"
            " says what rendering costs",
        },
        yes=yes,
    )
    done = all_sent(sends, count, at_once)
    typer.echo(json.dumps(asdict(done)) if as_json else f"{done.sent:,} sent, {done.there:,} there already")
    if done.failed:
        raise typer.Exit(Exit.FOUND)


def _folder(source: str, there: Deployed, below: str) -> tuple[int, int, Iterator[Send]]:
    chosen = originals.of_folder(Path(source))
    bucket = there.settings.originals
    sends = (partial(there.aws.ingest.put, Source(bucket, below + one.key), one.path) for one in chosen)
    return len(chosen), sum(one.bytes for one in chosen), sends


def _bucket(source: str, there: Deployed, below: str) -> tuple[int, int, Iterator[Send]]:
    """Listed before anything is copied, so that the plan can say how many there are."""
    bucket, key = urlsplit(source).netloc, source.removeprefix(f"s3://{urlsplit(source).netloc}").removeprefix("/")
    listing, found, place = there.aws.listings.prefix(bucket, key), [], ""
    while True:
        page = listing.page(place)
        found += [one for one in page.found if not one.source.key.endswith("/")]
        if page.next is None:
            break
        place = page.next
    if not found:
        raise Complaint(f"there is nothing under {source}")
    target = there.settings.originals
    sends = (partial(there.aws.ingest.copy, one, Source(target, below + one.source.key)) for one in found)
    return len(found), sum(one.bytes for one in found), sends


def all_sent(sends: Iterator[Send], total: int, at_once: int) -> Ingested:
    """Keeps the lines full, and no more in memory than that needs."""
    done = Ingested(total=total)
    with ThreadPoolExecutor(at_once, "ingest") as pool, showing() as show:
        running = {pool.submit(send) for send in islice(sends, AHEAD * at_once)}
        while running:
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            done = _counted(done, ended)
            running |= {pool.submit(send) for send in islice(sends, len(ended))}
            of = done.sent + done.there + done.failed
            show(f"{of:,} of {total:,}  {done.sent:,} sent  {done.there:,} there already", of == total)
    return done


def _counted(done: Ingested, ended: set[Future[bool]]) -> Ingested:
    sent, there, failed = done.sent, done.there, done.failed
    for upload in ended:
        try:
            needed = upload.result()
        except (Retryable, OSError) as error:
            talk.print(f"failed: {visible(str(error))}", markup=False, soft_wrap=True)
            failed += 1
            continue
        sent, there = sent + needed, there + (not needed)
    return Ingested(sent, there, failed, done.total)
