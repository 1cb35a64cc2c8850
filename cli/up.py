"""`safelight up`: all of it on this machine until Ctrl-C, with the console to look at it."""

import secrets
import threading
from pathlib import Path
from typing import Annotated

import typer

from cli import recipes
from cli.display import talk
from cli.embedded import embedded
from cli.folders import writable
from local.embedded import LOOPBACK, a_free_port, free
from local.gateway import serving


def up(
    port: Annotated[int | None, typer.Option(min=1024, max=65535, help="Of the console. Left out: a free one.")] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="What to make of each photograph. Left out: by the routes.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Workers at once. Left out: as this machine has processors.")
    ] = None,
    log: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the functions' logs go.")] = None,
) -> None:
    """Run everything on this machine, and serve the console.

    Starts an AWS of its own on loopback, creates the stack from template.yaml, and prints an address with a token in
    it: who has it may do everything here. No account is needed, nothing leaves this machine, and nothing is left when
    it ends.
    """
    asked = recipes.named(recipe)
    if log:
        writable(log, "--log")
    port = a_free_port() if port is None else free(port)
    token = secrets.token_urlsafe(24)
    origin = f"http://{LOOPBACK}:{port}"
    with embedded(concurrency=concurrency, origin=origin, directory=log) as deployment:
        deployment.release(asked.recipes, asked.routes)
        with serving(deployment.gateway(origin, token), port):
            typer.echo(f"{origin}/#token={token}")
            talk.print("Running until Ctrl-C.")
            threading.Event().wait()
