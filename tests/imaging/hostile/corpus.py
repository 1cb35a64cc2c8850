"""The whole corpus: near two thousand originals drawn by code, the same every time, none kept as a file."""

from functools import cache

from tests.imaging.hostile import disguises, gifs, heifs, jpegs, pngs, tiffs, webps
from tests.imaging.hostile.sample import Sample

FAMILIES = {
    "disguises": disguises.samples,
    "gif": gifs.samples,
    "heif": heifs.samples,
    "jpeg": jpegs.samples,
    "png": pngs.samples,
    "tiff": tiffs.samples,
    "webp": webps.samples,
}


@cache
def corpus() -> dict[str, Sample]:
    """Every sample, by its name."""
    samples = [sample for family in FAMILIES.values() for sample in family()]
    by_name = {sample.name: sample for sample in samples}
    assert len(by_name) == len(samples), "two samples have one name"
    return by_name
