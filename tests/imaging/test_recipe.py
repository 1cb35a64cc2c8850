"""Recipes are data: they are read with good complaints, kept without loss, and named by what they say."""

import json
import re
import string
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.formats import WRITERS
from imaging.reading import COLOUR, MAX_ASSET_BYTES, PNG
from imaging.recipe import (
    SCHEMA,
    ImageWatermark,
    Problem,
    Recipe,
    RecipeInvalid,
    RecipeTooNew,
    Rendition,
    Resize,
    Sharpen,
    TextWatermark,
    digest,
    dump,
    load,
    parse,
)
from imaging.renditions import CORNERS, GRAVITIES, MODES, TARGET
from tests.imaging.recipes import SHIPPED, shipped

FILES = {
    "mark.png": PNG + b"mark",
    "sans.ttf": b"\0\1\0\0sans",
    "letter.txt": b"Dear",
    "huge.png": PNG + bytes(MAX_ASSET_BYTES),
}


def problems(text: str) -> dict[str, str]:
    """Every mistake in a recipe, by its path."""
    with pytest.raises(RecipeInvalid) as invalid:
        parse(text, FILES.__getitem__)
    return {problem.path: problem.message for problem in invalid.value.problems}


def rendition(fields: str) -> str:
    """A recipe whose only rendition has these fields beside a name."""
    return f'name = "r"\n[[renditions]]\nname = "a"\n{fields}'


