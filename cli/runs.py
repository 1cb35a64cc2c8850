"""`safelight runs`: long operations looked at, paused, resumed and cancelled, from any terminal."""

from collections.abc import Callable
from typing import Annotated

import typer

from cli import audit, backfill, collect, reprocess
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed
from cli.driving import tell
from jobs import runs
from jobs.runs import Phase, Run

app = typer.Typer(no_args_is_help=True, help="Look at long operations, pause, resume and cancel them.")

Id = Annotated[str, typer.Argument(metavar="RUN", help="As the command that began it said, such as backfill-3f2a9c41.")]
AsJson = Annotated[bool, typer.Option("--json", help="The run as JSON on standard output.")]

DRIVERS: dict[str, Callable[..., None]] = {
    audit.KIND: audit.gone_on,
    backfill.KIND: backfill.gone_on,
    collect.KIND: collect.gone_on,
    reprocess.KIND: reprocess.gone_on,
}
"""Who drives a run on, by its kind."""


@app.command()
def show(
    id: Id, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False
) -> None:
    """Say where a run stands."""
    tell(_run(deployed(stack, endpoint, region), id), as_json=as_json)


@app.command()
def pause(
    id: Id, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False
) -> None:
    """Stop a run after the step that it is at; the command that drives it ends."""
    _turn(deployed(stack, endpoint, region), id, Phase.PAUSED, as_json=as_json)


@app.command()
def cancel(
    id: Id, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False
) -> None:
    """End a run for good; what it sent is worked on all the same."""
    _turn(deployed(stack, endpoint, region), id, Phase.CANCELLED, as_json=as_json)


@app.command()
def resume(
    id: Id, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None, as_json: AsJson = False
) -> None:
    """Go on with a run, here and now, from where it stands."""
    there = deployed(stack, endpoint, region)
    run = _run(there, id)
    if run.phase in runs.OVER:
        raise Complaint(f"{id} is {run.phase}")
    DRIVERS[run.kind](there, run, as_json=as_json)


def _turn(there: Deployed, id: str, phase: Phase, *, as_json: bool) -> None:
    if runs.turned(there.aws.runs, id, phase) is None:
        raise Complaint(f"{id} is {_run(there, id).phase} already")
    tell(_run(there, id), as_json=as_json)


def _run(there: Deployed, id: str) -> Run:
    run = there.aws.runs.read(id)
    if run is None:
        raise Complaint(f"there is no run {id} in the stack {there.stack}")
    return run
