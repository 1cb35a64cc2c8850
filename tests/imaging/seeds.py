"""What the fuzzers start from: small pictures drawn by code, one of each kind that the decoders tell apart.

python -m tests.imaging.seeds FOLDER    a folder for each target; what the fuzzers found before stays
"""

import sys
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


def plant(folder: Path) -> None:
    """Every seed into the corpus of its decoder, and of the whole path."""
    for kind, seeds in KINDS.items():
        for name, content in seeds.items():
            for target in (kind, "whole"):
                (folder / target).mkdir(parents=True, exist_ok=True)
                (folder / target / f"{kind}-{name}").write_bytes(content)


if __name__ == "__main__":
    plant(Path(sys.argv[1]))
