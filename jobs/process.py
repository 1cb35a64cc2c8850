"""One source, from what was asked of it to its settled item: the use case that Safelight exists for.

    claim ─▶ read catalog ─▶ fetch ─▶ render ─▶ put ─▶ publish ──────▶ acknowledge
      │                        ├─ 304: unchanged ────────────────────▶ acknowledge
      │                        ├─ 404: deleted ──────────────────────▶ acknowledge
      │                        └─ rejected ─▶ send letter ─▶ told ───▶ acknowledge
      ├─ finished ───────────────────────────────────────────────────▶ acknowledge, without one call to S3
      ├─ rejected, but not told ─▶ send letter ─▶ told ──────────────▶ acknowledge
      ├─ leased ─────────────────────────────────────────────────────▶ hand back until the lease ends
      └─ newer ─▶ refresh the catalog, claim again

Each arrow that writes is one conditional write under the claim's fence. The conditions stand in docs/architecture.md;
the model in tests/protocol/ explores them all.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from imaging import formats
from imaging.errors import Reason, Rejected
from imaging.limits import Limits
from imaging.recipe import Recipe, RecipeTooNew
from imaging.rendered import Rendered, RenderedImage
from jobs import analysis, events, keys, metering
from jobs.admission import Admission
from jobs.breaker import Breaker
from jobs.catalog import Catalog, CurrentCatalog, RecipeBook
from jobs.errors import LostFence, OutOfTime, Retryable
from jobs.events import Asked
from jobs.ports import (
    Absent,
    Analyst,
    Archived,
    Claimed,
    Content,
    DeadLetters,
    Finished,
    Leased,
    Ledger,
    Newer,
    NotModified,
    Originals,
    Queue,
    Renditions,
    Untold,
)
from jobs.source import Made, Mark, Published, Record, Source, Stored

log = logging.getLogger(__name__)

Render = Callable[[bytes, Recipe, frozenset[str]], Rendered]
"""(original, recipe, names to encode) -> renditions. Raises imaging.errors.Rejected."""

KILLS_WORKER_AT = 3
"""A claim that was taken this often without ever settling: the image ends its worker."""

LEASE_MARGIN = 30.0
"""Seconds a lease outlives its worker's deadline, so that a slow last write still finds its own lease."""

FIRST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 900.0
"""Seconds. Full jitter over an exponential: waits of many messages spread out instead of meeting again."""

CLAIM_ROUNDS = 4
"""How often a claim is tried again under a refreshed catalog before it is handed back."""


@dataclass(frozen=True)
class World:
    """Everything a worker touches, and the code that makes pixels."""

    originals: Originals
    renditions: Renditions
    ledger: Ledger
    queue: Queue
    dead_letters: DeadLetters
    catalog: CurrentCatalog
    recipes: RecipeBook
    render: Render
    engine: str
    breaker: Breaker
    room: Admission
    analyst: Analyst | None = None
    """None where Rekognition may not be asked."""
    max_bytes: int = Limits().bytes
    clock: Callable[[], float] = time.time
    together: Callable[[Callable[[RenderedImage], Stored], Iterable[RenderedImage]], Iterable[Stored]] = map
    """How the puts of one source are made: one after the other, unless it is a pool's map."""
    metered: Callable[[str, Published], None] = lambda *_: None
    """Told of each publication, with the name of its recipe."""
    about: Callable[[Source, Sequence[str]], AbstractContextManager[object]] = lambda *_: nullcontext()
    """Entered around the work on a source, with its message ids, so that every line of the log names both."""


@dataclass(frozen=True)
class Work:
    """Everything one batch asks of one source. One claim answers all of it, or none."""

    source: Source
    asked: tuple[Asked, ...]
    receives: int = 1
    last_receive: bool = False
    share: float = 1.0
    """Its part of the batch, for the meter."""

    @property
    def etag(self) -> str | None:
        """The one etag that answers every question, or None when they differ. ANY is answered by all."""
        named = {asked.etag for asked in self.asked} - {events.ANY}
        return None if len(named) > 1 else next(iter(named), events.ANY)

    @property
    def revision(self) -> int:
        return max(asked.revision for asked in self.asked)


@dataclass(frozen=True)
class Acknowledge:
    """Answered by what the ledger now says. `outcome` is for the log and the metrics; `tried`: S3 was asked."""

    outcome: str
    rendered: Rendered | None = None
    tried: bool = True


@dataclass(frozen=True)
class Retry:
    """Not answered: the message comes back after `seconds`. `untried`: the source was not worked on."""

    seconds: float
    reason: str
    untried: bool = False


Verdict = Acknowledge | Retry


