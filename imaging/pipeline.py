"""The product, as a list of steps: an original and a recipe in, every rendition out, from one decode.

The first level of the chain, the ground, is made straight from the decoder; what is dear is done there, on the fewest
pixels that lose nothing. Each further level is made from the next larger one. A rendition is finished on a copy of
its level, so that nothing that is laid over it shows in the smaller ones.
"""

from collections.abc import Callable

from imaging import _native
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
from imaging.operations.wanted import Wanted
from imaging.operations.watermark import watermark
from imaging.placeholder import placeholder
from imaging.recipe import Recipe
from imaging.rendered import Original, Rendered, RenderedImage
from imaging.vips import Error, Image

#: From a level of the chain to a finished rendition, in this order. A new operation is a new name here.
FINISH: tuple[Callable[[Image, Wanted], Image], ...] = (
    crop,
    sharpen,
    watermark,
    flatten,
)


def render(
    original: bytes, recipe: Recipe, *, only: frozenset[str] | None = None, limits: Limits | None = None
) -> Rendered:
    """Every rendition of an original, or those named in `only`: their bytes are the same either way.

    One engine makes the same bytes of the same original and recipe, always. Raises Rejected for the original's
    faults, RecipeInvalid for a watermark or a font that cannot be used.
    """
    limits = limits or Limits()
    clock = Clock()
    with clock.stage("open"):
        opened = open_original(original, limits)
        plan = chain(recipe, *opened.upright)
        check_enlarged(*plan.largest, limits)
    wanted = [
        Wanted(rendition, place)
        for rendition, place in zip(recipe.renditions, plan.placements, strict=True)
        if only is None or rendition.name in only
    ]
    images, thumbhash = with_libvips(original, opened, plan, wanted, clock)
    with clock.stage("fingerprint"):
        fingerprint = _native.blake3(original)
    about = Original(opened.format.name, *opened.upright, len(original), fingerprint, thumbhash)
    return Rendered(images, about, path="libvips", why=None, milliseconds=clock.milliseconds)


def with_libvips(
    original: bytes, opened: Opened, plan: Chain, wanted: list[Wanted], clock: Clock
) -> tuple[tuple[RenderedImage, ...], str]:
    """The path that serves everything: the wanted renditions, and the ThumbHash of the smallest level."""
    with clock.stage("decode"), damage(original, opened.format, Error):
        levels = {plan.ground: ground(opened, plan)}
    with clock.stage("chain"):
        for size, source in plan.levels:
            levels[size] = level(levels[source], size)
    images = tuple(finish(levels[each.place.scaled], each, clock) for each in wanted)
    with clock.stage("thumbhash"):
        return images, placeholder(levels[plan.smallest])


def ground(opened: Opened, plan: Chain) -> Image:
    """The first level, upright and in sRGB, in memory: whatever is wrong with the original has shown by then."""
    image = opened.decode(shrink_on_load(plan.ground, *opened.upright) if opened.shrinks else 1)
    image = resize(image, *opened.as_stored(plan.ground))
    image = upright(image, opened.orientation)
    return to_srgb(image).copy_memory()


def level(source: Image, size: Size) -> Image:
    """A further level. A smaller one is kept, for others come of it; of a larger one only the window is computed."""
    image = resize(source, *size)
    return image.copy_memory() if area(size) < area((source.width, source.height)) else image


def finish(level: Image, wanted: Wanted, clock: Clock) -> RenderedImage:
    """One rendition: every operation in turn, then the encoder, which is what makes libvips compute them."""
    rendition = wanted.rendition
    with clock.stage(f"encode {rendition.name}"):
        image = level
        for operation in FINISH:
            image = operation(image, wanted)
        return RenderedImage(rendition.name, rendition.format, image.width, image.height, encode(image, rendition))
