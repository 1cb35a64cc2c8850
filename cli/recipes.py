"""`safelight recipes`: reads recipes and says every mistake in them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.complaint import Complaint
from cli.display import Terminal
from cli.text import counted
from imaging import marks
from imaging import recipe as recipes
from imaging.errors import RecipeInvalid, RecipeTooNew
from imaging.recipe import Recipe, Rendition, Resize
from jobs import book
from jobs.book import Book
from jobs.errors import CatalogInvalid

FOLDER = Path(__file__).parent.parent / "recipes"

app = typer.Typer(no_args_is_help=True, help="Look at recipes, which are lists of renditions, and release them.")


@app.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH...]", help="Recipes, or folders of them with their routes.")
    ] = None,
) -> None:
    """Validate recipes and print every mistake, with its file and its place.

    Exits with 1 if there is any, so it can guard a commit or a deployment.
    """
    results = [_checked(path) for path in paths or [FOLDER]]
    if not all(results):
        raise typer.Exit(1)


@app.command()
def show(
    recipe: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A recipe of this checkout, or a TOML file.")],
    json: Annotated[bool, typer.Option("--json", help="Canonical JSON, as it is stored at deployment.")] = False,
) -> None:
    """Show what a recipe makes of a photograph."""
    found = named(recipe).recipes[0]
    if json:
        typer.echo(recipes.dump(found).json.decode())
    else:
        Terminal().print(_table(found))


def named(name: str | None) -> Book:
    """One recipe for every key, by the name it has here or the path of its file; without a name, all with their routes.

    Raises Complaint.
    """
    try:
        if name is None:
            return read_folder(FOLDER)
        found = read(Path(name)) if Path(name).suffix or "/" in name else _by_name(name)
    except RecipeTooNew as error:
        raise Complaint(f"{name}: {error}") from None
    except (CatalogInvalid, RecipeInvalid) as invalid:
        more = len(invalid.problems) - 1
        others = f", and {more} more: `safelight recipes check` says all" if more else ""
        raise Complaint(f"{name or FOLDER}: {invalid.problems[0]}{others}") from None
    return Book((found,), (("", found.name),))


def read(path: Path) -> Recipe:
    """The recipe in a file. Raises Complaint when it cannot be read, RecipeInvalid or RecipeTooNew for what it says."""
    try:
        return _usable(book.recipe(path))
    except OSError as error:
        raise Complaint(f"{path} cannot be read: {error.strerror}") from None


def read_folder(folder: Path) -> Book:
    """The recipes of a folder and their routes. Raises CatalogInvalid for all that is wrong with them."""
    found = book.read(folder)
    if problems := [f"{recipe.name}: {each}" for recipe in found.recipes for each in marks.unusable(recipe)]:
        raise CatalogInvalid(problems)
    return found


def _usable(recipe: Recipe) -> Recipe:
    """The recipe, once its marks were tried. Raises RecipeInvalid."""
    if problems := marks.unusable(recipe):
        raise RecipeInvalid(problems)
    return recipe


def _by_name(name: str) -> Recipe:
    found = {recipe.name: recipe for recipe in book.read(FOLDER).recipes}
    if name not in found:
        raise Complaint(f"there is no recipe {name!r}: there are {', '.join(sorted(found))}; a file will do as well")
    return _usable(found[name])


def _checked(path: Path) -> bool:
    """Says what there is to say of a recipe, or of a folder of them; whether all is well."""
    try:
        found = read_folder(path).recipes if path.is_dir() else (read(path),)
    except (CatalogInvalid, RecipeInvalid) as invalid:
        typer.echo("\n".join(f"{path}: {problem}" for problem in invalid.problems))
        return False
    except RecipeTooNew as error:
        typer.echo(f"{path}: {error}")
        return False
    for recipe in found:
        typer.echo(f"{recipe.name}: {counted(len(recipe.renditions), 'rendition')}, digest {recipes.digest(recipe)}")
    return True


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
    knobs += [f"for a SSIMULACRA2 of {rendition.aim:g}"] if rendition.aim is not None else []
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
