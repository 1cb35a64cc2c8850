"""A running Safelight as the demo sees it: where originals go in, and where to read what became of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from imaging.recipe import Recipe
from jobs.catalog import Catalog
from jobs.source import Record, Source


@dataclass(frozen=True)
class Letter:
    """One dead letter: what it asks about, and the reason it carries; none if SQS itself moved it there."""

    sources: tuple[Source, ...]
    reason: str = ""


class Deployment(Protocol):
    """What the demo needs of a deployment. Calls may come from several threads at once."""

    @property
    def bucket(self) -> str:
        """Of the originals."""

    @property
    def variables(self) -> Mapping[str, str]:
        """The environment by which any AWS tool finds this deployment."""

    @property
    def log(self) -> Path | None:
        """What the workers print; None where they print elsewhere."""

    def release(self, recipes: Iterable[Recipe], routes: Iterable[tuple[str, str]]) -> Catalog:
        """Makes these the current recipes."""

    def upload(self, source: Source, path: Path) -> None:
        """Raises Retryable."""

    def records(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        """What the ledger says; sources it never saw are left out."""

    def rendition(self, key: str) -> bytes:
        """Raises Retryable."""

    def letters(self) -> tuple[Letter, ...]:
        """Every dead letter, left where it is."""

    def handed_back(self) -> int:
        """How many messages the workers gave back so far, to be tried again; 0 where nobody here counts them."""
