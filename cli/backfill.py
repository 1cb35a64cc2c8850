"""`safelight backfill`: objects that were in a bucket before Safelight was, sent to its bulk lane."""

import json
import math
import posixpath
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli import addresses
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed, utf8
from cli.display import showing, talk
from cli.driving import agreed, driven, me
from cli.text import counted, size
from jobs import backfill as jobs
from jobs import inventory, runs
from jobs.backfill import Counted, Listing, Plan
from jobs.catalog import RecipeBook
from jobs.forecast import Image, Setting, each
from jobs.inventory import Rows
from jobs.runs import Run
from jobs.source import State

KIND = "backfill"

USUAL = 100.0
"""Milliseconds of a processor for an image, as long as the ledger has none to tell of."""


def backfill(
    source: Annotated[
        str,
        typer.Argument(
            metavar="s3://BUCKET/PREFIX|MANIFEST|CSV",
            callback=utf8,
            help="A prefix, an S3 Inventory's manifest.json, or a CSV of bucket,key (a file, or in S3).",
        ),
    ],
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    per_second: Annotated[float, typer.Option(min=0, help="Look at no more objects a second; 0 is no limit.")] = 0,
    budget: Annotated[float | None, typer.Option(min=0, help="Dollars after which it pauses.")] = None,
    look: Annotated[bool, typer.Option(help="Read the ledger, and skip what is published already.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and its price, and end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:
    """Send what is in a bucket already through the bulk lane, beside the fresh uploads and never before them.

    Shows its plan and its price first. Stopped by whatever means (Ctrl-C, kill, `safelight runs pause`), the same
    command goes on where it stood: its place is in the ledger. What is published under the current recipe is skipped.
    """
    there = deployed(stack, endpoint, region)
    listing = listed(source, there, _page(per_second))
    run = there.aws.runs.read(runs.named(KIND, source))
    if run is None or run.phase in runs.OVER:
        planned = jobs.plan(_count(listing, there), _each(there), look=look)
        if not planned.counted.objects:
            own = there.settings.prefix
            raise Complaint(f"there is no object under {source}" + (f" whose key begins with {own}" if own else ""))
        if dry_run and as_json:
            typer.echo(json.dumps(_figures(planned), indent=2))
        agreed(_plan(planned), yes=yes or dry_run)
        run = Run(
            runs.named(KIND, source),
            KIND,
            source,
            total=planned.counted.objects,
            each=planned.each,
            began=time.time(),
            by=me(),
        )
    else:
        talk.print(f"{run.id} goes on: {run.seen:,} of {run.total:,} were looked at before")
    if dry_run:
        return
    run = runs.begun(there.aws.runs, replace(run, per_second=per_second, budget=budget))
    driven(there, run, stepping(there, listing, look=look), as_json=as_json)


def stepping(there: Deployed, listing: Listing, *, look: bool = True) -> runs.Step:
    """The step of a backfill on a deployment."""
    return partial(
        jobs.step,
        listing=listing,
        ledger=there.aws.ledger,
        store=there.aws.catalog,
        lane=there.aws.bulk,
        prefix=there.settings.prefix,
        look=look,
    )


def listed(source: str, there: Deployed, page: int = jobs.PAGE) -> Listing:
    """What a source names, in pages of so many. Raises Complaint, InventoryInvalid."""
    if not source.startswith(addresses.SCHEME):
        return _file(source, page)
    bucket, key = addresses.parted(source)
    if posixpath.basename(key) == "manifest.json":
        return there.aws.listings.inventory(bucket, key, page)
    if key.endswith((".csv", ".csv.gz")):
        return there.aws.listings.csv(bucket, key, page)
    if bucket != there.settings.originals:
        raise Complaint(
            f"the originals of {there.stack} are in {there.settings.originals}: `safelight ingest {source}` copies"
            " another bucket's there"
        )
    return there.aws.listings.prefix(bucket, key, page)


def _file(source: str, page: int) -> Rows:
    path = Path(source)
    try:
        path.open().close()
    except OSError as error:
        raise Complaint(f"{source!r} is neither an s3:// address nor a file to read: {error.strerror}") from None
    return Rows([lambda: inventory.rows(path.open(encoding="utf-8", newline=""))], page)


def _page(per_second: float) -> int:
    """A step a second or longer, so that a slow backfill is an even one."""
    return math.ceil(min(jobs.PAGE, per_second)) if per_second else jobs.PAGE


def _count(listing: Listing, there: Deployed) -> Counted:
    whole = Counted(0, 0, 0)
    with showing() as show:
        for whole in jobs.count(listing, there.settings.prefix):
            show(f"counted: {whole.objects:,}", False)
    return whole


def _each(there: Deployed) -> float:
    """What one image costs here: by the time that those took which the ledger shows first."""
    records = there.aws.ledger.scan().records
    made = [record.published.made for record in records if record.state is State.DONE and record.published]
    taken = sum(one.milliseconds for one in made) / len(made) if made else USUAL
    digest = there.aws.catalog.current().digest_for(there.settings.prefix)
    puts = len(RecipeBook(there.aws.catalog).recipe(digest).renditions)
    return sum(each(Image(taken, puts, uploaded=False), deployed_setting(there)).values())


def deployed_setting(there: Deployed) -> Setting:
    """The worker as its stack's parameters have it."""
    said, usual = there.described.parameters, Setting()
    return Setting(
        memory=int(said.get("WorkerMemory", usual.memory)),
        architecture=said.get("Architecture", usual.architecture),
        concurrency=int(said.get("BulkConcurrency", usual.concurrency)),
    )


def _plan(planned: Plan) -> dict[str, str]:
    counted_, images = planned.counted, planned.counted.objects
    return {
        "objects": f"{counted(images, 'object')}, {size(counted_.bytes)}",
        "listing them, twice": f"${planned.listing:,.4f}",
        "sending them": f"${planned.sending:,.4f}",
        "reading the ledger": f"${planned.looking:,.4f}, to skip what is published already",
        "rendering them": f"${images * planned.each:,.2f} if all are wanting: ${1e6 * planned.each:,.2f} a million",
        "at most": f"${planned.most:,.2f}",
    }


def _figures(planned: Plan) -> dict[str, float]:
    """The plan as data, in dollars."""
    images = planned.counted.objects
    return {
        "objects": images,
        "bytes": planned.counted.bytes,
        "listing": round(planned.listing, 4),
        "sending": round(planned.sending, 4),
        "reading": round(planned.looking, 4),
        "rendering": round(images * planned.each, 4),
        "dollars": round(planned.most, 4),
    }


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A run that was begun before, driven on."""
    driven(
        there,
        runs.begun(there.aws.runs, run),
        stepping(there, listed(run.subject, there, _page(run.per_second))),
        as_json=as_json,
    )