def test_every_field_is_read() -> None:
    recipe = parse(
        """
        schema = 1
        name = "full"
        [[renditions]]
        name = "large"
        format = "jpeg"
        quality = 82
        progressive = true
        background = "#102030"
        keep = ["copyright"]
        resize = { width = 800, height = 600, mode = "fill", gravity = "smart" }
        sharpen = { sigma = 1, amount = 0.5 }
        watermark = { image = "mark.png", width = 0.2, gravity = "north", margin = 0.1, opacity = 0.5 }
        [[renditions]]
        name = "words"
        format = "webp"
        effort = 6
        lossless = true
        watermark = { text = "© me", font = "sans.ttf", size = 0.1, colour = "#ff0000" }
        """,
        FILES.__getitem__,
    )
    assert recipe.name == "full"
    large, words = recipe.renditions
    assert large == Rendition(
        "large",
        "jpeg",
        quality=82,
        progressive=True,
        background="#102030",
        keep=("copyright",),
        resize=Resize(800, 600, "fill", "smart"),
        sharpen=Sharpen(1.0, 0.5),
        watermark=ImageWatermark(FILES["mark.png"], 0.2, "north", 0.1, 0.5),
    )
    assert words.watermark == TextWatermark("© me", FILES["sans.ttf"], 0.1, "#ff0000", "south-east", 0.03, 1.0)
    assert (words.effort, words.lossless) == (6, True)


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ('format = "jpg"', "renditions[0].format", "did you mean 'jpeg'?"),
        ("", "renditions[0].format", "is missing"),
        ('format = "jpeg"\nquality = 0', "renditions[0].quality", "must be 1 to 100, not 0"),
        (
            'format = "jpeg"\nquality = "high"',
            "renditions[0].quality",
            "must be 'auto' or a whole number from 1 to 100",
        ),
        (
            'format = "avif"\nquality = "auto"\nresize = { width = 9, height = 9 }',
            "renditions[0].quality",
            "'auto' is for jpeg and webp",
        ),
        (
            'format = "png"\nquality = "auto"\nresize = { width = 9, height = 9 }',
            "renditions[0].quality",
            "png has none",
        ),
        (
            'format = "webp"\nlossless = true\nquality = "auto"\nresize = { width = 9, height = 9 }',
            "renditions[0].quality",
            "means nothing when lossless",
        ),
        ('format = "jpeg"\nquality = "auto"', "renditions[0].quality", "needs a resize with both edges"),
        (
            'format = "jpeg"\nquality = "auto"\nresize = { width = 4000, height = 1001 }',
            "renditions[0].quality",
            "4,000,000 pixels in a recipe",
        ),
        ('format = "jpeg"\nquality = 80\ntarget = 80', "renditions[0].target", "needs quality = 'auto'"),
        ('format = "jpeg"\nquality = "auto"\ntarget = 96', "renditions[0].target", "must be 30 to 95"),
        ('format = "webp"\neffort = "slow"', "renditions[0].effort", "must be one of fast, balanced, small or a whole"),
        ('format = "jpeg"\neffort = "fast"', "renditions[0].effort", "jpeg has none"),
        ('format = "jpeg"\nquality = true', "renditions[0].quality", "not a boolean"),
        ('format = "jpeg"\nquality = 80.0', "renditions[0].quality", "not a float"),
        ('format = "png"\nquality = 80', "renditions[0].quality", "png has none"),
        ('format = "webp"\nlossless = true\nquality = 80', "renditions[0].quality", "means nothing when lossless"),
        ('format = "jpeg"\neffort = 3', "renditions[0].effort", "jpeg has none"),
        ('format = "webp"\neffort = 7', "renditions[0].effort", "must be 0 to 6"),
        ('format = "jpeg"\nlossless = true', "renditions[0].lossless", "knows no such choice"),
        ('format = "webp"\nprogressive = true', "renditions[0].progressive", "knows no such choice"),
        ('format = "jpeg"\nprogressive = "yes"', "renditions[0].progressive", "must be true or false, not a string"),
        ('format = "png"\nbackground = "#000000"', "renditions[0].background", "keeps transparency"),
        ('format = "jpeg"\nbackground = "red"', "renditions[0].background", "must be a colour"),
        ('format = "jpeg"\nbackground = "#FFFFFF\\n"', "renditions[0].background", "must be a colour"),
        ('format = "jpeg"\nkeep = ["gps"]', "renditions[0].keep[0]", "must be one of copyright"),
        ('format = "jpeg"\nkeep = "copyright"', "renditions[0].keep", "must be an array"),
        ('format = "jpeg"\nqualty = 80', "renditions[0].qualty", "did you mean 'quality'?"),
        ('format = "jpeg"\nresize = 100', "renditions[0].resize", "must be a table, not an integer"),
        ('format = "jpeg"\nresize = {}', "renditions[0].resize.width", "give at least one"),
        ('format = "jpeg"\nresize = { width = 0 }', "renditions[0].resize.width", "must be 1 to 16383"),
        ('format = "jpeg"\nresize = { width = 9, mode = "fill" }', "renditions[0].resize.height", "takes both edges"),
        ('format = "jpeg"\nresize = { height = 9, mode = "fill" }', "renditions[0].resize.width", "takes both edges"),
        ('format = "jpeg"\nresize = { width = 9, mode = "crop" }', "renditions[0].resize.mode", "limit, fit, fill"),
        (
            'format = "jpeg"\nresize = { width = 9, gravity = "north" }',
            "renditions[0].resize.gravity",
            "only fill crops",
        ),
        ('format = "jpeg"\nresize = { widht = 9 }', "renditions[0].resize.widht", "did you mean 'width'?"),
        ('format = "jpeg"\nsharpen = { sigma = nan, amount = 1 }', "renditions[0].sharpen.sigma", "must be 0.3 to 10"),
        ('format = "jpeg"\nsharpen = { sigma = 1 }', "renditions[0].sharpen.amount", "is missing"),
        ('format = "jpeg"\nwatermark = { width = 0.1 }', "renditions[0].watermark.image", "exactly one"),
        (
            'format = "jpeg"\nwatermark = { image = "no.png", width = 0.1 }',
            "renditions[0].watermark.image",
            "'no.png' cannot be read",
        ),
        (
            'format = "jpeg"\nwatermark = { image = "letter.txt", width = 0.1 }',
            "renditions[0].watermark.image",
            "is not a PNG",
        ),
        (
            'format = "jpeg"\nwatermark = { image = "huge.png", width = 0.1 }',
            "renditions[0].watermark.image",
            "at most 358,400",
        ),
        (
            'format = "jpeg"\nwatermark = { image = "mark.png", width = 2 }',
            "renditions[0].watermark.width",
            "must be 0.01 to 1",
        ),
        (
            'format = "jpeg"\nwatermark = { text = "a\\nb", font = "sans.ttf", size = 0.1 }',
            "renditions[0].watermark.text",
            "one line",
        ),
        (
            'format = "jpeg"\nwatermark = { text = "a", font = "mark.png", size = 0.1 }',
            "renditions[0].watermark.font",
            "TrueType",
        ),
        (
            'format = "jpeg"\nwatermark = { image = "mark.png", width = 0.1, size = 0.1 }',
            "renditions[0].watermark.size",
            "is not a field here",
        ),
        (
            'format = "jpeg"\nwatermark = { image = "mark.png", width = 0.1, gravity = "smart" }',
            "renditions[0].watermark.gravity",
            "must be one of",
        ),
    ],
)
def test_a_mistake_is_named_with_its_path(fields: str, path: str, message: str) -> None:
    assert message in problems(rendition(fields))[path]