def process(work: Work, world: World, *, deadline: float) -> Verdict:
    """Makes the world agree with the current object and the current catalog. `deadline` in epoch seconds."""
    if not world.breaker.admits():
        return Retry(back_off(work.receives), "breaker-open", untried=True)
    try:
        verdict = _process(work, world, deadline)
    except Exception as error:  # a fault of our own code where nothing is claimed: the neighbours are not made to pay
        log.exception("unexpected")
        return Retry(back_off(work.receives), f"unexpected-{type(error).__name__}")
    if isinstance(verdict, Acknowledge) and verdict.tried:
        world.breaker.succeeded()
    return verdict


def _process(work: Work, world: World, deadline: float) -> Verdict:
    try:
        claim = _claim(work, world, until=deadline + LEASE_MARGIN)
    except Retryable as error:
        world.breaker.failed(work.source, error.reason)
        return Retry(back_off(work.receives), error.reason, untried=True)
    match claim:
        case Claimed(record):
            return _claimed(work, record, world)
        case Finished(record):
            return Acknowledge(f"already-{record.state}", tried=False)
        case Untold(record):
            return _send_letter(work, record, record.reason, record.detail, world, tried=False)
        case Leased(until):
            return Retry(max(0.0, until / 1000 - world.clock()) + random.uniform(1, 5), "leased", untried=True)  # noqa: S311
        case Newer():
            return Retry(back_off(work.receives), "catalog-behind", untried=True)


def back_off(receives: int) -> float:
    """Seconds until the next try: full jitter under a doubling ceiling."""
    return random.uniform(1, min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** min(receives, 10)))  # noqa: S311


def _claim(work: Work, world: World, *, until: float) -> Claimed | Finished | Untold | Leased | Newer:
    catalog = world.catalog.cached()
    for _ in range(CLAIM_ROUNDS):
        if catalog.revision < work.revision:
            catalog = world.catalog.fresh()
        if catalog.revision < work.revision:
            return Newer(work.revision)
        claim = world.ledger.claim(
            work.source,
            etag=work.etag,
            digest=catalog.digest_for(work.source.key),
            revision=catalog.revision,
            now=_now(world),
            until=round(until * 1000),
        )
        if not isinstance(claim, Newer):
            return claim
        catalog = world.catalog.fresh()
    return claim


def _claimed(work: Work, record: Record, world: World) -> Verdict:
    try:
        return _settle(work, record, world)
    except LostFence as error:
        return Retry(back_off(0), error.reason, untried=True)
    except RecipeTooNew:
        return _release(work, record, world, "recipe-too-new", untried=True)
    except OutOfTime as error:
        _release(work, record, world, error.reason, untried=True)
        return Retry(back_off(0), error.reason, untried=True)  # soon: nothing is wrong but this invocation's time
    except Retryable as error:
        log.warning("retryable: %s", error)
        world.breaker.failed(work.source, error.reason)
        blameless = work.last_receive and world.breaker.blames_world()
        return _release(work, record, world, error.reason, untried=blameless)
    except Exception as error:  # a fault of our own code: this image waits for a fix, its neighbours do not
        log.exception("unexpected")
        return _release(work, record, world, f"unexpected-{type(error).__name__}", untried=False)


def _settle(work: Work, record: Record, world: World) -> Verdict:
    catalog = world.catalog.fresh()  # after the claim: see jobs/catalog.py
    digest = catalog.digest_for(work.source.key)
    recipe = world.recipes.recipe(digest)
    published = record.published
    current = published if published and published.digest == digest else None
    match world.originals.fetch(work.source, unless=current.etag if current else None):
        case NotModified():
            world.ledger.unchanged(record, revision=catalog.revision, now=_now(world))
            return Acknowledge("unchanged")
        case Absent():
            world.ledger.deleted(record, revision=catalog.revision, now=_now(world))
            return Acknowledge("deleted")
        case Archived():
            fault = Rejected(Reason.ARCHIVED, "restore the object, or copy it to another storage class")
            return _reject(work, record, Mark("", digest), fault, catalog, world)
        case content:
            try:
                return _render(work, record, content, digest, recipe, catalog, world)
            finally:
                content.close()


