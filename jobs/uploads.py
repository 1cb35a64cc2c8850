"""An upload announced: which key it gets, and that the ledger knows of it before the first byte has come.

    asked {name, type, size, recipe} ─▶ key of our own choosing ─▶ form, or put ─▶ queued in the ledger

A file's name is anything at all, so no part of it is in the key: it goes along as metadata. Which recipe serves an
upload is decided by its key like any other's: `recipe` chooses among the prefixes that have a route.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from imaging import formats
from imaging.limits import Limits
from jobs.catalog import Catalog
from jobs.errors import JobError
from jobs.ports import CatalogStore, Form, Ledger, Uploads
from jobs.source import Source

FORM_LIVES = 300
"""Seconds that a form is good for: an upload must have begun by then."""

SUFFIXES = {row.content_type: row.suffix for row in formats.FORMATS} | {"image/heif": ".heic"}
"""Content types that may be uploaded. What the bytes are is the worker's to find out."""


class Refused(JobError):
    """The upload cannot be taken; the message says what would do."""


class UnknownType(Refused):
    """Of no type that is read here."""


class TooLarge(Refused):
    """Of more bytes than an original may have."""


class UnknownRecipe(Refused):
    """No route leads to this recipe."""


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to upload. `size` in bytes; `recipe` is one's name, or the prefix of a route."""

    name: str
    type: str
    size: int
    recipe: str | None = None


@dataclass(frozen=True)
class Ticket:
    """A source that is queued, and the form that takes its bytes until `expires`, in epoch seconds."""

    source: Source
    form: Form
    expires: int


@dataclass(frozen=True)
class Desk:
    """What an upload is admitted by: where originals go, and how large one may be."""

    bucket: str
    prefix: str
    uploads: Uploads
    ledger: Ledger
    catalog: CatalogStore
    largest: int = Limits().bytes


def announce(wanted: Wanted, desk: Desk, *, clock: Callable[[], float]) -> Ticket:
    """A form for exactly this file. Raises Refused, Retryable."""
    source, now = _source(wanted, desk, clock), clock()
    form = desk.uploads.form(source, content_type=wanted.type, size=wanted.size, name=wanted.name, seconds=FORM_LIVES)
    desk.ledger.enqueue(source, now=round(now * 1000))
    return Ticket(source, form, int(now) + FORM_LIVES)


def bring(wanted: Wanted, body: bytes, desk: Desk, *, clock: Callable[[], float]) -> Source:
    """The file itself, put at once. Queued first, so that its own event cannot come before. Raises as `announce`."""
    source = _source(wanted, desk, clock)
    desk.ledger.enqueue(source, now=round(clock() * 1000))
    desk.uploads.put(source, body, content_type=wanted.type, name=wanted.name)
    return source


def _source(wanted: Wanted, desk: Desk, clock: Callable[[], float]) -> Source:
    if wanted.type not in SUFFIXES:
        raise UnknownType(f"{wanted.type!r} is not taken: send one of {', '.join(sorted(SUFFIXES))}")
    if wanted.size > desk.largest:
        raise TooLarge(f"{wanted.size:,} bytes are too many: an original may have {desk.largest:,}")
    day = datetime.fromtimestamp(clock(), UTC).strftime("%Y/%m/%d")
    prefix = _prefix(wanted.recipe, desk)
    return Source(desk.bucket, f"{prefix}{day}/{secrets.token_hex(16)}{SUFFIXES[wanted.type]}")


def _prefix(recipe: str | None, desk: Desk) -> str:
    """Where keys begin that this recipe serves. Raises UnknownRecipe."""
    if recipe is None:
        return desk.prefix
    catalog = desk.catalog.current()
    for prefix, name in catalog.routes:
        if recipe in (name, prefix) and (found := _reachable(prefix, desk.prefix, name, catalog)) is not None:
            return found
    names = ", ".join(sorted({name for _, name in catalog.routes}))
    raise UnknownRecipe(f"no route leads to {recipe!r}: there are routes to {names or 'no recipe yet'}")


def _reachable(prefix: str, within: str, name: str, catalog: Catalog) -> str | None:
    """The longer of a route's prefix and the uploads' own, if one continues the other and the route still serves it."""
    shorter, longer = sorted((prefix, within), key=len)
    serves = longer.startswith(shorter) and catalog.digest_for(longer) == catalog.recipes[name]
    return longer if serves else None
