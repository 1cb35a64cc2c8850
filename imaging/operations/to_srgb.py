"""Bring an image to 8-bit sRGB: three bands, or four with transparency."""

import hashlib
import struct

from imaging.vips import BLOB, Error, Image

PROFILE = "icc-profile-data"

#: What a profile may be for, by the name it has in its header (ICC.1, 7.2.6), as libvips interprets such images.
SPACES: dict[bytes, frozenset[str]] = {
    b"RGB ": frozenset(("srgb", "rgb", "rgb16")),
    b"GRAY": frozenset(("b-w", "grey16")),
    b"CMYK": frozenset(("cmyk",)),
}

#: What browsers and picture editors do: white stays white, black stays black.
INTENT = {"intent": "relative", "black_point_compensation": True}

#: A profile that moves no colour of the probe by more than this is sRGB, whatever it is called.
SAME = 1

#: Profiles of which it is known whether they change anything.
MOST_KEPT = 256
_moves: dict[bytes, bool] = {}


def to_srgb(image: Image) -> Image:
    """The image in sRGB. A profile that is broken, or made for another kind of image, counts as none.

    Without a profile RGB is taken to be sRGB, grey to have sRGB's curve, and CMYK to be libvips' generic press.
    """
    if applies(image):
        image = image.icc_transform("srgb", embedded=True, **INTENT)
    elif image.interpretation == "cmyk":
        image = without_profile(image).icc_transform("srgb", input_profile="cmyk", **INTENT)
    if image.interpretation != "srgb" or image.format != "uchar":
        image = image.colourspace("srgb")
    image = image if image.format == "uchar" else image.cast("uchar")
    return image if image.bands <= 4 else image[:4]


def applies(image: Image) -> bool:
    """Whether the image carries a profile that is for it, works, and changes something."""
    if not image.get_typeof(PROFILE):
        return False
    profile: bytes = image.get(PROFILE)
    if len(profile) < 128 or profile[36:40] != b"acsp":
        return False
    if image.interpretation not in SPACES.get(profile[16:20], ()):
        return False
    return profile[16:20] == b"CMYK" or moves(profile)


def moves(profile: bytes) -> bool:
    """Whether a profile changes colours at all. The answer is kept by its hash: a profile can have megabytes."""
    name = hashlib.sha256(profile).digest()
    known = _moves.get(name)
    if known is not None:
        return known
    if len(_moves) >= MOST_KEPT:
        _moves.clear()
    return _moves.setdefault(name, moves_some(profile))


def moves_some(profile: bytes) -> bool:
    """The same, asked of a grid of colours, for three quarters of cameras write sRGB."""
    grid = greys() if profile[16:20] == b"GRAY" else colours()
    probe = grid.copy()
    probe.set_type(BLOB, PROFILE, profile)
    try:
        seen = probe.icc_transform("srgb", embedded=True, **INTENT)
        return bool((seen.cast("short") - grid.colourspace("srgb")).abs().max() > SAME)
    except Error:
        return False


def colours() -> Image:
    """9 x 9 x 9 colours that span the cube."""
    steps = [round(step * 255 / 8) for step in range(9)]
    cube = b"".join(struct.pack("BBB", red, green, blue) for red in steps for green in steps for blue in steps)
    return Image.new_from_memory(cube, 729, 1, 3, "uchar").copy(interpretation="srgb")


def greys() -> Image:
    """All 256 of them."""
    return Image.new_from_memory(bytes(range(256)), 256, 1, 1, "uchar").copy(interpretation="b-w")


def without_profile(image: Image) -> Image:
    """The image, its profile forgotten."""
    bare = image.copy()
    if bare.get_typeof(PROFILE):
        bare.remove(PROFILE)
    return bare