def test_every_mistake_is_named_at_once() -> None:
    found = problems(
        """
        nmae = "x"
        [[renditions]]
        name = "Large"
        format = "jpeg"
        quality = 101
        [[renditions]]
        name = "a"
        format = "bmp"
        [[renditions]]
        name = "a"
        format = "png"
        sharpen = { sigma = 0, amount = -1 }
        """
    )
    assert set(found) == {
        "name",
        "nmae",
        "renditions[0].name",
        "renditions[0].quality",
        "renditions[1].format",
        "renditions[2].name",
        "renditions[2].sharpen.sigma",
        "renditions[2].sharpen.amount",
    }
    assert found["renditions[2].name"] == "is taken by renditions[1]"
    assert "did you mean 'name'?" in found["nmae"]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("name = ", "", "is not TOML"),
        ('name = "r"', "renditions", "is missing"),
        ('name = "r"\nrenditions = []', "renditions", "must hold 1 to 16 entries, not 0"),
        ('name = "r"\nrenditions = 3', "renditions", "must be an array of tables, not an integer"),
        ('name = "r"\nrenditions = [3]', "renditions[0]", "must be a table, not an integer"),
        ('name = "-r"\n[[renditions]]\nname = "a"\nformat = "png"', "name", "not starting with '-'"),
        (f'name = "{"r" * 33}"\n[[renditions]]\nname = "a"\nformat = "png"', "name", "1 to 32"),
        ('name = "r"\nschema = "1"', "schema", "must be a whole number"),
        (
            'name = "r"\n' + "".join(f'[[renditions]]\nname = "a{n}"\nformat = "png"\n' for n in range(17)),
            "renditions",
            "must hold 1 to 16 entries, not 17",
        ),
    ],
)
def test_a_recipe_that_is_none_says_why(text: str, path: str, message: str) -> None:
    assert message in problems(text)[path]


def test_the_complaint_reads_as_a_list() -> None:
    with pytest.raises(RecipeInvalid) as invalid:
        parse('name = "r"\n[[renditions]]\nname = "a"\nformat = "jpeg"\nquality = 0\neffort = 1', FILES.__getitem__)
    assert str(invalid.value) == ("renditions[0].quality: must be 1 to 100, not 0\nrenditions[0].effort: jpeg has none")
    assert invalid.value.problems[0] == Problem("renditions[0].quality", "must be 1 to 100, not 0")


def test_a_recipe_of_the_future_is_handed_back() -> None:
    with pytest.raises(RecipeTooNew) as new:
        load(json.dumps({"schema": SCHEMA + 1, "name": "r", "pyramids": []}).encode(), {})
    assert (new.value.schema, new.value.known) == (SCHEMA + 1, SCHEMA)


def test_a_kept_recipe_must_be_whole() -> None:
    body = dump(shipped("default"))
    (asset,) = body.assets
    for assets in ({}, {asset: PNG}):
        with pytest.raises(RecipeInvalid, match=r"watermark\.image"):
            load(body.json, assets)
    with pytest.raises(RecipeInvalid, match="is not JSON"):
        load(body.json[:-1], body.assets)


