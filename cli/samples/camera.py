"""From light to a photograph: exposure, a film's tone curve, the lens's falling corners, and grain."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cli.samples.scenes.canvas import Picture, Rng, grid

GRAIN_TILE = 1024


def develop(rng: Rng, scene: Picture, width: int, height: int, iso: int) -> Image.Image:
    """The scene as an 8-bit RGB photograph of this size, with the grain of this sensitivity."""
    picture = Image.fromarray(_encoded(_vignetted(scene)))
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return _grained(rng, np.asarray(picture), 2.0 + (iso / 100) ** 0.5 * 1.1)


def _vignetted(scene: Picture) -> Picture:
    height, width = scene.shape[:2]
    columns, rows = grid(width, height)
    distance = ((columns / width - 0.5) ** 2 + (rows / height - 0.5) ** 2) * 2
    return np.asarray(scene * (1 - 0.28 * distance**1.5)[..., None])


def _encoded(scene: Picture) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes, highlights rolled off softly above 0.7."""
    knee = 0.7
    over = np.maximum(scene - knee, 0)
    rolled = np.minimum(scene, knee) + (1 - knee) * over / (over + (1 - knee) * 1.6)
    linear = np.clip(rolled, 0, 1)
    table = np.linspace(0, 1, 4096)
    srgb = np.where(table <= 0.0031308, table * 12.92, 1.055 * table ** (1 / 2.4) - 0.055)
    contrast = srgb + 0.07 * np.sin((srgb - 0.5) * 2 * np.pi) * 0.6
    curve = np.clip(np.round(contrast * 255), 0, 255).astype(np.uint8)
    return curve.take((linear * 4095).astype(np.int16))


def _grained(rng: Rng, picture: NDArray[np.uint8], strength: float) -> Image.Image:
    """Luminance grain with a little colour in it, from one tile laid at random places."""
    height, width = picture.shape[:2]
    luminance = rng.standard_normal((GRAIN_TILE, GRAIN_TILE, 1), dtype=np.float32)
    chroma = rng.standard_normal((GRAIN_TILE, GRAIN_TILE, 3), dtype=np.float32)
    tile = np.round((luminance + chroma * 0.35) * strength).astype(np.int16)
    grained = picture.astype(np.int16)
    for top in range(0, height, GRAIN_TILE):
        for left in range(0, width, GRAIN_TILE):
            patch = grained[top : top + GRAIN_TILE, left : left + GRAIN_TILE]
            shifted = np.roll(tile, tuple(rng.integers(0, GRAIN_TILE, 2)), (0, 1))
            patch += shifted[: patch.shape[0], : patch.shape[1]]
    return Image.fromarray(np.clip(grained, 0, 255).astype(np.uint8))
