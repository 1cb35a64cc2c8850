"""Recipes: what is to be made of an original, as plain data. Importable anywhere, nothing of libvips in here.

People write TOML; `parse` reads it and names every mistake. Machines keep canonical JSON, in which images and fonts
are replaced by their sha256; `dump` and `load` go there and back, and `digest` names the whole.
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from imaging.canonical import SCHEMA, canonical, replaced, sha256
from imaging.errors import Problem, RecipeInvalid, RecipeTooNew
from imaging.reading import read
from imaging.renditions import (
    Analysis,
    Gravity,
    ImageWatermark,
    Mode,
    Recipe,
    Rendition,
    Resize,
    Sharpen,
    TextWatermark,
    Watermark,
)

__all__ = [
    "SCHEMA",
    "Analysis",
    "Body",
    "Gravity",
    "ImageWatermark",
    "Mode",
    "Problem",
    "Recipe",
    "RecipeInvalid",
    "RecipeTooNew",
    "Rendition",
    "Resize",
    "Sharpen",
    "TextWatermark",
    "Watermark",
    "digest",
    "dump",
    "load",
    "parse",
]


@dataclass(frozen=True, slots=True)
class Body:
    """A recipe as it is kept: canonical JSON, and the images and fonts it names, by sha256 in hex."""

    json: bytes
    assets: dict[str, bytes]


def parse(text: str, files: Callable[[str], bytes]) -> Recipe:
    """A recipe from TOML. `files` answers the bytes of a watermark or font by the name written in the recipe.

    Raises RecipeInvalid with every mistake, RecipeTooNew for a schema of the future.
    """
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeInvalid((Problem("", f"is not TOML: {error}"),)) from None
    return read(written, files)


def dump(recipe: Recipe) -> Body:
    """A recipe as canonical JSON and the assets that it names."""
    assets: dict[str, bytes] = {}
    plain = {
        "schema": recipe.schema,
        "name": recipe.name,
        "analysis": asdict(recipe.analysis) if recipe.analysis else None,
        "renditions": [
            {name: value for name, value in asdict(each).items() if name != "sizes"} for each in recipe.renditions
        ],
    }
    return Body(canonical(replaced(plain, assets)), assets)


def load(body: bytes, assets: Mapping[str, bytes]) -> Recipe:
    """The recipe that was dumped. Raises RecipeInvalid if it is damaged or an asset is missing, RecipeTooNew."""
    try:
        kept = json.loads(body)
    except ValueError as error:
        raise RecipeInvalid((Problem("", f"is not JSON: {error}"),)) from None
    return read(kept, lambda name: asset(name, assets))


def digest(recipe: Recipe) -> str:
    """32 hex digits: what is asked for, watermark and font bytes included."""
    return sha256(dump(recipe).json)[:32]


def asset(name: str, assets: Mapping[str, bytes]) -> bytes:
    """A kept asset, which is what its name says."""
    content = assets[name]
    if sha256(content) != name:
        raise ValueError("its bytes have changed")
    return content
