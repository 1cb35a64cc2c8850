"""Lights out of focus: a street at night, or a garden with the sun in its leaves, seen through an open lens."""

import numpy as np

from cli.samples.scenes.canvas import Picture, Rng, add_disc, blurred, colour, fractal, grid, ramp, read

NIGHT = ("#ffb347", "#ff8a3c", "#ffd58a", "#fff1d6", "#ff4f4f", "#59c8ff", "#7dffb0", "#ff6fae", "#9a8cff")
GARDEN = ("#d8f28a", "#a6d860", "#fff6c0", "#7fbf4a", "#e8ffd0", "#c6e87a")


def bokeh(rng: Rng, width: int, height: int) -> Picture:
    """Hundreds of soft discs, the largest in front."""
    night = bool(rng.random() < 0.6)
    picture = _ground(rng, width, height, night)
    names = NIGHT if night else GARDEN
    palette = [colour(name) for name in rng.choice(names, size=int(rng.integers(3, 6)), replace=False)]
    line = rng.uniform(0.4, 0.7)
    for size, count, strength in ((0.008, 260, 0.5), (0.02, 150, 0.3), (0.042, 60, 0.2), (0.075, 16, 0.12)):
        for _ in range(count):
            radius = height * size * float(rng.uniform(0.75, 1.3))
            x = float(rng.uniform(-0.02, 1.02)) * width
            y = float(np.clip(rng.normal(line, 0.2 if night else 0.34), -0.05, 1.05)) * height
            light = palette[int(rng.integers(len(palette)))] * strength * float(rng.gamma(2.0, 0.5))
            add_disc(picture, x, y, radius, light, rim=0.35)
    return _with_rain(rng, picture) if night and rng.random() < 0.5 else picture


def _ground(rng: Rng, width: int, height: int, night: bool) -> Picture:
    columns, rows = grid(width, height)
    cloud = read(fractal(rng, 3.4), columns / width * 300, rows / height * 200)
    tone = np.clip(rows / height * 0.7 + cloud * 0.12 + 0.15, 0, 1)
    dark = ((0, "#070b18"), (0.5, "#1c1a30"), (0.8, "#2c2230"), (1, "#15131c"))
    green = ((0, "#cfe6a0"), (0.35, "#6f9a3e"), (0.7, "#2f5424"), (1, "#16301a"))
    return ramp(dark if night else green, tone).copy()


def _with_rain(rng: Rng, picture: Picture) -> Picture:
    """The same view through drops on a window: each drop is a small lens that shows it upside down."""
    height, width = picture.shape[:2]
    sharp, soft = picture.copy(), blurred(picture, 6)
    for _ in range(420):
        radius = height * float(0.003 + 0.014 * rng.beta(1, 4))
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        left, top = int(x - radius), int(y - radius)
        edge = int(2 * radius) + 1
        if left < 0 or top < 0 or left + edge >= width or top + edge >= height:
            continue
        columns, rows = grid(edge, edge)
        dx, dy = (columns + left - x) / radius, (rows + top - y) / radius * 0.9
        inside = np.hypot(dx, dy) < 1
        source_x = np.clip(x - dx * radius * 7, 0, width - 1).astype(int)
        source_y = np.clip(y - dy * radius * 7, 0, height - 1).astype(int)
        rim = 1 - 0.75 * np.clip(np.hypot(dx, dy), 0, 1) ** 6
        drop = sharp[source_y, source_x] * (rim * 1.25)[..., None] + 0.04 * (dy < -0.5)[..., None]
        patch = soft[top : top + edge, left : left + edge]
        patch[inside] = drop[inside]
    return soft
