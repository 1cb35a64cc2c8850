"""The sky far from any town: the Milky Way, or northern lights, over a black ridge."""

import numpy as np

from cli.samples.scenes.canvas import Picture, Plane, Rng, add_disc, colour, fractal, grid, ramp, read, smoothstep


def night(rng: Rng, width: int, height: int) -> Picture:
    """Stars, one of the two lights, and the land as a silhouette."""
    columns, rows = grid(width, height)
    picture = ramp(
        ((0, "#03060f"), (0.6, "#0b1730"), (0.85, "#1b2b48"), (1, "#3a3f55")), rows / height + 0 * columns
    ).copy()
    band = _milky_way(rng, picture)
    _stars(rng, picture, band)
    if rng.random() < 0.55:
        picture += _aurora(rng, width, height)
    ridge = height * 0.86 + height * 0.06 * read(fractal(rng, 3.0), columns * 0.25, 3 + 0 * columns)
    ridge = ridge - height * 0.012 * np.abs(read(fractal(rng, 1.2), columns * 0.9, 90 + 0 * columns))
    land = smoothstep(-1, 1, rows - ridge)[..., None]
    return (picture * (1 - land) + colour("#05070b") * land).astype(np.float32)


def _milky_way(rng: Rng, picture: Picture) -> Plane:
    height, width = picture.shape[:2]
    columns, rows = grid(width, height)
    slope = float(rng.uniform(-0.9, 0.9))
    tile, dust = fractal(rng, 2.6), fractal(rng, 2.9)
    across = (columns - width * rng.uniform(0.35, 0.65)) / height - (rows / height - 0.4) * slope
    bent = across + 0.05 * read(tile, columns * 0.2, rows * 0.2)
    glow = np.exp(-(bent**2) / 0.03) * np.clip(0.75 + 0.3 * read(tile, columns * 0.35, rows * 0.35), 0.1, 2)
    lanes = np.exp(-(bent**2) / 0.006) * smoothstep(0.0, 1.3, read(dust, columns * 0.4, rows * 0.4))
    light = np.clip(glow * 0.12 * (1 - 0.85 * lanes), 0, 1)
    picture += light[..., None] * (colour("#cdb8d8") + colour("#ffcf9a") * np.exp(-(bent**2) / 0.008)[..., None])
    return np.asarray(glow, np.float32)


def _stars(rng: Rng, picture: Picture, band: Plane) -> None:
    height, width = picture.shape[:2]
    faint = rng.random((height, width), dtype=np.float32)
    dust = faint < 0.0025 + 0.007 * band
    picture[dust] += (rng.pareto(2.2, int(dust.sum())).astype(np.float32) * 0.12 + 0.03)[:, None]
    tints = [colour(name) for name in ("#ffffff", "#cfe0ff", "#ffe6c8", "#b8d0ff")]
    for _ in range(130):
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height * 0.9))
        bright = float(rng.pareto(1.8)) * 0.5 + 0.25
        add_disc(picture, x, y, 0.9 + min(bright, 2.2) * 0.45, tints[int(rng.integers(4))] * min(bright, 3))


def _aurora(rng: Rng, width: int, height: int) -> Picture:
    columns, rows = grid(width, height)
    light = np.zeros((height, width, 3), np.float32)
    tile = fractal(rng, 2.8)
    for curtain in range(3):
        level = height * (0.6 + 0.1 * curtain * float(rng.uniform(-1, 1)))
        foot = level + height * 0.11 * read(tile, columns * 0.16 + curtain * 211, 9 + 0 * columns)
        folds = np.clip(0.55 + 0.5 * read(tile, columns * 0.9 + curtain * 97, 50 + 0 * columns), 0.05, 2)
        up = (foot - rows) / height
        rise = smoothstep(-0.012, 0.03, up) * np.exp(-np.clip(up, 0, None) * (5.5 / (0.6 + folds * 0.7)))
        hue = smoothstep(0.05, 0.42, up)[..., None]
        light += (rise * folds * 0.34)[..., None] * (colour("#48ff9e") * (1 - hue) + colour("#a05cff") * hue)
    return light
