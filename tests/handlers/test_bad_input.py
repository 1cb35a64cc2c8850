"""What people upload who mean no good, or do not know better: all the way from the API to the ledger."""

import json
import struct

import pytest

from handlers import api
from imaging import pipeline
from imaging.engine import engine
from imaging.recipe import Recipe
from imaging.rendered import Rendered
from jobs.batch import Message
from jobs.process import Verdict
from jobs.source import Source
from tests.faults.deployment import Deployment, Stack
from tests.faults.mortal import work
from tests.handlers.test_api import Caller, call, post, problem, said

__all__ = ["call"]

pytestmark = pytest.mark.embedded

WINDOWS = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0d\x86" + bytes(200)
LINUX = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 2, 62, 1) + bytes(200)
SCRIPT = b"#!/bin/sh\nrm -rf /\n"
PAGE = b"<!doctype html><script>alert(1)</script>"
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'


def rendered(source: Source) -> Verdict:
    """By the worker's use case, with real pixels."""

    def render(original: bytes, recipe: Recipe, names: frozenset[str]) -> Rendered:
        return pipeline.render(original, recipe, only=names)

    body = json.dumps({"safelight": {"bucket": source.bucket, "key": source.key, "etag": "*", "revision": 0}})
    return work(Message("m", body, 1), api._aws(), render=render, engine=engine())


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        pytest.param(WINDOWS, "not-an-image", id="a Windows executable"),
        pytest.param(LINUX, "not-an-image", id="a Linux executable"),
        pytest.param(SCRIPT, "not-an-image", id="a script"),
        pytest.param(PAGE, "not-an-image", id="a page"),
        pytest.param(DRAWING, "unsupported-type", id="a drawing that would read a file"),
    ],
)
def test_what_only_calls_itself_a_photograph_is_rejected(call: Caller, file: bytes, reason: str) -> None:
    form = said(call("POST", "/uploads", {"name": "photo.jpg", "type": "image/jpeg", "size": len(file)}), 201)
    assert post(form, file) == 201
    rendered(Source(call.bucket, form["key"]))
    image = said(call("GET", f"/images/{form['id']}"))
    assert (image["state"], image["reason"], image["renditions"]) == ("rejected", reason, [])


@pytest.mark.parametrize("name", ["setup.exe", "photo.jpg.exe"])
def test_an_executable_that_says_so_gets_no_form(call: Caller, name: str) -> None:
    problem(call("POST", "/uploads", {"name": name, "type": "application/x-msdownload", "size": 9}), 415)


@pytest.mark.parametrize(("size", "status"), [(6 * 2**30, 413), (6 * 10**12, 422), (2**63, 422), (10**400, 422)])
def test_a_claim_of_more_than_an_original_may_have_gets_no_form(call: Caller, size: int, status: int) -> None:
    """More than S3 takes is no size at all."""
    problem(call("POST", "/uploads", {"name": "a.jpg", "type": "image/jpeg", "size": size}), status)


ODD = (
    "".join(map(chr, range(32, 127))) + "../..//./ \t\r\n\x01\x1f\x7f\x85\xa0\xad"
    "\u0301e\u0301é\u061c\u200b\u200d\u2028\u2029\u202e\u2066\ufeff\ufffd"
    "中文ｶﾞ한글\U0001f469\u200d\U0001f680"
    "<img src=x onerror=alert(1)>'\"&lt;%00%2e%2e%2f+%20%%${jndi:ldap://x}{{7*7}}"
)
"""Every ASCII character, and those that have broken something somewhere: XML, logs, URLs, terminals, templates."""


def test_a_key_of_1024_bytes_of_every_odd_character_goes_all_the_way(
    call: Caller, embedded_stack: dict[str, str]
) -> None:
    key = f"{call.album}/{ODD}"
    key += "ß" * ((1024 - len(key.encode())) // 2)
    key += "." * (1024 - len(key.encode()))
    assert len(key.encode()) == 1024
    deployment = Deployment(Stack(embedded_stack))
    deployment.source = Source(call.bucket, key)
    deployment.settle(b"a photograph")
    try:
        seen_everywhere(call, deployment)
    finally:  # the embedded AWS cannot list the versions of every key, and so could not be emptied of this one
        version = deployment.s3.head_object(Bucket=call.bucket, Key=key)["VersionId"]
        deployment.s3.delete_object(Bucket=call.bucket, Key=key, VersionId=version)


def seen_everywhere(call: Caller, deployment: Deployment) -> None:
    key = deployment.source.key
    assert deployment.violations() == []
    (listed,) = said(call("GET", f"/images?prefix={call.album}/"))["images"]
    image = said(call("GET", f"/images/{deployment.source.id}"))
    assert listed["key"] == image["key"] == key
    assert image["state"] == "done"
    assert not set("<>'\"\r\n") & set("".join(each["url"] for each in image["renditions"]))
    assert ODD[:20] not in json.dumps(image["html"]), "no part of a key is in what is to be pasted"
    assert call("GET", f"/images/{deployment.source.id}/{image['renditions'][0]['name']}").status == 302
