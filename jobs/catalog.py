"""Which recipe serves which key, at which revision.

    release   bodies by digest ─▶ pointer {revision + 1, routes, recipes}     bodies first: a pointer never dangles
              └─ and the catalog that was current, kept by its revision: a rollback is a release of what it said
    worker    claim ─▶ read the pointer, strongly consistent ─▶ body by digest (cached: a body never changes)

One revision for the whole catalog: a release writes it and then scans the ledger, a worker claims and then
reads it, so one of the two sees the other.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from imaging import recipe as recipes
from imaging.recipe import Body, Recipe
from jobs.errors import CatalogInvalid, Retryable
from jobs.ports import CatalogStore

LARGEST_BODY = 350 * 1024
"""Bytes of one stored body or picture; a DynamoDB item holds at most 400 KB."""


@dataclass(frozen=True)
class Catalog:
    """Recipes and the routes to them. `revision` grows by one with every change and every rollback."""

    revision: int = 0
    routes: tuple[tuple[str, str], ...] = ()
    recipes: Mapping[str, str] = field(default_factory=dict)

    def digest_for(self, key: str) -> str:
        """The digest of the recipe whose prefix matches the key longest. Raises Retryable before the first release."""
        if not self.routes:
            raise Retryable("no-catalog", "no recipes have been released here yet")
        _, name = max((route for route in self.routes if key.startswith(route[0])), key=lambda route: len(route[0]))
        return self.recipes[name]


def release(store: CatalogStore, book: Iterable[Recipe], routes: Iterable[tuple[str, str]]) -> Catalog:
    """Makes this the whole of the catalog, whatever it was before. Raises CatalogInvalid, Stale."""
    by_name = {recipe.name: recipe for recipe in book}
    digests = {name: recipes.digest(recipe) for name, recipe in by_name.items()}
    return replace(store, store.current(), digests, routes, by_name.values())


def replace(
    store: CatalogStore,
    current: Catalog,
    digests: Mapping[str, str],
    routes: Iterable[tuple[str, str]],
    new: Iterable[Recipe] = (),
) -> Catalog:
    """Stores new recipes, keeps the current catalog for a rollback, then moves the pointer; nothing if nothing changed.

    `digests` are of every recipe by its name, `new` those whose bodies may not be stored yet. Raises CatalogInvalid,
    Stale.
    """
    table, bodies = tuple(sorted(routes)), {recipe.name: recipes.dump(recipe) for recipe in new}
    _check(digests, table, bodies)
    if (current.routes, dict(current.recipes)) == (table, dict(digests)):
        return current
    for name, body in bodies.items():
        store.put_body(digests[name], body)
    store.keep(current)
    catalog = Catalog(current.revision + 1, table, dict(digests))
    store.replace(catalog, expected=current.revision)
    return catalog


def _check(names: Iterable[str], routes: tuple[tuple[str, str], ...], bodies: Mapping[str, Body]) -> None:
    known, prefixes = frozenset(names), Counter(prefix for prefix, _ in routes)
    problems = [f"routes: {prefix!r} goes to {name!r}: no such recipe" for prefix, name in routes if name not in known]
    problems += [f"routes: {prefix!r} is there {times} times" for prefix, times in prefixes.items() if times > 1]
    if "" not in prefixes:
        problems.append('routes: nothing for prefix "": a key that matches no other would have no recipe')
    problems += [
        f"recipe {name!r}: a part of it has {len(part):,} bytes; at most {LARGEST_BODY:,} can be stored"
        for name, body in bodies.items()
        for part in (body.json, *body.assets.values())
        if len(part) > LARGEST_BODY
    ]
    if problems:
        raise CatalogInvalid(problems)


class CurrentCatalog:
    """The catalog as a worker sees it: a cached one to claim by, a fresh one to render by."""

    def __init__(self, store: CatalogStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tick = itertools.count()
        self._began = -1
        self._catalog: Catalog | None = None

    def cached(self) -> Catalog:
        """The catalog last read, possibly stale: good enough to claim with, never to render by."""
        return self._catalog or self.fresh()

    def fresh(self) -> Catalog:
        """The catalog by a read that began after this call did; concurrent callers share one."""
        asked = next(self._tick)
        with self._lock:
            if self._catalog is None or self._began <= asked:
                began = next(self._tick)
                self._catalog = self._store.current()  # raises: what was read before stays as old as it was
                self._began = began
            return self._catalog


class RecipeBook:
    """Recipes by digest, kept in memory: a digest never changes its meaning."""

    def __init__(self, store: CatalogStore, size: int = 64) -> None:
        self._read = lru_cache(maxsize=size)(lambda digest: _load(store.body(digest)))

    def recipe(self, digest: str) -> Recipe:
        """Raises imaging.recipe.RecipeTooNew when it was written by newer code than this."""
        return self._read(digest)


def _load(body: Body) -> Recipe:
    return recipes.load(body.json, body.assets)
