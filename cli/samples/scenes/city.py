"""A city across the water: blocks behind blocks, some windows lit, haze between the rows, all of it mirrored."""

import numpy as np

from cli.samples.scenes.canvas import Picture, Plane, Rng, blurred, colour, fractal, grid, read, smoothstep
from cli.samples.scenes.sky import HOURS, Sky, paint

HOURS_HERE = {"dusk": 0.62, "sunset": 0.4, "dawn": 0.18, "gold": 0.05, "overcast": 0.12}
"""Hour of the day to the share of windows that are lit."""

LAMPS = ("#ffd9a0", "#ffc47a", "#ffe9c8", "#e8f0ff", "#ffb45e")


def city(rng: Rng, width: int, height: int) -> Picture:
    """Three rows of towers on a shore, and their lights in the water."""
    name = str(rng.choice(list(HOURS_HERE)))
    shore = height * float(rng.uniform(0.62, 0.74))
    sky = paint(rng, width, height, shore, HOURS[name], float(rng.uniform(0.15, 0.5)))
    picture = sky.picture.copy()
    for row, (tallest, thickness) in enumerate(((0.34, 34), (0.42, 56), (0.36, 88))):
        _towers(rng, picture, sky, shore, height * tallest, thickness * width / 1500, row / 2, HOURS_HERE[name])
        _haze(picture, sky, shore, 0.28 - 0.12 * row)
    lights = np.clip(picture - 0.9, 0, 2)
    picture += blurred(lights, 7) * 0.7 + blurred(lights, 28) * 0.5
    return _mirrored(rng, picture, shore)


def _towers(
    rng: Rng, picture: Picture, sky: Sky, shore: float, tallest: float, thickness: float, nearness: float, lit: float
) -> None:
    width = picture.shape[1]
    tint = sky.haze * (0.34 - 0.22 * nearness) * (0.3 + 0.7 * sky.hour.ambient) + 0.012
    left = -float(rng.uniform(0, thickness))
    while left < width:
        broad = thickness * float(rng.uniform(0.55, 1.5))
        centre = np.exp(-(((left + broad / 2) / width - 0.5) ** 2) * 5)
        tall = tallest * float(rng.beta(1.6, 2.4)) * (0.45 + 0.75 * float(centre)) + thickness * 0.5
        _tower(rng, picture, sky, tint, (left, left + broad, shore - tall, shore), thickness, lit)
        left += broad * float(rng.uniform(0.72, 1.1))


def _tower(
    rng: Rng,
    picture: Picture,
    sky: Sky,
    tint: Picture,
    box: tuple[float, float, float, float],
    thickness: float,
    lit: float,
) -> None:
    left, right, top, bottom = (int(edge) for edge in box)
    left, right = max(0, left), min(picture.shape[1], right)
    if right - left < 3:
        return
    columns, rows = grid(right - left, bottom - top)
    shade = 0.75 + 0.5 * float(rng.random()) + 0.25 * np.sign(sky.sun_x - left) * (columns / (right - left) - 0.5)
    wall = (tint * (1 + 0.14 * rng.standard_normal(3).astype(np.float32))) * (shade + 0 * rows)[..., None]
    pitch_x, pitch_y = max(3, round(thickness * 0.11)), max(4, round(thickness * 0.15))
    across, down = (columns // pitch_x).astype(int), (rows // pitch_y).astype(int)
    glass = (columns % pitch_x >= 1) & (rows % pitch_y >= max(1, pitch_y // 3))
    rooms = rng.random((down.max() + 1, across.max() + 1))
    floors = rng.random(down.max() + 1)[:, None] < 0.06
    alight = ((rooms < lit * rng.uniform(0.4, 1.3)) | (floors & (lit > 0.1)))[down, across] & glass
    lamp = (
        colour(str(rng.choice(LAMPS)))
        * (0.35 + 1.5 * rng.random(rooms.shape).astype(np.float32) ** 2)[down, across, None]
    )
    pane = wall * 0.72 + sky.picture[max(0, top - 1), left] * 0.1
    wall = np.where(glass[..., None], pane, wall)
    picture[top:bottom, left:right] = np.where(alight[..., None], lamp, wall)


def _haze(picture: Picture, sky: Sky, shore: float, strength: float) -> None:
    _, rows = grid(1, picture.shape[0])
    veil = strength * np.exp(-np.abs(shore - rows) / picture.shape[0] * 5)
    picture += (sky.haze * (0.3 + 0.6 * sky.hour.ambient) - picture) * np.clip(veil, 0, 1)[..., None]


def _mirrored(rng: Rng, picture: Picture, shore: float) -> Picture:
    height, width = picture.shape[:2]
    columns, rows = grid(width, height)
    depth = np.clip(rows - shore, 0, None)
    ripple: Plane = read(fractal(rng, 2.0), columns * 30 / (depth + 14), 6000 / (depth + 24) + 0 * columns)
    mirrored = np.abs(2 * shore - rows + ripple * (2 + depth * 0.16)).astype(np.int32) % height
    sideways = np.clip(columns + ripple * (1 + depth * 0.035), 0, width - 1).astype(np.int32)
    water = blurred(picture, 2.5)[mirrored, sideways] * 0.62 + colour("#0a1420") * 0.4
    bank = smoothstep(shore - 1, shore + 1, rows + 0 * columns)[..., None]
    line = np.exp(-((rows - shore) ** 2) / (0.00002 * height**2))[..., None]
    return np.asarray((picture * (1 - bank) + water * bank) * (1 - 0.75 * line), np.float32)
