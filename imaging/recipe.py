"""Recipes: what is to be made of an original, as plain data. Importable anywhere, nothing of libvips in here.

People write TOML; `parse` reads it and names every mistake. Machines keep canonical JSON, in which images and fonts
are replaced by their sha256; `dump` and `load` go there and back, and `digest` names the whole.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from imaging.complaints import Complaints, Table
from imaging.errors import Problem, RecipeInvalid, RecipeTooNew
from imaging.formats import WRITERS

__all__ = ["Body", "Problem", "Recipe", "RecipeInvalid", "RecipeTooNew", "digest", "dump", "load", "parse"]

#: Raised by one whenever an older worker could no longer read, or would misread, what `dump` writes.
SCHEMA = 1

MAX_RENDITIONS = 16
MAX_EDGE = 16_383  # the longest edge that every format can hold
MAX_ASSET_BYTES = 350 * 1024  # one item of the table that keeps them, with room for its other attributes
MAX_TEXT = 200

Mode = Literal["limit", "fit", "fill"]
Gravity = Literal[
    "centre", "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west", "smart"
]

MODES: tuple[Mode, ...] = ("limit", "fit", "fill")
CORNERS: tuple[Gravity, ...] = (
    "centre",
    "north",
    "north-east",
    "east",
    "south-east",
    "south",
    "south-west",
    "west",
    "north-west",
)
GRAVITIES: tuple[Gravity, ...] = (*CORNERS, "smart")

#: Metadata that a rendition may keep: EXIF's Artist and Copyright, nothing else of the original.
KEEPABLE = ("copyright",)

NAME = r"[a-z0-9][a-z0-9-]{0,31}"
NAME_MEANS = "1 to 32 of a-z, 0-9 and '-', not starting with '-'"
COLOUR = r"#[0-9a-f]{6}"
COLOUR_MEANS = "a colour like '#ffffff', in lower case"

PNG = b"\x89PNG\r\n\x1a\n"
FONTS = (b"\0\1\0\0", b"OTTO", b"true")


@dataclass(frozen=True, slots=True)
class Resize:
    """A box for the image. An edge left out bounds nothing.

    limit: inside the box, never enlarged. fit: inside the box, enlarged if need be.
    fill: covers the box, then is cropped to exactly the box where `gravity` says.
    """

    width: int | None
    height: int | None
    mode: Mode = "limit"
    gravity: Gravity = "centre"


@dataclass(frozen=True, slots=True)
class Sharpen:
    """An unsharp mask on luma, in gamma space: rgb + amount x (Y - gauss(Y, sigma)); sigma in pixels."""

    sigma: float
    amount: float


@dataclass(frozen=True, slots=True)
class ImageWatermark:
    """A PNG laid over the image: its width as a share of the image's, the margin as a share of the shorter edge."""

    image: bytes = field(repr=False)
    width: float
    gravity: Gravity = "south-east"
    margin: float = 0.03
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class TextWatermark:
    """One line of text laid over the image: its size as a share of the image's height, the font a TrueType file."""

    text: str
    font: bytes = field(repr=False)
    size: float
    colour: str = "#ffffff"
    gravity: Gravity = "south-east"
    margin: float = 0.03
    opacity: float = 1.0


Watermark = ImageWatermark | TextWatermark


