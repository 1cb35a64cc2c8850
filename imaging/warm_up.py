"""Everything that making pixels loads, opens or starts on first use, used once: behind the walls it would fail.

One original of each kind is decoded, one rendition of each format encoded, and a line of text set. Most originals are
drawn by libvips, which thereby warms up too; it writes no HEIC, so one is here.
"""

from base64 import b64decode
from collections.abc import Iterator

from PIL import ImageFont

from imaging.formats import WRITERS
from imaging.pipeline import render
from imaging.recipe import Recipe, Rendition, Resize, Sharpen, TextWatermark
from imaging.vips import Image

EDGE = 64
HALF = Resize(EDGE // 2, EDGE // 3, "fill", "smart")  # the fused path looks for nothing smart

#: 64 x 64 pixels of one green, HEVC.
HEIC = b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERA"
    "AAEAAQAAAAABegABAAAAAAAAABYAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAA"
    "AHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "SSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAABBwaXhpAAAAAAMICAgA"
    "AAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAAB5tZGF0AAAAEigBrwUY/Tslqr/2K7zza6SjkA=="
)


def warm_up() -> None:
    """Render one of each kind by each path that takes it, and one of them into everything."""
    by_libvips = Recipe("little", (Rendition("little", "png", resize=HALF),))
    by_either = Recipe("less", (Rendition("less", "webp"),))
    for original in originals():
        render(original, by_libvips)
        render(original, by_either)
    render(HEIC, everything())


def originals() -> Iterator[bytes]:
    """One of each kind, among them such as carry a profile, or are held whole while they are decoded."""
    image = Image.gaussnoise(EDGE, EDGE, mean=128).cast("uchar").bandjoin([90, 160]).copy(interpretation="srgb")
    yield image.jpegsave_buffer(profile="p3")
    yield image.jpegsave_buffer(interlace=True)
    yield image.pngsave_buffer(interlace=True)
    yield image.bandjoin(128).pngsave_buffer()
    yield image.webpsave_buffer()
    yield image.heifsave_buffer(compression="av1", effort=0)
    yield image.gifsave_buffer()
    yield image.tiffsave_buffer(compression="deflate", predictor="horizontal")
    yield image.tiffsave_buffer(compression="jpeg", tile=True)
    yield HEIC


def everything() -> Recipe:
    """Every format that can be asked for, every operation, as quickly as they go."""
    font = ImageFont.load_default(size=12)
    lettering = TextWatermark("Ag", font.font_bytes, 0.2) if isinstance(font, ImageFont.FreeTypeFont) else None
    sharpen = Sharpen(0.5, 0.5)
    return Recipe(
        "warm-up",
        tuple(
            Rendition(
                name, name, effort=0 if writer.efforts else None, resize=HALF, sharpen=sharpen, watermark=lettering
            )
            for name, writer in WRITERS.items()
        ),
    )
