"""A wood in the morning: trunks behind trunks, mist between them, and light that comes down in shafts."""

import numpy as np

from cli.samples.scenes.canvas import Picture, Rng, blurred, colour, fractal, grid, mix, ramp, read, smoothstep

MISTS = {
    "green": (((0, "#dfe8b8"), (0.5, "#9fb884"), (1, "#4a6a48")), "#20301c", "#3f5a26", "#fff2b8"),
    "blue": (((0, "#dfe8ee"), (0.5, "#a9bcc8"), (1, "#5a6f80")), "#1a242c", "#33454a", "#eaf4ff"),
    "autumn": (((0, "#ffe6b0"), (0.5, "#dca868"), (1, "#7a5236")), "#2c1c12", "#a8622a", "#ffe0a0"),
}
LAYERS = 7


def forest(rng: Rng, width: int, height: int) -> Picture:
    """Seven layers of trees, each nearer one darker and clearer."""
    gradient, bark, floor, beam = MISTS[str(rng.choice(list(MISTS)))]
    columns, rows = grid(width, height)
    sun = float(rng.uniform(0.3, 0.7)) * width
    distance = np.hypot((columns - sun) / width, (rows - height * 0.25) / height * 0.8)
    glow = (1 + 1.1 * np.exp(-distance * 5))[..., None]
    picture: Picture = ramp(gradient, np.clip(distance * 1.15, 0, 1)) * glow
    mist = picture.copy()
    leaves = fractal(rng, 2.1)
    for layer in range(LAYERS):
        near = (layer + 1) / LAYERS
        cover = _trunks(rng, width, height, near) + _crowns(rng, leaves, width, height, near)
        dark = colour(bark) * (0.7 + 0.6 * read(leaves, columns * 2.2, rows * 0.35 + layer * 90)[..., None] * 0.3)
        body = dark * near**1.4 + mist * (1 - near**1.4) * 0.86
        picture = mix(picture, body, np.clip(cover, 0, 1))
    ground = height * 0.8 + read(leaves, columns * 0.12, 7 + 0 * rows) * height * 0.012
    under = smoothstep(-height * 0.06, height * 0.1, rows - ground)
    litter = colour(floor) * (0.5 + 0.28 * read(leaves, columns * 1.6, rows * 4 + 300)[..., None])
    picture = mix(picture, np.maximum(litter, 0.004), under * 0.92)
    return (picture + _shafts(rng, mist, sun, beam)).astype(np.float32)


def _trunks(rng: Rng, width: int, height: int, near: float) -> Picture:
    columns, rows = grid(width, height)
    cover = np.zeros((height, width), np.float32)
    for _ in range(int(26 - 20 * near)):
        thick = width * (0.002 + 0.017 * near**2) * float(rng.uniform(0.6, 1.4))
        middle = float(rng.uniform(-0.02, 1.02)) * width
        lean, bend = rng.normal(0, 0.02, 2)
        up = (height - rows) / height
        axis = middle + lean * up * height + bend * height * np.sin(up * 3) * 0.6
        half = thick * (1.15 - 0.55 * up) + thick * 1.2 * np.exp(-up * 26)
        left, right = max(0, int(middle - width * 0.1)), min(width, int(middle + width * 0.1))
        if left < right:
            strip = cover[:, left:right]
            edge = 0.8 + 2.0 * (1 - near)
            np.maximum(strip, smoothstep(edge, -edge, np.abs(columns[:, left:right] - axis) - half), out=strip)
    return cover


def _crowns(rng: Rng, leaves: Picture, width: int, height: int, near: float) -> Picture:
    columns, rows = grid(width, height)
    scale = 1.7 - near * 0.9
    shape = read(leaves, columns * scale * 0.7 + float(rng.uniform(0, 999)), rows * scale * 0.7 + near * 200)
    lift = (rows / height) / (0.42 - 0.16 * near)
    return smoothstep(0.0, 0.45, shape + 0.9 - lift * 2.1)


def _shafts(rng: Rng, mist: Picture, sun: float, beam: str) -> Picture:
    """Light between the crowns, spreading from a place above the picture."""
    height, width = mist.shape[:2]
    columns, rows = grid(width, height)
    above = -height * 0.5
    angle = np.arctan2(columns - sun, rows - above)
    tile = fractal(rng, 1.6)
    rays = np.clip(read(tile, angle * 60, 5 + 0 * angle) + 0.3 * read(tile, angle * 190, 40 + 0 * angle), 0, 3)
    fade = np.exp(-np.abs(columns - sun) / width * 3.2) * smoothstep(1.05, 0.1, rows / height)
    return blurred((rays * fade)[..., None] * colour(beam) * 0.16, 3)