def _render(
    work: Work, record: Record, content: Content, digest: str, recipe: Recipe, catalog: Catalog, world: World
) -> Verdict:
    mark = Mark(content.etag, digest)
    if record.rejected == mark:
        return _reject_known(work, record, catalog, world)
    try:
        if record.attempts >= KILLS_WORKER_AT and not world.breaker.blames_world():
            raise Rejected(Reason.KILLS_WORKER, f"{record.attempts - 1} claims in a row never settled")
        if content.size > world.max_bytes:
            raise Rejected(Reason.TOO_MANY_BYTES, f"{content.size:,} bytes, at most {world.max_bytes:,}")
        kept = _kept(record.published, content.etag, recipe)
        seen = analysis.known(record.published, content.etag, recipe)
        unseen = recipe.analysis is not None and seen is None
        if unseen and recipe.shown:
            kept.pop(recipe.shown.name, None)  # it is made again, to be looked at
        names = frozenset(rendition.name for rendition in recipe.renditions) - kept.keys()
        with world.room.of(content.size):
            rendered = world.render(content.read(), recipe, names)
    except Rejected as fault:
        return _reject(work, record, mark, fault, catalog, world)
    made = _put(work.source, content, digest, recipe, rendered, world)
    seen, answers = analysis.look(recipe, rendered.images, world.analyst) if unseen else (seen, 0)
    published = Published(
        etag=content.etag,
        version=content.version,
        digest=digest,
        engine=world.engine,
        revision=catalog.revision,
        at=_now(world),
        renditions=tuple(made.get(r.name) or kept[r.name] for r in recipe.renditions),
        made=_made(rendered),
        used=metering.used(
            puts=len(made), claims=record.attempts, receives=work.receives, share=work.share, analyses=answers
        ),
        seen=seen,
    )
    world.ledger.publish(record, published, now=_now(world))
    world.metered(recipe.name, published)
    return Acknowledge("published", rendered)


def _kept(published: Published | None, etag: str, recipe: Recipe) -> dict[str, Stored]:
    """Renditions of the same bytes whose definition did not change: encoding and putting them is saved."""
    if published is None or published.etag != etag:
        return {}
    stored = {(rendition.name, rendition.definition): rendition for rendition in published.renditions}
    wanted = [(rendition.name, rendition.definition) for rendition in recipe.renditions]
    return {name: stored[name, definition] for name, definition in wanted if (name, definition) in stored}


def _put(
    source: Source, content: Content, digest: str, recipe: Recipe, rendered: Rendered, world: World
) -> dict[str, Stored]:
    definitions = {rendition.name: rendition.definition for rendition in recipe.renditions}

    def put(image: RenderedImage) -> Stored:
        key = keys.key_for(source, content.etag, digest, world.engine, image.name, image.format)
        world.renditions.put(key, image.body, formats.BY_NAME[image.format].content_type)
        return Stored(
            name=image.name,
            format=image.format,
            width=image.width,
            height=image.height,
            bytes=len(image.body),
            definition=definitions[image.name],
            digest=digest,
            engine=world.engine,
        )

    return {stored.name: stored for stored in world.together(put, rendered.images)}


def _made(rendered: Rendered) -> Made:
    original = rendered.original
    return Made(
        format=original.format,
        width=original.width,
        height=original.height,
        bytes=original.bytes,
        blake3=original.blake3,
        thumbhash=original.thumbhash,
        milliseconds=round(sum(rendered.milliseconds.values())),
        path=rendered.path,
        why=rendered.why or "",
    )


def _reject(work: Work, record: Record, mark: Mark, fault: Rejected, catalog: Catalog, world: World) -> Verdict:
    log.warning("rejected: %s: %s", fault.reason, fault.detail)
    world.ledger.reject(record, mark, fault.reason, fault.detail, revision=catalog.revision, now=_now(world))
    return _send_letter(work, record, fault.reason, fault.detail, world)


def _reject_known(work: Work, record: Record, catalog: Catalog, world: World) -> Verdict:
    world.ledger.reject_again(record, revision=catalog.revision, now=_now(world))
    if record.told or record.rejected is None:
        return Acknowledge("already-rejected")
    return _send_letter(work, record, record.rejected.reason, record.rejected.detail, world)


def _send_letter(work: Work, record: Record, reason: str, detail: str, world: World, *, tried: bool = True) -> Verdict:
    """Two letters do no harm, none would: the message is acknowledged only after the letter is there."""
    try:
        world.dead_letters.send(events.message(work.asked[-1]), reason=reason, detail=detail)
        world.ledger.told(record)
    except Retryable as error:
        return Retry(back_off(work.receives), error.reason)
    return Acknowledge("rejected", tried=tried)


def _release(work: Work, record: Record, world: World, reason: str, *, untried: bool) -> Verdict:
    """Gives the claim up. Dead only when this was the last receive and nobody will copy the message."""
    dead = work.last_receive and not untried
    try:
        world.ledger.release(record, reason, dead=dead, now=_now(world))
    except LostFence:
        untried = True
    except Retryable as error:
        log.warning("not released, its lease will run out: %s", error)
    return Retry(back_off(work.receives), reason, untried=untried)


def _now(world: World) -> int:
    return round(world.clock() * 1000)
