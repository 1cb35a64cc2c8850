"""What is wanted of a level: a rendition, and where it lies there."""

from dataclasses import dataclass

from imaging.geometry import Placement
from imaging.recipe import Rendition


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every operation is given this beside the image, and reads of it what concerns it."""

    rendition: Rendition
    place: Placement
