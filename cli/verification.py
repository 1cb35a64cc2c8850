"""Published renditions, fetched and decoded again: only what opens, whole and as the ledger says, is counted."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pyvips

from cli.deployment import Deployment
from cli.shown import Photo, Picture
from jobs.errors import Retryable
from jobs.keys import rendition_key
from jobs.source import Record, Source, State, Stored

FOLDER = "renditions"
"""Beside the page; below it a folder for each source, named by its hash: keys never become file names."""

LARGEST_INSIDE = 48_000
"""Bytes of a rendition that still goes into the page itself."""

LOADERS = {"jpegload": "jpeg", "webpload": "webp", "pngload": "png", "heifload": "avif"}
"""libvips' decoders for the formats that recipes write."""

POSITION = "exif-ifd3-"
"""How libvips names the fields of EXIF's GPS directory."""


@dataclass(frozen=True)
class Decoded:
    """What a file turned out to be, once every pixel of it was decoded."""

    format: str
    width: int
    height: int
    tells: tuple[str, ...] = field(default=())
    """Metadata that must not be in a rendition."""


class Undecodable(Exception):
    """The file does not open, or not to its end."""


@dataclass(frozen=True)
class Verified:
    """A published source as it can be shown, and what is wrong with it."""

    source: Source
    photo: Photo | None
    problems: tuple[str, ...]


def decode(body: bytes) -> Decoded:
    """Decodes to the last pixel. Raises Undecodable."""
    try:
        image: Any = pyvips.Image.new_from_buffer(body, "", access="sequential", fail_on="warning")
        image.avg()
    except pyvips.Error as error:
        raise Undecodable(" ".join(str(error).split())) from error
    fields = image.get_fields()
    tells = sorted(name for name in fields if name.startswith((POSITION, "xmp-data", "iptc-data")))
    loader = str(image.get("vips-loader")).removesuffix("_buffer")
    return Decoded(LOADERS.get(loader, loader), image.width, image.height, tuple(tells))


def verify(
    deployment: Deployment,
    records: Mapping[Source, Record],
    folder: Path,
    checked: Callable[[int, int], None],
) -> Mapping[Source, Verified]:
    """Every published source; its renditions are saved below `folder`. Calls `checked(number, of)` along the way."""
    published = [record for record in records.values() if record.state is State.DONE and record.published]
    verified = {}
    pool = ThreadPoolExecutor(os.cpu_count(), "verify")
    try:
        running = [pool.submit(verify_one, deployment.rendition, record, folder) for record in published]
        for number, one in enumerate(as_completed(running), start=1):
            result = one.result()
            verified[result.source] = result
            checked(number, len(running))
    finally:
        pool.shutdown(cancel_futures=True)
    return verified


def verify_one(fetch: Callable[[str], bytes], record: Record, folder: Path) -> Verified:
    """One published source."""
    pictures: list[Picture] = []
    problems: list[str] = []
    for stored, key, body in _fetched(fetch, record, problems):
        path = Path(FOLDER, record.source.id[:16], PurePosixPath(key).name)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
        wrong = list(differences(stored, body))
        problems += [f"{record.source.key}: rendition {stored.name} {words}" for words in wrong]
        if not wrong:
            pictures.append(
                Picture(stored.name, stored.format, stored.width, stored.height, stored.bytes, path.as_posix())
            )
    return Verified(record.source, _photo(record, pictures, folder) if pictures else None, tuple(problems))


def differences(stored: Stored, body: bytes) -> Iterator[str]:
    """How the file differs from what the ledger says of it."""
    if len(body) != stored.bytes:
        yield f"has {len(body):,} bytes; the ledger says {stored.bytes:,}"
    try:
        decoded = decode(body)
    except Undecodable as error:
        yield f"does not decode: {error}"
        return
    if decoded.format != stored.format:
        yield f"is {decoded.format}; the ledger says {stored.format}"
    if (decoded.width, decoded.height) != (stored.width, stored.height):
        yield f"is {decoded.width} x {decoded.height}; the ledger says {stored.width} x {stored.height}"
    if decoded.tells:
        yield f"still carries {', '.join(decoded.tells)}"


def _fetched(fetch: Callable[[str], bytes], record: Record, problems: list[str]) -> Iterator[tuple[Stored, str, bytes]]:
    assert record.published is not None  # only published records are verified
    for stored in record.published.renditions:
        key = rendition_key(record.source, record.published, stored)
        try:
            yield stored, key, fetch(key)
        except Retryable as error:
            problems.append(f"{record.source.key}: rendition {stored.name} cannot be fetched: {error}")


def _photo(record: Record, pictures: list[Picture], folder: Path) -> Photo:
    assert record.published is not None
    made = record.published.made
    ordered = sorted(pictures, key=lambda picture: -picture.width * picture.height)
    if ordered[-1].bytes <= LARGEST_INSIDE:
        ordered[-1] = _inside(ordered[-1], folder)
    return Photo(
        key=record.source.key,
        format=made.format,
        width=made.width,
        height=made.height,
        bytes=made.bytes,
        thumbhash=made.thumbhash,
        milliseconds=made.milliseconds,
        made_by=made.path,
        why=made.why,
        pictures=tuple(ordered),
    )


def _inside(picture: Picture, folder: Path) -> Picture:
    body = (folder / picture.path).read_bytes()
    return Picture(picture.name, picture.format, picture.width, picture.height, picture.bytes, picture.path, body)
