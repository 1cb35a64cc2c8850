"""Near things: leaves against the light, flowers in a meadow, pebbles wet from the sea."""

import numpy as np

from cli.samples.scenes.canvas import Picture, Rng, add_disc, blurred, colour, fractal, grid, ramp, read, smoothstep

LEAVES = (
    ("#2f5a1c", "#6f9a2c", "#c6dc5a"),
    ("#7a2c12", "#c8581c", "#f2b84a"),
    ("#1c4a34", "#3c8a58", "#a8d8a0"),
)
PETALS = (
    (("#f4f1ea", "#f6e6b4"), "#f2c11c"),
    (("#d8345a", "#f07090"), "#3c1c24"),
    (("#6a5cc8", "#a89cf0"), "#f2d25a"),
    (("#f08a24", "#f8c05a"), "#5a3010"),
)
STONES = ("#8c8a86", "#6a6a6e", "#a89c8c", "#5a5450", "#b8b0a4", "#7c6a5c", "#4a4e54", "#c4b8a6", "#8a6f60")


def foliage(rng: Rng, width: int, height: int) -> Picture:
    """Leaves over leaves; the farther ones are out of focus, the nearest have veins."""
    dark, middle, light = (colour(name) for name in LEAVES[int(rng.integers(len(LEAVES)))])
    columns, rows = grid(width, height)
    soft = read(fractal(rng, 3.2), columns * 0.22, rows * 0.22)
    picture: Picture = dark * 0.5 + (middle - dark * 0.5) * smoothstep(-1.6, 2.2, soft)[..., None]
    for _ in range(60):
        place = float(rng.uniform(0, width)), float(rng.uniform(0, height * 0.7))
        add_disc(picture, *place, height * float(rng.uniform(0.01, 0.05)), light * float(rng.uniform(0.05, 0.25)), 0.3)
    texture = fractal(rng, 2.0)
    for count, size, blur in ((46, 0.13, 9.0), (40, 0.17, 4.0), (26, 0.23, 0.0)):
        for _ in range(count):
            tint = dark + (light - dark) * float(rng.beta(2, 2.2))
            _leaf(rng, picture, texture, width * size * float(rng.uniform(0.7, 1.3)), tint)
        picture = blurred(picture, blur) if blur else picture
    return picture.astype(np.float32)


def _leaf(rng: Rng, picture: Picture, texture: Picture, length: float, tint: Picture) -> None:
    height, width = picture.shape[:2]
    x, y = float(rng.uniform(-0.05, 1.05)) * width, float(rng.uniform(-0.05, 1.05)) * height
    left, right = max(0, int(x - length / 2)), min(width, int(x + length / 2))
    top, bottom = max(0, int(y - length / 2)), min(height, int(y + length / 2))
    if right - left < 4 or bottom - top < 4:
        return
    columns, rows = grid(right - left, bottom - top)
    turn = float(rng.uniform(0, 2 * np.pi))
    dx, dy = (columns + left - x) / length * 2, (rows + top - y) / length * 2
    along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    across = across - 0.1 * np.sin(along * 2.2)
    half = 0.36 * np.sqrt(np.clip(1 - along**2, 0, 1)) * (1 - 0.35 * along)
    cover = smoothstep(0.012, -0.012, np.abs(across) - half)
    veins = np.exp(-((across / 0.012) ** 2)) + 0.55 * np.exp(
        -(((np.abs(across) * 0.9 - along + 40) % 0.16 - 0.08) ** 2) / 0.0001
    )
    grain = read(texture, columns * 1.3 + turn * 99, rows * 1.3)
    light = 0.62 + 0.5 * np.sign(across) * float(rng.uniform(-0.5, 0.5)) + 0.25 * dy * float(rng.uniform(-1, 0.2))
    shade = np.clip(light + 0.07 * grain + 0.22 * veins, 0.08, 2)
    patch = picture[top:bottom, left:right]
    shadow = smoothstep(0.12, -0.05, np.abs(across) - half) * 0.3
    patch *= 1 - shadow[..., None]
    patch += (tint * shade[..., None] - patch) * cover[..., None]


def meadow(rng: Rng, width: int, height: int) -> Picture:
    """Flowers at every distance: small and soft behind, large and sharp at the middle, huge and soft in front."""
    columns, rows = grid(width, height)
    blades = read(fractal(rng, 1.9), columns * 1.2, rows * 0.16)
    tone = np.clip(rows / height * 0.9 + blades * 0.09, 0, 1)
    picture = ramp(
        ((0, "#cfe4f2"), (0.22, "#d8e8c0"), (0.34, "#93b45a"), (0.7, "#4f7a30"), (1, "#24421c")), tone
    ).copy()
    kinds = [PETALS[int(at)] for at in rng.choice(len(PETALS), 2, replace=False)]
    for share, blur in ((0.0, 7.0), (0.35, 4.0), (0.62, 1.8), (0.85, 0.0)):
        for _ in range(int(90 - 70 * share)):
            depth = share + float(rng.uniform(0, 0.28))
            petals, heart = kinds[int(rng.integers(2))]
            place = float(rng.uniform(0, width)), height * (0.3 + 0.6 * depth + float(rng.normal(0, 0.02)))
            tint = colour(petals[0]) + (colour(petals[1]) - colour(petals[0])) * float(rng.random())
            _flower(rng, picture, place, height * (0.008 + 0.055 * depth**1.6), tint, colour(heart))
        picture = blurred(picture, blur) if blur else picture
    return (picture * 1.08).astype(np.float32)


