"""The HTTP API on the embedded AWS: requests as API Gateway hands them over, every route in every kind of trouble."""

import base64
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from openapi_spec_validator import validate

from handlers import api, document, places
from jobs import book, catalog
from jobs.batch import Message
from jobs.errors import Retryable
from jobs.ports import Failed, Passed, Previewed
from jobs.process import Acknowledge
from jobs.source import Mark, Source, State
from local.gateway import Answer, Request, answered, event
from local.template import TEMPLATE, load
from tests.faults.mortal import work
from tests.handlers.test_worker import Context
from tests.imaging.drawing import scene, write

pytestmark = pytest.mark.embedded

BOOK = book.read(TEMPLATE.parent / "recipes")
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
PHOTO = write(scene(), "jpeg")
NOBODY = "0" * 40
TOMBSTONE = {"pk", "st", "f", "v", "u"}
"""Attributes of what was erased: id, state, fence, revision, and when."""


@dataclass
class Caller:
    bucket: str
    album: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        named = {"Host": "api.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return answered(api.handler(event(Request(method, path, named, raw)), Context()))

    def rejected(self, reason: str = "truncated") -> Source:
        """A source that was rejected, without a letter."""
        ledger, source = api._aws().ledger, Source(self.bucket, f"{self.album}/{uuid.uuid4().hex}.jpg")
        now = round(time.time() * 1000)
        claim = ledger.claim(source, etag="e", digest="d", revision=0, now=now, until=now + 60_000).record  # type: ignore[union-attr]
        ledger.reject(claim, Mark("e", "d"), reason, "<b>cut</b>", revision=0, now=now)
        return source


@pytest.fixture
def call(embedded_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A fresh function with the recipes of this checkout."""
    for name, value in embedded_stack.items():
        monkeypatch.setenv(name, value)
    cached = (api._settings, api._aws)
    for cache in cached:
        cache.cache_clear()
    catalog.release(api._aws().catalog, BOOK.recipes, BOOK.routes)
    yield Caller(embedded_stack["SAFELIGHT_ORIGINALS"], uuid.uuid4().hex)
    for cache in cached:
        cache.cache_clear()


def said(answer: Answer, status: int = 200) -> Any:
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def problem(answer: Answer, status: int) -> dict[str, Any]:
    """Every error has one shape, says what to do, and nothing of how it came about."""
    told: dict[str, Any] = said(answer, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told["status"] == status
    assert told["detail"]
    assert not [word for word in ("Traceback", "boto", "dynamo", "/handlers/") if word in answer.body.decode()]
    return told


def post(form: dict[str, Any], body: bytes, **fields: str) -> int:
    """The form as a browser sends it; the status."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**form["fields"], **fields}.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode()
    whole = b"".join([*parts, head, body, f"\r\n--{boundary}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(form["url"], whole, kind)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def item_of(source: Source) -> dict[str, Any]:
    """All that the table holds of it."""
    dynamo = boto3.client("dynamodb")
    return dict(dynamo.get_item(TableName=api._settings().table, Key={"pk": {"S": source.id}})["Item"])


class TestUploads:
    def test_a_form_takes_exactly_its_file_and_the_source_is_queued_at_once(self, call: Caller) -> None:
        form = said(call("POST", "/uploads", {"name": "a.jpg", "type": "image/jpeg", "size": len(PHOTO)}), 201)
        assert said(call("GET", f"/images/{form['id']}"))["state"] == "queued"
        assert form["fields"]["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
        assert post(form, PHOTO) == 201
        stored = boto3.client("s3").get_object(Bucket=call.bucket, Key=form["key"])
        assert (stored["Body"].read(), stored["ContentType"]) == (PHOTO, "image/jpeg")

    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            (PHOTO + b"more", {}),
            (PHOTO[:-1], {}),
            (PHOTO, {"Content-Type": "text/html"}),
            (PHOTO, {"key": "somewhere/else.jpg"}),
            (PHOTO, {"x-amz-meta-more": "1"}),
        ],
        ids=["longer", "shorter", "another type", "another key", "one field more"],
    )
    def test_a_form_takes_nothing_else(self, call: Caller, body: bytes, fields: dict[str, str]) -> None:
        form = said(call("POST", "/uploads", {"name": "a.jpg", "type": "image/jpeg", "size": len(PHOTO)}), 201)
        assert post(form, body, **fields) in (400, 403)

    @pytest.mark.parametrize(
        "name",
        [
            "<img src=x onerror=alert(1)>.jpg",
            "../../etc/passwd",
            "a\r\nX-Evil: 1",
            "\u202egpj.exe",
            "x" * 255,
            "名\0前",
        ],
    )
    def test_no_part_of_a_name_is_in_the_key(self, call: Caller, name: str) -> None:
        form = said(call("POST", "/uploads", {"name": name, "type": "image/png", "size": 9}), 201)
        assert form["key"].removesuffix(".png").replace("/", "").isalnum()
        assert form["key"].isascii()

    def test_a_recipe_chooses_the_prefix_that_it_serves(self, call: Caller) -> None:
        asked = {"name": "a", "type": "image/jpeg", "size": 9, "recipe": "web"}
        assert said(call("POST", "/uploads", asked), 201)["key"].startswith("web/")
        assert "default" in problem(call("POST", "/uploads", asked | {"recipe": "nope"}), 422)["detail"]

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"size": 6 * 2**30}, 413),
            ({"type": "application/x-msdownload"}, 415),
            ({"size": -1}, 422),
            ({"size": "9"}, 422),
            ({"name": ""}, 422),
            ({"name": "x" * 256}, 422),
            ({"more": 1}, 422),
        ],
    )
    def test_what_cannot_be_taken_is_told(self, call: Caller, asked: dict[str, Any], status: int) -> None:
        problem(call("POST", "/uploads", {"name": "a", "type": "image/jpeg", "size": 9, **asked}), status)

    def test_what_is_no_json_is_told(self, call: Caller) -> None:
        problem(call("POST", "/uploads", b"{", Content_Type="application/json"), 400)
        problem(call("POST", "/uploads", b"{}", Content_Type="application/xml"), 415)

    def test_a_small_image_goes_in_one_request(self, call: Caller) -> None:
        accepted = said(call("POST", "/images", PHOTO, Content_Type="image/jpeg", X_Name="a.jpg"), 202)
        assert boto3.client("s3").get_object(Bucket=call.bucket, Key=accepted["key"])["Body"].read() == PHOTO
        problem(call("POST", "/images", b"", Content_Type="image/jpeg"), 422)
        problem(call("POST", "/images", PHOTO, Content_Type="text/plain"), 415)
        problem(call("POST", "/images", bytes(api.SMALL + 1), Content_Type="image/jpeg"), 413)