# Any recipe whatever

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
colours = st.from_regex(COLOUR, fullmatch=True)
shares = st.floats(0.01, 0.5)
edges = st.integers(1, 16_383)
lines = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
resizes = st.one_of(
    st.builds(Resize, edges, edges, st.just("fill"), st.sampled_from(GRAVITIES)),
    st.builds(Resize, edges, edges | st.none(), st.sampled_from([mode for mode in MODES if mode != "fill"])),
    st.builds(Resize, st.none(), edges),
)
marks = st.one_of(
    st.builds(ImageWatermark, st.binary(max_size=9).map(PNG.__add__), shares, st.sampled_from(CORNERS), shares, shares),
    st.builds(TextWatermark, lines, st.just(b"OTTO"), shares, colours, st.sampled_from(CORNERS), shares, shares),
)
renditions = st.builds(
    Rendition,
    name=names,
    format=st.just("jpeg"),
    quality=st.none() | st.integers(1, 100),
    progressive=st.booleans(),
    background=colours,
    keep=st.sampled_from([(), ("copyright",)]),
    resize=st.none() | resizes,
    sharpen=st.none() | st.builds(Sharpen, st.floats(0.3, 10), st.floats(0, 5)),
    watermark=st.none() | marks,
)
recipes = st.builds(
    Recipe, names, st.lists(renditions, min_size=1, max_size=5, unique_by=lambda each: each.name).map(tuple)
)


@given(recipes)
def test_what_is_kept_comes_back(recipe: Recipe) -> None:
    body = dump(recipe)
    again = load(body.json, body.assets)
    assert again == recipe
    assert digest(again) == digest(recipe)
    assert [each.definition for each in again.renditions] == [each.definition for each in recipe.renditions]
    assert dump(again) == body


@given(recipes)
def test_names_of_digests_are_hex(recipe: Recipe) -> None:
    assert len(digest(recipe)) == 32
    assert set(digest(recipe)) <= set(string.hexdigits.lower())
    assert all(len(each.definition) == 8 for each in recipe.renditions)


@given(
    st.dictionaries(
        st.text(max_size=9),
        st.recursive(
            st.integers() | st.text(max_size=5) | st.booleans() | st.none(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "format", "resize", "width", "watermark", "text"]), inner, max_size=4
                )
            ),
        ),
        max_size=5,
    ),
    st.booleans(),
)
def test_no_nonsense_breaks_the_reader(nonsense: dict[str, object], renditions: bool) -> None:
    written = {"renditions": [nonsense]} if renditions else nonsense
    with pytest.raises((RecipeInvalid, RecipeTooNew)):
        load(json.dumps(written).encode(), {})


# What names a recipe


def test_the_digest_covers_the_bytes_of_a_mark() -> None:
    recipe = shipped("default")
    first = recipe.renditions[0]
    assert isinstance(first.watermark, ImageWatermark)
    other = replace(first, watermark=replace(first.watermark, image=PNG))
    assert digest(replace(recipe, renditions=(other, *recipe.renditions[1:]))) != digest(recipe)


def test_a_definition_changes_with_what_the_pixels_depend_on_and_nothing_else() -> None:
    one, two = Rendition("one", "jpeg", resize=Resize(800, 800)), Rendition("two", "webp", resize=Resize(200, 200))
    definition = Recipe("r", (one, two)).renditions[1].definition
    alike = (
        Recipe("other", (one, two)),
        Recipe("r", (two, one)),
        Recipe("r", (replace(one, name="uno", format="avif", quality=3), two)),
        Recipe("r", (replace(one, sharpen=Sharpen(1, 1)), two)),
    )
    different = (
        Recipe("r", (replace(one, resize=Resize(900, 900)), two)),
        Recipe("r", (two,)),
        Recipe("r", (one, replace(two, quality=3))),
        Recipe("r", (one, replace(two, sharpen=Sharpen(1, 1)))),
    )
    assert all(definition == named(recipe, "two").definition for recipe in alike)
    assert all(definition != named(recipe, "two").definition for recipe in different)


