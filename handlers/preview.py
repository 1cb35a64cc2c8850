"""One original rendered, nothing published and nothing written: the worker's image, limits and sandbox.

    {"bucket": ..., "key": ...} or {"original": base64}     what to render
    {"recipe": {"json": ..., "assets": {sha256: base64}}}   with what; left out or null: what serves this key now
    {"bodies": true}                                        the renditions themselves too, as far as they fit

answers, where it could be rendered and where it could not,

    {"ok": true, "path": ..., "milliseconds": {stage: ...}, "original": {...}, "renditions": [{"name": ..., ...}]}
    {"ok": false, "reason": "truncated", "detail": ...}

What may pass (a throttled read, a sandbox that did not come up) is raised.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.connect import Aws, connect
from handlers import logs, pixels
from imaging import recipe as recipes
from imaging.errors import Reason, RecipeInvalid, RecipeTooNew, Rejected
from imaging.recipe import Recipe
from imaging.rendered import Original, Rendered, RenderedImage
from imaging.sandbox import Sandbox
from jobs.catalog import RecipeBook
from jobs.ports import Absent, Archived, NotModified
from jobs.settings import Settings, read
from jobs.source import Source

log = logs.configure()

ROOM_FOR_BODIES = 3 * 2**20
"""Bytes of renditions in one answer: as base64, twice in JSON's quotes on its way, below Lambda's six megabytes."""

NOWHERE = ""
"""The key of an original that came in the event: the route of every key serves it."""


@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands it over
    """Answers what would become of the original. Raises Retryable."""
    try:
        original = _original(event)
        rendered = pixels.render(_sandbox(), original, _recipe(event))
    except Rejected as rejected:
        return _failed(rejected.reason, rejected.detail)
    except (RecipeInvalid, RecipeTooNew) as error:
        return _failed("recipe-invalid", str(error))
    return _passed(rendered, bodies=bool(event.get("bodies")))


def _original(event: Mapping[str, Any]) -> bytes:
    """The bytes to render. Raises Rejected for what cannot be had however often it is tried."""
    if "original" in event:
        return _decoded(event["original"])
    match _aws().originals.fetch(Source(event["bucket"], event["key"])):
        case Absent() | NotModified():
            raise Rejected(Reason.EMPTY, "there is no such original")
        case Archived():
            raise Rejected(Reason.ARCHIVED)
        case content:
            most = pixels.limits(_settings()).bytes
            if content.size > most:
                content.close()
                raise Rejected(Reason.TOO_MANY_BYTES, f"{content.size:,} bytes, at most {most:,}")
            return content.read()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Rejected(Reason.NOT_AN_IMAGE, "it is not base64") from None


def _recipe(event: Mapping[str, Any]) -> Recipe:
    """The draft in the event, or the recipe that serves the key now. Raises RecipeInvalid, RecipeTooNew."""
    if draft := event.get("recipe"):
        assets = {sha: base64.b64decode(content) for sha, content in draft.get("assets", {}).items()}
        return recipes.load(draft["json"].encode(), assets)
    return _book().recipe(_aws().catalog.current().digest_for(event.get("key", NOWHERE)))


def _passed(rendered: Rendered, *, bodies: bool) -> dict[str, Any]:
    return {
        "ok": True,
        "path": rendered.path,
        "milliseconds": {stage: round(spent, 1) for stage, spent in rendered.milliseconds.items()},
        "original": _about(rendered.original),
        "renditions": list(_with_bodies(rendered.images) if bodies else map(_described, rendered.images)),
    }


def _failed(reason: str, detail: str) -> dict[str, Any]:
    return {"ok": False, "reason": str(reason), "detail": detail}


def _about(original: Original) -> dict[str, Any]:
    return {
        "format": original.format,
        "width": original.width,
        "height": original.height,
        "bytes": original.bytes,
        "thumbhash": original.thumbhash,
    }


def _described(image: RenderedImage) -> dict[str, Any]:
    return {
        "name": image.name,
        "format": image.format,
        "width": image.width,
        "height": image.height,
        "bytes": len(image.body),
    }


def _with_bodies(images: Iterable[RenderedImage]) -> Iterator[dict[str, Any]]:
    """In their order; what would make the answer too large goes without its bytes."""
    room = ROOM_FOR_BODIES
    for image in images:
        body = {"body": base64.b64encode(image.body).decode()} if len(image.body) <= room else {}
        room -= len(image.body) if body else 0
        yield {**_described(image), **body}


@cache
def _settings() -> Settings:
    return read(os.environ)


@cache
def _aws() -> Aws:
    return connect(_settings())


@cache
def _book() -> RecipeBook:
    return RecipeBook(_aws().catalog)


@cache
def _sandbox() -> Sandbox:
    """One child: an invocation renders one original."""
    return Sandbox(1, limits=pixels.limits(_settings()), timeout=pixels.RENDER_TIMEOUT)
