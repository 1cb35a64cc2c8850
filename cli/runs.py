"""`safelight runs`: long operations listed, looked at, paused, resumed and cancelled, from any terminal."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import typer

from cli import audit, backfill, collect, ingest, reprocess
from cli.complaint import Complaint
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed
from cli.driving import figures, tell
from cli.text import columns, moment, visible
from jobs import runs
from jobs.runs import Phase, Run

app = typer.Typer(help="List long operations, look at one, pause, resume and cancel it.")

Id = Annotated[str, typer.Argument(metavar="RUN", help="As the command that began it said, such as backfill-3f2a9c41.")]
AsJson = Annotated[bool, typer.Option("--json", help="The run as JSON on standard output.")]

DRIVERS: dict[str, Callable[..., None]] = {
    audit.KIND: audit.gone_on,
    backfill.KIND: backfill.gone_on,
    collect.KIND: collect.gone_on,
    ingest.KIND: ingest.gone_on,
    reprocess.KIND: reprocess.gone_on,
}
"""Who drives a run on, by its kind."""


@app.callback(invoke_without_command=True)
def latest(
    context: typer.Context,
    stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    most: Annotated[int, typer.Option(min=1, max=100, help="The last so many.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="The runs as JSON on standard output.")] = False,
) -> None:  # fmt: skip
    """List the long operations, the last to begin first: who began it, when, its state, progress and cost.

    With a word behind it: look at one, pause, resume or cancel it.
    """
    if context.invoked_subcommand:
        return
    found = deployed(stack, endpoint, region).aws.runs.latest(most)
    if as_json:
        typer.echo(json.dumps([figures(run) for run in found], indent=2))
    else:
        typer.echo(columns(_rows(found)))


def _rows(found: Sequence[Run]) -> Iterator[tuple[str, ...]]:
    yield "run", "began", "by", "state", "done", "at most", "about"
    for run in found:
        done = f"{run.seen:,} of {run.total:,}" if run.total else f"{run.seen:,}"
        about = visible(run.why or run.subject)
        yield run.id, moment(run.began), visible(run.by), run.phase, done, f"${run.spent:,.2f}", about


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
    if run.kind not in DRIVERS:
        raise Complaint(f"{id} is not driven on: give its command again, and it goes on with what is left")
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
