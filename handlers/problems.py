"""Errors as problem+json (RFC 9457): one row each, whose detail says what to do. Nothing internal leaks.

What nobody foresaw is logged whole, and told as no more than that.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from imaging.errors import Problem as RecipeProblem
from imaging.errors import RecipeInvalid, RecipeTooNew
from jobs.deletion import OnItsWay
from jobs.errors import CatalogInvalid, Retryable, Stale
from jobs.uploads import TooLarge, UnknownRecipe, UnknownType

log = logging.getLogger(__name__)

JSON = "application/problem+json"

SOON = "5"
"""Seconds after which what may pass may be tried again."""


class NotFound(Exception):
    """There is nothing of that name; the message says of what kind, and where to look."""


class BadPlace(Exception):
    """A `next` that this API never handed out."""


class Unrenderable(Exception):
    """The draft cannot be shown on this image; the message says why."""


class Empty(Exception):
    """A request that should bring an image brings nothing."""


class NoRevision(Exception):
    """An edit that does not say what it was made to."""


@dataclass(frozen=True)
class Row:
    """How one kind of error is told. `detail` of the error itself where it is None."""

    status: HTTPStatus
    title: str
    detail: str | None = None


ROWS: Mapping[type[Exception], Row] = {
    NotFound: Row(HTTPStatus.NOT_FOUND, "Not found"),
    BadPlace: Row(
        HTTPStatus.BAD_REQUEST,
        "Not a place to go on from",
        "Send `next` exactly as the last answer had it, or leave it out.",
    ),
    Empty: Row(HTTPStatus.UNPROCESSABLE_ENTITY, "Nothing was sent", "Send the image itself as the body."),
    NoRevision: Row(
        HTTPStatus.PRECONDITION_REQUIRED,
        "Which revision?",
        "Send If-Match with the ETag of the recipe that the edit was made to.",
    ),
    TooLarge: Row(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large"),
    UnknownType: Row(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a type that is read here"),
    RequestUnsupportedContentType: Row(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Not a type that is read here", "Send JSON, as application/json."
    ),
    UnknownRecipe: Row(HTTPStatus.UNPROCESSABLE_ENTITY, "No route to this recipe"),
    Unrenderable: Row(HTTPStatus.UNPROCESSABLE_ENTITY, "The image would be rejected"),
    RecipeTooNew: Row(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The recipe is too new",
        "It has a schema that is not known here: deploy first.",
    ),
    OnItsWay: Row(
        HTTPStatus.CONFLICT,
        "On its way",
        "A worker has it. Ask again once its state is done, rejected, dead or deleted.",
    ),
    Stale: Row(
        HTTPStatus.CONFLICT,
        "The catalog was changed meanwhile",
        "Read the recipe again, make the edit to that, and send the new revision as If-Match.",
    ),
    Retryable: Row(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Not now",
        "Something that this API needs did not answer. Try again in a few seconds.",
    ),
}


def answer(status: HTTPStatus, title: str, detail: str, problems: list[dict[str, str]] | None = None) -> Response[str]:
    """A problem as the API answers it."""
    told: dict[str, Any] = {"type": "about:blank", "title": title, "status": int(status), "detail": detail}
    headers = {"Retry-After": SOON} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    body = json.dumps(told | ({"problems": problems} if problems is not None else {}))
    return Response(int(status), JSON, body, headers)


def unknown_route(_: Exception) -> Response[str]:
    return answer(HTTPStatus.NOT_FOUND, "Not found", "There is no such route: GET /openapi.json lists them.")


def unforeseen(error: Exception) -> Response[str]:
    """A fault of ours: the log has it whole, the answer nothing of it."""
    log.exception("unforeseen", exc_info=error)
    detail = "This is a fault of the API. Try again; if it stays, the function's log says more."
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Not answered", detail)


def by_row(error: Exception) -> Response[str]:
    """The nearest row of the error's own kind."""
    row = next(ROWS[kind] for kind in type(error).__mro__ if kind in ROWS)
    return answer(row.status, row.title, row.detail or str(error))


def invalid_request(error: RequestValidationError) -> Response[str]:
    """Every mistake with its place. Broken JSON is a 400, well-formed nonsense a 422."""
    mistakes = error.errors()
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        return answer(HTTPStatus.BAD_REQUEST, "Not JSON", "The body could not be read as JSON.")
    problems = [{"path": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in mistakes]
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Not as asked for", "See `problems` for each mistake.", problems)


def invalid_recipe(error: RecipeInvalid | CatalogInvalid) -> Response[str]:
    """The recipe's own mistakes, with their places in it."""
    problems = [_mistake(problem) for problem in error.problems]
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "Not a valid recipe", "See `problems` for each mistake.", problems)


def _mistake(problem: RecipeProblem | str) -> dict[str, str]:
    if isinstance(problem, str):
        return {"path": "", "message": problem}
    return {"path": problem.path, "message": problem.message}


HANDLERS: Mapping[type[Exception], Callable[[Any], Response[str]]] = {
    **dict.fromkeys(ROWS, by_row),
    Exception: unforeseen,
    NotFoundError: unknown_route,
    RequestValidationError: invalid_request,
    RecipeInvalid: invalid_recipe,
    CatalogInvalid: invalid_recipe,
}
"""What answers each kind of error."""
