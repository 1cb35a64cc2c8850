"""Files for the console's tests: drawn photographs, made small or many, and one that is spoiled."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from cli.samples.draw import draw
from cli.samples.plan import plan
from cli.samples.spoiled import SPOILED

SEED = 11
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
"""What a file may be called; on the page it is a name and nothing else."""
SPOILED_NAME = "cut-short.jpg"


def photographs(directory: Path, count: int, *, drawn: int, longest: int) -> list[Path]:
    """So many files, the first of them under a hostile name: `drawn` photographs of so many pixels along the longer
    edge, and sections of them. Drawing takes most of a second each."""
    paths = [directory / f"IMG_{number + 1:04}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if number < drawn:
            path.write_bytes(_photograph(number, longest))
        else:
            _section(paths[number % drawn], number, path)
    return [paths[0].rename(directory / HOSTILE), *paths[1:]]


def spoiled(directory: Path, jpeg: Path) -> Path:
    """A JPEG that ends in the middle."""
    path = directory / SPOILED_NAME
    path.write_bytes(SPOILED["planted/cut-short.jpg"](jpeg.read_bytes()))
    return path


def _photograph(number: int, longest: int) -> bytes:
    sample = plan(number + 1, SEED)[number]
    share = longest / max(sample.width, sample.height)
    return draw(replace(sample, style="jpeg", width=round(sample.width * share), height=round(sample.height * share)))


def _section(path: Path, number: int, into: Path) -> None:
    with Image.open(path) as picture:
        picture.crop((0, 0, picture.width - 8 * number, picture.height)).save(into, quality=90)
