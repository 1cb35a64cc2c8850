"""S3: a bucket of originals that says what happens in it, and a versioned bucket of renditions."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.errors import Retryable
from jobs.events import ABSENT
from jobs.ports import Absent, Archived, NotModified
from jobs.source import Source


@dataclass
class Content:
    """An open answer of GetObject."""

    body: bytes
    etag: str
    version: str = ""

    @property
    def size(self) -> int:
        return len(self.body)

    def read(self) -> bytes:
        return self.body

    def close(self) -> None:
        pass


@dataclass
class Originals:
    """The uploads. `failing`, while set, is raised by every call; `told` hears of each change, as S3's events do."""

    objects: dict[Source, bytes] = field(default_factory=dict)
    history: dict[Source, list[str]] = field(default_factory=lambda: defaultdict(list))
    archived: set[Source] = field(default_factory=set)
    failing: Retryable | None = None
    fetches: int = 0
    told: Callable[[Source, str], None] = lambda *_: None

    def put(self, source: Source, body: bytes) -> str:
        """Uploads, and says the etag."""
        etag = etag_of(body)
        self.objects[source] = body
        self.history[source].append(etag)
        self.told(source, etag)
        return etag

    def delete(self, source: Source) -> None:
        del self.objects[source]
        self.history[source].append(ABSENT)
        self.told(source, ABSENT)

    def fetch(self, source: Source, unless: str | None = None) -> Content | NotModified | Absent | Archived:
        self.fetches += 1
        if self.failing:
            raise self.failing
        if source in self.archived:
            return Archived()
        if source not in self.objects:
            return Absent()
        content = Content(self.objects[source], etag_of(self.objects[source]), str(len(self.history[source])))
        return NotModified() if content.etag == unless else content


def etag_of(body: bytes) -> str:
    """S3's etag of what was put in one part."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass
class Renditions:
    """What the worker wrote. `versions` keeps every put, as a versioned bucket does."""

    objects: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    types: dict[str, str] = field(default_factory=dict)
    failing: Retryable | None = None
    puts: int = 0

    def put(self, key: str, body: bytes, content_type: str) -> None:
        if self.failing:
            raise self.failing
        self.puts += 1
        self.objects[key], self.types[key] = body, content_type
        self.versions[key].append(body)

    def get(self, key: str) -> bytes:
        if self.failing:
            raise self.failing
        return self.objects[key]

    def url(self, key: str) -> str:
        return f"https://renditions.example/{key}"

    def erase(self, source: Source) -> None:
        if self.failing:
            raise self.failing
        for key in [key for key in self.objects if key.startswith(f"{source.id}/")]:
            del self.objects[key], self.versions[key]
