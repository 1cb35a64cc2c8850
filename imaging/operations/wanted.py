"""What is wanted of a level: a rendition, and where it lies there."""

from dataclasses import dataclass

from imaging.geometry import Placement
from imaging.recipe import Rendition, Resize, Sharpen, Watermark

#: What a rendition looks like, whatever its format.
Look = tuple[Placement, Resize | None, Sharpen | None, Watermark | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every operation is given this beside the image, and reads of it what concerns it."""

    rendition: Rendition
    place: Placement

    @property
    def look(self) -> Look:
        """Renditions of one look have the same pixels."""
        return self.place, self.rendition.resize, self.rendition.sharpen, self.rendition.watermark
