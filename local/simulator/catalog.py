"""The catalog's items of the table."""

from dataclasses import dataclass, field

from imaging.recipe import Body
from jobs.catalog import Catalog
from jobs.errors import Retryable, Stale


@dataclass
class CatalogStore:
    """Bodies by digest, and the pointer. `history` keeps every catalog there was, by revision; `replaced` is for
    rollbacks."""

    catalog: Catalog = field(default_factory=Catalog)
    bodies: dict[str, Body] = field(default_factory=dict)
    history: dict[int, Catalog] = field(default_factory=dict)
    replaced: dict[int, Catalog] = field(default_factory=dict)
    failing: Retryable | None = None
    reads: int = 0

    def current(self) -> Catalog:
        self.reads += 1
        if self.failing:
            raise self.failing
        return self.catalog

    def replace(self, catalog: Catalog, *, expected: int) -> None:
        if self.failing:
            raise self.failing
        if self.catalog.revision != expected:
            raise Stale(f"the stored catalog is at revision {self.catalog.revision}, not {expected}")
        self.catalog = catalog
        self.history[catalog.revision] = catalog

    def keep(self, catalog: Catalog) -> None:
        if self.failing:
            raise self.failing
        if catalog.revision:
            self.replaced.setdefault(catalog.revision, catalog)

    def kept(self, revision: int) -> Catalog | None:
        if self.failing:
            raise self.failing
        return self.replaced.get(revision)

    def body(self, digest: str) -> Body:
        if self.failing:
            raise self.failing
        if digest not in self.bodies:
            raise Retryable("no-such-recipe", digest)
        return self.bodies[digest]

    def put_body(self, digest: str, body: Body) -> None:
        self.bodies.setdefault(digest, body)
