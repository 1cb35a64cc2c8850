"""The preview function, invoked: pixels are made there, never in the program that asks."""

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws.errors import translated
from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs.errors import Retryable
from jobs.ports import Failed, Passed, Previewed
from jobs.source import Source

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class LambdaPreviewer:
    """One function. Hardly ever used, so its client is made only then."""

    def __init__(self, connect: "Callable[[], LambdaClient]", function: str) -> None:
        self._connect, self._function = connect, function

    def preview(self, source: Source, recipe: Recipe | None = None, *, bodies: bool = False) -> Passed | Failed:
        event = {"bucket": source.bucket, "key": source.key, "recipe": _draft(recipe), "bodies": bodies}
        with translated("Invoke of the preview"):
            answer = self._connect().invoke(FunctionName=self._function, Payload=json.dumps(event).encode())
            said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise Retryable("preview-failed", str(said.get("errorMessage", said)))
        return _passed(said) if said["ok"] else Failed(said["reason"], said["detail"])


def _draft(recipe: Recipe | None) -> dict[str, Any] | None:
    if recipe is None:
        return None
    body = recipes.dump(recipe)
    return {
        "json": body.json.decode(),
        "assets": {sha: base64.b64encode(content).decode() for sha, content in body.assets.items()},
    }


def _passed(said: dict[str, Any]) -> Passed:
    renditions = tuple(
        Previewed(each["name"], each["format"], each["width"], each["height"], each["bytes"], each.get("body"))
        for each in said["renditions"]
    )
    return Passed(said["path"], said["milliseconds"], renditions)
