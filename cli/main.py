"""`safelight`: one file per verb; whatever the user can put right is one line on stderr."""

import errno
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import cleandoc
from typing import Any, NoReturn, TextIO

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.exceptions import TyperException

from cli import recipes, reprocess, runs
from cli.audit import audit
from cli.backfill import backfill
from cli.collect import collect
from cli.complaint import Complaint, Refused
from cli.demo import demo
from cli.display import talk
from cli.doctor import doctor
from cli.exits import MEANINGS, Exit
from cli.forecast import forecast
from cli.ingest import ingest
from cli.intake import pause, resume
from cli.redrive import redrive
from cli.render import render
from cli.status import status
from cli.up import up
from cli.watching import watching
from imaging.errors import RecipeTooNew
from jobs.errors import JobError, Retryable
from local.errors import LocalError

TRACEBACK = "SAFELIGHT_TRACEBACK"
"""The variable that has a fault of ours say where it is."""

NOWHERE = frozenset({"no-such-bucket", "NoSuchKey"})
"""Reasons that trying again does not help against: somebody named what is not there."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

EPILOG = (
    "Start with [bold]safelight demo[/]: it needs no account and leaves nothing behind but a page to look at.",
    "It exits with:",
    *(f"{code:d}  {meaning}" for code, meaning in MEANINGS.items()),
)


class Verbs(TyperGroup):
    """Ends as cli/exits.py says where click has ways of its own."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        _flow(self)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _read():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        try:
            with _read():
                return super().invoke(ctx)
        except TyperException as mistake:
            _answer(mistake.format_message())
            raise


def _flow(command: Any) -> None:
    """Breaks the lines of its help, and of what is below it, where the terminal does and not where the source does."""
    command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(command.help or "").split("\n\n"))
    for below in command.commands.values() if isinstance(command, TyperGroup) else ():
        _flow(below)


@contextmanager
def _read() -> Iterator[None]:
    """Raises typer.Exit where nobody reads any more what is written inside; of a --help Rich tells by SystemExit(1)."""
    try:
        yield
    except (BrokenPipeError, SystemExit) as ended:
        if isinstance(ended, SystemExit) and ended.code != 1:
            raise  # told to stop, by local.cloud
        _let_go()
        raise typer.Exit(Exit.UNREAD) from None


app = typer.Typer(
    name="safelight",
    cls=Verbs,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A million photos into renditions, tonight, on AWS, without losing one.",
    epilog="\n\n".join(EPILOG),
)
app.command()(demo)
app.command()(up)
app.command()(render)
app.command()(forecast)
app.command()(ingest)
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
    logging.getLogger("pyvips").setLevel(logging.ERROR)  # it warns of every damaged file; the complaint says it once
    try:
        app()
    except (Complaint, JobError, LocalError, RecipeTooNew) as error:
        _end(str(error), _code(error))
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            _full(error)
        if os.environ.get(TRACEBACK):
            traceback.print_exception(error)
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        _end(f"{what}: this is a fault of Safelight's own; {TRACEBACK}=1 before the command shows where", Exit.FAULT)


def _code(error: Exception) -> Exit:
    match error:
        case Refused():
            return Exit.REFUSED
        case Retryable() if error.reason not in NOWHERE:
            return Exit.WORLD
        case _:
            return Exit.USAGE


def _full(error: OSError) -> NoReturn:
    if not error.filename:
        _let_go(sys.stdout)
    _end(f"{error.filename or 'standard output'}: {error.strerror}: make room", Exit.STOPPED)


def _end(said: str, code: Exit) -> NoReturn:
    try:
        talk.print(f"[bold red]safelight:[/] {escape(said)}", soft_wrap=True)
        _answer(said)
    except BrokenPipeError:
        _let_go()
    sys.exit(code)


def _answer(said: str) -> None:
    """What went wrong, to the program that asked for JSON."""
    if "--json" in sys.argv[1:]:
        typer.echo(json.dumps({"error": said}, indent=2))


def _let_go(*streams: TextIO) -> None:
    """Of what can be written to no more, both if none is named: what is still to be flushed goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams or (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    main()