def test_every_knob_of_a_rendition_is_part_of_its_definition() -> None:
    """One that were not would leave what was published under the old one in its place."""
    plain = Rendition("a", "jpeg")
    turned: dict[str, Any] = {
        "format": "png",
        "quality": 3,
        "target": 60.0,
        "effort": 1,
        "lossless": True,
        "progressive": True,
        "background": "#000000",
        "keep": ("copyright",),
        "resize": Resize(3, 3),
        "sharpen": Sharpen(1, 1),
        "watermark": ImageWatermark(PNG, 0.2),
    }
    assert {field.name for field in fields(Rendition)} == {*turned, "name", "sizes"}
    definitions = {replace(plain, **{knob: value}).definition for knob, value in turned.items()}
    assert len(definitions | {plain.definition}) == len(turned) + 1


def named(recipe: Recipe, name: str) -> Rendition:
    """The rendition of that name."""
    return next(each for each in recipe.renditions if each.name == name)


@pytest.mark.parametrize("name", ["default", "web"])
def test_the_shipped_recipes_are_good(name: str) -> None:
    recipe = shipped(name)
    body = dump(recipe)
    assert recipe.name == name
    assert load(body.json, body.assets) == recipe
    assert len(body.json) < 4096
    assert b"format" in body.json


def test_the_default_recipe_is_what_is_measured() -> None:
    recipe = shipped("default")
    assert [(each.name, each.format, each.quality, each.resize) for each in recipe.renditions] == [
        ("large", "jpeg", 80, Resize(2048, 2048)),
        ("medium", "jpeg", 80, Resize(1280, 1280)),
        ("small", "jpeg", 80, Resize(640, 640)),
        ("thumb", "webp", 80, Resize(256, 256)),
    ]
    assert [each.watermark is not None for each in recipe.renditions] == [True, False, False, False]


