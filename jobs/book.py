"""The folder of recipes as people keep it: a TOML file a recipe, the pictures they name, and routes.toml.

recipes/default.toml   recipes/web.toml   recipes/watermark.png   recipes/routes.toml
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from imaging import recipe as recipes
from imaging.errors import Problem, RecipeInvalid, RecipeTooNew
from imaging.recipe import Recipe
from jobs.errors import CatalogInvalid

ROUTES = "routes.toml"

NO_TEXT = "is no text: TOML is written in UTF-8"


@dataclass(frozen=True)
class Book:
    """Every recipe of a folder, and which prefix of a key goes to which."""

    recipes: tuple[Recipe, ...]
    routes: tuple[tuple[str, str], ...]


def read(folder: Path) -> Book:
    """Raises CatalogInvalid with every mistake of every file, each with the file's name."""
    if not (folder / ROUTES).is_file():
        raise CatalogInvalid([f"{folder} is no folder of recipes: it has no {ROUTES}"])
    problems: list[str] = []
    files = [path for path in sorted(folder.glob("*.toml")) if path.name != ROUTES]
    book = [one for path in files for one in _recipe(path, problems)]
    routes = _routes(folder / ROUTES, problems)
    if problems:
        raise CatalogInvalid(problems)
    return Book(tuple(book), routes)


def recipe(path: Path) -> Recipe:
    """The recipe in a file, with the pictures and fonts beside it. Raises OSError, RecipeInvalid, RecipeTooNew."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise RecipeInvalid((Problem("", NO_TEXT),)) from None
    return recipes.parse(text, lambda name: _inside(path.parent, name).read_bytes())


def _recipe(path: Path, problems: list[str]) -> list[Recipe]:
    try:
        return [recipe(path)]
    except RecipeInvalid as error:
        problems += [f"{path.name}: {problem}" for problem in error.problems]
    except RecipeTooNew as error:
        problems.append(f"{path.name}: {error}")
    except OSError as error:
        problems.append(f"{path.name}: cannot be read: {error.strerror}")
    return []


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("it lies outside the folder of recipes")
    return path


def _routes(path: Path, problems: list[str]) -> tuple[tuple[str, str], ...]:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(_route(route["prefix"], route["recipe"]) for route in written["routes"])
    except UnicodeDecodeError:
        problems.append(f"{path.name}: {NO_TEXT}")
    except OSError as error:
        problems.append(f"{path.name}: cannot be read: {error.strerror}")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name}: is not TOML: {error}")
    except (KeyError, TypeError):
        problems.append(f'{path.name}: each [[routes]] needs a prefix and a recipe (prefix = "", recipe = "default")')
    return ()


def _route(prefix: object, recipe: object) -> tuple[str, str]:
    if not (isinstance(prefix, str) and isinstance(recipe, str)):
        raise TypeError
    return prefix, recipe
