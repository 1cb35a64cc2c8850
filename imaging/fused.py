"""The fused path: the whole set in one call to the Rust core, which holds no lock and few full frames.

What the core does not cover it declines, by the input's header and the recipe alone, with a word of its list
(`failure.rs`); libvips serves those. Sizes, defaults and marks come from where libvips' path has them, so the two
differ in pixels by rounding and by nothing else.
"""

from base64 import b64encode
from dataclasses import dataclass

from imaging import _native
from imaging.clock import Clock
from imaging.encode import check_edges, encode
from imaging.errors import ImagingError, Reason, Rejected
from imaging.formats import WRITERS
from imaging.geometry import Chain, Placement, Size, area, chain, shrink_on_load
from imaging.limits import Header, Limits, check_bytes, check_enlarged, check_header
from imaging.marks import prepare
from imaging.recipe import Recipe, Rendition, Sharpen
from imaging.rendered import Found, Original, Rendered, RenderedImage
from imaging.vips import Image

#: What libvips encodes: the core hands on the pixels, finished.
ENCODED_BY_LIBVIPS = frozenset(("avif",))


class Declined(ImagingError):
    """The core leaves this to libvips. `why` is its word for the reason, and is kept with the rendition."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Level:
    """One size of the chain, made from the level with the index `source`; the first is made from the original."""

    width: int
    height: int
    source: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """A mark in its final size: RGBA, not premultiplied."""

    left: int
    top: int
    width: int
    height: int
    rgba: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A rendition: its level scaled (most are that size already), the window kept of it, what is done, the format."""

    wanted: bool
    level: int
    scaled_width: int
    scaled_height: int
    left: int
    top: int
    width: int
    height: int
    sharpen: Sharpen | None
    overlays: tuple[Overlay, ...]
    format: str
    quality: int
    target: float | None
    effort: int
    lossless: bool
    progressive: bool
    background: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the core is to make: the fields are those of `plan.rs`."""

    levels: tuple[Level, ...]
    renditions: tuple[Cut, ...]
    shrink: int
    max_pixels: int


def render(
    original: bytes, recipe: Recipe, *, only: frozenset[str] | None = None, limits: Limits | None = None
) -> Rendered:
    """Every rendition of an original, or those named in `only`.

    Raises Declined, Rejected for the original's faults, RecipeInvalid for a watermark or a font that cannot be used.
    """
    limits = limits or Limits()
    check_bytes(original, limits)
    check_recipe(recipe)
    try:
        probe = _native.probe(original)
        check_header(header(probe), limits)
        sizes = chain(recipe, probe.width, probe.height)
        check_enlarged(*sizes.largest, limits)
        every = list(zip(recipe.renditions, sizes.placements, strict=True))
        for rendition, place in every:
            if is_wanted(rendition, only):
                check_edges(rendition, place.width, place.height)
        made = _native.render(original, plan(sizes, every, (probe.width, probe.height), limits, only))
    except _native.Unsupported as declined:
        raise Declined(declined.args[0]) from None
    except _native.Rejected as rejected:
        reason, detail = rejected.args
        raise Rejected(Reason(reason), detail) from None
    clock = Clock()
    wanted = [each for each in every if is_wanted(each[0], only)]
    images = tuple(
        image(*each, body, found, clock) for each, body, found in zip(wanted, made.bodies, made.found, strict=True)
    )
    thumbhash = b64encode(made.thumbhash).decode()
    about = Original(probe.format, probe.width, probe.height, len(original), made.blake3, thumbhash)
    return Rendered(images, about, path="fused", why=None, milliseconds=made.milliseconds | clock.milliseconds)


def is_wanted(rendition: Rendition, only: frozenset[str] | None) -> bool:
    """Whether a rendition is among those asked for."""
    return only is None or rendition.name in only


def image(
    rendition: Rendition, place: Placement, body: bytes, found: tuple[int, float] | None, clock: Clock
) -> RenderedImage:
    """One rendition: as the core encoded it, or its pixels as libvips does. `found`: a quality left to its score."""
    if rendition.format in ENCODED_BY_LIBVIPS:
        with clock.stage(rendition.format):
            bands = len(body) // (place.width * place.height)
            pixels = Image.new_from_memory(body, place.width, place.height, bands, "uchar").copy(interpretation="srgb")
            body, _ = encode(pixels, rendition)
    return RenderedImage(
        rendition.name, rendition.format, place.width, place.height, body, Found(*found) if found else None
    )


def check_recipe(recipe: Recipe) -> None:
    """Decline what only libvips makes."""
    for rendition in recipe.renditions:
        if rendition.format == "png" and rendition.progressive:
            raise Declined("interlaced-output")
        if rendition.resize and rendition.resize.gravity == "smart":
            raise Declined("smart-crop")
        if rendition.keep:
            raise Declined("kept-metadata")


def header(probe: _native.Probe) -> Header:
    """What the limits want to know."""
    return Header(
        width=probe.width,
        height=probe.height,
        frames=1,
        icc_bytes=probe.icc_bytes,
        exif_bytes=probe.exif_bytes,
        footprint=probe.footprint,
    )


def plan(
    chain: Chain,
    every: list[tuple[Rendition, Placement]],
    upright: Size,
    limits: Limits,
    only: frozenset[str] | None = None,
) -> Plan:
    """The core's orders. Levels that enlarge are made window by window, from the ground, where they are cut.

    Those that are not wanted are told as well: whether levels are R, G, B depends on the whole recipe.
    """
    index = {chain.ground: 0}
    levels = [Level(*chain.ground, 0)]
    for size, source in chain.levels:
        if area(size) < area(source):
            index[size] = len(levels)
            levels.append(Level(*size, index[source]))
    return Plan(
        levels=tuple(levels),
        renditions=tuple(
            cut(rendition, place, index.get(place.scaled, 0), is_wanted(rendition, only)) for rendition, place in every
        ),
        shrink=shrink_on_load(chain.ground, *upright),
        max_pixels=limits.pixels,
    )


def cut(rendition: Rendition, place: Placement, level: int, wanted: bool) -> Cut:
    """One rendition, with its format's defaults where the recipe says nothing."""
    writer = WRITERS[rendition.format]
    red, green, blue = bytes.fromhex(rendition.background.removeprefix("#"))
    by_libvips = rendition.format in ENCODED_BY_LIBVIPS
    return Cut(
        wanted=wanted,
        level=level,
        scaled_width=place.scaled_width,
        scaled_height=place.scaled_height,
        left=place.left,
        top=place.top,
        width=place.width,
        height=place.height,
        sharpen=rendition.sharpen if rendition.sharpen and rendition.sharpen.amount else None,
        overlays=overlays(rendition, place) if wanted else (),
        format="pixels" if by_libvips else rendition.format,
        quality=rendition.fixed_quality or writer.quality or 100,
        target=None if by_libvips else rendition.aim,
        effort=rendition.effort if rendition.effort is not None else writer.effort or 0,
        lossless=rendition.lossless,
        progressive=rendition.progressive,
        background=(red, green, blue),
    )


def overlays(rendition: Rendition, place: Placement) -> tuple[Overlay, ...]:
    """The rendition's mark, if it has one."""
    if rendition.watermark is None:
        return ()
    mark = prepare(rendition.watermark, place.width, place.height)
    return (Overlay(mark.box.left, mark.box.top, mark.box.width, mark.box.height, mark.rgba),)
