"""Draws one sample: scene, camera, file."""

import random

import numpy as np

from cli.samples.camera import develop
from cli.samples.exif import camera_for, exif
from cli.samples.files import written
from cli.samples.plan import Sample
from cli.samples.scenes.city import city
from cli.samples.scenes.close import foliage, meadow, pebbles
from cli.samples.scenes.forest import forest
from cli.samples.scenes.land import landscape
from cli.samples.scenes.lights import bokeh
from cli.samples.scenes.night import night

SCENES = {scene.__name__: scene for scene in (landscape, city, bokeh, forest, night, foliage, meadow, pebbles)}

DRAWN_EDGE = 1024
"""Longest edge a scene is drawn at; the camera enlarges it and lays the grain over it at full size."""


def draw(sample: Sample) -> bytes:
    """The file of this sample, the same bytes every time."""
    rng = np.random.default_rng(sample.seed)
    chance = random.Random(sample.seed)  # noqa: S311 - a picture, not a secret
    camera, iso = camera_for(chance)
    share = min(1.0, DRAWN_EDGE / max(sample.width, sample.height))
    scene = SCENES[sample.scene](rng, round(sample.width * share), round(sample.height * share))
    photograph = develop(rng, scene, sample.width, sample.height, iso)
    block = exif(chance, sample.scene, sample.orientation, camera, iso)
    return written(sample.style, photograph, sample.orientation, block)
