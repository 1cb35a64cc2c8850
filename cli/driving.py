"""A long operation as its user sees it: the plan and its price first, then progress, and how it ended."""

import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from cli.complaint import Complaint, Refused
from cli.deployed import Deployed
from cli.display import showing, talk
from cli.exits import Exit
from cli.text import duration, moment
from jobs import runs
from jobs.runs import OutOfBudget, Phase, Run, Step


def agreed(plan: Mapping[str, str], *, yes: bool) -> None:
    """Shows a plan, and asks whether to go on. Raises Refused if the answer is no, or nobody is there to give one."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, said in plan.items():
        table.add_row(Text(name), Text(said))  # reasons, keys and paths are no markup
    talk.print(table)
    if yes:
        return
    if not talk.is_terminal or sys.stdin is None:
        raise Refused("nothing was begun: say --yes to go on where nobody can be asked")
    try:
        yes = typer.confirm("Go on?", err=True)
    except typer.Abort:
        talk.print()
    if not yes:
        raise Refused("nothing was begun")


def as_begun(run: Run, option: str, given: float | None = None) -> Run:
    """The run with the option that it was begun with, whoever drives it now.

    Raises Complaint when another one is given, or when the record, of a version that kept none, says nothing and
    nobody else does: a guess could not be taken back.
    """
    began_with = run.options.get(option, given)
    end = f"`safelight runs cancel {run.id}` ends it"
    if began_with is None:
        raise Complaint(
            f"{run.id} does not say with which --{option} it was begun: it goes on with the one that"
            f" `safelight {run.kind} --{option} ...` says, or {end}"
        )
    if given not in (None, began_with):
        raise Complaint(f"{run.id} was begun with --{option} {began_with:g}: it goes on without another, or {end}")
    return replace(run, options={**run.options, option: began_with})


def driven(deployed: Deployed, run: Run, step: Step, *, as_json: bool) -> None:
    """Drives the run to its end or to where it is stopped, and exits accordingly."""
    talk.print(f"{run.id}: safelight runs pause|resume|cancel {run.id}", soft_wrap=True)
    try:
        with showing() as show:
            pace = Pace(run)
            run = runs.drive(run, step, deployed.aws.runs, lambda now: show(pace.line(now), now.phase is Phase.DONE))
    except OutOfBudget as stopped:
        talk.print(str(stopped), soft_wrap=True)
        run = deployed.aws.runs.read(run.id) or run
    tell(run, as_json=as_json)
    if run.phase is not Phase.DONE:
        raise typer.Exit(Exit.STOPPED)


def answer(data: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """What a verb has to say, in one of two ways."""
    typer.echo(json.dumps(data, indent=2) if as_json else text)


def tell(run: Run, *, as_json: bool) -> None:
    """The run on standard output."""
    failed = f" {run.failed:,} failed," if run.failed else ""
    text = (
        f"{run.id}: {run.phase}, {run.seen:,} looked at, {run.sent:,} sent, {run.skipped:,} needed nothing,"
        f"{failed} at most ${run.spent:,.2f}"
    )
    answer(figures(run), text, as_json=as_json)


def me() -> str:
    """Who begins a run: the user and the machine that this program runs under."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def figures(run: Run) -> dict[str, Any]:
    """The run as data."""
    return {
        "id": run.id,
        "kind": run.kind,
        "subject": run.subject,
        "state": run.phase,
        "total": run.total,
        "seen": run.seen,
        "sent": run.sent,
        "skipped": run.skipped,
        "failed": run.failed,
        "dollars": round(run.spent, 4),
        "budget": run.budget,
        "options": dict(run.options),
        "by": run.by,
        "why": run.why,
        "began": moment(run.began),
        "updated": moment(run.updated),
    }


class Pace:
    """How fast it goes since this command took it up."""

    def __init__(self, run: Run) -> None:
        self._seen, self._began = run.seen, time.time()

    def line(self, run: Run) -> Text:
        """The moment in one line, with the time that is left."""
        seconds = max(run.updated - self._began, 0.001)
        speed = (run.seen - self._seen) / seconds
        of = f" of {run.total:,}" if run.total else ""
        left = f"  about {duration((run.total - run.seen) / speed)} left" if speed and run.total > run.seen else ""
        return Text(
            f"{run.seen:,}{of}  {run.sent:,} sent  {run.skipped:,} needed nothing  {speed:,.0f}/s"
            f"  ${run.spent:,.2f}{left}"
        )
