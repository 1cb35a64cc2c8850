"""Who made the pixels: two engines may make different bytes of one original and one recipe."""

import platform

from imaging import vips

#: The version of this code; the same as in pyproject.toml.
VERSION = "0.1.0"


def engine() -> str:
    """Version, libvips and architecture: part of every rendition's key, so engines never overwrite one another."""
    return f"{VERSION}-vips{vips.VERSION}-{platform.machine().lower()}"
