"""From pixels to bytes. Nothing of the original's metadata goes along unless the rendition keeps it."""

from typing import Any

from imaging import aim
from imaging.credits import credits
from imaging.errors import Reason, Rejected
from imaging.formats import WRITERS, Writer
from imaging.recipe import Rendition
from imaging.rendered import Found
from imaging.vips import TEXT, Image

#: Pixels per millimetre that a rendition says: 72 to the inch, the same of every original.
RESOLUTION = 72 / 25.4


def encode(image: Image, rendition: Rendition) -> tuple[bytes, Found | None]:
    """One rendition's file, and what was found where it is to have a score.

    Raises Rejected where the image is longer than the format can say.
    """
    writer = WRITERS[rendition.format]
    check_edges(rendition, image.width, image.height)
    bare, keep = stripped(image, rendition.keep)
    chosen = options(writer, rendition, image.hasalpha())

    def saved(**knobs: Any) -> bytes:
        return bytes(getattr(bare, writer.operation)(keep=keep, **chosen | knobs))

    if rendition.aim is None:
        return saved(), None
    bare = bare.copy_memory()  # it is written many times
    return aim.smallest(bare, lambda quality: saved(Q=quality), rendition.aim, rendition.background, chosen["Q"])


def check_edges(rendition: Rendition, width: int, height: int) -> None:
    """Refuse what is longer than the format can say."""
    longest = WRITERS[rendition.format].longest_edge
    if max(width, height) > longest:
        raise Rejected(
            Reason.TOO_LONG_AN_EDGE,
            f"{rendition.name} would be {width} × {height}, {rendition.format} holds {longest}",
        )


def options(writer: Writer, rendition: Rendition, alpha: bool) -> dict[str, Any]:
    """The saver's options: what the recipe says, else the format's defaults, and what is always so."""
    chosen = dict(writer.fixed)
    if writer.quality is not None:
        chosen["Q"] = rendition.fixed_quality or writer.quality
    if writer.effort is not None:
        effort = writer.effort if rendition.effort is None else rendition.effort
        most = writer.most_with_alpha if alpha and not rendition.lossless else None
        chosen[writer.effort_knob] = effort if most is None else min(effort, most)
    if rendition.aim is not None:
        chosen |= dict(writer.aiming)
    if writer.lossless:
        chosen["lossless"] = rendition.lossless
    if writer.progressive:
        chosen["interlace"] = rendition.progressive
    return chosen


def stripped(image: Image, keep: tuple[str, ...]) -> tuple[Image, str]:
    """The image without metadata but for the credits it is to keep, and what the saver may write of it."""
    kept = credits(image) if "copyright" in keep else {}
    image = image.copy(xres=RESOLUTION, yres=RESOLUTION)  # PNG's saver writes one whatever it is to keep
    if not kept:
        return image, "none"
    bare = Image.new_from_memory(image.write_to_memory(), image.width, image.height, image.bands, image.format)
    bare = bare.copy(interpretation=image.interpretation, xres=RESOLUTION, yres=RESOLUTION)
    for field, credit in kept.items():
        bare.set_type(TEXT, field, f"{credit} (kept)")  # libvips drops the last bracket, where it puts remarks itself
    return bare, "exif"
