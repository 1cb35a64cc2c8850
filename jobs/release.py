"""The current catalog moved on by one optimistic write: an edit, a whole folder of recipes, or what was there before.

    read the catalog ─▶ still at `expected`? ─▶ bodies and pictures ─▶ keep what is replaced ─▶ pointer, if still there
                              └─ no: Stale                                                          └─ no: Stale

After a release comes a reprocess (jobs/reprocess.py): only what the change touches is rendered again.
"""

from dataclasses import dataclass

from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs.book import Book
from jobs.catalog import Catalog, replace
from jobs.errors import CatalogInvalid, Stale
from jobs.ports import CatalogStore


@dataclass(frozen=True)
class Edit:
    """These recipes are new, or take the place of those of the same name; the others and all routes stay."""

    recipes: tuple[Recipe, ...]


@dataclass(frozen=True)
class Rollback:
    """Recipes and routes as they were at an earlier revision."""

    revision: int


Change = Edit | Book | Rollback
"""What a release does to a catalog; a Book becomes the whole of it."""


def release(store: CatalogStore, change: Change, *, expected: int) -> Catalog:
    """Releases the change that was made to the catalog of revision `expected`; the catalog as it is now.

    A change that is there already writes nothing, so a release whose reply was lost may be made again. Raises Stale
    when someone else released meanwhile, CatalogInvalid with every mistake, Retryable.
    """
    current = store.current()
    wanted = after(store, current, change)
    if same(current, wanted):
        return current
    if current.revision != expected:
        raise Stale(f"the catalog is at revision {current.revision}, the change was made to revision {expected}")
    return replace(store, current, wanted.recipes, wanted.routes, _new(change))


def after(store: CatalogStore, current: Catalog, change: Change) -> Catalog:
    """What the catalog would say, under the next revision; nothing is written. Raises CatalogInvalid, Retryable."""
    match change:
        case Rollback(revision):
            earlier = current if revision == current.revision else store.kept(revision)
            if earlier is None:
                raise CatalogInvalid([f"no catalog of revision {revision} is kept; now it is {current.revision}"])
            return Catalog(current.revision + 1, earlier.routes, earlier.recipes)
        case Edit():
            return Catalog(current.revision + 1, current.routes, {**current.recipes, **_digests(change.recipes)})
        case Book():
            return Catalog(current.revision + 1, tuple(sorted(change.routes)), _digests(change.recipes))


def same(one: Catalog, other: Catalog) -> bool:
    """Whether two catalogs say the same, whatever their revisions."""
    return (one.routes, dict(one.recipes)) == (other.routes, dict(other.recipes))


def _new(change: Change) -> tuple[Recipe, ...]:
    return () if isinstance(change, Rollback) else change.recipes


def _digests(book: tuple[Recipe, ...]) -> dict[str, str]:
    return {recipe.name: recipes.digest(recipe) for recipe in book}
