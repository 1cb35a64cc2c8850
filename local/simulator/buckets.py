"""S3: a bucket of originals that says what happens in it, and a versioned bucket of renditions."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jobs.backfill import Found, Listed
from jobs.errors import Retryable
from jobs.events import ABSENT
from jobs.ports import Absent, Archived, NotModified, Version, Versions
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


@dataclass
class Listing:
    """What there is in these originals, by key."""

    originals: Originals
    size: int = 7

    def page(self, after: str) -> Listed:
        if self.originals.failing:
            raise self.originals.failing
        there = sorted((source.key, source) for source in self.originals.objects if source.key > after)
        page = there[: self.size]
        found = tuple(Found(source, etag_of(self.originals.objects[source])) for _, source in page)
        return Listed(found, page[-1][0] if len(there) > len(page) else None)


def etag_of(body: bytes) -> str:
    """S3's etag of what was put in one part."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@dataclass
class Renditions:
    """What the worker wrote. `versions` keeps every put, as a versioned bucket does."""

    objects: dict[str, bytes] = field(default_factory=dict)
    versions: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    types: dict[str, str] = field(default_factory=dict)
    kept: list[Version] = field(default_factory=list)
    """Every version that was not removed, oldest first."""
    clock: Callable[[], float] = lambda: 0.0
    failing: Retryable | None = None
    puts: int = 0

    def put(self, key: str, body: bytes, content_type: str) -> None:
        if self.failing:
            raise self.failing
        self.puts += 1
        self.objects[key], self.types[key] = body, content_type
        self.versions[key].append(body)
        self.kept.append(Version(key, f"version-{self.puts}", round(self.clock() * 1000), len(body)))

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

    def has(self, key: str) -> bool:
        if self.failing:
            raise self.failing
        return key in self.objects


@dataclass
class Attic:
    """The versions of these renditions."""

    renditions: Renditions
    page: int = 5

    def versions(self, after: str) -> Versions:
        self._reachable()
        there = sorted(self.renditions.kept, key=_place)
        rest = [version for version in there if _place(version) > after]
        page = tuple(rest[: self.page])
        return Versions(page, _place(page[-1]) if len(rest) > len(page) else None)

    def remove(self, versions: Sequence[Version]) -> None:
        """A key without any version is gone; all versions of a key have the same bytes."""
        self._reachable()
        self.renditions.kept = [version for version in self.renditions.kept if version not in versions]
        left = {version.key for version in self.renditions.kept}
        for key in {version.key for version in versions} - left:
            self.renditions.objects.pop(key, None)

    def restore(self, key: str) -> bool:
        self._reachable()
        if all(version.key != key for version in self.renditions.kept):
            return False
        self.renditions.objects[key] = self.renditions.versions[key][-1]
        return True

    def _reachable(self) -> None:
        if self.renditions.failing:
            raise self.renditions.failing


def _place(version: Version) -> str:
    return f"{version.key}\0{version.id}"
