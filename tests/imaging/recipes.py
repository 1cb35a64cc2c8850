"""Recipes for tests, as short as what they are about."""

from pathlib import Path
from typing import Any

from imaging.recipe import Recipe, Rendition, Resize, parse

SHIPPED = Path(__file__).parents[2] / "recipes"


def shipped(name: str) -> Recipe:
    """A recipe of the project."""
    return parse((SHIPPED / f"{name}.toml").read_text(), lambda file: (SHIPPED / file).read_bytes())


def one(format: str = "png", resize: Resize | None = None, **knobs: Any) -> Recipe:
    """A recipe with a single rendition, lossless unless told otherwise."""
    return Recipe("one", (Rendition("only", format, resize=resize, **knobs),))


def several(*renditions: Rendition) -> Recipe:
    """A recipe of these."""
    return Recipe("several", renditions)


def box(width: int | None, height: int | None = None, mode: Any = "limit", gravity: Any = "centre") -> Resize:
    """A box; square if only one edge is given."""
    return Resize(width, width if height is None else height, mode, gravity)
