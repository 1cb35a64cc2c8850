"""The page's modules by themselves, run in the browser: no server, only their files."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from cli import thumbhash
from tests.cli.test_thumbhash import REFERENCE

pytestmark = pytest.mark.browser

WEB = Path(__file__).parent.parent.parent / "web"
ORIGIN = "http://console.test"
EMPTY = '<!doctype html><title>modules</title><meta name="safelight-api" content=""><main></main>'


UPLOADED = """async () => {
    const { Uploads } = await import("/uploads.js");
    window.uploads = new Uploads();
    uploads.add([new File(["pixels"], "a.jpg")]);
}"""

SEEN = ("rejected-0", "dead-0", "rejected-1", "rejected-2")


def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/")
    if name:
        route.fulfill(path=WEB / name)
    else:
        route.fulfill(body=EMPTY, content_type="text/html")


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_page() as page:
        page.route(f"{ORIGIN}/**", _serve)
        page.goto(ORIGIN)
        yield page


def decoded(page: Page, encoded: str) -> Any:
    return page.evaluate(
        """async (encoded) => {
            const { decode } = await import("/thumbhash.js");
            const picture = decode(encoded);
            return picture && { ...picture, pixels: [...picture.pixels] };
        }""",
        encoded,
    )


@pytest.mark.parametrize("encoded", REFERENCE)
def test_every_pixel_of_a_placeholder_is_the_one_that_the_reference_makes(page: Page, encoded: str) -> None:
    picture = decoded(page, encoded)
    digest = hashlib.sha256(bytes(picture["pixels"])).hexdigest()
    assert (picture["width"], picture["height"], digest) == REFERENCE[encoded]


def test_any_bytes_are_a_placeholder_or_none_and_both_readers_agree(page: Page) -> None:
    for first in range(0, 256, 29):
        for length in range(0, 30, 3):
            encoded = base64.b64encode(bytes((first + 31 * at) % 256 for at in range(length))).decode()
            picture, expected = decoded(page, encoded), thumbhash.decode(encoded)
            assert (picture is None) == (expected is None), encoded
            if picture and expected:
                assert (picture["width"], picture["height"]) == (expected.width, expected.height)
                assert bytes(picture["pixels"]) == expected.pixels


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("bytes(0)", "0 B"),
        ("bytes(999)", "999 B"),
        ("bytes(12_400)", "12.4 kB"),
        ("bytes(999_600)", "1.00 MB"),
        ("duration(87.4)", "87 ms"),
        ("duration(1240)", "1.24 s"),
        ("dollars(0.0000254)", "$0.000025"),
        ("dollars(1.4)", "$1.40"),
        ("many(1, 'photo')", "1 photo"),
        ("many(12345, 'photo')", "12,345 photos"),
        ("words('not-an-image')", "Not an image"),
    ],
)
def test_numbers_are_written_as_people_read_them(page: Page, call: str, text: str) -> None:
    assert page.evaluate(f"import('/format.js').then(({{ {call.split('(')[0]} }}) => {call})") == text


def test_a_name_that_turns_the_line_around_is_shown_with_dots(page: Page) -> None:
    shown = page.evaluate("import('/names.js').then(({ visible }) => visible('gpj.\\u202Eevil\\u0000\\n.jpg'))")
    assert shown == "gpj.·evil··.jpg"


def test_images_without_renditions_are_read_page_after_page_of_both_states(page: Page) -> None:
    asked = []

    def listed(route: Route) -> None:
        given = parse_qs(urlsplit(route.request.url).query)
        state, place = given["state"][0], int(given.get("next", ["0"])[0])
        asked.append((state, place))
        pages = {"rejected": 3, "dead": 1}[state]
        image = {"id": f"{state}{place}", "key": f"{state}-{place}.jpg", "state": state, "reason": "truncated"}
        route.fulfill(json={"images": [image], "next": str(place + 1) if place + 1 < pages else None})

    page.route(f"{ORIGIN}/images?**", listed)
    page.route(
        f"{ORIGIN}/dead-letters**", lambda route: route.fulfill(json={"groups": [], "letters": [], "next": None})
    )
    page.evaluate("import('/failures.js').then(({ failures }) => document.querySelector('main').append(failures()))")
    images = page.get_by_role("region", name="Images without renditions")
    expect(images.get_by_role("listitem")).to_have_count(2)
    more = images.get_by_role("button", name="More images")
    more.click()
    expect(images.get_by_role("listitem")).to_have_count(3)
    more.click()
    expect(images.get_by_role("link")).to_have_text([f"{name}.jpg" for name in SEEN])
    expect(images.get_by_role("link").last).to_be_focused()
    expect(more).to_be_hidden()
    assert sorted(asked) == sorted([("rejected", 0), ("rejected", 1), ("rejected", 2), ("dead", 0)])


def test_an_upload_into_silence_is_tried_again(chromium: Browser) -> None:
    form = {"url": f"{ORIGIN}/bucket", "fields": {"key": "a.jpg"}, "key": "a.jpg", "expires": "2999-01-01T00:00:00Z"}
    posted: list[Route] = []

    def silent_once(route: Route) -> None:
        posted.append(route)
        if len(posted) > 1:
            route.fulfill(status=204)

    with chromium.new_page() as page:
        page.clock.install(time=0)
        page.route(f"{ORIGIN}/**", _serve)
        page.route(f"{ORIGIN}/uploads", lambda route: route.fulfill(json=form))
        page.route(f"{ORIGIN}/bucket", silent_once)
        page.goto(ORIGIN)
        page.clock.pause_at(3600)  # from here on only the test lets time pass, however slow the machine is
        with page.expect_request(f"{ORIGIN}/bucket"):
            page.evaluate(UPLOADED)
        page.clock.run_for(59_000)
        assert page.evaluate("uploads.files[0].detail") == ""
        page.clock.run_for(2_000)
        page.wait_for_function("uploads.files[0].detail.includes('silent')")
        page.clock.run_for(2_000)
        page.wait_for_function("uploads.files[0].state === 'sent'")
        assert len(posted) == 2


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    page = (WEB / "index.html").read_text()
    assert not re.search(r"\b(?:src|href)=\"(?:https?:)?//", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", page)
    for script in WEB.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://(?!www\.w3)", script.read_text()
        ), script.name
