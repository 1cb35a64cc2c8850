"""The product, as a list of steps: an original and a recipe in, every rendition out, from one decode.

The first level of the chain, the ground, is made straight from the decoder; what is dear is done there, on the fewest
pixels that lose nothing. Each further level is made from the next larger one. A rendition is finished on a copy of
its level, so that nothing that is laid over it shows in the smaller ones.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from imaging import _native, fused
from imaging.clock import Clock
from imaging.damage import damage
from imaging.decode import open_original
from imaging.encode import encode
from imaging.geometry import Chain, Size, area, chain, shrink_on_load
from imaging.limits import Limits, check_enlarged
from imaging.opened import Opened
from imaging.operations.crop import crop
from imaging.operations.flatten import flatten
from imaging.operations.resize import resize
from imaging.operations.sharpen import sharpen
from imaging.operations.to_srgb import to_srgb
from imaging.operations.upright import upright
from imaging.operations.wanted import Look, Wanted
from imaging.operations.watermark import watermark
from imaging.placeholder import placeholder
from imaging.recipe import Recipe
from imaging.rendered import Original, Rendered, RenderedImage
from imaging.vips import Error, Image

#: From a level of the chain to a finished picture, in this order. A new operation is a new name here.
FINISH: tuple[Callable[[Image, Wanted], Image], ...] = (
    crop,
    sharpen,
    watermark,
)

#: Shorter edges are not shrunk on load: a last row that is there in part counts in full for libjpeg.
THINNEST = 128


def render(
    original: bytes, recipe: Recipe, *, only: frozenset[str] | None = None, limits: Limits | None = None
) -> Rendered:
    """Every rendition of an original, or those named in `only`: their bytes are the same either way.

    The fused path serves what it covers, libvips the rest; which of them depends on the original and the recipe alone.
    One engine makes the same bytes of the same original and recipe, always. Raises Rejected for the original's
    faults, RecipeInvalid for a watermark or a font that cannot be used.
    """
    limits = limits or Limits()
    try:
        return fused.render(original, recipe, only=only, limits=limits)
    except fused.Declined as declined:
        return replace(with_libvips(original, recipe, only, limits), why=declined.why)


def with_libvips(original: bytes, recipe: Recipe, only: frozenset[str] | None, limits: Limits) -> Rendered:
    """The path that serves everything."""
    clock = Clock()
    with clock.stage("open"):
        opened = open_original(original, limits)
        plan = chain(recipe, *opened.upright)
        check_enlarged(*plan.largest, limits)
    with clock.stage("decode"), damage(original, opened.format, Error):
        levels = {plan.ground: ground(opened, plan)}
    with clock.stage("chain"):
        for size, source in plan.levels:
            levels[size] = level(levels[source], size)
    images = finished(levels, wanted(recipe, plan, only), clock)
    with clock.stage("thumbhash"):
        thumbhash = placeholder(levels[plan.smallest])
    with clock.stage("fingerprint"):
        fingerprint = _native.blake3(original)
    about = Original(opened.format.name, *opened.upright, len(original), fingerprint, thumbhash)
    return Rendered(images, about, path="libvips", why=None, milliseconds=clock.milliseconds)


def wanted(recipe: Recipe, plan: Chain, only: frozenset[str] | None) -> list[Wanted]:
    """The renditions to encode, each with its place."""
    every = map(Wanted, recipe.renditions, plan.placements)
    return [each for each in every if only is None or each.rendition.name in only]


def ground(opened: Opened, plan: Chain) -> Image:
    """The first level, upright and in sRGB, in memory: whatever is wrong with the original has shown by then."""
    shrinks = opened.shrinks and min(opened.upright) >= THINNEST
    image = opened.decode(shrink_on_load(plan.ground, *opened.upright) if shrinks else 1)
    image = resize(image, *opened.as_stored(plan.ground))
    image = upright(image, opened.orientation)
    return without_idle_alpha(to_srgb(image).copy_memory())


def without_idle_alpha(image: Image) -> Image:
    """The image without an alpha that hides nothing."""
    return image[:3] if image.hasalpha() and image[3].min() == 255 else image


def level(source: Image, size: Size) -> Image:
    """A further level. A smaller one is kept, for others come of it; of a larger one only the window is computed."""
    image = resize(source, *size)
    return image.copy_memory() if area(size) < area((source.width, source.height)) else image


def finished(levels: dict[Size, Image], wanted: list[Wanted], clock: Clock) -> tuple[RenderedImage, ...]:
    """The renditions. Those that differ only in their format share one picture, as all those of a <picture> do."""
    sharing = Counter(each.look for each in wanted)
    pictures: dict[Look, Image] = {}
    images = []
    for each in wanted:
        with clock.stage(f"encode {each.rendition.name}"):
            if each.look not in pictures:
                made = picture(levels[each.place.scaled], each)
                pictures[each.look] = made.copy_memory() if sharing[each.look] > 1 else made
            images.append(written(pictures[each.look], each))
    return tuple(images)


def picture(level: Image, wanted: Wanted) -> Image:
    """A level with every operation done on a copy of it; libvips computes nothing yet."""
    for operation in FINISH:
        level = operation(level, wanted)
    return level


def written(picture: Image, wanted: Wanted) -> RenderedImage:
    """One rendition: the encoder is what has the pixels computed."""
    rendition = wanted.rendition
    body, found = encode(flatten(picture, wanted), rendition)
    return RenderedImage(rendition.name, rendition.format, picture.width, picture.height, body, found)
