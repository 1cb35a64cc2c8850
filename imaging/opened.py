"""An original whose header was read and admitted, and of which no pixel is decoded yet."""

from collections.abc import Callable
from dataclasses import dataclass

from imaging.formats import Format
from imaging.geometry import Size
from imaging.operations.upright import SIDEWAYS
from imaging.vips import Image


@dataclass(frozen=True, slots=True)
class Opened:
    """Width and height are as stored; `orientation` says how to turn that upright (EXIF's 1 to 8).

    `decode(shrink)` answers the pixels, 1, 2, 4 or 8 times smaller where the format `shrinks` while decoding. It may
    be lazy: what is wrong with the file then shows when the pixels are first asked for.
    """

    format: Format
    width: int
    height: int
    orientation: int
    shrinks: bool
    decode: Callable[[int], Image]

    @property
    def upright(self) -> Size:
        """Width and height as seen."""
        return self.as_stored((self.width, self.height))

    def as_stored(self, size: Size) -> Size:
        """A size as seen, the way it lies in the file; and the other way round."""
        return (size[1], size[0]) if self.orientation in SIDEWAYS else size
