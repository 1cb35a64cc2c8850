"""The light of an hour of the day: sky, sun, haze, and clouds lit by it."""

from dataclasses import dataclass

import numpy as np

from cli.samples.scenes.canvas import Picture, Plane, Rng, colour, fractal, grid, ramp, read, smoothstep


@dataclass(frozen=True)
class Hour:
    """One row of the day: colours from the horizon to the zenith, of the sun, of clouds in light and in shade."""

    sky: tuple[tuple[float, str], ...]
    sun: str
    glow: float
    lit: str
    shade: str
    ambient: float
    low: bool


HOURS = {
    "dawn": Hour(
        ((0, "#ffcf9e"), (0.18, "#f6b8a0"), (0.45, "#a99ac4"), (1, "#4d6a9e")),
        "#ffd9a0",
        1.4,
        "#ffd2b8",
        "#8d83a8",
        0.5,
        True,
    ),
    "morning": Hour(
        ((0, "#e3ecf2"), (0.2, "#b4d2ea"), (0.6, "#6ea4d6"), (1, "#3a74b8")),
        "#fff1d8",
        0.9,
        "#ffffff",
        "#a9b6c6",
        0.85,
        False,
    ),
    "noon": Hour(
        ((0, "#d5e6f2"), (0.15, "#a3cbea"), (0.5, "#4f92d0"), (1, "#1f5aa6")),
        "#fff8ea",
        0.7,
        "#ffffff",
        "#9fb0c4",
        1.0,
        False,
    ),
    "gold": Hour(
        ((0, "#ffdca0"), (0.2, "#f4c898"), (0.5, "#a9b4c4"), (1, "#5b84b4")),
        "#ffc873",
        1.8,
        "#ffe2b0",
        "#9a8d92",
        0.7,
        True,
    ),
    "sunset": Hour(
        ((0, "#ffa04e"), (0.16, "#f57a52"), (0.4, "#b0587a"), (0.7, "#5c4a86"), (1, "#2c3468")),
        "#ffb060",
        2.2,
        "#ff9a66",
        "#5a4468",
        0.32,
        True,
    ),
    "dusk": Hour(
        ((0, "#e8a082"), (0.12, "#b97f92"), (0.4, "#5c6599"), (1, "#1c2a5a")),
        "#ffa878",
        0.7,
        "#d58a8c",
        "#3c4470",
        0.2,
        True,
    ),
    "overcast": Hour(
        ((0, "#dfe3e4"), (0.3, "#c4ccd0"), (1, "#95a1a9")), "#ffffff", 0.25, "#eef0f0", "#8f999f", 0.7, False
    ),
}


@dataclass(frozen=True)
class Sky:
    """A sky as it fills the whole picture, and where its light comes from."""

    picture: Picture
    hour: Hour
    sun_x: float
    sun_y: float
    haze: Picture
    """Three floats: what distance fades into."""


def paint(rng: Rng, width: int, height: int, horizon: float, hour: Hour, cover: float) -> Sky:
    """The sky above row `horizon`, with clouds over about the share `cover` of it, and its haze below."""
    columns, rows = grid(width, height)
    elevation = np.clip((horizon - rows) / height, 0, 1)
    picture = ramp(hour.sky, np.broadcast_to(elevation * 1.25, (height, width)))
    sun_x = float(rng.uniform(0.15, 0.85)) * width
    sun_y = horizon - height * float(rng.uniform(0.03, 0.12) if hour.low else rng.uniform(0.5, 0.8))
    distance = np.hypot(columns - sun_x, (rows - sun_y) * 1.15) / height
    glow = hour.glow * (np.exp(-distance * 4.5) * 0.55 + np.exp(-distance * 18) * 0.9)
    disc = smoothstep(0.024, 0.019, distance) * (3.5 if hour.low else 0.0)
    if cover > 0:
        density, lit = _clouds(rng, columns, elevation, width, height, sun_x, cover)
        body = (
            colour(hour.shade)
            + (colour(hour.lit) * (1.1 + glow[..., None] * 0.8) - colour(hour.shade)) * lit[..., None]
        )
        picture = picture + (body - picture) * density[..., None]
        disc = disc * (1 - density) ** 2
    picture = picture + glow[..., None] * colour(hour.sun) + disc[..., None] * colour(hour.sun)
    return Sky(picture.astype(np.float32), hour, sun_x, sun_y, colour(hour.sky[0][1]))


def _clouds(
    rng: Rng, columns: Plane, elevation: Plane, width: int, height: int, sun_x: float, cover: float
) -> tuple[Plane, Plane]:
    """Density and light, both 0 to 1, of a flat layer of cloud seen from below: it shrinks towards the horizon."""
    tile = fractal(rng, 3.1)
    depth = 1 / (elevation + 0.09)
    across = (columns / width - 0.5) * depth * 62 * (width / height)
    down = depth * 95 + rng.uniform(0, 1024)
    shape = read(tile, across, down)
    towards = read(tile, across + np.tanh((sun_x - columns) / width * 5) * 9, down + 9)
    threshold = 1.15 - 2.3 * cover
    density = smoothstep(threshold, threshold + 1.0, shape) * smoothstep(0.0, 0.1, elevation) * 0.95
    lit = np.clip(0.62 + (shape - towards) * 0.9 - density * 0.25, 0, 1)
    return density.astype(np.float32), lit.astype(np.float32)
