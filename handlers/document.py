"""The OpenAPI document, made of the routes and the models; and what a route says of its answers."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from pydantic import BaseModel

from handlers.problems import JSON
from handlers.shapes import Problem
from jobs.uploads import SUFFIXES

ALWAYS = (401, 403, 429, 500, 502, 503, 504)
"""What every route may answer: API Gateway refuses who may not call, or calls too often; this code may be wrong (500)
or give no answer (502, 504); AWS may not answer (503)."""


RENAMED = {413: "Request Entity Too Large", 422: "Unprocessable Entity"}
"""What Python 3.13 calls otherwise: the document is the same on every Python."""


def answers(status: int, model: type[BaseModel], *others: int) -> dict[int, Any]:
    """One answer of this model, and problems."""
    told = {status: {"description": _phrase(status), "content": {"application/json": {"model": model}}}}
    return told | problems(*others)


def redirects() -> dict[int, Any]:
    headers = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
    return {302: {"description": "Found", "headers": headers}} | problems(404, 422)


def problems(*statuses: int) -> dict[int, Any]:
    return {
        status: {"description": _phrase(status), "content": {JSON: {"model": Problem}}}
        for status in sorted({*statuses, *ALWAYS})
    }


def _phrase(status: int) -> str:
    return RENAMED.get(status, HTTPStatus(status).phrase)


def text(app: APIGatewayRestResolver) -> str:
    """The document as JSON."""
    return json.dumps(whole(app), indent=2, sort_keys=True) + "\n"


def whole(app: APIGatewayRestResolver) -> dict[str, Any]:
    """The document. Bodies that are no JSON are beyond the models, and said here."""
    made: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Safelight",
            version="1",
            description="Uploads, images and their renditions, recipes, dead letters, metrics.",
            openapi_version="3.1.0",
        )
    )
    made["paths"]["/images"]["post"]["requestBody"] = {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(SUFFIXES)},
    }
    made["components"].setdefault("securitySchemes", {})["bearer"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "A Cognito id token; on a laptop the token of the printed URL. By IAM: SigV4 instead.",
    }
    made["security"] = [{"bearer": []}]
    return made


if __name__ == "__main__":
    from handlers.api import app

    print(text(app), end="")
