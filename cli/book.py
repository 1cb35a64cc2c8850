"""Recipes as files: TOML, with the watermarks and fonts they name beside them."""

from pathlib import Path

from cli.complaint import Complaint
from imaging import recipe as recipes
from imaging.recipe import Recipe

FOLDER = Path(__file__).parent.parent / "recipes"


def read(path: Path) -> Recipe:
    """The recipe in a file. Raises Complaint when there is no such file, RecipeInvalid or RecipeTooNew for what it says."""
    try:
        written = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Complaint(f"{path} is not text: a recipe is TOML, in UTF-8") from None
    except OSError as error:
        raise Complaint(f"{path} cannot be read: {error.strerror}") from None
    return recipes.parse(written, lambda name: (path.parent / name).read_bytes())


def find(name: str, folder: Path = FOLDER) -> Path:
    """The file of a recipe: a path, or the name of one that comes with the program. Raises Complaint."""
    if Path(name).suffix or "/" in name:
        return Path(name)
    path = folder / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(path.stem for path in folder.glob("*.toml"))) or "none at all"
        raise Complaint(f"there is no recipe {name!r}: there are {known}; the path of a TOML file will do as well")
    return path
