"""Turn an image the way it is meant to be seen."""

from imaging.vips import Image

#: EXIF's orientations 2 to 8 as a mirror first (or none), then degrees clockwise. TIFF 6.0, "Orientation".
TURNS: dict[int, tuple[str | None, str | None]] = {
    2: ("horizontal", None),
    3: (None, "d180"),
    4: ("vertical", None),
    5: ("vertical", "d90"),
    6: (None, "d90"),
    7: ("vertical", "d270"),
    8: (None, "d270"),
}

#: The orientations that swap width and height.
SIDEWAYS = frozenset((5, 6, 7, 8))


def upright(image: Image, orientation: int) -> Image:
    """The image turned; it is held in memory first, because turning reads it in another order than decoding.

    It forgets how it lay: some savers, AVIF's among them, would write that down and have it turned twice.
    """
    image = image.copy()
    image.remove("orientation")
    if orientation not in TURNS:
        return image
    mirror, turn = TURNS[orientation]
    turned = image.copy_memory()
    if mirror:
        turned = turned.flip(mirror)
    return turned.rot(turn) if turn else turned
