"""What rendering answers: the images made, and what was learnt about the original on the way."""

from dataclasses import dataclass
from typing import Literal

#: Which code made the pixels: the Rust core, or libvips.
Path = Literal["fused", "libvips"]


@dataclass(frozen=True, slots=True)
class Found:
    """The quality chosen for a score, and the score (SSIMULACRA2)."""

    quality: int
    score: float


@dataclass(frozen=True, slots=True)
class RenderedImage:
    """One rendition, encoded; where a score was asked for, the quality found for it and the score it has."""

    name: str
    format: str
    width: int
    height: int
    body: bytes
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """What is known of an original once it has been rendered. Width and height are as seen, upright."""

    format: str
    width: int
    height: int
    bytes: int
    blake3: str  # 64 hex digits
    thumbhash: str  # base64


@dataclass(frozen=True, slots=True)
class Rendered:
    """Every rendition asked for, in the recipe's order, and how they came about.

    `why` says in a word why the fused path declined, when it was asked. `milliseconds` is per stage, in order.
    """

    images: tuple[RenderedImage, ...]
    original: Original
    path: Path
    why: str | None
    milliseconds: dict[str, float]
