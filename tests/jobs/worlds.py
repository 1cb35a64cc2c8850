"""A small world for the use cases: fakes for the ports, and pixels made of text."""

from dataclasses import dataclass, field

from imaging import recipe as recipes
from imaging.errors import Reason, Rejected
from imaging.recipe import Recipe
from imaging.rendered import Original, Rendered, RenderedImage
from jobs import catalog
from jobs.batch import Message, Rules
from jobs.catalog import Catalog
from jobs.events import Asked, message
from jobs.process import Verdict, Work, World, process
from jobs.source import Record, Source
from local.simulator.cloud import a_worker
from tests.fakes import (
    Clock,
    FakeCatalogStore,
    FakeDeadLetters,
    FakeIntake,
    FakeLedger,
    FakeOriginals,
    FakeOutage,
    FakeQueue,
    FakeRenditions,
)

SOURCE = Source("originals", "photo.jpg")
BAD = b"not an image"
RULES = Rules(bucket="originals", prefix="", max_receives=6, side_by_side=4)


def recipe(text: str = "", name: str = "default") -> Recipe:
    """A recipe of two renditions, the second of which `text` may change."""
    return recipes.parse(
        f"""
        name = "{name}"
        [[renditions]]
        name = "large"
        format = "jpeg"
        resize = {{ width = 2048, height = 2048 }}
        [[renditions]]
        name = "small"
        format = "webp"
        resize = {{ width = 256, height = 256 }}
        {text}
        """,
        files=lambda _: b"",
    )


@dataclass
class Pixels:
    """Renders text. Remembers what it was asked to encode; `before` runs first, and may raise."""

    encoded: list[frozenset[str]] = field(default_factory=list)
    before: object = None

    def __call__(self, original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
        if callable(self.before):
            self.before()
        if original == BAD:
            raise Rejected(Reason.NOT_AN_IMAGE, "it begins like no image")
        self.encoded.append(names)
        images = tuple(
            RenderedImage(
                r.name, r.format, 4, 3, b"%s of %s by %s" % (r.name.encode(), original, recipes.digest(recipe).encode())
            )
            for r in recipe.renditions
            if r.name in names
        )
        facts = Original("jpeg", 40, 30, len(original), "ab" * 32, "3OcRJYB4d3h/iIeHeEh3eIhw+j3A")
        return Rendered(images, facts, "libvips", None, {"decode": 1.0})


@dataclass
class SmallWorld:
    """Everything the worker touches, each part within reach of the test."""

    originals: FakeOriginals = field(default_factory=FakeOriginals)
    renditions: FakeRenditions = field(default_factory=FakeRenditions)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    store: FakeCatalogStore = field(default_factory=FakeCatalogStore)
    queue: FakeQueue = field(default_factory=FakeQueue)
    dead_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    pixels: Pixels = field(default_factory=Pixels)
    clock: Clock = field(default_factory=Clock)
    outage: FakeOutage = field(default_factory=FakeOutage)
    intake: FakeIntake = field(default_factory=FakeIntake)
    rules: Rules = RULES

    def __post_init__(self) -> None:
        self.queue.sqs.clock = self.dead_letters.sqs.clock = self.clock
        self.release(recipe())

    def release(self, *book: Recipe) -> Catalog:
        return catalog.release(self.store, book, [("", book[0].name)])

    def worker(self, engine: str = "1-test") -> World:
        """A worker of its own: nothing cached."""
        return a_worker(self, self.pixels, engine, room=1_000_000)

    def process(self, *asked: Asked, last: bool = False, worker: World | None = None) -> Verdict:
        work = Work(asked[0].source, asked, receives=6 if last else 1, last_receive=last)
        return process(work, worker or self.worker(), deadline=self.clock() + 60)

    def record(self, source: Source = SOURCE) -> Record:
        record = self.ledger.read(source)
        assert record is not None
        return record


def message_about(*asked: Asked, id: str = "1", receives: int = 1) -> Message:
    assert len(asked) == 1
    return Message(id, message(asked[0]), receives)