def _flower(
    rng: Rng, picture: Picture, place: tuple[float, float], radius: float, tint: Picture, heart: Picture
) -> None:
    height, width = picture.shape[:2]
    x, y = place
    stem_x, stem_end = int(x), min(height, int(y + radius * 6))
    if 1 <= stem_x < width - 2 and int(y) < stem_end:
        thick = max(1, int(radius * 0.1))
        picture[int(y) : stem_end, stem_x : stem_x + thick] *= np.array([0.7, 0.85, 0.6], np.float32)
    left, right = max(0, int(x - radius - 2)), min(width, int(x + radius + 2))
    top, bottom = max(0, int(y - radius - 2)), min(height, int(y + radius + 2))
    if right - left < 2 or bottom - top < 2:
        return
    columns, rows = grid(right - left, bottom - top)
    dx, dy = (columns + left - x) / radius, (rows + top - y) / radius * float(rng.uniform(1.0, 1.7))
    angle, distance = np.arctan2(dy, dx) + float(rng.uniform(0, 6)), np.hypot(dx, dy)
    number = int(rng.integers(6, 14))
    reach = 0.72 + 0.28 * np.abs(np.cos(angle * number / 2)) ** 0.6
    cover = smoothstep(0.05, -0.05, distance - reach)
    shade = 0.72 + 0.32 * distance - 0.16 * np.abs(np.sin(angle * number / 2)) ** 8 - 0.12 * dy
    patch = picture[top:bottom, left:right]
    patch += (tint * shade[..., None] - patch) * cover[..., None]
    middle = smoothstep(0.33, 0.24, distance)
    patch += (heart * (1.05 - 0.5 * dy)[..., None] - patch) * middle[..., None]


def pebbles(rng: Rng, width: int, height: int) -> Picture:
    """Stones laid over smaller stones, round, grained, with the sky in their wet tops."""
    texture = fractal(rng, 1.7)
    bands = fractal(rng, 2.8)
    picture = np.full((height, width, 3), 0.025, np.float32)
    wet = float(rng.uniform(0.15, 1))
    for size, count in ((0.024, 900), (0.04, 380), (0.062, 170), (0.09, 42)):
        for _ in range(count):
            _stone(rng, picture, texture, bands, width * size * float(rng.uniform(0.7, 1.35)), wet)
    return picture


def _stone(rng: Rng, picture: Picture, texture: Picture, bands: Picture, length: float, wet: float) -> None:
    height, width = picture.shape[:2]
    x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    reach = int(length * 0.62)
    left, right, top, bottom = (
        max(0, int(x) - reach),
        min(width, int(x) + reach),
        max(0, int(y) - reach),
        min(height, int(y) + reach),
    )
    if right - left < 4 or bottom - top < 4:
        return
    columns, rows = grid(right - left, bottom - top)
    turn, flat = float(rng.uniform(0, np.pi)), float(rng.uniform(0.62, 0.95))
    dx, dy = (columns + left - x) / length * 2, (rows + top - y) / length * 2
    along, across = dx * np.cos(turn) + dy * np.sin(turn), (dy * np.cos(turn) - dx * np.sin(turn)) / flat
    radius = np.sqrt(np.sqrt((along * along) ** 2 + (across * across) ** 2 + 1.2 * (along * across) ** 2))
    cover = smoothstep(1.03, 0.97, radius)
    dome = np.sqrt(np.clip(1 - radius**2, 0, 1))
    light = 0.32 + 0.55 * dome - 0.34 * dx * (1 - dome) - 0.42 * dy * (1 - dome)
    grain = read(texture, columns * 1.6 + x * 7, rows * 1.6 + y * 5)
    stripes = read(bands, along * 30 + x, across * 4 + y * 3)
    tint = colour(str(rng.choice(STONES))) * (1 - 0.35 * wet)
    body = tint * (light * (1 + 0.11 * grain + 0.16 * np.tanh(stripes * 2)))[..., None]
    shine = wet * 0.55 * np.exp(-((along + 0.25) ** 2 + (across + 0.35) ** 2) * 13)
    patch = picture[top:bottom, left:right]
    patch *= 1 - 0.55 * smoothstep(1.28, 0.95, radius)[..., None]
    patch += (np.maximum(body, 0.004) + shine[..., None] * np.array([0.8, 0.9, 1.0], np.float32) - patch) * cover[
        ..., None
    ]
