"""Records of the ledger as the API shows them."""

from collections.abc import Callable
from datetime import UTC, datetime

from handlers import shapes
from jobs import keys, markup
from jobs.metering import metered, rendering
from jobs.ports import Renditions
from jobs.prices import PRICES
from jobs.source import Made, Published, Record, Seen, Source, State


def image(record: Record, renditions: Renditions, lasting: Callable[[Source, str], str]) -> shapes.Image:
    """`lasting`: the address of a rendition, by its name, for as long as the image is there."""
    published = record.published
    return shapes.Image(
        id=record.source.id,
        key=record.source.key,
        state=str(record.state),
        attempts=record.attempts,
        reason=record.reason,
        detail=record.detail,
        updated=iso(record.updated) if record.updated else None,
        original=_original(published.made) if published else None,
        thumbhash=published.made.thumbhash if published else None,
        cost=_cost(published) if published else None,
        renditions=_renditions(record.source, published, renditions) if published else [],
        html=_html(record.source, published, lasting) if published else None,
        analysis=_analysis(published.seen) if published and published.seen else None,
    )


def unseen(source: Source) -> Record:
    """An object that no event has come for yet."""
    return Record(source, State.QUEUED)


def iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def url(source: Source, published: Published, name: str, renditions: Renditions) -> str | None:
    """Where the published rendition of this name is."""
    found = [stored for stored in published.renditions if stored.name == name]
    return renditions.url(keys.rendition_key(source, published, found[0])) if found else None


def _original(made: Made) -> shapes.Original:
    return shapes.Original(format=made.format, width=made.width, height=made.height, bytes=made.bytes)


def _cost(published: Published) -> shapes.Cost:
    spent = metered(published)
    render, puts = rendering(published), spent.puts * PRICES.s3_put
    return shapes.Cost(dollars=spent.dollars, render=render, puts=puts, rest=spent.dollars - render - puts)


def _analysis(seen: Seen) -> shapes.Analysis:
    labels, moderation = (
        [shapes.Label(name=name, confidence=sure) for name, sure in names] for names in (seen.labels, seen.moderation)
    )
    return shapes.Analysis(labels=labels, moderation=moderation, failed=seen.failed or None)


def _renditions(source: Source, published: Published, renditions: Renditions) -> list[shapes.Rendition]:
    return [
        shapes.Rendition(
            name=stored.name,
            format=stored.format,
            width=stored.width,
            height=stored.height,
            bytes=stored.bytes,
            url=renditions.url(keys.rendition_key(source, published, stored)),
        )
        for stored in published.renditions
    ]


def _html(source: Source, published: Published, lasting: Callable[[Source, str], str]) -> shapes.Html | None:
    urls = {stored.name: lasting(source, stored.name) for stored in published.renditions}
    made = markup.html(published.renditions, urls)
    return shapes.Html(picture=made.picture, srcset=made.srcset) if made else None