@dataclass(frozen=True, slots=True)
class Rendition:
    """One derived image. `quality` and `effort` are the format's own where they are None."""

    name: str
    format: str
    quality: int | None = None
    effort: int | None = None
    lossless: bool = False
    progressive: bool = False
    background: str = "#ffffff"
    keep: tuple[str, ...] = ()
    resize: Resize | None = None
    sharpen: Sharpen | None = None
    watermark: Watermark | None = None
    #: Every size of the recipe that this rendition is in, written by the recipe: levels are made from one another.
    sizes: tuple[Resize | None, ...] = field(default=(), repr=False, compare=False)

    @property
    def definition(self) -> str:
        """8 hex digits that change with whatever this rendition's pixels depend on, and with nothing else."""
        own = asdict(replace(self, name="", sizes=()))
        sizes = sorted(canonical(asdict(size) if size else None) for size in set(self.sizes))
        return sha256(canonical([SCHEMA, replaced(own, {}), [size.decode() for size in sizes]]))[:8]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named list of renditions, made from one decode of the original."""

    name: str
    renditions: tuple[Rendition, ...]

    def __post_init__(self) -> None:
        """Tell every rendition the company it is in."""
        sizes = tuple(rendition.resize for rendition in self.renditions)
        object.__setattr__(self, "renditions", tuple(replace(each, sizes=sizes) for each in self.renditions))


@dataclass(frozen=True, slots=True)
class Body:
    """A recipe as it is kept: canonical JSON, and the images and fonts it names, by sha256 in hex."""

    json: bytes
    assets: dict[str, bytes]


def parse(text: str, files: Callable[[str], bytes]) -> Recipe:
    """A recipe from TOML. `files` answers the bytes of a watermark or font by the name written in the recipe.

    Raises RecipeInvalid with every mistake, RecipeTooNew for a schema of the future.
    """
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeInvalid((Problem("", f"is not TOML: {error}"),)) from None
    return read(written, files)


def dump(recipe: Recipe) -> Body:
    """A recipe as canonical JSON and the assets that it names."""
    assets: dict[str, bytes] = {}
    plain = {
        "schema": SCHEMA,
        "name": recipe.name,
        "renditions": [
            {name: value for name, value in asdict(each).items() if name != "sizes"} for each in recipe.renditions
        ],
    }
    return Body(canonical(replaced(plain, assets)), assets)


def load(body: bytes, assets: Mapping[str, bytes]) -> Recipe:
    """The recipe that was dumped. Raises RecipeInvalid if it is damaged or an asset is missing, RecipeTooNew."""
    try:
        kept = json.loads(body)
    except ValueError as error:
        raise RecipeInvalid((Problem("", f"is not JSON: {error}"),)) from None
    return read(kept, lambda name: asset(name, assets))


def digest(recipe: Recipe) -> str:
    """32 hex digits: what is asked for, watermark and font bytes included."""
    return sha256(dump(recipe).json)[:32]


# How a recipe is written down


def canonical(value: Any) -> bytes:
    """One way to write a value: sorted, without spaces, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def replaced(value: Any, assets: dict[str, bytes]) -> Any:
    """A plain value with all bytes in it replaced by their sha256, and put into `assets`."""
    if isinstance(value, bytes):
        name = sha256(value)
        assets[name] = value
        return name
    if isinstance(value, dict):
        return {name: replaced(inner, assets) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [replaced(inner, assets) for inner in value]
    return value


def sha256(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def asset(name: str, assets: Mapping[str, bytes]) -> bytes:
    """A kept asset, which is what its name says."""
    content = assets[name]
    if sha256(content) != name:
        raise ValueError("its bytes have changed")
    return content


# How a recipe is read


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
    top.done()
    complaints.settle()
    return Recipe(name, renditions)


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
    efforts = WRITERS[format].efforts if format else range(0)
    rendition = Rendition(
        name=table.text("name", NAME, NAME_MEANS),
        format=format,
        quality=table.whole("quality", 1, 100, None),
        effort=table.whole("effort", min(efforts, default=0), max(efforts, default=9), None),
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


def check_knobs(table: Table, rendition: Rendition) -> None:
    """Note every knob that would do nothing: whoever turned it meant something by it."""
    writer, format = WRITERS[rendition.format], rendition.format
    idle = (
        ("quality", rendition.quality is not None and writer.quality is None, f"{format} has none: it loses nothing"),
        ("quality", rendition.quality is not None and rendition.lossless, "means nothing when lossless is true"),
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
