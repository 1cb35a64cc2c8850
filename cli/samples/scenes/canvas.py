"""What every scene is drawn with: noise, colour and light, on float32 arrays in linear light.

A picture here is (height, width, 3), a plane (height, width). 1.0 is paper white; the camera's tone curve takes what
is brighter. Everything random comes from the generator that is handed in, so a seed is a picture.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.floating[Any]]
Picture = NDArray[np.floating[Any]]
Rng = np.random.Generator

TILE = 1024
"""Edge of a noise tile, in samples; tiles repeat without a seam."""


def colour(hexadecimal: str) -> Picture:
    """`"#rrggbb"` as three floats in linear light."""
    srgb = np.array([int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)], np.float32)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


def grid(width: int, height: int) -> tuple[Plane, Plane]:
    """Columns and rows as two open planes, (1, width) and (height, 1), that broadcast against each other."""
    return np.arange(width, dtype=np.float32)[None, :], np.arange(height, dtype=np.float32)[:, None]


def smoothstep(low: float, high: float, values: Plane) -> Plane:
    """0 below `low`, 1 above `high`, an S between; `low` may be the larger one."""
    x = np.clip((values - low) / (high - low), 0, 1)
    smooth: Plane = x * x * (3 - 2 * x)
    return smooth.astype(np.float32)


def mix(under: Picture, over: Picture, cover: Plane) -> Picture:
    """`over` laid on `under` with the opacity `cover`."""
    return under + (over - under) * cover[..., None]


def ramp(stops: Sequence[tuple[float, str]], values: Plane) -> Picture:
    """A gradient through `(position, "#rrggbb")` stops, read at `values`."""
    places = np.array([place for place, _ in stops], np.float32)
    colours = np.stack([colour(name) for _, name in stops])
    table = np.stack([np.interp(np.linspace(0, 1, 512), places, colours[:, channel]) for channel in range(3)], axis=1)
    return table.astype(np.float32)[np.clip(values * 511, 0, 511).astype(np.int16)]


def fractal(rng: Rng, roughness: float = 2.0) -> Plane:
    """A tile of noise whose power falls with frequency to the `roughness`; mean 0, deviation 1, seamless."""
    spectrum = np.fft.rfft2(rng.standard_normal((TILE, TILE), dtype=np.float32))
    spectrum *= np.exp(_log_frequency() * (-roughness / 2))
    spectrum[0, 0] = 0
    tile = np.fft.irfft2(spectrum, (TILE, TILE)).astype(np.float32)
    tile /= tile.std()
    return tile


@cache
def _log_frequency() -> Plane:
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    frequency[0, 0] = 1
    logarithm: Plane = np.log(frequency).astype(np.float32)
    return logarithm


def read(tile: Plane, across: Plane, down: Plane) -> Plane:
    """The tile at fractional places (in samples), repeated for ever, linearly interpolated."""
    across, down = across.astype(np.float32), down.astype(np.float32)
    left, top = np.floor(across), np.floor(down)
    fx, fy = across - left, down - top
    x, y = left.astype(np.int32) & (TILE - 1), top.astype(np.int32) & (TILE - 1)
    right, row, below = (x + 1) & (TILE - 1), y * TILE, ((y + 1) & (TILE - 1)) * TILE
    upper = tile.take(row + x)
    upper += (tile.take(row + right) - upper) * fx
    lower = tile.take(below + x)
    lower += (tile.take(below + right) - lower) * fx
    lower -= upper
    lower *= fy
    lower += upper
    return lower


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture, or the plane, at another size."""
    planes = [picture] if picture.ndim == 2 else [picture[..., channel] for channel in range(picture.shape[2])]
    made = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((width, height), Image.Resampling.BICUBIC))
        for plane in planes
    ]
    return made[0] if picture.ndim == 2 else np.stack(made, axis=-1)


def blurred(picture: Picture, radius: float) -> Picture:
    """The picture out of focus: made smaller by the radius (in pixels) and large again."""
    height, width = picture.shape[:2]
    small = resized(picture, max(2, round(width / radius)), max(2, round(height / radius)))
    return resized(small, width, height)


def add_disc(picture: Picture, x: float, y: float, radius: float, light: Picture, rim: float = 0.0) -> None:
    """Adds a point of light out of focus: an even disc with a soft edge, brighter at its rim as lenses make it."""
    height, width = picture.shape[:2]
    reach = int(radius) + 2
    left, right = max(0, int(x) - reach), min(width, int(x) + reach + 1)
    top, bottom = max(0, int(y) - reach), min(height, int(y) + reach + 1)
    if left >= right or top >= bottom:
        return
    columns, rows = grid(right - left, bottom - top)
    distance = np.hypot(columns + left - x, rows + top - y) / radius
    edge = 1.2 / radius
    cover = smoothstep(1 + edge, 1 - edge, distance) * (1 + rim * smoothstep(0.7, 0.98, distance))
    picture[top:bottom, left:right] += cover[..., None] * light
