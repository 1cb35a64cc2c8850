"""How long one image takes under a recipe: samples are drawn and rendered here, and a processor's time counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cli import originals
from cli.originals import Original
from imaging.pipeline import render
from imaging.recipe import Recipe

SAMPLES, SEED = 60, 1
"""Those of the demo: three in four are JPEG photographs, the rest every other format."""


@dataclass(frozen=True)
class Metered:
    """What drawn samples take under a recipe, one by one."""

    samples: tuple[float, ...]
    """Milliseconds of a processor for each: what waits for its turn on a busy machine is not counted."""

    @property
    def milliseconds(self) -> float:
        """Of one image."""
        return sum(self.samples) / len(self.samples)


def metered(recipe: Recipe, told: Callable[[int, int], None], samples: int = SAMPLES) -> Metered:
    """Renders each sample once, after the first one has warmed everything up. Raises Complaint."""
    chosen = [one for one in originals.of_samples(samples, SEED, told) if one.expected == originals.SOUND]
    _spent(chosen[0], recipe)
    spent = []
    for number, original in enumerate(chosen, 1):
        spent.append(1000 * _spent(original, recipe))
        told(number, len(chosen))
    return Metered(tuple(spent))


def _spent(original: Original, recipe: Recipe) -> float:
    """Seconds of a processor, by all threads of this process."""
    body = original.path.read_bytes()
    began = time.process_time()
    render(body, recipe)
    return time.process_time() - began
