"""What cameras write beside the pixels: who, when, with what, and where to within a few metres."""

import random
from dataclasses import dataclass

from PIL import Image

MAKE, MODEL, ORIENTATION, SOFTWARE, TAKEN, ARTIST = 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B
PHOTO, GPS = 0x8769, 0x8825
EXPOSURE, APERTURE, ISO, ORIGINAL, FOCAL, COMMENT, SERIAL, LENS = (
    0x829A, 0x829D, 0x8827, 0x9003, 0x920A, 0x9286, 0xA431, 0xA434,
)  # fmt: skip


@dataclass(frozen=True)
class Camera:
    """One row of cameras that were never built."""

    make: str
    model: str
    lens: str
    focal: float
    iso: tuple[int, ...]


CAMERAS = (
    Camera("Halide", "Halide 35", "35mm F2", 35.0, (100, 200, 400)),
    Camera("Argent Optical", "Argent M2", "24-70mm F2.8", 50.0, (64, 100, 400, 1600)),
    Camera("Lumen", "Lumen Phone 4", "back camera 5.7mm f/1.8", 5.7, (50, 80, 125, 320)),
)

PLACES = {
    "landscape": (68.2096, 13.6056),
    "city": (55.6761, 12.5683),
    "bokeh": (48.8566, 2.3522),
    "forest": (50.7763, 4.4179),
    "night": (69.6492, 18.9553),
    "foliage": (51.5074, -0.1278),
    "meadow": (46.6863, 7.8632),
    "pebbles": (49.7073, 0.2054),
}


def camera_for(chance: random.Random) -> tuple[Camera, int]:
    """A camera and the sensitivity it was set to."""
    camera = chance.choice(CAMERAS)
    return camera, chance.choice(camera.iso)


def exif(chance: random.Random, scene: str, orientation: int, camera: Camera, iso: int) -> Image.Exif:
    """The block for one photograph: camera, serial number, comment and position, all of which must not get out."""
    day = f"2026:{chance.randint(1, 10):02}:{chance.randint(1, 28):02}"
    taken = f"{day} {chance.randint(5, 22):02}:{chance.randint(0, 59):02}:00"
    block = Image.Exif()
    block[MAKE], block[MODEL], block[SOFTWARE] = camera.make, camera.model, "1.4.2"
    block[ORIENTATION], block[TAKEN], block[ARTIST] = orientation, taken, "A. Photographer"
    block.get_ifd(PHOTO).update(
        {
            EXPOSURE: 1 / chance.choice((30, 60, 125, 250, 1000)),
            APERTURE: chance.choice((1.8, 2.8, 5.6, 8.0)),
            ISO: iso,
            ORIGINAL: taken,
            FOCAL: camera.focal,
            COMMENT: b"ASCII\0\0\0not for publication",
            SERIAL: f"SN{chance.randrange(10**8):08}",
            LENS: camera.lens,
        }
    )
    block.get_ifd(GPS).update(_position(chance, *PLACES[scene]))
    return block


def _position(chance: random.Random, latitude: float, longitude: float) -> dict[int, object]:
    latitude, longitude = latitude + chance.uniform(-0.02, 0.02), longitude + chance.uniform(-0.02, 0.02)
    return {
        1: "N" if latitude >= 0 else "S",
        2: _degrees(abs(latitude)),
        3: "E" if longitude >= 0 else "W",
        4: _degrees(abs(longitude)),
    }


def _degrees(angle: float) -> tuple[float, float, float]:
    minutes = angle % 1 * 60
    return float(int(angle)), float(int(minutes)), round(minutes % 1 * 60, 2)
