"""The preview on the embedded AWS: what would become of an original, and nothing written."""

import base64
import json
from collections.abc import Iterator

import boto3
import pytest

from aws.preview import LambdaPreviewer
from handlers import preview
from imaging import recipe as recipes
from jobs import book, catalog
from jobs.errors import Retryable
from jobs.ports import Failed, Passed
from jobs.source import Source
from local.environment import Crashed, Raised
from local.lambda_api import LambdaApi
from local.stack import Function
from local.template import TEMPLATE
from tests.handlers.test_worker import Context
from tests.imaging.drawing import scene, write

pytestmark = pytest.mark.embedded

BOOK = book.read(TEMPLATE.parent / "recipes")
DRAFT = recipes.parse(
    'name = "draft"\n[[renditions]]\nname = "tiny"\nformat = "webp"\nresize = { width = 32 }', lambda _: b""
)


@pytest.fixture
def bucket(embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of the originals; what the handler caches between invocations is forgotten before and after."""
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    cached = (preview._settings, preview._aws, preview._book, preview._sandbox)
    for cache in cached:
        cache.cache_clear()
    catalog.release(preview._aws().catalog, BOOK.recipes, BOOK.routes)
    yield embedded_stack["SAFELIGHT_ORIGINALS"]
    preview._sandbox().close()
    for cache in cached:
        cache.cache_clear()


class Here:
    """An environment that answers in this process, and breaks when told to."""

    def __init__(self) -> None:
        self.breaks: Exception | None = None

    def ready(self) -> bool:
        return True

    def rest(self) -> None:
        pass

    def invoke(self, event: object) -> object:
        if self.breaks:
            raise self.breaks
        return json.loads(json.dumps(preview.handler(dict(event), Context())))  # type: ignore[call-overload]

    def close(self) -> None:
        pass


def test_what_a_draft_would_make_is_described_and_handed_over(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="previewed.jpg", Body=write(scene(), "jpeg"))
    body = recipes.dump(DRAFT)
    draft = {"json": body.json.decode(), "assets": {}}
    answer = preview.handler({"bucket": bucket, "key": "previewed.jpg", "recipe": draft, "bodies": True}, Context())
    (tiny,) = answer["renditions"]
    assert (answer["ok"], tiny["name"], tiny["width"]) == (True, "tiny", 32)
    assert len(base64.b64decode(tiny["body"])) == tiny["bytes"]


def test_without_a_draft_the_recipe_that_serves_the_key_is_used(bucket: str) -> None:
    answer = preview.handler({"original": base64.b64encode(write(scene(), "png")).decode()}, Context())
    (default,) = (recipe for recipe in BOOK.recipes if recipe.name == "default")
    assert [each["name"] for each in answer["renditions"]] == [each.name for each in default.renditions]
    assert not any("body" in each for each in answer["renditions"])


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"original": base64.b64encode(b"Dear preview").decode()}, "not-an-image"),
        ({"original": "not base64"}, "not-an-image"),
        ({"key": "never-there.jpg"}, "empty"),
        ({"original": base64.b64encode(write(scene(), "png")).decode(), "recipe": {"json": "{}"}}, "recipe-invalid"),
    ],
)
def test_what_would_be_rejected_is_told_with_its_reason(bucket: str, event: dict[str, object], reason: str) -> None:
    answer = preview.handler({"bucket": bucket, **event}, Context())
    assert (answer["ok"], answer["reason"]) == (False, reason)


def test_bodies_stop_where_the_answer_is_full(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "ROOM_FOR_BODIES", 1)
    answer = preview.handler({"original": base64.b64encode(write(scene(), "png")).decode(), "bodies": True}, Context())
    assert answer["renditions"]
    assert not any("body" in each for each in answer["renditions"])


def test_the_port_reaches_it_through_lambdas_own_api(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="through.jpg", Body=write(scene(), "jpeg"))
    environment = Here()
    arn = "arn:aws:lambda:us-east-1:000000000000:function:safelight-preview"
    with LambdaApi() as api:
        api.answer_for(Function("safelight-preview", arn, "handlers.preview.handler", 1769, 60, {}), environment)
        client = boto3.client("lambda", endpoint_url=api.url)
        previewer = LambdaPreviewer(lambda: client, "safelight-preview")
        passed = previewer.preview(Source(bucket, "through.jpg"), DRAFT, bodies=True)
        assert isinstance(passed, Passed)
        assert passed.renditions[0].body
        assert isinstance(previewer.preview(Source(bucket, "never-there.jpg")), Failed)
        for environment.breaks in (Raised("Retryable: throttled"), Crashed("gone")):
            with pytest.raises(Retryable, match="preview-failed"):
                previewer.preview(Source(bucket, "through.jpg"))
        with pytest.raises(Retryable, match="not-there"):
            LambdaPreviewer(lambda: client, "another").preview(Source(bucket, "through.jpg"))
