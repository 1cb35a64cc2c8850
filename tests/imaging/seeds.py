"""What the fuzzers start from: small pictures drawn by code, one of each kind that the decoders tell apart.

python -m tests.imaging.seeds FOLDER    a folder for each target; what the fuzzers found before stays
"""

import struct
import sys
import zlib
from itertools import product
from pathlib import Path

from PIL import Image

from tests.imaging.drawing import exif, noise, scene, srgb_profile, wide_gamut, write

GREY = Image.fromarray(scene(21, 13)[..., 0])
CLEAR = Image.fromarray(scene(21, 13)).convert("RGBA")

KINDS = {
    "jpeg": {
        "baseline": write(scene(40, 24), "jpeg"),
        "halved": write(noise(33, 17), "jpeg", quality=60, subsampling="4:2:0", restart_marker_rows=1),
        "progressive": write(scene(40, 24), "jpeg", progressive=True),
        "grey": write(GREY, "jpeg"),
        "large": write(noise(400, 300), "jpeg", subsampling="4:2:0"),
        "turned": write(scene(21, 13), "jpeg", exif=exif(Orientation=6), icc_profile=wide_gamut()),
    },
    "png": {
        "colours": write(scene(21, 13), "png"),
        "transparent": write(CLEAR, "png"),
        "grey": write(GREY, "png"),
        "large": write(noise(200, 150), "png"),
        "palette": write(GREY.quantize(16), "png"),
        "profile": write(noise(9, 7), "png", icc_profile=srgb_profile()),
    },
    "webp": {
        "lossy": write(scene(21, 13), "webp"),
        "lossless": write(noise(21, 13), "webp", lossless=True),
        "large": write(noise(400, 300), "webp"),
        "large-lossless": write(scene(400, 300), "webp", lossless=True),
        "transparent": write(CLEAR, "webp", exif=exif(Orientation=8)),
    },
}

#: How zlib writes what the pixels of a PNG are: stored, in the fixed code, without matches, with short ones, with long.
STREAMS = {
    "stored": (0, zlib.Z_DEFAULT_STRATEGY),
    "fixed": (6, zlib.Z_FIXED),
    "literals": (6, zlib.Z_HUFFMAN_ONLY),
    "runs": (6, zlib.Z_RLE),
    "quick": (1, zlib.Z_DEFAULT_STRATEGY),
    "small": (9, zlib.Z_DEFAULT_STRATEGY),
}
SIZES = {"tiny": (5, 3), "small": (40, 24), "wide": (900, 5), "large": (160, 250)}


def stream(size: tuple[int, int], channels: int, way: tuple[int, int]) -> bytes:
    """A zlib stream behind the five bytes in which the fuzzer is told of its picture; rows of every filter."""
    width, height = size
    pixels = noise(width * channels, height) // 16 if channels % 2 else scene(width * channels, height)
    rows = b"".join(bytes([y % 5]) + row.tobytes() for y, row in enumerate(pixels[..., 0]))
    level, strategy = way
    packer = zlib.compressobj(level, strategy=strategy)
    told = struct.pack("<HBBB", width - 1, height - 1, channels - 1, 8 * channels)
    return told + packer.compress(rows) + packer.flush()


def plant(folder: Path) -> None:
    """Every seed into the corpus of its decoder, and of the whole path."""
    for kind, seeds in KINDS.items():
        for name, content in seeds.items():
            for target in (kind, "whole"):
                (folder / target).mkdir(parents=True, exist_ok=True)
                (folder / target / f"{kind}-{name}").write_bytes(content)
    (folder / "pixels").mkdir(parents=True, exist_ok=True)
    for (size, (way, how)), channels in product(product(SIZES, STREAMS.items()), range(1, 5)):
        (folder / "pixels" / f"{size}-{way}-{channels}").write_bytes(stream(SIZES[size], channels, how))


if __name__ == "__main__":
    plant(Path(sys.argv[1]))
