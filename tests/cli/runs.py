"""Small runs of the demo: a deployment in memory, and what its ledger says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyvips

from cli.deployment import Letter
from cli.originals import Original
from imaging import recipe as recipes
from imaging.recipe import Recipe, digest
from jobs import catalog
from jobs.book import Book
from jobs.catalog import Catalog
from jobs.errors import Retryable
from jobs.keys import rendition_key
from jobs.source import Made, Published, Record, Source, State, Stored
from tests.fakes import FakeCatalogStore

BUCKET = "originals"
RECIPE = recipes.parse(
    """
    name = "pair"
    [[renditions]]
    name = "large"
    format = "jpeg"
    resize = { width = 64, height = 48 }
    [[renditions]]
    name = "small"
    format = "webp"
    resize = { width = 16, height = 12 }
    """,
    files=lambda _: b"",
)
BOOK = Book((RECIPE,), (("", RECIPE.name),))
CATALOG = Catalog(1, BOOK.routes, {RECIPE.name: digest(RECIPE)})
HASH = "3PcNNYSFeXh/d3eld0iHZoZgVwh2"


def source(key: str) -> Source:
    return Source(BUCKET, key)


def original(key: str, expected: frozenset[str] | None = None, size: int = 1000) -> Original:
    return Original(Path(key), key, size, expected)


def encoded(width: int, height: int, suffix: str) -> bytes:
    """A grey picture as a file."""
    body: bytes = pyvips.Image.black(width, height, bands=3).cast("uchar").write_to_buffer(suffix)
    return body


BODIES = {"large": encoded(64, 48, ".jpg"), "small": encoded(16, 12, ".webp")}


def done(key: str, *, milliseconds: int = 100, size: int = 1000) -> Record:
    """A source that was published with both its renditions."""
    renditions = (
        Stored("large", "jpeg", 64, 48, len(BODIES["large"]), "00000000", digest(RECIPE), "engine"),
        Stored("small", "webp", 16, 12, len(BODIES["small"]), "00000001", digest(RECIPE), "engine"),
    )
    made = Made("jpeg", 64, 48, size, "b" * 64, HASH, milliseconds, "libvips", "progressive")
    published = Published("e" * 32, digest(RECIPE), "engine", 1, 5000, renditions, made)
    return Record(source(key), State.DONE, published=published, updated=5000)


def rejected(key: str, reason: str = "corrupt", *, told: bool = True) -> Record:
    return Record(source(key), State.REJECTED, reason=reason, detail="it broke", told=told, updated=5000)


def letter(key: str, reason: str = "corrupt") -> Letter:
    return Letter((source(key),), reason)


@dataclass
class FakeDeployment:
    """Answers each upload, after `delay` looks at the ledger, with the record that `answers` holds for its key."""

    answers: Mapping[str, Record]
    dead: tuple[Letter, ...] = ()
    delay: int = 1
    bucket: str = BUCKET
    variables: Mapping[str, str] = field(default_factory=dict)
    log: Path = Path("no-such.log")
    unreachable: frozenset[str] = frozenset()
    objects: dict[str, bytes] = field(default_factory=dict)
    looks: dict[Source, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    catalog: FakeCatalogStore = field(default_factory=FakeCatalogStore)

    def __post_init__(self) -> None:
        for record in self.answers.values():
            if record.published:
                for stored in record.published.renditions:
                    key = rendition_key(record.source, record.published, stored)
                    self.objects[key] = BODIES[stored.name]

    def release(self, book: Iterable[Recipe], routes: Iterable[tuple[str, str]]) -> Catalog:
        self.calls.append("release")
        return catalog.release(self.catalog, book, routes)

    def upload(self, source: Source, path: Path) -> None:
        if source.key in self.unreachable:
            raise Retryable("unreachable", "no route")
        self.calls.append("upload")
        self.looks[source] = 0

    def records(self, sources: Iterable[Source]) -> Mapping[Source, Record]:
        answer = {}
        for source in sources:
            if source in self.looks and source.key in self.answers:
                self.looks[source] += 1
                record = self.answers[source.key]
                busy = self.looks[source] <= self.delay
                answer[source] = replace(record, state=State.PROCESSING) if busy else record
        return answer

    def rendition(self, key: str) -> bytes:
        if key not in self.objects:
            raise Retryable("aws-error", "NoSuchKey")
        return self.objects[key]

    def letters(self) -> tuple[Letter, ...]:
        return self.dead

    def handed_back(self) -> int:
        return 0
