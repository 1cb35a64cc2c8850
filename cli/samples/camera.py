"""From light to a photograph: exposure, a film's tone curve, the lens's falling corners, and grain."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from cli.samples.scenes.canvas import Picture, Rng, grid

GRAIN_TILE = 512
MIDDLE = 128


def develop(rng: Rng, scene: Picture, width: int, height: int, iso: int) -> Image.Image:
    """The scene as an 8-bit RGB photograph of this size, with the grain of this sensitivity."""
    picture = Image.fromarray(_encoded(_vignetted(scene)))
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    return _grained(rng, picture, 2.0 + (iso / 100) ** 0.5 * 1.1)


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
    return np.asarray(curve[(linear * 4095).astype(np.int16)])


def _grained(rng: Rng, picture: Image.Image, strength: float) -> Image.Image:
    """Luminance grain with a little colour in it: one tile, repeated, added around a middle grey."""
    luminance = rng.standard_normal((GRAIN_TILE, GRAIN_TILE, 1), dtype=np.float32)
    chroma = rng.standard_normal((GRAIN_TILE, GRAIN_TILE, 3), dtype=np.float32)
    tile = np.clip(np.round((luminance + chroma * 0.35) * strength) + MIDDLE, 0, 255).astype(np.uint8)
    across, down = -(-picture.width // GRAIN_TILE), -(-picture.height // GRAIN_TILE)
    grain = np.tile(tile, (down, across, 1))[: picture.height, : picture.width]
    return ImageChops.add(picture, Image.fromarray(np.ascontiguousarray(grain)), offset=-MIDDLE)
