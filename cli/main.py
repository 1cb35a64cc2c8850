"""`safelight`: one file per verb; whatever the user can put right is one line on stderr."""

import logging
import sys

import typer
from rich.markup import escape

from cli import recipes
from cli.complaint import Complaint
from cli.demo import demo
from cli.display import talk
from cli.exits import Exit
from cli.render import render
from cli.up import up
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
app.add_typer(recipes.app, name="recipes")


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
