"""Presigned forms on an AWS that checks who signed: an expired one and a tampered one take nothing."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from aws.uploads import S3Uploads
from jobs.source import Source
from local.embedded import embedded
from tests.handlers.test_api import PHOTO, post

pytestmark = [pytest.mark.embedded, pytest.mark.slow]

SIGNERS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[S3Uploads, Source]]:
    with embedded(tmp_path_factory.mktemp("strict"), settings={"AUTH": "true", **SIGNERS}) as endpoint:
        s3 = boto3.client(
            "s3",
            endpoint_url=endpoint.url,
            region_name=endpoint.region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        source = Source(f"uploads-{uuid.uuid4().hex[:8]}", "2026/11/26/a.jpg")
        s3.create_bucket(Bucket=source.bucket)
        yield S3Uploads(s3, source.bucket), source


def form(uploads: tuple[S3Uploads, Source], seconds: int = 60) -> dict[str, Any]:
    made = uploads[0].form(uploads[1], content_type="image/jpeg", size=len(PHOTO), name="<b>.jpg", seconds=seconds)
    return {"url": made.url, "fields": dict(made.fields)}


def test_a_form_as_it_was_made_takes_its_file(uploads: tuple[S3Uploads, Source]) -> None:
    assert post(form(uploads), PHOTO) == 201


def test_an_expired_form_takes_nothing(uploads: tuple[S3Uploads, Source]) -> None:
    assert post(form(uploads, seconds=-1), PHOTO) == 403


def test_a_form_whose_policy_was_made_wider_takes_nothing(uploads: tuple[S3Uploads, Source]) -> None:
    tampered = form(uploads)
    policy = json.loads(base64.b64decode(tampered["fields"]["policy"]))
    policy["conditions"] = [each for each in policy["conditions"] if "content-length-range" not in each]
    tampered["fields"]["policy"] = base64.b64encode(json.dumps(policy).encode()).decode()
    assert post(tampered, PHOTO + b"more") == 403


@pytest.mark.parametrize(
    "changed", [{"key": "somewhere/else.jpg"}, {"Content-Type": "text/html"}, {"x-amz-meta-name": "another.jpg"}]
)
def test_a_form_whose_fields_were_changed_takes_nothing(
    uploads: tuple[S3Uploads, Source], changed: dict[str, str]
) -> None:
    assert post(form(uploads), PHOTO, **changed) == 403


def test_a_form_signed_by_nobody_takes_nothing(uploads: tuple[S3Uploads, Source]) -> None:
    assert post(form(uploads), PHOTO, **{"x-amz-signature": "0" * 64}) == 403
