"""`safelight recipes`: reads recipes and says every mistake in them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli import book
from imaging import recipe as recipes
from imaging.errors import RecipeInvalid, RecipeTooNew
from imaging.recipe import Recipe, Rendition, Resize

app = typer.Typer(
    no_args_is_help=True,
    help="Look at recipes: lists of renditions, written as TOML files.",
)


@app.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="TOML files.")]) -> None:
    """Validate recipes; print every mistake as FILE: PLACE: WHAT.

    Exits with 1 if there is any, so it can guard a commit or a deployment.
    """
    wrong = [line for path in files for line in _checked(path)]
    if wrong:
        raise typer.Exit(1)


@app.command()
def show(
    recipe: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A recipe of this checkout, or a TOML file.")],
    json: Annotated[bool, typer.Option("--json", help="Canonical JSON, as it is stored at deployment.")] = False,
) -> None:
    """Show what a recipe makes of a photograph."""
    path = book.find(recipe)
    try:
        found = book.read(path)
    except (RecipeInvalid, RecipeTooNew):
        _checked(path)
        raise typer.Exit(1) from None
    if json:
        typer.echo(recipes.dump(found).json.decode())
    else:
        Console(highlight=False).print(_table(found))


def _checked(path: Path) -> list[str]:
    """Prints what is to be said of a file; answers the mistakes."""
    try:
        found = book.read(path)
    except RecipeInvalid as invalid:
        lines = [f"{path}: {problem}" for problem in invalid.problems]
    except RecipeTooNew as error:
        lines = [f"{path}: {error}"]
    else:
        lines = []
        typer.echo(f"{path}: recipe {found.name}, {len(found.renditions)} renditions, digest {recipes.digest(found)}")
    for line in lines:
        typer.echo(line)
    return lines


def _table(recipe: Recipe) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in (recipe.name, "format", "size", "sharpen", "watermark"):
        table.add_column(heading)
    for rendition in recipe.renditions:
        table.add_row(rendition.name, _format(rendition), _size(rendition.resize), *_extras(rendition))
    return table


def _format(rendition: Rendition) -> str:
    knobs = [rendition.format]
    knobs += [f"quality {rendition.quality}"] if rendition.quality is not None else []
    knobs += [f"effort {rendition.effort}"] if rendition.effort is not None else []
    knobs += [word for word in ("lossless", "progressive") if getattr(rendition, word)]
    return ", ".join(knobs)


def _size(resize: Resize | None) -> str:
    if resize is None:
        return "as it is"
    box = f"{resize.width or 'any'} x {resize.height or 'any'}, {resize.mode}"
    return f"{box}, {resize.gravity}" if resize.mode == "fill" else box


def _extras(rendition: Rendition) -> tuple[str, str]:
    sharpen = f"{rendition.sharpen.amount:g} at {rendition.sharpen.sigma:g} px" if rendition.sharpen else ""
    return sharpen, rendition.watermark.gravity if rendition.watermark else ""
