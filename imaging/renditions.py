"""What a recipe consists of: values, all frozen, each with its default."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

from imaging.canonical import canonical, replaced, sha256

Mode = Literal["limit", "fit", "fill"]
Gravity = Literal[
    "centre", "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west", "smart"
]

#: Instead of a number: the lowest quality that reaches a SSIMULACRA2.
Auto = Literal["auto"]
AUTO: Auto = "auto"

#: What Rekognition reads, and the edge in pixels below which it answers InvalidImageFormat (its guidelines and quotas).
ANALYSABLE = ("jpeg", "png")
LEAST_EDGE = 80

#: What a rendition in "auto" is to score where it says nothing.
TARGET = 75.0

MODES: tuple[Mode, ...] = get_args(Mode)
GRAVITIES: tuple[Gravity, ...] = get_args(Gravity)

#: Where a mark may go: it looks at no pixels.
CORNERS: tuple[Gravity, ...] = tuple(gravity for gravity in GRAVITIES if gravity != "smart")


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
    """One derived image. `quality` and `effort` are the format's own where they are None, and `target` is TARGET."""

    name: str
    format: str
    quality: int | Auto | None = None
    target: float | None = None
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
    def aim(self) -> float | None:
        """The SSIMULACRA2 to reach with as few bytes as can be, if the quality is left to that."""
        if self.quality != AUTO:
            return None
        return TARGET if self.target is None else self.target

    @property
    def fixed_quality(self) -> int | None:
        """The quality as a number, if the recipe gives one."""
        return None if self.quality == AUTO else self.quality

    @property
    def schema(self) -> int:
        """The first schema that can say this rendition: what needs no newer one keeps its names and its readers."""
        return 2 if self.quality == AUTO else 1

    @property
    def least_edge(self) -> float:
        """The shorter edge of its box, as far as the recipe knows: an image may be smaller than its box."""
        return min(self._edges())

    @property
    def area(self) -> float:
        """Pixels of its box; without bounds where an edge has none."""
        width, height = self._edges()
        return width * height

    def _edges(self) -> tuple[float, float]:
        box = self.resize or Resize(None, None)
        return box.width or math.inf, box.height or math.inf

    @property
    def definition(self) -> str:
        """8 hex digits that change with whatever this rendition's pixels depend on, and with nothing else."""
        own = asdict(replace(self, name="", sizes=()))
        sizes = sorted(canonical(asdict(size) if size else None) for size in set(self.sizes))
        return sha256(canonical([self.schema, replaced(own, {}), [size.decode() for size in sizes]]))[:8]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What Rekognition is asked about each image: at most so many labels, whether anything in it calls for moderation;
    of either only what it is at least this sure of, in percent.
    """

    labels: int = 0
    moderation: bool = False
    confidence: float = 80.0

    @property
    def definition(self) -> str:
        """In short: an answer that was given to the same is not asked for again."""
        return f"{self.labels} {int(self.moderation)} {self.confidence:g}"

    @property
    def calls(self) -> int:
        """Of Rekognition, for one image."""
        return (self.labels > 0) + self.moderation


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named list of renditions, made from one decode of the original, and what is asked about the image."""

    name: str
    renditions: tuple[Rendition, ...]
    analysis: Analysis | None = None

    def __post_init__(self) -> None:
        """Tell every rendition the company it is in."""
        sizes = tuple(rendition.resize for rendition in self.renditions)
        object.__setattr__(self, "renditions", tuple(replace(each, sizes=sizes) for each in self.renditions))

    @property
    def schema(self) -> int:
        """The first that can say all of it."""
        return 3 if self.analysis else max(each.schema for each in self.renditions)

    @property
    def shown(self) -> Rendition | None:
        """The rendition to be analysed: the smallest that Rekognition can read. None if there is none."""
        fit = [each for each in self.renditions if each.format in ANALYSABLE and each.least_edge >= LEAST_EDGE]
        return min(fit, key=lambda each: each.area, default=None)
