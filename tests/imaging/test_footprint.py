"""What reading a WebP takes, libwebp's own memory included, against what the core declares: by the kernel's count."""

import subprocess
import sys

import pytest

#: In a process of its own, whose heap holds nothing that an image before left behind.
MEASURE = """
import ctypes, io, sys
from pathlib import Path
import numpy as np
from PIL import Image
from imaging import _native, fused
from tests.imaging.recipes import box, one

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])

pixels = np.random.default_rng(1).integers(0, 256, (1500, 2000, int(sys.argv[1])), dtype=np.uint8)
Image.fromarray(pixels).save(file := io.BytesIO(), "webp", lossless=sys.argv[2] == "True", method=0)
original = file.getvalue()
del pixels, file
ctypes.CDLL(None).malloc_trim(0)
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
fused.render(original, one("jpeg", resize=box(64)))
print((status("VmHWM") - before) / (1500 * 2000), _native.probe(original).footprint)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's count is Linux's")
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("lossless", [False, True])
def test_reading_a_webp_takes_no_more_than_the_core_declares(channels: int, lossless: bool) -> None:
    command = [sys.executable, "-c", MEASURE, str(channels), str(lossless)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    taken, declared = map(float, told)
    assert taken <= declared + 0.5
