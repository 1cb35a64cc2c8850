"""`safelight`: one file per verb; whatever the user can put right is one line on stderr."""

import logging
import sys

import typer
from rich.markup import escape

from cli import recipes, reprocess, runs
from cli.audit import audit
from cli.backfill import backfill
from cli.collect import collect
from cli.complaint import Complaint
from cli.demo import demo
from cli.display import talk
from cli.doctor import doctor
from cli.exits import Exit
from cli.forecast import forecast
from cli.intake import pause, resume
from cli.redrive import redrive
from cli.render import render
from cli.status import status
from cli.up import up
from cli.watching import watching
from jobs.errors import JobError, Retryable
from local.errors import LocalError

app = typer.Typer(
    name="safelight",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A million photos into renditions, tonight, on AWS, without losing one.",
    epilog="Start with [bold]safelight demo[/]: it needs no account and leaves nothing behind but a page to look at.",
)
app.command()(demo)
app.command()(up)
app.command()(render)
app.command()(forecast)
app.command()(backfill)
app.command()(status)
app.command("watch")(watching)
app.command()(pause)
app.command()(resume)
app.command()(audit)
app.command()(redrive)
app.command()(collect)
app.command()(doctor)
for verb in (reprocess.plan, reprocess.apply, reprocess.rollback):
    recipes.app.command()(verb)
app.add_typer(recipes.app, name="recipes")
app.add_typer(runs.app, name="runs")


def main() -> None:
    """Runs a verb, and exits as cli/exits.py says."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        app()
    except (Complaint, JobError, LocalError) as error:
        talk.print(f"[bold red]safelight:[/] {escape(str(error))}", soft_wrap=True)
        sys.exit(Exit.WORLD if isinstance(error, Retryable) else Exit.USAGE)


if __name__ == "__main__":
    main()