class TestImages:
    def test_a_listing_joins_what_is_there_with_what_is_known(self, call: Caller) -> None:
        s3 = boto3.client("s3")
        keys = [f"{call.album}/{name}" for name in ("a.jpg", "b <script>.jpg", "c\u0301.jpg")]
        for key in keys:
            s3.put_object(Bucket=call.bucket, Key=key, Body=PHOTO)
        first = said(call("GET", f"/images?prefix={call.album}/&limit=2"))
        rest = said(call("GET", f"/images?prefix={call.album}/&limit=2&next={first['next']}"))
        assert [image["key"] for image in first["images"] + rest["images"]] == keys
        assert rest["next"] is None

    def test_a_key_of_1024_odd_bytes_is_listed_as_it_is(self, call: Caller) -> None:
        key = (call.album + "/" + "".join(map(chr, range(33, 127))) + "é😀+% &").ljust(600, "ß")
        key = key.encode()[:1024].decode(errors="ignore")
        boto3.client("s3").put_object(Bucket=call.bucket, Key=key, Body=PHOTO)
        (image,) = said(call("GET", f"/images?prefix={call.album}/"))["images"]
        assert image["key"] == key

    def test_what_is_rejected_is_found_by_its_reason(self, call: Caller) -> None:
        source, other = call.rejected("truncated"), call.rejected("corrupt")
        found, next = [], ""
        while next is not None:
            page = said(
                call(
                    "GET",
                    f"/images?state=rejected&reason=corrupt&limit=5&next={next}"
                    if next
                    else "/images?state=rejected&reason=corrupt&limit=5",
                )
            )
            found, next = found + [image["id"] for image in page["images"]], page["next"]
        assert other.id in found
        assert source.id not in found

    def test_a_page_of_faults_is_full_whichever_parts_of_the_index_they_lie_in(self, call: Caller) -> None:
        made = {call.rejected(call.album).id for _ in range(7)}
        first = said(call("GET", f"/images?state=rejected&reason={call.album}&limit=5"))
        rest = said(call("GET", f"/images?state=rejected&reason={call.album}&limit=5&next={first['next']}"))
        assert (len(first["images"]), len(rest["images"])) == (5, 2)
        assert {image["id"] for image in first["images"] + rest["images"]} == made

    @pytest.mark.parametrize("query", ["state=done", "limit=0", "limit=101", "limit=x", "next=a&state=dead"])
    def test_a_listing_that_makes_no_sense_is_told(self, call: Caller, query: str) -> None:
        problem(call("GET", f"/images?{query}"), 400 if query.startswith("next") else 422)

    @pytest.mark.parametrize("path", [f"/images/{NOBODY}", f"/images/{NOBODY}/thumb"])
    def test_what_is_not_there_is_not_found(self, call: Caller, path: str) -> None:
        problem(call("GET", path), 404)
        problem(call("DELETE", f"/images/{NOBODY}"), 404)

    def test_an_id_that_is_none_is_told(self, call: Caller) -> None:
        problem(call("GET", "/images/nope"), 422)

    def test_a_deleted_original_is_gone_and_can_be_had_back(self, call: Caller) -> None:
        accepted = said(call("POST", "/images", PHOTO, Content_Type="image/jpeg"), 202)
        said(call("DELETE", f"/images/{accepted['id']}"), 202)
        versions = boto3.client("s3").list_object_versions(Bucket=call.bucket, Prefix=accepted["key"])
        assert len(versions["Versions"]) == len(versions["DeleteMarkers"]) == 1

    def test_what_is_on_its_way_cannot_be_erased(self, call: Caller) -> None:
        accepted = said(call("POST", "/images", PHOTO, Content_Type="image/jpeg"), 202)
        problem(call("DELETE", f"/images/{accepted['id']}?erase=true"), 409)

    def test_an_erased_image_leaves_a_tombstone_and_nothing_else(self, call: Caller) -> None:
        source, aws = call.rejected(), api._aws()
        before = aws.ledger.read(source)
        assert before
        boto3.client("s3").put_object(Bucket=call.bucket, Key=source.key, Body=PHOTO)
        aws.renditions.put(f"{source.id}/a/thumb.jpg", PHOTO, "image/jpeg")
        said(call("DELETE", f"/images/{source.id}?erase=true"), 202)
        problem(call("GET", f"/images/{source.id}"), 404)
        left = aws.ledger.read(source)
        assert left
        assert (left.state, left.fence, left.revision) == (State.DELETED, before.fence + 1, before.revision)
        assert item_of(source).keys() <= TOMBSTONE
        for bucket, prefix in ((call.bucket, source.key), (api._settings().renditions, source.id)):
            versions = boto3.client("s3").list_object_versions(Bucket=bucket, Prefix=prefix)
            assert not versions.get("Versions")
            assert not versions.get("DeleteMarkers")

    def test_an_event_that_is_answered_after_the_erasure_brings_no_name_back(self, call: Caller) -> None:
        source, aws = call.rejected(), api._aws()
        said(call("DELETE", f"/images/{source.id}?erase=true"), 202)
        before = aws.ledger.read(source)
        body = json.dumps({"safelight": {"bucket": source.bucket, "key": source.key, "etag": "e", "revision": 0}})
        assert work(Message("m", body, 1), aws) == Acknowledge("deleted")
        after = aws.ledger.read(source)
        assert before
        assert after
        assert (after.state, after.fence) == (State.DELETED, before.fence + 1)
        assert item_of(source).keys() <= TOMBSTONE
        problem(call("GET", f"/images/{source.id}"), 404)


