"""What is in an image, as Rekognition sees it: asked once for the same bytes and the same question, and never at the
renditions' cost. Whatever goes wrong is kept beside them, and asked again only when the source is worked on again.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace

from imaging.recipe import Recipe
from imaging.rendered import RenderedImage
from imaging.renditions import LEAST_EDGE
from jobs.errors import Retryable
from jobs.ports import Analyst
from jobs.source import Published, Seen

log = logging.getLogger(__name__)

MOST_BYTES = 5 * 1024 * 1024
"""Of an image that is sent with the request, by Rekognition's quotas."""

MOST_KEPT, LONGEST_NAME = 10, 40
"""Names of a kind in a record, and characters of a name: the rest would be a further write unit of each claim."""


def known(published: Published | None, etag: str, recipe: Recipe) -> Seen | None:
    """An earlier answer to the same question about the same bytes; a failed one is none."""
    seen = published.seen if published and published.etag == etag else None
    wanted = recipe.analysis.definition if recipe.analysis else None
    return seen if seen and seen.asked == wanted and not seen.failed else None


def look(recipe: Recipe, images: Sequence[RenderedImage], analyst: Analyst | None) -> tuple[Seen, int]:
    """What is seen in the rendition that the recipe means for it, and how many answers that took."""
    wanted, shown = recipe.analysis, recipe.shown
    assert wanted
    assert shown
    seen, answers = Seen(wanted.definition), 0
    picture = next(image for image in images if image.name == shown.name)
    if analyst is None or (unfit := _unfit(picture)):
        return replace(seen, failed="not-enabled" if analyst is None else unfit), answers
    try:
        if wanted.labels:
            found = analyst.labels(picture.body, most=wanted.labels, confidence=wanted.confidence)
            seen, answers = replace(seen, labels=_surest(found)), answers + 1
        if wanted.moderation:
            found = analyst.moderation(picture.body, confidence=wanted.confidence)
            seen, answers = replace(seen, moderation=_surest(found)), answers + 1
    except Retryable as error:
        log.warning("not analysed: %s", error)
        seen = replace(seen, failed=error.reason)
    except Exception as error:  # a fault of our own code, or an answer of another shape: no rendition pays for it
        log.exception("not analysed")
        seen = replace(seen, failed=f"unexpected-{type(error).__name__}")
    return seen, answers


def _unfit(picture: RenderedImage) -> str:
    if min(picture.width, picture.height) < LEAST_EDGE:
        return "too-small"
    return "too-many-bytes" if len(picture.body) > MOST_BYTES else ""


def _surest(found: Sequence[tuple[str, float]]) -> tuple[tuple[str, int], ...]:
    surest = sorted(found, key=lambda each: (-each[1], each[0]))[:MOST_KEPT]
    return tuple((name[:LONGEST_NAME], int(sure)) for name, sure in surest)
