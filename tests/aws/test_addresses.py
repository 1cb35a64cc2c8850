"""Whoever is handed a presigned address or form may know S3 by another name than the functions do."""

import pytest

from aws.connect import Aws, connect
from jobs import settings
from jobs.source import Source

INSIDE, OUTSIDE = "http://localstack:4566", "http://127.0.0.1:4570"


def connected(monkeypatch: pytest.MonkeyPatch, **more: str) -> Aws:
    """Nothing is called: signing needs no network."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", INSIDE)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    names = ("ORIGINALS", "RENDITIONS", "TABLE", "QUEUE_URL", "DEAD_LETTERS_URL")
    named = {f"SAFELIGHT_{name}": name.lower() for name in names}
    return connect(settings.read({**named, "SAFELIGHT_MAX_RECEIVES": "6", **more}))


def handed_out(aws: Aws) -> list[str]:
    form = aws.uploads.form(Source("originals", "a.jpg"), content_type="image/jpeg", size=1, name="a.jpg", seconds=60)
    return [form.url, aws.renditions.url("key/large.jpg")]


def test_addresses_and_forms_name_s3_as_their_reader_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    form, address = handed_out(connected(monkeypatch, SAFELIGHT_S3_URL=OUTSIDE))
    assert form.startswith(f"{OUTSIDE}/originals")
    assert address.startswith(f"{OUTSIDE}/renditions/key/large.jpg?")


def test_where_nobody_says_so_they_name_it_as_everybody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(each.startswith(f"{INSIDE}/") for each in handed_out(connected(monkeypatch)))