class Previewer:
    """Answers what it is told to."""

    def __init__(self, outcome: Passed | Failed) -> None:
        self.outcome = outcome

    def preview(self, source: Source, recipe: object = None, *, bodies: bool = False) -> Passed | Failed:
        return self.outcome


class Moody:
    """One answer after another, some of which are none."""

    def __init__(self, answers: Iterator[Passed | Failed | Retryable]) -> None:
        self.answers = answers

    def preview(self, source: Source, recipe: object = None, *, bodies: bool = False) -> Passed | Failed:
        answer = next(self.answers)
        if isinstance(answer, Retryable):
            raise answer
        return answer


class TestRecipes:
    def test_a_recipe_is_read_edited_and_read_again_as_it_was(self, call: Caller) -> None:
        assert {each["name"] for each in said(call("GET", "/recipes"))["recipes"]} >= {"default", "web"}
        answer = call("GET", "/recipes/web")
        old = said(answer)
        body = json.loads(json.dumps(old["body"]))
        body["renditions"][0]["quality"] = 41
        released = said(call("PUT", "/recipes/web", {"body": body}, If_Match=answer.headers["ETag"]))
        assert (released["revision"], released["reprocess"]["next"]) == (old["revision"] + 1, None)
        assert said(call("GET", "/recipes/web"))["digest"] == released["digest"]
        assert said(call("GET", f"/recipes/web?digest={old['digest']}"))["body"] == old["body"]

    def test_a_stale_edit_changes_nothing(self, call: Caller) -> None:
        answer = call("GET", "/recipes/web")
        body = said(answer)["body"]
        body["renditions"][0]["quality"] = 42
        for stale in ('"999999"', "W/x", "*", "9" * 5000):
            problem(call("PUT", "/recipes/web", {"body": body}, If_Match=stale), 409)
        problem(call("PUT", "/recipes/web", {"body": body}), 428)
        assert call("GET", "/recipes/web").headers["ETag"] == answer.headers["ETag"]

    def test_every_mistake_of_a_recipe_is_told_with_its_place(self, call: Caller) -> None:
        body = {"schema": 1, "name": "web", "renditions": [{"name": "a", "format": "bmp"}, {"format": "jpeg", "x": 1}]}
        told = problem(call("PUT", "/recipes/web", {"body": body}, If_Match='"1"'), 422)
        assert {each["path"].split(".")[0] for each in told["problems"]} == {"renditions[0]", "renditions[1]"}
        problem(call("PUT", "/recipes/other", {"body": said(call("GET", "/recipes/web"))["body"]}, If_Match="1"), 422)

    def test_what_is_no_recipe_is_not_found(self, call: Caller) -> None:
        problem(call("GET", "/recipes/nope"), 404)
        problem(call("GET", f"/recipes/web?digest={'0' * 32}"), 404)
        problem(call("GET", "/recipes/..%2f"), 422)

    def test_a_draft_is_shown_on_an_image(self, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        source, body = call.rejected(), said(call("GET", "/recipes/web"))["body"]
        passed = Passed("fused", {"decode": 1.5}, (Previewed("a", "jpeg", 4, 3, 3, base64.b64encode(b"abc").decode()),))
        aws = api._aws()
        monkeypatch.setattr(api, "_aws", lambda: replace(aws, previewer=Previewer(passed)))
        shown = said(call("POST", "/recipes/web/preview", {"body": body, "id": source.id}))
        assert (shown["path"], shown["renditions"][0]["data"]) == ("fused", "YWJj")
        monkeypatch.setattr(api, "_aws", lambda: replace(aws, previewer=Previewer(Failed("corrupt", "it is"))))
        assert (
            "corrupt" in problem(call("POST", "/recipes/web/preview", {"body": body, "id": source.id}), 422)["detail"]
        )
        problem(call("POST", "/recipes/web/preview", {"body": body, "id": NOBODY}), 404)


def redriven(call: Caller, **asked: Any) -> Counter[str]:
    """What became of it from the first page to the last; others have left faults on the same AWS."""
    told, next = Counter[str](), None
    while True:
        page = said(call("POST", "/redrive", asked | {"next": next}))
        next = page.pop("next")
        told += Counter({name: number for name, number in page.items() if number is not None})
        if next is None:
            return told


class TestWhatWentWrong:
    def test_letters_are_looked_at_and_stay_where_they_are(self, call: Caller) -> None:
        boto3.client("sqs").purge_queue(QueueUrl=api._settings().dead_letters_url)  # a page holds fifty
        source = call.rejected()
        body = json.dumps({"safelight": {"bucket": source.bucket, "key": source.key, "etag": "e"}})
        api._aws().dead_letters.send(body, reason="truncated", detail="<b>cut</b>")
        for _ in range(2):
            letters = said(call("GET", "/dead-letters"))["letters"]
            assert ("truncated", source.key) in [(letter["reason"], letter["key"]) for letter in letters]
        assert redriven(call, prefix=call.album)["moved"] >= 1
        record = api._aws().ledger.read(source)
        assert record
        assert record.state is State.QUEUED

    def test_a_dry_run_tells_and_moves_nothing(self, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        source, aws = call.rejected(), api._aws()
        monkeypatch.setattr(api, "_aws", lambda: replace(aws, previewer=Previewer(Passed("fused", {}, ()))))
        told = redriven(call, prefix=call.album, dry_run=True)
        assert told == {"would_pass": 1}
        record = aws.ledger.read(source)
        assert record
        assert record.state is State.REJECTED

    def test_a_redrive_goes_on_however_many_letters_it_left_alone(self, call: Caller) -> None:
        left = [str(uuid.uuid4()) for _ in range(5000)]
        place = places.packed([round(time.time() * 1000), left, "", False])
        assert said(call("POST", "/redrive", {"reason": "nobody's", "next": place}))["moved"] == 0

    def test_a_dry_run_goes_past_what_the_preview_does_not_answer(
        self, call: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An image that hangs its decoder would hang every later call too, and what comes after it was never tried."""
        for _ in range(3):
            call.rejected()
        aws, answers = api._aws(), iter([Passed("fused", {}, ()), Retryable("unreachable"), Failed("cut", "")])
        monkeypatch.setattr(api, "_aws", lambda: replace(aws, previewer=Moody(answers)))
        assert redriven(call, prefix=call.album, dry_run=True) == {"would_pass": 1, "would_fail": 1}

    def test_a_preview_is_waited_for_no_longer_than_the_caller_waits(self, call: Caller) -> None:
        waits = api._aws().previewer._connect().meta.config
        timeout = load()["Resources"]["ApiFunction"]["Properties"]["Timeout"]
        assert api.A_CALL + waits.connect_timeout + waits.read_timeout <= timeout
        assert waits.retries["total_max_attempts"] == 1

    @pytest.mark.parametrize("route", ["/redrive", "/reprocess"])
    def test_a_place_that_was_never_handed_out_is_told(self, call: Caller, route: str) -> None:
        deep = base64.b64encode(b"[" * 3000).decode()
        for next in ("zzz", "WzFd", "e30", deep):
            problem(call("POST", route, {"next": next}), 400)
        problem(call("POST", route, {"more": 1}), 422)

    def test_metrics_are_of_this_hour(self, call: Caller) -> None:
        told = said(call("GET", "/metrics"))
        assert len(told["published_per_minute"]) == 60
        assert told["states"].keys() == set(State)

    def test_an_aws_that_does_not_answer_is_no_fault_of_the_caller(
        self, call: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = replace(api._settings(), table="never-there")
        monkeypatch.setattr(api, "_aws", lambda: api.connect(settings))
        answer = call("GET", f"/images/{NOBODY}")
        assert "never-there" not in problem(answer, 503)["detail"]
        assert answer.headers["Retry-After"]

    def test_a_fault_of_ours_leaks_nothing(self, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> None:
            raise RuntimeError("secret")

        monkeypatch.setattr(api, "_aws", broken)
        assert "secret" not in problem(call("GET", "/recipes"), 500)["detail"]

    def test_an_unknown_route_is_told(self, call: Caller) -> None:
        problem(call("GET", "/nope"), 404)


def test_the_document_is_valid_and_the_one_that_is_kept(call: Caller) -> None:
    """`python -m handlers.document > docs/openapi.json` writes it anew."""
    answer = call("GET", "/openapi.json")
    validate(said(answer))
    assert answer.body.decode() == DOCUMENT.read_text() == document.text(api.app)


def test_the_api_loads_nothing_that_makes_pixels() -> None:
    program = "import sys, handlers.api; sys.exit(bool({'pyvips', 'pi_heif', 'imaging.pipeline'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], cwd=TEMPLATE.parent).returncode == 0
