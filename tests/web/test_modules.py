"""The page's modules by themselves, run in the browser: no server, only their files."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from cli import thumbhash
from tests.cli.test_thumbhash import REFERENCE

pytestmark = pytest.mark.browser

WEB = Path(__file__).parent.parent.parent / "web"
ORIGIN = "http://console.test"


def _serve(route: Route) -> None:
    name = route.request.url.removeprefix(f"{ORIGIN}/")
    if name:
        route.fulfill(path=WEB / name)
    else:
        route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")


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


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    page = (WEB / "index.html").read_text()
    assert not re.search(r"\b(?:src|href)=\"(?:https?:)?//", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", page)
    for script in WEB.glob("*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://(?!www\.w3)", script.read_text()
        ), script.name
