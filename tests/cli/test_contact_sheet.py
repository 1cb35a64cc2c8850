"""The page is whole, needs nothing from elsewhere, and lets no name do anything but be read."""

import base64
import re
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from cli import contact_sheet
from cli.shown import Photo, Picture, Refusal, Shown, figures, percentile
from tests.cli.runs import BODIES, HASH

HOSTILE = (
    "<script>alert(1)</script>.jpg",
    '"><img src=x onerror=alert(1)>.jpg',
    "' onmouseover='alert(1).jpg",
    "a\r\nb\x00c.jpg",
    "photo\u202egpj.exe",
    "$title ${recipe} {key} %s.jpg",
    "javascript:alert(1)",
    "../../../etc/passwd",
    "&lt;b&gt;&amp;.jpg",
)

LOADING = {"src", "srcset", "href", "poster", "data", "action", "background", "xlink:href"}


class Reader(HTMLParser):
    """The page as a browser sees it: tags with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def photo(key: str = "a/b.jpg", *, made_by: str = "libvips", why: str = "", thumbhash: str = HASH) -> Photo:
    small = Picture("small", "webp", 16, 12, len(BODIES["small"]), "renditions/ab/small.webp", BODIES["small"])
    large = Picture("large", "jpeg", 64, 48, len(BODIES["large"]), "renditions/ab/large.jpg")
    return Photo(key, "jpeg", 4000, 3000, 2_400_000, thumbhash, 132, made_by, why, (large, small))


def page(*photos: Photo, refusals: tuple[Refusal, ...] = (), problems: tuple[str, ...] = ()) -> str:
    run = figures(photos, refusals, 2.0)
    return contact_sheet.page(Shown("Title", "default", "engine", "today", run, photos, refusals, problems))


def test_every_tag_that_is_opened_is_closed() -> None:
    whole = Reader(page(photo(), photo("c"), refusals=(Refusal("d", "corrupt", "", True),), problems=("e: lost",)))
    assert whole.open == []


def structure(name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every tag with the names of its attributes, of a page on which `name` is wherever a name can be."""
    refusal = Refusal(name, name, name, letter=False)
    whole = Reader(page(photo(name, made_by=name, why=name), refusals=(refusal,), problems=(name,)))
    return [(tag, tuple(attributes)) for tag, attributes in whole.tags]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_adds_no_tag_and_no_attribute(name: str) -> None:
    assert structure(name) == structure(re.sub(r"[^/]", "x", name))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_can_be_read_in_full(name: str) -> None:
    shown = contact_sheet.visible(name)
    assert shown in Reader(page(refusals=(Refusal(name, "corrupt", "", True),))).text


def test_controls_and_direction_marks_never_reach_the_page() -> None:
    text = page(*(photo(name) for name in HOSTILE))
    assert not any(letter in text for letter in "\x00\r\u202e")


def test_nothing_is_loaded_from_elsewhere() -> None:
    for tag, attributes in Reader(page(photo(), photo("c", why="alpha"))).tags:
        for name in LOADING & attributes.keys():
            value = attributes[name] or ""
            assert value.startswith(("data:", "renditions/")), (tag, name, value)
    text = page(photo())
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policies = [a["content"] for _, a in Reader(page()).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none';")
    assert "script" not in policies[0]


def test_the_smallest_rendition_is_in_the_page_and_the_largest_is_linked() -> None:
    text = page(photo())
    assert f"data:image/webp;base64,{base64.b64encode(BODIES['small']).decode()}" in text
    assert 'class="frame" href="renditions/ab/large.jpg"' in text


def test_a_rendition_too_large_for_the_page_lies_beside_it() -> None:
    large = Picture("large", "jpeg", 64, 48, 1_000_000, "renditions/ab/large.jpg")
    text = page(Photo("a", "png", 64, 48, 1, HASH, 1, "fused", "", (large,)))
    assert 'class="beside" src="renditions/ab/large.jpg"' in text


def test_the_placeholder_is_a_picture_of_its_own() -> None:
    sources = [a["src"] or "" for tag, a in Reader(page(photo())).tags if tag == "img" and a.get("class") == "hash"]
    assert [source.partition(",")[0] for source in sources] == ["data:image/png;base64"]


def test_a_broken_hash_costs_only_the_placeholder() -> None:
    assert 'class="hash"' not in page(photo(thumbhash="broken"))


def test_what_is_known_of_a_photograph_is_said() -> None:
    text = Reader(page(photo(made_by="libvips", why="progressive"))).text
    for fact in ("b.jpg", "JPEG 4000\u200a×\u200a3000", "2.4 MB", "132 ms", "libvips", "progressive", "2 renditions"):
        assert fact in text


def test_refusals_are_grouped_by_reason() -> None:
    refusals = (
        Refusal("a", "empty", "", True),
        Refusal("b", "corrupt", "premature end", True),
        Refusal("c", "empty", "", False),
    )
    reader = Reader(page(refusals=refusals))
    assert [tag for tag, _ in reader.tags].count("h3") == 2
    assert reader.text.index("corrupt") < reader.text.index("empty")
    assert "premature end; in the dead-letter queue, with this reason" in reader.text
    assert "no letter was found" in reader.text


def test_problems_are_said_before_all_else_and_absent_when_there_are_none() -> None:
    assert "Not accounted for" not in Reader(page(photo())).text
    text = Reader(page(photo(), problems=("a.jpg: is still queued",))).text
    assert text.index("a.jpg: is still queued") < text.index("Published")


def test_figures_add_up_what_the_photographs_say() -> None:
    run = figures([photo(why="alpha"), photo(made_by="fused")], [Refusal("r", "empty", "", True)], 4.0)
    assert (run.images, run.renditions, run.bytes_in) == (2, 4, 4_800_000)
    assert run.bytes_out == 2 * (len(BODIES["small"]) + len(BODIES["large"]))
    assert (run.images_per_second, run.bytes_per_second) == (0.5, 1_200_000)
    assert (run.made_by, run.declined, run.refused) == ({"libvips": 1, "fused": 1}, {"alpha": 1}, {"empty": 1})


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 50) == 0
    assert percentile([7], 99) == 7
    assert percentile(list(range(1, 101)), 50) == 50
    assert percentile(list(range(1, 101)), 99) == 99
    assert percentile([1, 2, 3], 99) == 3


def test_an_empty_run_still_makes_a_page() -> None:
    assert Reader(page()).open == []
