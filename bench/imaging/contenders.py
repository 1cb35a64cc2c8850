"""Who takes part, one row each. A new peer is a new row and a file in `workers/`."""

from dataclasses import dataclass
from pathlib import Path

from bench.imaging.places import NODE, NODE_MODULES, OURS, PEERS, SIMD, TURBO

OURS_NAME = "Safelight"
SHARP = "sharp, per size"
LIBVIPS = ("pyvips, per size", "pyvips, pyramid")

#: What the gate compares with: one libvips decode and a pyramid, at the same settings.
BASELINE = "pyvips, pyramid"


@dataclass(frozen=True)
class Contender:
    """How to start it. `place` is what set-up puts there: where it is missing, so is the contender."""

    name: str
    command: tuple[str, ...]
    place: Path


def python(name: str, place: Path, worker: str, *arguments: str) -> Contender:
    """A contender that is a module of Python."""
    return Contender(name, (str(place), "-m", f"bench.imaging.workers.{worker}", *arguments), place)


def node(name: str, way: str) -> Contender:
    """sharp."""
    worker = Path(__file__).parent / "workers" / "sharp.mjs"
    return Contender(name, (str(NODE), str(worker), str(NODE_MODULES.parent), way), NODE)


CONTENDERS = (
    python(OURS_NAME, OURS, "ours"),
    node(SHARP, "per-size"),
    node("sharp, pyramid", "pyramid"),
    python(LIBVIPS[0], PEERS, "vips", "per-size"),
    python(LIBVIPS[1], PEERS, "vips", "pyramid"),
    python("Pillow, per size", PEERS, "pillow", "per-size"),
    python("Pillow, pyramid", PEERS, "pillow", "pyramid"),
    python("Pillow-SIMD, per size", SIMD, "pillow", "per-size"),
    python("Pillow-SIMD, pyramid", SIMD, "pillow", "pyramid"),
    python("simplejpeg + fast_image_resize", TURBO, "turbo"),
    python("OpenCV, per size", PEERS, "opencv", "per-size"),
    python("OpenCV, pyramid", PEERS, "opencv", "pyramid"),
)
