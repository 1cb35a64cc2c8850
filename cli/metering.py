"""How long one image takes under a recipe: samples are drawn and rendered here, and a processor's time counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cli import originals
from imaging.pipeline import render
from imaging.recipe import Recipe

SAMPLES, SEED = 60, 1
"""Those of the demo: three in four are JPEG photographs, the rest every other format."""


@dataclass(frozen=True)
class Metered:
    """Averages over the samples that a recipe can be made of."""

    images: int
    milliseconds: float
    """Of a processor: what waits for its turn on a busy machine is not counted."""
    bytes: int
    """Of an original."""


def metered(recipe: Recipe, told: Callable[[int, int], None], samples: int = SAMPLES) -> Metered:
    """Renders each sample once, after the first one has warmed everything up. Raises Complaint."""
    chosen = [one for one in originals.of_samples(samples, SEED, told) if one.expected == originals.SOUND]
    bodies = [one.path.read_bytes() for one in chosen]
    _spent(bodies[0], recipe)
    spent = 0.0
    for number, body in enumerate(bodies, 1):
        spent += _spent(body, recipe)
        told(number, len(bodies))
    return Metered(len(bodies), 1000 * spent / len(bodies), sum(map(len, bodies)) // len(bodies))


def _spent(body: bytes, recipe: Recipe) -> float:
    """Seconds of a processor, by all threads of this process."""
    began = time.process_time()
    render(body, recipe)
    return time.process_time() - began
