"""Land in perspective: a height field walked from the camera to the horizon, lit, hazed, with water in its valleys."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cli.samples.scenes.canvas import TILE, Picture, Plane, Rng, colour, fractal, grid, mix, ramp, read, smoothstep
from cli.samples.scenes.sky import HOURS, Sky, paint

STEPS = 640
NEAREST, FARTHEST = 4.0, 1500.0
"""Distances at which the land is cut, in samples of the height field; each is 0.9 % farther than the one before."""
VIEWPOINTS = 48
"""Places tried for a camera that stands low and sees something high."""


@dataclass(frozen=True)
class Country:
    """One row of geography. Heights are in deviations of the height field."""

    ground: tuple[tuple[float, str], ...]
    """Colours from the lowest land to the highest."""
    rock: str
    """Where it is steep."""
    snowline: float
    sea: float
    relief: float
    ridged: float
    """0: rolling hills, 1: sharp crests."""
    smooth: float
    """How much of the relief is broad: the exponent by which the field's power falls with frequency."""
    woods: float
    """How much the trees stand out of the ground."""
    hours: tuple[str, ...]
    fields: float = 0.0
    """How much the colour of gentle slopes changes from field to field."""


COUNTRIES = {
    "alps": Country(
        ((0, "#2c3d24"), (0.3, "#3f5230"), (0.5, "#6f6f58"), (0.7, "#8c8880"), (1, "#a5a09a")),
        "#6d6862", 1.1, -9.0, 1.5, 0.75, 4.1, 0.004, ("dawn", "morning", "gold", "noon", "sunset"),
    ),
    "hills": Country(
        ((0, "#56702e"), (0.35, "#6f8a3a"), (0.6, "#93994e"), (0.8, "#a09258"), (1, "#7e7a54")),
        "#7a6d4e", 9.0, -9.0, 0.8, 0.12, 4.3, 0.003, ("morning", "gold", "noon", "overcast", "dawn"), 0.34,
    ),
    "fjord": Country(
        ((0, "#3b4a30"), (0.35, "#49592f"), (0.6, "#66664e"), (1, "#8a857c")),
        "#5a5652", 1.5, -0.15, 1.05, 0.65, 3.9, 0.008, ("dawn", "gold", "dusk", "overcast", "sunset", "morning"),
    ),
    "islands": Country(
        ((0, "#d9c89a"), (0.12, "#4d6a34"), (0.5, "#5d7a3c"), (1, "#857f66")),
        "#75695a", 9.0, 0.45, 0.34, 0.4, 3.6, 0.02, ("noon", "sunset", "gold", "morning", "dusk"),
    ),
    "desert": Country(
        ((0, "#d49a5c"), (0.4, "#c98550"), (0.7, "#b86e44"), (1, "#a65c3c")),
        "#b8764a", 9.0, -9.0, 0.42, 0.55, 3.7, 0.0, ("gold", "sunset", "morning", "dawn"),
    ),
}  # fmt: skip


def landscape(rng: Rng, width: int, height: int) -> Picture:
    """A country, at one of its hours."""
    country = COUNTRIES[str(rng.choice(list(COUNTRIES)))]
    hour = HOURS[str(rng.choice(country.hours))]
    horizon = height * float(rng.uniform(0.36, 0.5))
    sky = paint(rng, width, height, horizon, hour, float(rng.uniform(0.2, 0.6)))
    return _land(rng, width, height, horizon, country, sky)


def _land(rng: Rng, width: int, height: int, horizon: float, country: Country, sky: Sky) -> Picture:
    columns, rows = grid(width, height)
    field = _height_field(rng, country)
    distances = np.geomspace(NEAREST, FARTHEST, STEPS).astype(np.float32)[:, None]
    stand_x, stand_y = _viewpoint(rng, field, country)
    across = (columns - width / 2) / height * distances * 1.25 + stand_x
    down = distances + stand_y + 0 * columns
    ground = read(field, across, down)
    water = ground < country.sea
    level = np.where(water, country.sea, ground)
    eye = float(rng.uniform(0.25, 0.5))
    camera = max(float(level[:400].max()) + 0.06, float(level[:120].mean()) + eye, country.sea + eye)
    screen = horizon + (camera - level) * country.relief * 24 / distances * height * 0.8
    seen = _nearest(screen, height)
    land = seen < STEPS
    near = np.minimum(seen, STEPS - 1)
    pick = (near, np.broadcast_to(np.arange(width), near.shape))
    surface = _surface(rng, country, sky, field, across, down, ground, distances)[pick]
    fog = (1 - np.exp(-((distances / 640) ** 1.25)))[near[..., :], 0]
    glow = 1 + 0.5 * np.exp(-np.abs(columns - sky.sun_x) / width * 3.5)
    picture = mix(surface, np.broadcast_to(sky.haze, surface.shape) * (0.9 * glow[..., None]), fog)
    picture = np.where(land[..., None], picture, sky.picture)
    wet = land & water[pick]
    return _with_water(rng, picture, wet, horizon, rows, columns) if wet.any() else picture


