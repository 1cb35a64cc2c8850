"""Files for the console's tests: drawn photographs, small enough to be drawn at once, and one that is spoiled."""

from dataclasses import replace
from pathlib import Path

from cli.samples.draw import draw
from cli.samples.plan import plan
from cli.samples.spoiled import SPOILED

SEED = 11
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
"""What a file may be called; on the page it is a name and nothing else."""
SPOILED_NAME = "cut-short.jpg"


def photographs(directory: Path, count: int, longest: int) -> list[Path]:
    """So many photographs as files, of so many pixels along the longer edge, the first of them under a hostile name."""
    drawn = [_small(directory, number, longest) for number in range(count)]
    return [drawn[0].rename(directory / HOSTILE), *drawn[1:]]


def spoiled(directory: Path, jpeg: Path) -> Path:
    """A JPEG that ends in the middle."""
    path = directory / SPOILED_NAME
    path.write_bytes(SPOILED["planted/cut-short.jpg"](jpeg.read_bytes()))
    return path


def _small(directory: Path, number: int, longest: int) -> Path:
    sample = plan(number + 1, SEED)[number]
    share = longest / max(sample.width, sample.height)
    small = replace(sample, style="jpeg", width=round(sample.width * share), height=round(sample.height * share))
    path = directory / f"IMG_{number + 1:04}.jpg"
    path.write_bytes(draw(small))
    return path
