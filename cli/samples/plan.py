"""What is drawn for a count and a seed: decided here, without a pixel, so that whoever uploads knows what to expect."""

import random
from dataclasses import dataclass

EDITION = 1
"""Raised whenever the same seed would draw other files: names the folder they are cached in."""

SCENES = {
    "landscape": "Lofoten & beyond",
    "city": "København",
    "bokeh": "100% night",
    "forest": "Forêt de Soignes",
    "night": "Tromsø",
    "foliage": "garden (May)",
    "meadow": "garden (May)",
    "pebbles": "Étretat",
}
"""Scene to the album its photographs lie in; the albums' names hold what breaks careless encoders of keys."""

ROUND = (
    "landscape", "city", "landscape", "bokeh", "landscape", "forest", "night", "landscape", "meadow", "city",
    "landscape", "foliage", "pebbles", "landscape", "bokeh", "night", "landscape", "forest", "meadow",
)  # fmt: skip

FORMATS = (
    "jpeg", "jpeg", "webp", "jpeg-progressive", "jpeg", "heic", "jpeg-p3", "png", "jpeg", "jpeg-444",
    "avif", "jpeg", "png-alpha", "jpeg", "tiff", "jpeg-grey", "gif", "jpeg", "heic", "jpeg",
    "jpeg-progressive", "webp-alpha", "jpeg", "gif-animated", "jpeg-cmyk",
)  # fmt: skip
"""One turn of formats. It and ROUND have no common divisor, so every scene comes in every format in the end."""

EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic", "avif": "avif", "tiff": "tif", "gif": "gif"}

SIZES = {
    "jpeg": ((4000, 3000), (3000, 2000), (3264, 2448), (4032, 3024), (2736, 1824), (2592, 1944)),
    "png": ((2160, 1440), (2400, 1350)),
    "webp": ((2560, 1707), (2304, 1728)),
    "heic": ((2016, 1512), (2304, 1536)),
    "avif": ((2100, 1400), (1920, 1440)),
    "tiff": ((2100, 1400),),
    "gif": ((2100, 1400),),
    "gif-animated": ((480, 320),),
}
"""Widths and heights of what is wide; what is tall has them the other way round."""

TURNED = ("jpeg", "webp", "tiff", "png", "avif")
"""Formats whose EXIF orientation (1 to 8) the drawn samples use; HEIC turns pictures by a box of its own."""

TALL_SHARE = 0.22


@dataclass(frozen=True)
class Sample:
    """One photograph to draw. `width` and `height` are as it is seen, upright."""

    name: str
    """Path below the folder, with `/`."""
    scene: str
    style: str
    """One of FORMATS: a format and how it is written."""
    width: int
    height: int
    orientation: int
    seed: int

    @property
    def format(self) -> str:
        return self.style.partition("-")[0]


@dataclass(frozen=True)
class Planted:
    """One file that must be refused, and the reasons that are right for it."""

    name: str
    why: str
    reasons: frozenset[str]


PLANTED = (
    Planted("planted/cut-short.jpg", "a JPEG that ends in the middle", frozenset({"truncated", "corrupt"})),
    Planted("planted/bomb.png", "1.6 gigapixels in 200 kB", frozenset({"too-many-pixels"})),
    Planted("planted/letter.jpg", "a text file", frozenset({"not-an-image", "unsupported-type"})),
    Planted("planted/drawing.png", "an SVG under another name", frozenset({"not-an-image", "unsupported-type"})),
    Planted("planted/nothing.jpg", "no bytes at all", frozenset({"empty"})),
)


def folder(seed: int) -> str:
    """The name of the folder under which this seed's files are cached; any number of them may lie there."""
    return f"edition-{EDITION}-seed-{seed}"


def plan(count: int, seed: int) -> tuple[Sample, ...]:
    """The first `count` photographs of this seed: a longer plan begins with the shorter one."""
    return tuple(_sample(number, seed) for number in range(count))


def _sample(number: int, seed: int) -> Sample:
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a picture, not a secret
    scene, style = ROUND[(number + seed) % len(ROUND)], FORMATS[number % len(FORMATS)]
    kind = style.partition("-")[0]
    width, height = chance.choice(SIZES.get(style, SIZES[kind]))
    if chance.random() < TALL_SHARE:
        width, height = height, width
    turned = kind in TURNED and style != "jpeg-cmyk"
    orientation = (number // 2) % 8 + 1 if turned and number % 2 else 1
    name = f"{SCENES[scene]}/IMG_{number + 1:04}.{EXTENSIONS[kind]}"
    return Sample(name, scene, style, width, height, orientation, chance.getrandbits(48))
