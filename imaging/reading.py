"""How a recipe is read from tables, whoever wrote them: every field with its bounds, every mistake with its path."""

from collections.abc import Callable, Iterator
from typing import Any

from imaging.canonical import SCHEMA
from imaging.complaints import Complaints, Table, out_of_range
from imaging.errors import RecipeTooNew
from imaging.formats import WRITERS
from imaging.renditions import (
    AUTO,
    CORNERS,
    GRAVITIES,
    LEAST_EDGE,
    MODES,
    Analysis,
    ImageWatermark,
    Recipe,
    Rendition,
    Resize,
    Sharpen,
    TextWatermark,
    Watermark,
)

MAX_RENDITIONS = 16
MAX_SCORED_PIXELS = 4_000_000  # a million take 0.8 s of a core to score, and are scored seven times
MAX_EDGE = 16_383  # the longest edge that every format can hold
MAX_ASSET_BYTES = 350 * 1024  # one item of the table that keeps them, with room for its other attributes
MAX_TEXT = 200
MAX_LABELS = 10  # they are kept in the image's record

#: Metadata that a rendition may keep: EXIF's Artist and Copyright, nothing else of the original.
KEEPABLE = ("copyright",)

NAME = r"[a-z0-9][a-z0-9-]{0,31}"
NAME_MEANS = "1 to 32 of a-z, 0-9 and '-', not starting with '-'"
COLOUR = r"#[0-9a-f]{6}"
COLOUR_MEANS = "a colour like '#ffffff', in lower case"

PNG = b"\x89PNG\r\n\x1a\n"
FONTS = (b"\0\1\0\0", b"OTTO", b"true")


def read(written: object, files: Callable[[str], bytes]) -> Recipe:
    """A recipe from tables, however they were written."""
    complaints = Complaints()
    top = Table(written, "", complaints)
    schema = top.whole("schema", 1, 2**31, SCHEMA)
    if schema > SCHEMA:
        raise RecipeTooNew(schema, SCHEMA)
    name = top.text("name", NAME, NAME_MEANS)
    tables = top.tables("renditions", 1, MAX_RENDITIONS)
    renditions = tuple(read_rendition(table, files) for table in tables)
    for table, twin in twins(renditions, tables):
        table.note("name", f"is taken by {twin.path}")
    check_scored(renditions, tables)
    analysis = read_analysis(inner) if (inner := top.table("analysis")) else None
    recipe = Recipe(name, renditions, analysis)
    if analysis and recipe.shown is None:
        top.note("analysis", f"needs a JPEG or PNG rendition of {LEAST_EDGE} pixels or more each way, to be looked at")
    top.done()
    complaints.settle()
    return recipe


def read_analysis(table: Table) -> Analysis:
    """What to ask Rekognition: something, at least."""
    analysis = Analysis(
        labels=table.whole("labels", 0, MAX_LABELS, 0),
        moderation=table.flag("moderation", False),
        confidence=table.number("confidence", 50, 100, 80.0),
    )
    if not analysis.calls and not ("labels" in table and table.fields["labels"]):
        table.note("labels", "and moderation: nothing is asked for, so leave the table out or ask for one of them")
    table.done()
    return analysis


def check_scored(renditions: tuple[Rendition, ...], tables: list[Table]) -> None:
    """Note every quality left to a score that would take too long to find."""
    scored = 0
    for rendition, table in zip(renditions, tables, strict=True):
        if rendition.aim is None:
            continue
        box = rendition.resize
        if box is None or box.width is None or box.height is None:
            table.note("quality", f"{AUTO!r} needs a resize with both edges: scoring takes long")
            continue
        scored += box.width * box.height
        if scored > MAX_SCORED_PIXELS:
            table.note("quality", f"{AUTO!r} is for {MAX_SCORED_PIXELS:,} pixels in a recipe, with this {scored:,}")


def twins(renditions: tuple[Rendition, ...], tables: list[Table]) -> Iterator[tuple[Table, Table]]:
    """Every rendition whose name an earlier one has, with that one."""
    first: dict[str, Table] = {}
    for rendition, table in zip(renditions, tables, strict=True):
        if rendition.name in first:
            yield table, first[rendition.name]
        elif rendition.name:
            first[rendition.name] = table


def read_rendition(table: Table, files: Callable[[str], bytes]) -> Rendition:
    """One rendition, with what its format makes of its knobs."""
    format = table.choice("format", WRITERS)
    rendition = Rendition(
        name=table.text("name", NAME, NAME_MEANS),
        format=format,
        quality=read_quality(table),
        target=table.number("target", 30, 95, None),
        effort=read_effort(table, format),
        lossless=table.flag("lossless", False),
        progressive=table.flag("progressive", False),
        background=table.text("background", COLOUR, COLOUR_MEANS, "#ffffff"),
        keep=table.words("keep", KEEPABLE),
        resize=read_resize(inner) if (inner := table.table("resize")) else None,
        sharpen=read_sharpen(inner) if (inner := table.table("sharpen")) else None,
        watermark=read_watermark(inner, files) if (inner := table.table("watermark")) else None,
    )
    if format:
        check_knobs(table, rendition)
    table.done()
    return rendition


def read_quality(table: Table) -> Any:
    """A number, or the word that leaves it to a score."""
    what = f"{AUTO!r} or a whole number"
    return table.read(
        "quality", None, lambda value: None if value == AUTO else out_of_range(value, 1, 100, (int,), what)
    )


