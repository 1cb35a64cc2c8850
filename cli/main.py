"""`safelight`: one file per verb; whatever the user can put right is one line on stderr."""

import logging
import sys

import typer

from cli import recipes
from cli.complaint import Complaint
from cli.demo import demo
from cli.display import talk
from cli.render import render
from jobs.errors import JobError
from local.errors import LocalError

WRONG = 2

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
app.command()(render)
app.add_typer(recipes.app, name="recipes")


def main() -> None:
    """Runs a verb. Exits with 1 when it found something wrong, 2 when it could not be done, 130 on Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        app()
    except (Complaint, JobError, LocalError) as error:
        talk.print(f"[bold red]safelight:[/] {error}", soft_wrap=True)
        sys.exit(WRONG)


if __name__ == "__main__":
    main()