def test_recipes_are_read_without_libvips() -> None:
    """jobs decide about recipes in places where no libvips is: these modules must not reach for it."""
    code = (
        "import sys; sys.modules['pyvips'] = sys.modules['imaging._native'] = sys.modules['pi_heif'] = None\n"
        "import imaging, imaging.recipe, imaging.errors, imaging.rendered, imaging.geometry, imaging.limits"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# A quality left to a score, an effort by name


def written(fields: str) -> Recipe:
    return parse(f'name = "r"\n[[renditions]]\nname = "a"\n{fields}', FILES.__getitem__)


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_a_quality_may_be_left_to_a_score(format: str) -> None:
    plain, aimed = (
        written(f'format = "{format}"\nquality = "auto"{more}\nresize = {{ width = 9, height = 9 }}').renditions[0]
        for more in ("", "\ntarget = 82")
    )
    assert (plain.quality, plain.target, plain.aim) == ("auto", None, TARGET)
    assert (aimed.quality, aimed.target, aimed.aim) == ("auto", 82.0, 82.0)


def test_what_is_at_a_bound_is_within_it() -> None:
    assert written('format = "jpeg"\nquality = "auto"\nresize = { width = 2000, height = 2000 }')
    mark = PNG + bytes(MAX_ASSET_BYTES - len(PNG))
    text = 'name = "r"\n[[renditions]]\nname = "a"\nformat = "png"\nwatermark = { image = "mark.png", width = 0.5 }'
    assert parse(text, {"mark.png": mark}.__getitem__)
    readable = SMALL.replace("640", "80")
    assert analysing("labels = 5", LARGE, readable).shown == analysing("labels = 5", readable).renditions[0]


def test_what_needs_no_newer_schema_keeps_its_names() -> None:
    """A digest and a definition as they were before there was a target; an older worker hands back what it cannot."""
    numbered, aimed = (
        written(f'format = "jpeg"\nquality = {quality}')
        for quality in ("80", '"auto"\nresize = { width = 9, height = 9 }')
    )
    assert json.loads(dump(numbered).json)["schema"] == 1
    assert (digest(numbered), numbered.renditions[0].definition) == ("e6b98dda42cdbcd5781f56149ebc9d3e", "618dce5c")
    assert json.loads(dump(aimed).json)["schema"] == 2
    assert load(dump(aimed).json, {}) == aimed


@pytest.mark.parametrize("format", ["webp", "avif", "png"])
def test_an_effort_by_name_is_a_number_for_good(format: str) -> None:
    fast, balanced, small = (
        written(f'format = "{format}"\neffort = "{pace}"').renditions[0] for pace in ("fast", "balanced", "small")
    )
    assert (fast.effort or 0) < (balanced.effort or 0) < (small.effort or 0)
    assert balanced.effort == WRITERS[format].effort


THUMB = '[[renditions]]\nname = "thumb"\nformat = "webp"\nresize = { width = 256, height = 256 }\n'
SMALL = '[[renditions]]\nname = "small"\nformat = "jpeg"\nresize = { width = 640, height = 640 }\n'
TINY = '[[renditions]]\nname = "tiny"\nformat = "jpeg"\nresize = { width = 640, height = 64 }\n'
LARGE = '[[renditions]]\nname = "large"\nformat = "png"\n'


def analysing(asked: str, *renditions: str) -> Recipe:
    return parse(f'name = "r"\n{"".join(renditions)}[analysis]\n{asked}', FILES.__getitem__)


def test_an_analysis_looks_at_the_smallest_rendition_that_can_be_read() -> None:
    recipe = analysing("labels = 5\nmoderation = true", LARGE, SMALL, TINY, THUMB)
    assert recipe.analysis
    assert (recipe.analysis.labels, recipe.analysis.moderation, recipe.analysis.confidence) == (5, True, 80.0)
    assert recipe.shown
    assert recipe.shown.name == "small"
    assert analysing("labels = 5", LARGE, THUMB).shown == recipe.renditions[0]


def test_an_analysis_is_part_of_the_digest_and_of_no_definition() -> None:
    """A worker that knows of none hands the recipe back instead of forgetting it."""
    plain = parse(f'name = "r"\n{SMALL}', FILES.__getitem__)
    asking, other = (analysing(f"labels = {number}", SMALL) for number in (5, 6))
    assert len({digest(each) for each in (plain, asking, other)}) == 3
    assert plain.renditions[0].definition == asking.renditions[0].definition
    assert (json.loads(dump(plain).json)["schema"], json.loads(dump(asking).json)["schema"]) == (1, 3)
    assert load(dump(asking).json, {}) == asking


@pytest.mark.parametrize(
    ("asked", "renditions", "path", "message"),
    [
        ("", [SMALL], "analysis.labels", "nothing is asked for"),
        ("labels = 0\nmoderation = false", [SMALL], "analysis.labels", "nothing is asked for"),
        ("labels = 11", [SMALL], "analysis.labels", "must be 0 to 10, not 11"),
        ("labels = 5\nconfidence = 20", [SMALL], "analysis.confidence", "must be 50 to 100, not 20"),
        ("lables = 5", [SMALL], "analysis.lables", "did you mean 'labels'?"),
        ("labels = 5", [THUMB, TINY], "analysis", "needs a JPEG or PNG rendition of 80 pixels or more each way"),
    ],
)
def test_every_mistake_of_an_analysis_is_named(asked: str, renditions: list[str], path: str, message: str) -> None:
    with pytest.raises(RecipeInvalid) as invalid:
        analysing(asked, *renditions)
    assert [message in each.message for each in invalid.value.problems if each.path == path] == [True]


PAGE = (SHIPPED.parent / "docs" / "recipes.md").read_text()


def test_the_page_about_recipes_shows_one_that_is_right() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(parse(shown, lambda name: (SHIPPED / name).read_bytes()).renditions) == 2


@pytest.mark.parametrize("table", [Rendition, Resize, Sharpen, ImageWatermark, TextWatermark])
def test_the_page_about_recipes_tells_every_field(table: Any) -> None:
    assert [each.name for each in fields(table) if each.name != "sizes" and f"`{each.name}`" not in PAGE] == []