def read_effort(table: Table, format: str | None) -> Any:
    """A number, however it was written: a trade-off by name is the same number for good, and kept as that."""
    efforts = WRITERS[format].efforts if format else range(0)
    paces = dict(WRITERS[format].paces) if format else {}
    low, high = min(efforts, default=0), max(efforts, default=0)
    what = f"one of {', '.join(paces)} or a whole number"
    names = tuple(paces)
    effort = table.read(
        "effort",
        None,
        lambda value: None if not efforts or value in names else out_of_range(value, low, high, (int,), what),
    )
    return paces[effort] if effort in names else effort


def check_knobs(table: Table, rendition: Rendition) -> None:
    """Note every knob that would do nothing: whoever turned it meant something by it."""
    writer, format = WRITERS[rendition.format], rendition.format
    idle = (
        ("quality", rendition.quality is not None and writer.quality is None, f"{format} has none: it loses nothing"),
        ("quality", rendition.quality is not None and rendition.lossless, "means nothing when lossless is true"),
        (
            "quality",
            rendition.quality == AUTO and writer.quality is not None and not writer.scored,
            f"{AUTO!r} is for {' and '.join(name for name, each in WRITERS.items() if each.scored)}",
        ),
        ("target", rendition.target is not None and rendition.quality != AUTO, f"needs quality = {AUTO!r}"),
        ("effort", rendition.effort is not None and not writer.efforts, f"{format} has none"),
        ("lossless", rendition.lossless and not writer.lossless, f"{format} knows no such choice"),
        ("progressive", rendition.progressive and not writer.progressive, f"{format} knows no such choice"),
        (
            "background",
            rendition.background != "#ffffff" and writer.alpha,
            f"is never seen: {format} keeps transparency",
        ),
    )
    for name, wrong, message in idle:
        if wrong:
            table.note(name, message)


def read_resize(table: Table) -> Resize:
    """A box: at least one edge of it, both to fill it."""
    resize = Resize(
        width=table.whole("width", 1, MAX_EDGE, None),
        height=table.whole("height", 1, MAX_EDGE, None),
        mode=table.choice("mode", MODES, "limit"),
        gravity=table.choice("gravity", GRAVITIES, "centre"),
    )
    if "width" not in table and "height" not in table:
        table.note("width", "is missing, and so is height: give at least one")
    elif resize.mode == "fill" and not ("width" in table and "height" in table):
        table.note("height" if "width" in table else "width", "is missing: to fill a box takes both edges")
    if resize.mode != "fill" and resize.gravity != "centre":
        table.note("gravity", f"does nothing in mode {resize.mode!r}: only fill crops")
    table.done()
    return resize


def read_sharpen(table: Table) -> Sharpen:
    """An unsharp mask."""
    sharpen = Sharpen(sigma=table.number("sigma", 0.3, 10), amount=table.number("amount", 0, 5))
    table.done()
    return sharpen


def read_watermark(table: Table, files: Callable[[str], bytes]) -> Watermark | None:
    """An image or a text, whichever field is there."""
    if ("image" in table) == ("text" in table):
        table.note("image", "and text: exactly one of them makes a watermark")
        return None
    watermark = read_image(table, files) if "image" in table else read_text(table, files)
    table.done()
    return watermark


def read_image(table: Table, files: Callable[[str], bytes]) -> ImageWatermark:
    """A PNG to lay over."""
    return ImageWatermark(
        image=read_asset(table, "image", files, (PNG,), "a PNG"),
        width=table.number("width", 0.01, 1),
        gravity=table.choice("gravity", CORNERS, "south-east"),
        margin=table.number("margin", 0, 0.5, 0.03),
        opacity=table.number("opacity", 0, 1, 1.0),
    )


def read_text(table: Table, files: Callable[[str], bytes]) -> TextWatermark:
    """A line of text to lay over."""
    return TextWatermark(
        text=table.text("text", rf"[^\x00-\x1f\x7f]{{1,{MAX_TEXT}}}", f"one line of 1 to {MAX_TEXT} characters"),
        font=read_asset(table, "font", files, FONTS, "a TrueType or OpenType font"),
        size=table.number("size", 0.005, 0.5),
        colour=table.text("colour", COLOUR, COLOUR_MEANS, "#ffffff"),
        gravity=table.choice("gravity", CORNERS, "south-east"),
        margin=table.number("margin", 0, 0.5, 0.03),
        opacity=table.number("opacity", 0, 1, 1.0),
    )


def read_asset(table: Table, field: str, files: Callable[[str], bytes], magics: tuple[bytes, ...], means: str) -> bytes:
    """The bytes of a file that a recipe names, looked at only as far as its first ones."""
    name = table.text(field, r".{1,1024}", "the name of a file")
    if name is None:
        return b""
    try:
        content = files(name)
    except (OSError, LookupError, ValueError) as error:
        table.note(field, f"{name!r} cannot be read: {error}")
        return b""
    if not content.startswith(magics):
        table.note(field, f"{name!r} is not {means}")
    if len(content) > MAX_ASSET_BYTES:
        table.note(field, f"{name!r} has {len(content):,} bytes, at most {MAX_ASSET_BYTES:,}")
    return content