def _viewpoint(rng: Rng, field: Plane, country: Country) -> tuple[float, float]:
    """Where to stand: low ground in front, the highest at a middle distance."""
    places = rng.uniform(0, TILE, (VIEWPOINTS, 2)).astype(np.float32)
    ahead = np.geomspace(NEAREST, 400, 60, dtype=np.float32)
    sideways = np.linspace(-0.5, 0.5, 9, dtype=np.float32)[:, None]
    worth = []
    for x, y in places:
        heights = np.maximum(read(field, x + sideways * ahead, y + ahead + 0 * sideways), country.sea)
        worth.append(heights[:, 40:].max() - 1.6 * heights[:, :40].max())
    x, y = places[int(np.argmax(worth))]
    return float(x), float(y)


def _height_field(rng: Rng, country: Country) -> Plane:
    broad = fractal(rng, country.smooth)
    sharp = 1.1 - 1.5 * np.abs(fractal(rng, country.smooth - 0.3))
    trees = np.abs(fractal(rng, 0.9))
    field = broad * (1 - country.ridged * 0.5) + sharp * country.ridged
    return (field + country.woods * trees * smoothstep(0.9, 0.3, field)).astype(np.float32)


def _nearest(screen: Plane, height: int) -> NDArray[np.int32]:
    """For every pixel, the first distance whose land reaches up to its row; STEPS where none does."""
    reached = np.minimum.accumulate(np.clip(screen, 0, height).astype(np.int32), axis=0)
    width = screen.shape[1]
    flat = reached * width + np.arange(width)
    above = np.bincount(flat.ravel(), minlength=(height + 1) * width).reshape(height + 1, width)
    hidden = np.cumsum(above[::-1], axis=0)[::-1]
    return hidden[1:].astype(np.int32)


def _surface(
    rng: Rng, country: Country, sky: Sky, field: Plane, across: Plane, down: Plane, ground: Plane, distances: Plane
) -> Picture:
    """The colour of the land at every distance and column, lit from the sun's side."""
    across_slopes, down_slopes = (np.roll(field, -1, axis) - np.roll(field, 1, axis) for axis in (1, 0))
    usual = float(across_slopes.std())
    slope_x, slope_y = read(across_slopes, across, down) / usual, read(down_slopes, across, down) / usual
    steep = np.hypot(slope_x, slope_y)
    side = 1.0 if sky.sun_x > across.shape[1] / 2 else -1.0
    light = np.clip(0.62 - side * slope_x * (0.34 if sky.hour.low else 0.24) + slope_y * 0.12, 0.05, 1.7)
    texture = fractal(rng, 1.2)
    grain = read(texture, across * 3.1, down * 3.1)
    grain += read(texture, across * 17, down * 17) * smoothstep(70, 8, distances)
    low = country.sea if country.sea > -5 else -1.6
    tone = np.clip((ground - low) / 3.4 + grain * 0.035, 0, 1)
    patches = np.round(read(np.roll(field, 311, 1), across * 2.3, down * 2.3) * 2.4) % 3 / 3
    tone = tone + country.fields * patches * smoothstep(2.4, 1.2, steep)
    picture = ramp(country.ground, tone)
    picture = mix(
        picture, np.broadcast_to(colour(country.rock), picture.shape), smoothstep(1.3, 3.0, steep + grain * 0.2)
    )
    snow = smoothstep(country.snowline - 0.15, country.snowline + 0.25, ground + grain * 0.12) * smoothstep(
        3.6, 1.8, steep
    )
    picture = mix(picture, np.broadcast_to(np.array([0.92, 0.94, 1.0], np.float32), picture.shape), snow)
    picture *= (1 + grain * 0.13)[..., None]
    warm = (colour(sky.hour.sun) * 0.6 + 0.4) * sky.hour.ambient * 1.25
    cool = colour(sky.hour.sky[-1][1]) * 0.35 + sky.haze * 0.12
    return np.asarray(picture * (light[..., None] * warm + cool), np.float32)


def _with_water(
    rng: Rng, picture: Picture, wet: NDArray[np.bool_], horizon: float, rows: Plane, columns: Plane
) -> Picture:
    """Water mirrors what stands above the horizon, broken by ripples that grow towards the camera."""
    height, width = wet.shape
    depth = np.clip(rows - horizon, 1, None)
    ripple = read(fractal(rng, 2.2), columns * 26 / depth + 90, 9000 / depth + 0 * columns)
    swell = np.clip(depth / height, 0.004, 0.5)
    mirrored = np.abs(2 * horizon - rows - 2 + ripple * swell * 46).astype(np.int32)
    sideways = np.clip(columns + ripple * swell * 16, 0, width - 1).astype(np.int32)
    reflected = picture[mirrored, sideways]
    deep = colour("#0d2a38")
    clear = np.clip(0.86 - 0.55 * (depth / height) + ripple * 0.05, 0.25, 0.95)
    water = reflected * clear[..., None] + deep * (1 - clear)[..., None]
    return np.where(wet[..., None], water, picture).astype(np.float32)
