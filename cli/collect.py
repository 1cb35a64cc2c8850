"""`safelight collect`: renditions that nobody is told of any more, removed after a grace period."""

import time
from typing import Annotated

import typer

from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, AsJson, Deployed, Endpoint, Region, Stack, Yes, deployed
from cli.display import showing
from cli.driving import agreed, answer, as_begun, driven, me
from cli.text import counted, size
from jobs import collect as jobs
from jobs import runs
from jobs.runs import Advance, Run

KIND = "collect"

DAY = 86_400.0
USUAL = jobs.GRACE / DAY
GRACE = "grace"


def collect(
    stack: Stack = SAFELIGHT,
    region: Region = None,
    endpoint: Endpoint = None,
    grace: Annotated[
        float | None,
        typer.Option(
            min=0, help=f"Days for which the address of a replaced rendition goes on working; {USUAL:g} if not given."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and end.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove renditions of replaced and deleted originals.

    By version: what is published is never removed, nor what is written again while this runs. A collection that is
    stopped goes on with the grace that it was begun with.
    """
    if grace is not None and grace * DAY < jobs.LEAST_GRACE:
        raise Complaint(f"--grace {grace:g}: at least {jobs.LEAST_GRACE / DAY:.3f} days, an hour")
    there = deployed(stack, endpoint, region)
    run = there.aws.runs.read(runs.named(KIND, stack))
    if dry_run or run is None or run.phase in runs.OVER:
        days = USUAL if grace is None else grace
        seen, removed, space = _look(there, days * DAY)
        if dry_run or not removed:
            _tell(seen, removed, space, as_json=as_json)
            return
        agreed({"to remove": f"{counted(removed, 'version')} of {seen:,}, {size(space)}; a DELETE is free"}, yes=yes)
        began = time.time()
        run = Run(runs.named(KIND, stack), KIND, stack, total=seen, began=began, by=me(), options={GRACE: days})
    gone_on(there, as_begun(run, GRACE, grace), as_json=as_json)


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A collection that was begun, driven on by the grace that was agreed to. Raises Complaint."""
    run = runs.begun(there.aws.runs, as_begun(run, GRACE))
    driven(there, run, lambda place: _step(there, place, run.options[GRACE] * DAY), as_json=as_json)


def _look(there: Deployed, grace: float) -> tuple[int, int, int]:
    """How many versions there are, how many would go, and their bytes."""
    seen = removed = space = 0
    place: str | None = ""
    with showing() as show:
        while place is not None:
            done = _collected(there, place, grace, dry=True)
            seen, removed, space, place = seen + done.seen, removed + len(done.removed), space + done.bytes, done.next
            show(f"looked at {counted(seen, 'version')}", place is None)
    return seen, removed, space


def _step(there: Deployed, place: str, grace: float) -> Advance:
    done = _collected(there, place, grace, dry=False)
    return Advance(len(done.removed), done.seen - len(done.removed), done.next)


def _collected(there: Deployed, place: str, grace: float, *, dry: bool) -> jobs.Collected:
    now = round(time.time() * 1000)
    return jobs.step(place, attic=there.aws.attic, ledger=there.aws.ledger, grace=grace, now=now, dry=dry)


def _tell(seen: int, removed: int, space: int, *, as_json: bool) -> None:
    text = f"{counted(removed, 'version')} of {seen:,} would be removed, {size(space)}"
    answer({"seen": seen, "would_remove": removed, "bytes": space}, text, as_json=as_json)
