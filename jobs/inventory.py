"""Lists of objects as files: an S3 Inventory (manifest.json and its CSV parts), or a CSV of one's own.

    manifest.json   {"sourceBucket", "fileFormat": "CSV", "fileSchema": "Bucket, Key, Size, ETag", "files": [{"key"}]}
    a CSV           bucket,key[,...]   as S3 Batch Operations takes it: no heading

In both, keys are written as in a URL.
"""

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from jobs.backfill import PAGE, Found, Listed
from jobs.errors import JobError
from jobs.events import ANY
from jobs.source import Source

OWN_SCHEMA = ("Bucket", "Key")


class InventoryInvalid(JobError):
    """The file is no inventory that is known here; the message says what was found."""


@dataclass(frozen=True)
class Manifest:
    """What an inventory's manifest says: the columns of its parts, and the parts' keys beside it."""

    schema: tuple[str, ...]
    parts: tuple[str, ...]


def manifest(text: str) -> Manifest:
    """Raises InventoryInvalid."""
    try:
        said = json.loads(text)
        schema = tuple(name.strip() for name in said["fileSchema"].split(","))
        kind, parts = said["fileFormat"], tuple(part["key"] for part in said["files"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InventoryInvalid(f"no manifest of an S3 Inventory: {type(error).__name__}: {error}") from None
    if kind != "CSV":
        raise InventoryInvalid(f"an inventory in {kind}: only CSV can be read here")
    if not {"Bucket", "Key"} <= set(schema):
        raise InventoryInvalid(f"an inventory without buckets and keys: {', '.join(schema)}")
    return Manifest(schema, parts)


def rows(lines: Iterable[str], schema: Sequence[str] = OWN_SCHEMA) -> Iterator[Found]:
    """The objects of one CSV part; versions that are not the latest and delete markers are left out.

    Raises InventoryInvalid, with the number of the line where it is one that is wrong.
    """
    try:
        yield from _rows(lines, schema)
    except (csv.Error, ValueError) as error:
        raise InventoryInvalid(f"no CSV of buckets and keys in UTF-8: {error}") from None


def _rows(lines: Iterable[str], schema: Sequence[str]) -> Iterator[Found]:
    for number, row in enumerate(csv.reader(lines), 1):
        if not row:
            continue
        if len(row) < 2 or not row[0] or not row[1]:
            raise InventoryInvalid(f"line {number} names no bucket and key: {','.join(row)[:80]!r}")
        said = dict(zip(schema, row, strict=False))
        if said.get("IsLatest", "true") == "true" and said.get("IsDeleteMarker", "false") == "false":
            yield Found(
                Source(said["Bucket"], unquote_plus(said["Key"])),
                said.get("ETag") or ANY,
                int(said.get("Size") or 0),
            )


class Rows:
    """A Listing of parts, each of which can be opened at its beginning. A place is a part's number and a row in it."""

    def __init__(self, parts: Sequence[Callable[[], Iterator[Found]]], page: int = PAGE) -> None:
        self._parts, self._page = parts, page
        self._at = ""
        self._open: Iterator[Found] = iter(())

    def page(self, after: str) -> Listed:
        part, row = map(int, after.split(":")) if after else (0, 0)
        if part >= len(self._parts):
            return Listed((), None)
        if not after or after != self._at:
            self._open = itertools.islice(self._parts[part](), row, None)
        some = tuple(itertools.islice(self._open, self._page))
        if len(some) == self._page:
            self._at = f"{part}:{row + self._page}"
            return Listed(some, self._at)
        self._at = ""
        return Listed(some, f"{part + 1}:0" if part + 1 < len(self._parts) else None)
